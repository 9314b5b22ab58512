//! Finding the dates of a series: which dates a wish means, what keeps each out, what is free near it. Reading only; booking
//! them is one command (`decide::several`).
//!
//! Must not be here: anything that changes a state.

use crate::agenda::Agenda;
use crate::course::{SERIES_MAX, SERIES_MIN};
use crate::decide::{Reason, STAFF_BOOKING_DAYS_AHEAD_MAX, why_not};
use crate::ids::TypeId;
use crate::refusal::Refusal;
use crate::schedule::validate::require;
use crate::slots::slots;
use crate::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday};
use std::collections::BTreeSet;

/// Free starts offered beside a date that cannot be had.
const ALTERNATIVES_MAX: usize = 3;
/// So many days before and after it are looked at for them.
const ALTERNATIVE_DAYS: i32 = 3;
/// Longest interval between two weeks of a series, in weeks.
pub const EVERY_WEEKS_MAX: u8 = 8;
/// Beside the dates wished for, at most so many that cannot be had are passed before the search ends.
const PASSED_MAX: usize = 60;

/// What is wished for: "12 sessions, Tuesdays and Thursdays about 18:00".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesWish {
    /// Appointment type, offered online or not.
    pub kind: TypeId,
    /// From this date on, in the agenda's zone.
    pub first: CivilDate,
    /// On these days of the week.
    pub weekdays: BTreeSet<Weekday>,
    /// In every so manieth week, counted from the Monday of `first`; 1..=[`EVERY_WEEKS_MAX`].
    pub every_weeks: u8,
    /// About this civil time, in minutes after midnight.
    pub minute_of_day: u16,
    /// So many sessions; [`SERIES_MIN`]..=[`SERIES_MAX`].
    pub count: usize,
}

/// One date of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDate {
    /// The date.
    pub date: CivilDate,
    /// The start wished for, on that date.
    pub start: UtcMinute,
    /// What keeps staff from booking it; empty: nothing.
    pub reasons: Vec<Reason>,
    /// Free starts near it when it cannot be had, nearest first: the same day before others.
    pub alternatives: Vec<UtcMinute>,
}

/// The dates of a wish, until as many are free as are wished for: those that cannot be had stand between them, with what is
/// free near them. Ends early when too many cannot be had, or beyond what staff may book.
///
/// # Errors
/// `NotConfigured`, `TypeUnknown`, `Invalid` for a wish out of bounds.
pub fn plan(agenda: &Agenda, wish: &SeriesWish, now: UtcMillis) -> Result<Vec<PlannedDate>, Refusal> {
    let zone = &agenda.index.plan.as_ref().ok_or(Refusal::NotConfigured)?.zone;
    if !agenda.types.contains_key(&wish.kind) {
        return Err(Refusal::TypeUnknown);
    }
    require((SERIES_MIN..=SERIES_MAX).contains(&wish.count), "count", "be 2 to 60")?;
    require(!wish.weekdays.is_empty(), "weekdays", "name at least one day")?;
    require(
        (1..=EVERY_WEEKS_MAX).contains(&wish.every_weeks),
        "every_weeks",
        "be 1 to 8",
    )?;
    require(wish.minute_of_day < 24 * 60, "about", "be a time of day")?;
    require(wish.first.is_plausible(), "first", "lie in the years 1970 to 2199")?;
    let latest = zone.date_of(now.minute().plus(STAFF_BOOKING_DAYS_AHEAD_MAX * 24 * 60));
    let mut planned: Vec<PlannedDate> = Vec::new();
    let mut free = 0;
    for date in dates(wish).take_while(|date| *date <= latest) {
        let (start, _) = zone.instants(date, wish.minute_of_day);
        let mut reasons = why_not(agenda, wish.kind, start, now).unwrap_or_default();
        reasons.retain(|reason| !reason.binds_patients_alone());
        let alternatives = if reasons.is_empty() {
            free += 1;
            Vec::new()
        } else {
            near(agenda, wish.kind, start, now)
        };
        planned.push(PlannedDate {
            date,
            start,
            reasons,
            alternatives,
        });
        if free == wish.count || planned.len() - free >= PASSED_MAX {
            break;
        }
    }
    Ok(planned)
}

/// Every date that a wish means, without end but for the last plausible day.
fn dates(wish: &SeriesWish) -> impl Iterator<Item = CivilDate> + '_ {
    let monday = wish.first.0 - wish.first.0.saturating_add(3).rem_euclid(7);
    let every = i32::from(wish.every_weeks);
    let days = (wish.first.0..).map(CivilDate).take_while(|date| date.is_plausible());
    days.filter(move |date| {
        let week = (date.0 - monday).div_euclid(7);
        week.rem_euclid(every) == 0 && wish.weekdays.contains(&date.weekday())
    })
}

/// Free starts around one that cannot be had. None in the past.
fn near(agenda: &Agenda, kind: TypeId, wished: UtcMinute, now: UtcMillis) -> Vec<UtcMinute> {
    let Some(zone) = agenda.index.plan.as_ref().map(|plan| &plan.zone) else {
        return Vec::new();
    };
    let date = zone.date_of(wished);
    let around = Span {
        from: zone.midnight(date.plus_days(-ALTERNATIVE_DAYS)),
        until: zone.midnight(date.plus_days(ALTERNATIVE_DAYS + 1)),
    };
    let free = slots(agenda, kind, around);
    let mut starts: Vec<UtcMinute> = free.iter().map(|slot| slot.start).collect();
    starts.retain(|start| start.millis() > now);
    starts.sort_by_key(|start| {
        let days = (zone.date_of(*start).0 - date.0).abs();
        let on_that_day = wished.0 + i64::from(zone.date_of(*start).0 - date.0) * 24 * 60;
        (days, (start.0 - on_that_day).abs(), *start)
    });
    starts.truncate(ALTERNATIVES_MAX);
    starts
}
