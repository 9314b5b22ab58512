//! Reading a journal from its files without changing anything: which segments there are, where the valid records end,
//! whether what follows is a torn tail or corruption, and whether witnesses agree. Opening and the offline check share it.

use super::body::decode_facts;
use super::evidence::{agree, find_index, judge_tail};
use super::format::{
    CHAIN_BYTES, Chain, FORMAT_VERSION, Fault, Found, RecordKind, SEGMENT_HEADER_BYTES, SegmentHeader, genesis,
    read_record,
};
use super::index::{Index, Place};
use super::witness::Testimony;
use super::{JOURNAL_DIRECTORY, Position, segment_path};
use crate::StoreError;
use crate::disk::{Disk, read_file};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Longest segment file that is read.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// A torn tail: bytes of a group whose sync never succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TornTail {
    /// Offset at which it begins.
    pub(super) from: u64,
    /// Offset after its last byte that is not zero.
    pub(super) to: u64,
    /// What is wrong with it.
    pub(super) what: &'static str,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Survey {
    /// The store's history.
    pub(super) history: u128,
    /// Position of the first record of each segment.
    pub(super) segments: BTreeMap<u32, Position>,
    /// The index, brought up to the end.
    pub(super) index: Index,
    /// Where the next record goes.
    pub(super) end: Place,
    /// Length of the last segment's file.
    pub(super) capacity: u64,
    /// Where the last group begins, if it lies in the last segment and might not be durable; else the end.
    pub(super) group_start: u32,
    /// What is to be cut.
    pub(super) torn: Option<TornTail>,
    /// Records read.
    pub(super) scanned: u64,
    /// What is wrong with the index file, if it is there and unusable.
    pub(super) index_fault: Option<String>,
}

/// Sees each record that is read: position, place, record.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Place, &Found<'_>) -> Result<(), StoreError>;

pub(super) fn refuse(path: &Path, offset: u64, fault: Fault) -> StoreError {
    match fault {
        Fault::Newer(found) => StoreError::NewerFormat {
            path: path.to_path_buf(),
            found,
            known: FORMAT_VERSION,
        },
        Fault::Bad(what) => StoreError::corrupt(path, offset, what),
    }
}

/// The header of every segment, checked against each other; none when there are no segments.
///
/// # Errors
/// `Corrupt`, `NewerFormat`, `Io`.
pub(super) fn headers(disk: &dyn Disk) -> Result<Option<BTreeMap<u32, SegmentHeader>>, StoreError> {
    let directory = Path::new(JOURNAL_DIRECTORY);
    let names = match disk.list(directory) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("list", directory, source)),
    };
    let mut headers: BTreeMap<u32, SegmentHeader> = BTreeMap::new();
    for number in names
        .iter()
        .filter_map(|name| name.strip_suffix(".segment")?.parse().ok())
    {
        let path = segment_path(number);
        let failed = |source| StoreError::io("read", &path, source);
        let mut bytes = vec![0; SEGMENT_HEADER_BYTES];
        let read = disk
            .open(&path)
            .and_then(|file| file.read_at(&mut bytes, 0))
            .map_err(failed)?;
        bytes.truncate(read);
        let header = SegmentHeader::decode(&bytes).map_err(|fault| refuse(&path, 0, fault))?;
        if header.number != number {
            return Err(StoreError::corrupt(&path, 0, "the segment's number is not its name's"));
        }
        headers.insert(number, header);
    }
    let Some(first) = headers.values().next().cloned() else {
        return Ok(None);
    };
    for (expected, (number, header)) in (1_u32..).zip(&headers) {
        if expected != *number {
            return Err(StoreError::corrupt(
                &segment_path(expected),
                0,
                "the segment is missing",
            ));
        }
        if header.history != first.history {
            return Err(StoreError::corrupt(
                &segment_path(*number),
                0,
                "the segment is of another history",
            ));
        }
    }
    if first.first != 1 || first.previous != genesis(first.history) {
        return Err(StoreError::corrupt(
            &segment_path(1),
            0,
            "the first segment does not begin the history",
        ));
    }
    Ok(Some(headers))
}

