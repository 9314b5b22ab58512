//! Series, moves and cancellations of several bookings, who came, how late the practitioner runs: scenarios to read.

use crate::desk::*;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Command, SessionAt};
use cabinet_domain::course::{Attendance, SERIES_MAX};
use cabinet_domain::decide::{Reason, why_not};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::{Absence, HolidayRegion};
use cabinet_domain::series::{PlannedDate, SeriesWish, plan};
use cabinet_domain::time::{CivilDate, Span, UtcMillis, Weekday};
use cabinet_domain::{Event, Refusal};
use std::collections::BTreeSet;

fn sessions(list: &[(u128, &str)]) -> Vec<SessionAt> {
    let session = |(id, start): &(u128, &str)| SessionAt {
        booking: BookingId(*id),
        start: at(start),
    };
    list.iter().map(session).collect()
}

fn series(list: &[(u128, &str)], allow: Allowances) -> Command {
    Command::BookSeries {
        series: SeriesId(7),
        kind: ONLINE,
        patient: PatientId(1),
        details: BlobId(1),
        sessions: sessions(list),
        allow,
    }
}

fn moves(list: &[(u128, &str)], allow: Allowances) -> Command {
    Command::MoveBookings {
        moves: sessions(list),
        allow,
    }
}

fn mark(id: u128, mark: Option<Attendance>) -> Command {
    Command::MarkBooking {
        booking: BookingId(id),
        mark,
    }
}

fn starts(agenda: &Agenda) -> Vec<String> {
    let start = |booking: cabinet_domain::agenda::Booking| {
        let instant = jiff::Timestamp::from_second(booking.span.from.0 * 60).unwrap();
        instant.strftime("%m-%d %H:%M").to_string()
    };
    agenda.bookings.values().map(start).collect()
}

#[test]
fn a_series_is_booked_whole_and_its_sessions_know_their_place() {
    let mut desk = Desk::open();
    let events = desk.accept(&series(
        &[
            (1, "2026-06-01T07:00Z"),
            (2, "2026-06-08T07:00Z"),
            (3, "2026-06-15T07:00Z"),
        ],
        NONE,
    ));
    assert_eq!(events.len(), 4);
    assert_eq!(starts(&desk.agenda), ["06-01 07:00", "06-08 07:00", "06-15 07:00"]);
    let place = desk.agenda.course.series[&BookingId(2)];
    assert_eq!((place.series, place.number, place.of), (SeriesId(7), 2, 3));
    desk.accept(&cancel(2, cabinet_domain::command::Canceller::Practice));
    assert_eq!(
        desk.agenda.course.series.len(),
        2,
        "a cancelled session is in no series"
    );
}

#[test]
fn one_date_that_cannot_be_had_keeps_all_of_them_out_and_is_named() {
    let mut desk = Desk::open();
    desk.accept(&book(9, "2026-06-08T07:30Z", NONE));
    let table = [
        ("2026-06-08T07:15Z", "slot_taken"),
        ("2026-06-09T07:00Z", "outside_hours"),
        ("2026-06-08T09:15Z", "absent"),
    ];
    for (start, why) in table {
        let refusal = desk.refuse(&series(&[(1, "2026-06-01T07:00Z"), (2, start)], NONE));
        assert_eq!(refusal, Refusal::OneOfSeveral { start: at(start), why }, "{start}");
    }
    assert_eq!(starts(&desk.agenda), ["06-08 07:30"]);
    // Deliberately, it can.
    desk.accept(&series(&[(1, "2026-06-01T07:00Z"), (2, "2026-06-08T07:15Z")], OVERLAP));
    assert_eq!(
        desk.agenda.bookings.get(&BookingId(2)).unwrap().overbooks,
        BTreeSet::from([BookingId(9)])
    );
}

#[test]
fn what_is_no_series_is_refused() {
    let desk = Desk::open();
    let many: Vec<SessionAt> = (0..=SERIES_MAX)
        .map(|index| SessionAt {
            booking: BookingId(index as u128 + 1),
            start: at("2026-06-01T07:00Z").plus(i64::try_from(index).unwrap() * 7 * 1440),
        })
        .collect();
    let with = |sessions: Vec<SessionAt>| Command::BookSeries {
        series: SeriesId(1),
        kind: ONLINE,
        patient: PatientId(1),
        details: BlobId(1),
        sessions,
        allow: OUTSIDE,
    };
    assert_eq!(desk.code(&with(many.clone())), "invalid", "61 sessions");
    assert_eq!(desk.code(&with(many[..SERIES_MAX].to_vec())), "accepted", "60 sessions");
    assert_eq!(desk.code(&with(many[..1].to_vec())), "invalid", "one session");
    assert_eq!(desk.code(&with(many[..2].iter().rev().copied().collect())), "invalid");
    let twice = [(1, "2026-06-01T07:00Z"), (1, "2026-06-08T07:00Z")];
    assert_eq!(desk.code(&series(&twice, NONE)), "invalid", "one id twice");
    let overlapping = [(1, "2026-06-01T07:00Z"), (2, "2026-06-01T07:15Z")];
    assert_eq!(desk.code(&series(&overlapping, NONE)), "one_of_several");
}

