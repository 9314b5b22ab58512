//! Loading a stream: claim, newest checkpoint that opens, and the tail, verified against the chain up to the head.

use super::event::check_blob;
use super::{EventPlace, SealedStreams, chained, checkpoint_place, event, named_blob, open_blob, open_event};
use crate::StoreError;
use crate::codec::{self, StoredBlob};
use crate::journal::Head;
use crate::seal::{self, SealKey};
use crate::store::{Loaded, Opened};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{BlobId, HistoryId, Seq};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use std::collections::BTreeMap;

/// Most events handed out as the tail; older ones go into its base.
const TAIL_EVENTS_MAX: u64 = 512;
/// Fewest events that a look back wants behind the head where an older checkpoint gives them: resumption rings.
const TAIL_EVENTS_WANTED: u64 = 128;
/// Events read from the journal at once.
const PAGE_EVENTS: usize = 256;

/// Where a replay starts.
struct Start {
    state: StreamState,
    seq: Seq,
    chain: [u8; 32],
    blobs: Vec<StoredBlob>,
}

/// A state at the head with what it was made of.
struct Replayed {
    state: StreamState,
    tail_base: StreamState,
    tail: Vec<Recorded<StreamEvent>>,
    blobs: BTreeMap<BlobId, StoredBlob>,
    /// Sequence of the checkpoint; 0 without one.
    from: Seq,
}

impl Start {
    fn empty(stream: StreamKey) -> Self {
        Self {
            state: StreamState::empty(stream),
            seq: 0,
            chain: [0; 32],
            blobs: Vec::new(),
        }
    }
}

fn corrupt(stream: StreamKey, seq: Seq, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt {
        path: format!("stream {}", hex::encode(stream.bytes())).into(),
        offset: seq,
        what: what.into(),
    }
}

fn lost(stream: StreamKey, seq: Seq, blob: BlobId) -> StoreError {
    corrupt(stream, seq, format!("blob {blob} is named and not stored"))
}

/// A checkpoint, if it opens and is what its name says.
fn opened_checkpoint(
    stream: StreamKey,
    head: Seq,
    own: &SealKey,
    (seq, sealed): (Seq, &[u8]),
) -> Result<Option<Start>, StoreError> {
    let plain = seal::open(own, &checkpoint_place(stream, seq), sealed).ok();
    let decoded = plain.map(|plain| codec::decode_checkpoint(&plain)).transpose();
    let opened = match decoded {
        // No damage: a newer build wrote it, and what it knows may not be passed over.
        Err(newer @ StoreError::NewerFormat { .. }) => {
            let name = format!("checkpoint {seq} of stream {}", hex::encode(stream.bytes()));
            return Err(newer.in_file(name.as_ref()));
        }
        decoded => decoded.ok().flatten(),
    };
    let opened = opened.filter(|record| seq <= head && event::state_seq(&record.state) == seq);
    Ok(opened.map(|record| Start {
        state: record.state,
        seq,
        chain: record.chain,
        blobs: record.blobs,
    }))
}

/// What an offline check of one stream found in order.
pub(crate) struct StreamFound {
    pub(crate) events: u64,
    /// Whether there is a checkpoint.
    pub(crate) checkpoint: bool,
    pub(crate) people: usize,
    pub(crate) people_forgotten: usize,
}

impl SealedStreams {
    /// Replays the whole stream, opens every blob in it, checks the agenda's invariants, and holds the newest
    /// checkpoint against the replay.
    pub(crate) async fn verify(&self, stream: StreamKey) -> Result<StreamFound, StoreError> {
        let head = self.journal.head(stream).await?;
        let own = self.keyring.practice(stream.practice().0)?;
        let whole = self.replay(stream, head, &own, (Start::empty(stream), true)).await?;
        let stored = self.journal.checkpoint(stream).await?;
        let opened = self.newest_checkpoint(stream, head.seq, &own).await?;
        if let Some((seq, _)) = &stored {
            let start = opened.ok_or_else(|| corrupt(stream, *seq, "its checkpoint does not open"))?;
            let from_checkpoint = self.replay(stream, head, &own, (start, true)).await?;
            if from_checkpoint.state != whole.state {
                return Err(corrupt(stream, *seq, "its checkpoint is not what the events make"));
            }
        }
        if let StreamState::Agenda(agenda) = &whole.state
            && let Some(violation) = cabinet_domain::invariants::check(agenda).first()
        {
            let what = format!("invariant {} is broken: {violation:?}", violation.id());
            return Err(corrupt(stream, head.seq, what));
        }
        let mut found = StreamFound {
            events: head.seq,
            checkpoint: stored.is_some(),
            people: 0,
            people_forgotten: 0,
        };
        for (_, stored) in whole.blobs {
            let opened = open_blob(&self.keyring, stream.practice().0, stored)?;
            found.people += usize::from(opened.person.is_some());
            found.people_forgotten += usize::from(opened.person.is_none());
        }
        Ok(found)
    }

