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
use cabinet_domain::time::{CivilDate, Span, UtcMinute};
use cabinet_domain::waiting::{Priority, WAITING_MAX, WaitingEntry, Wishes};
use criterion::{Criterion, criterion_group, criterion_main};
use full_agenda::{BOOKINGS, FullAgenda, now, stamp};
use std::collections::BTreeSet;
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
    for (name, agenda) in waiting(&before) {
        let cancel = Command::CancelBooking {
            booking: agenda.bookings.values().nth(300).unwrap().id,
            by: cabinet_domain::command::Canceller::Practice,
        };
        criterion.bench_function(&format!("decide: cancel, {name}"), |bencher| {
            bencher.iter(|| decide(black_box(&agenda), &cancel, &stamp(9_999, now())));
        });
    }
    criterion.bench_function("copy the agenda", |bencher| bencher.iter(|| black_box(&before).clone()));
    criterion.bench_function("check the invariants", |bencher| {
        bencher.iter(|| cabinet_domain::invariants::check(black_box(&before)));
    });
}

/// The agenda with nobody, and with a full list, on it: of whom the last alone can come, or anybody.
fn waiting(agenda: &Agenda) -> [(&'static str, Agenda); 3] {
    let listed = |anybody: bool| {
        let mut agenda = agenda.clone();
        let kind = agenda.bookings.values().nth(300).unwrap().kind;
        for number in 1..=WAITING_MAX {
            let number = u128::try_from(number).unwrap();
            let can = anybody || number == u128::try_from(WAITING_MAX).unwrap();
            let entry = WaitingEntry {
                id: WaitingId(number << 32),
                kind,
                patient: PatientId(number),
                details: BlobId(number),
                owner: [1; 32],
                notice_version: 1,
                wishes: Wishes {
                    weekdays: agenda.rules.values().map(|rule| rule.weekday).collect(),
                    from_minute_of_day: if can { 0 } else { 1_439 },
                    until_minute_of_day: 1_440,
                    first_day: CivilDate(20_000),
                    last_day: CivilDate(21_000),
                    notice_minutes: 0,
                    place: None,
                },
                priority: Priority::Normal,
                joined_at: now(),
                passed: BTreeSet::new(),
                offer: None,
            };
            agenda.waiting.insert(entry.id, entry);
        }
        agenda
    };
    [
        ("nobody waits", agenda.clone()),
        ("500 wait and the last can come", listed(false)),
        ("500 wait and the first can come", listed(true)),
    ]
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
                    over_cap: false,
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
