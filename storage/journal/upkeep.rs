//! What the journal does beside appending: new segments, witnesses, the index file, closing.

use super::core::{Core, Writer};
use super::format::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::index_path;
use super::segments::{create_segment, prepare_spare};
use crate::StoreError;
use crate::disk::replace_file;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Core {
    /// Goes on to a new segment. `Unwritable` when there is no room for one: nothing has happened then. Any other
    /// error has stopped the journal.
    pub(super) fn roll(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let mut spare = self.spare.lock();
        let header = SegmentHeader {
            number: writer.segment + 1,
            history: self.history,
            first: writer.position + 1,
            previous: writer.chain,
            previous_end: writer.place().offset,
        };
        let made = create_segment(&*self.disk, &header, self.options.segment_bytes, *spare);
        let (file, capacity) = match made {
            Ok(made) => made,
            Err(full @ StoreError::Unwritable { .. }) => return Err(full),
            Err(error) => {
                self.stop(&error);
                return Err(error);
            }
        };
        *spare = false;
        drop(spare);
        writer.file = file;
        writer.segment = header.number;
        writer.offset = SEGMENT_HEADER_BYTES as u64;
        writer.capacity = capacity;
        self.segments.add(header.number, header.first);
        self.index_due.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Writes both witnesses if the interval has passed since the last time and there is something new.
    pub(super) fn testify_if_due(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let now = (self.options.ticks)();
        if writer.witnessed == writer.position || now < writer.witnessed_at + self.options.witness_interval {
            return Ok(());
        }
        self.testify(writer, now)
    }

    pub(super) fn testify(&self, writer: &mut Writer, now: Duration) -> Result<(), StoreError> {
        let (position, chain) = (writer.position, writer.chain);
        if let Err(error) = writer.witness.write(self.history, position, chain) {
            self.stop(&error);
            return Err(error);
        }
        if let Some(second) = &mut writer.second
            && let Err(error) = second.write(self.history, position, chain)
        {
            // It lies on another disk: its loss is reported, the journal itself is whole.
            self.counters.witness_failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, "failed to write the second witness");
        }
        writer.witnessed = position;
        writer.witnessed_at = now;
        Ok(())
    }

    /// Writes the witness if it is due; a failure stops the journal, which is how it is told.
    pub(super) fn witness_if_due(&self) {
        let mut writer = self.writer.lock();
        if self.stopped().is_none() && !writer.closed && self.testify_if_due(&mut writer).is_err() {
            tracing::error!("failed to write the witness");
        }
    }

    /// What an inline journal does after each commit.
    pub(super) fn after_commit(&self) {
        self.witness_if_due();
        if self.upkeep_due() && self.tend().is_err() {
            tracing::error!("failed to prepare a segment or write the index");
        }
    }

    /// Whether [`Self::tend`] has something to do.
    pub(super) fn upkeep_due(&self) -> bool {
        self.spare_due.load(Ordering::Relaxed) || self.index_due.load(Ordering::Relaxed)
    }

    /// Work that no append waits for: a spare segment once the present one is half full, the index file after a new
    /// segment was begun.
    ///
    /// # Errors
    /// None that matter: a spare that cannot be made is made when it is needed, an index that cannot be written is
    /// read anew at opening. A failed sync of either stops the journal.
    pub fn tend(&self) -> Result<(), StoreError> {
        let spare_due = self.spare_due.swap(false, Ordering::Relaxed);
        let index_due = self.index_due.swap(false, Ordering::Relaxed);
        if self.stopped().is_some() {
            return Ok(());
        }
        let mut spare = self.spare.lock();
        if spare_due && !*spare {
            match prepare_spare(&*self.disk, self.options.segment_bytes) {
                Ok(()) => *spare = true,
                Err(StoreError::Unwritable { .. }) => {}
                Err(error) => {
                    self.stop(&error);
                    return Err(error);
                }
            }
        }
        drop(spare);
        if index_due { self.write_index() } else { Ok(()) }
    }

    fn write_index(&self) -> Result<(), StoreError> {
        if self.options.whole_index {
            return Ok(());
        }
        let (bytes, position) = {
            let index = self.index.read();
            (index.encode(self.history), index.position)
        };
        let path = index_path();
        match replace_file(&*self.disk, &path, &bytes) {
            Ok(()) => {
                let mut writer = self.writer.lock();
                writer.index_at = writer.index_at.max(position);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
            Err(source) => {
                let error = StoreError::io("write", &path, source);
                self.stop(&error);
                Err(error)
            }
        }
    }

    /// Stops accepting, writes index and witness. Idempotent.
    ///
    /// # Errors
    /// `Unwritable` when the journal had stopped; `Io`.
    pub fn close(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        if let Some(reason) = self.stopped() {
            return Err(StoreError::Unwritable { what: reason });
        }
        if writer.closed {
            return Ok(());
        }
        writer.closed = true;
        let index_old = writer.index_at != writer.position;
        if writer.witnessed != writer.position {
            self.testify(&mut writer, Duration::ZERO)?;
        }
        drop(writer);
        if index_old { self.write_index() } else { Ok(()) }
    }
}
