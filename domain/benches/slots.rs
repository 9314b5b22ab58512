//! Slots of a full agenda and the delta of one event: 600 bookings over 12 weeks, eight types, two places, A/B weeks.
//! Targets: all slots of a type over its window within 100 us; the delta of a hold, a cancellation, a move or an absence
//! within 10 us, of a weekly rule within 300 us. A type whose times change has its whole window computed twice, and settings
//! that move every opening have all types' windows computed twice: that is what those two cost.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot start must say so"
)]

mod full_agenda;

use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Command};
use cabinet_domain::decide::decide;
use cabinet_domain::event::Event;
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::slots::{horizon, slot_changes, slots};
use cabinet_domain::time::{Span, UtcMinute};
use criterion::{Criterion, criterion_group, criterion_main};
use full_agenda::{BOOKINGS, FullAgenda, now, stamp};
use std::hint::black_box;

fn after(before: &Agenda, command: &Command) -> (Agenda, Event) {
    let mut after = FullAgenda {
        agenda: before.clone(),
        history: Vec::new(),
    };
    match after.run(command, now()) {
        Some(event) => (after.agenda, event),
        None => panic!("refused: {command:?}"),
    }
}

fn benches(criterion: &mut Criterion) {
    let before = FullAgenda::with(BOOKINGS).agenda;
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
        bencher.iter(|| decide(black_box(&before), &hold, &stamp(9_999, now())));
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
                ..agenda.types.get(&TypeId(1)).unwrap().clone()
            }),
        ),
        (
            "the step between starts changes",
            Command::SetProfile(Profile {
                granularity_minutes: 20,
                ..agenda.profile.clone().unwrap()
            }),
        ),
    ]
}

criterion_group!(group, benches);
criterion_main!(group);
