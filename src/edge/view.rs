//! What is shown of an agenda: to staff and to anyone. Runs inside the agenda's actor, so it is short and does no I/O.

use cabinet_actors::read::AgendaRead;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audience::Sight;
use cabinet_domain::ids::TypeId;
use cabinet_domain::slots::{self, Slot};
use cabinet_domain::time::{Span, UtcMinute};
use cabinet_domain::view::{first_part, shown_openings};
use cabinet_domain::waiting::in_order;
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::convert::waiting::staff_waiting;
use cabinet_proto::v1::model::{AppointmentType, StaffBooking, StaffOpening, StaffPart, StaffView};
use std::collections::BTreeSet;

/// Types that patients may book.
#[must_use]
pub fn online_types(agenda: &Agenda) -> Vec<AppointmentType> {
    let online = agenda.types.values().filter(|kind| kind.online);
    online.map(outward::appointment_type).collect()
}

/// Free slots of the online types, or of one of them.
#[must_use]
pub fn free_slots(read: AgendaRead<'_>, only: Option<TypeId>) -> Vec<(TypeId, Vec<Slot>)> {
    let Some(horizon) = slots::horizon(read.agenda, read.now) else {
        return Vec::new();
    };
    let online = read.agenda.types.values().filter(|kind| kind.online);
    online
        .filter(|kind| only.is_none_or(|only| only == kind.id))
        .map(|kind| (kind.id, slots::slots(read.agenda, kind.id, horizon)))
        .collect()
}

/// Bookings in one part of a session's view. A booking is about 450 bytes of JSON, so that a part stays under some 20 KiB:
/// of a reader that stops, no more than one part lies in memory.
const PART_BOOKINGS_MAX: usize = 32;

/// What staff of this sight see of an agenda; bookings and openings of `covers` only.
#[must_use]
pub fn staff_view(read: AgendaRead<'_>, sight: Sight, covers: Span) -> StaffView {
    view_until(read, sight, covers, covers.until)
}

/// The same, but bookings and openings of the first part only; [`staff_part`] gives the rest.
#[must_use]
pub fn staff_view_begun(read: AgendaRead<'_>, sight: Sight, covers: Span) -> StaffView {
    view_until(
        read,
        sight,
        covers,
        first_part(read.agenda, covers, PART_BOOKINGS_MAX).until,
    )
}

/// Bookings and openings that start in the first part of `rest`.
#[must_use]
pub fn staff_part(read: AgendaRead<'_>, sight: Sight, rest: Span) -> StaffPart {
    let part = first_part(read.agenda, rest, PART_BOOKINGS_MAX);
    let from_ms = outward::millis(part.from);
    let (mut bookings, mut openings) = (bookings(read, sight, part), openings(read.agenda, sight, part));
    // What began earlier was in an earlier part.
    bookings.retain(|booking| booking.start_ms >= from_ms);
    openings.retain(|opening| opening.start_ms >= from_ms);
    StaffPart {
        bookings,
        openings,
        complete_until_ms: outward::millis(part.until),
    }
}

fn bookings(read: AgendaRead<'_>, sight: Sight, covers: Span) -> Vec<StaffBooking> {
    let bookings = read.agenda.bookings_between(covers);
    bookings
        .map(|booking| outward::booking_in(read.agenda, &booking, sight, read.people.get(booking.details)))
        .collect()
}

fn view_until(read: AgendaRead<'_>, sight: Sight, covers: Span, complete_until: UtcMinute) -> StaffView {
    let agenda = read.agenda;
    // Who sees times alone needs no settings: they name types. When it is open stands in `openings`.
    let settings = sight.types();
    let complete = Span {
        from: covers.from,
        until: complete_until,
    };
    let used: BTreeSet<TypeId> = agenda.bookings.values().map(|booking| booking.kind).collect();
    let retired = agenda.retired_types.values().filter(|kind| used.contains(&kind.id));
    let profile = agenda.profile.as_ref();
    StaffView {
        agenda: agenda.key.agenda.to_string(),
        zone: profile
            .map(|profile| profile.zone.name().to_owned())
            .unwrap_or_default(),
        granularity_minutes: profile.map_or(15, |profile| profile.granularity_minutes),
        types: agenda
            .types
            .values()
            .chain(retired)
            .filter(|_| settings)
            .map(outward::appointment_type)
            .collect(),
        bookings: bookings(read, sight, complete),
        holds: agenda
            .live_holds(read.now)
            .map(|hold| outward::hold(hold, sight))
            .collect(),
        absences: agenda
            .absences
            .values()
            .map(|absence| outward::absence(absence, sight))
            .collect(),
        rules: agenda.rules.values().filter(|_| settings).map(outward::rule).collect(),
        exceptions: agenda
            .exceptions
            .values()
            .filter(|_| settings)
            .map(outward::exception)
            .collect(),
        openings: openings(agenda, sight, complete),
        covers_from_ms: outward::millis(covers.from),
        covers_until_ms: outward::millis(covers.until),
        complete_until_ms: outward::millis(complete_until),
        delay_minutes: agenda.delay_now(read.now).map_or(0, |delay| delay.minutes),
        waiting: in_order(&agenda.waiting)
            .into_iter()
            .filter(|_| sight.names())
            .map(|entry| staff_waiting(entry, read.people.get(entry.details)))
            .collect(),
    }
}

fn openings(agenda: &Agenda, sight: Sight, covers: Span) -> Vec<StaffOpening> {
    let shown = shown_openings(agenda, covers);
    let shown = shown.iter().map(|opening| StaffOpening {
        start_ms: outward::millis(opening.span.from),
        end_ms: outward::millis(opening.span.until),
        place: if sight.types() {
            opening.place.to_string()
        } else {
            String::new()
        },
        types: sight.types().then(|| outward::selection(&opening.types)).flatten(),
    });
    shown.collect()
}
