//! Streams of domain events over a journal: encodes, seals, chains, and on loading verifies all of it.

mod event;
mod load;

use super::records::{key_row, not_written, seal_writes};
use super::{Appended, Commit, Loaded, Opened, PersonRecord, StreamStore};
use crate::audit::leaves::seal_leaves;
use crate::codec::{self, StoredBlob};
use crate::journal::{APPEND_BYTES_MAX, Append, EVENTS_PER_APPEND_MAX, Journal};
use crate::keyring::Keyring;
use crate::records::write_bytes;
use crate::seal::{self, KeyId};
use crate::{AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::audit::{Leaf, LeafOrigin, leaf_of};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{BlobId, CommandId, HistoryId, PatientId, Seq};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
pub(crate) use event::{EventPlace, chained, checkpoint_place, named_blob, open_blob, open_event, person_place};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Chain values kept per loaded stream, newest last, so that a checkpoint may lie some commits behind the head.
const RECENT_CHAINS: usize = 64;

type RecentChains = VecDeque<(Seq, [u8; 32])>;

/// The typed face of the journal.
#[derive(Clone)]
pub struct SealedStreams {
    journal: Arc<dyn Journal>,
    keyring: Arc<Keyring>,
    tips: Arc<Mutex<HashMap<StreamKey, RecentChains>>>,
}

/// A commit, sealed, and what to do once it is durable.
struct Prepared {
    append: Append,
    people: Vec<(BlobId, PersonRecord)>,
    /// Keys that this commit's records assign to patients.
    assigned: Vec<(PatientId, KeyId)>,
    head: Seq,
}

impl SealedStreams {
    /// Over these parts.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, keyring: Arc<Keyring>) -> Self {
        Self {
            journal,
            keyring,
            tips: Arc::default(),
        }
    }

    fn chain_at(&self, stream: StreamKey, seq: Seq) -> Option<[u8; 32]> {
        let tips = self.tips.lock();
        let known = tips.get(&stream)?.iter().rev().find(|(at, _)| *at == seq);
        known.map(|(_, chain)| *chain)
    }

    fn set_tip(&self, stream: StreamKey, seq: Seq, chain: [u8; 32], fresh: bool) {
        let mut tips = self.tips.lock();
        let known = tips.entry(stream).or_default();
        if fresh {
            known.clear();
        }
        known.push_back((seq, chain));
        if known.len() > RECENT_CHAINS {
            known.pop_front();
        }
    }

    fn seal_blob(
        &self,
        practice: u128,
        part: &PersonalPart,
        record: &mut dyn FnMut(PatientId, KeyId),
    ) -> Result<StoredBlob, StoreError> {
        let key = self.keyring.key_for(practice, part.patient.0)?;
        if !key.recorded {
            record(part.patient, key.key.id());
        }
        let plain = codec::encode(codec::PERSON, &part.person)?;
        let place = person_place(practice, part.patient, part.blob);
        let sealed = seal::seal(&key.key, self.keyring.entropy(), &place, &plain)?;
        Ok(StoredBlob {
            blob: part.blob,
            patient: part.patient,
            sealed: sealed.into(),
        })
    }

    fn prepare(&self, commit: Commit, chain: [u8; 32]) -> Result<Prepared, StoreError> {
        if commit.events.len() > EVENTS_PER_APPEND_MAX {
            return Err(AppendError::TooLarge.into());
        }
        let practice = commit.stream.practice().0;
        let own = self.keyring.practice_or_new(practice)?;
        let mut assigned = Vec::new();
        let mut blobs = Vec::with_capacity(commit.personal.len());
        for part in &commit.personal {
            let mut record = |patient, key| {
                if !assigned.contains(&(patient, key)) {
                    assigned.push((patient, key));
                }
            };
            blobs.push(self.seal_blob(practice, part, &mut record)?);
        }
        let mut chain = chain;
        let mut sealed_events = Vec::with_capacity(commit.events.len());
        let fence = self.journal.fence();
        for (index, recorded) in commit.events.iter().enumerate() {
            let last = index + 1 == commit.events.len();
            let own_blob = named_blob(&recorded.event);
            let named_later = |blob: BlobId| commit.events.iter().any(|other| named_blob(&other.event) == Some(blob));
            let carried: Vec<&StoredBlob> = blobs
                .iter()
                .filter(|stored| own_blob == Some(stored.blob) || (last && !named_later(stored.blob)))
                .collect();
            let place = EventPlace {
                stream: commit.stream,
                seq: recorded.seq,
                chain,
            };
            let sealed = event::seal_event(&own, self.keyring.entropy(), &place, fence, recorded, &carried)?;
            chain = chained(&chain, &sealed);
            sealed_events.push(Bytes::from(sealed));
        }
        let mut plain_writes = commit.writes;
        let leaves = leaves_of(commit.stream, &commit.events, &commit.origins);
        let jobs = if leaves.is_empty() {
            Vec::new()
        } else {
            let (job, month) = seal_leaves(&self.keyring, practice, &leaves)?;
            assigned.extend(month);
            vec![job]
        };
        plain_writes.extend(assigned.iter().map(|(subject, key)| key_row(practice, *subject, *key)));
        let sealed = seal_writes(&self.keyring, &plain_writes)?;
        assigned.extend(sealed.assigned.iter().map(|(_, patient, key)| (*patient, *key)));
        let bytes = sealed_events.iter().map(Bytes::len).sum::<usize>()
            + sealed.writes.iter().map(write_bytes).sum::<usize>()
            + jobs.iter().map(|job| job.body.len()).sum::<usize>();
        if bytes > APPEND_BYTES_MAX {
            return Err(AppendError::TooLarge.into());
        }
        Ok(Prepared {
            people: blobs.into_iter().zip(commit.personal).map(kept).collect(),
            assigned,
            head: commit.events.last().map_or(commit.expected, |last| last.seq),
            append: Append {
                stream: Some(commit.stream),
                fence,
                expected: commit.expected,
                events: sealed_events,
                chain,
                checks: Vec::new(),
                writes: sealed.writes,
                jobs,
            },
        })
    }

    async fn append_sealed(&self, commit: Commit) -> Result<Appended, AppendError> {
        let numbered = (commit.expected.saturating_add(1)..).zip(&commit.events);
        let dense = numbered.into_iter().all(|(seq, recorded)| recorded.seq == seq);
        let Some(chain) = self.chain_at(commit.stream, commit.expected).filter(|_| dense) else {
            // Not loaded here, or loaded anew since: the caller's state is not the head's.
            let head = self.journal.head(commit.stream).await;
            return Err(AppendError::Conflict {
                head: head.map_or(0, |head| head.seq),
            });
        };
        let stream = commit.stream;
        let prepared = self.prepare(commit, chain).map_err(not_written)?;
        let (head, chain) = (prepared.head, prepared.append.chain);
        let position = self.journal.append(prepared.append).await?;
        self.set_tip(stream, head, chain, false);
        let practice = stream.practice().0;
        for (patient, key) in prepared.assigned {
            self.keyring.recorded(practice, patient.0, key);
        }
        Ok(Appended {
            head,
            position,
            people: prepared.people,
        })
    }

    async fn keep_checkpoint(
        &self,
        stream: StreamKey,
        state: StreamState,
        people: BTreeMap<BlobId, PersonRecord>,
    ) -> Result<(), StoreError> {
        let seq = event::state_seq(&state);
        let Some(chain) = self.chain_at(stream, seq) else {
            tracing::debug!(seq, "no checkpoint: the chain value of its sequence is not at hand");
            return Ok(());
        };
        let own = self.keyring.practice(stream.practice().0)?;
        let given = people.into_iter().map(|(blob, record)| StoredBlob {
            blob,
            patient: record.patient,
            sealed: record.sealed,
        });
        let blobs = self.blobs_of(stream, &state, chain, given, &own).await?;
        let plain = codec::encode_checkpoint(&chain, &state, &blobs)?;
        let sealed = seal::seal(&own, self.keyring.entropy(), &checkpoint_place(stream, seq), &plain)?;
        self.journal.put_checkpoint(stream, seq, sealed.into()).await
    }
}

