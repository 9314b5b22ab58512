//! The watch over one practice: members, and the alerts of the last days. One alert for each member, rule and day, with a
//! count; graver when more is found.
//!
//! Must not be here: when a rule is broken (`judge`), keeping state, telling anybody (actors).

use super::habits::Civil;
use super::judge::judge;
use super::member::{Finding, Member};
use super::{Gravity, Limits, Rule, Signal};
use crate::ids::StaffId;
use crate::time::{CivilDate, UtcMillis, Zone};
use crate::zone_table::ZoneTable;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Alerts older than this are no longer needed here, in days.
const ALERT_DAYS: i32 = 2;

/// Longest reason of an answer to an alert, in bytes.
pub const ANSWER_BYTES_MAX: usize = 300;

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Which rule.
    pub rule: Rule,
    /// About whom.
    pub staff: StaffId,
    /// On which day, in the practice's zone.
    pub day: CivilDate,
    /// How grave.
    pub gravity: Gravity,
    /// First time on that day.
    pub first: UtcMillis,
    /// Last time.
    pub last: UtcMillis,
    /// How often.
    pub count: u32,
    /// The session of the last time; zeros outside of any.
    pub session: [u8; 8],
    /// Rules that spoke about the same member within a day and made it as grave as it is.
    pub supported_by: Vec<Rule>,
}

/// What was answered to an alert: that it was all right, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// For whom.
    pub staff: StaffId,
    /// For which rule.
    pub rule: Rule,
    /// Until when.
    pub until: UtcMillis,
}

/// One practice under watch.
#[derive(Debug, Clone)]
pub struct Watch {
    limits: Limits,
    zone: Arc<ZoneTable>,
    members: BTreeMap<StaffId, Member>,
    alerts: BTreeMap<(CivilDate, StaffId, Rule), Alert>,
    allowances: Vec<Allowance>,
    changed: BTreeSet<(CivilDate, StaffId, Rule)>,
    touched: BTreeSet<StaffId>,
}

