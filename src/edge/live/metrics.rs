//! What operators see of boards. Labels are fixed sets; nothing personal, no agenda.

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Counters of all hubs together.
#[derive(Debug, Clone)]
pub(super) struct LiveMetrics {
    pub(super) boards_open: IntGauge,
    pub(super) topics: IntGauge,
    /// Encodings: one per change and hub, one per snapshot.
    pub(super) frames_encoded: IntCounter,
    /// Frames appended to outboxes.
    pub(super) frames_queued: IntCounter,
    pub(super) bytes_sent: IntCounter,
    /// Writes handed to connections: `bytes_sent` by this is the merging achieved.
    pub(super) writes: IntCounter,
    /// Topics re-read after a full mailbox, a gap or an agenda's end.
    pub(super) resyncs: IntCounter,
    /// Backlogs over the bound, thrown away.
    pub(super) backlogs_dropped: IntCounter,
    /// Snapshots sent in place of a backlog.
    pub(super) catch_ups: IntCounter,
    drops: IntCounterVec,
}

/// Why a board was refused or closed by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DropReason {
    Slow,
    NoPong,
    Protocol,
    TooBig,
    Unavailable,
    Full,
    AddressFull,
    ForeignOrigin,
}

impl LiveMetrics {
    /// Registers them.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| keep(registry, IntCounter::new(name, help)?);
        let gauge = |name: &str, help: &str| keep(registry, IntGauge::new(name, help)?);
        let drops = Opts::new(
            "cabinet_boards_dropped_total",
            "Boards refused or closed by the server, by reason",
        );
        Ok(Self {
            boards_open: gauge("cabinet_boards_open", "Boards that are open")?,
            topics: gauge("cabinet_board_topics", "Agendas that hubs are subscribed to")?,
            frames_encoded: counter("cabinet_board_frames_encoded_total", "Changes and snapshots encoded")?,
            frames_queued: counter(
                "cabinet_board_frames_queued_total",
                "Frames appended to boards' outboxes",
            )?,
            bytes_sent: counter("cabinet_board_bytes_sent_total", "Bytes handed to boards' connections")?,
            writes: counter("cabinet_board_writes_total", "Chunks handed to boards' connections")?,
            resyncs: counter("cabinet_board_topic_resyncs_total", "Topics re-read after a loss")?,
            backlogs_dropped: counter(
                "cabinet_board_backlogs_dropped_total",
                "Backlogs over the bound, thrown away",
            )?,
            catch_ups: counter("cabinet_board_catch_ups_total", "Snapshots sent in place of a backlog")?,
            drops: keep(registry, IntCounterVec::new(drops, &["reason"])?)?,
        })
    }

    pub(super) fn dropped(&self, reason: DropReason) {
        let reason = match reason {
            DropReason::Slow => "slow",
            DropReason::NoPong => "no_pong",
            DropReason::Protocol => "protocol",
            DropReason::TooBig => "too_big",
            DropReason::Unavailable => "unavailable",
            DropReason::Full => "full",
            DropReason::AddressFull => "address_full",
            DropReason::ForeignOrigin => "foreign_origin",
        };
        self.drops.with_label_values(&[reason]).inc();
    }
}

fn keep<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
