//! The waiting list: who may join, who is offered what is freed, and what follows an answer or none.

use crate::desk::*;
use cabinet_domain::Event;
use cabinet_domain::command::{Canceller, Command, Leaver};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::{Absence, ExceptionalOpening, Release, TypeSelection};
use cabinet_domain::time::{CivilDate, Span, UtcMinute, Weekday};
use cabinet_domain::waiting::{
    Left, OFFER_SECONDS, OFFERS_LIVE_MAX, PASSED_MAX, Priority, WAITING_MAX, Wishes, in_order, rank,
};
use std::collections::BTreeSet;

pub(crate) const FIRST: u8 = 101;
const SECOND: u8 = 102;

pub(crate) fn anytime() -> Wishes {
    Wishes {
        weekdays: BTreeSet::from([Weekday::Monday]),
        from_minute_of_day: 0,
        until_minute_of_day: 24 * 60,
        first_day: CivilDate::new(2026, 6, 1).unwrap(),
        last_day: CivilDate::new(2026, 6, 30).unwrap(),
        notice_minutes: 0,
        place: None,
    }
}

pub(crate) fn entry(id: u8) -> WaitingId {
    WaitingId(u128::from(id) << 32)
}

fn join_for(id: u8, kind: TypeId, wishes: Wishes) -> Command {
    Command::JoinWaitingList {
        entry: entry(id),
        kind,
        patient: PatientId(u128::from(id)),
        details: BlobId(u128::from(id)),
        owner: [id; 32],
        notice_version: 1,
        wishes,
    }
}

pub(crate) fn join(id: u8, wishes: Wishes) -> Command {
    join_for(id, ONLINE, wishes)
}

fn accept(id: u8, owner: u8) -> Command {
    Command::AcceptOffer {
        entry: entry(id),
        owner: [owner; 32],
    }
}

fn decline(id: u8) -> Command {
    Command::DeclineOffer {
        entry: entry(id),
        owner: [id; 32],
    }
}

fn leave(id: u8, owner: u8) -> Command {
    Command::LeaveWaitingList {
        entry: entry(id),
        by: Leaver::Patient([owner; 32]),
    }
}

/// Monday morning, 8 June: three appointments with their buffers fill it.
fn full() -> Desk {
    let mut desk = Desk::open();
    for (id, start) in [
        (1, "2026-06-08T07:00Z"),
        (2, "2026-06-08T07:45Z"),
        (3, "2026-06-08T08:30Z"),
    ] {
        desk.accept(&book_of(id, ONLINE, start, OUTSIDE));
    }
    desk
}

/// Whom the last events offer something, and its start.
pub(crate) fn offered(events: &[Event]) -> Vec<(WaitingId, UtcMinute)> {
    let offer = |event: &Event| {
        if let Event::SlotOffered { entry, hold } = event {
            return Some((*entry, hold.span.from));
        }
        None
    };
    events.iter().filter_map(offer).collect()
}

#[test]
fn joining_is_refused_in_order() {
    let mut desk = Desk::open();
    desk.accept(&join(FIRST, anytime()));
    let mut same_patient = join(SECOND, anytime());
    if let Command::JoinWaitingList { patient, .. } = &mut same_patient {
        *patient = PatientId(u128::from(FIRST));
    }
    let bad = |change: fn(&mut Wishes)| {
        let mut wishes = anytime();
        change(&mut wishes);
        join(SECOND, wishes)
    };
    for (command, expected) in [
        (join_for(SECOND, TypeId(9), anytime()), "type_unknown"),
        (join_for(SECOND, STAFF_ONLY, anytime()), "type_not_online"),
        (join(FIRST, anytime()), "already_exists"),
        (same_patient, "already_exists"),
        (bad(|wishes| wishes.weekdays.clear()), "invalid"),
        (bad(|wishes| wishes.until_minute_of_day = 0), "invalid"),
        (bad(|wishes| wishes.until_minute_of_day = 1441), "invalid"),
        (
            bad(|wishes| wishes.last_day = wishes.first_day.plus_days(-1)),
            "invalid",
        ),
        (
            bad(|wishes| wishes.last_day = wishes.first_day.plus_days(366)),
            "accepted",
        ),
        (
            bad(|wishes| wishes.last_day = wishes.first_day.plus_days(367)),
            "invalid",
        ),
        (bad(|wishes| wishes.notice_minutes = 400 * 1440 + 1), "invalid"),
        (
            bad(|wishes| {
                wishes.first_day = wishes.first_day.plus_days(-9);
                wishes.last_day = wishes.first_day.plus_days(1);
            }),
            "invalid",
        ),
        (join(SECOND, anytime()), "accepted"),
    ] {
        assert_eq!(desk.code(&command), expected, "{command:?}");
    }
}

