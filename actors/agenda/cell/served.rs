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
use std::collections::{BTreeMap, BTreeSet};

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
    pub(super) people: BTreeMap<BlobId, PersonRecord>,
    pub(super) history: HistoryId,
    /// The state at `marked`, kept back so that what is checkpointed lies behind the head: the tail after it rebuilds the
    /// resumption rings at the next load.
    older: Option<Checkpoint>,
    marked: Seq,
    /// Where the newest checkpoint lies.
    kept: Seq,
    every: u64,
}

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
        let people = named(people, &live);
        let mut live = *live;
        live.pack();
        let mut served = Self {
            marked: kept,
            kept,
            live,
            scratch: None,
            people,
            history,
            older: None,
            every: every.max(1),
        };
        // A tail this long grew over several starts; a state at the head shortens it, at the price of the next load's rings.
        let long = tail_events.saturating_mul(2) >= served.every.saturating_mul(5);
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

    /// Forgets what was decided but not written; also frees the copy.
    pub(super) fn drop_scratch(&mut self) {
        self.scratch = None;
    }

    /// Applies a durable batch, which the scratch copy already has.
    pub(super) fn commit(&mut self, events: Vec<Recorded<Event>>, people: Vec<(BlobId, PersonRecord)>) -> Committed {
        self.people.extend(people);
        // One event: the scratch copy is the state after it. Several: a trail gives the states in between.
        let mut trail = (events.len() > 1).then(|| self.live.clone());
        let mut publisher = Publisher::default();
        let mut gone = Vec::new();
        for recorded in events {
            if let Event::BookingCancelled { booking, .. } = &recorded.event {
                gone.extend(self.live.bookings.get(booking).map(|booking| booking.details));
            }
            let told = recorded.clone();
            if let Some(trail) = &mut trail {
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
            self.live.apply(&recorded);
        }
        for blob in gone {
            if !self.live.bookings.values().any(|booking| booking.details == blob) {
                self.people.remove(&blob);
            }
        }
        let checkpoint = self.mark();
        Committed {
            panics: publisher.panics,
            publications: publisher.finish(),
            checkpoint,
        }
    }

    fn present(&self) -> Checkpoint {
        Checkpoint {
            agenda: self.live.clone(),
            people: self.people.clone(),
        }
    }

    /// Every `every` events: gives out the state kept back, and keeps the present one back.
    fn mark(&mut self) -> Option<Checkpoint> {
        if self.live.seq.saturating_sub(self.marked) < self.every {
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
        self.older.take().filter(|_| tail >= self.every.saturating_mul(2))
    }
}

/// Those that the state names, in a map built at once: one grown entry by entry leaves much of its room unused.
fn named(people: BTreeMap<BlobId, PersonRecord>, agenda: &Agenda) -> BTreeMap<BlobId, PersonRecord> {
    let named: BTreeSet<BlobId> = agenda.bookings.values().map(|booking| booking.details).collect();
    people.into_iter().filter(|(blob, _)| named.contains(blob)).collect()
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
