//! The logs over a store: leaves of every commit, in journal order, whatever is lost of the folder; checkpoints and proofs.

use super::*;
use crate::Storage;
use crate::audit::tree::{includes, leaf_hash};
use crate::audit::verify::verify;
use crate::disk::{DiskFile, Space};
use crate::memory::MemoryDisk;
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin};
use cabinet_domain::ids::StaffId;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

const NAME: &str = "log.example";

fn leaf(number: i64) -> Leaf {
    Leaf::done(
        UtcMillis(number),
        Actor::Staff(StaffId(5)),
        LeafOrigin::default(),
        Act::SignedIn,
    )
}

async fn noted(storage: &Storage, practice: u128, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let acts = vec![(PracticeId(practice), leaf(number))];
        storage
            .records()
            .commit_acts(Vec::new(), Vec::new(), acts)
            .await
            .unwrap();
    }
}

async fn caught_up(logs: &AuditLogs) {
    while let Some(unseen) = logs.unseen().await.unwrap() {
        logs.take(unseen).unwrap();
    }
}

fn all(logs: &AuditLogs, practice: u128) -> Vec<(u64, i64)> {
    let mut found = Vec::new();
    let mut take = |number, opened| {
        match opened {
            Shown::Whole { leaf, .. } => found.push((number, leaf.at.0)),
            Shown::Newer | Shown::Expired => found.push((number, -1)),
        }
        true
    };
    assert_eq!(logs.look_back(PracticeId(practice), u64::MAX, &mut take).unwrap(), 0);
    found.reverse();
    found
}

#[tokio::test]
async fn leaves_are_numbered_in_journal_order_in_their_practices_log() {
    let storage = Storage::memory(1).unwrap();
    let logs = storage.audit().unwrap();
    noted(&storage, 1, 0..300).await;
    noted(&storage, 2, 0..5).await;
    noted(&storage, 1, 300..310).await;
    caught_up(&logs).await;
    let expected = |until: i64| {
        (0..until)
            .map(|at| (u64::try_from(at).unwrap(), at))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(&logs, 1), expected(310));
    assert_eq!(all(&logs, 2), expected(5));
    assert_eq!(logs.stats().leaves, 315);
    // Looking back ends where enough was had.
    let mut seen = Vec::new();
    let stopped = logs.look_back(PracticeId(1), 305, &mut |number, _| {
        seen.push(number);
        seen.len() < 3
    });
    assert_eq!((stopped.unwrap(), seen), (302, vec![304, 303, 302]));
}

#[tokio::test]
async fn a_checkpoint_covers_what_was_taken_in_and_a_leaf_is_proven_by_it() {
    let storage = Storage::memory(2).unwrap();
    let logs = storage.audit().unwrap();
    let signer = Signer::fresh(NAME).unwrap();
    noted(&storage, 1, 0..700).await;
    caught_up(&logs).await;
    let signed = logs.sign(&signer, UtcMillis(9)).unwrap();
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    let [(practice, note)] = signed.as_slice() else {
        panic!("{signed:?}")
    };
    let checkpoint = key.open(note).unwrap();
    assert_eq!((practice.0, checkpoint.size, checkpoint.at), (1, 700, UtcMillis(9)));
    assert_eq!(logs.state(*practice).unwrap().checkpoint.as_ref(), Some(note));
    // Nothing new: nothing signed.
    assert_eq!(logs.sign(&signer, UtcMillis(10)).unwrap(), []);
    let mut hash = None;
    let took = logs.look_back(*practice, 124, &mut |number, opened| {
        let Shown::Whole { leaf, salt } = opened else {
            panic!("{opened:?}")
        };
        assert_eq!(number, 123);
        hash = Some(leaf_hash(&salt, &leaf.encode()));
        false
    });
    took.unwrap();
    let proof = logs.proof(*practice, 123, 700).unwrap();
    assert!(includes(&checkpoint.root, 700, (123, &hash.unwrap()), &proof));
}

