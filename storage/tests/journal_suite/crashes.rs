//! Power cuts at every write, sync, creation, rename and removal of a 500-command workload, and of the recovery after
//! it, and of the recovery after that.

use crate::support::{Told, check, now, open, try_open, work};
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use cabinet_storage::journal::{Journal, verify_journal};

const COMMANDS: u64 = 500;
/// Which part of the unsynced sectors and names survives: nothing, everything, and drawn subsets.
const SEEDS: u64 = 6;

fn cut_at(operation: u64) -> Faults {
    Faults {
        power_cut_at: Some(operation),
        ..Faults::default()
    }
}

/// Runs the workload on a new disk with these faults; the journal may not even open.
fn run(faults: Faults) -> (SimDisk, Told) {
    let disk = SimDisk::new();
    disk.set_faults(faults);
    let mut told = Told::default();
    if let Ok(journal) = try_open(&disk) {
        work(&journal, COMMANDS, &mut told);
        let _cut_off = now(journal.close());
    }
    (disk, told)
}

fn operations() -> u64 {
    let (disk, told) = run(Faults::default());
    assert!(told.acknowledged.len() >= 500);
    assert!(
        disk.files()
            .keys()
            .filter(|path| path.extension().is_some_and(|end| end == "segment"))
            .count()
            > 3
    );
    disk.operations()
}

/// Every point of a share of the points: two shares run side by side.
fn every_point(share: u64) {
    for operation in (1 + share..=operations()).step_by(2) {
        let (disk, told) = run(cut_at(operation));
        for seed in 0..SEEDS {
            let disk = disk.crash(seed * 1_000_003 + operation * (seed / 2) + seed % 2 * u64::from(seed < 2));
            let report = verify_journal(&disk, None);
            let journal = open(&disk);
            check(&journal, &told);
            // A store that died before its first segment was durable has nothing to check; any other checks clean.
            assert!(
                report.is_ok() || told.acknowledged.is_empty(),
                "{operation} {seed}: {report:?}"
            );
            now(journal.close()).unwrap();
            verify_journal(&disk, None).unwrap();
        }
    }
}

#[test]
fn a_power_cut_at_any_even_point_loses_nothing_acknowledged() {
    every_point(1);
}

#[test]
fn a_power_cut_at_any_odd_point_loses_nothing_acknowledged() {
    every_point(0);
}

#[test]
fn a_power_cut_in_recovery_and_in_its_recovery_loses_nothing_acknowledged() {
    for operation in (1..=operations()).step_by(17) {
        let (disk, told) = run(cut_at(operation));
        for seed in 0..4 {
            let crashed = disk.crash(seed * 7 + operation);
            let whole = crashed.snapshot_live();
            open(&whole);
            for recovery in 1..=whole.operations() {
                let again = crashed.snapshot_live();
                again.set_faults(cut_at(recovery));
                assert!(try_open(&again).is_err());
                let again = again.crash(seed * 13 + recovery);
                let third = again.snapshot_live();
                third.set_faults(cut_at(1 + (recovery * 5 + seed) % whole.operations()));
                let _may_open = try_open(&third);
                let third = third.crash(seed * 17 + recovery);
                check(&open(&third), &told);
                check(&open(&again), &told);
            }
        }
    }
}

#[test]
fn a_kill_at_any_point_loses_nothing_that_was_written() {
    for operation in (1..=operations()).step_by(5) {
        let (disk, told) = run(cut_at(operation));
        let alive = disk.snapshot_live();
        let journal = open(&alive);
        let found = check(&journal, &told);
        // What recovery has shown must outlive a power cut that comes at once.
        drop(journal);
        for seed in 0..3 {
            assert_eq!(check(&open(&alive.crash(seed)), &told), found);
        }
    }
}
