//! A directory tree in memory. Everything written is there at once; it tears and loses nothing.

use crate::disk::{Disk, DiskFile, Space};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files by path. Clones share the same tree.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<BTreeMap<PathBuf, Arc<MemoryFile>>>>);

#[derive(Default)]
struct MemoryFile(Mutex<Vec<u8>>);

fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect()
}

impl MemoryDisk {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every file and its bytes.
    #[must_use]
    pub fn image(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let copy = |(path, file): (&PathBuf, &Arc<MemoryFile>)| (path.clone(), file.0.lock().clone());
        self.0.lock().iter().map(copy).collect()
    }

    /// A tree with these files.
    #[must_use]
    pub fn from_image(image: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let file = |(path, bytes)| (path, Arc::new(MemoryFile(Mutex::new(bytes))));
        Self(Arc::new(Mutex::new(image.into_iter().map(file).collect())))
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.0.lock();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let there = bytes.get(start..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(there) {
            *slot = *byte;
        }
        Ok(count)
    }

    fn write_all_at(&self, new: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = self.0.lock();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start
            .checked_add(new.len())
            .ok_or_else(|| io::Error::other("too long"))?;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        if let Some(target) = bytes.get_mut(start..end) {
            target.copy_from_slice(new);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        u64::try_from(self.0.lock().len()).map_err(io::Error::other)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let files = self.0.lock();
        let file = files.get(&plain(path)).ok_or(io::ErrorKind::NotFound)?;
        Ok(file.clone())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut files = self.0.lock();
        if files.contains_key(&plain(path)) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Arc::new(MemoryFile::default());
        files.insert(plain(path), file.clone());
        Ok(file)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let directory = plain(directory);
        let files = self.0.lock();
        let below = files.keys().filter_map(|path| path.strip_prefix(&directory).ok());
        let first = below.filter_map(|path| path.components().next());
        let names: BTreeSet<String> = first
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        Ok(names.into_iter().collect())
    }

    fn create_directory(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.0.lock();
        let file = files.remove(&plain(from)).ok_or(io::ErrorKind::NotFound)?;
        files.insert(plain(to), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = self.0.lock().remove(&plain(path));
        removed.map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_directory(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn space_bytes(&self) -> io::Result<Space> {
        let total = 1 << 40;
        Ok(Space { free: total, total })
    }
}
