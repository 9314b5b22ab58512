//! The thread between journal and read store: opens the store, brings it up to the journal, hands the overlay's writes
//! down, and rebuilds the store whenever there is a doubt about it. Booking never waits for it.

use super::{Overlay, ReadStore};
use crate::StoreError;
use crate::journal::{Journal, Position, RecordWrite};
use parking_lot::Mutex;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use crate::journal::options::Ticks;

/// Where read stores come from.
pub trait ReadStoreSource: Send + Sync + 'static {
    /// The store that is there; none when there is none.
    ///
    /// # Errors
    /// Any error means: start over.
    fn open_existing(&self) -> Result<Option<Arc<dyn ReadStore>>, StoreError>;
    /// Moves what is there aside and makes an empty store.
    ///
    /// # Errors
    /// What the disk says; then reads stay Busy and it is tried again later.
    fn start_over(&self) -> Result<Arc<dyn ReadStore>, StoreError>;
}

/// What the applier has done since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplierStats {
    /// Times the store was rebuilt from the first record.
    pub rebuilds: u64,
    /// How long the last rebuild took.
    pub last_rebuild: Duration,
    /// Why the last rebuild was needed.
    pub last_reason: Option<String>,
    /// Position up to which the store has every write.
    pub applied: Position,
}

/// Records read from the journal at once.
const PAGE_RECORDS: usize = 512;
/// Most writes in one batch.
const BATCH_WRITES: usize = 1_024;
/// How long to wait for writes before looking around; and before the second rebuild in a row.
const PATIENCE: Duration = Duration::from_millis(200);
/// Longest wait between rebuilds: each reads the whole journal, and a disk that refuses every write would be asked for ever.
const REBUILD_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Records without any write after which the position is stored all the same, to keep the next start short.
const IDLE_RECORDS_MAX: u64 = 4_096;

/// The running thread.
pub struct Applier {
    overlay: Arc<Overlay>,
    stats: Arc<Mutex<ApplierStats>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Work {
    journal: Arc<dyn Journal>,
    overlay: Arc<Overlay>,
    source: Arc<dyn ReadStoreSource>,
    stats: Arc<Mutex<ApplierStats>>,
    ticks: Ticks,
    runtime: tokio::runtime::Runtime,
}

impl Applier {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        journal: Arc<dyn Journal>,
        overlay: Arc<Overlay>,
        source: Arc<dyn ReadStoreSource>,
        ticks: Ticks,
    ) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io("start", std::path::Path::new("read store"), source);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
        let stats = Arc::new(Mutex::new(ApplierStats::default()));
        let work = Work {
            journal,
            overlay: overlay.clone(),
            source,
            stats: stats.clone(),
            ticks,
            runtime,
        };
        let thread = std::thread::Builder::new()
            .name("read-store".to_owned())
            .spawn(move || work.run())
            .map_err(failed)?;
        Ok(Self {
            overlay,
            stats,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// What it has done.
    #[must_use]
    pub fn stats(&self) -> ApplierStats {
        self.stats.lock().clone()
    }

    /// Hands down what is left, flushes, ends the thread and closes the store; reads are Busy from then on. Blocks.
    /// Idempotent.
    pub fn stop(&self) {
        self.overlay.stop();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the read store's thread panicked");
        }
        self.overlay.detach();
    }
}

impl Work {
    fn run(&self) {
        let mut doubt: Option<String> = None;
        let mut pause = Duration::ZERO;
        while !self.overlay.stopping() {
            let began = (self.ticks)();
            let opened = match doubt.take() {
                None => self.open(),
                Some(why) => self.rebuild(&why),
            };
            doubt = match opened {
                Ok(Some(store)) => self.serve(store.as_ref()).err(),
                Ok(None) => None,
                Err(error) => Some(error.to_string()),
            };
            if (self.ticks)().saturating_sub(began) > REBUILD_PAUSE_MAX {
                pause = Duration::ZERO;
            }
            if doubt.is_some() {
                self.overlay.pause(pause);
                pause = (pause * 2).clamp(PATIENCE, REBUILD_PAUSE_MAX);
            }
        }
    }

