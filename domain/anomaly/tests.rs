//! The rules at their bounds, each with its nearest miss; what has to come together; what stays quiet.

use super::*;
use crate::ids::StaffId;
use crate::time::{UtcMillis, Zone};

/// Monday 2 March 2026, 09:00 in Paris, in milliseconds.
const MONDAY_MS: i64 = 1_772_438_400_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const CLAIRE: StaffId = StaffId(1);
const LYON: Location = Location {
    country: *b"FR",
    latitude: 45.76,
    longitude: 4.84,
    roaming: false,
};
const TOKYO: Location = Location {
    country: *b"JP",
    latitude: 35.68,
    longitude: 139.69,
    roaming: false,
};

fn at(seconds: i64) -> UtcMillis {
    UtcMillis(MONDAY_MS).plus_seconds(seconds)
}

struct Trial(Watch);

impl Trial {
    fn new() -> Self {
        Self(Watch::new(Limits::default(), Zone::paris()))
    }

    /// Somebody who has worked every weekday from nine to five for four weeks; the next Monday at nine is second 0.
    fn learnt() -> Self {
        let mut trial = Self::new();
        for day in (1..=28).rev().filter(|day| day % 7 != 1 && day % 7 != 2) {
            trial.sees(-day * DAY, signed_in(1, 1, Some(LYON)));
            for hour in 0..8 {
                trial.sees(-day * DAY + hour * HOUR, Observed::Worked);
            }
        }
        trial
    }

    fn sees(&mut self, seconds: i64, what: Observed) -> Vec<(Rule, Gravity)> {
        let signal = Signal {
            at: at(seconds),
            staff: CLAIRE,
            session: [1; 8],
            what,
        };
        let told = self.0.observe(&signal).into_iter();
        told.map(|alert| (alert.rule, alert.gravity)).collect()
    }
}

fn signed_in(device: u64, network: u64, location: Option<Location>) -> Observed {
    Observed::SignedIn {
        device,
        network,
        location,
    }
}

fn seen(file: u64) -> Seen {
    Seen {
        file,
        explained: None,
        untouched_since: None,
        close: false,
    }
}

fn viewed(files: Vec<Seen>) -> Observed {
    Observed::Viewed { files, place: None }
}

#[test]
fn failures_of_an_account_climb_the_ladder() {
    let mut trial = Trial::new();
    let told: Vec<(i64, Gravity)> = (1..=25)
        .flat_map(|count| {
            let told = trial.sees(count * 30 * MINUTE, Observed::SignInFailed { count: 1 });
            told.into_iter().map(move |(_, gravity)| (count, gravity))
        })
        .collect();
    assert_eq!(
        told,
        [(7, Gravity::Notice), (15, Gravity::Warning), (25, Gravity::Critical)]
    );
}

#[test]
fn a_success_after_failures_is_grave_where_something_is_new_about_it() {
    let failures = Observed::SignInFailed { count: 5 };
    for (device, seconds, expected) in [
        (1, 599, Some(Gravity::Notice)),
        (9, 599, Some(Gravity::Warning)),
        (9, 600, None),
    ] {
        let mut trial = Trial::learnt();
        assert_eq!(trial.sees(0, failures.clone()), []);
        let told = trial.sees(seconds, signed_in(device, 1, Some(LYON)));
        let gravity = told.iter().find(|(rule, _)| *rule == Rule::SuccessAfterFailures);
        assert_eq!(gravity.map(|(_, gravity)| *gravity), expected, "{device} {seconds}");
    }
    // Failures that come to be known after the success: they are written in batches.
    let mut trial = Trial::learnt();
    assert_eq!(trial.sees(60, signed_in(9, 1, Some(LYON))), []);
    let told = trial.sees(0, failures);
    assert_eq!(told, [(Rule::SuccessAfterFailures, Gravity::Warning)]);
}

