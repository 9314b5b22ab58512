//! Refusals of changes to the schedule, bounds of every value in it, and what is remembered of accepted commands.

use crate::desk::*;
use cabinet_domain::agenda::REMEMBERED_MAX;
use cabinet_domain::command::{Command, Principal, Stamp};
use cabinet_domain::decide::{Recall, decide, recall, record};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, Span, UtcMinute, Weekday};
use cabinet_domain::{Refusal, invariants};

#[test]
fn schedules_are_refused_in_order() {
    let desk = Desk::open();
    let unknown = TypeSelection::Only([TypeId(9)].into());
    let wrong = |id| OpeningRule {
        until_minute_of_day: 540,
        types: unknown.clone(),
        ..rule(id)
    };
    let strange = |id| OpeningRule {
        types: unknown.clone(),
        ..rule(id)
    };
    let exception = |types: TypeSelection| ExceptionalOpening {
        id: ExceptionId(1),
        date: CivilDate::new(2026, 6, 6).unwrap(),
        from_minute_of_day: 0,
        until_minute_of_day: 1440,
        types,
        place: PlaceId(1),
        release: Release::Always,
    };
    for (command, expected) in [
        (Command::OpenHours(wrong(1)), "invalid"),
        (Command::OpenHours(strange(1)), "already_exists"),
        (Command::OpenHours(strange(2)), "type_unknown"),
        (Command::OpenHours(rule(2)), "accepted"),
        (Command::ChangeHours(wrong(9)), "invalid"),
        (Command::ChangeHours(strange(9)), "not_found"),
        (Command::ChangeHours(strange(1)), "type_unknown"),
        (Command::ChangeHours(rule(1)), "accepted"),
        (Command::CloseHours(RuleId(9)), "not_found"),
        (
            Command::OpenExceptionally(exception(TypeSelection::Only([].into()))),
            "invalid",
        ),
        (Command::OpenExceptionally(exception(unknown.clone())), "type_unknown"),
        (Command::OpenExceptionally(exception(TypeSelection::All)), "accepted"),
        (Command::CloseException(ExceptionId(1)), "not_found"),
        (Command::RemoveAbsence(AbsenceId(9)), "not_found"),
        (Command::RemoveAbsence(AbsenceId(1)), "accepted"),
        (Command::RetireType(TypeId(9)), "type_unknown"),
    ] {
        assert_eq!(desk.code(&command), expected, "{command:?}");
    }
}

#[test]
fn an_agenda_carries_a_bounded_number_of_rules() {
    let mut desk = Desk::open();
    for id in 2..=u128::try_from(SCHEDULE_ITEMS_MAX).unwrap() {
        let stamp = desk.stamp();
        let events = decide(&desk.agenda, &Command::OpenHours(rule(id)), &stamp).unwrap();
        for recorded in record(events, &stamp, desk.agenda.seq) {
            desk.agenda.apply(&recorded);
        }
    }
    assert_eq!(
        desk.refuse(&Command::OpenHours(rule(501))),
        Refusal::TooMany { what: "rules" }
    );
    assert_eq!(desk.code(&Command::ChangeHours(rule(500))), "accepted");
}

#[test]
fn acceptances_are_remembered_for_seven_days_by_sender_and_body() {
    let mut desk = Desk::open();
    let stamp = desk.stamp();
    assert_eq!(recall(&desk.agenda, &stamp), Recall::New);
    desk.accept(&hold(1, "2026-06-08T07:00Z"));
    assert_eq!(recall(&desk.agenda, &stamp), Recall::Repeat { seq: desk.agenda.seq });
    let other_body = Stamp {
        digest: [2; 16],
        ..stamp
    };
    assert_eq!(recall(&desk.agenda, &other_body), Recall::Reused);
    let other_sender = Stamp {
        principal: Principal::Bearer([1; 32]),
        ..stamp
    };
    assert_eq!(recall(&desk.agenda, &other_sender), Recall::New);
    desk.now = now().plus_seconds(7 * 86_400);
    desk.accept(&Command::SetType(kind(ONLINE, true)));
    assert_eq!(recall(&desk.agenda, &stamp), Recall::Repeat { seq: 6 });
    desk.now = desk.now.plus_seconds(1);
    desk.accept(&Command::SetType(kind(ONLINE, true)));
    assert_eq!(recall(&desk.agenda, &stamp), Recall::New);
    assert_eq!(desk.agenda.remembered.len(), 2);
}

