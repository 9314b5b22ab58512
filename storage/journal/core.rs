//! The journal without threads: one lock around the writer, an index for readers. Every call runs to its end in the
//! caller's thread, so that simulations and crash tests are deterministic. [`super::file`] puts threads around it.

use super::format::{Chain, RecordKind, write_record};
use super::index::{Index, Place};
use super::options::{Counters, JournalOptions};
use super::segments::Segments;
use super::tracked::TrackedVersions;
use super::witness::Witness;
use super::{Append, Fence, Head, Position, RecordWrite, segment_path};
use crate::disk::{Disk, DiskFile};
use crate::records::RecordIndex;
use crate::{AppendError, StoreError};
use cabinet_domain::stream::StreamKey;
use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Called once, with the reason, when the journal stops because a write or sync failed.
pub type OnFatal = Box<dyn Fn(&str) + Send + Sync>;

/// The part of the journal that only the writer touches.
pub(super) struct Writer {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) capacity: u64,
    pub(super) position: Position,
    pub(super) chain: Chain,
    pub(super) witness: Witness,
    pub(super) second: Option<Witness>,
    pub(super) witnessed: Position,
    pub(super) witnessed_at: Duration,
    pub(super) index_at: Position,
    pub(super) closed: bool,
}

/// The synchronous journal.
pub struct Core {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: JournalOptions,
    pub(super) history: u128,
    pub(super) fence: Fence,
    pub(super) index: RwLock<Index>,
    pub(super) segments: Segments,
    pub(super) counters: Arc<Counters>,
    pub(super) writer: Mutex<Writer>,
    pub(super) checkpoints: super::checkpoints::Checkpoints,
    pub(super) records: RwLock<Option<Arc<dyn RecordIndex>>>,
    /// True once a spare segment lies ready.
    pub(super) spare: Mutex<bool>,
    pub(super) spare_due: AtomicBool,
    pub(super) index_due: AtomicBool,
    pub(super) stopped: Mutex<Option<String>>,
    pub(super) on_fatal: Mutex<Option<OnFatal>>,
}

/// Bytes of one group on their way to the disk.
#[derive(Default)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    pub(super) first: Position,
    pub(super) position: Position,
    pub(super) chain: Chain,
}

impl Core {
    /// Writes a group and syncs it. An error has stopped the journal.
    pub(super) fn write(&self, writer: &mut Writer, group: &Group) -> Result<(), StoreError> {
        let began = (self.options.ticks)();
        let path = segment_path(writer.segment);
        let done = writer
            .file
            .write_all_at(&group.bytes, writer.offset)
            .map_err(|source| StoreError::io("write", &path, source))
            .and_then(|()| {
                writer
                    .file
                    .sync_data()
                    .map_err(|source| StoreError::io("sync", &path, source))
            });
        if let Err(error) = done {
            self.stop(&error);
            return Err(error);
        }
        let bytes = group.bytes.len() as u64;
        let half = writer.capacity / 2;
        if writer.offset <= half && writer.offset + bytes > half {
            self.spare_due.store(true, Ordering::Relaxed);
        }
        writer.offset += bytes;
        writer.position = group.position;
        writer.chain = group.chain;
        let took = (self.options.ticks)().saturating_sub(began);
        self.counters.group(group.position + 1 - group.first, bytes, took);
        Ok(())
    }

    pub(super) fn stop(&self, error: &StoreError) {
        let mut reason = describe(error);
        let mut stopped = self.stopped.lock();
        if stopped.is_some() {
            return;
        }
        reason.insert_str(0, "the journal has stopped: ");
        tracing::error!(reason, "the journal has stopped");
        *stopped = Some(reason.clone());
        drop(stopped);
        self.counters.stopped.store(1, Ordering::Relaxed);
        if let Some(on_fatal) = &*self.on_fatal.lock() {
            on_fatal(&reason);
        }
    }

