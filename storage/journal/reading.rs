//! Reading records back: a stream's events, everything in order of position. Each record is verified against the chain
//! value before it; a record that does not hold is an error, never an answer.

use super::core::Core;
use super::format::{CHAIN_BYTES, Chain, RecordKind, SEGMENT_HEADER_BYTES, read_record};
use super::index::Run;
use super::survey::refuse;
use super::{Append, Entry, Head, Position, body, segment_path};
use crate::StoreError;
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use std::ops::ControlFlow;

impl Core {
    /// A stream's durable head.
    #[must_use]
    pub fn head(&self, stream: StreamKey) -> Head {
        self.index.read().head(stream, self.fence)
    }

    /// Every stream with at least one event, ascending.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamKey> {
        let index = self.index.read();
        let with_events = index.streams.iter().filter(|(_, stream)| stream.seq > 0);
        with_events.map(|(key, _)| *key).collect()
    }

    /// Events above `after`, ascending and gap-free, at most `limit`.
    ///
    /// # Errors
    /// `Corrupt` where a record does not hold or is missing; `Io`.
    pub fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, StoreError> {
        let (head, floor, runs) = {
            let index = self.index.read();
            let Some(found) = index.streams.get(&stream) else {
                return Ok(Vec::new());
            };
            let from = found
                .runs
                .partition_point(|run| run.first + Seq::from(run.events) <= after + 1);
            let needed = usize::try_from(found.seq.saturating_sub(after))
                .unwrap_or(usize::MAX)
                .min(limit);
            let runs: Vec<Run> = found.runs.range(from..).take(needed).copied().collect();
            (found.seq, found.floor, runs)
        };
        let mut events = Vec::new();
        if after < floor {
            self.read_old(stream, after, limit, &mut events)?;
        }
        for run in runs {
            if events.len() >= limit {
                break;
            }
            let append = self.read_run(stream, run)?;
            take(&append, after, limit, &mut events);
        }
        let mut expected = after;
        for (seq, _) in &events {
            expected += 1;
            if *seq != expected {
                return Err(StoreError::corrupt(
                    &segment_path(1),
                    0,
                    format!("event {expected} of a stream is missing"),
                ));
            }
        }
        if events.len() < limit && after < head && expected != head {
            return Err(StoreError::corrupt(
                &segment_path(1),
                0,
                format!("events after {expected} of a stream are missing"),
            ));
        }
        Ok(events)
    }

    fn read_run(&self, stream: StreamKey, run: Run) -> Result<Append, StoreError> {
        let path = segment_path(run.place.segment);
        let offset = u64::from(run.place.offset);
        let file = self.segments.file(run.place.segment)?;
        let mut bytes = vec![0; CHAIN_BYTES + run.bytes as usize];
        let read = file
            .read_at(&mut bytes, offset.saturating_sub(CHAIN_BYTES as u64))
            .map_err(|source| StoreError::io("read", &path, source))?;
        bytes.truncate(read);
        let corrupt = |what: &'static str| StoreError::corrupt(&path, offset, what);
        let (previous, record) = bytes
            .split_first_chunk::<CHAIN_BYTES>()
            .ok_or_else(|| corrupt("the record is cut off"))?;
        let found = read_record(record, self.history, previous).map_err(|fault| refuse(&path, offset, fault))?;
        let append = body::decode(found.body).ok_or_else(|| corrupt("the record's body is malformed"))?;
        if append.stream != Some(stream)
            || append.expected + 1 != run.first
            || append.events.len() != usize::from(run.events)
        {
            return Err(corrupt("another record lies where the index says"));
        }
        Ok(append)
    }

    /// Events whose places are no longer kept: reads segments from the first.
    fn read_old(
        &self,
        stream: StreamKey,
        after: Seq,
        limit: usize,
        events: &mut Vec<(Seq, Bytes)>,
    ) -> Result<(), StoreError> {
        let floor = self.index.read().streams.get(&stream).map_or(0, |found| found.floor);
        self.walk((0, Position::MAX), |_, append| {
            if append.stream == Some(stream) {
                take(&append, after, limit, events);
            }
            let last = append.expected + append.events.len() as Seq;
            if events.len() >= limit || (append.stream == Some(stream) && last >= floor) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    }

    /// Records above `after`, ascending, at most `limit`.
    ///
    /// # Errors
    /// `Corrupt` where a record does not hold; `Io`.
    pub fn follow(&self, after: Position, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        if limit == 0 {
            return Ok(entries);
        }
        let wanted = after.saturating_add(limit as Position);
        self.walk((after, wanted), |position, append| {
            entries.push(Entry { position, append });
            if entries.len() >= limit {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(entries)
    }

    pub(super) fn each_append(&self, mut see: impl FnMut(Position, Append)) -> Result<(), StoreError> {
        self.walk((0, Position::MAX), |position, append| {
            see(position, append);
            ControlFlow::Continue(())
        })
    }

    /// Durable records above `after` in order, until told to stop. No bytes far beyond record `wanted` are read.
    fn walk(
        &self,
        (after, wanted): (Position, Position),
        mut see: impl FnMut(Position, Append) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (end, end_place, mark, stop) = {
            let index = self.index.read();
            let stop = index
                .marks
                .range(wanted.saturating_add(1)..)
                .next()
                .map(|(_, place)| *place);
            (index.position, index.end, index.mark(after + 1), stop)
        };
        if after >= end {
            return Ok(());
        }
        let all = self.segments.all();
        let begin = all.iter().rposition(|(_, first)| *first <= after + 1).unwrap_or(0);
        let mut reached = 0;
        for (number, first) in all.get(begin..).unwrap_or_default() {
            if *first > end || reached >= end.min(wanted) {
                break;
            }
            let start = mark.filter(|(at, place)| place.segment == *number && *at <= after + 1);
            let (from, mut position) = start.map_or((SEGMENT_HEADER_BYTES, first - 1), |(at, place)| {
                (place.offset as usize, at - 1)
            });
            let last = all
                .get(begin..)
                .and_then(|rest| rest.iter().find(|(other, _)| other > number));
            let last = last.map_or(end, |(_, next)| next - 1).min(end);
            let upto = [stop, end_place]
                .into_iter()
                .flatten()
                .filter(|place| place.segment == *number);
            let upto = upto.map(|place| place.offset as usize).min();
            let last = if stop.is_some_and(|place| place.segment == *number) {
                last.min(wanted)
            } else {
                last
            };
            let done = self.walk_segment((*number, from, upto), (&mut position, last), after, &mut see)?;
            reached = position;
            if done.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn walk_segment(
        &self,
        (number, from, upto): (u32, usize, Option<usize>),
        (position, last): (&mut Position, Position),
        after: Position,
        see: &mut impl FnMut(Position, Append) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let path = segment_path(number);
        let bytes = self.bytes_from(number, from, upto)?;
        let Some((chain, rest)) = bytes.split_first_chunk::<CHAIN_BYTES>() else {
            return Err(StoreError::corrupt(&path, from as u64, "the segment is cut off"));
        };
        let mut chain: Chain = *chain;
        let mut offset = 0_usize;
        while *position < last {
            let at = (from + offset) as u64;
            let found = read_record(rest.get(offset..).unwrap_or_default(), self.history, &chain)
                .map_err(|fault| refuse(&path, at, fault))?;
            if found.header.position != *position + 1 {
                return Err(StoreError::corrupt(&path, at, "the record's position does not follow"));
            }
            *position += 1;
            chain = found.chain;
            offset += found.header.record_bytes();
            if *position <= after {
                continue;
            }
            let append = match found.header.kind {
                RecordKind::Append => body::decode(found.body)
                    .ok_or_else(|| StoreError::corrupt(&path, at, "the record's body is malformed"))?,
                RecordKind::Boot => start_entry(found.body),
            };
            if see(*position, append).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A segment's bytes from the chain value before `from` on, to `upto` or the end.
    fn bytes_from(&self, number: u32, from: usize, upto: Option<usize>) -> Result<Vec<u8>, StoreError> {
        let path = segment_path(number);
        let file = self.segments.file(number)?;
        let start = from.saturating_sub(CHAIN_BYTES);
        let failed = |source| StoreError::io("read", &path, source);
        let len = usize::try_from(file.len().map_err(failed)?).unwrap_or(usize::MAX);
        let len = upto.map_or(len, |upto| upto.min(len));
        let mut bytes = vec![0; len.saturating_sub(start)];
        let read = file.read_at(&mut bytes, start as u64).map_err(failed)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// The entry that stands for a process's start: nothing but its fence.
fn start_entry(body: &[u8]) -> Append {
    Append {
        stream: None,
        fence: body.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)),
        expected: 0,
        events: Vec::new(),
        chain: [0; CHAIN_BYTES],
        checks: Vec::new(),
        writes: Vec::new(),
        jobs: Vec::new(),
    }
}

fn take(append: &Append, after: Seq, limit: usize, events: &mut Vec<(Seq, Bytes)>) {
    for (seq, event) in (append.expected + 1..).zip(&append.events) {
        if seq > after && events.len() < limit {
            events.push((seq, event.clone()));
        }
    }
}
