//! Segment files: made ahead, begun, found by position, kept open for reading.

use super::core::unwritable;
use super::format::SegmentHeader;
use super::{JOURNAL_DIRECTORY, Position, segment_path, spare_path};
use crate::StoreError;
use crate::disk::{Disk, DiskFile};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Segments kept open for reading.
const OPEN_MAX: usize = 32;

/// The segments there are.
pub(super) struct Segments {
    disk: Arc<dyn Disk>,
    firsts: Mutex<BTreeMap<u32, Position>>,
    open: Mutex<BTreeMap<u32, Arc<dyn DiskFile>>>,
}

impl Segments {
    pub(super) fn new(disk: Arc<dyn Disk>, firsts: BTreeMap<u32, Position>) -> Self {
        Self {
            disk,
            firsts: Mutex::new(firsts),
            open: Mutex::new(BTreeMap::new()),
        }
    }

    pub(super) fn add(&self, number: u32, first: Position) {
        self.firsts.lock().insert(number, first);
    }

    /// All numbers, ascending, with the position of their first records.
    pub(super) fn all(&self) -> Vec<(u32, Position)> {
        self.firsts
            .lock()
            .iter()
            .map(|(number, first)| (*number, *first))
            .collect()
    }

    /// A segment's file.
    pub(super) fn file(&self, number: u32) -> Result<Arc<dyn DiskFile>, StoreError> {
        let mut open = self.open.lock();
        if let Some(file) = open.get(&number) {
            return Ok(Arc::clone(file));
        }
        let path = segment_path(number);
        let file = self
            .disk
            .open(&path)
            .map_err(|source| StoreError::io("open", &path, source))?;
        if open.len() >= OPEN_MAX {
            open.pop_first();
        }
        open.insert(number, Arc::clone(&file));
        Ok(file)
    }
}

/// Makes a file of zeros of a segment's size, durably, under the spare's name.
pub(super) fn prepare_spare(disk: &dyn Disk, segment_bytes: u32) -> Result<(), StoreError> {
    let path = spare_path();
    match disk.remove(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(unwritable("remove", &path, source)),
    }
    let made = disk.create(&path).and_then(|file| {
        file.allocate(u64::from(segment_bytes))?;
        file.sync_data()
    });
    made.map_err(|source| {
        if source.kind() == io::ErrorKind::StorageFull && disk.remove(&path).is_err() {
            tracing::warn!("failed to remove a spare segment that has no room");
        }
        unwritable("allocate", &path, source)
    })
}

/// Begins a segment: header synced under the spare's name, then renamed, then the directory synced. Returns its file
/// and length.
pub(super) fn create_segment(
    disk: &dyn Disk,
    header: &SegmentHeader,
    segment_bytes: u32,
    spare_ready: bool,
) -> Result<(Arc<dyn DiskFile>, u64), StoreError> {
    if !spare_ready {
        prepare_spare(disk, segment_bytes)?;
    }
    let (spare, path) = (spare_path(), segment_path(header.number));
    let failed = |source| StoreError::io("begin", &path, source);
    let file = disk.open(&spare).map_err(failed)?;
    file.write_all_at(&header.encode(), 0).map_err(failed)?;
    file.sync_data().map_err(failed)?;
    disk.rename(&spare, &path).map_err(failed)?;
    disk.sync_directory(Path::new(JOURNAL_DIRECTORY)).map_err(failed)?;
    let len = file.len().map_err(failed)?;
    Ok((file, len))
}
