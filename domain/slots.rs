//! Free slots: all bookable starts of a type, and the change one event causes.
//!
//! Rules, also followed by the naive model in the tests:
//! - Openings of a date are the weekly rules that apply to it (weekday, validity, A/B week, not on a public holiday
//!   unless the profile opens them) and the exceptional openings, in the profile's zone. Openings of one date that accept
//!   the type, at the same place, released at the same moment, touching or overlapping, are one opening. Openings of two
//!   dates are never joined: no slot runs across midnight.
//! - Civil edges become instants by the zone: an edge in the missing hour moves later by the gap, an edge in the doubled
//!   hour takes its first occurrence for a start and its second for an end. What comes out empty does not exist that day.
//! - Possible starts lie every `granularity_minutes` elapsed minutes from the opening's start. The appointment
//!   (without buffers) must lie inside the opening and touch no absence.
//! - With buffers it must touch no booking's and no hold's occupied span. A hold blocks until its end event; `decide`
//!   alone treats it as free from `expires_at` on.
//! - A slot is bookable from the moment at which its type opens its date (local midnight of its day minus the window, or the
//!   weekly moment) and its opening is released, whichever is later, until its start minus the minimum notice. The slot is
//!   listed whatever the time is now; clients apply the two bounds.
//! - One slot per start: where several openings offer the same start, the one that is bookable first has it, then the place
//!   with the smallest id.
//! - On a date on which as many bookings and holds of a type begin as its daily cap allows, the type has no slots.

mod changes;
mod stretch;

pub use self::changes::{SlotWatch, slot_changes};

use self::stretch::Stretch;
use crate::agenda::Agenda;
use crate::ids::{PlaceId, TypeId};
use crate::schedule::{AppointmentType, BOOKING_WINDOW_DAYS_DEFAULT};
use crate::time::{CivilDate, Span, UtcMillis, UtcMinute};
use crate::zone_table::ZoneTable;
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
/// window of any offered type plus [`HORIZON_MARGIN_DAYS`] (of [`BOOKING_WINDOW_DAYS_DEFAULT`] while there is no type).
/// None while the agenda has no profile.
#[must_use]
pub fn horizon(agenda: &Agenda, now: UtcMillis) -> Option<Span> {
    let zone = &agenda.index.plan.as_ref()?.zone;
    let windows = agenda.types.values();
    let windows = windows.map(|kind| kind.opens.days_ahead(kind.booking_window_days));
    let window = i32::from(windows.max().unwrap_or(BOOKING_WINDOW_DAYS_DEFAULT));
    let today = zone.date_of(now.minute());
    Some(Span {
        from: zone.midnight(today),
        until: zone.midnight(today.plus_days(window + HORIZON_MARGIN_DAYS + 1)),
    })
}

/// All slots of a type whose start lies inside `horizon`, ascending. Empty for an unknown or retired type or no profile.
#[must_use]
pub fn slots(agenda: &Agenda, kind: TypeId, horizon: Span) -> Vec<Slot> {
    let mut found = Vec::new();
    if let Some(kind) = agenda.types.get(&kind)
        && let Some(stretch) = Stretch::whole(agenda, horizon, std::iter::once(kind))
    {
        stretch.slots(kind, horizon, &mut found);
    }
    found
}

/// The civil dates that `span` touches: openings lie inside their own date, also where a clock change moves an edge.
/// Empty for an empty or implausible span.
pub(crate) fn dates(zone: &ZoneTable, span: Span) -> impl Iterator<Item = CivilDate> + use<> {
    let (first, last) = (zone.date_of(span.from), zone.date_of(span.until.plus(-1)));
    let valid = span.from < span.until && first.is_plausible() && last.is_plausible();
    let (first, last) = if valid { (first.0, last.0) } else { (1, 0) };
    (first..=last).map(CivilDate)
}

/// From when on patients may book on `date`, releases of openings aside.
pub(crate) fn opens(zone: &ZoneTable, kind: &AppointmentType, date: CivilDate) -> UtcMinute {
    kind.opens.from(kind.booking_window_days, zone, date)
}

/// Until when patients may book `start`, itself excluded.
pub(crate) fn closes(kind: &AppointmentType, start: UtcMinute) -> UtcMillis {
    start.plus(-i64::from(kind.minimum_notice_minutes)).millis()
}
