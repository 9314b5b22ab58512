//! Every refusal of holding, booking, moving and cancelling, in the order of precedence that `decide` documents: each row
//! breaks one rule and, where it can, rules that come later too. Bounds are tried at the bound.

use crate::desk::*;
use cabinet_domain::agenda::HOLDS_LIVE_MAX;
use cabinet_domain::command::{Allowances, Canceller, Command};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::time::{Span, UtcMillis, Weekday};
use cabinet_domain::{Event, Refusal};

#[test]
fn nothing_but_settings_is_possible_without_settings() {
    let desk = Desk::empty();
    for command in [
        Command::SetType(kind(ONLINE, true)),
        Command::OpenHours(rule(1)),
        hold(1, "2026-06-08T07:00Z"),
        book(1, "2026-06-08T07:00Z", OUTSIDE),
        Command::ExpireHold(HoldId(1)),
    ] {
        assert_eq!(desk.refuse(&command), Refusal::NotConfigured, "{}", command.name());
    }
    assert_eq!(desk.code(&Command::SetProfile(profile())), "accepted");
}

#[test]
fn holds_are_refused_in_order() {
    let mut desk = Desk::open();
    desk.accept(&hold(1, "2026-06-08T08:00Z"));
    desk.accept(&book(1, "2026-06-15T07:00Z", NONE));
    // One row per refusal; 07:00Z is 09:00 in Paris.
    let table = [
        (hold_of(1, TypeId(9), "2020-01-01T00:00Z"), "type_unknown"),
        (hold_of(1, STAFF_ONLY, "2020-01-01T00:00Z"), "type_not_online"),
        (hold(1, "2020-01-01T00:00Z"), "already_exists"),
        (hold(2, "2020-01-01T00:00Z"), "in_the_past"),
        (hold(2, "2026-06-01T06:00Z"), "in_the_past"),
        (hold(2, "2026-06-01T06:01Z"), "too_soon"),
        (hold(2, "2026-06-01T08:00Z"), "too_soon"),
        (hold(2, "2026-06-01T08:15Z"), "accepted"),
        (hold(2, "2026-06-15T07:45Z"), "accepted"),
        (hold(2, "2026-06-16T03:00Z"), "too_far_ahead"),
        (hold(2, "2026-06-22T07:00Z"), "too_far_ahead"),
        (hold(2, "2026-06-09T07:00Z"), "outside_hours"),
        (hold(2, "2026-06-08T06:45Z"), "outside_hours"),
        (hold(2, "2026-06-01T09:31Z"), "outside_hours"),
        (hold(2, "2026-06-08T08:31Z"), "off_grid"),
        (hold(2, "2026-06-08T08:45Z"), "absent"),
        (hold(2, "2026-06-08T08:15Z"), "slot_taken"),
        (hold(2, "2026-06-08T07:30Z"), "slot_taken"),
        (hold(2, "2026-06-08T07:15Z"), "accepted"),
        (hold(2, "2026-06-15T07:30Z"), "slot_taken"),
    ];
    for (command, expected) in table {
        assert_eq!(desk.code(&command), expected, "{command:?}");
    }
    let Refusal::TooFarAhead { bookable_from } = desk.refuse(&hold(2, "2026-06-22T07:00Z")) else {
        panic!("another refusal");
    };
    assert_eq!(
        bookable_from,
        at("2026-06-07T22:00Z").millis(),
        "midnight in Paris 14 days before"
    );
    desk.now = UtcMillis(bookable_from.0 - 1);
    assert_eq!(desk.code(&hold(2, "2026-06-22T07:00Z")), "too_far_ahead");
    desk.now = bookable_from;
    assert_eq!(desk.code(&hold(2, "2026-06-22T07:00Z")), "accepted");
}

#[test]
fn one_owner_has_one_live_hold_and_the_agenda_a_bounded_number() {
    let mut desk = Desk::open();
    let mut second = hold(2, "2026-06-08T07:00Z");
    desk.accept(&hold(1, "2026-06-01T09:00Z"));
    if let Command::HoldSlot { owner, .. } = &mut second {
        *owner = [1; 32];
    }
    assert_eq!(desk.refuse(&second), Refusal::TooMany { what: "holds" });
    desk.now = desk.now.plus_seconds(300);
    assert_eq!(desk.code(&second), "accepted", "an expired hold does not count");

    let mut desk = Desk::open();
    let mut small = kind(TypeId(3), true);
    (
        small.duration_minutes,
        small.buffer_before_minutes,
        small.buffer_after_minutes,
    ) = (5, 0, 0);
    desk.accept(&Command::SetType(small));
    let mut profile = profile();
    profile.granularity_minutes = 5;
    desk.accept(&Command::SetProfile(profile));
    let wide = OpeningRule {
        weekday: Weekday::Tuesday,
        ..rule(2)
    };
    desk.accept(&Command::OpenHours(OpeningRule {
        from_minute_of_day: 0,
        until_minute_of_day: 1440,
        ..wide
    }));
    for number in 0..=HOLDS_LIVE_MAX {
        let start = at("2026-06-02T00:00Z").plus(i64::try_from(number).unwrap() * 5);
        let command = Command::HoldSlot {
            hold: HoldId(100 + u128::try_from(number).unwrap()),
            kind: TypeId(3),
            start,
            owner: [u8::try_from(number).unwrap(); 32],
        };
        if number < HOLDS_LIVE_MAX {
            desk.accept(&command);
        } else {
            assert_eq!(desk.refuse(&command), Refusal::TooMany { what: "holds" });
        }
    }
}

