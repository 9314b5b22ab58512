//! Staff sign-in for now: a one-time link, redeemed once for a session. Full authentication comes here with its issue.
//!
//! Only SHA-256 hashes of secrets are stored; secrets have 256 random bits, so their hashes tell nothing.
//! Must not be here: cookies, HTTP, who may do what.

mod record;

use self::record::{LinkRecord, SessionRecord};
use crate::clock::Clock;
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::RecordKey;
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Draws 32 bytes that nobody can foresee.
pub type Entropy = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// A sign-in link is good for 24 hours.
pub const LINK_SECONDS: i64 = 24 * 3_600;
/// A session ends after 12 hours without use.
pub const SESSION_IDLE_SECONDS: i64 = 12 * 3_600;
/// A session ends 7 days after sign-in, used or not.
pub const SESSION_SECONDS: i64 = 7 * 24 * 3_600;
/// A session's use is written down at most once in this time, so that reading pages is not a write each.
pub const SESSION_TOUCH_SECONDS: i64 = 10 * 60;
/// Sessions kept in memory beside the store.
pub const SESSIONS_CACHED_MAX: usize = 10_000;

/// Why signing in or looking a session up failed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The link is unknown, used or too old.
    #[error("the sign-in link is unknown, used or too old")]
    LinkGone,
    /// Storage refused the write.
    #[error("failed to write a sign-in record")]
    Write(#[from] AppendError),
    /// Storage could not be read.
    #[error("failed to read a sign-in record")]
    Read(#[from] StoreError),
}

/// Who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffSession {
    /// Of which practice.
    pub practice: PracticeId,
    /// Who.
    pub staff: StaffId,
}

type Hash = [u8; 32];

struct Inner {
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    cache: Mutex<BTreeMap<Hash, SessionRecord>>,
}

/// Sign-in links and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

