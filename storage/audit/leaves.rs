//! Leaves on their way through the journal: salted, hashed, and sealed together, as one job of the commit of their acts.
//!
//! A job's body, all numbers big-endian: version (1 byte: 1), how many leaves (2 bytes), their hashes (32 bytes each), then one
//! envelope with, for each leaf, its salt (16 bytes), its length (2 bytes) and its canonical bytes. The hashes stay when the
//! envelope's key is forgotten: the tree still verifies. Leaves of one month and practice lie under one key of the keyring,
//! kept as if the month were a patient, so that what has reached its term is erased the same way.
//!
//! Must not be here: numbering leaves, trees, files.

use super::tree::{Hash, leaf_hash};
use crate::StoreError;
use crate::journal::NewJob;
use crate::keyring::{KeyState, Keyring};
use crate::seal::{self, KeyId, Place, sha256};
use bytes::Bytes;
use cabinet_domain::audit::{Leaf, SALT_BYTES, Shown};
use cabinet_domain::ids::PatientId;
use cabinet_domain::time::{CivilDate, UtcMillis};

/// The jobs of the audit log.
pub const AUDIT_JOB: u16 = 1;
/// Most leaves in one job.
pub const LEAVES_PER_JOB_MAX: usize = 1_024;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 3;
const HASH_BYTES: usize = 32;
const MILLIS_PER_DAY: i64 = 86_400_000;

const MARK: u128 = u128::from_be_bytes(*b"audit month\0\0\0\0\0");
/// Months that can be named.
const MONTHS: u128 = 1 << 32;

/// The month of an instant (UTC), counted from January of the year 0.
#[must_use]
pub fn month_of(at: UtcMillis) -> i32 {
    let days = i32::try_from(at.0.div_euclid(MILLIS_PER_DAY)).unwrap_or(i32::MAX);
    let date = CivilDate(days).to_jiff();
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

/// A month as the keyring knows it: among patients' ids, which are random, a number that none of them draws.
#[must_use]
pub fn subject_of_month(month: i32) -> PatientId {
    PatientId(MARK | u128::from(month.unsigned_abs()))
}

/// Reads [`subject_of_month`] back; none for patients.
#[must_use]
pub fn month_of_subject(subject: PatientId) -> Option<i32> {
    let month = subject.0.checked_sub(MARK).filter(|month| *month < MONTHS)?;
    i32::try_from(month).ok()
}

/// The subject of an instant's month.
#[must_use]
pub fn month_subject(at: UtcMillis) -> PatientId {
    subject_of_month(month_of(at))
}

fn place(practice: u128, hashes: &[u8]) -> Place {
    Place::of("audit leaves")
        .with(&practice.to_be_bytes())
        .with(&sha256(&[hashes]))
}

/// Seals leaves of one practice as a job; also answers the month's key when no durable record names it yet.
pub(crate) fn seal_leaves(
    keyring: &Keyring,
    practice: u128,
    leaves: &[Leaf],
) -> Result<(NewJob, Option<(PatientId, KeyId)>), StoreError> {
    let too_many = || StoreError::from(crate::AppendError::TooLarge);
    let count = u16::try_from(leaves.len()).map_err(|_| too_many())?;
    let month = month_subject(leaves.first().map_or(UtcMillis(0), |leaf| leaf.at));
    let mut body = Vec::with_capacity(HEAD_BYTES + leaves.len() * (HASH_BYTES + 176) + seal::ENVELOPE_BYTES);
    body.push(VERSION);
    body.extend_from_slice(&count.to_be_bytes());
    let mut plain = Vec::with_capacity(leaves.len() * 176);
    for leaf in leaves {
        let mut salt = [0; SALT_BYTES];
        keyring.entropy().fill(&mut salt)?;
        let record = leaf.encode();
        body.extend_from_slice(&leaf_hash(&salt, &record));
        plain.extend_from_slice(&salt);
        plain.extend_from_slice(&u16::try_from(record.len()).map_err(|_| too_many())?.to_be_bytes());
        plain.extend_from_slice(&record);
    }
    let key = keyring.key_for(practice, month.0)?;
    let place = place(practice, body.get(HEAD_BYTES..).unwrap_or_default());
    let body = seal::seal_after(&body, &key.key, keyring.entropy(), &place, &plain)?;
    let job = NewJob {
        kind: AUDIT_JOB,
        dedup: practice,
        body: Bytes::from(body),
    };
    Ok((job, (!key.recorded).then(|| (month, key.key.id()))))
}

/// A job's body, cut into its parts; none when it is no such body.
pub struct Sealed<'a> {
    hashes: &'a [u8],
    envelope: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Cuts a body.
    #[must_use]
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (head, rest) = body.split_first_chunk::<HEAD_BYTES>()?;
        let [version, high, low] = *head;
        let count = usize::from(u16::from_be_bytes([high, low]));
        let (hashes, envelope) = rest.split_at_checked(count * HASH_BYTES)?;
        (version == VERSION && count > 0).then_some(Self { hashes, envelope })
    }

    /// The leaves' hashes, in order.
    pub fn hashes(&self) -> impl Iterator<Item = Hash> + '_ {
        self.hashes
            .chunks_exact(HASH_BYTES)
            .filter_map(|hash| hash.try_into().ok())
    }

    /// How many leaves.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.hashes.len() / HASH_BYTES
    }

    /// Opens the leaves, and holds each against its hash. The error says what is wrong.
    pub(crate) fn open(&self, keyring: &Keyring, practice: u128) -> Result<Vec<Shown>, String> {
        let id = seal::key_id(self.envelope).ok_or("not an envelope")?;
        let key = match keyring.key(practice, id).map_err(|error| error.to_string())? {
            KeyState::Known(key) => key,
            KeyState::Forgotten => return Ok(vec![Shown::Expired; self.count()]),
            KeyState::Missing => return Err("its key is missing from the keyring".to_owned()),
        };
        let plain = seal::open(&key, &place(practice, self.hashes), self.envelope).map_err(|why| why.to_string())?;
        let opened = self.split(&plain).ok_or("the leaves are not what their hashes say")?;
        if let Some(Shown::Whole { leaf, .. }) = opened.first() {
            keyring.recorded(practice, month_subject(leaf.at).0, id);
        }
        Ok(opened)
    }

    /// Cuts what was sealed; none when a leaf does not have its hash.
    fn split(&self, mut plain: &[u8]) -> Option<Vec<Shown>> {
        let mut opened = Vec::with_capacity(self.count());
        for hash in self.hashes() {
            let (salt, rest) = plain.split_first_chunk::<SALT_BYTES>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (record, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            if leaf_hash(salt, record) != hash {
                return None;
            }
            opened.push(match Leaf::decode(record) {
                Some(leaf) => Shown::Whole {
                    leaf: Box::new(leaf),
                    salt: *salt,
                },
                None => Shown::Newer,
            });
            plain = rest;
        }
        plain.is_empty().then_some(opened)
    }
}

#[cfg(test)]
#[path = "leaves_tests.rs"]
mod tests;
