//! Passwords as they are kept: argon2id (RFC 9106), few at once, because each takes its memory while it is computed.
//!
//! Must not be here: which passwords are good enough (`cabinet_domain::password`).

use super::AccountError;
use crate::access::{Entropy, same};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Hashes computed at once.
pub const HASHES_AT_ONCE: usize = 2;
/// Hashes under way or waiting; further ones are answered busy.
pub const HASHES_MAX: usize = 64;
/// Lanes: one, as the work is not shared out.
const LANES: u32 = 1;

/// What a guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// 64 MiB and three passes: above OWASP ASVS 5.0 appendix C (46 MiB, one pass).
    fn default() -> Self {
        Self {
            memory_kib: 64 * 1024,
            passes: 3,
        }
    }
}

/// A password as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashed {
    pub(super) cost: Cost,
    pub(super) salt: [u8; 16],
    pub(super) hash: [u8; 32],
}

fn compute(password: &[u8], salt: &[u8; 16], cost: Cost) -> Option<[u8; 32]> {
    let params = Params::new(cost.memory_kib, cost.passes, LANES, Some(32)).ok()?;
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut hash)
        .ok()?;
    Some(hash)
}

/// Computes hashes on the blocking threads.
pub(super) struct Hasher {
    cost: Cost,
    entropy: Entropy,
    at_once: Arc<Semaphore>,
    under_way: AtomicUsize,
}

/// Gives its place back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    pub(super) fn new(cost: Cost, entropy: Entropy) -> Self {
        Self {
            cost,
            entropy,
            at_once: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            under_way: AtomicUsize::new(0),
        }
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: &str) -> Result<Hashed, AccountError> {
        let drawn = (self.entropy)();
        let salt = drawn.first_chunk().copied().unwrap_or_default();
        let hash = self.run(password, salt, self.cost).await?;
        let hash = hash.ok_or(AccountError::Busy)?;
        Ok(Hashed {
            cost: self.cost,
            salt,
            hash,
        })
    }

    /// Whether it is this password. Without one, because there is no such account, the same work is done in vain.
    pub(super) async fn verify(&self, password: &str, hashed: Option<&Hashed>) -> Result<bool, AccountError> {
        let (salt, cost) = hashed.map_or(([0; 16], self.cost), |hashed| (hashed.salt, hashed.cost));
        let computed = self.run(password, salt, cost).await?;
        Ok(match (computed, hashed) {
            (Some(computed), Some(hashed)) => same(&computed, &hashed.hash),
            (None, _) | (_, None) => false,
        })
    }

    /// Whether the hash was made at another cost than new ones are.
    pub(super) fn is_outdated(&self, hashed: &Hashed) -> bool {
        hashed.cost != self.cost
    }

    async fn run(&self, password: &str, salt: [u8; 16], cost: Cost) -> Result<Option<[u8; 32]>, AccountError> {
        let before = self.under_way.fetch_add(1, Ordering::AcqRel);
        let _place = Place(&self.under_way);
        if before >= HASHES_MAX {
            return Err(AccountError::Busy);
        }
        let permit = self.at_once.clone().acquire_owned().await;
        let permit = permit.map_err(|_| AccountError::Busy)?;
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let computing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            compute(&password, &salt, cost)
        });
        computing.await.map_err(|_| AccountError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Cost = Cost {
        memory_kib: 64,
        passes: 1,
    };

    fn hasher() -> Hasher {
        Hasher::new(SMALL, Arc::new(|| [9; 32]))
    }

    /// RFC 9106 section 5.3 has a secret and associated data; this vector is of the reference implementation's own tests
    /// (argon2id, version 0x13, 64 KiB would differ): t = 2, m = 65,536 KiB, p = 1, "password", "somesalt".
    #[test]
    fn the_hash_is_argon2id() {
        let params = Params::new(65_536, 2, 1, Some(32)).unwrap();
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"password", b"somesalt", &mut hash)
            .unwrap();
        assert_eq!(
            hex::encode(hash),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[actix_rt::test]
    async fn the_right_password_alone_is_right_and_a_raised_cost_is_seen() {
        let hasher = hasher();
        let hashed = hasher.hash("correct horse battery").await.unwrap();
        assert!(hasher.verify("correct horse battery", Some(&hashed)).await.unwrap());
        assert!(!hasher.verify("correct horse batterz", Some(&hashed)).await.unwrap());
        assert!(!hasher.verify("correct horse battery", None).await.unwrap());
        assert!(!hasher.is_outdated(&hashed));
        let dearer = Hasher::new(Cost { passes: 2, ..SMALL }, Arc::new(|| [9; 32]));
        assert!(dearer.is_outdated(&hashed));
        assert!(dearer.verify("correct horse battery", Some(&hashed)).await.unwrap());
    }

    #[actix_rt::test]
    async fn a_crowd_is_told_busy_and_takes_no_memory() {
        let hasher = hasher();
        let tries = (0..HASHES_MAX + 5).map(|_| hasher.hash("correct horse battery"));
        let outcomes = futures_util::future::join_all(tries).await;
        let busy = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(busy, 5);
        assert!(
            hasher.hash("correct horse battery").await.is_ok(),
            "places are given back"
        );
    }
}
