//! A subscriber: a member of staff who sees everything, or a board that sees free slots. Keeps a view of its own from
//! snapshots and deltas, loses its connection, resumes from its position, and in the end must see what is.

use crate::failure::{Failure, Outcome, ensure, hold};
use crate::truth::Truth;
use cabinet_actors::delta::{BoardDelta, Delta, Pushed, Sink, StaffDelta, TopicPosition};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::{AgendaKey, TypeId};
use cabinet_domain::invariants::{Invariant, Violation, check_delta, check_told};
use cabinet_domain::slots::{Slot, SlotChanges, horizon, slots};
use cabinet_domain::time::{UtcMillis, UtcMinute};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Slots = BTreeMap<TypeId, BTreeMap<UtcMinute, Slot>>;

/// The receiving end of one connection. Looks at each delta the moment it is told.
pub(crate) struct Ear {
    agenda: AgendaKey,
    truth: Arc<Mutex<Truth>>,
    heard: Mutex<Vec<Delta>>,
    closed: AtomicBool,
    gone: AtomicBool,
}

impl Sink for Ear {
    fn push(&self, delta: Delta) -> Pushed {
        if self.gone.load(Ordering::Relaxed) {
            return Pushed::Gone;
        }
        let to = match &delta {
            Delta::Staff(delta) => delta.to,
            Delta::Board(delta) => delta.to,
        };
        let mut truth = self.truth.lock();
        let durable = truth.state(self.agenda).map_or(0, |state| state.seq);
        if let Some(early) = check_told(to, durable) {
            truth.failure.get_or_insert(early.into());
        }
        drop(truth);
        self.heard.lock().push(delta);
        Pushed::Taken
    }

    fn closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// Everything that both ends of a snapshot need: taken in one turn of the agenda.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    agenda: Agenda,
    slots: Slots,
}

impl Snapshot {
    /// What an audience may see of this agenda now.
    #[must_use]
    pub(crate) fn of(agenda: &Agenda, audience: Audience, now: UtcMillis) -> Self {
        let slots = match audience {
            Audience::Staff => Slots::new(),
            Audience::Board => board(agenda, now),
        };
        Self {
            agenda: agenda.clone(),
            slots,
        }
    }
}

fn board(agenda: &Agenda, now: UtcMillis) -> Slots {
    let Some(span) = horizon(agenda, now) else {
        return Slots::new();
    };
    let online = agenda.types.values().filter(|kind| kind.online);
    let of_type = |id: TypeId| {
        slots(agenda, id, span)
            .into_iter()
            .map(|slot| (slot.start, slot))
            .collect()
    };
    online.map(|kind| (kind.id, of_type(kind.id))).collect()
}

/// See the head of this file.
pub(crate) struct Subscriber {
    /// Of which agenda.
    pub(crate) agenda: AgendaKey,
    /// As whom.
    pub(crate) audience: Audience,
    ear: Option<Arc<Ear>>,
    position: Option<TopicPosition>,
    replica: Agenda,
    slots: Slots,
    /// Civil times between which the clock stood since the last snapshot.
    from: UtcMillis,
    until: UtcMillis,
}

impl Subscriber {
    /// One that does not listen yet.
    #[must_use]
    pub(crate) fn new(agenda: AgendaKey, audience: Audience) -> Self {
        Self {
            agenda,
            audience,
            ear: None,
            position: None,
            replica: Agenda::new(agenda),
            slots: Slots::new(),
            from: UtcMillis(0),
            until: UtcMillis(0),
        }
    }

    /// Whether it is connected, as far as it knows.
    #[must_use]
    pub(crate) fn listens(&self) -> bool {
        let open = |ear: &Arc<Ear>| !ear.closed.load(Ordering::Relaxed);
        self.ear.as_ref().is_some_and(open)
    }

    /// A new connection: what to subscribe with.
    pub(crate) fn connect(&mut self, truth: &Arc<Mutex<Truth>>) -> (Option<TopicPosition>, Arc<Ear>) {
        let ear = Arc::new(Ear {
            agenda: self.agenda,
            truth: Arc::clone(truth),
            heard: Mutex::default(),
            closed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        });
        self.leave();
        self.ear = Some(Arc::clone(&ear));
        (self.position, ear)
    }

    /// The connection is lost, with everything that was on its way.
    pub(crate) fn leave(&mut self) {
        if let Some(ear) = self.ear.take() {
            ear.gone.store(true, Ordering::Relaxed);
        }
    }

    /// The answer to connecting was the whole state.
    pub(crate) fn starts_from(&mut self, position: TopicPosition, snapshot: Snapshot, now: UtcMillis) {
        self.position = Some(position);
        self.replica = snapshot.agenda;
        self.slots = snapshot.slots;
        (self.from, self.until) = (now, now);
    }

