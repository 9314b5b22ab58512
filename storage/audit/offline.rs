//! Judging and proving from files alone: a log's folder that was copied, or the data directory of a stopped store.
//!
//! Must not be here: what is judged (`verify`), printing.

use super::FOLDER;
use super::note::PublicKey;
use super::reading::Entries;
use super::tiles::Tiles;
use super::tree::{includes, inclusion_proof, root_of};
use super::verify::{AuditFault, AuditReport, own_checkpoint, verify};
use crate::disk::Disk;
use crate::disk::layered::LayeredDisk;
use crate::disk::real::RealDisk;
use crate::keyring::Keyring;
use crate::open::installation_key;
use crate::seal::SystemEntropy;
use crate::{KeySource, StoreError};
use data_encoding::BASE64;
use std::path::Path;
use std::sync::Arc;

/// A practice's id, and what was found of its log.
pub type Judged = (String, Result<AuditReport, AuditFault>);

/// Judges one log's folder, its leaves unopened.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_folder(log: &Path, key: &PublicKey, elsewhere: &[String]) -> Result<AuditReport, AuditFault> {
    let disk = RealDisk::open_read_only(log)?;
    verify((&disk, Path::new("")), key, elsewhere, None)
}

/// Judges every log of a stopped store, its leaves opened. `elsewhere`: checkpoints of any of them. Answers the practices' ids
/// and what was found.
///
/// # Errors
/// The first thing that is wrong, with the practice's id; storage's when keys do not open.
pub fn verify_store(
    data_dir: &Path,
    installation: &KeySource,
    key: &PublicKey,
    elsewhere: &[String],
) -> Result<Vec<Judged>, StoreError> {
    let root = installation_key(installation)?;
    let disk: Arc<dyn Disk> = Arc::new(LayeredDisk::over(Arc::new(RealDisk::open_read_only(data_dir)?)));
    let keyring = Keyring::open(disk.clone(), root, Arc::new(SystemEntropy::new()), false)?;
    let folder = Path::new(FOLDER);
    let names = disk
        .list(folder)
        .map_err(|source| StoreError::io("list", folder, source))?;
    let logs = names.into_iter().filter_map(|name| {
        let practice = u128::from_str_radix(&name, 16).ok().filter(|_| name.len() == 32)?;
        Some((name, practice))
    });
    let judged = logs.map(|(name, practice)| {
        let own = elsewhere
            .iter()
            .filter(|note| note.lines().next().is_some_and(|origin| origin.ends_with(&name)));
        let own: Vec<String> = own.cloned().collect();
        let report = verify(
            (disk.as_ref(), &folder.join(&name)),
            key,
            &own,
            Some((&keyring, practice)),
        );
        (name, report)
    });
    Ok(judged.collect())
}

/// The proof that a leaf is in the log that its folder's checkpoint covers, as C2SP `tlog-proof` writes it.
///
/// # Errors
/// When the folder or the checkpoint is not sound, or does not cover the leaf.
pub fn prove(log: &Path, key: &PublicKey, number: u64) -> Result<String, AuditFault> {
    let disk = RealDisk::open_read_only(log)?;
    let folder = Path::new("");
    let (own, note) = own_checkpoint(&disk, folder, key)?;
    if number >= own.size {
        return Err(AuditFault::Shorter {
            has: own.size,
            covered: number + 1,
        });
    }
    let tiles = Tiles {
        disk: &disk,
        folder,
        size: own.size,
    };
    if root_of(&tiles, own.size)? != own.root {
        return Err(AuditFault::Rewritten { size: own.size });
    }
    let proof = inclusion_proof(&tiles, number, own.size)?;
    let leaf = Entries::everything(&disk, folder)
        .hash(number)?
        .ok_or(AuditFault::Entry { number })?;
    if !includes(&own.root, own.size, (number, &leaf), &proof) {
        return Err(AuditFault::Entry { number });
    }
    let hashes: String = proof.iter().map(|hash| format!("{}\n", BASE64.encode(hash))).collect();
    Ok(format!("c2sp.org/tlog-proof@v1\nindex {number}\n{hashes}\n{note}"))
}
