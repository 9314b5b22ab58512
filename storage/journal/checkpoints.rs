//! Checkpoint files: opaque sealed states of streams, one file each, the newest two per stream. Advisory: a damaged one
//! is passed over and counted, never returned, and an older one never stands in for a newer without its own sequence.
//! One of a newer version is no damage: it refuses the opening.

use super::format::{CHAIN_BYTES, FORMAT_VERSION, Fault, Reader, sha256};
use super::index::Index;
use super::survey::refuse;
use super::{CHECKPOINT_DIRECTORY, core::Core};
use crate::StoreError;
use crate::disk::{Disk, read_file, replace_file};
use bytes::Bytes;
use cabinet_domain::ids::Seq;
use cabinet_domain::stream::StreamKey;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

const MAGIC: &[u8; 8] = b"CABJCHKP";
/// Bytes that say what the file is and of which version.
const VERSION_BYTES: usize = 16;
/// Most bytes of a checkpoint: 64 MiB.
pub(super) const CHECKPOINT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Checkpoints kept per stream.
const KEPT: usize = 2;

/// Which checkpoint files there are.
pub(super) struct Checkpoints {
    known: Mutex<BTreeMap<StreamKey, Vec<Seq>>>,
    leftovers: Vec<PathBuf>,
}

fn file_path(stream: StreamKey, at: Seq) -> PathBuf {
    Path::new(CHECKPOINT_DIRECTORY).join(format!("{}.{at:020}", hex::encode(stream.bytes())))
}

/// Reads a file's name back.
pub(super) fn parse_name(name: &str) -> Option<(StreamKey, Seq)> {
    let (stream, at) = name.split_once('.')?;
    let mut bytes = [0; 33];
    hex::decode_to_slice(stream, &mut bytes).ok()?;
    Some((StreamKey::from_bytes(&bytes)?, at.parse().ok()?))
}

pub(super) fn encode(history: u128, stream: StreamKey, at: Seq, sealed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sealed.len() + 128);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&(!FORMAT_VERSION).to_le_bytes());
    bytes.extend_from_slice(&history.to_le_bytes());
    bytes.extend_from_slice(&stream.bytes());
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(sealed);
    let check = sha256(&[&bytes]);
    bytes.extend_from_slice(&check);
    bytes
}

fn decode_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    if reader.take(MAGIC.len()) != Some(MAGIC) {
        return Err(Fault::Bad("this is no checkpoint"));
    }
    reader.version(FORMAT_VERSION)
}

pub(super) fn decode(bytes: &[u8], history: u128, stream: StreamKey, at: Seq) -> Result<&[u8], Fault> {
    let cut = Fault::Bad("the checkpoint is cut off");
    let split = bytes.len().checked_sub(CHAIN_BYTES).ok_or(cut.clone())?;
    let (content, check) = bytes.split_at(split);
    let mut reader = Reader(content);
    decode_version(&mut reader)?;
    if check != sha256(&[content]) {
        return Err(Fault::Bad("the checkpoint does not match its hash"));
    }
    if reader.u128() != Some(history) {
        return Err(Fault::Bad("the checkpoint is of another history"));
    }
    if reader.name() != Some(stream.bytes()) || reader.u64() != Some(at) {
        return Err(Fault::Bad("the checkpoint is not the one its name says"));
    }
    let sealed = reader.long().ok_or(cut.clone())?;
    if reader.0.is_empty() { Ok(sealed) } else { Err(cut) }
}

/// Reads one checkpoint file.
pub(super) fn load(disk: &dyn Disk, history: u128, stream: StreamKey, at: Seq) -> Result<Bytes, (PathBuf, Fault)> {
    let path = file_path(stream, at);
    let bytes = match read_file(disk, &path, (CHECKPOINT_BYTES_MAX + 256) as u64) {
        Ok(bytes) => bytes,
        Err(_) => return Err((path, Fault::Bad("the checkpoint cannot be read"))),
    };
    match decode(&bytes, history, stream, at) {
        Ok(sealed) => Ok(Bytes::copy_from_slice(sealed)),
        Err(fault) => Err((path, fault)),
    }
}

/// Refuses a file of a newer version. Whether it is whole, reading it says.
fn refuse_newer(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    let mut bytes = [0; VERSION_BYTES];
    let read = disk.open(path).and_then(|file| file.read_at(&mut bytes, 0));
    // One that cannot be read is passed over when it is wanted, as a damaged one is.
    match read.map(|_| decode_version(&mut Reader(&bytes))) {
        Ok(Err(newer @ Fault::Newer(_))) => Err(refuse(path, 0, newer)),
        Ok(Ok(()) | Err(Fault::Bad(_))) | Err(_) => Ok(()),
    }
}

