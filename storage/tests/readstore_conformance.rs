//! The suites on memory and on sled, and the applier's whole life: follow, rebuild, fail, go on.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use cabinet_storage::conformance::{JournalSubject, ReadStoreSubject, run_journal_suite, run_read_store_suite};
use cabinet_storage::journal::{Journal, RecordKey, RecordWrite};
use cabinet_storage::keyring::Keyring;
use cabinet_storage::memory::{MemoryDisk, MemoryJournal, MemoryRows};
use cabinet_storage::records::{Applier, Overlay, ReadStore, ReadStoreSource, RecordIndex, Row};
use cabinet_storage::seal::{SealKey, SeededEntropy};
use cabinet_storage::sled::{SledDeadlines, SledSource};
use cabinet_storage::store::SealedRecords;
use cabinet_storage::{AppendError, RecordStore as _, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Default)]
struct Memory(Option<Arc<MemoryJournal>>);

impl JournalSubject for Memory {
    fn open(&mut self, index: Arc<dyn RecordIndex>) -> Result<Arc<dyn Journal>, StoreError> {
        let next = match &self.0 {
            None => MemoryJournal::new(1, index),
            Some(former) => former.reopened(index),
        };
        let journal = Arc::new(next);
        self.0 = Some(journal.clone());
        Ok(journal)
    }
}

#[tokio::test]
async fn the_memory_journal_keeps_every_promise() {
    run_journal_suite(Memory::default).await.unwrap();
}

struct MemoryRowsSubject(Arc<MemoryRows>);
impl ReadStoreSubject for MemoryRowsSubject {
    fn open(&mut self) -> Result<Arc<dyn ReadStore>, StoreError> {
        Ok(self.0.clone())
    }
}

struct SledSubject(tempfile::TempDir);
impl ReadStoreSubject for SledSubject {
    fn open(&mut self) -> Result<Arc<dyn ReadStore>, StoreError> {
        let source = source(self.0.path());
        source.open_existing()?.map_or_else(|| source.start_over(), Ok)
    }
}

#[test]
fn both_read_stores_keep_every_promise() {
    run_read_store_suite(|| MemoryRowsSubject(Arc::new(MemoryRows::new()))).unwrap();
    run_read_store_suite(|| SledSubject(tempfile::tempdir().unwrap())).unwrap();
}

fn source(root: &Path) -> SledSource {
    SledSource::new(root, SledDeadlines::default())
}

/// A journal in memory with records over it, and no read store yet.
struct House {
    overlay: Arc<Overlay>,
    journal: Arc<MemoryJournal>,
    records: SealedRecords,
}

fn house(bytes_max: usize) -> House {
    let overlay = Arc::new(Overlay::new(bytes_max));
    let journal = Arc::new(MemoryJournal::new(1, overlay.clone()));
    let entropy = Arc::new(SeededEntropy::new(1));
    let keyring = Keyring::open(Arc::new(MemoryDisk::new()), SealKey::self_named([1; 32]), entropy, true).unwrap();
    let records = SealedRecords::new(journal.clone(), Arc::new(keyring), overlay.clone(), true);
    House {
        overlay,
        journal,
        records,
    }
}

fn key(id: u16) -> RecordKey {
    RecordKey {
        practice: 1,
        table: 1,
        id: id.to_be_bytes().to_vec(),
    }
}

impl House {
    async fn put(&self, id: u16, value: &[u8]) -> Result<u64, AppendError> {
        self.records
            .commit(Vec::new(), vec![(key(id), Some(value.to_vec()))])
            .await
    }

