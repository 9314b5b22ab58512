//! Rows are held against the journal in one pass and in many, at the store's position and behind it; each difference is
//! found.

use super::*;
use crate::journal::{Append, JournalOptions};
use crate::memory::{MemoryDisk, MemoryRows};
use crate::records::Overlay;
use bytes::Bytes;
use std::sync::Arc;

fn write(table: u16, id: u8, value: Option<u8>) -> RecordWrite {
    RecordWrite {
        key: RecordKey {
            practice: 1,
            table,
            id: vec![id],
        },
        value: value.map(|value| Bytes::from(vec![value; 100])),
    }
}

/// Rows of three tables, of which one is emptied again; each record's writes in order.
fn history() -> Vec<Vec<RecordWrite>> {
    let mut history: Vec<Vec<RecordWrite>> = (0..60)
        .map(|id| {
            vec![
                write(1, id, Some(1)),
                write(2, id % 20, Some(id)),
                write(3, id, Some(3)),
            ]
        })
        .collect();
    history.extend((0..60).map(|id| vec![write(3, id, None)]));
    history
}

fn journal(history: &[Vec<RecordWrite>]) -> FileJournal {
    let journal = FileJournal::open(Arc::new(MemoryDisk::new()), JournalOptions::still()).unwrap();
    journal.attach(Arc::new(Overlay::at_once(Arc::new(MemoryRows::new()))));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for writes in history {
        let append = Append {
            stream: None,
            fence: journal.fence(),
            expected: 0,
            events: Vec::new(),
            chain: [0; 32],
            checks: Vec::new(),
            writes: writes.clone(),
            jobs: Vec::new(),
        };
        runtime.block_on(journal.append(append)).unwrap();
    }
    journal
}

/// A store with the writes of the first records. The first record of the journal is the process's start.
fn store(history: &[Vec<RecordWrite>], records: usize) -> MemoryRows {
    let store = MemoryRows::new();
    for (position, writes) in (2..).zip(history).take(records) {
        let writes: Vec<_> = writes.iter().map(|write| (position, write.clone())).collect();
        store.apply(position, &writes).unwrap();
    }
    store
}

#[test]
fn rows_are_the_same_in_one_pass_and_in_many_and_each_difference_is_found() {
    let history = history();
    let journal = journal(&history);
    for rows_per_pass in [1_000, 50, 7] {
        let check = |store: Option<&dyn ReadStore>| check(&journal, store, (240, rows_per_pass));
        assert_eq!(check(None).unwrap(), 80);
        for records in [0, 1, 30, 100, history.len()] {
            let right = store(&history, records);
            assert_eq!(
                check(Some(&right)).unwrap(),
                80,
                "{records} records, {rows_per_pass} rows a pass"
            );
            let position = right.applied().unwrap();
            if records == 0 {
                continue;
            }
            // Another value, a row too few, one too many, one of another version, one in a table that must be empty.
            for (version, wrong) in [
                (2, write(1, 0, Some(9))),
                (2, write(1, 0, None)),
                (2, write(2, 99, Some(9))),
                (3, write(1, 0, Some(1))),
                (2, write(3, 200, Some(3))),
            ] {
                let store = store(&history, records);
                store.apply(position, &[(version, wrong.clone())]).unwrap();
                let found = check(Some(&store));
                let table = format!("table {} of practice", wrong.key.table);
                assert!(
                    found.as_ref().is_err_and(|error| error.to_string().contains(&table)),
                    "{wrong:?}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn a_store_ahead_of_the_journal_is_named() {
    let history = history();
    let journal = journal(&history[..5]);
    let ahead = check(&journal, Some(&store(&history, 50)), (15, 1_000));
    assert!(ahead.is_err_and(|error| error.to_string().contains("ahead of the journal")));
}
