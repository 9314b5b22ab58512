//! Property tests: the fast slots, deltas and decisions against the naive model, and random stories that must never
//! break an invariant.
#![cfg(test)]

#[path = "properties/naive.rs"]
mod naive;
#[path = "properties/offers.rs"]
mod offers;
#[path = "properties/steps.rs"]
mod steps;
#[path = "properties/world.rs"]
mod world;

use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Command, Principal, Stamp};
use cabinet_domain::decide::{Reason, decide, why_not};
use cabinet_domain::ids::{CommandId, HoldId, TypeId};
use cabinet_domain::invariants;
use cabinet_domain::slots::{Slot, slot_changes, slots};
use cabinet_domain::time::{Span, UtcMillis, UtcMinute};
use proptest::prelude::*;
use std::collections::BTreeMap;
use world::{Play, Site, Step};

const TYPES: [TypeId; 3] = [TypeId(1), TypeId(2), TypeId(3)];

/// A configured agenda with some bookings and holds in it, as one test case.
fn story(steps: std::ops::Range<usize>) -> impl Strategy<Value = (Site, Vec<Command>, Vec<(i64, Step)>)> {
    world::site().prop_flat_map(move |site| {
        let step = (0_i64..40_000, world::step(site.clone()));
        let steps = proptest::collection::vec(step, steps.clone());
        (Just(site.clone()), world::configuration(site), steps)
    })
}

fn play(
    site: &Site,
    setup: &[Command],
    steps: &[(i64, Step)],
    mut each: impl FnMut(&Agenda, &Agenda, &cabinet_domain::Event),
) -> (Play, UtcMillis) {
    let mut play = Play::new();
    let mut now = site.zero().plus(-1440).millis();
    for command in setup {
        play.run(command, now, &mut each);
    }
    for (wait, step) in steps {
        // Most steps follow at once, so that holds are met alive as well as expired.
        now = now.plus_seconds(if wait % 4 == 0 { *wait } else { wait % 60 });
        let command = step.command(&play.agenda, site);
        play.run(&command, now, &mut each);
    }
    (play, now)
}

fn patched(before: Vec<Slot>, changes: &cabinet_domain::slots::SlotChanges) -> Vec<Slot> {
    let mut slots: BTreeMap<UtcMinute, Slot> = before.into_iter().map(|slot| (slot.start, slot)).collect();
    for start in &changes.removed {
        assert!(slots.remove(start).is_some(), "removed a slot that was not there");
    }
    for slot in &changes.added {
        assert_ne!(
            slots.insert(slot.start, *slot),
            Some(*slot),
            "added a slot that was there"
        );
    }
    slots.into_values().collect()
}

/// So many cases, or more where the environment's `PROPTEST_CASES` asks for more.
fn at_least(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(cases),
        failure_persistence: None,
        ..asked
    }
}

proptest! {
    #![proptest_config(at_least(300))]

    /// The fast slots are the naive ones, over the whole horizon and over any part of it.
    #[test]
    fn slots_are_those_of_the_naive_model(
        (site, setup, steps) in story(0..12),
        from in 0..world::DAYS * 1440,
        minutes in 1_i64..2000,
    ) {
        let (play, _) = play(&site, &setup, &steps, |_, _, _| {});
        let wall = naive::Wall::around(&site.zone, site.base);
        for kind in TYPES {
            let expected = naive::slots(&play.agenda, &wall, kind, site.horizon());
            prop_assert_eq!(&slots(&play.agenda, kind, site.horizon()), &expected);
            let part = Span::starting(site.zero().plus(from), minutes.min(world::DAYS * 1440 - from));
            let inside = |slot: &&Slot| part.from <= slot.start && slot.start < part.until;
            let expected: Vec<Slot> = expected.iter().filter(inside).copied().collect();
            prop_assert_eq!(slots(&play.agenda, kind, part), expected);
        }
    }

    /// A hold is accepted exactly when the naive model says that the slot may be taken.
    #[test]
    fn a_hold_is_accepted_exactly_when_the_naive_model_says_so(
        (site, setup, steps) in story(0..12),
        starts in proptest::collection::vec((world::start(), 0_i64..6 * 86_400), 12),
    ) {
        let (play, now) = play(&site, &setup, &steps, |_, _, _| {});
        let wall = naive::Wall::around(&site.zone, site.base);
        for (start, wait) in starts {
            let now = now.plus_seconds(if wait % 2 == 0 { wait } else { wait % 600 });
            for kind in TYPES {
                let start = start.resolve(&play.agenda, &site, kind);
                if !site.horizon().contains(Span::starting(start, 1)) {
                    continue;
                }
                let command = Command::HoldSlot { hold: HoldId(99), kind, start, owner: [99; 32] };
                let stamp = Stamp { now, principal: Principal::System, command_id: CommandId(0), digest: [0; 16] };
                let accepted = decide(&play.agenda, &command, &stamp);
                let expected = naive::may_hold(&play.agenda, &wall, kind, start, now);
                prop_assert_eq!(accepted.is_ok(), expected, "{:?}", accepted);
                // What is told as the reason is what was decided.
                let reasons = why_not(&play.agenda, kind, start, now).unwrap();
                let refusal = accepted.err().filter(|refusal| refusal.code() != "already_exists");
                let first = reasons.first().map(Reason::code);
                prop_assert_eq!(first, refusal.map(|refusal| refusal.code()), "{:?}", reasons);
            }
        }
    }
}

