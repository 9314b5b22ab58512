//! Types and openings as they were stored before they had caps, calendars and releases: read only.

use super::{AppointmentType, ExceptionalOpening, OpeningRule, Opens, Profile, Release, TypeSelection, WeekCycle};
use crate::event::Event;
use crate::ids::{ExceptionId, PlaceId, RuleId, TypeId};
use crate::time::{CivilDate, Weekday};
use serde::Deserialize;

/// [`AppointmentType`] as it was.
#[derive(Debug, Clone, Deserialize)]
pub struct FormerType {
    id: TypeId,
    name: String,
    duration_minutes: u16,
    buffer_before_minutes: u16,
    buffer_after_minutes: u16,
    colour: u32,
    online: bool,
    minimum_notice_minutes: u32,
    booking_window_days: u16,
    cancellation_cutoff_minutes: u32,
}

/// [`OpeningRule`] as it was.
#[derive(Debug, Clone, Deserialize)]
pub struct FormerRule {
    id: RuleId,
    weekday: Weekday,
    from_minute_of_day: u16,
    until_minute_of_day: u16,
    types: TypeSelection,
    place: PlaceId,
    weeks: WeekCycle,
    valid_from: CivilDate,
    valid_until: Option<CivilDate>,
}

/// [`ExceptionalOpening`] as it was.
#[derive(Debug, Clone, Deserialize)]
pub struct FormerOpening {
    id: ExceptionId,
    date: CivilDate,
    from_minute_of_day: u16,
    until_minute_of_day: u16,
    types: TypeSelection,
    place: PlaceId,
}

/// The first events of [`Event`], up to the last whose shape has changed since. All others are stored as they always were.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the events")]
pub enum FormerEvent {
    ProfileSet(Profile),
    TypeSet(FormerType),
    TypeRetired(TypeId),
    HoursOpened(FormerRule),
    HoursChanged(FormerRule),
    HoursClosed(RuleId),
    ExceptionOpened(FormerOpening),
}

impl From<FormerType> for AppointmentType {
    fn from(former: FormerType) -> Self {
        Self {
            id: former.id,
            name: former.name,
            duration_minutes: former.duration_minutes,
            buffer_before_minutes: former.buffer_before_minutes,
            buffer_after_minutes: former.buffer_after_minutes,
            colour: former.colour,
            online: former.online,
            minimum_notice_minutes: former.minimum_notice_minutes,
            booking_window_days: former.booking_window_days,
            cancellation_cutoff_minutes: former.cancellation_cutoff_minutes,
            daily_cap: None,
            opens: Opens::Rolling,
        }
    }
}

impl From<FormerRule> for OpeningRule {
    fn from(former: FormerRule) -> Self {
        Self {
            id: former.id,
            weekday: former.weekday,
            from_minute_of_day: former.from_minute_of_day,
            until_minute_of_day: former.until_minute_of_day,
            types: former.types,
            place: former.place,
            weeks: former.weeks,
            valid_from: former.valid_from,
            valid_until: former.valid_until,
            release: Release::Always,
        }
    }
}

impl From<FormerOpening> for ExceptionalOpening {
    fn from(former: FormerOpening) -> Self {
        Self {
            id: former.id,
            date: former.date,
            from_minute_of_day: former.from_minute_of_day,
            until_minute_of_day: former.until_minute_of_day,
            types: former.types,
            place: former.place,
            release: Release::Always,
        }
    }
}

impl From<FormerEvent> for Event {
    fn from(former: FormerEvent) -> Self {
        match former {
            FormerEvent::ProfileSet(profile) => Self::ProfileSet(profile),
            FormerEvent::TypeSet(kind) => Self::TypeSet(kind.into()),
            FormerEvent::TypeRetired(kind) => Self::TypeRetired(kind),
            FormerEvent::HoursOpened(rule) => Self::HoursOpened(rule.into()),
            FormerEvent::HoursChanged(rule) => Self::HoursChanged(rule.into()),
            FormerEvent::HoursClosed(rule) => Self::HoursClosed(rule),
            FormerEvent::ExceptionOpened(opening) => Self::ExceptionOpened(opening.into()),
        }
    }
}