impl Checkpoints {
    /// Lists the files there are.
    ///
    /// # Errors
    /// `NewerFormat`; `Io`.
    pub(super) fn list(disk: &dyn Disk) -> Result<Self, StoreError> {
        let directory = Path::new(CHECKPOINT_DIRECTORY);
        let names = match disk.list(directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(StoreError::io("list", directory, source)),
        };
        let mut known: BTreeMap<StreamKey, Vec<Seq>> = BTreeMap::new();
        let mut leftovers = Vec::new();
        for name in names {
            if name.ends_with(".new") {
                leftovers.push(directory.join(name));
            } else if let Some((stream, at)) = parse_name(&name) {
                refuse_newer(disk, &directory.join(name))?;
                known.entry(stream).or_default().push(at);
            }
        }
        for found in known.values_mut() {
            found.sort_unstable();
        }
        Ok(Self {
            known: Mutex::new(known),
            leftovers,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.lock().is_empty()
    }

    /// All files.
    pub(super) fn all(&self) -> Vec<(StreamKey, Seq)> {
        let known = self.known.lock();
        known
            .iter()
            .flat_map(|(stream, found)| found.iter().map(|at| (*stream, *at)))
            .collect()
    }

    /// Removes what an interrupted write left behind. Failing to changes nothing.
    pub(super) fn tidy(&self, disk: &dyn Disk) {
        for path in &self.leftovers {
            if let Err(error) = disk.remove(path) {
                tracing::warn!(%error, path = %path.display(), "failed to remove a leftover");
            }
        }
    }

    /// For each stream with a full set of checkpoints, the oldest one's sequence.
    pub(super) fn oldest(&self) -> Vec<(StreamKey, Seq)> {
        let known = self.known.lock();
        let full = known.iter().filter(|(_, found)| found.len() >= KEPT);
        full.filter_map(|(stream, found)| Some((*stream, *found.first()?)))
            .collect()
    }
}

impl Core {
    /// Keeps a checkpoint. One that is not newer than the newest is ignored.
    ///
    /// # Errors
    /// `Unwritable` when it is above the stream's head, over 64 MiB, or the journal has stopped; `Io` when the system
    /// refuses (nothing is lost then).
    pub fn put_checkpoint(&self, stream: StreamKey, at: Seq, sealed: &Bytes) -> Result<(), StoreError> {
        let head = self.head(stream).seq;
        let refused = if at > head || at == 0 {
            Some(format!(
                "a checkpoint at {at} is not within its stream, whose head is {head}"
            ))
        } else if sealed.len() > CHECKPOINT_BYTES_MAX {
            Some("a checkpoint is over 64 MiB".to_owned())
        } else {
            self.stopped()
        };
        if let Some(what) = refused {
            return Err(StoreError::Unwritable { what });
        }
        let mut known = self.checkpoints.known.lock();
        if known
            .get(&stream)
            .and_then(|found| found.last())
            .is_some_and(|newest| *newest >= at)
        {
            return Ok(());
        }
        let directory = Path::new(CHECKPOINT_DIRECTORY);
        let path = file_path(stream, at);
        if known.is_empty() {
            self.disk
                .create_directory(directory)
                .and_then(|()| self.disk.sync_directory(Path::new("")))
                .map_err(|source| super::core::unwritable("create", directory, source))?;
        }
        replace_file(&*self.disk, &path, &encode(self.history, stream, at, sealed))
            .map_err(|source| super::core::unwritable("write", &path, source))?;
        let found = known.entry(stream).or_default();
        found.push(at);
        while found.len() > KEPT {
            let old = file_path(stream, found.remove(0));
            if let Err(error) = self.disk.remove(&old) {
                tracing::warn!(%error, "failed to remove an old checkpoint");
            }
        }
        let oldest = found.first().copied().filter(|_| found.len() == KEPT);
        drop(known);
        if let Some(oldest) = oldest {
            self.cover(stream, oldest);
        }
        Ok(())
    }

    /// Events up to `oldest` are found by their checkpoints: their places need not be kept.
    pub(super) fn cover(&self, stream: StreamKey, oldest: Seq) {
        if !self.options.whole_index {
            self.index.write().raise_floor(stream, oldest);
        }
    }

    /// The last but one checkpoint, if it is there and whole.
    pub fn former_checkpoint(&self, stream: StreamKey) -> Option<(Seq, Bytes)> {
        let former = |found: &Vec<Seq>| found.len().checked_sub(2).and_then(|at| found.get(at).copied());
        let at = self.checkpoints.known.lock().get(&stream).and_then(former)?;
        let sealed = load(&*self.disk, self.history, stream, at).ok()?;
        Some((at, sealed))
    }

    /// The newest checkpoint that can be read and is not above the stream's head; what is damaged is passed over and
    /// counted.
    ///
    /// # Errors
    /// `NewerFormat`.
    pub fn checkpoint(&self, stream: StreamKey) -> Result<Option<(Seq, Bytes)>, StoreError> {
        let head = self.head(stream).seq;
        let found = self.checkpoints.known.lock().get(&stream).cloned().unwrap_or_default();
        for at in found.into_iter().rev() {
            let loaded = if at > head {
                Err((
                    file_path(stream, at),
                    Fault::Bad("the checkpoint is above its stream's head"),
                ))
            } else {
                load(&*self.disk, self.history, stream, at)
            };
            match loaded {
                Ok(sealed) => return Ok(Some((at, sealed))),
                Err((path, newer @ Fault::Newer(_))) => return Err(refuse(&path, 0, newer)),
                Err((path, fault)) => {
                    self.counters.damaged_checkpoints.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(path = %path.display(), ?fault, "passed over a damaged checkpoint");
                }
            }
        }
        Ok(None)
    }
}

/// The largest fence that anything in the index speaks of.
pub(super) fn largest_fence(index: &Index) -> u64 {
    index
        .streams
        .values()
        .map(|stream| stream.fence)
        .fold(index.fence, u64::max)
}
