//! The waiting list, both ways.

use super::{Malformed, inward, outward};
use crate::v1::model::Place;
use crate::v1::session::StaffChange;
use crate::v1::waiting::{Offer, StaffWaiting, WaitingView, Wishes};
use cabinet_domain as domain;
use domain::agenda::{Agenda, Hold};
use domain::audience::Sight;
use domain::ids::{BookingId, PlaceId, WaitingId};
use domain::person::Person;
use domain::time::UtcMillis;
use domain::waiting::{Priority, WaitingEntry, rank};

/// When somebody could come.
///
/// # Errors
/// [`Malformed`] with the first field that does not have its shape.
pub fn wishes(wishes: &Wishes) -> Result<domain::waiting::Wishes, Malformed> {
    let weekdays = wishes.weekdays.iter().map(|day| inward::weekday(day));
    let place = wishes.place.as_deref();
    Ok(domain::waiting::Wishes {
        weekdays: weekdays.collect::<Result<_, _>>()?,
        from_minute_of_day: inward::time_of_day("wishes.from", &wishes.from)?,
        until_minute_of_day: inward::time_of_day("wishes.until", &wishes.until)?,
        first_day: inward::date("wishes.first_day", &wishes.first_day)?,
        last_day: inward::date("wishes.last_day", &wishes.last_day)?,
        notice_minutes: wishes.notice_minutes,
        place: place.map(|place| inward::id("wishes.place", place)).transpose()?,
    })
}

fn shown_wishes(wishes: &domain::waiting::Wishes) -> Wishes {
    let weekdays = wishes.weekdays.iter();
    Wishes {
        weekdays: weekdays.map(|day| outward::weekday(*day).to_owned()).collect(),
        from: outward::time_of_day(wishes.from_minute_of_day),
        until: outward::time_of_day(wishes.until_minute_of_day),
        first_day: wishes.first_day.to_string(),
        last_day: wishes.last_day.to_string(),
        notice_minutes: wishes.notice_minutes,
        place: wishes.place.map(|place| place.to_string()),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Somebody who waits, for staff who see names.
#[must_use]
pub fn staff_waiting(entry: &WaitingEntry, who: Option<&Person>) -> StaffWaiting {
    StaffWaiting {
        id: entry.id.to_string(),
        kind: entry.kind.to_string(),
        person: who.map(outward::person),
        wishes: shown_wishes(&entry.wishes),
        urgent: entry.priority == Priority::Urgent,
        joined_ms: entry.joined_at.0,
        passed: count(entry.passed.len()),
        offer: entry.offer.map(|hold| hold.to_string()),
    }
}

/// How pressing it now is for somebody who waits.
#[must_use]
pub fn urgent(entry: WaitingId, priority: Priority) -> StaffChange {
    StaffChange::WaitingUrgent {
        id: entry.to_string(),
        urgent: priority == Priority::Urgent,
    }
}

/// A hold for somebody who waits: its time is seen by all staff, whose it is by those who see names.
pub fn offered(entry: WaitingId, hold: &Hold, sight: Sight) -> impl Iterator<Item = StaffChange> {
    let held = StaffChange::HoldSet {
        hold: outward::hold(hold, sight),
    };
    let whose = sight.names().then(|| StaffChange::WaitingOffered {
        id: entry.to_string(),
        hold: hold.id.to_string(),
    });
    std::iter::once(held).chain(whose)
}

fn offer(hold: &Hold, place_of: impl Fn(PlaceId) -> Option<Place>) -> Offer {
    Offer {
        start_ms: outward::millis(hold.span.from),
        end_ms: outward::millis(hold.span.until),
        place: place_of(hold.place),
        until_ms: hold.expires_at.0,
    }
}

/// One's own entry, or the booking that came of it. None for an unknown id, or where `is_theirs` does not know the secret.
pub fn own(
    agenda: &Agenda,
    id: WaitingId,
    now: UtcMillis,
    is_theirs: impl Fn(&[u8; 32]) -> bool,
    place_of: impl Fn(PlaceId) -> Option<Place>,
) -> Option<WaitingView> {
    let view = |kind, state: &str| {
        let kind = agenda.kind(kind)?;
        Some(WaitingView {
            state: state.to_owned(),
            kind: outward::appointment_type(kind),
            wishes: None,
            rank: 0,
            waiting: 0,
            passed: 0,
            offer: None,
            manage_path: None,
            now_ms: now.0,
        })
    };
    let Some(entry) = agenda.waiting.get(&id) else {
        let booking = agenda.bookings.get(&BookingId(id.0))?;
        return view(booking.kind, "booked").filter(|_| booking.manage.as_ref().is_some_and(is_theirs));
    };
    if !is_theirs(&entry.owner) {
        return None;
    }
    // A hold that has run out is nobody's offer, whatever timers do.
    let held = entry.offer.and_then(|hold| agenda.holds.get(&hold));
    let held = held.filter(|hold| hold.is_live(now));
    let (rank, waiting) = rank(&agenda.waiting, id)?;
    Some(WaitingView {
        wishes: Some(shown_wishes(&entry.wishes)),
        rank: count(rank),
        waiting: count(waiting),
        passed: count(entry.passed.len()),
        offer: held.map(|hold| offer(hold, place_of)),
        ..view(entry.kind, if held.is_some() { "offered" } else { "waiting" })?
    })
}
