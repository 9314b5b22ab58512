//! The store of a world, opened on its simulated disk: the real journal, keyring and seals, without threads, with
//! randomness that follows from the seed.

use crate::clock::SimClock;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::stream::{StreamKey, StreamState};
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::{InlineJournal, Journal, JournalOptions};
use cabinet_storage::keyring::Keyring;
use cabinet_storage::open::{Ground, GroundOptions};
use cabinet_storage::seal::{Entropy, SealKey, SeededEntropy};
use cabinet_storage::store::SealedStreams;
use cabinet_storage::{StoreError, StreamStore};
use futures_util::FutureExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where worlds with a second witness keep it.
pub(crate) const SECOND_WITNESS: &str = "/elsewhere/witness";
/// Small, so that a world goes through several segments.
const SEGMENT_BYTES: u32 = 64 * 1024;

/// What stays the same from one start of a world's process to the next.
#[derive(Debug, Clone)]
pub(crate) struct StoreSetup {
    /// Makes keys, salts and the history.
    pub(crate) seed: u64,
    /// Whether there is a second witness.
    pub(crate) second_witness: bool,
}

/// An open store.
pub(crate) struct Store {
    /// The journal.
    pub(crate) journal: Arc<InlineJournal>,
    /// The keys.
    pub(crate) keyring: Arc<Keyring>,
}

impl StoreSetup {
    /// Opens the store for the `boot`th time: each start draws numbers of its own.
    ///
    /// # Errors
    /// As the server's.
    pub(crate) fn open(&self, disk: &SimDisk, clock: &Arc<SimClock>, boot: u64) -> Result<Store, StoreError> {
        let witness: Option<PathBuf> = self.second_witness.then(|| PathBuf::from(SECOND_WITNESS));
        let mut secret = [0; 32];
        SeededEntropy::new(!self.seed).fill(&mut secret)?;
        let ground = GroundOptions {
            root: SealKey::self_named(secret),
            entropy: Arc::new(SeededEntropy::new(self.seed.wrapping_add(boot << 40))),
            witness_copy: witness.as_deref(),
            expect_existing: false,
        };
        let options = JournalOptions {
            segment_bytes: SEGMENT_BYTES,
            witness_interval: Duration::from_secs(1),
            second_witness: witness.clone(),
            new_history: Some(u128::from(self.seed) + 1),
            ..JournalOptions::new(clock.ticks())
        };
        let ground = Ground::open(Arc::new(disk.clone()), ground, |disk| {
            InlineJournal::open(disk, options)
        })?;
        Ok(Store {
            journal: Arc::new(ground.journal),
            keyring: Arc::new(ground.keyring),
        })
    }
}

impl Store {
    /// The typed streams over this journal or one in front of it.
    #[must_use]
    pub(crate) fn streams(&self, journal: Arc<dyn Journal>) -> Arc<dyn StreamStore> {
        Arc::new(SealedStreams::new(journal, Arc::clone(&self.keyring)))
    }

    /// Loads one agenda as it lies on the disk.
    ///
    /// # Errors
    /// What storage says.
    pub(crate) fn agenda(&self, key: AgendaKey) -> Result<Option<cabinet_domain::agenda::Agenda>, StoreError> {
        let streams = self.streams(self.journal.clone());
        // Without threads every call is done when it is first asked.
        let Some(loaded) = streams.load(StreamKey::Agenda(key)).now_or_never() else {
            return Ok(None);
        };
        match loaded?.state {
            StreamState::Agenda(agenda) => Ok(Some(*agenda)),
            StreamState::Practice(_) => Ok(None),
        }
    }
}

/// What the witness files of a disk say, read by this file's own knowledge of their form: the largest position of any slot
/// that matches its hash.
#[must_use]
pub(crate) fn witnessed(disk: &SimDisk) -> u64 {
    let files = disk.files();
    let found = [cabinet_storage::journal::WITNESS_FILE, SECOND_WITNESS].map(|path| files.get(Path::new(path)));
    let slots = found.into_iter().flatten().flat_map(|bytes| bytes.chunks(4_096));
    slots.filter_map(position_of).max().unwrap_or(0)
}

fn position_of(slot: &[u8]) -> Option<u64> {
    let (content, rest) = slot.split_at_checked(80)?;
    let check = rest.get(..32)?;
    let valid = content.starts_with(b"CABJWITN") && cabinet_storage::seal::sha256(&[content]) == check;
    let position = content.get(32..40)?.try_into().ok()?;
    valid.then(|| u64::from_le_bytes(position))
}