#[test]
fn devices_networks_and_countries_are_learnt_first() {
    let mut trial = Trial::new();
    assert_eq!(trial.sees(0, signed_in(1, 1, Some(LYON))), []);
    assert_eq!(
        trial.sees(14 * DAY - 1, signed_in(2, 2, Some(LYON))),
        [],
        "within fourteen days"
    );
    assert_eq!(trial.sees(15 * DAY, signed_in(2, 3, Some(LYON))), [], "a known device");
    assert_eq!(trial.sees(16 * DAY, signed_in(3, 3, Some(LYON))), [], "a known network");
    let home = trial.sees(17 * DAY, signed_in(4, 4, Some(LYON)));
    assert_eq!(home, [(Rule::NewDevice, Gravity::Notice)]);
    let abroad = trial.sees(18 * DAY, signed_in(5, 5, Some(TOKYO)));
    assert_eq!(abroad, [(Rule::NewDevice, Gravity::Warning)]);
}

#[test]
fn no_journey_is_faster_than_an_airliner() {
    // Lyon to Tokyo is some 9,900 km: twelve hours and a third.
    for (hours, device, roaming, expected) in [
        (12, 9, false, Some(Gravity::Warning)),
        (13, 9, false, None),
        (1, 1, false, Some(Gravity::Notice)),
        (1, 9, true, None),
    ] {
        let mut trial = Trial::learnt();
        trial.sees(0, signed_in(1, 1, Some(LYON)));
        let there = Location { roaming, ..TOKYO };
        let told = trial.sees(hours * HOUR, signed_in(device, 1, Some(there)));
        let found = told.iter().find(|(rule, _)| *rule == Rule::ImpossibleTravel);
        assert_eq!(found.map(|(_, gravity)| *gravity), expected, "{hours} h");
    }
}

#[test]
fn many_unexplained_files_are_told_by_habit_and_always_beyond_the_ceiling() {
    let told = |files: u64, learnt: bool| {
        let mut trial = if learnt { Trial::learnt() } else { Trial::new() };
        let told = trial.sees(0, viewed((0..files).map(seen).collect()));
        told.into_iter().find(|(rule, _)| *rule == Rule::BulkViewing)
    };
    assert_eq!(told(10, true), None);
    assert_eq!(told(11, true), Some((Rule::BulkViewing, Gravity::Notice)));
    assert_eq!(told(50, false), None, "still being learnt");
    assert_eq!(told(51, false), Some((Rule::BulkViewing, Gravity::Critical)));
    // The same file twice is one, and what is explained is none.
    let mut trial = Trial::learnt();
    let explained = |file| Seen {
        explained: Some(Explanation::Handled),
        ..seen(file)
    };
    assert_eq!(trial.sees(0, viewed((0..200).map(explained).collect())), []);
    for minute in 0..59 {
        assert_eq!(trial.sees(minute * MINUTE, viewed(vec![seen(1), seen(2)])), []);
    }
}

#[test]
fn two_signals_make_a_warning_whichever_comes_first() {
    let files = || viewed((0..11).map(seen).collect());
    let mut trial = Trial::learnt();
    trial.sees(0, Observed::SessionOnTwoNetworks);
    assert!(trial.sees(60, files()).contains(&(Rule::BulkViewing, Gravity::Warning)));
    let mut trial = Trial::learnt();
    assert!(trial.sees(0, files()).contains(&(Rule::BulkViewing, Gravity::Notice)));
    let told = trial.sees(60, Observed::SessionOnTwoNetworks);
    assert_eq!(
        told,
        [
            (Rule::SharedSession, Gravity::Warning),
            (Rule::BulkViewing, Gravity::Warning)
        ]
    );
    // A day later they have nothing to do with each other.
    let mut trial = Trial::learnt();
    trial.sees(0, files());
    let told = trial.sees(DAY, Observed::SessionOnTwoNetworks);
    assert_eq!(told, [(Rule::SharedSession, Gravity::Notice)]);
}

