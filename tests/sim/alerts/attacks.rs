//! Fifteen attacks, one for each rule, as those who do such things go about it. Each says by which act an ordinary reviewer
//! would say that it has happened.
//!
//! Must not be here: thresholds.

use super::practice::Practice;
use super::scene::{
    AFTERNOON, BUCHAREST, Day, LYON, MORNING, NICE, OWNER, PRACTICE_NETWORK, SECOND, SINGAPORE, Sheet, THIRD, desk,
};
use cabinet_domain::anomaly::{Gravity, Observed, Rule, SecurityChange};
use cabinet_domain::ids::StaffId;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::dice::Dice;

const HOUR: i64 = 60;
/// Networks and devices of strangers begin here.
const STRANGE: u64 = 90_000;

/// An attack as it was played.
pub(super) struct Played {
    pub(super) sheet: Sheet,
    /// Whom it is about; none: a network.
    pub(super) staff: Option<StaffId>,
    /// The network, where it is about one.
    pub(super) network: u64,
    pub(super) rule: Rule,
    /// The least gravity that counts as found.
    pub(super) gravity: Gravity,
    /// From then on it has happened.
    pub(super) decisive: UtcMillis,
}

/// What an attack is made of.
struct Stage<'a> {
    practice: &'a Practice,
    dice: &'a mut Dice,
    day: Day,
    sheet: Sheet,
}

impl Stage<'_> {
    fn roll(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.dice.below(u64::try_from(most - least + 1).unwrap_or(1))).unwrap_or(0)
    }

    fn strange(&mut self) -> (u64, u64) {
        (STRANGE + self.dice.below(9_000), STRANGE + self.dice.below(9_000))
    }

    /// Opens so many files of former patients in no order, `seconds` apart and more.
    fn rummages(&mut self, staff: StaffId, from: UtcMillis, files: i64, seconds: (i64, i64)) -> Vec<UtcMillis> {
        let (mut at, mut times) = (from, Vec::new());
        let first = self.dice.below(600);
        for file in 0..u64::try_from(files).unwrap_or(0) {
            let seen = self.practice.former(first + file * 37, at);
            self.sheet.sees(staff, at, seen);
            times.push(at);
            at = at.plus_seconds(self.roll(seconds.0, seconds.1));
        }
        times
    }

    fn about(self, staff: StaffId, rule: Rule, gravity: Gravity, decisive: UtcMillis) -> Played {
        Played {
            sheet: self.sheet,
            staff: Some(staff),
            network: 0,
            rule,
            gravity,
            decisive,
        }
    }
}

fn nth(times: &[UtcMillis], number: usize) -> UtcMillis {
    times
        .get(number - 1)
        .or_else(|| times.last())
        .copied()
        .unwrap_or(UtcMillis(0))
}

/// The attack against a rule, in a practice.
pub(super) fn play(rule: Rule, practice: &Practice, dice: &mut Dice) -> Option<Played> {
    let day = practice.some_day(dice);
    let stage = Stage {
        practice,
        dice,
        day,
        sheet: Sheet::default(),
    };
    Some(match rule {
        Rule::FailedSignIns => guesser(stage),
        Rule::PasswordSpray => spray(stage),
        Rule::SuccessAfterFailures => lucky_guesser(stage),
        Rule::NewDevice => stolen_password(stage),
        Rule::ImpossibleTravel => two_continents(stage),
        Rule::BulkViewing => copies_before_leaving(stage),
        Rule::UnexplainedAccess => curious(stage),
        Rule::Scan => script(stage),
        Rule::DormantFiles => harvests_old_files(stage),
        Rule::OffHours => stolen_laptop(stage),
        Rule::ExportVolume => takes_all(stage),
        Rule::SecurityChange => settles_in(stage),
        Rule::GlassBroken => habitual_emergency(stage),
        Rule::SharedSession => stolen_cookie(stage),
        Rule::Abuse => prober(stage),
        Rule::AuditFault | Rule::ClockSetBack | Rule::BackupLate | Rule::SealBroken => return None,
    })
}

/// Patient: guesses as fast as the ladder lets anybody, for some hours.
fn guesser(mut stage: Stage<'_>) -> Played {
    let (_, network) = stage.strange();
    let mut at = stage.day.at(10 * HOUR, 0);
    let mut times = Vec::new();
    for guess in 1..=u64::try_from(stage.roll(12, 19)).unwrap_or(12) {
        stage.sheet.fails(SECOND, at, (network, guess));
        times.push(at.plus_seconds(8));
        let wait = match guess {
            7 => 65,
            10 => 605,
            15 => 905,
            _ => stage.roll(4, 40),
        };
        at = at.plus_seconds(wait);
    }
    // The ladder's first rungs are notices.
    stage.about(SECOND, Rule::FailedSignIns, Gravity::Notice, nth(&times, 10))
}

