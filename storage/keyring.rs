//! The keys, and the only place where they lie: installation key -> practice keys -> patient keys.
//!
//! Wrapped keys live in keyring files of their own, in two copies, never in the journal or in checkpoints, so that
//! removing a patient's key erases what it sealed wherever copies of that lie. Keys for patients are made in batches and
//! are durable before one is handed out: a booking by a new patient costs no sync of its own. Which patient has which key
//! is said by the envelopes themselves (they name the key) and by `PatientKey` records in the same commit.
//! Keys that a former process made and did not use are never handed out again, since it may have. Once many have piled up,
//! those that no record of the journal names are removed (`open/compaction.rs`).

mod file;
mod practice;

use crate::StoreError;
use crate::codec::{self, KeyFrame};
use crate::disk::Disk;
use crate::seal::{self, Entropy, KeyId, Place, SealKey, Unsealable};
use file::{RingFile, corrupt, is_failed_write, survey};
use parking_lot::Mutex;
use practice::PracticeRing;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use file::io_error;

const INSTALLATION: &str = "installation";

/// Whether a key's file is its user's alone (row C8 of the checklist); else why not.
pub(crate) fn private(file: &std::fs::Metadata) -> Result<(), &'static str> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if file.permissions().mode() & 0o077 != 0 {
        return Err("others may read it: its mode must be 0600 or 0400");
    }
    if file.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user than the one the server runs as");
    }
    Ok(())
}

/// Reads the installation key: 64 hexadecimal digits in a file that only its owner may read.
///
/// # Errors
/// [`StoreError::Io`] when the file cannot be read, is open to others (mode & 077), belongs to another user or is not 64 digits.
pub fn read_key_file(path: &Path) -> Result<SealKey, StoreError> {
    let refuse = |why: &str| {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
        io_error("use the installation key in", path)(source)
    };
    let metadata = std::fs::metadata(path).map_err(io_error("open the installation key in", path))?;
    private(&metadata).map_err(refuse)?;
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(io_error("read", path))?);
    let mut secret = zeroize::Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(text.trim(), secret.as_mut_slice()).map_err(|_| refuse("it is not 64 hexadecimal digits"))?;
    Ok(SealKey::self_named(*secret))
}

/// What became of a key that an envelope names.
#[derive(Debug, Clone)]
pub enum KeyState {
    /// It is here.
    Known(Arc<SealKey>),
    /// It was removed on purpose: what it sealed is erased.
    Forgotten,
    /// The keyring does not have it and never forgot it: keys were lost.
    Missing,
}

