//! The quarterly review of who has access (CNIL, guide of 2024, sheet 5), and members who are locked after a grave alert.
//! Stored forms: fields are never moved; enums are append only.
//!
//! Must not be here: raising alerts (`anomaly`), accounts, mails.

use super::Practice;
use super::members::{BreakGlass, SupportGrant};
use crate::anomaly::Rule;
use crate::ids::{BreakGlassId, StaffId, SupportGrantId};
use crate::rights::Role;
use crate::time::{UtcMillis, Zone};
use serde::{Deserialize, Serialize};

/// Owners review who has access every so many months.
pub const REVIEW_MONTHS: i32 = 3;
/// Exceptional accesses are kept for the review so many days after their end: a quarter, and time to do it.
pub const PAST_ACCESS_DAYS: i64 = 120;
/// Most exceptional accesses kept; the oldest go first.
pub const PAST_ACCESSES_MAX: usize = 2_000;

/// An owner has looked at who has access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessReview {
    /// Which owner.
    pub by: StaffId,
    /// When.
    pub at: UtcMillis,
}

/// A member who may do nothing until they are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who.
    pub staff: StaffId,
    /// Which rule they broke.
    pub rule: Rule,
    /// When they were locked.
    pub at: UtcMillis,
}

/// An access beside everybody's rights. Stored: append only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceptional {
    /// Support looked in.
    Support(SupportGrant),
    /// A member broke the glass.
    Glass(BreakGlass),
}

/// An exceptional access, with when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAccess {
    /// What it was.
    pub access: Exceptional,
    /// It ends then, or did.
    pub ended_at: UtcMillis,
}

/// The same civil time `months` later in a zone; the month's last day where the day does not exist.
fn months_later(zone: &Zone, at: UtcMillis, months: i32) -> UtcMillis {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else {
        return at;
    };
    let later = instant
        .to_zoned(zone.rules())
        .checked_add(jiff::Span::new().months(months));
    later.map_or(at, |later| UtcMillis(later.timestamp().as_millisecond()))
}

impl Practice {
    /// From when on a review of who has access is due: a quarter after the last one, or after the practice began.
    #[must_use]
    pub fn review_due(&self) -> UtcMillis {
        let last = self.reviewed.map_or(self.began, |review| review.at);
        months_later(&self.zone(), last, REVIEW_MONTHS)
    }

    /// Exceptional accesses of the quarter before `now`, newest first.
    pub fn accesses_of_the_quarter(&self, now: UtcMillis) -> impl Iterator<Item = &PastAccess> {
        let since = months_later(&self.zone(), now, -REVIEW_MONTHS);
        self.past_accesses
            .iter()
            .rev()
            .filter(move |past| past.ended_at >= since)
    }

    /// Whether somebody was locked and not released since.
    #[must_use]
    pub fn is_locked(&self, staff: StaffId) -> bool {
        self.locks.contains_key(&staff)
    }

    /// Whether a locked owner may release themselves: while no other owner could. Else nobody ever could.
    #[must_use]
    pub fn may_release_themselves(&self, staff: StaffId, now: UtcMillis) -> bool {
        let is_owner = |member: &super::Member| member.role == Role::Owner && member.is_valid(now);
        let free = self.owners(now).any(|owner| !self.is_locked(owner.id));
        self.is_locked(staff) && self.members.get(&staff).is_some_and(is_owner) && !free
    }

    /// Whether they belong here, locked or not: who may be told why they are not let in.
    #[must_use]
    pub fn belongs_now(&self, staff: StaffId, now: UtcMillis) -> bool {
        let member = self.members.get(&staff).is_some_and(|member| member.is_valid(now));
        member || self.grant_of(staff, now).is_some()
    }

    pub(super) fn access_begins(&mut self, access: Exceptional, ended_at: UtcMillis, now: UtcMillis) {
        let kept = now.plus_seconds(-PAST_ACCESS_DAYS * 24 * 3_600);
        self.past_accesses.retain(|past| past.ended_at >= kept);
        let over = (self.past_accesses.len() + 1).saturating_sub(PAST_ACCESSES_MAX);
        self.past_accesses.drain(..over);
        self.past_accesses.push(PastAccess { access, ended_at });
    }

    pub(super) fn support_ends(&mut self, grant: SupportGrantId, now: UtcMillis) {
        self.access_ends(
            now,
            |access| matches!(access, Exceptional::Support(known) if known.id == grant),
        );
    }

    pub(super) fn glass_ends(&mut self, glass: BreakGlassId, now: UtcMillis) {
        self.access_ends(
            now,
            |access| matches!(access, Exceptional::Glass(known) if known.id == glass),
        );
    }

    fn access_ends(&mut self, now: UtcMillis, which: impl Fn(&Exceptional) -> bool) {
        for past in self.past_accesses.iter_mut().filter(|past| which(&past.access)) {
            past.ended_at = past.ended_at.min(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        UtcMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_quarter_is_three_months_of_the_calendar_also_across_a_clock_change_and_at_a_months_end() {
        let paris = Zone::paris();
        // 10:00 in Paris stays 10:00, in winter as in summer.
        assert_eq!(
            months_later(&paris, at("2026-02-10T09:00:00Z"), 3),
            at("2026-05-10T08:00:00Z")
        );
        assert_eq!(
            months_later(&paris, at("2026-11-30T09:00:00Z"), 3),
            at("2027-02-28T09:00:00Z")
        );
        assert_eq!(
            months_later(&paris, at("2026-05-10T08:00:00Z"), -3),
            at("2026-02-10T09:00:00Z")
        );
    }
}
