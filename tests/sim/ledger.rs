//! The audit log that the journal of an image makes, held against what was done (I8): every act of every agenda has one leaf, in
//! the order of the acts, and nothing else has; and what was logged before is its beginning (RFC 6962).
//!
//! Which events are acts is written down here a second time, apart from the product's own table. Must not be here: signatures
//! and files of the log, which `storage/audit` tests by itself.

use crate::failure::{Failure, Outcome, ensure};
use crate::store::Store;
use cabinet_domain::Event;
use cabinet_domain::audit::{Act, Leaf, Shown, Subject};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{AgendaKey, CommandId, PracticeId};
use cabinet_domain::invariants::Invariant;
use cabinet_storage::audit::AuditLogs;
use cabinet_storage::audit::leaves::{AUDIT_JOB, Sealed};
use cabinet_storage::audit::tree::{Frontier, Hash};
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::Journal as _;
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records of the journal that are read at once.
const RECORDS_AT_ONCE: usize = 1_024;

/// What a leaf has to say of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    act: Act,
    subject: Subject,
    command: CommandId,
}

impl Done {
    /// What an event is the act of; none: a hold names nobody, its leaf would say nothing.
    pub(crate) fn by(recorded: &Recorded<Event>) -> Option<Self> {
        let (act, subject) = match &recorded.event {
            Event::SlotBooked { booking, .. } => (Act::Booked, Subject::Booking(booking.id)),
            Event::BookingMoved { booking, .. } => (Act::Moved, Subject::Booking(*booking)),
            Event::BookingCancelled { booking, .. } => (Act::Cancelled, Subject::Booking(*booking)),
            Event::AbsenceAdded(_) => (Act::AbsenceAdded, Subject::None),
            Event::AbsenceRemoved(_) => (Act::AbsenceRemoved, Subject::None),
            Event::ProfileSet(_)
            | Event::TypeSet(_)
            | Event::TypeRetired(_)
            | Event::HoursOpened(_)
            | Event::HoursChanged(_)
            | Event::HoursClosed(_)
            | Event::ExceptionOpened(_)
            | Event::ExceptionClosed(_) => (Act::AgendaSet, Subject::None),
            Event::BookingMarked { booking, .. } => (Act::Marked, Subject::Booking(*booking)),
            Event::DelayAnnounced { .. } => (Act::DelayAnnounced, Subject::None),
            Event::WaitingJoined(entry) => (Act::WaitingJoined, Subject::Waiting(entry.id)),
            Event::WaitingLeft { entry, .. } => (Act::WaitingLeft, Subject::Waiting(*entry)),
            Event::WaitingPrioritised { entry, .. } => (Act::WaitingPrioritised, Subject::Waiting(*entry)),
            Event::SlotOffered { entry, .. } => (Act::SlotOffered, Subject::Waiting(*entry)),
            // A series' bookings have their own.
            Event::SlotHeld(_) | Event::HoldReleased(_) | Event::HoldExpired(_) | Event::SeriesJoined { .. } => {
                return None;
            }
        };
        Some(Self {
            act,
            subject,
            command: recorded.command_id,
        })
    }

    fn said(leaf: &Leaf) -> Self {
        Self {
            act: leaf.act,
            subject: leaf.subject,
            command: leaf.command,
        }
    }
}

/// How far each practice's log was known to have come, and its root then.
#[derive(Debug, Default)]
pub(crate) struct Known(BTreeMap<PracticeId, (u64, Hash)>);

fn wrong(what: impl Into<String>) -> Failure {
    Failure::new(Invariant::ActsAreLogged, what)
}

