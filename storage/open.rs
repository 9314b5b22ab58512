//! Wires storage together: from a data directory and an installation key to the two typed stores.

mod compaction;
mod expiry;
mod ground;
mod options;

use crate::audit::AuditLogs;
use crate::disk::Disk;
use crate::disk::real::RealDisk;
use crate::journal::{FileJournal, Journal, JournalOptions, JournalStats, Position};
use crate::keyring::{Keyring, KeyringStats, read_key_file};
use crate::memory::{MemoryDisk, MemoryJournal, MemoryRows, MemorySource};
use crate::records::{Applier, ApplierStats, OVERLAY_BYTES_MAX, Overlay, OverlayStats, ReadStoreSource, Table};
use crate::seal::{Entropy, KeyId, SealKey, SeededEntropy, SystemEntropy};
use crate::sled::{FOLDER, SledDeadlines, SledSource, refuse_newer};
use crate::store::{SealedRecords, SealedStreams};
use crate::{RecordStore, StoreError, StreamStore};
use cabinet_domain::ids::{PatientId, PracticeId};
pub use ground::{Ground, GroundOptions};
pub use options::{KeySource, ReadStoreKind, StorageOptions, StorageStats};
use std::sync::Arc;
use tokio::sync::watch;

/// Most keys one patient's blobs can have been sealed under: one per process that met them anew.
const KEYS_PER_PATIENT_MAX: usize = 10_000;

/// An open store.
pub struct Storage {
    journal: Arc<dyn Journal>,
    keyring: Arc<Keyring>,
    /// Where the audit log's files lie.
    audit_disk: Arc<dyn Disk>,
    streams: Arc<SealedStreams>,
    records: Arc<SealedRecords>,
    overlay: Arc<Overlay>,
    /// With a data directory: the parts that are its own.
    real: Option<Real>,
    fatal: watch::Receiver<Option<String>>,
    /// By this the parts tell; it also keeps `fatal` open.
    failed: Arc<watch::Sender<Option<String>>>,
}

/// What only a store on disk has.
struct Real {
    journal: Arc<FileJournal>,
    applier: Arc<Applier>,
}

/// The installation key.
pub(crate) fn installation_key(source: &KeySource) -> Result<SealKey, StoreError> {
    match source {
        KeySource::File(path) => read_key_file(path),
        KeySource::Secret(secret) => Ok(SealKey::self_named(*secret)),
    }
}

