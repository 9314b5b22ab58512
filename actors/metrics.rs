//! What the actors count. Registered in the registry that the server passes in, beside its own metrics; no globals.
//!
//! Labels are closed sets (command names, refusal codes, audiences, invariant ids): bounded, no personal data.

use cabinet_domain::invariants::Invariant;
use cabinet_domain::refusal::Refusal;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use std::sync::Arc;

/// The actors' metrics. Share one per registry.
#[derive(Debug)]
pub struct Metrics {
    /// Commands accepted for the first time, durable, by command name.
    pub commands_accepted: IntCounterVec,
    /// Refusals by stable code.
    pub refusals: IntCounterVec,
    /// Holds that stand, over all live agendas.
    pub holds_live: IntGauge,
    /// Agendas in memory.
    pub agendas_live: IntGauge,
    /// Seconds from handing a commit to storage until its outcome.
    pub append_seconds: Histogram,
    /// Commands per commit.
    pub batch_commands: Histogram,
    /// Messages refused because a mailbox or an order queue was full.
    pub mailbox_full: IntCounter,
    /// Panics caught while deciding, comparing or rendering.
    pub panics_caught: IntCounter,
    /// Agenda actors started again after one had died without being retired.
    pub restarts: IntCounter,
    /// Commits whose outcome was not known, each followed by a reload.
    pub outcomes_unknown: IntCounter,
    /// Violated invariants by id. Anything but 0 is a defect.
    pub invariant_violations: IntCounterVec,
    /// Deltas told by audience, once per delta whatever the number of receivers.
    pub feed_deltas: IntCounterVec,
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::new(name, help)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn counters(registry: &Registry, name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

/// From 0.1 ms to 2.5 s: a commit is one `fdatasync` long.
const APPEND_SECONDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
const BATCH_COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

impl Metrics {
    /// Registers all of them.
    ///
    /// # Errors
    /// When the registry already has one of the names.
    pub fn new(registry: &Registry) -> Result<Arc<Self>, prometheus::Error> {
        let r = registry;
        let metrics = Self {
            commands_accepted: counters(
                r,
                "cabinet_commands_accepted_total",
                "Commands accepted and durable",
                "command",
            )?,
            refusals: counters(r, "cabinet_refusals_total", "Commands refused by the rules", "code")?,
            holds_live: gauge(r, "cabinet_holds_live", "Holds that stand in live agendas")?,
            agendas_live: gauge(r, "cabinet_agendas_live", "Agendas in memory")?,
            append_seconds: histogram(
                r,
                "cabinet_agenda_append_seconds",
                "Time of one commit of an agenda",
                &APPEND_SECONDS,
            )?,
            batch_commands: histogram(
                r,
                "cabinet_agenda_batch_commands",
                "Commands in one commit",
                &BATCH_COMMANDS,
            )?,
            mailbox_full: counter(
                r,
                "cabinet_agenda_mailbox_full_total",
                "Messages refused because a queue was full",
            )?,
            panics_caught: counter(r, "cabinet_agenda_panics_caught_total", "Panics caught in agendas")?,
            restarts: counter(
                r,
                "cabinet_agenda_restarts_total",
                "Agenda actors started again after a death",
            )?,
            outcomes_unknown: counter(
                r,
                "cabinet_agenda_outcomes_unknown_total",
                "Commits with unknown outcome",
            )?,
            invariant_violations: counters(
                r,
                "cabinet_invariant_violations_total",
                "Violated invariants of agendas",
                "id",
            )?,
            feed_deltas: counters(r, "cabinet_feed_deltas_total", "Deltas told by agendas", "audience")?,
        };
        // Series that must read 0 before anything happened.
        for invariant in Invariant::ALL {
            metrics.invariant_violations.with_label_values(&[invariant.id()]);
        }
        for audience in ["staff", "board"] {
            metrics.feed_deltas.with_label_values(&[audience]);
        }
        for refusal in Refusal::samples() {
            metrics.refusals.with_label_values(&[refusal.code()]);
        }
        Ok(Arc::new(metrics))
    }
}

/// A share of a gauge that is given back when its holder is dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct GaugeShare {
    gauge: IntGauge,
    share: i64,
}

impl GaugeShare {
    pub(crate) const fn new(gauge: IntGauge) -> Self {
        Self { gauge, share: 0 }
    }

    pub(crate) fn set(&mut self, share: usize) {
        let share = i64::try_from(share).unwrap_or(i64::MAX);
        self.gauge.add(share - self.share);
        self.share = share;
    }
}

impl Drop for GaugeShare {
    fn drop(&mut self) {
        self.gauge.sub(self.share);
    }
}