#[test]
fn a_list_carries_so_many_and_those_whose_days_are_over_make_room() {
    let mut desk = Desk::open();
    let short = Wishes {
        last_day: CivilDate::new(2026, 6, 2).unwrap(),
        ..anytime()
    };
    for number in 0..WAITING_MAX {
        let id = u128::try_from(number).unwrap() + 1;
        let mut command = join(FIRST, if number == 0 { short.clone() } else { anytime() });
        if let Command::JoinWaitingList { entry, patient, .. } = &mut command {
            (*entry, *patient) = (WaitingId(id << 32), PatientId(id));
        }
        desk.accept(&command);
    }
    let mut one_more = join(FIRST, anytime());
    if let Command::JoinWaitingList { entry, patient, .. } = &mut one_more {
        (*entry, *patient) = (WaitingId(9_999 << 32), PatientId(9_999));
    }
    assert_eq!(desk.code(&one_more), "too_many");
    desk.now = at("2026-06-03T06:00Z").millis();
    let events = desk.accept(&one_more);
    assert!(matches!(
        events.as_slice(),
        [Event::WaitingJoined(_), Event::WaitingLeft { why: Left::Over, .. }]
    ));
    assert_eq!(desk.agenda.waiting.len(), WAITING_MAX);
}

#[test]
fn a_cancelled_time_goes_to_who_has_waited_longest_in_the_same_decision() {
    let mut desk = full();
    desk.accept(&join(SECOND, anytime()));
    desk.now = desk.now.plus_seconds(1);
    desk.accept(&join(FIRST, anytime()));
    assert_eq!(rank(&desk.agenda.waiting, entry(SECOND)), Some((1, 2)));
    assert_eq!(rank(&desk.agenda.waiting, entry(FIRST)), Some((2, 2)));
    let events = desk.accept(&cancel(2, Canceller::Practice));
    assert!(matches!(events[0], Event::BookingCancelled { .. }));
    assert_eq!(offered(&events), [(entry(SECOND), at("2026-06-08T07:45Z"))]);
    let held = desk.agenda.holds.values().next().unwrap().clone();
    assert_eq!(held.expires_at, desk.now.plus_seconds(OFFER_SECONDS));
    // Nobody else gets it meanwhile, staff included.
    assert_eq!(desk.code(&hold(1, "2026-06-08T07:45Z")), "slot_taken");
    assert_eq!(desk.code(&book(9, "2026-06-08T07:45Z", OVERLAP)), "slot_taken");
    // It is accepted by who waited, and not confirmed for anybody else.
    assert_eq!(desk.code(&accept(FIRST, FIRST)), "hold_gone");
    assert_eq!(desk.code(&accept(SECOND, FIRST)), "not_yours");
    let Command::ConfirmHold { booking, .. } = confirm(1, SECOND, 55) else {
        panic!("another command");
    };
    let mut confirmed = confirm(1, SECOND, 55);
    if let Command::ConfirmHold { hold, .. } = &mut confirmed {
        *hold = held.id;
    }
    assert_eq!((booking, desk.code(&confirmed)), (BookingId(55), "hold_gone"));
    desk.accept(&accept(SECOND, SECOND));
    let booked = desk.agenda.bookings.get(&BookingId(entry(SECOND).0)).unwrap();
    assert_eq!(
        (booked.span, booked.patient, booked.details),
        (held.span, PatientId(102), BlobId(102))
    );
    assert_eq!((booked.manage, booked.online), (Some([SECOND; 32]), true));
    assert_eq!(desk.agenda.waiting.keys().copied().collect::<Vec<_>>(), [entry(FIRST)]);
}

#[test]
fn who_is_urgent_comes_before_who_has_waited_longer() {
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.now = desk.now.plus_seconds(1);
    desk.accept(&join(SECOND, anytime()));
    desk.accept(&Command::SetWaitingPriority {
        entry: entry(SECOND),
        priority: Priority::Urgent,
    });
    let order: Vec<WaitingId> = in_order(&desk.agenda.waiting).iter().map(|one| one.id).collect();
    assert_eq!(order, [entry(SECOND), entry(FIRST)]);
    let events = desk.accept(&cancel(1, Canceller::Practice));
    assert_eq!(offered(&events), [(entry(SECOND), at("2026-06-08T07:00Z"))]);
}

