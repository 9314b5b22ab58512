//! One keyring file in two copies: a header and framed opaque entries, each checksummed together with all before it.
//!
//! Entries are appended to the first copy and synced, then to the second, so at most one copy can have a torn end.
//! Removing keys rewrites both copies under the next generation and overwrites the old bytes.
//! A damaged copy is repaired from the other; damage to both is an error. Must not be here: what entries mean.

use crate::StoreError;
use crate::disk::{Disk, DiskFile, read_file, replace_file};
use crate::seal::sha256;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the copies lie, relative to the data directory.
pub(crate) const COPIES: [&str; 2] = ["keyring/a", "keyring/b"];
const MAGIC: &[u8; 6] = b"CELKEY";
/// Newest file format this build knows.
pub(crate) const FORMAT: u16 = 1;
const HEADER_BYTES: usize = 48;
const FRAME_EXTRA_BYTES: usize = 4 + 16;
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Longest keyring file: keys for some millions of patients.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

type Checksum = [u8; 16];

fn checksum(parts: &[&[u8]]) -> Checksum {
    let full = sha256(parts);
    let mut short = [0; 16];
    for (slot, byte) in short.iter_mut().zip(full) {
        *slot = byte;
    }
    short
}

fn header(scope: u128, generation: u64) -> (Vec<u8>, Checksum) {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.extend_from_slice(&scope.to_be_bytes());
    bytes.extend_from_slice(&generation.to_be_bytes());
    let sum = checksum(&[&bytes]);
    bytes.extend_from_slice(&sum);
    (bytes, sum)
}

fn frame(before: &Checksum, body: &[u8]) -> (Vec<u8>, Checksum) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let sum = checksum(&[before, &length, body]);
    let mut bytes = length.to_vec();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&sum);
    (bytes, sum)
}

/// One copy as parsed: everything up to the first byte that is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parsed {
    generation: u64,
    frames: Vec<Vec<u8>>,
    sum: Checksum,
    valid_bytes: usize,
    total_bytes: usize,
}

impl Parsed {
    const fn whole(&self) -> bool {
        self.valid_bytes == self.total_bytes
    }
    const fn rank(&self) -> (u64, usize) {
        (self.generation, self.valid_bytes)
    }
}

/// What one copy holds.
enum Copy {
    Missing,
    /// The header is not right: nothing can be read.
    Damaged,
    Newer(u32),
    Read(Parsed),
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn parse(bytes: &[u8], scope: u128) -> Copy {
    let Some((head, mut rest)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Copy::Damaged;
    };
    let (Some(named), Some(sum)) = (head.get(..32), take::<16>(head, 32)) else {
        return Copy::Damaged;
    };
    if checksum(&[named]) != sum || head.get(..6) != Some(MAGIC) {
        return Copy::Damaged;
    }
    let format = take(head, 6).map_or(0, u16::from_be_bytes);
    if format > FORMAT {
        return Copy::Newer(u32::from(format));
    }
    if take(head, 8).map(u128::from_be_bytes) != Some(scope) || format != FORMAT {
        return Copy::Damaged;
    }
    let mut parsed = Parsed {
        generation: take(head, 24).map_or(0, u64::from_be_bytes),
        frames: Vec::new(),
        sum,
        valid_bytes: HEADER_BYTES,
        total_bytes: bytes.len(),
    };
    while let Some((body, sum, after)) = next_frame(rest, &parsed.sum) {
        parsed.frames.push(body.to_vec());
        parsed.sum = sum;
        parsed.valid_bytes += body.len() + FRAME_EXTRA_BYTES;
        rest = after;
    }
    Copy::Read(parsed)
}

fn next_frame<'a>(rest: &'a [u8], before: &Checksum) -> Option<(&'a [u8], Checksum, &'a [u8])> {
    let (length, rest) = rest.split_at_checked(4)?;
    let body_bytes = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    if body_bytes > FRAME_BYTES_MAX {
        return None;
    }
    let (body, rest) = rest.split_at_checked(body_bytes)?;
    let (sum, rest) = rest.split_at_checked(16)?;
    let expected = checksum(&[before, length, body]);
    (expected == *sum).then_some((body, expected, rest))
}

