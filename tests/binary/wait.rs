//! The one polling helper of this suite: waits for a condition against a deadline.

use std::time::Duration;
use tokio::time::Instant;

/// Until `condition` holds; panics with `what` after `patience`. Answers how long it took.
pub(crate) async fn until(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < patience, "{what} did not come within {patience:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}
