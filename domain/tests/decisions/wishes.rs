//! When somebody who waits could come, read from the clock on the wall.

use crate::desk::*;
use crate::waiting::{FIRST, anytime, entry, join, offered};
use cabinet_domain::command::{Canceller, Command};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::{Absence, ExceptionalOpening, Profile, Release, TypeSelection};
use cabinet_domain::time::{CivilDate, Span, Weekday};
use cabinet_domain::waiting::Wishes;
use std::collections::BTreeSet;

/// Bug: on the day on which clocks go forward, who could come from 02:01 on was not offered 03:00; on the day on which they
/// go back, who could come from 02:30 until 02:45 was offered the first 02:50 of the two.
#[test]
fn wishes_are_read_from_the_clock_on_days_on_which_it_changes() {
    let (march, october) = (
        ("2026-03-22T08:00Z", "2026-03-29T01:00Z", 120),
        ("2026-10-18T08:00Z", "2026-10-25T00:50Z", 170),
    );
    let table = [
        (march, (121, 240), true),
        (march, (181, 240), false),
        (october, (150, 165), false),
        (october, (165, 180), true),
    ];
    for ((now, start, opens_at), (from, until), expected) in table {
        let mut desk = Desk::empty();
        let date: CivilDate = start[..10].parse().unwrap();
        desk.now = at(now).millis();
        // Open from 02:50 until 03:30 (from 03:00 in March, where 02:00 is skipped); absent after one appointment.
        let opening = ExceptionalOpening {
            id: ExceptionId(1),
            date,
            from_minute_of_day: opens_at,
            until_minute_of_day: 210,
            types: TypeSelection::All,
            place: PlaceId(1),
            release: Release::Always,
        };
        let wishes = Wishes {
            weekdays: BTreeSet::from([Weekday::Sunday]),
            from_minute_of_day: from,
            until_minute_of_day: until,
            first_day: date,
            last_day: date,
            ..anytime()
        };
        let profile = Profile {
            granularity_minutes: 10,
            ..profile()
        };
        for command in [
            Command::SetProfile(profile),
            Command::SetType(kind(ONLINE, true)),
            Command::OpenExceptionally(opening),
            Command::AddAbsence(Absence {
                id: AbsenceId(1),
                span: Span::starting(at(start).plus(30), 100),
                label: String::new(),
            }),
            book_of(1, ONLINE, start, NONE),
            join(FIRST, wishes),
        ] {
            desk.accept(&command);
        }
        let events = desk.accept(&cancel(1, Canceller::Practice));
        let expected: Vec<_> = expected.then(|| (entry(FIRST), at(start))).into_iter().collect();
        assert_eq!(offered(&events), expected, "{start} {from} {until}");
    }
}
