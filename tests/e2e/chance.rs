//! Chance that tests can repeat.

use cabinet_actors::access::Entropy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Randomness that is the same in each run.
pub(crate) fn draws(first: u64) -> Entropy {
    let draws = AtomicU64::new(first);
    Arc::new(move || {
        let draw = draws.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let digest = ring::digest::digest(&ring::digest::SHA256, &draw);
        digest.as_ref().try_into().unwrap()
    })
}
