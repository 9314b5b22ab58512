//! The read store on sled, behind its guards. The only place that names the engine; ADR and reasons: `docs/adr`.
//!
//! sled holds only what the journal can rebuild, so every doubt about it has one answer: move its folder aside and rebuild.
//! Doubts are: an error, a panic, an answer that does not come by a deadline, files of large values, a database that is
//! new where one was expected, and rows that do not add up to the digest stored with them.
//! Never used: `flush_async`, transactions, `checksum`, the `compression` feature, trees beside the default one.

mod rows;
mod version;
mod worker;

use crate::StoreError;
use crate::records::{ReadStore, ReadStoreSource};
use rows::Rows;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
pub(crate) use version::refuse_newer;
use worker::Guarded;

/// Folder in the data directory.
pub const FOLDER: &str = "sled";
/// Cache of the engine, in bytes; its own default of 1 GiB is far too much.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Period of the engine's own flush, in milliseconds. Its garbage collection runs nowhere else, so never none.
const FLUSH_EVERY_MS: u64 = 500;
/// Folders moved aside that are kept for looking into; older ones are removed.
const DAMAGED_KEPT: usize = 2;

/// How long the engine may take before it counts as hanging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SledDeadlines {
    /// For opening, its replay and the check of all rows.
    pub open: Duration,
    /// For one read, batch or flush.
    pub operation: Duration,
}

impl Default for SledDeadlines {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(120),
            operation: Duration::from_secs(10),
        }
    }
}

/// Opens sled in a data directory.
#[derive(Debug, Clone)]
pub struct SledSource {
    root: PathBuf,
    deadlines: SledDeadlines,
}

fn fault(path: &Path, what: impl Into<String>) -> StoreError {
    StoreError::corrupt(path, 0, what)
}

impl SledSource {
    /// In `root`/sled.
    #[must_use]
    pub fn new(root: &Path, deadlines: SledDeadlines) -> Self {
        Self {
            root: root.to_path_buf(),
            deadlines,
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    fn open_at(&self, expected: bool) -> Result<Arc<dyn ReadStore>, StoreError> {
        let folder = self.folder();
        let unexpected = || fault(&folder, "the engine found another state of its files than expected");
        open_guarded(&folder, self.deadlines, expected)?.ok_or_else(unexpected)
    }

    /// Names of folders moved aside, oldest first.
    fn damaged(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("sled.damaged."));
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                found.push((number, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }

    fn move_aside(&self) -> io::Result<()> {
        let folder = self.folder();
        if !folder.exists() {
            return Ok(());
        }
        let mut damaged = self.damaged()?;
        let next = damaged.last().map_or(1, |(number, _)| number + 1);
        let aside = self.root.join(format!("sled.damaged.{next}"));
        tracing::warn!(to = %aside.display(), "the read store is moved aside and rebuilt from the journal");
        std::fs::rename(&folder, &aside)?;
        damaged.push((next, aside));
        for (_, old) in damaged.iter().rev().skip(DAMAGED_KEPT) {
            std::fs::remove_dir_all(old)?;
        }
        std::fs::File::open(&self.root)?.sync_all()
    }
}

impl ReadStoreSource for SledSource {
    fn open_existing(&self) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        let folder = self.folder();
        if !folder.join("db").exists() {
            return Ok(None);
        }
        version::check(&folder)?;
        self.open_at(true).map(Some)
    }

    fn start_over(&self) -> Result<Arc<dyn ReadStore>, StoreError> {
        let folder = self.folder();
        self.move_aside()
            .map_err(|source| StoreError::io("move aside", &folder, source))?;
        version::write(&folder)?;
        self.open_at(false)
    }
}

/// Opens a copy for comparison: the caller has made it and removes it. None when the engine has not stored anything in it
/// yet: whoever was making the store was stopped, or its disk refused every write.
///
/// # Errors
/// Whatever makes the engine unfit; see the module.
pub fn open_copy(folder: &Path, deadlines: SledDeadlines) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
    version::check(folder)?;
    open_guarded(folder, deadlines, true)
}

/// None when the engine found something and nothing was expected, or the other way round.
fn open_guarded(
    folder: &Path,
    deadlines: SledDeadlines,
    expected: bool,
) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
    let at = folder.to_path_buf();
    let guarded = Guarded::open(folder, deadlines, move || open_engine(&at, expected))?;
    Ok(guarded.map(|guarded| Arc::new(guarded) as Arc<dyn ReadStore>))
}

/// Half-written snapshots keep the engine from opening; the older snapshot and the log are whole.
fn remove_stale_snapshots(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The engine never syncs these itself.
fn sync_files(folder: &Path) -> io::Result<()> {
    for name in ["conf", "db"] {
        std::fs::File::open(folder.join(name))?.sync_all()?;
    }
    std::fs::File::open(folder)?.sync_all()?;
    match folder.parent() {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Large values become files that the engine never syncs: their folder must stay empty.
fn has_blobs(folder: &Path) -> io::Result<bool> {
    match std::fs::read_dir(folder.join("blobs")) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn open_engine(folder: &Path, expected: bool) -> Result<Option<Rows>, StoreError> {
    let failed = |source| StoreError::io("open", folder, source);
    if expected {
        remove_stale_snapshots(folder).map_err(failed)?;
    }
    let database = ::sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .open()
        .map_err(|error| fault(folder, error.to_string()))?;
    if database.was_recovered() != expected {
        return Ok(None);
    }
    if has_blobs(folder).map_err(failed)? {
        return Err(fault(folder, "the engine keeps large values in files of their own"));
    }
    sync_files(folder).map_err(failed)?;
    let rows = Rows::new(database, folder);
    rows.check_digest()?;
    Ok(Some(rows))
}

#[cfg(test)]
#[path = "sled/tests.rs"]
mod tests;
