//! The few operations storage needs from a file system, as a trait, so that the same journal code runs on the real
//! disk and on a simulated one that tears, reorders, loses and refuses writes.

pub mod layered;
pub mod real;
pub mod simulated;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file opened for reading and writing at offsets. Never appends implicitly, never buffers.
pub trait DiskFile: Send + Sync {
    /// Reads exactly `buffer.len()` bytes at `offset`, or as many as there are; returns how many.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// What the system says; how much was written is then unknown.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// `fdatasync`. A failure is final: the caller never retries (law L8).
    ///
    /// # Errors
    /// What the system says.
    fn sync_data(&self) -> io::Result<()>;
    /// Length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;
    /// True when there is nothing in it.
    ///
    /// # Errors
    /// What the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Sets the length; growth reads as zeros.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Fills a new file with `len` zero bytes whose room is truly taken, so that a later sync of writes inside it
    /// changes neither length nor extents.
    ///
    /// # Errors
    /// `StorageFull` when there is no room; else what the system says.
    fn allocate(&self, len: u64) -> io::Result<()>;
}

/// A directory tree. Paths are relative to the store's root; an absolute path (a second witness, say) stands for itself.
pub trait Disk: Send + Sync {
    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` when there is none; else what the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Creates a new file with mode 0600; fails when it exists.
    ///
    /// # Errors
    /// `AlreadyExists`; else what the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Names in a directory, sorted; files and directories alike.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// Creates a directory and its parents with mode 0700; fine when it exists.
    ///
    /// # Errors
    /// What the system says.
    fn create_directory(&self, directory: &Path) -> io::Result<()>;
    /// Renames within the store, replacing the target.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes creations, renames and removals in this directory durable.
    ///
    /// # Errors
    /// What the system says; final, as for [`DiskFile::sync_data`].
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
    /// Free and total bytes of the file system, as an unprivileged writer sees them.
    ///
    /// # Errors
    /// What the system says.
    fn space_bytes(&self) -> io::Result<Space>;
}

/// Reads a whole file of at most `bytes_max` bytes.
///
/// # Errors
/// `InvalidData` when it is longer; else what the system says.
pub fn read_file(disk: &dyn Disk, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let len = file.len()?;
    if len > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is longer than it can be",
        ));
    }
    let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut bytes = vec![0; len];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Replaces a file so that after a power cut either the old or the new content is there, whole: writes beside it,
/// syncs, renames over it, syncs the directory. The name beside it is `path` with `.new` appended; one found there is
/// a leftover and is removed.
///
/// # Errors
/// What the system says; a failed sync is final.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    match disk.remove(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = disk.create(&beside)?;
    file.write_all_at(bytes, 0)?;
    file.sync_data()?;
    disk.rename(&beside, path)?;
    disk.sync_directory(path.parent().unwrap_or_else(|| Path::new("")))
}

/// The name under which [`replace_file`] writes before it renames.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Room on the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes free.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}
