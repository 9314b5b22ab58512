//! A topic's deltas on their way to one session: bounded; what does not fit makes the topic dirty, and the session then
//! tells the client to read the topic again (latest state wins).
//!
//! Must not be here: the socket.

use cabinet_actors::delta::{Delta, Pushed, Sink, StaffDelta};
use cabinet_domain::ids::Seq;
use parking_lot::Mutex;
use prometheus::IntCounter;
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

/// Deltas that wait for one session and topic. Each is shared with all other receivers.
pub const OUTBOX_DELTAS_MAX: usize = 64;

/// Wakes the session; false when it is gone. A full mailbox counts as awake: the session looks by itself every second.
pub type Wake = Box<dyn Fn() -> bool + Send + Sync>;

#[derive(Default)]
struct Waiting {
    deltas: VecDeque<Arc<StaffDelta>>,
    behind: bool,
    ended: bool,
    woken: bool,
}

/// What has come since the last look.
#[derive(Debug, Default)]
pub struct Taken {
    /// In order.
    pub deltas: Vec<Arc<StaffDelta>>,
    /// Something after them is missing: the topic must be read again, and nothing more comes.
    pub lost: bool,
}

/// The sink of one topic of one session.
pub struct Outbox {
    waiting: Mutex<Waiting>,
    wake: Wake,
    dropped: IntCounter,
}

impl Outbox {
    /// Empty. `dropped` counts deltas that did not fit.
    #[must_use]
    pub fn new(wake: Wake, dropped: IntCounter) -> Self {
        Self {
            waiting: Mutex::default(),
            wake,
            dropped,
        }
    }

    /// Takes what waits, up to position `until`.
    #[must_use]
    pub fn take(&self, until: Seq) -> Taken {
        let mut waiting = self.waiting.lock();
        waiting.woken = false;
        let count = waiting.deltas.partition_point(|delta| delta.to <= until);
        let deltas: Vec<_> = waiting.deltas.drain(..count).collect();
        Taken {
            deltas,
            lost: waiting.deltas.is_empty() && (waiting.behind || waiting.ended),
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Waiting)) -> Pushed {
        let asleep = {
            let mut waiting = self.waiting.lock();
            change(&mut waiting);
            !mem::replace(&mut waiting.woken, true)
        };
        if !asleep || (self.wake)() {
            Pushed::Taken
        } else {
            Pushed::Gone
        }
    }
}

impl Sink for Outbox {
    fn push(&self, delta: Delta) -> Pushed {
        let Delta::Staff(delta) = delta else {
            return Pushed::Taken;
        };
        self.tell(|waiting| {
            if waiting.behind || waiting.deltas.len() >= OUTBOX_DELTAS_MAX {
                self.dropped.inc();
                // What was told before the gap is still true: it goes out, then the notice of the gap.
                waiting.behind = true;
            } else {
                waiting.deltas.push_back(delta);
            }
        })
    }

    fn closed(&self) {
        let _told = self.tell(|waiting| waiting.ended = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_actors::delta::NamedPeople;
    use cabinet_domain::ids::{AgendaId, AgendaKey, HistoryId, PracticeId};
    use cabinet_domain::time::UtcMillis;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn delta(to: u64) -> Delta {
        Delta::Staff(Arc::new(StaffDelta {
            agenda: AgendaKey {
                practice: PracticeId(1),
                agenda: AgendaId(1),
            },
            history: HistoryId(1),
            from: to - 1,
            to,
            at: UtcMillis(0),
            events: Vec::new(),
            people: NamedPeople::default(),
        }))
    }

    #[test]
    fn a_full_outbox_gives_what_fits_and_says_that_something_is_missing() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let seen = wakes.clone();
        let dropped = IntCounter::new("dropped", "dropped").unwrap();
        let wake = Box::new(move || {
            seen.fetch_add(1, Ordering::Relaxed);
            true
        });
        let outbox = Outbox::new(wake, dropped.clone());
        for to in 1..=64 {
            assert_eq!(outbox.push(delta(to)), Pushed::Taken);
        }
        assert_eq!(dropped.get(), 0);
        assert_eq!(outbox.push(delta(65)), Pushed::Taken);
        assert_eq!(dropped.get(), 1);
        assert_eq!(wakes.load(Ordering::Relaxed), 1, "one wake for many deltas");
        let first = outbox.take(60);
        assert_eq!(
            (first.deltas.len(), first.lost),
            (60, false),
            "what fits comes before the notice"
        );
        let taken = outbox.take(Seq::MAX);
        assert_eq!(taken.deltas.len(), 4);
        assert!(taken.lost);
        assert!(outbox.take(Seq::MAX).deltas.is_empty());
    }

    #[test]
    fn a_session_that_is_gone_is_forgotten_by_the_agenda() {
        let dropped = IntCounter::new("dropped", "dropped").unwrap();
        let outbox = Outbox::new(Box::new(|| false), dropped);
        assert_eq!(outbox.push(delta(1)), Pushed::Gone);
    }
}
