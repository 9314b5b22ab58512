//! Domain to wire. Total.

use crate::v1::http;
use crate::v1::model::{
    AppointmentType, ExceptionalOpening, OpeningRule, Person, Place, Practitioner, Release, SeriesPlace, Slot,
    StaffAbsence, StaffBooking, StaffHold, TypeSlotChanges, TypeSlots, WeeklyOpening,
};
use cabinet_domain as domain;
use domain::audience::Sight;
use domain::ids::TypeId;
use domain::schedule::{Opens, TypeSelection, WeekCycle};
use domain::time::{UtcMinute, Weekday};

/// `#rrggbb`.
#[must_use]
pub fn colour(colour: u32) -> String {
    format!("#{:06x}", colour & 0x00ff_ffff)
}

/// Milliseconds since 1970.
#[must_use]
pub const fn millis(minute: UtcMinute) -> i64 {
    minute.millis().0
}

/// `HH:MM`, `24:00` for the end of the day.
#[must_use]
pub fn time_of_day(minute_of_day: u16) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

/// An appointment type.
#[must_use]
pub fn appointment_type(kind: &domain::schedule::AppointmentType) -> AppointmentType {
    AppointmentType {
        id: kind.id.to_string(),
        name: kind.name.clone(),
        duration_minutes: kind.duration_minutes,
        buffer_before_minutes: kind.buffer_before_minutes,
        buffer_after_minutes: kind.buffer_after_minutes,
        colour: colour(kind.colour),
        online: kind.online,
        minimum_notice_minutes: kind.minimum_notice_minutes,
        booking_window_days: kind.booking_window_days,
        cancellation_cutoff_minutes: kind.cancellation_cutoff_minutes,
        daily_cap: kind.daily_cap,
        opens: match kind.opens {
            Opens::Rolling => None,
            Opens::Weekly {
                weekday: day,
                minute_of_day,
                weeks_ahead,
            } => Some(WeeklyOpening {
                weekday: weekday(day).to_owned(),
                at: time_of_day(minute_of_day),
                weeks_ahead,
            }),
        },
    }
}

/// A free slot.
#[must_use]
pub fn slot(slot: &domain::slots::Slot) -> Slot {
    Slot {
        start_ms: millis(slot.start),
        place: slot.place.to_string(),
        from_ms: slot.bookable_from.0,
        until_ms: slot.bookable_until.0,
    }
}

/// Free slots of one type.
#[must_use]
pub fn type_slots(kind: TypeId, slots: &[domain::slots::Slot]) -> TypeSlots {
    TypeSlots {
        kind: kind.to_string(),
        slots: slots.iter().map(slot).collect(),
    }
}

/// Changed slots of one type.
#[must_use]
pub fn slot_changes(changes: &domain::slots::SlotChanges) -> TypeSlotChanges {
    TypeSlotChanges {
        kind: changes.kind.to_string(),
        removed_ms: changes.removed.iter().copied().map(millis).collect(),
        added: changes.added.iter().map(slot).collect(),
    }
}

/// The JSON of a board's `types` in a `delta`: what all boards of a topic share.
///
/// # Errors
/// None known: plain data with string keys.
pub fn slot_changes_json(changes: &[domain::slots::SlotChanges]) -> Result<Vec<u8>, serde_json::Error> {
    let types: Vec<TypeSlotChanges> = changes.iter().map(slot_changes).collect();
    serde_json::to_vec(&types)
}

/// A place.
#[must_use]
pub fn place(place: &domain::practice::Place) -> Place {
    Place {
        id: place.id.to_string(),
        name: place.name.clone(),
        address: place.address.clone(),
    }
}

/// A practitioner; `zone` is their agenda's.
#[must_use]
pub fn practitioner(practitioner: &domain::practice::Practitioner, zone: &str) -> Practitioner {
    Practitioner {
        agenda: practitioner.agenda.to_string(),
        slug: practitioner.slug.clone(),
        name: practitioner.name.clone(),
        profession: practitioner.profession.clone(),
        colour: colour(practitioner.colour),
        zone: zone.to_owned(),
    }
}

/// A privacy notice.
#[must_use]
pub fn notice(notice: &domain::practice::Notice) -> http::Notice {
    http::Notice {
        version: notice.version,
        french: notice.french.clone(),
        english: notice.english.clone(),
    }
}

/// A practice's public face; none before it has one. `zone_of` gives the zone of each agenda.
#[must_use]
pub fn public_practice(
    practice: &domain::practice::Practice,
    zone_of: impl Fn(domain::ids::AgendaId) -> String,
) -> Option<http::PublicPractice> {
    let face = practice.face.as_ref()?;
    Some(http::PublicPractice {
        slug: face.slug.clone(),
        name: face.name.clone(),
        phone: face.phone.clone(),
        email: face.email.clone(),
        legal: face.legal.clone(),
        practitioners: practice
            .practitioners
            .values()
            .map(|one| practitioner(one, &zone_of(one.agenda)))
            .collect(),
        places: practice.places.values().map(place).collect(),
        notice: practice.current_notice().map(notice),
    })
}

