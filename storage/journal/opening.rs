//! Opening a journal: read everything first, refuse what is wrong, then repair the tail and write the start record.

use super::core::{Core, Group, Writer, unwritable};
use super::format::{RECORD_FRAME_BYTES, RecordKind, SegmentHeader, genesis};
use super::options::{Counters, JournalOptions};
use super::segments::{Segments, create_segment};
use super::survey::{Survey, survey};
use super::witness::{self, Testimony, Witness};
use super::{JOURNAL_DIRECTORY, WITNESS_FILE, segment_path};
use crate::StoreError;
use crate::disk::{Disk, DiskFile};
use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// Refuses to begin a new journal where something says that there was one.
fn evidence(
    expect_existing: bool,
    witnesses: &Witnesses,
    checkpoints: &super::checkpoints::Checkpoints,
) -> Result<(), StoreError> {
    let evidence = if witnesses.first.present {
        Some("a witness is there")
    } else if witnesses.second.present {
        Some("a second witness is there")
    } else if !checkpoints.is_empty() {
        Some("checkpoints are there")
    } else if expect_existing {
        Some("the configuration says that data exists")
    } else {
        None
    };
    evidence.map_or(Ok(()), |evidence| {
        Err(StoreError::HistoryMissing {
            what: format!("{evidence}, but there is no journal"),
        })
    })
}

/// Whether a journal may be begun where there are no segments: nothing says that data was there. Reads only.
///
/// # Errors
/// `HistoryMissing` names what says so; `NewerFormat`; `Io`.
pub(crate) fn may_begin(
    disk: &dyn Disk,
    second_witness: Option<&Path>,
    expect_existing: bool,
) -> Result<(), StoreError> {
    let witnesses = read_witnesses(disk, second_witness)?;
    let checkpoints = super::checkpoints::Checkpoints::list(disk)?;
    evidence(expect_existing, &witnesses, &checkpoints)
}

impl Core {
    /// Opens the journal, or begins a new one in an empty directory. Changes nothing on the disk before everything
    /// has been read and found good.
    ///
    /// # Errors
    /// `Corrupt` with file and offset, `HistoryMissing`, `NewerFormat`, `Unwritable`, `Io`.
    pub fn open(disk: Arc<dyn Disk>, options: JournalOptions) -> Result<Self, StoreError> {
        let witnesses = read_witnesses(&*disk, options.second_witness.as_deref())?;
        let found = survey(&*disk, &witnesses.found, !options.whole_index, &mut |_, _| Ok(()))?;
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
        evidence(options.expect_existing, witnesses, checkpoints)?;
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
            previous_end: 0,
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
        // An earlier process may have died between a change of names and its sync.
        for directory in [JOURNAL_DIRECTORY, ""].map(Path::new) {
            let synced = disk.sync_directory(directory);
            synced.map_err(|source| unwritable("sync", directory, source))?;
        }
        settle(&*file, &path, &found)?;
        let counters = Arc::new(first_counts(&found, witnesses.damaged as u64));
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
            self.cover(stream, oldest);
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
        let taken = index.add(group.position, group.chain, place, room, None);
        debug_assert!(taken, "a start record is of no stream");
        index.fence = self.fence;
        drop(index);
        self.counters.position.store(group.position, Ordering::Release);
        self.testify(&mut writer, Duration::ZERO)
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

/// What opening itself has to count, and to say.
fn first_counts(found: &Survey, damaged_witnesses: u64) -> Counters {
    let counters = Counters::default();
    counters.scanned_at_open.store(found.scanned, Ordering::Relaxed);
    counters.damaged_witnesses.store(damaged_witnesses, Ordering::Relaxed);
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
    counters
}
