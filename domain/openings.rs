//! When an agenda is open: weekly rules, A/B weeks, holidays, exceptional openings and absences, turned into instants.
//! The one place where civil rules become UTC; `slots` and `decide` both ask here.
//!
//! Must not be here: bookings and holds.

use crate::agenda::Agenda;
use crate::holidays::is_public_holiday;
use crate::ids::{PlaceId, TypeId};
use crate::schedule::{ExceptionalOpening, OpeningRule, Profile, Release, TypeSelection, WeekCycle};
use crate::time::{CivilDate, Span, UtcMinute, Weekday};
use crate::zone_table::ZoneTable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One stretch of one date in which a type may be booked at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Opening {
    pub(crate) place: PlaceId,
    /// Kept back from patients until then.
    pub(crate) released: UtcMinute,
    pub(crate) from: UtcMinute,
    pub(crate) until: UtcMinute,
}

impl Opening {
    pub(crate) const fn span(self) -> Span {
        Span {
            from: self.from,
            until: self.until,
        }
    }
}

/// An agenda's schedule laid out for quick reading. Derived; rebuilt when the schedule changes, shared by copies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) zone: Arc<ZoneTable>,
    /// Rules by day of the week, in ISO order.
    weekly: BTreeMap<Weekday, Vec<OpeningRule>>,
    exceptions: BTreeMap<CivilDate, Vec<ExceptionalOpening>>,
    /// Absences united: ascending, disjoint, not touching.
    absences: Vec<Span>,
    holidays: Option<crate::schedule::HolidayRegion>,
    week_a_monday: CivilDate,
}

impl Plan {
    /// The plan of this agenda with this profile.
    pub(crate) fn build(agenda: &Agenda, profile: &Profile) -> Self {
        let mut weekly: BTreeMap<Weekday, Vec<OpeningRule>> = BTreeMap::new();
        for rule in agenda.rules.values() {
            weekly.entry(rule.weekday).or_default().push(rule.clone());
        }
        let mut exceptions: BTreeMap<CivilDate, Vec<ExceptionalOpening>> = BTreeMap::new();
        for exception in agenda.exceptions.values() {
            exceptions.entry(exception.date).or_default().push(exception.clone());
        }
        let mut absences: Vec<Span> = agenda.absences.values().map(|absence| absence.span).collect();
        unite(&mut absences);
        Self {
            zone: ZoneTable::of(&profile.zone),
            weekly,
            exceptions,
            absences,
            holidays: (!profile.open_on_holidays).then_some(profile.holidays),
            week_a_monday: profile.week_a_monday,
        }
    }

    /// Fills `found` with the openings of `date` that accept `kind` (none: of all types), joined. For staff: what is kept
    /// back from patients is open like everything else.
    pub(crate) fn openings(&self, date: CivilDate, kind: Option<TypeId>, found: &mut Vec<Opening>) {
        found.clear();
        self.state(date, |opening, types| {
            if kind.is_none_or(|kind| types.accepts(kind)) {
                let released = UtcMinute(i64::MIN);
                found.push(Opening { released, ..opening });
            }
        });
        join(found);
    }

    /// As [`Self::openings`], for patients: what is released at different moments is not joined.
    pub(crate) fn openings_for_patients(&self, date: CivilDate, kind: TypeId, found: &mut Vec<Opening>) {
        found.clear();
        self.state(date, |opening, types| {
            if types.accepts(kind) {
                found.push(opening);
            }
        });
        join(found);
    }

    /// Tells the openings of `date` as their rules and exceptions state them, each with the types it accepts: rules in the
    /// order of their ids, then exceptions.
    pub(crate) fn state<'a>(&'a self, date: CivilDate, mut tell: impl FnMut(Opening, &'a TypeSelection)) {
        let rules = self.weekly.get(&date.weekday()).map_or(&[][..], Vec::as_slice);
        let exceptions = self.exceptions.get(&date).map_or(&[][..], Vec::as_slice);
        if rules.is_empty() && exceptions.is_empty() {
            return;
        }
        let day = self.zone.day(date);
        let mut tell = |(from_minute, until_minute): (u16, u16), place, release: Release, types: &'a TypeSelection| {
            let (from, _) = day.instants(from_minute);
            let (_, until) = day.instants(until_minute);
            let released = release.released(&self.zone, date);
            // A stretch inside the missing hour may come out empty or reversed: it does not exist that day.
            if from < until {
                tell(
                    Opening {
                        place,
                        released,
                        from,
                        until,
                    },
                    types,
                );
            }
        };
        let mut rules = rules.iter().filter(|rule| self.applies(rule, date)).peekable();
        let closed = || self.holidays.is_some_and(|region| is_public_holiday(region, date));
        if rules.peek().is_some() && !closed() {
            rules.for_each(|rule| {
                let minutes = (rule.from_minute_of_day, rule.until_minute_of_day);
                tell(minutes, rule.place, rule.release, &rule.types);
            });
        }
        for exception in exceptions {
            let minutes = (exception.from_minute_of_day, exception.until_minute_of_day);
            tell(minutes, exception.place, exception.release, &exception.types);
        }
    }

    /// Whether `rule` opens on `date`, holidays aside.
    pub(crate) fn falls_on(&self, rule: &OpeningRule, date: CivilDate) -> bool {
        rule.weekday == date.weekday() && self.applies(rule, date)
    }

    fn applies(&self, rule: &OpeningRule, date: CivilDate) -> bool {
        let weeks = date.0.saturating_sub(self.week_a_monday.0).div_euclid(7);
        let in_cycle = match rule.weeks {
            WeekCycle::Every => true,
            WeekCycle::A => weeks.rem_euclid(2) == 0,
            WeekCycle::B => weeks.rem_euclid(2) == 1,
        };
        in_cycle && rule.valid_from <= date && rule.valid_until.is_none_or(|last| date <= last)
    }

    /// Whether an absence has part of `span`.
    pub(crate) fn is_absent(&self, span: Span) -> bool {
        self.absences_from(span.from)
            .next()
            .is_some_and(|absence| absence.from < span.until)
    }

    /// The united absences that end after `from`, ascending.
    pub(crate) fn absences_from(&self, from: UtcMinute) -> impl Iterator<Item = Span> + '_ {
        let first = self.absences.partition_point(|absence| absence.until <= from);
        self.absences.get(first..).unwrap_or_default().iter().copied()
    }
}

/// Orders openings of one date by place, release and time; those of one place and release that touch or overlap become one.
pub(crate) fn join(openings: &mut Vec<Opening>) {
    if openings.len() > 1 {
        openings.sort_unstable();
        openings.dedup_by(|next, kept| {
            let alike = next.place == kept.place && next.released == kept.released;
            let touches = alike && next.from <= kept.until;
            if touches {
                kept.until = kept.until.max(next.until);
            }
            touches
        });
    }
}

/// Sorts spans and joins those that touch or overlap.
pub(crate) fn unite(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    spans.dedup_by(|next, kept| {
        let touches = next.from <= kept.until;
        if touches {
            kept.until = kept.until.max(next.until);
        }
        touches
    });
}
