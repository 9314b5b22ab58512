//! From when on patients may book: a type's calendar ([`Opens`]), and openings that are kept back until a moment
//! ([`Release`]). Civil moments in the agenda's zone; staff are bound by neither.

use super::validate::require;
use crate::refusal::Refusal;
use crate::time::{CivilDate, UtcMinute, Weekday};
use crate::zone_table::ZoneTable;
use serde::{Deserialize, Serialize};

/// Longest way ahead in which a week opens, in weeks: within [`BOOKING_WINDOW_DAYS_MAX`](super::BOOKING_WINDOW_DAYS_MAX).
pub const WEEKS_AHEAD_MAX: u8 = 52;
/// An opening is kept back until at most so many days before its date.
pub const RELEASE_DAYS_MAX: u16 = 60;
const DAY_MINUTES: u16 = 24 * 60;

/// When the dates of a type open to patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// Each date by itself, as many days ahead as the type's booking window, from midnight on.
    #[default]
    Rolling,
    /// A whole week, Monday to Sunday, at once: "every Monday at 8:00 the week after next opens".
    Weekly {
        /// On this day...
        weekday: Weekday,
        /// ... at this civil time, in minutes after midnight; 0..=1439.
        minute_of_day: u16,
        /// That many weeks before the week that opens; 1..=[`WEEKS_AHEAD_MAX`].
        weeks_ahead: u8,
    },
}

/// Until when an opening is kept back from patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// Not at all.
    #[default]
    Always,
    /// Until this civil time of its own date, in minutes after midnight; 0..=1439.
    OnTheDay {
        /// When.
        minute_of_day: u16,
    },
    /// Until this civil time of an earlier date.
    DaysBefore {
        /// So many days before; 1..=[`RELEASE_DAYS_MAX`].
        days: u16,
        /// When, in minutes after midnight; 0..=1439.
        minute_of_day: u16,
    },
}

impl Opens {
    /// The furthest date that is open at any moment lies at most so many days ahead.
    pub(crate) fn days_ahead(self, booking_window_days: u16) -> u16 {
        match self {
            Self::Rolling => booking_window_days,
            // The week's last day, seen from its first possible moment.
            Self::Weekly { weeks_ahead, .. } => u16::from(weeks_ahead) * 7 + 6,
        }
    }

    /// From when on patients may book on `date`. A moment that a clock change skips comes later by what is skipped, one that
    /// it doubles is the first of the two.
    pub(crate) fn from(self, booking_window_days: u16, zone: &ZoneTable, date: CivilDate) -> UtcMinute {
        match self {
            Self::Rolling => zone.midnight(date.plus_days(-i32::from(booking_window_days))),
            Self::Weekly {
                weekday,
                minute_of_day,
                weeks_ahead,
            } => {
                let monday = date.plus_days(-after_monday(date.weekday()));
                let day = monday.plus_days(after_monday(weekday) - 7 * i32::from(weeks_ahead));
                zone.instants(day, minute_of_day).0
            }
        }
    }

    pub(super) fn validate(self) -> Result<(), Refusal> {
        match self {
            Self::Rolling => Ok(()),
            Self::Weekly {
                weekday: _,
                minute_of_day,
                weeks_ahead,
            } => {
                require(minute_of_day < DAY_MINUTES, "opens.at", "be a time of day")?;
                let near = (1..=WEEKS_AHEAD_MAX).contains(&weeks_ahead);
                require(near, "opens.weeks_ahead", "be 1 to 52 weeks")
            }
        }
    }
}

impl Release {
    /// When an opening of `date` is released; the beginning of time when it is not kept back. Clock changes as in
    /// [`Opens::from`].
    pub(crate) fn released(self, zone: &ZoneTable, date: CivilDate) -> UtcMinute {
        match self {
            Self::Always => UtcMinute(i64::MIN),
            Self::OnTheDay { minute_of_day } => zone.instants(date, minute_of_day).0,
            Self::DaysBefore { days, minute_of_day } => {
                zone.instants(date.plus_days(-i32::from(days)), minute_of_day).0
            }
        }
    }

    pub(super) fn validate(self) -> Result<(), Refusal> {
        let minute_of_day = match self {
            Self::Always => return Ok(()),
            Self::OnTheDay { minute_of_day } => minute_of_day,
            Self::DaysBefore { days, minute_of_day } => {
                let near = (1..=RELEASE_DAYS_MAX).contains(&days);
                require(near, "release.days_before", "be at most 60 days")?;
                minute_of_day
            }
        };
        require(minute_of_day < DAY_MINUTES, "release.at", "be a time of day")
    }
}

/// Days from the Monday of its week.
const fn after_monday(weekday: Weekday) -> i32 {
    match weekday {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}
