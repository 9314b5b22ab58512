//! The journal without threads: one lock around the writer, an index for readers. Every call runs to its end in the
//! caller's thread, so that simulations and crash tests are deterministic. [`super::file`] puts threads around it.

use super::body;
use super::format::{
    Chain, RECORD_FRAME_BYTES, RecordKind, SEGMENT_HEADER_BYTES, SegmentHeader, genesis, write_record,
};
use super::index::{Index, Place};
use super::options::{Counters, JournalOptions};
use super::segments::{Segments, create_segment, prepare_spare};
use super::survey::{Survey, survey};
use super::tracked::TrackedVersions;
use super::witness::{self, Testimony, Witness};
use super::{Append, Fence, Head, JOURNAL_DIRECTORY, Position, RecordWrite, WITNESS_FILE, index_path, segment_path};
use crate::disk::{Disk, DiskFile, replace_file};
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
    file: Arc<dyn DiskFile>,
    segment: u32,
    offset: u64,
    capacity: u64,
    pub(super) position: Position,
    pub(super) chain: Chain,
    witness: Witness,
    second: Option<Witness>,
    witnessed: Position,
    witnessed_at: Duration,
    index_at: Position,
    closed: bool,
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
    records: RwLock<Option<Arc<dyn RecordIndex>>>,
    /// True once a spare segment lies ready.
    spare: Mutex<bool>,
    spare_due: AtomicBool,
    index_due: AtomicBool,
    stopped: Mutex<Option<String>>,
    on_fatal: Mutex<Option<OnFatal>>,
}

/// Bytes of one group on their way to the disk.
#[derive(Default)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    pub(super) first: Position,
    pub(super) position: Position,
    pub(super) chain: Chain,
}

struct Witnesses {
    found: Vec<Testimony>,
    first: witness::Read,
    second: witness::Read,
    damaged: usize,
}

fn read_witnesses(disk: &dyn Disk, second: Option<&Path>) -> Result<Witnesses, StoreError> {
    let first = witness::read(disk, Path::new(WITNESS_FILE))?;
    let second = second.map_or_else(|| Ok(witness::Read::default()), |path| witness::read(disk, path))?;
    Ok(Witnesses {
        found: first.newest.iter().chain(&second.newest).copied().collect(),
        damaged: first.damaged + second.damaged,
        first,
        second,
    })
}

impl Core {
    /// Opens the journal, or begins a new one in an empty directory. Changes nothing on the disk before everything
    /// has been read and found good.
    ///
    /// # Errors
    /// `Corrupt` with file and offset, `HistoryMissing`, `NewerFormat`, `Unwritable`, `Io`.
    pub fn open(disk: Arc<dyn Disk>, options: JournalOptions) -> Result<Self, StoreError> {
        let witnesses = read_witnesses(&*disk, options.second_witness.as_deref())?;
        let found = survey(&*disk, &witnesses.found, true, &mut |_, _| Ok(()))?;
        let checkpoints = super::checkpoints::Checkpoints::list(&*disk)?;
        let created = match found {
            Some(found) => found,
            None => Self::begin(&*disk, &options, &witnesses, &checkpoints)?,
        };
        Self::start(disk, options, created, &witnesses, checkpoints)
    }

    fn begin(
        disk: &dyn Disk,
        options: &JournalOptions,
        witnesses: &Witnesses,
        checkpoints: &super::checkpoints::Checkpoints,
    ) -> Result<Survey, StoreError> {
        let evidence = if witnesses.first.present {
            Some("a witness is there")
        } else if witnesses.second.present {
            Some("a second witness is there")
        } else if !checkpoints.is_empty() {
            Some("checkpoints are there")
        } else if options.expect_existing {
            Some("the configuration says that data exists")
        } else {
            None
        };
        if let Some(evidence) = evidence {
            return Err(StoreError::HistoryMissing {
                what: format!("{evidence}, but there is no journal"),
            });
        }
        let history = options.new_history.map_or_else(draw_history, Ok)?;
        let directory = Path::new(JOURNAL_DIRECTORY);
        disk.create_directory(directory)
            .and_then(|()| disk.sync_directory(Path::new("")))
            .map_err(|source| unwritable("create", directory, source))?;
        let header = SegmentHeader {
            number: 1,
            history,
            first: 1,
            previous: genesis(history),
        };
        create_segment(disk, &header, options.segment_bytes, false)?;
        survey(disk, &[], false, &mut |_, _| Ok(()))?.ok_or_else(|| StoreError::Unwritable {
            what: "the first segment is not there after it was written".to_owned(),
        })
    }

