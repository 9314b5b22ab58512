//! The change of slots that one event causes, found by looking only where that event can reach.

use super::stretch::Stretch;
use super::{Slot, SlotChanges, dates};
use crate::agenda::Agenda;
use crate::event::Event;
use crate::ids::{BookingId, HoldId, TypeId};
use crate::openings::Plan;
use crate::schedule::{AppointmentType, ExceptionalOpening, OpeningRule, TypeSelection};
use crate::time::{CivilDate, Span, UtcMinute};
use std::collections::{BTreeMap, BTreeSet};

/// Where an event can change slots.
enum Reach<'a> {
    /// Nowhere.
    Nothing,
    /// At starts that touch these times: what was taken is free no more, what was left may be free again. Nothing that
    /// touches a taken time is free while it is taken, so each side is computed in one state only.
    Times {
        taken: Option<Time>,
        left: Option<Time>,
        /// Dates on which more or fewer appointments of a capped type begin: the whole date may fill up, or open again.
        counted: Counted,
    },
    /// On these dates (none: on all), of the types that one of these accepts.
    Openings {
        dates: Option<Vec<CivilDate>>,
        accepted: Vec<&'a TypeSelection>,
    },
    /// On all dates, of one type.
    Type(TypeId),
}

type Counted = BTreeSet<(TypeId, CivilDate)>;

/// A time that can be taken.
#[derive(Debug, Clone, Copy)]
enum Time {
    /// Appointments may not touch it; their buffers may.
    Absent(Span),
    /// Appointments with their buffers may not touch it.
    Occupied(Span),
}

impl Time {
    /// Starts whose appointment touches this time.
    fn starts(self, kind: &AppointmentType) -> Span {
        let duration = i64::from(kind.duration_minutes);
        match self {
            Self::Absent(span) => Span {
                from: span.from.plus(1 - duration),
                until: span.until,
            },
            Self::Occupied(span) => Span {
                from: span.from.plus(1 - duration - i64::from(kind.buffer_after_minutes)),
                until: span.until.plus(i64::from(kind.buffer_before_minutes)),
            },
        }
    }
}

/// What one event that takes or leaves times is about to change: made before the event is applied, asked after. So nobody
/// keeps two states to compare them.
#[derive(Debug)]
pub struct SlotWatch {
    was: OfTypes,
    left: Option<Time>,
    counted: Counted,
    horizon: Span,
}

impl SlotWatch {
    /// Looks at what `event`, not applied yet, can change inside `horizon`. None for events that change what is open or
    /// offered: they are compared by [`slot_changes`].
    #[must_use]
    pub fn before(agenda: &Agenda, event: &Event, horizon: Span) -> Option<Self> {
        let (taken, left, counted) = match times(agenda, event)? {
            Reach::Nothing => (None, None, Counted::new()),
            Reach::Times { taken, left, counted } => (taken, left, counted),
            Reach::Openings { .. } | Reach::Type(_) => return None,
        };
        Some(Self {
            was: of_times(agenda, taken, &counted, horizon),
            left,
            counted,
            horizon,
        })
    }

    /// What it has changed, as [`slot_changes`] would say, once the event is applied.
    #[must_use]
    pub fn after(self, agenda: &Agenda) -> Vec<SlotChanges> {
        let Self {
            was,
            left,
            counted,
            horizon,
        } = self;
        differences(was, of_times(agenda, left, &counted, horizon))
    }
}

/// What `event` changed between `before` and `after` (the state it was applied to, and the result) inside `horizon`,
/// per type in the order of type ids; types without change are left out. Offered types of either state, online or not.
///
/// Removing every start in `removed` from the earlier slots and then putting those in `added` in, by start, gives the
/// later slots.
#[must_use]
pub fn slot_changes(before: &Agenda, after: &Agenda, event: &Event, horizon: Span) -> Vec<SlotChanges> {
    if let Some(watch) = SlotWatch::before(before, event, horizon) {
        return watch.after(after);
    }
    match reach(before, after, event, horizon) {
        Reach::Nothing | Reach::Times { .. } => Vec::new(),
        Reach::Openings { dates, accepted } => {
            let concerned = |kind: TypeId| accepted.iter().any(|types| types.accepts(kind));
            let all = |agenda| of_dates(agenda, dates.as_deref(), concerned, horizon);
            differences(all(before), all(after))
        }
        Reach::Type(only) => {
            let all = |agenda| of_dates(agenda, None, |kind| kind == only, horizon);
            differences(all(before), all(after))
        }
    }
}

