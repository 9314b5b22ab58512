//! Calendar feeds: an address by which a member's own calendar program reads one agenda, without names. One for each member and
//! agenda: making it again ends the one before. Only a hash of its secret is kept; who reads by it is held to what the member
//! may see at that moment, which is asked elsewhere.
//!
//! Must not be here: HTTP, what a feed shows.

use crate::access::{Entropy, hash, same};
use cabinet_domain::audit::Leaf;
use cabinet_domain::ids::{AgendaId, AgendaKey, PracticeId, StaffId};
use cabinet_domain::practice::Locale;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::RecordKey;
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const LINK_BYTES: usize = 3 * ID_BYTES + SECRET_BYTES;

/// Why a feed could not be made, ended or looked up.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The record could not be read.
    #[error("failed to read a calendar feed")]
    Read(#[from] StoreError),
    /// The record could not be written.
    #[error("failed to write a calendar feed")]
    Write(#[from] AppendError),
}

/// Whose feed it is, and of which agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedOf {
    /// Of which agenda.
    pub agenda: AgendaKey,
    /// Whose.
    pub staff: StaffId,
}

/// What is kept of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Hash of the secret in its address.
    secret_hash: [u8; 32],
    /// When it was made.
    pub made: UtcMillis,
    /// In which language it speaks.
    pub locale: Locale,
}

/// All feeds. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    records: Arc<dyn RecordStore>,
    entropy: Entropy,
}

impl Feeds {
    /// Those kept in `records`.
    #[must_use]
    pub fn new(records: Arc<dyn RecordStore>, entropy: Entropy) -> Self {
        Self { records, entropy }
    }

    /// The feed that somebody has of an agenda.
    ///
    /// # Errors
    /// [`FeedError::Read`].
    pub async fn of(&self, of: FeedOf) -> Result<Option<Feed>, FeedError> {
        let kept = self.records.get(row(of)).await?;
        // What cannot be read opens nothing: making it anew mends it.
        Ok(kept.and_then(|(_, bytes)| serde_json::from_slice(&bytes).ok()))
    }

    /// Makes one, in place of a former one; what its address ends with. `leaf` says so in the audit log.
    ///
    /// # Errors
    /// [`FeedError::Write`].
    pub async fn make(&self, of: FeedOf, locale: Locale, leaf: Leaf) -> Result<String, FeedError> {
        let secret = (self.entropy)();
        let feed = Feed {
            secret_hash: hash(secret),
            made: leaf.at,
            locale,
        };
        let bytes = serde_json::to_vec(&feed).map_err(|_| StoreError::Codec {
            what: "a calendar feed",
        })?;
        self.commit(of, Some(bytes), leaf).await?;
        let ids = [of.agenda.practice.0, of.agenda.agenda.0, of.staff.0].map(u128::to_be_bytes);
        Ok(BASE64URL_NOPAD.encode(&[ids.as_flattened(), &secret].concat()))
    }

    /// Ends it; its address shows nothing from now on. `leaf` says so in the audit log.
    ///
    /// # Errors
    /// [`FeedError::Write`].
    pub async fn end(&self, of: FeedOf, leaf: Leaf) -> Result<(), FeedError> {
        self.commit(of, None, leaf).await
    }

    async fn commit(&self, of: FeedOf, row_bytes: Option<Vec<u8>>, leaf: Leaf) -> Result<(), FeedError> {
        let acts = vec![(of.agenda.practice, leaf)];
        let write = vec![(row(of), row_bytes)];
        self.records.commit_acts(Vec::new(), write, acts).await?;
        Ok(())
    }

    /// The feed that an address leads to; none where it was invented, has been ended or made anew.
    ///
    /// # Errors
    /// [`FeedError::Read`].
    pub async fn open(&self, link: &str) -> Result<Option<(FeedOf, Feed)>, FeedError> {
        let Some((of, secret)) = split(link) else {
            return Ok(None);
        };
        let found = self.of(of).await?;
        let asked = hash(secret);
        Ok(found
            .filter(|feed| same(&feed.secret_hash, &asked))
            .map(|feed| (of, feed)))
    }
}

fn row(of: FeedOf) -> RecordKey {
    RecordKey {
        practice: of.agenda.practice.0,
        table: Table::CalendarFeed.number(),
        id: [of.agenda.agenda.0, of.staff.0].map(u128::to_be_bytes).concat(),
    }
}

fn split(link: &str) -> Option<(FeedOf, [u8; SECRET_BYTES])> {
    let bytes: [u8; LINK_BYTES] = BASE64URL_NOPAD.decode(link.as_bytes()).ok()?.try_into().ok()?;
    let (ids, secret) = bytes.split_at(3 * ID_BYTES);
    let (ids, _) = ids.as_chunks::<ID_BYTES>();
    let &[practice, agenda, staff] = ids else { return None };
    let of = FeedOf {
        agenda: AgendaKey {
            practice: PracticeId(u128::from_be_bytes(practice)),
            agenda: AgendaId(u128::from_be_bytes(agenda)),
        },
        staff: StaffId(u128::from_be_bytes(staff)),
    };
    Some((of, secret.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::inventory::INVENTORY;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_kept_of_a_feed_is_in_the_inventory() {
        let feed = Feed {
            secret_hash: [0; 32],
            made: UtcMillis(1),
            locale: Locale::French,
        };
        let stored = serde_json::to_value(&feed).unwrap();
        let fields: BTreeSet<&str> = stored.as_object().unwrap().keys().map(String::as_str).collect();
        let listed = INVENTORY.iter().filter(|entry| entry.record == "Feed");
        assert_eq!(fields, listed.map(|entry| entry.field).collect());
    }

    #[test]
    fn addresses_that_are_none_lead_nowhere() {
        for wrong in ["", "AAAA", "é", &"A".repeat(106), &"A".repeat(108), &"=".repeat(107)] {
            assert!(split(wrong).is_none(), "{wrong}");
        }
        assert!(split(&"A".repeat(107)).is_some());
    }
}
