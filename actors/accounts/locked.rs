//! Locked members at the door: who is told that they are, and the only owner, who releases themselves.
//!
//! Must not be here: locking (the watch does), releasing others (`membership`).

use super::{AccountError, Accounts, Holder};
use crate::access::{Origin, leaf_origin};
use crate::directory::{DirectoryError, Sender};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::CommandId;
use cabinet_domain::practice::PracticeEvent;

impl Accounts {
    /// Refuses who is locked, both factors shown. Whether they release themselves by it: the only owner may, once they say that
    /// they have seen why.
    pub(super) fn judge_lock(&self, holder: Holder, acknowledged: bool) -> Result<bool, AccountError> {
        let practice = self.0.directory.practice(holder.practice);
        let practice = practice.filter(|practice| practice.is_locked(holder.staff));
        match practice.map(|practice| practice.may_release_themselves(holder.staff, self.0.clock.now())) {
            None => Ok(false),
            Some(true) if acknowledged => Ok(true),
            Some(true) => Err(AccountError::LockToAcknowledge),
            Some(false) => Err(AccountError::Locked),
        }
    }

    /// Releases the only owner, who has shown both factors. A crash before it leaves them locked: they sign in once more.
    pub(super) async fn release_themselves(&self, holder: Holder, origin: &Origin) -> Result<(), AccountError> {
        let sender = Sender {
            principal: Principal::Staff(holder.staff),
            origin: leaf_origin(None, None, &origin.network),
        };
        let drawn = (self.0.entropy)().first_chunk().copied().unwrap_or_default();
        let command_id = CommandId(u128::from_be_bytes(drawn));
        let released = self
            .0
            .directory
            .decide(holder.practice, sender, command_id, |practice, now| {
                let may = practice.may_release_themselves(holder.staff, now);
                let event = may.then_some(PracticeEvent::MemberReleased(holder.staff));
                Ok::<_, DirectoryError>(event.into_iter().collect())
            });
        released.await.map(drop).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a lock was not ended");
            AccountError::Busy
        })
    }
}