impl Storage {
    /// Opens the store in a data directory. Blocking; to be called once at the start of the process. The read store may
    /// go on opening or rebuilding afterwards: streams are served from the start, records as soon as it is ready.
    ///
    /// # Errors
    /// Each before anything is written: `WrongKey`, `Locked`, `NewerFormat`, `HistoryMissing` (data is expected and not
    /// there, or the journal has no keyring), `Unwritable` (read-only or full disk), `Corrupt`, `Io`.
    pub fn open(options: StorageOptions) -> Result<Self, StoreError> {
        let root = installation_key(&options.installation_key)?;
        if options.expect_existing && !options.data_dir.is_dir() {
            return Err(StoreError::HistoryMissing {
                what: format!(
                    "{} is expected to hold a store and is not there",
                    options.data_dir.display()
                ),
            });
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&options.data_dir)?);
        Self::open_with(disk, root, options)
    }

    /// As [`Self::open`], but journal, keyring and checkpoints lie on this disk; only sled, if it is asked for, lies in
    /// the data directory. For tests with simulated disks.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on(disk: Arc<dyn Disk>, options: StorageOptions) -> Result<Self, StoreError> {
        let root = installation_key(&options.installation_key)?;
        Self::open_with(disk, root, options)
    }

    fn open_with(disk: Arc<dyn Disk>, root: SealKey, options: StorageOptions) -> Result<Self, StoreError> {
        let ground = GroundOptions {
            root,
            entropy: Arc::new(SystemEntropy::new()),
            witness_copy: options.witness_copy.as_deref(),
            expect_existing: options.expect_existing,
        };
        let journal_options = JournalOptions {
            second_witness: options.witness_copy.clone(),
            expect_existing: options.expect_existing,
            queue_appends_max: options.queue_appends_max,
            queue_bytes_max: options.queue_bytes_max,
            company_wait_max: options.company_wait_max,
            ..JournalOptions::new(options.ticks.clone())
        };
        let read_store = (options.read_store == ReadStoreKind::Sled).then(|| options.data_dir.join(FOLDER));
        let Ground { journal, keyring } = Ground::open(disk.clone(), ground, |disk| {
            // Newer than this build: refused before the journal is mended.
            read_store.as_deref().map_or(Ok(()), refuse_newer)?;
            FileJournal::open(disk, journal_options)
        })?;
        let journal = Arc::new(journal);
        let overlay = Arc::new(Overlay::new(OVERLAY_BYTES_MAX));
        journal.attach(overlay.clone());
        let source: Arc<dyn ReadStoreSource> = match options.read_store {
            ReadStoreKind::Sled => Arc::new(SledSource::new(&options.data_dir, SledDeadlines::default())),
            ReadStoreKind::Memory => Arc::new(MemorySource),
        };
        let applier = Applier::start(journal.clone(), overlay.clone(), source, options.ticks)?;
        let mut storage = Self::wire(journal.clone(), Arc::new(keyring), (overlay, disk), true);
        let failed = Arc::clone(&storage.failed);
        journal.on_fatal(Box::new(move |why| drop(failed.send_replace(Some(why.to_owned())))));
        storage.real = Some(Real {
            journal,
            applier: Arc::new(applier),
        });
        Ok(storage)
    }

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
        keyring_disk: Arc<dyn Disk>,
        entropy: Arc<dyn Entropy>,
        seed: u64,
    ) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        SeededEntropy::new(!seed).fill(&mut secret)?;
        let keyring = Keyring::open(keyring_disk.clone(), SealKey::self_named(secret), entropy, true)?;
        Ok(Self::wire(journal, Arc::new(keyring), (overlay, keyring_disk), false))
    }

    fn wire(
        journal: Arc<dyn Journal>,
        keyring: Arc<Keyring>,
        (overlay, audit_disk): (Arc<Overlay>, Arc<dyn Disk>),
        blocking: bool,
    ) -> Self {
        let records = SealedRecords::new(journal.clone(), keyring.clone(), overlay.clone(), blocking);
        let (failed, fatal) = watch::channel(None);
        let failed = Arc::new(failed);
        let keyring_failed = Arc::clone(&failed);
        keyring.on_fatal(Box::new(move |why| {
            drop(keyring_failed.send_replace(Some(why.to_owned())))
        }));
        Self {
            streams: Arc::new(SealedStreams::new(journal.clone(), keyring.clone())),
            records: Arc::new(records),
            journal,
            keyring,
            audit_disk,
            overlay,
            real: None,
            fatal,
            failed,
        }
    }

    /// Resolves with the reason when a write or sync of the journal or of a keyring file has failed, or the journal's
    /// writer has panicked: the process must then end (law L8). Never resolves while all is well.
    pub async fn fatal(&self) -> String {
        let mut fatal = self.fatal.clone();
        match fatal.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            // The sender lives in `self`, which is borrowed: it cannot be gone.
            Err(_) => std::future::pending().await,
        }
    }

    /// Counts of all parts; never blocks on the disk.
    #[must_use]
    pub fn stats(&self) -> StorageStats {
        StorageStats {
            position: self.journal.position(),
            journal: self.real.as_ref().map(|real| real.journal.stats()),
            overlay: self.overlay.stats(),
            read_store: self.real.as_ref().map(|real| real.applier.stats()),
            keyring: self.keyring.stats(),
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

    /// The audit log, taken up where it was left. To be opened once.
    ///
    /// # Errors
    /// What the disk says; `Corrupt` when it knows of more than the journal holds.
    pub fn audit(&self) -> Result<AuditLogs, StoreError> {
        AuditLogs::open(self.audit_disk.clone(), self.journal.clone(), self.keyring.clone())
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
        let keys: Vec<KeyId> = own.filter_map(|id| compaction::named_key(id)).collect();
        self.keyring.forget(practice.0, patient.0, &keys)
    }

    /// Hands records down to the read store, stops accepting, finishes what is queued, closes. Idempotent.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn close(&self) -> Result<(), StoreError> {
        if let Some(real) = &self.real {
            let applier = real.applier.clone();
            let stopped = tokio::task::spawn_blocking(move || applier.stop()).await;
            if stopped.is_err() {
                tracing::error!("stopping the read store panicked");
            }
        }
        self.journal.close().await
    }
}
