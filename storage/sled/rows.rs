//! Rows in sled's one keyspace, and a digest over all of them in the same batch as every change, so that rows which the
//! engine lost or brought back are noticed when it is opened next.

use super::fault;
use crate::StoreError;
use crate::journal::{Position, RecordKey, RecordWrite};
use crate::records::{ReadStore, Row};
use crate::seal::sha256;
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

const META_KEY: &[u8] = b"m";
const ROW_PREFIX: u8 = b'r';
const PREFIX_BYTES: usize = 1 + 16 + 2;

/// The database.
pub(super) struct Rows {
    database: ::sled::Db,
    folder: PathBuf,
    /// Held over each apply: reading the meta row and replacing it are one step.
    applying: Mutex<()>,
}

/// What the meta row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Meta {
    applied: Position,
    rows: u64,
    /// XOR of the digests of all rows.
    digest: [u8; 32],
}

impl Meta {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.applied.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.rows.to_be_bytes());
        bytes.extend_from_slice(&self.digest);
        let sum = sha256(&[&bytes]);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(48)?;
        (sha256(&[body]).as_slice() == sum).then_some(())?;
        Some(Self {
            applied: u64::from_be_bytes(body.get(..8)?.try_into().ok()?),
            rows: u64::from_be_bytes(body.get(8..16)?.try_into().ok()?),
            digest: body.get(16..)?.try_into().ok()?,
        })
    }

    fn toggle(&mut self, key: &[u8], value: &[u8]) {
        let length = u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes();
        let row = sha256(&[&length, key, value]);
        for (slot, byte) in self.digest.iter_mut().zip(row) {
            *slot ^= byte;
        }
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.toggle(key, value);
        self.rows = self.rows.saturating_add(1);
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.toggle(key, value);
        self.rows = self.rows.saturating_sub(1);
    }
}

fn prefix(practice: u128, table: u16) -> Vec<u8> {
    let mut bytes = vec![ROW_PREFIX];
    bytes.extend_from_slice(&practice.to_be_bytes());
    bytes.extend_from_slice(&table.to_be_bytes());
    bytes
}

fn row_key(key: &RecordKey) -> Vec<u8> {
    let mut bytes = prefix(key.practice, key.table);
    bytes.extend_from_slice(&key.id);
    bytes
}

fn row_value(version: Position, sealed: &[u8]) -> Vec<u8> {
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend_from_slice(sealed);
    bytes
}

fn read_value(stored: &[u8]) -> Option<(Position, Bytes)> {
    let (version, sealed) = stored.split_at_checked(8)?;
    let version = u64::from_be_bytes(version.try_into().ok()?);
    Some((version, Bytes::copy_from_slice(sealed)))
}

impl Rows {
    pub(super) fn new(database: ::sled::Db, folder: &Path) -> Self {
        Self {
            database,
            folder: folder.to_path_buf(),
            applying: Mutex::new(()),
        }
    }

    fn failed(&self, error: &::sled::Error) -> StoreError {
        fault(&self.folder, error.to_string())
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        let stored = self.database.get(META_KEY).map_err(|error| self.failed(&error))?;
        match stored {
            Some(stored) => Meta::decode(&stored).ok_or_else(|| fault(&self.folder, "the meta row is damaged")),
            None => Ok(Meta::default()),
        }
    }

    /// Reads every row and holds them against the digest.
    pub(super) fn check_digest(&self) -> Result<(), StoreError> {
        let meta = self.meta()?;
        let mut found = Meta {
            applied: meta.applied,
            ..Meta::default()
        };
        for row in self.database.iter() {
            let (key, value) = row.map_err(|error| self.failed(&error))?;
            if key.as_ref() != META_KEY {
                found.add(&key, &value);
            }
        }
        if found != meta {
            let what = format!("the rows do not add up: {} found, {} expected", found.rows, meta.rows);
            return Err(fault(&self.folder, what));
        }
        Ok(())
    }
}

impl ReadStore for Rows {
    fn applied(&self) -> Result<Position, StoreError> {
        Ok(self.meta()?.applied)
    }

    fn apply(&self, position: Position, writes: &[(Position, RecordWrite)]) -> Result<(), StoreError> {
        let _one = self.applying.lock();
        let mut meta = self.meta()?;
        // Only the last write of each record counts; the journal's order is the order here.
        let mut newest = BTreeMap::new();
        for (version, write) in writes {
            let value = write.value.as_ref().map(|sealed| row_value(*version, sealed));
            newest.insert(row_key(&write.key), value);
        }
        let mut batch = ::sled::Batch::default();
        for (key, value) in newest {
            let before = self.database.get(&key).map_err(|error| self.failed(&error))?;
            if let Some(before) = before {
                meta.take(&key, &before);
            }
            match value {
                Some(value) => {
                    meta.add(&key, &value);
                    batch.insert(key, value);
                }
                None => batch.remove(key),
            }
        }
        meta.applied = position;
        batch.insert(META_KEY, meta.encode());
        self.database.apply_batch(batch).map_err(|error| self.failed(&error))
    }

    fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        let stored = self.database.get(row_key(key)).map_err(|error| self.failed(&error))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let (version, value) = read_value(&stored).ok_or_else(|| fault(&self.folder, "a row is too short"))?;
        Ok(Some(Row {
            key: key.clone(),
            version,
            value,
        }))
    }

    fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let prefix = prefix(practice, table);
        let from = [prefix.as_slice(), after.unwrap_or_default()].concat();
        let from = if after.is_some() {
            Bound::Excluded(from)
        } else {
            Bound::Included(from)
        };
        let mut rows = Vec::new();
        for row in self.database.range((from, Bound::Unbounded)).take(limit) {
            let (key, stored) = row.map_err(|error| self.failed(&error))?;
            if !key.starts_with(&prefix) {
                break;
            }
            let (version, value) = read_value(&stored).ok_or_else(|| fault(&self.folder, "a row is too short"))?;
            let id = key.get(PREFIX_BYTES..).unwrap_or_default().to_vec();
            rows.push(Row {
                key: RecordKey { practice, table, id },
                version,
                value,
            });
        }
        Ok(rows)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.database.flush().map_err(|error| self.failed(&error))?;
        // The engine's own flush asks for less than a sync; here a power cut should find the rows.
        super::sync_files(&self.folder).map_err(|source| StoreError::io("sync", &self.folder, source))?;
        if super::has_blobs(&self.folder).map_err(|source| StoreError::io("list", &self.folder, source))? {
            return Err(fault(
                &self.folder,
                "the engine keeps large values in files of their own",
            ));
        }
        Ok(())
    }
}
