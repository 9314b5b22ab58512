//! The agenda's outlet: numbers each publication per audience, keeps the last ones for resumption, and hands them to sinks.
//!
//! A position is continuous with a delta when `from <= position < to`; only `from > position` is a gap.
//! Must not be here: encoding, sockets, waiting.

use crate::agenda::publication::Publication;
use crate::delta::{BoardDelta, Delta, Pushed, Sink, StaffDelta, TopicPosition};
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::{AgendaKey, HistoryId, Seq};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Deltas kept per audience for resumption: as many as a session's outbox holds. Who missed more gets a snapshot. They are
/// the largest part of a quiet agenda's memory, and each is published again when the agenda is loaded.
pub const RING_DELTAS_MAX: usize = 64;

/// Names one subscription in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub u64);

/// How a subscriber gets up to date.
#[derive(Debug)]
pub enum Joining {
    /// The state at this position.
    Snapshot {
        /// Position to go on from.
        position: TopicPosition,
    },
    /// What was missed, possibly nothing.
    Resumed {
        /// Position after these deltas.
        position: TopicPosition,
        /// In order.
        deltas: Vec<Delta>,
    },
}

/// One audience's part.
struct Topic {
    /// From this position on, every visible change is in the ring.
    base: Seq,
    /// Last position this audience was told: the next delta follows it.
    told: Seq,
    /// Where who joins now stands: as told, or later, when what came since was not visible to this audience.
    here: Seq,
    ring: VecDeque<(Seq, Delta)>,
    sinks: BTreeMap<SubscriptionId, Arc<dyn Sink>>,
}

impl Topic {
    const fn new(base: Seq) -> Self {
        Self {
            base,
            told: base,
            here: base,
            ring: VecDeque::new(),
            sinks: BTreeMap::new(),
        }
    }

    fn push(&mut self, to: Seq, delta: Delta) {
        self.sinks.retain(|_, sink| match sink.push(delta.clone()) {
            Pushed::Taken => true,
            Pushed::Gone => false,
        });
        (self.told, self.here) = (to, to);
        self.ring.push_back((to, delta));
        while self.ring.len() > RING_DELTAS_MAX {
            if let Some((seq, _)) = self.ring.pop_front() {
                self.base = seq;
            }
        }
    }

    /// What a subscriber at `seq` has missed; none when the ring cannot say.
    fn since(&self, seq: Seq, head: Seq) -> Option<Vec<Delta>> {
        if seq < self.base || seq > head {
            return None;
        }
        let missed = self.ring.iter().filter(|(to, _)| *to > seq);
        Some(missed.map(|(_, delta)| delta.clone()).collect())
    }
}

/// The feed of one agenda. Dropping it closes every sink.
pub struct Feed {
    agenda: AgendaKey,
    history: HistoryId,
    /// Sequence of the last event published.
    head: Seq,
    staff: Topic,
    board: Topic,
}

impl Feed {
    /// A feed whose rings hold `replay`: everything after `base`, up to `here`. Who joins stands at `here`, also when the last
    /// events were visible to staff alone: while there was no feed, readers were told that position.
    #[must_use]
    pub fn open(agenda: AgendaKey, history: HistoryId, base: Seq, replay: Vec<Publication>, here: Seq) -> Self {
        let mut feed = Self {
            agenda,
            history,
            head: base,
            staff: Topic::new(base),
            board: Topic::new(base),
        };
        feed.publish(replay);
        for position in [&mut feed.head, &mut feed.staff.here, &mut feed.board.here] {
            *position = here.max(*position);
        }
        feed
    }

    /// Tells both audiences; answers how many deltas each got.
    pub fn publish(&mut self, publications: Vec<Publication>) -> (u64, u64) {
        let mut told = (0, 0);
        for publication in publications {
            let Publication {
                from: _,
                to,
                at,
                events,
                people,
                board,
            } = publication;
            self.head = to;
            if !board.is_empty() {
                let delta = BoardDelta {
                    agenda: self.agenda,
                    history: self.history,
                    from: self.board.told,
                    to,
                    at,
                    changes: board.changes,
                    types_changed: board.types_changed,
                };
                self.board.push(to, Delta::Board(Arc::new(delta)));
                told.1 += 1;
            }
            let delta = StaffDelta {
                agenda: self.agenda,
                history: self.history,
                from: self.staff.told,
                to,
                at,
                events,
                people,
            };
            self.staff.push(to, Delta::Staff(Arc::new(delta)));
            told.0 += 1;
        }
        told
    }

    const fn topic(&self, audience: Audience) -> &Topic {
        match audience {
            Audience::Staff => &self.staff,
            Audience::Board => &self.board,
        }
    }

    /// Adds a sink and says how it gets up to date. The caller renders a snapshot in the same turn.
    pub fn join(
        &mut self,
        id: SubscriptionId,
        audience: Audience,
        position: Option<TopicPosition>,
        sink: Arc<dyn Sink>,
    ) -> Joining {
        let topic = self.topic(audience);
        let now = TopicPosition {
            history: self.history,
            seq: topic.here,
        };
        let missed = position
            .filter(|position| position.history == self.history)
            .and_then(|position| topic.since(position.seq, self.head));
        let topic = match audience {
            Audience::Staff => &mut self.staff,
            Audience::Board => &mut self.board,
        };
        topic.sinks.insert(id, sink);
        match missed {
            Some(deltas) => Joining::Resumed { position: now, deltas },
            None => Joining::Snapshot { position: now },
        }
    }

    /// Forgets a sink without a word to it.
    pub fn leave(&mut self, id: SubscriptionId) {
        self.staff.sinks.remove(&id);
        self.board.sinks.remove(&id);
    }

    /// How many sinks listen.
    #[must_use]
    pub fn sinks(&self) -> usize {
        self.staff.sinks.len() + self.board.sinks.len()
    }

    /// Where an audience stands.
    #[must_use]
    pub const fn position(&self, audience: Audience) -> Seq {
        self.topic(audience).here
    }

    /// The history.
    #[must_use]
    pub const fn history(&self) -> HistoryId {
        self.history
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        for sink in self.staff.sinks.values().chain(self.board.sinks.values()) {
            sink.closed();
        }
    }
}
