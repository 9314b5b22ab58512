//! The rules themselves: what a signal about a member, with what is known of them, breaks. Numbers 1 and 3 to 15; those about
//! networks are in `network`.
//!
//! A finding is `alone` when it rests on two signals that do not follow from each other; else it is a notice until another
//! family of rules has spoken about the same member within a day. Must not be here: alerts and what becomes of them.

use super::habits::{Civil, Novelty};
use super::member::{Finding, Member};
use super::recent::OffHours;
use super::{Gravity, Limits, Location, Observed, Rule, Seen, Signal};
use crate::time::UtcMillis;

const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// Window of rules 3, 8 and 15.
const SHORT_SECONDS: i64 = 10 * MINUTE_SECONDS;
/// A pause that ends a stretch of work.
const PAUSE_SECONDS: i64 = 30 * MINUTE_SECONDS;
/// Half of the earth's mean diameter, in kilometres.
const EARTH_KILOMETRES: f64 = 6_371.0;

/// Judges one signal, and learns from it.
pub(super) fn judge(member: &mut Member, limits: &Limits, civil: Civil, signal: &Signal) -> Vec<Finding> {
    let at = signal.at;
    let mut found = Vec::new();
    match &signal.what {
        Observed::SignInFailed { count } => failed(member, limits, at, *count, &mut found),
        Observed::SignedIn {
            device,
            network,
            location,
        } => {
            signed_in(member, limits, at, (*device, *network, *location), &mut found);
            worked(member, limits, at, civil, false, &mut found);
        }
        Observed::Viewed { files, place } => {
            let unexplained = viewed(member, limits, (at, civil), files, *place, &mut found);
            worked(member, limits, at, civil, unexplained, &mut found);
        }
        Observed::Worked => worked(member, limits, at, civil, false, &mut found),
        Observed::Exported { patients } => {
            exported(member, limits, (at, civil), *patients, &mut found);
            worked(member, limits, at, civil, true, &mut found);
        }
        Observed::SecurityChanged(_) => found.push(Finding::new(Rule::SecurityChange, Gravity::Warning)),
        Observed::GlassBroken => glass_broken(member, limits, at, &mut found),
        Observed::SessionOnTwoNetworks => {
            member.recent.moved.age(at, HOUR_SECONDS);
            member.recent.moved.push_new(at, signal.session);
            found.push(Finding::new(Rule::SharedSession, Gravity::Warning));
        }
        Observed::SessionOnTwoBrowsers => {
            found.push(Finding::new(Rule::SharedSession, Gravity::Warning).alone_if(true));
        }
        Observed::SessionSockets { open } => {
            member.recent.moved.age(at, HOUR_SECONDS);
            let moved = member.recent.moved.iter().any(|(_, session)| session == signal.session);
            if *open > limits.session_sockets {
                found.push(Finding::new(Rule::SharedSession, Gravity::Warning).alone_if(moved));
            }
        }
        Observed::Refused { count, foreign } => refused(member, limits, at, (*count, *foreign), &mut found),
        Observed::DecoyOpened => found.push(Finding::new(Rule::Abuse, Gravity::Critical)),
    }
    found
}

/// Rule 1, and 3 when the failures come to be known after the success.
fn failed(member: &mut Member, limits: &Limits, at: UtcMillis, count: u32, found: &mut Vec<Finding>) {
    let failures = &mut member.recent.failures;
    failures.age(at, DAY_SECONDS);
    failures.push(at, count);
    let sum = failures.iter().map(|(_, count)| count).fold(0, u32::saturating_add);
    let gravities = [
        Gravity::Notice,
        Gravity::Notice,
        Gravity::Warning,
        Gravity::Warning,
        Gravity::Critical,
    ];
    let rungs = limits.failed_sign_ins.iter().zip(gravities);
    if let Some((_, gravity)) = rungs.rev().find(|(rung, _)| sum >= **rung) {
        // From a warning on it is more than anybody forgets: many, and spread by the waits between them.
        found.push(Finding::new(Rule::FailedSignIns, gravity).alone_if(true));
    }
    member.recent.sign_ins.age(at, SHORT_SECONDS);
    let after: Vec<(UtcMillis, Novelty)> = member.recent.sign_ins.iter().filter(|(then, _)| *then >= at).collect();
    for (then, novelty) in after {
        success_after_failures(member, limits, then, novelty, found);
    }
}

/// Rule 3: where something is new about the success, two signals; one's own desk after a forgotten password is a notice, whatever
/// else comes together.
fn success_after_failures(member: &Member, limits: &Limits, at: UtcMillis, novelty: Novelty, found: &mut Vec<Finding>) {
    let just_before = member
        .recent
        .failures
        .iter()
        .filter(|(then, _)| *then <= at && at < then.plus_seconds(SHORT_SECONDS));
    let sum = just_before.map(|(_, count)| count).fold(0, u32::saturating_add);
    if sum >= limits.failures_before_success {
        let new = novelty.device || novelty.network;
        let gravity = if new { Gravity::Warning } else { Gravity::Notice };
        found.push(Finding::new(Rule::SuccessAfterFailures, gravity).alone_if(new));
    }
}

