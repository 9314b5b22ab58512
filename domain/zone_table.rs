//! A zone's clock changes as a table of minutes, so that going between civil time and instants costs a binary search.
//! Built from the bundled IANA database once per zone and process; a pure function of the zone's name.
//!
//! Must not be here: rules of schedules. Offsets are whole minutes; so are all of today's legal times.

use crate::time::{CivilDate, UtcMinute, Zone};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// First instant for which changes are tabled (1970-01-01); earlier times use the first offset.
const TABLE_FROM_SECOND: i64 = 0;
/// Last instant for which changes are tabled (2200-01-01); later times use the last offset.
const TABLE_UNTIL_SECOND: i64 = 7_258_118_400;
/// No civil time lies further than this from its instant, in minutes (zones reach from -12 h to +14 h).
const OFFSET_MINUTES_MAX: i64 = 26 * 60;
const DAY_MINUTES: i64 = 24 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// First minute at which this offset holds.
    from: i64,
    /// Civil time minus UTC, in minutes.
    offset: i64,
}

/// The offsets of one zone in order of time. Never empty; the first segment begins at the smallest instant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ZoneTable {
    segments: Vec<Segment>,
}

/// One date in one zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day<'a> {
    zone: &'a ZoneTable,
    date: CivilDate,
    /// When it begins; none near a clock change, where each minute has to be looked up.
    midnight: Option<UtcMinute>,
}

impl Day<'_> {
    /// As [`ZoneTable::instants`].
    pub(crate) fn instants(&self, minute_of_day: u16) -> (UtcMinute, UtcMinute) {
        let Some(midnight) = self.midnight else {
            return self.zone.instants(self.date, minute_of_day);
        };
        let instant = midnight.plus(i64::from(minute_of_day));
        (instant, instant)
    }
}

impl ZoneTable {
    /// The table of `zone`, shared by all agendas of the process that use it.
    pub(crate) fn of(zone: &Zone) -> Arc<Self> {
        static TABLES: Mutex<BTreeMap<String, Arc<ZoneTable>>> = Mutex::new(BTreeMap::new());
        // A panic elsewhere cannot leave the map half changed: entries are whole before they go in.
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.get(zone.name()) {
            return Arc::clone(table);
        }
        let table = Arc::new(Self::build(zone));
        tables.insert(zone.name().to_owned(), Arc::clone(&table));
        table
    }

    fn build(zone: &Zone) -> Self {
        let rules = zone.rules();
        let start = jiff::Timestamp::from_second(TABLE_FROM_SECOND).unwrap_or_default();
        let mut segments = vec![Segment {
            from: i64::MIN,
            offset: i64::from(rules.to_offset(start).seconds()).div_euclid(60),
        }];
        let changes = rules
            .following(start)
            .map(|change| {
                (
                    change.timestamp().as_second(),
                    i64::from(change.offset().seconds()).div_euclid(60),
                )
            })
            .take_while(|(second, _)| *second < TABLE_UNTIL_SECOND);
        for (second, offset) in changes {
            // The database also lists changes of name or of daylight flag alone.
            if segments.last().is_some_and(|last| last.offset != offset) {
                segments.push(Segment {
                    from: second.div_euclid(60),
                    offset,
                });
            }
        }
        Self { segments }
    }

    fn index_at(&self, minute: i64) -> usize {
        self.segments
            .partition_point(|segment| segment.from <= minute)
            .saturating_sub(1)
    }

