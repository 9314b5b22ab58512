//! The keyring on a failing disk: a failed write or sync is told and ends the process, a power cut at any point loses no
//! key that was handed out and brings back none that was forgotten.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use cabinet_domain::ids::{PatientId, PracticeId};
use cabinet_storage::disk::Disk;
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use cabinet_storage::keyring::{KeyState, Keyring, verify};
use cabinet_storage::seal::{KeyId, SealKey, SeededEntropy};
use cabinet_storage::{AppendError, KeySource, ReadStoreKind, Storage, StorageOptions, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use support::{agenda, book};

fn root() -> SealKey {
    SealKey::self_named([5; 32])
}

fn cut_at(operation: u64) -> Faults {
    Faults {
        power_cut_at: Some(operation),
        ..Faults::default()
    }
}

fn open(disk: &SimDisk, seed: u64) -> Result<Keyring, StoreError> {
    let there = Keyring::probe(disk, &root())?;
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    Keyring::open(shared, root(), Arc::new(SeededEntropy::new(seed)), !there)
}

/// What a keyring was asked for, as far as it answered.
#[derive(Default)]
struct Told {
    /// Practice and key of each patient, in order.
    given: Vec<(u128, KeyId)>,
    forgotten: BTreeSet<KeyId>,
    /// Forgetting was begun and not answered.
    doubtful: BTreeSet<KeyId>,
}

/// Three practices, pools filled several times, two patients forgotten.
fn work(keyring: &Keyring, told: &mut Told) -> Result<(), StoreError> {
    for practice in 1..=3 {
        for patient in 1..=20 {
            let id = keyring.key_for(practice, patient)?.key.id();
            told.given.push((practice, id));
            if patient == 10 && practice < 3 {
                told.doubtful.insert(id);
                keyring.forget(practice, patient, &[])?;
                told.forgotten.append(&mut told.doubtful);
            }
        }
    }
    Ok(())
}

fn run(faults: Faults) -> (SimDisk, Told) {
    let disk = SimDisk::new();
    disk.set_faults(faults);
    let mut told = Told::default();
    let worked = open(&disk, 1).and_then(|keyring| work(&keyring, &mut told));
    assert_eq!(worked.is_ok(), faults == Faults::default());
    (disk, told)
}

/// Every key is what was said, and a new patient gets one that nobody had.
fn check(disk: &SimDisk, told: &Told, seed: u64) {
    let keyring = open(disk, seed).unwrap();
    for (practice, id) in &told.given {
        let state = keyring.key(*practice, *id).unwrap();
        let right = match state {
            KeyState::Known(_) => !told.forgotten.contains(id),
            KeyState::Forgotten => told.forgotten.contains(id) || told.doubtful.contains(id),
            KeyState::Missing => false,
        };
        assert!(right, "{practice} {state:?}");
    }
    for practice in 1..=3 {
        let fresh = keyring.key_for(practice, 99).unwrap().key.id();
        assert!(!told.given.iter().any(|(_, id)| *id == fresh));
    }
    assert_eq!(verify(disk, &root()).unwrap().faults, Vec::new());
}

/// A share of the points, so that shares run side by side.
fn every_point(share: u64) {
    let operations = run(Faults::default()).0.operations();
    assert!(operations > 90, "{operations}");
    for operation in (1 + share..=operations).step_by(2) {
        let (disk, told) = run(cut_at(operation));
        for seed in 0..6 {
            let crashed = disk.crash(seed * 1_000_003 + operation);
            let whole = crashed.snapshot_live();
            let before = whole.operations();
            check(&whole, &told, 100 + seed);
            // And at every point of the recovery, and of the recovery after that.
            for recovery in before + 1..=whole.operations() {
                let again = crashed.snapshot_live();
                again.set_faults(cut_at(recovery));
                let _cut_off = open(&again, 7)
                    .and_then(|keyring| (1..=3).try_for_each(|practice| keyring.key_for(practice, 98).map(drop)));
                let again = again.crash(seed + recovery);
                check(&again, &told, 200 + seed);
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_even_point_loses_no_key_and_brings_none_back() {
    every_point(1);
}

#[test]
fn a_power_cut_at_any_odd_point_loses_no_key_and_brings_none_back() {
    every_point(0);
}

fn options() -> StorageOptions {
    StorageOptions {
        read_store: ReadStoreKind::Memory,
        ..StorageOptions::new(
            "nowhere".into(),
            KeySource::Secret([5; 32]),
            Arc::new(|| Duration::ZERO),
        )
    }
}

/// Books in a practice that is new, then forgets its patient.
async fn store_work(storage: &Storage) -> Result<(), AppendError> {
    let stream = agenda(7, 1);
    let loaded = storage.streams().load(stream).await;
    assert_eq!(loaded.map(|loaded| loaded.head).unwrap(), 0);
    storage.streams().append(book(stream, 0, 1)).await?;
    while !storage.stats().overlay.ready {
        tokio::task::yield_now().await;
    }
    let forgotten = storage.forget_patient(PracticeId(7), PatientId(1)).await;
    forgotten.map_err(|_| AppendError::Unknown)
}

#[tokio::test]
async fn a_failed_write_or_sync_of_a_keyring_file_ends_the_process_with_a_named_reason() {
    let started = SimDisk::new();
    let storage = Storage::open_on(Arc::new(started.clone()), options()).unwrap();
    storage.close().await.unwrap();
    drop(storage);
    let (mut keyring_named, mut operation) = (0, 0);
    loop {
        operation += 1;
        let mut reached = false;
        for short in [false, true] {
            let disk = started.snapshot_live();
            let storage = Storage::open_on(Arc::new(disk.clone()), options()).unwrap();
            let at = disk.operations() + operation;
            disk.set_faults(Faults {
                sync_failure_at: Some(at).filter(|_| !short),
                short_write_at: Some(at).filter(|_| short),
                ..Faults::default()
            });
            let worked = store_work(&storage).await;
            reached |= disk.operations() >= at;
            if worked.is_err() {
                let why = storage.fatal().await;
                assert!(
                    why.contains("the keyring has failed") || why.contains("the journal has stopped"),
                    "{why}"
                );
                keyring_named += u64::from(why.contains("keyring/a") || why.contains("keyring/b"));
            }
        }
        if !reached {
            break;
        }
    }
    assert!(keyring_named >= 12, "{keyring_named} of {operation}");
}

#[tokio::test]
async fn a_full_disk_refuses_a_new_practice_and_is_not_fatal() {
    let disk = SimDisk::new();
    let storage = Storage::open_on(Arc::new(disk.clone()), options()).unwrap();
    disk.set_faults(Faults {
        full_from: Some(0),
        ..Faults::default()
    });
    let stream = agenda(7, 1);
    storage.streams().load(stream).await.unwrap();
    storage.streams().append(book(stream, 0, 1)).await.unwrap_err();
    assert!(!storage.stats().keyring.failed);
    disk.set_faults(Faults::default());
    storage.streams().append(book(stream, 0, 1)).await.unwrap();
    storage.close().await.unwrap();
}
