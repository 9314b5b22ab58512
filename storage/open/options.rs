//! What opening a store takes, and what an open one counts.

use super::{ApplierStats, JournalStats, KeyringStats, OverlayStats, Position};
use crate::journal::COMPANY_WAIT_MAX;
use crate::records::Ticks;
use std::path::PathBuf;
use std::time::Duration;

/// Where the installation key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// A file with 64 hexadecimal digits that only its owner may read.
    File(PathBuf),
    /// The key itself: tests.
    Secret([u8; 32]),
}

/// Which engine holds the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStoreKind {
    /// sled, in the data directory.
    Sled,
    /// Memory: made anew from the journal at each start.
    Memory,
}

/// Options of a store.
#[derive(Clone)]
pub struct StorageOptions {
    /// The directory that holds everything.
    pub data_dir: PathBuf,
    /// The key that opens the keyring.
    pub installation_key: KeySource,
    /// Where a second witness is kept, outside the data directory.
    pub witness_copy: Option<PathBuf>,
    /// True when a store must be there: an empty directory is then an error.
    pub expect_existing: bool,
    /// Which engine holds the rows.
    pub read_store: ReadStoreKind,
    /// Most appends waiting for the journal's writer.
    pub queue_appends_max: usize,
    /// Most bytes waiting for the journal's writer.
    pub queue_bytes_max: usize,
    /// Longest time that a group of appends waits for company; see [`crate::journal::JournalOptions`].
    pub company_wait_max: Duration,
    /// Time since some fixed moment, never going back (law L6).
    pub ticks: Ticks,
}

impl StorageOptions {
    /// The product's values for this directory, key and clock.
    #[must_use]
    pub fn new(data_dir: PathBuf, installation_key: KeySource, ticks: Ticks) -> Self {
        Self {
            data_dir,
            installation_key,
            witness_copy: None,
            expect_existing: false,
            read_store: ReadStoreKind::Sled,
            queue_appends_max: 4_096,
            queue_bytes_max: 64 * 1024 * 1024,
            company_wait_max: COMPANY_WAIT_MAX,
            ticks,
        }
    }
}

/// What an open store counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageStats {
    /// Last durable record of the journal.
    pub position: Position,
    /// The journal's counts; none in memory.
    pub journal: Option<JournalStats>,
    /// Writes not yet in the read store.
    pub overlay: OverlayStats,
    /// What the applier has done; none in memory.
    pub read_store: Option<ApplierStats>,
    /// The keyring's counts.
    pub keyring: KeyringStats,
}
