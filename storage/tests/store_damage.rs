//! A whole sealed store under damage: every byte flipped and every cut of every keyring and checkpoint file, and a sample
//! of the segments' bytes (all of which the journal's own tests flip and cut, with index and witness). Never a wrong
//! answer: what is read is right, or the file is named.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use cabinet_domain::Event;
use cabinet_domain::ids::{PatientId, PracticeId};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use cabinet_storage::disk::Disk as _;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::{InlineJournal, JournalOptions};
use cabinet_storage::keyring::{self, Keyring};
use cabinet_storage::memory::{MemoryDisk, MemoryRows};
use cabinet_storage::records::Overlay;
use cabinet_storage::seal::{Entropy as _, SealKey, SeededEntropy};
use cabinet_storage::{Commit, Loaded, Storage, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{agenda, book};

const SEED: u64 = 5;
/// Events of the agenda that has a checkpoint, and of the one that has none.
const EVENTS: [u64; 2] = [30, 400];
const PATIENTS: u64 = 50;
/// Every so many-th byte of segments is flipped here.
const SEGMENT_STEP: u64 = 67;

type Image = BTreeMap<PathBuf, Vec<u8>>;

struct Store {
    disk: SimDisk,
    journal: Arc<InlineJournal>,
    storage: Storage,
    files: Image,
    right: Vec<Loaded>,
}

fn streams() -> [StreamKey; 2] {
    [agenda(1, 1), agenda(2, 1)]
}

fn root() -> SealKey {
    let mut secret = [0; 32];
    SeededEntropy::new(!SEED).fill(&mut secret).unwrap();
    SealKey::self_named(secret)
}

/// A commit of one booking by one of a few patients.
fn booked(stream: StreamKey, number: u64) -> Commit {
    let patient = PatientId(u128::from(number % PATIENTS));
    let mut commit = book(stream, number - 1, u128::from(number));
    commit.personal[0].patient = patient;
    if let StreamEvent::Agenda(Event::SlotBooked { booking, .. }) = &mut commit.events[0].event {
        booking.patient = patient;
    }
    commit
}

async fn store() -> Store {
    let disk = SimDisk::new();
    let small = JournalOptions {
        segment_bytes: 64 * 1024,
        ..JournalOptions::still()
    };
    let journal = Arc::new(InlineJournal::open(Arc::new(disk.clone()), small).unwrap());
    let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
    journal.attach(overlay.clone());
    let entropy = Arc::new(SeededEntropy::new(SEED));
    let storage = Storage::over(journal.clone(), overlay, Arc::new(disk.clone()), entropy, SEED).unwrap();
    let mut right = Vec::new();
    for (stream, events) in streams().into_iter().zip(EVENTS) {
        storage.streams().load(stream).await.unwrap();
        for number in 1..=events {
            let commit = booked(stream, number);
            storage.streams().append(commit).await.unwrap();
        }
        let loaded = storage.streams().load(stream).await.unwrap();
        right.push(storage.streams().load(stream).await.unwrap());
        if stream == streams()[0] {
            let store = storage.streams();
            let kept = store.put_checkpoint(stream, loaded.state, loaded.people);
            kept.await.unwrap();
        }
    }
    let files = disk.files();
    let total: usize = files.values().map(Vec::len).sum();
    assert!(total >= 256 * 1024, "{total}");
    Store {
        disk,
        journal,
        storage,
        files,
        right,
    }
}

impl Store {
    fn under(&self, folder: &str) -> Image {
        let inside = self.files.iter().filter(|(path, _)| path.starts_with(folder));
        inside.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    }

    /// Loads a stream; `None` when damage was named. A wrong answer fails.
    async fn answer(&self, which: usize) -> Option<StreamState> {
        let right = &self.right[which];
        match self.storage.streams().load(streams()[which]).await {
            Ok(loaded) => {
                assert_eq!(loaded.head, right.head);
                assert!(loaded.state == right.state && loaded.people == right.people);
                Some(loaded.state)
            }
            Err(StoreError::Corrupt { .. }) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    fn restore(&self, path: &Path) {
        let bytes = &self.files[path];
        let file = self.disk.open(path).unwrap();
        file.set_len(u64::try_from(bytes.len()).unwrap()).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }
}

/// Holds a damaged keyring against the whole one: the damage is named, and the keys are right all the same.
fn keyring_repaired(image: Image, path: &Path, whole: &Image) {
    let disk = MemoryDisk::from_image(image);
    let found = keyring::verify(&disk, &root()).unwrap();
    // A second copy cut short looks like one that a kill left behind: said, but no damage.
    let named = found.faults.iter().map(|fault| &fault.path).chain(&found.lagging);
    assert_eq!(named.collect::<Vec<_>>(), [path], "{}", path.display());
    let entropy = Arc::new(SeededEntropy::new(1));
    let keyring = Keyring::open(Arc::new(disk.clone()), root(), entropy, false).unwrap();
    for practice in 1..=2 {
        keyring.practice(practice).unwrap();
    }
    assert_eq!(keyring.stats().repaired_copies, 1);
    assert!(disk.image() == *whole, "{} is not as it was", path.display());
}

/// Flips or cuts at every byte of a share, so that shares run side by side.
async fn keyring_share(share: usize, damage: fn(&mut Vec<u8>, usize)) {
    let whole = store().await.under("keyring");
    let mut trials = 0;
    for (path, bytes) in &whole {
        for at in (share..bytes.len()).step_by(2) {
            let mut damaged = whole.clone();
            damage(damaged.get_mut(path).unwrap(), at);
            keyring_repaired(damaged, path, &whole);
            trials += 1;
        }
    }
    assert!(trials > 3_000, "{trials}");
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1 << (at % 8);
}

#[tokio::test]
async fn every_even_byte_of_the_keyring_flipped_is_repaired() {
    keyring_share(0, |bytes, at| flip(bytes, at)).await;
}

#[tokio::test]
async fn every_odd_byte_of_the_keyring_flipped_is_repaired() {
    keyring_share(1, |bytes, at| flip(bytes, at)).await;
}

#[tokio::test]
async fn every_even_cut_of_the_keyring_is_repaired() {
    keyring_share(0, Vec::truncate).await;
}

#[tokio::test]
async fn every_odd_cut_of_the_keyring_is_repaired() {
    keyring_share(1, Vec::truncate).await;
}

#[tokio::test]
async fn every_byte_and_cut_of_a_sealed_checkpoint_is_passed_over() {
    let store = store().await;
    let mut damaged = 0;
    for (path, bytes) in store.under("checkpoints") {
        for at in 0..u64::try_from(bytes.len()).unwrap() {
            assert!(store.disk.flip(&path, at, 1 << (at % 8)));
            assert!(store.answer(0).await.is_some());
            assert!(store.disk.truncate(&path, at));
            assert!(store.answer(0).await.is_some());
            store.restore(&path);
            damaged += 2;
            assert_eq!(store.journal.stats().damaged_checkpoints, damaged);
        }
        assert!(store.answer(0).await.is_some());
        assert_eq!(store.journal.stats().damaged_checkpoints, damaged);
    }
    assert!(damaged > 8_000, "{damaged}");
}

#[tokio::test]
async fn flipped_bytes_of_sealed_segments_are_named_or_harmless() {
    let store = store().await;
    let (mut named, mut trials) = (0, 0);
    for (path, bytes) in store.under("journal") {
        for at in (0..u64::try_from(bytes.len()).unwrap()).step_by(usize::try_from(SEGMENT_STEP).unwrap()) {
            assert!(store.disk.flip(&path, at, 1 << (at % 8)));
            named += u64::from(store.answer(1).await.is_none());
            assert!(store.disk.flip(&path, at, 1 << (at % 8)));
            trials += 1;
        }
    }
    assert!(store.answer(1).await.is_some());
    assert!(named * 2 > trials, "{named} of {trials}");
}

#[tokio::test]
async fn a_forgotten_patient_is_forgotten_in_checkpoint_and_events() {
    let store = store().await;
    store.storage.forget_patient(PracticeId(1), PatientId(3)).await.unwrap();
    let loaded = store.storage.streams().load(streams()[0]).await.unwrap();
    let forgotten = loaded.people.values().filter(|record| record.person.is_none());
    assert_eq!(
        forgotten.map(|record| record.patient).collect::<Vec<_>>(),
        [PatientId(3)]
    );
}
