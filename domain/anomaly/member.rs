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

/// Whether somebody is known for fewer days than habits take to learn, or not at all.
fn is_recent(since: Option<UtcMillis>, limits: &Limits, now: UtcMillis) -> bool {
    let seconds = i64::from(limits.learning_days) * DAY_SECONDS;
    since.is_none_or(|since| now < since.plus_seconds(seconds))
}

impl Member {
    /// Whether habits are still being learnt.
    pub(super) fn learns(&self, limits: &Limits, now: UtcMillis) -> bool {
        is_recent(self.habits.since, limits, now)
    }

    /// Whether devices and networks are still being learnt: so many sign-ins are enough.
    pub(super) fn learns_places(&self, limits: &Limits, now: UtcMillis) -> bool {
        is_recent(self.habits.signs_in_since, limits, now) && self.habits.sign_ins < limits.learning_sign_ins
    }

    /// Notes that a rule spoke.
    pub(super) fn speaks(&mut self, finding: Finding, now: UtcMillis) {
        self.spoken
            .retain(|(rule, at, _)| *rule != finding.rule && now < at.plus_seconds(SUPPORT_SECONDS));
        self.spoken.push((finding.rule, now, finding.gravity));
    }

    /// Rules that spoke within a day and look at something else. A few files that nothing explains are everyday: they support
    /// nothing.
    pub(super) fn support(&self, family: Family, now: UtcMillis) -> Vec<Rule> {
        let supports = |(rule, at, gravity): &(Rule, UtcMillis, Gravity)| {
            let everyday = *rule == Rule::UnexplainedAccess && *gravity == Gravity::Notice;
            !everyday && rule.family() != family && now < at.plus_seconds(SUPPORT_SECONDS)
        };
        let recent = self.spoken.iter().filter(|spoken| supports(spoken));
        recent.map(|(rule, _, _)| *rule).collect()
    }

    /// Notes that the member works, after rules about hours were asked.
    pub(super) fn works(&mut self, at: UtcMillis, civil: Civil) {
        self.habits.since.get_or_insert(at);
        self.habits.work(civil);
    }
}
