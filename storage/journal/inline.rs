//! The journal without threads of its own, behind the trait: every call is done when its future is first polled. For
//! simulations and deterministic tests; a server uses [`super::file::FileJournal`].

use super::core::{Core, OnFatal};
use super::options::{JournalOptions, JournalStats};
use super::{Append, Entry, Fence, Head, Journal, Position};
use crate::disk::Disk;
use crate::records::RecordIndex;
use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A journal whose calls run in the caller's thread.
pub struct InlineJournal {
    core: Core,
}

impl InlineJournal {
    /// Opens it; see [`Core::open`].
    ///
    /// # Errors
    /// As [`Core::open`].
    pub fn open(disk: Arc<dyn Disk>, options: JournalOptions) -> Result<Self, StoreError> {
        Ok(Self {
            core: Core::open(disk, options)?,
        })
    }

    /// The journal's core.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// See [`Core::attach`].
    pub fn attach(&self, records: Arc<dyn RecordIndex>) -> Position {
        self.core.attach(records)
    }

    /// See [`Core::on_fatal`].
    pub fn on_fatal(&self, call: OnFatal) {
        self.core.on_fatal(call);
    }

    /// What it counts.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        self.core.counters.read()
    }

    /// Several appends as one group.
    pub fn append_group(&self, appends: &[Append]) -> Vec<Result<Position, AppendError>> {
        let outcomes = self.core.commit(appends);
        self.core.after_commit();
        outcomes
    }
}

impl Journal for InlineJournal {
    fn fence(&self) -> Fence {
        self.core.fence
    }
    fn history(&self) -> u128 {
        self.core.history
    }
    fn claim(&self, stream: StreamKey, fence: Fence) -> Answer<'_, Head> {
        Box::pin(async move { self.core.claim(stream, fence) })
    }
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Position, AppendError>> {
        Box::pin(async move {
            let outcome = self.core.append(append);
            self.core.after_commit();
            outcome
        })
    }
    fn head(&self, stream: StreamKey) -> Answer<'_, Head> {
        Box::pin(async move { Ok(self.core.head(stream)) })
    }
    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>> {
        Box::pin(async move { self.core.read(stream, after, limit) })
    }
    fn follow(&self, after: Position, limit: usize) -> Answer<'_, Vec<Entry>> {
        Box::pin(async move { self.core.follow(after, limit) })
    }
    fn position(&self) -> Position {
        self.core.counters.position.load(Ordering::Acquire)
    }
    fn streams(&self) -> Answer<'_, Vec<StreamKey>> {
        Box::pin(async move { Ok(self.core.streams()) })
    }
    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> Answer<'_, ()> {
        Box::pin(async move { self.core.put_checkpoint(stream, at, &sealed) })
    }
    fn checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        Box::pin(async move { self.core.checkpoint(stream) })
    }
    fn former_checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        Box::pin(async move { Ok(self.core.former_checkpoint(stream)) })
    }
    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move { self.core.close() })
    }
}