    fn start(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        found: Survey,
        witnesses: &Witnesses,
        checkpoints: super::checkpoints::Checkpoints,
    ) -> Result<Self, StoreError> {
        let path = segment_path(found.end.segment);
        let file = disk.open(&path).map_err(|source| unwritable("open", &path, source))?;
        settle(&*file, &path, &found)?;
        let counters = Arc::new(Counters::default());
        counters.scanned_at_open.store(found.scanned, Ordering::Relaxed);
        counters
            .damaged_witnesses
            .store(witnesses.damaged as u64, Ordering::Relaxed);
        counters
            .damaged_indexes
            .store(u64::from(found.index_fault.is_some()), Ordering::Relaxed);
        if let Some(torn) = &found.torn {
            counters.torn_tail_bytes.store(torn.to - torn.from, Ordering::Relaxed);
            tracing::warn!(
                bytes = torn.to - torn.from,
                offset = torn.from,
                what = torn.what,
                "cut a torn tail"
            );
        }
        let turn = |read: &witness::Read| read.newest.map_or(0, |newest| newest.turn);
        let first = Witness::open(&*disk, Path::new(WITNESS_FILE), turn(&witnesses.first))?;
        let second = options
            .second_witness
            .as_deref()
            .map(|path| Witness::open(&*disk, path, turn(&witnesses.second)))
            .transpose()?;
        let fence = super::checkpoints::largest_fence(&found.index) + 1;
        let writer = Writer {
            file,
            segment: found.end.segment,
            offset: u64::from(found.end.offset),
            capacity: found.capacity,
            position: found.index.position,
            chain: found.index.chain,
            witness: first,
            second,
            witnessed: 0,
            witnessed_at: Duration::ZERO,
            index_at: found.index.position,
            closed: false,
        };
        checkpoints.tidy(&*disk);
        let core = Self {
            segments: Segments::new(Arc::clone(&disk), found.segments),
            disk,
            options,
            history: found.history,
            fence,
            index: RwLock::new(found.index),
            counters,
            writer: Mutex::new(writer),
            checkpoints,
            records: RwLock::new(None),
            spare: Mutex::new(false),
            spare_due: AtomicBool::new(false),
            index_due: AtomicBool::new(found.scanned > 4096 || found.index_fault.is_some()),
            stopped: Mutex::new(None),
            on_fatal: Mutex::new(None),
        };
        core.boot()?;
        Ok(core)
    }

    /// Writes the record that says a process has started, and the witness.
    fn boot(&self) -> Result<(), StoreError> {
        for (stream, oldest) in self.checkpoints.oldest() {
            self.index.write().raise_floor(stream, oldest);
        }
        let mut writer = self.writer.lock();
        let body = self.fence.to_le_bytes();
        let room = body.len() + RECORD_FRAME_BYTES;
        if writer.offset + room as u64 > writer.capacity {
            self.roll(&mut writer)?;
        }
        let mut group = Group::after(&writer);
        let place = writer.place();
        group.add(RecordKind::Boot, self.history, &body);
        self.write(&mut writer, &group)?;
        let mut index = self.index.write();
        let _ = index.add(group.position, group.chain, place, room, None);
        index.fence = self.fence;
        drop(index);
        self.counters.position.store(group.position, Ordering::Release);
        self.testify(&mut writer, Duration::ZERO)
    }

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

    /// Goes on to a new segment. `Unwritable` when there is no room for one: nothing has happened then. Any other
    /// error has stopped the journal.
    pub(super) fn roll(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let mut spare = self.spare.lock();
        let header = SegmentHeader {
            number: writer.segment + 1,
            history: self.history,
            first: writer.position + 1,
            previous: writer.chain,
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

    fn testify(&self, writer: &mut Writer, now: Duration) -> Result<(), StoreError> {
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

/// Makes what was found durable: writes the last group anew, for a sync of an earlier process may have failed and
/// left its pages marked clean, and overwrites a torn tail with zeros.
fn settle(file: &dyn DiskFile, path: &Path, found: &Survey) -> Result<(), StoreError> {
    let (from, to) = (u64::from(found.group_start), u64::from(found.end.offset));
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
    let failed = |attempt| move |source| unwritable(attempt, path, source);
    file.read_at(&mut bytes, from).map_err(failed("read"))?;
    let torn_bytes = found.torn.as_ref().map_or(0, |torn| torn.to - torn.from);
    bytes.resize(bytes.len() + usize::try_from(torn_bytes).unwrap_or(0), 0);
    if bytes.is_empty() {
        return Ok(());
    }
    file.write_all_at(&bytes, from).map_err(failed("write"))?;
    file.sync_data().map_err(failed("sync"))
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

fn draw_history() -> Result<u128, StoreError> {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Unwritable {
            what: "the system gives no random bytes".to_owned(),
        })?;
    Ok(u128::from_le_bytes(bytes))
}

/// Whether a body fits any segment of this size.
pub(super) fn fits(append: &Append, segment_bytes: u32) -> bool {
    body::within_bounds(append)
        && body::encode(append).len() + RECORD_FRAME_BYTES + SEGMENT_HEADER_BYTES <= segment_bytes as usize
}
