//! When an agenda is open: weekly rules, A/B weeks, holidays, exceptional openings and absences, turned into instants.
//! The one place where civil rules become UTC; `slots` and `decide` both ask here.
//!
//! Must not be here: bookings and holds.

use crate::agenda::Agenda;
use crate::holidays::is_public_holiday;
use crate::ids::{PlaceId, TypeId};
use crate::schedule::{ExceptionalOpening, OpeningRule, Profile, TypeSelection, WeekCycle};
use crate::time::{CivilDate, Span, UtcMinute, Weekday};
use crate::zone_table::ZoneTable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One stretch of one date in which a type may be booked at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Opening {
    pub(crate) place: PlaceId,
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

    /// Fills `found` with the openings of `date` that pass `accepts`, ordered by place and time; those of one place that
    /// touch or overlap are one.
    pub(crate) fn openings(&self, date: CivilDate, kind: Option<TypeId>, found: &mut Vec<Opening>) {
        found.clear();
        let accepts = |types: &TypeSelection| kind.is_none_or(|kind| types.accepts(kind));
        if let Some(rules) = self.weekly.get(&date.weekday()) {
            let closed = self.holidays.is_some_and(|region| is_public_holiday(region, date));
            for rule in rules.iter().filter(|rule| !closed && accepts(&rule.types)) {
                if self.applies(rule, date) {
                    self.push(
                        date,
                        rule.from_minute_of_day,
                        rule.until_minute_of_day,
                        rule.place,
                        found,
                    );
                }
            }
        }
        if let Some(exceptions) = self.exceptions.get(&date) {
            for exception in exceptions.iter().filter(|exception| accepts(&exception.types)) {
                self.push(
                    date,
                    exception.from_minute_of_day,
                    exception.until_minute_of_day,
                    exception.place,
                    found,
                );
            }
        }
        if found.len() > 1 {
            found.sort_unstable();
            found.dedup_by(|next, kept| {
                let touches = next.place == kept.place && next.from <= kept.until;
                if touches {
                    kept.until = kept.until.max(next.until);
                }
                touches
            });
        }
    }

    /// The openings of `date` as their rules and exceptions state them, each with the types it accepts: rules in the order
    /// they stand, then exceptions.
    pub(crate) fn stated(&self, date: CivilDate) -> impl Iterator<Item = (Opening, &TypeSelection)> {
        let closed = self.holidays.is_some_and(|region| is_public_holiday(region, date));
        let rules = self.weekly.get(&date.weekday()).into_iter().flatten();
        let rules = rules
            .filter(move |rule| !closed && self.applies(rule, date))
            .map(|rule| {
                (
                    rule.from_minute_of_day,
                    rule.until_minute_of_day,
                    rule.place,
                    &rule.types,
                )
            });
        let exceptions = self.exceptions.get(&date).into_iter().flatten();
        let exceptions = exceptions.map(|one| (one.from_minute_of_day, one.until_minute_of_day, one.place, &one.types));
        rules.chain(exceptions).flat_map(move |(from, until, place, types)| {
            let mut found = Vec::new();
            self.push(date, from, until, place, &mut found);
            found.into_iter().map(move |opening| (opening, types))
        })
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

    fn push(&self, date: CivilDate, from_minute: u16, until_minute: u16, place: PlaceId, found: &mut Vec<Opening>) {
        let (from, _) = self.zone.instants(date, from_minute);
        let (_, until) = self.zone.instants(date, until_minute);
        // A stretch inside the missing hour may come out empty or reversed: it does not exist that day.
        if from < until {
            found.push(Opening { place, from, until });
        }
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
