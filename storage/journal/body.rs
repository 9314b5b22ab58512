//! The body of a record that holds a commit: its fixed facts first, so that an index reads only those.

use super::format::{BODY_BYTES_MAX, Chain, Reader};
use super::{Append, EVENTS_PER_APPEND_MAX, Fence, NewJob, RecordCheck, RecordKey, RecordWrite};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;

/// Most checks, writes or jobs, each, in one append.
pub const PARTS_PER_APPEND_MAX: usize = 4096;
/// Longest id of a record.
pub const RECORD_ID_BYTES_MAX: usize = 64;

/// What an index needs to know of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The stream; none for a commit of records only.
    pub stream: Option<StreamKey>,
    /// The writer's fence.
    pub fence: Fence,
    /// Head before it.
    pub expected: Seq,
    /// The sealing layer's chain value after it.
    pub chain: Chain,
    /// How many events it has.
    pub events: u16,
}

/// Whether the append is within every bound of the format but that of its encoded length.
fn within_bounds(append: &Append) -> bool {
    let id_fits = |key: &RecordKey| (1..=RECORD_ID_BYTES_MAX).contains(&key.id.len());
    append.events.len() <= EVENTS_PER_APPEND_MAX
        && append.checks.len() <= PARTS_PER_APPEND_MAX
        && append.writes.len() <= PARTS_PER_APPEND_MAX
        && append.jobs.len() <= PARTS_PER_APPEND_MAX
        && append.checks.iter().all(|check| id_fits(&check.key))
        && append.writes.iter().all(|write| id_fits(&write.key))
        && (append.stream.is_some() || append.events.is_empty())
        && super::format::append_bytes(append) <= super::APPEND_BYTES_MAX
}

/// The body's bytes; none when the append is beyond a bound of the format.
#[must_use]
pub fn encode_bounded(append: &Append) -> Option<Vec<u8>> {
    within_bounds(append)
        .then(|| encode(append))
        .filter(|body| body.len() <= BODY_BYTES_MAX)
}

fn count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
}

fn long(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(part);
}

fn key(bytes: &mut Vec<u8>, key: &RecordKey) {
    bytes.extend_from_slice(&key.practice.to_le_bytes());
    bytes.extend_from_slice(&key.table.to_le_bytes());
    bytes.push(u8::try_from(key.id.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(&key.id);
}

/// The body's bytes. The append must be within bounds.
#[must_use]
pub fn encode(append: &Append) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + super::format::append_bytes(append) + 8 * append.events.len());
    bytes.extend_from_slice(&append.fence.to_le_bytes());
    bytes.extend_from_slice(&append.expected.to_le_bytes());
    bytes.push(u8::from(append.stream.is_some()));
    bytes.extend_from_slice(&append.stream.map_or([0; 33], StreamKey::bytes));
    bytes.extend_from_slice(&append.chain);
    count(&mut bytes, append.events.len());
    count(&mut bytes, append.checks.len());
    count(&mut bytes, append.writes.len());
    count(&mut bytes, append.jobs.len());
    for event in &append.events {
        long(&mut bytes, event);
    }
    for check in &append.checks {
        key(&mut bytes, &check.key);
        bytes.extend_from_slice(&check.version.to_le_bytes());
    }
    for write in &append.writes {
        key(&mut bytes, &write.key);
        bytes.push(u8::from(write.value.is_some()));
        if let Some(value) = &write.value {
            long(&mut bytes, value);
        }
    }
    for job in &append.jobs {
        bytes.extend_from_slice(&job.kind.to_le_bytes());
        bytes.extend_from_slice(&job.dedup.to_le_bytes());
        long(&mut bytes, &job.body);
    }
    bytes
}

fn facts(reader: &mut Reader<'_>) -> Option<Facts> {
    let fence = reader.u64()?;
    let expected = reader.u64()?;
    let has_stream = reader.u8()?;
    let name = reader.name()?;
    let stream = match has_stream {
        0 => None,
        1 => Some(StreamKey::from_bytes(&name)?),
        _ => return None,
    };
    let chain = reader.chain()?;
    let events = reader.u16()?;
    Some(Facts {
        stream,
        fence,
        expected,
        chain,
        events,
    })
}

/// The fixed facts at the front of a body; none when it is no such body.
#[must_use]
pub fn decode_facts(body: &[u8]) -> Option<Facts> {
    facts(&mut Reader(body))
}

fn decode_key(reader: &mut Reader<'_>) -> Option<RecordKey> {
    Some(RecordKey {
        practice: reader.u128()?,
        table: reader.u16()?,
        id: {
            let len = usize::from(reader.u8()?);
            reader.take(len)?.to_vec()
        },
    })
}

/// Reads a body back; none when it is no such body.
#[must_use]
pub fn decode(body: &[u8]) -> Option<Append> {
    let mut reader = Reader(body);
    let facts = facts(&mut reader)?;
    let (checks, writes, jobs) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let bytes = |part: &[u8]| Bytes::copy_from_slice(part);
    let events = (0..facts.events)
        .map(|_| reader.long().map(bytes))
        .collect::<Option<_>>()?;
    let checks = (0..checks)
        .map(|_| {
            Some(RecordCheck {
                key: decode_key(&mut reader)?,
                version: reader.u64()?,
            })
        })
        .collect::<Option<_>>()?;
    let writes = (0..writes)
        .map(|_| {
            Some(RecordWrite {
                key: decode_key(&mut reader)?,
                value: match reader.u8()? {
                    0 => None,
                    1 => Some(bytes(reader.long()?)),
                    _ => return None,
                },
            })
        })
        .collect::<Option<_>>()?;
    let jobs = (0..jobs)
        .map(|_| {
            Some(NewJob {
                kind: reader.u16()?,
                dedup: reader.u128()?,
                body: bytes(reader.long()?),
            })
        })
        .collect::<Option<_>>()?;
    reader.0.is_empty().then_some(Append {
        stream: facts.stream,
        fence: facts.fence,
        expected: facts.expected,
        events,
        chain: facts.chain,
        checks,
        writes,
        jobs,
    })
}
