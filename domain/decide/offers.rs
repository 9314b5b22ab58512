//! What follows a command where somebody waits: who leaves the list, and who is offered the time that the command frees.
//! Its events join the command's own, so that an offer lies in the commit that frees its time: no moment in which the time
//! is free and not yet offered, and no crash between the two.
//!
//! Offered is what the command *made* free: what boards would be shown as added. In the order of the list, everybody who is not
//! being offered something yet gets the first fitting slot that is left: the freed appointment's own start before others, then
//! the earliest. What opens by the clock alone (a weekly moment, a release) is freed by nobody and offered to nobody.

use super::{Scene, apply};
use crate::agenda::{Agenda, HOLDS_LIVE_MAX, Hold};
use crate::decide::place::Times;
use crate::event::Event;
use crate::ids::{HoldId, TypeId, WaitingId};
use crate::schedule::{AppointmentType, OCCUPIED_MINUTES_MAX};
use crate::slots::{Slot, horizon, slot_changes};
use crate::time::{CivilDate, Span, UtcMillis, UtcMinute};
use crate::waiting::{
    Left, OFFER_SECONDS, OFFER_SECONDS_MIN, OFFERS_LIVE_MAX, PASSED_MAX, WaitingEntry, in_order, offered,
};
use std::collections::{BTreeMap, BTreeSet};

/// Entries whose last day is over leave so many at a time: a command stays small.
const OVER_MAX: usize = 50;

/// Adds to a command's events what follows from them. Nothing where nobody waits.
pub(super) fn follow(scene: Scene<'_>, events: &mut Vec<Event>) {
    if scene.agenda.waiting.is_empty() {
        return;
    }
    let leaving = leaving(scene, events);
    let gone: BTreeSet<WaitingId> = leaving.iter().map(|(entry, _)| *entry).collect();
    let freed = if events.iter().any(frees) {
        Freed::by(scene, events)
    } else {
        Freed::default()
    };
    let offers = offers(scene, events, freed, &gone);
    events.extend(
        leaving
            .into_iter()
            .map(|(entry, why)| Event::WaitingLeft { entry, why }),
    );
    events.extend(offers);
}

