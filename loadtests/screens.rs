//! From a patient's command to everybody's screen under load: a thousand boards and fifty staff sessions read every change of
//! the real server, patients book and cancel at an even pace, and two pages in a real browser show a patient's board and the
//! staff's agenda. Everything shares the processors of one machine.

mod pages;
mod table;

use crate::arrivals::{Arrivals, Audience};
use crate::bookings::{self, Own};
use crate::client::Target;
use crate::http::Connection;
use crate::machine;
use crate::server::Server;
use crate::staff::{Badge, PER_SIGN_IN, Session};
use crate::steady::{Log, Patients};
use anyhow::{Context as _, ensure};
use cabinet_proto::v1::http::PublicPage;
use futures_util::StreamExt as _;
use pages::{Pages, Samples};
use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Before anything counts.
const WARM_UP: Duration = Duration::from_secs(3);
/// What is under way at the end arrives within this time.
const LAST: Duration = Duration::from_secs(1);
/// Patients: each asks about twice a second.
const PATIENTS: usize = 96;
/// Slots that the browser's own bookings have to themselves.
const PAGE_SLOTS: usize = 8;
const DAY_MS: i64 = 86_400_000;
const READ_BYTES: usize = 8 * 1024;

/// What to run.
#[derive(Debug, Clone)]
pub struct ScreensOptions {
    /// The server's binary.
    pub binary: PathBuf,
    /// An empty directory for its store.
    pub data: PathBuf,
    /// Open boards.
    pub boards: usize,
    /// Staff sessions.
    pub sessions: usize,
    /// Durable commands a second.
    pub commands_per_second: u32,
    /// How long, without the pages and again with them.
    pub seconds: u64,
    /// The script that opens the pages, run by `node`; none: no pages.
    pub pages: Option<PathBuf>,
    /// Where the result is written.
    pub results: PathBuf,
}

/// What was measured.
struct Measured {
    log: Log,
    arrivals: Arrivals,
    windows: Vec<Window>,
    samples: Option<Samples>,
}

/// A while in which the same stood on the machine.
struct Window {
    name: &'static str,
    span: RangeInclusive<Instant>,
    /// Processors used by server, this client, and browser with its script.
    processors: [f64; 3],
}

/// Measures and writes the table; false when a change was missed or a command refused.
///
/// # Errors
/// When the server does not start or answer as documented, or the pages do not open.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
pub async fn run(options: &ScreensOptions) -> anyhow::Result<bool> {
    let descriptors = machine::raise_descriptors()?;
    ensure!(
        descriptors > 2 * options.boards as u64 + 500,
        "{descriptors} descriptors are too few"
    );
    let server = Server::start(&options.binary, &options.data, 0).await?;
    let targets = server.targets();
    let first = targets.first().context("no agenda")?;
    let (owns, for_pages) = share(bookings::free(first).await?);
    let arrivals = Rc::new(RefCell::new(Arrivals::default()));
    gather_boards(&targets, options.boards, &arrivals).await?;
    gather_sessions(&server, &targets, options.sessions, &arrivals).await?;
    println!("{} boards, {} sessions", options.boards, options.sessions);
    let measured = measure(options, &server, owns, &for_pages, arrivals).await?;
    let text = table::report(options, &measured);
    println!("{text}");
    crate::storm::write(&options.results, "screens", &text)?;
    Ok(measured.arrivals.gaps == 0 && measured.log.refused.is_empty())
}

/// The browser's slots are the first of a day of the first agenda, because a page draws no more than the first few; nobody
/// else takes them. The very first day is left out: it has begun.
fn share(owns: Vec<Own>) -> (Vec<Own>, Vec<Own>) {
    let (mut load, mut pages) = (Vec::new(), Vec::new());
    let mut last_day = None;
    for own in owns {
        let day = Some(own.start_ms.div_euclid(DAY_MS));
        let wanted = own.practitioner == 0 && day != last_day && pages.len() <= PAGE_SLOTS;
        if own.practitioner == 0 {
            last_day = day;
        }
        if wanted { pages.push(own) } else { load.push(own) }
    }
    pages.drain(..1.min(pages.len()));
    load.truncate(PATIENTS);
    (load, pages)
}

async fn measure(
    options: &ScreensOptions,
    server: &Server,
    owns: Vec<Own>,
    for_pages: &[Own],
    arrivals: Rc<RefCell<Arrivals>>,
) -> anyhow::Result<Measured> {
    let patients = Patients::send(server.host(), owns, options.commands_per_second);
    tokio::time::sleep(WARM_UP).await;
    let mut windows = vec![window("without pages", options.seconds, server, None).await];
    let samples = match &options.pages {
        None => None,
        Some(script) => {
            let mut pages = Pages::open(script, &options.binary, server, for_pages).await?;
            pages.go().await?;
            let process = Some(pages.process());
            windows.push(window("with the two pages", options.seconds, server, process).await);
            Some(pages.stop().await?)
        }
    };
    let log = patients.leave().await?;
    tokio::time::sleep(LAST).await;
    Ok(Measured {
        log,
        arrivals: arrivals.take(),
        windows,
        samples,
    })
}

