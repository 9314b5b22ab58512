//! The few operations storage needs from a file system, as a trait, so that the same journal code runs on the real
//! disk and on a simulated one that tears, reorders, loses and refuses writes.

use std::io;
use std::path::Path;
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
    /// Sets the length; growth reads as zeros.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// A directory tree. Paths are relative to the store's root.
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

/// Room on the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes free.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}
