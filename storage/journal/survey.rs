//! Reading a journal from its files without changing anything: which segments there are, where the valid records end,
//! whether what follows is a torn tail or corruption, and whether witnesses agree. Opening and the offline check share it.

use super::body::decode_facts;
use super::format::{
    CHAIN_BYTES, Chain, FORMAT_VERSION, Fault, Found, RECORD_HEADER_BYTES, RecordHeader, RecordKind,
    SEGMENT_HEADER_BYTES, SegmentHeader, genesis, read_record,
};
use super::index::{Index, Place};
use super::witness::Testimony;
use super::{JOURNAL_DIRECTORY, Position, index_path, segment_path};
use crate::StoreError;
use crate::disk::{Disk, read_file};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Longest segment file that is read.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// Longest index file that is read.
const INDEX_BYTES_MAX: u64 = 1 << 32;

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

fn refuse(path: &Path, offset: u64, fault: Fault) -> StoreError {
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

/// The chain value after a position that lies in the given segment or just before it.
fn chain_at(disk: &dyn Disk, header: &SegmentHeader, wanted: Position) -> Result<Option<Chain>, StoreError> {
    let (mut position, mut chain) = (header.first - 1, header.previous);
    if wanted == position {
        return Ok(Some(chain));
    }
    let bytes = segment_bytes(disk, header.number)?;
    let mut found = None;
    records(
        (header.number, &bytes),
        header.history,
        SEGMENT_HEADER_BYTES,
        (&mut position, &mut chain),
        &mut |_, record| {
            if record.header.position == wanted {
                found = Some(record.chain);
            }
            Ok(())
        },
    )?;
    Ok(found)
}

fn usable_index(
    disk: &dyn Disk,
    headers: &BTreeMap<u32, SegmentHeader>,
    history: u128,
) -> Result<(Option<Index>, Option<Testimony>, Option<String>), StoreError> {
    let path = index_path();
    let bytes = match read_file(disk, &path, INDEX_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, None, None)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok((None, None, Some(error.to_string()))),
        Err(source) => return Err(StoreError::io("read", &path, source)),
    };
    let (found_history, index) = match Index::decode(&bytes) {
        Ok(found) => found,
        Err(newer @ Fault::Newer(_)) => return Err(refuse(&path, 0, newer)),
        Err(Fault::Bad(what)) => return Ok((None, None, Some(what.to_owned()))),
    };
    if found_history != history {
        return Ok((None, None, Some("the index is of another history".to_owned())));
    }
    let testimony = Testimony {
        history,
        position: index.position,
        chain: index.chain,
        turn: 0,
    };
    let end = index.end.unwrap_or(Place { segment: 0, offset: 0 });
    let mut before = [0_u8; CHAIN_BYTES];
    let at = u64::from(end.offset).checked_sub(CHAIN_BYTES as u64);
    let continues = match (headers.get(&end.segment), at) {
        (Some(_), Some(at)) => {
            let path = segment_path(end.segment);
            let read = disk.open(&path).and_then(|file| file.read_at(&mut before, at));
            read.map_err(|source| StoreError::io("read", &path, source))? == CHAIN_BYTES && before == index.chain
        }
        (None, _) | (_, None) => false,
    };
    if continues {
        Ok((Some(index), Some(testimony), None))
    } else {
        Ok((
            None,
            Some(testimony),
            Some("the index does not fit the segments".to_owned()),
        ))
    }
}