/// A whole segment file.
///
/// # Errors
/// `Io`.
pub(super) fn segment_bytes(disk: &dyn Disk, number: u32) -> Result<Vec<u8>, StoreError> {
    let path = segment_path(number);
    read_file(disk, &path, SEGMENT_BYTES_MAX).map_err(|source| StoreError::io("read", &path, source))
}

/// Where reading the records of one segment ended: no record follows there that continues the journal.
pub(super) struct Stop {
    /// Offset after the last valid record.
    pub(super) offset: usize,
    /// Why the bytes there are no record.
    pub(super) what: &'static str,
}

/// Reads records of one segment from `offset` on, advancing `position` and `chain`.
///
/// # Errors
/// What `visit` returns; `NewerFormat`.
pub(super) fn records(
    (number, bytes): (u32, &[u8]),
    history: u128,
    from: usize,
    (position, chain): (&mut Position, &mut Chain),
    visit: Visit<'_>,
) -> Result<Stop, StoreError> {
    let mut offset = from;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        let found = match read_record(rest, history, chain) {
            Ok(found) if found.header.position == *position + 1 && found.header.group <= found.header.position => found,
            Ok(_) => {
                return Ok(Stop {
                    offset,
                    what: "the record's position does not follow",
                });
            }
            Err(Fault::Bad(what)) => return Ok(Stop { offset, what }),
            Err(newer @ Fault::Newer(_)) => return Err(refuse(&segment_path(number), offset as u64, newer)),
        };
        let place = Place {
            segment: number,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
        };
        visit(place, &found)?;
        *position = found.header.position;
        *chain = found.chain;
        offset += found.header.record_bytes();
    }
}

/// Reads the journal to its end; none when there are no segments. With `from_index` only what the index file does not
/// cover is read. `visit` sees every record read.
///
/// # Errors
/// `Corrupt` with file and offset, `HistoryMissing`, `NewerFormat`, `Io`.
pub(super) fn survey(
    disk: &dyn Disk,
    witnesses: &[Testimony],
    from_index: bool,
    visit: Visit<'_>,
) -> Result<Option<Survey>, StoreError> {
    let Some(headers) = headers(disk)? else { return Ok(None) };
    let Some(first) = headers.values().next() else {
        return Ok(None);
    };
    let found = find_index(disk, &headers, first.history)?;
    let says: Vec<Testimony> = witnesses.iter().chain(&found.says).copied().collect();
    let start = place(1, SEGMENT_HEADER_BYTES);
    let index = found.usable.filter(|_| from_index).unwrap_or_else(|| Index {
        chain: first.previous,
        end: Some(start),
        ..Index::default()
    });
    sealed_whole(disk, &headers)?;
    let begin = index.end.unwrap_or(start);
    let mut watch: BTreeMap<Position, Option<Chain>> = says.iter().map(|says| (says.position, None)).collect();
    watch.insert(index.position, Some(index.chain));
    let mut survey = Survey {
        history: first.history,
        segments: headers.iter().map(|(number, header)| (*number, header.first)).collect(),
        index,
        end: begin,
        capacity: 0,
        group_start: begin.offset,
        torn: None,
        scanned: 0,
        index_fault: found.fault,
    };
    for header in headers.range(begin.segment..).map(|(_, header)| header) {
        let next = headers.get(&(header.number + 1));
        survey.read_segment(disk, (header, next), begin, &mut watch, visit)?;
    }
    survey.index.end = Some(survey.end);
    for says in &says {
        agree(disk, &headers, &survey, &watch, says)?;
    }
    Ok(Some(survey))
}

