//! Playing and judging: how often an attack is found and how soon, whether its twin stays quiet, how many alerts a practice has
//! in which nothing happens.
//!
//! Must not be here: attacks, rules.

use super::practice::{DAYS, Practice};
use super::scene::{Sheet, What};
use super::{attacks, twins};
use cabinet_domain::anomaly::{Alert, Gravity, Limits, NetworkAlert, NetworkWatch, Rule, Watch};
use cabinet_domain::ids::StaffId;
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
use cabinet_storage::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};

/// An alert has to be there so many seconds after an attack has happened.
const FOUND_WITHIN_SECONDS: i64 = 60;
/// The logs are looked at this often.
const LOOK_SECONDS: i64 = 1;
/// Warnings that a practice in which nothing happens may have, for a week; in hundredths.
const FALSE_PER_WEEK_HUNDREDTHS: u64 = 50;

/// How one attack and its twin were judged over all seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome {
    /// Seeds.
    pub seeds: u64,
    /// Seeds in which it was found in time.
    pub found: u64,
    /// Longest delay of those, in seconds.
    pub delay_seconds_max: i64,
    /// Seeds in which the twin stayed quiet.
    pub quiet: u64,
}

/// The whole trial.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// By attack.
    pub outcomes: BTreeMap<Rule, Outcome>,
    /// Practices in which nothing happened.
    pub practices: u64,
    /// Warnings in them, by rule.
    pub false_warnings: BTreeMap<Rule, u64>,
    /// Changes of what protects a practice in them: told by definition, and no false warnings.
    pub changes_told: u64,
    /// Notices in them.
    pub notices: u64,
    /// What went wrong, with its seed.
    pub misses: Vec<String>,
}

impl Report {
    fn weeks(&self) -> u64 {
        (self.practices * u64::from(DAYS.unsigned_abs()) / 7).max(1)
    }

    /// False warnings for a practice and week, in hundredths.
    #[must_use]
    pub fn false_per_week_hundredths(&self) -> u64 {
        self.false_warnings.values().sum::<u64>() * 100 / self.weeks()
    }

    /// Whether it is good enough: 49 of 50 attacks found, every twin quiet, few false warnings.
    #[must_use]
    pub fn meets(&self) -> bool {
        let good = |outcome: &Outcome| outcome.found * 50 >= outcome.seeds * 49 && outcome.quiet == outcome.seeds;
        self.outcomes.values().all(good) && self.false_per_week_hundredths() <= FALSE_PER_WEEK_HUNDREDTHS
    }

    /// As it is printed.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{:<24} {:>8} {:>12} {:>12}",
            "attack", "found", "delay max", "twin quiet"
        )];
        for (rule, outcome) in &self.outcomes {
            let Outcome {
                seeds,
                found,
                delay_seconds_max,
                quiet,
            } = outcome;
            let name = rule.name();
            lines.push(format!(
                "{name:<24} {:>8} {:>12} {:>12}",
                format!("{found}/{seeds}"),
                format!("{delay_seconds_max} s"),
                format!("{quiet}/{seeds}")
            ));
        }
        let hundredths = self.false_per_week_hundredths();
        lines.push(format!(
            "{} practices of {DAYS} days: {}.{:02} false warnings a practice and week (at most 0.50), {} notices in all, {} \
             changes of protection told",
            self.practices,
            hundredths / 100,
            hundredths % 100,
            self.notices,
            self.changes_told
        ));
        let by_rule = self
            .false_warnings
            .iter()
            .map(|(rule, count)| format!("  {count:>5} {}", rule.name()));
        lines.extend(by_rule);
        lines.extend(self.misses.iter().map(|miss| format!("  missed: {miss}")));
        lines
    }
}

type Key = (CivilDate, StaffId, Rule);

/// What came out: each alert at each gravity with the time at which it was told.
#[derive(Default)]
struct Heard {
    alerts: Vec<(UtcMillis, Alert)>,
    networks: Vec<(UtcMillis, NetworkAlert)>,
}

impl Heard {
    fn warnings(&self) -> BTreeSet<Key> {
        let grave = self
            .alerts
            .iter()
            .filter(|(_, alert)| alert.gravity >= Gravity::Warning);
        grave.map(|(_, alert)| (alert.day, alert.staff, alert.rule)).collect()
    }
}

/// Has a watch hear all of it, in the order in which it arrives.
fn hear(limits: &Limits, sheets: &[&Sheet]) -> Heard {
    let mut all: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.0).collect();
    all.sort_by_key(|timed| timed.arrives);
    let mut watch = Watch::new(limits.clone(), Zone::paris());
    let mut networks = NetworkWatch::new(limits.clone());
    let mut heard = Heard::default();
    for timed in all {
        let told = timed.arrives.plus_seconds(LOOK_SECONDS);
        match &timed.what {
            What::Member(signal) => {
                let risen = watch.observe(signal).into_iter();
                heard.alerts.extend(risen.map(|alert| (told, alert)));
            }
            What::Attempt(attempt) => {
                let risen = networks.observe(attempt).into_iter();
                heard.networks.extend(risen.map(|alert| (timed.arrives, alert)));
            }
        }
    }
    heard
}

