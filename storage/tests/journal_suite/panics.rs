//! A panic of the journal's writer is a failure like any other: the journal stops, says so, and nobody waits in vain.

use crate::support::{append, stream};
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::{FileJournal, Journal, JournalOptions, Position, RecordKey, RecordWrite};
use cabinet_storage::records::RecordIndex;
use cabinet_storage::{AppendError, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Panics when it is told of this position.
struct PanicsAt(AtomicU64);

impl RecordIndex for PanicsAt {
    fn version(&self, _: &RecordKey) -> Result<Position, AppendError> {
        Ok(0)
    }
    fn admit(&self, _: usize) -> bool {
        true
    }
    fn release(&self, _: usize) {}
    fn committed(&self, position: Position, _: &[RecordWrite]) {
        assert!(position < self.0.load(Ordering::Relaxed), "no more of this");
    }
}

fn open(disk: &SimDisk) -> FileJournal {
    let options = JournalOptions {
        queue_appends_max: 4,
        ..JournalOptions::still()
    };
    FileJournal::open(Arc::new(disk.clone()), options).unwrap()
}

#[tokio::test]
async fn a_panic_of_the_writer_stops_the_journal_as_a_failure_does() {
    let disk = SimDisk::new();
    let journal = open(&disk);
    let index = Arc::new(PanicsAt(AtomicU64::new(u64::MAX)));
    journal.attach(index.clone());
    let (tell, told) = std::sync::mpsc::channel();
    journal.on_fatal(Box::new(move |why| tell.send(why.to_owned()).unwrap()));
    let fence = journal.fence();
    let first = journal.append(append(stream(1), fence, 0, &["a", "b"])).await.unwrap();
    index.0.store(first + 1, Ordering::Relaxed);
    // Several wait at once, some in the writer's hands and some still in the queue.
    let waiting: Vec<_> = (2..6)
        .map(|number| journal.append(append(stream(number), fence, 0, &["x"])))
        .collect();
    for append in waiting {
        assert!(matches!(append.await, Err(AppendError::Unknown)));
    }
    let why = told.recv().unwrap();
    assert!(
        why.contains("the journal's writer panicked") && why.contains("no more of this"),
        "{why}"
    );
    // More than the queue holds: none is refused as busy, none waits.
    for _ in 0..20 {
        let later = journal.append(append(stream(1), fence, 2, &["c"])).await;
        assert!(matches!(later, Err(AppendError::Unknown)));
    }
    assert_eq!(journal.stopped(), Some(why));
    assert_eq!(journal.stats().stopped, 1);
    assert!(told.try_recv().is_err(), "told once");
    assert_eq!(journal.read(stream(1), 0, 9).await.unwrap().len(), 2);
    assert!(matches!(journal.close().await, Err(StoreError::Unwritable { .. })));
    drop(journal);
    let journal = open(&disk);
    assert_eq!(journal.read(stream(1), 0, 9).await.unwrap().len(), 2);
    let fence = journal.fence();
    journal.append(append(stream(1), fence, 2, &["c"])).await.unwrap();
    journal.close().await.unwrap();
}
