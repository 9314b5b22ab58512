//! What mails to patients say, and when a reminder is due. They say when and where, and never what for: no type, no
//! profession, no note, no name (a mailbox is read by others).
//!
//! Must not be here: words, links, addresses of patients.

use crate::ids::{AgendaId, BookingId, PlaceId, Seq};
use crate::time::{CivilDate, Span, UtcMillis, UtcMinute, Zone};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// Reminders leave from this hour on, in the agenda's zone.
pub const DECENT_FROM_HOUR: i8 = 9;
/// Reminders leave before this hour, in the agenda's zone.
pub const DECENT_UNTIL_HOUR: i8 = 19;
/// A reminder that comes later than so many minutes before the appointment is of no use.
pub const REMINDER_MINUTES_LEAST: i64 = 60;

/// A delay of so many minutes is mailed: less is what one waits anyway, and a mail that changes nobody's way is a nuisance.
pub const DELAY_MINUTES_MAILED: u16 = 20;
/// Another delay of the same day is mailed when it differs so much from the one that was: practitioners correct themselves often.
pub const DELAY_MINUTES_APART: u16 = 15;

/// What a mail says of an appointment: no more than this.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Appointment {
    /// In which agenda.
    pub agenda: AgendaId,
    /// Which booking.
    pub booking: BookingId,
    /// When.
    pub span: Span,
    /// Where.
    pub place: PlaceId,
    /// Grows with each change: calendars know the newer of two files by it.
    pub version: Seq,
}

/// Which reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// A week before.
    Week,
    /// The day before.
    Day,
}

/// What is to be done with a reminder whose moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is mailed now.
    Now,
    /// It is mailed then: this is no hour for mails.
    At(UtcMillis),
    /// It is not mailed: it is too late for it, or the next one has come as well.
    Never,
}

impl Reminder {
    /// All, the earliest first.
    pub const ALL: [Self; 2] = [Self::Week, Self::Day];

    /// So many days before the appointment.
    #[must_use]
    pub const fn days(self) -> i32 {
        match self {
            Self::Week => 7,
            Self::Day => 1,
        }
    }

    /// Stable number: part of keys.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Week => 1,
            Self::Day => 2,
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }

    /// When it is due: at the appointment's own time of day, so many days before, but from nine to seven in the evening. An
    /// appointment at 14:30 is reminded of at 14:30, whatever clocks did in between; one at 8:00 at 9:00.
    #[must_use]
    pub fn moment(self, zone: &Zone, start: UtcMinute) -> UtcMillis {
        let civil = civil(zone, start.millis());
        let earliest = Time::constant(DECENT_FROM_HOUR, 0, 0, 0);
        let latest = Time::constant(DECENT_UNTIL_HOUR - 1, 59, 0, 0);
        let time = civil.time().clamp(earliest, latest);
        let day = CivilDate::from_jiff(civil.date()).plus_days(-self.days());
        instant(zone, day, time)
    }

    /// Reminders of an appointment that was booked or moved at `at`: those whose moment lies ahead.
    pub fn ahead(zone: &Zone, start: UtcMinute, at: UtcMillis) -> impl Iterator<Item = (Self, UtcMillis)> {
        let moments = Self::ALL.map(|reminder| (reminder, reminder.moment(zone, start)));
        moments.into_iter().filter(move |(_, moment)| at < *moment)
    }

    /// What is to be done now that its moment has come; later than it where the server was away.
    #[must_use]
    pub fn due(self, zone: &Zone, start: UtcMinute, now: UtcMillis) -> Due {
        let last = start.plus(-REMINDER_MINUTES_LEAST).millis();
        let overtaken = Self::ALL
            .iter()
            .any(|later| later.days() < self.days() && later.moment(zone, start) <= now);
        if overtaken || last < now {
            return Due::Never;
        }
        let civil = civil(zone, now);
        let today = CivilDate::from_jiff(civil.date());
        let next = match civil.hour() {
            hour if hour < DECENT_FROM_HOUR => today,
            hour if hour >= DECENT_UNTIL_HOUR => today.plus_days(1),
            _ => return Due::Now,
        };
        let next = instant(zone, next, Time::constant(DECENT_FROM_HOUR, 0, 0, 0));
        if next <= last { Due::At(next) } else { Due::Never }
    }
}

fn civil(zone: &Zone, at: UtcMillis) -> jiff::civil::DateTime {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    instant.to_zoned(zone.rules()).datetime()
}