#[tokio::test]
async fn whatever_is_lost_of_the_folder_is_made_again_from_the_journal() {
    use crate::memory::{MemoryJournal, MemoryRows};
    use crate::records::Overlay;
    use crate::seal::SeededEntropy;
    let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
    let journal = Arc::new(MemoryJournal::new(1, overlay.clone()));
    let disk = MemoryDisk::new();
    let entropy = Arc::new(SeededEntropy::new(3));
    let storage = Storage::over(journal.clone(), overlay, Arc::new(disk.clone()), entropy, 3).unwrap();
    let logs = storage.audit().unwrap();
    let signer = Signer::fresh(NAME).unwrap();
    noted(&storage, 1, 0..300).await;
    noted(&storage, 2, 0..300).await;
    caught_up(&logs).await;
    logs.sign(&signer, UtcMillis(9)).unwrap();
    let keyring = logs.keyring.clone();
    let whole = disk.image();
    let own = |path: &Path| path.starts_with(FOLDER);
    let lost: Vec<PathBuf> = whole.keys().filter(|path| own(path)).cloned().collect();
    for path in &lost {
        let mut image = whole.clone();
        image.remove(path);
        // A log's whole folder, too.
        if path.ends_with("head") {
            let folder = path.parent().unwrap();
            image.retain(|path, _| !path.starts_with(folder));
        }
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::from_image(image));
        let logs = AuditLogs::open(disk, journal.clone(), keyring.clone()).unwrap();
        // What takes a damaged log up is its next leaf.
        noted(&storage, 1, 300..301).await;
        noted(&storage, 2, 300..301).await;
        caught_up(&logs).await;
        assert_eq!(
            logs.state(PracticeId(1)).unwrap().size,
            logs.state(PracticeId(2)).unwrap().size,
            "{}",
            path.display()
        );
        assert!(logs.state(PracticeId(1)).unwrap().size > 300, "{}", path.display());
    }
}

/// A store whose journal was put back to an earlier copy while its logs were not.
#[tokio::test]
async fn logs_that_know_more_than_the_journal_are_refused() {
    let storage = Storage::memory(4).unwrap();
    let logs = storage.audit().unwrap();
    noted(&storage, 1, 0..10).await;
    caught_up(&logs).await;
    logs.sign(&Signer::fresh(NAME).unwrap(), UtcMillis(9)).unwrap();
    let younger = Storage::memory(4).unwrap();
    noted(&younger, 1, 0..9).await;
    let opened = AuditLogs::open(
        logs.disk.clone(),
        younger.audit().unwrap().journal,
        logs.keyring.clone(),
    );
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("rolled back"), "{error}");
}

#[tokio::test]
async fn a_sound_log_verifies_with_and_without_keys_and_says_what_is_not_covered() {
    let storage = Storage::memory(5).unwrap();
    let logs = storage.audit().unwrap();
    let signer = Signer::fresh(NAME).unwrap();
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    noted(&storage, 1, 0..300).await;
    caught_up(&logs).await;
    let mailed = logs.sign(&signer, UtcMillis(9)).unwrap().remove(0).1;
    noted(&storage, 1, 300..520).await;
    caught_up(&logs).await;
    logs.sign(&signer, UtcMillis(10)).unwrap();
    noted(&storage, 1, 520..525).await;
    caught_up(&logs).await;
    let report = logs.verify(PracticeId(1), &key, std::slice::from_ref(&mailed)).unwrap();
    assert_eq!(
        (report.size, report.covered, report.opened, report.beyond),
        (520, 300, 525, 5)
    );
    let report = verify((logs.disk.as_ref(), &folder_of(1)), &key, &[], None).unwrap();
    assert_eq!((report.size, report.covered, report.opened), (520, 0, 0));
    // A month whose term is over.
    storage
        .forget_patient(PracticeId(1), leaves::month_subject(UtcMillis(0)))
        .await
        .unwrap();
    let report = logs.verify(PracticeId(1), &key, &[mailed]).unwrap();
    assert_eq!((report.opened, report.expired), (0, 525));
}

