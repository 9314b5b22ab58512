//! One practice's log on disk, as its writer sees it: hashes into tiles, sealed leaves into files of entries, and a head that
//! says how far both are. All of it can be made again from the journal, in the same bytes.
//!
//! The folder, `audit/<practice>/`: `tile/` (see `tiles`), `entries/<number of the first leaf>` (jobs' bodies as the journal has
//! them, each behind its length), `head`, and `checkpoint`, the newest signed one.
//! What lies beyond the head is of a process that crashed: it is written again.
//! Must not be here: signing, opening leaves, the journal.

use super::leaves::Sealed;
use super::tiles::{TILE_WIDTH, perfect_root, read_tile, tile_path, width_of};
use super::tree::{Frontier, Hash};
use crate::StoreError;
use crate::disk::{Disk, DiskFile, read_file, replace_file};
use crate::journal::{APPEND_BYTES_MAX, Position};
use crate::keyring::io_error;
use crate::seal::sha256;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of entries is followed by another once it has this many bytes.
pub const ENTRIES_BYTES: u64 = 256 * 1024;
/// Longest file of entries: one body more.
pub const ENTRIES_BYTES_MAX: u64 = ENTRIES_BYTES + APPEND_BYTES_MAX as u64;

/// Entries that wait in memory before the system gets them.
const PENDING_BYTES_MAX: usize = 64 * 1024;
const WRITING: &str = "write the entries of a log";
const MARK: [u8; 5] = *b"CELH\x01";
const HEAD_BYTES_MAX: u64 = 4_096;

/// How far a log is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHead {
    /// Size and right edge of the tree.
    pub frontier: Frontier,
    /// The last journal record whose leaves are in it.
    pub position: Position,
    /// Number of the first leaf in the last file of entries.
    pub entries_from: u64,
    /// Bytes of that file that count.
    pub entries_bytes: u64,
}

impl LogHead {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        for number in [
            self.frontier.size(),
            self.position,
            self.entries_from,
            self.entries_bytes,
        ] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for peak in self.frontier.peaks() {
            bytes.extend_from_slice(peak);
        }
        let sum = sha256(&[&bytes]);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<32>()?;
        let mut rest = body.strip_prefix(&MARK)?;
        let mut number = || {
            let (number, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            Some(u64::from_be_bytes(*number))
        };
        let (size, position, entries_from, entries_bytes) = (number()?, number()?, number()?, number()?);
        let peaks: Vec<Hash> = rest
            .chunks(32)
            .map(|peak| peak.try_into().ok())
            .collect::<Option<_>>()?;
        (sha256(&[body]) == *sum).then_some(())?;
        Some(Self {
            frontier: Frontier::from_parts(size, peaks)?,
            position,
            entries_from,
            entries_bytes,
        })
    }
}

/// A log's folder below the store's.
#[must_use]
pub fn folder_of(practice: u128) -> PathBuf {
    Path::new(super::FOLDER).join(format!("{practice:032x}"))
}

/// The path of the file of entries that begins with this leaf.
#[must_use]
pub fn entries_path(folder: &Path, from: u64) -> PathBuf {
    folder.join("entries").join(format!("{from:020}"))
}

