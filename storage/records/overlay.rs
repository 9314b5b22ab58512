//! What is durable in the journal but not yet in the read store. Consulted first by every read and every check, so that
//! after an acknowledgement nobody sees the past; bounded in bytes, and full means Busy.

use super::{ReadStore, RecordIndex, Row, write_bytes};
use crate::journal::{Position, RecordKey, RecordWrite};
use crate::{AppendError, StoreError};
use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Bytes the overlay holds by default: 64 MiB.
pub const OVERLAY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long the applier lets writes gather before it takes them: a batch of the read store costs far more than a row in it.
/// Reads see the writes in the overlay meanwhile.
const GATHER: Duration = Duration::from_millis(10);
/// As many records are worth taking at once.
const GATHERED_RECORDS: usize = 512;

/// The overlay, and the read store below it while there is one.
pub struct Overlay {
    state: Mutex<State>,
    wake: Condvar,
    bytes_max: usize,
    /// Writes go to the read store at once, without a thread: for memory.
    at_once: bool,
}

#[derive(Default)]
struct State {
    newest: BTreeMap<RecordKey, (Position, Option<Bytes>)>,
    queue: VecDeque<(Position, Vec<RecordWrite>)>,
    admitted_bytes: usize,
    committed: Position,
    store: Option<Arc<dyn ReadStore>>,
    /// The store below has failed or disagreed: it is to be replaced.
    failed: Option<String>,
    stopping: bool,
}

/// What the applier takes at once.
pub struct Batch {
    /// All records up to this position are in the batch or have no writes.
    pub position: Position,
    /// The writes with their positions, ascending.
    pub writes: Vec<(Position, RecordWrite)>,
}

/// Where a record is to be looked for.
enum Found {
    Here(Position, Option<Bytes>),
    Below(Arc<dyn ReadStore>),
    NotReady,
}

/// How full the overlay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OverlayStats {
    /// Bytes admitted and not yet applied.
    pub bytes: usize,
    /// Records with writes not yet applied.
    pub records: usize,
    /// Whether a read store is below.
    pub ready: bool,
    /// Position of the last record committed in this process.
    pub committed: Position,
}

