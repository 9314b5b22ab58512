//! Wire to domain: shape only. Lengths, ranges and meaning are the domain's to refuse.

use super::Malformed;
use crate::v1::http::{Allowances, StaffCommand};
use crate::v1::model;
use crate::v1::planning::{SeriesPlanRequest, SessionAt};
use cabinet_domain as domain;
use domain::Command;
use domain::command::{Canceller, Leaver};
use domain::course::Attendance;
use domain::ids::{BlobId, PatientId, TypeId};
use domain::person::{Person, PersonalPart};
use domain::schedule::{
    Absence, AppointmentType, ExceptionalOpening, OpeningRule, Opens, Release, TypeSelection, WeekCycle,
};
use domain::series::SeriesWish;
use domain::time::{CivilDate, Span, UtcMinute, Weekday};
use domain::waiting::Priority;
use std::str::FromStr;

const ID: &str = "32 lower-case hexadecimal digits";
const WHOLE_MINUTE: &str = "a whole minute, in milliseconds since 1970";
const TIME_OF_DAY: &str = "HH:MM";
const DATE: &str = "YYYY-MM-DD";
const COLOUR: &str = "#rrggbb";
const SECRET: &str = "32 to 64 lower-case hexadecimal digits";
/// Instants on the wire lie in the years 1900 to 2199.
const MINUTES: std::ops::RangeInclusive<i64> = -36_816_480..=120_968_639;

/// An id.
///
/// # Errors
/// [`Malformed`] unless it is 32 lower-case hexadecimal digits.
pub fn id<I: FromStr>(field: &'static str, text: &str) -> Result<I, Malformed> {
    text.parse().map_err(|_| Malformed { field, must: ID })
}

/// A secret drawn by the sender; returned as it is, to be hashed.
///
/// # Errors
/// [`Malformed`] unless it is 32 to 64 lower-case hexadecimal digits.
pub fn secret<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Malformed> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits && (32..=64).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Malformed { field, must: SECRET })
    }
}

/// A whole minute.
///
/// # Errors
/// [`Malformed`] for a part of a minute or a year outside 1900..=2199.
pub fn minute(field: &'static str, millis: i64) -> Result<UtcMinute, Malformed> {
    let minute = millis.div_euclid(60_000);
    if millis.rem_euclid(60_000) == 0 && MINUTES.contains(&minute) {
        Ok(UtcMinute(minute))
    } else {
        Err(Malformed {
            field,
            must: WHOLE_MINUTE,
        })
    }
}

/// A stretch asked for by a view: whole minutes, in order, at most [`crate::v1::VIEW_DAYS_MAX`] days.
///
/// # Errors
/// [`Malformed`] otherwise.
pub fn view_span(from_ms: i64, until_ms: i64) -> Result<Span, Malformed> {
    let span = span(("from_ms", from_ms), ("until_ms", until_ms))?;
    if span.minutes() > crate::v1::VIEW_DAYS_MAX * 24 * 60 {
        return Err(Malformed {
            field: "until_ms",
            must: "at most 400 days after from_ms",
        });
    }
    Ok(span)
}

fn span(from: (&'static str, i64), until: (&'static str, i64)) -> Result<Span, Malformed> {
    let span = Span {
        from: minute(from.0, from.1)?,
        until: minute(until.0, until.1)?,
    };
    if span.minutes() <= 0 {
        return Err(Malformed {
            field: until.0,
            must: "later than the start",
        });
    }
    Ok(span)
}

/// `#rrggbb`, either case.
///
/// # Errors
/// [`Malformed`] otherwise.
pub fn colour(field: &'static str, text: &str) -> Result<u32, Malformed> {
    text.strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or(Malformed { field, must: COLOUR })
}

