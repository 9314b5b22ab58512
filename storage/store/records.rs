//! Records, sealed under the practice's key for their own place, over a journal and the overlay.

use super::RecordStore;
use crate::audit::leaves::seal_leaves;
use crate::journal::{Append, Journal, Position, RecordCheck, RecordKey, RecordWrite};
use crate::keyring::Keyring;
use crate::records::{Overlay, Row, Table, VALUE_BYTES_MAX};
use crate::seal::{self, KeyId, Place};
use crate::{Answer, AppendError, BoxFuture, StoreError};
use cabinet_domain::audit::Leaf;
use cabinet_domain::ids::{PatientId, PracticeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest id of a record, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The typed face of the read store.
#[derive(Clone)]
pub struct SealedRecords {
    journal: Arc<dyn Journal>,
    keyring: Arc<Keyring>,
    overlay: Arc<Overlay>,
    /// Reads may block on a disk: they go to tokio's blocking threads.
    blocking: bool,
}

fn place(key: &RecordKey) -> Place {
    Place::of("record")
        .with(&key.practice.to_be_bytes())
        .with(&key.table.to_be_bytes())
        .with(&key.id)
}

/// The row that says which key a patient's blobs, or a month's leaves, were sealed under.
pub(super) fn key_row(practice: u128, subject: PatientId, key: KeyId) -> (RecordKey, Option<Vec<u8>>) {
    let id = [subject.0.to_be_bytes().as_slice(), &key].concat();
    let table = Table::PatientKey.number();
    (RecordKey { practice, table, id }, Some(Vec::new()))
}

/// Seals record writes for their places.
pub(super) fn seal_writes(
    keyring: &Keyring,
    writes: &[(RecordKey, Option<Vec<u8>>)],
) -> Result<Vec<RecordWrite>, StoreError> {
    let seal_one = |(key, value): &(RecordKey, Option<Vec<u8>>)| {
        if key.id.is_empty() || key.id.len() > ID_BYTES_MAX {
            return Err(AppendError::TooLarge.into());
        }
        let sealed = match value {
            Some(plain) if plain.len() + seal::ENVELOPE_BYTES > VALUE_BYTES_MAX => {
                return Err(AppendError::TooLarge.into());
            }
            Some(plain) => {
                let practice = keyring.practice_or_new(key.practice)?;
                Some(seal::seal(&practice, keyring.entropy(), &place(key), plain)?.into())
            }
            None => None,
        };
        Ok(RecordWrite {
            key: key.clone(),
            value: sealed,
        })
    };
    writes.iter().map(seal_one).collect()
}

/// A storage error before anything was written, as an append says it.
pub(super) fn not_written(error: StoreError) -> AppendError {
    match error {
        StoreError::Append(error) => error,
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => AppendError::StorageFull,
        // The keyring's disk has failed, which ends the process (law L8).
        StoreError::Io { .. } | StoreError::Unwritable { .. } => AppendError::Unknown,
        StoreError::Corrupt { .. }
        | StoreError::HistoryMissing { .. }
        | StoreError::WrongKey { .. }
        | StoreError::Locked { .. }
        | StoreError::NewerFormat { .. }
        | StoreError::Codec { .. }
        | StoreError::NoKey => {
            tracing::error!(%error, "a value could not be sealed; nothing was written");
            AppendError::NotSealed
        }
    }
}

impl SealedRecords {
    /// Over these parts. `blocking`: whether the read store below may wait for a disk.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, keyring: Arc<Keyring>, overlay: Arc<Overlay>, blocking: bool) -> Self {
        Self {
            journal,
            keyring,
            overlay,
            blocking,
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.blocking {
            return work(self);
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this))
            .await
            .map_err(|_| StoreError::Unwritable {
                what: "a reading thread ended".to_owned(),
            })?
    }

    fn open_row(&self, row: &Row) -> Result<Vec<u8>, StoreError> {
        let practice = self.keyring.practice(row.key.practice)?;
        seal::open(&practice, &place(&row.key), &row.value).map_err(|why| {
            // The journal's copy opens or nothing does: let the read store be made anew from it.
            self.overlay.fail("a row does not open");
            StoreError::Corrupt {
                path: "read store".into(),
                offset: 0,
                what: format!("a row of table {} does not open: {why}", row.key.table),
            }
        })
    }

    /// Ids above `after` of one table with their versions, ascending: for what needs no value.
    pub(crate) async fn ids(
        &self,
        practice: u128,
        table: u16,
        after: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self
            .run(move |this| this.overlay.scan(practice, table, Some(&after), limit))
            .await?;
        Ok(rows.into_iter().map(|row| row.key.id).collect())
    }
}

impl RecordStore for SealedRecords {
    fn get(&self, key: RecordKey) -> Answer<'_, Option<(Position, Vec<u8>)>> {
        Box::pin(self.run(move |this| {
            let row = this.overlay.get(&key)?;
            row.map(|row| Ok((row.version, this.open_row(&row)?))).transpose()
        }))
    }

    fn scan(&self, practice: u128, table: u16, limit: usize) -> Answer<'_, Vec<(RecordKey, Vec<u8>)>> {
        Box::pin(self.run(move |this| {
            let rows = this.overlay.scan(practice, table, None, limit)?;
            let opened = rows.into_iter().map(|row| {
                let value = this.open_row(&row)?;
                Ok((row.key, value))
            });
            opened.collect()
        }))
    }

    fn commit_acts(
        &self,
        checks: Vec<(RecordKey, Position)>,
        mut writes: Vec<(RecordKey, Option<Vec<u8>>)>,
        acts: Vec<(PracticeId, Leaf)>,
    ) -> BoxFuture<'_, Result<Position, AppendError>> {
        Box::pin(async move {
            let mut by_practice: BTreeMap<u128, Vec<Leaf>> = BTreeMap::new();
            for (practice, leaf) in acts {
                by_practice.entry(practice.0).or_default().push(leaf);
            }
            let mut jobs = Vec::new();
            let mut assigned = Vec::new();
            for (practice, leaves) in by_practice {
                let (job, month) = seal_leaves(&self.keyring, practice, &leaves).map_err(not_written)?;
                jobs.push(job);
                if let Some((month, key)) = month {
                    writes.push(key_row(practice, month, key));
                    assigned.push((practice, month, key));
                }
            }
            let sealed = seal_writes(&self.keyring, &writes).map_err(not_written)?;
            let check = |(key, version)| RecordCheck { key, version };
            let position = self
                .journal
                .append(Append {
                    stream: None,
                    fence: self.journal.fence(),
                    expected: 0,
                    events: Vec::new(),
                    chain: [0; 32],
                    checks: checks.into_iter().map(check).collect(),
                    writes: sealed,
                    jobs,
                })
                .await?;
            for (practice, month, key) in assigned {
                self.keyring.recorded(practice, month.0, key);
            }
            Ok(position)
        })
    }
}
