//! The bytes of a segment: its header and its records. Version 1, little-endian, hand-written so that no encoder's
//! change can alter it; golden bytes are held by a test. Every byte but the padding of a segment's header is covered
//! by a hash.
//!
//! Segment: fields (64 bytes), SHA-256 over fields and previous chain value (32), zeros, and in the last 32 bytes of
//! the first 4096 the chain value before its first record. So the 32 bytes before any record are the chain value it
//! continues.
//! Record: header (36 bytes), body, chain value = SHA-256(chain value before, header, body).

use super::{Append, Position};
use ring::digest::{Context, SHA256};

/// Newest version of segments and records that this build reads and writes.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes before the first record of a segment.
pub const SEGMENT_HEADER_BYTES: usize = 4096;
/// Bytes of a record's header.
pub const RECORD_HEADER_BYTES: usize = 36;
/// Bytes of a chain value.
pub const CHAIN_BYTES: usize = 32;
/// Bytes a record takes beside its body.
pub const RECORD_FRAME_BYTES: usize = RECORD_HEADER_BYTES + CHAIN_BYTES;
/// Longest body: an append at its bound with the most events, and room for framing.
pub const BODY_BYTES_MAX: usize = 2 * super::APPEND_BYTES_MAX;

const SEGMENT_MAGIC: &[u8; 8] = b"CABJSEGM";
/// First bytes of a record.
pub(super) const RECORD_MAGIC: &[u8; 4] = b"CJR\xA7";
const SEGMENT_FIELDS_BYTES: usize = 64;

/// A chain value.
pub type Chain = [u8; CHAIN_BYTES];

/// SHA-256 of the parts in order.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Chain {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    chain_from(context.finish().as_ref())
}

fn chain_from(bytes: &[u8]) -> Chain {
    let mut chain = [0; CHAIN_BYTES];
    for (to, from) in chain.iter_mut().zip(bytes) {
        *to = *from;
    }
    chain
}

/// The chain value before the first record of a history.
#[must_use]
pub fn genesis(history: u128) -> Chain {
    sha256(&[b"cabinet journal, history ", &history.to_le_bytes()])
}

/// Why bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Written by a newer version.
    Newer(u32),
    /// Wrong, and how.
    Bad(&'static str),
}

/// A segment's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its number, from 1, dense.
    pub number: u32,
    /// The store's history.
    pub history: u128,
    /// Position of its first record.
    pub first: Position,
    /// Chain value before its first record.
    pub previous: Chain,
    /// Where the records of the segment before end: by this and the chain value there, opening sees that it is not cut
    /// off without reading it. 0 where there is none before, or where it was not yet said.
    pub previous_end: u32,
}

impl SegmentHeader {
    /// The first [`SEGMENT_HEADER_BYTES`] of the segment.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend_from_slice(SEGMENT_MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&(!FORMAT_VERSION).to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.previous_end.to_le_bytes());
        bytes.extend_from_slice(&self.history.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.resize(SEGMENT_FIELDS_BYTES, 0);
        let check = sha256(&[&bytes, &self.previous]);
        bytes.extend_from_slice(&check);
        bytes.resize(SEGMENT_HEADER_BYTES - CHAIN_BYTES, 0);
        bytes.extend_from_slice(&self.previous);
        bytes
    }

    /// Reads a header back.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let short = Fault::Bad("the segment's header is cut off");
        let (fields, rest) = bytes.split_at_checked(SEGMENT_FIELDS_BYTES).ok_or(short.clone())?;
        let (check, _) = rest.split_at_checked(CHAIN_BYTES).ok_or(short.clone())?;
        let previous = bytes
            .get(SEGMENT_HEADER_BYTES - CHAIN_BYTES..SEGMENT_HEADER_BYTES)
            .ok_or(short.clone())?;
        let mut reader = Reader(fields);
        if reader.take(8) != Some(SEGMENT_MAGIC) {
            return Err(Fault::Bad("this is no segment of a journal"));
        }
        reader.version(FORMAT_VERSION)?;
        if check != sha256(&[fields, previous]) {
            return Err(Fault::Bad("the segment's header does not match its hash"));
        }
        let number = reader.u32().ok_or(short.clone())?;
        let previous_end = reader.u32().ok_or(short.clone())?;
        let history = reader.u128().ok_or(short.clone())?;
        let first = reader.u64().ok_or(short)?;
        Ok(Self {
            number,
            history,
            first,
            previous: chain_from(previous),
            previous_end,
        })
    }
}

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A commit.
    Append,
    /// The start of a process: its body is the process's fence.
    Boot,
}

