//! The keys of one practice: its own, its patients', the pool of fresh ones, and the names of forgotten ones.

use super::file::{RingFile, Survey, corrupt};
use super::{KeyState, PatientKey, open_frame, place, practice_file, seal_frame};
use crate::StoreError;
use crate::codec::KeyFrame;
use crate::disk::Disk;
use crate::seal::{Entropy, KeyId, SealKey};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Keys in a process's first batch for a practice; each further batch doubles, up to the most.
const BATCH_FIRST: usize = 8;
/// Most keys in one batch.
const BATCH_MAX: usize = 256;
/// Keys in one entry of a rewritten file.
const KEYS_PER_ENTRY: usize = 4_096;

/// One practice's keys in memory.
pub(super) struct PracticeRing {
    practice: u128,
    own: Arc<SealKey>,
    keys: Mutex<Keys>,
    file: Mutex<FileState>,
}

struct FileState {
    file: RingFile,
    /// The first entry's plain content, to write it again under the next generation.
    root: SealKey,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<KeyId, Arc<SealKey>>,
    in_use: HashMap<u128, PatientKey>,
    /// Keys learned for a patient beside the one in use: one process per key.
    others: HashMap<u128, BTreeSet<KeyId>>,
    pool: Vec<KeyId>,
    /// Keys that lay in the file when this process opened it, and that it has seen no use of: used, or made ahead in vain.
    former: BTreeSet<KeyId>,
    batch: usize,
    forgotten: BTreeSet<KeyId>,
}

/// What a practice's file says.
pub(super) struct Content {
    own: SealKey,
    keys: Vec<(KeyId, [u8; 32])>,
    forgotten: BTreeSet<KeyId>,
}

/// Opens every entry of a practice's file.
pub(super) fn read(practice: u128, root: &SealKey, found: &Survey) -> Result<Content, StoreError> {
    let name = practice_file(practice);
    let stranger = || corrupt(&name, 0, "an entry of another file");
    let mut own = None;
    let (mut keys, mut forgotten) = (Vec::new(), BTreeSet::new());
    for (index, sealed) in found.frames.iter().enumerate() {
        let at = place(practice, found.generation, index);
        let frame = match &own {
            None => open_frame(root, &at, &name, sealed).map_err(|_| StoreError::WrongKey {
                path: Path::new(super::file::COPIES[0]).join(&name),
            })??,
            Some(own) => open_frame(own, &at, &name, sealed).map_err(|_| stranger())??,
        };
        match (frame, own.is_some()) {
            (KeyFrame::PracticeKey(id, secret), false) => own = Some(SealKey::new(id, secret)),
            (KeyFrame::PatientKeys(batch), true) => keys.extend(batch),
            (KeyFrame::Forgotten(ids), true) => forgotten.extend(ids),
            (
                KeyFrame::Installation(_)
                | KeyFrame::Practice(_)
                | KeyFrame::PracticeKey(..)
                | KeyFrame::PatientKeys(_)
                | KeyFrame::Forgotten(_),
                _,
            ) => return Err(stranger()),
        }
    }
    let own = own.ok_or_else(|| corrupt(&name, 0, "the file has no entries"))?;
    Ok(Content { own, keys, forgotten })
}

