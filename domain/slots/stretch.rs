//! A stretch of an agenda laid out for computing slots: what all types share (who has time there, what its dates state) is
//! gathered once and then read per type.
//!
//! Must not be here: which stretch an event reaches (`changes`).

use super::{Slot, closes, dates, opens};
use crate::agenda::Agenda;
use crate::ids::TypeId;
use crate::openings::{Opening, Plan, join, unite};
use crate::schedule::{AppointmentType, TypeSelection};
use crate::time::{CivilDate, Span, UtcMinute};
use std::collections::BTreeMap;

/// One opening of one date, as one rule or exception states it.
struct Stated<'a> {
    date: CivilDate,
    opening: Opening,
    types: &'a TypeSelection,
}

/// See the head of this file.
pub(super) struct Stretch<'a> {
    plan: &'a Plan,
    /// Minutes between two possible starts.
    step: i64,
    /// Occupied spans that can matter to a start inside, ascending by start.
    taken: Vec<Span>,
    /// By date, ascending.
    stated: Vec<Stated<'a>>,
    /// How many bookings and holds of each type begin on each of these dates; empty where no type has a cap.
    begun: BTreeMap<(TypeId, CivilDate), usize>,
}

impl<'a> Stretch<'a> {
    /// Every start inside `within`, for these types. None while the agenda has no profile.
    pub(super) fn whole<'k>(
        agenda: &'a Agenda,
        within: Span,
        kinds: impl Iterator<Item = &'k AppointmentType>,
    ) -> Option<Self> {
        let zone = &agenda.index.plan.as_deref()?.zone;
        Self::of_dates(agenda, within, dates(zone, within), kinds)
    }

    /// The starts inside `within` whose openings are on these dates, for these types. None while there is no profile.
    pub(super) fn of_dates<'k>(
        agenda: &'a Agenda,
        within: Span,
        dates: impl Iterator<Item = CivilDate>,
        kinds: impl Iterator<Item = &'k AppointmentType>,
    ) -> Option<Self> {
        let (profile, plan) = (agenda.profile.as_ref()?, agenda.index.plan.as_deref()?);
        let (mut ahead, mut behind, mut capped) = (0, 0, false);
        for kind in kinds {
            ahead = ahead.max(i64::from(kind.buffer_before_minutes));
            behind = behind.max(i64::from(kind.duration_minutes) + i64::from(kind.buffer_after_minutes));
            capped |= kind.daily_cap.is_some();
        }
        let reach = Span {
            from: within.from.plus(-ahead),
            until: within.until.plus(behind),
        };
        let mut stated = Vec::new();
        for date in dates {
            plan.state(date, |opening, types| stated.push(Stated { date, opening, types }));
        }
        Some(Self {
            plan,
            step: i64::from(profile.granularity_minutes.max(1)),
            taken: agenda.takers(reach).map(|(taken, _)| taken).collect(),
            begun: if capped {
                begun(agenda, plan, &stated)
            } else {
                BTreeMap::new()
            },
            stated,
        })
    }

    /// Adds the slots of `kind` that start inside `within`, ascending. `found` is empty before.
    pub(super) fn slots(&self, kind: &AppointmentType, within: Span, found: &mut Vec<Slot>) {
        let search = Search {
            stretch: self,
            kind,
            within,
            forbidden: self.forbidden_starts(kind, within),
        };
        let mut openings = Vec::new();
        for of_date in self.stated.chunk_by(|one, next| one.date == next.date) {
            let Some(date) = of_date.first().map(|first| first.date) else {
                continue;
            };
            if self.is_full(kind, date) {
                continue;
            }
            let accepting = of_date.iter().filter(|stated| stated.types.accepts(kind.id));
            openings.clear();
            openings.extend(accepting.map(|stated| stated.opening));
            join(&mut openings);
            search.fill(date, &openings, found);
        }
        // Already in order unless a date has openings at several places, or released at several moments.
        let order = |slot: &Slot| (slot.start, slot.bookable_from, slot.place);
        if !found.is_sorted_by_key(order) {
            found.sort_unstable_by_key(order);
        }
        found.dedup_by_key(|slot| slot.start);
    }

    /// Whether the type's cap is reached on `date`.
    fn is_full(&self, kind: &AppointmentType, date: CivilDate) -> bool {
        let begun = || self.begun.get(&(kind.id, date)).copied().unwrap_or(0);
        kind.daily_cap.is_some_and(|cap| begun() >= usize::from(cap))
    }

    /// Stretches in which no appointment of `kind` may start inside `within`, because of bookings, holds and absences:
    /// ascending, disjoint.
    fn forbidden_starts(&self, kind: &AppointmentType, within: Span) -> Vec<Span> {
        let duration = i64::from(kind.duration_minutes);
        let before = i64::from(kind.buffer_before_minutes);
        let after = i64::from(kind.buffer_after_minutes);
        let taken = self.taken.iter().map(|taken| Span {
            from: taken.from.plus(1 - duration - after),
            until: taken.until.plus(before),
        });
        let absences = self
            .plan
            .absences_from(within.from)
            .map(|absence| Span {
                from: absence.from.plus(1 - duration),
                until: absence.until,
            })
            .take_while(|forbidden| forbidden.from < within.until);
        let mut forbidden: Vec<Span> = taken.filter(|span| span.overlaps(within)).chain(absences).collect();
        unite(&mut forbidden);
        forbidden
    }
}

