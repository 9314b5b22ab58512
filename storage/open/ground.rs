//! What lies under the two typed stores: a journal and a keyring, opened in an order that bears a crash at any point of a
//! first start. The server's store and the simulation stand on the same ground.

use crate::StoreError;
use crate::disk::Disk;
use crate::journal::{JOURNAL_DIRECTORY, may_begin};
use crate::keyring::Keyring;
use crate::seal::{Entropy, SealKey};
use std::path::Path;
use std::sync::Arc;

/// A journal and the keyring that opens what is in it.
pub struct Ground<J> {
    /// The journal.
    pub journal: J,
    /// The keys.
    pub keyring: Keyring,
}

/// What must be known before anything is opened.
pub struct GroundOptions<'a> {
    /// The key that opens the keyring.
    pub root: SealKey,
    /// Where keys and salts come from.
    pub entropy: Arc<dyn Entropy>,
    /// Where a second witness is kept, outside the data directory.
    pub witness_copy: Option<&'a Path>,
    /// True when a store must be there: an empty directory is then an error.
    pub expect_existing: bool,
}

/// Whether the directory holds a journal: segments, or a witness of them.
fn has_journal(disk: &dyn Disk) -> bool {
    let segments = disk.list(Path::new(JOURNAL_DIRECTORY)).unwrap_or_default();
    !segments.is_empty()
}

/// Whether there is a store that the key opens. Reads only.
fn look(disk: &dyn Disk, options: &GroundOptions<'_>) -> Result<bool, StoreError> {
    let there = Keyring::probe(disk, &options.root)?;
    let journal = has_journal(disk);
    if !there && journal {
        return Err(StoreError::HistoryMissing {
            what: "there is a journal, but the keyring that opens it is gone".to_owned(),
        });
    }
    if there && !journal && Keyring::lists_practices(disk, &options.root)? {
        return Err(StoreError::HistoryMissing {
            what: "the keyring lists practices, but the journal is gone".to_owned(),
        });
    }
    if !journal {
        may_begin(disk, options.witness_copy, options.expect_existing)?;
    }
    Ok(there)
}

impl<J> Ground<J> {
    /// Opens both; `journal` opens the journal on the same disk, with the same second witness.
    ///
    /// # Errors
    /// Each before anything is written: `WrongKey`, `NewerFormat`, `HistoryMissing` (data is expected and not there, or
    /// the journal has no keyring), `Corrupt`, `Io`; and what `journal` returns.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: GroundOptions<'_>,
        journal: impl FnOnce(Arc<dyn Disk>) -> Result<J, StoreError>,
    ) -> Result<Self, StoreError> {
        let there = look(disk.as_ref(), &options)?;
        let GroundOptions { root, entropy, .. } = options;
        // A new store begins with its keyring: a crash right after it leaves one that can be begun again. An existing
        // one begins with the journal, which refuses what is wrong with it before any copy of a key is repaired.
        if there {
            let journal = journal(disk.clone())?;
            let keyring = Keyring::open(disk, root, entropy, false)?;
            Ok(Self { journal, keyring })
        } else {
            let keyring = Keyring::open(disk.clone(), root, entropy, true)?;
            let journal = journal(disk)?;
            Ok(Self { journal, keyring })
        }
    }
}