/// A patient's key for sealing, and whether a `PatientKey` record already says so durably.
#[derive(Debug, Clone)]
pub struct PatientKey {
    /// The key.
    pub key: Arc<SealKey>,
    /// `false`: the commit that uses it must carry the record.
    pub recorded: bool,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyringStats {
    /// Copies repaired from the other.
    pub repaired_copies: usize,
    /// Practices whose keys are in memory.
    pub practices_loaded: usize,
    /// A write or sync of a keyring file has failed; no new keys until the next start.
    pub failed: bool,
}

/// All keys of one store. Practices are loaded on first use.
pub struct Keyring {
    disk: Arc<dyn Disk>,
    entropy: Arc<dyn Entropy>,
    root: SealKey,
    installation: Mutex<Installation>,
    practices: Mutex<HashMap<u128, Arc<PracticeRing>>>,
    repaired: AtomicUsize,
    /// Taken by the first failure.
    on_fatal: Mutex<Option<OnFatal>>,
}

/// Called once, with the reason, when a write or sync of a keyring file has failed.
pub type OnFatal = Box<dyn Fn(&str) + Send + Sync>;

struct Installation {
    file: RingFile,
    known: BTreeSet<u128>,
}

/// Where an entry belongs: file, generation, index.
fn place(scope: u128, generation: u64, index: usize) -> Place {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    Place::of("keyring")
        .with(&scope.to_be_bytes())
        .with(&generation.to_be_bytes())
        .with(&index.to_be_bytes())
}

fn seal_frame(key: &SealKey, entropy: &dyn Entropy, place: &Place, frame: &KeyFrame) -> Result<Vec<u8>, StoreError> {
    let plain = zeroize::Zeroizing::new(codec::encode(codec::KEY_FRAME, frame)?);
    seal::seal(key, entropy, place, &plain)
}

fn open_frame(
    key: &SealKey,
    place: &Place,
    name: &str,
    sealed: &[u8],
) -> Result<Result<KeyFrame, StoreError>, Unsealable> {
    let plain = zeroize::Zeroizing::new(seal::open(key, place, sealed)?);
    let named = |error: StoreError| error.in_file(&Path::new(file::COPIES[0]).join(name));
    Ok(codec::decode(codec::KEY_FRAME, &plain).map_err(named))
}

fn practice_file(practice: u128) -> String {
    format!("practice-{practice:032x}")
}

/// Reads the installation's file without writing anything: the practices it lists, or none when there is no keyring.
fn read_installation(disk: &dyn Disk, root: &SealKey) -> Result<Option<(file::Survey, BTreeSet<u128>)>, StoreError> {
    let Some(found) = survey(disk, INSTALLATION, 0)? else {
        return Ok(None);
    };
    let mut known = BTreeSet::new();
    for (index, sealed) in found.frames.iter().enumerate() {
        // The file's checksums hold, so an entry that does not open means another key, not damage.
        let wrong_key = |_| StoreError::WrongKey {
            path: Path::new(file::COPIES[0]).join(INSTALLATION),
        };
        let frame = open_frame(root, &place(0, found.generation, index), INSTALLATION, sealed).map_err(wrong_key)??;
        match frame {
            KeyFrame::Installation(_) if index == 0 => {}
            KeyFrame::Practice(practice) => {
                known.insert(practice);
            }
            KeyFrame::Installation(_)
            | KeyFrame::PracticeKey(..)
            | KeyFrame::PatientKeys(_)
            | KeyFrame::Forgotten(_) => return Err(corrupt(INSTALLATION, 0, "an entry of another file")),
        }
    }
    if found.frames.is_empty() {
        return Err(corrupt(INSTALLATION, 0, "the file has no entries"));
    }
    Ok(Some((found, known)))
}

impl Keyring {
    /// Whether there is a keyring, the key opens it and no file of it is of a newer version. Reads only: to be asked
    /// before anything is written.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`], [`StoreError::NewerFormat`], [`StoreError::Corrupt`] or [`StoreError::Io`].
    pub fn probe(disk: &dyn Disk, root: &SealKey) -> Result<bool, StoreError> {
        let Some((_, known)) = read_installation(disk, root)? else {
            return Ok(false);
        };
        for practice in known {
            file::refuse_newer(disk, &practice_file(practice))?;
        }
        Ok(true)
    }

    /// Whether the keyring knows any practice: then there must be a journal. Reads only.
    ///
    /// # Errors
    /// As [`Self::probe`].
    pub fn lists_practices(disk: &dyn Disk, root: &SealKey) -> Result<bool, StoreError> {
        Ok(read_installation(disk, root)?.is_some_and(|(_, known)| !known.is_empty()))
    }