/// A list of addresses and the password of the season, from one network.
fn spray(mut stage: Stage<'_>) -> Played {
    let (_, network) = stage.strange();
    let mut at = stage.day.at(3 * HOUR, 0);
    let mut times = Vec::new();
    for account in 0..8 {
        // Two are ours, the rest are nobody's.
        let account = if account < 2 { 1 + account } else { 70_000 + account };
        stage.sheet.tries(at, (network, account, 1), true);
        times.push(at);
        at = at.plus_seconds(stage.roll(5, 60));
    }
    let decisive = nth(&times, 8);
    Played {
        sheet: stage.sheet,
        staff: None,
        network,
        rule: Rule::PasswordSpray,
        gravity: Gravity::Warning,
        decisive,
    }
}

/// Knows the member's dog and birthday: six or seven guesses, then in.
fn lucky_guesser(mut stage: Stage<'_>) -> Played {
    let (device, network) = stage.strange();
    let mut at = stage.day.at(19 * HOUR, 0);
    for guess in 0..u64::try_from(stage.roll(6, 7)).unwrap_or(6) {
        stage.sheet.fails(MORNING, at, (network, guess + 1));
        at = at.plus_seconds(stage.roll(10, 70));
    }
    at = at.plus_seconds(65);
    stage.sheet.signs_in(MORNING, at, (device, network, Some(LYON)));
    stage.about(
        MORNING,
        Rule::SuccessAfterFailures,
        Gravity::Warning,
        at.plus_seconds(5),
    )
}

/// Bought the password and begged the code: in at once, from abroad.
fn stolen_password(mut stage: Stage<'_>) -> Played {
    let (device, network) = stage.strange();
    let at = stage.day.at(stage.roll(9, 17) * HOUR, 0);
    stage.sheet.signs_in(THIRD, at, (device, network, Some(BUCHAREST)));
    stage.about(THIRD, Rule::NewDevice, Gravity::Warning, at.plus_seconds(5))
}

/// The member has just signed in in Lyon.
fn two_continents(mut stage: Stage<'_>) -> Played {
    let (device, network) = stage.strange();
    let here = stage.day.at(14 * HOUR, 0);
    stage
        .sheet
        .signs_in(OWNER, here, (desk(OWNER), PRACTICE_NETWORK, Some(LYON)));
    let there = here.plus_seconds(60 * stage.roll(20, 90));
    stage.sheet.signs_in(OWNER, there, (device, network, Some(SINGAPORE)));
    stage.about(OWNER, Rule::ImpossibleTravel, Gravity::Warning, there.plus_seconds(5))
}

/// A secretary who leaves at the end of the month looks at sixty files and more within an hour.
fn copies_before_leaving(mut stage: Stage<'_>) -> Played {
    let files = stage.roll(64, 110);
    let from = stage.day.at(9 * HOUR, 0);
    let times = stage.rummages(MORNING, from, files, (15, 40));
    stage.about(MORNING, Rule::BulkViewing, Gravity::Warning, nth(&times, 60))
}

/// The neighbour's file; or a few acquaintances' over an afternoon.
fn curious(mut stage: Stage<'_>) -> Played {
    let at = stage.day.at(15 * HOUR, 0);
    if stage.dice.chance(700) {
        let mut seen = stage.practice.former(stage.dice.below(600), at);
        seen.close = true;
        stage.sheet.sees(AFTERNOON, at, seen);
        return stage.about(AFTERNOON, Rule::UnexplainedAccess, Gravity::Warning, at);
    }
    let files = stage.roll(4, 6);
    let times = stage.rummages(AFTERNOON, at, files, (600, 1_800));
    // For the day's digest: nobody is called for it.
    stage.about(AFTERNOON, Rule::UnexplainedAccess, Gravity::Notice, nth(&times, 4))
}

/// A program in a member's session opens one file after the other.
fn script(mut stage: Stage<'_>) -> Played {
    let mut at = stage.day.at(16 * HOUR, 0);
    let first = stage.dice.below(400);
    let mut times = Vec::new();
    for file in 0..u64::try_from(stage.roll(40, 80)).unwrap_or(40) {
        let seen = stage.practice.former(first + file, at);
        stage.sheet.sees(THIRD, at, seen);
        times.push(at);
        at = at.plus_seconds(stage.roll(3, 12));
    }
    stage.about(THIRD, Rule::Scan, Gravity::Warning, nth(&times, 25))
}

