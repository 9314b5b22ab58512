//! The journal's promises, one by one, on a simulated disk without faults; and the file journal on the real disk.

use crate::support::{append, now, open, stream};
use bytes::Bytes;
use cabinet_storage::disk::real::RealDisk;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::{FileJournal, Journal, JournalOptions, NewJob, RecordCheck, RecordKey, RecordWrite};
use cabinet_storage::{AppendError, StoreError};
use std::sync::Arc;

fn key(id: u8) -> RecordKey {
    RecordKey {
        practice: 1,
        table: 3,
        id: vec![id],
    }
}

fn write(id: u8, value: Option<&'static str>) -> RecordWrite {
    RecordWrite {
        key: key(id),
        value: value.map(|value| Bytes::from_static(value.as_bytes())),
    }
}

#[test]
fn appends_are_read_back_across_reopening() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let fence = journal.fence();
    let mut commit = append(stream(1), fence, 0, &["a", "b"]);
    commit.writes = vec![write(1, Some("v")), write(2, None)];
    commit.checks = vec![RecordCheck {
        key: key(1),
        version: 0,
    }];
    commit.jobs = vec![NewJob {
        kind: 4,
        dedup: 9,
        body: Bytes::from_static(b"job"),
    }];
    let position = now(journal.append(commit.clone())).unwrap();
    now(journal.append(append(stream(1), fence, 2, &["c"]))).unwrap();
    now(journal.append(append(stream(2), fence, 0, &["x"]))).unwrap();
    now(journal.close()).unwrap();
    assert!(matches!(
        now(journal.append(append(stream(2), fence, 1, &["y"]))),
        Err(AppendError::Unknown)
    ));
    for reopened in 1..4 {
        let journal = open(&disk);
        assert_eq!(journal.fence(), fence + reopened);
        assert_eq!(journal.history(), 7);
        let events = now(journal.read(stream(1), 0, 10)).unwrap();
        assert_eq!(events, [(1, "a".into()), (2, "b".into()), (3, "c".into())]);
        assert_eq!(now(journal.read(stream(1), 1, 1)).unwrap(), [(2, "b".into())]);
        assert_eq!(now(journal.streams()).unwrap(), [stream(1), stream(2)]);
        let head = now(journal.head(stream(1))).unwrap();
        assert_eq!((head.seq, head.chain), (3, [3; 32]));
        let entries = now(journal.follow(position - 1, 1)).unwrap();
        assert_eq!((entries[0].position, &entries[0].append), (position, &commit));
        let all = now(journal.follow(0, 100)).unwrap();
        assert!(all.iter().map(|entry| entry.position).eq(1..=journal.position()));
    }
}

#[test]
fn heads_fences_and_checks_are_enforced_also_within_a_group() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let fence = journal.fence();
    let mut first = append(stream(1), fence, 0, &["a"]);
    first.writes = vec![write(1, Some("v"))];
    let mut stale = append(stream(1), fence, 1, &["b"]);
    stale.checks = vec![RecordCheck {
        key: key(1),
        version: 0,
    }];
    let outcomes = journal.append_group(&[
        first,
        append(stream(1), fence, 0, &["again"]),
        stale.clone(),
        append(stream(1), fence, 1, &["b"]),
        append(stream(2), fence - 1, 0, &["old writer"]),
    ]);
    let position = *outcomes[0].as_ref().unwrap();
    assert!(matches!(outcomes[1], Err(AppendError::Conflict { head: 1 })));
    assert!(matches!(outcomes[2], Err(AppendError::CheckFailed)));
    assert_eq!(*outcomes[3].as_ref().unwrap(), position + 1);
    assert!(matches!(outcomes[4], Err(AppendError::Fenced { current }) if current == fence));
    stale.expected = 2;
    stale.checks[0].version = position;
    now(journal.append(stale)).unwrap();
    let head = now(journal.claim(stream(1), fence + 5)).unwrap();
    assert_eq!((head.seq, head.fence), (3, fence + 5));
    let refused = now(journal.append(append(stream(1), fence, 3, &["c"])));
    assert!(matches!(refused, Err(AppendError::Fenced { .. })));
    assert!(matches!(
        now(journal.claim(stream(1), fence)),
        Err(StoreError::Append(AppendError::Fenced { .. }))
    ));
    now(journal.append(append(stream(1), fence + 5, 3, &["c"]))).unwrap();
}

#[test]
fn segments_roll_and_old_events_are_found_behind_checkpoints() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let fence = journal.fence();
    for number in 0..2000 {
        now(journal.append(append(
            stream(number % 3),
            fence,
            u64::try_from(number / 3).unwrap(),
            &["some event of some length"],
        )))
        .unwrap();
        if number % 300 == 299 {
            let at = now(journal.head(stream(0))).unwrap().seq;
            now(journal.put_checkpoint(stream(0), at, Bytes::from(format!("state at {at}")))).unwrap();
        }
    }
    assert!(disk.files().len() > 6, "segments rolled");
    for journal in [
        journal,
        open(&disk.snapshot_live()),
        open(&disk.crash(0)),
        open(&disk.crash(1)),
    ] {
        let (at, state) = now(journal.checkpoint(stream(0))).unwrap().unwrap();
        assert_eq!((at, state), (600, "state at 600".into()));
        for number in 0..3 {
            let events = now(journal.read(stream(number), 0, 10_000)).unwrap();
            let head = now(journal.head(stream(number))).unwrap().seq;
            assert!(events.iter().map(|(seq, _)| *seq).eq(1..=head));
            assert_eq!(now(journal.read(stream(number), 450, 3)).unwrap(), events[450..453]);
            assert_eq!(now(journal.read(stream(number), 640, 30)).unwrap(), events[640..]);
        }
        let all = now(journal.follow(0, 10_000)).unwrap();
        assert!(all.iter().map(|entry| entry.position).eq(1..=journal.position()));
        for after in [0, 1, 126, 127, 128, 129, 700, 1999] {
            let some = now(journal.follow(after, 130)).unwrap();
            let from = usize::try_from(after).unwrap();
            assert_eq!(some, all[from..all.len().min(from + 130)]);
        }
    }
}

#[tokio::test]
async fn the_file_journal_commits_from_many_tasks_and_locks_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Arc::new(RealDisk::open(directory.path()).unwrap());
    assert!(matches!(
        RealDisk::open(directory.path()),
        Err(StoreError::Locked { .. })
    ));
    let options = JournalOptions {
        segment_bytes: 1024 * 1024,
        ..JournalOptions::still()
    };
    let journal = Arc::new(FileJournal::open(disk.clone(), options.clone()).unwrap());
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                for expected in 0..50 {
                    let fence = journal.fence();
                    journal
                        .append(append(stream(number), fence, expected, &["event"]))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(journal.position(), 32 * 50 + 1);
    let stats = journal.stats();
    assert_eq!(stats.records, 32 * 50 + 1);
    assert!(stats.groups < stats.records, "appends share syncs");
    journal.close().await.unwrap();
    journal.close().await.unwrap();
    drop(journal);
    let journal = FileJournal::open(disk, options).unwrap();
    assert_eq!(journal.stats().scanned_at_open, 0, "the index covers all");
    for number in 0..32 {
        assert_eq!(journal.read(stream(number), 0, 100).await.unwrap().len(), 50);
    }
}
