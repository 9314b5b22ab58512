//! A journal in memory: compare-and-set, fences, checks, positions and checkpoints exactly as the file journal has them.
//! [`MemoryJournal::reopened`] is a restart: the same content under the next fence.

use crate::journal::{APPEND_BYTES_MAX, Append, EVENTS_PER_APPEND_MAX, Entry, Fence, Head, Journal, Position};
use crate::records::{RecordIndex, write_bytes};
use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

/// The journal.
pub struct MemoryJournal {
    content: Arc<Mutex<Content>>,
    index: Arc<dyn RecordIndex>,
    fence: Fence,
    history: u128,
}

#[derive(Default)]
struct Content {
    entries: Vec<Append>,
    streams: BTreeMap<StreamKey, Stream>,
    fence: Fence,
    closed: bool,
}

#[derive(Default)]
struct Stream {
    events: Vec<Bytes>,
    chain: [u8; 32],
    fence: Fence,
    checkpoint: Option<(Seq, Bytes)>,
    former: Option<(Seq, Bytes)>,
}

impl Stream {
    fn head(&self) -> Head {
        Head {
            seq: Seq::try_from(self.events.len()).unwrap_or(Seq::MAX),
            chain: self.chain,
            fence: self.fence,
        }
    }
}

/// Bytes of one append against [`APPEND_BYTES_MAX`].
fn append_bytes(append: &Append) -> usize {
    let events: usize = append.events.iter().map(Bytes::len).sum();
    let writes: usize = append.writes.iter().map(write_bytes).sum();
    let jobs: usize = append.jobs.iter().map(|job| job.body.len()).sum();
    events + writes + jobs
}

impl Content {
    fn position(&self) -> Position {
        Position::try_from(self.entries.len()).unwrap_or(Position::MAX)
    }

    fn check(&mut self, append: &Append, index: &dyn RecordIndex) -> Result<(), AppendError> {
        if self.closed {
            return Err(AppendError::Busy);
        }
        if append.events.len() > EVENTS_PER_APPEND_MAX || append_bytes(append) > APPEND_BYTES_MAX {
            return Err(AppendError::TooLarge);
        }
        if let Some(key) = append.stream {
            let head = self.streams.entry(key).or_default().head();
            if append.fence < head.fence {
                return Err(AppendError::Fenced { current: head.fence });
            }
            if append.expected != head.seq {
                return Err(AppendError::Conflict { head: head.seq });
            }
        }
        for check in &append.checks {
            if index.version(&check.key)? != check.version {
                return Err(AppendError::CheckFailed);
            }
        }
        Ok(())
    }

    fn append(&mut self, append: Append, index: &dyn RecordIndex) -> Result<Position, AppendError> {
        self.check(&append, index)?;
        if !index.admit(append.writes.iter().map(write_bytes).sum()) {
            return Err(AppendError::Busy);
        }
        if let Some(key) = append.stream {
            let stream = self.streams.entry(key).or_default();
            stream.events.extend(append.events.iter().cloned());
            stream.chain = append.chain;
            stream.fence = append.fence;
        }
        self.entries.push(append);
        let position = self.position();
        if let Some(last) = self.entries.last() {
            index.committed(position, &last.writes);
        }
        Ok(position)
    }
}

impl MemoryJournal {
    /// An empty journal of this history that reports its writes to `index`.
    #[must_use]
    pub fn new(history: u128, index: Arc<dyn RecordIndex>) -> Self {
        let content = Content {
            fence: 1,
            ..Content::default()
        };
        Self {
            content: Arc::new(Mutex::new(content)),
            index,
            fence: 1,
            history,
        }
    }

    /// The same content as a later process finds it: the next fence, another index. The former one goes on living, as
    /// a process that has not noticed would.
    #[must_use]
    pub fn reopened(&self, index: Arc<dyn RecordIndex>) -> Self {
        let mut content = self.content.lock();
        content.fence += 1;
        content.closed = false;
        Self {
            content: self.content.clone(),
            index,
            fence: content.fence,
            history: self.history,
        }
    }

    /// Changes one stored event, as damage would: for tests of what notices it.
    pub fn damage(&self, stream: StreamKey, seq: Seq, change: impl FnOnce(&mut Vec<u8>)) {
        let mut content = self.content.lock();
        let at = usize::try_from(seq.saturating_sub(1)).unwrap_or(usize::MAX);
        let event = content
            .streams
            .get_mut(&stream)
            .and_then(|stream| stream.events.get_mut(at));
        if let Some(event) = event {
            let mut bytes = event.to_vec();
            change(&mut bytes);
            *event = bytes.into();
        }
    }
}

impl Journal for MemoryJournal {
    fn fence(&self) -> Fence {
        self.fence
    }

    fn history(&self) -> u128 {
        self.history
    }

    fn claim(&self, stream: StreamKey, fence: Fence) -> BoxFuture<'_, Result<Head, StoreError>> {
        let mut content = self.content.lock();
        let stream = content.streams.entry(stream).or_default();
        if fence < stream.fence {
            let current = stream.fence;
            return Box::pin(ready(Err(AppendError::Fenced { current }.into())));
        }
        stream.fence = fence;
        Box::pin(ready(Ok(stream.head())))
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Position, AppendError>> {
        Box::pin(async move { self.content.lock().append(append, self.index.as_ref()) })
    }

    fn head(&self, stream: StreamKey) -> BoxFuture<'_, Result<Head, StoreError>> {
        let content = self.content.lock();
        let head = content
            .streams
            .get(&stream)
            .map_or_else(|| Stream::default().head(), Stream::head);
        Box::pin(ready(Ok(head)))
    }

    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>> {
        let content = self.content.lock();
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        let found = content.streams.get(&stream).map_or_else(Vec::new, |stream| {
            let numbered = (1..).zip(stream.events.iter().cloned());
            numbered.skip(skip).take(limit).collect()
        });
        Box::pin(ready(Ok(found)))
    }

    fn follow(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        let content = self.content.lock();
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        let numbered = (1..).zip(content.entries.iter().cloned());
        let entry = |(position, append)| Entry { position, append };
        let found = numbered.skip(skip).take(limit).map(entry).collect();
        Box::pin(ready(Ok(found)))
    }

    fn position(&self) -> Position {
        self.content.lock().position()
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        let content = self.content.lock();
        let with_events = content.streams.iter().filter(|(_, stream)| !stream.events.is_empty());
        let keys = with_events.map(|(key, _)| *key).collect();
        Box::pin(ready(Ok(keys)))
    }

    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut content = self.content.lock();
        let stream = content.streams.entry(stream).or_default();
        let newest = stream.checkpoint.as_ref().map_or(0, |(seq, _)| *seq);
        if at <= stream.head().seq && at >= newest {
            stream.former = stream.checkpoint.replace((at, sealed));
        }
        Box::pin(ready(Ok(())))
    }

    fn checkpoint(&self, stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>> {
        let content = self.content.lock();
        let found = content
            .streams
            .get(&stream)
            .and_then(|stream| stream.checkpoint.clone());
        Box::pin(ready(Ok(found)))
    }

    fn former_checkpoint(&self, stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>> {
        let content = self.content.lock();
        let found = content.streams.get(&stream).and_then(|stream| stream.former.clone());
        Box::pin(ready(Ok(found)))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.content.lock().closed = true;
        Box::pin(ready(Ok(())))
    }
}
