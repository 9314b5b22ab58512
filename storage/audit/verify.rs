//! Judging a log offline: from its folder, the public key, and checkpoints that were kept elsewhere.
//!
//! Nothing in the folder is trusted, the head is not even read. Each leaf's hash in the tiles is held against the entries, the
//! tiles against each other, the signed checkpoint against the tiles, and every checkpoint from elsewhere against the tree of
//! its size: one that does not fit says that history was rewritten. With the store's keys the leaves are opened too.
//! Must not be here: opening a store.

use super::leaves::Sealed;
use super::note::{Checkpoint, NOTE_BYTES_MAX, NoteError, PublicKey};
use super::reading::Entries;
use super::tiles::{TILE_WIDTH, perfect_root, read_tile, width_of};
use super::tree::{Frontier, Hash};
use crate::StoreError;
use crate::disk::{Disk, read_file};
use crate::keyring::{Keyring, io_error};
use cabinet_domain::audit::Shown;
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;
use std::path::Path;

/// What was found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Leaves that the folder's own checkpoint covers.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// When that checkpoint was made.
    pub at: UtcMillis,
    /// Leaves that checkpoints from elsewhere cover: these cannot have been rewritten by anyone.
    pub covered: u64,
    /// Leaves that were opened and say what their hashes say.
    pub opened: u64,
    /// Leaves whose term is over: only their hashes are left.
    pub expired: u64,
    /// Leaves in the entries that no checkpoint covers yet.
    pub beyond: u64,
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// The folder has no checkpoint that this key signed.
    #[error("the log's own checkpoint: {0}")]
    Own(NoteError),
    /// A checkpoint from elsewhere is none.
    #[error("checkpoint {0} of those given: {1}")]
    Given(usize, NoteError),
    /// The two are of different logs.
    #[error("the checkpoints are of different logs: {0} and {1}")]
    OtherLog(String, String),
    /// A checkpoint from elsewhere covers more.
    #[error("the log has {has} leaves and a checkpoint covers {covered}: it was cut off or rolled back")]
    Shorter {
        /// Leaves that are there.
        has: u64,
        /// Leaves that a checkpoint covers.
        covered: u64,
    },
    /// A tree does not have the root that was signed.
    #[error("the first {size} leaves do not have the root that was signed: history was rewritten")]
    Rewritten {
        /// Of how many leaves.
        size: u64,
    },
    /// A tile does not follow from those below it.
    #[error("tile {number} of level {level} does not follow from the leaves")]
    Tile {
        /// Level of the tile.
        level: u32,
        /// Its number.
        number: u64,
    },
    /// An entry does not have the hash that the tiles have.
    #[error("leaf {number} is not the one that was hashed")]
    Entry {
        /// Which leaf.
        number: u64,
    },
    /// Entries end before the checkpoint does.
    #[error("the entries end with leaf {has} of {size}")]
    EntriesMissing {
        /// Leaves that are there.
        has: u64,
        /// Leaves that must be.
        size: u64,
    },
    /// A sealed leaf does not open to what its hash says.
    #[error("leaf {number}: {what}")]
    Content {
        /// First leaf of its job.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read, or is none of the format.
    #[error(transparent)]
    Read(#[from] StoreError),
}

/// The leaves' sealed contents can be judged with these.
pub type Keys<'a> = Option<(&'a Keyring, u128)>;

/// Judges a log.
///
/// # Errors
/// [`AuditFault`]: the first thing that is wrong.
pub fn verify(
    (disk, folder): (&dyn Disk, &Path),
    key: &PublicKey,
    elsewhere: &[String],
    keys: Keys<'_>,
) -> Result<AuditReport, AuditFault> {
    let (own, _) = own_checkpoint(disk, folder, key)?;
    let mut given = BTreeMap::new();
    for (number, note) in elsewhere.iter().enumerate() {
        let checkpoint = key.open(note).map_err(|error| AuditFault::Given(number, error))?;
        if checkpoint.origin != own.origin {
            return Err(AuditFault::OtherLog(checkpoint.origin, own.origin));
        }
        if checkpoint.size > own.size {
            return Err(AuditFault::Shorter {
                has: own.size,
                covered: checkpoint.size,
            });
        }
        if given
            .insert(checkpoint.size, checkpoint.root)
            .is_some_and(|root| root != checkpoint.root)
        {
            return Err(AuditFault::Rewritten { size: checkpoint.size });
        }
    }
    let covered = given.last_key_value().map_or(0, |(size, _)| *size);
    given.entry(own.size).or_insert(own.root);
    if given.get(&own.size) != Some(&own.root) {
        return Err(AuditFault::Rewritten { size: own.size });
    }
    let leaves = check_tree((disk, folder), &own, &given)?;
    let mut report = AuditReport {
        size: own.size,
        root: own.root,
        at: own.at,
        covered,
        opened: 0,
        expired: 0,
        beyond: 0,
    };
    check_entries((disk, folder), &leaves, keys, &mut report)?;
    Ok(report)
}

