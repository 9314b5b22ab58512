//! Caps a day, openings kept back until a moment, weeks that open at once: each at its bound, on days of clock changes and
//! overseas.

use super::desk::{
    Desk, NONE, ONLINE, STAFF_ONLY, at, book_of, cancel, confirm, hold, hold_of, kind, profile, rule, shift,
};
use crate::waiting::offered;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Canceller, Command};
use cabinet_domain::decide::{Reason, why_not};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::slots::{horizon, slot_changes, slots};
use cabinet_domain::time::{CivilDate, Span, Weekday, Zone};
use cabinet_domain::waiting::Wishes;
use cabinet_domain::{Event, Refusal};
use std::collections::BTreeSet;

const OVER_CAP: Allowances = Allowances { over_cap: true, ..NONE };

/// Half an hour without margins, bookable at once, at most `cap` a day.
fn capped(cap: Option<u16>) -> AppointmentType {
    AppointmentType {
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        minimum_notice_minutes: 0,
        daily_cap: cap,
        ..kind(ONLINE, true)
    }
}

/// "Two new patients a day."
fn two_a_day() -> Desk {
    let mut desk = Desk::open();
    desk.accept(&Command::SetType(capped(Some(2))));
    desk
}

/// How many starts of a type patients see that lie on these days, from midnight UTC.
fn seen(agenda: &Agenda, of: TypeId, from: &str, days: i64) -> usize {
    slots(agenda, of, Span::starting(at(from), days * 1440)).len()
}

#[test]
fn once_two_begin_on_a_day_patients_see_no_more_of_that_type_on_that_day() {
    let mut desk = two_a_day();
    desk.accept(&Command::SetType(AppointmentType {
        name: "Suivi".to_owned(),
        ..kind(STAFF_ONLY, true)
    }));
    assert_eq!(seen(&desk.agenda, ONLINE, "2026-06-01T00:00Z", 1), 11);
    desk.accept(&book_of(1, ONLINE, "2026-06-01T07:00Z", NONE));
    assert!(seen(&desk.agenda, ONLINE, "2026-06-01T00:00Z", 1) > 0, "one is not two");
    // A hold counts like a booking, so that nobody is promised the third.
    desk.accept(&hold(2, "2026-06-01T08:00Z"));
    assert_eq!(seen(&desk.agenda, ONLINE, "2026-06-01T00:00Z", 1), 0);
    assert_eq!(
        desk.refuse(&hold(3, "2026-06-01T09:00Z")),
        Refusal::CapReached { cap: 2 }
    );
    let why = why_not(&desk.agenda, ONLINE, at("2026-06-01T09:00Z"), desk.now).unwrap();
    assert_eq!(why, [Reason::CapReached { cap: 2 }]);
    // Another type, and another day, are as they were.
    assert!(seen(&desk.agenda, STAFF_ONLY, "2026-06-01T00:00Z", 1) > 0);
    assert!(seen(&desk.agenda, ONLINE, "2026-06-08T00:00Z", 1) > 0);
    assert_eq!(desk.code(&hold_of(3, STAFF_ONLY, "2026-06-01T09:00Z")), "accepted");
    assert_eq!(desk.code(&hold(3, "2026-06-08T07:00Z")), "accepted");
    // The hold of the second becomes a booking: it counted already.
    desk.accept(&confirm(2, 2, 2));
    assert_eq!(seen(&desk.agenda, ONLINE, "2026-06-01T00:00Z", 1), 0);
    desk.accept(&cancel(2, Canceller::Practice));
    assert_eq!(desk.code(&hold(3, "2026-06-01T09:00Z")), "accepted");
}

#[test]
fn an_expired_hold_counts_no_more_though_its_timer_has_not_come() {
    let mut desk = two_a_day();
    desk.accept(&book_of(1, ONLINE, "2026-06-01T07:00Z", NONE));
    desk.accept(&hold(2, "2026-06-01T08:00Z"));
    desk.now = desk.now.plus_seconds(299);
    assert_eq!(desk.code(&hold(3, "2026-06-01T09:00Z")), "cap_reached");
    desk.now = desk.now.plus_seconds(1);
    assert_eq!(desk.code(&hold(3, "2026-06-01T09:00Z")), "accepted");
}

