//! How values become bytes: bincode behind a version byte. The only file that names bincode.
//!
//! Field order is the format, so every shape here is pinned by golden bytes (`codec/golden.txt`): a change of shape needs
//! a new version beside the old one, never a change of an old one.
//! Must not be here: sealing, files.

use crate::StoreError;
use crate::seal::KeyId;
use bincode::Options;
use bytes::Bytes;
use cabinet_domain::agenda::{Agenda, AgendaBeforeReleases, FormerAgenda};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{BlobId, PatientId};
use cabinet_domain::practice::{FormerPractice, Practice, PracticeBeforeReviews};
use cabinet_domain::schedule::FormerEvent;
use cabinet_domain::stream::{StreamEvent, StreamState};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One kind of stored value: its name in errors, the version written, and the most bytes that are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    name: &'static str,
    version: u8,
    bytes_max: u64,
}

/// An event with the blobs it brings.
pub(crate) const EVENT: Kind = Kind::new("event", 2, 1024 * 1024);
/// An event as it was written before types had caps and calendars, and openings releases: read only.
const EVENT_FIRST: Kind = Kind::new("event", 1, 1024 * 1024);
/// A checkpoint of a stream.
pub(crate) const CHECKPOINT: Kind = Kind::new("checkpoint", 4, 64 * 1024 * 1024);
/// A checkpoint as it was written before types had caps and calendars, and openings releases: read only.
const CHECKPOINT_THIRD: Kind = Kind::new("checkpoint", 3, 64 * 1024 * 1024);
/// A checkpoint as it was written before agendas said how bookings went and who waits, and practices
/// had reviews and locks: read only.
const CHECKPOINT_SECOND: Kind = Kind::new("checkpoint", 2, 64 * 1024 * 1024);
/// A checkpoint as it was written before practices had members: read only.
const CHECKPOINT_FIRST: Kind = Kind::new("checkpoint", 1, 64 * 1024 * 1024);
/// What is known of a person.
pub(crate) const PERSON: Kind = Kind::new("person", 1, 16 * 1024);
/// One entry of a keyring file.
pub(crate) const KEY_FRAME: Kind = Kind::new("keyring entry", 1, 1024 * 1024);

impl Kind {
    const fn new(name: &'static str, version: u8, bytes_max: u64) -> Self {
        Self {
            name,
            version,
            bytes_max,
        }
    }
}

/// A sealed personal blob as it lies inside an event or a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct StoredBlob {
    /// The name events use.
    pub(crate) blob: BlobId,
    /// Whose key seals it.
    pub(crate) patient: PatientId,
    /// Envelope; the key's id is in its header.
    pub(crate) sealed: Bytes,
}

/// Plain content of one event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct EventRecord {
    pub(crate) recorded: Recorded<StreamEvent>,
    pub(crate) blobs: Vec<StoredBlob>,
}

/// Plain content of one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct CheckpointRecord {
    /// Chain value after the last event that the state contains.
    pub(crate) chain: [u8; 32],
    pub(crate) state: StreamState,
    pub(crate) blobs: Vec<StoredBlob>,
}

/// [`EventRecord`] of one of the events that had another shape in version 1.
#[derive(Debug, serde::Deserialize)]
struct FormerEventRecord {
    recorded: Recorded<FormerStreamEvent>,
    blobs: Vec<StoredBlob>,
}

/// `StreamEvent` of one of them.
#[derive(Debug, serde::Deserialize)]
enum FormerStreamEvent {
    Agenda(FormerEvent),
}

impl From<FormerEventRecord> for EventRecord {
    fn from(former: FormerEventRecord) -> Self {
        let Recorded {
            seq,
            at,
            principal,
            command_id,
            digest,
            last_of_command,
            event: FormerStreamEvent::Agenda(event),
        } = former.recorded;
        Self {
            recorded: Recorded {
                seq,
                at,
                principal,
                command_id,
                digest,
                last_of_command,
                event: StreamEvent::Agenda(event.into()),
            },
            blobs: former.blobs,
        }
    }
}

/// [`CheckpointRecord`] in former versions: agendas (`A`) and practices (`P`) as each version had them.
#[derive(Debug, serde::Deserialize)]
struct FormerCheckpointRecord<A, P> {
    chain: [u8; 32],
    state: FormerStreamState<A, P>,
    blobs: Vec<StoredBlob>,
}

/// `StreamState` in former versions.
#[derive(Debug, serde::Deserialize)]
enum FormerStreamState<A, P> {
    Agenda(Box<A>),
    Practice(Box<P>),
}

