//! The witness: a small file outside the journal that names the last durable position and its chain value, so that a
//! cut-off or emptied journal is seen. Two slots, written in turn, each with its own hash: a torn write spares the other.

use super::Position;
use super::format::{CHAIN_BYTES, Chain, FORMAT_VERSION, Fault, Reader, sha256};
use super::survey::refuse;
use crate::StoreError;
use crate::disk::{Disk, DiskFile, read_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"CABJWITN";
/// Bytes from slot to slot: no two in one sector or page.
const SLOT_BYTES: u64 = 4096;
/// Bytes used of a slot.
const USED_BYTES: usize = 112;

/// What a witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Testimony {
    /// The store's history.
    pub(super) history: u128,
    /// A position that was durable.
    pub(super) position: Position,
    /// The chain value after it.
    pub(super) chain: Chain,
    /// How often the witness was written: the larger is the newer.
    pub(super) turn: u64,
}

impl Testimony {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(USED_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&(!FORMAT_VERSION).to_le_bytes());
        bytes.extend_from_slice(&self.history.to_le_bytes());
        bytes.extend_from_slice(&self.position.to_le_bytes());
        bytes.extend_from_slice(&self.turn.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        let check = sha256(&[&bytes]);
        bytes.extend_from_slice(&check);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let short = Fault::Bad("the witness is cut off");
        let (used, _) = bytes.split_at_checked(USED_BYTES).ok_or(short.clone())?;
        let (content, check) = used.split_at(USED_BYTES - CHAIN_BYTES);
        let mut reader = Reader(content);
        if reader.take(8) != Some(MAGIC) {
            return Err(Fault::Bad("this is no witness"));
        }
        reader.version(FORMAT_VERSION)?;
        if check != sha256(&[content]) {
            return Err(Fault::Bad("the witness does not match its hash"));
        }
        let history = reader.u128().ok_or(short.clone())?;
        let position = reader.u64().ok_or(short.clone())?;
        let turn = reader.u64().ok_or(short.clone())?;
        let chain = reader.chain().ok_or(short)?;
        Ok(Self {
            history,
            position,
            chain,
            turn,
        })
    }
}

/// What was found of one witness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Read {
    /// The newest slot that holds.
    pub(super) newest: Option<Testimony>,
    /// Slots that hold nothing readable though something was written there.
    pub(super) damaged: usize,
    /// The file is there.
    pub(super) present: bool,
}

/// Reads a witness without changing it.
///
/// # Errors
/// `NewerFormat` and `Io`. Damage is no error: it is counted.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Read, StoreError> {
    let bytes = match read_file(disk, path, 1 << 20) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok(Read {
                newest: None,
                damaged: 2,
                present: true,
            });
        }
        Err(source) => return Err(StoreError::io("read", path, source)),
    };
    let mut read = Read {
        present: true,
        ..Read::default()
    };
    for slot in 0..2_usize {
        let from = slot * usize::try_from(SLOT_BYTES).unwrap_or(usize::MAX);
        let bytes = bytes.get(from..).unwrap_or_default();
        let bytes = bytes.get(..USED_BYTES).unwrap_or(bytes);
        if bytes.len() == USED_BYTES && bytes.iter().all(|byte| *byte == 0) {
            // Never written.
            continue;
        }
        match Testimony::decode(bytes) {
            Ok(found) => {
                if read.newest.is_none_or(|newest| newest.turn < found.turn) {
                    read.newest = Some(found);
                }
            }
            Err(newer @ Fault::Newer(_)) => return Err(refuse(path, 0, newer)),
            Err(Fault::Bad(_)) => read.damaged += 1,
        }
    }
    Ok(read)
}

/// Writes one witness file.
pub(super) struct Witness {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    turn: u64,
}

impl Witness {
    /// Opens the file for writing, making it if need be, durably. `turn` is the newest found.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn open(disk: &dyn Disk, path: &Path, turn: u64) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io("create", path, source);
        let file = match disk.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(path).map_err(failed)?,
            Err(source) => return Err(StoreError::io("open", path, source)),
        };
        // Also for one that was there: its name may not be durable yet.
        disk.sync_directory(path.parent().unwrap_or_else(|| Path::new("")))
            .map_err(failed)?;
        if file.len().map_err(failed)? < 2 * SLOT_BYTES {
            file.set_len(2 * SLOT_BYTES).map_err(failed)?;
            file.sync_data().map_err(failed)?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            turn,
        })
    }

    /// Testifies, durably, in the slot that does not hold the newest testimony.
    ///
    /// # Errors
    /// `Io`; final.
    pub(super) fn write(&mut self, history: u128, position: Position, chain: Chain) -> Result<(), StoreError> {
        self.turn += 1;
        let testimony = Testimony {
            history,
            position,
            chain,
            turn: self.turn,
        };
        self.file
            .write_all_at(&testimony.encode(), (self.turn % 2) * SLOT_BYTES)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| StoreError::io("write", &self.path, source))
    }
}
