//! Boards that come back by themselves, as browsers do: with full jitter, from the position they had reached. Each keeps its
//! own picture; a gap ends it as a failure, and at the end each picture is held against the server's own.

use crate::client::Target;
use crate::picture::{Picture, Taken};
use crate::steady::jitter;
use anyhow::Context as _;
use cabinet_proto::v1::board::BoardFrame;
use futures_util::StreamExt as _;
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Boards per source address: the server seats 2,000 of one.
const PER_ADDRESS: usize = 1_500;
/// As `dashboards/web/src/lib/backoff.ts`.
const BACKOFF_FIRST: Duration = Duration::from_millis(400);
const BACKOFF_LONGEST: Duration = Duration::from_secs(20);
/// How many come at once at the very beginning, which is not what is measured.
const GATHERING: usize = 64;
/// Bytes that a socket's reader asks for at a time: thousands of readers have one each.
const READ_BYTES: usize = 8 * 1024;

/// What all boards are told.
#[derive(Debug, Clone)]
pub enum Order {
    /// Read, and come back when the line breaks.
    Stay,
    /// Drop the line now (every other one by a reset) and come back within this time.
    Scatter(Duration),
    /// Read until the position of the agenda's picture here is reached, compare, and leave.
    Compare(Rc<Vec<Picture>>),
}

/// What has happened since [`Watchers::begin`].
#[derive(Debug)]
pub struct Tally {
    since: Instant,
    /// First frames that brought everything.
    pub snapshots: u64,
    /// First frames that went on from the position named.
    pub resumes: u64,
    /// Changes applied.
    pub changes: u64,
    /// Refused or failed attempts to come back, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Lines that ended, by close code or error.
    pub ended: BTreeMap<String, u64>,
    /// When each board that had left was back, the last time.
    back: BTreeMap<usize, Duration>,
    /// Boards with a line and a first frame.
    live: usize,
}

impl Tally {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            snapshots: 0,
            resumes: 0,
            changes: 0,
            refused: BTreeMap::new(),
            ended: BTreeMap::new(),
            back: BTreeMap::new(),
            live: 0,
        }
    }

    /// When boards were back, ascending, counted from the beginning of the phase.
    #[must_use]
    pub fn back(&self) -> Vec<Duration> {
        let mut all: Vec<Duration> = self.back.values().copied().collect();
        all.sort_unstable();
        all
    }

    /// `503 (12), reset (3)`.
    #[must_use]
    pub fn in_words(counts: &BTreeMap<String, u64>) -> String {
        if counts.is_empty() {
            return "none".to_owned();
        }
        let words: Vec<String> = counts.iter().map(|(what, count)| format!("{what} ({count})")).collect();
        words.join(", ")
    }
}

fn count(counts: &mut BTreeMap<String, u64>, what: String) {
    *counts.entry(what).or_default() += 1;
}

/// The boards.
pub struct Watchers {
    tally: Rc<RefCell<Tally>>,
    orders: watch::Sender<Order>,
    boards: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Watchers {
    /// So many boards join the agendas by turns. Call it inside a `LocalSet`.
    #[must_use]
    pub fn gather(targets: &[Target], count: usize) -> Self {
        let tally = Rc::new(RefCell::new(Tally::new()));
        let (orders, _) = watch::channel(Order::Stay);
        let door = Arc::new(Semaphore::new(GATHERING));
        let boards = (0..count)
            .zip(targets.iter().enumerate().cycle())
            .map(|(number, (agenda, target))| {
                let watcher = Watcher {
                    number,
                    agenda,
                    target: target.clone(),
                    tally: Rc::clone(&tally),
                    orders: orders.subscribe(),
                    picture: Picture::default(),
                    away: false,
                };
                tokio::task::spawn_local(watcher.run(Arc::clone(&door)))
            });
        let boards = boards.collect();
        Self { tally, orders, boards }
    }

    /// Begins a phase: everything is counted anew.
    pub fn begin(&self) {
        let mut tally = self.tally.borrow_mut();
        let live = tally.live;
        *tally = Tally { live, ..Tally::new() };
    }

    /// Tells all boards.
    pub fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    /// What has happened in this phase.
    #[must_use]
    pub fn tally(&self) -> Ref<'_, Tally> {
        self.tally.borrow()
    }

