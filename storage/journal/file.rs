//! The journal of the server: one writer thread that commits whatever is waiting as one group (batches arise because
//! appends arrive while a sync runs), and two threads for reads, checkpoints and upkeep.
//! After groups of several it waits a little for company before the next sync: see [`super::company`].

use super::company::Company;
use super::core::{Core, OnFatal};
use super::format::append_bytes;
use super::options::{JournalOptions, JournalStats};
use super::{Append, Entry, Fence, Head, Journal, Position};
use crate::disk::Disk;
use crate::records::RecordIndex;
use crate::{Answer, AppendError, BoxFuture, StoreError};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Appends committed as one call; segments may split it into several syncs.
const GROUP_APPENDS_MAX: usize = 1024;
/// Fixed share that an append takes of the queue's bytes.
const QUEUED_BYTES: usize = 256;
/// Threads for reads, checkpoints and upkeep.
const CALL_THREADS: usize = 2;

type Reply = oneshot::Sender<Result<Position, AppendError>>;
type Call = Box<dyn FnOnce(&Core) + Send>;

#[derive(Default)]
struct Queues {
    appends: VecDeque<(Append, Reply)>,
    append_bytes: usize,
    calls: VecDeque<Call>,
    /// While the writer waits for company: how many appends it wants to be woken for.
    wanted: usize,
    closing: bool,
    writer_done: bool,
}

struct Shared {
    core: Core,
    queues: Mutex<Queues>,
    /// Something to write, or closing.
    write: Condvar,
    /// Something to call, or closing.
    call: Condvar,
}

/// The file journal.
pub struct FileJournal {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl FileJournal {
    /// Opens the journal and starts its threads. Blocking.
    ///
    /// # Errors
    /// As [`Core::open`]; `Unwritable` when no thread can be started.
    pub fn open(disk: Arc<dyn Disk>, options: JournalOptions) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            core: Core::open(disk, options)?,
            queues: Mutex::new(Queues::default()),
            write: Condvar::new(),
            call: Condvar::new(),
        });
        let journal = Self {
            shared: Arc::clone(&shared),
            threads: Mutex::new(Vec::new()),
        };
        journal.start("journal-writer", write)?;
        for _ in 0..CALL_THREADS {
            journal.start("journal-reader", call_loop)?;
        }
        Ok(journal)
    }

    fn start(&self, name: &str, body: fn(&Shared)) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || body(&shared));
        let thread = thread.map_err(|error| StoreError::Unwritable {
            what: format!("failed to start a thread: {error}"),
        })?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// See [`Core::attach`]. Blocks for the group in flight.
    pub fn attach(&self, records: Arc<dyn RecordIndex>) -> Position {
        self.shared.core.attach(records)
    }

    /// Every durable record in order, one segment in memory at a time. Blocks.
    ///
    /// # Errors
    /// `Corrupt` where a record does not hold; `Io`.
    pub(crate) fn each_append(&self, see: impl FnMut(Position, Append)) -> Result<(), StoreError> {
        self.shared.core.each_append(see)
    }

    /// See [`Core::on_fatal`]: by this the server stops its process with a named error (law L8).
    pub fn on_fatal(&self, call: OnFatal) {
        self.shared.core.on_fatal(call);
    }

    /// Why the journal has stopped, if it has.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.shared.core.stopped()
    }

    /// What it counts; never blocks.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        self.shared.core.counters.read()
    }

    /// Runs `call` on a reading thread. Full queue: `Append(Busy)`; closed: `Unwritable`.
    fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Core) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'_, T> {
        let (reply, answer) = oneshot::channel();
        let queued = {
            let mut queues = self.shared.queues.lock();
            if queues.closing {
                Err(closed())
            } else if queues.calls.len() >= self.shared.core.options.queue_calls_max {
                Err(AppendError::Busy.into())
            } else {
                queues.calls.push_back(Box::new(move |core| {
                    // Nobody may be waiting any more: then the answer is of no use.
                    let _unheard = reply.send(call(core));
                }));
                Ok(())
            }
        };
        self.shared.call.notify_one();
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    fn enqueue(&self, append: Append) -> Result<oneshot::Receiver<Result<Position, AppendError>>, AppendError> {
        let (reply, answer) = oneshot::channel();
        let options = &self.shared.core.options;
        let bytes = append_bytes(&append) + QUEUED_BYTES;
        let mut queues = self.shared.queues.lock();
        if queues.closing || self.shared.core.stopped().is_some() {
            return Err(AppendError::Unknown);
        }
        let full = queues.appends.len() >= options.queue_appends_max
            || queues.append_bytes.saturating_add(bytes) > options.queue_bytes_max;
        if full {
            return Err(AppendError::Busy);
        }
        queues.append_bytes += bytes;
        queues.appends.push_back((append, reply));
        let wanted = queues.appends.len() >= queues.wanted;
        drop(queues);
        if wanted {
            self.shared.write.notify_one();
        }
        Ok(answer)
    }
}

