//! The disk of the machine: files at offsets, mode 0600, directories 0700, one lock file held for the process's life.
//! No rule about formats here.

use super::{Disk, DiskFile, Space};
use crate::StoreError;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the lock file in the data directory.
pub const LOCK_FILE: &str = "lock";
/// Zeros are written in pieces of this many bytes.
const ZEROS_BYTES: usize = 256 * 1024;

/// Makes a directory and its missing parents with mode 0700, durably: their names outlive a power cut. Fine when it exists;
/// its name is made durable even then, as who made it may have been cut off before.
///
/// # Errors
/// What the system says. A parent that may be passed through but not read cannot be synced, and is none of ours: no error.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let missing = path.ancestors().take_while(|ancestor| !ancestor.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
    for parent in path.ancestors().skip(1).take(missing.max(1)) {
        match File::open(parent).and_then(|directory| directory.sync_all()) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes a file that only its owner may read, with this text, where there is none: after a power cut it is there whole or not at
/// all, and one that another first start has just made is left as it is.
///
/// # Errors
/// What the system says.
pub fn make_private_file(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let made = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        // A link, unlike a renaming, never replaces what another process has put there.
        .and_then(|()| std::fs::hard_link(&beside, path));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => std::fs::remove_file(&beside)?,
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// A data directory of this machine, locked against other processes while this value (or a clone of its `Arc`) lives.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    read_only: bool,
    /// Held, never read: closing it releases the lock.
    _lock: Option<File>,
}

impl RealDisk {
    /// Opens the data directory, creating it if need be, and locks it.
    ///
    /// # Errors
    /// `Locked` when another process (or another value in this one) has it; `Unwritable` on a read-only directory;
    /// `Io` else.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let failed = |attempt: &'static str, path: &Path, source: io::Error| {
            let refused = [
                io::ErrorKind::PermissionDenied,
                io::ErrorKind::ReadOnlyFilesystem,
                io::ErrorKind::StorageFull,
            ];
            if refused.contains(&source.kind()) {
                StoreError::Unwritable {
                    what: format!("failed to {attempt} {}: {source}", path.display()),
                }
            } else {
                StoreError::io(attempt, path, source)
            }
        };
        make_directory(root).map_err(|source| failed("create", root, source))?;
        let path = root.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| failed("open", &path, source))?;
        Self::take(&lock, &path)?;
        Ok(Self {
            root: root.to_path_buf(),
            read_only: false,
            _lock: Some(lock),
        })
    }

    /// Opens an existing data directory for reading only: every write is refused and nothing is created. Locks it
    /// where a lock file exists.
    ///
    /// # Errors
    /// `Locked` when a process has it open; `Io` when there is no such directory or it cannot be read.
    pub fn open_read_only(root: &Path) -> Result<Self, StoreError> {
        std::fs::read_dir(root).map_err(|source| StoreError::io("open", root, source))?;
        let path = root.join(LOCK_FILE);
        let lock = match File::open(&path) {
            Ok(lock) => {
                Self::take(&lock, &path)?;
                Some(lock)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(StoreError::io("open", &path, source)),
        };
        Ok(Self {
            root: root.to_path_buf(),
            read_only: true,
            _lock: lock,
        })
    }

    fn take(lock: &File, path: &Path) -> Result<(), StoreError> {
        match lock.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                path: path.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(StoreError::io("lock", path, source)),
        }
    }

    /// The data directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn writable(&self) -> io::Result<()> {
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(())
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(!self.read_only)
            .open(self.root.join(path))?;
        Ok(Arc::new(RealFile { file }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.writable()?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.root.join(path))?;
        Ok(Arc::new(RealFile { file }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.root.join(directory))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        self.writable()?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.root.join(directory))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.writable()?;
        std::fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.writable()?;
        std::fs::remove_file(self.root.join(path))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.writable()?;
        File::open(self.root.join(directory))?.sync_all()
    }

    fn space_bytes(&self) -> io::Result<Space> {
        let found = rustix::fs::statvfs(&self.root)?;
        Ok(Space {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            total: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }
}

struct RealFile {
    file: File,
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        // fallocate takes the room at once or refuses; the zeros turn unwritten extents into written ones, so that
        // later syncs inside the file need no metadata. File systems without fallocate get the zeros alone.
        match rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::empty(), 0, len) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
        let zeros = vec![0_u8; ZEROS_BYTES];
        let mut offset = 0_u64;
        while offset < len {
            let piece = usize::try_from(len - offset).unwrap_or(ZEROS_BYTES).min(ZEROS_BYTES);
            let Some(zeros) = zeros.get(..piece) else { break };
            self.file.write_all_at(zeros, offset)?;
            offset += piece as u64;
        }
        Ok(())
    }
}