#[test]
fn staff_go_over_the_cap_only_on_purpose_and_move_freely_within_the_day() {
    let mut desk = two_a_day();
    desk.accept(&book_of(1, ONLINE, "2026-06-01T07:00Z", NONE));
    desk.accept(&book_of(2, ONLINE, "2026-06-01T08:00Z", NONE));
    desk.accept(&book_of(3, ONLINE, "2026-06-08T07:00Z", NONE));
    let overlap = Allowances { overlap: true, ..NONE };
    for (command, code) in [
        (book_of(4, ONLINE, "2026-06-01T09:00Z", NONE), "cap_reached"),
        (book_of(4, ONLINE, "2026-06-01T09:00Z", overlap), "cap_reached"),
        (book_of(4, ONLINE, "2026-06-01T09:00Z", OVER_CAP), "accepted"),
        // Who has the time comes first: each exception is asked for by itself.
        (book_of(4, ONLINE, "2026-06-01T08:00Z", OVER_CAP), "slot_taken"),
        (shift(2, "2026-06-01T09:00Z", NONE), "accepted"),
        (shift(3, "2026-06-01T09:00Z", NONE), "cap_reached"),
        (shift(3, "2026-06-01T09:00Z", OVER_CAP), "accepted"),
        (shift(2, "2026-06-08T08:00Z", NONE), "accepted"),
    ] {
        assert_eq!(desk.code(&command), code, "{command:?}");
    }
    // A type that is no longer offered has no cap.
    desk.accept(&Command::RetireType(ONLINE));
    assert_eq!(desk.code(&shift(3, "2026-06-01T09:00Z", NONE)), "accepted");
}

#[test]
fn boards_are_shown_the_whole_day_when_it_fills_up_and_when_it_opens_again() {
    let mut desk = two_a_day();
    desk.accept(&book_of(1, ONLINE, "2026-06-01T07:00Z", NONE));
    let shown = |desk: &mut Desk, command: &Command| {
        let before = desk.agenda.clone();
        let events = desk.accept(command);
        let span = horizon(&desk.agenda, desk.now).unwrap();
        let changes = slot_changes(&before, &desk.agenda, &events[0], span);
        let of_type = changes.into_iter().find(|change| change.kind == ONLINE);
        of_type.map_or((0, 0), |change| (change.removed.len(), change.added.len()))
    };
    // Seven starts were left beside the first appointment; they all go with the second, and come back with its end.
    let left = seen(&desk.agenda, ONLINE, "2026-06-01T00:00Z", 1);
    assert_eq!(shown(&mut desk, &hold(2, "2026-06-01T09:30Z")), (left, 0));
    desk.now = desk.now.plus_seconds(300);
    assert_eq!(shown(&mut desk, &Command::ExpireHold(HoldId(2))), (0, left));
    // Moved to another day, the one that filled the day opens it.
    desk.accept(&book_of(3, ONLINE, "2026-06-01T09:30Z", NONE));
    let (removed, added) = shown(&mut desk, &shift(3, "2026-06-08T07:00Z", NONE));
    assert_eq!(added, left);
    assert!(removed > 0, "where it went, times are taken");
}

#[test]
fn what_a_cap_frees_goes_to_who_waits_but_never_more_than_the_cap() {
    let mut desk = two_a_day();
    desk.accept(&book_of(1, ONLINE, "2026-06-01T07:00Z", NONE));
    desk.accept(&book_of(2, ONLINE, "2026-06-01T08:00Z", NONE));
    for (entry, from) in [(100, 11 * 60), (200, 9 * 60)] {
        desk.accept(&Command::JoinWaitingList {
            entry: WaitingId(entry),
            kind: ONLINE,
            patient: PatientId(entry),
            details: BlobId(entry),
            owner: [7; 32],
            notice_version: 1,
            wishes: Wishes {
                weekdays: BTreeSet::from([Weekday::Monday]),
                from_minute_of_day: from,
                until_minute_of_day: 12 * 60,
                first_day: "2026-06-01".parse().unwrap(),
                last_day: "2026-06-01".parse().unwrap(),
                notice_minutes: 0,
                place: None,
            },
        });
    }
    // The first in the list cannot come at the freed 10:00, but the day has room for one again: 11:00 is theirs. The second
    // could come at 10:00, which would be the third of the day.
    let events = desk.accept(&cancel(2, Canceller::Practice));
    assert_eq!(offered(&events), [(WaitingId(100), at("2026-06-01T09:00Z"))]);
}

