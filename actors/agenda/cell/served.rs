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
    every: u64,
}

impl Served {
    /// From what storage loaded; none when it is not an agenda.
    pub(super) fn open(loaded: Loaded, every: u64) -> Option<(Self, Opened)> {
        let Loaded {
            state,
            tail_base,
            tail,
            mut people,
            head: _,
            history,
        } = loaded;
        let (StreamState::Agenda(live), StreamState::Agenda(before)) = (state, tail_base) else {
            return None;
        };
        let mut marked = before.seq;
        let events = u64::try_from(tail.len()).unwrap_or(u64::MAX);
        let checkpoint_at = (events >= every.saturating_mul(2)).then(|| live.seq.saturating_sub(every));
        let mut opened = replay(*before, tail, &people, checkpoint_at);
        if let Some(checkpoint) = &opened.checkpoint {
            marked = checkpoint.agenda.seq;
        }
        opened.base = opened.base.min(live.seq);
        retain_named(&mut people, &live);
        let served = Self {
            live: *live,
            scratch: None,
            people,
            history,
            older: None,
            marked,
            every: every.max(1),
        };
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

    /// Every `every` events: gives out the state kept back, and keeps the present one back.
    fn mark(&mut self) -> Option<Checkpoint> {
        if self.live.seq.saturating_sub(self.marked) < self.every {
            return None;
        }
        self.marked = self.live.seq;
        self.older.replace(Checkpoint {
            agenda: self.live.clone(),
            people: self.people.clone(),
        })
    }

    /// The state kept back, at the end.
    pub(super) const fn take_older(&mut self) -> Option<Checkpoint> {
        self.older.take()
    }
}

fn retain_named(people: &mut BTreeMap<BlobId, PersonRecord>, agenda: &Agenda) {
    let named: BTreeSet<BlobId> = agenda.bookings.values().map(|booking| booking.details).collect();
    people.retain(|blob, _| named.contains(blob));
}

fn agenda_event(recorded: &Recorded<StreamEvent>) -> Option<Recorded<Event>> {
    match &recorded.event {
        StreamEvent::Agenda(event) => Some(recorded.with(event.clone())),
        StreamEvent::Practice(_) => None,
    }
}

/// Publishes the last commands of the tail again, and picks up the state to checkpoint on the way.
fn replay(
    mut before: Agenda,
    tail: Vec<Recorded<StreamEvent>>,
    people: &BTreeMap<BlobId, PersonRecord>,
    checkpoint_at: Option<Seq>,
) -> Opened {
    let skipped = tail.len().saturating_sub(RING_DELTAS_MAX);
    let mut after: Option<Agenda> = None;
    let mut base = before.seq;
    let mut checkpoint = None;
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
        if checkpoint_at == Some(before.seq) {
            let mut named = people.clone();
            retain_named(&mut named, &before);
            checkpoint = Some(Checkpoint {
                agenda: before.clone(),
                people: named,
            });
        }
    }
    Opened {
        base,
        panics: publisher.panics,
        replay: publisher.finish(),
        checkpoint,
    }
}
