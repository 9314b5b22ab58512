//! One-time links and sessions of staff. A link is redeemed once: for a session where the installation asks for no accounts,
//! else for an account or another password (`accounts`), which opens sessions of its own here.
//!
//! Only SHA-256 hashes of secrets are stored; secrets have 256 random bits, so their hashes tell nothing.
//! Must not be here: passwords and codes, cookies, HTTP, who may do what.

pub(crate) mod bytes;
mod leaf;
mod record;
mod standing;
mod tickets;

pub(crate) use self::leaf::own;
pub use self::leaf::{leaf_origin, short};
use self::record::LinkRecord;
pub(crate) use self::record::SessionRecord;
pub use self::standing::Standing;
use self::tickets::Tickets;
pub use self::tickets::{TICKET_SECONDS, TICKETS_MAX};
use crate::clock::Clock;
use crate::mail::Writes;
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::{Position, RecordKey};
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Draws 32 bytes that nobody can foresee.
pub type Entropy = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// A sign-in link that an owner or the operator hands over is good for 24 hours.
pub const LINK_SECONDS: i64 = 24 * 3_600;
/// A session that a link alone opened ends after 12 hours without use.
pub const SESSION_IDLE_SECONDS: i64 = 12 * 3_600;
/// A session that a link alone opened ends 7 days after sign-in, used or not.
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

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// By a one-time link alone.
    Link,
    /// With a password and a second factor.
    TwoFactors {
        /// The second factor was last shown then.
        shown: UtcMillis,
    },
}

/// Who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffSession {
    /// Of which practice.
    pub practice: PracticeId,
    /// Who.
    pub staff: StaffId,
    /// How.
    pub strength: Strength,
}

/// Where a sign-in came from, as its owner is shown it. At most [`ORIGIN_BYTES_MAX`] each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Browser and system.
    pub device: String,
    /// Network: the first half of the address.
    pub network: String,
}

/// Longest text of an [`Origin`], in bytes.
pub const ORIGIN_BYTES_MAX: usize = 80;

/// How long sessions with two factors last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without use, in seconds.
    pub idle_seconds: i64,
    /// Used or not, in seconds.
    pub seconds: i64,
}

impl Default for Lifetime {
    /// Half an hour without use, twelve hours in all: a working day (row A9).
    fn default() -> Self {
        Self {
            idle_seconds: 30 * 60,
            seconds: 12 * 3_600,
        }
    }
}

/// A session's id: the hash of its token, which it does not tell.
pub type SessionId = [u8; 32];

/// The id of the session with this token.
#[must_use]
pub fn session_id(token: &str) -> SessionId {
    hash(token)
}

/// A link that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// For a member of which practice.
    pub practice: PracticeId,
    /// For whom.
    pub staff: StaffId,
    pub(crate) key: RecordKey,
    pub(crate) version: Position,
}

/// A session about to be written.
pub(crate) struct Opened {
    pub(crate) token: String,
    pub(crate) id: SessionId,
    pub(crate) record: SessionRecord,
}

impl Opened {
    pub(crate) fn write(&self) -> (RecordKey, Option<Vec<u8>>) {
        (key(Table::StaffSession, &self.id), Some(self.record.encode()))
    }
}

type Hash = [u8; 32];

struct Inner {
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    lifetime: Lifetime,
    cache: Mutex<BTreeMap<Hash, SessionRecord>>,
    tickets: Mutex<Tickets>,
}

/// Sign-in links and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

