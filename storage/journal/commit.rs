//! One group commit: appends are checked in order, also against earlier ones of the same group; what passes is written
//! with one write and one sync; then, and only then, it is indexed, published and answered.

use super::body::{self, Facts};
use super::core::{Core, Group, Writer};
use super::format::{RECORD_FRAME_BYTES, RecordKind, SEGMENT_HEADER_BYTES};
use super::index::Place;
use super::{Append, Fence, Position, RecordKey};
use crate::records::{RecordIndex, write_bytes};
use crate::{AppendError, StoreError};
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An append on its way: which one, where it goes.
struct Pending {
    number: usize,
    position: Position,
    chain: super::format::Chain,
    place: Place,
    bytes: usize,
    facts: Facts,
}

/// What earlier appends of the group will have changed.
#[derive(Default)]
struct Ahead {
    heads: HashMap<StreamKey, (Seq, Fence)>,
    records: HashMap<RecordKey, Position>,
    pending: Vec<Pending>,
}

type Outcome = Result<Position, AppendError>;

impl Core {
    /// Commits appends in order, with as few syncs as segments allow. Answers one outcome each.
    pub fn commit(&self, appends: &[Append]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = appends.iter().map(|_| Err(AppendError::Unknown)).collect();
        let mut writer = self.writer.lock();
        if self.stopped().is_some() || Self::is_closed(&writer) {
            return outcomes;
        }
        let has_space = self.has_space();
        let mut ahead = Ahead::default();
        let mut group = Group::after(&writer);
        for (number, append) in appends.iter().enumerate() {
            let checked = if has_space {
                self.encode(append)
                    .and_then(|body| Ok((body, self.check(append, &ahead)?)))
            } else {
                Err(AppendError::StorageFull)
            };
            let added = checked.and_then(|(body, records)| {
                self.add(
                    &mut writer,
                    (&mut group, &mut ahead),
                    (number, &body, append, appends),
                    &mut outcomes,
                )
                .inspect_err(|_| give_back(records.as_ref(), append))
            });
            if let Err(refused) = added {
                if matches!(refused, AppendError::StorageFull) {
                    self.counters.refused_full.fetch_add(1, Ordering::Relaxed);
                }
                if let Some(outcome) = outcomes.get_mut(number) {
                    *outcome = Err(refused);
                }
            }
            if self.stopped().is_some() {
                return outcomes;
            }
        }
        self.flush(&mut writer, (&mut group, &mut ahead), appends, &mut outcomes);
        outcomes
    }

    /// The append's body, if it is within bounds and fits any segment.
    fn encode(&self, append: &Append) -> Result<Vec<u8>, AppendError> {
        let whole = |body: &Vec<u8>| body.len() + RECORD_FRAME_BYTES + SEGMENT_HEADER_BYTES;
        body::encode_bounded(append)
            .filter(|body| whole(body) <= self.options.segment_bytes as usize)
            .ok_or(AppendError::TooLarge)
    }

    /// Whether the append may be made after those ahead of it. Admits its writes to the record index.
    fn check(&self, append: &Append, ahead: &Ahead) -> Result<Option<Arc<dyn RecordIndex>>, AppendError> {
        if let Some(stream) = append.stream {
            let found = self.index.read().head(stream, self.fence);
            let (seq, fence) = ahead.heads.get(&stream).copied().unwrap_or((found.seq, found.fence));
            if append.fence < fence {
                return Err(AppendError::Fenced { current: fence });
            }
            if append.expected != seq {
                return Err(AppendError::Conflict { head: seq });
            }
        }
        if append.checks.is_empty() && append.writes.is_empty() {
            return Ok(None);
        }
        let records = self.records().map_err(|error| {
            tracing::error!(%error, "failed to read the versions of records");
            AppendError::Busy
        })?;
        for check in &append.checks {
            let version = match ahead.records.get(&check.key) {
                Some(position) => *position,
                None => records.version(&check.key)?,
            };
            if version != check.version {
                return Err(AppendError::CheckFailed);
            }
        }
        if !append.writes.is_empty() && !records.admit(append.writes.iter().map(write_bytes).sum()) {
            return Err(AppendError::Busy);
        }
        Ok(Some(records))
    }

    /// Adds a checked append to the group, going on to the next segment first if it has no room.
    fn add(
        &self,
        writer: &mut Writer,
        (group, ahead): (&mut Group, &mut Ahead),
        (number, body, append, appends): (usize, &[u8], &Append, &[Append]),
        outcomes: &mut [Outcome],
    ) -> Result<(), AppendError> {
        let facts = body::decode_facts(body).ok_or(AppendError::TooLarge)?;
        let bytes = body.len() + RECORD_FRAME_BYTES;
        if (group.bytes.len() + bytes) as u64 > writer.room() {
            self.flush(writer, (group, ahead), appends, outcomes);
            if self.stopped().is_some() {
                return Err(AppendError::Unknown);
            }
            self.roll(writer).map_err(|error| {
                if matches!(error, StoreError::Unwritable { .. }) {
                    AppendError::StorageFull
                } else {
                    AppendError::Unknown
                }
            })?;
            *group = Group::after(writer);
        }
        let mut place = writer.place();
        place.offset += u32::try_from(group.bytes.len()).unwrap_or(u32::MAX);
        group.add(RecordKind::Append, self.history, body);
        ahead.take_in(append, group.position);
        ahead.pending.push(Pending {
            number,
            position: group.position,
            chain: group.chain,
            place,
            bytes,
            facts,
        });
        Ok(())
    }

    /// Writes and syncs the group, indexes and publishes it, sets its outcomes, begins the next.
    fn flush(
        &self,
        writer: &mut Writer,
        (group, ahead): (&mut Group, &mut Ahead),
        appends: &[Append],
        outcomes: &mut [Outcome],
    ) {
        if ahead.pending.is_empty() {
            return;
        }
        // On failure the outcomes stay Unknown: the bytes may or may not be there.
        if self.write(writer, group).is_err() {
            return;
        }
        let mut index = self.index.write();
        for pending in &ahead.pending {
            let taken = index.add(
                pending.position,
                pending.chain,
                pending.place,
                pending.bytes,
                Some(&pending.facts),
            );
            debug_assert!(taken, "a checked append continues its stream");
        }
        drop(index);
        for pending in ahead.pending.drain(..) {
            if let Some(append) = appends.get(pending.number) {
                self.publish(pending.position, &append.writes);
            }
            if let Some(outcome) = outcomes.get_mut(pending.number) {
                *outcome = Ok(pending.position);
            }
        }
        self.counters.position.store(group.position, Ordering::Release);
        *ahead = Ahead::default();
        *group = Group::after(writer);
    }
}

impl Ahead {
    fn take_in(&mut self, append: &Append, position: Position) {
        if let Some(stream) = append.stream {
            let head = append.expected + append.events.len() as u64;
            self.heads.insert(stream, (head, append.fence));
        }
        for write in &append.writes {
            let version = if write.value.is_some() { position } else { 0 };
            self.records.insert(write.key.clone(), version);
        }
    }
}

fn give_back(records: Option<&Arc<dyn RecordIndex>>, append: &Append) {
    if let Some(records) = records
        && !append.writes.is_empty()
    {
        records.release(append.writes.iter().map(write_bytes).sum());
    }
}
