//! A disk that lives in memory and fails on demand: unsynced sectors are torn, reordered or lost at a power cut, names
//! are durable only after their directory is synced, a sync can fail (and leave its pages marked clean) or lie, room
//! can run out, bits can flip. Deterministic: the same calls and seeds give the same bytes.
//!
//! Used by the tests of every room and by the simulation. Knows nothing of formats.

mod inode;
mod names;

use super::{Disk, DiskFile, Space};
use crate::dice::Dice;
use inode::Inode;
use names::{NameChange, Names};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a sector: what the disk writes all or nothing.
pub const SECTOR_BYTES: usize = 512;
/// Room a new simulated disk says it has.
const TOTAL_BYTES: u64 = 1 << 40;

/// What goes wrong, and when. Operations are numbered from 1: every write, length change, allocation, sync, creation,
/// rename, removal and directory creation or sync is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// At this operation the power goes: a sync at this point has no effect, any other operation is begun (and so may
    /// or may not survive); it and all later ones fail.
    pub power_cut_at: Option<u64>,
    /// This operation, if it is a sync, fails; what it should have written is then marked clean and never written by a
    /// later sync, as Linux does.
    pub sync_failure_at: Option<u64>,
    /// From this operation on writes that need new room, allocations and creations fail with `StorageFull`.
    pub full_from: Option<u64>,
    /// Operation that writes half of its bytes and then fails.
    pub short_write_at: Option<u64>,
    /// From this operation on syncs answer Ok and do nothing.
    pub lying_syncs_from: Option<u64>,
    /// Every read fails.
    pub reads_fail: bool,
    /// Every operation that writes fails with `ReadOnlyFilesystem`.
    pub read_only: bool,
}

#[derive(Clone)]
struct State {
    inodes: Vec<Inode>,
    names: Names,
    operations: u64,
    faults: Faults,
    powered: bool,
    space: Space,
}

/// The simulated disk; clones share it.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimDisk").finish_non_exhaustive()
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::from_state(State {
            inodes: Vec::new(),
            names: Names::default(),
            operations: 0,
            faults: Faults::default(),
            powered: true,
            space: Space {
                free: TOTAL_BYTES,
                total: TOTAL_BYTES,
            },
        })
    }

    fn from_state(state: State) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Sets the faults to come.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Sets what [`Disk::space_bytes`] answers.
    pub fn set_space(&self, space: Space) {
        self.state.lock().space = space;
    }

    /// How many operations were asked for so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// False once the power is gone.
    #[must_use]
    pub fn powered(&self) -> bool {
        self.state.lock().powered
    }

    /// The disk after a power cut: of everything not synced, a subset chosen by `seed` survives. Seed 0 loses all of
    /// it, seed 1 keeps all of it, others choose sector by sector and name by name. No faults are set on it.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let state = self.state.lock();
        let mut survival = Survival::new(seed);
        let inodes = state
            .inodes
            .iter()
            .map(|inode| inode.after_crash(&mut survival))
            .collect();
        let names = state.names.after_crash(&mut survival);
        Self::from_state(State {
            inodes,
            names,
            operations: 0,
            faults: Faults::default(),
            powered: true,
            space: state.space,
        })
    }

    /// The disk after the process alone was killed: everything written is still seen, what was not synced is still
    /// not durable. No faults are set on it.
    #[must_use]
    pub fn snapshot_live(&self) -> Self {
        let mut state = self.state.lock().clone();
        state.faults = Faults::default();
        state.powered = true;
        state.operations = 0;
        Self::from_state(state)
    }

    /// All files, by path, with their present content.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state.lock();
        let content = |inode: usize| {
            state
                .inodes
                .get(inode)
                .map_or_else(Vec::new, |inode| inode.bytes().to_vec())
        };
        state
            .names
            .files()
            .map(|(path, inode)| (path.clone(), content(inode)))
            .collect()
    }

    /// Flips the bits of `mask` in one byte, durably. False when the file is missing or shorter.
    #[must_use]
    pub fn flip(&self, path: &Path, offset: u64, mask: u8) -> bool {
        self.alter(path, |inode| inode.flip(offset, mask))
    }

    /// Cuts a file to `len` bytes, durably. False when the file is missing or shorter.
    #[must_use]
    pub fn truncate(&self, path: &Path, len: u64) -> bool {
        self.alter(path, |inode| inode.cut(len))
    }

    /// Removes a file, durably. False when it is missing.
    #[must_use]
    pub fn erase(&self, path: &Path) -> bool {
        self.state.lock().names.erase(path)
    }

    fn alter(&self, path: &Path, change: impl FnOnce(&mut Inode) -> bool) -> bool {
        let mut state = self.state.lock();
        let Some(inode) = state.names.file(path) else {
            return false;
        };
        state.inodes.get_mut(inode).is_some_and(change)
    }
}