/// The platform's team, where a practice is shown: without name, page and agendas.
#[must_use]
pub const fn platform() -> http::PublicPractice {
    http::PublicPractice {
        slug: String::new(),
        name: String::new(),
        phone: String::new(),
        email: String::new(),
        legal: String::new(),
        practitioners: Vec::new(),
        places: Vec::new(),
        notice: None,
    }
}

/// A person, for staff of the practice or the person alone.
#[must_use]
pub fn person(person: &domain::person::Person) -> Person {
    Person {
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        email: person.email.clone(),
        phone: person.phone.clone(),
    }
}

/// An id where types and places are seen, else nothing.
pub(super) fn seen(sight: Sight, id: impl ToString) -> String {
    if sight.types() { id.to_string() } else { String::new() }
}

/// A booking; `who` is none once the patient is erased.
#[must_use]
pub fn booking(booking: &domain::agenda::Booking, sight: Sight, who: Option<&domain::person::Person>) -> StaffBooking {
    StaffBooking {
        id: booking.id.to_string(),
        kind: seen(sight, booking.kind),
        start_ms: millis(booking.span.from),
        end_ms: millis(booking.span.until),
        place: seen(sight, booking.place),
        person: who.filter(|_| sight.names()).map(person),
        online: sight.types() && booking.online,
        overbooked: !booking.overbooks.is_empty(),
        series: None,
        mark: None,
    }
}

/// A booking with what has become of it.
#[must_use]
pub fn booking_in(
    agenda: &domain::agenda::Agenda,
    one: &domain::agenda::Booking,
    sight: Sight,
    who: Option<&domain::person::Person>,
) -> StaffBooking {
    let (series, mark) = (agenda.course.series.get(&one.id), agenda.course.marks.get(&one.id));
    StaffBooking {
        series: series.filter(|_| sight.types()).map(series_place),
        mark: mark.filter(|_| sight.types()).map(|mark| mark.state.name().to_owned()),
        ..booking(one, sight, who)
    }
}

fn series_place(place: &domain::course::SeriesPlace) -> SeriesPlace {
    SeriesPlace {
        series: place.series.to_string(),
        number: place.number,
        of: place.of,
    }
}

/// A live hold.
#[must_use]
pub fn hold(hold: &domain::agenda::Hold, sight: Sight) -> StaffHold {
    StaffHold {
        id: hold.id.to_string(),
        kind: seen(sight, hold.kind),
        start_ms: millis(hold.span.from),
        end_ms: millis(hold.span.until),
        expires_ms: hold.expires_at.0,
    }
}

/// An absence. What a colleague wrote beside it is for those who see everything.
#[must_use]
pub fn absence(absence: &domain::schedule::Absence, sight: Sight) -> StaffAbsence {
    StaffAbsence {
        id: absence.id.to_string(),
        start_ms: millis(absence.span.from),
        end_ms: millis(absence.span.until),
        label: if sight.names() {
            absence.label.clone()
        } else {
            String::new()
        },
    }
}

/// Accepted types; none means all.
#[must_use]
pub fn selection(types: &TypeSelection) -> Option<Vec<String>> {
    match types {
        TypeSelection::All => None,
        TypeSelection::Only(types) => Some(types.iter().map(ToString::to_string).collect()),
    }
}

pub(super) const fn weekday(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

/// A weekly rule.
#[must_use]
pub fn rule(rule: &domain::schedule::OpeningRule) -> OpeningRule {
    OpeningRule {
        id: rule.id.to_string(),
        weekday: weekday(rule.weekday).to_owned(),
        from: time_of_day(rule.from_minute_of_day),
        until: time_of_day(rule.until_minute_of_day),
        types: selection(&rule.types),
        place: rule.place.to_string(),
        weeks: match rule.weeks {
            WeekCycle::Every => "every",
            WeekCycle::A => "a",
            WeekCycle::B => "b",
        }
        .to_owned(),
        valid_from: rule.valid_from.to_string(),
        valid_until: rule.valid_until.map(|date| date.to_string()),
        release: release(rule.release),
    }
}

/// An exceptional opening.
#[must_use]
pub fn exception(opening: &domain::schedule::ExceptionalOpening) -> ExceptionalOpening {
    ExceptionalOpening {
        id: opening.id.to_string(),
        date: opening.date.to_string(),
        from: time_of_day(opening.from_minute_of_day),
        until: time_of_day(opening.until_minute_of_day),
        types: selection(&opening.types),
        place: opening.place.to_string(),
        release: release(opening.release),
    }
}

fn release(release: domain::schedule::Release) -> Option<Release> {
    let (days_before, minute_of_day) = match release {
        domain::schedule::Release::Always => return None,
        domain::schedule::Release::OnTheDay { minute_of_day } => (0, minute_of_day),
        domain::schedule::Release::DaysBefore { days, minute_of_day } => (days, minute_of_day),
    };
    Some(Release {
        days_before,
        at: time_of_day(minute_of_day),
    })
}
