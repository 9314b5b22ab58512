//! Letting simulated time pass on tokio's paused clock: the only place of this crate that waits.

use std::time::Duration;

/// So many simulated milliseconds.
pub(crate) async fn millis(count: u64) {
    tokio::time::sleep(Duration::from_millis(count)).await;
}
