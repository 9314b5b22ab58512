//! The simulated clocks: civil time, which is set forward and back, and time since the start, which never goes back.

use cabinet_actors::clock::Clock;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::options::Ticks;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Both clocks of one world.
#[derive(Debug)]
pub(crate) struct SimClock {
    wall_millis: AtomicI64,
    highest_millis: AtomicI64,
    lowest_millis: AtomicI64,
    passed_millis: AtomicU64,
}

impl SimClock {
    /// Clocks that stand at `now`.
    #[must_use]
    pub(crate) fn new(now: UtcMillis) -> Arc<Self> {
        Arc::new(Self {
            wall_millis: AtomicI64::new(now.0),
            highest_millis: AtomicI64::new(now.0),
            lowest_millis: AtomicI64::new(now.0),
            passed_millis: AtomicU64::new(0),
        })
    }

    /// Time passes.
    pub(crate) fn pass(&self, millis: u64) {
        self.passed_millis.fetch_add(millis, Ordering::Relaxed);
        self.jump(i64::try_from(millis).unwrap_or(0));
    }

    /// Somebody sets the civil clock.
    pub(crate) fn jump(&self, millis: i64) {
        let now = self.wall_millis.fetch_add(millis, Ordering::Relaxed) + millis;
        self.highest_millis.fetch_max(now, Ordering::Relaxed);
        self.lowest_millis.fetch_min(now, Ordering::Relaxed);
    }

    /// The latest civil time that was ever shown.
    pub(crate) fn highest(&self) -> UtcMillis {
        UtcMillis(self.highest_millis.load(Ordering::Relaxed))
    }

    /// Milliseconds since the start.
    pub(crate) fn passed_millis(&self) -> u64 {
        self.passed_millis.load(Ordering::Relaxed)
    }

    /// Time since the start, for the journal.
    #[must_use]
    pub(crate) fn ticks(self: &Arc<Self>) -> Ticks {
        let clock = Arc::clone(self);
        Arc::new(move || Duration::from_millis(clock.passed_millis()))
    }
}

impl Clock for SimClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.wall_millis.load(Ordering::Relaxed))
    }
}
