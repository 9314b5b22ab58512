//! Several bookings in one act: all of them, or none. One command of one agenda, so that no crash leaves half of it.
//!
//! Each is decided by the rules of a single one on what those before it have made of a copy of the agenda. Whatever keeps
//! one of them out is answered as [`Refusal::OneOfSeveral`] with that one's start.

use super::book::{Draft, booked, moved};
use super::{Scene, apply};
use crate::agenda::Agenda;
use crate::command::{Allowances, SessionAt};
use crate::course::{SERIES_MAX, SERIES_MIN};
use crate::event::{CancelledBy, Event};
use crate::ids::{BlobId, BookingId, PatientId, SeriesId, TypeId};
use crate::refusal::Refusal;
use crate::schedule::validate::require;
use crate::time::UtcMinute;
use std::collections::BTreeSet;

/// Order: `TypeUnknown`, `Invalid` (number, order, each once), `OneOfSeveral` in order of time.
pub(super) fn book(
    scene: Scene<'_>,
    (series, kind): (SeriesId, TypeId),
    (patient, details): (PatientId, BlobId),
    sessions: &[SessionAt],
    allow: Allowances,
) -> Result<Vec<Event>, Refusal> {
    let kind = scene.agenda.types.get(&kind).ok_or(Refusal::TypeUnknown)?;
    require(
        (SERIES_MIN..=SERIES_MAX).contains(&sessions.len()),
        "sessions",
        "be 2 to 60",
    )?;
    let ascending = sessions.is_sorted_by(|one, next| one.start < next.start);
    require(ascending, "sessions", "come in order of time")?;
    let bookings = each_once(sessions.iter().map(|session| session.booking), "sessions")?;
    let mut all = one_after_the_other(scene, sessions.iter().copied(), |scene, session| {
        let draft = Draft {
            id: session.booking,
            start: session.start,
            patient,
            details,
        };
        booked(scene, kind, draft, allow)
    })?;
    all.push(Event::SeriesJoined { series, bookings });
    Ok(all)
}

/// Order: `Invalid` (number, each once), `OneOfSeveral` in the order of moving.
pub(super) fn shift(scene: Scene<'_>, moves: &[SessionAt], allow: Allowances) -> Result<Vec<Event>, Refusal> {
    each_once(moves.iter().map(|one| one.booking), "moves")?;
    one_after_the_other(scene, in_order_of_moving(scene.agenda, moves), |scene, session| {
        moved(scene, session.booking, session.start, allow)
    })
}

/// Order: `Invalid` (number, each once), `BookingUnknown`.
pub(super) fn cancel(scene: Scene<'_>, bookings: &[BookingId]) -> Result<Vec<Event>, Refusal> {
    each_once(bookings.iter().copied(), "bookings")?;
    let cancelled = |id: &BookingId| {
        let stands = scene.agenda.bookings.contains_key(id);
        stands.then_some(Event::BookingCancelled {
            booking: *id,
            by: CancelledBy::Practice,
        })
    };
    let events: Option<Vec<Event>> = bookings.iter().map(cancelled).collect();
    events.ok_or(Refusal::BookingUnknown)
}

fn one_after_the_other(
    scene: Scene<'_>,
    sessions: impl Iterator<Item = SessionAt>,
    decide: impl Fn(Scene<'_>, SessionAt) -> Result<Vec<Event>, Refusal>,
) -> Result<Vec<Event>, Refusal> {
    let mut copy = scene.agenda.clone();
    let mut all = Vec::new();
    for session in sessions {
        let step = Scene { agenda: &copy, ..scene };
        let events = decide(step, session).map_err(|why| Refusal::OneOfSeveral {
            start: session.start,
            why: why.code(),
        })?;
        for event in &events {
            apply::happen(&mut copy, event, scene.stamp.now);
        }
        all.extend(events);
    }
    Ok(all)
}

fn each_once(ids: impl Iterator<Item = BookingId>, field: &'static str) -> Result<Vec<BookingId>, Refusal> {
    let ids: Vec<BookingId> = ids.collect();
    require((1..=SERIES_MAX).contains(&ids.len()), field, "be 1 to 60")?;
    let different: BTreeSet<&BookingId> = ids.iter().collect();
    require(different.len() == ids.len(), field, "name each booking once")?;
    Ok(ids)
}

/// Those that go to an earlier time first, earliest first; then those that go to a later one, latest first: so that bookings
/// that move by the same time never meet on their way.
fn in_order_of_moving(agenda: &Agenda, moves: &[SessionAt]) -> impl Iterator<Item = SessionAt> + use<> {
    let from = |session: &SessionAt| agenda.bookings.get(&session.booking).map(|booking| booking.span.from);
    let earlier = |session: &&SessionAt| from(session).is_some_and(|from: UtcMinute| session.start < from);
    let (mut down, mut up): (Vec<&SessionAt>, Vec<&SessionAt>) = moves.iter().partition(earlier);
    down.sort_unstable_by_key(|session| session.start);
    up.sort_unstable_by_key(|session| std::cmp::Reverse(session.start));
    let all: Vec<SessionAt> = down.into_iter().chain(up).copied().collect();
    all.into_iter()
}
