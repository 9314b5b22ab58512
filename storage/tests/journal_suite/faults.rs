//! Failing and lying syncs, broken-off writes, full and read-only disks, other versions, missing history.

use crate::support::{Told, append, check, now, open, small, stream, try_open, work};
use cabinet_storage::disk::real::RealDisk;
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use cabinet_storage::disk::{Disk, Space};
use cabinet_storage::journal::{InlineJournal, Journal, JournalOptions, verify_journal};
use cabinet_storage::{AppendError, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn run(faults: Faults) -> (SimDisk, Told) {
    let disk = SimDisk::new();
    disk.set_faults(faults);
    let mut told = Told::default();
    if let Ok(journal) = try_open(&disk) {
        work(&journal, 200, &mut told);
    }
    (disk, told)
}

#[test]
fn after_a_failed_sync_nothing_is_appended_and_a_restart_makes_durable_what_it_shows() {
    let operations = run(Faults::default()).0.operations();
    for operation in 1..=operations {
        let (disk, told) = run(Faults {
            sync_failure_at: Some(operation),
            ..Faults::default()
        });
        let alive = disk.snapshot_live();
        let journal = open(&alive);
        let found = check(&journal, &told);
        let head = now(journal.head(stream(9))).unwrap().seq;
        now(journal.append(append(stream(9), journal.fence(), head, &["after"]))).unwrap();
        for seed in 0..4 {
            let journal = open(&alive.crash(seed + operation));
            assert_eq!(now(journal.read(stream(9), 0, 9)).unwrap().len(), 1);
            let shown = now(journal.follow(0, usize::MAX)).unwrap();
            let others = shown
                .iter()
                .filter(|entry| entry.append.stream.is_some_and(|key| key != stream(9)));
            assert_eq!(others.count(), found);
        }
    }
}

#[test]
fn a_failed_write_or_sync_stops_the_journal_and_is_told_once() {
    for faults in [
        Faults {
            sync_failure_at: Some(40),
            ..Faults::default()
        },
        Faults {
            short_write_at: Some(41),
            ..Faults::default()
        },
    ] {
        let disk = SimDisk::new();
        let journal = open(&disk);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        journal.on_fatal(Box::new(move |reason| {
            assert!(
                reason.contains("journal/0000000001.segment") || reason.contains("witness"),
                "{reason}"
            );
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        disk.set_faults(faults);
        let mut told = Told::default();
        work(&journal, 200, &mut told);
        assert!(!told.unknown.is_empty());
        assert!(journal.core().stopped().is_some());
        let later = now(journal.append(append(stream(9), journal.fence(), 0, &["later"])));
        assert!(matches!(later, Err(AppendError::Unknown)));
        assert!(now(journal.claim(stream(9), journal.fence())).is_err());
        assert!(now(journal.close()).is_err());
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        check(&open(&disk.snapshot_live()), &told);
    }
}

#[test]
fn under_lying_syncs_there_is_a_prefix_no_shorter_than_the_witness_or_a_named_stop() {
    let operations = run(Faults::default()).0.operations();
    let (mut opened, mut named) = (0, 0);
    for from in (1..=operations).step_by(23) {
        let (disk, told) = run(Faults {
            lying_syncs_from: Some(from),
            ..Faults::default()
        });
        for seed in 0..8 {
            let disk = disk.crash(seed * 31 + from);
            let report = verify_journal(&disk, None);
            match try_open(&disk) {
                Ok(journal) => {
                    opened += 1;
                    let entries = match now(journal.follow(0, usize::MAX)) {
                        Ok(entries) => entries,
                        Err(StoreError::Corrupt { .. }) => continue,
                        Err(other) => panic!("{other}"),
                    };
                    let found: Vec<_> = entries.iter().filter(|entry| entry.append.stream.is_some()).collect();
                    let all: Vec<_> = told.acknowledged.iter().chain(&told.unknown).collect();
                    assert!(
                        found
                            .iter()
                            .map(|entry| &entry.append)
                            .eq(all[..found.len()].iter().copied())
                    );
                    if let Ok(report) = report {
                        assert!(journal.position() > report.witnessed);
                    }
                }
                Err(StoreError::Corrupt { .. } | StoreError::HistoryMissing { .. }) => named += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(opened > 0 && named > 0);
}

#[test]
fn a_full_disk_refuses_appends_and_nothing_else() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let fence = journal.fence();
    now(journal.append(append(stream(1), fence, 0, &["a"]))).unwrap();
    let reserve = |free| Space { free, total: 1000 };
    disk.set_space(reserve(50));
    now(journal.append(append(stream(1), fence, 1, &["at the bound"]))).unwrap();
    disk.set_space(reserve(49));
    let refused = now(journal.append(append(stream(1), fence, 2, &["under it"])));
    assert!(matches!(refused, Err(AppendError::StorageFull)));
    assert_eq!(now(journal.read(stream(1), 0, 9)).unwrap().len(), 2);
    disk.set_space(reserve(900));
    now(journal.append(append(stream(1), fence, 2, &["room again"]))).unwrap();
    // No room for a new segment: refused before anything is written, and taken up once there is room.
    disk.set_faults(Faults {
        full_from: Some(0),
        ..Faults::default()
    });
    let long: &'static str = "0123456789".repeat(1000).leak();
    let mut expected = 3;
    let full = loop {
        match now(journal.append(append(stream(1), fence, expected, &[long]))) {
            Ok(_) => expected += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, AppendError::StorageFull) && expected > 5);
    assert_eq!(journal.stats().refused_full, 2);
    assert_eq!(now(journal.read(stream(1), 0, 99)).unwrap().len() as u64, expected);
    disk.set_faults(Faults::default());
    now(journal.append(append(stream(1), fence, expected, &[long]))).unwrap();
    assert_eq!(
        now(open(&disk.crash(0)).read(stream(1), 0, 99)).unwrap().len() as u64,
        expected + 1
    );
}

#[test]
fn bounds_are_enforced_at_the_bound() {
    let journal = InlineJournal::open(Arc::new(SimDisk::new()), JournalOptions::still()).unwrap();
    let fence = journal.fence();
    let mut most = append(stream(1), fence, 0, &["e"; 256]);
    now(journal.append(most.clone())).unwrap();
    most.expected = 256;
    most.events.push("one more".into());
    assert!(matches!(now(journal.append(most)), Err(AppendError::TooLarge)));
    let mut largest = append(stream(2), fence, 0, &[]);
    largest.events = vec![vec![7; 1024 * 1024].into()];
    now(journal.append(largest.clone())).unwrap();
    largest.expected = 1;
    largest.events.push("x".into());
    assert!(matches!(now(journal.append(largest)), Err(AppendError::TooLarge)));
}

#[test]
fn missing_history_is_named_and_nothing_is_begun_anew() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let mut told = Told::default();
    work(&journal, 60, &mut told);
    now(journal.close()).unwrap();
    let is_missing = |disk: &SimDisk, options: JournalOptions| {
        let before = disk.files();
        let opened = InlineJournal::open(Arc::new(disk.clone()), options);
        assert!(matches!(opened.err(), Some(StoreError::HistoryMissing { .. })));
        assert_eq!(disk.files(), before, "an untouched store");
    };
    let emptied = disk.snapshot_live();
    for path in emptied.files().keys().filter(|path| path.starts_with("journal")) {
        assert!(emptied.erase(path));
    }
    is_missing(&emptied, small());
    assert!(verify_journal(&emptied, None).is_err());
    let expected = JournalOptions {
        expect_existing: true,
        ..small()
    };
    is_missing(&SimDisk::new(), expected);
    let second = JournalOptions {
        second_witness: Some("/elsewhere/witness".into()),
        ..small()
    };
    let with_second = SimDisk::new();
    drop(InlineJournal::open(Arc::new(with_second.clone()), second.clone()).unwrap());
    for path in with_second.files().keys().filter(|path| !path.is_absolute()) {
        assert!(with_second.erase(path));
    }
    is_missing(&with_second, second);
}

#[test]
fn a_newer_version_is_named() {
    let disk = SimDisk::new();
    drop(open(&disk));
    for path in ["journal/0000000001.segment", "witness"] {
        let newer = disk.snapshot_live();
        let slot = if path == "witness" { 4096 } else { 0 };
        for (at, mask) in [(8, 3), (12, 3)] {
            assert!(newer.flip(Path::new(path), slot + at, mask));
        }
        assert!(matches!(
            try_open(&newer).err(),
            Some(StoreError::NewerFormat { found: 2, known: 1, .. })
        ));
    }
}

#[test]
fn a_read_only_disk_is_named() {
    let disk = SimDisk::new();
    drop(open(&disk));
    let before = disk.files();
    disk.set_faults(Faults {
        read_only: true,
        ..Faults::default()
    });
    assert!(matches!(
        try_open(&disk).err(),
        Some(StoreError::Unwritable { .. } | StoreError::Io { .. })
    ));
    assert_eq!(disk.files(), before);
}

#[test]
fn the_real_disk_is_private_and_reads_without_writing() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("data");
    let disk = Arc::new(RealDisk::open(&root).unwrap());
    let journal = InlineJournal::open(disk.clone(), small()).unwrap();
    now(journal.append(append(stream(1), journal.fence(), 0, &["a"]))).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join("journal")), 0o700);
    for file in ["journal/0000000001.segment", "witness", "lock"] {
        assert_eq!(mode(&root.join(file)), 0o600, "{file}");
    }
    assert!(matches!(
        RealDisk::open_read_only(&root),
        Err(StoreError::Locked { .. })
    ));
    drop((journal, disk));
    let reading = RealDisk::open_read_only(&root).unwrap();
    assert!(reading.create(Path::new("x")).is_err());
    assert_eq!(verify_journal(&reading, None).unwrap().events, 1);
}