    /// Waits until every board is live; with `returned`, also until each has left and come back in this phase.
    ///
    /// # Errors
    /// When that takes longer than `patience`: how many are missing, and why those that are not back are not.
    pub async fn until_live(&self, returned: bool, patience: Duration) -> anyhow::Result<Duration> {
        let began = Instant::now();
        loop {
            {
                let tally = self.tally.borrow();
                let all = self.boards.len();
                if tally.live == all && (!returned || tally.back.len() == all) {
                    return Ok(began.elapsed());
                }
                anyhow::ensure!(
                    began.elapsed() < patience,
                    "{} of {all} boards live, {} came back; refused: {}; ended: {}",
                    tally.live,
                    tally.back.len(),
                    Tally::in_words(&tally.refused),
                    Tally::in_words(&tally.ended)
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Holds every board's picture against those of the agendas; answers with what is wrong.
    pub async fn compare(self, pictures: Vec<Picture>, patience: Duration) -> Vec<String> {
        self.orders.send_replace(Order::Compare(Rc::new(pictures)));
        let mut wrong = Vec::new();
        let until = Instant::now() + patience;
        for (number, board) in self.boards.into_iter().enumerate() {
            match tokio::time::timeout_at(until, board).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => wrong.push(format!("board {number}: {error:#}")),
                Ok(Err(error)) => wrong.push(format!("board {number}: {error}")),
                Err(_) => wrong.push(format!("board {number} does not reach the end")),
            }
        }
        wrong
    }
}

type Line = WebSocketStream<TcpStream>;

struct Watcher {
    number: usize,
    agenda: usize,
    target: Target,
    tally: Rc<RefCell<Tally>>,
    orders: watch::Receiver<Order>,
    picture: Picture,
    /// It has left, and is to be noted when it is back.
    away: bool,
}

/// Why reading ended.
enum Ended {
    /// The line is gone.
    Line,
    /// The board was told to go, and to come back within this time.
    Scattered(Duration),
    /// The last picture was reached.
    Compared,
}

impl Watcher {
    async fn run(mut self, door: Arc<Semaphore>) -> anyhow::Result<()> {
        let mut first = Some(door);
        let mut attempt = 0_u32;
        loop {
            // At the very beginning a board waits for its turn, up to its first frame.
            let turn = match &first {
                Some(door) => Some(Arc::clone(door).acquire_owned().await?),
                None => None,
            };
            match self.open().await {
                Ok(mut line) => {
                    let begun = self.next(&mut line).await?;
                    drop(turn);
                    if begun {
                        first = None;
                        attempt = 0;
                        match self.read(line).await? {
                            Ended::Compared => return Ok(()),
                            Ended::Scattered(within) => {
                                tokio::time::sleep(jitter(within)).await;
                                continue;
                            }
                            Ended::Line => {}
                        }
                    }
                }
                Err(why) => count(&mut self.tally.borrow_mut().refused, why),
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    /// Dials, with the position reached.
    async fn open(&self) -> Result<Line, String> {
        let Target {
            host,
            practice,
            practitioner,
        } = &self.target;
        let position = self.picture.position();
        let address = format!("ws://{host}/live?practice={practice}&practitioner={practitioner}{position}");
        let stream = self.dial(host).await.map_err(|error| in_words(&Error::Io(error)))?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
        let shaken = tokio_tungstenite::client_async_with_config(address, stream, Some(config)).await;
        shaken.map(|(line, _)| line).map_err(|error| in_words(&error))
    }

    async fn dial(&self, host: &str) -> std::io::Result<TcpStream> {
        let last = u8::try_from(1 + self.number / PER_ADDRESS).unwrap_or(u8::MAX);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
        let to: SocketAddr = host.parse().map_err(std::io::Error::other)?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Takes the next frame in; false when the line has ended.
    async fn next(&mut self, line: &mut Line) -> anyhow::Result<bool> {
        loop {
            match line.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: BoardFrame = serde_json::from_str(&text)?;
                    let taken = self.picture.take(&frame).context("after what this board knew")?;
                    self.note(taken);
                    return Ok(true);
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    count(&mut self.tally.borrow_mut().ended, format!("close {code}"));
                    return Ok(false);
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => {
                    count(&mut self.tally.borrow_mut().ended, in_words(&error));
                    return Ok(false);
                }
                None => {
                    count(&mut self.tally.borrow_mut().ended, "end".to_owned());
                    return Ok(false);
                }
            }
        }
    }

    fn note(&mut self, taken: Taken) {
        let mut tally = self.tally.borrow_mut();
        match taken {
            Taken::Snapshot => tally.snapshots += 1,
            Taken::Resumed => tally.resumes += 1,
            Taken::Change => tally.changes += 1,
            Taken::Known => {}
        }
    }

    /// Reads until the line ends or an order does it. On entry the first frame has been taken in.
    async fn read(&mut self, mut line: Line) -> anyhow::Result<Ended> {
        {
            let mut tally = self.tally.borrow_mut();
            tally.live += 1;
            if std::mem::take(&mut self.away) {
                let at = tally.since.elapsed();
                tally.back.insert(self.number, at);
            }
        }
        let ended = self.read_on(&mut line).await;
        self.tally.borrow_mut().live -= 1;
        self.away = true;
        if let Ok(Ended::Scattered(_)) = ended
            && self.number.is_multiple_of(2)
        {
            line.get_ref().set_zero_linger()?;
        }
        ended
    }

    async fn read_on(&mut self, line: &mut Line) -> anyhow::Result<Ended> {
        let mut orders = self.orders.clone();
        loop {
            let order = orders.borrow_and_update().clone();
            match order {
                Order::Stay => {}
                // Once only: back again, it stays.
                Order::Scatter(within) if self.orders.has_changed()? => {
                    self.orders.mark_unchanged();
                    return Ok(Ended::Scattered(within));
                }
                Order::Scatter(_) => {}
                Order::Compare(pictures) => {
                    let goal = pictures.get(self.agenda).context("no picture of this agenda")?;
                    if self.picture.seq() >= goal.seq() {
                        anyhow::ensure!(
                            self.picture == *goal,
                            "another picture than the server's at {}",
                            goal.seq()
                        );
                        return Ok(Ended::Compared);
                    }
                }
            }
            tokio::select! {
                changed = orders.changed() => changed?,
                more = self.next(line) => if !more? {
                    return Ok(Ended::Line);
                },
            }
        }
    }
}

/// A reason without what differs between boards.
fn in_words(error: &Error) -> String {
    if let Error::Http(answer) = error {
        return answer.status().as_u16().to_string();
    }
    if let Error::Io(error) = error {
        return format!("{:?}", error.kind());
    }
    error.to_string()
}

fn backoff(attempt: u32) -> Duration {
    jitter(BACKOFF_FIRST.saturating_mul(1 << attempt.min(16)).min(BACKOFF_LONGEST))
}