#[test]
fn holds_end_by_release_confirmation_or_time() {
    let mut desk = Desk::open();
    desk.accept(&hold(1, "2026-06-08T07:00Z"));
    desk.accept(&hold(2, "2026-06-08T08:00Z"));
    desk.accept(&book(1, "2026-06-15T07:00Z", NONE));
    for (command, expected) in [
        (release(9, 1), "hold_gone"),
        (release(1, 2), "not_yours"),
        (release(1, 1), "accepted"),
        (confirm(9, 1, 1), "hold_gone"),
        (confirm(1, 2, 1), "not_yours"),
        (confirm(1, 1, 1), "already_exists"),
        (confirm(1, 1, 2), "accepted"),
        (Command::ExpireHold(HoldId(9)), "hold_gone"),
        (Command::ExpireHold(HoldId(1)), "not_expired_yet"),
    ] {
        assert_eq!(desk.code(&command), expected, "{command:?}");
    }
    assert_eq!(
        desk.agenda.next_hold_expiry(),
        Some((HoldId(1), now().plus_seconds(300)))
    );
    desk.now = UtcMillis(now().plus_seconds(300).0 - 1);
    assert_eq!(desk.agenda.live_holds(desk.now).count(), 2);
    assert_eq!(desk.code(&confirm(1, 1, 2)), "accepted");
    desk.now = now().plus_seconds(300);
    assert_eq!(desk.agenda.live_holds(desk.now).count(), 0);
    assert_eq!(
        desk.code(&confirm(1, 1, 1)),
        "hold_expired",
        "before the booking's id is looked at"
    );
    assert_eq!(desk.code(&Command::ExpireHold(HoldId(1))), "accepted");
    // Whoever takes an expired hold's time ends it in the same command.
    let events = desk.accept(&hold(3, "2026-06-08T07:00Z"));
    assert!(
        matches!(events.as_slice(), [Event::HoldExpired(HoldId(1)), Event::SlotHeld(_)]),
        "{events:?}"
    );
    let events = desk.accept(&book(5, "2026-06-08T08:10Z", NONE));
    assert!(
        matches!(
            events.as_slice(),
            [Event::HoldExpired(HoldId(2)), Event::SlotBooked { .. }]
        ),
        "{events:?}"
    );
    assert_eq!(desk.code(&confirm(2, 2, 6)), "hold_gone");
}