proptest! {
    #![proptest_config(at_least(400))]

    /// Every event's delta turns the slots before into the slots after; no event breaks an invariant; what was recorded
    /// gives the same state again; so does a stored copy.
    #[test]
    fn stories_keep_invariants_and_deltas_and_replay_to_the_same_state((site, setup, steps) in story(0..40)) {
        let horizon = site.horizon();
        let (play, _) = play(&site, &setup, &steps, |before, after, event| {
            let changes = slot_changes(before, after, event, horizon);
            assert!(changes.is_sorted_by_key(|change| change.kind), "types out of order");
            for kind in TYPES {
                let was = slots(before, kind, horizon);
                let is = slots(after, kind, horizon);
                match changes.iter().find(|change| change.kind == kind) {
                    Some(change) => {
                        assert!(change.removed.is_sorted() && change.added.is_sorted(), "{change:?}");
                        assert_eq!(patched(was, change), is, "{event:?}");
                    }
                    None => assert_eq!(was, is, "a change is missing for {event:?}"),
                }
            }
            assert_eq!(invariants::check(after), [], "{event:?}");
        });
        let mut again = Agenda::new(play.agenda.key);
        for recorded in &play.history {
            again.apply(recorded);
        }
        prop_assert_eq!(&again, &play.agenda);
        prop_assert_eq!(invariants::check(&again), []);
        // Text has no maps keyed by pairs, so the stored copy here goes without remembered commands.
        again.remembered.clear();
        again.rebuild_index();
        let decoded: Agenda = serde_json::from_str(&serde_json::to_string(&again).unwrap()).unwrap();
        prop_assert_eq!(&decoded, &again);
        prop_assert_eq!(invariants::check(&decoded), []);
    }
}

proptest! {
    #![proptest_config(at_least(300))]

    /// With every command those are offered what it makes free whom the naive model names, and nobody else.
    #[test]
    fn what_is_freed_is_offered_to_whom_the_naive_model_names((site, setup, steps) in story(10..50)) {
        let wall = naive::Wall::around(&site.zone, site.base);
        // The first day begins before midnight UTC overseas: what is looked at has to begin before it everywhere.
        let horizon = Span { from: site.zero().plus(-1440), ..site.horizon() };
        let mut play = Play::new();
        let mut now = site.zero().plus(-1440).millis();
        for command in &setup {
            play.run(command, now, |_, _, _| {});
        }
        for (wait, step) in &steps {
            now = now.plus_seconds(if wait % 4 == 0 { *wait } else { wait % 60 });
            let before = play.agenda.clone();
            let told = play.history.len();
            let command = step.command(&before, &site);
            play.run(&command, now, |_, _, _| {});
            let events: Vec<_> = play.history.drain(told..).map(|recorded| recorded.event).collect();
            let is_offer = |event: &&cabinet_domain::Event| event.name() == "slot.offered";
            let own: Vec<_> = events.iter().filter(|event| !is_offer(event)).cloned().collect();
            let after = world::applied(&before, &own, now);
            let expected = offers::offers((&before, &after), &own, &wall, horizon, now);
            let found: Vec<_> = events.iter().filter(is_offer).filter_map(world::offer).collect();
            prop_assert_eq!(found, expected, "{:?} gave {:?}", command, events);
        }
    }
}

/// The stories above are worth something only if things happen in them: every event does, and clock-change days have
/// slots in the hours that clocks skip or double.
#[test]
fn stories_reach_every_event() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut overbooked, mut outside) = (0, 0);
    for _ in 0..400 {
        let (site, setup, steps) = story(0..40).new_tree(&mut runner).unwrap().current();
        let (play, _) = play(&site, &setup, &steps, |_, _, event| {
            *seen.entry(event.name()).or_default() += 1;
            if let cabinet_domain::Event::SlotBooked {
                outside_hours: true, ..
            } = event
            {
                outside += 1;
            }
        });
        let bookings = play.agenda.bookings.values();
        overbooked += bookings.filter(|booking| !booking.overbooks.is_empty()).count();
    }
    assert_eq!(seen.len(), 23, "{seen:?}");
    assert!(seen.values().all(|count| *count >= 5), "{seen:?}");
    assert!(overbooked >= 10 && outside >= 10, "{overbooked} {outside}");
}
