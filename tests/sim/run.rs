//! Running seeds: one after another, one in a hundred twice, a panic of the product being a failure of its seed.

use crate::failure::{Failure, Outcome};
use crate::plan::WorldKind;
use crate::report::{Report, SeedResult};
use crate::trace::Trace;
use crate::world::{Counts, World};
use cabinet_domain::invariants::Invariant;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Every so many seeds is run twice, and must leave the same trace.
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

/// Runs these seeds. `told` hears each result before it is counted.
pub fn simulate(options: &Options, mut told: impl FnMut(&SeedResult)) -> Report {
    let mut report = Report::default();
    for seed in options.from..options.from.saturating_add(options.seeds) {
        let mut result = run_seed(seed, options.trace);
        if result.failure.is_none() && seed.is_multiple_of(TWICE_EVERY) {
            let again = run_seed(seed, options.trace);
            if again.hash == result.hash {
                report.repeated += 1;
            } else {
                let what = "two runs of the seed left different traces";
                result.failure = Some(Failure::new(Invariant::ReplayEqualsState, what));
            }
        }
        told(&result);
        report.add(result);
        if report.failed.len() >= FAILURES_MAX {
            break;
        }
    }
    report
}

/// Runs one seed.
#[must_use]
pub fn run_seed(seed: u64, whole_trace: bool) -> SeedResult {
    let kind = WorldKind::of(seed);
    let mut made = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| live(seed, kind, whole_trace, &mut made)));
    let failure = match outcome {
        Ok(outcome) => outcome.err(),
        Err(_) => Some(Failure::new(Invariant::NeverWrong, "a panic, told on standard error")),
    };
    let Some(world) = made else {
        return SeedResult {
            seed,
            kind,
            counts: Counts::default(),
            coverage: crate::coverage::Coverage::default(),
            hash: 0,
            lines: Vec::new(),
            failure,
        };
    };
    SeedResult {
        seed,
        kind,
        counts: world.counts,
        coverage: world.coverage(),
        hash: world.trace.hash(),
        lines: world.trace.lines().collect(),
        failure,
    }
}

fn live(seed: u64, kind: WorldKind, whole_trace: bool, made: &mut Option<World>) -> Outcome {
    let world = World::new(seed, kind, Trace::new(whole_trace))?;
    made.insert(world).run()
}
