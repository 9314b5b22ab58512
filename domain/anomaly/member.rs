//! One member as the watch knows them: habits, what happened lately, and which rules spoke within a day.
//!
//! Must not be here: the rules (`judge`), alerts (`watch`).

use super::habits::{Civil, Habits};
use super::recent::Recent;
use super::{Family, Gravity, Limits, Rule};
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Signals support each other within this time, in seconds.
pub(super) const SUPPORT_SECONDS: i64 = 24 * 3_600;
const DAY_SECONDS: i64 = 24 * 3_600;

/// What is kept of a member.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    pub(super) habits: Habits,
    pub(super) recent: Recent,
    /// When each rule spoke last, and how grave it would be with support.
    pub(super) spoken: Vec<(Rule, UtcMillis, Gravity)>,
}

/// A rule that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rule: Rule,
    /// How grave it is, if supported where it has to be.
    pub(super) gravity: Gravity,
    /// It carries two signals of its own.
    pub(super) alone: bool,
}

impl Finding {
    pub(super) const fn new(rule: Rule, gravity: Gravity) -> Self {
        Self {
            rule,
            gravity,
            alone: rule.stands_alone(),
        }
    }

    pub(super) const fn alone_if(self, alone: bool) -> Self {
        Self {
            alone: self.alone || alone,
            ..self
        }
    }
}

impl Member {
    /// Whether habits are still being learnt.
    pub(super) fn learns(&self, limits: &Limits, now: UtcMillis) -> bool {
        let days = i64::from(limits.learning_days);
        self.habits
            .since
            .is_none_or(|since| now < since.plus_seconds(days * DAY_SECONDS))
    }

    /// Whether devices and networks are still being learnt: so many sign-ins are enough.
    pub(super) fn learns_places(&self, limits: &Limits, now: UtcMillis) -> bool {
        self.learns(limits, now) && self.habits.sign_ins < limits.learning_sign_ins
    }

    /// Notes that a rule spoke.
    pub(super) fn speaks(&mut self, finding: Finding, now: UtcMillis) {
        self.spoken
            .retain(|(rule, at, _)| *rule != finding.rule && now < at.plus_seconds(SUPPORT_SECONDS));
        self.spoken.push((finding.rule, now, finding.gravity));
    }

    /// Rules that spoke within a day and look at something else.
    pub(super) fn support(&self, family: Family, now: UtcMillis) -> Vec<Rule> {
        let recent = self
            .spoken
            .iter()
            .filter(|(rule, at, _)| rule.family() != family && now < at.plus_seconds(SUPPORT_SECONDS));
        recent.map(|(rule, _, _)| *rule).collect()
    }

    /// Notes that the member works, after rules about hours were asked.
    pub(super) fn works(&mut self, at: UtcMillis, civil: Civil) {
        self.habits.since.get_or_insert(at);
        self.habits.work(civil);
    }
}
