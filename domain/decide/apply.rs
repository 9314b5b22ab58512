//! What each event makes of the state. Total: an event about something that is not there changes nothing, one that adds
//! under a known id replaces it. Keeps the derived index in step.

use crate::agenda::index::Taker;
use crate::agenda::{Agenda, Booking, Hold, Remembered};
use crate::command::Principal;
use crate::course::{Delay, Mark};
use crate::event::{Event, Recorded};
use crate::ids::{BookingId, HoldId, PlaceId, TypeId, WaitingId};
use crate::openings::Plan;
use crate::schedule::AppointmentType;
use crate::time::{Span, UtcMillis};
use crate::waiting;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) fn apply(agenda: &mut Agenda, recorded: &Recorded<Event>) {
    agenda.seq = recorded.seq;
    happen(agenda, &recorded.event, recorded.at);
    // A timer's commands carry no sender who could repeat them: repeating one finds the hold gone.
    if recorded.last_of_command && recorded.principal != Principal::System {
        let known = Remembered {
            digest: recorded.digest,
            seq: recorded.seq,
            at: recorded.at,
        };
        agenda.remember((recorded.principal, recorded.command_id), known);
    }
}

/// What the event alone makes of the state, told at `at`.
pub(super) fn happen(agenda: &mut Agenda, event: &Event, at: UtcMillis) {
    match event {
        Event::TypeSet(kind) => set_type(agenda, kind),
        Event::TypeRetired(kind) => retire_type(agenda, *kind),
        Event::SlotHeld(hold) => put_hold(agenda, hold.clone()),
        Event::HoldReleased(hold) | Event::HoldExpired(hold) => {
            if let Some(hold) = take_hold(agenda, *hold) {
                waiting::pass(&mut agenda.waiting, &hold);
            }
        }
        Event::SlotBooked { booking, from_hold, .. } => {
            if let Some(hold) = from_hold {
                take_hold(agenda, *hold);
                waiting::booked(&mut agenda.waiting, *hold);
            }
            put_booking(agenda, booking.clone());
        }
        Event::BookingMoved {
            booking,
            span,
            occupied,
            place,
            overbooks,
            ..
        } => move_booking(agenda, *booking, (*span, *occupied), *place, overbooks),
        Event::BookingCancelled { booking, .. } => {
            if let Some(gone) = take_booking(agenda, *booking) {
                forget_stale_overbooks(agenda, *booking, gone.occupied);
            }
            agenda.course.forget(*booking);
        }
        Event::SeriesJoined { series, bookings } => agenda.course.join(*series, bookings),
        Event::BookingMarked { booking, mark } => match mark {
            Some(state) => {
                agenda.course.marks.insert(*booking, Mark { state: *state, at });
            }
            None => {
                agenda.course.marks.remove(booking);
            }
        },
        Event::DelayAnnounced { minutes } => {
            let minutes = *minutes;
            agenda.course.delay = (minutes > 0).then_some(Delay { minutes, at });
        }
        Event::WaitingJoined(entry) => {
            agenda.waiting.insert(entry.id, entry.clone());
        }
        Event::WaitingLeft { entry, .. } => {
            agenda.waiting.remove(entry);
        }
        Event::WaitingPrioritised { entry, priority } => {
            if let Some(entry) = agenda.waiting.get_mut(entry) {
                entry.priority = *priority;
            }
        }
        Event::SlotOffered { entry, hold } => offer(agenda, *entry, hold),
        Event::ProfileSet(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_) => {
            apply_schedule(agenda, event);
            let plan = agenda.profile.as_ref().map(|profile| Plan::build(agenda, profile));
            agenda.index.plan = plan.map(Arc::new);
        }
    }
}

fn apply_schedule(agenda: &mut Agenda, event: &Event) {
    match event {
        Event::ProfileSet(profile) => agenda.profile = Some(profile.clone()),
        Event::HoursOpened(rule) | Event::HoursChanged(rule) => {
            agenda.rules.insert(rule.id, rule.clone());
        }
        Event::HoursClosed(rule) => {
            agenda.rules.remove(rule);
        }
        Event::ExceptionOpened(exception) => {
            agenda.exceptions.insert(exception.id, exception.clone());
        }
        Event::ExceptionClosed(exception) => {
            agenda.exceptions.remove(exception);
        }
        Event::AbsenceAdded(absence) => {
            agenda.absences.insert(absence.id, absence.clone());
        }
        Event::AbsenceRemoved(absence) => {
            agenda.absences.remove(absence);
        }
        Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::SlotBooked { .. }
        | Event::BookingMoved { .. }
        | Event::BookingCancelled { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. } => {}
        Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => {}
    }
}

fn set_type(agenda: &mut Agenda, kind: &AppointmentType) {
    agenda.retired_types.remove(&kind.id);
    agenda.types.insert(kind.id, kind.clone());
}

fn retire_type(agenda: &mut Agenda, id: TypeId) {
    if let Some(kind) = agenda.types.remove(&id) {
        agenda.retired_types.insert(id, kind);
    }
}

fn offer(agenda: &mut Agenda, entry: WaitingId, hold: &Hold) {
    let Some(entry) = agenda.waiting.get_mut(&entry) else {
        return;
    };
    entry.offer = Some(hold.id);
    put_hold(agenda, hold.clone());
}

fn put_hold(agenda: &mut Agenda, hold: Hold) {
    take_hold(agenda, hold.id);
    agenda.index.hold(hold.occupied, hold.id);
    agenda.holds.insert(hold.id, hold);
}

fn take_hold(agenda: &mut Agenda, id: HoldId) -> Option<Hold> {
    let hold = agenda.holds.remove(&id)?;
    agenda.index.give_back(hold.occupied, id);
    Some(hold)
}

fn put_booking(agenda: &mut Agenda, booking: Booking) {
    agenda.bookings.insert(booking);
}

fn take_booking(agenda: &mut Agenda, id: BookingId) -> Option<Booking> {
    agenda.bookings.remove(&id)
}

fn move_booking(
    agenda: &mut Agenda,
    id: BookingId,
    (span, occupied): (Span, Span),
    place: PlaceId,
    overbooks: &BTreeSet<BookingId>,
) {
    let Some(mut booking) = take_booking(agenda, id) else {
        return;
    };
    let left = booking.occupied;
    booking.span = span;
    booking.occupied = occupied;
    booking.place = place;
    booking.overbooks.clone_from(overbooks);
    put_booking(agenda, booking);
    // What was said was said of the other time.
    agenda.course.marks.remove(&id);
    forget_stale_overbooks(agenda, id, left);
}

/// After `id` has left `left`: bookings there no longer name it as overbooked, unless it still overlaps them.
fn forget_stale_overbooks(agenda: &mut Agenda, id: BookingId, left: Span) {
    let stays = agenda.bookings.get(&id).map(|booking| booking.occupied);
    let there: Vec<(Span, Taker)> = agenda.takers(left).collect();
    for (span, taker) in there {
        let still_overlaps = stays.is_some_and(|stays| stays.overlaps(span));
        if let (Taker::Booking(other), false) = (taker, still_overlaps) {
            agenda.bookings.forget_overbooked(other, id);
        }
    }
}
