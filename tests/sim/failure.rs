//! What a seed fails with: an invariant, and what was seen. Must not be here: how anything is checked.

use cabinet_domain::invariants::{Invariant, Violation};

/// A broken invariant in a simulated world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", .invariant.id())]
pub struct Failure {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub what: String,
}

/// Ok, or the seed has failed.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// This invariant is broken.
    pub fn new(invariant: Invariant, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { invariant, what }
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self::new(violation.invariant(), format!("{violation:?}"))
    }
}

/// Fails with what `what` says unless `holds`.
pub(crate) fn ensure(holds: bool, invariant: Invariant, what: impl FnOnce() -> String) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(Failure::new(invariant, what()))
}

/// Fails with the first violation, if there is one.
pub(crate) fn hold(found: impl IntoIterator<Item = Violation>) -> Outcome {
    found
        .into_iter()
        .next()
        .map_or(Ok(()), |violation| Err(violation.into()))
}
