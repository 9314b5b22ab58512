//! A read store in memory.

use crate::StoreError;
use crate::journal::{Position, RecordKey, RecordWrite};
use crate::records::{ReadStore, ReadStoreSource, Row};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Rows in an ordered map.
#[derive(Default)]
pub struct MemoryRows(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    applied: Position,
    rows: BTreeMap<RecordKey, (Position, bytes::Bytes)>,
}

impl MemoryRows {
    /// No rows, nothing applied.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Read stores in memory: there is never one, and a new one is always to be had.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemorySource;

impl ReadStoreSource for MemorySource {
    fn open_existing(&self) -> Result<Option<Arc<dyn ReadStore>>, StoreError> {
        Ok(None)
    }

    fn start_over(&self) -> Result<Arc<dyn ReadStore>, StoreError> {
        Ok(Arc::new(MemoryRows::new()))
    }
}

impl ReadStore for MemoryRows {
    fn applied(&self) -> Result<Position, StoreError> {
        Ok(self.0.lock().applied)
    }

    fn apply(&self, position: Position, writes: &[(Position, RecordWrite)]) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        for (version, write) in writes {
            match &write.value {
                Some(value) => {
                    state.rows.insert(write.key.clone(), (*version, value.clone()));
                }
                None => {
                    state.rows.remove(&write.key);
                }
            }
        }
        state.applied = position;
        Ok(())
    }

    fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        let state = self.0.lock();
        Ok(state.rows.get(key).map(|(version, value)| Row {
            key: key.clone(),
            version: *version,
            value: value.clone(),
        }))
    }

    fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let named = |id: &[u8]| RecordKey {
            practice,
            table,
            id: id.to_vec(),
        };
        let from = after.map_or_else(|| Bound::Included(named(&[])), |id| Bound::Excluded(named(id)));
        let state = self.0.lock();
        let rows = state.rows.range((from, Bound::Unbounded));
        let inside = rows.take_while(|(key, _)| (key.practice, key.table) == (practice, table));
        let row = |(key, (version, value)): (&RecordKey, &(Position, bytes::Bytes))| Row {
            key: key.clone(),
            version: *version,
            value: value.clone(),
        };
        Ok(inside.take(limit).map(row).collect())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