fn closed() -> StoreError {
    StoreError::Unwritable {
        what: "the journal is closed".to_owned(),
    }
}

/// Runs `body`; its panic stops the journal as a failed write does. False when it panicked.
fn guarded(shared: &Shared, who: &str, body: impl FnOnce()) -> bool {
    let ended = catch_unwind(AssertUnwindSafe(body));
    if let Err(panic) = &ended {
        let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let said = said
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let what = format!("{who} panicked: {said}");
        // Nor may a panic of whom the stop is told end the thread.
        let told = catch_unwind(AssertUnwindSafe(|| shared.core.stop(&StoreError::Unwritable { what })));
        if told.is_err() {
            tracing::error!("telling that the journal has stopped panicked");
        }
    }
    ended.is_ok()
}

/// The writer's life. After a panic it goes on over the stopped journal, which answers every append with `Unknown`;
/// after another it ends, and what waits is dropped, which is answered the same.
fn write(shared: &Shared) {
    for _life in 0..2 {
        if guarded(shared, "the journal's writer", || write_loop(shared)) {
            return;
        }
    }
    let mut queues = shared.queues.lock();
    queues.closing = true;
    queues.writer_done = true;
    queues.appends.clear();
    drop(queues);
    shared.call.notify_all();
}

fn write_loop(shared: &Shared) {
    let mut company = Company::default();
    loop {
        let mut queues = shared.queues.lock();
        let mut idle = false;
        while queues.appends.is_empty() && !queues.closing && !idle {
            let patience = shared.core.options.witness_interval;
            idle = shared.write.wait_for(&mut queues, patience).timed_out();
        }
        wait_for_company(&company, shared, &mut queues);
        let (group, replies) = take_group(&mut queues, shared.core.options.group_bytes_max);
        if group.is_empty() && queues.closing {
            queues.writer_done = true;
            drop(queues);
            shared.call.notify_all();
            return;
        }
        drop(queues);
        if !group.is_empty() {
            let outcomes = shared.core.commit(&group);
            let sync = Duration::from_micros(shared.core.counters.sync_last_micros.load(Ordering::Relaxed));
            company.had(group.len(), sync, shared.core.options.company_wait_max);
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                // Nobody may be waiting any more; the commit stands all the same.
                let _unheard = reply.send(outcome);
            }
        }
        shared.core.witness_if_due();
        if shared.core.upkeep_due() {
            shared.call.notify_one();
        }
    }
}

/// Waits until enough appends are there, the patience is over, or the journal is closing.
fn wait_for_company(company: &Company, shared: &Shared, queues: &mut MutexGuard<'_, Queues>) {
    let Some(enough) = company.expected() else { return };
    if company.patience().is_zero() || queues.appends.is_empty() || queues.appends.len() >= enough || queues.closing {
        return;
    }
    queues.wanted = enough;
    // Woken early, by closing or by enough: either way what is there is written.
    shared.write.wait_for(queues, company.patience());
    queues.wanted = 0;
}