#[test]
fn timers_are_not_remembered_and_memory_is_bounded() {
    let mut desk = Desk::open();
    let command = Command::SetType(kind(ONLINE, true));
    let mut apply = |principal, number: u128| {
        let stamp = Stamp {
            principal,
            command_id: CommandId(number),
            ..desk.stamp()
        };
        let events = decide(&desk.agenda, &command, &stamp).unwrap();
        for recorded in record(events, &stamp, desk.agenda.seq) {
            desk.agenda.apply(&recorded);
        }
        desk.agenda.remembered.len()
    };
    let before = apply(Principal::Staff(StaffId(1)), 1_000);
    assert_eq!(apply(Principal::System, 1_001), before);
    for number in 0..u128::try_from(REMEMBERED_MAX).unwrap() + 10 {
        apply(Principal::Bearer([1; 32]), number);
    }
    assert_eq!(desk.agenda.remembered.len(), REMEMBERED_MAX);
    assert_eq!(invariants::check(&desk.agenda), []);
}

fn field(result: Result<(), Refusal>) -> Option<&'static str> {
    match result {
        Err(Refusal::Invalid { field, .. }) => Some(field),
        Err(other) => panic!("{other:?}"),
        Ok(()) => None,
    }
}

#[test]
fn types_and_settings_are_checked_at_their_bounds() {
    type Change = fn(&mut AppointmentType);
    let table: [(Change, Option<&str>); 20] = [
        (|kind| kind.name = "x".repeat(120), None),
        (|kind| kind.name = "x".repeat(121), Some("name")),
        (|kind| kind.name = " ".to_owned(), Some("name")),
        (|kind| kind.duration_minutes = 5, None),
        (|kind| kind.duration_minutes = 4, Some("duration_minutes")),
        (|kind| kind.duration_minutes = 720, None),
        (|kind| kind.duration_minutes = 721, Some("duration_minutes")),
        (|kind| kind.buffer_before_minutes = 240, None),
        (|kind| kind.buffer_before_minutes = 241, Some("buffer_before_minutes")),
        (|kind| kind.buffer_after_minutes = 240, None),
        (|kind| kind.buffer_after_minutes = 241, Some("buffer_after_minutes")),
        (|kind| kind.colour = 0xFF_FFFF, None),
        (|kind| kind.colour = 0x100_0000, Some("colour")),
        (|kind| kind.minimum_notice_minutes = 576_000, None),
        (
            |kind| kind.minimum_notice_minutes = 576_001,
            Some("minimum_notice_minutes"),
        ),
        (|kind| kind.booking_window_days = 0, Some("booking_window_days")),
        (|kind| kind.booking_window_days = 400, None),
        (|kind| kind.booking_window_days = 401, Some("booking_window_days")),
        (|kind| kind.cancellation_cutoff_minutes = 576_000, None),
        (
            |kind| kind.cancellation_cutoff_minutes = 576_001,
            Some("cancellation_cutoff_minutes"),
        ),
    ];
    for (number, (change, expected)) in table.into_iter().enumerate() {
        let mut kind = kind(ONLINE, true);
        change(&mut kind);
        assert_eq!(field(kind.validate()), expected, "row {number}");
    }
    type Setting = fn(&mut Profile);
    let table: [(Setting, Option<&str>); 10] = [
        (|profile| profile.granularity_minutes = 5, None),
        (|profile| profile.granularity_minutes = 4, Some("granularity_minutes")),
        (|profile| profile.granularity_minutes = 60, None),
        (|profile| profile.granularity_minutes = 61, Some("granularity_minutes")),
        (|profile| profile.hold_ttl_seconds = 30, None),
        (|profile| profile.hold_ttl_seconds = 29, Some("hold_ttl_seconds")),
        (|profile| profile.hold_ttl_seconds = 3600, None),
        (|profile| profile.hold_ttl_seconds = 3601, Some("hold_ttl_seconds")),
        (
            |profile| profile.week_a_monday = profile.week_a_monday.plus_days(1),
            Some("week_a_monday"),
        ),
        (
            |profile| profile.week_a_monday = CivilDate(i32::MAX),
            Some("week_a_monday"),
        ),
    ];
    for (number, (change, expected)) in table.into_iter().enumerate() {
        let mut profile = profile();
        change(&mut profile);
        assert_eq!(field(profile.validate()), expected, "row {number}");
    }
}

