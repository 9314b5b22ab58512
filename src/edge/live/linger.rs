//! Topics that change so often that their boards are better served in batches: the cost is per write, not per byte.
//!
//! Must not be here: who is served, and with what.

use super::outbox::When;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// From so many changes a second on, a topic's boards are served in batches. No practice comes near it; a storm does.
const HOT_PER_SECOND: u32 = 100;
/// The pace is that of so many changes.
const LOOK_BACK: u32 = 20;
/// What so many changes take at that pace.
const HOT_WITHIN: Duration = Duration::from_millis(1_000 * LOOK_BACK as u64 / HOT_PER_SECOND as u64);
/// The first change of a batch waits so long for others.
pub(super) const LINGER: Duration = Duration::from_millis(20);

/// The pace of one topic.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last changes, oldest first, up to the look back.
    recent: VecDeque<Instant>,
    /// A batch is gathering.
    gathering: bool,
}

impl Pace {
    /// Notes a change at `now`, perhaps followed by one that is here already: whether its boards are sent it at once.
    pub(super) fn changed(&mut self, now: Instant, followed: bool) -> When {
        self.recent.push_back(now);
        let oldest = match self.recent.len() > LOOK_BACK as usize {
            true => self.recent.pop_front(),
            false => None,
        };
        let hot = oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) < HOT_WITHIN);
        if hot || followed { When::Later } else { When::Now }
    }

    /// Whether a batch begins here, so that its end must be watched.
    pub(super) fn begins_batch(&mut self, when: When) -> bool {
        when == When::Later && !std::mem::replace(&mut self.gathering, true)
    }

    /// The batch has been sent.
    pub(super) fn sent(&mut self) {
        self.gathering = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes `count` times, `apart` from one another, beginning at `from`; how many may wait.
    fn later(pace: &mut Pace, from: &mut Instant, apart_ms: u64, count: u32) -> u32 {
        let mut later = 0;
        for _ in 0..count {
            *from += Duration::from_millis(apart_ms);
            later += u32::from(pace.changed(*from, false) == When::Later);
        }
        later
    }

    #[test]
    fn only_a_storm_makes_boards_wait_and_its_end_is_noticed_at_once() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        assert_eq!(later(&mut pace, &mut now, 10, 100), 0, "100 a second");
        let mut storm = Pace::default();
        assert_eq!(
            later(&mut storm, &mut now, 9, 100),
            80,
            "111 a second, after 20 changes"
        );
        assert_eq!(later(&mut storm, &mut now, 1_000, 5), 0, "the storm is over");
    }

    #[test]
    fn a_batch_is_watched_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.changed(Instant::now(), true), When::Later, "the next is here");
        assert!(!pace.begins_batch(When::Now));
        assert!(pace.begins_batch(When::Later));
        assert!(!pace.begins_batch(When::Later));
        pace.sent();
        assert!(pace.begins_batch(When::Later));
    }
}