/// Every segment before the last ends where the next one's header says it does, with the chain value that it names: a
/// cut-off one is named at opening, though nothing else of it is read.
fn sealed_whole(disk: &dyn Disk, headers: &BTreeMap<u32, SegmentHeader>) -> Result<(), StoreError> {
    for (header, next) in headers.values().zip(headers.values().skip(1)) {
        if next.previous_end == 0 {
            // Written before headers said it: reading finds what is wrong.
            continue;
        }
        let path = segment_path(header.number);
        let failed = |source| StoreError::io("read", &path, source);
        let file = disk.open(&path).map_err(failed)?;
        let (len, end) = (file.len().map_err(failed)?, u64::from(next.previous_end));
        if len < end {
            return Err(StoreError::corrupt(&path, len, "the segment is cut off"));
        }
        let mut last = [0; CHAIN_BYTES];
        let at = end.saturating_sub(CHAIN_BYTES as u64);
        file.read_at(&mut last, at).map_err(failed)?;
        if last != next.previous {
            let what = "the segment does not end as the next one says";
            return Err(StoreError::corrupt(&path, at, what));
        }
    }
    Ok(())
}

/// A place in a segment; segments are at most 1 GiB.
fn place(segment: u32, at: usize) -> Place {
    Place {
        segment,
        offset: u32::try_from(at).unwrap_or(u32::MAX),
    }
}

impl Survey {
    /// Reads one segment and what follows its last record.
    fn read_segment(
        &mut self,
        disk: &dyn Disk,
        (header, next): (&SegmentHeader, Option<&SegmentHeader>),
        begin: Place,
        watch: &mut BTreeMap<Position, Option<Chain>>,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let number = header.number;
        let path = segment_path(number);
        let bytes = segment_bytes(disk, number)?;
        let (mut position, mut chain) = (self.index.position, self.index.chain);
        let whole = number != begin.segment || begin.offset as usize == SEGMENT_HEADER_BYTES;
        let from = if whole {
            SEGMENT_HEADER_BYTES
        } else {
            begin.offset as usize
        };
        if whole && (header.first != position + 1 || header.previous != chain) {
            let what = "the segment does not continue the one before";
            return Err(StoreError::corrupt(&path, 0, what));
        }
        let mut group_start = None;
        let (scanned, index) = (&mut self.scanned, &mut self.index);
        let so_far = (&mut position, &mut chain);
        let stop = records((number, &bytes), self.history, from, so_far, &mut |place, record| {
            *scanned += 1;
            if record.header.group == record.header.position || group_start.is_none() {
                group_start = Some(place.offset);
            }
            if let Some(said) = watch.get_mut(&record.header.position) {
                *said = Some(record.chain);
            }
            take_in(index, place, record)?;
            visit(place, record)
        })?;
        self.end = place(number, stop.offset);
        self.group_start = group_start.unwrap_or(self.end.offset);
        match next {
            None => {
                self.capacity = bytes.len() as u64;
                self.torn = judge_tail(&bytes, &stop, self.history, position + 1, &path)?;
                Ok(())
            }
            Some(next) if next.first != position + 1 || next.previous != chain => {
                Err(StoreError::corrupt(&path, stop.offset as u64, stop.what))
            }
            Some(_) => Ok(()),
        }
    }
}

fn take_in(index: &mut Index, place: Place, record: &Found<'_>) -> Result<(), StoreError> {
    let malformed = |what: &str| StoreError::corrupt(&segment_path(place.segment), u64::from(place.offset), what);
    let facts = match record.header.kind {
        RecordKind::Append => {
            Some(decode_facts(record.body).ok_or_else(|| malformed("the record's body is malformed"))?)
        }
        RecordKind::Boot => {
            let fence = record.body.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
            index.fence = index
                .fence
                .max(fence.ok_or_else(|| malformed("the start record is malformed"))?);
            None
        }
    };
    if index.add(
        record.header.position,
        record.chain,
        place,
        record.header.record_bytes(),
        facts.as_ref(),
    ) {
        Ok(())
    } else {
        Err(malformed("the record does not continue its stream"))
    }
}