#[test]
fn rules_and_absences_are_checked_at_their_bounds() {
    type Change = fn(&mut OpeningRule);
    let table: [(Change, Option<&str>); 9] = [
        (
            |rule| (rule.from_minute_of_day, rule.until_minute_of_day) = (0, 1440),
            None,
        ),
        (
            |rule| (rule.from_minute_of_day, rule.until_minute_of_day) = (1439, 1440),
            None,
        ),
        (
            |rule| (rule.from_minute_of_day, rule.until_minute_of_day) = (1440, 1441),
            Some("from_minute_of_day"),
        ),
        (|rule| rule.until_minute_of_day = 1441, Some("until_minute_of_day")),
        (
            |rule| rule.until_minute_of_day = rule.from_minute_of_day,
            Some("until_minute_of_day"),
        ),
        (|rule| rule.types = TypeSelection::Only([].into()), Some("types")),
        (|rule| rule.valid_from = CivilDate(-1), Some("valid_from")),
        (|rule| rule.valid_until = Some(rule.valid_from), None),
        (
            |rule| rule.valid_until = Some(rule.valid_from.plus_days(-1)),
            Some("valid_until"),
        ),
    ];
    for (number, (change, expected)) in table.into_iter().enumerate() {
        let mut rule = rule(1);
        change(&mut rule);
        assert_eq!(field(rule.validate()), expected, "row {number}");
    }
    let absence = |from, until, label: usize| Absence {
        id: AbsenceId(1),
        span: Span {
            from: UtcMinute(from),
            until: UtcMinute(until),
        },
        label: "x".repeat(label),
    };
    for (absence, expected) in [
        (absence(0, 1, 120), None),
        (absence(0, 1, 121), Some("label")),
        (absence(1, 1, 0), Some("span")),
        (absence(-1, 1, 0), Some("span")),
        (absence(i64::MIN, i64::MAX, 0), Some("span")),
        (absence(0, ABSENCE_DAYS_MAX * 1440, 0), None),
        (absence(0, ABSENCE_DAYS_MAX * 1440 + 1, 0), Some("span")),
    ] {
        assert_eq!(field(absence.validate()), expected, "{absence:?}");
    }
}

#[test]
fn extreme_starts_are_refused_without_overflow() {
    let desk = Desk::open();
    for start in [i64::MIN, -1, i64::MAX / 60_000, i64::MAX] {
        let held = Command::HoldSlot {
            hold: HoldId(1),
            kind: ONLINE,
            start: UtcMinute(start),
            owner: [1; 32],
        };
        let booked = Command::BookDirectly {
            booking: BookingId(1),
            kind: ONLINE,
            start: UtcMinute(start),
            patient: PatientId(1),
            details: BlobId(1),
            allow: OUTSIDE,
        };
        assert_ne!(desk.code(&held), "accepted");
        assert_ne!(desk.code(&booked), "accepted");
    }
}

#[test]
fn caps_openings_and_releases_are_bounded_and_the_refusal_names_the_field() {
    let desk = Desk::open();
    type Change = fn(&mut AppointmentType);
    let types: [(Change, Option<&str>); 9] = [
        (|kind| kind.daily_cap = Some(0), Some("daily_cap")),
        (|kind| kind.daily_cap = Some(1), None),
        (|kind| kind.daily_cap = Some(DAILY_CAP_MAX), None),
        (|kind| kind.daily_cap = Some(DAILY_CAP_MAX + 1), Some("daily_cap")),
        (|kind| kind.opens = week(1439, 1), None),
        (|kind| kind.opens = week(1440, 1), Some("opens.at")),
        (|kind| kind.opens = week(480, 0), Some("opens.weeks_ahead")),
        (|kind| kind.opens = week(480, WEEKS_AHEAD_MAX), None),
        (
            |kind| kind.opens = week(480, WEEKS_AHEAD_MAX + 1),
            Some("opens.weeks_ahead"),
        ),
    ];
    for (change, expected) in types {
        let mut changed = kind(ONLINE, true);
        change(&mut changed);
        assert_eq!(field(changed.validate()), expected, "{changed:?}");
        assert_eq!(desk.code(&Command::SetType(changed)) == "invalid", expected.is_some());
    }
    let releases = [
        (Release::OnTheDay { minute_of_day: 1439 }, None),
        (Release::OnTheDay { minute_of_day: 1440 }, Some("release.at")),
        (before(0, 480), Some("release.days_before")),
        (before(1, 480), None),
        (before(RELEASE_DAYS_MAX, 1439), None),
        (before(RELEASE_DAYS_MAX + 1, 480), Some("release.days_before")),
        (before(1, 1440), Some("release.at")),
    ];
    for (release, expected) in releases {
        let rule = OpeningRule { release, ..rule(7) };
        let refused = desk.code(&Command::OpenHours(rule.clone())) == "invalid";
        assert_eq!(refused, expected.is_some(), "{release:?}");
        assert_eq!(field(rule.validate()), expected, "{release:?}");
        let opening = ExceptionalOpening {
            id: ExceptionId(7),
            date: CivilDate::new(2026, 6, 15).unwrap(),
            from_minute_of_day: 540,
            until_minute_of_day: 600,
            types: TypeSelection::All,
            place: PlaceId(1),
            release,
        };
        assert_eq!(field(opening.validate()), expected, "{release:?}");
    }
}

fn week(minute_of_day: u16, weeks_ahead: u8) -> Opens {
    Opens::Weekly {
        weekday: Weekday::Monday,
        minute_of_day,
        weeks_ahead,
    }
}

fn before(days: u16, minute_of_day: u16) -> Release {
    Release::DaysBefore { days, minute_of_day }
}
