//! Wires storage together: from a data directory and an installation key to the two typed stores.

use crate::journal::Journal;
use crate::keyring::Keyring;
use crate::memory::{MemoryDisk, MemoryJournal, MemoryRows};
use crate::records::{Overlay, Table};
use crate::seal::{Entropy, KeyId, SealKey, SeededEntropy};
use crate::store::{SealedRecords, SealedStreams};
use crate::{RecordStore, StoreError, StreamStore};
use cabinet_domain::ids::{PatientId, PracticeId};
use std::sync::Arc;

/// Most keys one patient's blobs can have been sealed under: one per process that met them anew.
const KEYS_PER_PATIENT_MAX: usize = 10_000;

/// An open store.
pub struct Storage {
    journal: Arc<dyn Journal>,
    keyring: Arc<Keyring>,
    streams: Arc<SealedStreams>,
    records: Arc<SealedRecords>,
}

impl Storage {
    /// A store in memory, the same for the same seed. Never for real data: its keys follow from the seed.
    ///
    /// # Errors
    /// None in practice; the type is that of a real opening.
    pub fn memory(seed: u64) -> Result<Self, StoreError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
        let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
        let journal = Arc::new(MemoryJournal::new(u128::from(seed) + 1, overlay.clone()));
        Self::over(journal, overlay, Arc::new(MemoryDisk::new()), entropy, seed)
    }

    /// A store in memory over a journal of the caller's (a faulty one, say) that reports to `overlay`.
    ///
    /// # Errors
    /// As [`Self::memory`].
    pub fn over(
        journal: Arc<dyn Journal>,
        overlay: Arc<Overlay>,
        keyring_disk: Arc<dyn crate::disk::Disk>,
        entropy: Arc<dyn Entropy>,
        seed: u64,
    ) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        SeededEntropy::new(!seed).fill(&mut secret)?;
        let keyring = Keyring::open(keyring_disk, SealKey::self_named(secret), entropy, true)?;
        Ok(Self::wire(journal, Arc::new(keyring), overlay, false))
    }

    fn wire(journal: Arc<dyn Journal>, keyring: Arc<Keyring>, overlay: Arc<Overlay>, blocking: bool) -> Self {
        Self {
            streams: Arc::new(SealedStreams::new(journal.clone(), keyring.clone())),
            records: Arc::new(SealedRecords::new(journal.clone(), keyring.clone(), overlay, blocking)),
            journal,
            keyring,
        }
    }

    /// Streams of domain events.
    #[must_use]
    pub fn streams(&self) -> Arc<dyn StreamStore> {
        self.streams.clone()
    }

    /// Sealed records.
    #[must_use]
    pub fn records(&self) -> Arc<dyn RecordStore> {
        self.records.clone()
    }

    /// Removes every key this patient's blobs were sealed under: the erasure. On return no copy of them opens again,
    /// wherever it lies; replay goes on working.
    ///
    /// # Errors
    /// Busy while the read store, which names the keys, is not ready; what the disk says. Then repeat the call.
    pub async fn forget_patient(&self, practice: PracticeId, patient: PatientId) -> Result<(), StoreError> {
        let name = patient.0.to_be_bytes();
        let table = Table::PatientKey.number();
        let ids = self
            .records
            .ids(practice.0, table, name.to_vec(), KEYS_PER_PATIENT_MAX)
            .await?;
        let own = ids.iter().take_while(|id| id.starts_with(&name));
        let keys: Vec<KeyId> = own
            .filter_map(|id| id.get(16..).and_then(|key| key.try_into().ok()))
            .collect();
        self.keyring.forget(practice.0, patient.0, &keys)
    }

    /// Stops accepting, finishes what is queued, closes. Idempotent.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.journal.close().await
    }
}
