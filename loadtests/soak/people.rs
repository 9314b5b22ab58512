//! The crowd of a soak: patients who book and cancel, boards and staff who come and go, and some of both that never read.

use crate::client::{Board, Patient, Target};
use crate::http::Connection;
use crate::server::Server;
use crate::staff::{Badge, PER_SIGN_IN, Session};
use anyhow::Context as _;
use cabinet_proto::v1::http::PublicPage;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const PATIENTS: usize = 8;
const BOARDS: usize = 38;
/// 5 % of the boards never read.
const JAMMED: usize = 2;
const SESSIONS: usize = 19;
/// One session in twenty never reads.
const JAMMED_SESSIONS: usize = 1;
/// Between two bookings of one patient: about a practice's busiest hour, a hundredfold.
const PAUSE: Duration = Duration::from_millis(200);
/// Frames after which a board or session leaves and another comes.
const FRAMES: usize = 40;
/// By then the server has closed who does not read.
const JAMMED_FOR: Duration = Duration::from_secs(40);
/// Between two attempts of staff to come back.
const COME_BACK: Duration = Duration::from_secs(1);

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Totals {
    booked: u64,
    cancelled: u64,
    refused: u64,
    boards: u64,
    sessions: u64,
    pub(super) failed: u64,
}

impl Totals {
    pub(super) fn add(&mut self, other: &Self) {
        self.booked += other.booked;
        self.cancelled += other.cancelled;
        self.refused += other.refused;
        self.boards += other.boards;
        self.sessions += other.sessions;
        self.failed += other.failed;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} booked, {} cancelled, {} refused, {} boards and {} sessions joined, {} failed",
            self.booked, self.cancelled, self.refused, self.boards, self.sessions, self.failed
        )
    }
}

#[derive(Debug, Default)]
struct Counts {
    leaving: AtomicBool,
    booked: AtomicU64,
    cancelled: AtomicU64,
    refused: AtomicU64,
    boards: AtomicU64,
    sessions: AtomicU64,
    failed: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Everybody at one server.
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    counts: Arc<Counts>,
}

impl Crowd {
    /// Everybody comes.
    ///
    /// # Errors
    /// When staff cannot sign in.
    pub(super) async fn gather(server: &Server) -> anyhow::Result<Self> {
        let targets = server.targets();
        let target = targets.first().context("no agenda")?;
        let path = format!("/api/v1/public/{}/{}", target.practice, target.practitioner);
        let page: PublicPage = Connection::open(&target.host).await?.get(&path).await?.json()?;
        let agenda = page.practitioner.agenda;
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        for number in 0..PATIENTS {
            tasks.spawn(book(target.clone(), Arc::clone(&counts), number));
        }
        for _ in 0..BOARDS {
            tasks.spawn(watch(target.clone(), Arc::clone(&counts)));
        }
        for _ in 0..JAMMED {
            tasks.spawn(jam(target.clone(), Arc::clone(&counts)));
        }
        let mut badges = Vec::new();
        for number in 0..SESSIONS + JAMMED_SESSIONS {
            if number.is_multiple_of(PER_SIGN_IN) {
                badges.push(Badge::sign_in(server.host(), &server.sign_in_secret().await?).await?);
            }
            let badge = badges.last().context("nobody is signed in")?.clone();
            let work = (badge, agenda.clone(), Arc::clone(&counts));
            if number < SESSIONS {
                tasks.spawn(follow(work));
            } else {
                tasks.spawn(ignore(work));
            }
        }
        Ok(Self { tasks, counts })
    }

    /// Patients finish what they do, boards are left as they are: what was done.
    ///
    /// # Errors
    /// When a task of the crowd panicked.
    pub(super) async fn leave(mut self) -> anyhow::Result<Totals> {
        self.counts.leaving.store(true, Ordering::Relaxed);
        tokio::time::sleep(2 * PAUSE).await;
        self.tasks.shutdown().await;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok(Totals {
            booked: read(&self.counts.booked),
            cancelled: read(&self.counts.cancelled),
            refused: read(&self.counts.refused),
            boards: read(&self.counts.boards),
            sessions: read(&self.counts.sessions),
            failed: read(&self.counts.failed),
        })
    }
}