/// When the attack was found, as seconds after it had happened; none when it was not found.
fn delay_seconds(heard: &Heard, clean: &BTreeSet<Key>, played: &attacks::Played) -> Option<i64> {
    let after = |told: UtcMillis| (told.0 - played.decisive.0).max(0) / 1_000;
    let Some(staff) = played.staff else {
        let fits = |alert: &NetworkAlert| {
            alert.rule == played.rule && alert.network == played.network && alert.gravity >= played.gravity
        };
        return heard
            .networks
            .iter()
            .find(|(_, alert)| fits(alert))
            .map(|(told, _)| after(*told));
    };
    // An alert that the practice would not have had, or one that an act of the attack raised again.
    let is_new = |alert: &Alert| !clean.contains(&(alert.day, alert.staff, alert.rule));
    let acts: BTreeSet<UtcMillis> = played.sheet.0.iter().filter_map(|timed| timed.what.at()).collect();
    let first = played.sheet.0.iter().map(|timed| timed.arrives).min();
    let fits = |told: UtcMillis, alert: &Alert| {
        alert.rule == played.rule
            && alert.staff == staff
            && alert.gravity >= played.gravity
            && first.is_some_and(|first| told >= first)
            && (played.gravity < Gravity::Warning || is_new(alert) || acts.contains(&alert.last))
    };
    let found = heard.alerts.iter().find(|(told, alert)| fits(*told, alert));
    found.map(|(told, _)| after(*told))
}

fn judge_attacks(limits: &Limits, seed: u64, report: &mut Report) {
    let practice = Practice::of(seed);
    let clean = hear(limits, &[&practice.sheet]).warnings();
    for rule in Rule::ALL {
        let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(rule.number().into()));
        let Some(played) = attacks::play(*rule, &practice, &mut dice) else {
            continue;
        };
        let heard = hear(limits, &[&practice.sheet, &played.sheet]);
        let outcome = report.outcomes.entry(*rule).or_default();
        outcome.seeds += 1;
        match delay_seconds(&heard, &clean, &played) {
            Some(delay) if delay <= FOUND_WITHIN_SECONDS => {
                outcome.found += 1;
                outcome.delay_seconds_max = outcome.delay_seconds_max.max(delay);
            }
            late => report
                .misses
                .push(format!("{} of seed {seed}: {late:?} s", rule.name())),
        }
        let Some(twin) = twins::play(*rule, &practice, &mut dice) else {
            continue;
        };
        let heard = hear(limits, &[&practice.sheet, &twin]);
        let more: Vec<Key> = heard.warnings().difference(&clean).copied().collect();
        if more.is_empty() && heard.networks.is_empty() {
            outcome.quiet += 1;
        } else {
            let alerts = heard.alerts.iter().map(|(_, alert)| alert);
            let alerts = alerts.filter(|alert| more.contains(&(alert.day, alert.staff, alert.rule)));
            let alerts: Vec<String> = alerts.map(say).collect();
            let what = format!("the twin of {} of seed {seed}: {alerts:?}", rule.name());
            report.misses.push(what);
        }
    }
}

/// An alert in short.
fn say(alert: &Alert) -> String {
    let supported_by: Vec<&str> = alert.supported_by.iter().map(|rule| rule.name()).collect();
    format!("{} {} with {supported_by:?}", alert.gravity.name(), alert.rule.name())
}

fn judge_practice(limits: &Limits, seed: u64, report: &mut Report) {
    let practice = Practice::of(seed);
    let heard = hear(limits, &[&practice.sheet]);
    report.practices += 1;
    let warnings = heard.warnings();
    for (_, _, rule) in &warnings {
        if *rule == Rule::SecurityChange {
            report.changes_told += 1;
        } else {
            *report.false_warnings.entry(*rule).or_default() += 1;
        }
    }
    for (_, alert) in &heard.networks {
        *report.false_warnings.entry(alert.rule).or_default() += 1;
    }
    let all: BTreeSet<Key> = heard
        .alerts
        .iter()
        .map(|(_, alert)| (alert.day, alert.staff, alert.rule))
        .collect();
    report.notices += all.difference(&warnings).count() as u64;
}

/// Judges so many seeds with attacks and twins, and so many practices in which nothing happens, from a seed on.
#[must_use]
pub fn judge(limits: &Limits, from: u64, seeds: u64, practices: u64) -> Report {
    let mut report = Report::default();
    for seed in from..from + seeds {
        judge_attacks(limits, seed, &mut report);
    }
    for seed in from..from + practices {
        judge_practice(limits, seed, &mut report);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trial_can_fail_both_ways() {
        let deaf = Limits {
            failed_sign_ins: [96, 97, 98, 99, 100],
            spray_accounts: 100,
            spray_pairs: 200,
            bulk_files: 99,
            bulk_files_max: 99,
            unexplained_files_a_day: 100,
            ..Limits::default()
        };
        let report = judge(&deaf, 1_000, 1, 0);
        let found = |rule| report.outcomes.get(&rule).map(|outcome: &Outcome| outcome.found);
        assert_eq!(found(Rule::FailedSignIns), Some(0));
        assert_eq!(found(Rule::PasswordSpray), Some(0));
        assert!(!report.meets());
        let nervous = Limits {
            failures_before_success: 1,
            dormant_months: 1,
            dormant_files_a_day: 1,
            refusals: 1,
            ..Limits::default()
        };
        assert!(!judge(&nervous, 1_000, 0, 2).meets());
    }

    #[test]
    fn a_seed_is_judged_alike_twice() {
        let limits = Limits::default();
        assert_eq!(judge(&limits, 1_003, 1, 1).lines(), judge(&limits, 1_003, 1, 1).lines());
    }
}