impl Overlay {
    /// An overlay without a read store yet, holding at most `bytes_max`.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            bytes_max,
            at_once: false,
        }
    }

    /// An overlay that hands each write to `store` in the commit itself.
    #[must_use]
    pub fn at_once(store: Arc<dyn ReadStore>) -> Self {
        let overlay = Self {
            at_once: true,
            ..Self::new(OVERLAY_BYTES_MAX)
        };
        overlay.attach(store);
        overlay
    }

    /// Puts a read store below. It must hold every record that is not in the overlay.
    pub fn attach(&self, store: Arc<dyn ReadStore>) {
        let mut state = self.state.lock();
        state.store = Some(store);
        state.failed = None;
        self.wake.notify_all();
    }

    /// Lets go of the store below, so that it closes.
    pub fn detach(&self) {
        self.state.lock().store = None;
    }

    /// The store below is not to be trusted any more. Reads that need it are Busy until another is attached.
    pub fn fail(&self, why: &str) {
        let mut state = self.state.lock();
        state.store = None;
        state.failed.get_or_insert_with(|| why.to_owned());
        self.wake.notify_all();
    }

    /// Why the store below failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.state.lock().failed.clone()
    }

    /// Tells the applier to end.
    pub fn stop(&self) {
        self.state.lock().stopping = true;
        self.wake.notify_all();
    }

    /// Whether [`Self::stop`] was called.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.state.lock().stopping
    }

    /// Waits up to `patience`, less when something happens.
    pub fn pause(&self, patience: Duration) {
        let mut state = self.state.lock();
        if !state.stopping {
            self.wake.wait_for(&mut state, patience);
        }
    }

    /// Counts.
    #[must_use]
    pub fn stats(&self) -> OverlayStats {
        let state = self.state.lock();
        OverlayStats {
            bytes: state.admitted_bytes,
            records: state.queue.len(),
            ready: state.store.is_some(),
            committed: state.committed,
        }
    }

    /// The oldest writes, at most `writes_max` (but at least one record), waiting up to `patience` for some and then a
    /// moment for more. The batch stays in the overlay until [`Self::applied`]. None: nothing came, or the applier is to
    /// end or to rebuild.
    #[must_use]
    pub fn next_batch(&self, writes_max: usize, patience: Duration) -> Option<Batch> {
        let mut state = self.state.lock();
        if state.queue.is_empty() && !state.stopping && state.failed.is_none() {
            self.wake.wait_for(&mut state, patience);
        }
        let few = !state.queue.is_empty() && state.queue.len() < GATHERED_RECORDS;
        if few && !state.stopping && state.failed.is_none() {
            self.wake.wait_for(&mut state, GATHER);
        }
        if state.failed.is_some() {
            return None;
        }
        let mut writes = Vec::new();
        let mut position = 0;
        for (at, of_record) in &state.queue {
            if !writes.is_empty() && writes.len() + of_record.len() > writes_max {
                break;
            }
            position = *at;
            writes.extend(of_record.iter().map(|write| (*at, write.clone())));
        }
        (position > 0).then_some(Batch { position, writes })
    }

    /// Everything up to `position` is in the read store.
    pub fn applied(&self, position: Position) {
        let mut state = self.state.lock();
        while state.queue.front().is_some_and(|(at, _)| *at <= position) {
            let Some((at, writes)) = state.queue.pop_front() else {
                break;
            };
            for write in writes {
                let bytes = write_bytes(&write);
                state.admitted_bytes = state.admitted_bytes.saturating_sub(bytes);
                if state.newest.get(&write.key).is_some_and(|(newest, _)| *newest == at) {
                    state.newest.remove(&write.key);
                }
            }
        }
    }

    fn find(&self, key: &RecordKey) -> Found {
        let state = self.state.lock();
        if let Some((position, value)) = state.newest.get(key) {
            return Found::Here(*position, value.clone());
        }
        state.store.clone().map_or(Found::NotReady, Found::Below)
    }

    /// One row as of the last acknowledged write. Blocks on the read store if the overlay does not have it.
    ///
    /// # Errors
    /// `Busy` while there is no read store; its own error when it fails, which also detaches it.
    pub fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        match self.find(key) {
            Found::Here(version, value) => Ok(value.map(|value| Row {
                key: key.clone(),
                version,
                value,
            })),
            Found::Below(store) => store.get(key).inspect_err(|error| self.fail(&error.to_string())),
            Found::NotReady => Err(AppendError::Busy.into()),
        }
    }

    /// Rows of a table with id above `after`, ascending, at most `limit`, as of the last acknowledged write.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let (here, store) = {
            let state = self.state.lock();
            let from = RecordKey {
                practice,
                table,
                id: after.unwrap_or_default().to_vec(),
            };
            let here: Vec<_> = state
                .newest
                .range(from..)
                .take_while(|(key, _)| (key.practice, key.table) == (practice, table))
                .filter(|(key, _)| after.is_none_or(|after| key.id.as_slice() > after))
                .map(|(key, newest)| (key.clone(), newest.clone()))
                .collect();
            (here, state.store.clone())
        };
        let store = store.ok_or(AppendError::Busy)?;
        // The overlay may delete as many rows of the page as it has entries.
        let below = store
            .scan(practice, table, after, limit.saturating_add(here.len()))
            .inspect_err(|error| self.fail(&error.to_string()))?;
        let mut rows: BTreeMap<RecordKey, (Position, Option<Bytes>)> = below
            .into_iter()
            .map(|row| (row.key, (row.version, Some(row.value))))
            .collect();
        for (key, newest) in here {
            // A row below may be newer: it was applied after the overlay was read.
            if rows.get(&key).is_none_or(|(version, _)| *version < newest.0) {
                rows.insert(key, newest);
            }
        }
        let present = rows
            .into_iter()
            .filter_map(|(key, (version, value))| value.map(|value| Row { key, version, value }));
        Ok(present.take(limit).collect())
    }
}

impl RecordIndex for Overlay {
    fn version(&self, key: &RecordKey) -> Result<Position, AppendError> {
        match self.get(key) {
            Ok(row) => Ok(row.map_or(0, |row| row.version)),
            Err(_) => Err(AppendError::Busy),
        }
    }

    fn admit(&self, bytes: usize) -> bool {
        let mut state = self.state.lock();
        let fits = bytes == 0 || state.admitted_bytes.saturating_add(bytes) <= self.bytes_max;
        if fits {
            state.admitted_bytes += bytes;
        }
        fits
    }

    fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.admitted_bytes = state.admitted_bytes.saturating_sub(bytes);
    }

    fn committed(&self, position: Position, writes: &[RecordWrite]) {
        let mut state = self.state.lock();
        state.committed = position;
        if writes.is_empty() {
            return;
        }
        for write in writes {
            state.newest.insert(write.key.clone(), (position, write.value.clone()));
        }
        state.queue.push_back((position, writes.to_vec()));
        let store = state.store.clone().filter(|_| self.at_once);
        // The applier waits for the first record, and then until enough have gathered.
        let awaited = [1, GATHERED_RECORDS].contains(&state.queue.len());
        drop(state);
        if let Some(store) = store {
            let numbered: Vec<_> = writes.iter().map(|write| (position, write.clone())).collect();
            match store.apply(position, &numbered) {
                Ok(()) => self.applied(position),
                Err(error) => self.fail(&error.to_string()),
            }
        } else if awaited {
            self.wake.notify_all();
        }
    }
}
