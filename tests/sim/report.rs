//! What a run found, and its judgement of itself. Must not be here: running.

use crate::coverage::Coverage;
use crate::failure::Failure;
use crate::plan::{COMMANDS_MIN, WorldKind};
use crate::world::Counts;
use std::time::Duration;

/// Seeds from which on every kind must have been reached.
const SEEDS_FOR_COVERAGE: u64 = 200;
/// Share of answered commands that must be accepted, in percent: a world of refusals shows little.
const ACCEPTED_PERCENT_MIN: u64 = 60;

/// One seed's result.
#[derive(Debug)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// What kind of world it made.
    pub kind: WorldKind,
    /// What it counted.
    pub counts: Counts,
    /// What it reached.
    pub coverage: Coverage,
    /// Hash of its trace.
    pub hash: u64,
    /// The last lines of its trace, or all.
    pub lines: Vec<String>,
    /// What it failed with.
    pub failure: Option<Failure>,
}

/// Several seeds' results.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds run, repetitions not counted.
    pub seeds: u64,
    /// Of these, worlds with the real actors.
    pub shells: u64,
    /// Seeds run twice with the same trace.
    pub repeated: u64,
    /// Sum of all counts.
    pub counts: Counts,
    /// Commands answered in the world that answered the fewest, failed ones aside.
    pub fewest_answered: Option<u64>,
    /// All that was reached.
    pub coverage: Coverage,
    /// Failed seeds, with why and the trace's lines.
    pub failed: Vec<(u64, String, Vec<String>)>,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.accepted += other.accepted;
        self.images += other.images;
        self.damaged_images += other.damaged_images;
        self.ledgers += other.ledgers;
        self.named_stops += other.named_stops;
        self.simulated_millis += other.simulated_millis;
    }

    const fn accepted_percent(&self) -> u64 {
        let answered = if self.answered == 0 { 1 } else { self.answered };
        self.accepted * 100 / answered
    }
}

impl Report {
    /// Takes a seed's result in.
    pub fn add(&mut self, result: SeedResult) {
        self.seeds += 1;
        self.counts.add(&result.counts);
        self.coverage.merge(&result.coverage);
        self.shells += u64::from(result.kind == WorldKind::Shells);
        if result.failure.is_none() {
            let answered = result.counts.answered;
            self.fewest_answered = Some(self.fewest_answered.map_or(answered, |fewest| fewest.min(answered)));
        }
        if let Some(failure) = result.failure {
            self.failed.push((result.seed, failure.to_string(), result.lines));
        }
    }

    /// What is wrong with the run as a whole, failed seeds aside.
    #[must_use]
    pub fn shortcomings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.seeds >= SEEDS_FOR_COVERAGE {
            let missing = self.coverage.missing().into_iter();
            found.extend(missing.map(|kind| format!("never reached: {kind}")));
        }
        if let Some(fewest) = self.fewest_answered.filter(|fewest| *fewest < COMMANDS_MIN) {
            found.push(format!("a seed answered only {fewest} commands"));
        }
        let percent = self.counts.accepted_percent();
        if self.counts.answered > 0 && percent < ACCEPTED_PERCENT_MIN {
            found.push(format!("only {percent} % of the commands were accepted"));
        }
        found
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed.is_empty() && self.shortcomings().is_empty()
    }

    /// The run in words and figures.
    #[must_use]
    pub fn text(&self, took: Duration) -> String {
        let counts = &self.counts;
        let seconds = took.as_secs_f64().max(0.001);
        let simulated = Duration::from_millis(counts.simulated_millis).as_secs_f64();
        let mut lines = vec![
            format!(
                "seeds {} ({} with the real actors), {} run twice with the same trace",
                self.seeds, self.shells, self.repeated
            ),
            format!(
                "commands answered {}, accepted {} %; a seed at least {}",
                counts.answered,
                counts.accepted_percent(),
                self.fewest_answered.unwrap_or(0)
            ),
            format!(
                "crash images {} ({} damaged or after lying syncs, {} named stops; {} audit logs judged)",
                counts.images, counts.damaged_images, counts.named_stops, counts.ledgers
            ),
            format!(
                "simulated {simulated:.0} s in {seconds:.1} s: {:.0} to 1",
                simulated / seconds
            ),
            "reached".to_owned(),
            self.coverage.table(),
        ];
        let short = self.shortcomings().into_iter();
        lines.extend(short.map(|shortcoming| format!("FAILED: {shortcoming}")));
        for (seed, why, trace) in &self.failed {
            lines.extend(trace.iter().map(|line| format!("  {line}")));
            lines.push(format!("FAILED: seed {seed}: {why}"));
            lines.push(format!("  again: cabinet simulate --from {seed} --seeds 1 --trace"));
        }
        lines.join("\n")
    }
}