#[test]
fn several_move_together_through_each_others_places() {
    let mut desk = Desk::open();
    desk.accept(&series(
        &[
            (1, "2026-06-01T07:00Z"),
            (2, "2026-06-01T07:45Z"),
            (3, "2026-06-01T08:30Z"),
        ],
        NONE,
    ));
    desk.accept(&mark(3, Some(Attendance::Excused)));
    // Each to the time of the next, without any allowance.
    desk.accept(&moves(
        &[
            (1, "2026-06-01T07:45Z"),
            (2, "2026-06-01T08:30Z"),
            (3, "2026-06-01T09:15Z"),
        ],
        NONE,
    ));
    assert_eq!(starts(&desk.agenda), ["06-01 07:45", "06-01 08:30", "06-01 09:15"]);
    assert_eq!(
        desk.agenda.course.marks.len(),
        0,
        "what was said was said of another time"
    );
    // And back.
    desk.accept(&moves(
        &[
            (3, "2026-06-01T08:30Z"),
            (1, "2026-06-01T07:00Z"),
            (2, "2026-06-01T07:45Z"),
        ],
        NONE,
    ));
    assert_eq!(starts(&desk.agenda), ["06-01 07:00", "06-01 07:45", "06-01 08:30"]);
    let refusal = desk.refuse(&moves(&[(1, "2026-06-08T07:00Z"), (2, "2026-06-09T07:00Z")], NONE));
    let why = "outside_hours";
    let start = at("2026-06-09T07:00Z");
    assert_eq!(refusal, Refusal::OneOfSeveral { start, why });
    assert_eq!(desk.code(&moves(&[(8, "2026-06-08T07:00Z")], NONE)), "one_of_several");
    let swapped = [(1, "2026-06-01T07:45Z"), (2, "2026-06-01T07:00Z")];
    assert_eq!(
        desk.code(&moves(&swapped, NONE)),
        "one_of_several",
        "two that change places"
    );
}

#[test]
fn several_are_cancelled_or_none() {
    let mut desk = Desk::open();
    desk.accept(&series(&[(1, "2026-06-01T07:00Z"), (2, "2026-06-08T07:00Z")], NONE));
    let cancel = |ids: &[u128]| Command::CancelBookings {
        bookings: ids.iter().map(|id| BookingId(*id)).collect(),
    };
    assert_eq!(desk.refuse(&cancel(&[1, 3])), Refusal::BookingUnknown);
    assert_eq!(desk.code(&cancel(&[])), "invalid");
    assert_eq!(desk.code(&cancel(&[1, 1])), "invalid");
    assert_eq!(desk.accept(&cancel(&[1, 2])).len(), 2);
    assert!(desk.agenda.bookings.is_empty() && desk.agenda.course.series.is_empty());
}

#[test]
fn what_became_of_a_booking_is_said_when_it_can_be_known() {
    let mut desk = Desk::open();
    desk.accept(&book(1, "2026-06-08T07:00Z", NONE));
    // Midnight in Paris of the day, the start, 400 days after the end.
    let (midnight, start) = (at("2026-06-07T22:00Z").millis(), at("2026-06-08T07:00Z").millis());
    let last = UtcMillis(at("2026-06-08T07:30Z").plus(400 * 1440).millis().0 - 1);
    let table = [
        (Attendance::Arrived, midnight),
        (Attendance::InSession, midnight),
        (Attendance::Seen, midnight),
        (Attendance::NoShow, start),
    ];
    for (state, from) in table {
        let command = mark(1, Some(state));
        desk.now = UtcMillis(from.0 - 1);
        assert_eq!(desk.refuse(&command), Refusal::NotYet { from }, "{}", state.name());
        desk.now = from;
        assert_eq!(desk.code(&command), "accepted", "{}", state.name());
        desk.now = last;
        assert_eq!(desk.code(&command), "accepted");
        desk.now = UtcMillis(last.0 + 1);
        assert_eq!(desk.code(&command), "invalid");
    }
    desk.now = now();
    desk.accept(&mark(1, Some(Attendance::Excused)));
    assert_eq!(desk.agenda.course.marks[&BookingId(1)].state, Attendance::Excused);
    desk.accept(&mark(1, None));
    assert!(desk.agenda.course.marks.is_empty());
    assert_eq!(desk.refuse(&mark(2, None)), Refusal::BookingUnknown);
}