/// Slowly, over a day, files of those who have not come for years: nobody will miss them.
fn harvests_old_files(mut stage: Stage<'_>) -> Played {
    let mut at = stage.day.at(8 * HOUR + 30, 0);
    let mut times = Vec::new();
    for file in 0..u64::try_from(stage.roll(8, 14)).unwrap_or(8) {
        // Not come for three years and more.
        let seen = stage.practice.former(400 + file * 13 % 190, at);
        stage.sheet.sees(MORNING, at, seen);
        times.push(at);
        at = at.plus_seconds(stage.roll(900, 1_500));
    }
    stage.about(MORNING, Rule::DormantFiles, Gravity::Warning, nth(&times, 8))
}

/// The laptop of a secretary, taken with its open session, tried in the night.
fn stolen_laptop(mut stage: Stage<'_>) -> Played {
    let from = stage.day.at(stage.roll(60, 280), 0);
    let (_, network) = stage.strange();
    stage
        .sheet
        .signs_in(AFTERNOON, from, (desk(AFTERNOON), network, Some(LYON)));
    let files = stage.roll(14, 24);
    let times = stage.rummages(AFTERNOON, from.plus_seconds(60), files, (90, 180));
    let after = times.iter().find(|at| **at > from.plus_seconds(18 * 60));
    // A notice by itself; what else comes with it makes it more.
    let decisive = after.copied().unwrap_or(from);
    stage.about(AFTERNOON, Rule::OffHours, Gravity::Notice, decisive)
}

/// A practitioner who opens their own practice next month takes everybody along.
fn takes_all(mut stage: Stage<'_>) -> Played {
    let at = stage.day.at(18 * HOUR + stage.roll(0, 50), 0);
    let patients = u32::try_from(stage.roll(250, 700)).unwrap_or(250);
    stage.sheet.says(SECOND, at, Observed::Exported { patients });
    stage.about(SECOND, Rule::ExportVolume, Gravity::Warning, at)
}

/// Makes the door their own.
fn settles_in(mut stage: Stage<'_>) -> Played {
    let (device, network) = stage.strange();
    let at = stage.day.at(12 * HOUR, 0);
    stage.sheet.signs_in(OWNER, at, (device, network, Some(NICE)));
    let changes = [
        SecurityChange::FactorChanged,
        SecurityChange::LinkMade,
        SecurityChange::RightsRaised,
    ];
    let change = stage.dice.pick(&changes).copied().unwrap_or(SecurityChange::LinkMade);
    let then = at.plus_seconds(stage.roll(60, 600));
    stage.sheet.says(OWNER, then, Observed::SecurityChanged(change));
    stage.about(OWNER, Rule::SecurityChange, Gravity::Warning, then)
}

/// An emergency every day.
fn habitual_emergency(mut stage: Stage<'_>) -> Played {
    let mut at = stage.day.at(10 * HOUR, 0);
    let mut times = Vec::new();
    for _ in 0..stage.roll(3, 4) {
        stage.sheet.says(THIRD, at, Observed::GlassBroken);
        times.push(at);
        at = at.plus_seconds(stage.roll(6 * 3_600, 30 * 3_600));
    }
    stage.about(THIRD, Rule::GlassBroken, Gravity::Warning, nth(&times, 3))
}

/// A cookie taken by a bad extension: replayed by another browser; or by the same one, in turns with its owner, for files.
fn stolen_cookie(mut stage: Stage<'_>) -> Played {
    let at = stage.day.at(11 * HOUR, 0);
    if stage.dice.chance(600) {
        stage.sheet.says(OWNER, at, Observed::SessionOnTwoBrowsers);
        return stage.about(OWNER, Rule::SharedSession, Gravity::Warning, at);
    }
    stage.sheet.says(OWNER, at, Observed::SessionOnTwoNetworks);
    let files = stage.roll(18, 40);
    let times = stage.rummages(OWNER, at.plus_seconds(30), files, (20, 60));
    stage.about(OWNER, Rule::SharedSession, Gravity::Warning, nth(&times, 18))
}

/// Tries ids: of this practice without the right, of others, or walks into the decoy.
fn prober(mut stage: Stage<'_>) -> Played {
    let at = stage.day.at(17 * HOUR, 0);
    let kind = stage.dice.below(10);
    if kind < 2 {
        stage.sheet.says(AFTERNOON, at, Observed::DecoyOpened);
        return stage.about(AFTERNOON, Rule::Abuse, Gravity::Critical, at);
    }
    let mut times = Vec::new();
    for batch in 0..stage.roll(6, 12) {
        let happened = at.plus_seconds(batch * 20);
        let foreign = if kind < 5 { 3 } else { 0 };
        stage
            .sheet
            .late(AFTERNOON, happened, 10, Observed::Refused { count: 5, foreign });
        times.push(happened.plus_seconds(10));
    }
    stage.about(AFTERNOON, Rule::Abuse, Gravity::Critical, nth(&times, 5))
}
