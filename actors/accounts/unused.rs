//! Accounts that nobody uses: told two weeks before, then closed until an owner hands out a link. Nothing is stored for it: what
//! counts is the last sign-in.
//!
//! Must not be here: deleting accounts (that comes with the member's removal).

use super::record::AccountRecord;
use super::{AccountError, Accounts, Holder};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::rights::Role;
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
use std::collections::BTreeMap;

/// So many days before, the account's holder is told.
pub const NOTICE_DAYS: i64 = 14;
const DAY_SECONDS: i64 = 24 * 3_600;

/// How an account stands, for who reviews who has access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Closed because nobody used it.
    pub disabled: bool,
    /// Last sign-in.
    pub signed_in: UtcMillis,
    /// Passkeys beside the application.
    pub passkeys: usize,
}

impl Accounts {
    /// Whether an account signs nobody in any more.
    pub(super) fn is_disabled(&self, record: &AccountRecord) -> bool {
        self.0.clock.now() >= self.disabled_from(record)
    }

    fn disabled_from(&self, record: &AccountRecord) -> UtcMillis {
        record.signed_in.plus_seconds(self.0.unused_days * DAY_SECONDS)
    }

    /// Whether a link may be mailed to whoever asks: to a closed account only if its holder answers for the practice, as
    /// nobody else could open it again.
    pub(super) fn may_be_mailed_a_link(&self, holder: Holder, record: &AccountRecord) -> bool {
        let practice = self.0.directory.practice(holder.practice);
        let role = practice.and_then(|practice| practice.role_now(holder.staff, self.0.clock.now()));
        !self.is_disabled(record) || role == Some(Role::Owner)
    }

    /// Members of a practice who have an account, and how it stands; at most a thousand are looked through.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn states_in(&self, practice: PracticeId) -> Result<BTreeMap<StaffId, Standing>, AccountError> {
        let standing = |record: &AccountRecord| Standing {
            disabled: self.is_disabled(record),
            signed_in: record.signed_in,
            passkeys: record.passkeys.len(),
        };
        let accounts = self.records_in(practice).await?.into_iter();
        Ok(accounts.map(|(staff, record)| (staff, standing(&record))).collect())
    }

    /// Whose account comes to its notice after `last` and up to `day`, and from when on it will be closed.
    pub(crate) async fn to_be_told(
        &self,
        practice: PracticeId,
        zone: &Zone,
        (last, day): (CivilDate, CivilDate),
    ) -> Result<Vec<(StaffId, UtcMillis)>, AccountError> {
        let noticed = |record: &AccountRecord| {
            let at = self.disabled_from(record).plus_seconds(-NOTICE_DAYS * DAY_SECONDS);
            let due = CivilDate::of(zone, at);
            (last < due && due <= day).then(|| self.disabled_from(record))
        };
        let accounts = self.records_in(practice).await?.into_iter();
        Ok(accounts
            .filter_map(|(staff, record)| Some((staff, noticed(&record)?)))
            .collect())
    }
}