#[test]
fn a_delay_is_worth_the_day_on_which_it_is_announced() {
    let mut desk = Desk::open();
    assert_eq!(desk.code(&Command::AnnounceDelay { minutes: 241 }), "invalid");
    desk.accept(&Command::AnnounceDelay { minutes: 240 });
    desk.accept(&Command::AnnounceDelay { minutes: 25 });
    let said = |desk: &Desk, text: &str| desk.agenda.delay_now(at(text).millis()).map(|delay| delay.minutes);
    assert_eq!(
        said(&desk, "2026-06-01T21:59Z"),
        Some(25),
        "a minute before midnight in Paris"
    );
    assert_eq!(said(&desk, "2026-06-01T22:00Z"), None);
    desk.accept(&book(1, "2026-06-01T09:00Z", NONE));
    desk.accept(&book(2, "2026-06-15T09:00Z", NONE));
    let of = |desk: &Desk, id: u128, text: &str| {
        let booking = desk.agenda.bookings.get(&BookingId(id)).unwrap();
        desk.agenda.delay_of(&booking, at(text).millis())
    };
    assert_eq!(of(&desk, 1, "2026-06-01T06:30Z"), 25);
    assert_eq!(of(&desk, 1, "2026-06-01T09:24Z"), 25, "it begins later too");
    assert_eq!(of(&desk, 1, "2026-06-01T09:25Z"), 0);
    assert_eq!(of(&desk, 2, "2026-06-01T06:30Z"), 0, "of another day");
    desk.accept(&Command::AnnounceDelay { minutes: 0 });
    assert_eq!(said(&desk, "2026-06-01T12:00Z"), None);
}

fn wish(count: usize) -> SeriesWish {
    SeriesWish {
        kind: ONLINE,
        first: CivilDate::new(2026, 6, 3).unwrap(),
        weekdays: BTreeSet::from([Weekday::Monday]),
        every_weeks: 1,
        minute_of_day: 11 * 60,
        count,
    }
}

fn told(dates: &[PlannedDate]) -> Vec<(String, Vec<&'static str>, usize)> {
    let told = |date: &PlannedDate| {
        let reasons = date.reasons.iter().map(Reason::code).collect();
        (date.date.to_string(), reasons, date.alternatives.len())
    };
    dates.iter().map(told).collect()
}

/// Monday mornings, absent on 8 June from 11:00, a booking on 15 June at 11:00.
#[test]
fn a_plan_goes_on_until_as_many_dates_are_free_as_are_wished_for() {
    let mut desk = Desk::open();
    desk.accept(&book(1, "2026-06-15T09:00Z", NONE));
    let found = plan(&desk.agenda, &wish(2), desk.now).unwrap();
    assert_eq!(
        told(&found),
        [
            ("2026-06-08".to_owned(), vec!["absent"], 3),
            ("2026-06-15".to_owned(), vec!["slot_taken"], 3),
            ("2026-06-22".to_owned(), vec![], 0),
            ("2026-06-29".to_owned(), vec![], 0),
        ]
    );
    // 11:00 to 11:30 is booked with 5 minutes before and 10 after: the nearest quarters that fit.
    let near = ["2026-06-15T08:15Z", "2026-06-15T08:00Z", "2026-06-15T07:45Z"].map(at);
    assert_eq!(found[1].alternatives, near);
    // What is told to be free can be booked as it stands.
    let sessions: Vec<SessionAt> = found[2..]
        .iter()
        .zip(10..)
        .map(|(date, id)| SessionAt {
            booking: BookingId(id),
            start: date.start,
        })
        .collect();
    desk.accept(&Command::BookSeries {
        series: SeriesId(1),
        kind: ONLINE,
        patient: PatientId(1),
        details: BlobId(1),
        sessions,
        allow: NONE,
    });
}

#[test]
fn eleven_stays_eleven_across_the_clock_change_and_every_second_week_is_every_second() {
    let desk = Desk::open();
    let wish = SeriesWish {
        first: CivilDate::new(2026, 10, 19).unwrap(),
        every_weeks: 2,
        ..wish(2)
    };
    let found = plan(&desk.agenda, &wish, desk.now).unwrap();
    let starts: Vec<_> = found.iter().map(|date| date.start).collect();
    assert_eq!(starts, [at("2026-10-19T09:00Z"), at("2026-11-02T10:00Z")]);
}

