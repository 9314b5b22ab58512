//! Slots of a full agenda and the delta of one event: 600 bookings over 12 weeks, eight types, two places, A/B weeks.
//! Targets: all slots of a type over its window within 100 us; the delta of a hold, a cancellation, a move or an absence
//! within 10 us, of a weekly rule within 300 us. A type whose times change has its whole window computed twice, and settings
//! that move every opening have all types' windows computed twice: that is what those two cost.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot start must say so"
)]

use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Command, Principal, Stamp};
use cabinet_domain::decide::{decide, record};
use cabinet_domain::event::Event;
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::slots::{horizon, slot_changes, slots};
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::BTreeSet;
use std::hint::black_box;

const WEEKDAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

fn now() -> UtcMillis {
    // 2026-09-21T06:00Z: the clock change of 25 October lies inside the window.
    UtcMillis(
        "2026-09-21T06:00:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_millisecond(),
    )
}

fn stamp(number: u128) -> Stamp {
    Stamp {
        now: now(),
        principal: Principal::Staff(StaffId(1)),
        command_id: CommandId(number),
        digest: [0; 16],
    }
}

fn run(agenda: &mut Agenda, command: &Command) -> Option<Event> {
    let stamp = stamp(u128::from(agenda.seq) + 1);
    let recorded = record(decide(agenda, command, &stamp).ok()?, &stamp, agenda.seq);
    for one in &recorded {
        agenda.apply(one);
    }
    recorded.into_iter().next_back().map(|one| one.event)
}

fn kind(id: u128) -> AppointmentType {
    let minutes = [30, 45, 60, 20, 30, 40, 15, 90];
    AppointmentType {
        id: TypeId(id),
        name: format!("type {id}"),
        duration_minutes: *minutes.get(usize::try_from(id).unwrap() % minutes.len()).unwrap(),
        buffer_before_minutes: 0,
        buffer_after_minutes: u16::try_from(id % 3).unwrap() * 5,
        colour: 0,
        online: !id.is_multiple_of(4),
        minimum_notice_minutes: 120,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 1440,
    }
}

fn rules() -> Vec<OpeningRule> {
    let mut all = Vec::new();
    for weekday in WEEKDAYS {
        for (from, until, place, weeks) in [
            (480, 750, 1, WeekCycle::Every),
            (810, 1080, 1, WeekCycle::A),
            (810, 1080, 2, WeekCycle::B),
            (1080, 1170, 1, WeekCycle::Every),
        ] {
            let some = (1..=6).map(TypeId).collect::<BTreeSet<_>>();
            all.push(OpeningRule {
                id: RuleId(u128::try_from(all.len()).unwrap()),
                weekday,
                from_minute_of_day: from,
                until_minute_of_day: until,
                types: if weeks == WeekCycle::B {
                    TypeSelection::Only(some)
                } else {
                    TypeSelection::All
                },
                place: PlaceId(place),
                weeks,
                valid_from: CivilDate::new(2026, 1, 1).unwrap(),
                valid_until: None,
            });
        }
    }
    all
}

fn profile() -> Profile {
    Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: CivilDate::new(2026, 1, 5).unwrap(),
    }
}

/// The agenda: 600 bookings spread over the window, some 70 % of it full.
fn agenda() -> Agenda {
    let key = AgendaKey {
        practice: PracticeId(1),
        agenda: AgendaId(1),
    };
    let mut agenda = Agenda::new(key);
    run(&mut agenda, &Command::SetProfile(profile())).unwrap();
    for id in 1..=8 {
        run(&mut agenda, &Command::SetType(kind(id))).unwrap();
    }
    for rule in rules() {
        run(&mut agenda, &Command::OpenHours(rule)).unwrap();
    }
    // A multiplicative walk through the quarters of an hour of the window: the same bookings every time.
    let (mut quarter, quarters) = (1_i64, 84 * 96);
    while agenda.bookings.len() < 600 {
        quarter = quarter * 5 % 8_069;
        if quarter < quarters {
            let number = u128::try_from(quarter).unwrap();
            let booking = Command::BookDirectly {
                booking: BookingId(number),
                kind: TypeId(
                    [3, 4, 6, 8, 3, 6]
                        .into_iter()
                        .cycle()
                        .nth(agenda.bookings.len() % 6)
                        .unwrap_or(3),
                ),
                start: now().minute().plus(quarter * 15),
                patient: PatientId(number),
                details: BlobId(number),
                allow: Allowances::default(),
            };
            run(&mut agenda, &booking);
        }
        assert_ne!(quarter, 1, "the walk came round at {} bookings", agenda.bookings.len());
    }
    agenda
}

fn after(before: &Agenda, command: &Command) -> (Agenda, Event) {
    let mut after = before.clone();
    match run(&mut after, command) {
        Some(event) => (after, event),
        None => panic!("refused: {command:?}"),
    }
}

fn benches(criterion: &mut Criterion) {
    let before = agenda();
    let horizon = horizon(&before, now()).unwrap();
    let free = slots(&before, TypeId(1), horizon);
    let start = free.get(free.len() / 2).unwrap().start;
    criterion.bench_function(
        &format!("all {} slots of a type, 600 bookings", free.len()),
        |bencher| {
            bencher.iter(|| slots(black_box(&before), TypeId(1), horizon));
        },
    );
    for (name, command) in deltas(&before, start) {
        let (after, event) = after(&before, &command);
        criterion.bench_function(&format!("delta, 8 types: {name}"), |bencher| {
            bencher.iter(|| slot_changes(black_box(&before), &after, &event, horizon));
        });
    }
    let hold = hold(start);
    criterion.bench_function("decide: hold a slot", |bencher| {
        bencher.iter(|| decide(black_box(&before), &hold, &stamp(9_999)));
    });
    criterion.bench_function("copy the agenda", |bencher| bencher.iter(|| black_box(&before).clone()));
    criterion.bench_function("check the invariants", |bencher| {
        bencher.iter(|| cabinet_domain::invariants::check(black_box(&before)));
    });
}

const fn hold(start: UtcMinute) -> Command {
    Command::HoldSlot {
        hold: HoldId(1),
        kind: TypeId(1),
        start,
        owner: [1; 32],
    }
}

fn deltas(agenda: &Agenda, start: UtcMinute) -> Vec<(&'static str, Command)> {
    let first = agenda.bookings.values().next().unwrap();
    vec![
        ("a slot is held", hold(start)),
        (
            "a booking moves",
            Command::MoveBooking {
                booking: first.id,
                start,
                allow: Allowances {
                    overlap: true,
                    outside_hours: true,
                },
            },
        ),
        (
            "a booking is cancelled",
            Command::CancelBooking {
                booking: first.id,
                by: cabinet_domain::command::Canceller::Practice,
            },
        ),
        (
            "an absence of a morning is added",
            Command::AddAbsence(Absence {
                id: AbsenceId(1),
                span: Span::starting(start, 240),
                label: String::new(),
            }),
        ),
        ("a weekly rule is closed", Command::CloseHours(RuleId(0))),
        (
            "a type gets longer",
            Command::SetType(AppointmentType {
                duration_minutes: 50,
                ..kind(1)
            }),
        ),
        (
            "the step between starts changes",
            Command::SetProfile(Profile {
                granularity_minutes: 20,
                ..profile()
            }),
        ),
    ]
}

criterion_group!(group, benches);
criterion_main!(group);