    /// The store that is there, brought up to the journal; or a new one.
    fn open(&self) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        match self.source.open_existing() {
            Ok(None) if self.journal.position() == 0 => self.adopt(self.source.start_over()?),
            Ok(None) => self.rebuild("there is no read store"),
            Ok(Some(store)) => {
                let applied = store.applied()?;
                if applied > self.journal.position() {
                    drop(store);
                    return self.rebuild("the read store is ahead of the journal");
                }
                self.adopt(store)
            }
            Err(error) => self.rebuild(&error.to_string()),
        }
    }

    fn rebuild(&self, why: &str) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        let started = (self.ticks)();
        tracing::warn!(why, "rebuilding the read store from the journal");
        let store = self.adopt(self.source.start_over()?)?;
        let took = (self.ticks)().saturating_sub(started);
        let mut stats = self.stats.lock();
        stats.rebuilds += 1;
        stats.last_rebuild = took;
        stats.last_reason = Some(why.to_owned());
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(milliseconds, applied = stats.applied, "the read store is rebuilt");
        Ok(store)
    }

    /// Applies the journal from where the store stands, then puts it below the overlay. None when stopping.
    fn adopt(&self, store: Arc<dyn ReadStore>) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        let mut applied = store.applied()?;
        let mut waiting: Vec<(Position, RecordWrite)> = Vec::new();
        let mut stored = applied;
        while applied < self.journal.position() {
            if self.overlay.stopping() {
                return Ok(None);
            }
            let page = match self.runtime.block_on(self.journal.follow(applied, PAGE_RECORDS)) {
                Ok(page) => page,
                Err(error) => {
                    // No doubt about the read store: the journal is busy or has stopped. Look again later.
                    tracing::warn!(%error, "the read store cannot follow the journal");
                    self.overlay.pause(PATIENCE);
                    return Ok(None);
                }
            };
            let Some(last) = page.last().map(|entry| entry.position) else {
                break;
            };
            for entry in page {
                let numbered = entry.append.writes.into_iter().map(|write| (entry.position, write));
                waiting.extend(numbered);
            }
            applied = last;
            if waiting.len() >= BATCH_WRITES {
                store.apply(applied, &waiting)?;
                waiting.clear();
                stored = applied;
            }
        }
        if !waiting.is_empty() || applied - stored > IDLE_RECORDS_MAX {
            store.apply(applied, &waiting)?;
        }
        self.stats.lock().applied = applied;
        self.overlay.applied(applied);
        self.overlay.attach(store.clone());
        Ok(Some(store))
    }

    /// Hands writes down until the end. The error says why the store is to be rebuilt.
    fn serve(&self, store: &dyn ReadStore) -> Result<(), String> {
        let fail = |error: StoreError| {
            self.overlay.fail(&error.to_string());
            error.to_string()
        };
        loop {
            if let Some(batch) = self.overlay.next_batch(BATCH_WRITES, PATIENCE) {
                store.apply(batch.position, &batch.writes).map_err(fail)?;
                self.overlay.applied(batch.position);
                self.stats.lock().applied = batch.position;
                continue;
            }
            if let Some(why) = self.overlay.failure() {
                return Err(why);
            }
            let (committed, applied) = (self.overlay.stats().committed, self.stats.lock().applied);
            let idle = committed > applied && self.overlay.stats().records == 0;
            if idle && (self.overlay.stopping() || committed - applied > IDLE_RECORDS_MAX) {
                store.apply(committed, &[]).map_err(fail)?;
                self.stats.lock().applied = committed;
            }
            if self.overlay.stopping() {
                return store.flush().map_err(fail);
            }
        }
    }
}
