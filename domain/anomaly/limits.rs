//! Thresholds of the rules, for a practice of one to ten members. Configurable; the defaults are those that the trial judges.
//!
//! Must not be here: the rules.

use serde::{Deserialize, Serialize};

/// When a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Failed sign-ins of one account within a day at which an alert begins, and is raised: notice, notice, warning, warning,
    /// critical.
    pub failed_sign_ins: [u32; 5],
    /// Accounts tried in vain from one network within a quarter of an hour.
    pub spray_accounts: u32,
    /// Pairs of account and password tried in vain from one network within a quarter of an hour.
    pub spray_pairs: u32,
    /// Failures within ten minutes before a success.
    pub failures_before_success: u32,
    /// Kilometres per hour that no journey reaches (Okta's default).
    pub travel_kilometres_per_hour: u32,
    /// Journeys shorter than this, in kilometres, are no journeys.
    pub travel_kilometres_min: u32,
    /// Unexplained files within an hour that are never too many.
    pub bulk_files: u32,
    /// So many times the member's own usual peak are too many.
    pub bulk_times_usual: u32,
    /// Unexplained files within an hour that are always too many.
    pub bulk_files_max: u32,
    /// Unexplained files within a day.
    pub unexplained_files_a_day: u32,
    /// Unexplained files one after the other, in order, within ten minutes.
    pub scan_files: u32,
    /// A file is dormant after so many months without a change.
    pub dormant_months: u32,
    /// Dormant files within a day.
    pub dormant_files_a_day: u32,
    /// Minutes of work outside of the member's hours.
    pub off_hours_minutes: u32,
    /// Patients in exports of one day.
    pub export_patients: u32,
    /// Broken glasses within a week that are still only notices.
    pub glasses_a_week: u32,
    /// Live sockets of one session.
    pub session_sockets: u32,
    /// Refusals within ten minutes.
    pub refusals: u32,
    /// Ids of other practices asked for within ten minutes.
    pub foreign_ids: u32,
    /// Days in which a member's habits are learnt before rules about habits speak.
    pub learning_days: u32,
    /// Sign-ins after which devices and networks are learnt, however few days.
    pub learning_sign_ins: u32,
    /// Days for which "that was me" quietens a rule for a member.
    pub allowance_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failed_sign_ins: [7, 10, 15, 20, 25],
            spray_accounts: 5,
            spray_pairs: 15,
            failures_before_success: 5,
            travel_kilometres_per_hour: 805,
            travel_kilometres_min: 100,
            bulk_files: 10,
            bulk_times_usual: 3,
            bulk_files_max: 50,
            unexplained_files_a_day: 3,
            scan_files: 20,
            dormant_months: 24,
            dormant_files_a_day: 5,
            off_hours_minutes: 15,
            export_patients: 30,
            glasses_a_week: 2,
            session_sockets: 5,
            refusals: 20,
            foreign_ids: 10,
            learning_days: 14,
            learning_sign_ins: 50,
            allowance_days: 30,
        }
    }
}

/// A threshold beyond its bounds: which, its value, the least and the most it may be.
pub type BrokenBound = (&'static str, u32, u32, u32);

impl Limits {
    /// Thresholds that are beyond their bounds: those that are counted in a window lie below what a window holds.
    #[must_use]
    pub fn broken_bounds(&self) -> Vec<BrokenBound> {
        let mut bounds = vec![
            ("spray_accounts", self.spray_accounts, 2, 100),
            ("spray_pairs", self.spray_pairs, 2, 200),
            ("failures_before_success", self.failures_before_success, 1, 100),
            (
                "travel_kilometres_per_hour",
                self.travel_kilometres_per_hour,
                100,
                10_000,
            ),
            ("travel_kilometres_min", self.travel_kilometres_min, 1, 20_000),
            ("bulk_files", self.bulk_files, 1, 99),
            ("bulk_times_usual", self.bulk_times_usual, 1, 100),
            ("bulk_files_max", self.bulk_files_max, 1, 99),
            ("unexplained_files_a_day", self.unexplained_files_a_day, 1, 100),
            ("scan_files", self.scan_files, 2, 100),
            ("dormant_months", self.dormant_months, 1, 240),
            ("dormant_files_a_day", self.dormant_files_a_day, 1, 100),
            ("off_hours_minutes", self.off_hours_minutes, 1, 720),
            ("export_patients", self.export_patients, 1, 1_000_000),
            ("glasses_a_week", self.glasses_a_week, 1, 50),
            ("session_sockets", self.session_sockets, 1, 100),
            ("refusals", self.refusals, 1, 10_000),
            ("foreign_ids", self.foreign_ids, 1, 10_000),
            ("learning_days", self.learning_days, 0, 365),
            ("learning_sign_ins", self.learning_sign_ins, 0, 10_000),
            ("allowance_days", self.allowance_days, 0, 365),
        ];
        // Each rung above the one before.
        let mut least = 1;
        for rung in self.failed_sign_ins {
            bounds.push(("failed_sign_ins", rung, least, 100));
            least = rung.saturating_add(1);
        }
        let broken = |(_, value, least, most): &BrokenBound| !(*least..=*most).contains(value);
        bounds.into_iter().filter(broken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_bounds_and_what_is_beyond_is_named() {
        assert_eq!(Limits::default().broken_bounds(), []);
        let limits = Limits {
            scan_files: 101,
            failed_sign_ins: [7, 10, 10, 20, 25],
            ..Limits::default()
        };
        let keys: Vec<&str> = limits.broken_bounds().iter().map(|(key, ..)| *key).collect();
        assert_eq!(keys, ["scan_files", "failed_sign_ins"]);
    }
}
