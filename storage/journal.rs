//! The journal as its users see it: opaque sealed events per stream, compare-and-set on the head, fences, record
//! writes and jobs in the same atomic commit. The file journal, the memory journal and later backends implement it;
//! the conformance suite runs on each.
//!
//! Must not be here: what events mean, sealing, keys of patients.

pub mod body;
mod checkpoints;
mod commit;
mod company;
pub mod core;
mod evidence;
pub mod file;
pub mod format;
pub mod index;
pub mod inline;
mod opening;
pub mod options;
mod reading;
mod segments;
mod survey;
pub mod tracked;
mod upkeep;
pub mod verify;
mod witness;

#[cfg(test)]
mod fuzz_tests;

pub use file::FileJournal;
pub use inline::InlineJournal;
pub(crate) use opening::may_begin;
pub use options::{COMPANY_WAIT_MAX, JournalOptions, JournalStats};
pub use verify::{JournalReport, verify_journal};

use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use std::path::{Path, PathBuf};

/// Folder of segments and index.
pub const JOURNAL_DIRECTORY: &str = "journal";
/// Folder of checkpoints.
pub const CHECKPOINT_DIRECTORY: &str = "checkpoints";
/// The witness, beside the journal's folder.
pub const WITNESS_FILE: &str = "witness";

fn segment_path(number: u32) -> PathBuf {
    Path::new(JOURNAL_DIRECTORY).join(format!("{number:010}.segment"))
}

fn index_path() -> PathBuf {
    Path::new(JOURNAL_DIRECTORY).join("index")
}

fn spare_path() -> PathBuf {
    Path::new(JOURNAL_DIRECTORY).join("spare")
}

/// Number of a journal record: 1 for the first, dense over all streams. 0 means "nothing yet".
pub type Position = u64;
/// Fencing number; on one machine the boot counter. Only grows.
pub type Fence = u64;

/// Most events in one append.
pub const EVENTS_PER_APPEND_MAX: usize = 256;
/// Most bytes (events, writes, jobs together) in one append: 1 MiB.
pub const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// Names a record: table, practice, id. The practice comes first on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// Owning practice; zero for the installation's own records.
    pub practice: u128,
    /// Table number, from the keyspace table in `records`.
    pub table: u16,
    /// Opaque id, 1..=64 bytes: never a name, e-mail, phone or predictable hash of one (law L9).
    pub id: Vec<u8>,
}

/// A write to the read store, carried by the journal. `None` deletes. Values are sealed, at most 3,500 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWrite {
    /// Which record.
    pub key: RecordKey,
    /// Sealed value, or deletion.
    pub value: Option<Bytes>,
}

/// A condition on a record: its last write was at this position (0: it must be absent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCheck {
    /// Which record.
    pub key: RecordKey,
    /// Position of its last write; 0 for absent.
    pub version: Position,
}

/// Something a supervisor will do because of this commit (law L4). Bodies are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which supervisor's, by number.
    pub kind: u16,
    /// For idempotence.
    pub dedup: u128,
    /// Sealed body.
    pub body: Bytes,
}

/// One atomic commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The stream; none for a commit of records only.
    pub stream: Option<StreamKey>,
    /// The writer's fence.
    pub fence: Fence,
    /// Head the writer expects; the first event gets `expected + 1`.
    pub expected: Seq,
    /// Sealed events in order, at most [`EVENTS_PER_APPEND_MAX`].
    pub events: Vec<Bytes>,
    /// SHA-256 chain value after the last event, as the sealing layer computed it; returned by `claim`.
    pub chain: [u8; 32],
    /// Conditions, all of which must hold.
    pub checks: Vec<RecordCheck>,
    /// Read-store writes.
    pub writes: Vec<RecordWrite>,
    /// Jobs.
    pub jobs: Vec<NewJob>,
}

/// A stream's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Sequence of the last event; 0 for an empty stream.
    pub seq: Seq,
    /// Chain value after it; zeros for an empty stream.
    pub chain: [u8; 32],
    /// Fence in force for this stream.
    pub fence: Fence,
}

/// One journal record, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub position: Position,
    /// What was committed.
    pub append: Append,
}

/// The truth. All methods may be called from any thread.
pub trait Journal: Send + Sync + 'static {
    /// This process's fence: larger than that of every earlier start.
    fn fence(&self) -> Fence;
    /// Names the unbroken history of this store; changes only when history is lost (restore).
    fn history(&self) -> u128;
    /// Raises the stream's fence to `fence` and returns the head read in the same step. After `Ok`, no append with a
    /// smaller fence can succeed.
    fn claim(&self, stream: StreamKey, fence: Fence) -> BoxFuture<'_, Result<Head, StoreError>>;
    /// Durable on return of `Ok`: head == expected, fence in force, all checks hold. All or nothing.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Position, AppendError>>;
    /// The stream's head.
    fn head(&self, stream: StreamKey) -> BoxFuture<'_, Result<Head, StoreError>>;
    /// Sealed events with sequence above `after`, ascending and gap-free, at most `limit`. A hole is `Corrupt`.
    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>>;
    /// Records with position above `after`, ascending, at most `limit`: for supervisors' cursors and for rebuilds.
    fn follow(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;
    /// Position of the last durable record.
    fn position(&self) -> Position;
    /// Every stream that has at least one event, ascending.
    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>>;
    /// Keeps an opaque sealed checkpoint of a stream at a sequence not above its head; replaces an older one.
    /// Advisory: losing it loses nothing.
    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> BoxFuture<'_, Result<(), StoreError>>;
    /// The newest checkpoint that can be read; damaged ones are passed over (and counted), never returned.
    fn checkpoint(&self, stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>>;
    /// The one kept before [`Self::checkpoint`]'s, where the backend keeps two and it can be read.
    fn former_checkpoint(&self, _stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
    /// Stops accepting, finishes what is queued, writes witness and index, closes. Idempotent.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