    /// Claims, verifies, and keeps the state alone.
    pub(super) async fn open_verified(&self, stream: StreamKey) -> Result<Opened, StoreError> {
        let head = self.journal.claim(stream, self.journal.fence()).await?;
        let (state, checkpoint) = if head.seq == 0 {
            (StreamState::empty(stream), 0)
        } else {
            let own = self.keyring.practice(stream.practice().0)?;
            let replayed = self.replay_from_checkpoint(stream, head, &own, (0, false)).await?;
            for blob in event::state_blobs(&replayed.state) {
                let stored = replayed.blobs.get(&blob).ok_or_else(|| lost(stream, head.seq, blob))?;
                check_blob(&self.keyring, stream.practice().0, stored)?;
            }
            (replayed.state, replayed.from)
        };
        self.set_tip(stream, head.seq, head.chain, true);
        Ok(Opened {
            state,
            checkpoint,
            history: HistoryId(self.journal.history()),
        })
    }

    pub(super) async fn load_verified(&self, stream: StreamKey) -> Result<Loaded, StoreError> {
        let head = self.journal.claim(stream, self.journal.fence()).await?;
        let loaded = self.load_at(stream, head, 0).await?;
        self.set_tip(stream, head.seq, head.chain, true);
        Ok(loaded)
    }

    /// Loads without claiming, with a tail for resumption rings.
    pub(super) async fn look_back(&self, stream: StreamKey) -> Result<Loaded, StoreError> {
        let head = self.journal.head(stream).await?;
        self.load_at(stream, head, TAIL_EVENTS_WANTED).await
    }

    async fn load_at(&self, stream: StreamKey, head: Head, wanted: u64) -> Result<Loaded, StoreError> {
        let replayed = if head.seq == 0 {
            let state = StreamState::empty(stream);
            Replayed {
                tail_base: state.clone(),
                state,
                tail: Vec::new(),
                blobs: BTreeMap::new(),
                from: 0,
            }
        } else {
            let own = self.keyring.practice(stream.practice().0)?;
            self.replay_from_checkpoint(stream, head, &own, (wanted, true)).await?
        };
        let practice = stream.practice().0;
        let live = event::state_blobs(&replayed.state);
        let in_tail: Vec<BlobId> = replayed.tail.iter().filter_map(|one| named_blob(&one.event)).collect();
        let mut people = BTreeMap::new();
        for (blob, stored) in replayed.blobs {
            if live.contains(&blob) || in_tail.contains(&blob) {
                people.insert(blob, open_blob(&self.keyring, practice, stored)?);
            }
        }
        if let Some(lost) = live.iter().find(|blob| !people.contains_key(blob)) {
            return Err(self::lost(stream, head.seq, *lost));
        }
        Ok(Loaded {
            state: replayed.state,
            tail_base: replayed.tail_base,
            tail: replayed.tail,
            people,
            head: head.seq,
            history: HistoryId(self.journal.history()),
        })
    }

    /// The sealed blobs that a state at a known chain value names: the given ones, and from what is stored those that lack.
    pub(super) async fn blobs_of(
        &self,
        stream: StreamKey,
        state: &StreamState,
        chain: [u8; 32],
        given: impl Iterator<Item = StoredBlob>,
        own: &SealKey,
    ) -> Result<Vec<StoredBlob>, StoreError> {
        let named = event::state_blobs(state);
        let mut blobs: BTreeMap<BlobId, StoredBlob> = given
            .filter(|stored| named.contains(&stored.blob))
            .map(|stored| (stored.blob, stored))
            .collect();
        let seq = event::state_seq(state);
        if blobs.len() < named.len()
            && let Some(former) = self.newest_checkpoint(stream, seq, own).await?
        {
            let stored = former.blobs.into_iter().filter(|stored| named.contains(&stored.blob));
            blobs.extend(stored.map(|stored| (stored.blob, stored)));
        }
        if blobs.len() < named.len() {
            let head = Head {
                seq,
                chain,
                fence: self.journal.fence(),
            };
            let replayed = self.replay_from_checkpoint(stream, head, own, (0, false)).await?;
            let stored = replayed.blobs.into_iter().filter(|(blob, _)| named.contains(blob));
            blobs.extend(stored);
        }
        match named.iter().find(|blob| !blobs.contains_key(blob)) {
            Some(blob) => Err(lost(stream, seq, *blob)),
            None => Ok(blobs.into_values().collect()),
        }
    }

