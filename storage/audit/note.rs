//! Checkpoints of a log as signed notes, as C2SP `tlog-checkpoint` and `signed-note` say (c2sp.org): three lines and an
//! extension line with the time, a blank line, signatures. Any tool that speaks these checks them.
//!
//! The signing key lies apart from the keys of the data: whoever has the store alone cannot sign another history.
//! Must not be here: where checkpoints are kept.

use super::tree::Hash;
use crate::StoreError;
use crate::disk::real::make_private_file;
use crate::keyring::{io_error, private};
use crate::seal::sha256;
use cabinet_domain::time::UtcMillis;
use data_encoding::BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use std::path::Path;

/// Longest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 4_096;
/// Ed25519, in the algorithm byte of `signed-note`.
const ED25519_ALGORITHM: u8 = 1;
const DASH: &str = "\u{2014} ";

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log: one practice's.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// When it was made.
    pub at: UtcMillis,
}

/// Why a text is not a checkpoint that can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note, or no checkpoint.
    #[error("not a signed checkpoint")]
    Malformed,
    /// Nobody signed it whom we know.
    #[error("not signed by the key that was given")]
    Unsigned,
    /// The signature is not one of this text.
    #[error("the signature does not fit: the checkpoint was changed")]
    Forged,
    /// The key's text is none.
    #[error("not a public key of a log: name+hash+base64")]
    BadKey,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\ntime {}\n",
            self.origin,
            self.size,
            BASE64.encode(&self.root),
            self.at.0
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?.to_owned();
        let size = lines.next()?;
        let digits = size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| digits)?;
        let root = BASE64.decode(lines.next()?.as_bytes()).ok()?.try_into().ok()?;
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        lines.next().is_none().then_some(Self {
            origin,
            size,
            root,
            at: UtcMillis(at),
        })
    }
}

/// How many leaves a note of ours covers. Judges nothing.
#[must_use]
pub fn size_of(note: &str) -> Option<u64> {
    let (text, _) = note.split_once("\n\n")?;
    Checkpoint::parse(&format!("{text}\n")).map(|checkpoint| checkpoint.size)
}

fn key_hash(name: &str, public: &[u8]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519_ALGORITHM], public]);
    let [first, second, third, fourth, ..] = hash;
    [first, second, third, fourth]
}

/// Who signs.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// With this name, which is a part of what is signed by, and a private key as PKCS #8 (RFC 8410) has it.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn new(name: &str, private: &[u8]) -> Result<Self, StoreError> {
        let pair = Ed25519KeyPair::from_pkcs8(private).map_err(|_| StoreError::Codec { what: "signing key" })?;
        Ok(Self {
            name: name.to_owned(),
            pair,
        })
    }

    /// A fresh key, in memory alone.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn fresh(name: &str) -> Result<Self, StoreError> {
        Self::new(name, &fresh_key()?)
    }

    /// The key in a file that only its owner may read: PKCS #8, base64. Makes one, durably, where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, others may read it, or it holds no key.
    pub fn in_file(name: &str, path: &Path) -> Result<Self, StoreError> {
        let refuse = |why: &str| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
            io_error("use the signing key in", path)(source)
        };
        if !path
            .try_exists()
            .map_err(io_error("look for the signing key in", path))?
        {
            let text = BASE64.encode(&fresh_key()?);
            make_private_file(path, &text).map_err(io_error("make the signing key in", path))?;
        }
        let metadata = std::fs::metadata(path).map_err(io_error("open the signing key in", path))?;
        private(&metadata).map_err(refuse)?;
        let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(io_error("read", path))?);
        let private = zeroize::Zeroizing::new(
            BASE64
                .decode(text.trim().as_bytes())
                .map_err(|_| refuse("it is not base64"))?,
        );
        Self::new(name, &private).map_err(|_| refuse("it is no Ed25519 key (PKCS #8)"))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key as `signed-note` writes it: name, hash, key.
    #[must_use]
    pub fn public_key(&self) -> String {
        let public = self.pair.public_key().as_ref();
        let key = [&[ED25519_ALGORITHM], public].concat();
        format!(
            "{}+{}+{}",
            self.name,
            hex::encode(key_hash(&self.name, public)),
            BASE64.encode(&key)
        )
    }

    /// A checkpoint, signed.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.pair.sign(text.as_bytes());
        let hash = key_hash(&self.name, self.pair.public_key().as_ref());
        let line = BASE64.encode(&[hash.as_slice(), signature.as_ref()].concat());
        format!("{text}\n{DASH}{} {line}\n", self.name)
    }
}

fn fresh_key() -> Result<Vec<u8>, StoreError> {
    let random = ring::rand::SystemRandom::new();
    let key = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| StoreError::Codec { what: "random bytes" })?;
    Ok(key.as_ref().to_vec())
}

/// Who is trusted to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: [u8; 32],
}

impl PublicKey {
    /// Reads [`Signer::public_key`].
    ///
    /// # Errors
    /// [`NoteError::BadKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::BadKey);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::BadKey)?;
        let Some((&ED25519_ALGORITHM, public)) = key.split_first() else {
            return Err(NoteError::BadKey);
        };
        let public: [u8; 32] = public.try_into().map_err(|_| NoteError::BadKey)?;
        if hash != hex::encode(key_hash(name, &public)) {
            return Err(NoteError::BadKey);
        }
        Ok(Self {
            name: name.to_owned(),
            key: public,
        })
    }

    /// The checkpoint in a signed note, if this key signed it.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = format!("{text}\n");
        let checkpoint = Checkpoint::parse(&text).ok_or(NoteError::Malformed)?;
        let hash = key_hash(&self.name, &self.key);
        for line in signatures.lines() {
            let (name, signature) = line
                .strip_prefix(DASH)
                .and_then(|line| line.rsplit_once(' '))
                .ok_or(NoteError::Malformed)?;
            let signature = BASE64.decode(signature.as_bytes()).map_err(|_| NoteError::Malformed)?;
            if let Some((signed_by, signature)) = signature.split_first_chunk::<4>()
                && name == self.name
                && *signed_by == hash
            {
                let key = UnparsedPublicKey::new(&ED25519, self.key);
                let fits = key.verify(text.as_bytes(), signature).is_ok();
                return fits.then_some(checkpoint).ok_or(NoteError::Forged);
            }
        }
        Err(NoteError::Unsigned)
    }
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