impl Watch {
    /// Over a practice of which nothing is known yet.
    #[must_use]
    pub fn new(limits: Limits, zone: Zone) -> Self {
        Self {
            limits,
            zone: ZoneTable::of(&zone),
            members: BTreeMap::new(),
            alerts: BTreeMap::new(),
            allowances: Vec::new(),
            changed: BTreeSet::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Takes up what was kept of a member.
    pub fn recall(&mut self, staff: StaffId, member: Member) {
        self.members.insert(staff, member);
    }

    /// Takes up an alert that was kept: it is not raised anew.
    pub fn recall_alert(&mut self, alert: Alert) {
        self.alerts.insert((alert.day, alert.staff, alert.rule), alert);
    }

    /// Quietens a rule for a member for a while. A rule that is not to be quietened is left as it is.
    pub fn allow(&mut self, allowance: Allowance) {
        if allowance.rule.may_be_allowed() {
            self.allowances.push(allowance);
        }
    }

    /// Forgets a member who has left.
    pub fn forget(&mut self, staff: StaffId) {
        self.members.remove(&staff);
        self.allowances.retain(|allowance| allowance.staff != staff);
    }

    /// Judges a signal and learns from it. Answers the alerts that are to be told of: new ones, those
    /// that have become graver by it, and each time those of rules that stand alone.
    pub fn observe(&mut self, signal: &Signal) -> Vec<Alert> {
        let civil = self.civil(signal.at);
        let member = self.members.entry(signal.staff).or_default();
        self.touched.insert(signal.staff);
        let findings = judge(member, &self.limits, civil, signal);
        let mut risen = Vec::new();
        for finding in findings {
            if self.is_allowed(finding, signal) {
                continue;
            }
            self.speak(finding, signal, civil.date, &mut risen);
        }
        self.drop_old(civil.date);
        risen
    }

    fn civil(&self, at: UtcMillis) -> Civil {
        let minute = at.minute();
        let date = self.zone.date_of(minute);
        // An hour off on the two days of a clock change: habits are told by the hour and its neighbours.
        let hours = (minute.0 - self.zone.midnight(date).0) / 60;
        Civil {
            date,
            hour: u8::try_from(hours.clamp(0, 23)).unwrap_or(0),
        }
    }

    /// What is critical is never quiet: the fixed ceilings.
    fn is_allowed(&self, finding: Finding, signal: &Signal) -> bool {
        finding.gravity < Gravity::Critical
            && self.allowances.iter().any(|allowance| {
                allowance.staff == signal.staff && allowance.rule == finding.rule && signal.at < allowance.until
            })
    }

    /// Makes an alert of a finding, and raises those that it supports.
    fn speak(&mut self, finding: Finding, signal: &Signal, today: CivilDate, risen: &mut Vec<Alert>) {
        let Some(member) = self.members.get_mut(&signal.staff) else {
            return;
        };
        member.speaks(finding, signal.at);
        let spoken = member.spoken.clone();
        let supported_by = member.support(finding.rule.family(), signal.at);
        let gravity = if finding.alone || !supported_by.is_empty() {
            finding.gravity
        } else {
            finding.gravity.min(Gravity::Notice)
        };
        let alert = Alert {
            rule: finding.rule,
            staff: signal.staff,
            day: today,
            gravity,
            first: signal.at,
            last: signal.at,
            count: 1,
            session: signal.session,
            supported_by,
        };
        risen.extend(self.put(alert, true));
        // What was only a notice for want of support may have it now.
        for (rule, at, full) in spoken {
            let supports = full > Gravity::Notice && self.supports(signal, rule, finding.rule);
            let day = self.civil(at).date;
            let Some(weak) = self
                .alerts
                .get(&(day, signal.staff, rule))
                .filter(|weak| supports && weak.gravity < full)
            else {
                continue;
            };
            let mut supported_by = weak.supported_by.clone();
            supported_by.push(finding.rule);
            let raised = Alert {
                gravity: full,
                supported_by,
                ..weak.clone()
            };
            risen.extend(self.put(raised, false));
        }
    }

    /// Whether what was just found supports what this rule found before.
    fn supports(&self, signal: &Signal, rule: Rule, found: Rule) -> bool {
        let member = self.members.get(&signal.staff);
        member.is_some_and(|member| member.support(rule.family(), signal.at).contains(&found))
    }

    /// Puts an alert beside what the day has; answers it if it is to be told of: new, graver, or by a rule that stands alone.
    fn put(&mut self, alert: Alert, counts: bool) -> Option<Alert> {
        let key = (alert.day, alert.staff, alert.rule);
        self.changed.insert(key);
        let Some(known) = self.alerts.get_mut(&key) else {
            self.alerts.insert(key, alert.clone());
            return Some(alert);
        };
        let graver = alert.gravity > known.gravity;
        known.gravity = known.gravity.max(alert.gravity);
        known.last = known.last.max(alert.last);
        known.count = known.count.saturating_add(u32::from(counts));
        known.session = alert.session;
        for rule in alert.supported_by {
            if !known.supported_by.contains(&rule) {
                known.supported_by.push(rule);
            }
        }
        // What protects the practice is told of each time: the second change may be the thief's.
        (graver || (counts && known.rule.stands_alone())).then(|| known.clone())
    }

    fn drop_old(&mut self, today: CivilDate) {
        let changed = &self.changed;
        self.alerts
            .retain(|key, _| key.0.plus_days(ALERT_DAYS) >= today || changed.contains(key));
    }

    /// Alerts that have changed since this was last asked, to be kept.
    pub fn take_changed_alerts(&mut self) -> Vec<Alert> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().filter_map(|key| self.alerts.get(key).cloned()).collect()
    }

    /// Members of whom something was learnt since this was last asked, to be kept.
    pub fn take_touched_members(&mut self) -> Vec<(StaffId, Member)> {
        let touched = std::mem::take(&mut self.touched);
        let known = touched.into_iter();
        known
            .filter_map(|staff| Some((staff, self.members.get(&staff)?.clone())))
            .collect()
    }
}
