//! The agenda in memory: the durable state, the scratch copy commands are decided on, the sealed blobs, the checkpoints.
//!
//! Must not be here: queues, timers, replies.

use crate::agenda::feed::RING_DELTAS_MAX;
use crate::agenda::publication::{Publication, Publisher};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, HistoryId, Seq};
use cabinet_domain::stream::{StreamEvent, StreamState};
use cabinet_storage::{Loaded, PersonRecord};
use std::collections::{BTreeMap, HashMap};

/// A state to keep, with the sealed blobs it names.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The state.
    pub agenda: Agenda,
    /// Its blobs, sealed.
    pub people: BTreeMap<BlobId, PersonRecord>,
}

/// What loading gives besides the state.
pub(super) struct Opened {
    pub(super) base: Seq,
    pub(super) replay: Vec<Publication>,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) panics: u64,
}

/// What a durable batch gives to tell.
pub(super) struct Committed {
    pub(super) publications: Vec<Publication>,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) panics: u64,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Served {
    /// Durable events only (law L1).
    pub(super) live: Agenda,
    /// `live` and the batch being made or in flight. Made when first needed and kept up to date while commands come, so
    /// that a command on a large agenda copies nothing; dropped after a failure or some idle time.
    scratch: Option<Agenda>,
    /// A second copy that walks one event ahead of `live` while a batch of several is applied, for what each event changed.
    /// Made at the first such batch, kept and dropped as `scratch` is.
    trail: Option<Agenda>,
    pub(super) people: BTreeMap<BlobId, PersonRecord>,
    /// How many bookings of `live` name each blob.
    named: HashMap<BlobId, u32>,
    pub(super) history: HistoryId,
    /// The state at `marked`, kept back so that what is checkpointed lies behind the head: the tail after it rebuilds the
    /// resumption rings at the next load.
    older: Option<Checkpoint>,
    marked: Seq,
    /// Where the newest checkpoint lies.
    kept: Seq,
    /// Least number of events between two checkpoints; see [`Self::interval`].
    every: u64,
}

/// A checkpoint costs what the whole state costs: it is worth it after as many events as this share of the state's entries.
const ENTRIES_PER_EVENT: usize = 4;

impl Served {
    /// From what storage loaded; none when it is not an agenda.
    pub(super) fn open(loaded: Loaded, every: u64) -> Option<(Self, Opened)> {
        let Loaded {
            state,
            tail_base,
            tail,
            people,
            head: _,
            history,
        } = loaded;
        let (StreamState::Agenda(live), StreamState::Agenda(before)) = (state, tail_base) else {
            return None;
        };
        let kept = before.seq;
        let tail_events = u64::try_from(tail.len()).unwrap_or(u64::MAX);
        let mut opened = replay(*before, tail, &people);
        opened.base = opened.base.min(live.seq);
        let named = naming(&live);
        // Built at once: a map grown entry by entry leaves much of its room unused.
        let people = people
            .into_iter()
            .filter(|(blob, _)| named.contains_key(blob))
            .collect();
        let mut live = *live;
        live.pack();
        let mut served = Self {
            marked: kept,
            kept,
            live,
            scratch: None,
            trail: None,
            people,
            named,
            history,
            older: None,
            every: every.max(1),
        };
        // A tail this long grew over several starts; a state at the head shortens it, at the price of the next load's rings.
        let long = tail_events.saturating_mul(2) >= served.interval().saturating_mul(5);
        opened.checkpoint = if long { Some(served.present()) } else { None };
        if long {
            served.kept = served.live.seq;
            served.marked = served.live.seq;
        }
        Some((served, opened))
    }

    /// The scratch copy.
    pub(super) fn scratch(&mut self) -> &mut Agenda {
        self.scratch.get_or_insert_with(|| self.live.clone())
    }

    /// Forgets what was decided but not written; also frees the copies.
    pub(super) fn drop_scratch(&mut self) {
        self.scratch = None;
        self.trail = None;
    }

    /// Applies a durable batch, which the scratch copy already has.
    pub(super) fn commit(&mut self, events: Vec<Recorded<Event>>, people: Vec<(BlobId, PersonRecord)>) -> Committed {
        self.people.extend(people);
        // One event: the scratch copy is the state after it. Several: the trail gives the states in between.
        if events.len() > 1 {
            self.trail.get_or_insert_with(|| self.live.clone());
        }
        let mut publisher = Publisher::default();
        for recorded in events {
            let told = recorded.clone();
            if let Some(trail) = &mut self.trail {
                trail.apply(&recorded);
                publisher.add(&self.live, trail, told, &self.people);
            } else {
                let after = self.scratch.get_or_insert_with(|| {
                    let mut after = self.live.clone();
                    after.apply(&recorded);
                    after
                });
                publisher.add(&self.live, after, told, &self.people);
            }
            self.apply(&recorded);
        }
        let checkpoint = self.mark();
        Committed {
            panics: publisher.panics,
            publications: publisher.finish(),
            checkpoint,
        }
    }

