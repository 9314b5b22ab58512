//! `cabinet verify`: checks a stopped store offline, without changing a byte of it.
//!
//! The store is opened through a layer that keeps what opening writes in memory, so that the very code which serves is what
//! judges. sled is opened on a private copy of its folder.
//! Accepted, and said: a torn tail, a read store that lags or is not there. Everything else is an error that names file,
//! offset and what is wrong.
//! Bound of its memory, however long the journal is: one segment, one stream with its blobs, about 100 bytes for each record
//! (its place) and 50 for each of at most a million rows, and sled's own cache.

mod rows;

use crate::disk::Disk;
use crate::disk::layered::LayeredDisk;
use crate::disk::real::RealDisk;
use crate::journal::{FileJournal, Journal, JournalOptions, Position, verify_journal};
use crate::keyring::{self, Keyring};
use crate::open::installation_key;
use crate::records::Overlay;
use crate::seal::{Entropy as _, SystemEntropy};
use crate::sled::{FOLDER, SledDeadlines, open_copy};
use crate::store::SealedStreams;
use crate::{KeySource, StoreError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was checked. All of it is in order; what is not is an error instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// Last record of the journal, not counting the one that opening the copy wrote.
    pub position: Position,
    /// Streams whose chain, seals, sequence and invariants were checked.
    pub streams: usize,
    /// Events in them.
    pub events: u64,
    /// Checkpoints that open and equal the replay.
    pub checkpoints: usize,
    /// Personal blobs that open.
    pub people: usize,
    /// Personal blobs whose key was forgotten.
    pub people_forgotten: usize,
    /// Bytes after the last whole record: a write that was never acknowledged. The next opening cuts them.
    pub torn_tail_bytes: u64,
    /// Rows that the journal's writes leave.
    pub rows: usize,
    /// Position up to which the read store has the writes; none when there is no read store, or one in which nothing was
    /// ever stored. It is brought up to date, or rebuilt, by the next opening.
    pub read_store_applied: Option<Position>,
    /// Keyring files whose second copy is behind the first; the next opening mends them.
    pub keyring_copies_behind: usize,
}

/// Checks the stopped store in `data_dir`. Blocking.
///
/// # Errors
/// The first finding: `Corrupt`, `HistoryMissing`, `WrongKey`, `NoKey`, `NewerFormat`, `Locked` (the store is not
/// stopped) or `Io`.
pub fn verify(data_dir: &Path, key: &KeySource, witness_copy: Option<&Path>) -> Result<VerifyReport, StoreError> {
    let root = installation_key(key)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open_read_only(data_dir)?);
    let keys = keyring::verify(disk.as_ref(), &root)?;
    if let Some(fault) = keys.faults.into_iter().next() {
        return Err(StoreError::corrupt(&fault.path, fault.offset, fault.what));
    }
    let writes = verify_journal(disk.as_ref(), witness_copy)?.writes;
    let layer: Arc<dyn Disk> = Arc::new(LayeredDisk::over(disk));
    let (data_dir, witness_copy) = (data_dir.to_path_buf(), witness_copy.map(Path::to_path_buf));
    // A thread of its own: the caller may or may not be inside a runtime.
    let failed = |source| StoreError::io("start", Path::new("verification"), source);
    let thread = std::thread::Builder::new()
        .name("verify".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
            let keyring = Keyring::open(Arc::clone(&layer), root, Arc::new(SystemEntropy::new()), false)?;
            let options = JournalOptions {
                expect_existing: true,
                second_witness: witness_copy,
                whole_index: true,
                ..JournalOptions::still()
            };
            let journal = Arc::new(FileJournal::open(layer, options)?);
            runtime.block_on(check(&data_dir, journal, Arc::new(keyring), writes))
        })
        .map_err(failed)?;
    let report = thread.join().map_err(|_| StoreError::Unwritable {
        what: "verification panicked".to_owned(),
    })??;
    Ok(VerifyReport {
        keyring_copies_behind: keys.lagging.len(),
        ..report
    })
}

async fn check(
    data_dir: &Path,
    journal: Arc<FileJournal>,
    keyring: Arc<Keyring>,
    writes: u64,
) -> Result<VerifyReport, StoreError> {
    journal.attach(Arc::new(Overlay::new(0)));
    let mut report = VerifyReport {
        position: journal.position().saturating_sub(1),
        torn_tail_bytes: journal.stats().torn_tail_bytes,
        ..VerifyReport::default()
    };
    let streams = SealedStreams::new(journal.clone(), keyring);
    for stream in journal.streams().await? {
        let found = streams.verify(stream).await?;
        report.streams += 1;
        report.events += found.events;
        report.checkpoints += usize::from(found.checkpoint);
        report.people += found.people;
        report.people_forgotten += found.people_forgotten;
    }
    let private = copy_sled(data_dir)?;
    let outcome = check_rows(&journal, private.as_deref(), writes, &mut report);
    if let Some(private) = private {
        std::fs::remove_dir_all(&private).map_err(|source| StoreError::io("remove", &private, source))?;
    }
    journal.close().await?;
    outcome?;
    Ok(report)
}

fn check_rows(
    journal: &FileJournal,
    private: Option<&Path>,
    writes: u64,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    let store = match private {
        Some(private) => open_copy(&private.join(FOLDER), SledDeadlines::default())?,
        None => None,
    };
    report.read_store_applied = store.as_ref().map(|store| store.applied()).transpose()?;
    report.rows = rows::check(journal, store.as_deref(), (writes, rows::ROWS_PER_PASS))?;
    Ok(())
}

/// Copies sled's folder to a private place; none when there is none.
fn copy_sled(data_dir: &Path) -> Result<Option<PathBuf>, StoreError> {
    let from = data_dir.join(FOLDER);
    if !from.join("db").exists() {
        return Ok(None);
    }
    let mut name = [0; 8];
    SystemEntropy::new().fill(&mut name)?;
    let private = std::env::temp_dir().join(format!("cabinet-verify-{}", hex::encode(name)));
    let copied = copy_folder(&from, &private.join(FOLDER));
    copied.map_err(|source| StoreError::io("copy", &from, source))?;
    Ok(Some(private))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
