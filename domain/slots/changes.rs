//! The change of slots that one event causes, found by looking only where that event can reach.

use super::{Slot, SlotChanges, slots};
use crate::agenda::Agenda;
use crate::event::Event;
use crate::ids::TypeId;
use crate::schedule::{AppointmentType, TypeSelection};
use crate::time::{CivilDate, Span, UtcMinute};
use std::collections::BTreeSet;

/// Where an event can change slots.
enum Reach<'a> {
    /// Nowhere.
    Nothing,
    /// Of all types, anywhere.
    Everything,
    /// Of one type, anywhere.
    Type(TypeId),
    /// Of types that one of these accepts, anywhere.
    Accepted(Vec<&'a TypeSelection>),
    /// Of types that this accepts, on one date.
    Date(&'a TypeSelection, CivilDate),
    /// Appointments that touch this stretch, buffers aside.
    Absence(Span),
    /// Appointments whose occupied time touches one of these.
    Occupied(Option<Span>, Option<Span>),
}

/// What `event` changed between `before` and `after` (the state it was applied to, and the result) inside `horizon`,
/// per type in the order of type ids; types without change are left out. Offered types of either state, online or not.
///
/// Removing every start in `removed` from the earlier slots and then putting those in `added` in, by start, gives the
/// later slots.
#[must_use]
pub fn slot_changes(before: &Agenda, after: &Agenda, event: &Event, horizon: Span) -> Vec<SlotChanges> {
    let reach = reach(before, after, event);
    if matches!(reach, Reach::Nothing) {
        return Vec::new();
    }
    let types: BTreeSet<TypeId> = before.types.keys().chain(after.types.keys()).copied().collect();
    let mut all = Vec::new();
    for kind in types {
        for window in windows(&reach, kind, before, after, horizon).into_iter().flatten() {
            let (was, is) = (slots(before, kind, window), slots(after, kind, window));
            collect(&mut all, kind, &was, &is);
        }
    }
    all
}

fn reach<'a>(before: &'a Agenda, after: &'a Agenda, event: &'a Event) -> Reach<'a> {
    let held = |id| before.holds.get(id).map(|hold| hold.occupied);
    let booked = |id| before.bookings.get(id).map(|booking| booking.occupied);
    match event {
        Event::ProfileSet(_) if before.profile == after.profile => Reach::Nothing,
        Event::ProfileSet(_) => Reach::Everything,
        Event::TypeSet(kind) => Reach::Type(kind.id),
        Event::TypeRetired(kind) => Reach::Type(*kind),
        Event::HoursOpened(rule) | Event::HoursChanged(rule) => {
            let former = before.rules.get(&rule.id).map(|former| &former.types);
            Reach::Accepted(former.into_iter().chain([&rule.types]).collect())
        }
        Event::HoursClosed(id) => match before.rules.get(id) {
            Some(rule) => Reach::Accepted(vec![&rule.types]),
            None => Reach::Nothing,
        },
        Event::ExceptionOpened(exception) => Reach::Date(&exception.types, exception.date),
        Event::ExceptionClosed(id) => match before.exceptions.get(id) {
            Some(exception) => Reach::Date(&exception.types, exception.date),
            None => Reach::Nothing,
        },
        Event::AbsenceAdded(absence) => Reach::Absence(absence.span),
        Event::AbsenceRemoved(id) => match before.absences.get(id) {
            Some(absence) => Reach::Absence(absence.span),
            None => Reach::Nothing,
        },
        Event::SlotHeld(hold) => Reach::Occupied(Some(hold.occupied), None),
        Event::HoldReleased(id) | Event::HoldExpired(id) => Reach::Occupied(held(id), None),
        Event::SlotBooked { booking, from_hold, .. } => {
            let former = from_hold.as_ref().and_then(held);
            if former == Some(booking.occupied) {
                return Reach::Nothing; // the same time changed hands
            }
            Reach::Occupied(Some(booking.occupied), former)
        }
        Event::BookingMoved { booking, occupied, .. } => Reach::Occupied(booked(booking), Some(*occupied)),
        Event::BookingCancelled { booking, .. } => Reach::Occupied(booked(booking), None),
    }
}

/// The stretches of starts of `kind` to compare: at most two, ascending, disjoint.
fn windows(reach: &Reach<'_>, kind: TypeId, before: &Agenda, after: &Agenda, horizon: Span) -> [Option<Span>; 2] {
    let whole = [Some(horizon), None];
    match reach {
        Reach::Nothing => [None, None],
        Reach::Everything => whole,
        Reach::Type(only) => [(*only == kind).then_some(horizon), None],
        Reach::Accepted(selections) => {
            let concerned = selections.iter().any(|types| types.accepts(kind));
            [concerned.then_some(horizon), None]
        }
        Reach::Date(types, date) => {
            let Some(plan) = after.index.plan.as_ref().filter(|_| types.accepts(kind)) else {
                return [None, None];
            };
            let day = Span {
                from: plan.zone.midnight(date.plus_days(-1)),
                until: plan.zone.midnight(date.plus_days(2)),
            };
            [inside(day, horizon), None]
        }
        Reach::Absence(span) => {
            let starts = |kind: &AppointmentType| Span {
                from: span.from.plus(1 - i64::from(kind.duration_minutes)),
                until: span.until,
            };
            [
                of_type(kind, before, after).and_then(|kind| inside(starts(kind), horizon)),
                None,
            ]
        }
        Reach::Occupied(one, other) => {
            let starts = |span: &Option<Span>| {
                let (span, kind) = (span.as_ref()?, of_type(kind, before, after)?);
                inside(starts_that_touch(kind, *span), horizon)
            };
            match (starts(one), starts(other)) {
                (Some(one), Some(other)) if one.from <= other.until && other.from <= one.until => {
                    let hull = Span {
                        from: one.from.min(other.from),
                        until: one.until.max(other.until),
                    };
                    [Some(hull), None]
                }
                (Some(one), Some(other)) => [Some(one.min(other)), Some(one.max(other))],
                (one, other) => [one.or(other), None],
            }
        }
    }
}

fn of_type<'a>(kind: TypeId, before: &'a Agenda, after: &'a Agenda) -> Option<&'a AppointmentType> {
    after.types.get(&kind).or_else(|| before.types.get(&kind))
}

/// Starts whose appointment, with buffers, shares a minute with `occupied`.
fn starts_that_touch(kind: &AppointmentType, occupied: Span) -> Span {
    let behind = i64::from(kind.duration_minutes) + i64::from(kind.buffer_after_minutes);
    Span {
        from: occupied.from.plus(1 - behind),
        until: occupied.until.plus(i64::from(kind.buffer_before_minutes)),
    }
}

fn inside(span: Span, horizon: Span) -> Option<Span> {
    let both = Span {
        from: span.from.max(horizon.from),
        until: span.until.min(horizon.until),
    };
    (both.from < both.until).then_some(both)
}

/// Adds the difference of two ascending lists to the entry of `kind`, which is the last one if it is there.
fn collect(all: &mut Vec<SlotChanges>, kind: TypeId, was: &[Slot], is: &[Slot]) {
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
    if removed.is_empty() && added.is_empty() {
        return;
    }
    match all.last_mut() {
        Some(last) if last.kind == kind => {
            last.removed.append(&mut removed);
            last.added.append(&mut added);
        }
        Some(_) | None => all.push(SlotChanges { kind, removed, added }),
    }
}
