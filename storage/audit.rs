//! The audit log: leaves travel in the journal records of the acts; here they are numbered in journal order, one Merkle log
//! per practice (RFC 6962), laid out in tiles and signed (C2SP), so that nobody can rewrite what a checkpoint covers unseen.
//!
//! The journal is the truth; the folder `audit/` is made from it and can be made again. Whoever holds a checkpoint from
//! elsewhere (a mail, a printed page) needs nothing but that folder and the public key to judge it (`verify`).
//! Must not be here: which acts have leaves (domain), when checkpoints are made and to whom they go (actors).

pub mod leaves;
pub mod log;
pub mod note;
pub mod offline;
pub mod reading;
pub mod tiles;
pub mod tree;
pub mod verify;

use self::leaves::AUDIT_JOB;
use self::log::{Log, folder_of, read_head};
use self::note::{Checkpoint, NOTE_BYTES_MAX, PublicKey, Signer};
use self::tiles::Tiles;
use self::tree::{Frontier, Hash, inclusion_proof};
use self::verify::{AuditFault, AuditReport};
use crate::StoreError;
use crate::disk::{Disk, read_file, replace_file};
use crate::journal::{Entry as JournalEntry, Journal, Position};
use crate::keyring::{Keyring, io_error};
use crate::seal::sha256;
use cabinet_domain::audit::Shown;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::time::UtcMillis;
use parking_lot::Mutex;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The logs' folder in the data directory.
pub const FOLDER: &str = "audit";
/// Journal records looked at in one turn.
const RECORDS_PER_TURN: usize = 128;
/// Logs kept open between two flushes; beyond, all are flushed and closed.
const LOGS_OPEN_MAX: usize = 1_000;

/// What a practice's log has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// Leaves in it.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The newest signed checkpoint, as it is mailed and shown; none before the first.
    pub checkpoint: Option<String>,
    /// Leaves that it covers.
    pub covered: Option<u64>,
}

/// How far the logs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogsStats {
    /// The last journal record whose leaves are in the logs.
    pub position: Position,
    /// Leaves added since the start.
    pub leaves: u64,
    /// Checkpoints signed since the start.
    pub checkpoints: u64,
}

struct Writing {
    position: Position,
    /// The cursor on disk.
    durable: Position,
    /// Practices with a log.
    logs: u64,
    open: HashMap<u128, Log>,
    /// Practices whose logs have grown since their last checkpoint.
    grown: BTreeSet<u128>,
    /// Practices whose logs have grown since somebody last asked.
    untold: BTreeSet<u128>,
    stats: LogsStats,
}

impl Writing {
    /// After a failure nobody knows what of a log is in memory: all are read anew, and go on from what has a checkpoint.
    fn give_up(&mut self) {
        self.open.clear();
        self.position = self.durable;
    }
}

/// Records that the logs have not seen.
pub struct Unseen {
    after: Position,
    entries: Vec<JournalEntry>,
}

/// All practices' logs. Blocks on the disk.
pub struct AuditLogs {
    disk: Arc<dyn Disk>,
    journal: Arc<dyn Journal>,
    keyring: Arc<Keyring>,
    writing: Mutex<Writing>,
}

impl AuditLogs {
    /// Takes the logs up where they were left.
    ///
    /// # Errors
    /// What the disk says; `Corrupt` when the logs know of more than the journal holds: the journal was rolled back.
    pub fn open(disk: Arc<dyn Disk>, journal: Arc<dyn Journal>, keyring: Arc<Keyring>) -> Result<Self, StoreError> {
        let (durable, expected) = read_cursor(disk.as_ref())?;
        if durable > journal.position() {
            return Err(StoreError::Corrupt {
                path: cursor_path(),
                offset: durable,
                what: format!(
                    "the audit log covers {durable} records and the journal has {}: the journal was rolled back",
                    journal.position()
                ),
            });
        }
        let logs = count_logs(disk.as_ref())?;
        let whole = logs >= expected;
        if !whole {
            tracing::warn!(logs, expected, "logs are missing: they are made again from the journal");
        }
        let position = if whole { durable } else { 0 };
        Ok(Self {
            disk,
            journal,
            keyring,
            writing: Mutex::new(Writing {
                position,
                durable: position,
                logs,
                open: HashMap::new(),
                grown: BTreeSet::new(),
                untold: BTreeSet::new(),
                stats: LogsStats {
                    position,
                    ..LogsStats::default()
                },
            }),
        })
    }

    /// Records the logs have not seen, at most some; none when there are none left.
    ///
    /// # Errors
    /// The journal's.
    pub async fn unseen(&self) -> Result<Option<Unseen>, StoreError> {
        let after = self.writing.lock().position;
        if after == self.journal.position() {
            return Ok(None);
        }
        let entries = self.journal.follow(after, RECORDS_PER_TURN).await?;
        Ok(Some(Unseen { after, entries }))
    }