#[test]
fn a_live_hold_is_honoured_whatever_changes_around_it() {
    let mut desk = Desk::open();
    desk.accept(&hold(1, "2026-06-08T07:00Z"));
    desk.accept(&Command::CloseHours(RuleId(1)));
    desk.accept(&Command::RetireType(ONLINE));
    desk.accept(&Command::AddAbsence(Absence {
        id: AbsenceId(2),
        span: Span::starting(at("2026-06-08T00:00Z"), 1440),
        label: String::new(),
    }));
    let events = desk.accept(&confirm(1, 1, 1));
    let [
        Event::SlotBooked {
            booking,
            from_hold,
            outside_hours,
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (booking.span.from, *from_hold, *outside_hours),
        (at("2026-06-08T07:00Z"), Some(HoldId(1)), false)
    );
    assert!(booking.online && booking.manage == Some([77; 32]) && booking.notice_version == Some(1));
    assert_eq!(booking.occupied, Span::starting(at("2026-06-08T06:55Z"), 45));
}

#[test]
fn staff_bookings_are_refused_in_order() {
    let mut desk = Desk::open();
    desk.accept(&hold(1, "2026-06-08T07:00Z"));
    desk.accept(&book(1, "2026-06-15T07:00Z", NONE));
    let both = Allowances {
        overlap: true,
        outside_hours: true,
        over_cap: false,
    };
    for (command, expected) in [
        (book_of(1, TypeId(9), "2020-01-01T00:00Z", NONE), "type_unknown"),
        (book(1, "2020-01-01T00:00Z", NONE), "already_exists"),
        (book(2, "2026-05-31T05:59Z", both), "in_the_past"),
        (book(2, "2026-05-31T06:00Z", both), "accepted"),
        (book(2, "2029-06-03T06:00Z", both), "accepted"),
        (book(2, "2029-06-03T06:01Z", both), "invalid"),
        (book(2, "2026-06-09T07:00Z", NONE), "outside_hours"),
        (book(2, "2026-06-09T07:00Z", OVERLAP), "outside_hours"),
        (book(2, "2026-06-08T09:10Z", NONE), "absent"),
        (book(2, "2026-06-08T09:10Z", OUTSIDE), "accepted"),
        (book(2, "2026-06-08T07:07Z", both), "slot_taken"),
        (book(2, "2026-06-15T07:07Z", OUTSIDE), "slot_taken"),
        (book(2, "2026-06-15T07:07Z", OVERLAP), "accepted"),
        (book(2, "2026-06-15T07:44Z", NONE), "slot_taken"),
        (book(2, "2026-06-15T07:45Z", NONE), "accepted"),
        (book_of(2, ONLINE, "2026-06-15T08:11Z", NONE), "accepted"),
        (book(2, "2026-06-08T07:44Z", both), "slot_taken"),
        (shift(9, "2020-01-01T00:00Z", NONE), "booking_unknown"),
        (shift(1, "2020-01-01T00:00Z", both), "in_the_past"),
        (shift(1, "2026-06-09T07:00Z", NONE), "outside_hours"),
        (shift(1, "2026-06-08T09:00Z", NONE), "absent"),
        (shift(1, "2026-06-08T07:07Z", both), "slot_taken"),
        (shift(1, "2026-06-15T07:07Z", NONE), "accepted"),
    ] {
        assert_eq!(desk.code(&command), expected, "{command:?}");
    }
}

#[test]
fn deliberate_overlaps_and_hours_are_recorded_and_forgotten_when_they_end() {
    let mut desk = Desk::open();
    desk.accept(&book(1, "2026-06-15T07:00Z", NONE));
    let events = desk.accept(&book(2, "2026-06-15T07:10Z", OVERLAP));
    let [
        Event::SlotBooked {
            booking,
            outside_hours: false,
            ..
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(booking.overbooks, [BookingId(1)].into());
    // An allowance that is not needed is not recorded.
    let events = desk.accept(&book(
        3,
        "2026-06-15T09:00Z",
        Allowances {
            overlap: true,
            outside_hours: true,
            over_cap: false,
        },
    ));
    assert!(
        matches!(events.as_slice(), [Event::SlotBooked { outside_hours: false, booking, .. }] if booking.overbooks.is_empty())
    );
    let events = desk.accept(&shift(3, "2026-06-15T15:00Z", OUTSIDE));
    assert!(matches!(
        events.as_slice(),
        [Event::BookingMoved {
            outside_hours: true,
            place: PlaceId(1),
            ..
        }]
    ));
    // Booking 1 still overlaps booking 2 after a small move, no longer after a large one.
    desk.accept(&shift(1, "2026-06-15T07:20Z", OVERLAP));
    assert_eq!(
        desk.agenda.bookings.get(&BookingId(2)).unwrap().overbooks,
        [BookingId(1)].into()
    );
    desk.accept(&shift(1, "2026-06-15T08:15Z", NONE));
    assert!(
        desk.agenda
            .bookings
            .values()
            .all(|booking| booking.overbooks.is_empty())
    );
    desk.accept(&book(4, "2026-06-15T08:20Z", OVERLAP));
    desk.accept(&cancel(1, Canceller::Practice));
    assert!(desk.agenda.bookings.get(&BookingId(4)).unwrap().overbooks.is_empty());
    let between: Vec<_> = desk
        .agenda
        .bookings_between(Span::starting(at("2026-06-15T07:00Z"), 81))
        .map(|booking| booking.id)
        .collect();
    assert_eq!(between, [BookingId(2), BookingId(4)]);
}

#[test]
fn patients_cancel_with_their_secret_until_the_cutoff_and_the_practice_always() {
    let mut desk = Desk::open();
    desk.accept(&hold(1, "2026-06-08T07:00Z"));
    desk.accept(&confirm(1, 1, 1));
    desk.accept(&book(2, "2026-06-08T09:50Z", OUTSIDE));
    let patient = Canceller::Patient([77; 32]);
    assert_eq!(desk.code(&cancel(9, patient)), "booking_unknown");
    assert_eq!(desk.code(&cancel(1, Canceller::Patient([78; 32]))), "not_yours");
    assert_eq!(desk.code(&cancel(2, patient)), "not_yours");
    let cutoff = at("2026-06-07T07:00Z").millis();
    desk.now = UtcMillis(cutoff.0 - 1);
    assert_eq!(desk.code(&cancel(1, patient)), "accepted");
    desk.now = cutoff;
    assert_eq!(desk.refuse(&cancel(1, patient)), Refusal::TooLateToCancel { cutoff });
    assert_eq!(desk.code(&cancel(1, Canceller::Patient([78; 32]))), "not_yours");
    assert_eq!(desk.code(&cancel(1, Canceller::Practice)), "accepted");
    desk.accept(&Command::RetireType(ONLINE));
    assert_eq!(
        desk.code(&cancel(1, patient)),
        "too_late_to_cancel",
        "a retired type keeps its cut-off"
    );
}