impl Known {
    /// Judges the logs that an image makes. `done`: what was done in each agenda as the image shows it, and how much of it was
    /// acknowledged.
    ///
    /// # Errors
    /// I8.
    pub(crate) fn judge(
        &mut self,
        (store, disk): (&Store, &SimDisk),
        done: &BTreeMap<AgendaKey, (Vec<Done>, usize)>,
    ) -> Outcome {
        let shown = leaves(store, disk)?;
        for (key, (acts, _)) in done {
            let none = Vec::new();
            let logged = shown.get(key).unwrap_or(&none);
            ensure(logged == acts, Invariant::ActsAreLogged, || {
                let first = acts.iter().zip(logged).position(|(one, other)| one != other);
                format!(
                    "agenda {}: {} acts and {} leaves, the first difference at {first:?}",
                    key.agenda.0,
                    acts.len(),
                    logged.len()
                )
            })?;
        }
        let hashes = hashes(store)?;
        for (practice, all) in &hashes {
            let acts = done.iter().filter(|(key, _)| key.practice == *practice);
            let (sum, acknowledged) = acts.fold((0, 0), |(sum, acknowledged), (_, (acts, known))| {
                (sum + acts.len(), acknowledged + known)
            });
            ensure(sum == all.len(), Invariant::ActsAreLogged, || {
                format!("practice {}: {sum} acts and {} leaves", practice.0, all.len())
            })?;
            self.beginning(*practice, all, acknowledged)?;
        }
        Ok(())
    }

    /// What was there before is the beginning of what is there; from now on what is acknowledged has to be.
    fn beginning(&mut self, practice: PracticeId, all: &[Hash], acknowledged: usize) -> Outcome {
        if let Some((size, root)) = self.0.get(&practice) {
            let part = usize::try_from(*size).ok().and_then(|size| all.get(..size));
            let part = part.ok_or_else(|| wrong(format!("the log of practice {} has shrunk", practice.0)))?;
            ensure(root_of(part) == *root, Invariant::ActsAreLogged, || {
                format!("the log of practice {} has another beginning", practice.0)
            })?;
        }
        let known = all.get(..acknowledged).unwrap_or(all);
        let size = u64::try_from(known.len()).unwrap_or(u64::MAX);
        self.0.insert(practice, (size, root_of(known)));
        Ok(())
    }
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}

/// The leaves of every agenda, opened by the product's own log, which holds each against its hash.
fn leaves(store: &Store, disk: &SimDisk) -> Outcome<BTreeMap<AgendaKey, Vec<Done>>> {
    let failed = |error: cabinet_storage::StoreError| wrong(format!("the log of an image is not made: {error}"));
    let logs = AuditLogs::open(Arc::new(disk.clone()), store.journal.clone(), store.keyring.clone()).map_err(failed)?;
    // Without threads every call is done when it is first asked.
    while let Some(unseen) = logs.unseen().now_or_never().transpose().map_err(failed)?.flatten() {
        logs.take(unseen).map_err(failed)?;
    }
    let mut all: BTreeMap<AgendaKey, Vec<Done>> = BTreeMap::new();
    for practice in [PracticeId(1), PracticeId(2)] {
        let size = logs.size(practice).map_err(failed)?;
        let mut odd = None;
        let mut take = |number, shown: Shown| {
            match shown {
                Shown::Whole { leaf, .. } => {
                    if let Some(agenda) = leaf.agenda {
                        let key = AgendaKey { practice, agenda };
                        all.entry(key).or_default().push(Done::said(&leaf));
                    }
                }
                Shown::Newer | Shown::Expired => odd = Some(number),
            }
            true
        };
        logs.look_back(practice, size, &mut take).map_err(failed)?;
        if let Some(number) = odd {
            return Err(wrong(format!("leaf {number} of practice {} is not whole", practice.0)));
        }
    }
    // They came newest first.
    all.values_mut().for_each(|leaves| leaves.reverse());
    Ok(all)
}

/// The hashes of every practice's leaves, straight from the journal's records.
fn hashes(store: &Store) -> Outcome<BTreeMap<PracticeId, Vec<Hash>>> {
    let mut all: BTreeMap<PracticeId, Vec<Hash>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let records = store.journal.follow(after, RECORDS_AT_ONCE).now_or_never();
        let records = records.transpose().map_err(|error| wrong(error.to_string()))?;
        let records = records.unwrap_or_default();
        let Some(last) = records.last() else { return Ok(all) };
        after = last.position;
        for job in records.iter().flat_map(|record| &record.append.jobs) {
            if job.kind != AUDIT_JOB {
                continue;
            }
            let sealed = Sealed::read(&job.body).ok_or_else(|| wrong("a job of the log cannot be read"))?;
            all.entry(PracticeId(job.dedup)).or_default().extend(sealed.hashes());
        }
    }
}