/// An I/O error with what was tried.
pub(crate) fn io_error(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { attempt, path, source }
}

/// A keyring file, loaded.
pub(crate) struct RingFile {
    disk: Arc<dyn Disk>,
    name: String,
    scope: u128,
    generation: u64,
    sum: Checksum,
    bytes: u64,
    frames: usize,
    copies: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    /// A sync has failed: what is on disk is unknown, nothing more is written (law L8).
    failed: bool,
}

/// What reading both copies found.
pub(crate) struct Survey {
    /// Generation of the better copy.
    pub(crate) generation: u64,
    /// Its entries.
    pub(crate) frames: Vec<Vec<u8>>,
    /// Copies that differ from it, with what is wrong.
    pub(crate) faults: Vec<(PathBuf, u64, &'static str)>,
    /// The second copy is whole but behind the first, as a kill between the two leaves it: no damage, opening mends it.
    pub(crate) lagging: Option<PathBuf>,
}

fn paths(name: &str) -> [PathBuf; 2] {
    COPIES.map(|folder| Path::new(folder).join(name))
}

/// Refuses a file of a newer version by its copies' headers alone: asked of every file before anything is written.
pub(crate) fn refuse_newer(disk: &dyn Disk, name: &str) -> Result<(), StoreError> {
    for path in paths(name) {
        let mut head = [0; HEADER_BYTES];
        let read = disk.open(&path).and_then(|file| file.read_at(&mut head, 0));
        // A copy that is missing or cannot be read is judged when the file is used.
        if let (Ok(HEADER_BYTES), Copy::Newer(found)) = (read, parse(&head, 0)) {
            let known = u32::from(FORMAT);
            return Err(StoreError::NewerFormat { path, found, known });
        }
    }
    Ok(())
}

/// Reads both copies and writes nothing. None when there is neither.
pub(crate) fn survey(disk: &dyn Disk, name: &str, scope: u128) -> Result<Option<Survey>, StoreError> {
    let (mut copies, mut images) = (Vec::new(), Vec::new());
    for path in paths(name) {
        let (copy, bytes) = match read_file(disk, &path, FILE_BYTES_MAX) {
            Ok(bytes) => (parse(&bytes, scope), bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Copy::Missing, Vec::new()),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        if let Copy::Newer(found) = copy {
            let known = u32::from(FORMAT);
            return Err(StoreError::NewerFormat { path, found, known });
        }
        images.push(bytes);
        copies.push((path, copy));
    }
    if copies.iter().all(|(_, copy)| matches!(copy, Copy::Missing)) {
        return Ok(None);
    }
    let read = |copy: &Copy| match copy {
        Copy::Read(parsed) => Some(parsed.clone()),
        Copy::Missing | Copy::Damaged | Copy::Newer(_) => None,
    };
    let best = copies
        .iter()
        .filter_map(|(_, copy)| read(copy))
        .max_by_key(Parsed::rank);
    let Some(best) = best else {
        return Err(corrupt(name, 0, "no copy of the keyring file can be read"));
    };
    // Both ends bad: appends sync the first copy before they touch the second, so this is damage, not a torn write.
    let torn = |copy: &Copy| !read(copy).is_some_and(|parsed| parsed.whole());
    if copies.iter().all(|(_, copy)| torn(copy)) {
        let at = u64::try_from(best.valid_bytes).unwrap_or(u64::MAX);
        return Err(corrupt(name, at, "both copies of the keyring file are damaged"));
    }
    let (mut faults, mut lagging) = (Vec::new(), None);
    let behind = match copies.as_slice() {
        [(_, first), (_, second)] => is_behind(first, second, &images),
        _ => false,
    };
    for (path, copy) in copies {
        if behind && Some(&path) == paths(name).last() {
            lagging = Some(path);
            continue;
        }
        match copy {
            Copy::Missing => faults.push((path, 0, "copy is missing")),
            Copy::Damaged | Copy::Newer(_) => faults.push((path, 0, "header is damaged")),
            Copy::Read(parsed) if parsed != best => {
                let at = u64::try_from(parsed.valid_bytes).unwrap_or(u64::MAX);
                faults.push((path, at, "copy is damaged or behind the other"));
            }
            Copy::Read(_) => {}
        }
    }
    Ok(Some(Survey {
        generation: best.generation,
        frames: best.frames,
        faults,
        lagging,
    }))
}

/// Whether the second copy is what a kill between the writes of the two leaves: not there yet, of an older generation, or a
/// beginning of the first to the byte.
fn is_behind(first: &Copy, second: &Copy, images: &[Vec<u8>]) -> bool {
    let Copy::Read(ahead) = first else { return false };
    let begins = matches!(images, [whole, part] if whole.len() > part.len() && whole.starts_with(part));
    ahead.whole()
        && match second {
            Copy::Missing => true,
            Copy::Read(older) => begins || (older.whole() && older.generation < ahead.generation),
            Copy::Damaged | Copy::Newer(_) => false,
        }
}

/// Whether a keyring file was to be written and could not: never to be tried again in this process (law L8). A disk that
/// is full or read-only refuses before anything is begun; whether a file has broken off in the middle it says itself.
pub(crate) fn is_failed_write(error: &StoreError) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    match error {
        StoreError::Io { attempt, source, .. } => {
            ["write", "sync", "create", "replace", "overwrite"].contains(attempt)
                && ![PermissionDenied, ReadOnlyFilesystem, StorageFull].contains(&source.kind())
        }
        StoreError::Corrupt { .. }
        | StoreError::HistoryMissing { .. }
        | StoreError::WrongKey { .. }
        | StoreError::Locked { .. }
        | StoreError::NewerFormat { .. }
        | StoreError::Unwritable { .. }
        | StoreError::Codec { .. }
        | StoreError::NoKey
        | StoreError::Append(_) => false,
    }
}

/// Whether a write found no room.
fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
}