/// How many bookings and holds of each type begin on each date from the first of these to the last.
fn begun(agenda: &Agenda, plan: &Plan, stated: &[Stated<'_>]) -> BTreeMap<(TypeId, CivilDate), usize> {
    let mut counts = BTreeMap::new();
    if let (Some(first), Some(last)) = (stated.first(), stated.last()) {
        let days = Span {
            from: plan.zone.midnight(first.date),
            until: plan.zone.midnight(last.date.plus_days(1)),
        };
        for (start, kind) in agenda.begun(days) {
            *counts.entry((kind, plan.zone.date_of(start))).or_default() += 1;
        }
    }
    counts
}

/// One type over one stretch.
struct Search<'a> {
    stretch: &'a Stretch<'a>,
    kind: &'a AppointmentType,
    within: Span,
    forbidden: Vec<Span>,
}

impl Search<'_> {
    /// Adds the free starts of these openings of one date.
    fn fill(&self, date: CivilDate, openings: &[Opening], found: &mut Vec<Slot>) {
        let mut opens_at = None;
        for opening in openings {
            let last = opening.until.plus(-i64::from(self.kind.duration_minutes));
            let last = last.min(self.within.until.plus(-1));
            let mut start = self.next_on_grid(*opening, self.within.from);
            if start > last {
                continue;
            }
            let opens_at = *opens_at.get_or_insert_with(|| opens(&self.stretch.plan.zone, self.kind, date));
            let bookable_from = opens_at.max(opening.released).millis();
            let first = self.forbidden.partition_point(|span| span.until <= start);
            let mut ahead = self.forbidden.get(first..).unwrap_or_default().iter().peekable();
            while start <= last {
                while ahead.next_if(|span| span.until <= start).is_some() {}
                match ahead.peek() {
                    Some(span) if span.from <= start => start = self.next_on_grid(*opening, span.until),
                    Some(_) | None => {
                        found.push(Slot {
                            start,
                            place: opening.place,
                            bookable_from,
                            bookable_until: closes(self.kind, start),
                        });
                        start = start.plus(self.stretch.step);
                    }
                }
            }
        }
    }

    /// The first start on the opening's grid that is not before `from`.
    fn next_on_grid(&self, opening: Opening, from: UtcMinute) -> UtcMinute {
        let step = self.stretch.step;
        let late = from.0.saturating_sub(opening.from.0).max(0);
        let steps = late.saturating_add(step - 1) / step;
        opening.from.plus(steps.saturating_mul(step))
    }
}