/// What survives a power cut.
struct Survival {
    seed: u64,
    dice: Dice,
}

impl Survival {
    const fn new(seed: u64) -> Self {
        Self {
            seed,
            dice: Dice::new(seed),
        }
    }

    /// Which of `choices` states survives: 0 is the durable one, the last the newest.
    fn choose(&mut self, choices: usize) -> usize {
        match self.seed {
            0 => 0,
            1 => choices.saturating_sub(1),
            _ => self.dice.index(choices.max(1)),
        }
    }
}

/// What an operation may do.
enum Verdict {
    /// Go ahead.
    Go,
    /// Begin it, then fail: the power goes now.
    Last,
}

/// What kind of operation is asked for.
#[derive(PartialEq, Eq)]
enum Kind {
    Write,
    Create,
    Sync,
    Other,
}

impl State {
    fn power_is_off() -> io::Error {
        io::Error::other("simulated: the power is off")
    }

    fn begin(&mut self, kind: &Kind) -> io::Result<Verdict> {
        if !self.powered {
            return Err(Self::power_is_off());
        }
        self.operations += 1;
        let now = self.operations;
        if self.faults.read_only && *kind != Kind::Sync {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        if self.faults.power_cut_at == Some(now) {
            self.powered = false;
            return if *kind == Kind::Sync {
                Err(Self::power_is_off())
            } else {
                Ok(Verdict::Last)
            };
        }
        if *kind == Kind::Create && self.full() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(Verdict::Go)
    }

    fn full(&self) -> bool {
        self.faults.full_from.is_some_and(|from| self.operations >= from)
    }

    fn lying(&self) -> bool {
        self.faults.lying_syncs_from.is_some_and(|from| self.operations >= from)
    }

    fn end(verdict: &Verdict) -> io::Result<()> {
        match verdict {
            Verdict::Go => Ok(()),
            Verdict::Last => Err(Self::power_is_off()),
        }
    }

    fn inode(&mut self, inode: usize) -> io::Result<&mut Inode> {
        self.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock();
        if !state.powered {
            return Err(State::power_is_off());
        }
        let inode = state.names.file(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile {
            state: Arc::clone(&self.state),
            inode,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Create)?;
        let inode = state.inodes.len();
        state.names.change(NameChange::Create(path.to_path_buf(), inode))?;
        state.inodes.push(Inode::default());
        State::end(&verdict)?;
        Ok(Arc::new(SimFile {
            state: Arc::clone(&self.state),
            inode,
        }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        if !state.powered {
            return Err(State::power_is_off());
        }
        state.names.list(directory)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Other)?;
        let mut whole = PathBuf::new();
        for part in directory.components() {
            whole.push(part);
            state.names.change(NameChange::Directory(whole.clone()))?;
        }
        State::end(&verdict)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Other)?;
        state.names.rename(from, to)?;
        State::end(&verdict)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Other)?;
        state.names.change(NameChange::Remove(path.to_path_buf()))?;
        State::end(&verdict)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin(&Kind::Sync)?;
        if state.faults.sync_failure_at == Some(state.operations) {
            return Err(io::Error::other("simulated: sync failed"));
        }
        if !state.lying() {
            state.names.sync(directory)?;
        }
        Ok(())
    }

    fn space_bytes(&self) -> io::Result<Space> {
        Ok(self.state.lock().space)
    }
}

struct SimFile {
    state: Arc<Mutex<State>>,
    inode: usize,
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        if !state.powered {
            return Err(State::power_is_off());
        }
        if state.faults.reads_fail {
            return Err(io::Error::other("simulated: the read failed"));
        }
        Ok(state.inode(self.inode)?.read(buffer, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Write)?;
        let (full, short) = (state.full(), state.faults.short_write_at == Some(state.operations));
        let inode = state.inode(self.inode)?;
        if full && offset + bytes.len() as u64 > inode.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if short {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            inode.write(half, offset);
            return Err(io::Error::other("simulated: the write broke off"));
        }
        inode.write(bytes, offset);
        State::end(&verdict)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin(&Kind::Sync)?;
        let (fails, lies) = (state.faults.sync_failure_at == Some(state.operations), state.lying());
        let inode = state.inode(self.inode)?;
        if fails {
            inode.fail_sync();
            return Err(io::Error::other("simulated: sync failed"));
        }
        if !lies {
            inode.sync();
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        if !state.powered {
            return Err(State::power_is_off());
        }
        Ok(state.inode(self.inode)?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Write)?;
        state.inode(self.inode)?.set_len(len);
        State::end(&verdict)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(&Kind::Create)?;
        let inode = state.inode(self.inode)?;
        let len = len.max(inode.len());
        inode.set_len(len);
        State::end(&verdict)
    }
}