impl StreamStore for SealedStreams {
    fn load(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(self.load_verified(stream))
    }

    fn open(&self, stream: StreamKey) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(self.open_verified(stream))
    }

    fn look(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(self.look_back(stream))
    }

    fn append(&self, commit: Commit) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append_sealed(commit))
    }

    fn put_checkpoint(
        &self,
        stream: StreamKey,
        state: StreamState,
        people: BTreeMap<BlobId, PersonRecord>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.keep_checkpoint(stream, state, people))
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        self.journal.streams()
    }

    fn history(&self) -> HistoryId {
        HistoryId(self.journal.history())
    }
}

/// The leaves of a commit's acts, in order (law L10).
fn leaves_of(stream: StreamKey, events: &[Recorded<StreamEvent>], origins: &[(CommandId, LeafOrigin)]) -> Vec<Leaf> {
    let origin = |command: CommandId| {
        let known = origins.iter().find(|(known, _)| *known == command);
        known.map_or_else(LeafOrigin::default, |(_, origin)| origin.clone())
    };
    let leaf = |recorded: &Recorded<StreamEvent>| leaf_of(stream, recorded, || origin(recorded.command_id));
    events.iter().filter_map(leaf).collect()
}

/// A sealed blob together with what it says, for the cell.
fn kept((stored, part): (StoredBlob, PersonalPart)) -> (BlobId, PersonRecord) {
    let record = PersonRecord {
        patient: stored.patient,
        sealed: stored.sealed,
        person: Some(Arc::new(part.person)),
    };
    (stored.blob, record)
}
