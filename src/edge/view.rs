//! What is shown of an agenda: to staff and to anyone. Runs inside the agenda's actor, so it is short and does no I/O.

use cabinet_actors::read::AgendaRead;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::TypeId;
use cabinet_domain::slots;
use cabinet_domain::time::Span;
use cabinet_domain::view::shown_openings;
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicSlots;
use cabinet_proto::v1::model::{AppointmentType, StaffOpening, StaffView, TypeSlots};
use std::collections::BTreeSet;

/// Types that patients may book.
#[must_use]
pub fn online_types(agenda: &Agenda) -> Vec<AppointmentType> {
    let online = agenda.types.values().filter(|kind| kind.online);
    online.map(outward::appointment_type).collect()
}

/// Free slots of the online types, or of one of them.
#[must_use]
pub fn free_slots(read: AgendaRead<'_>, only: Option<TypeId>) -> Vec<TypeSlots> {
    let Some(horizon) = slots::horizon(read.agenda, read.now) else {
        return Vec::new();
    };
    let online = read.agenda.types.values().filter(|kind| kind.online);
    online
        .filter(|kind| only.is_none_or(|only| only == kind.id))
        .map(|kind| outward::type_slots(kind.id, &slots::slots(read.agenda, kind.id, horizon)))
        .collect()
}

/// The board as one answer.
#[must_use]
pub fn public_slots(read: AgendaRead<'_>, only: Option<TypeId>) -> PublicSlots {
    PublicSlots {
        history: read.history.to_string(),
        seq: read.board_seq,
        now_ms: read.now.0,
        types: free_slots(read, only),
    }
}

/// Everything staff see of an agenda; bookings and openings of `covers` only.
#[must_use]
pub fn staff_view(read: AgendaRead<'_>, covers: Span) -> StaffView {
    let agenda = read.agenda;
    let bookings: Vec<_> = agenda.bookings_between(covers).collect();
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
            .map(outward::appointment_type)
            .collect(),
        bookings: bookings
            .into_iter()
            .map(|booking| outward::booking(booking, read.people.get(booking.details)))
            .collect(),
        holds: agenda.live_holds(read.now).map(outward::hold).collect(),
        absences: agenda.absences.values().map(outward::absence).collect(),
        rules: agenda.rules.values().map(outward::rule).collect(),
        exceptions: agenda.exceptions.values().map(outward::exception).collect(),
        openings: openings(agenda, covers),
        covers_from_ms: outward::millis(covers.from),
        covers_until_ms: outward::millis(covers.until),
    }
}

fn openings(agenda: &Agenda, covers: Span) -> Vec<StaffOpening> {
    let shown = shown_openings(agenda, covers);
    let shown = shown.iter().map(|opening| StaffOpening {
        start_ms: outward::millis(opening.span.from),
        end_ms: outward::millis(opening.span.until),
        place: opening.place.to_string(),
        types: outward::selection(&opening.types),
    });
    shown.collect()
}
