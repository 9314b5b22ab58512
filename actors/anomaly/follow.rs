//! Following one practice's log: what is kept is read, new leaves are judged, what changed is kept.
//!
//! Must not be here: what is done about alerts, the loop around it.

use super::feed::{self, Standing};
use super::kept::{self, ALERT_DAYS, AlertRecord, Answer, PracticeRecord, Writes, alert_id};
use super::{AnomalyError, AnomalySupervisor};
use crate::audit::Numbered;
use crate::mail::Addressee;
use cabinet_domain::anomaly::{Alert, Allowance, Family, Gravity, Rule, Signal, Watch};
use cabinet_domain::audit::{Act, Leaf, Shown, Subject};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::mail::Letter;
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::Role;
use cabinet_domain::time::{CivilDate, UtcMillis};
use cabinet_storage::StoreError;
use cabinet_storage::journal::RecordKey;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Leaves read in one turn.
const LEAVES_PER_TURN: u64 = 500;
/// Habits are kept after so many seconds, and with each alert; a restart reads what came since once more.
const SAVE_SECONDS: i64 = 15 * 60;
/// Alerts about what happened longer ago are not raised: habits are learnt from the past, nobody is disturbed by it.
const PAST_SECONDS: i64 = 24 * 3_600;
/// Allowances of a practice.
const ALLOWANCES_MAX: usize = 30;

type AlertKey = (CivilDate, StaffId, Rule);

/// A practice in memory.
pub(super) struct Watched {
    watch: Watch,
    record: PracticeRecord,
    standing: Standing,
    /// Answers to alerts of the last days: a count more does not undo them.
    answers: BTreeMap<AlertKey, Answer>,
    saved: UtcMillis,
    dirty: bool,
    /// Members who have left since it was last saved.
    gone: Vec<StaffId>,
}

impl Watched {
    /// The write of a practice's record with one allowance more.
    pub(super) fn with_allowance(
        &self,
        practice: PracticeId,
        allowance: Allowance,
        now: UtcMillis,
    ) -> Result<(RecordKey, Option<Vec<u8>>), StoreError> {
        kept::write_practice(practice, &with(&self.record, allowance, now))
    }

    /// Takes over what was committed.
    pub(super) fn answered(&mut self, record: &AlertRecord, allowance: Option<Allowance>) {
        let alert = &record.alert;
        if let Some(answer) = &record.answer {
            self.answers
                .insert((alert.day, alert.staff, alert.rule), answer.clone());
        }
        if let Some(allowance) = allowance {
            let now = record.answer.as_ref().map_or(UtcMillis(0), |answer| answer.at);
            self.record = with(&self.record, allowance, now);
            self.watch.allow(allowance);
        }
    }

    /// Whether something was not written yet.
    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    fn writes(&mut self, practice: PracticeId) -> Result<Writes, StoreError> {
        let mut writes = vec![kept::write_practice(practice, &self.record)?];
        for (staff, member) in self.watch.take_touched_members() {
            writes.extend(kept::write_member(practice, staff, &member)?);
        }
        for staff in std::mem::take(&mut self.gone) {
            writes.extend(kept::forget_member(practice, staff));
        }
        for alert in self.watch.take_changed_alerts() {
            let answer = self.answers.get(&(alert.day, alert.staff, alert.rule)).cloned();
            let record = AlertRecord {
                alert,
                detail: String::new(),
                answer,
            };
            writes.push(kept::write_alert(practice, &record)?);
        }
        Ok(writes)
    }
}

fn with(record: &PracticeRecord, allowance: Allowance, now: UtcMillis) -> PracticeRecord {
    let mut record = record.clone();
    let same = |known: &Allowance| known.staff == allowance.staff && known.rule == allowance.rule;
    record.allowances.retain(|known| now < known.until && !same(known));
    record.allowances.push(allowance);
    let over = record.allowances.len().saturating_sub(ALLOWANCES_MAX);
    record.allowances.drain(..over);
    record
}

