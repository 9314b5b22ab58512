//! The supervisor of the audit log: follows the journal and numbers its leaves, signs checkpoints, and writes what no change of
//! state carries: readings, and refusals in batches (law L10).
//!
//! A reading is durable before what was read leaves; a log that cannot be written refuses the reading. Opening an agenda is one
//! leaf that says what it covers; opened again by the same session within [`REOPEN_SECONDS`], for no more than that, it needs
//! no other. Its end is another leaf, once that time has passed.
//! Must not be here: which changes have leaves (domain), hashing, signatures and files (storage), HTTP.

mod openings;

use self::openings::Openings;
pub use self::openings::{REOPEN_SECONDS, Viewing};
use crate::clock::Clock;
use crate::order::ExecuteError;
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Outcome, Shown};
use cabinet_domain::ids::{AgendaId, PracticeId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::audit::leaves::LEAVES_PER_JOB_MAX;
use cabinet_storage::audit::note::Signer;
use cabinet_storage::audit::tree::Hash;
use cabinet_storage::audit::{AuditLogs, LogState};
use cabinet_storage::{AppendError, RecordStore, StoreError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Refusals are written once they are this old.
pub const REFUSALS_SECONDS: i64 = 10;
/// Kinds of refusals that wait; more of them are counted together, without their agenda.
pub const REFUSALS_WAITING_MAX: usize = 1_000;
/// How often the journal is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// Most leaves that one look through the log goes over.
const LOOKED_AT_MAX: u64 = 50_000;

/// Why a reading was not noted.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The leaf could not be written: what it is about must not happen.
    #[error("failed to write to the audit log")]
    Write(#[from] AppendError),
    /// The log could not be read.
    #[error("failed to read the audit log")]
    Read(#[from] StoreError),
}

impl AuditError {
    /// What it means for what was asked: nothing was done or shown.
    #[must_use]
    pub const fn outcome(&self) -> ExecuteError {
        match self {
            Self::Write(AppendError::StorageFull) => ExecuteError::StorageFull,
            Self::Write(AppendError::TooLarge | AppendError::NotSealed) => ExecuteError::Internal,
            Self::Write(
                AppendError::Busy
                | AppendError::Unknown
                | AppendError::CheckFailed
                | AppendError::Conflict { .. }
                | AppendError::Fenced { .. },
            )
            | Self::Read(_) => ExecuteError::Busy,
        }
    }
}

/// Bounds of the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditOptions {
    /// Seconds between two checkpoints.
    pub checkpoint_seconds: i64,
}

/// A leaf as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its number.
    pub number: u64,
    /// What is left of it.
    pub opened: Shown,
}

/// Leaves looked for, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Those that fit.
    pub leaves: Vec<Numbered>,
    /// Go on before this number; 0 when there is nothing before.
    pub before: u64,
}

/// What refusals are counted by.
type RefusedBy = (PracticeId, Option<u128>, Act, Option<AgendaId>);

struct Batch {
    first: UtcMillis,
    count: u32,
    actor: Actor,
    origin: LeafOrigin,
}

struct Inner {
    records: Arc<dyn RecordStore>,
    logs: Arc<AuditLogs>,
    signer: Signer,
    clock: Arc<dyn Clock>,
    options: AuditOptions,
    openings: Mutex<Openings>,
    refused: Mutex<BTreeMap<RefusedBy, Batch>>,
    failures: AtomicU64,
    stopped: AtomicBool,
}

/// The audit log's handle. Cheap to clone.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

impl Audit {
    /// Over the logs of a store. [`Self::run`] has to be spawned.
    #[must_use]
    pub fn new(
        records: Arc<dyn RecordStore>,
        logs: Arc<AuditLogs>,
        signer: Signer,
        clock: Arc<dyn Clock>,
        options: AuditOptions,
    ) -> Self {
        Self(Arc::new(Inner {
            records,
            logs,
            signer,
            clock,
            options,
            openings: Mutex::default(),
            refused: Mutex::default(),
            failures: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }))
    }