/// What lies after the last valid record of the last segment.
fn judge_tail(
    bytes: &[u8],
    stop: &Stop,
    history: u128,
    expected: Position,
    path: &Path,
) -> Result<Option<TornTail>, StoreError> {
    let rest = bytes.get(stop.offset..).unwrap_or_default();
    let Some(last) = rest.iter().rposition(|byte| *byte != 0) else {
        return Ok(None);
    };
    let first = rest.iter().position(|byte| *byte != 0).unwrap_or(0);
    let magic = RecordHeader {
        kind: RecordKind::Boot,
        body_bytes: 0,
        position: 0,
        group: 0,
    }
    .encode(history);
    let magic = magic.first_chunk::<4>().copied().unwrap_or_default();
    let written = rest.get(..=last).unwrap_or_default();
    let mut at = first.saturating_sub(RECORD_HEADER_BYTES);
    while let Some(found) = written
        .get(at..)
        .and_then(|rest| rest.windows(4).position(|window| window == magic))
    {
        at += found;
        let later = RecordHeader::decode(written.get(at..).unwrap_or_default(), history).ok();
        if later.is_some_and(|later| later.position > expected && later.group > expected) {
            // A later group was begun, so this one's sync had succeeded: these bytes were durable and have changed.
            return Err(StoreError::corrupt(
                path,
                stop.offset as u64,
                format!("{}, and valid records of later groups follow", stop.what),
            ));
        }
        at += 1;
    }
    Ok(Some(TornTail {
        from: stop.offset as u64,
        to: (stop.offset + last + 1) as u64,
        what: stop.what,
    }))
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
    let (Some(first), Some(last)) = (headers.values().next(), headers.values().next_back()) else {
        return Ok(None);
    };
    let history = first.history;
    let (usable, index_says, index_fault) = usable_index(disk, &headers, history)?;
    let mut index = usable.filter(|_| from_index).unwrap_or_else(|| Index {
        chain: first.previous,
        end: Some(Place {
            segment: 1,
            offset: u32::try_from(SEGMENT_HEADER_BYTES).unwrap_or(0),
        }),
        ..Index::default()
    });
    let (mut position, mut chain) = (index.position, index.chain);
    let begin = index.end.unwrap_or(Place { segment: 1, offset: 0 });
    let mut watch: BTreeMap<Position, Option<Chain>> = witnesses
        .iter()
        .chain(&index_says)
        .map(|says| (says.position, None))
        .collect();
    watch.insert(position, Some(chain));
    let (mut scanned, mut group_start, mut end) = (0_u64, begin, begin);
    let (mut capacity, mut torn) = (0, None);
    for (number, header) in headers.range(begin.segment..) {
        let path = segment_path(*number);
        let bytes = segment_bytes(disk, *number)?;
        let from = if *number == begin.segment {
            begin.offset as usize
        } else {
            SEGMENT_HEADER_BYTES
        };
        if from == SEGMENT_HEADER_BYTES && (header.first != position + 1 || header.previous != chain) {
            return Err(StoreError::corrupt(
                &path,
                0,
                "the segment does not continue the one before",
            ));
        }
        group_start = Place {
            segment: *number,
            offset: u32::try_from(from).unwrap_or(u32::MAX),
        };
        let stop = records(
            (*number, &bytes),
            history,
            from,
            (&mut position, &mut chain),
            &mut |place, record| {
                scanned += 1;
                if record.header.group == record.header.position {
                    group_start = place;
                }
                if let Some(said) = watch.get_mut(&record.header.position) {
                    *said = Some(record.chain);
                }
                take_in(&mut index, place, record)?;
                visit(place, record)
            },
        )?;
        end = Place {
            segment: *number,
            offset: u32::try_from(stop.offset).unwrap_or(u32::MAX),
        };
        if *number == last.number {
            capacity = bytes.len() as u64;
            torn = judge_tail(&bytes, &stop, history, position + 1, &path)?;
        } else if headers
            .get(&(number + 1))
            .is_some_and(|next| next.first != position + 1 || next.previous != chain)
        {
            return Err(StoreError::corrupt(&path, stop.offset as u64, stop.what));
        }
        if stop.offset == from {
            group_start = end;
        }
    }
    index.end = Some(end);
    let survey = Survey {
        history,
        segments: headers.iter().map(|(number, header)| (*number, header.first)).collect(),
        index,
        end,
        capacity,
        group_start: if group_start.segment == end.segment {
            group_start.offset
        } else {
            end.offset
        },
        torn,
        scanned,
        index_fault,
    };
    for says in witnesses.iter().chain(&index_says) {
        agree(disk, &headers, &survey, &watch, says)?;
    }
    Ok(Some(survey))
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

/// Whether the journal holds what a witness says it did.
fn agree(
    disk: &dyn Disk,
    headers: &BTreeMap<u32, SegmentHeader>,
    survey: &Survey,
    watch: &BTreeMap<Position, Option<Chain>>,
    says: &Testimony,
) -> Result<(), StoreError> {
    let end = survey.index.position;
    if says.history != survey.history {
        return Err(StoreError::HistoryMissing {
            what: format!(
                "a witness names history {:032x}, the journal is of {:032x}",
                says.history, survey.history
            ),
        });
    }
    if says.position > end {
        return Err(match &survey.torn {
            Some(torn) => StoreError::corrupt(
                &segment_path(survey.end.segment),
                torn.from,
                format!(
                    "{}, though a witness says that record {} was durable",
                    torn.what, says.position
                ),
            ),
            None => StoreError::HistoryMissing {
                what: format!(
                    "a witness says that record {} was durable; the journal ends at {end}",
                    says.position
                ),
            },
        });
    }
    let known = watch.get(&says.position).copied().flatten();
    let found = match known {
        Some(chain) => Some(chain),
        None => match headers.values().rev().find(|header| header.first <= says.position + 1) {
            Some(header) => chain_at(disk, header, says.position)?,
            None => None,
        },
    };
    if found == Some(says.chain) {
        Ok(())
    } else {
        Err(StoreError::HistoryMissing {
            what: format!("record {} is not the one that a witness saw", says.position),
        })
    }
}
