//! The typed face of storage that actors use: streams of domain events and sealed records. Encodes (bincode), seals
//! (ring), chains, and hands bytes to the layers below.

mod records;
mod streams;

pub use records::SealedRecords;
pub use streams::SealedStreams;

use crate::journal::{Position, RecordKey};
use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::audit::{Leaf, LeafOrigin};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{BlobId, CommandId, HistoryId, PatientId, PracticeId, Seq};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A personal blob as it lies on disk, and what it says if its key still exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// Whose key seals it.
    pub patient: PatientId,
    /// Sealed bytes; they move unchanged from event to checkpoint.
    pub sealed: Bytes,
    /// The opened blob, shared by all who show it; none once the patient's key is forgotten. Never written anywhere.
    pub person: Option<Arc<Person>>,
}

/// A stream as loaded: state at the head, and the tail of events it was brought there with.
#[derive(Debug)]
pub struct Loaded {
    /// State at `head`.
    pub state: StreamState,
    /// State the tail starts from (the checkpoint's, or empty): resumption rings are rebuilt from it.
    pub tail_base: StreamState,
    /// Events after the checkpoint, in order; at most a few hundred.
    pub tail: Vec<Recorded<StreamEvent>>,
    /// Personal blobs named by the checkpoint or the tail.
    pub people: BTreeMap<BlobId, PersonRecord>,
    /// Sequence of the last event.
    pub head: Seq,
    /// The store's history.
    pub history: HistoryId,
}

/// A stream as opened by its writer: the state at the head alone.
#[derive(Debug)]
pub struct Opened {
    /// State at the head.
    pub state: StreamState,
    /// Sequence of the checkpoint it was made from; 0 without one.
    pub checkpoint: Seq,
    /// The store's history.
    pub history: HistoryId,
}

/// What an agenda's cell commits at once: whole commands only.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The stream.
    pub stream: StreamKey,
    /// Head the cell has applied.
    pub expected: Seq,
    /// Numbered events, from `expected + 1`.
    pub events: Vec<Recorded<StreamEvent>>,
    /// Personal blobs that these events name; sealed under their patients' keys (new patients get keys first).
    pub personal: Vec<PersonalPart>,
    /// Record writes in the same commit: key and plain value (sealed by storage), or deletion.
    pub writes: Vec<(RecordKey, Option<Vec<u8>>)>,
    /// From where the senders of these commands acted, for the leaves of the audit log that storage adds; nothing is known of
    /// those that are not named.
    pub origins: Vec<(CommandId, LeafOrigin)>,
}

/// What a successful commit returns.
#[derive(Debug)]
pub struct Appended {
    /// Sequence of the last event: the new head.
    pub head: Seq,
    /// Journal position of the commit.
    pub position: Position,
    /// The sealed blobs, for the cell to keep for its next checkpoint.
    pub people: Vec<(BlobId, PersonRecord)>,
}

/// Streams of domain events.
pub trait StreamStore: Send + Sync + 'static {
    /// Claims the stream for this process (raising its fence) and loads it. A stream without events loads empty.
    fn load(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>>;
    /// Claims the stream as [`Self::load`] does and verifies the same, but opens no blob and keeps no tail.
    fn open(&self, stream: StreamKey) -> BoxFuture<'_, Result<Opened, StoreError>>;
    /// Loads without claiming, from far enough behind the head for resumption rings where a checkpoint allows it. Appends
    /// may go on meanwhile.
    fn look(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>>;
    /// Appends whole commands; durable on `Ok` (laws L2, L3).
    fn append(&self, commit: Commit) -> BoxFuture<'_, Result<Appended, AppendError>>;
    /// Keeps a checkpoint of the state with the sealed blobs it names; those that `people` lacks are taken from the former
    /// checkpoint and the events after it. Advisory.
    fn put_checkpoint(
        &self,
        stream: StreamKey,
        state: StreamState,
        people: BTreeMap<BlobId, PersonRecord>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Every stream with at least one event.
    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>>;
    /// The store's history.
    fn history(&self) -> HistoryId;
}

/// Sealed records: small values looked up by opaque ids. Every read sees every acknowledged write.
pub trait RecordStore: Send + Sync + 'static {
    /// The opened value and its version.
    fn get(&self, key: RecordKey) -> Answer<'_, Option<(Position, Vec<u8>)>>;
    /// Opened values of one table of one practice, ascending by id.
    fn scan(&self, practice: u128, table: u16, limit: usize) -> Answer<'_, Vec<(RecordKey, Vec<u8>)>>;
    /// Writes all or nothing if each check holds (version 0: absent).
    fn commit(
        &self,
        checks: Vec<(RecordKey, Position)>,
        writes: Vec<(RecordKey, Option<Vec<u8>>)>,
    ) -> BoxFuture<'_, Result<Position, AppendError>> {
        self.commit_acts(checks, writes, Vec::new())
    }
    /// [`Self::commit`], with the leaves of the acts it is about in the same commit (law L10). Also without any write: then
    /// it notes a reading.
    fn commit_acts(
        &self,
        checks: Vec<(RecordKey, Position)>,
        writes: Vec<(RecordKey, Option<Vec<u8>>)>,
        acts: Vec<(PracticeId, Leaf)>,
    ) -> BoxFuture<'_, Result<Position, AppendError>>;
}