    /// Notes that something was read. Durable on `Ok`; else it must not be shown.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn note(&self, practice: PracticeId, leaf: Leaf) -> Result<(), AuditError> {
        self.note_all(practice, vec![leaf]).await
    }

    /// Notes that several things were read, in one commit. Durable on `Ok`; else none must be shown.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn note_all(&self, practice: PracticeId, leaves: Vec<Leaf>) -> Result<(), AuditError> {
        if leaves.is_empty() {
            return Ok(());
        }
        let acts = leaves.into_iter().map(|leaf| (practice, leaf)).collect();
        self.0.records.commit_acts(Vec::new(), Vec::new(), acts).await?;
        Ok(())
    }

    /// Notes what somebody does with the log itself.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn note_own(
        &self,
        practice: PracticeId,
        (actor, origin): (Actor, LeafOrigin),
        act: Act,
    ) -> Result<(), AuditError> {
        self.note(practice, Leaf::done(self.0.clock.now(), actor, origin, act))
            .await
    }

    /// Notes that somebody looks through the log; once in [`REOPEN_SECONDS`] for each session.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn note_looking(&self, practice: PracticeId, who: (Actor, LeafOrigin)) -> Result<(), AuditError> {
        let now = self.0.clock.now();
        let session = who.1.session;
        if self.0.openings.lock().has_looked(session, now) {
            return Ok(());
        }
        self.note_own(practice, who, Act::LogRead).await?;
        self.0.openings.lock().looks(session, now);
        Ok(())
    }

    /// Notes that a screen shows an agenda from now on, unless that is noted already. Durable on `Ok`.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn open(&self, viewing: Viewing) -> Result<(), AuditError> {
        let now = self.0.clock.now();
        let Some(leaf) = self.0.openings.lock().wanted(&viewing, now) else {
            return Ok(());
        };
        let practice = viewing.key.practice;
        self.note(practice, leaf).await?;
        self.0.openings.lock().noted(viewing, now);
        Ok(())
    }

    /// Notes one look at an agenda, each of them: nothing is left out because it was looked at before. Durable on `Ok`.
    ///
    /// # Errors
    /// [`AuditError::Write`].
    pub async fn note_look(&self, viewing: &Viewing) -> Result<(), AuditError> {
        let leaf = openings::leaf(viewing, Act::AgendaOpened, self.0.clock.now());
        self.note(viewing.key.practice, leaf).await
    }

    /// A screen no longer shows an agenda.
    pub fn close(&self, viewing: &Viewing) {
        let now = self.0.clock.now();
        self.0.openings.lock().closed(viewing, now);
    }

    /// Counts an act that was denied; written with others within [`REFUSALS_SECONDS`].
    pub fn refused(
        &self,
        practice: PracticeId,
        (actor, origin): (Actor, LeafOrigin),
        act: Act,
        agenda: Option<AgendaId>,
    ) {
        let who = match actor {
            Actor::Staff(staff) => Some(staff.0),
            Actor::Bearer | Actor::Server => None,
        };
        let mut refused = self.0.refused.lock();
        let exact = (practice, who, act, agenda);
        let crowded = refused.len() >= REFUSALS_WAITING_MAX && !refused.contains_key(&exact);
        let by = if crowded { (practice, None, act, None) } else { exact };
        let first = self.0.clock.now();
        let batch = refused.entry(by).or_insert_with(|| Batch {
            first,
            count: 0,
            actor: if crowded { Actor::Server } else { actor },
            origin: if crowded { LeafOrigin::default() } else { origin },
        });
        batch.count = batch.count.saturating_add(1);
    }

    /// Follows the journal until [`Self::stop`].
    pub async fn run(self) {
        // At once after a start: what a crash left without a checkpoint does not wait for another.
        let mut signed = UtcMillis(i64::MIN);
        while !self.0.stopped.load(Ordering::SeqCst) {
            tokio::time::sleep(PAUSE).await;
            let now = self.0.clock.now();
            self.tell(self.write_waiting(now, false).await);
            self.tell(self.catch_up().await);
            // A clock that was set back must not keep checkpoints waiting.
            if now >= signed.plus_seconds(self.0.options.checkpoint_seconds) || now < signed {
                signed = now;
                self.tell(self.sign().await);
            }
        }
    }

    fn tell<T>(&self, outcome: Result<T, AuditError>) {
        if let Err(error) = outcome {
            self.0.failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(error = &error as &dyn std::error::Error, "the audit log lags behind");
        }
    }

    /// Takes in all that the journal has.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn catch_up(&self) -> Result<(), AuditError> {
        while let Some(unseen) = self.0.logs.unseen().await? {
            self.blocking(move |inner| inner.logs.take(unseen)).await?;
        }
        Ok(())
    }

    /// Writes refusals and ends of openings that are due, or all.
    async fn write_waiting(&self, now: UtcMillis, all: bool) -> Result<(), AuditError> {
        let due = |batch: &Batch| all || now >= batch.first.plus_seconds(REFUSALS_SECONDS) || now < batch.first;
        let mut acts: Vec<(PracticeId, Leaf)> = Vec::new();
        self.0.refused.lock().retain(|(practice, _, act, agenda), batch| {
            if !due(batch) {
                return true;
            }
            acts.push((
                *practice,
                Leaf {
                    outcome: Outcome::Denied,
                    agenda: *agenda,
                    count: batch.count,
                    ..Leaf::done(batch.first, batch.actor, batch.origin.clone(), *act)
                },
            ));
            false
        });
        acts.extend(self.0.openings.lock().ended(now, all));
        for some in acts.chunks(LEAVES_PER_JOB_MAX) {
            self.0
                .records
                .commit_acts(Vec::new(), Vec::new(), some.to_vec())
                .await?;
        }
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, AuditError> {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        let done = done.map_err(|_| StoreError::Unwritable {
            what: "a thread of the audit log ended".to_owned(),
        })?;
        Ok(done?)
    }

    /// Signs a checkpoint of every log that has grown, of all that the journal has. Answers how many.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn sign(&self) -> Result<usize, AuditError> {
        self.catch_up().await?;
        self.blocking(|inner| Ok(inner.logs.sign(&inner.signer, inner.clock.now())?.len()))
            .await
    }

    /// Writes what waits, takes it in, signs, and ends [`Self::run`].
    pub async fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        let now = self.0.clock.now();
        self.tell(self.write_waiting(now, true).await);
        self.tell(self.sign().await);
    }

    /// What a practice's log has come to.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn state(&self, practice: PracticeId) -> Result<LogState, AuditError> {
        self.catch_up().await?;
        self.blocking(move |inner| inner.logs.state(practice)).await
    }

    /// Leaves below `before` that fit, newest first, at most so many.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn look_back(
        &self,
        practice: PracticeId,
        before: u64,
        fits: impl Fn(&Shown) -> bool + Send + 'static,
        most: usize,
    ) -> Result<Found, AuditError> {
        self.catch_up().await?;
        self.blocking(move |inner| {
            let mut leaves = Vec::new();
            let mut looked = 0;
            let stopped = inner.logs.look_back(practice, before, &mut |number, opened| {
                looked += 1;
                if fits(&opened) {
                    leaves.push(Numbered { number, opened });
                }
                leaves.len() < most && looked < LOOKED_AT_MAX
            })?;
            Ok(Found {
                leaves,
                before: stopped,
            })
        })
        .await
    }

    /// One leaf, if it is there and fits.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn look_back_one(
        &self,
        practice: PracticeId,
        number: u64,
        fits: impl Fn(&Shown) -> bool + Send + 'static,
    ) -> Result<Option<Shown>, AuditError> {
        self.blocking(move |inner| {
            let mut found = None;
            inner
                .logs
                .look_back(practice, number.saturating_add(1), &mut |at, shown| {
                    found = (at == number && fits(&shown)).then_some(shown);
                    false
                })?;
            Ok(found)
        })
        .await
    }

    /// The proof that a leaf is in the log of this size.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn proof(&self, practice: PracticeId, number: u64, size: u64) -> Result<Vec<Hash>, AuditError> {
        self.blocking(move |inner| inner.logs.proof(practice, number, size))
            .await
    }

    /// How many leaves a practice's log has, of those that were taken in.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn size(&self, practice: PracticeId) -> Result<u64, AuditError> {
        self.blocking(move |inner| inner.logs.size(practice)).await
    }

    /// Practices whose logs have grown since this was last asked, with all that the journal has.
    ///
    /// # Errors
    /// [`AuditError::Read`].
    pub async fn take_grown(&self) -> Result<Vec<PracticeId>, AuditError> {
        self.catch_up().await?;
        Ok(self.0.logs.take_grown())
    }

    /// The key that checkpoints are judged by.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.0.signer.public_key()
    }

    /// Times that something could not be written or read.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// The logs' counts.
    #[must_use]
    pub fn stats(&self) -> cabinet_storage::audit::LogsStats {
        self.0.logs.stats()
    }
}
