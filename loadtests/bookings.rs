//! Durable bookings over HTTP: each client holds a slot, confirms it and cancels the booking, again and again, on a slot of
//! its own and on a kept-open connection. Each of the three is one durable command.

use crate::client::{Target, fresh};
use crate::figures::{Measured, summary};
use crate::http::Connection;
use anyhow::{Context as _, ensure};
use cabinet_proto::v1::http::{
    Accepted, CancelRequest, ConfirmAnswer, ConfirmRequest, HoldAnswer, HoldRequest, PublicPage, PublicPractice,
    PublicSlots,
};
use cabinet_proto::v1::model::Person;
use futures_util::future::try_join_all;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Clients take slots at least this far ahead: the demo's patients cancel until a day before.
const AHEAD_MS: i64 = 26 * 3_600_000;
/// Between two clients' slots: longer than any appointment with its buffers.
const APART_MS: i64 = 90 * 60_000;

/// A slot that one client has to itself.
#[derive(Debug, Clone)]
pub struct Own {
    /// Whose, counted from 0.
    pub practitioner: usize,
    /// `/api/v1/public/{practice}/{practitioner}`.
    pub base: String,
    /// Type id.
    pub kind: String,
    /// Start.
    pub start_ms: i64,
    /// The notice shown.
    pub notice_version: u32,
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    hold: Vec<Duration>,
    confirm: Vec<Duration>,
    cancel: Vec<Duration>,
    in_burst: u64,
}

/// Runs `clients` for `seconds`; prints the figures, and the rate alone in the last line for who compares runs.
///
/// # Errors
/// When the server does not answer as documented, or has too few free slots.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
#[expect(clippy::disallowed_methods, reason = "measuring is this program's purpose")]
pub async fn run(target: &Target, clients: usize, seconds: u64, burst: u64) -> anyhow::Result<()> {
    let slots = free(target).await?;
    ensure!(
        slots.len() >= clients,
        "{} free slots apart, {clients} clients",
        slots.len()
    );
    let (span, burst) = (Duration::from_secs(seconds), Duration::from_secs(burst));
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(&target.host).await?);
    }
    let began = Instant::now();
    let runs = connections
        .into_iter()
        .zip(slots)
        .map(|(connection, own)| client(connection, Rc::new(own), began, span, burst));
    let mut all = Seen::default();
    for seen in try_join_all(runs).await? {
        all.hold.extend(seen.hold);
        all.confirm.extend(seen.confirm);
        all.cancel.extend(seen.cancel);
        all.in_burst += seen.in_burst;
    }
    let took = began.elapsed();
    let commands = all.hold.len() + all.confirm.len() + all.cancel.len();
    println!("hold    {}", summary(&all.hold));
    println!("confirm {}", summary(&all.confirm));
    println!("cancel  {}", summary(&all.cancel));
    let commands = Measured::new(u64::try_from(commands)?, took);
    let bookings = Measured::new(u64::try_from(all.confirm.len())?, took);
    let first = Measured::new(all.in_burst, burst.min(took));
    println!("{clients} clients, bookings/s {bookings}; durable commands/s: burst {first}, sustained {commands}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring is this program's purpose")]
async fn client(
    mut connection: Connection,
    own: Rc<Own>,
    began: Instant,
    span: Duration,
    burst: Duration,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    while began.elapsed() < span {
        let (token, manage) = (fresh(), fresh());
        let asked = Instant::now();
        let hold = HoldRequest {
            command_id: fresh(),
            kind: own.kind.clone(),
            start_ms: own.start_ms,
            token: token.clone(),
        };
        let held: HoldAnswer = connection.post(&format!("{}/holds", own.base), &hold).await?.json()?;
        seen.hold.push(asked.elapsed());
        let asked = Instant::now();
        let confirm = ConfirmRequest {
            command_id: fresh(),
            token,
            person: Person {
                given_name: "Essai".to_owned(),
                family_name: "Charge".to_owned(),
                email: Some("essai@courriel.example".to_owned()),
                phone: None,
            },
            notice_version: own.notice_version,
            manage: manage.clone(),
            locale: None,
        };
        let path = format!("{}/holds/{}/confirm", own.base, held.hold);
        let booked: ConfirmAnswer = connection.post(&path, &confirm).await?.json()?;
        seen.confirm.push(asked.elapsed());
        let asked = Instant::now();
        let cancel = CancelRequest {
            command_id: fresh(),
            manage,
        };
        let path = format!("{}/bookings/{}/cancel", own.base, booked.booking);
        let _: Accepted = connection.post(&path, &cancel).await?.json()?;
        seen.cancel.push(asked.elapsed());
        if began.elapsed() <= burst {
            seen.in_burst += 3;
        }
    }
    Ok(seen)
}

/// Free slots of all the practice's practitioners, taken by turns, far enough apart that nobody is in another's way.
///
/// # Errors
/// When the server does not answer as documented.
pub async fn free(target: &Target) -> anyhow::Result<Vec<Own>> {
    let mut connection = Connection::open(&target.host).await?;
    let practice = format!("/api/v1/public/{}", target.practice);
    let face: PublicPractice = connection.get(&practice).await?.json()?;
    let mut by_practitioner = Vec::new();
    for (number, practitioner) in face.practitioners.iter().enumerate() {
        let base = format!("{practice}/{}", practitioner.slug);
        let page: PublicPage = connection.get(&base).await?.json()?;
        let notice_version = page.practice.notice.map_or(0, |notice| notice.version);
        let slots: PublicSlots = connection.get(&format!("{base}/slots")).await?.json()?;
        let kind = slots.types.first().context("no online type")?;
        let mut starts: Vec<i64> = Vec::new();
        let open = kind
            .slots
            .iter()
            .filter(|slot| slot.from_ms <= slots.now_ms && slot.start_ms > slots.now_ms + AHEAD_MS);
        for slot in open {
            if starts.last().is_none_or(|last| slot.start_ms - last >= APART_MS) {
                starts.push(slot.start_ms);
            }
        }
        by_practitioner.push(
            starts
                .into_iter()
                .map(move |start_ms| Own {
                    practitioner: number,
                    base: base.clone(),
                    kind: kind.kind.clone(),
                    start_ms,
                    notice_version,
                })
                .collect::<Vec<_>>(),
        );
    }
    let longest = by_practitioner.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| by_practitioner.iter().filter_map(move |own| own.get(turn).cloned()));
    Ok(turns.collect())
}
