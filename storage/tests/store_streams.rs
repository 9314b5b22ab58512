//! Typed streams: what goes in comes out, what was changed does not, and what was forgotten stays forgotten.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use cabinet_domain::ids::{BlobId, PatientId, PracticeId};
use cabinet_storage::disk::Disk;
use cabinet_storage::journal::{Journal as _, RecordKey};
use cabinet_storage::memory::{MemoryDisk, MemoryJournal, MemoryRows};
use cabinet_storage::records::Overlay;
use cabinet_storage::seal::SeededEntropy;
use cabinet_storage::{AppendError, Storage, StoreError, Table};
use std::sync::Arc;
use support::{agenda, book, hire, person, practice};

/// A store over parts that survive it.
struct Parts {
    journal: Arc<MemoryJournal>,
    rows: Arc<MemoryRows>,
    disk: MemoryDisk,
    starts: u64,
}

impl Parts {
    fn new() -> Self {
        let rows = Arc::new(MemoryRows::new());
        let overlay = Arc::new(Overlay::at_once(rows.clone()));
        Self {
            journal: Arc::new(MemoryJournal::new(5, overlay)),
            rows,
            disk: MemoryDisk::new(),
            starts: 0,
        }
    }

    /// The next process.
    fn start(&mut self) -> Storage {
        self.starts += 1;
        let overlay = Arc::new(Overlay::at_once(self.rows.clone()));
        self.journal = Arc::new(self.journal.reopened(overlay.clone()));
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let entropy = Arc::new(SeededEntropy::new(self.starts));
        Storage::over(self.journal.clone(), overlay, disk, entropy, 1).unwrap()
    }
}

#[tokio::test]
async fn events_and_people_come_back_after_a_restart() {
    let mut parts = Parts::new();
    let first = parts.start();
    let stream = agenda(1, 2);
    assert_eq!(first.streams().load(stream).await.unwrap().head, 0);
    for number in 1..=3_u128 {
        let expected = u64::try_from(number).unwrap() - 1;
        let done = first.streams().append(book(stream, expected, number)).await.unwrap();
        assert_eq!(done.head, expected + 1);
        assert_eq!(done.people[0].1.person.as_deref(), Some(&person(number)));
    }
    let second = parts.start();
    let loaded = second.streams().load(stream).await.unwrap();
    assert_eq!((loaded.head, loaded.tail.len(), loaded.people.len()), (3, 3, 3));
    assert_eq!(loaded.people[&BlobId(2)].person.as_deref(), Some(&person(2)));
    assert_eq!(second.streams().streams().await.unwrap(), vec![stream]);
}

#[tokio::test]
async fn a_former_process_is_fenced_and_a_stale_cell_conflicts() {
    let mut parts = Parts::new();
    let first = parts.start();
    let stream = agenda(1, 2);
    first.streams().load(stream).await.unwrap();
    first.streams().append(book(stream, 0, 1)).await.unwrap();
    let second = parts.start();
    second.streams().load(stream).await.unwrap();
    let late = first.streams().append(book(stream, 1, 2)).await;
    assert!(matches!(late, Err(AppendError::Fenced { current: 3 })), "{late:?}");
    let stale = second.streams().append(book(stream, 0, 2)).await;
    assert!(matches!(stale, Err(AppendError::Conflict { head: 1 })), "{stale:?}");
    second.streams().append(book(stream, 1, 2)).await.unwrap();
}

#[tokio::test]
async fn an_append_to_a_stream_that_was_not_loaded_conflicts() {
    let storage = Storage::memory(1).unwrap();
    let refused = storage.streams().append(book(agenda(1, 2), 0, 1)).await;
    assert!(matches!(refused, Err(AppendError::Conflict { head: 0 })), "{refused:?}");
}

#[tokio::test]
async fn a_checkpoint_shortens_the_tail_and_a_damaged_one_costs_nothing_else() {
    let mut parts = Parts::new();
    let stream = practice(9);
    let first = parts.start();
    first.streams().load(stream).await.unwrap();
    for seq in 0..5 {
        first
            .streams()
            .append(hire(stream, seq, u128::from(seq)))
            .await
            .unwrap();
    }
    let at_five = first.streams().load(stream).await.unwrap().state;
    first
        .streams()
        .put_checkpoint(stream, at_five.clone(), Default::default())
        .await
        .unwrap();
    first.streams().append(hire(stream, 5, 5)).await.unwrap();
    let second = parts.start();
    let loaded = second.streams().load(stream).await.unwrap();
    assert_eq!((loaded.tail_base, loaded.tail.len(), loaded.head), (at_five, 1, 6));
    let (seq, sealed) = parts.journal.checkpoint(stream).await.unwrap().unwrap();
    let mut damaged = sealed.to_vec();
    damaged[100] ^= 1;
    parts.journal.put_checkpoint(stream, seq, damaged.into()).await.unwrap();
    let again = parts.start().streams().load(stream).await.unwrap();
    assert_eq!((again.state, again.tail.len()), (loaded.state, 6));
}

