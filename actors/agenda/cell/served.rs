//! The agenda in memory: the durable state, the scratch copy commands are decided on, the checkpoints; and, while somebody
//! attends to it, the people its bookings are for.
//!
//! Must not be here: queues, timers, replies.

use crate::agenda::feed::RING_DELTAS_MAX;
use crate::agenda::publication::{Publication, Publisher};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, HistoryId, Seq};
use cabinet_domain::stream::{StreamEvent, StreamState};
use cabinet_storage::{Loaded, Opened, PersonRecord};
use std::collections::{BTreeMap, BTreeSet};

/// A state to keep, with those of the sealed blobs it names that are at hand; storage has the others.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The state.
    pub agenda: Agenda,
    /// Blobs, sealed.
    pub people: BTreeMap<BlobId, PersonRecord>,
}

/// What a durable batch gives to tell.
pub(super) struct Committed {
    /// Empty while nobody attends.
    pub(super) publications: Vec<Publication>,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) panics: u64,
}

/// What looking back gives: the last commands again, from `base` on.
pub(super) struct LookedBack {
    pub(super) base: Seq,
    pub(super) replay: Vec<Publication>,
    pub(super) panics: u64,
}

/// Whether anybody listens or asks who is who. While nobody does, nothing is made that only they would see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attended {
    No,
    /// What follows this sequence is told; what came before is being looked up.
    Asked(Seq),
    Yes,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Served {
    /// Durable events only (law L1).
    pub(super) live: Agenda,
    /// `live` and the batch being made or in flight. Made when a second order joins a batch, for what comes after the first
    /// must see it; kept up to date while batches of several come, dropped after a failure or when it was not needed.
    scratch: Option<Agenda>,
    /// Batches since one last had several orders.
    lone: u32,
    /// Attended: every blob that a booking names, and some that none names any more. Otherwise the blobs of the last
    /// events, so that the next checkpoint need not read them back.
    people: BTreeMap<BlobId, PersonRecord>,
    attended: Attended,
    /// Events have come since the state was laid out tightly.
    loose: bool,
    pub(super) history: HistoryId,
    /// Where the newest checkpoint lies.
    kept: Seq,
    /// Least number of events between two checkpoints; see [`Self::interval`].
    every: u64,
}

/// Batches of one order after which the scratch copy is let go.
const LONE_BATCHES_MAX: u32 = 16;
/// Entries of a state that make its checkpoint wait for one event more.
const ENTRIES_PER_EVENT: usize = 3;
/// A large agenda waits at most this many times as long for its checkpoint as the smallest: what a start replays is bounded.
const INTERVALS_MAX: u64 = 10;
/// At the end a checkpoint is kept after this part of the least number of events.
const LAST_SHARE: u64 = 4;
/// Sealed blobs kept for the next checkpoint while nobody attends; beyond it storage reads them back.
const BLOBS_KEPT_MAX: usize = 512;

impl Served {
    /// From what storage opened; none when it is not an agenda.
    pub(super) fn open(opened: Opened, every: u64) -> Option<(Self, Option<Checkpoint>)> {
        let StreamState::Agenda(live) = opened.state else {
            return None;
        };
        let mut live = *live;
        live.pack();
        let mut served = Self {
            live,
            scratch: None,
            lone: 0,
            people: BTreeMap::new(),
            attended: Attended::No,
            loose: false,
            history: opened.history,
            kept: opened.checkpoint,
            every: every.max(1),
        };
        let checkpoint = served.mark();
        Some((served, checkpoint))
    }

    /// The state that the next order is decided on: the durable one, or that with the batch so far.
    pub(super) fn ahead(&mut self, batch: &[Recorded<Event>]) -> &Agenda {
        if self.scratch.is_none() && !batch.is_empty() {
            let mut scratch = self.live.clone();
            for recorded in batch {
                scratch.apply(recorded);
            }
            self.scratch = Some(scratch);
        }
        self.scratch.as_ref().unwrap_or(&self.live)
    }

    /// Decided events, not durable yet: the scratch copy has them, if there is one.
    pub(super) fn decided(&mut self, events: &[Recorded<Event>]) {
        if let Some(scratch) = &mut self.scratch {
            for recorded in events {
                scratch.apply(recorded);
            }
        }
    }

    /// Forgets what was decided but not written; also frees the copy.
    pub(super) fn drop_scratch(&mut self) {
        self.scratch = None;
    }

    /// Frees what a quiet agenda can do without.
    pub(super) fn rest(&mut self) {
        self.drop_scratch();
        if self.attended == Attended::No && self.loose {
            self.people = BTreeMap::new();
            self.live.pack();
            self.loose = false;
        }
    }

    /// Applies a durable batch, which the scratch copy already has.
    pub(super) fn commit(&mut self, events: Vec<Recorded<Event>>, people: Vec<(BlobId, PersonRecord)>) -> Committed {
        self.lone = if events.iter().filter(|event| event.last_of_command).count() > 1 {
            0
        } else {
            self.lone.saturating_add(1)
        };
        if self.lone > LONE_BATCHES_MAX {
            self.scratch = None;
        }
        self.loose = true;
        self.people.extend(people);
        let mut publisher = Publisher::default();
        for recorded in events {
            if self.attended == Attended::No {
                self.forget_blob(&recorded.event);
                self.live.apply(&recorded);
            } else {
                let watched = publisher.watch(&self.live, &recorded);
                self.live.apply(&recorded);
                publisher.add(watched, &self.live, recorded, &self.people);
            }
        }
        if self.attended == Attended::No && self.people.len() > BLOBS_KEPT_MAX {
            self.people.clear();
        }
        Committed {
            panics: publisher.panics,
            publications: publisher.finish(),
            checkpoint: self.mark(),
        }
    }