    /// Applies a durable event, and lets go of the blob that nothing names any more.
    fn apply(&mut self, recorded: &Recorded<Event>) {
        let of = |live: &Agenda, id| live.bookings.get(id).map(|booking| booking.details);
        let (gone, come) = match &recorded.event {
            Event::BookingCancelled { booking, .. } => (of(&self.live, booking), None),
            Event::SlotBooked { booking, .. } => (of(&self.live, &booking.id), Some(booking.details)),
            Event::ProfileSet(_)
            | Event::TypeSet(_)
            | Event::TypeRetired(_)
            | Event::HoursOpened(_)
            | Event::HoursChanged(_)
            | Event::HoursClosed(_)
            | Event::ExceptionOpened(_)
            | Event::ExceptionClosed(_)
            | Event::AbsenceAdded(_)
            | Event::AbsenceRemoved(_)
            | Event::SlotHeld(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::BookingMoved { .. } => (None, None),
        };
        self.live.apply(recorded);
        if let Some(blob) = come {
            *self.named.entry(blob).or_default() += 1;
        }
        if let Some(blob) = gone
            && let Some(names) = self.named.get_mut(&blob)
        {
            *names = names.saturating_sub(1);
            if *names == 0 {
                self.named.remove(&blob);
                self.people.remove(&blob);
            }
        }
    }

    fn present(&self) -> Checkpoint {
        Checkpoint {
            agenda: self.live.clone(),
            people: self.people.clone(),
        }
    }

    /// Events between two checkpoints: more in a large agenda, so that checkpoints cost each event the same.
    fn interval(&self) -> u64 {
        let entries = self.live.bookings.len() + self.live.remembered.len();
        let share = u64::try_from(entries / ENTRIES_PER_EVENT).unwrap_or(u64::MAX);
        self.every.max(share)
    }

    /// Every [`Self::interval`] events: gives out the state kept back, and keeps the present one back.
    fn mark(&mut self) -> Option<Checkpoint> {
        if self.live.seq.saturating_sub(self.marked) < self.interval() {
            return None;
        }
        self.marked = self.live.seq;
        let older = self.older.replace(self.present())?;
        self.kept = older.agenda.seq;
        Some(older)
    }

    /// At the end: the state kept back, when the tail has grown long enough to be worth it.
    pub(super) fn last_checkpoint(&mut self) -> Option<Checkpoint> {
        let tail = self.live.seq.saturating_sub(self.kept);
        self.older.take().filter(|_| tail >= self.interval().saturating_mul(2))
    }
}

/// How many bookings name each blob.
fn naming(agenda: &Agenda) -> HashMap<BlobId, u32> {
    let mut named = HashMap::new();
    for booking in agenda.bookings.values() {
        *named.entry(booking.details).or_default() += 1;
    }
    named
}

fn agenda_event(recorded: &Recorded<StreamEvent>) -> Option<Recorded<Event>> {
    match &recorded.event {
        StreamEvent::Agenda(event) => Some(recorded.with(event.clone())),
        StreamEvent::Practice(_) => None,
    }
}

/// Publishes the last commands of the tail again.
fn replay(mut before: Agenda, tail: Vec<Recorded<StreamEvent>>, people: &BTreeMap<BlobId, PersonRecord>) -> Opened {
    let skipped = tail.len().saturating_sub(RING_DELTAS_MAX);
    let mut after: Option<Agenda> = None;
    let mut base = before.seq;
    let mut publisher = Publisher::default();
    let mut command_ended = true;
    for (index, recorded) in tail.iter().enumerate() {
        let Some(event) = agenda_event(recorded) else { continue };
        let told = after.is_some() || (index >= skipped && command_ended);
        command_ended = event.last_of_command;
        if told {
            let after = after.get_or_insert_with(|| before.clone());
            after.apply(&event);
            publisher.add(&before, after, event.clone(), people);
        } else {
            base = event.seq;
        }
        before.apply(&event);
    }
    Opened {
        base,
        panics: publisher.panics,
        replay: publisher.finish(),
        checkpoint: None,
    }
}
