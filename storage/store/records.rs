//! Records, sealed under the practice's key for their own place, over a journal and the overlay.

use super::RecordStore;
use crate::audit::leaves::seal_leaves;
use crate::journal::{Append, Journal, Position, RecordCheck, RecordKey, RecordWrite};
use crate::keyring::{KeyState, Keyring};
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

/// Whose own key seals a row; none: the practice's key does.
fn patient_of(key: &RecordKey) -> Option<PatientId> {
    let id = key.id.as_slice().try_into().ok().map(u128::from_be_bytes);
    id.filter(|_| key.table == Table::Patient.number()).map(PatientId)
}

/// Record writes, sealed, and the keys that they assign to patients.
pub(super) struct SealedWrites {
    pub(super) writes: Vec<RecordWrite>,
    /// Rows that name these keys are among `writes`.
    pub(super) assigned: Vec<(u128, PatientId, KeyId)>,
}

/// Seals record writes for their places: a patient's card under their own key, everything else under the practice's.
pub(super) fn seal_writes(
    keyring: &Keyring,
    writes: &[(RecordKey, Option<Vec<u8>>)],
) -> Result<SealedWrites, StoreError> {
    let mut assigned: Vec<(u128, PatientId, KeyId)> = Vec::new();
    let mut seal_one = |(key, value): &(RecordKey, Option<Vec<u8>>)| {
        if key.id.is_empty() || key.id.len() > ID_BYTES_MAX {
            return Err(AppendError::TooLarge.into());
        }
        let sealed = match value {
            Some(plain) if plain.len() + seal::ENVELOPE_BYTES > VALUE_BYTES_MAX => {
                return Err(AppendError::TooLarge.into());
            }
            Some(plain) => {
                let seal_key = match patient_of(key) {
                    None => keyring.practice_or_new(key.practice)?,
                    Some(patient) => {
                        let drawn = keyring.key_for(key.practice, patient.0)?;
                        let named = (key.practice, patient, drawn.key.id());
                        if !drawn.recorded && !assigned.contains(&named) {
                            assigned.push(named);
                        }
                        drawn.key
                    }
                };
                Some(seal::seal(&seal_key, keyring.entropy(), &place(key), plain)?.into())
            }
            None => None,
        };
        Ok(RecordWrite {
            key: key.clone(),
            value: sealed,
        })
    };
    let mut sealed = writes
        .iter()
        .map(&mut seal_one)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let rows = assigned
        .iter()
        .map(|(practice, patient, key)| key_row(*practice, *patient, *key));
    let rows: Vec<_> = rows.filter(|row| !writes.contains(row)).collect();
    if !rows.is_empty() {
        // Rows that name keys are no patients' cards: this goes one level deep.
        sealed.extend(seal_writes(keyring, &rows)?.writes);
    }
    Ok(SealedWrites {
        writes: sealed,
        assigned,
    })
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

    fn wrong(&self, row: &Row, why: &str) -> StoreError {
        // The journal's copy opens or nothing does: let the read store be made anew from it.
        self.overlay.fail("a row does not open");
        StoreError::Corrupt {
            path: "read store".into(),
            offset: 0,
            what: format!("a row of table {} does not open: {why}", row.key.table),
        }
    }

    /// What a row says; none once the key of the patient whose card it is was forgotten.
    fn open_row(&self, row: &Row) -> Result<Option<Vec<u8>>, StoreError> {
        let practice = row.key.practice;
        let Some(patient) = patient_of(&row.key) else {
            let key = self.keyring.practice(practice)?;
            let opened = seal::open(&key, &place(&row.key), &row.value);
            return opened.map(Some).map_err(|why| self.wrong(row, &why.to_string()));
        };
        let id = seal::key_id(&row.value).ok_or_else(|| self.wrong(row, "not an envelope"))?;
        match self.keyring.key(practice, id)? {
            KeyState::Forgotten => Ok(None),
            KeyState::Missing => Err(self.wrong(row, "its key is missing from the keyring")),
            KeyState::Known(key) => {
                let opened = seal::open(&key, &place(&row.key), &row.value);
                let plain = opened.map_err(|why| self.wrong(row, &why.to_string()))?;
                self.keyring.recorded(practice, patient.0, id);
                Ok(Some(plain))
            }
        }
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
            let Some(row) = row else { return Ok(None) };
            Ok(this.open_row(&row)?.map(|value| (row.version, value)))
        }))
    }

    fn scan(&self, practice: u128, table: u16, limit: usize) -> Answer<'_, Vec<(RecordKey, Vec<u8>)>> {
        Box::pin(self.run(move |this| {
            let rows = this.overlay.scan(practice, table, None, limit)?;
            let opened = rows
                .into_iter()
                .map(|row| Ok(this.open_row(&row)?.map(|value| (row.key, value))));
            opened.filter_map(Result::transpose).collect()
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
            let SealedWrites {
                writes: sealed,
                assigned: cards,
            } = seal_writes(&self.keyring, &writes).map_err(not_written)?;
            assigned.extend(cards);
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
