//! Sessions as operators see them: all that stand, and one ended for its owner.
//!
//! Must not be here: who may look.

use super::{Access, AccessError, Origin, SESSIONS_CACHED_MAX, SessionId, SessionRecord, StaffSession};
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::Table;
use cabinet_storage::journal::RecordKey;

/// A session that stands, as operators are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub who: StaffSession,
    /// Where it came from.
    pub origin: Origin,
    /// Signed in then.
    pub since: UtcMillis,
    /// Last use that was noted.
    pub used: UtcMillis,
}

impl Access {
    /// Whether a session stands. Its use is not noted.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn stands(&self, id: &SessionId) -> Result<bool, AccessError> {
        Ok(self.find(id).await?.is_some())
    }

    /// Sessions that stand, the latest used first; at most `most`, of at most [`SESSIONS_CACHED_MAX`] that are looked through.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn standing(&self, most: usize) -> Result<Vec<Standing>, AccessError> {
        let table = Table::StaffSession.number();
        let rows = self.0.records.scan(0, table, SESSIONS_CACHED_MAX).await?;
        let now = self.0.clock.now();
        let one = |(key, bytes): (RecordKey, Vec<u8>)| {
            let session = SessionRecord::decode(&bytes).filter(|session| !self.ended(session, now))?;
            Some(Standing {
                id: key.id.try_into().ok()?,
                who: session.who,
                origin: session.origin,
                since: session.since,
                used: session.used,
            })
        };
        let mut all: Vec<Standing> = rows.into_iter().filter_map(one).collect();
        all.sort_by_key(|session| std::cmp::Reverse(session.used));
        all.truncate(most);
        Ok(all)
    }

    /// Ends somebody's session for them. `by`: who does, and from where. Answers whose it was; none: there is no such session.
    ///
    /// # Errors
    /// When it could not be written: the session then still stands.
    pub async fn end_for(
        &self,
        id: &SessionId,
        by: (Actor, LeafOrigin),
    ) -> Result<Option<(PracticeId, StaffId)>, AccessError> {
        let Some(session) = self.find(id).await? else {
            return Ok(None);
        };
        let (practice, staff) = (session.who.practice, session.who.staff);
        let leaf = Leaf {
            subject: Subject::Member(staff),
            ..Leaf::done(self.0.clock.now(), by.0, by.1, Act::SessionEnded)
        };
        let writes = vec![(Self::key(id), None)];
        self.0
            .records
            .commit_acts(Vec::new(), writes, vec![(practice, leaf)])
            .await?;
        self.drop_cached(&[*id]);
        Ok(Some((practice, staff)))
    }
}
