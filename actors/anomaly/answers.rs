//! Reading alerts, and answering them.
//!
//! Must not be here: who may (the edge asks that first), judging.

use super::follow::Watched;
use super::kept::{self, AlertId, AlertRecord, Answer};
use super::{AnomalyError, AnomalySupervisor};
use crate::mail::INSTALLATION;
use cabinet_domain::anomaly::Allowance;
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;

impl AnomalySupervisor {
    /// Alerts of a practice, newest days first.
    ///
    /// # Errors
    /// [`AnomalyError::Read`].
    pub async fn alerts(&self, practice: PracticeId) -> Result<Vec<AlertRecord>, AnomalyError> {
        // With the counts of this minute.
        let mut practices = self.0.practices.lock().await;
        if practices.get(&practice).is_some_and(Watched::is_dirty) {
            self.keep(&mut practices, practice, Vec::new()).await?;
        }
        drop(practices);
        Ok(kept::read_alerts(self.0.records.as_ref(), practice, kept::ALERTS_MAX).await?)
    }

    /// Alerts about networks and the installation, newest days first.
    ///
    /// # Errors
    /// [`AnomalyError::Read`].
    pub async fn alerts_of_installation(&self) -> Result<Vec<AlertRecord>, AnomalyError> {
        self.alerts(INSTALLATION).await
    }

    /// Networks that sign nobody in now, and until when.
    #[must_use]
    pub fn blocked(&self) -> Vec<(String, UtcMillis)> {
        let now = self.0.clock.now();
        let blocked = self.0.blocked.lock();
        let standing = blocked.iter().filter(|(_, until)| now < **until);
        standing.map(|(network, until)| (network.clone(), *until)).collect()
    }

    /// Lets a network sign in again before its time. Answers whether it was blocked.
    #[must_use]
    pub fn unblock(&self, network: &str) -> bool {
        self.0.blocked.lock().remove(network).is_some()
    }

    /// Acknowledges an open alert about a network or the installation, with its leaf in the team's log in the same commit.
    ///
    /// # Errors
    /// [`AnomalyError::NotFound`]; storage's.
    pub async fn acknowledge(
        &self,
        id: AlertId,
        (by, origin): (StaffId, LeafOrigin),
        reason: String,
    ) -> Result<AlertRecord, AnomalyError> {
        let now = self.0.clock.now();
        let key = kept::alert_key(INSTALLATION, &id);
        let (version, bytes) = self.0.records.get(key.clone()).await?.ok_or(AnomalyError::NotFound)?;
        let mut record: AlertRecord = serde_json::from_slice(&bytes).map_err(|_| AnomalyError::NotFound)?;
        if let Some(said) = &record.answer {
            let same = said.by == by && said.reason == reason;
            return if same { Ok(record) } else { Err(AnomalyError::NotFound) };
        }
        record.answer = Some(Answer {
            by,
            at: now,
            mine: false,
            reason,
        });
        let writes = vec![kept::write_alert(INSTALLATION, &record)?];
        let leaf = Leaf {
            note: record.alert.rule.name().to_owned(),
            ..Leaf::done(now, Actor::Staff(by), origin, Act::AlertAnswered)
        };
        let acts = vec![(PracticeId::PLATFORM, leaf)];
        self.0.records.commit_acts(vec![(key, version)], writes, acts).await?;
        self.changed(INSTALLATION);
        Ok(record)
    }

    /// Answers an open alert, with its leaf in the same commit. "That was me" quietens the rule for the member for a while,
    /// where a rule may be quietened.
    ///
    /// # Errors
    /// [`AnomalyError::NotFound`]; [`AnomalyError::NotYours`]; storage's.
    pub async fn answer(
        &self,
        practice: PracticeId,
        id: AlertId,
        (by, origin): (StaffId, LeafOrigin),
        (mine, reason): (bool, String),
    ) -> Result<AlertRecord, AnomalyError> {
        let now = self.0.clock.now();
        let mut practices = self.0.practices.lock().await;
        let watched = self.watched(&mut practices, practice).await?;
        let key = kept::alert_key(practice, &id);
        let (version, bytes) = self.0.records.get(key.clone()).await?.ok_or(AnomalyError::NotFound)?;
        let mut record: AlertRecord = serde_json::from_slice(&bytes).map_err(|_| AnomalyError::NotFound)?;
        if let Some(said) = &record.answer {
            // The same once more is a retry.
            let same = said.by == by && said.mine == mine && said.reason == reason;
            return if same { Ok(record) } else { Err(AnomalyError::NotFound) };
        }
        if mine && (record.alert.staff != by || !record.alert.rule.may_be_allowed()) {
            return Err(AnomalyError::NotYours);
        }
        record.answer = Some(Answer {
            by,
            at: now,
            mine,
            reason,
        });
        let mut writes = vec![kept::write_alert(practice, &record)?];
        let allowance = mine.then(|| Allowance {
            staff: by,
            rule: record.alert.rule,
            until: now.plus_seconds(i64::from(self.0.limits.allowance_days) * 24 * 3_600),
        });
        if let Some(allowance) = allowance {
            writes.push(watched.with_allowance(practice, allowance, now)?);
        }
        let leaf = Leaf {
            subject: Subject::Member(record.alert.staff),
            note: record.alert.rule.name().to_owned(),
            ..Leaf::done(now, Actor::Staff(by), origin, Act::AlertAnswered)
        };
        let checks = vec![(key, version)];
        let committed = self.0.records.commit_acts(checks, writes, vec![(practice, leaf)]).await;
        if let Err(error) = committed {
            // Nobody knows what was written: all is read anew.
            practices.remove(&practice);
            return Err(error.into());
        }
        watched.answered(&record, allowance);
        drop(practices);
        self.changed(practice);
        Ok(record)
    }
}