async fn window(name: &'static str, seconds: u64, server: &Server, pages: Option<u32>) -> Window {
    // This client's children are counted with it, the server's and the browser's apart.
    let processes = [Some(server.process()), Some(std::process::id()), pages];
    let used = || processes.map(|process| process.map_or(Duration::ZERO, machine::processor_time));
    let (since, before) = (Instant::now(), used());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = used();
    let span = since..=Instant::now();
    let took = since.elapsed();
    let [own, all, browser] = std::array::from_fn(|place| share_of(after.get(place), before.get(place), took));
    Window {
        name,
        span,
        processors: [own, all - own - browser, browser],
    }
}

fn share_of(after: Option<&Duration>, before: Option<&Duration>, took: Duration) -> f64 {
    let used = after
        .copied()
        .unwrap_or_default()
        .saturating_sub(before.copied().unwrap_or_default());
    used.as_secs_f64() / took.as_secs_f64().max(0.001)
}

/// The id of each agenda, and how to find it.
async fn agenda_ids(targets: &[Target]) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for target in targets {
        let path = format!("/api/v1/public/{}/{}", target.practice, target.practitioner);
        let page: PublicPage = Connection::open(&target.host).await?.get(&path).await?.json()?;
        ids.push(page.practitioner.agenda);
    }
    Ok(ids)
}

async fn gather_boards(targets: &[Target], count: usize, arrivals: &Rc<RefCell<Arrivals>>) -> anyhow::Result<()> {
    for (number, (agenda, target)) in (0..count).zip(targets.iter().enumerate().cycle()) {
        let address = format!(
            "ws://{}/live?practice={}&practitioner={}",
            target.host, target.practice, target.practitioner
        );
        let stream = TcpStream::connect(&target.host).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
        let (mut line, _) = tokio_tungstenite::client_async_with_config(address, stream, Some(config)).await?;
        // The snapshot is not looked into: changes before it count as nothing.
        line.next().await.context("a board ended before its first frame")??;
        arrivals.borrow_mut().reader(Audience::Board, agenda);
        // Boards join by turns: the first round has one of each agenda.
        let probe = number < targets.len();
        tokio::task::spawn_local(read_board(line, agenda, probe, Rc::clone(arrivals)));
    }
    Ok(())
}

async fn read_board(mut line: WebSocketStream<TcpStream>, agenda: usize, probe: bool, arrivals: Rc<RefCell<Arrivals>>) {
    let mut position = 0;
    while let Some(Ok(message)) = line.next().await {
        if let Message::Text(text) = message {
            if position == 0 {
                position = begin_of(&text).unwrap_or(0);
            }
            let whose = (Audience::Board, agenda);
            arrivals.borrow_mut().take(whose, probe, &text, &mut position);
        }
    }
    arrivals.borrow_mut().ended += 1;
}

/// Where the first change after a snapshot goes on from: a reader that has not looked into the snapshot stands there.
fn begin_of(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"from\":")?;
    rest.split_once(',')?.0.parse().ok()
}

async fn gather_sessions(
    server: &Server,
    targets: &[Target],
    count: usize,
    arrivals: &Rc<RefCell<Arrivals>>,
) -> anyhow::Result<()> {
    let agendas = agenda_ids(targets).await?;
    let mut badge = None;
    for (number, (agenda, id)) in (0..count).zip(agendas.iter().enumerate().cycle()) {
        if number.is_multiple_of(PER_SIGN_IN) {
            let secret = server.sign_in_secret().await?;
            badge = Some(Badge::sign_in(server.host(), &secret).await?);
        }
        let badge = badge.as_ref().context("nobody is signed in")?;
        let mut session = Session::open(badge, id).await?;
        let position = session.join().await?;
        arrivals.borrow_mut().reader(Audience::Session, agenda);
        let probe = number < agendas.len();
        tokio::task::spawn_local(read_session(session, position, agenda, probe, Rc::clone(arrivals)));
    }
    Ok(())
}

async fn read_session(
    mut session: Session,
    mut position: u64,
    agenda: usize,
    probe: bool,
    arrivals: Rc<RefCell<Arrivals>>,
) {
    while let Ok(text) = session.text().await {
        if text.starts_with("{\"event\":\"resync\"") {
            arrivals.borrow_mut().resyncs += 1;
            match session.join().await {
                Ok(joined) => position = joined,
                Err(_) => break,
            }
            continue;
        }
        let whose = (Audience::Session, agenda);
        arrivals.borrow_mut().take(whose, probe, &text, &mut position);
    }
    arrivals.borrow_mut().ended += 1;
}