#[test]
fn only_what_one_could_come_to_is_offered() {
    type Change = fn(&mut Wishes);
    let table: [(&str, Change, bool); 12] = [
        ("as it is", |_| {}, true),
        (
            "another weekday",
            |wishes| wishes.weekdays = BTreeSet::from([Weekday::Tuesday]),
            false,
        ),
        (
            "from its very minute",
            |wishes| wishes.from_minute_of_day = 9 * 60 + 45,
            true,
        ),
        (
            "from a minute later",
            |wishes| wishes.from_minute_of_day = 9 * 60 + 46,
            false,
        ),
        (
            "until a minute later",
            |wishes| wishes.until_minute_of_day = 9 * 60 + 46,
            true,
        ),
        (
            "until its very minute",
            |wishes| wishes.until_minute_of_day = 9 * 60 + 45,
            false,
        ),
        (
            "from that day",
            |wishes| wishes.first_day = CivilDate::new(2026, 6, 8).unwrap(),
            true,
        ),
        (
            "from the next day",
            |wishes| wishes.first_day = CivilDate::new(2026, 6, 9).unwrap(),
            false,
        ),
        (
            "until that day",
            |wishes| wishes.last_day = CivilDate::new(2026, 6, 8).unwrap(),
            true,
        ),
        (
            "until the day before",
            |wishes| wishes.last_day = CivilDate::new(2026, 6, 7).unwrap(),
            false,
        ),
        ("just in time", |wishes| wishes.notice_minutes = 7 * 1440 + 105, true),
        (
            "a minute too late",
            |wishes| wishes.notice_minutes = 7 * 1440 + 106,
            false,
        ),
    ];
    for (what, change, expected) in table {
        let mut desk = full();
        let mut wishes = anytime();
        change(&mut wishes);
        desk.accept(&join(FIRST, wishes));
        let events = desk.accept(&cancel(2, Canceller::Practice));
        assert_eq!(offered(&events).len(), usize::from(expected), "{what}");
    }
}

#[test]
fn another_place_and_a_type_that_patients_no_longer_book_are_not_offered() {
    for (place, expected) in [(PlaceId(1), 1), (PlaceId(2), 0)] {
        let mut desk = full();
        let wishes = Wishes {
            place: Some(place),
            ..anytime()
        };
        desk.accept(&join(FIRST, wishes));
        assert_eq!(offered(&desk.accept(&cancel(2, Canceller::Practice))).len(), expected);
    }
    // A type that is online no more, or retired, waits in vain; so does one whose minimum notice has passed.
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.accept(&Command::SetType(kind(ONLINE, false)));
    assert_eq!(offered(&desk.accept(&cancel(2, Canceller::Practice))), []);
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.now = at("2026-06-08T05:45Z").plus(-1).millis();
    assert_eq!(offered(&desk.accept(&cancel(2, Canceller::Practice))), []);
}

#[test]
fn an_offer_ends_with_the_slots_own_notice_and_is_none_when_that_is_near() {
    for (minutes_before, expected) in [
        (11, Some(600)),
        (10, Some(600)),
        (9, Some(540)),
        (2, Some(120)),
        (1, None),
    ] {
        let mut desk = full();
        desk.accept(&join(FIRST, anytime()));
        // Bookable until 05:45: two hours before.
        desk.now = at("2026-06-08T05:45Z").plus(-minutes_before).millis();
        desk.accept(&cancel(2, Canceller::Practice));
        let until = desk.agenda.holds.values().next().map(|hold| hold.expires_at);
        let expected = expected.map(|seconds| desk.now.plus_seconds(seconds));
        assert_eq!(until, expected, "{minutes_before} minutes before");
    }
}

#[test]
fn what_one_lets_pass_goes_to_the_next_at_once_and_does_not_come_back() {
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.now = desk.now.plus_seconds(1);
    desk.accept(&join(SECOND, anytime()));
    desk.accept(&cancel(2, Canceller::Practice));
    let held = *desk.agenda.holds.keys().next().unwrap();
    assert_eq!(desk.code(&Command::ExpireHold(held)), "not_expired_yet");
    desk.now = desk.now.plus_seconds(OFFER_SECONDS);
    assert_eq!(desk.code(&accept(FIRST, FIRST)), "hold_expired");
    let events = desk.accept(&Command::ExpireHold(held));
    assert!(matches!(events[0], Event::HoldExpired(_)));
    assert_eq!(offered(&events), [(entry(SECOND), at("2026-06-08T07:45Z"))]);
    // Declined by the second: the first has let this start pass, so it is free for everybody.
    let events = desk.accept(&decline(SECOND));
    assert_eq!((offered(&events), events.len()), (Vec::new(), 1));
    assert_eq!(desk.code(&hold(1, "2026-06-08T07:45Z")), "accepted");
    assert_eq!(desk.code(&decline(SECOND)), "hold_gone");
    assert!(
        desk.agenda
            .waiting
            .values()
            .all(|entry| entry.passed.len() == 1 && entry.offer.is_none())
    );
}

