//! A store in a real directory: restarts, and for each thing that can be wrong a clear error and an untouched store.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use cabinet_domain::ids::{BlobId, PatientId, PracticeId};
use cabinet_storage::conformance::{JournalSubject, run_journal_suite};
use cabinet_storage::disk::real::RealDisk;
use cabinet_storage::journal::{FileJournal, Journal, JournalOptions, RecordKey};
use cabinet_storage::records::RecordIndex;
use cabinet_storage::verify::{VerifyReport, verify};
use cabinet_storage::{KeySource, Storage, StorageOptions, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use support::{agenda, book, person};

const KEY: [u8; 32] = [0x21; 32];

fn options(root: &Path) -> StorageOptions {
    StorageOptions::new(root.join("data"), KeySource::Secret(KEY), Arc::new(|| Duration::ZERO))
}

fn record(id: u8) -> RecordKey {
    RecordKey {
        practice: 1,
        table: 3,
        id: vec![id],
    }
}

async fn ready(storage: &Storage) {
    while !storage.stats().overlay.ready || storage.stats().overlay.records > 0 {
        tokio::task::yield_now().await;
    }
}

/// A closed store with three bookings of one agenda and a record each.
async fn filled(root: &Path) {
    let storage = Storage::open(options(root)).unwrap();
    let stream = agenda(1, 2);
    storage.streams().load(stream).await.unwrap();
    for number in 1..=3_u8 {
        let mut commit = book(stream, u64::from(number) - 1, u128::from(number));
        commit.writes = vec![(record(number), Some(vec![number; 10]))];
        storage.streams().append(commit).await.unwrap();
    }
    let loaded = storage.streams().load(stream).await.unwrap();
    storage
        .streams()
        .put_checkpoint(stream, loaded.state, loaded.people)
        .await
        .unwrap();
    ready(&storage).await;
    storage.close().await.unwrap();
}

/// Every file and its bytes.
fn image(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(image(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

#[tokio::test]
async fn everything_is_there_after_restarts_and_a_lost_read_store() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path()).await;
    for round in 0..3 {
        if round == 1 {
            std::fs::remove_dir_all(root.path().join("data/sled")).unwrap();
        }
        let storage = Storage::open(StorageOptions {
            expect_existing: true,
            ..options(root.path())
        })
        .unwrap();
        let loaded = storage.streams().load(agenda(1, 2)).await.unwrap();
        assert_eq!((loaded.head, loaded.tail.len()), (3, 0));
        assert_eq!(loaded.people[&BlobId(2)].person.as_deref(), Some(&person(2)));
        ready(&storage).await;
        let found = storage.records().get(record(2)).await.unwrap();
        assert_eq!(found.map(|(_, value)| value), Some(vec![2; 10]));
        let rebuilds = storage.stats().read_store.unwrap().rebuilds;
        assert_eq!(rebuilds, u64::from(round == 1));
        storage.close().await.unwrap();
        storage.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_forgotten_patient_stays_forgotten_on_disk() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path()).await;
    let storage = Storage::open(options(root.path())).unwrap();
    ready(&storage).await;
    storage.forget_patient(PracticeId(1), PatientId(2)).await.unwrap();
    storage.close().await.unwrap();
    drop(storage);
    let storage = Storage::open(options(root.path())).unwrap();
    let loaded = storage.streams().load(agenda(1, 2)).await.unwrap();
    assert_eq!(loaded.people[&BlobId(2)].person, None);
    assert_eq!(loaded.people[&BlobId(3)].person.as_deref(), Some(&person(3)));
    storage.close().await.unwrap();
}

/// Opens, expects a refusal, and holds every file equal to what it was.
fn refused(options: StorageOptions, expected: fn(&StoreError) -> bool) {
    let folder = options.data_dir.clone();
    let before = folder.exists().then(|| image(&folder));
    let error = Storage::open(options).err().expect("was opened");
    assert!(expected(&error), "{error:?}");
    let after = folder.exists().then(|| image(&folder));
    if let Some(mut after) = after {
        // The empty lock file is the one thing that a look at a directory may leave.
        after.retain(|path, bytes| !(bytes.is_empty() && path.ends_with("lock")));
        let mut before = before.unwrap_or_default();
        before.retain(|path, _| !path.ends_with("lock"));
        assert!(after == before, "the store was touched");
    }
}

#[tokio::test]
async fn each_wrong_start_is_a_clear_error_and_an_untouched_store() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path()).await;
    let data = root.path().join("data");
    let good = options(root.path());
    let wrong_key = StorageOptions {
        installation_key: KeySource::Secret([9; 32]),
        ..good.clone()
    };
    refused(wrong_key, |error| matches!(error, StoreError::WrongKey { .. }));
    let second = Storage::open(good.clone()).unwrap();
    let locked = Storage::open(good.clone()).err().unwrap();
    assert!(matches!(locked, StoreError::Locked { .. }), "{locked:?}");
    second.close().await.unwrap();
    drop(second);
    let absent = StorageOptions {
        data_dir: root.path().join("elsewhere"),
        expect_existing: true,
        ..good.clone()
    };
    refused(absent, |error| matches!(error, StoreError::HistoryMissing { .. }));
    assert!(!root.path().join("elsewhere").exists());
    let (keyring, aside) = (data.join("keyring"), root.path().join("aside"));
    std::fs::rename(&keyring, &aside).unwrap();
    refused(good.clone(), |error| matches!(error, StoreError::HistoryMissing { .. }));
    std::fs::rename(&aside, &keyring).unwrap();
    std::fs::rename(data.join("journal"), &aside).unwrap();
    refused(good.clone(), |error| matches!(error, StoreError::HistoryMissing { .. }));
    std::fs::rename(&aside, data.join("journal")).unwrap();
    let healthy = Storage::open(good).unwrap();
    assert_eq!(healthy.streams().load(agenda(1, 2)).await.unwrap().head, 3);
    healthy.close().await.unwrap();
}