#[tokio::test]
async fn months_past_their_term_are_erased_and_the_tree_stands() {
    const DAY: i64 = 86_400_000;
    let storage = Storage::memory(6).unwrap();
    let logs = storage.audit().unwrap();
    let signer = Signer::fresh(NAME).unwrap();
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    // One leaf in each of the twenty-four months from January 1970 on.
    for month in 0..24 {
        noted(&storage, 1, month * 30 * DAY + 2 * DAY..month * 30 * DAY + 2 * DAY + 1).await;
    }
    caught_up(&logs).await;
    let kept = logs.sign(&signer, UtcMillis(9)).unwrap().remove(0).1;
    let now = UtcMillis(13 * 30 * DAY + 20 * DAY);
    let term = leaves::month_of(now) - leaves::month_of(UtcMillis(0));
    // Until the last day of the twelfth month after theirs nothing is erased.
    assert_eq!(storage.expire_leaves(PracticeId(1), now, term).await.unwrap(), 0);
    assert_eq!(
        storage.expire_leaves(PracticeId(1), now, 12).await.unwrap(),
        usize::try_from(term - 12).unwrap()
    );
    assert_eq!(storage.expire_leaves(PracticeId(1), now, 12).await.unwrap(), 0);
    let report = logs.verify(PracticeId(1), &key, &[kept]).unwrap();
    assert_eq!((report.size, report.covered), (24, 24));
    assert!(report.expired > 0 && report.opened > 20, "{report:?}");
    // Another practice, and patients, are not touched.
    assert_eq!(storage.expire_leaves(PracticeId(2), now, 12).await.unwrap(), 0);
}

/// A disk on which one more file can be made, and then none until it is mended.
struct Refusing {
    disk: MemoryDisk,
    left: AtomicU64,
}

impl Disk for Refusing {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| io::Error::from(ErrorKind::StorageFull))?;
        self.disk.create(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }
    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        self.disk.create_directory(directory)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.disk.sync_directory(directory)
    }
    fn space_bytes(&self) -> io::Result<Space> {
        self.disk.space_bytes()
    }
}

/// Bug: a disk that ran full in the midst of a record left a part of it in memory, and the next try added it once more.
#[tokio::test]
async fn a_disk_that_runs_full_at_any_file_leaves_nothing_twice_and_nothing_out() {
    let storage = Storage::memory(7).unwrap();
    let parts = storage.audit().unwrap();
    for first in (0..600).step_by(50) {
        let acts = (first..first + 50).map(|at| (PracticeId(1), leaf(at)));
        storage
            .records()
            .commit_acts(Vec::new(), Vec::new(), acts.collect())
            .await
            .unwrap();
    }
    let signer = Signer::fresh(NAME).unwrap();
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    let mut refused = 0;
    for left in 0..12 {
        let disk = Arc::new(Refusing {
            disk: MemoryDisk::new(),
            left: AtomicU64::new(left),
        });
        let logs = AuditLogs::open(disk.clone(), parts.journal.clone(), parts.keyring.clone()).unwrap();
        let take = async || {
            while let Some(unseen) = logs.unseen().await? {
                logs.take(unseen)?;
            }
            logs.sign(&signer, UtcMillis(9)).map(drop)
        };
        refused += usize::from(take().await.is_err());
        disk.left.store(1_000, Ordering::SeqCst);
        take().await.unwrap();
        let report = logs.verify(PracticeId(1), &key, &[]).unwrap();
        assert_eq!((report.size, report.opened), (600, 600), "{left}");
        assert_eq!(all(&logs, 1).len(), 600);
    }
    assert!(refused > 5, "{refused}");
}
