//! How a journal is opened, and what it counts.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Time since some fixed moment, never going back: injected (law L6).
pub type Ticks = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Bounds of the sizes of groups that are counted apart: 1, up to 4, 16, 64, 256, more.
pub const GROUP_BUCKETS: [u64; 6] = [1, 4, 16, 64, 256, u64::MAX];

/// Longest time a group waits for company by default: none. Where deciding is dear, fewer syncs leave more time for it.
pub const COMPANY_WAIT_MAX: Duration = Duration::ZERO;

/// Options of a journal.
#[derive(Clone)]
pub struct JournalOptions {
    /// Bytes of a segment, 64 KiB to 1 GiB.
    pub segment_bytes: u32,
    /// Most appends waiting for the writer.
    pub queue_appends_max: usize,
    /// Most bytes waiting for the writer.
    pub queue_bytes_max: usize,
    /// Most reads, checkpoints and other calls waiting for the reading threads.
    pub queue_calls_max: usize,
    /// Most bytes written with one sync.
    pub group_bytes_max: usize,
    /// Longest time a group waits for company when several appends came together lately; zero: never.
    pub company_wait_max: Duration,
    /// Least time between two writes of the witness.
    pub witness_interval: Duration,
    /// Where a second witness is kept, outside the data directory.
    pub second_witness: Option<PathBuf>,
    /// True when a store must be there: an empty directory is then an error.
    pub expect_existing: bool,
    /// Under this share of free space appends are refused.
    pub free_percent_min: u64,
    /// History of a new store; drawn when none.
    pub new_history: Option<u128>,
    /// Reads every record at opening and keeps the places of all, also of those that checkpoints cover, about 50 bytes
    /// each: for tools that read streams from their beginnings. The index file is then neither used nor written.
    pub whole_index: bool,
    /// The clock.
    pub ticks: Ticks,
}

impl JournalOptions {
    /// The product's values, with the given clock.
    #[must_use]
    pub fn new(ticks: Ticks) -> Self {
        Self {
            segment_bytes: 16 * 1024 * 1024,
            queue_appends_max: 4096,
            queue_bytes_max: 64 * 1024 * 1024,
            queue_calls_max: 4096,
            group_bytes_max: 4 * 1024 * 1024,
            company_wait_max: COMPANY_WAIT_MAX,
            witness_interval: Duration::from_secs(1),
            second_witness: None,
            expect_existing: false,
            free_percent_min: 5,
            new_history: None,
            whole_index: false,
            ticks,
        }
    }

    /// For tests and simulations: a clock that stands still, so that the witness is written at opening and closing.
    #[must_use]
    pub fn still() -> Self {
        Self::new(Arc::new(|| Duration::ZERO))
    }
}

/// What the journal counts; read without locks.
#[derive(Debug, Default)]
pub struct Counters {
    pub(super) position: AtomicU64,
    pub(super) groups: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) group_sizes: [AtomicU64; GROUP_BUCKETS.len()],
    pub(super) sync_last_micros: AtomicU64,
    pub(super) sync_total_micros: AtomicU64,
    pub(super) torn_tail_bytes: AtomicU64,
    pub(super) damaged_checkpoints: AtomicU64,
    pub(super) damaged_witnesses: AtomicU64,
    pub(super) damaged_indexes: AtomicU64,
    pub(super) witness_failures: AtomicU64,
    pub(super) refused_full: AtomicU64,
    pub(super) scanned_at_open: AtomicU64,
    pub(super) stopped: AtomicU64,
}

/// A reading of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalStats {
    /// Last durable record.
    pub position: u64,
    /// Groups synced since opening.
    pub groups: u64,
    /// Records written since opening.
    pub records: u64,
    /// Bytes written since opening.
    pub bytes: u64,
    /// Groups by size; the bounds are [`GROUP_BUCKETS`], each count for its bucket alone.
    pub group_sizes: [u64; GROUP_BUCKETS.len()],
    /// Microseconds that the last write and sync of a group took.
    pub sync_last_micros: u64,
    /// Microseconds that all of them took.
    pub sync_total_micros: u64,
    /// Bytes of a torn tail that opening cut.
    pub torn_tail_bytes: u64,
    /// Checkpoints passed over because they are damaged.
    pub damaged_checkpoints: u64,
    /// Slots of witnesses found damaged at opening.
    pub damaged_witnesses: u64,
    /// Index files found damaged at opening: 0 or 1.
    pub damaged_indexes: u64,
    /// Failed writes of the second witness.
    pub witness_failures: u64,
    /// Appends refused because storage is full.
    pub refused_full: u64,
    /// Records read by opening.
    pub scanned_at_open: u64,
    /// 1 once the journal has stopped because of a failure.
    pub stopped: u64,
}

impl Counters {
    /// A reading. Counters are read one by one: they may be of slightly different moments.
    #[must_use]
    pub fn read(&self) -> JournalStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut group_sizes = [0; GROUP_BUCKETS.len()];
        for (to, from) in group_sizes.iter_mut().zip(&self.group_sizes) {
            *to = get(from);
        }
        JournalStats {
            position: self.position.load(Ordering::Acquire),
            groups: get(&self.groups),
            records: get(&self.records),
            bytes: get(&self.bytes),
            group_sizes,
            sync_last_micros: get(&self.sync_last_micros),
            sync_total_micros: get(&self.sync_total_micros),
            torn_tail_bytes: get(&self.torn_tail_bytes),
            damaged_checkpoints: get(&self.damaged_checkpoints),
            damaged_witnesses: get(&self.damaged_witnesses),
            damaged_indexes: get(&self.damaged_indexes),
            witness_failures: get(&self.witness_failures),
            refused_full: get(&self.refused_full),
            scanned_at_open: get(&self.scanned_at_open),
            stopped: get(&self.stopped),
        }
    }

    pub(super) fn group(&self, records: u64, bytes: u64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.sync_last_micros.store(micros, Ordering::Relaxed);
        self.sync_total_micros.fetch_add(micros, Ordering::Relaxed);
        for (bound, counter) in GROUP_BUCKETS.iter().zip(&self.group_sizes) {
            if records <= *bound {
                counter.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }
}
