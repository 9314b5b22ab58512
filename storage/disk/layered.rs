//! A disk over another one that is only read: what is written stays in memory, page by page. So the code that serves can
//! open a stopped store, repair and all, and not a byte of the store changes. Bound: the pages that are written.

use super::{Disk, DiskFile, Space};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes kept around each write.
const PAGE_BYTES: usize = 4096;

/// The disk.
pub struct LayeredDisk {
    below: Arc<dyn Disk>,
    /// Files that were opened, made or renamed here; none: removed here.
    files: Mutex<BTreeMap<PathBuf, Option<Arc<LayeredFile>>>>,
}

/// One file: pages over the file below, if there is one.
struct LayeredFile {
    below: Option<Arc<dyn DiskFile>>,
    layer: Mutex<Layer>,
}

#[derive(Default)]
struct Layer {
    len: u64,
    /// Bytes of the file below that still show.
    shown: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl LayeredDisk {
    /// Over this disk, which is never written to.
    #[must_use]
    pub fn over(below: Arc<dyn Disk>) -> Self {
        Self {
            below,
            files: Mutex::default(),
        }
    }

    fn find(&self, path: &Path) -> io::Result<Arc<LayeredFile>> {
        let mut files = self.files.lock();
        match files.get(path) {
            Some(Some(file)) => return Ok(Arc::clone(file)),
            Some(None) => return Err(io::ErrorKind::NotFound.into()),
            None => {}
        }
        let below = self.below.open(path)?;
        let len = below.len()?;
        let file = Arc::new(LayeredFile {
            below: Some(below),
            layer: Mutex::new(Layer {
                len,
                shown: len,
                pages: BTreeMap::new(),
            }),
        });
        files.insert(path.to_path_buf(), Some(Arc::clone(&file)));
        Ok(file)
    }
}

/// First byte of a page.
const fn start(page: u64) -> u64 {
    page * PAGE_BYTES as u64
}

/// Copies what overlaps between bytes at `from` and a buffer at `to`.
fn lay(bytes: &[u8], from: u64, buffer: &mut [u8], to: u64) {
    let skip = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let offset = usize::try_from(from.saturating_sub(to)).unwrap_or(usize::MAX);
    let source = bytes.get(skip..).unwrap_or_default();
    let target = buffer.get_mut(offset..).unwrap_or_default();
    for (target, source) in target.iter_mut().zip(source) {
        *target = *source;
    }
}

impl LayeredFile {
    fn read(&self, layer: &Layer, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let there = layer.len.saturating_sub(offset).min(buffer.len() as u64);
        let buffer = buffer
            .get_mut(..usize::try_from(there).unwrap_or(0))
            .unwrap_or_default();
        let mut below = 0;
        if let Some(file) = &self.below {
            let shown = layer.shown.saturating_sub(offset).min(there);
            let part = buffer.get_mut(..usize::try_from(shown).unwrap_or(0));
            below = file.read_at(part.unwrap_or_default(), offset)?;
        }
        buffer.get_mut(below..).unwrap_or_default().fill(0);
        let pages = offset / PAGE_BYTES as u64..(offset + there).div_ceil(PAGE_BYTES as u64);
        for (page, bytes) in layer.pages.range(pages) {
            lay(bytes, start(*page), buffer, offset);
        }
        Ok(buffer.len())
    }
}

impl DiskFile for LayeredFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(&self.layer.lock(), buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut layer = self.layer.lock();
        let end = offset + bytes.len() as u64;
        for page in offset / PAGE_BYTES as u64..end.div_ceil(PAGE_BYTES as u64) {
            let mut whole = vec![0; PAGE_BYTES];
            self.read(&layer, &mut whole, start(page))?;
            lay(bytes, offset, &mut whole, start(page));
            layer.pages.insert(page, whole);
        }
        layer.len = layer.len.max(end);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.layer.lock().len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut layer = self.layer.lock();
        let kept = usize::try_from(len % PAGE_BYTES as u64).unwrap_or(0);
        layer.pages.retain(|page, _| start(*page) < len);
        if let Some(last) = layer.pages.get_mut(&(len / PAGE_BYTES as u64)) {
            last.get_mut(kept..).unwrap_or_default().fill(0);
        }
        layer.shown = layer.shown.min(len);
        layer.len = len;
        Ok(())
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl Disk for LayeredDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.find(path)?)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        match self.find(path) {
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = Arc::new(LayeredFile {
            below: None,
            layer: Mutex::default(),
        });
        self.files.lock().insert(path.to_path_buf(), Some(Arc::clone(&file)));
        Ok(file)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let files = self.files.lock();
        let here = files.iter().filter(|(path, _)| path.parent() == Some(directory));
        let (mut made, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for (path, file) in here {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.is_some() {
                made.insert(name);
            } else {
                removed.insert(name);
            }
        }
        match self.below.list(directory) {
            Ok(names) => made.extend(names.into_iter().filter(|name| !removed.contains(name))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !made.is_empty() => {}
            Err(error) => return Err(error),
        }
        Ok(made.into_iter().collect())
    }

    fn create_directory(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.find(from)?;
        let mut files = self.files.lock();
        files.insert(from.to_path_buf(), None);
        files.insert(to.to_path_buf(), Some(file));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.files.lock().insert(path.to_path_buf(), None);
        Ok(())
    }

    fn sync_directory(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn space_bytes(&self) -> io::Result<Space> {
        // Nothing written here takes room below.
        let total = 1 << 40;
        Ok(Space { free: total, total })
    }
}

#[cfg(test)]
#[path = "layered/tests.rs"]
mod tests;