/// `HH:MM`, `24:00` included.
///
/// # Errors
/// [`Malformed`] otherwise.
pub fn time_of_day(field: &'static str, text: &str) -> Result<u16, Malformed> {
    let wrong = Malformed {
        field,
        must: TIME_OF_DAY,
    };
    let two_digits = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = text.split_once(':').ok_or(wrong)?;
    match (two_digits(hours), two_digits(minutes)) {
        (Some(24), Some(0)) => Ok(24 * 60),
        (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => Ok(hours * 60 + minutes),
        _ => Err(wrong),
    }
}

pub(super) fn date(field: &'static str, text: &str) -> Result<CivilDate, Malformed> {
    text.parse().map_err(|_| Malformed { field, must: DATE })
}

pub(super) fn weekday(text: &str) -> Result<Weekday, Malformed> {
    match text {
        "monday" => Ok(Weekday::Monday),
        "tuesday" => Ok(Weekday::Tuesday),
        "wednesday" => Ok(Weekday::Wednesday),
        "thursday" => Ok(Weekday::Thursday),
        "friday" => Ok(Weekday::Friday),
        "saturday" => Ok(Weekday::Saturday),
        "sunday" => Ok(Weekday::Sunday),
        _ => Err(Malformed {
            field: "weekday",
            must: "monday to sunday, in English",
        }),
    }
}

fn weeks(text: &str) -> Result<WeekCycle, Malformed> {
    match text {
        "every" => Ok(WeekCycle::Every),
        "a" => Ok(WeekCycle::A),
        "b" => Ok(WeekCycle::B),
        _ => Err(Malformed {
            field: "weeks",
            must: "every, a or b",
        }),
    }
}

fn selection(types: Option<&[String]>) -> Result<TypeSelection, Malformed> {
    let Some(types) = types else {
        return Ok(TypeSelection::All);
    };
    let types: Result<_, _> = types.iter().map(|text| id::<TypeId>("types", text)).collect();
    Ok(TypeSelection::Only(types?))
}

/// A person: trimmed, empty contacts dropped.
#[must_use]
pub fn person(person: &model::Person) -> Person {
    let contact = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    Person {
        given_name: person.given_name.trim().to_owned(),
        family_name: person.family_name.trim().to_owned(),
        email: contact(&person.email),
        phone: contact(&person.phone),
    }
}

/// An appointment type.
///
/// # Errors
/// [`Malformed`] id or colour.
pub fn appointment_type(kind: &model::AppointmentType) -> Result<AppointmentType, Malformed> {
    Ok(AppointmentType {
        id: id("kind.id", &kind.id)?,
        name: kind.name.trim().to_owned(),
        duration_minutes: kind.duration_minutes,
        buffer_before_minutes: kind.buffer_before_minutes,
        buffer_after_minutes: kind.buffer_after_minutes,
        colour: colour("kind.colour", &kind.colour)?,
        online: kind.online,
        minimum_notice_minutes: kind.minimum_notice_minutes,
        booking_window_days: kind.booking_window_days,
        cancellation_cutoff_minutes: kind.cancellation_cutoff_minutes,
        daily_cap: kind.daily_cap,
        opens: kind.opens.as_ref().map_or(Ok(Opens::Rolling), opens)?,
    })
}

fn opens(weekly: &model::WeeklyOpening) -> Result<Opens, Malformed> {
    Ok(Opens::Weekly {
        weekday: weekday(&weekly.weekday)?,
        minute_of_day: time_of_day("kind.opens.at", &weekly.at)?,
        weeks_ahead: weekly.weeks_ahead,
    })
}

fn release(release: Option<&model::Release>) -> Result<Release, Malformed> {
    let Some(release) = release else {
        return Ok(Release::Always);
    };
    let minute_of_day = time_of_day("release.at", &release.at)?;
    Ok(match release.days_before {
        0 => Release::OnTheDay { minute_of_day },
        days => Release::DaysBefore { days, minute_of_day },
    })
}

fn rule(rule: &model::OpeningRule) -> Result<OpeningRule, Malformed> {
    let valid_until = rule.valid_until.as_deref();
    Ok(OpeningRule {
        id: id("rule.id", &rule.id)?,
        weekday: weekday(&rule.weekday)?,
        from_minute_of_day: time_of_day("rule.from", &rule.from)?,
        until_minute_of_day: time_of_day("rule.until", &rule.until)?,
        types: selection(rule.types.as_deref())?,
        place: id("rule.place", &rule.place)?,
        weeks: weeks(&rule.weeks)?,
        valid_from: date("rule.valid_from", &rule.valid_from)?,
        valid_until: valid_until.map(|text| date("rule.valid_until", text)).transpose()?,
        release: release(rule.release.as_ref())?,
    })
}

fn exception(opening: &model::ExceptionalOpening) -> Result<ExceptionalOpening, Malformed> {
    Ok(ExceptionalOpening {
        id: id("opening.id", &opening.id)?,
        date: date("opening.date", &opening.date)?,
        from_minute_of_day: time_of_day("opening.from", &opening.from)?,
        until_minute_of_day: time_of_day("opening.until", &opening.until)?,
        types: selection(opening.types.as_deref())?,
        place: id("opening.place", &opening.place)?,
        release: release(opening.release.as_ref())?,
    })
}

fn absence(absence: &model::StaffAbsence) -> Result<Absence, Malformed> {
    Ok(Absence {
        id: id("absence.id", &absence.id)?,
        span: span(
            ("absence.start_ms", absence.start_ms),
            ("absence.end_ms", absence.end_ms),
        )?,
        label: absence.label.trim().to_owned(),
    })
}

const fn allowances(allow: Allowances) -> domain::command::Allowances {
    domain::command::Allowances {
        overlap: allow.overlap,
        outside_hours: allow.outside_hours,
        over_cap: allow.over_cap,
    }
}

fn part_of(who: &model::Person, patient: PatientId, blob: BlobId) -> PersonalPart {
    PersonalPart {
        patient,
        blob,
        person: person(who),
    }
}

fn sessions(field: &'static str, list: &[SessionAt]) -> Result<Vec<domain::command::SessionAt>, Malformed> {
    let session = |one: &SessionAt| {
        Ok(domain::command::SessionAt {
            booking: id(field, &one.booking)?,
            start: minute(field, one.start_ms)?,
        })
    };
    list.iter().map(session).collect()
}

fn attendance(text: &str) -> Result<Attendance, Malformed> {
    let known = Attendance::ALL.into_iter().find(|known| known.name() == text);
    known.ok_or(Malformed {
        field: "mark",
        must: "arrived, in_session, seen, excused or no_show",
    })
}

/// A series that is wished for.
///
/// # Errors
/// [`Malformed`] id, date, weekday or time of day.
pub fn series_wish(wish: &SeriesPlanRequest) -> Result<SeriesWish, Malformed> {
    Ok(SeriesWish {
        kind: id("kind", &wish.kind)?,
        first: date("first", &wish.first)?,
        weekdays: wish
            .weekdays
            .iter()
            .map(|text| weekday(text))
            .collect::<Result<_, _>>()?,
        every_weeks: wish.every_weeks,
        minute_of_day: time_of_day("about", &wish.about)?,
        count: usize::from(wish.count),
    })
}

/// What books for a person: one appointment, or several at once.
fn booked(command: &StaffCommand, patient: PatientId, details: BlobId) -> Result<Command, Malformed> {
    if let StaffCommand::BookSeries {
        series,
        kind,
        sessions: wanted,
        person: _,
        patient: _,
        allow,
    } = command
    {
        return Ok(Command::BookSeries {
            series: id("series", series)?,
            kind: id("kind", kind)?,
            patient,
            details,
            sessions: sessions("sessions", wanted)?,
            allow: allowances(*allow),
        });
    }
    let StaffCommand::Book {
        booking,
        kind,
        start_ms,
        person: _,
        patient: _,
        allow,
    } = command
    else {
        return Err(Malformed {
            field: "do",
            must: "book or book_series",
        });
    };
    Ok(Command::BookDirectly {
        booking: id("booking", booking)?,
        kind: id("kind", kind)?,
        start: minute("start_ms", *start_ms)?,
        patient,
        details,
        allow: allowances(*allow),
    })
}

/// The patient of the register whom a command names.
///
/// # Errors
/// [`Malformed`] when it is no id.
pub fn named_patient(command: &StaffCommand) -> Result<Option<PatientId>, Malformed> {
    let (StaffCommand::Book { patient, .. } | StaffCommand::BookSeries { patient, .. }) = command else {
        return Ok(None);
    };
    patient.as_deref().map(|text| id("patient", text)).transpose()
}

/// A command of staff, with the personal blob it needs. `patient` and `details` name a patient that it may create: the
/// edge derives both from the sender and the command id, so that a repeat names the same.
///
/// # Errors
/// [`Malformed`] with the first field that does not have its shape.
pub fn staff_command(
    command: &StaffCommand,
    patient: PatientId,
    details: BlobId,
) -> Result<(Command, Option<PersonalPart>), Malformed> {
    let command = match command {
        StaffCommand::Book { person: who, .. } | StaffCommand::BookSeries { person: who, .. } => {
            let patient = named_patient(command)?.unwrap_or(patient);
            return Ok((booked(command, patient, details)?, Some(part_of(who, patient, details))));
        }
        StaffCommand::Move {
            booking,
            start_ms,
            allow,
        } => Command::MoveBooking {
            booking: id("booking", booking)?,
            start: minute("start_ms", *start_ms)?,
            allow: allowances(*allow),
        },
        StaffCommand::Cancel { booking } => Command::CancelBooking {
            booking: id("booking", booking)?,
            by: Canceller::Practice,
        },
        StaffCommand::AddAbsence { absence: given } => Command::AddAbsence(absence(given)?),
        StaffCommand::RemoveAbsence { id: which } => Command::RemoveAbsence(id("id", which)?),
        StaffCommand::SetType { kind } => Command::SetType(appointment_type(kind)?),
        StaffCommand::RetireType { id: which } => Command::RetireType(id("id", which)?),
        StaffCommand::OpenHours { rule: given } => Command::OpenHours(rule(given)?),
        StaffCommand::ChangeHours { rule: given } => Command::ChangeHours(rule(given)?),
        StaffCommand::CloseHours { id: which } => Command::CloseHours(id("id", which)?),
        StaffCommand::OpenExceptionally { opening } => Command::OpenExceptionally(exception(opening)?),
        StaffCommand::CloseException { id: which } => Command::CloseException(id("id", which)?),
        StaffCommand::MoveBookings { moves, allow } => Command::MoveBookings {
            moves: sessions("moves", moves)?,
            allow: allowances(*allow),
        },
        StaffCommand::CancelBookings { bookings } => Command::CancelBookings {
            bookings: bookings
                .iter()
                .map(|text| id("bookings", text))
                .collect::<Result<_, _>>()?,
        },
        StaffCommand::MarkBooking { booking, mark } => Command::MarkBooking {
            booking: id("booking", booking)?,
            mark: mark.as_deref().map(attendance).transpose()?,
        },
        StaffCommand::AnnounceDelay { minutes } => Command::AnnounceDelay { minutes: *minutes },
        StaffCommand::RemoveWaiting { entry } => Command::LeaveWaitingList {
            entry: id("entry", entry)?,
            by: Leaver::Practice,
        },
        StaffCommand::SetWaitingUrgent { entry, urgent } => Command::SetWaitingPriority {
            entry: id("entry", entry)?,
            priority: if *urgent { Priority::Urgent } else { Priority::Normal },
        },
    };
    Ok((command, None))
}
