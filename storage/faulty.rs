//! A journal that fails on purpose, by a seeded plan or by order: for tests of the actors and for simulation. It wraps any
//! journal; what it lets through is done there.

use crate::journal::{Append, Entry, Fence, Head, Journal, Position};
use crate::seal::sha256;
use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What befalls one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Written, but the answer is `Unknown`.
    UnknownWritten,
    /// Not written, and the answer is `Unknown`.
    UnknownNotWritten,
    /// Not written: `Fenced` by the next fence.
    Fenced,
    /// Not written: `Busy`.
    Busy,
    /// Not written: `CheckFailed`.
    CheckFailed,
    /// Not written: `StorageFull`.
    StorageFull,
    /// Not written: `TooLarge`.
    TooLarge,
    /// Not written: `Conflict`, as if another writer had been there.
    Conflict,
    /// Done after this long on tokio's clock.
    Delay(Duration),
}

/// How often each fault comes, in appends of a thousand; what is left goes through. The sum is at most 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultPlan {
    /// The same seed gives the same faults for the same order of appends.
    pub seed: u64,
    /// Of [`Fault::UnknownWritten`].
    pub unknown_written: u16,
    /// Of [`Fault::UnknownNotWritten`].
    pub unknown_not_written: u16,
    /// Of [`Fault::Fenced`].
    pub fenced: u16,
    /// Of [`Fault::Busy`].
    pub busy: u16,
    /// Of [`Fault::CheckFailed`].
    pub check_failed: u16,
    /// Of [`Fault::StorageFull`].
    pub storage_full: u16,
    /// Of [`Fault::TooLarge`].
    pub too_large: u16,
    /// Of [`Fault::Conflict`].
    pub conflict: u16,
    /// Of [`Fault::Delay`].
    pub delayed: u16,
    /// Longest delay; each one is drawn between zero and this.
    pub delay_max: Duration,
}

/// The wrapper.
pub struct FaultyJournal {
    inner: Arc<dyn Journal>,
    state: Mutex<State>,
}

struct State {
    plan: FaultPlan,
    drawn: u64,
    ordered: VecDeque<Option<Fault>>,
    injected: Vec<Fault>,
}

impl State {
    fn next(&mut self) -> Option<Fault> {
        if let Some(ordered) = self.ordered.pop_front() {
            return ordered;
        }
        self.drawn += 1;
        let block = sha256(&[&self.plan.seed.to_be_bytes(), &self.drawn.to_be_bytes()]);
        let mut words = block
            .chunks_exact(8)
            .filter_map(|chunk| chunk.try_into().ok())
            .map(u64::from_be_bytes);
        let mut point = words.next().unwrap_or(0) % 1_000;
        let longest = u64::try_from(self.plan.delay_max.as_micros()).unwrap_or(u64::MAX);
        let delay = Duration::from_micros(words.next().unwrap_or(0) % longest.saturating_add(1).max(1));
        let table = [
            (self.plan.unknown_written, Fault::UnknownWritten),
            (self.plan.unknown_not_written, Fault::UnknownNotWritten),
            (self.plan.fenced, Fault::Fenced),
            (self.plan.busy, Fault::Busy),
            (self.plan.check_failed, Fault::CheckFailed),
            (self.plan.storage_full, Fault::StorageFull),
            (self.plan.too_large, Fault::TooLarge),
            (self.plan.conflict, Fault::Conflict),
            (self.plan.delayed, Fault::Delay(delay)),
        ];
        for (share, fault) in table {
            if point < u64::from(share) {
                return Some(fault);
            }
            point -= u64::from(share);
        }
        None
    }
}

impl FaultyJournal {
    /// Around `inner`, with this plan.
    #[must_use]
    pub fn new(inner: Arc<dyn Journal>, plan: FaultPlan) -> Self {
        let state = State {
            plan,
            drawn: 0,
            ordered: VecDeque::new(),
            injected: Vec::new(),
        };
        Self {
            inner,
            state: Mutex::new(state),
        }
    }

    /// Orders the fate of the next append that has none ordered yet: a fault, or none for sure. Orders go before the plan.
    pub fn order(&self, fate: Option<Fault>) {
        self.state.lock().ordered.push_back(fate);
    }

    /// Changes the plan from the next append on.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.state.lock().plan = plan;
    }

    /// Faults injected so far and not taken, delays included.
    pub fn injected(&self) -> u64 {
        u64::try_from(self.state.lock().injected.len()).unwrap_or(u64::MAX)
    }

    /// The faults injected since the last call, in order.
    pub fn take_injected(&self) -> Vec<Fault> {
        std::mem::take(&mut self.state.lock().injected)
    }
}

