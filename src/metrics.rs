//! Counts of the store, the audit log, its watch and mails as Prometheus metrics, read when they are asked for.
//! Must not be here: counting.

use cabinet_actors::anomaly::AnomalySupervisor;
use cabinet_actors::audit::Audit;
use cabinet_actors::clock::Clock;
use cabinet_actors::mail::MailSupervisor;
use cabinet_domain::anomaly::{Gravity, Rule};
use cabinet_domain::mail::Letter;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{Storage, StorageStats};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, GaugeVec, Opts, Registry};
use std::sync::Arc;

type Read = fn(&StorageStats) -> f64;

/// Name, help, and where it is read from.
const GAUGES: [(&str, &str, Read); 15] = [
    (
        "cabinet_journal_position",
        "Number of the last durable journal record",
        |stats| number(stats.position),
    ),
    (
        "cabinet_journal_groups_total",
        "Groups of records synced since the start",
        |stats| journal(stats, |j| j.groups),
    ),
    (
        "cabinet_journal_records_total",
        "Records written since the start",
        |stats| journal(stats, |j| j.records),
    ),
    (
        "cabinet_journal_bytes_total",
        "Bytes written since the start",
        |stats| journal(stats, |j| j.bytes),
    ),
    (
        "cabinet_journal_sync_last_seconds",
        "Time of the last write and sync",
        |stats| journal(stats, |j| j.sync_last_micros) / 1e6,
    ),
    (
        "cabinet_journal_sync_seconds_total",
        "Time of all writes and syncs since the start",
        |stats| journal(stats, |j| j.sync_total_micros) / 1e6,
    ),
    (
        "cabinet_journal_refused_full_total",
        "Appends refused because storage is full",
        |stats| journal(stats, |j| j.refused_full),
    ),
    (
        "cabinet_journal_torn_tail_bytes",
        "Bytes of a torn tail that the start cut",
        |stats| journal(stats, |j| j.torn_tail_bytes),
    ),
    (
        "cabinet_journal_damaged_files",
        "Damaged checkpoints, witnesses and index files met",
        |stats| {
            journal(stats, |j| {
                j.damaged_checkpoints + j.damaged_witnesses + j.damaged_indexes
            })
        },
    ),
    (
        "cabinet_journal_stopped",
        "1 once the journal has stopped because of a failure",
        |stats| journal(stats, |j| j.stopped),
    ),
    (
        "cabinet_read_store_lag_records",
        "Records with writes not yet in the read store",
        |stats| size(stats.overlay.records),
    ),
    (
        "cabinet_read_store_overlay_bytes",
        "Bytes that wait in memory for the read store",
        |stats| size(stats.overlay.bytes),
    ),
    (
        "cabinet_read_store_ready",
        "1 when the read store is open and caught up once",
        |stats| f64::from(u8::from(stats.overlay.ready)),
    ),
    (
        "cabinet_read_store_rebuilds_total",
        "Rebuilds of the read store since the start",
        |stats| stats.read_store.as_ref().map_or(0.0, |store| number(store.rebuilds)),
    ),
    (
        "cabinet_keyring_repaired_copies",
        "Keyring copies repaired from the other",
        |stats| size(stats.keyring.repaired_copies),
    ),
];

#[expect(
    clippy::cast_precision_loss,
    reason = "a metric is a double; counts stay far below 2^53"
)]
const fn number(value: u64) -> f64 {
    value as f64
}

fn size(value: usize) -> f64 {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}

fn journal(stats: &StorageStats, read: fn(&cabinet_storage::journal::JournalStats) -> u64) -> f64 {
    stats.journal.as_ref().map_or(0.0, |journal| number(read(journal)))
}

/// Reads [`GAUGES`] from the store at each scrape.
struct StorageCollector {
    storage: Arc<Storage>,
    gauges: Vec<(Gauge, Read)>,
}

