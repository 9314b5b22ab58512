//! The day's mail to the owners of a practice: the alerts of the day before, and the newest checkpoint of the access log, which
//! thereby lies where whoever holds this server cannot reach it.
//!
//! Must not be here: what is in a checkpoint, when alerts are raised.

use super::kept::{self, Addressee, Dailies, RECEIPT_DAYS, RECEIPTS_MAX, Writes};
use super::{MailError, MailSupervisor};
use crate::anomaly::AlertRecord;
use cabinet_domain::anomaly::Rule;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::mail::{Daily, Letter, daily_due};
use cabinet_domain::practice::Practice;
use cabinet_domain::time::{CivilDate, UtcMillis};
use std::collections::BTreeMap;

/// Owners are asked for a newer contract so many days before its deadline.
const CONTRACT_DAYS: [i32; 4] = [30, 7, 1, 0];
/// Owners are told of a review of who has access so many days after it came due.
const REVIEW_DAYS: [i32; 2] = [0, 14];

impl MailSupervisor {
    /// Writes down the days' mails that are due, for all practices.
    pub(super) async fn write_dailies(&self) {
        let now = self.0.clock.now();
        let practices = self.0.directory.practices().into_iter();
        for practice in practices.filter(|practice| !practice.id.is_platform()) {
            let known = self.0.dailies.lock().get(&practice.id).copied();
            let Some(day) = daily_due(&practice.zone(), now, self.0.options.daily_hour, known) else {
                continue;
            };
            match self.write_daily(&practice, day, now).await {
                Ok(()) => {
                    self.0.dailies.lock().insert(practice.id, day);
                }
                Err(error) => self.tell(&error),
            }
        }
    }

    async fn write_daily(&self, practice: &Practice, day: CivilDate, now: UtcMillis) -> Result<(), MailError> {
        let records = self.0.records.as_ref();
        let (version, last) = kept::read_dailies(records, practice.id).await?;
        if last.is_some_and(|last| day <= last.day) {
            return Ok(());
        }
        let Some(last) = last else {
            // A practice's first mail comes after its first whole night here.
            let begun = Dailies { day, entries: 0 };
            return Ok(kept::write_dailies(records, practice.id, (version, begun), Writes::new()).await?);
        };
        let log = self.0.audit.state(practice.id).await?;
        let alerts = self.0.anomalies.alerts(practice.id).await?;
        let daily = Daily {
            day,
            alerts: of_day(&alerts, day),
            open: u32::try_from(alerts.iter().filter(|one| one.answer.is_none()).count()).unwrap_or(u32::MAX),
            entries: log.size,
            covered: log.covered.unwrap_or(0),
            checkpoint: log.checkpoint,
        };
        let mut writes = self.old_receipts(practice.id, now).await?;
        let told = (last.day, day);
        for (staff, from) in self.0.accounts.to_be_told(practice.id, &practice.zone(), told).await? {
            let letter = Letter::Unused { from };
            writes.extend(self.0.outbox.put(practice.id, Addressee::Member(staff), letter));
        }
        writes.extend(self.contract_mails(practice, told, now));
        writes.extend(self.review_mails(practice, told, now));
        // Nothing to tell: what was mailed last covers all there is.
        if daily.entries != last.entries || !daily.alerts.is_empty() {
            let owners = practice.owners(now).map(|owner| Addressee::Member(owner.id));
            let letter = Letter::Daily { daily };
            writes.extend(self.0.outbox.put_all(practice.id, owners, &letter));
        }
        let entries = log.size;
        Ok(kept::write_dailies(records, practice.id, (version, Dailies { day, entries }), writes).await?)
    }

    /// Mails about a contract that waits to be accepted: a month, a week and a day before its deadline, and at it.
    fn contract_mails(&self, practice: &Practice, (last, day): (CivilDate, CivilDate), now: UtcMillis) -> Writes {
        let mut writes = Writes::new();
        for deadline in &self.0.deadlines {
            let end = CivilDate::of(&practice.zone(), deadline.accept_by);
            let due = CONTRACT_DAYS.iter().any(|before| {
                let at = end.plus_days(-before);
                last < at && at <= day
            });
            if due && practice.lacks(deadline) {
                let owners = practice.owners(now).map(|owner| Addressee::Member(owner.id));
                let letter = Letter::ContractAsked { by: deadline.accept_by };
                writes.extend(self.0.outbox.put_all(practice.id, owners, &letter));
                // One mail for all documents.
                break;
            }
        }
        writes
    }

    /// Mails about a review of who has access that is due: the day after, and a fortnight later.
    fn review_mails(&self, practice: &Practice, (last, day): (CivilDate, CivilDate), now: UtcMillis) -> Writes {
        let since = practice.review_due();
        let due = CivilDate::of(&practice.zone(), since);
        let told = REVIEW_DAYS.iter().any(|after| {
            let at = due.plus_days(*after);
            last < at && at <= day
        });
        if !told || now < since {
            return Writes::new();
        }
        let owners = practice.owners(now).map(|owner| Addressee::Member(owner.id));
        self.0.outbox.put_all(practice.id, owners, &Letter::ReviewDue { since })
    }

    /// Receipts that are over their term, or too many.
    async fn old_receipts(&self, practice: PracticeId, now: UtcMillis) -> Result<Writes, MailError> {
        let receipts = kept::read_receipts(self.0.records.as_ref(), practice, 2 * RECEIPTS_MAX).await?;
        let over = |(place, at): (usize, UtcMillis)| {
            place >= RECEIPTS_MAX || now >= at.plus_seconds(RECEIPT_DAYS * 24 * 3_600)
        };
        let old = receipts
            .into_iter()
            .enumerate()
            .filter(|(place, (_, receipt))| over((*place, receipt.at)));
        // A commit holds so many writes; the next day takes the rest.
        Ok(old.take(200).map(|(_, (key, _))| (key, None)).collect())
    }
}

fn of_day(alerts: &[AlertRecord], day: CivilDate) -> Vec<(Rule, u32)> {
    let mut counts: BTreeMap<Rule, u32> = BTreeMap::new();
    for one in alerts.iter().filter(|one| one.alert.day == day) {
        *counts.entry(one.alert.rule).or_default() += 1;
    }
    counts.into_iter().collect()
}