    async fn value(&self, id: u16) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records.get(key(id)).await?.map(|(_, value)| value))
    }

    fn apply_with(&self, source: Arc<dyn ReadStoreSource>) -> Applier {
        let ticks = Arc::new(|| Duration::ZERO);
        Applier::start(self.journal.clone(), self.overlay.clone(), source, ticks).unwrap()
    }

    /// Waits until a read store is below and everything is applied.
    async fn settled(&self) {
        while !self.overlay.stats().ready || self.overlay.stats().records > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn acknowledged_records_are_read_before_during_and_after_the_read_store_opens() {
    let root = tempfile::tempdir().unwrap();
    let house = house(1 << 20);
    house.put(1, b"one").await.unwrap();
    assert_eq!(house.value(1).await.unwrap(), Some(b"one".to_vec()));
    let unknown = house.value(2).await;
    assert!(
        matches!(unknown, Err(StoreError::Append(AppendError::Busy))),
        "{unknown:?}"
    );
    let applier = house.apply_with(Arc::new(source(root.path())));
    for id in 2..300 {
        house.put(id, &id.to_be_bytes()).await.unwrap();
        assert_eq!(house.value(id).await.unwrap(), Some(id.to_be_bytes().to_vec()));
    }
    house.settled().await;
    assert_eq!(house.value(1).await.unwrap(), Some(b"one".to_vec()));
    assert_eq!(house.records.scan(1, 1, 1_000).await.unwrap().len(), 299);
    house.records.commit(Vec::new(), vec![(key(1), None)]).await.unwrap();
    assert_eq!(house.value(1).await.unwrap(), None);
    assert_eq!(house.records.scan(1, 1, 1_000).await.unwrap().len(), 298);
    applier.stop();
    assert_eq!(applier.stats().applied, house.journal.position());
    let again = source(root.path()).open_existing().unwrap().unwrap();
    assert_eq!(again.applied().unwrap(), house.journal.position());
}

#[tokio::test]
async fn a_full_overlay_is_busy_until_the_read_store_drains_it() {
    let root = tempfile::tempdir().unwrap();
    let house = house(1_000);
    let mut put = 0;
    while house.put(put, b"value").await.is_ok() {
        put += 1;
    }
    assert!((3..10).contains(&put), "{put}");
    assert!(matches!(house.put(put, b"value").await, Err(AppendError::Busy)));
    let applier = house.apply_with(Arc::new(source(root.path())));
    house.settled().await;
    house.put(put, b"value").await.unwrap();
    applier.stop();
}

/// A store that fails when told to, over sled.
struct Failing {
    inner: SledSource,
    fail: Arc<AtomicBool>,
}

struct FailingRows {
    inner: Arc<dyn ReadStore>,
    fail: Arc<AtomicBool>,
}

impl FailingRows {
    fn answer<T>(&self, answer: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.fail.swap(false, Ordering::AcqRel) {
            return Err(StoreError::NoKey);
        }
        answer()
    }
}

impl ReadStore for FailingRows {
    fn applied(&self) -> Result<u64, StoreError> {
        self.inner.applied()
    }
    fn apply(&self, position: u64, writes: &[(u64, RecordWrite)]) -> Result<(), StoreError> {
        self.inner.apply(position, writes)
    }
    fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        self.answer(|| self.inner.get(key))
    }
    fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.answer(|| self.inner.scan(practice, table, after, limit))
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush()
    }
}

impl ReadStoreSource for Failing {
    fn open_existing(&self) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        Ok(self.inner.open_existing()?.map(|inner| self.wrap(inner)))
    }
    fn start_over(&self) -> Result<Arc<dyn ReadStore>, StoreError> {
        Ok(self.wrap(self.inner.start_over()?))
    }
}

impl Failing {
    fn wrap(&self, inner: Arc<dyn ReadStore>) -> Arc<dyn ReadStore> {
        Arc::new(FailingRows {
            inner,
            fail: self.fail.clone(),
        })
    }
}

#[tokio::test]
async fn a_failing_read_store_is_rebuilt_while_writes_go_on() {
    let root = tempfile::tempdir().unwrap();
    let house = house(1 << 20);
    let fail = Arc::new(AtomicBool::new(false));
    let applier = house.apply_with(Arc::new(Failing {
        inner: source(root.path()),
        fail: fail.clone(),
    }));
    for id in 0..50 {
        house.put(id, b"before").await.unwrap();
    }
    house.settled().await;
    fail.store(true, Ordering::Release);
    assert!(house.value(3).await.is_err());
    house.put(60, b"meanwhile").await.unwrap();
    assert_eq!(house.value(60).await.unwrap(), Some(b"meanwhile".to_vec()));
    while applier.stats().rebuilds == 0 {
        tokio::task::yield_now().await;
    }
    house.settled().await;
    assert_eq!(house.value(3).await.unwrap(), Some(b"before".to_vec()));
    assert_eq!(house.value(60).await.unwrap(), Some(b"meanwhile".to_vec()));
    assert!(applier.stats().last_reason.is_some());
    assert!(root.path().join("sled.damaged.1").exists());
    applier.stop();
}

#[tokio::test]
async fn a_read_store_ahead_of_the_journal_or_missing_is_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    let ahead = source(root.path()).start_over().unwrap();
    ahead.apply(1_000, &[]).unwrap();
    ahead.flush().unwrap();
    drop(ahead);
    let house = house(1 << 20);
    house.put(1, b"one").await.unwrap();
    let applier = house.apply_with(Arc::new(source(root.path())));
    house.settled().await;
    assert_eq!(applier.stats().rebuilds, 1);
    assert_eq!(house.value(1).await.unwrap(), Some(b"one".to_vec()));
    applier.stop();
    std::fs::remove_dir_all(root.path().join("sled")).unwrap();
    let overlay = Arc::new(Overlay::new(1 << 20));
    let journal: Arc<dyn Journal> = Arc::new(house.journal.reopened(overlay.clone()));
    let ticks = Arc::new(|| Duration::ZERO);
    let applier = Applier::start(journal, overlay.clone(), Arc::new(source(root.path())), ticks).unwrap();
    while !overlay.stats().ready {
        tokio::task::yield_now().await;
    }
    assert_eq!(overlay.get(&key(1)).unwrap().unwrap().version, 1);
    assert_eq!(applier.stats().rebuilds, 1);
    applier.stop();
}
