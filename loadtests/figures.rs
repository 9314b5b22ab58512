//! Percentiles of measured durations, and rates.

use std::fmt;
use std::time::Duration;

/// So many in so long; shown as so many a second.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    count: u64,
    took: Duration,
}

impl Measured {
    /// A rate.
    #[must_use]
    pub const fn new(count: u64, took: Duration) -> Self {
        Self { count, took }
    }
}

impl fmt::Display for Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(
            f,
            "{:.0}",
            if seconds > 0.0 {
                self.count as f64 / seconds
            } else {
                0.0
            }
        )
    }
}

/// The value below which `share` (0..=1) of the sorted durations lie, nearest rank; zero for none.
#[must_use]
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "ranks are small"
    )]
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// `p50 1.2 ms, p99 3.4 ms, max 5.6 ms over 50`.
#[must_use]
pub fn summary(durations: &[Duration]) -> String {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let millis = |share| percentile(&sorted, share).as_secs_f64() * 1_000.0;
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms over {}",
        millis(0.5),
        millis(0.99),
        millis(1.0),
        sorted.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_holds_at_the_edges() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        for (share, expected) in [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)] {
            assert_eq!(percentile(&sorted, share), Duration::from_millis(expected), "{share}");
        }
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
