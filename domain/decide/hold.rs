//! Holds: a patient's short claim on a slot, owned by a token.
//!
//! A live hold guarantees its slot: neither a later absence, nor changed hours, nor a retired type takes it back, and
//! confirming it looks at none of these again. An expired hold is free for everyone from `expires_at` on; whoever takes
//! its time ends it first, in the same command.

use super::Scene;
use super::place::{Times, in_the_way, place_on_grid, under_cap};
use crate::agenda::{Agenda, BOOKINGS_MAX, Booking, HOLDS_LIVE_MAX, HOLDS_PER_OWNER_MAX, Hold, SecretHash};
use crate::command::Command;
use crate::event::Event;
use crate::ids::{BlobId, BookingId, HoldId, PatientId, TypeId};
use crate::refusal::Refusal;
use crate::schedule::AppointmentType;
use crate::slots::{closes, opens};
use crate::time::UtcMinute;
use crate::waiting::offered;
use std::collections::BTreeSet;

pub(super) fn decide(scene: Scene<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::HoldSlot {
            hold,
            kind,
            start,
            owner,
        } => hold_slot(scene, *hold, *kind, *start, *owner),
        Command::ReleaseHold { hold, owner } => {
            owned(scene.agenda, *hold, owner)?;
            Ok(vec![Event::HoldReleased(*hold)])
        }
        Command::ConfirmHold {
            hold,
            owner,
            booking,
            patient,
            details,
            notice_version,
            manage,
        } if offered(&scene.agenda.waiting, *hold).is_none() => booked_from(
            scene,
            &Confirmation {
                hold: *hold,
                owner: *owner,
                booking: *booking,
                patient: *patient,
                details: *details,
                notice_version: *notice_version,
                manage: *manage,
            },
        ),
        // An offer is accepted, not confirmed: the booking is for who waited.
        Command::ConfirmHold { .. } => Err(Refusal::HoldGone),
        Command::ExpireHold(hold) => {
            let known = scene.agenda.holds.get(hold).ok_or(Refusal::HoldGone)?;
            if known.is_live(scene.stamp.now) {
                return Err(Refusal::NotExpiredYet);
            }
            Ok(vec![Event::HoldExpired(*hold)])
        }
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
        | Command::BookDirectly { .. }
        | Command::MoveBooking { .. }
        | Command::CancelBooking { .. }
        | Command::BookSeries { .. }
        | Command::MoveBookings { .. }
        | Command::CancelBookings { .. }
        | Command::MarkBooking { .. }
        | Command::AnnounceDelay { .. }
        | Command::JoinWaitingList { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. } => Err(Refusal::HoldGone), // not reached: `super::decide` sends these elsewhere
    }
}

/// Order: `TypeUnknown`, `TypeNotOnline`, `AlreadyExists`, `InThePast`, `TooSoon`, `TooFarAhead`, `OutsideHours`,
/// `OffGrid`, `KeptBack`, `Absent`, `SlotTaken`, `CapReached`, `TooMany`.
fn hold_slot(
    scene: Scene<'_>,
    id: HoldId,
    kind: TypeId,
    start: UtcMinute,
    owner: SecretHash,
) -> Result<Vec<Event>, Refusal> {
    let now = scene.stamp.now;
    let kind = scene.agenda.types.get(&kind).ok_or(Refusal::TypeUnknown)?;
    if !kind.online {
        return Err(Refusal::TypeNotOnline);
    }
    if scene.agenda.holds.contains_key(&id) {
        return Err(Refusal::AlreadyExists);
    }
    in_time(scene, kind, start)?;
    let times = Times::of(kind, start);
    let place = place_on_grid(scene, kind, times.span)?;
    let others = in_the_way(scene, times.occupied, None);
    if others.live_hold || !others.bookings.is_empty() {
        return Err(Refusal::SlotTaken);
    }
    under_cap(scene, kind, start)?;
    let live = scene.agenda.live_holds(now).count();
    let own = scene.agenda.live_holds(now).filter(|hold| hold.owner == owner).count();
    if live >= HOLDS_LIVE_MAX || own >= HOLDS_PER_OWNER_MAX {
        return Err(Refusal::TooMany { what: "holds" });
    }
    let hold = Hold {
        id,
        kind: kind.id,
        span: times.span,
        occupied: times.occupied,
        place,
        owner,
        expires_at: now.plus_seconds(i64::from(scene.profile.hold_ttl_seconds)),
    };
    let mut events = others.expired;
    events.push(Event::SlotHeld(hold));
    Ok(events)
}

/// Whether patients may take `start` now, hours aside.
pub(super) fn in_time(scene: Scene<'_>, kind: &AppointmentType, start: UtcMinute) -> Result<(), Refusal> {
    let now = scene.stamp.now;
    if start.millis() <= now {
        return Err(Refusal::InThePast);
    }
    if now >= closes(kind, start) {
        return Err(Refusal::TooSoon);
    }
    let bookable_from = opens(&scene.plan.zone, kind, scene.plan.zone.date_of(start)).millis();
    if now < bookable_from {
        return Err(Refusal::TooFarAhead { bookable_from });
    }
    Ok(())
}

/// The hold, if this token owns it. Order: `HoldGone`, `NotYours`.
fn owned<'a>(agenda: &'a Agenda, hold: HoldId, owner: &SecretHash) -> Result<&'a Hold, Refusal> {
    let known = agenda.holds.get(&hold).ok_or(Refusal::HoldGone)?;
    if known.owner == *owner {
        return Ok(known);
    }
    Err(Refusal::NotYours)
}

/// What turning a hold into a booking takes; the hold may be an offer's.
pub(super) struct Confirmation {
    pub(super) hold: HoldId,
    pub(super) owner: SecretHash,
    pub(super) booking: BookingId,
    pub(super) patient: PatientId,
    pub(super) details: BlobId,
    pub(super) notice_version: u32,
    pub(super) manage: SecretHash,
}

/// Order: `HoldGone`, `NotYours`, `HoldExpired`, `Invalid` (notice version), `AlreadyExists`, `TooMany`, `SlotTaken`.
pub(super) fn booked_from(scene: Scene<'_>, confirmation: &Confirmation) -> Result<Vec<Event>, Refusal> {
    let Confirmation {
        hold,
        owner,
        booking,
        patient,
        details,
        notice_version,
        manage,
    } = confirmation;
    let hold = owned(scene.agenda, *hold, owner)?;
    if !hold.is_live(scene.stamp.now) {
        return Err(Refusal::HoldExpired);
    }
    crate::schedule::validate::require(*notice_version > 0, "notice_version", "be at least 1")?;
    if scene.agenda.bookings.contains_key(booking) {
        return Err(Refusal::AlreadyExists);
    }
    if scene.agenda.bookings.len() >= BOOKINGS_MAX {
        return Err(Refusal::TooMany { what: "bookings" });
    }
    // A live hold keeps every booking out; looked at once more because nothing may ever be sold twice.
    if !in_the_way(scene, hold.occupied, None).bookings.is_empty() {
        return Err(Refusal::SlotTaken);
    }
    let booking = Booking {
        id: *booking,
        kind: hold.kind,
        span: hold.span,
        occupied: hold.occupied,
        place: hold.place,
        patient: *patient,
        details: *details,
        manage: Some(*manage),
        notice_version: Some(*notice_version),
        online: true,
        booked_at: scene.stamp.now,
        overbooks: BTreeSet::new(),
    };
    Ok(vec![Event::SlotBooked {
        booking,
        from_hold: Some(hold.id),
        outside_hours: false,
    }])
}