/// Books and cancels again at once, so that slots last; now and then a hold is given back instead.
async fn book(target: Target, counts: Arc<Counts>, number: usize) {
    let patient = Patient::new(&target);
    let mut turn = number;
    while !counts.leaving.load(Ordering::Relaxed) {
        turn += PATIENTS;
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = one_booking(&patient, &counts, turn).await {
            match error.downcast_ref::<reqwest::Error>().and_then(reqwest::Error::status) {
                // Taken by another meanwhile, or busy: answers, no failures.
                Some(status) if [409, 422, 503].contains(&status.as_u16()) => count(&counts.refused),
                _ => count(&counts.failed),
            }
        }
    }
}

async fn one_booking(patient: &Patient, counts: &Counts, turn: usize) -> anyhow::Result<()> {
    let slots = patient.slots().await?;
    let free = slots
        .types
        .iter()
        .flat_map(|kind| kind.slots.iter().map(move |slot| (&kind.kind, slot)));
    // Days ahead, so that the cut-off for cancelling never interferes.
    let later = slots.now_ms + 3 * 86_400_000;
    let open = free.filter(|(_, slot)| slot.from_ms <= slots.now_ms && slot.start_ms > later);
    let all: Vec<_> = open.collect();
    let Some((kind, slot)) = all.get(turn.wrapping_mul(7_919) % all.len().max(1)) else {
        count(&counts.refused);
        return Ok(());
    };
    let (hold, token) = patient.hold(kind, slot.start_ms).await?;
    if turn.is_multiple_of(5) {
        return patient.release(&hold.hold, &token).await;
    }
    let manage = crate::client::fresh();
    let booked = patient.confirm_with(&hold.hold, &token, &manage).await?;
    count(&counts.booked);
    patient.cancel(&booked.booking, &manage).await?;
    count(&counts.cancelled);
    Ok(())
}

/// Joins, reads some frames, leaves, joins again.
async fn watch(target: Target, counts: Arc<Counts>) {
    while !counts.leaving.load(Ordering::Relaxed) {
        match Board::join(&target).await {
            Ok(mut board) => {
                count(&counts.boards);
                for _ in 0..FRAMES {
                    if board.next().await.is_err() {
                        break;
                    }
                }
            }
            Err(_) => count(&counts.failed),
        }
    }
}

/// Joins and never reads; comes back when the server may have closed it.
async fn jam(target: Target, counts: Arc<Counts>) {
    while !counts.leaving.load(Ordering::Relaxed) {
        if let Ok(board) = Board::join(&target).await {
            count(&counts.boards);
            tokio::time::sleep(JAMMED_FOR).await;
            drop(board);
        }
    }
}

type StaffWork = (Badge, String, Arc<Counts>);

/// Opens a session, joins the agenda, reads some frames, leaves, comes again.
async fn follow((badge, agenda, counts): StaffWork) {
    while !counts.leaving.load(Ordering::Relaxed) {
        let joined = async {
            let mut session = Session::open(&badge, &agenda).await?;
            session.join().await?;
            anyhow::Ok(session)
        };
        match joined.await {
            Ok(mut session) => {
                count(&counts.sessions);
                for _ in 0..FRAMES {
                    if session.text().await.is_err() {
                        count(&counts.failed);
                        break;
                    }
                }
            }
            Err(_) => {
                count(&counts.failed);
                tokio::time::sleep(COME_BACK).await;
            }
        }
    }
}

/// Opens a session, asks for the agenda and never reads; comes back when the server may have closed it.
async fn ignore((badge, agenda, counts): StaffWork) {
    while !counts.leaving.load(Ordering::Relaxed) {
        match Session::open(&badge, &agenda).await {
            Ok(mut session) => {
                count(&counts.sessions);
                if session.ask().await.is_ok() {
                    tokio::time::sleep(JAMMED_FOR).await;
                }
            }
            Err(_) => {
                count(&counts.failed);
                tokio::time::sleep(COME_BACK).await;
            }
        }
    }
}