/// Times between nine and seven in the evening are neither missing nor doubled where clocks change.
fn instant(zone: &Zone, day: CivilDate, time: Time) -> UtcMillis {
    let civil = day.to_jiff().to_datetime(time);
    let instant = zone.rules().to_ambiguous_timestamp(civil).compatible();
    UtcMillis(instant.map_or(0, jiff::Timestamp::as_millisecond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        UtcMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn start(text: &str) -> UtcMinute {
        at(text).minute()
    }

    #[test]
    fn a_reminder_keeps_the_hour_on_the_wall_where_clocks_change() {
        let paris = Zone::paris();
        // Clocks go forward in the night to 29 March 2026, and back in the night to 25 October.
        let cases = [
            ("2026-03-30T07:30:00Z", "2026-03-29T07:30:00Z", "2026-03-23T08:30:00Z"),
            ("2026-03-29T12:00:00Z", "2026-03-28T13:00:00Z", "2026-03-22T13:00:00Z"),
            ("2026-10-26T08:30:00Z", "2026-10-25T08:30:00Z", "2026-10-19T07:30:00Z"),
            ("2026-10-25T13:00:00Z", "2026-10-24T12:00:00Z", "2026-10-18T12:00:00Z"),
        ];
        for (appointment, day, week) in cases {
            let start = start(appointment);
            assert_eq!(Reminder::Day.moment(&paris, start), at(day), "{appointment}");
            assert_eq!(Reminder::Week.moment(&paris, start), at(week), "{appointment}");
        }
        let reunion = Zone::new("Indian/Reunion").unwrap();
        let start = start("2026-03-30T07:30:00Z");
        assert_eq!(Reminder::Day.moment(&reunion, start), at("2026-03-29T07:30:00Z"));
    }

    #[test]
    fn early_and_late_appointments_are_reminded_of_at_a_decent_hour() {
        let paris = Zone::paris();
        assert_eq!(
            Reminder::Day.moment(&paris, start("2026-06-10T04:15:00Z")),
            at("2026-06-09T07:00:00Z")
        );
        assert_eq!(
            Reminder::Day.moment(&paris, start("2026-06-10T18:30:00Z")),
            at("2026-06-09T16:59:00Z")
        );
    }

    #[test]
    fn only_reminders_that_lie_ahead_are_made() {
        let (paris, start) = (Zone::paris(), start("2026-06-10T12:00:00Z"));
        let ahead = |booked: &str| -> Vec<Reminder> {
            let ahead = Reminder::ahead(&paris, start, at(booked));
            ahead.map(|(reminder, _)| reminder).collect()
        };
        assert_eq!(ahead("2026-06-01T08:00:00Z"), Reminder::ALL);
        assert_eq!(ahead("2026-06-03T12:00:00Z"), [Reminder::Day], "at its very moment");
        assert_eq!(ahead("2026-06-07T08:00:00Z"), [Reminder::Day], "three days before");
        assert_eq!(ahead("2026-06-10T08:00:00Z"), [], "on the day");
    }

    #[test]
    fn a_reminder_that_was_missed_is_mailed_at_a_decent_hour_or_not_at_all() {
        let (paris, start) = (Zone::paris(), start("2026-06-10T12:00:00Z"));
        let due = |reminder: Reminder, now: &str| reminder.due(&paris, start, at(now));
        assert_eq!(due(Reminder::Week, "2026-06-03T12:00:00Z"), Due::Now);
        assert_eq!(
            due(Reminder::Week, "2026-06-03T17:00:00Z"),
            Due::At(at("2026-06-04T07:00:00Z"))
        );
        assert_eq!(
            due(Reminder::Week, "2026-06-04T03:00:00Z"),
            Due::At(at("2026-06-04T07:00:00Z"))
        );
        assert_eq!(due(Reminder::Week, "2026-06-09T12:00:00Z"), Due::Never, "overtaken");
        assert_eq!(due(Reminder::Day, "2026-06-09T12:00:00Z"), Due::Now);
        assert_eq!(due(Reminder::Day, "2026-06-10T11:00:00Z"), Due::Now);
        assert_eq!(due(Reminder::Day, "2026-06-10T11:00:01Z"), Due::Never, "too late");
        let early = at("2026-06-10T05:00:00Z").minute();
        let now = at("2026-06-09T20:00:00Z");
        assert_eq!(
            Reminder::Day.due(&paris, early, now),
            Due::Never,
            "no decent hour is left"
        );
    }

    #[test]
    fn numbers_name_reminders() {
        for reminder in Reminder::ALL {
            assert_eq!(Reminder::numbered(reminder.number()), Some(reminder));
        }
        assert_eq!(Reminder::numbered(0), None);
    }
}