#[test]
fn days_of_a_cap_are_those_of_the_practice_also_when_clocks_change_and_overseas() {
    // The day of the change in October has 25 hours, that of March 23; in Nouméa the day begins at 13:00 UTC the day before.
    for (zone, first, second, next, now) in [
        (
            "Europe/Paris",
            "2026-10-24T22:00Z",
            "2026-10-25T22:30Z",
            "2026-10-25T23:00Z",
            "2026-10-24T10:00Z",
        ),
        (
            "Europe/Paris",
            "2026-03-28T23:00Z",
            "2026-03-29T21:30Z",
            "2026-03-29T22:00Z",
            "2026-03-28T10:00Z",
        ),
        (
            "Pacific/Noumea",
            "2026-06-01T13:00Z",
            "2026-06-02T12:30Z",
            "2026-06-02T13:00Z",
            "2026-06-01T10:00Z",
        ),
    ] {
        let mut desk = Desk::empty();
        desk.now = at(now).millis();
        let settings = Profile {
            zone: Zone::new(zone).unwrap(),
            ..profile()
        };
        desk.accept(&Command::SetProfile(settings));
        desk.accept(&Command::SetType(capped(Some(1))));
        for (id, weekday) in [
            (1, Weekday::Sunday),
            (2, Weekday::Monday),
            (3, Weekday::Tuesday),
            (4, Weekday::Wednesday),
        ] {
            let day = OpeningRule {
                weekday,
                from_minute_of_day: 0,
                until_minute_of_day: 24 * 60,
                ..rule(id)
            };
            desk.accept(&Command::OpenHours(day));
        }
        desk.accept(&hold(1, first));
        assert_eq!(
            desk.code(&hold(2, second)),
            "cap_reached",
            "{zone}: the last start of the same day"
        );
        assert_eq!(desk.code(&hold(2, next)), "accepted", "{zone}: midnight");
    }
}

/// Open 9 to 11 for everybody; 11 to 12 kept back until `release`.
fn kept_back(release: Release) -> Desk {
    let mut desk = Desk::open();
    desk.accept(&Command::SetType(capped(None)));
    desk.accept(&Command::ChangeHours(OpeningRule {
        until_minute_of_day: 11 * 60,
        ..rule(1)
    }));
    desk.accept(&Command::OpenHours(OpeningRule {
        from_minute_of_day: 11 * 60,
        release,
        ..rule(2)
    }));
    desk
}

#[test]
fn urgencies_are_released_on_the_day_at_the_minute() {
    let mut desk = kept_back(Release::OnTheDay {
        minute_of_day: 7 * 60 + 30,
    });
    // Monday 15 June at 7:30 in Paris.
    let released = at("2026-06-15T05:30Z").millis();
    let urgent = "2026-06-15T09:00Z";
    desk.now = released.plus_seconds(-1);
    assert_eq!(
        desk.refuse(&hold(1, urgent)),
        Refusal::KeptBack {
            bookable_from: released
        }
    );
    let why = why_not(&desk.agenda, ONLINE, at(urgent), desk.now).unwrap();
    assert_eq!(why, [Reason::KeptBack { from: released }]);
    assert!(why[0].binds_patients_alone());
    // Before the edge patients book as ever; across it nothing begins for them; staff book both without any allowance.
    assert_eq!(desk.code(&hold(1, "2026-06-15T08:30Z")), "accepted");
    assert_eq!(desk.code(&hold(1, "2026-06-15T08:45Z")), "off_grid");
    assert_eq!(desk.code(&book_of(1, ONLINE, "2026-06-15T08:45Z", NONE)), "accepted");
    assert_eq!(desk.code(&book_of(1, ONLINE, urgent, NONE)), "accepted");
    let listed = slots(&desk.agenda, ONLINE, Span::starting(at(urgent), 60));
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|slot| slot.bookable_from == released));
    desk.now = released;
    assert_eq!(desk.code(&hold(1, urgent)), "accepted");
    // The next Monday is not released with it.
    assert_eq!(desk.code(&hold(1, "2026-06-22T09:00Z")), "kept_back");
}

#[test]
fn a_release_never_opens_earlier_than_the_type_does_and_overlaps_give_the_earlier() {
    // Released sixty days before; the window of fourteen days alone counts.
    let mut desk = kept_back(Release::DaysBefore {
        days: 60,
        minute_of_day: 480,
    });
    desk.now = at("2026-05-31T21:59Z").millis();
    assert_eq!(desk.code(&hold(1, "2026-06-15T09:00Z")), "too_far_ahead");
    desk.now = at("2026-05-31T22:00Z").millis();
    assert_eq!(desk.code(&hold(1, "2026-06-15T09:00Z")), "accepted");

    // What another opening offers as well is not kept back, wherever that one is.
    let mut desk = kept_back(Release::DaysBefore {
        days: 1,
        minute_of_day: 480,
    });
    assert_eq!(desk.code(&hold(1, "2026-06-15T09:00Z")), "kept_back");
    desk.accept(&Command::OpenExceptionally(ExceptionalOpening {
        id: ExceptionId(1),
        date: CivilDate::new(2026, 6, 15).unwrap(),
        from_minute_of_day: 11 * 60,
        until_minute_of_day: 12 * 60,
        types: TypeSelection::All,
        place: PlaceId(9),
        release: Release::Always,
    }));
    let events = desk.accept(&hold(1, "2026-06-15T09:00Z"));
    assert!(matches!(&events[0], Event::SlotHeld(hold) if hold.place == PlaceId(9)));
}