    /// From a checkpoint with `wanted` events after it where there is one, else from the newest; `keep`: with the tail.
    async fn replay_from_checkpoint(
        &self,
        stream: StreamKey,
        head: Head,
        own: &SealKey,
        (wanted, keep): (u64, bool),
    ) -> Result<Replayed, StoreError> {
        let newest = self.newest_checkpoint(stream, head.seq, own).await?;
        let mut starts = Vec::new();
        if let Some(newest) = &newest
            && head.seq.saturating_sub(newest.seq) < wanted
        {
            starts.extend(self.earlier(stream, newest.seq, own).await?);
        }
        starts.extend(newest);
        for start in starts {
            match self.replay(stream, head, own, (start, keep)).await {
                // A checkpoint that opens but does not meet the chain is of another history: the events decide.
                Err(StoreError::Corrupt { what, .. }) => {
                    tracing::warn!(
                        what,
                        "the stream does not follow from its checkpoint; going further back"
                    );
                }
                other => return other,
            }
        }
        self.replay(stream, head, own, (Start::empty(stream), keep)).await
    }

    /// A start before the newest checkpoint: the one kept before it, or the beginning while that is near.
    async fn earlier(&self, stream: StreamKey, newest: Seq, own: &SealKey) -> Result<Option<Start>, StoreError> {
        let former = self.journal.former_checkpoint(stream).await?;
        Ok(match former {
            Some((seq, sealed)) => opened_checkpoint(stream, newest, own, (seq, &sealed))?,
            None => (newest <= TAIL_EVENTS_MAX).then(|| Start::empty(stream)),
        })
    }

    async fn newest_checkpoint(
        &self,
        stream: StreamKey,
        head: Seq,
        own: &SealKey,
    ) -> Result<Option<Start>, StoreError> {
        let Some((seq, sealed)) = self.journal.checkpoint(stream).await? else {
            return Ok(None);
        };
        let opened = opened_checkpoint(stream, head, own, (seq, &sealed))?;
        if opened.is_none() {
            tracing::warn!(seq, "a checkpoint does not open; replaying the stream");
        }
        Ok(opened)
    }

    /// Events after `start` up to the head; `keep`: the last ones as a tail, else all go into the state.
    async fn replay(
        &self,
        stream: StreamKey,
        head: Head,
        own: &SealKey,
        (start, keep): (Start, bool),
    ) -> Result<Replayed, StoreError> {
        let from = start.seq;
        let mut blobs: BTreeMap<BlobId, StoredBlob> =
            start.blobs.into_iter().map(|stored| (stored.blob, stored)).collect();
        let (mut seq, mut chain) = (start.seq, start.chain);
        let mut tail_base = start.state;
        let mut tail = Vec::new();
        // Events up to here go into the base without being kept.
        let base_until = head.seq.saturating_sub(if keep { TAIL_EVENTS_MAX } else { 0 });
        while seq < head.seq {
            let page = self.journal.read(stream, seq, PAGE_EVENTS).await?;
            if page.is_empty() {
                return Err(corrupt(stream, seq, "events are missing before the head"));
            }
            for (at, stored) in page {
                if at != seq.saturating_add(1) {
                    return Err(corrupt(stream, at, "the sequence has a hole"));
                }
                if at > head.seq {
                    break;
                }
                let place = EventPlace { stream, seq: at, chain };
                let record = open_event(own, &place, &stored).map_err(|why| corrupt(stream, at, why))?;
                chain = chained(&chain, &stored);
                seq = at;
                blobs.extend(record.blobs.into_iter().map(|stored| (stored.blob, stored)));
                if at <= base_until {
                    tail_base.take_in(record.recorded);
                } else {
                    tail.push(record.recorded);
                }
            }
        }
        if chain != head.chain {
            return Err(corrupt(stream, seq, "the chain does not end at the head"));
        }
        let (mut state, tail_base) = if keep {
            (tail_base.clone(), tail_base)
        } else {
            (tail_base, StreamState::empty(stream))
        };
        for recorded in &tail {
            state.apply(recorded);
        }
        Ok(Replayed {
            from,
            state,
            tail_base,
            tail,
            blobs,
        })
    }
}
