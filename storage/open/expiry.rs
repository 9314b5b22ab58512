//! Leaves of the audit log whose term is over: their months' keys are forgotten, so that no copy of them opens again wherever it
//! lies; their hashes stay, and the tree with them.
//!
//! Must not be here: how long the term is, when this is done.

use super::{KEYS_PER_PATIENT_MAX, Storage};
use crate::StoreError;
use crate::audit::leaves::{month_of, month_of_subject, subject_of_month};
use crate::journal::RecordKey;
use crate::records::Table;
use crate::seal::KeyId;
use crate::store::RecordStore as _;
use cabinet_domain::ids::{PatientId, PracticeId};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

impl Storage {
    /// Erases a practice's leaves of the months that ended at least so many months before `now`'s. Answers how many months
    /// were erased by this call. Repeated after a crash, it finishes what was begun.
    ///
    /// # Errors
    /// Busy while the read store, which names the keys, is not ready; what the disk says. Then repeat the call.
    pub async fn expire_leaves(
        &self,
        practice: PracticeId,
        now: UtcMillis,
        term_months: i32,
    ) -> Result<usize, StoreError> {
        let table = Table::PatientKey.number();
        let first = subject_of_month(0).0.to_be_bytes().to_vec();
        let ids = self.records.ids(practice.0, table, first, KEYS_PER_PATIENT_MAX).await?;
        let mut months: BTreeMap<u128, Vec<Vec<u8>>> = BTreeMap::new();
        for id in ids {
            let subject = id.first_chunk().map(|subject| u128::from_be_bytes(*subject));
            let month = subject.and_then(|subject| month_of_subject(PatientId(subject)));
            // Months' rows lie together; what comes after them is of patients.
            let (Some(subject), Some(month)) = (subject, month) else {
                break;
            };
            if month.saturating_add(term_months) < month_of(now) {
                months.entry(subject).or_default().push(id);
            }
        }
        for (subject, rows) in &months {
            let keys: Vec<KeyId> = rows.iter().filter_map(|id| super::compaction::named_key(id)).collect();
            self.keyring.forget(practice.0, *subject, &keys)?;
            // The names of keys that are gone: not asked about again.
            let gone = rows.iter().map(|id| {
                let id = id.clone();
                (
                    RecordKey {
                        practice: practice.0,
                        table,
                        id,
                    },
                    None,
                )
            });
            self.records.commit(Vec::new(), gone.collect()).await?;
        }
        Ok(months.len())
    }
}
