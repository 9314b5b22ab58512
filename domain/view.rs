//! What screens show beside the state itself: to staff the stretches in which an agenda is open, to patients its places.
//!
//! Must not be here: free slots (`slots`), the wire.

use crate::agenda::Agenda;
use crate::ids::PlaceId;
use crate::schedule::TypeSelection;
use crate::time::{Span, UtcMillis};
use std::collections::BTreeSet;

/// One stretch of one date in which an agenda is open, as one rule or exception states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownOpening {
    /// When. Absences are not taken out: screens show both.
    pub span: Span,
    /// Where.
    pub place: PlaceId,
    /// Types accepted.
    pub types: TypeSelection,
}

/// The openings that have part of `covers`, by date. Empty while the agenda has no profile.
#[must_use]
pub fn shown_openings(agenda: &Agenda, covers: Span) -> Vec<ShownOpening> {
    let Some(plan) = agenda.index.plan.as_deref() else {
        return Vec::new();
    };
    let first = plan.zone.date_of(covers.from);
    let last = plan.zone.date_of(covers.until);
    let dates = (0_i32..)
        .map(|days| first.plus_days(days))
        .take_while(|date| *date <= last);
    let mut shown = Vec::new();
    for date in dates {
        plan.state(date, |opening, types| {
            if opening.span().overlaps(covers) {
                shown.push(ShownOpening {
                    span: opening.span(),
                    place: opening.place,
                    types: types.clone(),
                });
            }
        });
    }
    shown
}

/// Days of one part of a view: bounds how many openings it holds.
const PART_DAYS_MAX: i32 = 62;

/// The first part of `covers`: whole days in which about `bookings_max` bookings start, but at least one day, and at most
/// `PART_DAYS_MAX`. Going on from its end covers everything. All of `covers` while the agenda has no profile.
#[must_use]
pub fn first_part(agenda: &Agenda, covers: Span, bookings_max: usize) -> Span {
    let Some(plan) = agenda.index.plan.as_deref() else {
        return covers;
    };
    let first = plan.zone.date_of(covers.from);
    let mut starting = agenda
        .bookings_between(covers)
        .filter(|booking| booking.span.from >= covers.from);
    let beyond = starting
        .nth(bookings_max)
        .map(|booking| plan.zone.date_of(booking.span.from));
    let date = beyond.map_or(first.plus_days(PART_DAYS_MAX), |date| {
        date.clamp(first.plus_days(1), first.plus_days(PART_DAYS_MAX))
    });
    Span {
        from: covers.from,
        until: plan.zone.midnight(date).min(covers.until),
    }
}

