//! Keys that were made ahead and never used: each process draws a first batch for a practice, and a crash leaves the rest of
//! it behind. They are removed once there are many.
//!
//! A key that was used is named by a `PatientKey` record in the very commit that used it first, so the journal knows. The
//! read store only says whether it is worth looking: no key is destroyed on its word.

use super::Storage;
use crate::StoreError;
use crate::records::Table;
use crate::seal::KeyId;
use std::collections::{BTreeMap, BTreeSet};

/// Fewer unused keys than this in a practice are left where they are: the file is rewritten once for so many.
const LEFTOVERS_MIN: usize = 64;
/// Rows and records read at once.
const PAGE: usize = 128;

/// The key that a `PatientKey` record names: its id is the patient's id and the key's.
pub(super) fn named_key(id: &[u8]) -> Option<KeyId> {
    id.get(16..)?.try_into().ok()
}

type Leftovers = BTreeMap<u128, BTreeSet<KeyId>>;

fn only_many(leftovers: &mut Leftovers) {
    leftovers.retain(|_, keys| keys.len() >= LEFTOVERS_MIN);
}

impl Storage {
    /// Removes patients' keys that former processes made ahead and that nothing durable was sealed under, from every
    /// practice that has at least 64 of them. Returns how many are gone. To be called once after a start; reads the whole
    /// journal if there is such a practice, else only rows.
    ///
    /// # Errors
    /// Busy while the read store is not ready: repeat the call. What the disk says; on a full disk everything stays as it
    /// was.
    pub async fn compact_keyring(&self) -> Result<usize, StoreError> {
        let mut leftovers = self.keyring.leftovers(LEFTOVERS_MIN);
        self.without_rows(&mut leftovers).await?;
        only_many(&mut leftovers);
        if leftovers.is_empty() {
            return Ok(0);
        }
        self.without_named(&mut leftovers).await?;
        only_many(&mut leftovers);
        let mut dropped = 0;
        for (practice, unused) in leftovers {
            let keyring = self.keyring.clone();
            let work = tokio::task::spawn_blocking(move || keyring.drop_unused(practice, &unused));
            dropped += work.await.map_err(|_| StoreError::Unwritable {
                what: "compacting the keyring panicked".to_owned(),
            })??;
        }
        Ok(dropped)
    }

    /// Takes out what rows of the read store name.
    async fn without_rows(&self, leftovers: &mut Leftovers) -> Result<(), StoreError> {
        for (practice, keys) in leftovers {
            let mut after = Vec::new();
            loop {
                let table = Table::PatientKey.number();
                let ids = self.records.ids(*practice, table, after, PAGE).await?;
                let Some(last) = ids.last().cloned() else { break };
                after = last;
                for key in ids.iter().filter_map(|id| named_key(id)) {
                    keys.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// Takes out what any record of the journal names. What this process appends meanwhile is under keys of its own.
    async fn without_named(&self, leftovers: &mut Leftovers) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page = self.journal.follow(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let writes = page.iter().flat_map(|entry| &entry.append.writes);
            for key in writes.map(|write| &write.key) {
                if key.table == Table::PatientKey.number()
                    && let (Some(keys), Some(named)) = (leftovers.get_mut(&key.practice), named_key(&key.id))
                {
                    keys.remove(&named);
                }
            }
        }
        Ok(())
    }
}