    /// Opens the keyring and repairs damaged copies. With `create`, makes one where there is none.
    ///
    /// # Errors
    /// As [`Self::probe`]; [`StoreError::NoKey`] when there is none and `create` is false.
    pub fn open(
        disk: Arc<dyn Disk>,
        root: SealKey,
        entropy: Arc<dyn Entropy>,
        create: bool,
    ) -> Result<Self, StoreError> {
        let (file, known, repaired) = match read_installation(disk.as_ref(), &root)? {
            Some((found, known)) => {
                let (file, repaired) = RingFile::open(disk.clone(), INSTALLATION, 0, &found)?;
                (file, known, repaired)
            }
            None if create => {
                let mut name = [0; 16];
                entropy.fill(&mut name)?;
                let first = KeyFrame::Installation(name);
                let sealed = seal_frame(&root, entropy.as_ref(), &place(0, 1, 0), &first)?;
                let file = RingFile::create(disk.clone(), INSTALLATION, 0, &[sealed])?;
                (file, BTreeSet::new(), 0)
            }
            None => return Err(StoreError::NoKey),
        };
        Ok(Self {
            disk,
            entropy,
            root,
            installation: Mutex::new(Installation { file, known }),
            practices: Mutex::new(HashMap::new()),
            repaired: AtomicUsize::new(repaired),
            on_fatal: Mutex::new(None),
        })
    }

    /// Where this keyring's randomness comes from.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    /// The practice's key, made durably if the practice is new. Blocks on the disk the first time.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the practice is known but its keys are gone; else what the disk says.
    pub fn practice_or_new(&self, practice: u128) -> Result<Arc<SealKey>, StoreError> {
        Ok(self.ring(practice, true)?.key())
    }

    /// The practice's key.
    ///
    /// # Errors
    /// [`StoreError::NoKey`] for a practice that has none; else as [`Self::practice_or_new`].
    pub fn practice(&self, practice: u128) -> Result<Arc<SealKey>, StoreError> {
        Ok(self.ring(practice, false)?.key())
    }

    /// A key to seal this patient's blobs under: the one in use, or a fresh one from the pool.
    ///
    /// # Errors
    /// What the disk says when the pool is empty and a new batch cannot be made durable.
    pub fn key_for(&self, practice: u128, patient: u128) -> Result<PatientKey, StoreError> {
        let drawn = self.ring(practice, true)?.key_for(patient, self.entropy.as_ref());
        drawn.inspect_err(|error| self.note(error))
    }

    /// A `PatientKey` record for this pair is durable.
    pub fn recorded(&self, practice: u128, patient: u128, key: KeyId) {
        if let Ok(ring) = self.ring(practice, false) {
            ring.learn(patient, key);
        }
    }

    /// The key an envelope names.
    ///
    /// # Errors
    /// As [`Self::practice`].
    pub fn key(&self, practice: u128, id: KeyId) -> Result<KeyState, StoreError> {
        Ok(self.ring(practice, false)?.state(id))
    }

    /// Removes a patient's keys: those named and those in use in memory. Durable in every copy on return; the old bytes
    /// are overwritten. Nothing they sealed opens again.
    ///
    /// # Errors
    /// What the disk says; then the keys may still be there, and the call is to be repeated.
    pub fn forget(&self, practice: u128, patient: u128, keys: &[KeyId]) -> Result<(), StoreError> {
        let forgotten = self.ring(practice, false)?.forget(patient, keys, self.entropy.as_ref());
        forgotten.inspect_err(|error| self.note(error))
    }

    /// Keys that former processes made and of which this one has seen no use, by practice, where there are at least
    /// `least` of them. Only practices whose keys are in memory are looked at: the others make no keys either.
    #[must_use]
    pub fn leftovers(&self, least: usize) -> BTreeMap<u128, BTreeSet<KeyId>> {
        let practices = self.practices.lock();
        let all = practices.iter().map(|(practice, ring)| (*practice, ring.former()));
        all.filter(|(_, keys)| keys.len() >= least).collect()
    }