impl<A: Into<Agenda>, P: Into<Practice>> From<FormerCheckpointRecord<A, P>> for CheckpointRecord {
    fn from(former: FormerCheckpointRecord<A, P>) -> Self {
        Self {
            chain: former.chain,
            state: match former.state {
                FormerStreamState::Agenda(agenda) => StreamState::Agenda(Box::new((*agenda).into())),
                FormerStreamState::Practice(practice) => StreamState::Practice(Box::new((*practice).into())),
            },
            blobs: former.blobs,
        }
    }
}

/// Plain content of one entry of a keyring file. Append only: a variant is never removed or moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) enum KeyFrame {
    /// First of the installation's file: a random name for this store.
    Installation([u8; 16]),
    /// In the installation's file: this practice has a file of its own.
    Practice(u128),
    /// First of a practice's file.
    PracticeKey(KeyId, [u8; 32]),
    /// A batch of keys for patients.
    PatientKeys(Vec<(KeyId, [u8; 32])>),
    /// Keys that were removed on purpose: what they sealed is erased, not lost.
    Forgotten(Vec<KeyId>),
}

fn options(kind: Kind) -> impl Options {
    bincode::DefaultOptions::new()
        .with_limit(kind.bytes_max)
        .with_varint_encoding()
        .with_little_endian()
        .reject_trailing_bytes()
}

fn failed(kind: Kind) -> StoreError {
    StoreError::Codec { what: kind.name }
}

/// Version byte, then bincode.
pub(crate) fn encode<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>, StoreError> {
    // Room for most values at once; a checkpoint grows from there.
    let mut bytes = Vec::with_capacity(512);
    bytes.push(kind.version);
    options(kind)
        .serialize_into(&mut bytes, value)
        .map_err(|_| failed(kind))?;
    Ok(bytes)
}

/// Reads [`encode`] back; refuses other versions and trailing bytes.
pub(crate) fn decode<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, StoreError> {
    let (version, body) = bytes.split_first().ok_or_else(|| failed(kind))?;
    if *version > kind.version {
        return Err(StoreError::NewerFormat {
            path: kind.name.into(),
            found: u32::from(*version),
            known: u32::from(kind.version),
        });
    }
    if *version != kind.version {
        return Err(failed(kind));
    }
    options(kind).deserialize(body).map_err(|_| failed(kind))
}

/// An event and its blobs, without copying them first.
pub(crate) fn encode_event(recorded: &Recorded<StreamEvent>, blobs: &[&StoredBlob]) -> Result<Vec<u8>, StoreError> {
    encode(EVENT, &(recorded, blobs))
}

/// A checkpoint, without copying the state first.
pub(crate) fn encode_checkpoint(
    chain: &[u8; 32],
    state: &StreamState,
    blobs: &[StoredBlob],
) -> Result<Vec<u8>, StoreError> {
    encode(CHECKPOINT, &(chain, state, blobs))
}

/// Reads a checkpoint, of earlier versions too. What an agenda derives it rebuilds as it is decoded.
pub(crate) fn decode_checkpoint(bytes: &[u8]) -> Result<CheckpointRecord, StoreError> {
    let version = bytes.first().copied();
    if version == Some(CHECKPOINT_FIRST.version) {
        let former: FormerCheckpointRecord<FormerAgenda, FormerPractice> = decode(CHECKPOINT_FIRST, bytes)?;
        return Ok(former.into());
    }
    if version == Some(CHECKPOINT_SECOND.version) {
        let former: FormerCheckpointRecord<FormerAgenda, PracticeBeforeReviews> = decode(CHECKPOINT_SECOND, bytes)?;
        return Ok(former.into());
    }
    if version == Some(CHECKPOINT_THIRD.version) {
        let former: FormerCheckpointRecord<AgendaBeforeReleases, Practice> = decode(CHECKPOINT_THIRD, bytes)?;
        return Ok(former.into());
    }
    decode(CHECKPOINT, bytes)
}

/// Reads an event with its blobs, of version 1 too: there the events of [`FormerEvent`] had another shape, and no others.
pub(crate) fn decode_event(bytes: &[u8]) -> Result<EventRecord, StoreError> {
    if bytes.first().copied() != Some(EVENT_FIRST.version) {
        return decode(EVENT, bytes);
    }
    // What is none of those ends the first reading at its name.
    let former = decode::<FormerEventRecord>(EVENT_FIRST, bytes);
    former.map(EventRecord::from).or_else(|_| decode(EVENT_FIRST, bytes))
}

#[cfg(test)]
#[path = "codec/tests.rs"]
mod tests;
