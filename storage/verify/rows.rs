//! Holds the read store against what the journal says its rows are. Of each row only two digests are held, and of all rows
//! only a share at once: more rows take more passes over the journal, not more memory.

use crate::StoreError;
use crate::journal::{FileJournal, Journal as _, Position, RecordKey, RecordWrite};
use crate::records::ReadStore;
use crate::seal::sha256;
use crate::sled::FOLDER;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Most rows held at once. One takes about 50 bytes.
pub(super) const ROWS_PER_PASS: u64 = 1 << 20;
/// Rows read from the read store at once.
const PAGE_ROWS: usize = 1_024;

/// Half a SHA-256: enough to tell damage, half the memory.
type Digest = [u8; 16];

fn digest(parts: &[&[u8]]) -> Digest {
    let whole = sha256(parts);
    whole.first_chunk().copied().unwrap_or_default()
}

fn name(key: &RecordKey) -> Digest {
    digest(&[&key.practice.to_be_bytes(), &key.table.to_be_bytes(), &key.id])
}

fn content(version: Position, value: &[u8]) -> Digest {
    digest(&[&version.to_be_bytes(), value])
}

/// One of several equal parts of all rows, by their names' digests.
#[derive(Clone, Copy)]
struct Share {
    number: u64,
    of: u64,
}

impl Share {
    fn holds(self, name: &Digest) -> bool {
        let first = name.first_chunk().copied().map_or(0, u64::from_be_bytes);
        first % self.of == self.number
    }
}

/// The rows of one share, and how many of them each table has.
struct Rows {
    share: Share,
    contents: HashMap<Digest, Digest>,
    tables: BTreeMap<(u128, u16), u64>,
}

impl Rows {
    fn write(&mut self, position: Position, write: &RecordWrite) {
        // A table is looked at also when it has no row of this share, or none any more.
        let count = self.tables.entry((write.key.practice, write.key.table)).or_default();
        let name = name(&write.key);
        if !self.share.holds(&name) {
            return;
        }
        let before = match &write.value {
            Some(value) => self.contents.insert(name, content(position, value)),
            None => self.contents.remove(&name),
        };
        let (had, has) = (u64::from(before.is_some()), u64::from(write.value.is_some()));
        *count = (*count + has).saturating_sub(had);
    }

    fn compare(&self, store: &dyn ReadStore) -> Result<(), StoreError> {
        for ((practice, table), expected) in &self.tables {
            let differs = || {
                let what = format!("table {table} of practice {practice:032x} is not what the journal says");
                StoreError::corrupt(Path::new(FOLDER), 0, what)
            };
            let (mut found, mut after) = (0, None);
            loop {
                let page = store.scan(*practice, *table, after.as_deref(), PAGE_ROWS)?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.id.clone());
                for row in page {
                    let name = name(&row.key);
                    if !self.share.holds(&name) {
                        continue;
                    }
                    if self.contents.get(&name) != Some(&content(row.version, &row.value)) {
                        return Err(differs());
                    }
                    found += 1;
                }
            }
            if found != *expected {
                return Err(differs());
            }
        }
        Ok(())
    }
}

/// Follows the journal's record writes, `writes` in all, to their end, and on the way holds the store, if there is one,
/// against what they make at its position. Returns the number of rows at the end.
///
/// # Errors
/// `Corrupt` naming table and practice; what reading says.
pub(super) fn check(
    journal: &FileJournal,
    store: Option<&dyn ReadStore>,
    (writes, rows_per_pass): (u64, u64),
) -> Result<usize, StoreError> {
    let until = store.map_or(Ok(0), ReadStore::applied)?;
    if until > journal.position() {
        let what = "the read store is ahead of the journal";
        return Err(StoreError::corrupt(Path::new(FOLDER), 0, what));
    }
    let of = writes.div_ceil(rows_per_pass).max(1);
    let mut rows_at_end = 0;
    for number in 0..of {
        let mut rows = Rows {
            share: Share { number, of },
            contents: HashMap::new(),
            tables: BTreeMap::new(),
        };
        let mut compared = None;
        journal.each_append(|position, append| {
            if let Some(store) = store
                && compared.is_none()
                && position > until
            {
                compared = Some(rows.compare(store));
            }
            for write in &append.writes {
                rows.write(position, write);
            }
        })?;
        match (compared, store) {
            (Some(outcome), _) => outcome?,
            (None, Some(store)) => rows.compare(store)?,
            (None, None) => {}
        }
        rows_at_end += rows.contents.len();
    }
    Ok(rows_at_end)
}

#[cfg(test)]
#[path = "rows/tests.rs"]
mod tests;