/// The head on disk; none when the log has not begun, or what is there cannot be used.
///
/// # Errors
/// What the disk says.
pub fn read_head(disk: &dyn Disk, folder: &Path) -> Result<Option<LogHead>, StoreError> {
    let path = folder.join("head");
    match read_file(disk, &path, HEAD_BYTES_MAX) {
        Ok(bytes) => Ok(LogHead::decode(&bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(None),
        Err(error) => Err(io_error("read the head of a log", &path)(error)),
    }
}

/// A log being written.
pub struct Log {
    folder: PathBuf,
    head: LogHead,
    /// The newest, partial tile of each level, lowest first.
    edges: Vec<Vec<Hash>>,
    entries: Option<Arc<dyn DiskFile>>,
    /// The end of that file, not written yet.
    pending: Vec<u8>,
    /// Written and not synced: files, and folders with new names.
    unsynced: Vec<Arc<dyn DiskFile>>,
    renamed: BTreeSet<PathBuf>,
    /// Partial tiles on disk that a wider one will have replaced.
    replaced: Vec<PathBuf>,
    changed: bool,
}

impl Log {
    /// Opens a practice's log, or begins one where there is none. None when what is there does not fit its head: it has to
    /// begin again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(disk: &dyn Disk, practice: u128) -> Result<Option<Self>, StoreError> {
        let folder = folder_of(practice);
        let Some(head) = read_head(disk, &folder)? else {
            // Entries without a head are of a process that crashed, or somebody took the head away.
            let begun = disk.list(&folder.join("entries")).is_ok_and(|names| !names.is_empty());
            return Ok((!begun).then(|| Self::begin(practice)));
        };
        let mut log = Self::at(folder, head);
        let fits = log.take_up(disk);
        if !fits {
            tracing::warn!("a practice's log does not fit its head: it is made again from the journal");
        }
        Ok(fits.then_some(log))
    }

    /// A log without leaves, whatever is on disk.
    #[must_use]
    pub fn begin(practice: u128) -> Self {
        Self::at(folder_of(practice), LogHead::default())
    }

    fn at(folder: PathBuf, head: LogHead) -> Self {
        Self {
            folder,
            head,
            edges: Vec::new(),
            entries: None,
            pending: Vec::new(),
            unsynced: Vec::new(),
            renamed: BTreeSet::new(),
            replaced: Vec::new(),
            changed: false,
        }
    }

    /// Reads the right edge and cuts off entries beyond the head; `false` when they are not what the head says.
    fn take_up(&mut self, disk: &dyn Disk) -> bool {
        let size = self.head.frontier.size();
        let mut leaves = size;
        for level in 0.. {
            let number = leaves / TILE_WIDTH as u64;
            let width = width_of(level, number, size);
            let edge = match width {
                0 => Vec::new(),
                width => match read_tile(disk, &self.folder, level, number, width) {
                    Ok(hashes) => hashes,
                    Err(_) => return false,
                },
            };
            if width > 0 {
                self.replaced.push(self.folder.join(tile_path(level, number, width)));
            }
            self.edges.push(edge);
            leaves = number;
            if leaves == 0 {
                break;
            }
        }
        // The lowest edge must be the end of what the head's root is made of.
        let rest = self.edges.first().map_or(0, Vec::len);
        let small = usize::try_from(size % TILE_WIDTH as u64).unwrap_or(0).count_ones() as usize;
        let peaks = self.head.frontier.peaks();
        let mut from = 0;
        for peak in peaks.iter().skip(peaks.len().saturating_sub(small)) {
            let left = rest - from;
            let width = if left == 0 { 0 } else { 1 << left.ilog2() };
            let root = self
                .edges
                .first()
                .and_then(|edge| edge.get(from..from + width))
                .and_then(perfect_root);
            if root != Some(*peak) {
                return false;
            }
            from += width;
        }
        let path = entries_path(&self.folder, self.head.entries_from);
        match disk.open(&path) {
            Ok(file) if file.len().is_ok_and(|len| len >= self.head.entries_bytes) => {
                self.entries = Some(file);
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    /// How far it is.
    #[must_use]
    pub const fn head(&self) -> &LogHead {
        &self.head
    }

    /// Adds the leaves of one record, given as their job's body. Those that are in it already are passed over.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add(&mut self, disk: &dyn Disk, position: Position, body: &[u8]) -> Result<(), StoreError> {
        if position <= self.head.position {
            return Ok(());
        }
        let sealed = Sealed::read(body).ok_or(StoreError::Codec { what: "audit leaves" })?;
        self.add_entry(disk, body)?;
        for hash in sealed.hashes() {
            self.head.frontier.push(hash);
            self.add_hash(disk, 0, hash)?;
        }
        self.head.position = position;
        self.changed = true;
        Ok(())
    }

    fn add_entry(&mut self, disk: &dyn Disk, body: &[u8]) -> Result<(), StoreError> {
        if self.entries.is_none() || self.head.entries_bytes >= ENTRIES_BYTES {
            self.write_entries()?;
            let from = self.head.frontier.size();
            let path = entries_path(&self.folder, from);
            self.unsynced.extend(self.entries.take());
            self.entries = Some(self.create(disk, &path).map_err(io_error(WRITING, &path))?);
            (self.head.entries_from, self.head.entries_bytes) = (from, 0);
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.pending.extend_from_slice(&length);
        self.pending.extend_from_slice(body);
        self.head.entries_bytes += (length.len() + body.len()) as u64;
        if self.pending.len() >= PENDING_BYTES_MAX {
            self.write_entries()?;
        }
        Ok(())
    }

    /// Hands entries to the system, so that they can be read; not durable yet.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write_entries(&mut self) -> Result<(), StoreError> {
        let Some(file) = self.entries.as_ref().filter(|_| !self.pending.is_empty()) else {
            return Ok(());
        };
        let path = entries_path(&self.folder, self.head.entries_from);
        let at = self.head.entries_bytes - self.pending.len() as u64;
        file.write_all_at(&self.pending, at).map_err(io_error(WRITING, &path))?;
        self.pending.clear();
        Ok(())
    }

    fn add_hash(&mut self, disk: &dyn Disk, level: u32, hash: Hash) -> Result<(), StoreError> {
        let place = level as usize;
        while self.edges.len() <= place {
            self.edges.push(Vec::new());
        }
        let Some(edge) = self.edges.get_mut(place) else {
            return Ok(());
        };
        edge.push(hash);
        if edge.len() < TILE_WIDTH {
            return Ok(());
        }
        let full = std::mem::take(edge);
        let number = (self.head.frontier.size() - 1) >> (8 * (level + 1));
        self.write_tile(disk, level, number, &full)?;
        match perfect_root(&full) {
            Some(root) => self.add_hash(disk, level + 1, root),
            None => Ok(()),
        }
    }

    fn write_tile(&mut self, disk: &dyn Disk, level: u32, number: u64, hashes: &[Hash]) -> Result<(), StoreError> {
        let path = self.folder.join(tile_path(level, number, hashes.len()));
        let wrong = || io_error("write a tile", &path);
        let file = self.create(disk, &path).map_err(wrong())?;
        file.write_all_at(&hashes.concat(), 0).map_err(wrong())?;
        Ok(())
    }

    /// An empty file under this name, whatever was there.
    fn create(&mut self, disk: &dyn Disk, path: &Path) -> std::io::Result<Arc<dyn DiskFile>> {
        let parent = path.parent().unwrap_or_else(|| Path::new(""));
        disk.create_directory(parent)?;
        match disk.remove(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let file = disk.create(path)?;
        self.unsynced.push(file.clone());
        // A new folder's own name lies in the one above.
        let below = parent
            .ancestors()
            .take_while(|folder| folder.starts_with(super::FOLDER));
        self.renamed.extend(below.map(Path::to_path_buf));
        self.renamed.insert(PathBuf::new());
        Ok(file)
    }

    /// Makes all of it durable, the head last. Answers whether anything had changed.
    ///
    /// # Errors
    /// What the disk says.
    pub fn flush(&mut self, disk: &dyn Disk) -> Result<bool, StoreError> {
        if !self.changed {
            return Ok(false);
        }
        self.write_entries()?;
        let edges = std::mem::take(&mut self.edges);
        let mut partial = Vec::new();
        for (level, edge) in (0_u32..).zip(&edges) {
            if !edge.is_empty() {
                let number = self.head.frontier.size() >> (8 * (level + 1));
                self.write_tile(disk, level, number, edge)?;
                partial.push(self.folder.join(tile_path(level, number, edge.len())));
            }
        }
        self.edges = edges;
        let folder = self.folder.clone();
        let wrong = || io_error("make a log durable in", &folder);
        self.unsynced.extend(self.entries.clone());
        for file in self.unsynced.drain(..) {
            file.sync_data().map_err(wrong())?;
        }
        for folder in std::mem::take(&mut self.renamed) {
            disk.sync_directory(&folder).map_err(wrong())?;
        }
        replace_file(disk, &folder.join("head"), &self.head.encode()).map_err(wrong())?;
        // Narrower tiles of the same place say nothing more; losing their removal does no harm.
        for former in std::mem::replace(&mut self.replaced, partial.clone()) {
            if !partial.contains(&former) {
                let _harmless = disk.remove(&former);
            }
        }
        self.changed = false;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