impl PracticeRing {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        practice: u128,
        root: &SealKey,
        found: &Survey,
    ) -> Result<(Self, usize), StoreError> {
        let content = read(practice, root, found)?;
        let (file, repaired) = RingFile::open(disk, &practice_file(practice), practice, found)?;
        let by_id: HashMap<KeyId, Arc<SealKey>> = content
            .keys
            .into_iter()
            .map(|(id, secret)| (id, Arc::new(SealKey::new(id, secret))))
            .collect();
        let keys = Keys {
            former: by_id.keys().copied().collect(),
            by_id,
            forgotten: content.forgotten,
            ..Keys::default()
        };
        Ok((Self::with(practice, content.own, keys, file, root), repaired))
    }

    pub(super) fn create(
        disk: Arc<dyn Disk>,
        practice: u128,
        root: &SealKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, StoreError> {
        let own = SealKey::random(entropy)?;
        let first = KeyFrame::PracticeKey(own.id(), own.secret());
        let sealed = seal_frame(root, entropy, &place(practice, 1, 0), &first)?;
        let file = RingFile::create(disk, &practice_file(practice), practice, &[sealed])?;
        Ok(Self::with(practice, own, Keys::default(), file, root))
    }

    fn with(practice: u128, own: SealKey, keys: Keys, file: RingFile, root: &SealKey) -> Self {
        Self {
            practice,
            own: Arc::new(own),
            keys: Mutex::new(keys),
            file: Mutex::new(FileState {
                file,
                root: SealKey::new(root.id(), root.secret()),
            }),
        }
    }

    pub(super) fn key(&self) -> Arc<SealKey> {
        self.own.clone()
    }

    pub(super) fn failed(&self) -> bool {
        self.file.lock().file.failed()
    }

    pub(super) fn state(&self, id: KeyId) -> KeyState {
        let keys = self.keys.lock();
        match keys.by_id.get(&id) {
            Some(key) => KeyState::Known(key.clone()),
            None if keys.forgotten.contains(&id) => KeyState::Forgotten,
            None => KeyState::Missing,
        }
    }

    pub(super) fn key_for(&self, patient: u128, entropy: &dyn Entropy) -> Result<PatientKey, StoreError> {
        loop {
            {
                let mut keys = self.keys.lock();
                if let Some(key) = keys.in_use.get(&patient) {
                    return Ok(key.clone());
                }
                let fresh = keys.pool.pop();
                if let Some(key) = fresh.and_then(|id| keys.by_id.get(&id).cloned()) {
                    let drawn = PatientKey { key, recorded: false };
                    keys.in_use.insert(patient, drawn.clone());
                    return Ok(drawn);
                }
            }
            self.refill(entropy)?;
        }
    }

    /// Makes a batch of keys durable, then offers them.
    fn refill(&self, entropy: &dyn Entropy) -> Result<(), StoreError> {
        let mut state = self.file.lock();
        let count = {
            let mut keys = self.keys.lock();
            if !keys.pool.is_empty() {
                return Ok(());
            }
            keys.batch = (keys.batch * 2).clamp(BATCH_FIRST, BATCH_MAX);
            keys.batch
        };
        let fresh = (0..count)
            .map(|_| SealKey::random(entropy))
            .collect::<Result<Vec<_>, _>>()?;
        let frame = KeyFrame::PatientKeys(fresh.iter().map(|key| (key.id(), key.secret())).collect());
        let at = place(self.practice, state.file.generation(), state.file.frames());
        let sealed = seal_frame(&self.own, entropy, &at, &frame)?;
        state.file.append(&sealed)?;
        let mut keys = self.keys.lock();
        for key in fresh {
            keys.pool.push(key.id());
            keys.by_id.insert(key.id(), Arc::new(key));
        }
        Ok(())
    }

    pub(super) fn learn(&self, patient: u128, id: KeyId) {
        let mut keys = self.keys.lock();
        keys.pool.retain(|pooled| *pooled != id);
        keys.former.remove(&id);
        let Some(key) = keys.by_id.get(&id).cloned() else {
            return;
        };
        keys.others.entry(patient).or_default().insert(id);
        let known = PatientKey { key, recorded: true };
        let current = keys.in_use.entry(patient).or_insert_with(|| known.clone());
        if current.key.id() == id {
            *current = known;
        }
    }

    pub(super) fn forget(&self, patient: u128, ids: &[KeyId], entropy: &dyn Entropy) -> Result<(), StoreError> {
        let mut state = self.file.lock();
        let (remaining, forgotten): (Vec<Arc<SealKey>>, _) = {
            let mut keys = self.keys.lock();
            let mut gone: BTreeSet<KeyId> = ids.iter().copied().collect();
            gone.extend(keys.in_use.remove(&patient).map(|used| used.key.id()));
            gone.extend(keys.others.remove(&patient).unwrap_or_default());
            for id in gone {
                keys.by_id.remove(&id);
                keys.former.remove(&id);
                keys.pool.retain(|pooled| *pooled != id);
                keys.forgotten.insert(id);
            }
            (keys.by_id.values().cloned().collect(), keys.forgotten.clone())
        };
        self.rewrite(&mut state, remaining, forgotten, entropy)
    }

    /// See [`Keys::former`].
    pub(super) fn former(&self) -> BTreeSet<KeyId> {
        self.keys.lock().former.clone()
    }

    /// Removes keys of former processes that nothing was sealed under. Returns how many there were.
    pub(super) fn drop_unused(&self, unused: &BTreeSet<KeyId>, entropy: &dyn Entropy) -> Result<usize, StoreError> {
        let mut state = self.file.lock();
        let (gone, remaining, forgotten) = {
            let keys = self.keys.lock();
            let gone: BTreeSet<KeyId> = keys.former.intersection(unused).copied().collect();
            let remaining = keys.by_id.values().filter(|key| !gone.contains(&key.id()));
            let remaining: Vec<Arc<SealKey>> = remaining.cloned().collect();
            (gone, remaining, keys.forgotten.clone())
        };
        self.rewrite(&mut state, remaining, forgotten, entropy)?;
        let mut keys = self.keys.lock();
        for id in &gone {
            keys.by_id.remove(id);
            keys.former.remove(id);
        }
        Ok(gone.len())
    }

    /// Writes the file anew with these keys and names, under the next generation.
    fn rewrite(
        &self,
        state: &mut FileState,
        mut remaining: Vec<Arc<SealKey>>,
        forgotten: BTreeSet<KeyId>,
        entropy: &dyn Entropy,
    ) -> Result<(), StoreError> {
        remaining.sort_by_key(|key| key.id());
        let generation = state.file.generation() + 1;
        let mut plain = vec![KeyFrame::PracticeKey(self.own.id(), self.own.secret())];
        for batch in remaining.chunks(KEYS_PER_ENTRY) {
            plain.push(KeyFrame::PatientKeys(
                batch.iter().map(|key| (key.id(), key.secret())).collect(),
            ));
        }
        let names: Vec<KeyId> = forgotten.into_iter().collect();
        for batch in names.chunks(KEYS_PER_ENTRY) {
            plain.push(KeyFrame::Forgotten(batch.to_vec()));
        }
        let mut sealed = Vec::with_capacity(plain.len());
        for (index, frame) in plain.iter().enumerate() {
            let key = if index == 0 { &state.root } else { self.own.as_ref() };
            sealed.push(seal_frame(
                key,
                entropy,
                &place(self.practice, generation, index),
                frame,
            )?);
        }
        state.file.rewrite(&sealed)
    }
}
