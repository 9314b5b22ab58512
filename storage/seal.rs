//! The envelope "CEL-ENV-1" in which every value lies on disk. The only file that names ring's AEAD.
//!
//! `version 1 | suite 1 | key id 8 | r 24 | commitment 16 | ciphertext | tag 16`. Each envelope has a key of its own:
//! HKDF-SHA256(salt = r, key = the long-lived key, info = "cel-env-1" | suite | key id) gives 32 bytes for AES-256-GCM with a
//! zero nonce and 16 bytes that commit to the key. So there is no nonce counter to lose in a restore, and no envelope
//! opens under two keys. Associated data says where the value belongs: moved elsewhere it does not open.

use crate::StoreError;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

/// Bytes an envelope adds to what it holds.
pub const ENVELOPE_BYTES: usize = 1 + 1 + 8 + 24 + 16 + 16;
const HEADER_BYTES: usize = ENVELOPE_BYTES - 16;
/// Bytes of `r`.
const SALT_BYTES: usize = 24;
const VERSION: u8 = 1;
const SUITE_AES_256_GCM: u8 = 1;

/// Names a long-lived key. Random, or derived one-way from the key.
pub type KeyId = [u8; 8];

/// Where random bytes come from: the system, or a seed in simulations and tests.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`StoreError::Codec`] when the system has none to give.
    fn fill(&self, out: &mut [u8]) -> Result<(), StoreError>;
}

/// The operating system's random bytes. Short ones, which salt envelopes and name keys and are no secret, are drawn many
/// at once: a call to the system costs as much as the sealing itself. Secrets are drawn each for itself and never kept here.
#[derive(Debug)]
pub struct SystemEntropy {
    random: ring::rand::SystemRandom,
    drawn: parking_lot::Mutex<Vec<u8>>,
}

/// At most this many bytes at once come out of those drawn ahead; keys are longer.
const DRAWN_AHEAD_BYTES_MAX: usize = SALT_BYTES;
/// Bytes drawn ahead.
const DRAWN_AHEAD_BYTES: usize = 128 * SALT_BYTES;

impl SystemEntropy {
    /// Ready to use.
    #[must_use]
    pub fn new() -> Self {
        Self {
            random: ring::rand::SystemRandom::new(),
            drawn: parking_lot::Mutex::default(),
        }
    }

    fn fresh(&self, out: &mut [u8]) -> Result<(), StoreError> {
        self.random
            .fill(out)
            .map_err(|_| StoreError::Codec { what: "random bytes" })
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), StoreError> {
        if out.len() > DRAWN_AHEAD_BYTES_MAX {
            return self.fresh(out);
        }
        let mut drawn = self.drawn.lock();
        if drawn.len() < out.len() {
            drawn.resize(DRAWN_AHEAD_BYTES, 0);
            let filled = self.fresh(&mut drawn);
            if filled.is_err() {
                drawn.clear();
                return filled;
            }
        }
        let left = drawn.len().saturating_sub(out.len());
        for (slot, byte) in out.iter_mut().zip(drawn.drain(left..)) {
            *slot = byte;
        }
        Ok(())
    }
}

/// Bytes that follow from a seed alone: SHA-256 over seed and counter. For simulations and tests, never for a real store.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: std::sync::atomic::AtomicU64,
}

impl SeededEntropy {
    /// Starts the sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: std::sync::atomic::AtomicU64::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), StoreError> {
        for chunk in out.chunks_mut(32) {
            let count = self.drawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let block = sha256(&[&self.seed.to_be_bytes(), &count.to_be_bytes()]);
            for (slot, byte) in chunk.iter_mut().zip(block) {
                *slot = byte;
            }
        }
        Ok(())
    }
}

/// SHA-256 over the parts in order.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let digest = context.finish();
    digest.as_ref().try_into().unwrap_or([0; 32])
}

/// A long-lived key. Wiped when dropped; never printed.
pub struct SealKey {
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKey({})", hex::encode(self.id))
    }
}

impl SealKey {
    /// A key with the id it was stored under.
    #[must_use]
    pub fn new(id: KeyId, secret: [u8; 32]) -> Self {
        Self {
            id,
            secret: Zeroizing::new(secret),
        }
    }

    /// A key whose id follows one-way from the key itself: the installation key.
    #[must_use]
    pub fn self_named(secret: [u8; 32]) -> Self {
        let mut id = [0; 8];
        derive(&secret, &[], &[b"cel-key-id"], &mut id);
        Self::new(id, secret)
    }

    /// A fresh random key with a random id.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn random(entropy: &dyn Entropy) -> Result<Self, StoreError> {
        let (mut id, mut secret) = ([0; 8], [0; 32]);
        entropy.fill(&mut id)?;
        entropy.fill(&mut secret)?;
        Ok(Self::new(id, secret))
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The secret, for wrapping it under another key.
    pub(crate) fn secret(&self) -> [u8; 32] {
        *self.secret
    }
}

/// Associated data after room for the header's, built of parts that are each preceded by their length, so that no two places have the same.
#[derive(Debug, Clone)]
pub struct Place(Vec<u8>);

