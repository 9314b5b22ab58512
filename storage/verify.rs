//! `cabinet verify`: checks a stopped store offline, without changing a byte of it.
//!
//! The journal, checkpoints and keyring are read into memory and opened there, so that the very code which serves is what
//! judges, and whatever opening writes is written to the copy. sled is opened on a private copy of its folder.
//! Accepted, and said: a torn tail, a read store that lags or is not there. Everything else is an error that names file,
//! offset and what is wrong. Bound: the journal must fit into memory.

use crate::disk::real::RealDisk;
use crate::journal::{FileJournal, Journal, JournalOptions, Position, RecordKey, verify_journal};
use crate::keyring::{self, Keyring};
use crate::memory::MemoryDisk;
use crate::open::installation_key;
use crate::records::{Overlay, ReadStore};
use crate::seal::{Entropy as _, SystemEntropy};
use crate::sled::{FOLDER, SledDeadlines, open_copy};
use crate::store::SealedStreams;
use crate::{KeySource, StoreError};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records read from the journal at once.
const PAGE_RECORDS: usize = 512;

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
    /// Position up to which the read store has the writes; none when there is no read store. It is brought up to date, or
    /// rebuilt, by the next opening.
    pub read_store_applied: Option<Position>,
    /// Keyring files whose second copy is behind the first; the next opening mends them.
    pub keyring_copies_behind: usize,
}

type Rows = BTreeMap<RecordKey, (Position, Bytes)>;

/// Checks the stopped store in `data_dir`. Blocking.
///
/// # Errors
/// The first finding: `Corrupt`, `HistoryMissing`, `WrongKey`, `NoKey`, `NewerFormat`, `Locked` (the store is not
/// stopped) or `Io`.
pub fn verify(data_dir: &Path, key: &KeySource, witness_copy: Option<&Path>) -> Result<VerifyReport, StoreError> {
    let root = installation_key(key)?;
    let disk = RealDisk::open_read_only(data_dir)?;
    let keys = keyring::verify(&disk, &root)?;
    if let Some(fault) = keys.faults.into_iter().next() {
        return Err(StoreError::corrupt(&fault.path, fault.offset, fault.what));
    }
    verify_journal(&disk, witness_copy)?;
    let copy = MemoryDisk::from_image(image(data_dir, witness_copy)?);
    let (data_dir, witness_copy) = (data_dir.to_path_buf(), witness_copy.map(Path::to_path_buf));
    // A thread of its own: the caller may or may not be inside a runtime.
    let failed = |source| StoreError::io("start", Path::new("verification"), source);
    let thread = std::thread::Builder::new()
        .name("verify".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
            let keyring = Keyring::open(Arc::new(copy.clone()), root, Arc::new(SystemEntropy::new()), false)?;
            runtime.block_on(check(&data_dir, copy, Arc::new(keyring), witness_copy))
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
    copy: MemoryDisk,
    keyring: Arc<Keyring>,
    witness_copy: Option<PathBuf>,
) -> Result<VerifyReport, StoreError> {
    let options = JournalOptions {
        expect_existing: true,
        second_witness: witness_copy,
        ..JournalOptions::still()
    };
    let journal = Arc::new(FileJournal::open(Arc::new(copy), options)?);
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
    let outcome = check_rows(journal.as_ref(), private.as_deref(), &mut report).await;
    if let Some(private) = private {
        std::fs::remove_dir_all(&private).map_err(|source| StoreError::io("remove", &private, source))?;
    }
    journal.close().await?;
    outcome?;
    Ok(report)
}

async fn check_rows(
    journal: &FileJournal,
    private: Option<&Path>,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    let store = match private {
        Some(private) => Some(open_copy(&private.join(FOLDER), SledDeadlines::default())?),
        None => None,
    };
    report.read_store_applied = store.as_ref().map(|store| store.applied()).transpose()?;
    let until = report.read_store_applied.unwrap_or(0);
    if until > journal.position() {
        return Err(StoreError::corrupt(
            Path::new(FOLDER),
            0,
            "the read store is ahead of the journal",
        ));
    }
    let (mut rows, mut then): (Rows, Rows) = (BTreeMap::new(), BTreeMap::new());
    let mut after = 0;
    loop {
        let page = journal.follow(after, PAGE_RECORDS).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.position;
        for entry in page {
            for write in entry.append.writes {
                for target in [Some(&mut rows), (entry.position <= until).then_some(&mut then)]
                    .into_iter()
                    .flatten()
                {
                    match &write.value {
                        Some(value) => drop(target.insert(write.key.clone(), (entry.position, value.clone()))),
                        None => drop(target.remove(&write.key)),
                    }
                }
            }
        }
    }
    report.rows = rows.len();
    store.map_or(Ok(()), |store| compare(store.as_ref(), &then))
}

/// Holds the read store's tables against what the journal says they were at the read store's position.
fn compare(store: &dyn ReadStore, expected: &Rows) -> Result<(), StoreError> {
    let tables: BTreeSet<(u128, u16)> = expected.keys().map(|key| (key.practice, key.table)).collect();
    for (practice, table) in tables {
        let rows = store.scan(practice, table, None, usize::MAX)?;
        let found: Rows = rows
            .into_iter()
            .map(|row| (row.key, (row.version, row.value)))
            .collect();
        let inside = |key: &RecordKey| (key.practice, key.table) == (practice, table);
        let right: BTreeMap<_, _> = expected.iter().filter(|(key, _)| inside(key)).collect();
        if !found.iter().eq(right) {
            let what = format!("table {table} of practice {practice:032x} is not what the journal says");
            return Err(StoreError::corrupt(Path::new(FOLDER), 0, what));
        }
    }
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

/// Every file of the store but sled's, by its path in the store; the second witness by its own.
fn image(data_dir: &Path, witness_copy: Option<&Path>) -> Result<BTreeMap<PathBuf, Vec<u8>>, StoreError> {
    let mut files = BTreeMap::new();
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| StoreError::io("read", &path, source)
    };
    let mut folders = vec![data_dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            let inside = path.strip_prefix(data_dir).unwrap_or(&path).to_path_buf();
            if inside.to_string_lossy().starts_with(FOLDER) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                // Anything else is no part of the store: a killed server leaves its control socket behind.
                files.insert(inside, std::fs::read(&path).map_err(failed(&path))?);
            }
        }
    }
    if let Some(path) = witness_copy.filter(|path| path.exists()) {
        files.insert(path.to_path_buf(), std::fs::read(path).map_err(failed(path))?);
    }
    Ok(files)
}
