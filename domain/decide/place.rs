//! Whether a time is free to take: hours, notice, and who is in the way. Shared by holding, booking and moving.

use super::Scene;
use crate::agenda::Hold;
use crate::agenda::index::Taker;
use crate::event::Event;
use crate::ids::{BookingId, PlaceId, TypeId};
use crate::openings::Opening;
use crate::refusal::Refusal;
use crate::schedule::AppointmentType;
use crate::slots::opens;
use crate::time::{CivilDate, Span, UtcMinute};
use std::collections::BTreeSet;

/// The appointment alone and with its buffers.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) span: Span,
    pub(super) occupied: Span,
}

impl Times {
    pub(super) fn of(kind: &AppointmentType, start: UtcMinute) -> Self {
        let span = Span::starting(start, i64::from(kind.duration_minutes));
        Self {
            span,
            occupied: Span {
                from: span.from.plus(-i64::from(kind.buffer_before_minutes)),
                until: span.until.plus(i64::from(kind.buffer_after_minutes)),
            },
        }
    }
}

/// Who has part of a time.
pub(super) struct InTheWay {
    /// Events that end the expired holds there: they come first, so that the state stays consistent.
    pub(super) expired: Vec<Event>,
    /// Whether a live hold is there.
    pub(super) live_hold: bool,
    /// Bookings there.
    pub(super) bookings: BTreeSet<BookingId>,
}

/// Looks at everything that has part of `occupied`, but for the booking that is being moved.
pub(super) fn in_the_way(scene: Scene<'_>, occupied: Span, moved: Option<BookingId>) -> InTheWay {
    let mut found = InTheWay {
        expired: Vec::new(),
        live_hold: false,
        bookings: BTreeSet::new(),
    };
    for (_, taker) in scene.agenda.takers(occupied) {
        match taker {
            Taker::Booking(id) if Some(id) == moved => {}
            Taker::Booking(id) => {
                found.bookings.insert(id);
            }
            Taker::Hold(id) => {
                let hold = scene.agenda.holds.get(&id);
                if hold.is_some_and(|hold: &Hold| hold.is_live(scene.stamp.now)) {
                    found.live_hold = true;
                } else {
                    found.expired.push(Event::HoldExpired(id));
                }
            }
        }
    }
    found
}

/// The place of the opening on whose grid `span` starts and inside which it lies: what a patient may take. The same
/// openings, grid and choice of opening as [`crate::slots::slots`].
///
/// # Errors
/// `OutsideHours`, then `OffGrid`, `KeptBack`, `Absent`.
pub(super) fn place_on_grid(scene: Scene<'_>, kind: &AppointmentType, span: Span) -> Result<PlaceId, Refusal> {
    let around = around(scene, span, |date, found| {
        scene.plan.openings_for_patients(date, kind.id, found);
    });
    let step = i64::from(scene.profile.granularity_minutes.max(1));
    let mut holding = around.iter().filter(|opening| opening.span().contains(span)).peekable();
    if holding.peek().is_none() {
        // Across the edge between what is kept back and what is not, staff may book and patients may not.
        let mut for_staff = openings_around(scene, Some(kind.id), span).into_iter();
        let across = for_staff.any(|opening| opening.span().contains(span));
        return Err(if across {
            Refusal::OffGrid
        } else {
            Refusal::OutsideHours
        });
    }
    let opens_at = opens(&scene.plan.zone, kind, scene.plan.zone.date_of(span.from));
    let (released, place) = holding
        .filter(|opening| (span.from.0 - opening.from.0) % step == 0)
        .map(|opening| (opening.released.max(opens_at), opening.place))
        .min()
        .ok_or(Refusal::OffGrid)?;
    if released > opens_at && released.millis() > scene.stamp.now {
        return Err(Refusal::KeptBack {
            bookable_from: released.millis(),
        });
    }
    if scene.plan.is_absent(span) {
        return Err(Refusal::Absent);
    }
    Ok(place)
}

/// Whether one more of a type may begin on the date of `start`: fewer bookings and live holds of it than its daily cap do.
///
/// # Errors
/// `CapReached`.
pub(super) fn under_cap(scene: Scene<'_>, kind: &AppointmentType, start: UtcMinute) -> Result<(), Refusal> {
    let Some(cap) = kind.daily_cap else {
        return Ok(());
    };
    let (zone, agenda) = (&scene.plan.zone, scene.agenda);
    let date = zone.date_of(start);
    let day = Span {
        from: zone.midnight(date),
        until: zone.midnight(date.plus_days(1)),
    };
    let held = agenda
        .live_holds(scene.stamp.now)
        .map(|hold| (hold.span.from, hold.kind));
    let all = agenda.bookings.begun(day).chain(held);
    let of_date = all.filter(|(start, of)| *of == kind.id && zone.date_of(*start) == date);
    if of_date.count() >= usize::from(cap) {
        return Err(Refusal::CapReached { cap });
    }
    Ok(())
}

/// The place for a booking by staff, who may start at any minute, and whether it lies outside hours (which needs
/// `allowed`). Outside hours the place is that of an opening of any type around it, else of the nearest opening that
/// day, else of the agenda's first rule or exception.
///
/// # Errors
/// `OutsideHours`, then `Absent`, unless allowed. `OutsideHours` even if allowed when the agenda has never had an
/// opening, for then nothing says where the appointment would be.
pub(super) fn place_for_staff(
    scene: Scene<'_>,
    kind: TypeId,
    span: Span,
    allowed: bool,
) -> Result<(PlaceId, bool), Refusal> {
    let absent = scene.plan.is_absent(span);
    let inside = openings_around(scene, Some(kind), span)
        .into_iter()
        .filter(|opening| opening.span().contains(span))
        .map(|opening| opening.place)
        .min();
    if let (Some(place), false) = (inside, absent) {
        return Ok((place, false));
    }
    if !allowed {
        return Err(inside.map_or(Refusal::OutsideHours, |_| Refusal::Absent));
    }
    let any_rule = || scene.agenda.rules.values().map(|rule| rule.place).next();
    let any_exception = || scene.agenda.exceptions.values().map(|exception| exception.place).next();
    let place = inside
        .or_else(|| nearest(scene, span))
        .or_else(any_rule)
        .or_else(any_exception)
        .ok_or(Refusal::OutsideHours)?;
    Ok((place, true))
}

/// The place of the opening of any type, on the days that `span` touches, that is least far from it.
fn nearest(scene: Scene<'_>, span: Span) -> Option<PlaceId> {
    let distance = |opening: &Opening| {
        let before = opening.from.0.saturating_sub(span.from.0);
        let after = span.until.0.saturating_sub(opening.until.0);
        before.max(after).max(0)
    };
    openings_around(scene, None, span)
        .into_iter()
        .min_by_key(|opening| (distance(opening), opening.place))
        .map(|opening| opening.place)
}

fn openings_around(scene: Scene<'_>, kind: Option<TypeId>, span: Span) -> Vec<Opening> {
    around(scene, span, |date, found| scene.plan.openings(date, kind, found))
}

/// The openings that `of_date` finds on the dates that `span` touches.
fn around(scene: Scene<'_>, span: Span, of_date: impl Fn(CivilDate, &mut Vec<Opening>)) -> Vec<Opening> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    for date in crate::slots::dates(&scene.plan.zone, span) {
        of_date(date, &mut found);
        all.append(&mut found);
    }
    all
}
