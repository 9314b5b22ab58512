//! Booking and moving by staff, and cancelling by either side.
//!
//! Staff may use any offered type, start at any minute (no grid, no notice, no window), up to
//! [`RECORDED_LATE_MINUTES_MAX`] ago, also in openings that are kept back from patients. They never overlap a live hold.
//! Overlapping bookings, leaving hours and going over a daily cap each need their own allowance; the event records which of
//! the first two were really used.

use super::place::{InTheWay, Times, in_the_way, place_for_staff, under_cap};
use super::{RECORDED_LATE_MINUTES_MAX, STAFF_BOOKING_DAYS_AHEAD_MAX, Scene};
use crate::agenda::{BOOKINGS_MAX, Booking};
use crate::command::{Allowances, Canceller, Command};
use crate::event::{CancelledBy, Event};
use crate::ids::{BlobId, BookingId, PatientId};
use crate::refusal::Refusal;
use crate::schedule::AppointmentType;
use crate::schedule::validate::require;
use crate::time::{Span, UtcMinute};

pub(super) fn decide(scene: Scene<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::BookDirectly { .. } => book(scene, command),
        Command::MoveBooking { booking, start, allow } => moved(scene, *booking, *start, *allow),
        Command::CancelBooking { booking, by } => cancel(scene, *booking, by),
        Command::SetProfile(_)
        | Command::SetType(_)
        | Command::RetireType(_)
        | Command::OpenHours(_)
        | Command::ChangeHours(_)
        | Command::CloseHours(_)
        | Command::OpenExceptionally(_)
        | Command::CloseException(_)
        | Command::AddAbsence(_)
        | Command::RemoveAbsence(_)
        | Command::HoldSlot { .. }
        | Command::ReleaseHold { .. }
        | Command::ConfirmHold { .. }
        | Command::ExpireHold(_)
        | Command::BookSeries { .. }
        | Command::MoveBookings { .. }
        | Command::CancelBookings { .. }
        | Command::MarkBooking { .. }
        | Command::AnnounceDelay { .. }
        | Command::JoinWaitingList { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. } => Err(Refusal::BookingUnknown), // not reached: `super::decide` sends these elsewhere
    }
}

/// A booking by staff that is to be.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) id: BookingId,
    pub(super) start: UtcMinute,
    pub(super) patient: PatientId,
    pub(super) details: BlobId,
}

/// Order: `TypeUnknown`, then as [`booked`].
fn book(scene: Scene<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let Command::BookDirectly {
        booking,
        kind,
        start,
        patient,
        details,
        allow,
    } = command
    else {
        return Err(Refusal::BookingUnknown);
    };
    let kind = scene.agenda.types.get(kind).ok_or(Refusal::TypeUnknown)?;
    let draft = Draft {
        id: *booking,
        start: *start,
        patient: *patient,
        details: *details,
    };
    booked(scene, kind, draft, *allow)
}

/// The events of one booking by staff, `SlotBooked` last.
/// Order: `AlreadyExists`, `Invalid` (start), `InThePast`, `OutsideHours`, `Absent`, `SlotTaken`, `CapReached`, `TooMany`.
pub(super) fn booked(
    scene: Scene<'_>,
    kind: &AppointmentType,
    draft: Draft,
    allow: Allowances,
) -> Result<Vec<Event>, Refusal> {
    if scene.agenda.bookings.contains_key(&draft.id) {
        return Err(Refusal::AlreadyExists);
    }
    in_reach(scene, draft.start)?;
    let times = Times::of(kind, draft.start);
    let (place, outside_hours) = place_for_staff(scene, kind.id, times.span, allow.outside_hours)?;
    let others = free_for_staff(scene, times.occupied, None, allow)?;
    if !allow.over_cap {
        under_cap(scene, kind, draft.start)?;
    }
    if scene.agenda.bookings.len() >= BOOKINGS_MAX {
        return Err(Refusal::TooMany { what: "bookings" });
    }
    let booking = Booking {
        id: draft.id,
        kind: kind.id,
        span: times.span,
        occupied: times.occupied,
        place,
        patient: draft.patient,
        details: draft.details,
        manage: None,
        notice_version: None,
        online: false,
        booked_at: scene.stamp.now,
        overbooks: others.bookings,
    };
    let mut events = others.expired;
    events.push(Event::SlotBooked {
        booking,
        from_hold: None,
        outside_hours,
    });
    Ok(events)
}