impl AnomalySupervisor {
    /// A practice in memory; read if it is not there yet.
    pub(super) async fn watched<'a>(
        &self,
        practices: &'a mut HashMap<PracticeId, Watched>,
        id: PracticeId,
    ) -> Result<&'a mut Watched, AnomalyError> {
        match practices.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(vacant) => {
                let practice = self.0.directory.practice(id).ok_or(AnomalyError::NotFound)?;
                Ok(vacant.insert(self.load(&practice).await?))
            }
        }
    }

    async fn load(&self, practice: &Practice) -> Result<Watched, AnomalyError> {
        let kept = kept::read(self.0.records.as_ref(), practice.id).await?;
        let zone = practice.zone();
        let now = self.0.clock.now();
        let today = CivilDate::of(&zone, now);
        let mut watch = Watch::new(self.0.limits.clone(), zone);
        for (staff, member) in kept.members {
            watch.recall(staff, member);
        }
        for allowance in &kept.practice.allowances {
            watch.allow(*allowance);
        }
        let mut answers = BTreeMap::new();
        let mut over = Vec::new();
        for record in kept::read_alerts(self.0.records.as_ref(), practice.id, kept::ALERTS_MAX).await? {
            let alert = record.alert;
            if alert.day.plus_days(ALERT_DAYS) < today {
                over.push((kept::alert_key(practice.id, &alert_id(&alert)), None));
                continue;
            }
            if let Some(answer) = record.answer {
                answers.insert((alert.day, alert.staff, alert.rule), answer);
            }
            watch.recall_alert(alert);
        }
        if !over.is_empty() {
            self.0.records.commit(Vec::new(), over).await?;
        }
        Ok(Watched {
            watch,
            record: kept.practice,
            standing: feed::standing(practice),
            answers,
            saved: now,
            dirty: false,
            gone: Vec::new(),
        })
    }

    /// Judges what a practice's log has come to. Answers the alerts that are new or graver, once they are kept.
    pub(super) async fn follow(&self, id: PracticeId) -> Result<Vec<Alert>, AnomalyError> {
        let Some(practice) = self.0.directory.practice(id) else {
            return Ok(Vec::new());
        };
        let size = self.0.audit.size(id).await?;
        let mut practices = self.0.practices.lock().await;
        let watched = self.watched(&mut practices, id).await?;
        let mut risen = Vec::new();
        while watched.record.next < size {
            let upto = size.min(watched.record.next + LEAVES_PER_TURN);
            let most = usize::try_from(upto - watched.record.next).unwrap_or(usize::MAX);
            let found = self.0.audit.look_back(id, upto, |_| true, most).await?;
            for Numbered { opened, .. } in found.leaves.into_iter().rev() {
                // What is over its term, or a newer build's, says nothing here.
                if let Shown::Whole { leaf, .. } = opened {
                    risen.extend(self.judge(watched, &practice, &leaf));
                }
            }
            watched.record.next = upto;
            watched.dirty = true;
        }
        watched.standing = feed::standing(&practice);
        if !risen.is_empty() {
            let mails = self.mails(&practice, &risen);
            self.keep(&mut practices, id, mails).await?;
            self.told(id, &risen);
        }
        Ok(risen)
    }

    fn judge(&self, watched: &mut Watched, practice: &Practice, leaf: &Leaf) -> Vec<Alert> {
        if let (Act::MemberRemoved, Subject::Member(gone)) = (leaf.act, leaf.subject) {
            watched.watch.forget(gone);
            watched.gone.push(gone);
        }
        let facts = self.0.sign_ins.lock().facts(leaf.origin.session);
        let signal = feed::signal(leaf, practice, &watched.standing, facts.as_ref());
        signal.map_or_else(Vec::new, |signal| self.observe(watched, &signal))
    }

    fn observe(&self, watched: &mut Watched, signal: &Signal) -> Vec<Alert> {
        watched.dirty = true;
        let risen = watched.watch.observe(signal);
        for alert in risen.iter().filter(|alert| !alert.rule.may_be_allowed()) {
            // What was said of the first time says nothing of the next.
            watched.answers.remove(&(alert.day, alert.staff, alert.rule));
        }
        let past = signal.at.plus_seconds(PAST_SECONDS) < self.0.clock.now();
        if past {
            let _learnt_from = watched.watch.take_changed_alerts();
            return Vec::new();
        }
        risen
    }

    /// Judges what requests have told.
    pub(super) async fn session_signals(&self) -> Result<Vec<(PracticeId, Vec<Alert>)>, AnomalyError> {
        let signals = self.0.sign_ins.lock().take_signals();
        let mut outcome = Vec::new();
        for (id, signal) in signals {
            let mut practices = self.0.practices.lock().await;
            let watched = self.watched(&mut practices, id).await?;
            let risen = self.observe(watched, &signal);
            if !risen.is_empty() {
                let practice = self.0.directory.practice(id);
                let mails = practice.map_or_else(Writes::new, |practice| self.mails(&practice, &risen));
                self.keep(&mut practices, id, mails).await?;
                self.told(id, &risen);
                outcome.push((id, risen));
            }
        }
        Ok(outcome)
    }

    fn told(&self, practice: PracticeId, risen: &[Alert]) {
        for alert in risen {
            self.count(alert.rule, alert.gravity);
        }
        self.changed(practice);
    }

    /// Mails of what has risen: to the owners, and to whom it is about where it is their own account that may be in the wrong
    /// hands. Notices wait for the day's mail.
    fn mails(&self, practice: &Practice, risen: &[Alert]) -> Writes {
        let now = self.0.clock.now();
        let grave = risen.iter().filter(|alert| Gravity::Warning <= alert.gravity);
        let mail = |alert: &Alert| {
            let owners = practice.owners(now).map(|owner| owner.id);
            // Who looks in as the platform's support has no account here, and is mailed nothing.
            let own = practice.members.contains_key(&alert.staff)
                && matches!(alert.rule.family(), Family::SignIn | Family::Place | Family::Session);
            let to: BTreeSet<StaffId> = owners.chain(own.then_some(alert.staff)).collect();
            let letter = Letter::Alert {
                rule: alert.rule,
                gravity: alert.gravity,
                staff: alert.staff,
                at: alert.last,
            };
            self.0
                .outbox
                .put_all(practice.id, to.into_iter().map(Addressee::Member), &letter)
        };
        let mut mails: Writes = grave.flat_map(mail).collect();
        let name = practice.face.as_ref().map(|face| face.name.clone());
        let critical = risen.iter().filter(|alert| alert.gravity == Gravity::Critical);
        mails.extend(critical.flat_map(|alert| self.officer_mails(name.clone(), alert.rule, alert.last)));
        mails
    }

    /// Mails to the platform's data protection officers: of what may be a breach, whoever it happened to.
    pub(super) fn officer_mails(&self, about: Option<String>, rule: Rule, at: UtcMillis) -> Writes {
        let Some(team) = self.0.directory.practice(PracticeId::PLATFORM) else {
            return Writes::new();
        };
        let now = self.0.clock.now();
        let officers = team.members.values();
        let officers = officers.filter(|one| one.role == Role::DataProtectionOfficer && one.is_valid(now));
        let letter = Letter::OfficerAlert { about, rule, at };
        self.0
            .outbox
            .put_all(team.id, officers.map(|one| Addressee::Member(one.id)), &letter)
    }

    /// Writes what changed, with these mails. When that fails, the practice is read anew from what is durable, and followed from there.
    pub(super) async fn keep(
        &self,
        practices: &mut HashMap<PracticeId, Watched>,
        id: PracticeId,
        mails: Writes,
    ) -> Result<(), AnomalyError> {
        let Some(watched) = practices.get_mut(&id) else {
            return Ok(());
        };
        let committed = match watched.writes(id) {
            Ok(mut writes) => {
                writes.extend(mails);
                let committed = self.0.records.commit(Vec::new(), writes).await;
                committed.map(drop).map_err(AnomalyError::from)
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = committed {
            practices.remove(&id);
            return Err(error);
        }
        watched.dirty = false;
        watched.saved = self.0.clock.now();
        Ok(())
    }

    /// Keeps what is due, and takes practices out of memory in which nothing happens; `all`: everything that changed.
    pub(super) async fn save_due(&self, now: UtcMillis, all: bool) -> Result<(), AnomalyError> {
        let mut practices = self.0.practices.lock().await;
        let old = |watched: &Watched| now >= watched.saved.plus_seconds(SAVE_SECONDS) || now < watched.saved;
        let due: Vec<PracticeId> = practices
            .iter()
            .filter(|(_, watched)| watched.dirty && (all || old(watched)))
            .map(|(id, _)| *id)
            .collect();
        practices.retain(|_, watched| watched.dirty || !old(watched));
        for id in due {
            self.keep(&mut practices, id, Writes::new()).await?;
        }
        Ok(())
    }
}