impl RecordKind {
    const fn number(self) -> u8 {
        match self {
            Self::Append => 1,
            Self::Boot => 2,
        }
    }
}

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// What it holds.
    pub kind: RecordKind,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// Its position.
    pub position: Position,
    /// Position of the first record of the group it was written and synced with. A record of a later group proves
    /// that this group's sync had succeeded.
    pub group: Position,
}

impl RecordHeader {
    fn check(history: u128, fields: &[u8]) -> [u8; 8] {
        let whole = sha256(&[b"cabinet record", &history.to_le_bytes(), fields]);
        let mut check = [0; 8];
        for (to, from) in check.iter_mut().zip(whole) {
            *to = from;
        }
        check
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self, history: u128) -> [u8; RECORD_HEADER_BYTES] {
        let fields = RECORD_MAGIC
            .iter()
            .copied()
            .chain([1, self.kind.number(), 0, 0])
            .chain(u32::try_from(self.body_bytes).unwrap_or(u32::MAX).to_le_bytes())
            .chain(self.position.to_le_bytes())
            .chain(self.group.to_le_bytes());
        let mut bytes = [0; RECORD_HEADER_BYTES];
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = from;
        }
        let (fields, check) = bytes.split_at_mut(RECORD_HEADER_BYTES - 8);
        check.copy_from_slice(&Self::check(history, fields));
        bytes
    }

    /// Reads a header back from the start of `bytes`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8], history: u128) -> Result<Self, Fault> {
        let short = Fault::Bad("the record is cut off");
        let (header, _) = bytes.split_at_checked(RECORD_HEADER_BYTES).ok_or(short.clone())?;
        let (fields, check) = header.split_at(RECORD_HEADER_BYTES - 8);
        let mut reader = Reader(fields);
        if reader.take(4) != Some(RECORD_MAGIC) {
            return Err(Fault::Bad("no record starts here"));
        }
        if check != Self::check(history, fields) {
            return Err(Fault::Bad("the record's header does not match its check"));
        }
        let version = reader.u8().ok_or(short.clone())?;
        if u32::from(version) > FORMAT_VERSION {
            return Err(Fault::Newer(u32::from(version)));
        }
        let kind = match reader.u8() {
            Some(1) => RecordKind::Append,
            Some(2) => RecordKind::Boot,
            _ => return Err(Fault::Bad("the record is of no known kind")),
        };
        reader.take(2).ok_or(short.clone())?;
        let body_bytes = reader.u32().and_then(|bytes| usize::try_from(bytes).ok());
        let body_bytes = body_bytes
            .filter(|bytes| *bytes <= BODY_BYTES_MAX)
            .ok_or(Fault::Bad("the record is longer than a record can be"))?;
        let position = reader.u64().ok_or(short.clone())?;
        let group = reader.u64().ok_or(short)?;
        Ok(Self {
            kind,
            body_bytes,
            position,
            group,
        })
    }

    /// Bytes of the whole record.
    #[must_use]
    pub const fn record_bytes(&self) -> usize {
        self.body_bytes + RECORD_FRAME_BYTES
    }
}

/// One whole record found in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// Its body.
    pub body: &'a [u8],
    /// The chain value after it.
    pub chain: Chain,
}

/// Reads the record at the start of `bytes` and verifies it against the chain value before it.
///
/// # Errors
/// What is wrong with it.
pub fn read_record<'a>(bytes: &'a [u8], history: u128, previous: &Chain) -> Result<Found<'a>, Fault> {
    let header = RecordHeader::decode(bytes, history)?;
    let short = Fault::Bad("the record is cut off");
    let (head, rest) = bytes.split_at_checked(RECORD_HEADER_BYTES).ok_or(short.clone())?;
    let (body, rest) = rest.split_at_checked(header.body_bytes).ok_or(short.clone())?;
    let (chain, _) = rest.split_at_checked(CHAIN_BYTES).ok_or(short)?;
    if chain != sha256(&[previous, head, body]) {
        return Err(Fault::Bad("the record does not match its hash"));
    }
    Ok(Found {
        header,
        body,
        chain: chain_from(chain),
    })
}

