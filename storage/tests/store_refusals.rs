//! Every wrong start: an error that names the thing, and a store of which no byte has changed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use cabinet_storage::disk::real::RealDisk;
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use cabinet_storage::journal::{InlineJournal, JournalOptions};
use cabinet_storage::memory::MemoryRows;
use cabinet_storage::records::Overlay;
use cabinet_storage::seal::{Entropy as _, SeededEntropy, sha256};
use cabinet_storage::verify::verify;
use cabinet_storage::{KeySource, ReadStoreKind, Storage, StorageOptions, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use support::{agenda, book};

const SEED: u64 = 3;
const EVENTS: u64 = 160;

fn key() -> KeySource {
    let mut secret = [0; 32];
    SeededEntropy::new(!SEED).fill(&mut secret).unwrap();
    KeySource::Secret(secret)
}

fn options(data: &Path) -> StorageOptions {
    StorageOptions::new(data.to_path_buf(), key(), Arc::new(|| Duration::ZERO))
}

/// A closed store of two practices with several small segments, a checkpoint of the first practice's agenda and a witness.
async fn fill(data: &Path) {
    let disk = Arc::new(RealDisk::open(data).unwrap());
    let small = JournalOptions {
        segment_bytes: 64 * 1024,
        ..JournalOptions::still()
    };
    let journal = Arc::new(InlineJournal::open(disk.clone(), small).unwrap());
    let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
    journal.core().attach(overlay.clone());
    let entropy = Arc::new(SeededEntropy::new(SEED));
    let storage = Storage::over(journal, overlay, disk, entropy, SEED).unwrap();
    for practice in 1..=2 {
        let stream = agenda(practice, 1);
        storage.streams().load(stream).await.unwrap();
        for number in 1..=EVENTS {
            let commit = book(stream, number - 1, u128::from(number));
            storage.streams().append(commit).await.unwrap();
        }
        if practice == 1 {
            let loaded = storage.streams().load(stream).await.unwrap();
            storage
                .streams()
                .put_checkpoint(stream, loaded.state, loaded.people)
                .await
                .unwrap();
        }
    }
    storage.close().await.unwrap();
    assert!(data.join("journal/0000000003.segment").exists());
}

/// Every file and its bytes; the empty lock file is the one thing that a look at a directory may leave.
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
    files.retain(|path, bytes| !(path.ends_with("lock") && bytes.is_empty()));
    files
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in image(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

fn swap(data: &Path, one: &str, two: &str) {
    let [one, two] = [one, two].map(|name| data.join(name));
    let bytes = std::fs::read(&one).unwrap();
    std::fs::copy(&two, &one).unwrap();
    std::fs::write(&two, bytes).unwrap();
}

/// Another version in a little-endian pair of a number and its complement.
fn newer(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 3;
    bytes[at + 4] ^= 3;
}

fn newer_in_place(bytes: &mut [u8]) {
    newer(bytes, 8);
}

fn newer_witness(bytes: &mut [u8]) {
    let written = bytes[..16].iter().any(|byte| *byte != 0);
    newer(bytes, if written { 8 } else { 4096 + 8 });
}

fn newer_keyring(bytes: &mut [u8]) {
    bytes[6..8].copy_from_slice(&2_u16.to_be_bytes());
    let sum = sha256(&[&bytes[..32]]);
    bytes[32..48].copy_from_slice(&sum[..16]);
}

const PRACTICES: [&str; 2] = [
    "practice-00000000000000000000000000000001",
    "practice-00000000000000000000000000000002",
];

/// What is done to a store, the kind of error, and what it must name.
type Case = (fn(&Path), fn(&StoreError) -> bool, &'static str);

const CASES: [Case; 6] = [
    (
        |data| swap(data, "journal/0000000001.segment", "journal/0000000002.segment"),
        |error| matches!(error, StoreError::Corrupt { .. }),
        ".segment",
    ),
    (
        |data| change(&data.join("journal/0000000002.segment"), |bytes| bytes.truncate(30_000)),
        |error| matches!(error, StoreError::Corrupt { .. }),
        "0000000002.segment",
    ),
    (
        |data| std::fs::remove_file(data.join("journal/0000000002.segment")).unwrap(),
        |error| matches!(error, StoreError::Corrupt { .. } | StoreError::HistoryMissing { .. }),
        "segment",
    ),
    (
        |data| {
            for folder in ["keyring/a", "keyring/b"] {
                change(&data.join(folder).join("installation"), |bytes| bytes.truncate(40));
            }
        },
        |error| matches!(error, StoreError::Corrupt { .. }),
        "installation",
    ),
    (
        // One copy of the keys could be repaired: not before the journal is found good.
        |data| {
            change(&data.join("keyring/b/installation"), |bytes| bytes.truncate(40));
            change(&data.join("journal/0000000001.segment"), |bytes| bytes[20] ^= 1);
        },
        |error| matches!(error, StoreError::Corrupt { .. }),
        "0000000001.segment",
    ),
    (
        |data| std::fs::remove_dir_all(data.join("journal")).unwrap(),
        |error| matches!(error, StoreError::HistoryMissing { .. }),
        "the journal is gone",
    ),
];

/// How a path begins and ends, and how a newer build would have marked the file.
type Kind = (&'static str, &'static str, Option<fn(&mut [u8])>);

/// Every kind of file in a data directory, by how its path begins and ends, and how a newer build would have marked it; none
/// where a file says no version: the lock and the spare are empty, sled's own files are its own, and `version` speaks for
/// what lies in them.
const KINDS: [Kind; 10] = [
    ("journal/", ".segment", Some(newer_in_place)),
    ("journal/", "index", Some(newer_in_place)),
    ("journal/", "spare", None),
    ("checkpoints/", "", Some(newer_in_place)),
    ("witness", "", Some(newer_witness)),
    ("keyring/a/", "", Some(newer_keyring)),
    ("keyring/b/", "", Some(newer_keyring)),
    ("sled/", "version", Some(newer_in_place)),
    ("sled/", "", None),
    ("lock", "", None),
];

fn refused(options: StorageOptions, expected: fn(&StoreError) -> bool, name: &str) {
    let data = options.data_dir.clone();
    let before = image(&data);
    let Err(error) = Storage::open(options) else {
        panic!("was opened: {name}");
    };
    assert!(expected(&error), "{name}: {error:?}");
    assert!(error.to_string().contains(name), "{error} does not name {name}");
    assert!(image(&data) == before, "the store was touched: {name}");
}

#[tokio::test]
async fn each_wrong_file_is_named_and_nothing_is_changed() {
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    fill(&whole).await;
    for (number, (damage, expected, name)) in CASES.into_iter().enumerate() {
        let data = root.path().join(format!("case{number}"));
        copy(&whole, &data);
        damage(&data);
        refused(options(&data), expected, name);
    }
    let wrong_key = StorageOptions {
        installation_key: KeySource::Secret([9; 32]),
        ..options(&whole)
    };
    refused(
        wrong_key,
        |error| matches!(error, StoreError::WrongKey { .. }),
        "keyring/a/installation",
    );
    let storage = Storage::open(options(&whole)).unwrap();
    assert_eq!(storage.streams().load(agenda(2, 1)).await.unwrap().head, EVENTS);
    storage.close().await.unwrap();
}

#[tokio::test]
async fn swapped_keys_of_practices_are_named() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fill(&data).await;
    for folder in ["keyring/a", "keyring/b"] {
        let [one, two] = PRACTICES.map(|name| format!("{folder}/{name}"));
        swap(&data, &one, &two);
    }
    let before = image(&data);
    let found = verify(&data, &key(), None).err().unwrap();
    assert!(matches!(found, StoreError::Corrupt { .. }), "{found:?}");
    assert!(found.to_string().contains("keyring/a/practice-"), "{found}");
    assert!(image(&data) == before);
    let storage = Storage::open(options(&data)).unwrap();
    let loaded = storage.streams().load(agenda(1, 1)).await.err().unwrap();
    assert!(loaded.to_string().contains("keyring/a/practice-"), "{loaded}");
    storage.close().await.unwrap();
}

/// Bug: a newer checkpoint was passed over as if it were damaged, and newer keys of a practice were met only once it was used.
#[tokio::test]
async fn each_file_of_a_newer_version_is_named_with_both_versions_and_nothing_is_changed() {
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    fill(&whole).await;
    // The read store, and a second witness.
    let with_copy = |data: &Path| StorageOptions {
        witness_copy: Some(data.with_extension("witness-copy")),
        ..options(data)
    };
    let storage = Storage::open(with_copy(&whole)).unwrap();
    while !storage.stats().overlay.ready {
        tokio::task::yield_now().await;
    }
    storage.close().await.unwrap();
    drop(storage);
    let mut seen = [0; KINDS.len()];
    for (number, path) in image(&whole).into_keys().enumerate() {
        let name = path.strip_prefix(&whole).unwrap().to_str().unwrap();
        let fits = |(begin, end, _): &Kind| name.starts_with(begin) && name.ends_with(end);
        let kind = KINDS.iter().position(fits);
        let kind = kind.unwrap_or_else(|| panic!("{name} is of no known kind: say where its version lies"));
        seen[kind] += 1;
        let Some(mark) = KINDS[kind].2 else { continue };
        let data = root.path().join(format!("case{number}"));
        copy(&whole, &data);
        change(&data.join(name), |bytes| mark(bytes));
        refused(
            options(&data),
            |error| matches!(error, StoreError::NewerFormat { found: 2, known: 1, .. }),
            name,
        );
        let found = verify(&data, &key(), None).err().unwrap();
        assert!(matches!(found, StoreError::NewerFormat { .. }), "{name}: {found:?}");
    }
    // All but the lock, which `image` leaves out, and the spare, which is made only once half a segment is full.
    assert!(
        (0..9).all(|kind| seen[kind] > 0 || KINDS[kind].1 == "spare"),
        "{seen:?}"
    );
    change(&whole.with_extension("witness-copy"), |bytes| newer_witness(bytes));
    refused(
        with_copy(&whole),
        |error| matches!(error, StoreError::NewerFormat { found: 2, known: 1, .. }),
        "witness-copy",
    );
}

#[tokio::test]
async fn nothing_is_begun_where_something_says_that_data_exists() {
    let root = tempfile::tempdir().unwrap();
    let [filled, empty, emptied] = ["filled", "empty", "emptied"].map(|name| root.path().join(name));
    let missing = |error: &StoreError| matches!(error, StoreError::HistoryMissing { .. });
    let with_copy = |data: &Path| StorageOptions {
        witness_copy: Some(root.path().join("witness-copy")),
        ..options(data)
    };
    Storage::open(with_copy(&filled)).unwrap().close().await.unwrap();
    std::fs::create_dir(&empty).unwrap();
    refused(with_copy(&empty), missing, "a second witness is there");
    assert!(image(&empty).is_empty());
    std::fs::create_dir(&emptied).unwrap();
    std::fs::copy(filled.join("witness"), emptied.join("witness")).unwrap();
    refused(options(&emptied), missing, "a witness is there");
    let expecting = StorageOptions {
        expect_existing: true,
        ..options(&empty)
    };
    refused(expecting, missing, "the configuration says that data exists");
    assert!(image(&empty).is_empty());
}

const CHILD: &str = "CABINET_TEST_SECOND_PROCESS";

/// The same test again, in a process of its own; true when that process could open the store.
fn second_process_opens(data: &Path) -> bool {
    let test = "a_second_process_is_refused_by_name_and_changes_nothing";
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(CHILD, data)
        .status();
    match status.unwrap().code() {
        Some(10) => false,
        Some(11) => true,
        other => panic!("the second process ended with {other:?}"),
    }
}

#[tokio::test]
async fn a_second_process_is_refused_by_name_and_changes_nothing() {
    if let Some(data) = std::env::var_os(CHILD) {
        let data = PathBuf::from(data);
        match Storage::open(options(&data)) {
            Err(StoreError::Locked { path }) if path == data.join("lock") => std::process::exit(10),
            Err(error) => panic!("{error:?}"),
            Ok(_) => std::process::exit(11),
        }
    }
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fill(&data).await;
    let storage = Storage::open(StorageOptions {
        read_store: ReadStoreKind::Memory,
        ..options(&data)
    })
    .unwrap();
    let before = image(&data);
    assert!(!second_process_opens(&data));
    assert!(image(&data) == before);
    storage.close().await.unwrap();
    drop(storage);
    assert!(second_process_opens(&data));
}

#[tokio::test]
async fn a_read_only_or_full_disk_is_named_and_nothing_is_changed() {
    let in_memory = StorageOptions {
        read_store: ReadStoreKind::Memory,
        ..options(Path::new("nowhere"))
    };
    let disk = SimDisk::new();
    let storage = Storage::open_on(Arc::new(disk.clone()), in_memory.clone()).unwrap();
    storage.streams().load(agenda(1, 1)).await.unwrap();
    storage.streams().append(book(agenda(1, 1), 0, 1)).await.unwrap();
    storage.close().await.unwrap();
    drop(storage);
    let read_only = Faults {
        read_only: true,
        ..Faults::default()
    };
    let full = Faults {
        full_from: Some(0),
        ..Faults::default()
    };
    for (disk, faults) in [(disk, read_only), (SimDisk::new(), read_only), (SimDisk::new(), full)] {
        disk.set_faults(faults);
        let before = disk.files();
        let error = Storage::open_on(Arc::new(disk.clone()), in_memory.clone())
            .err()
            .unwrap();
        let named = error.to_string().contains("keyring") || error.to_string().contains("journal/");
        let named = named && matches!(error, StoreError::Unwritable { .. } | StoreError::Io { .. });
        assert!(named, "{error:?}");
        assert_eq!(disk.files(), before);
    }
}