/// Whether the event can make a time free.
const fn frees(event: &Event) -> bool {
    match event {
        Event::BookingCancelled { .. }
        | Event::BookingMoved { .. }
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::AbsenceRemoved(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::ExceptionOpened(_) => true,
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursClosed(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::SlotHeld(_)
        | Event::SlotBooked { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => false,
    }
}

/// The hold that an event ends without a booking.
const fn ended_hold(event: &Event) -> Option<HoldId> {
    match event {
        Event::HoldReleased(hold) | Event::HoldExpired(hold) => Some(*hold),
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::SlotBooked { .. }
        | Event::BookingMoved { .. }
        | Event::BookingCancelled { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => None,
    }
}

/// Those who leave with this command, beside whom it takes off itself: who has now let too many offers pass, and whose last
/// day is over.
fn leaving(scene: Scene<'_>, events: &[Event]) -> Vec<(WaitingId, Left)> {
    let list = &scene.agenda.waiting;
    let already = |id: WaitingId| {
        let mut events = events.iter();
        events.any(|event| matches!(event, Event::WaitingLeft { entry, .. } if *entry == id))
    };
    let passing = events
        .iter()
        .filter_map(ended_hold)
        .filter_map(|hold| offered(list, hold));
    let passed: Vec<(WaitingId, Left)> = passing
        .filter(|entry| entry.passed.len() + 1 >= PASSED_MAX && !already(entry.id))
        .map(|entry| (entry.id, Left::PassedTooMany))
        .collect();
    let today = scene.plan.zone.date_of(scene.stamp.now.minute());
    let over: Vec<(WaitingId, Left)> = list
        .values()
        .filter(|entry| entry.wishes.last_day < today && entry.offer.is_none() && !already(entry.id))
        .map(|entry| (entry.id, Left::Over))
        .take(OVER_MAX)
        .collect();
    passed.into_iter().chain(over).collect()
}

/// What a command makes free.
#[derive(Default)]
struct Freed {
    slots: BTreeMap<TypeId, BTreeMap<UtcMinute, Slot>>,
    /// Starts of the appointments that are gone.
    own: BTreeSet<UtcMinute>,
    /// How many of each capped type begin on the dates of these slots, offers included.
    begun: BTreeMap<(TypeId, CivilDate), usize>,
}

impl Freed {
    /// Plays the events on a copy of what they touch and gathers the slots that boards would be shown as added.
    fn by(scene: Scene<'_>, events: &[Event]) -> Self {
        let mut freed = Self::default();
        let Some(horizon) = horizon(scene.agenda, scene.stamp.now) else {
            return freed;
        };
        let mut before = scene.agenda.copy_around(touched(scene, events).as_deref());
        for event in events {
            freed.own.extend(own_start(&before, event));
            let mut after = before.clone();
            apply::happen(&mut after, event, scene.stamp.now);
            for change in slot_changes(&before, &after, event, horizon) {
                let slots = freed.slots.entry(change.kind).or_default();
                for start in change.removed {
                    slots.remove(&start);
                }
                slots.extend(change.added.into_iter().map(|slot| (slot.start, slot)));
            }
            before = after;
        }
        let capped = |kind: &TypeId| {
            scene
                .agenda
                .types
                .get(kind)
                .is_some_and(|kind| kind.daily_cap.is_some())
        };
        if freed.slots.keys().any(capped) {
            for (start, kind) in before.begun(horizon) {
                freed.count(scene, kind, start);
            }
        }
        freed
    }

    /// One more of a type begins at `start`.
    fn count(&mut self, scene: Scene<'_>, kind: TypeId, start: UtcMinute) {
        let date = scene.plan.zone.date_of(start);
        *self.begun.entry((kind, date)).or_default() += 1;
    }

    /// Whether the date of `start` has room under the type's cap.
    fn has_room(&self, scene: Scene<'_>, kind: &AppointmentType, start: UtcMinute) -> bool {
        kind.daily_cap.is_none_or(|cap| {
            let date = scene.plan.zone.date_of(start);
            self.begun.get(&(kind.id, date)).copied().unwrap_or(0) < usize::from(cap)
        })
    }

    /// The slot for an entry: the freed appointment's own start before others, then the earliest.
    fn best(&self, scene: Scene<'_>, entry: &WaitingEntry, taken: &[Span]) -> Option<(Slot, Times)> {
        let kind = scene.agenda.types.get(&entry.kind).filter(|kind| kind.online)?;
        let slots = self.slots.get(&entry.kind)?;
        let now = scene.stamp.now;
        let fits = |slot: &&Slot| {
            let occupied = Times::of(kind, slot.start).occupied;
            slot.bookable_from <= now
                && self.has_room(scene, kind, slot.start)
                && until(slot, now).is_some()
                && !entry.passed.contains(&slot.start)
                && entry.wishes.fit(&scene.plan.zone, slot, now)
                && !taken.iter().any(|span| span.overlaps(occupied))
        };
        let own = self.own.iter().filter_map(|start| slots.get(start));
        let slot = own.chain(slots.values()).find(fits)?;
        Some((*slot, Times::of(kind, slot.start)))
    }
}

/// Until when an offer of `slot` made at `now` stands; none where that would be too short.
fn until(slot: &Slot, now: UtcMillis) -> Option<UtcMillis> {
    let until = now.plus_seconds(OFFER_SECONDS).min(slot.bookable_until);
    (until >= now.plus_seconds(OFFER_SECONDS_MIN)).then_some(until)
}

/// The start of the appointment that an event ends or moves away.
fn own_start(before: &Agenda, event: &Event) -> Option<UtcMinute> {
    let span = match event {
        Event::BookingCancelled { booking, .. } | Event::BookingMoved { booking, .. } => {
            before.bookings.get(booking).map(|booking| booking.span)
        }
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::SlotBooked { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => ended_hold(event)
            .and_then(|hold| before.holds.get(&hold))
            .map(|hold| hold.span),
    };
    span.map(|span| span.from)
}

/// The times that events take or leave; none when they change what is open, and so may reach everywhere.
fn touched(scene: Scene<'_>, events: &[Event]) -> Option<Vec<Span>> {
    let agenda = scene.agenda;
    let mut spans = Vec::new();
    for event in events {
        match event {
            Event::BookingCancelled { booking, .. } => {
                spans.extend(agenda.bookings.get(booking).map(|booking| booking.occupied));
            }
            Event::BookingMoved { booking, occupied, .. } => {
                spans.extend(agenda.bookings.get(booking).map(|booking| booking.occupied));
                spans.push(*occupied);
            }
            Event::HoldReleased(hold) | Event::HoldExpired(hold) => {
                spans.extend(agenda.holds.get(hold).map(|hold| hold.occupied));
            }
            Event::SlotHeld(hold) | Event::SlotOffered { hold, .. } => spans.push(hold.occupied),
            Event::SlotBooked { booking, .. } => spans.push(booking.occupied),
            Event::SeriesJoined { .. }
            | Event::BookingMarked { .. }
            | Event::DelayAnnounced { .. }
            | Event::WaitingJoined(_)
            | Event::WaitingLeft { .. }
            | Event::WaitingPrioritised { .. } => {}
            Event::ProfileSet(_)
            | Event::TypeSet(_)
            | Event::TypeRetired(_)
            | Event::HoursOpened(_)
            | Event::HoursChanged(_)
            | Event::HoursClosed(_)
            | Event::ExceptionOpened(_)
            | Event::ExceptionClosed(_)
            | Event::AbsenceAdded(_)
            | Event::AbsenceRemoved(_) => return None,
        }
    }
    // Where a type is capped, it is the whole dates that fill up and open again.
    if agenda.types.values().any(|kind| kind.daily_cap.is_some()) {
        let zone = &scene.plan.zone;
        for span in &mut spans {
            let first = zone.date_of(span.from.plus(-OCCUPIED_MINUTES_MAX));
            let last = zone.date_of(span.until.plus(OCCUPIED_MINUTES_MAX));
            (span.from, span.until) = (zone.midnight(first), zone.midnight(last.plus_days(1)));
        }
    }
    Some(spans)
}

/// Offers what is freed down the list, within the bounds of live offers and holds.
fn offers(scene: Scene<'_>, events: &[Event], mut freed: Freed, gone: &BTreeSet<WaitingId>) -> Vec<Event> {
    let mut offers = Vec::new();
    if freed.slots.values().all(BTreeMap::is_empty) {
        return offers;
    }
    let now = scene.stamp.now;
    let ended: BTreeSet<HoldId> = events.iter().filter_map(ended_hold).collect();
    let stands = |hold: &HoldId| !ended.contains(hold);
    let live = scene.agenda.live_holds(now).filter(|hold| stands(&hold.id)).count();
    let list = &scene.agenda.waiting;
    let live_offers = list.values().filter_map(|entry| entry.offer).filter(stands).count();
    let room = OFFERS_LIVE_MAX
        .saturating_sub(live_offers)
        .min(HOLDS_LIVE_MAX.saturating_sub(live));
    let left = |id: WaitingId| {
        let mut events = events.iter();
        gone.contains(&id) || events.any(|event| matches!(event, Event::WaitingLeft { entry, .. } if *entry == id))
    };
    let mut taken: Vec<Span> = Vec::new();
    for entry in in_order(list) {
        if offers.len() >= room {
            break;
        }
        // Who lets an offer pass with this very command waits for the next one.
        if entry.offer.is_some() || left(entry.id) {
            continue;
        }
        let hold = HoldId(
            entry
                .id
                .0
                .wrapping_add(1 + u128::try_from(entry.passed.len()).unwrap_or(0)),
        );
        if let Some((slot, times)) = freed.best(scene, entry, &taken)
            && let Some(expires_at) = until(&slot, now)
            && !scene.agenda.holds.contains_key(&hold)
        {
            taken.push(times.occupied);
            freed.count(scene, entry.kind, slot.start);
            offers.push(Event::SlotOffered {
                entry: entry.id,
                hold: Hold {
                    id: hold,
                    kind: entry.kind,
                    span: times.span,
                    occupied: times.occupied,
                    place: slot.place,
                    owner: entry.owner,
                    expires_at,
                },
            });
        }
    }
    offers
}