/// Rules 3, 4 and 5.
fn signed_in(
    member: &mut Member,
    limits: &Limits,
    at: UtcMillis,
    (device, network, location): (u64, u64, Option<Location>),
    found: &mut Vec<Finding>,
) {
    let learns = member.learns_places(limits, at);
    member.habits.signs_in_since.get_or_insert(at);
    let former = member.habits.place;
    let novelty = member.habits.sign_in(device, network, location);
    member.recent.sign_ins.age(at, SHORT_SECONDS);
    member.recent.sign_ins.push(at, novelty);
    success_after_failures(member, limits, at, novelty, found);
    if novelty.device && novelty.network && !learns {
        let gravity = if novelty.country {
            Gravity::Warning
        } else {
            Gravity::Notice
        };
        found.push(Finding::new(Rule::NewDevice, gravity).alone_if(novelty.country));
    }
    let Some(location) = location.filter(|location| !location.roaming) else {
        return;
    };
    if let Some((then, from)) = former
        && is_impossible(limits, (from, location), at.0.saturating_sub(then.0))
    {
        found.push(Finding::new(Rule::ImpossibleTravel, Gravity::Warning).alone_if(novelty.device));
    }
    member.habits.place = Some((at, location));
}

fn is_impossible(limits: &Limits, (from, to): (Location, Location), milliseconds: i64) -> bool {
    let kilometres = distance_kilometres(from, to);
    let hours = f64::from(u32::try_from(milliseconds.max(0) / 1_000).unwrap_or(u32::MAX)) / 3_600.0;
    kilometres >= f64::from(limits.travel_kilometres_min)
        && kilometres > hours * f64::from(limits.travel_kilometres_per_hour)
}

/// Along the great circle (haversine).
fn distance_kilometres(from: Location, to: Location) -> f64 {
    let radians = |degrees: f32| f64::from(degrees).to_radians();
    let (north, east) = (
        radians(to.latitude) - radians(from.latitude),
        radians(to.longitude) - radians(from.longitude),
    );
    let half = (north / 2.0).sin().powi(2)
        + radians(from.latitude).cos() * radians(to.latitude).cos() * (east / 2.0).sin().powi(2);
    2.0 * EARTH_KILOMETRES * half.sqrt().min(1.0).asin()
}

/// Rules 6 to 9. Answers whether something was not explained.
fn viewed(
    member: &mut Member,
    limits: &Limits,
    (at, civil): (UtcMillis, Civil),
    files: &[Seen],
    place: Option<i64>,
    found: &mut Vec<Finding>,
) -> bool {
    let unexplained: Vec<Seen> = files.iter().copied().filter(|seen| seen.explained.is_none()).collect();
    if unexplained.is_empty() {
        return false;
    }
    member.recent.files.age(at, HOUR_SECONDS);
    let mut close = false;
    for seen in &unexplained {
        close |= seen.close;
        member.recent.files.push_new(at, seen.file);
        of_today(member, limits, (at, civil), *seen);
    }
    bulk(member, limits, (at, civil), found);
    let today = &member.recent.today;
    let many = today.unexplained.len() >= limits.unexplained_files_a_day as usize;
    if close {
        found.push(Finding::new(Rule::UnexplainedAccess, Gravity::Warning).alone_if(true));
    } else if many {
        found.push(Finding::new(Rule::UnexplainedAccess, Gravity::Notice));
    }
    if today.dormant >= limits.dormant_files_a_day {
        found.push(Finding::new(Rule::DormantFiles, Gravity::Warning).alone_if(true));
    }
    if let Some(place) = place {
        scan(member, limits, at, place, found);
    }
    true
}

fn of_today(member: &mut Member, limits: &Limits, (at, civil): (UtcMillis, Civil), seen: Seen) {
    let dormant_seconds = i64::from(limits.dormant_months) * 30 * DAY_SECONDS;
    let dormant = seen
        .untouched_since
        .is_some_and(|since| at >= since.plus_seconds(dormant_seconds));
    let today = member.recent.day(civil.date);
    if today.unexplained.len() < super::recent::WINDOW_MAX && !today.unexplained.contains(&seen.file) {
        today.unexplained.push(seen.file);
        today.dormant += u32::from(dormant);
    }
}

