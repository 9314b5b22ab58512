//! Running seeds: a thread for each processor, results in the seeds' order, one seed in a hundred twice, a panic of the
//! product being a failure of its seed.

use crate::coverage::Coverage;
use crate::failure::{Failure, Outcome};
use crate::plan::WorldKind;
use crate::report::{Report, SeedResult};
use crate::shells::Lives;
use crate::trace::Trace;
use crate::world::{Counts, World};
use cabinet_domain::invariants::Invariant;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

/// Every so many seeds is run twice, and must leave the same trace; the real actors' too, counted apart.
const TWICE_EVERY: u64 = 100;
/// Failed seeds after which a run stops.
const FAILURES_MAX: usize = 3;

/// Which seeds.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The first.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// Keep every line of the trace, not the last ones.
    pub trace: bool,
}

/// Whether this seed is run twice: one in a hundred of each kind of world.
const fn runs_twice(seed: u64) -> bool {
    match WorldKind::of(seed) {
        WorldKind::Cells => seed.is_multiple_of(TWICE_EVERY),
        WorldKind::Shells => (seed / TWICE_EVERY).is_multiple_of(4) && seed % TWICE_EVERY < 25,
    }
}

/// Runs these seeds. `told` hears each result, in the order of the seeds, before it is counted.
pub fn simulate(options: &Options, mut told: impl FnMut(&SeedResult)) -> Report {
    let mut report = Report::default();
    let next = AtomicU64::new(options.from);
    let end = options.from.saturating_add(options.seeds);
    let enough = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        let (results, arrived) = mpsc::channel();
        for _ in 0..threads {
            let results = results.clone();
            scope.spawn(|| {
                let results = results;
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || results.send(judged(seed, options.trace)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = options.from;
        for (result, repeated) in arrived {
            early.insert(result.seed, (result, repeated));
            while let Some((result, repeated)) = early.remove(&due) {
                due += 1;
                told(&result);
                report.repeated += u64::from(repeated);
                report.add(result);
                if report.failed.len() >= FAILURES_MAX {
                    enough.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
    report
}

/// One seed's result, and whether it was run twice and left the same trace.
fn judged(seed: u64, whole_trace: bool) -> (SeedResult, bool) {
    let mut result = run_seed(seed, whole_trace);
    if result.failure.is_some() || !runs_twice(seed) {
        return (result, false);
    }
    let same = run_seed(seed, whole_trace).hash == result.hash;
    if !same {
        let what = "two runs of the seed left different traces";
        result.failure = Some(Failure::new(Invariant::ReplayEqualsState, what));
    }
    (result, same)
}

/// What is left of a world.
#[derive(Default)]
struct Remains {
    counts: Counts,
    coverage: Coverage,
    hash: u64,
    lines: Vec<String>,
}

/// Runs one seed.
#[must_use]
pub fn run_seed(seed: u64, whole_trace: bool) -> SeedResult {
    let kind = WorldKind::of(seed);
    let trace = Trace::new(whole_trace);
    let (remains, failure) = match kind {
        WorldKind::Cells => cells(seed, kind, trace),
        WorldKind::Shells => actors(seed, trace),
    };
    SeedResult {
        seed,
        kind,
        counts: remains.counts,
        coverage: remains.coverage,
        hash: remains.hash,
        lines: remains.lines,
        failure,
    }
}

fn failure_of(run: impl FnOnce() -> Outcome) -> Option<Failure> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(outcome) => outcome.err(),
        Err(_) => Some(Failure::new(Invariant::NeverWrong, "a panic, told on standard error")),
    }
}

fn cells(seed: u64, kind: WorldKind, trace: Trace) -> (Remains, Option<Failure>) {
    let mut world = match World::new(seed, kind, trace) {
        Ok(world) => world,
        Err(failure) => return (Remains::default(), Some(failure)),
    };
    let failure = failure_of(|| world.run());
    let remains = Remains {
        counts: world.counts,
        coverage: world.coverage(),
        hash: world.trace.hash(),
        lines: world.trace.lines().collect(),
    };
    (remains, failure)
}

fn actors(seed: u64, trace: Trace) -> (Remains, Option<Failure>) {
    let mut lives = Lives::new(seed, trace);
    let failure = failure_of(|| lives.run());
    let trace = lives.shared.trace.borrow();
    let remains = Remains {
        counts: *lives.shared.counts.borrow(),
        coverage: lives.shared.truth.lock().coverage.clone(),
        hash: trace.hash(),
        lines: trace.lines().collect(),
    };
    drop(trace);
    (remains, failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind of world.
    const SEEDS: [u64; 3] = [0, 1, 13];

    #[test]
    fn a_seed_leaves_the_same_trace_each_time() {
        for seed in SEEDS {
            let (one, other) = (run_seed(seed, false), run_seed(seed, true));
            assert_eq!(one.failure, None, "seed {seed}");
            assert_eq!((one.hash, one.counts), (other.hash, other.counts), "seed {seed}");
            assert!(one.lines.len() < other.lines.len(), "the whole trace is longer");
        }
        assert_ne!(run_seed(1, false).hash, run_seed(2, false).hash);
    }

    #[test]
    fn the_first_fifty_seeds_hold_every_invariant_and_come_in_order() {
        let options = Options {
            from: 0,
            seeds: 50,
            trace: false,
        };
        let mut seeds = Vec::new();
        let report = simulate(&options, |result| seeds.push(result.seed));
        assert!(report.is_good(), "{}", report.text(std::time::Duration::from_secs(1)));
        assert_eq!((report.seeds, report.shells), (50, 2));
        assert_eq!(seeds, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_world_answers_five_hundred_commands_and_accepts_most() {
        let counts = run_seed(0, false).counts;
        assert!(counts.answered >= crate::plan::COMMANDS_MIN, "{counts:?}");
        assert!(counts.accepted * 10 >= counts.answered * 6, "{counts:?}");
        assert!(counts.images > 10 && counts.damaged_images > 1, "{counts:?}");
    }

    #[test]
    fn a_failed_seed_is_printed_with_its_number_and_the_way_to_it() {
        let mut result = run_seed(1, false);
        result.failure = Some(Failure::new(Invariant::NoOverlap, "two at once"));
        let last = result.lines.last().cloned().unwrap();
        let mut report = Report::default();
        report.add(result);
        let text = report.text(std::time::Duration::from_secs(1));
        assert!(!report.is_good());
        for part in ["seed 1: I1: two at once", "--from 1 --seeds 1 --trace", last.as_str()] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}
