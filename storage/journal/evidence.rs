//! What speaks for or against a journal's end: the index file, the bytes after the last record, the witnesses.

use super::format::{
    CHAIN_BYTES, Chain, Fault, RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader,
};
use super::index::{Index, Place};
use super::survey::{Stop, Survey, TornTail, records, refuse, segment_bytes};
use super::witness::Testimony;
use super::{Position, index_path, segment_path};
use crate::StoreError;
use crate::disk::{Disk, read_file};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Longest index file that is read.
const INDEX_BYTES_MAX: u64 = 1 << 32;

/// The index file as found.
#[derive(Default)]
pub(super) struct FoundIndex {
    /// Fits the segments.
    pub(super) usable: Option<Index>,
    /// What it testifies to, if it is whole: it was written of durable records only.
    pub(super) says: Option<Testimony>,
    /// What is wrong with it, if it is there and unusable.
    pub(super) fault: Option<String>,
}

/// Reads the index file and holds it against the segments. Damage is no error: the index can be rebuilt.
pub(super) fn find_index(
    disk: &dyn Disk,
    headers: &BTreeMap<u32, SegmentHeader>,
    history: u128,
) -> Result<FoundIndex, StoreError> {
    let none = FoundIndex::default();
    let fault = |fault: &str| {
        Ok(FoundIndex {
            fault: Some(fault.to_owned()),
            ..FoundIndex::default()
        })
    };
    let path = index_path();
    let bytes = match read_file(disk, &path, INDEX_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return fault("the index is longer than it can be"),
        Err(source) => return Err(StoreError::io("read", &path, source)),
    };
    let (found_history, index) = match Index::decode(&bytes) {
        Ok(found) => found,
        Err(newer @ Fault::Newer(_)) => return Err(refuse(&path, 0, newer)),
        Err(Fault::Bad(what)) => return fault(what),
    };
    if found_history != history {
        return fault("the index is of another history");
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
    Ok(FoundIndex {
        usable: continues.then_some(index),
        says: Some(testimony),
        fault: (!continues).then(|| "the index does not fit the segments".to_owned()),
    })
}

/// What lies after the last valid record of the last segment.
pub(super) fn judge_tail(
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
    let written = rest.get(..=last).unwrap_or_default();
    let mut at = first.saturating_sub(RECORD_HEADER_BYTES);
    while let Some(found) = written
        .get(at..)
        .and_then(|rest| rest.windows(4).position(|window| window == RECORD_MAGIC))
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

/// Whether the journal holds what a witness says it did.
pub(super) fn agree(
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
