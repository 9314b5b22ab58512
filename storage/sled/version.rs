//! Of which version the rows and their position record are: a small file in the engine's folder, written before the engine
//! makes its own, so that a start can refuse a newer one without opening the engine.

use super::fault;
use crate::StoreError;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Version of `rows.rs`: keys, values and the position record.
const ROWS_VERSION: u32 = 1;
const NAME: &str = "version";
const MAGIC: &[u8; 8] = b"CABSROWS";

/// Magic, version and its complement, so that a flipped bit is not taken for a newer version.
fn encode(version: u32) -> Vec<u8> {
    [MAGIC.as_slice(), &version.to_le_bytes(), &(!version).to_le_bytes()].concat()
}

/// The version; none when the file is not there or damaged.
fn read(folder: &Path) -> Result<Option<u32>, StoreError> {
    let path = folder.join(NAME);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("read", &path, source)),
    };
    let number = bytes.get(MAGIC.len()..).and_then(|rest| rest.first_chunk());
    let version = number.map(|number| u32::from_le_bytes(*number));
    Ok(version.filter(|version| bytes == encode(*version)))
}

/// Refuses a read store of a newer version. Reads only: to be asked before anything is written.
///
/// # Errors
/// `NewerFormat`, `Io`.
pub(crate) fn refuse_newer(folder: &Path) -> Result<(), StoreError> {
    match read(folder)? {
        Some(found) if found > ROWS_VERSION => Err(StoreError::NewerFormat {
            path: folder.join(NAME),
            found,
            known: ROWS_VERSION,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Whether this build reads the rows; if not, they are rebuilt.
///
/// # Errors
/// `NewerFormat`; `Corrupt` when the version cannot be read or is no longer known; `Io`.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    refuse_newer(folder)?;
    match read(folder)? {
        Some(ROWS_VERSION) => Ok(()),
        Some(_) | None => Err(fault(folder, "of which version the rows are cannot be read")),
    }
}

/// Makes the folder, and says in it, durably, of which version its rows will be.
///
/// # Errors
/// `Io`.
pub(super) fn write(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(NAME);
    let written = || -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(&encode(ROWS_VERSION))?;
        file.sync_all()?;
        std::fs::File::open(folder)?.sync_all()
    };
    written().map_err(|source| StoreError::io("write", &path, source))
}