#[test]
fn a_release_in_an_hour_that_clocks_skip_or_double_has_one_moment() {
    for (date, minute_of_day, released, start) in [
        // 02:30 does not exist: 03:30 by the new time.
        ("2026-03-29", 150, "2026-03-29T01:30Z", "2026-03-29T10:00Z"),
        // 02:30 comes twice: the first counts.
        ("2026-10-25", 150, "2026-10-25T00:30Z", "2026-10-25T11:00Z"),
    ] {
        let mut desk = Desk::empty();
        desk.now = at(released).millis().plus_seconds(-1);
        desk.accept(&Command::SetProfile(profile()));
        desk.accept(&Command::SetType(capped(None)));
        desk.accept(&Command::OpenExceptionally(ExceptionalOpening {
            id: ExceptionId(1),
            date: date.parse().unwrap(),
            from_minute_of_day: 12 * 60,
            until_minute_of_day: 13 * 60,
            types: TypeSelection::All,
            place: PlaceId(1),
            release: Release::OnTheDay { minute_of_day },
        }));
        assert_eq!(desk.code(&hold(1, start)), "kept_back", "{date}");
        desk.now = at(released).millis();
        assert_eq!(desk.code(&hold(1, start)), "accepted", "{date}");
    }
}

/// "Every Monday at 8:00 the week after next opens."
fn weekly(zone: &str, weekday: Weekday, minute_of_day: u16, weeks_ahead: u8) -> Desk {
    let mut desk = Desk::empty();
    let settings = Profile {
        zone: Zone::new(zone).unwrap(),
        ..profile()
    };
    desk.accept(&Command::SetProfile(settings));
    desk.accept(&Command::SetType(AppointmentType {
        opens: Opens::Weekly {
            weekday,
            minute_of_day,
            weeks_ahead,
        },
        booking_window_days: 1,
        ..capped(None)
    }));
    for (id, weekday) in [(1, Weekday::Monday), (2, Weekday::Sunday)] {
        desk.accept(&Command::OpenHours(OpeningRule { weekday, ..rule(id) }));
    }
    desk
}

#[test]
fn a_week_opens_as_a_whole_at_its_moment() {
    // (zone, weekday, minute, weeks ahead), the moment, the first and the last start of the week that opens.
    for ((zone, weekday, minute, weeks), moment, monday, sunday) in [
        (
            ("Europe/Paris", Weekday::Monday, 480, 2),
            "2026-06-01T06:00Z",
            "2026-06-15T07:00Z",
            "2026-06-21T09:30Z",
        ),
        (
            ("Europe/Paris", Weekday::Friday, 0, 1),
            "2026-06-04T22:00Z",
            "2026-06-08T07:00Z",
            "2026-06-14T09:30Z",
        ),
        (
            ("Europe/Paris", Weekday::Sunday, 1439, 1),
            "2026-06-07T21:59Z",
            "2026-06-08T07:00Z",
            "2026-06-14T09:30Z",
        ),
        // Clocks change between the moment and the week; and in the moment's own hour, which is skipped.
        (
            ("Europe/Paris", Weekday::Monday, 480, 1),
            "2026-03-23T07:00Z",
            "2026-03-30T07:00Z",
            "2026-04-05T09:30Z",
        ),
        (
            ("Europe/Paris", Weekday::Sunday, 150, 1),
            "2026-03-29T01:30Z",
            "2026-03-30T07:00Z",
            "2026-04-05T09:30Z",
        ),
        (
            ("Pacific/Noumea", Weekday::Monday, 480, 1),
            "2026-05-31T21:00Z",
            "2026-06-07T22:00Z",
            "2026-06-14T00:30Z",
        ),
        (
            ("Europe/Paris", Weekday::Monday, 480, 52),
            "2025-12-01T07:00Z",
            "2026-11-30T08:00Z",
            "2026-12-06T10:30Z",
        ),
    ] {
        let mut desk = weekly(zone, weekday, minute, weeks);
        let moment = at(moment).millis();
        for start in [monday, sunday] {
            desk.now = moment.plus_seconds(-1);
            let refusal = desk.refuse(&hold(1, start));
            assert_eq!(
                refusal,
                Refusal::TooFarAhead { bookable_from: moment },
                "{zone} {start}"
            );
            desk.now = moment;
            assert_eq!(desk.code(&hold(1, start)), "accepted", "{zone} {start}");
            let listed = horizon(&desk.agenda, desk.now).unwrap();
            assert!(
                listed.contains(Span::starting(at(start), 30)),
                "{zone}: boards list what is open"
            );
        }
    }
}