/// Rule 6. Beyond the fixed ceiling it stands alone, habits or not.
fn bulk(member: &mut Member, limits: &Limits, (_, civil): (UtcMillis, Civil), found: &mut Vec<Finding>) {
    let files = member.recent.files.count();
    let usual = member.habits.usual_peak(civil);
    member.habits.hour_had(civil, files);
    let at = member.recent.files.last().map_or(UtcMillis(0), |(at, _)| at);
    if files > limits.bulk_files_max {
        found.push(Finding::new(Rule::BulkViewing, Gravity::Critical).alone_if(true));
    } else if files > limits.bulk_files.max(usual.saturating_mul(limits.bulk_times_usual)) && !member.learns(limits, at)
    {
        found.push(Finding::new(Rule::BulkViewing, Gravity::Warning));
    }
}

/// Rule 8: in one direction, without turning back.
fn scan(member: &mut Member, limits: &Limits, at: UtcMillis, place: i64, found: &mut Vec<Finding>) {
    let run = &mut member.recent.run;
    run.age(at, SHORT_SECONDS);
    let places: Vec<i64> = run.iter().map(|(_, place)| place).collect();
    match (places.first(), places.last()) {
        (_, Some(last)) if *last == place => return,
        (Some(first), Some(last)) if first != last && (first < last) != (*last < place) => {
            let turned = run.last();
            run.clear();
            if let Some((then, last)) = turned {
                run.push(then, last);
            }
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    run.push(at, place);
    if run.count() >= limits.scan_files {
        found.push(Finding::new(Rule::Scan, Gravity::Warning).alone_if(true));
    }
}

/// Rule 10, and the night's share of 11. Learns the hour afterwards.
fn worked(
    member: &mut Member,
    limits: &Limits,
    at: UtcMillis,
    civil: Civil,
    unexplained: bool,
    found: &mut Vec<Finding>,
) {
    if member.learns(limits, at) || member.habits.works_at(civil) {
        member.recent.off_hours = None;
    } else {
        let going_on = member
            .recent
            .off_hours
            .filter(|off| at < off.until.plus_seconds(PAUSE_SECONDS));
        let off = OffHours {
            from: going_on.map_or(at, |off| off.from),
            until: at,
            unexplained: unexplained || going_on.is_some_and(|off| off.unexplained),
        };
        member.recent.off_hours = Some(off);
        let minutes = i64::from(limits.off_hours_minutes);
        if off.unexplained && at > off.from.plus_seconds(minutes * MINUTE_SECONDS) {
            found.push(Finding::new(Rule::OffHours, Gravity::Notice));
        }
    }
    member.works(at, civil);
}

/// Rule 11: alone when two of much, unusually much, for the first time, and by night come together.
fn exported(
    member: &mut Member,
    limits: &Limits,
    (at, civil): (UtcMillis, Civil),
    patients: u32,
    found: &mut Vec<Finding>,
) {
    let today = member.recent.day(civil.date);
    today.exported = today.exported.saturating_add(patients);
    let exported = today.exported;
    let (month, most) = member.habits.export(civil, patients);
    // What a month usually takes, and half as much again, is no more than usual in a day either.
    let usual = most.unwrap_or(0);
    let much = exported > limits.export_patients.max(usual.saturating_add(usual / 2));
    let unusual = most.is_some_and(|most| month > most.saturating_mul(2));
    let first = most.is_none() && month == patients;
    let night = civil.is_night() && !member.learns(limits, at) && !member.habits.works_at(civil);
    let signals = [much, unusual, first, night]
        .into_iter()
        .filter(|signal| *signal)
        .count();
    if signals > 0 {
        found.push(Finding::new(Rule::ExportVolume, Gravity::Warning).alone_if(signals > 1));
    }
}

/// Rule 13.
fn glass_broken(member: &mut Member, limits: &Limits, at: UtcMillis, found: &mut Vec<Finding>) {
    let glasses = &mut member.recent.glasses;
    glasses.age(at, 7 * DAY_SECONDS);
    glasses.push(at, ());
    let often = glasses.count() > limits.glasses_a_week;
    let gravity = if often { Gravity::Warning } else { Gravity::Notice };
    found.push(Finding::new(Rule::GlassBroken, gravity).alone_if(often));
}

/// Rule 15.
fn refused(member: &mut Member, limits: &Limits, at: UtcMillis, refusals: (u32, u32), found: &mut Vec<Finding>) {
    let window = &mut member.recent.refused;
    window.age(at, SHORT_SECONDS);
    window.push(at, refusals);
    let (mut count, mut foreign) = (0_u32, 0_u32);
    for (_, (one, of_others)) in window.iter() {
        count = count.saturating_add(one);
        foreign = foreign.saturating_add(of_others);
    }
    if count >= limits.refusals || foreign >= limits.foreign_ids {
        found.push(Finding::new(Rule::Abuse, Gravity::Critical));
    }
}