/// Keeps the booking's own length and buffers, even when its type has changed or is retired since. On its own date it counts
/// already: there the cap does not keep it from moving.
/// Order: `BookingUnknown`, `Invalid` (start), `InThePast`, `OutsideHours`, `Absent`, `SlotTaken`, `CapReached`.
pub(super) fn moved(
    scene: Scene<'_>,
    id: BookingId,
    start: UtcMinute,
    allow: Allowances,
) -> Result<Vec<Event>, Refusal> {
    let booking = scene.agenda.bookings.get(&id).ok_or(Refusal::BookingUnknown)?;
    in_reach(scene, start)?;
    let shift = start.0 - booking.span.from.0;
    let shifted = |span: Span| Span {
        from: span.from.plus(shift),
        until: span.until.plus(shift),
    };
    let (span, occupied) = (shifted(booking.span), shifted(booking.occupied));
    let (place, outside_hours) = place_for_staff(scene, booking.kind, span, allow.outside_hours)?;
    let others = free_for_staff(scene, occupied, Some(id), allow)?;
    let zone = &scene.plan.zone;
    let other_date = zone.date_of(start) != zone.date_of(booking.span.from);
    if let Some(kind) = scene.agenda.types.get(&booking.kind)
        && other_date
        && !allow.over_cap
    {
        under_cap(scene, kind, start)?;
    }
    let mut events = others.expired;
    events.push(Event::BookingMoved {
        booking: id,
        span,
        occupied,
        place,
        overbooks: others.bookings,
        outside_hours,
    });
    Ok(events)
}

/// Whether staff may put something at `start`, hours and others aside.
fn in_reach(scene: Scene<'_>, start: UtcMinute) -> Result<(), Refusal> {
    let now = scene.stamp.now.minute();
    let latest = now.plus(STAFF_BOOKING_DAYS_AHEAD_MAX * 24 * 60);
    let near = start.is_plausible() && start <= latest;
    // An instant before 1970 is implausible and past alike; the past says it better.
    if start < now.plus(-RECORDED_LATE_MINUTES_MAX) {
        return Err(Refusal::InThePast);
    }
    require(near, "start", "lie within three years from now")
}

fn free_for_staff(
    scene: Scene<'_>,
    occupied: Span,
    moved: Option<BookingId>,
    allow: Allowances,
) -> Result<InTheWay, Refusal> {
    let others = in_the_way(scene, occupied, moved);
    if others.live_hold || (!others.bookings.is_empty() && !allow.overlap) {
        return Err(Refusal::SlotTaken);
    }
    Ok(others)
}

/// Patients may cancel while `now` is before the cut-off; at the cut-off it is too late. The practice always may.
/// Order: `BookingUnknown`, `NotYours`, `TooLateToCancel`.
fn cancel(scene: Scene<'_>, id: BookingId, by: &Canceller) -> Result<Vec<Event>, Refusal> {
    let booking = scene.agenda.bookings.get(&id).ok_or(Refusal::BookingUnknown)?;
    let by = match by {
        Canceller::Practice => CancelledBy::Practice,
        Canceller::Patient(secret) if booking.manage.as_ref() != Some(secret) => return Err(Refusal::NotYours),
        Canceller::Patient(_) | Canceller::PatientByLink => {
            let minutes = scene
                .agenda
                .kind(booking.kind)
                .map_or(0, |kind| kind.cancellation_cutoff_minutes);
            let cutoff = booking.span.from.plus(-i64::from(minutes)).millis();
            if scene.stamp.now >= cutoff {
                return Err(Refusal::TooLateToCancel { cutoff });
            }
            CancelledBy::Patient
        }
    };
    Ok(vec![Event::BookingCancelled { booking: id, by }])
}
