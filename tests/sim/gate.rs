//! A journal that holds appends back until the world lets them through, several of several agendas in one group; and some it
//! writes only after their sender was told that the outcome is unknown. What is let through is done by the real journal.

use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use cabinet_storage::journal::{Append, Entry, Fence, Head, InlineJournal, Journal, Position};
use cabinet_storage::{Answer, AppendError, BoxFuture};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;

type Written = Result<Position, AppendError>;

#[derive(Default)]
struct Held {
    waiting: Vec<(u64, Append)>,
    /// Given up by their senders, and written at the next opportunity.
    late: Vec<Append>,
    outcomes: BTreeMap<u64, Written>,
    numbers: u64,
}

/// See the head of this file.
pub(crate) struct Gate {
    inner: Arc<InlineJournal>,
    held: Mutex<Held>,
}

impl Gate {
    /// In front of `inner`.
    #[must_use]
    pub(crate) fn new(inner: Arc<InlineJournal>) -> Self {
        Self {
            inner,
            held: Mutex::default(),
        }
    }

    /// Lets everything that waits through as one group, after what is late. `gives_up` says of each one whether its sender
    /// is told "unknown" now and it is written at the next opening; answers how many are.
    pub(crate) fn open(&self, mut gives_up: impl FnMut() -> bool) -> u64 {
        let mut held = self.held.lock();
        let waiting = std::mem::take(&mut held.waiting);
        let mut appends = std::mem::take(&mut held.late);
        let late = appends.len();
        let mut numbers = Vec::new();
        let mut given_up = 0;
        for (number, append) in waiting {
            if gives_up() {
                given_up += 1;
                held.late.push(append);
                held.outcomes.insert(number, Err(AppendError::Unknown));
            } else {
                numbers.push(number);
                appends.push(append);
            }
        }
        let outcomes = self.inner.append_group(&appends).into_iter().skip(late);
        held.outcomes.extend(numbers.into_iter().zip(outcomes));
        given_up
    }
}

impl Journal for Gate {
    fn fence(&self) -> Fence {
        self.inner.fence()
    }

    fn history(&self) -> u128 {
        self.inner.history()
    }

    fn claim(&self, stream: StreamKey, fence: Fence) -> Answer<'_, Head> {
        self.inner.claim(stream, fence)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Written> {
        let mut held = self.held.lock();
        held.numbers += 1;
        let number = held.numbers;
        held.waiting.push((number, append));
        Box::pin(std::future::poll_fn(move |_| {
            let outcome = self.held.lock().outcomes.remove(&number);
            outcome.map_or(Poll::Pending, Poll::Ready)
        }))
    }

    fn head(&self, stream: StreamKey) -> Answer<'_, Head> {
        self.inner.head(stream)
    }

    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>> {
        self.inner.read(stream, after, limit)
    }

    fn follow(&self, after: Position, limit: usize) -> Answer<'_, Vec<Entry>> {
        self.inner.follow(after, limit)
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn streams(&self) -> Answer<'_, Vec<StreamKey>> {
        self.inner.streams()
    }

    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> Answer<'_, ()> {
        self.inner.put_checkpoint(stream, at, sealed)
    }

    fn checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        self.inner.checkpoint(stream)
    }
    fn former_checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        self.inner.former_checkpoint(stream)
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}