    /// Why the journal has stopped, if it has.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.stopped.lock().clone()
    }

    /// Sets what is called, once, when the journal stops; at once if it has.
    pub fn on_fatal(&self, call: OnFatal) {
        if let Some(reason) = self.stopped() {
            call(&reason);
        }
        *self.on_fatal.lock() = Some(call);
    }

    /// What the journal counts.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Hands checks and durable writes to a record index. Returns the last position that it will not be told of: it
    /// reads the records up to there itself.
    pub fn attach(&self, records: Arc<dyn RecordIndex>) -> Position {
        let writer = self.writer.lock();
        *self.records.write() = Some(records);
        writer.position
    }

    /// The record index in use; one of the journal's own, filled by reading everything, if none was attached.
    pub(super) fn records(&self) -> Result<Arc<dyn RecordIndex>, StoreError> {
        if let Some(records) = &*self.records.read() {
            return Ok(Arc::clone(records));
        }
        let own = TrackedVersions::default();
        self.each_append(|position, append| own.take_in(position, &append.writes))?;
        let own: Arc<dyn RecordIndex> = Arc::new(own);
        *self.records.write() = Some(Arc::clone(&own));
        Ok(own)
    }

    pub(super) fn publish(&self, position: Position, writes: &[RecordWrite]) {
        if let Some(records) = &*self.records.read() {
            records.committed(position, writes);
        }
    }

    /// Raises the stream's fence and returns its head.
    ///
    /// # Errors
    /// `Append(Fenced)` when a larger fence is in force; `Unwritable` when the journal has stopped.
    pub fn claim(&self, stream: StreamKey, fence: Fence) -> Result<Head, StoreError> {
        let writer = self.writer.lock();
        if let Some(what) = self.stopped() {
            return Err(StoreError::Unwritable { what });
        }
        let mut index = self.index.write();
        let head = index.head(stream, self.fence);
        if fence < head.fence {
            return Err(AppendError::Fenced { current: head.fence }.into());
        }
        index.streams.entry(stream).or_default().fence = fence;
        drop(writer);
        Ok(Head { fence, ..head })
    }

    /// One append alone: see [`Self::commit`].
    ///
    /// # Errors
    /// As the trait says.
    pub fn append(&self, append: Append) -> Result<Position, AppendError> {
        self.commit(std::slice::from_ref(&append))
            .into_iter()
            .next()
            .unwrap_or(Err(AppendError::Unknown))
    }

    pub(super) fn is_closed(writer: &Writer) -> bool {
        writer.closed
    }

    /// Whether free space is above the reserve.
    pub(super) fn has_space(&self) -> bool {
        self.disk.space_bytes().is_ok_and(|space| {
            space.free.saturating_mul(100) >= space.total.saturating_mul(self.options.free_percent_min)
        })
    }
}

impl Writer {
    pub(super) fn place(&self) -> Place {
        Place {
            segment: self.segment,
            offset: u32::try_from(self.offset).unwrap_or(u32::MAX),
        }
    }

    /// Bytes left in the segment.
    pub(super) const fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.offset)
    }
}

impl Group {
    pub(super) fn after(writer: &Writer) -> Self {
        Self {
            bytes: Vec::new(),
            first: writer.position + 1,
            position: writer.position,
            chain: writer.chain,
        }
    }

    pub(super) fn add(&mut self, kind: RecordKind, history: u128, body: &[u8]) {
        self.position += 1;
        let header = (kind, self.position, self.first);
        self.chain = write_record(&mut self.bytes, header, history, &self.chain, body);
    }
}

/// Sorts the system's answers: what cannot be written for now, and everything else.
pub(super) fn unwritable(attempt: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    if [PermissionDenied, ReadOnlyFilesystem, StorageFull].contains(&source.kind()) {
        return StoreError::Unwritable {
            what: format!("failed to {attempt} {}: {source}", path.display()),
        };
    }
    StoreError::io(attempt, path, source)
}

fn describe(error: &StoreError) -> String {
    use std::error::Error;
    error
        .source()
        .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