    /// Removes keys of former processes that nothing durable was sealed under: which they are, the journal says. Keys that
    /// this process has seen a use of stay. Durable in every copy on return; the old bytes are overwritten. Returns how
    /// many are gone.
    ///
    /// # Errors
    /// What the disk says; on a full disk everything stays as it was.
    pub fn drop_unused(&self, practice: u128, unused: &BTreeSet<KeyId>) -> Result<usize, StoreError> {
        let dropped = self.ring(practice, false)?.drop_unused(unused, self.entropy.as_ref());
        dropped.inspect_err(|error| self.note(error))
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> KeyringStats {
        let practices = self.practices.lock();
        KeyringStats {
            repaired_copies: self.repaired.load(Ordering::Relaxed),
            practices_loaded: practices.len(),
            failed: self.installation.lock().file.failed() || practices.values().any(|ring| ring.failed()),
        }
    }

    /// Sets what is called, once, when a keyring file can no longer be written: the process must then end (law L8).
    pub fn on_fatal(&self, call: OnFatal) {
        *self.on_fatal.lock() = Some(call);
    }

    /// Tells of an error that leaves a keyring file in an unknown state. Takes the keyring's locks.
    fn note(&self, error: &StoreError) {
        if !is_failed_write(error) && !self.stats().failed {
            return;
        }
        let call = self.on_fatal.lock().take();
        let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
        let reason = format!("the keyring has failed: {error}{source}");
        tracing::error!(reason, "the keyring has failed");
        if let Some(call) = call {
            call(&reason);
        }
    }

    fn ring(&self, practice: u128, create: bool) -> Result<Arc<PracticeRing>, StoreError> {
        self.ring_or_error(practice, create)
            .inspect_err(|error| self.note(error))
    }

    fn ring_or_error(&self, practice: u128, create: bool) -> Result<Arc<PracticeRing>, StoreError> {
        let mut practices = self.practices.lock();
        if let Some(ring) = practices.get(&practice) {
            return Ok(ring.clone());
        }
        let mut installation = self.installation.lock();
        let name = practice_file(practice);
        let ring = match survey(self.disk.as_ref(), &name, practice)? {
            Some(found) => {
                let (ring, repaired) = PracticeRing::open(self.disk.clone(), practice, &self.root, &found)?;
                self.repaired.fetch_add(repaired, Ordering::Relaxed);
                ring
            }
            None if installation.known.contains(&practice) => {
                return Err(corrupt(&name, 0, "the practice's keys are missing"));
            }
            None if create => PracticeRing::create(self.disk.clone(), practice, &self.root, self.entropy.as_ref())?,
            None => return Err(StoreError::NoKey),
        };
        if !installation.known.contains(&practice) {
            let at = place(0, installation.file.generation(), installation.file.frames());
            let sealed = seal_frame(&self.root, self.entropy.as_ref(), &at, &KeyFrame::Practice(practice))?;
            installation.file.append(&sealed)?;
            installation.known.insert(practice);
        }
        let ring = Arc::new(ring);
        practices.insert(practice, ring.clone());
        Ok(ring)
    }
}

/// A fault of one copy, or a keyring that cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringFault {
    /// Which copy.
    pub path: std::path::PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

/// What reading every keyring file found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyringFindings {
    /// Damage to single copies.
    pub faults: Vec<KeyringFault>,
    /// Second copies that are whole but behind the first, as a kill leaves them: no damage, the next opening mends them.
    pub lagging: Vec<std::path::PathBuf>,
}

/// Reads every keyring file without writing anything.
///
/// # Errors
/// As [`Keyring::probe`], and what no copy can answer.
pub fn verify(disk: &dyn Disk, root: &SealKey) -> Result<KeyringFindings, StoreError> {
    let Some((found, known)) = read_installation(disk, root)? else {
        return Err(StoreError::NoKey);
    };
    let mut faults = found.faults;
    let mut lagging: Vec<_> = found.lagging.into_iter().collect();
    for practice in known {
        let name = practice_file(practice);
        let Some(found) = survey(disk, &name, practice)? else {
            return Err(corrupt(&name, 0, "the practice's keys are missing"));
        };
        practice::read(practice, root, &found)?;
        faults.extend(found.faults);
        lagging.extend(found.lagging);
    }
    let named = |(path, offset, what): (std::path::PathBuf, u64, &str)| KeyringFault {
        path,
        offset,
        what: what.to_owned(),
    };
    let faults = faults.into_iter().map(named).collect();
    Ok(KeyringFindings { faults, lagging })
}
