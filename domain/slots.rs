//! Free slots: all bookable starts of a type, and the change one event causes.
//!
//! Rules, also followed by the naive model in the tests:
//! - Openings of a date are the weekly rules that apply to it (weekday, validity, A/B week, not on a public holiday
//!   unless the profile opens them) and the exceptional openings, in the profile's zone. Openings that accept the type,
//!   at the same place, touching or overlapping, are one opening.
//! - Civil edges become instants by the zone: an edge in the missing hour moves forward by the gap, an edge in the doubled
//!   hour takes its first occurrence for a start and its second for an end.
//! - Possible starts lie every `granularity_minutes` elapsed minutes from the opening's start. The appointment
//!   (without buffers) must lie inside the opening and touch no absence.
//! - With buffers it must touch no booking's and no hold's occupied span. A hold blocks until its end event; `decide`
//!   alone treats it as free from `expires_at` on.
//! - A slot is bookable from local midnight of its day minus the window, until its start minus the minimum notice.

use crate::agenda::Agenda;
use crate::event::Event;
use crate::ids::{PlaceId, TypeId};
use crate::time::{Span, UtcMillis, UtcMinute};
use serde::{Deserialize, Serialize};

/// Days shown beyond the longest booking window, so that a board that stays open some days misses nothing.
pub const HORIZON_MARGIN_DAYS: i32 = 8;

/// One possible start for a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Start of the appointment.
    pub start: UtcMinute,
    /// Where.
    pub place: PlaceId,
    /// Patients may book from this instant (booking window).
    pub bookable_from: UtcMillis,
    /// Patients may book until this instant, itself excluded (minimum notice).
    pub bookable_until: UtcMillis,
}

/// What changed for one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotChanges {
    /// Which type.
    pub kind: TypeId,
    /// Starts that are no longer free, ascending.
    pub removed: Vec<UtcMinute>,
    /// Slots that have become free or have other bounds, ascending by start.
    pub added: Vec<Slot>,
}

/// The stretch that snapshots and deltas cover at `now`: from local midnight of today to the end of the longest booking
/// window of any type plus [`HORIZON_MARGIN_DAYS`]. None while the agenda has no profile.
#[must_use]
pub fn horizon(agenda: &Agenda, now: UtcMillis) -> Option<Span> {
    let _ = (agenda, now);
    None
}

/// All slots of a type whose start lies inside `horizon`, ascending. Empty for an unknown type or no profile.
#[must_use]
pub fn slots(agenda: &Agenda, kind: TypeId, horizon: Span) -> Vec<Slot> {
    let _ = (agenda, kind, horizon);
    Vec::new()
}

/// What `event` changed between `before` and `after` (the state it was applied to, and the result) inside `horizon`,
/// per type in the order of type ids; types without change are left out. Offered types of either state, online or not.
#[must_use]
pub fn slot_changes(before: &Agenda, after: &Agenda, event: &Event, horizon: Span) -> Vec<SlotChanges> {
    let _ = (before, after, event, horizon);
    Vec::new()
}