    /// The civil date on which `instant` lies in this zone.
    pub(crate) fn date_of(&self, instant: UtcMinute) -> CivilDate {
        let days = self.shown_at(instant).div_euclid(DAY_MINUTES);
        CivilDate(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The minute of its day, 0 to 1439, that clocks show at `instant`.
    pub(crate) fn minute_of_day(&self, instant: UtcMinute) -> i64 {
        self.shown_at(instant).rem_euclid(DAY_MINUTES)
    }

    /// What clocks show at `instant`, in civil minutes since 1970.
    fn shown_at(&self, instant: UtcMinute) -> i64 {
        let segment = self.segments.get(self.index_at(instant.0));
        instant.0.saturating_add(segment.map_or(0, |segment| segment.offset))
    }

    /// The first and the last instant at which clocks show `minute_of_day` on `date`. They differ in a doubled hour only.
    /// A time that a clock change skips is moved later by what is skipped. `minute_of_day` 1440 is the next midnight.
    pub(crate) fn instants(&self, date: CivilDate, minute_of_day: u16) -> (UtcMinute, UtcMinute) {
        let civil = i64::from(date.0) * DAY_MINUTES + i64::from(minute_of_day);
        let begin = self.index_at(civil - OFFSET_MINUTES_MAX);
        let mut hits: Option<(i64, i64)> = None;
        let mut skipped = civil;
        let mut segments = self.segments.get(begin..).unwrap_or_default().iter().peekable();
        while let Some(segment) = segments.next() {
            if segment.from > civil.saturating_add(OFFSET_MINUTES_MAX) {
                break;
            }
            let instant = civil - segment.offset;
            let end = segments.peek().map_or(i64::MAX, |next| next.from);
            if instant >= end {
                // Read with the offset before the change: if no segment shows this time, this is the time moved later.
                skipped = instant;
            } else if instant >= segment.from {
                hits = Some((hits.map_or(instant, |(first, _)| first), instant));
            }
        }
        let (first, last) = hits.unwrap_or((skipped, skipped));
        (UtcMinute(first), UtcMinute(last))
    }

    /// `date` in this zone, for whoever asks for several of its minutes.
    pub(crate) fn day(&self, date: CivilDate) -> Day<'_> {
        let civil = i64::from(date.0) * DAY_MINUTES;
        let index = self.index_at(civil - OFFSET_MINUTES_MAX);
        let next = self.segments.get(index + 1).map_or(i64::MAX, |next| next.from);
        // These are all the segments that `instants` would look at for any minute of the date: just one.
        let alone = next > civil + DAY_MINUTES + OFFSET_MINUTES_MAX;
        let segment = self.segments.get(index).filter(|_| alone);
        Day {
            zone: self,
            date,
            midnight: segment.map(|segment| UtcMinute(civil - segment.offset)),
        }
    }

    /// The instant at which `date` begins.
    pub(crate) fn midnight(&self, date: CivilDate) -> UtcMinute {
        self.day(date).instants(0).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(zone: &str) -> Arc<ZoneTable> {
        ZoneTable::of(&Zone::new(zone).unwrap())
    }

    fn minute(text: &str) -> UtcMinute {
        UtcMinute(text.parse::<jiff::Timestamp>().unwrap().as_second() / 60)
    }

    fn date(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_skipped_hour_moves_later_and_the_doubled_hour_has_two_instants() {
        let paris = table("Europe/Paris");
        let cases = [
            ("2027-03-28", 119, "2027-03-28T00:59Z", "2027-03-28T00:59Z"),
            ("2027-03-28", 120, "2027-03-28T01:00Z", "2027-03-28T01:00Z"),
            ("2027-03-28", 150, "2027-03-28T01:30Z", "2027-03-28T01:30Z"),
            ("2027-03-28", 180, "2027-03-28T01:00Z", "2027-03-28T01:00Z"),
            ("2027-10-31", 119, "2027-10-30T23:59Z", "2027-10-30T23:59Z"),
            ("2027-10-31", 120, "2027-10-31T00:00Z", "2027-10-31T01:00Z"),
            ("2027-10-31", 179, "2027-10-31T00:59Z", "2027-10-31T01:59Z"),
            ("2027-10-31", 180, "2027-10-31T02:00Z", "2027-10-31T02:00Z"),
            ("2026-12-31", 1440, "2026-12-31T23:00Z", "2026-12-31T23:00Z"),
        ];
        for (day, minute_of_day, first, last) in cases {
            assert_eq!(
                paris.instants(date(day), minute_of_day),
                (minute(first), minute(last)),
                "{day} {minute_of_day}"
            );
        }
    }

    #[test]
    fn agrees_with_the_zone_library_on_every_hour_of_years_with_and_without_changes() {
        for zone in [
            "Europe/Paris",
            "America/Guadeloupe",
            "Indian/Reunion",
            "Pacific/Noumea",
            "America/Miquelon",
            "Pacific/Marquesas",
        ] {
            let (table, rules) = (table(zone), Zone::new(zone).unwrap().rules());
            for hour in 0..24 * 366 * 2 {
                let instant = minute("2026-01-01T00:00Z").plus(hour * 60 + 7);
                let stamp = jiff::Timestamp::from_second(instant.0 * 60).unwrap();
                let civil = rules.to_datetime(stamp);
                assert_eq!(
                    table.date_of(instant),
                    CivilDate::from_jiff(civil.date()),
                    "{zone} {stamp}"
                );
                let minute_of_day = u16::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute())).unwrap();
                let (first, last) = table.instants(table.date_of(instant), minute_of_day);
                assert!(instant == first || instant == last, "{zone} {stamp}");
            }
            for days in 0..366 * 2 {
                let date = date("2026-01-01").plus_days(days);
                let day = table.day(date);
                for minute_of_day in (0..=1440).step_by(15) {
                    assert_eq!(
                        day.instants(minute_of_day),
                        table.instants(date, minute_of_day),
                        "{zone} {date} {minute_of_day}"
                    );
                }
            }
        }
    }

    #[test]
    fn extreme_instants_do_not_overflow() {
        let paris = table("Europe/Paris");
        let _ = paris.date_of(UtcMinute(i64::MIN));
        let _ = paris.date_of(UtcMinute(i64::MAX));
        let _ = paris.instants(CivilDate(i32::MIN), 1440);
        let _ = paris.instants(CivilDate(i32::MAX), 1440);
        let _ = paris.midnight(CivilDate(i32::MIN));
        let _ = paris.midnight(CivilDate(i32::MAX));
    }
}