#[test]
fn a_wish_out_of_bounds_is_refused() {
    let desk = Desk::open();
    let code =
        |wish: SeriesWish| plan(&desk.agenda, &wish, desk.now).map_or_else(|refusal| refusal.code(), |_| "found");
    assert_eq!(code(wish(1)), "invalid");
    assert_eq!(code(wish(60)), "found");
    assert_eq!(code(wish(61)), "invalid");
    type Change = fn(&mut SeriesWish);
    let table: [(Change, &str); 8] = [
        (|wish| wish.every_weeks = 0, "invalid"),
        (|wish| wish.every_weeks = 8, "found"),
        (|wish| wish.every_weeks = 9, "invalid"),
        (|wish| wish.weekdays.clear(), "invalid"),
        (|wish| wish.minute_of_day = 1439, "found"),
        (|wish| wish.minute_of_day = 1440, "invalid"),
        (|wish| wish.kind = TypeId(9), "type_unknown"),
        (|wish| wish.first = CivilDate(84_006), "invalid"),
    ];
    for (index, (change, expected)) in table.into_iter().enumerate() {
        let mut wish = wish(2);
        change(&mut wish);
        assert_eq!(code(wish), expected, "row {index}");
    }
    // Where nothing is ever open the search ends.
    let never = SeriesWish {
        weekdays: BTreeSet::from([Weekday::Sunday]),
        ..wish(5)
    };
    assert_eq!(plan(&desk.agenda, &never, desk.now).unwrap().len(), 60);
}

#[test]
fn everything_that_excludes_a_start_is_told() {
    let mut desk = Desk::open();
    desk.accept(&book(1, "2026-06-08T07:45Z", NONE));
    desk.accept(&hold(1, "2026-06-08T08:30Z"));
    let why = |desk: &Desk, kind, start: &str| why_not(&desk.agenda, kind, at(start), desk.now).unwrap();
    assert_eq!(why(&desk, ONLINE, "2026-06-15T07:00Z"), []);
    assert_eq!(why(&desk, TypeId(9), "2026-06-15T07:00Z"), [Reason::TypeUnknown]);
    assert_eq!(why(&desk, STAFF_ONLY, "2026-06-15T07:00Z"), [Reason::NotOnline]);
    let until = at("2026-06-01T06:00Z").millis();
    assert_eq!(why(&desk, ONLINE, "2026-06-01T08:00Z"), [Reason::TooSoon { until }]);
    let from = at("2026-06-07T22:00Z").millis();
    assert_eq!(why(&desk, ONLINE, "2026-06-22T07:00Z"), [Reason::TooFarAhead { from }]);
    let morning = Span::starting(at("2026-06-08T07:00Z"), 180);
    let outside = |openings, holiday| Reason::OutsideHours {
        openings,
        other_types: false,
        holiday,
    };
    // Half past eleven: the end lies outside, the absence has all of it.
    assert_eq!(
        why(&desk, ONLINE, "2026-06-08T09:45Z"),
        [outside(vec![morning], false), Reason::Absent(AbsenceId(1))]
    );
    let until = desk.now.plus_seconds(300);
    assert_eq!(
        why(&desk, ONLINE, "2026-06-08T08:10Z"),
        [
            Reason::OffGrid,
            Reason::Held { until },
            Reason::Taken {
                booking: BookingId(1),
                buffer_only: false
            }
        ]
    );
    assert_eq!(
        why(&desk, ONLINE, "2026-06-08T07:15Z"),
        [Reason::Taken {
            booking: BookingId(1),
            buffer_only: true
        }]
    );
    // 14 July 2026 is a Tuesday; 6 April, Easter Monday, lies in the past of this desk.
    desk.now = at("2026-04-01T06:00Z").millis();
    assert_eq!(why(&desk, ONLINE, "2026-04-06T07:00Z"), [outside(vec![], true)]);
    let open = cabinet_domain::schedule::Profile {
        holidays: HolidayRegion::AlsaceMoselle,
        open_on_holidays: true,
        ..profile()
    };
    desk.accept(&Command::SetProfile(open));
    assert_eq!(why(&desk, ONLINE, "2026-04-06T07:00Z"), []);
    assert!(
        why_not(&Desk::empty().agenda, ONLINE, at("2026-06-08T07:00Z"), now()).is_none(),
        "without settings there is nothing to tell"
    );
    let absence = Absence {
        id: AbsenceId(2),
        span: Span::starting(at("2026-04-06T07:00Z"), 10),
        label: String::new(),
    };
    desk.accept(&Command::AddAbsence(absence));
    assert!(matches!(desk.refuse(&hold(3, "2026-04-06T07:00Z")), Refusal::Absent));
    let events = desk.accept(&hold(3, "2026-04-06T07:15Z"));
    assert!(matches!(events[0], Event::SlotHeld(_)));
}