pub(crate) fn corrupt(name: &str, offset: u64, what: &str) -> StoreError {
    StoreError::Corrupt {
        path: Path::new(COPIES[0]).join(name),
        offset,
        what: what.to_owned(),
    }
}

impl RingFile {
    /// Opens what `survey` found, repairing copies that differ. Returns the file and how many copies were repaired.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        name: &str,
        scope: u128,
        found: &Survey,
    ) -> Result<(Self, usize), StoreError> {
        let mut file = Self::empty(disk, name, scope, found.generation);
        let image = file.image(&found.frames);
        let damaged = found.faults.iter().map(|(path, _, _)| path);
        let damaged: Vec<&PathBuf> = damaged.chain(&found.lagging).collect();
        if !damaged.is_empty() {
            // A copy can be missing with its folder.
            file.make_folders()?;
        }
        for path in paths(name) {
            let handle = if damaged.contains(&&path) {
                file.replace(&path, &image)?
            } else {
                file.settle(&path, &image)?
            };
            file.copies.push((path, handle));
        }
        Ok((file, damaged.len()))
    }

    /// Creates both copies with these entries, durably. Fails if there is one already.
    pub(crate) fn create(disk: Arc<dyn Disk>, name: &str, scope: u128, frames: &[Vec<u8>]) -> Result<Self, StoreError> {
        let mut file = Self::empty(disk, name, scope, 1);
        let image = file.image(frames);
        // The folders' names are durable before anything lies in them: a crash leaves a keyring that opens, or none.
        file.make_folders()?;
        for path in paths(name) {
            let handle = file.replace(&path, &image)?;
            file.copies.push((path, handle));
        }
        Ok(file)
    }

    fn make_folders(&self) -> Result<(), StoreError> {
        for folder in COPIES.map(Path::new) {
            self.disk.create_directory(folder).map_err(io_error("create", folder))?;
        }
        for folder in ["keyring", ""].map(Path::new) {
            self.disk.sync_directory(folder).map_err(io_error("sync", folder))?;
        }
        Ok(())
    }

    fn empty(disk: Arc<dyn Disk>, name: &str, scope: u128, generation: u64) -> Self {
        Self {
            disk,
            name: name.to_owned(),
            scope,
            generation,
            sum: [0; 16],
            bytes: 0,
            frames: 0,
            copies: Vec::new(),
            failed: false,
        }
    }

    /// Sets sum, length and count to those of a file with these entries, and returns its bytes.
    fn image(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
        let (mut image, mut sum) = header(self.scope, self.generation);
        for body in frames {
            let (bytes, next) = frame(&sum, body);
            image.extend_from_slice(&bytes);
            sum = next;
        }
        self.sum = sum;
        self.frames = frames.len();
        self.bytes = u64::try_from(image.len()).unwrap_or(u64::MAX);
        image
    }

    /// Opens a sound copy and writes it anew where it stands: a sync of an earlier process may have failed and left its
    /// pages marked clean, so that what is read is not durable. Both copies would then be lost with one torn append.
    fn settle(&self, path: &Path, image: &[u8]) -> Result<Arc<dyn DiskFile>, StoreError> {
        let file = self.disk.open(path).map_err(io_error("open", path))?;
        file.write_all_at(image, 0)
            .and_then(|()| file.sync_data())
            .map_err(io_error("write", path))?;
        Ok(file)
    }

    /// Replaces the whole file durably, overwrites the old bytes with zeros, since they may hold keys that are to be
    /// erased, and opens the new one.
    fn replace(&self, path: &Path, image: &[u8]) -> Result<Arc<dyn DiskFile>, StoreError> {
        let old = match self.disk.open(path) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error("open", path)(error)),
        };
        replace_file(self.disk.as_ref(), path, image).map_err(io_error("replace", path))?;
        if let Some(old) = old {
            let wiped = old.len().and_then(|bytes| {
                old.write_all_at(&vec![0; usize::try_from(bytes).unwrap_or(0)], 0)?;
                old.sync_data()
            });
            wiped.map_err(io_error("overwrite", path))?;
        }
        self.disk.open(path).map_err(io_error("open", path))
    }

    /// Generation of the file: grows with each rewrite.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Number of entries: the index of the next one.
    pub(crate) const fn frames(&self) -> usize {
        self.frames
    }

    /// Whether a sync has failed.
    pub(crate) const fn failed(&self) -> bool {
        self.failed
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Unwritable {
                what: format!("keyring file {} has failed", self.name),
            });
        }
        Ok(())
    }

    /// Appends one entry to both copies; durable in both on return.
    pub(crate) fn append(&mut self, body: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let (bytes, sum) = frame(&self.sum, body);
        for (index, (path, file)) in self.copies.iter().enumerate() {
            if let Err(error) = file.write_all_at(&bytes, self.bytes) {
                // The first copy is overwritten at the same place by the next try; once it has the entry, both must.
                self.failed = index > 0;
                return Err(io_error("write", path)(error));
            }
            if let Err(error) = file.sync_data() {
                self.failed = true;
                return Err(io_error("sync", path)(error));
            }
        }
        self.sum = sum;
        self.frames += 1;
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Replaces all entries under the next generation; the old bytes are overwritten with zeros. A disk that is full
    /// refuses before anything is replaced, and the file goes on as it was.
    pub(crate) fn rewrite(&mut self, frames: &[Vec<u8>]) -> Result<(), StoreError> {
        self.writable()?;
        let before = (self.generation, self.sum, self.bytes, self.frames);
        self.generation += 1;
        let image = self.image(frames);
        for index in 0..self.copies.len() {
            let Some((path, _)) = self.copies.get(index).cloned() else {
                continue;
            };
            match self.replace(&path, &image) {
                Ok(new) => {
                    if let Some(slot) = self.copies.get_mut(index) {
                        slot.1 = new;
                    }
                }
                Err(error) if index == 0 && is_full(&error) => {
                    (self.generation, self.sum, self.bytes, self.frames) = before;
                    return Err(error);
                }
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_driver::fuzz;

    #[test]
    fn any_bytes_are_read_up_to_the_first_wrong_frame_or_refused() {
        let (mut bytes, mut sum) = header(7, 3);
        for body in [&b"a wrapped key"[..], b"", &[9; 80]] {
            let (entry, after) = frame(&sum, body);
            bytes.extend(entry);
            sum = after;
        }
        let mut read = 0_u64;
        fuzz("keyring", &[bytes], 500_000, |input, _| {
            if let Copy::Read(parsed) = parse(input, 7) {
                assert!(parsed.valid_bytes <= input.len());
                read += 1;
            }
        });
        assert!(read > 1_000, "only {read} were read");
    }
}
