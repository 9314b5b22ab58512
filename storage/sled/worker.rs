//! The engine on threads of its own: a panic is an error, and an answer that does not come by the deadline is one too.
//! After either the engine is never asked again; a hanging thread is left behind.

use super::{Rows, SledDeadlines, fault};
use crate::StoreError;
use crate::journal::{Position, RecordKey, RecordWrite};
use crate::records::{ReadStore, Row};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs one job after the other.
struct Lane(Mutex<SyncSender<Job>>);

impl Lane {
    fn start(name: &str) -> std::io::Result<Self> {
        let (sender, jobs): (SyncSender<Job>, Receiver<Job>) = sync_channel(64);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Ok(job) = jobs.recv() {
                job();
            }
        })?;
        Ok(Self(Mutex::new(sender)))
    }

    /// Runs `work` there; none when it panicked, did not answer in time, or the lane is jammed.
    fn run<T: Send + 'static>(&self, deadline: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move || {
            if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
                // Nobody waits any more after the deadline: the answer is then worth nothing.
                drop(answer.try_send(result));
            }
        });
        let sender = self.0.lock().clone();
        sender.try_send(job).ok()?;
        answered.recv_timeout(deadline).ok()
    }
}

/// The engine behind its guard: reads on one thread, changes on another.
pub(super) struct Guarded {
    rows: Option<Arc<Rows>>,
    reads: Lane,
    changes: Lane,
    folder: PathBuf,
    deadlines: SledDeadlines,
    broken: AtomicBool,
}

impl Guarded {
    /// Opens by `open` on the engine's own thread; none when that gives none.
    pub(super) fn open(
        folder: &Path,
        deadlines: SledDeadlines,
        open: impl FnOnce() -> Result<Option<Rows>, StoreError> + Send + 'static,
    ) -> Result<Option<Self>, StoreError> {
        let lane = |name| Lane::start(name).map_err(|source| StoreError::io("start a thread for", folder, source));
        let (reads, changes) = (lane("sled-read")?, lane("sled-write")?);
        let rows = changes
            .run(deadlines.open, open)
            .ok_or_else(|| fault(folder, "the engine panicked or hung while opening"))??;
        Ok(rows.map(|rows| Self {
            rows: Some(Arc::new(rows)),
            reads,
            changes,
            folder: folder.to_path_buf(),
            deadlines,
            broken: AtomicBool::new(false),
        }))
    }

    fn run<T: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl FnOnce(&Rows) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let rows = self.rows.clone().filter(|_| !self.broken.load(Ordering::Acquire));
        let rows = rows.ok_or_else(|| fault(&self.folder, "the engine has failed before"))?;
        let answer = lane.run(self.deadlines.operation, move || work(&rows));
        let answer = answer.unwrap_or_else(|| Err(fault(&self.folder, "the engine panicked or hung")));
        if answer.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        answer
    }
}

impl ReadStore for Guarded {
    fn applied(&self) -> Result<Position, StoreError> {
        self.run(&self.reads, |rows| rows.applied())
    }

    fn apply(&self, position: Position, writes: &[(Position, RecordWrite)]) -> Result<(), StoreError> {
        let writes = writes.to_vec();
        self.run(&self.changes, move |rows| rows.apply(position, &writes))
    }

    fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        let key = key.clone();
        self.run(&self.reads, move |rows| rows.get(&key))
    }

    fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let after = after.map(<[u8]>::to_vec);
        self.run(&self.reads, move |rows| {
            rows.scan(practice, table, after.as_deref(), limit)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.run(&self.changes, |rows| rows.flush())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Closing the engine can hang or panic as well: on its own thread, and waited for only so long.
        if let Some(rows) = self.rows.take() {
            let deadline = self.deadlines.operation;
            if self.changes.run(deadline, move || drop(rows)).is_none() {
                tracing::warn!("the read store's engine did not close in time");
            }
        }
    }
}