/// The reach of an event that takes or leaves times; none for one that changes what is open or offered.
fn times<'a>(before: &Agenda, event: &Event) -> Option<Reach<'a>> {
    let held = |id| before.holds.get(id).map(|hold| Time::Occupied(hold.occupied));
    let booked = |id| before.bookings.get(id).map(|booking| booking.occupied);
    let absent = |id| before.absences.get(id).map(|absence| Time::Absent(absence.span));
    let (taken, left) = match event {
        Event::AbsenceAdded(absence) => (Some(Time::Absent(absence.span)), absent(&absence.id)),
        Event::AbsenceRemoved(id) => (None, absent(id)),
        Event::SlotHeld(hold) | Event::SlotOffered { hold, .. } => {
            (Some(Time::Occupied(hold.occupied)), held(&hold.id))
        }
        Event::HoldReleased(id) | Event::HoldExpired(id) => (None, held(id)),
        Event::SlotBooked { booking, from_hold, .. } => {
            let former = from_hold.and_then(|id| before.holds.get(&id)).map(|hold| hold.occupied);
            if former == Some(booking.occupied) && counted(before, event).is_empty() {
                return Some(Reach::Nothing); // the same time changed hands
            }
            (Some(Time::Occupied(booking.occupied)), former.map(Time::Occupied))
        }
        Event::BookingMoved { booking, occupied, .. } => (
            booked(booking).map(|_| Time::Occupied(*occupied)),
            booked(booking).map(Time::Occupied),
        ),
        Event::BookingCancelled { booking, .. } => (None, booked(booking).map(Time::Occupied)),
        Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. } => {
            return Some(Reach::Nothing);
        }
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_) => return None,
    };
    let counted = counted(before, event);
    Some(Reach::Times { taken, left, counted })
}

/// The dates on which `event` makes more or fewer appointments of a capped type begin.
fn counted(before: &Agenda, event: &Event) -> Counted {
    let Some(plan) = before.index.plan.as_deref() else {
        return Counted::new();
    };
    let capped = |kind: TypeId| before.types.get(&kind).is_some_and(|kind| kind.daily_cap.is_some());
    if before.types.values().all(|kind| kind.daily_cap.is_none()) {
        return Counted::new();
    }
    let held = |id: &HoldId| before.holds.get(id).map(|hold| (hold.kind, hold.span.from));
    let booked = |id: &BookingId| before.bookings.get(id).map(|booking| (booking.kind, booking.span.from));
    let begins = if let Event::SlotHeld(hold) | Event::SlotOffered { hold, .. } = event {
        [Some((hold.kind, hold.span.from)), held(&hold.id)]
    } else if let Event::HoldReleased(id) | Event::HoldExpired(id) = event {
        [held(id), None]
    } else if let Event::SlotBooked { booking, from_hold, .. } = event {
        [
            Some((booking.kind, booking.span.from)),
            from_hold.as_ref().and_then(held),
        ]
    } else if let Event::BookingMoved { booking, span, .. } = event {
        let from = booked(booking);
        [from.map(|(kind, _)| (kind, span.from)), from]
    } else if let Event::BookingCancelled { booking, .. } = event {
        [booked(booking), None]
    } else {
        [None, None]
    };
    let [one, other] = begins.map(|begins| begins.map(|(kind, start)| (kind, plan.zone.date_of(start))));
    // What begins on a date in place of another of its type leaves their number as it was.
    let moved = if one == other { None } else { Some([one, other]) };
    let dates = moved.into_iter().flatten().flatten();
    dates.filter(|(kind, _)| capped(*kind)).collect()
}

/// The reach of an event that changes what is open or offered.
fn reach<'a>(before: &'a Agenda, after: &'a Agenda, event: &'a Event, horizon: Span) -> Reach<'a> {
    match event {
        Event::ProfileSet(_) if before.profile == after.profile => Reach::Nothing,
        Event::ProfileSet(_) => Reach::Openings {
            dates: None,
            accepted: vec![&TypeSelection::All],
        },
        Event::TypeSet(kind) => match before.types.get(&kind.id) {
            Some(former) if same_slots(former, kind) => Reach::Nothing,
            Some(_) | None => Reach::Type(kind.id),
        },
        Event::TypeRetired(kind) => Reach::Type(*kind),
        Event::HoursOpened(rule) | Event::HoursChanged(rule) => {
            of_rules(after, [before.rules.get(&rule.id), Some(rule)], horizon)
        }
        Event::HoursClosed(id) => of_rules(after, [before.rules.get(id), None], horizon),
        Event::ExceptionOpened(exception) => of_exceptions([before.exceptions.get(&exception.id), Some(exception)]),
        Event::ExceptionClosed(id) => of_exceptions([before.exceptions.get(id), None]),
        Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::SlotBooked { .. }
        | Event::BookingMoved { .. }
        | Event::BookingCancelled { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. } => Reach::Nothing, // not reached: `times` has these
        Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => Reach::Nothing, // not reached: `times` has these
    }
}

/// Whether two versions of a type have the same slots.
fn same_slots(one: &AppointmentType, other: &AppointmentType) -> bool {
    let timing = |kind: &AppointmentType| {
        (
            (
                kind.duration_minutes,
                kind.buffer_before_minutes,
                kind.buffer_after_minutes,
            ),
            (kind.minimum_notice_minutes, kind.booking_window_days),
            (kind.daily_cap, kind.opens),
        )
    };
    timing(one) == timing(other)
}