impl Access {
    /// Over a record store.
    #[must_use]
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        Self(Arc::new(Inner {
            records,
            clock,
            entropy,
            cache: Mutex::new(BTreeMap::new()),
        }))
    }

    /// Makes a link's secret: 64 hexadecimal digits. Good once, for [`LINK_SECONDS`]. Nothing is looked up: a fresh secret
    /// of 256 bits is nobody else's, and so links are made and used while the read store is opening or has failed.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn issue_link(&self, practice: PracticeId, staff: StaffId) -> Result<String, AccessError> {
        let secret = hex::encode((self.0.entropy)());
        let link = LinkRecord {
            who: StaffSession { practice, staff },
            issued: self.0.clock.now(),
        };
        let key = key(Table::SignInLink, &hash(&secret));
        let writes = vec![(key, Some(link.encode()))];
        self.0.records.commit(Vec::new(), writes).await?;
        Ok(secret)
    }

    /// Turns a link's secret into a session token: 64 hexadecimal digits. The link is deleted and the session written in one
    /// commit, so that of two who race with the same link one gets in.
    ///
    /// # Errors
    /// [`AccessError::LinkGone`], or storage's.
    pub async fn redeem(&self, secret: &str) -> Result<(String, StaffSession), AccessError> {
        let link_key = key(Table::SignInLink, &hash(secret));
        let Some((version, bytes)) = self.0.records.get(link_key.clone()).await? else {
            return Err(AccessError::LinkGone);
        };
        let now = self.0.clock.now();
        let link = LinkRecord::decode(&bytes).ok_or(AccessError::LinkGone)?;
        if now >= link.issued.plus_seconds(LINK_SECONDS) {
            self.0
                .records
                .commit(vec![(link_key.clone(), version)], vec![(link_key, None)])
                .await?;
            return Err(AccessError::LinkGone);
        }
        let token = hex::encode((self.0.entropy)());
        let session = SessionRecord {
            who: link.who,
            since: now,
            used: now,
        };
        let id = hash(&token);
        let session_key = key(Table::StaffSession, &id);
        let checks = vec![(link_key.clone(), version)];
        let writes = vec![(link_key, None), (session_key, Some(session.encode()))];
        match self.0.records.commit(checks, writes).await {
            Ok(_) => {}
            Err(AppendError::CheckFailed) => return Err(AccessError::LinkGone),
            Err(error) => return Err(error.into()),
        }
        self.remember(id, session).await?;
        Ok((token, link.who))
    }

    /// Who holds this token; none when there is no such session or it has ended.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn session(&self, token: &str) -> Result<Option<StaffSession>, AccessError> {
        let id = hash(token);
        let now = self.0.clock.now();
        let cached = self.0.cache.lock().get(&id).copied();
        let known = match cached {
            Some(session) => Some(session),
            None => {
                let stored = self.0.records.get(key(Table::StaffSession, &id)).await?;
                stored.and_then(|(_, bytes)| SessionRecord::decode(&bytes))
            }
        };
        let Some(mut session) = known else { return Ok(None) };
        if session.ended(now) {
            self.forget(&id).await?;
            return Ok(None);
        }
        if now >= session.used.plus_seconds(SESSION_TOUCH_SECONDS) {
            session.used = now;
            if !self.touch(&id, session).await? {
                return Ok(None);
            }
        } else if cached.is_none() && !self.remember(id, session).await? {
            return Ok(None);
        }
        Ok(Some(session.who))
    }

    /// Ends a session. Unknown tokens are fine.
    ///
    /// # Errors
    /// When it could not be written: the session then still stands.
    pub async fn sign_out(&self, token: &str) -> Result<(), AccessError> {
        self.forget(&hash(token)).await
    }

    /// Writes a session's use down, unless it was ended meanwhile (`false`).
    async fn touch(&self, id: &Hash, session: SessionRecord) -> Result<bool, AccessError> {
        let key = key(Table::StaffSession, id);
        let Some((version, _)) = self.0.records.get(key.clone()).await? else {
            self.0.cache.lock().remove(id);
            return Ok(false);
        };
        let write = vec![(key.clone(), Some(session.encode()))];
        match self.0.records.commit(vec![(key.clone(), version)], write).await {
            Ok(_) => self.remember(*id, session).await,
            // Someone else touched it, or ended it.
            Err(AppendError::CheckFailed) => Ok(self.0.records.get(key).await?.is_some()),
            // Its use is written down next time; a session outlives a busy store.
            Err(_) => Ok(true),
        }
    }

    async fn forget(&self, id: &Hash) -> Result<(), AccessError> {
        let key = key(Table::StaffSession, id);
        if self.0.records.get(key.clone()).await?.is_some() {
            self.0.records.commit(Vec::new(), vec![(key, None)]).await?;
        }
        self.0.cache.lock().remove(id);
        Ok(())
    }

    /// Caches a session, unless it was ended meanwhile (`false`): signing out first deletes the record, then clears the cache,
    /// so a record that still stands after caching will be cleared by whoever deletes it.
    async fn remember(&self, id: Hash, session: SessionRecord) -> Result<bool, AccessError> {
        {
            let mut cache = self.0.cache.lock();
            if cache.len() >= SESSIONS_CACHED_MAX && !cache.contains_key(&id) {
                // Ids are hashes of random tokens: the first is as good as any.
                cache.pop_first();
            }
            cache.insert(id, session);
        }
        let stands = self.0.records.get(key(Table::StaffSession, &id)).await?.is_some();
        if !stands {
            self.0.cache.lock().remove(&id);
        }
        Ok(stands)
    }
}

fn key(table: Table, id: &Hash) -> RecordKey {
    RecordKey {
        // The installation's own records: the token alone must find them.
        practice: 0,
        table: table.number(),
        id: id.to_vec(),
    }
}

fn hash(secret: &str) -> Hash {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(digest.as_ref()) {
        *slot = *byte;
    }
    hash
}

impl SessionRecord {
    const fn ended(&self, now: UtcMillis) -> bool {
        now.0 >= self.used.plus_seconds(SESSION_IDLE_SECONDS).0 || now.0 >= self.since.plus_seconds(SESSION_SECONDS).0
    }
}