fn take_group(queues: &mut Queues, bytes_max: usize) -> (Vec<Append>, Vec<Reply>) {
    let (mut group, mut replies, mut taken) = (Vec::new(), Vec::new(), 0_usize);
    while let Some((append, reply)) = queues.appends.pop_front() {
        let bytes = append_bytes(&append) + QUEUED_BYTES;
        taken += bytes;
        queues.append_bytes = queues.append_bytes.saturating_sub(bytes);
        group.push(append);
        replies.push(reply);
        if taken >= bytes_max || group.len() >= GROUP_APPENDS_MAX {
            break;
        }
    }
    (group, replies)
}

fn call_loop(shared: &Shared) {
    loop {
        let mut queues = shared.queues.lock();
        while queues.calls.is_empty() && !queues.writer_done && !shared.core.upkeep_due() {
            shared.call.wait(&mut queues);
        }
        let next = queues.calls.pop_front();
        let done = next.is_none() && queues.writer_done;
        drop(queues);
        match next {
            Some(call) => {
                // Its caller finds the answer dropped. Reads and checkpoints say nothing about what appends wrote.
                if catch_unwind(AssertUnwindSafe(|| call(&shared.core))).is_err() {
                    tracing::error!("a call of the journal panicked");
                }
            }
            None if done => return,
            None => {
                // A failure has stopped the journal, which is how it is told.
                guarded(shared, "the journal's upkeep", || {
                    let _told = shared.core.tend();
                });
            }
        }
    }
}

impl Journal for FileJournal {
    fn fence(&self) -> Fence {
        self.shared.core.fence
    }
    fn history(&self) -> u128 {
        self.shared.core.history
    }
    fn claim(&self, stream: StreamKey, fence: Fence) -> Answer<'_, Head> {
        self.call(move |core| core.claim(stream, fence))
    }
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Position, AppendError>> {
        let queued = self.enqueue(append);
        Box::pin(async move { queued?.await.unwrap_or(Err(AppendError::Unknown)) })
    }
    fn head(&self, stream: StreamKey) -> Answer<'_, Head> {
        let head = self.shared.core.head(stream);
        Box::pin(async move { Ok(head) })
    }
    fn read(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Vec<(Seq, Bytes)>> {
        self.call(move |core| core.read(stream, after, limit))
    }
    fn follow(&self, after: Position, limit: usize) -> Answer<'_, Vec<Entry>> {
        self.call(move |core| core.follow(after, limit))
    }
    fn position(&self) -> Position {
        self.shared.core.counters.position.load(Ordering::Acquire)
    }
    fn streams(&self) -> Answer<'_, Vec<StreamKey>> {
        let streams = self.shared.core.streams();
        Box::pin(async move { Ok(streams) })
    }
    fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: Bytes) -> Answer<'_, ()> {
        self.call(move |core| core.put_checkpoint(stream, at, &sealed))
    }
    fn checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        self.call(move |core| core.checkpoint(stream))
    }
    fn former_checkpoint(&self, stream: StreamKey) -> Answer<'_, Option<(Seq, Bytes)>> {
        self.call(move |core| Ok(core.former_checkpoint(stream)))
    }
    fn close(&self) -> Answer<'_, ()> {
        // The first caller's waiting is done by a thread of its own, so that no executor blocks on the last sync.
        let (reply, answer) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let threads = std::mem::take(&mut *self.threads.lock());
        let started = std::thread::Builder::new()
            .name("journal-close".to_owned())
            .spawn(move || {
                let outcome = finish(&shared, threads);
                // The lock goes before the answer: who has the answer may open the store again.
                drop(shared);
                let _unheard = reply.send(outcome);
            });
        Box::pin(async move {
            match started {
                Ok(_) => answer.await.unwrap_or_else(|_| Err(closed())),
                Err(_) => Err(closed()),
            }
        })
    }
}

fn finish(shared: &Shared, threads: Vec<JoinHandle<()>>) -> Result<(), StoreError> {
    shared.queues.lock().closing = true;
    shared.write.notify_all();
    shared.call.notify_all();
    let mut panicked = false;
    for thread in threads {
        panicked |= thread.join().is_err();
    }
    if panicked {
        tracing::error!("a thread of the journal had panicked");
    }
    shared.core.close()
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        if !threads.is_empty()
            && let Err(error) = finish(&self.shared, threads)
        {
            tracing::error!(%error, "failed to close the journal");
        }
    }
}