/// The dates inside `horizon` on which one of these versions of a rule opens.
fn of_rules<'a>(after: &Agenda, versions: [Option<&'a OpeningRule>; 2], horizon: Span) -> Reach<'a> {
    let Some(plan) = after.index.plan.as_deref() else {
        return Reach::Nothing;
    };
    let falls_on = |plan: &Plan, date| versions.iter().flatten().any(|rule| plan.falls_on(rule, date));
    Reach::Openings {
        dates: Some(
            dates(&plan.zone, horizon)
                .filter(|date| falls_on(plan, *date))
                .collect(),
        ),
        accepted: versions.into_iter().flatten().map(|rule| &rule.types).collect(),
    }
}

fn of_exceptions(versions: [Option<&ExceptionalOpening>; 2]) -> Reach<'_> {
    let mut dates: Vec<CivilDate> = versions.iter().flatten().map(|exception| exception.date).collect();
    dates.sort_unstable();
    dates.dedup();
    Reach::Openings {
        dates: Some(dates),
        accepted: versions
            .into_iter()
            .flatten()
            .map(|exception| &exception.types)
            .collect(),
    }
}

type OfTypes = BTreeMap<TypeId, Vec<Slot>>;

/// The slots of each type that touch `time`, and all those of the types and dates that are counted.
fn of_times(agenda: &Agenda, time: Option<Time>, counted: &Counted, horizon: Span) -> OfTypes {
    let mut all = time.map_or_else(BTreeMap::new, |time| touching(agenda, time, horizon));
    for (kind, date) in counted {
        for (kind, mut whole_date) in of_dates(agenda, Some(&[*date]), |one| one == *kind, horizon) {
            let slots: &mut Vec<Slot> = all.entry(kind).or_default();
            slots.append(&mut whole_date);
            slots.sort_unstable();
            slots.dedup();
        }
    }
    all
}

/// The slots of each type that touch `time`.
fn touching(agenda: &Agenda, time: Time, horizon: Span) -> OfTypes {
    let starts = |kind| inside(time.starts(kind), horizon);
    let hull = agenda.types.values().filter_map(starts).reduce(|one, other| Span {
        from: one.from.min(other.from),
        until: one.until.max(other.until),
    });
    let stretch = hull.and_then(|hull| Stretch::whole(agenda, hull, agenda.types.values()));
    stretch.map_or_else(BTreeMap::new, |stretch| {
        let kinds = agenda.types.values();
        collect(&stretch, kinds.filter_map(|kind| Some((kind, starts(kind)?))))
    })
}

/// The slots on some dates, of each type that is concerned.
fn of_dates(
    agenda: &Agenda,
    dates: Option<&[CivilDate]>,
    concerned: impl Fn(TypeId) -> bool,
    horizon: Span,
) -> OfTypes {
    let kinds = || agenda.types.values().filter(|kind| concerned(kind.id));
    let stretch = match dates {
        Some(dates) => Stretch::of_dates(agenda, horizon, dates.iter().copied(), kinds()),
        None => Stretch::whole(agenda, horizon, kinds()),
    };
    stretch.map_or_else(BTreeMap::new, |stretch| {
        collect(&stretch, kinds().map(|kind| (kind, horizon)))
    })
}

fn collect<'a>(stretch: &Stretch<'_>, kinds: impl Iterator<Item = (&'a AppointmentType, Span)>) -> OfTypes {
    let mut all = BTreeMap::new();
    for (kind, within) in kinds {
        let mut found = Vec::new();
        stretch.slots(kind, within, &mut found);
        if !found.is_empty() {
            all.insert(kind.id, found);
        }
    }
    all
}

fn inside(span: Span, horizon: Span) -> Option<Span> {
    let both = Span {
        from: span.from.max(horizon.from),
        until: span.until.min(horizon.until),
    };
    (both.from < both.until).then_some(both)
}

/// What turns the slots that were into those that are, of each type.
fn differences(mut was: OfTypes, mut is: OfTypes) -> Vec<SlotChanges> {
    let kinds: BTreeSet<TypeId> = was.keys().chain(is.keys()).copied().collect();
    let of_kind = |kind| {
        let (was, is) = (was.remove(&kind), is.remove(&kind));
        difference(kind, &was.unwrap_or_default(), &is.unwrap_or_default())
    };
    let changes = kinds.into_iter().map(of_kind);
    changes
        .filter(|changes| !changes.removed.is_empty() || !changes.added.is_empty())
        .collect()
}

/// The difference of two ascending lists.
fn difference(kind: TypeId, was: &[Slot], is: &[Slot]) -> SlotChanges {
    let mut removed: Vec<UtcMinute> = Vec::new();
    let mut added: Vec<Slot> = Vec::new();
    let (mut was, mut is) = (was.iter().peekable(), is.iter().peekable());
    loop {
        match (was.peek(), is.peek()) {
            (None, None) => break,
            (Some(old), new) if new.is_none_or(|new| old.start < new.start) => {
                removed.push(old.start);
                was.next();
            }
            (old, Some(new)) if old.is_none_or(|old| new.start < old.start) => {
                added.push(**new);
                is.next();
            }
            (old, new) => {
                if let (Some(old), Some(new)) = (old, new)
                    && old != new
                {
                    added.push(**new);
                }
                was.next();
                is.next();
            }
        }
    }
    SlotChanges { kind, removed, added }
}
