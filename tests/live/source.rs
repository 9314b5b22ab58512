//! Agendas as the hubs see them, without agendas: one state of slots per topic, numbered changes, a short memory.

use cabinet::edge::live::{BoardSource, Joined, SourceError, Subscription};
use cabinet_actors::delta::{BoardDelta, Delta, Pushed, Sink, TopicPosition};
use cabinet_domain::ids::{AgendaId, AgendaKey, HistoryId, PlaceId, PracticeId, Seq, TypeId};
use cabinet_domain::slots::{Slot, SlotChanges};
use cabinet_domain::time::{UtcMillis, UtcMinute};
use cabinet_proto::v1::convert::outward;
use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

pub(crate) const KIND: TypeId = TypeId(7);

struct Topic {
    history: HistoryId,
    seq: Seq,
    base: Seq,
    ring: VecDeque<Arc<BoardDelta>>,
    slots: BTreeSet<i64>,
    sinks: BTreeMap<u64, Arc<dyn Sink>>,
}

/// The stand-in.
pub(crate) struct Source {
    topics: Mutex<BTreeMap<u128, Topic>>,
    ring_max: usize,
    next: AtomicU64,
    /// Questions wait while this is set.
    pub(crate) shut: AtomicBool,
    /// Questions put.
    pub(crate) put: AtomicUsize,
    /// Questions answered.
    pub(crate) asked: AtomicUsize,
    /// Questions to refuse as busy before the next is answered.
    pub(crate) refuse: AtomicUsize,
}

fn key(agenda: u128) -> AgendaKey {
    AgendaKey {
        practice: PracticeId(1),
        agenda: AgendaId(agenda),
    }
}

fn slot(start: i64) -> Slot {
    Slot {
        start: UtcMinute(start),
        place: PlaceId(3),
        bookable_from: UtcMillis(0),
        bookable_until: UtcMinute(start).millis(),
    }
}

impl Source {
    /// Topics `agenda-0` .. of practice `cabinet`, each with `slots` free slots, which remember `ring_max` changes.
    pub(crate) fn new(topics: u128, slots: i64, ring_max: usize) -> Arc<Self> {
        let topic = |number| {
            let topic = Topic {
                history: HistoryId(900 + number),
                seq: 10,
                base: 10,
                ring: VecDeque::new(),
                slots: (0..slots).collect(),
                sinks: BTreeMap::new(),
            };
            (number, topic)
        };
        Arc::new(Self {
            topics: Mutex::new((0..topics).map(topic).collect()),
            ring_max,
            next: AtomicU64::new(0),
            shut: AtomicBool::new(false),
            put: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            refuse: AtomicUsize::new(0),
        })
    }

    /// Takes `taken` away and frees `freed`; the position jumps by three, as other audiences see more.
    pub(crate) fn change(&self, agenda: u128, taken: &[i64], freed: impl IntoIterator<Item = i64>) -> Seq {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(&agenda).unwrap();
        let freed: Vec<i64> = freed.into_iter().collect();
        for start in taken {
            topic.slots.remove(start);
        }
        topic.slots.extend(&freed);
        let changes = SlotChanges {
            kind: KIND,
            removed: taken.iter().map(|start| UtcMinute(*start)).collect(),
            added: freed.iter().map(|start| slot(*start)).collect(),
        };
        let delta = Arc::new(BoardDelta {
            agenda: key(agenda),
            history: topic.history,
            from: topic.seq,
            to: topic.seq + 3,
            at: self.now(),
            changes: vec![changes],
            types_changed: false,
        });
        topic.seq = delta.to;
        topic.ring.push_back(delta.clone());
        if topic.ring.len() > self.ring_max
            && let Some(oldest) = topic.ring.pop_front()
        {
            topic.base = oldest.to;
        }
        topic
            .sinks
            .retain(|_, sink| sink.push(Delta::Board(delta.clone())) == Pushed::Taken);
        topic.seq
    }

    /// The agenda's actor ends: every sink is told and dropped.
    pub(crate) fn end(&self, agenda: u128) {
        let sinks = std::mem::take(&mut self.topics.lock().get_mut(&agenda).unwrap().sinks);
        sinks.values().for_each(|sink| sink.closed());
    }

    /// History is lost: the same state under another name.
    pub(crate) fn lose_history(&self, agenda: u128) {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(&agenda).unwrap();
        topic.history = HistoryId(topic.history.0 + 1_000);
        topic.ring.clear();
        topic.base = topic.seq;
    }

    /// Position and free starts.
    pub(crate) fn state(&self, agenda: u128) -> (Seq, BTreeSet<i64>) {
        let topics = self.topics.lock();
        let topic = &topics[&agenda];
        (topic.seq, topic.slots.clone())
    }

    /// Sinks that hang in the feed.
    pub(crate) fn sinks(&self, agenda: u128) -> usize {
        self.topics.lock()[&agenda].sinks.len()
    }

    fn join(&self, agenda: AgendaKey, position: Option<TopicPosition>, sink: Arc<dyn Sink>) -> Option<(u64, Joined)> {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(&agenda.agenda.0)?;
        let here = TopicPosition {
            history: topic.history,
            seq: topic.seq,
        };
        let known = position.filter(|position| {
            position.history == topic.history && position.seq >= topic.base && position.seq <= topic.seq
        });
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        topic.sinks.insert(id, sink);
        let joined = match known {
            Some(known) => {
                let missed = topic.ring.iter().filter(|delta| delta.to > known.seq);
                Joined::Resumed {
                    position: here,
                    deltas: missed.cloned().map(Delta::Board).collect(),
                }
            }
            None => {
                let slots: Vec<Slot> = topic.slots.iter().map(|start| slot(*start)).collect();
                Joined::Snapshot {
                    position: here,
                    types: vec![outward::type_slots(KIND, &slots)],
                }
            }
        };
        Some((id, joined))
    }
}

/// What the hubs hold: the source by reference, so that subscriptions can be given up.
pub(crate) struct Shared(pub(crate) Arc<Source>);

impl BoardSource for Shared {
    fn find(&self, practice: &str, practitioner: &str) -> Option<AgendaKey> {
        let number = practitioner.strip_prefix("agenda-")?.parse().ok()?;
        (practice == "cabinet" && self.0.topics.lock().contains_key(&number)).then(|| key(number))
    }

    fn subscribe(
        &self,
        agenda: AgendaKey,
        position: Option<TopicPosition>,
        sink: Arc<dyn Sink>,
    ) -> LocalBoxFuture<'static, Result<(Subscription, Joined), SourceError>> {
        let source = Arc::clone(&self.0);
        Box::pin(async move {
            source.put.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            while source.shut.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
            if source.refuse.load(Ordering::SeqCst) > 0 {
                source.refuse.fetch_sub(1, Ordering::SeqCst);
                return Err(SourceError::Busy);
            }
            source.asked.fetch_add(1, Ordering::SeqCst);
            let (id, joined) = source.join(agenda, position, sink).ok_or(SourceError::NoSuchAgenda)?;
            let given_up = Subscription::new(move || {
                if let Some(topic) = source.topics.lock().get_mut(&agenda.agenda.0) {
                    topic.sinks.remove(&id);
                }
            });
            Ok((given_up, joined))
        })
    }

    fn now(&self) -> UtcMillis {
        self.0.now()
    }
}

impl Source {
    fn now(&self) -> UtcMillis {
        UtcMillis(1_795_000_000_000)
    }
}
