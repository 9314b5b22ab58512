//! Versions of records for a journal that has no read store attached: every key's last write, in memory.

use super::{Position, RecordKey, RecordWrite};
use crate::AppendError;
use crate::records::RecordIndex;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Every record's last write. Unbounded: for tests, tools and small stores.
#[derive(Debug, Default)]
pub struct TrackedVersions {
    versions: Mutex<HashMap<RecordKey, Position>>,
}

impl TrackedVersions {
    /// Takes in the writes of one record.
    pub fn take_in(&self, position: Position, writes: &[RecordWrite]) {
        let mut versions = self.versions.lock();
        for write in writes {
            match write.value {
                Some(_) => versions.insert(write.key.clone(), position),
                None => versions.remove(&write.key),
            };
        }
    }
}

impl RecordIndex for TrackedVersions {
    fn version(&self, key: &RecordKey) -> Result<Position, AppendError> {
        Ok(self.versions.lock().get(key).copied().unwrap_or(0))
    }
    fn admit(&self, _bytes: usize) -> bool {
        true
    }
    fn release(&self, _bytes: usize) {}
    fn committed(&self, position: Position, writes: &[RecordWrite]) {
        self.take_in(position, writes);
    }
}