/// Where patients may be seen for a type that they can book themselves: the places of the rules and exceptional openings
/// that accept an online type and are not over at `now`. Empty while the agenda has no profile.
#[must_use]
pub fn online_places(agenda: &Agenda, now: UtcMillis) -> BTreeSet<PlaceId> {
    let Some(plan) = agenda.index.plan.as_deref() else {
        return BTreeSet::new();
    };
    let today = plan.zone.date_of(now.minute());
    let online = |types: &TypeSelection| {
        let mut kinds = agenda.types.values();
        kinds.any(|kind| kind.online && types.accepts(kind.id))
    };
    let rules = agenda.rules.values();
    let rules = rules.filter(|rule| rule.valid_until.is_none_or(|last| today <= last) && online(&rule.types));
    let exceptions = agenda.exceptions.values();
    let exceptions = exceptions.filter(|one| today <= one.date && online(&one.types));
    rules
        .map(|rule| rule.place)
        .chain(exceptions.map(|one| one.place))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agenda::Booking;
    use crate::ids::{AgendaId, AgendaKey, BlobId, BookingId, ExceptionId, PatientId, PracticeId, RuleId, TypeId};
    use crate::schedule::{
        AppointmentType, ExceptionalOpening, HolidayRegion, OpeningRule, Opens, Profile, Release, WeekCycle,
    };
    use crate::time::{CivilDate, UtcMinute, Weekday, Zone};

    /// Monday 4 May 2026, 00:00 in Paris (UTC+2).
    const MONDAY: UtcMinute = UtcMinute(29_630_760);

    fn agenda() -> Agenda {
        let mut agenda = Agenda::new(AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(2),
        });
        let day = |day| CivilDate::new(2026, 5, day).unwrap();
        agenda.profile = Some(Profile {
            zone: Zone::paris(),
            granularity_minutes: 15,
            hold_ttl_seconds: 300,
            holidays: HolidayRegion::Metropole,
            open_on_holidays: false,
            week_a_monday: day(4),
        });
        for (id, weekday) in [(1, Weekday::Monday), (2, Weekday::Friday)] {
            let rule = OpeningRule {
                id: RuleId(id),
                weekday,
                from_minute_of_day: 540,
                until_minute_of_day: 720,
                types: TypeSelection::All,
                place: PlaceId(3),
                weeks: WeekCycle::Every,
                valid_from: day(1),
                valid_until: None,
                release: Release::Always,
            };
            agenda.rules.insert(rule.id, rule);
        }
        let exception = ExceptionalOpening {
            id: ExceptionId(1),
            date: day(4),
            from_minute_of_day: 720,
            until_minute_of_day: 780,
            types: TypeSelection::Only(BTreeSet::from([TypeId(9)])),
            place: PlaceId(3),
            release: Release::Always,
        };
        agenda.exceptions.insert(exception.id, exception);
        agenda.rebuild_index();
        agenda
    }

    #[test]
    fn openings_are_shown_as_stated_and_holidays_are_closed() {
        let agenda = agenda();
        let week = Span::starting(MONDAY, 7 * 24 * 60);
        let shown = shown_openings(&agenda, week);
        let stretches: Vec<(i64, i64)> = shown
            .iter()
            .map(|opening| (opening.span.from.0 - MONDAY.0, opening.span.until.0 - MONDAY.0))
            .collect();
        // Friday 8 May is a public holiday.
        assert_eq!(stretches, [(540, 720), (720, 780)]);
        assert_eq!(shown[0].types, TypeSelection::All);
        assert!(shown[1].types.accepts(TypeId(9)) && !shown[1].types.accepts(TypeId(8)));
    }

    #[test]
    fn parts_are_whole_days_of_about_so_many_bookings_and_cover_everything_once() {
        let mut agenda = agenda();
        // Three bookings on Monday, one on Wednesday, one ten weeks later.
        for (id, from) in [(1, 540), (2, 600), (3, 660), (4, 2 * 1440 + 540), (5, 70 * 1440 + 540)] {
            let span = Span::starting(MONDAY.plus(from), 30);
            let booking = Booking {
                id: BookingId(id),
                kind: TypeId(1),
                span,
                occupied: span,
                place: PlaceId(3),
                patient: PatientId(id),
                details: BlobId(id),
                manage: None,
                notice_version: None,
                online: false,
                booked_at: UtcMillis(0),
                overbooks: BTreeSet::new(),
            };
            agenda.bookings.insert(booking);
        }
        agenda.rebuild_index();
        let days = |part: Span| (part.until.0 - part.from.0) / 1440;
        let covers = Span::starting(MONDAY, 100 * 1440);
        for (bookings_max, expected) in [
            // A day is never divided, however much is in it.
            (1, vec![1, 62, 37]),
            (3, vec![2, 62, 36]),
            (4, vec![62, 38]),
            (5, vec![62, 38]),
        ] {
            let (mut from, mut parts) = (covers.from, Vec::new());
            while from < covers.until {
                let rest = Span {
                    from,
                    until: covers.until,
                };
                let part = first_part(&agenda, rest, bookings_max);
                assert_eq!(part.from, from);
                parts.push(days(part));
                from = part.until;
            }
            assert_eq!(parts, expected, "{bookings_max}");
        }
        assert_eq!(
            first_part(&Agenda::new(agenda.key), covers, 1),
            covers,
            "without a profile there are no days"
        );
    }

    #[test]
    fn only_openings_with_part_of_the_stretch_are_shown() {
        let agenda = agenda();
        let count = |from: i64, minutes| shown_openings(&agenda, Span::starting(MONDAY.plus(from), minutes)).len();
        assert_eq!(count(0, 540), 0);
        assert_eq!(count(0, 541), 1);
        assert_eq!(count(719, 1), 1);
        assert_eq!(count(780, 60), 0);
    }
    #[test]
    fn a_place_is_shown_to_patients_while_an_online_type_is_received_there() {
        let mut agenda = agenda();
        let at = |day: i64| MONDAY.plus(day * 24 * 60).millis();
        let kind = |id, online| AppointmentType {
            id: TypeId(id),
            name: "Suivi".to_owned(),
            duration_minutes: 30,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            colour: 0,
            online,
            minimum_notice_minutes: 0,
            booking_window_days: 84,
            cancellation_cutoff_minutes: 0,
            daily_cap: None,
            opens: Opens::Rolling,
        };
        let friday = agenda.rules.get_mut(&RuleId(2)).unwrap();
        friday.place = PlaceId(4);
        friday.types = TypeSelection::Only(BTreeSet::from([TypeId(8)]));
        friday.valid_until = Some(CivilDate::new(2026, 5, 15).unwrap());
        agenda.exceptions.get_mut(&ExceptionId(1)).unwrap().place = PlaceId(5);
        assert_eq!(
            online_places(&agenda, at(0)),
            BTreeSet::new(),
            "no type, nothing to book"
        );

        // 8 is the practice's own: its place is not a patient's; 9 is offered on the one date of the exception only.
        agenda.types.insert(TypeId(8), kind(8, false));
        agenda.types.insert(TypeId(9), kind(9, true));
        assert_eq!(online_places(&agenda, at(0)), BTreeSet::from([PlaceId(3), PlaceId(5)]));
        assert_eq!(online_places(&agenda, at(1)), BTreeSet::from([PlaceId(3)]));

        // The rule's last day, and the day after.
        agenda.types.insert(TypeId(8), kind(8, true));
        assert_eq!(online_places(&agenda, at(11)), BTreeSet::from([PlaceId(3), PlaceId(4)]));
        assert_eq!(online_places(&agenda, at(12)), BTreeSet::from([PlaceId(3)]));
    }
}