impl Place {
    /// Starts with what kind of thing lies there.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        let mut bytes = Vec::with_capacity(192);
        bytes.resize(NAMED_BYTES, 0);
        Self(bytes).with(b"cel").with(kind.as_bytes())
    }

    /// Adds one part.
    #[must_use]
    pub fn with(mut self, part: &[u8]) -> Self {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }
}

/// Why an envelope did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// Too short, or of an unknown version or suite.
    #[error("not an envelope of a known version")]
    NotAnEnvelope,
    /// It names another key.
    #[error("sealed under another key")]
    OtherKey,
    /// The key does not match the commitment: another key under the same id, or a damaged header.
    #[error("the key does not match the commitment")]
    Commitment,
    /// Damaged, or moved from the place it was sealed for.
    #[error("damaged, or moved from its place")]
    Tag,
}

struct Length(usize);
impl ring::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA256 (RFC 5869). Fills with zeros where ring refuses, which it does only above 8,160 bytes.
fn derive(secret: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let salt = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, salt);
    let extracted = salt.extract(secret);
    let filled = extracted
        .expand(info, Length(out.len()))
        .and_then(|material| material.fill(out));
    if filled.is_err() {
        out.fill(0);
    }
}

/// The record's own key and its commitment.
fn record_key(key: &SealKey, r: &[u8]) -> Option<(LessSafeKey, [u8; 16])> {
    let mut material = Zeroizing::new([0_u8; 48]);
    let info: [&[u8]; 3] = [b"cel-env-1", &[SUITE_AES_256_GCM], &key.id];
    derive(key.secret.as_slice(), r, &info, material.as_mut_slice());
    let (secret, commitment) = material.split_at_checked(32)?;
    let unbound = UnboundKey::new(&AES_256_GCM, secret).ok()?;
    Some((LessSafeKey::new(unbound), commitment.try_into().ok()?))
}

/// Bytes of a header that are associated data: version, suite and key id; r and the commitment are bound by the derivation.
const NAMED_BYTES: usize = 10;

/// The place, with the first bytes of the header in the room that is kept for them.
fn associated(header: &[u8], mut place: Place) -> Aad<Vec<u8>> {
    let named = header.iter().take(NAMED_BYTES);
    for (slot, byte) in place.0.iter_mut().zip(named) {
        *slot = *byte;
    }
    Aad::from(place.0)
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Seals `plain` for `place`.
///
/// # Errors
/// When there are no random bytes.
pub fn seal(key: &SealKey, entropy: &dyn Entropy, place: &Place, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    seal_after(&[], key, entropy, place, plain)
}

/// [`seal`], behind bytes that are not part of the envelope.
pub(crate) fn seal_after(
    prefix: &[u8],
    key: &SealKey,
    entropy: &dyn Entropy,
    place: &Place,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let failed = || StoreError::Codec { what: "envelope" };
    let mut r = [0_u8; SALT_BYTES];
    entropy.fill(&mut r)?;
    let (record, commitment) = record_key(key, &r).ok_or_else(failed)?;
    let mut sealed = Vec::with_capacity(prefix.len() + plain.len() + ENVELOPE_BYTES);
    sealed.extend_from_slice(prefix);
    sealed.extend_from_slice(&[VERSION, SUITE_AES_256_GCM]);
    sealed.extend_from_slice(&key.id);
    sealed.extend_from_slice(&r);
    sealed.extend_from_slice(&commitment);
    let aad = associated(sealed.get(prefix.len()..).unwrap_or_default(), place.clone());
    let start = sealed.len();
    sealed.extend_from_slice(plain);
    let (_, body) = sealed.split_at_mut_checked(start).ok_or_else(failed)?;
    let tag = record
        .seal_in_place_separate_tag(zero_nonce(), aad, body)
        .map_err(|_| failed())?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The id of the key that an envelope names; none when it is no envelope.
#[must_use]
pub fn key_id(sealed: &[u8]) -> Option<KeyId> {
    let (header, _) = sealed.split_at_checked(HEADER_BYTES)?;
    header.get(2..10)?.try_into().ok()
}

/// Opens an envelope.
///
/// # Errors
/// [`Unsealable`] says why not.
pub fn open(key: &SealKey, place: &Place, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(Unsealable::NotAnEnvelope)?;
    if header.get(..2) != Some(&[VERSION, SUITE_AES_256_GCM]) {
        return Err(Unsealable::NotAnEnvelope);
    }
    if header.get(2..10) != Some(&key.id) {
        return Err(Unsealable::OtherKey);
    }
    let (Some(r), Some(committed)) = (header.get(10..34), header.get(34..50)) else {
        return Err(Unsealable::NotAnEnvelope);
    };
    let (record, commitment) = record_key(key, r).ok_or(Unsealable::NotAnEnvelope)?;
    let differs = commitment.iter().zip(committed).fold(0, |all, (a, b)| all | (a ^ b));
    if differs != 0 {
        return Err(Unsealable::Commitment);
    }
    let mut plain = body.to_vec();
    let length = record
        .open_in_place(zero_nonce(), associated(header, place.clone()), &mut plain)
        .map_err(|_| Unsealable::Tag)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

#[cfg(test)]
#[path = "seal/tests.rs"]
mod tests;