#[test]
fn who_lets_too_many_pass_leaves_the_list() {
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    for booking in 1..=3 {
        let events = desk.accept(&cancel(booking, Canceller::Practice));
        assert_eq!(offered(&events).len(), 1, "{booking}");
        let events = desk.accept(&decline(FIRST));
        let left = Event::WaitingLeft {
            entry: entry(FIRST),
            why: Left::PassedTooMany,
        };
        assert_eq!(events.contains(&left), usize::try_from(booking).unwrap() == PASSED_MAX);
    }
    assert!(desk.agenda.waiting.is_empty());
    assert_eq!(desk.code(&decline(FIRST)), "not_found");
}

#[test]
fn who_leaves_gives_what_they_were_offered_to_the_next() {
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.now = desk.now.plus_seconds(1);
    desk.accept(&join(SECOND, anytime()));
    desk.accept(&cancel(2, Canceller::Practice));
    assert_eq!(desk.code(&leave(FIRST, SECOND)), "not_yours");
    let events = desk.accept(&leave(FIRST, FIRST));
    assert!(matches!(
        events[..2],
        [Event::HoldReleased(_), Event::WaitingLeft { why: Left::Patient, .. }]
    ));
    assert_eq!(offered(&events), [(entry(SECOND), at("2026-06-08T07:45Z"))]);
    let events = desk.accept(&Command::LeaveWaitingList {
        entry: entry(SECOND),
        by: Leaver::Practice,
    });
    assert!(matches!(
        events[..],
        [
            Event::HoldReleased(_),
            Event::WaitingLeft {
                why: Left::Practice,
                ..
            }
        ]
    ));
    assert!(desk.agenda.holds.is_empty());
}

#[test]
fn moving_away_reopening_and_new_hours_free_time_too() {
    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    let events = desk.accept(&shift(2, "2026-06-15T07:00Z", NONE));
    assert_eq!(offered(&events), [(entry(FIRST), at("2026-06-08T07:45Z"))]);

    let mut desk = full();
    desk.accept(&join(FIRST, anytime()));
    desk.accept(&Command::AddAbsence(Absence {
        id: AbsenceId(2),
        span: Span::starting(at("2026-06-15T07:00Z"), 180),
        label: String::new(),
    }));
    let events = desk.accept(&Command::RemoveAbsence(AbsenceId(2)));
    assert_eq!(offered(&events), [(entry(FIRST), at("2026-06-15T07:00Z"))]);

    // The room of two appointments goes to two, one after the other.
    let mut desk = full();
    for id in [FIRST, SECOND, 103] {
        desk.now = desk.now.plus_seconds(1);
        desk.accept(&join(id, anytime()));
    }
    let events = desk.accept(&Command::OpenExceptionally(ExceptionalOpening {
        id: ExceptionId(1),
        date: CivilDate::new(2026, 6, 8).unwrap(),
        from_minute_of_day: 14 * 60,
        until_minute_of_day: 15 * 60 + 15,
        types: TypeSelection::All,
        place: PlaceId(1),
        release: Release::Always,
    }));
    assert_eq!(
        offered(&events),
        [
            (entry(FIRST), at("2026-06-08T12:00Z")),
            (entry(SECOND), at("2026-06-08T12:45Z"))
        ]
    );
}

#[test]
fn offers_leave_most_holds_to_who_comes_by_the_page() {
    let mut desk = Desk::open();
    for id in 0..30 {
        desk.accept(&join(100 + id, anytime()));
    }
    // Monday 15 June, a whole long day.
    let events = desk.accept(&Command::OpenExceptionally(ExceptionalOpening {
        id: ExceptionId(1),
        date: CivilDate::new(2026, 6, 15).unwrap(),
        from_minute_of_day: 0,
        until_minute_of_day: 24 * 60,
        types: TypeSelection::All,
        place: PlaceId(2),
        release: Release::Always,
    }));
    assert_eq!(offered(&events).len(), OFFERS_LIVE_MAX);
}