impl Collector for StorageCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.iter().flat_map(|(gauge, _)| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let stats = self.storage.stats();
        let read = |(gauge, read): &(Gauge, Read)| {
            gauge.set(read(&stats));
            gauge.collect()
        };
        self.gauges.iter().flat_map(read).collect()
    }
}

type ReadAudit = fn(&Audit) -> f64;

/// The audit log's counts.
const AUDIT: [(&str, &str, ReadAudit); 4] = [
    (
        "cabinet_audit_position",
        "Last journal record whose leaves are in the audit logs",
        |audit| number(audit.stats().position),
    ),
    (
        "cabinet_audit_leaves_total",
        "Leaves added to the audit logs since the start",
        |audit| number(audit.stats().leaves),
    ),
    (
        "cabinet_audit_checkpoints_total",
        "Checkpoints signed since the start",
        |audit| number(audit.stats().checkpoints),
    ),
    (
        "cabinet_audit_failures_total",
        "Times that the audit log could not be read or written",
        |audit| number(audit.failures()),
    ),
];

/// Reads [`AUDIT`] at each scrape.
struct AuditCollector {
    audit: Audit,
    gauges: Vec<(Gauge, ReadAudit)>,
}

impl Collector for AuditCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.iter().flat_map(|(gauge, _)| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = |(gauge, read): &(Gauge, ReadAudit)| {
            gauge.set(read(&self.audit));
            gauge.collect()
        };
        self.gauges.iter().flat_map(read).collect()
    }
}

/// Adds the audit log's metrics to a registry.
///
/// # Errors
/// When the registry has one of the names already.
pub fn register_audit(registry: &Registry, audit: &Audit) -> Result<(), prometheus::Error> {
    let gauges = AUDIT
        .iter()
        .map(|(name, help, read)| Ok((Gauge::new(*name, *help)?, *read)));
    registry.register(Box::new(AuditCollector {
        audit: audit.clone(),
        gauges: gauges.collect::<Result<_, prometheus::Error>>()?,
    }))
}

/// Reads the counts of alerts at each scrape.
struct AlertsCollector {
    anomalies: AnomalySupervisor,
    raised: GaugeVec,
    failures: Gauge,
}

impl Collector for AlertsCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.raised.desc().into_iter().chain(self.failures.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (counted, count) in self.anomalies.counts() {
            let labels = [counted.rule.name(), counted.gravity.name()];
            self.raised.with_label_values(&labels).set(number(count));
        }
        self.failures.set(number(self.anomalies.failures()));
        self.raised
            .collect()
            .into_iter()
            .chain(self.failures.collect())
            .collect()
    }
}

/// Adds the metrics of alerts to a registry. Every rule has a series from the start.
///
/// # Errors
/// When the registry has one of the names already.
pub fn register_alerts(registry: &Registry, anomalies: &AnomalySupervisor) -> Result<(), prometheus::Error> {
    let raised = Opts::new(
        "cabinet_alerts_total",
        "Alerts of suspicious access raised since the start",
    );
    let raised = GaugeVec::new(raised, &["rule", "gravity"])?;
    for rule in Rule::ALL {
        for gravity in Gravity::ALL {
            raised.with_label_values(&[rule.name(), gravity.name()]).set(0.0);
        }
    }
    let failures = Gauge::new(
        "cabinet_alerts_failures_total",
        "Times that the watch could not read the audit log or write alerts",
    )?;
    registry.register(Box::new(AlertsCollector {
        anomalies: anomalies.clone(),
        raised,
        failures,
    }))
}

/// Adds the store's metrics to a registry.
///
/// # Errors
/// When the registry has one of the names already.
pub fn register(registry: &Registry, storage: &Arc<Storage>) -> Result<(), prometheus::Error> {
    let gauges = GAUGES
        .iter()
        .map(|(name, help, read)| Ok((Gauge::new(*name, *help)?, *read)));
    let gauges: Vec<(Gauge, Read)> = gauges.collect::<Result<_, prometheus::Error>>()?;
    registry.register(Box::new(StorageCollector {
        storage: Arc::clone(storage),
        gauges,
    }))
}