#[tokio::test]
async fn a_key_file_must_be_private_and_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let key = root.path().join("installation.key");
    let with_file = StorageOptions {
        installation_key: KeySource::File(key.clone()),
        ..options(root.path())
    };
    for (text, mode, opens) in [
        (hex::encode(KEY), 0o644, false),
        ("zz".repeat(32), 0o600, false),
        (hex::encode([1; 31]), 0o600, false),
        (format!("{}\n", hex::encode(KEY)), 0o600, true),
    ] {
        std::fs::write(&key, text).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        match Storage::open(with_file.clone()) {
            Ok(storage) => {
                assert!(opens, "mode {mode:o}");
                storage.close().await.unwrap();
            }
            Err(error) => {
                assert!(!opens, "{error:?}");
                assert!(!root.path().join("data").exists());
            }
        }
    }
}

#[tokio::test]
async fn a_damaged_sled_is_rebuilt_and_answers_stay_right() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path()).await;
    let log = root.path().join("data/sled/db");
    let mut bytes = std::fs::read(&log).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        bytes[at] ^= 0x5a;
    }
    std::fs::write(&log, bytes).unwrap();
    let storage = Storage::open(options(root.path())).unwrap();
    ready(&storage).await;
    for number in 1..=3_u8 {
        let found = storage.records().get(record(number)).await.unwrap();
        assert_eq!(found.map(|(_, value)| value), Some(vec![number; 10]));
    }
    assert_eq!(storage.stats().read_store.unwrap().rebuilds, 1);
    storage.close().await.unwrap();
}

#[tokio::test]
async fn verification_accepts_a_whole_store_changes_nothing_and_names_damage() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path()).await;
    let data = root.path().join("data");
    let key = KeySource::Secret(KEY);
    let before = image(&data);
    let report = verify(&data, &key, None).unwrap();
    assert_eq!(
        (report.streams, report.events, report.checkpoints, report.people),
        (1, 3, 1, 3)
    );
    // Three patients' keys, the month's, three records.
    assert_eq!((report.rows, report.torn_tail_bytes), (7, 0));
    assert_eq!(report.read_store_applied, Some(report.position));
    assert!(image(&data) == before, "verification changed the store");
    let wrong = verify(&data, &KeySource::Secret([1; 32]), None);
    assert!(matches!(wrong, Err(StoreError::WrongKey { .. })), "{wrong:?}");
    let damage = |path: &str, at: usize| {
        let mut bytes = std::fs::read(data.join(path)).unwrap();
        bytes[at] ^= 1;
        std::fs::write(data.join(path), bytes).unwrap();
    };
    damage("keyring/b/installation", 60);
    let found = verify(&data, &key, None);
    assert!(
        matches!(&found, Err(StoreError::Corrupt { path, .. }) if path.ends_with("keyring/b/installation")),
        "{found:?}"
    );
    damage("keyring/b/installation", 60);
    damage("sled/db", 40);
    // The engine takes some damage for an older state: that is a lagging read store, and said.
    let lags = |report: &VerifyReport| {
        report
            .read_store_applied
            .is_none_or(|applied| applied < report.position)
    };
    let sled = verify(&data, &key, None);
    assert!(sled.as_ref().map_or(true, lags), "{sled:?}");
    // Regression: a store whose disk had refused every write was called damaged; nothing was ever stored in it.
    std::fs::write(data.join("sled/db"), b"").unwrap();
    assert_eq!(verify(&data, &key, None).unwrap().read_store_applied, None);
}

struct OnDisk(tempfile::TempDir);

impl JournalSubject for OnDisk {
    fn open(&mut self, index: Arc<dyn RecordIndex>) -> Result<Arc<dyn Journal>, StoreError> {
        let disk = Arc::new(RealDisk::open(self.0.path())?);
        let options = JournalOptions {
            segment_bytes: 4 * 1024 * 1024,
            ..JournalOptions::still()
        };
        let journal = FileJournal::open(disk, options)?;
        journal.attach(index);
        Ok(Arc::new(journal))
    }
}

#[tokio::test]
async fn the_file_journal_keeps_every_promise() {
    run_journal_suite(|| OnDisk(tempfile::tempdir().unwrap()))
        .await
        .unwrap();
}