impl Access {
    /// Over a record store.
    #[must_use]
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, entropy: Entropy, lifetime: Lifetime) -> Self {
        Self(Arc::new(Inner {
            records,
            clock,
            entropy,
            lifetime,
            cache: Mutex::new(BTreeMap::new()),
            tickets: Mutex::default(),
        }))
    }

    /// Makes a link's secret: 64 hexadecimal digits. Good once, for [`LINK_SECONDS`]. `by`: who makes it, and from where. Nothing is looked up:
    /// a fresh secret of 256 bits is nobody else's, and so links are made and used while the read store is opening or has failed.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn issue_link(
        &self,
        practice: PracticeId,
        staff: StaffId,
        by: (Actor, LeafOrigin),
    ) -> Result<String, AccessError> {
        self.issue_link_for((practice, staff), LINK_SECONDS, by).await
    }

    /// As [`Access::issue_link`], good for `seconds`.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn issue_link_for(
        &self,
        who: (PracticeId, StaffId),
        seconds: i64,
        by: (Actor, LeafOrigin),
    ) -> Result<String, AccessError> {
        self.issue_link_together(who, seconds, by, |_| Writes::new()).await
    }

    /// As [`Access::issue_link`], good for `seconds`, with records in the same commit that may name the secret.
    pub(crate) async fn issue_link_together(
        &self,
        (practice, staff): (PracticeId, StaffId),
        seconds: i64,
        by: (Actor, LeafOrigin),
        together: impl FnOnce(&str) -> Writes,
    ) -> Result<String, AccessError> {
        let secret = hex::encode((self.0.entropy)());
        let now = self.0.clock.now();
        let link = LinkRecord {
            practice,
            staff,
            issued: now,
            until: now.plus_seconds(seconds),
        };
        let key = key(Table::SignInLink, &hash(&secret));
        let mut writes = together(&secret);
        writes.push((key, Some(link.encode())));
        let leaf = Leaf {
            subject: Subject::Member(staff),
            ..Leaf::done(now, by.0, by.1, Act::LinkMade)
        };
        let acts = vec![(practice, leaf)];
        self.0.records.commit_acts(Vec::new(), writes, acts).await?;
        Ok(secret)
    }

    /// Whom a link is for. A link that is too old is deleted.
    ///
    /// # Errors
    /// [`AccessError::LinkGone`], or storage's.
    pub async fn link(&self, secret: &str) -> Result<Link, AccessError> {
        let key = key(Table::SignInLink, &hash(secret));
        let Some((version, bytes)) = self.0.records.get(key.clone()).await? else {
            return Err(AccessError::LinkGone);
        };
        let link = LinkRecord::decode(&bytes).ok_or(AccessError::LinkGone)?;
        if self.0.clock.now() >= link.until {
            let checks = vec![(key.clone(), version)];
            self.0.records.commit(checks, vec![(key, None)]).await?;
            return Err(AccessError::LinkGone);
        }
        Ok(Link {
            practice: link.practice,
            staff: link.staff,
            key,
            version,
        })
    }

    /// Turns a link's secret into a session token: 64 hexadecimal digits. The link is deleted and the session written in one
    /// commit, so that of two who race with the same link one gets in.
    ///
    /// # Errors
    /// [`AccessError::LinkGone`], or storage's.
    pub async fn redeem(&self, secret: &str, origin: Origin) -> Result<(String, StaffSession), AccessError> {
        let link = self.link(secret).await?;
        let who = StaffSession {
            practice: link.practice,
            staff: link.staff,
            strength: Strength::Link,
        };
        let opened = self.open(who, origin);
        let checks = vec![(link.key.clone(), link.version)];
        let writes = vec![(link.key, None), opened.write()];
        let from = (None, Some(&opened.id), &opened.record.origin);
        let acts = vec![own((who.practice, who.staff), Act::SignedIn, from, opened.record.since)];
        match self.0.records.commit_acts(checks, writes, acts).await {
            Ok(_) => {}
            Err(AppendError::CheckFailed) => return Err(AccessError::LinkGone),
            Err(error) => return Err(error.into()),
        }
        self.remember(opened.id, opened.record).await?;
        Ok((opened.token, who))
    }

    /// How long sessions with two factors last.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.0.lifetime
    }

    /// A session to be written by whoever commits it, then remembered.
    pub(crate) fn open(&self, who: StaffSession, origin: Origin) -> Opened {
        let token = hex::encode((self.0.entropy)());
        let now = self.0.clock.now();
        let origin = Origin {
            device: cut(origin.device),
            network: cut(origin.network),
        };
        Opened {
            id: hash(&token),
            token,
            record: SessionRecord {
                who,
                since: now,
                used: now,
                origin,
            },
        }
    }

    /// The key of a session's record.
    pub(crate) fn key(id: &SessionId) -> RecordKey {
        key(Table::StaffSession, id)
    }

    /// A session by its id, if it stands.
    pub(crate) async fn find(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let stored = self.0.records.get(key(Table::StaffSession, id)).await?;
        let session = stored.and_then(|(_, bytes)| SessionRecord::decode(&bytes));
        Ok(session.filter(|session| !self.ended(session, self.0.clock.now())))
    }

    /// Takes sessions out of memory whose records somebody else has deleted.
    pub(crate) fn drop_cached(&self, ids: &[SessionId]) {
        let mut cache = self.0.cache.lock();
        for id in ids {
            cache.remove(id);
        }
    }

    /// Whether a session has come to its end by the clock, as far as memory tells; storage is asked at its next use.
    #[must_use]
    pub fn has_ended(&self, id: &SessionId, now: UtcMillis) -> bool {
        let cache = self.0.cache.lock();
        cache.get(id).is_some_and(|session| self.ended(session, now))
    }

    /// Who holds this token; none when there is no such session or it has ended.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn session(&self, token: &str) -> Result<Option<StaffSession>, AccessError> {
        self.session_by_id(hash(token)).await
    }

    /// Who is signed in under this id; its use is noted.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn session_by_id(&self, id: SessionId) -> Result<Option<StaffSession>, AccessError> {
        let now = self.0.clock.now();
        let cached = self.0.cache.lock().get(&id).cloned();
        let in_memory = cached.is_some();
        let known = match cached {
            Some(session) => Some(session),
            None => {
                let stored = self.0.records.get(key(Table::StaffSession, &id)).await?;
                stored.and_then(|(_, bytes)| SessionRecord::decode(&bytes))
            }
        };
        let Some(mut session) = known else { return Ok(None) };
        if self.ended(&session, now) {
            self.forget(&id).await?;
            return Ok(None);
        }
        if now >= session.used.plus_seconds(SESSION_TOUCH_SECONDS) {
            session.used = now;
            if !self.touch(&id, session.clone()).await? {
                return Ok(None);
            }
        } else if !in_memory && !self.remember(id, session.clone()).await? {
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

    fn ended(&self, session: &SessionRecord, now: UtcMillis) -> bool {
        let lifetime = match session.who.strength {
            Strength::Link => Lifetime {
                idle_seconds: SESSION_IDLE_SECONDS,
                seconds: SESSION_SECONDS,
            },
            Strength::TwoFactors { .. } => self.0.lifetime,
        };
        now >= session.used.plus_seconds(lifetime.idle_seconds) || now >= session.since.plus_seconds(lifetime.seconds)
    }

    async fn forget(&self, id: &Hash) -> Result<(), AccessError> {
        let key = key(Table::StaffSession, id);
        if let Some((_, bytes)) = self.0.records.get(key.clone()).await? {
            let session = SessionRecord::decode(&bytes);
            let leaf = session.map(|session| {
                let from = (None, Some(id), &session.origin);
                own(
                    (session.who.practice, session.who.staff),
                    Act::SessionEnded,
                    from,
                    self.0.clock.now(),
                )
            });
            let acts = leaf.into_iter().collect();
            self.0.records.commit_acts(Vec::new(), vec![(key, None)], acts).await?;
        }
        self.0.cache.lock().remove(id);
        Ok(())
    }

    /// Caches a session, unless it was ended meanwhile (`false`): signing out first deletes the record, then clears the cache,
    /// so a record that still stands after caching will be cleared by whoever deletes it.
    pub(crate) async fn remember(&self, id: Hash, session: SessionRecord) -> Result<bool, AccessError> {
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

/// Whether two hashes are equal, in constant time.
pub(crate) fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let difference = one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b));
    std::hint::black_box(difference) == 0
}

/// What is kept of a secret.
pub(crate) fn hash(secret: impl AsRef<[u8]>) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_ref());
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(digest.as_ref()) {
        *slot = *byte;
    }
    hash
}

fn cut(mut text: String) -> String {
    while text.len() > ORIGIN_BYTES_MAX {
        text.pop();
    }
    text
}