/// Reads the outbox at each scrape.
struct MailsCollector {
    mails: MailSupervisor,
    clock: Arc<dyn Clock>,
    waiting: Gauge,
    dead: Gauge,
    oldest: Gauge,
    reminder_oldest: Gauge,
    reminders_looked: Gauge,
    done: GaugeVec,
    failures: GaugeVec,
}

impl MailsCollector {
    const fn gauges(&self) -> [&Gauge; 5] {
        [
            &self.waiting,
            &self.dead,
            &self.oldest,
            &self.reminder_oldest,
            &self.reminders_looked,
        ]
    }
}

impl Collector for MailsCollector {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = self.gauges().into_iter();
        let vectors = self.done.desc().into_iter().chain(self.failures.desc());
        gauges.flat_map(Collector::desc).chain(vectors).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let stats = self.mails.stats();
        self.waiting.set(count(stats.waiting));
        self.dead.set(count(stats.dead));
        let now = self.clock.now();
        let age = |since: Option<UtcMillis>| {
            let age = since.map_or(0, |since| (now.0 - since.0).max(0) / 1_000);
            number(age.unsigned_abs())
        };
        self.oldest.set(age(stats.oldest));
        self.reminder_oldest.set(age(stats.reminder_oldest));
        self.reminders_looked.set(age(stats.reminders_looked));
        for ((kind, outcome), done) in stats.done {
            self.done.with_label_values(&[kind, outcome.name()]).set(number(done));
        }
        for (why, failed) in stats.failures {
            self.failures.with_label_values(&[why]).set(number(failed));
        }
        self.failures
            .with_label_values(&["store"])
            .set(number(stats.store_failures));
        let gauges = self.gauges().into_iter();
        let vectors = self.done.collect().into_iter().chain(self.failures.collect());
        gauges.flat_map(Collector::collect).chain(vectors).collect()
    }
}

fn count(of: usize) -> f64 {
    number(u64::try_from(of).unwrap_or(u64::MAX))
}

/// Adds the metrics of mails to a registry. Every way of failing has a series from the start.
///
/// # Errors
/// When the registry has one of the names already.
pub fn register_mails(
    registry: &Registry,
    mails: &MailSupervisor,
    clock: &Arc<dyn Clock>,
) -> Result<(), prometheus::Error> {
    let done = Opts::new(
        "cabinet_mails_total",
        "Mails that are done with since the start, by kind and what became of them",
    );
    let done = GaugeVec::new(done, &["kind", "outcome"])?;
    for kind in Letter::NAMES {
        done.with_label_values(&[*kind, "sent"]).set(0.0);
    }
    let failures = Opts::new(
        "cabinet_mail_failures_total",
        "Times that a mail was not taken since the start, or the outbox could not be read or written, by why",
    );
    let failures = GaugeVec::new(failures, &["why"])?;
    for why in ["refused", "later", "down", "store"] {
        failures.with_label_values(&[why]).set(0.0);
    }
    registry.register(Box::new(MailsCollector {
        mails: mails.clone(),
        clock: clock.clone(),
        waiting: Gauge::new("cabinet_mails_waiting", "Mails that wait to be sent")?,
        dead: Gauge::new("cabinet_mails_dead", "Mails that were refused for good")?,
        oldest: Gauge::new(
            "cabinet_mail_oldest_seconds",
            "Age of the oldest mail that waits; 0: none",
        )?,
        reminder_oldest: Gauge::new(
            "cabinet_reminder_oldest_seconds",
            "Time since the oldest reminder was due that was not sent; 0: none",
        )?,
        reminders_looked: Gauge::new(
            "cabinet_reminders_looked_seconds",
            "Time since it was last looked whether reminders are due",
        )?,
        done,
        failures,
    }))
}