impl Journal for FaultyJournal {
    fn fence(&self) -> Fence {
        self.inner.fence()
    }

    fn history(&self) -> u128 {
        self.inner.history()
    }

    fn claim(&self, stream: StreamKey, fence: Fence) -> BoxFuture<'_, Result<Head, StoreError>> {
        self.inner.claim(stream, fence)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Position, AppendError>> {
        let fate = {
            let mut state = self.state.lock();
            let fate = state.next();
            state.injected.extend(fate);
            fate
        };
        Box::pin(async move {
            match fate {
                None => self.inner.append(append).await,
                Some(Fault::UnknownWritten) => {
                    // A refusal stays a refusal: only what was written can be in doubt.
                    self.inner.append(append).await?;
                    Err(AppendError::Unknown)
                }
                Some(Fault::UnknownNotWritten) => Err(AppendError::Unknown),
                Some(Fault::Fenced) => Err(AppendError::Fenced {
                    current: self.inner.fence().saturating_add(1),
                }),
                Some(Fault::Busy) => Err(AppendError::Busy),
                Some(Fault::CheckFailed) => Err(AppendError::CheckFailed),
                Some(Fault::StorageFull) => Err(AppendError::StorageFull),
                Some(Fault::TooLarge) => Err(AppendError::TooLarge),
                Some(Fault::Conflict) => Err(AppendError::Conflict {
                    head: append.expected.saturating_add(1),
                }),
                Some(Fault::Delay(delay)) => {
                    tokio::time::sleep(delay).await;
                    self.inner.append(append).await
                }
            }
        })
    }

    fn head(&self, stream: StreamKey) -> BoxFuture<'_, Result<Head, StoreError>> {
        self.inner.head(stream)
    }

    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>> {
        self.inner.read(stream, after, limit)
    }

    fn follow(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.inner.follow(after, limit)
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        self.inner.streams()
    }

    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.put_checkpoint(stream, at, sealed)
    }

    fn checkpoint(&self, stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>> {
        self.inner.checkpoint(stream)
    }

    fn former_checkpoint(&self, stream: StreamKey) -> BoxFuture<'_, Result<Option<(Seq, Bytes)>, StoreError>> {
        self.inner.former_checkpoint(stream)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryJournal, MemoryRows};
    use crate::records::Overlay;

    fn append(expected: Seq) -> Append {
        Append {
            stream: Some(StreamKey::Practice(cabinet_domain::ids::PracticeId(1))),
            fence: 1,
            expected,
            events: vec![Bytes::from_static(b"event")],
            chain: [1; 32],
            checks: Vec::new(),
            writes: Vec::new(),
            jobs: Vec::new(),
        }
    }

    fn faulty(plan: FaultPlan) -> FaultyJournal {
        let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
        FaultyJournal::new(Arc::new(MemoryJournal::new(1, overlay)), plan)
    }

    #[tokio::test]
    async fn ordered_fates_come_in_order_and_say_truly_what_was_written() {
        let journal = faulty(FaultPlan::default());
        let cases = [
            (Some(Fault::UnknownWritten), false, 1),
            (Some(Fault::UnknownNotWritten), false, 1),
            (Some(Fault::Fenced), false, 1),
            (Some(Fault::Busy), false, 1),
            (Some(Fault::CheckFailed), false, 1),
            (Some(Fault::StorageFull), false, 1),
            (Some(Fault::TooLarge), false, 1),
            (Some(Fault::Conflict), false, 1),
            (Some(Fault::Delay(Duration::ZERO)), true, 2),
            (None, true, 3),
        ];
        for (fate, succeeds, position) in cases {
            journal.order(fate);
            let expected = journal.position();
            let answer = journal.append(append(expected)).await;
            assert_eq!(answer.is_ok(), succeeds, "{fate:?}: {answer:?}");
            assert_eq!(journal.position(), position, "{fate:?}");
        }
        assert_eq!(journal.injected(), 9);
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_faults() {
        let plan = FaultPlan {
            seed: 3,
            busy: 300,
            unknown_not_written: 200,
            ..FaultPlan::default()
        };
        let mut runs = Vec::new();
        for _ in 0..2 {
            let journal = faulty(plan);
            let mut answers = Vec::new();
            for _ in 0..50 {
                let expected = journal.position();
                answers.push(format!("{:?}", journal.append(append(expected)).await));
            }
            assert!((5..45).contains(&journal.injected()), "{}", journal.injected());
            runs.push(answers);
        }
        assert_eq!(runs[0], runs[1]);
    }
}
