//! The guards, each shown to hold.

use super::*;
use crate::journal::{RecordKey, RecordWrite};
use bytes::Bytes;

fn write(id: u8, value: Option<&[u8]>) -> RecordWrite {
    RecordWrite {
        key: RecordKey {
            practice: 1,
            table: 2,
            id: vec![id],
        },
        value: value.map(Bytes::copy_from_slice),
    }
}

fn source(root: &Path) -> SledSource {
    SledSource::new(root, SledDeadlines::default())
}

/// A closed store with 50 rows.
fn filled(root: &Path) {
    let store = source(root).start_over().unwrap();
    for id in 0..50 {
        store
            .apply(u64::from(id) + 1, &[(u64::from(id) + 1, write(id, Some(&[id; 900])))])
            .unwrap();
    }
    store.flush().unwrap();
}

#[test]
fn rows_survive_closing_and_a_half_written_snapshot() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path());
    std::fs::write(root.path().join("sled/snap.0000000000000FFF.generating"), b"half").unwrap();
    let store = source(root.path()).open_existing().unwrap().unwrap();
    assert_eq!(store.applied().unwrap(), 50);
    assert_eq!(store.scan(1, 2, None, 100).unwrap().len(), 50);
}

#[test]
fn files_of_large_values_are_a_fault() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path());
    std::fs::write(root.path().join("sled/blobs/1"), b"large").unwrap();
    assert!(source(root.path()).open_existing().is_err());
}

#[test]
fn an_emptied_database_is_a_fault_and_a_missing_one_is_none() {
    let root = tempfile::tempdir().unwrap();
    assert!(source(root.path()).open_existing().unwrap().is_none());
    filled(root.path());
    for entry in std::fs::read_dir(root.path().join("sled")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::write(path, b"").unwrap();
        }
    }
    assert!(source(root.path()).open_existing().is_err());
    let fresh = source(root.path()).start_over().unwrap();
    assert_eq!(fresh.applied().unwrap(), 0);
    assert!(root.path().join("sled.damaged.1").exists());
}

#[test]
fn only_the_newest_damaged_folders_are_kept() {
    let root = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        drop(source(root.path()).start_over().unwrap());
    }
    let kept = source(root.path()).damaged().unwrap();
    let numbers: Vec<u64> = kept.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn a_panic_and_a_hang_are_errors_and_nothing_is_asked_after_them() {
    let folder = Path::new("nowhere");
    let deadlines = SledDeadlines {
        open: Duration::from_millis(50),
        operation: Duration::from_millis(50),
    };
    assert!(Guarded::open(folder, deadlines, || panic!("as the engine does")).is_err());
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let hung = Guarded::open(folder, deadlines, move || {
        assert!(wait.recv().is_err());
        Err(fault(Path::new("nowhere"), "released"))
    });
    assert!(hung.is_err());
    drop(release);
}

/// Damage by sample: whatever byte is flipped, the engine either answers as before or is a fault.
#[test]
fn a_flipped_byte_is_noticed_or_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    filled(root.path());
    let log = root.path().join("sled/db");
    let whole = std::fs::read(&log).unwrap();
    let last = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let (mut noticed, mut unchanged) = (0, 0);
    for sample in 0..40 {
        let at = last * sample / 40;
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&root.path().join("sled"), &copy.path().join("sled"));
        std::fs::write(copy.path().join("sled/db"), damaged).unwrap();
        match source(copy.path()).open_existing().and_then(|store| {
            let store = store.ok_or_else(|| fault(&log, "none"))?;
            Ok((store.applied()?, store.scan(1, 2, None, 100)?))
        }) {
            Err(_) => noticed += 1,
            Ok((applied, rows)) => {
                // An older whole state is right as well: it says up to where, and the journal has the rest.
                assert_eq!(u64::try_from(rows.len()).unwrap(), applied, "byte {at}");
                for (row, id) in rows.iter().zip(0_u8..) {
                    assert_eq!((row.key.id.as_slice(), row.value.as_ref()), (&[id][..], &[id; 900][..]));
                }
                unchanged += 1;
            }
        }
    }
    assert_eq!(noticed + unchanged, 40);
    assert!(noticed > 0, "damage was never noticed");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
