//! The offline check of a stopped store's journal: every segment, record, chain value and stream sequence, the index
//! file against what was read, every checkpoint file, the witnesses. Reads only.

use super::checkpoints::{Checkpoints, load};
use super::evidence::find_index;
use super::format::RecordKind;
use super::index::Index;
use super::survey::{Survey, headers, refuse, survey};
use super::{Position, WITNESS_FILE, body, index_path, segment_path, witness};
use crate::StoreError;
use crate::disk::Disk;
use std::path::{Path, PathBuf};

/// What the check found; everything in it is in order. What is not is an error instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalReport {
    /// The store's history.
    pub history: u128,
    /// Segments.
    pub segments: usize,
    /// Last record.
    pub position: Position,
    /// Streams with events.
    pub streams: usize,
    /// Events in all streams.
    pub events: u64,
    /// A torn tail that the next opening cuts: file, offset, bytes. It was never acknowledged.
    pub torn_tail: Option<(PathBuf, u64, u64)>,
    /// Record writes in all commits: no fewer than there are rows.
    pub writes: u64,
    /// Checkpoint files.
    pub checkpoints: usize,
    /// What the newest witness saw.
    pub witnessed: Position,
    /// Witness slots that a power cut tore while the other slot held; the next opening writes them anew.
    pub witness_slots_damaged: usize,
    /// Up to where the index file reaches; the next opening reads the rest.
    pub indexed: Position,
}

/// Checks a stopped store's journal without changing anything.
///
/// # Errors
/// `Corrupt` naming file and offset; `HistoryMissing` when the journal ends before a witness or is not there;
/// `NewerFormat`; `Io`.
pub fn verify_journal(disk: &dyn Disk, second_witness: Option<&Path>) -> Result<JournalReport, StoreError> {
    let path = Path::new(WITNESS_FILE);
    let first = witness::read(disk, path)?;
    let second = second_witness.map_or_else(|| Ok(witness::Read::default()), |path| witness::read(disk, path))?;
    let says: Vec<_> = first.newest.iter().chain(&second.newest).copied().collect();
    let mut writes = 0;
    let found = survey(disk, &says, false, &mut |place, record| {
        let append = match record.header.kind {
            RecordKind::Append => body::decode(record.body),
            RecordKind::Boot => return Ok(()),
        };
        let append = append.ok_or_else(|| {
            let what = "the record's body is malformed";
            StoreError::corrupt(&segment_path(place.segment), u64::from(place.offset), what)
        })?;
        writes += append.writes.len() as u64;
        Ok(())
    })?;
    let found = found.ok_or_else(|| StoreError::HistoryMissing {
        what: "there is no journal".to_owned(),
    })?;
    // Opening writes the witness before the first append: only a store that died at its first start has none.
    if first.newest.is_none() && (found.index.position > 1 || first.damaged > 0) {
        return Err(StoreError::corrupt(path, 0, "no slot of the witness can be read"));
    }
    if let Some(path) = second_witness.filter(|_| second.newest.is_none() && second.damaged > 0) {
        return Err(StoreError::corrupt(
            path,
            0,
            "no slot of the second witness can be read",
        ));
    }
    let indexed = check_index(disk, &found)?;
    let checkpoints = check_checkpoints(disk, &found)?;
    let streams = found.index.streams.values().filter(|stream| stream.seq > 0);
    Ok(JournalReport {
        history: found.history,
        segments: found.segments.len(),
        position: found.index.position,
        streams: streams.clone().count(),
        events: streams.map(|stream| stream.seq).sum(),
        torn_tail: found
            .torn
            .as_ref()
            .map(|torn| (segment_path(found.end.segment), torn.from, torn.to - torn.from)),
        writes,
        checkpoints,
        witnessed: says.iter().map(|says| says.position).max().unwrap_or(0),
        witness_slots_damaged: first.damaged + second.damaged,
        indexed,
    })
}

/// Holds the index file against what the segments say.
fn check_index(disk: &dyn Disk, found: &Survey) -> Result<Position, StoreError> {
    let path = index_path();
    if let Some(fault) = &found.index_fault {
        return Err(StoreError::corrupt(&path, 0, fault.clone()));
    }
    let headers = headers(disk)?.unwrap_or_default();
    let Some(index) = find_index(disk, &headers, found.history)?.usable else {
        return Ok(0);
    };
    if !is_part_of(&index, &found.index) {
        return Err(StoreError::corrupt(
            &path,
            0,
            "the index does not say what the segments say",
        ));
    }
    Ok(index.position)
}

fn is_part_of(index: &Index, whole: &Index) -> bool {
    let marks_agree = index
        .marks
        .iter()
        .all(|(position, place)| whole.marks.get(position) == Some(place));
    let streams_agree = index
        .streams
        .iter()
        .filter(|(_, stream)| stream.seq > 0)
        .all(|(key, stream)| {
            whole.streams.get(key).is_some_and(|all| {
                let from = all.runs.partition_point(|run| run.first <= stream.floor);
                stream.seq <= all.seq
                    && stream.runs.iter().eq(all.runs.range(from..).take(stream.runs.len()))
                    && stream
                        .runs
                        .back()
                        .map_or(stream.floor, |run| run.first + u64::from(run.events) - 1)
                        == stream.seq
            })
        });
    marks_agree && streams_agree
}

fn check_checkpoints(disk: &dyn Disk, found: &Survey) -> Result<usize, StoreError> {
    let all = Checkpoints::list(disk)?.all();
    for (stream, at) in &all {
        load(disk, found.history, *stream, *at).map_err(|(path, fault)| refuse(&path, 0, fault))?;
        let head = found.index.streams.get(stream).map_or(0, |stream| stream.seq);
        if *at > head {
            return Err(StoreError::HistoryMissing {
                what: format!("a checkpoint is at event {at} of a stream whose journal ends at {head}"),
            });
        }
    }
    Ok(all.len())
}