#[test]
fn a_scan_goes_one_way_and_dormant_files_are_counted_by_the_day() {
    let scanned = |turn_at: i64| {
        let mut trial = Trial::new();
        let mut told = Vec::new();
        for step in 0..20 {
            let place = if step < turn_at { step } else { turn_at - step };
            let view = Observed::Viewed {
                files: vec![seen(1)],
                place: Some(place),
            };
            told.extend(trial.sees(step * 29, view));
        }
        told
    };
    assert_eq!(scanned(20), [(Rule::Scan, Gravity::Warning)]);
    assert_eq!(scanned(10), []);
    let dormant = |days: i64| {
        let mut trial = Trial::new();
        let file = |file| Seen {
            untouched_since: Some(at(-days * DAY)),
            ..seen(file)
        };
        let told = trial.sees(0, viewed((0..5).map(file).collect()));
        told.contains(&(Rule::DormantFiles, Gravity::Warning))
    };
    assert_eq!((dormant(720), dormant(719)), (true, false));
}

#[test]
fn hours_are_learnt_on_two_days_and_a_second_night_is_no_habit() {
    let night = |trial: &mut Trial, day: i64| {
        // From 23:00, a file every ten minutes.
        let told =
            (0..3).flat_map(|step| trial.sees(day * DAY + 14 * HOUR + step * 10 * MINUTE, viewed(vec![seen(1)])));
        told.collect::<Vec<_>>()
    };
    let mut trial = Trial::learnt();
    assert_eq!(night(&mut trial, 0), [(Rule::OffHours, Gravity::Notice)]);
    assert_eq!(night(&mut trial, 1), [(Rule::OffHours, Gravity::Notice)]);
    assert_eq!(
        night(&mut trial, 2),
        [],
        "two earlier nights: these are the member's hours"
    );
    // The hour beside a known one is known.
    assert_eq!(trial.sees(8 * HOUR, viewed(vec![seen(1)])), []);
}

#[test]
fn exports_go_by_what_a_month_takes() {
    let export = |patients| Observed::Exported { patients };
    let mut trial = Trial::learnt();
    let first = trial.sees(0, export(31));
    assert_eq!(
        first,
        [(Rule::ExportVolume, Gravity::Warning)],
        "much, and for the first time"
    );
    let mut trial = Trial::learnt();
    assert_eq!(
        trial.sees(0, export(30)),
        [(Rule::ExportVolume, Gravity::Notice)],
        "for the first time"
    );
    assert_eq!(trial.sees(31 * DAY, export(30)), [], "as every month");
    assert_eq!(
        trial.sees(62 * DAY, export(61)),
        [(Rule::ExportVolume, Gravity::Warning)],
        "much, and twice the usual"
    );
}

#[test]
fn what_protects_the_practice_is_told_each_time_and_is_never_quietened() {
    let mut trial = Trial::new();
    let allowance = |rule| Allowance {
        staff: CLAIRE,
        rule,
        until: at(DAY),
    };
    trial.0.allow(allowance(Rule::SecurityChange));
    trial.0.allow(allowance(Rule::BulkViewing));
    trial.0.allow(allowance(Rule::UnexplainedAccess));
    for second in [0, 60] {
        let change = Observed::SecurityChanged(SecurityChange::FactorChanged);
        assert_eq!(trial.sees(second, change), [(Rule::SecurityChange, Gravity::Warning)]);
    }
    // An allowance does not lift the fixed ceiling, and ends.
    assert_eq!(trial.sees(120, viewed((0..50).map(seen).collect())), []);
    let told = trial.sees(121, viewed(vec![seen(50)]));
    assert_eq!(told, [(Rule::BulkViewing, Gravity::Critical)]);
    let told = trial.sees(DAY, viewed((0..3).map(seen).collect()));
    assert_eq!(told, [(Rule::UnexplainedAccess, Gravity::Notice)]);
}