    /// Takes records in. Blocks on the disk.
    ///
    /// # Errors
    /// What the disk says. Nothing is lost: what was in memory is dropped, and the next call goes on from what is durable.
    pub fn take(&self, unseen: Unseen) -> Result<(), StoreError> {
        let mut writing = self.writing.lock();
        if writing.position != unseen.after {
            // Somebody else has taken them in meanwhile.
            return Ok(());
        }
        let taken = self.take_all(&mut writing, unseen.entries);
        taken.inspect_err(|_| writing.give_up())
    }

    fn take_all(&self, writing: &mut Writing, entries: Vec<JournalEntry>) -> Result<(), StoreError> {
        for entry in entries {
            for job in entry.append.jobs.iter().filter(|job| job.kind == AUDIT_JOB) {
                if !self.take_in(writing, entry.position, (job.dedup, &job.body))? {
                    // A log was begun anew: from the first record on; the others pass over what they have.
                    writing.position = 0;
                    return Ok(());
                }
            }
            writing.position = entry.position;
        }
        writing.stats.position = writing.position;
        if writing.open.len() > LOGS_OPEN_MAX {
            self.flush(writing)?;
            writing.open.clear();
        }
        Ok(())
    }

    /// Adds a job to its log; `false` when that log has to be made again from the first record on.
    fn take_in(
        &self,
        writing: &mut Writing,
        position: Position,
        (practice, body): (u128, &[u8]),
    ) -> Result<bool, StoreError> {
        let log = match writing.open.entry(practice) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let found = Log::open(self.disk.as_ref(), practice)?;
                let remade = found.is_none();
                writing.logs += u64::from(found.as_ref().is_some_and(|log| log.head().position == 0));
                let log = vacant.insert(found.unwrap_or_else(|| Log::begin(practice)));
                if remade {
                    return Ok(false);
                }
                log
            }
        };
        let before = log.head().frontier.size();
        log.add(self.disk.as_ref(), position, body)?;
        writing.stats.leaves += log.head().frontier.size() - before;
        // Also when it had them: its checkpoint may not.
        writing.grown.insert(practice);
        writing.untold.insert(practice);
        Ok(true)
    }

    /// Makes all logs durable. The cursor follows when their checkpoints are there too.
    fn flush(&self, writing: &mut Writing) -> Result<(), StoreError> {
        for log in writing.open.values_mut() {
            log.flush(self.disk.as_ref())?;
        }
        Ok(())
    }

    fn write_cursor(&self, writing: &mut Writing) -> Result<(), StoreError> {
        if writing.durable == writing.position {
            return Ok(());
        }
        let path = cursor_path();
        let made = self.disk.create_directory(Path::new(FOLDER));
        let bytes = cursor_bytes(writing.position, writing.logs);
        made.and_then(|()| replace_file(self.disk.as_ref(), &path, &bytes))
            .map_err(io_error("write", &path))?;
        writing.durable = writing.position;
        Ok(())
    }

    /// Makes what has been taken in durable, and signs a checkpoint for each log that has grown; a log is named by the
    /// signer's name and its practice's id. Answers the practices with new checkpoints.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sign(&self, signer: &Signer, now: UtcMillis) -> Result<Vec<(PracticeId, String)>, StoreError> {
        let mut writing = self.writing.lock();
        let flushed = self.flush(&mut writing);
        flushed.inspect_err(|_| writing.give_up())?;
        let mut signed = Vec::new();
        for practice in std::mem::take(&mut writing.grown) {
            let made = self.sign_one(&mut writing, practice, (signer, now));
            match made {
                Ok(note) => signed.push((PracticeId(practice), note)),
                Err(error) => {
                    writing.grown.insert(practice);
                    return Err(error);
                }
            }
        }
        writing.stats.checkpoints += signed.len() as u64;
        self.write_cursor(&mut writing)?;
        Ok(signed)
    }

    fn sign_one(
        &self,
        writing: &mut Writing,
        practice: u128,
        (signer, now): (&Signer, UtcMillis),
    ) -> Result<String, StoreError> {
        let folder = folder_of(practice);
        let frontier = self.frontier(writing, practice)?;
        let note = signer.sign(&Checkpoint {
            origin: origin_of(signer.name(), PracticeId(practice)),
            size: frontier.size(),
            root: frontier.root(),
            at: now,
        });
        let path = folder.join("checkpoint");
        replace_file(self.disk.as_ref(), &path, note.as_bytes()).map_err(io_error("write", &path))?;
        Ok(note)
    }

    /// A log's leaves so far, with what has been taken in.
    fn frontier(&self, writing: &Writing, practice: u128) -> Result<Frontier, StoreError> {
        match writing.open.get(&practice) {
            Some(log) => Ok(log.head().frontier.clone()),
            None => {
                let head = read_head(self.disk.as_ref(), &folder_of(practice))?;
                Ok(head.unwrap_or_default().frontier)
            }
        }
    }

    /// How many leaves a practice's log has, with what has been taken in.
    ///
    /// # Errors
    /// What the disk says.
    pub fn size(&self, practice: PracticeId) -> Result<u64, StoreError> {
        Ok(self.frontier(&self.writing.lock(), practice.0)?.size())
    }

    /// What a practice's log has come to, with what has been taken in.
    ///
    /// # Errors
    /// What the disk says.
    pub fn state(&self, practice: PracticeId) -> Result<LogState, StoreError> {
        let folder = folder_of(practice.0);
        let frontier = self.frontier(&self.writing.lock(), practice.0)?;
        let path = folder.join("checkpoint");
        let checkpoint = match read_file(self.disk.as_ref(), &path, NOTE_BYTES_MAX as u64) {
            Ok(bytes) => String::from_utf8(bytes).ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        Ok(LogState {
            size: frontier.size(),
            root: frontier.root(),
            covered: checkpoint.as_deref().and_then(note::size_of),
            checkpoint,
        })
    }

    /// Leaves of a practice with numbers below `before`, newest first, until `take` has had enough. Answers the number of the
    /// last one that was offered; 0 when it was the first of all.
    ///
    /// # Errors
    /// What the disk says; `Corrupt` when entries are not what they were.
    pub fn look_back(
        &self,
        practice: PracticeId,
        before: u64,
        take: &mut dyn FnMut(u64, Shown) -> bool,
    ) -> Result<u64, StoreError> {
        let folder = folder_of(practice.0);
        let open = match self.writing.lock().open.get_mut(&practice.0) {
            Some(log) => {
                log.write_entries()?;
                Some(log.head().clone())
            }
            None => None,
        };
        let head = match open {
            Some(head) => head,
            None => read_head(self.disk.as_ref(), &folder)?.unwrap_or_default(),
        };
        let entries = reading::Entries::new(self.disk.as_ref(), &folder, head);
        entries.look_back(before, &mut |number, sealed| {
            let opened = sealed
                .open(&self.keyring, practice.0)
                .map_err(|what| StoreError::Corrupt {
                    path: folder.join("entries"),
                    offset: number,
                    what,
                })?;
            for (at, leaf) in (number..).zip(opened).collect::<Vec<_>>().into_iter().rev() {
                if at < before && !take(at, leaf) {
                    return Ok(Some(at));
                }
            }
            Ok(None)
        })
    }

    /// The proof that a leaf is in the log of this size, as durable as the last flush.
    ///
    /// # Errors
    /// What the disk says; `Corrupt` when the log is shorter.
    pub fn proof(&self, practice: PracticeId, number: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        let folder = folder_of(practice.0);
        let tiles = Tiles {
            disk: self.disk.as_ref(),
            folder: &folder,
            size: read_head(self.disk.as_ref(), &folder)?.map_or(0, |head| head.frontier.size()),
        };
        inclusion_proof(&tiles, number, size)
    }

    /// Judges a practice's log as anyone offline would, and opens its leaves.
    ///
    /// # Errors
    /// [`verify::AuditFault`]: the first thing that is wrong.
    pub fn verify(
        &self,
        practice: PracticeId,
        key: &PublicKey,
        elsewhere: &[String],
    ) -> Result<AuditReport, AuditFault> {
        if let Some(log) = self.writing.lock().open.get_mut(&practice.0) {
            log.write_entries()?;
        }
        let folder = folder_of(practice.0);
        let keys = Some((self.keyring.as_ref(), practice.0));
        verify::verify((self.disk.as_ref(), &folder), key, elsewhere, keys)
    }

    /// Practices whose logs have grown since this was last asked.
    #[must_use]
    pub fn take_grown(&self) -> Vec<PracticeId> {
        let untold = std::mem::take(&mut self.writing.lock().untold);
        untold.into_iter().map(PracticeId).collect()
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> LogsStats {
        self.writing.lock().stats
    }
}

/// The name of a practice's log.
#[must_use]
pub fn origin_of(name: &str, practice: PracticeId) -> String {
    format!("{name}/{practice}")
}

fn cursor_path() -> PathBuf {
    Path::new(FOLDER).join("cursor")
}

/// The last record whose leaves have a checkpoint, and how many logs there are.
fn cursor_bytes(position: Position, logs: u64) -> Vec<u8> {
    let bytes = [position.to_be_bytes(), logs.to_be_bytes()].concat();
    let sum = sha256(&[&bytes]);
    [bytes.as_slice(), &sum].concat()
}

/// Reads [`cursor_bytes`]; zeros, which make all logs look at the journal from its beginning, when there is none or it cannot
/// be used.
fn read_cursor(disk: &dyn Disk) -> Result<(Position, u64), StoreError> {
    match read_file(disk, &cursor_path(), 64) {
        Ok(bytes) => {
            let number = |at: usize| Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk::<8>()?));
            let read = number(0).zip(number(8));
            let whole = read.filter(|(position, logs)| cursor_bytes(*position, *logs) == bytes);
            Ok(whole.unwrap_or_default())
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok((0, 0)),
        Err(error) => Err(io_error("read", &cursor_path())(error)),
    }
}

fn count_logs(disk: &dyn Disk) -> Result<u64, StoreError> {
    match disk.list(Path::new(FOLDER)) {
        Ok(names) => Ok(names.iter().filter(|name| name.len() == 32).count() as u64),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(io_error("list", Path::new(FOLDER))(error)),
    }
}

#[cfg(test)]
#[path = "audit/mutant_tests.rs"]
mod mutant_tests;
#[cfg(test)]
#[path = "audit/tests.rs"]
mod tests;