/// The folder's checkpoint, and the note it stands in.
pub(super) fn own_checkpoint(
    disk: &dyn Disk,
    folder: &Path,
    key: &PublicKey,
) -> Result<(Checkpoint, String), AuditFault> {
    let path = folder.join("checkpoint");
    let bytes = read_file(disk, &path, NOTE_BYTES_MAX as u64).map_err(io_error("read", &path))?;
    let note = String::from_utf8(bytes).map_err(|_| AuditFault::Own(NoteError::Malformed))?;
    let checkpoint = key.open(&note).map_err(AuditFault::Own)?;
    Ok((checkpoint, note))
}

/// Reads the leaves' hashes and holds all that follows from them against what is there. Answers the hashes.
fn check_tree(
    (disk, folder): (&dyn Disk, &Path),
    own: &Checkpoint,
    roots: &BTreeMap<u64, Hash>,
) -> Result<Vec<Hash>, AuditFault> {
    let mut row = read_level((disk, folder), 0, own.size)?;
    let mut frontier = Frontier::default();
    let mut expected = roots.iter().peekable();
    for reached in 0..=own.size {
        while let Some((_, root)) = expected.next_if(|(size, _)| **size == reached) {
            if frontier.root() != *root {
                return Err(AuditFault::Rewritten { size: reached });
            }
        }
        if let Some(leaf) = usize::try_from(reached).ok().and_then(|at| row.get(at)) {
            frontier.push(*leaf);
        }
    }
    let leaves = row.clone();
    for level in 1.. {
        row = row.chunks_exact(TILE_WIDTH).filter_map(perfect_root).collect();
        if row.is_empty() {
            break;
        }
        let stored = read_level((disk, folder), level, own.size)?;
        if let Some(wrong) = row.iter().zip(&stored).position(|(made, stored)| made != stored) {
            let number = (wrong / TILE_WIDTH) as u64;
            return Err(AuditFault::Tile { level, number });
        }
    }
    Ok(leaves)
}

/// All hashes of one level of tiles.
fn read_level((disk, folder): (&dyn Disk, &Path), level: u32, size: u64) -> Result<Vec<Hash>, StoreError> {
    let mut hashes = Vec::new();
    for number in 0.. {
        let width = width_of(level, number, size);
        if width == 0 {
            break;
        }
        hashes.extend(read_tile(disk, folder, level, number, width)?);
    }
    Ok(hashes)
}

fn check_entries(
    (disk, folder): (&dyn Disk, &Path),
    leaves: &[Hash],
    keys: Keys<'_>,
    report: &mut AuditReport,
) -> Result<(), AuditFault> {
    let entries = Entries::everything(disk, folder);
    let mut reached = 0;
    for from in entries.files()? {
        if from != reached {
            return Err(AuditFault::EntriesMissing {
                has: reached,
                size: report.size,
            });
        }
        let (bytes, jobs) = match entries.read(from) {
            Ok(read) => read,
            // What a crash left half written lies beyond the checkpoint.
            Err(StoreError::Corrupt { .. }) if reached >= report.size => break,
            Err(error) => return Err(error.into()),
        };
        for (number, range) in jobs {
            let Some(sealed) = bytes.get(range).and_then(Sealed::read) else {
                return Err(AuditFault::Entry { number });
            };
            for (at, hash) in (number..).zip(sealed.hashes()) {
                let known = usize::try_from(at).ok().and_then(|at| leaves.get(at));
                match known {
                    Some(known) if *known == hash => {}
                    Some(_) => return Err(AuditFault::Entry { number: at }),
                    None => report.beyond += 1,
                }
            }
            check_contents(&sealed, number, keys, report)?;
            reached = number + sealed.count() as u64;
        }
    }
    if reached < report.size {
        return Err(AuditFault::EntriesMissing {
            has: reached,
            size: report.size,
        });
    }
    Ok(())
}

fn check_contents(
    sealed: &Sealed<'_>,
    number: u64,
    keys: Keys<'_>,
    report: &mut AuditReport,
) -> Result<(), AuditFault> {
    let Some((keyring, practice)) = keys else { return Ok(()) };
    let opened = sealed
        .open(keyring, practice)
        .map_err(|what| AuditFault::Content { number, what })?;
    let expired = opened.iter().filter(|one| matches!(one, Shown::Expired)).count() as u64;
    report.expired += expired;
    report.opened += opened.len() as u64 - expired;
    Ok(())
}
