//! Between the wire and the domain. Outward cannot fail. Inward, shape errors end here ([`Malformed`], 400); whether a
//! well-formed value is acceptable is the domain's to say.
//!
//! Must not be here: ids and secrets of new things (the edge derives them), any clock, any rule.

pub mod audit;
pub mod changes;
pub mod inward;
pub mod members;
pub mod outward;
pub mod people;
pub mod planning;
pub mod review;
pub mod support;
pub mod waiting;

/// A value that does not have its shape: which field, and what it must be. Never repeats the value itself, which may be
/// personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {must}")]
pub struct Malformed {
    /// The field, as the wire names it.
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}
