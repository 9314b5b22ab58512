//! Where things are: per stream its head and the places of its later records, and marks by position. Held in memory,
//! and as a file beside the segments so that opening reads only the journal's tail. Always rebuildable from segments.

use super::body::Facts;
use super::format::{CHAIN_BYTES, Chain, FORMAT_VERSION, Fault, Reader, sha256};
use super::{Fence, Head, Position};
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use std::collections::{BTreeMap, VecDeque};

const MAGIC: &[u8; 8] = b"CABJINDX";
/// One mark for so many records.
const MARK_EVERY: Position = 128;

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the segment.
    pub segment: u32,
    /// Offset of the record's header.
    pub offset: u32,
}

/// One record of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Sequence of its first event.
    pub first: Seq,
    /// Where it lies.
    pub place: Place,
    /// Bytes of the whole record.
    pub bytes: u32,
    /// How many events it has.
    pub events: u16,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamIndex {
    /// Sequence of the last event.
    pub seq: Seq,
    /// The sealing layer's chain value after it.
    pub chain: Chain,
    /// Largest fence claimed or used.
    pub fence: Fence,
    /// Events up to here are not in `runs`: they are found by reading segments from the start.
    pub floor: Seq,
    /// Records with events above `floor`, in order.
    pub runs: VecDeque<Run>,
}

/// The whole index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// Last durable record.
    pub position: Position,
    /// Chain value after it.
    pub chain: Chain,
    /// Where the next record goes.
    pub end: Option<Place>,
    /// Largest fence in any record.
    pub fence: Fence,
    /// Streams by key.
    pub streams: BTreeMap<StreamKey, StreamIndex>,
    /// Places of every 128th record.
    pub marks: BTreeMap<Position, Place>,
}

impl Index {
    /// The head of a stream; `floor` is the fence in force where none is larger.
    #[must_use]
    pub fn head(&self, stream: StreamKey, floor: Fence) -> Head {
        self.streams.get(&stream).map_or(
            Head {
                seq: 0,
                chain: [0; 32],
                fence: floor,
            },
            |found| Head {
                seq: found.seq,
                chain: found.chain,
                fence: found.fence.max(floor),
            },
        )
    }

    /// Takes in one record. False when it does not continue its stream.
    #[must_use]
    pub fn add(&mut self, position: Position, chain: Chain, place: Place, bytes: usize, facts: Option<&Facts>) -> bool {
        self.position = position;
        self.chain = chain;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.end = Some(Place {
            segment: place.segment,
            offset: place.offset.saturating_add(bytes),
        });
        if position % MARK_EVERY == 1 {
            self.marks.insert(position, place);
        }
        let Some(facts) = facts else { return true };
        self.fence = self.fence.max(facts.fence);
        let Some(key) = facts.stream else { return true };
        let stream = self.streams.entry(key).or_default();
        if stream.seq != facts.expected {
            return false;
        }
        stream.fence = stream.fence.max(facts.fence);
        stream.chain = facts.chain;
        stream.seq += Seq::from(facts.events);
        if facts.events > 0 {
            stream.runs.push_back(Run {
                first: facts.expected + 1,
                place,
                bytes,
                events: facts.events,
            });
        }
        true
    }

    /// Forgets the places of events up to `floor`, because a checkpoint holds their outcome.
    pub fn raise_floor(&mut self, stream: StreamKey, floor: Seq) {
        let Some(found) = self.streams.get_mut(&stream) else {
            return;
        };
        while let Some(run) = found.runs.front() {
            let last = run.first + Seq::from(run.events) - 1;
            if last > floor {
                break;
            }
            found.floor = last;
            found.runs.pop_front();
        }
    }

    /// The mark at or before a position.
    #[must_use]
    pub fn mark(&self, position: Position) -> Option<(Position, Place)> {
        self.marks
            .range(..=position)
            .next_back()
            .map(|(at, place)| (*at, *place))
    }

    /// The bytes of the index file.
    #[must_use]
    pub fn encode(&self, history: u128) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256 + self.streams.len() * 128);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&(!FORMAT_VERSION).to_le_bytes());
        bytes.extend_from_slice(&history.to_le_bytes());
        bytes.extend_from_slice(&self.position.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&self.fence.to_le_bytes());
        let place = |bytes: &mut Vec<u8>, place: Place| {
            bytes.extend_from_slice(&place.segment.to_le_bytes());
            bytes.extend_from_slice(&place.offset.to_le_bytes());
        };
        place(&mut bytes, self.end.unwrap_or(Place { segment: 0, offset: 0 }));
        bytes.extend_from_slice(&(self.marks.len() as u64).to_le_bytes());
        for (position, at) in &self.marks {
            bytes.extend_from_slice(&position.to_le_bytes());
            place(&mut bytes, *at);
        }
        bytes.extend_from_slice(&(self.streams.len() as u64).to_le_bytes());
        for (key, stream) in &self.streams {
            bytes.extend_from_slice(&key.bytes());
            bytes.extend_from_slice(&stream.seq.to_le_bytes());
            bytes.extend_from_slice(&stream.chain);
            bytes.extend_from_slice(&stream.fence.to_le_bytes());
            bytes.extend_from_slice(&stream.floor.to_le_bytes());
            bytes.extend_from_slice(&(stream.runs.len() as u64).to_le_bytes());
            for run in &stream.runs {
                bytes.extend_from_slice(&run.first.to_le_bytes());
                place(&mut bytes, run.place);
                bytes.extend_from_slice(&run.bytes.to_le_bytes());
                bytes.extend_from_slice(&run.events.to_le_bytes());
            }
        }
        let check = sha256(&[&bytes]);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// Reads an index file back, with the history it belongs to.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<(u128, Self), Fault> {
        let bad = Fault::Bad("the index does not match its hash");
        let split = bytes.len().checked_sub(CHAIN_BYTES).ok_or(bad.clone())?;
        let (content, check) = bytes.split_at(split);
        let mut reader = Reader(content);
        if reader.take(8) != Some(MAGIC) {
            return Err(Fault::Bad("this is no index of a journal"));
        }
        reader.version(FORMAT_VERSION)?;
        if check != sha256(&[content]) {
            return Err(bad);
        }
        decode_content(&mut reader).ok_or(Fault::Bad("the index is malformed"))
    }
}

fn decode_place(reader: &mut Reader<'_>) -> Option<Place> {
    Some(Place {
        segment: reader.u32()?,
        offset: reader.u32()?,
    })
}

fn decode_content(reader: &mut Reader<'_>) -> Option<(u128, Index)> {
    let history = reader.u128()?;
    let mut index = Index {
        position: reader.u64()?,
        chain: reader.chain()?,
        fence: reader.u64()?,
        end: Some(decode_place(reader)?),
        ..Index::default()
    };
    for _ in 0..reader.u64()? {
        let position = reader.u64()?;
        index.marks.insert(position, decode_place(reader)?);
    }
    for _ in 0..reader.u64()? {
        let key = StreamKey::from_bytes(&reader.name()?)?;
        let mut stream = StreamIndex {
            seq: reader.u64()?,
            chain: reader.chain()?,
            fence: reader.u64()?,
            floor: reader.u64()?,
            runs: VecDeque::new(),
        };
        for _ in 0..reader.u64()? {
            stream.runs.push_back(Run {
                first: reader.u64()?,
                place: decode_place(reader)?,
                bytes: reader.u32()?,
                events: reader.u16()?,
            });
        }
        index.streams.insert(key, stream);
    }
    reader.0.is_empty().then_some((history, index))
}