#[test]
fn glasses_sessions_and_refusals() {
    let mut trial = Trial::new();
    let told: Vec<Gravity> = [0, 1, 2]
        .into_iter()
        .flat_map(|day| trial.sees(day * DAY, Observed::GlassBroken))
        .map(|(_, gravity)| gravity)
        .collect();
    assert_eq!(told, [Gravity::Notice, Gravity::Notice, Gravity::Warning]);
    let mut trial = Trial::new();
    assert_eq!(trial.sees(0, Observed::SessionSockets { open: 5 }), []);
    let told = trial.sees(1, Observed::SessionSockets { open: 6 });
    assert_eq!(told, [(Rule::SharedSession, Gravity::Notice)]);
    let told = trial.sees(2, Observed::SessionOnTwoBrowsers);
    assert_eq!(told, [(Rule::SharedSession, Gravity::Warning)]);
    for (first, second, foreign, found) in [
        (19, 600, 0, false),
        (19, 599, 0, true),
        (1, 599, 10, true),
        (1, 599, 9, false),
    ] {
        let mut trial = Trial::new();
        assert_eq!(
            trial.sees(
                0,
                Observed::Refused {
                    count: first,
                    foreign: 0
                }
            ),
            []
        );
        let told = trial.sees(second, Observed::Refused { count: 1, foreign });
        assert_eq!(
            told == [(Rule::Abuse, Gravity::Critical)],
            found,
            "{first} {second} {foreign}"
        );
    }
    assert_eq!(trial.sees(9, Observed::DecoyOpened), [(Rule::Abuse, Gravity::Critical)]);
}

#[test]
fn one_alert_a_day_counts_and_habits_survive_being_kept() {
    let mut trial = Trial::learnt();
    for minute in 0..5 {
        trial.sees(minute * MINUTE, viewed((0..4).map(seen).collect()));
    }
    let changed = trial.0.take_changed_alerts();
    let kept: Vec<(Rule, u32)> = changed.iter().map(|alert| (alert.rule, alert.count)).collect();
    assert_eq!(kept, [(Rule::UnexplainedAccess, 5)]);
    assert_eq!(trial.0.take_changed_alerts(), []);
    // As the supervisor keeps and recalls it.
    let mut recalled = Trial::new();
    for (staff, member) in trial.0.take_touched_members() {
        let text = serde_json::to_string(&member).unwrap();
        recalled.0.recall(staff, serde_json::from_str(&text).unwrap());
    }
    recalled.0.recall_alert(changed[0].clone());
    assert_eq!(recalled.sees(HOUR / 2, viewed((0..4).map(seen).collect())), []);
    assert!(
        recalled
            .sees(HOUR / 2, viewed((4..11).map(seen).collect()))
            .contains(&(Rule::BulkViewing, Gravity::Notice)),
        "the hour's files and the habits were kept"
    );
}

#[test]
fn networks_that_spray_are_told_once_and_a_practice_behind_one_address_is_not() {
    let attempt = |second: i64, account, password, failed| Attempt {
        at: at(second),
        network: 7,
        account,
        password,
        failed,
    };
    let mut watch = NetworkWatch::new(Limits::default());
    for account in 0..4 {
        assert_eq!(watch.observe(&attempt(account * 60, account as u64, 1, true)), []);
    }
    let told = watch.observe(&attempt(899, 4, 1, true));
    assert_eq!(
        told.iter().map(|alert| alert.rule).collect::<Vec<_>>(),
        [Rule::PasswordSpray]
    );
    assert_eq!(watch.observe(&attempt(900, 5, 1, true)), [], "once a day");
    // Five who mistype and get in.
    let mut watch = NetworkWatch::new(Limits::default());
    for account in 0..10 {
        assert_eq!(watch.observe(&attempt(account * 10, account as u64, 1, true)), []);
        assert_eq!(watch.observe(&attempt(account * 10 + 5, account as u64, 2, false)), []);
    }
}