    /// The answer to connecting was what it missed.
    ///
    /// # Errors
    /// A gap, or something of another agenda.
    pub(crate) fn resumes(&mut self, deltas: Vec<Delta>, now: UtcMillis) -> Outcome {
        deltas.into_iter().try_for_each(|delta| self.take(&delta, now))
    }

    /// Takes in what it has heard.
    ///
    /// # Errors
    /// A gap, or something of another agenda.
    pub(crate) fn listen(&mut self, now: UtcMillis) -> Outcome {
        self.saw(now);
        let Some(ear) = self.ear.clone() else { return Ok(()) };
        let heard = std::mem::take(&mut *ear.heard.lock());
        heard.into_iter().try_for_each(|delta| self.take(&delta, now))
    }

    /// The clock shows this.
    pub(crate) fn saw(&mut self, now: UtcMillis) {
        self.from = self.from.min(now);
        self.until = self.until.max(now);
    }

    fn take(&mut self, delta: &Delta, now: UtcMillis) -> Outcome {
        self.saw(now);
        let Some(position) = &mut self.position else {
            return Ok(());
        };
        let (agenda, from, to) = match delta {
            Delta::Staff(delta) => (delta.agenda, delta.from, delta.to),
            Delta::Board(delta) => (delta.agenda, delta.from, delta.to),
        };
        hold(check_delta((self.agenda, position.seq), (agenda, from)))?;
        if to <= position.seq {
            return Ok(());
        }
        position.seq = to;
        match (delta, self.audience) {
            (Delta::Staff(delta), Audience::Staff) => self.take_staff(delta),
            (Delta::Board(delta), Audience::Board) => {
                self.take_board(delta);
                Ok(())
            }
            (Delta::Staff(_), Audience::Board) | (Delta::Board(_), Audience::Staff) => {
                Err(Failure::new(Invariant::NothingOfOthers, "a delta for another audience"))
            }
        }
    }

    fn take_staff(&mut self, delta: &StaffDelta) -> Outcome {
        for recorded in &delta.events {
            ensure(
                recorded.seq == self.replica.seq + 1,
                Invariant::SubscribersEqualTheAgenda,
                || format!("event {} follows {}", recorded.seq, self.replica.seq),
            )?;
            self.replica.apply(recorded);
        }
        Ok(())
    }

    fn take_board(&mut self, delta: &BoardDelta) {
        if delta.types_changed {
            // Types are told by number only: a board reads the topic again.
            self.position = None;
            self.leave();
            return;
        }
        for SlotChanges { kind, removed, added } in &delta.changes {
            let known = self.slots.entry(*kind).or_default();
            for start in removed {
                known.remove(start);
            }
            known.extend(added.iter().map(|slot| (slot.start, *slot)));
        }
    }

    /// Whether it sees what is.
    ///
    /// # Errors
    /// I5.
    pub(crate) fn judge(&self, agenda: &Agenda) -> Outcome {
        let differs = |what: String| Failure::new(Invariant::SubscribersEqualTheAgenda, what);
        match self.audience {
            Audience::Staff if self.replica == *agenda => Ok(()),
            Audience::Staff => Err(differs(format!(
                "staff at {} of {} see something else",
                self.replica.seq, agenda.seq
            ))),
            Audience::Board => {
                let (seen, is) = (
                    self.visible(&self.slots, agenda),
                    self.visible(&board(agenda, self.until), agenda),
                );
                if seen == is {
                    return Ok(());
                }
                let differing = is.iter().find(|(kind, slots)| seen.get(kind) != Some(slots));
                Err(differs(format!(
                    "a board differs, first in {:?}",
                    differing.map(|(kind, _)| kind)
                )))
            }
        }
    }

    /// The slots that a board must be right about: bookable at any time the clock has shown since its snapshot.
    fn visible(&self, of: &Slots, agenda: &Agenda) -> Slots {
        let first = horizon(agenda, self.until).map_or(UtcMinute(0), |span| span.from);
        let due = |slot: &&Slot| slot.start >= first && slot.bookable_from <= self.from;
        let filter = |slots: &BTreeMap<UtcMinute, Slot>| {
            let due = slots.values().filter(due);
            due.map(|slot| (slot.start, *slot)).collect::<BTreeMap<_, _>>()
        };
        let filtered = of.iter().map(|(kind, slots)| (*kind, filter(slots)));
        filtered.filter(|(_, slots)| !slots.is_empty()).collect()
    }

    /// Fails when it can never be right: it stands after the end of its topic.
    ///
    /// # Errors
    /// I5.
    pub(crate) fn judge_position(&self, agenda: &Agenda) -> Outcome {
        let told = self.position.map_or(0, |position| position.seq);
        let beyond = told > agenda.seq;
        hold(beyond.then_some(Violation::Gap { told, from: agenda.seq }))
    }
}