/// Adds a record to `buffer`; returns the chain value after it.
pub fn write_record(
    buffer: &mut Vec<u8>,
    (kind, position, group): (RecordKind, Position, Position),
    history: u128,
    previous: &Chain,
    body: &[u8],
) -> Chain {
    let header = RecordHeader {
        kind,
        body_bytes: body.len(),
        position,
        group,
    }
    .encode(history);
    let chain = sha256(&[previous, &header, body]);
    buffer.extend_from_slice(&header);
    buffer.extend_from_slice(body);
    buffer.extend_from_slice(&chain);
    chain
}

/// Reads fields off the front of bytes; none once they run out.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
    pub(super) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }
    pub(super) fn chain(&mut self) -> Option<Chain> {
        self.array()
    }
    pub(super) fn name(&mut self) -> Option<[u8; 33]> {
        self.array()
    }
    pub(super) fn long(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u32()?).ok()?;
        self.take(count)
    }
    /// A version and its complement: so that a flipped bit is not taken for a newer version.
    pub(super) fn version(&mut self, known: u32) -> Result<(), Fault> {
        let cut = Fault::Bad("the version is cut off");
        let version = self.u32().ok_or(cut.clone())?;
        let complement = self.u32().ok_or(cut)?;
        match version {
            _ if complement != !version => Err(Fault::Bad("the version does not match its complement")),
            version if version == known => Ok(()),
            version if version > known => Err(Fault::Newer(version)),
            _ => Err(Fault::Bad("there is no such version")),
        }
    }
}

/// Bytes that count against [`super::APPEND_BYTES_MAX`].
#[must_use]
pub fn append_bytes(append: &Append) -> usize {
    let events: usize = append.events.iter().map(bytes::Bytes::len).sum();
    let checks: usize = append.checks.iter().map(|check| check.key.id.len()).sum();
    let writes: usize = append
        .writes
        .iter()
        .map(|write| write.key.id.len() + write.value.as_ref().map_or(0, bytes::Bytes::len))
        .sum();
    let jobs: usize = append.jobs.iter().map(|job| job.body.len()).sum();
    events + checks + writes + jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of version 1, field by field: they must never change.
    #[test]
    fn golden_bytes_of_version_1() {
        let mut bytes = Vec::new();
        let previous = genesis(7);
        let chain = write_record(&mut bytes, (RecordKind::Boot, 5, 4), 7, &previous, &9_u64.to_le_bytes());
        let fields = b"CJR\xA7\x01\x02\0\0\x08\0\0\0\x05\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0";
        assert_eq!(bytes[..28], fields[..]);
        assert_eq!(bytes[36..44], 9_u64.to_le_bytes());
        assert_eq!(bytes[44..], chain);
        assert_eq!(chain, sha256(&[&previous, &bytes[..44]]));
        let check = sha256(&[b"cabinet record", &7_u128.to_le_bytes(), fields]);
        assert_eq!(bytes[28..36], check[..8]);
        assert_eq!(
            genesis(7),
            sha256(&[b"cabinet journal, history ", &7_u128.to_le_bytes()])
        );
        let found = read_record(&bytes, 7, &previous).unwrap();
        assert_eq!((found.header.position, found.header.group, found.chain), (5, 4, chain));
        let header = SegmentHeader {
            number: 2,
            history: 7,
            first: 5,
            previous,
            previous_end: 0x1234,
        };
        let bytes = header.encode();
        assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
        assert_eq!(
            bytes[..24],
            b"CABJSEGM\x01\0\0\0\xFE\xFF\xFF\xFF\x02\0\0\0\x34\x12\0\0"[..]
        );
        assert_eq!(bytes[24..40], 7_u128.to_le_bytes());
        assert_eq!(bytes[40..48], 5_u64.to_le_bytes());
        assert_eq!(bytes[64..96], sha256(&[&bytes[..64], &previous]));
        assert_eq!(bytes[SEGMENT_HEADER_BYTES - 32..], previous);
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header.clone()));
        let unsaid = SegmentHeader {
            previous_end: 0,
            ..header
        };
        assert_eq!(unsaid.encode()[16..24], b"\x02\0\0\0\0\0\0\0"[..]);
        assert_eq!(SegmentHeader::decode(&unsaid.encode()), Ok(unsaid));
    }
}