#[tokio::test]
async fn a_changed_event_is_corruption_with_its_sequence() {
    for (seq, at) in [(1, 0), (2, 5), (2, 30), (3, 200)] {
        let mut parts = Parts::new();
        let stream = agenda(1, 2);
        let first = parts.start();
        first.streams().load(stream).await.unwrap();
        for number in 0..3 {
            let commit = book(stream, number, u128::from(number) + 1);
            first.streams().append(commit).await.unwrap();
        }
        parts.journal.damage(stream, seq, |bytes| bytes[at] ^= 0x10);
        let found = parts.start().streams().load(stream).await;
        assert!(
            matches!(&found, Err(StoreError::Corrupt { offset, .. }) if *offset == seq),
            "seq {seq} byte {at}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_forgotten_patient_is_gone_in_every_agenda_and_replay_works() {
    let mut parts = Parts::new();
    let (one, two) = (agenda(1, 1), agenda(1, 2));
    // The same patient in two agendas, met anew by two processes: two keys.
    for stream in [one, two] {
        let storage = parts.start();
        storage.streams().load(stream).await.unwrap();
        storage.streams().append(book(stream, 0, 7)).await.unwrap();
        storage.streams().append(book(stream, 1, 8)).await.unwrap();
    }
    let storage = parts.start();
    storage.forget_patient(PracticeId(1), PatientId(7)).await.unwrap();
    let restarted = parts.start();
    for store in [storage.streams(), restarted.streams()] {
        for stream in [one, two] {
            let loaded = store.load(stream).await.unwrap();
            assert_eq!(loaded.head, 2);
            assert_eq!(loaded.people[&BlobId(7)].person, None);
            assert_eq!(loaded.people[&BlobId(8)].person.as_deref(), Some(&person(8)));
        }
    }
}

#[tokio::test]
async fn an_append_over_the_limits_is_too_large() {
    let storage = Storage::memory(1).unwrap();
    let stream = practice(9);
    storage.streams().load(stream).await.unwrap();
    let many = |count: u64| {
        let mut commit = hire(stream, 0, 0);
        commit.events = (0..count).flat_map(|seq| hire(stream, seq, 1).events).collect();
        commit
    };
    let refused = storage.streams().append(many(257)).await;
    assert!(matches!(refused, Err(AppendError::TooLarge)), "{refused:?}");
    assert_eq!(storage.streams().append(many(256)).await.unwrap().head, 256);
}

#[tokio::test]
async fn a_patients_card_lies_under_their_own_key_and_goes_with_it() {
    let mut parts = Parts::new();
    let first = parts.start();
    let key = |practice: u128, patient: u128| RecordKey {
        practice,
        table: Table::Patient.number(),
        id: patient.to_be_bytes().to_vec(),
    };
    let records = first.records();
    for (patient, text) in [(7_u128, b"seven"), (8, b"eight")] {
        let write = vec![(key(1, patient), Some(text.to_vec()))];
        records.commit(vec![(key(1, patient), 0)], write).await.unwrap();
    }
    // The next process finds the key again and writes under it; a booking's details are under it too.
    let second = parts.start();
    let (version, read) = second.records().get(key(1, 7)).await.unwrap().unwrap();
    assert_eq!(read, b"seven");
    let again = vec![(key(1, 7), Some(b"seven again".to_vec()))];
    second
        .records()
        .commit(vec![(key(1, 7), version)], again)
        .await
        .unwrap();
    let stream = agenda(1, 1);
    second.streams().load(stream).await.unwrap();
    second.streams().append(book(stream, 0, 7)).await.unwrap();
    let table = Table::PatientKey.number();
    let named = second.records().scan(1, table, 100).await.unwrap();
    let theirs = named
        .iter()
        .filter(|(key, _)| key.id.starts_with(&7_u128.to_be_bytes()));
    assert_eq!(theirs.count(), 1, "one key, however often and for whatever it is used");

    second.forget_patient(PracticeId(1), PatientId(7)).await.unwrap();
    let third = parts.start();
    for storage in [&second, &third] {
        let records = storage.records();
        assert_eq!(records.get(key(1, 7)).await.unwrap(), None);
        let left = records.scan(1, Table::Patient.number(), 100).await.unwrap();
        assert_eq!(left, [(key(1, 8), b"eight".to_vec())]);
        let loaded = storage.streams().load(stream).await.unwrap();
        assert_eq!(loaded.people[&BlobId(7)].person, None);
    }
}
