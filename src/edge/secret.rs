//! Secrets and what is derived from them. A secret is hashed here and goes no further; ids of new things are derived from
//! the sender's secret and command id, so that a repeated request names the same things.
//!
//! Must not be here: storing or logging anything.

use cabinet_domain::agenda::SecretHash;
use cabinet_domain::command::Principal;
use cabinet_domain::ids::CommandId;
use ring::digest::{Context, SHA256};
use serde::Serialize;

/// SHA-256 of `parts`, each preceded by its length, so that no two lists of parts give the same bytes.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

fn first_half(hash: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(hash) {
        *to = from;
    }
    half
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> SecretHash {
    sha256(&[b"cabinet secret 1", secret.as_bytes()])
}

/// Whether two hashes are equal, in constant time.
#[must_use]
pub fn same(one: &SecretHash, other: &SecretHash) -> bool {
    let difference = one
        .iter()
        .zip(other)
        .fold(0, |found, (one, other)| found | (one ^ other));
    std::hint::black_box(difference) == 0
}

/// What a new id is for. Two purposes never give the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Purpose {
    Hold,
    Booking,
    Patient,
    Blob,
    Waiting,
    Card,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Hold => b"hold",
            Self::Booking => b"booking",
            Self::Patient => b"patient",
            Self::Blob => b"blob",
            Self::Waiting => b"waiting",
            Self::Card => b"card",
        }
    }
}

/// The id of a new thing: the same sender and command id give the same id. Not guessable by others, because a bearer's
/// hash is not known to them, and drawn anew with every command id.
#[must_use]
pub fn new_id(purpose: Purpose, sender: &Principal, command_id: CommandId) -> u128 {
    let (kind, who): (&[u8], Vec<u8>) = match sender {
        Principal::Staff(id) => (b"staff", id.0.to_be_bytes().to_vec()),
        Principal::Bearer(hash) => (b"bearer", hash.to_vec()),
        Principal::System => (b"system", Vec::new()),
    };
    let parts: [&[u8]; 5] = [
        b"cabinet id 1",
        purpose.label(),
        kind,
        &who,
        &command_id.0.to_be_bytes(),
    ];
    u128::from_be_bytes(first_half(sha256(&parts)))
}

/// A secret that follows from another: 64 hexadecimal digits. Other parts give another, and none tells what it came of.
#[must_use]
pub fn derived(parts: &[&str]) -> String {
    let parts = std::iter::once(&b"cabinet derived 1"[..]).chain(parts.iter().map(|part| part.as_bytes()));
    hex::encode(sha256(&parts.collect::<Vec<_>>()))
}

/// Digest of a command as it was asked: operation, what it is about, and the body in its canonical form (the parsed value
/// written again, so that spacing and order of fields do not count).
#[must_use]
pub fn body_digest<T: Serialize>(operation: &str, about: &str, body: &T) -> [u8; 16] {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let parts: [&[u8]; 4] = [b"cabinet body 1", operation.as_bytes(), about.as_bytes(), &body];
    first_half(sha256(&parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::StaffId;

    #[test]
    fn ids_repeat_with_the_command_and_differ_in_everything_else() {
        let sender = Principal::Bearer(hash("a"));
        let id = |purpose, sender: &Principal, command| new_id(purpose, sender, CommandId(command));
        let first = id(Purpose::Hold, &sender, 1);
        assert_eq!(first, id(Purpose::Hold, &sender, 1));
        for other in [
            id(Purpose::Booking, &sender, 1),
            id(Purpose::Hold, &sender, 2),
            id(Purpose::Hold, &Principal::Bearer(hash("b")), 1),
            id(Purpose::Hold, &Principal::Staff(StaffId(1)), 1),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn digests_differ_with_operation_subject_and_body() {
        let digest = body_digest("hold", "x", &1);
        assert_eq!(digest, body_digest("hold", "x", &1));
        assert_ne!(digest, body_digest("hold", "x", &2));
        assert_ne!(digest, body_digest("hold", "y", &1));
        assert_ne!(digest, body_digest("holdx", "", &1));
    }

    #[test]
    fn equal_hashes_are_the_same() {
        assert!(same(&hash("a"), &hash("a")));
        assert!(!same(&hash("a"), &hash("b")));
    }
}