    /// Lets go of a cancelled booking's blob. Should another booking name it too, storage has it.
    fn forget_blob(&mut self, event: &Event) {
        if let Event::BookingCancelled { booking, .. } = event
            && let Some(gone) = self.live.bookings.get(booking)
        {
            self.people.remove(&gone.details);
        }
    }

    /// From now on everything is told; answers whether what came before is to be looked up.
    pub(super) fn attend(&mut self) -> bool {
        let asked = self.attended == Attended::No;
        if asked {
            self.attended = Attended::Asked(self.live.seq);
        }
        asked
    }

    /// What came before has been looked up. None when that was not asked for, or is older than what was.
    pub(super) fn looked_back(&mut self, loaded: Loaded) -> Option<LookedBack> {
        let Attended::Asked(since) = self.attended else {
            return None;
        };
        let StreamState::Agenda(before) = loaded.tail_base else {
            return None;
        };
        if loaded.head < since {
            return None;
        }
        let mut people = loaded.people;
        people.append(&mut self.people);
        self.attended = Attended::Yes;
        let looked = replay(*before, loaded.tail, &people, since);
        self.people = people;
        self.forget_unnamed();
        Some(looked)
    }

    /// What came before could not be looked up; answers whether that was waited for.
    pub(super) fn look_failed(&mut self) -> bool {
        let asked = matches!(self.attended, Attended::Asked(_));
        if asked {
            self.leave_alone();
        }
        asked
    }

    /// Nobody attends any more.
    pub(super) fn leave_alone(&mut self) {
        self.attended = Attended::No;
        self.people = BTreeMap::new();
    }

    /// The people, while somebody attends.
    pub(super) fn people(&self) -> Option<&BTreeMap<BlobId, PersonRecord>> {
        (self.attended == Attended::Yes).then_some(&self.people)
    }

    fn forget_unnamed(&mut self) {
        let named: BTreeSet<BlobId> = self.live.blobs().collect();
        self.people.retain(|blob, _| named.contains(blob));
    }

    /// Events between two checkpoints: a checkpoint costs what the whole state costs, so it is worth it after as many events
    /// as this share of its entries, within bounds.
    fn interval(&self) -> u64 {
        let entries = self.live.bookings.len() + self.live.remembered.len();
        let share = u64::try_from(entries / ENTRIES_PER_EVENT).unwrap_or(u64::MAX);
        share.clamp(self.every, self.every.saturating_mul(INTERVALS_MAX))
    }

    fn tail(&self) -> u64 {
        self.live.seq.saturating_sub(self.kept)
    }

    /// Every [`Self::interval`] events: the state. Storage keeps two, so that one of them lies far enough behind the head to
    /// make the resumption rings from.
    fn mark(&mut self) -> Option<Checkpoint> {
        (self.tail() >= self.interval()).then(|| self.present())
    }

    fn present(&mut self) -> Checkpoint {
        self.kept = self.live.seq;
        let people = if self.attended == Attended::No {
            std::mem::take(&mut self.people)
        } else {
            self.forget_unnamed();
            self.people.clone()
        };
        Checkpoint {
            agenda: self.live.clone(),
            people,
        }
    }

    /// At the end: the state, when the tail has grown long enough to be worth it.
    pub(super) fn last_checkpoint(&mut self) -> Option<Checkpoint> {
        (self.tail() >= self.every / LAST_SHARE).then(|| self.present())
    }
}

fn agenda_event(recorded: Recorded<StreamEvent>) -> Option<Recorded<Event>> {
    let (place, event) = recorded.split();
    match event {
        StreamEvent::Agenda(event) => Some(place.with(event)),
        StreamEvent::Practice(_) => None,
    }
}

/// Publishes the last commands up to `until` again.
fn replay(
    mut state: Agenda,
    mut tail: Vec<Recorded<StreamEvent>>,
    people: &BTreeMap<BlobId, PersonRecord>,
    until: Seq,
) -> LookedBack {
    tail.retain(|recorded| recorded.seq <= until);
    let skipped = tail.len().saturating_sub(RING_DELTAS_MAX);
    let mut base = state.seq.min(until);
    let mut publisher = Publisher::default();
    let (mut command_ended, mut telling) = (true, false);
    for (index, recorded) in tail.into_iter().enumerate() {
        let Some(event) = agenda_event(recorded) else { continue };
        telling |= index >= skipped && command_ended;
        command_ended = event.last_of_command;
        if telling {
            let watched = publisher.watch(&state, &event);
            state.apply(&event);
            publisher.add(watched, &state, event, people);
        } else {
            base = event.seq;
            state.apply(&event);
        }
    }
    LookedBack {
        base,
        panics: publisher.panics,
        replay: publisher.finish(),
    }
}
