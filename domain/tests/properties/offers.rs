//! The naive waiting list: who is offered what, by comparing all slots before and after, minute by minute. Shares only types
//! with the code it judges.

use crate::naive::{Wall, begun, slots};
use cabinet_domain::Event;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::{TypeId, WaitingId};
use cabinet_domain::slots::Slot;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday};
use cabinet_domain::waiting::{Priority, WaitingEntry};
use std::collections::BTreeSet;

/// What `own`, the events of one command before any offer, made of `before` is `after`. Who is offered which start then, and
/// until when.
pub(crate) fn offers(
    (before, after): (&Agenda, &Agenda),
    own: &[Event],
    wall: &Wall,
    horizon: Span,
    now: UtcMillis,
) -> Vec<(WaitingId, UtcMinute, UtcMillis)> {
    let mut found = Vec::new();
    let mut taken: BTreeSet<i64> = BTreeSet::new();
    let mut offered: Vec<(TypeId, CivilDate)> = Vec::new();
    let mut list: Vec<&WaitingEntry> = after.waiting.values().collect();
    list.sort_by_key(|entry| (entry.priority == Priority::Normal, entry.joined_at, entry.id));
    for entry in list {
        let Some(was) = before.waiting.get(&entry.id) else {
            continue; // joined with this very command
        };
        let Some(kind) = after.types.get(&entry.kind).filter(|kind| kind.online) else {
            continue;
        };
        if was.offer.is_some() || !own.iter().any(frees) {
            continue;
        }
        let free_before = slots(before, wall, kind.id, horizon);
        let mut freed: Vec<Slot> = slots(after, wall, kind.id, horizon);
        freed.retain(|slot| !free_before.contains(slot));
        // The start of an appointment that is gone comes before all others.
        let gone: BTreeSet<UtcMinute> = own.iter().filter_map(|event| gone(before, event)).collect();
        freed.sort_by_key(|slot| (!gone.contains(&slot.start), slot.start));
        let chosen = freed.into_iter().find(|slot| {
            let from = slot.start.0 - i64::from(kind.buffer_before_minutes);
            let until = slot.start.0 + i64::from(kind.duration_minutes) + i64::from(kind.buffer_after_minutes);
            let bookable = slot.bookable_from <= now && now.plus_seconds(120) <= slot.bookable_until;
            let date = date_of(after, slot.start);
            let more = offered.iter().filter(|one| **one == (kind.id, date)).count();
            let room = kind
                .daily_cap
                .is_none_or(|cap| begun(after, kind.id, date) + more < usize::from(cap));
            bookable && room && !entry.passed.contains(&slot.start) && could_come(entry, after, slot, now) && {
                (from..until).all(|minute| !taken.contains(&minute))
            }
        });
        if let Some(slot) = chosen {
            let from = slot.start.0 - i64::from(kind.buffer_before_minutes);
            let until = slot.start.0 + i64::from(kind.duration_minutes) + i64::from(kind.buffer_after_minutes);
            taken.extend(from..until);
            offered.push((kind.id, date_of(after, slot.start)));
            let expires = now.plus_seconds(600).min(slot.bookable_until);
            found.push((entry.id, slot.start, expires));
        }
    }
    found
}

fn date_of(agenda: &Agenda, start: UtcMinute) -> CivilDate {
    let zone = jiff::tz::TimeZone::get(agenda.profile.as_ref().unwrap().zone.name()).unwrap();
    CivilDate::from_jiff(
        zone.to_datetime(jiff::Timestamp::from_second(start.0 * 60).unwrap())
            .date(),
    )
}

fn frees(event: &Event) -> bool {
    let words = [
        "booking.cancelled",
        "booking.moved",
        "hold.released",
        "hold.expired",
        "absence.removed",
        "hours.opened",
        "hours.changed",
        "exception.opened",
    ];
    words.contains(&event.name())
}

fn gone(before: &Agenda, event: &Event) -> Option<UtcMinute> {
    if let Event::BookingCancelled { booking, .. } | Event::BookingMoved { booking, .. } = event {
        return before.bookings.get(booking).map(|booking| booking.span.from);
    }
    if let Event::HoldReleased(hold) | Event::HoldExpired(hold) = event {
        return before.holds.get(hold).map(|hold| hold.span.from);
    }
    None
}

/// By the clock on the wall, as the zone library reads it.
fn could_come(entry: &WaitingEntry, agenda: &Agenda, slot: &Slot, now: UtcMillis) -> bool {
    let wishes = &entry.wishes;
    let zone = jiff::tz::TimeZone::get(agenda.profile.as_ref().unwrap().zone.name()).unwrap();
    let shown = zone.to_datetime(jiff::Timestamp::from_second(slot.start.0 * 60).unwrap());
    let date = cabinet_domain::time::CivilDate::from_jiff(shown.date());
    let minute = u16::try_from(i32::from(shown.hour()) * 60 + i32::from(shown.minute())).unwrap();
    let weekday = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ][usize::from(shown.date().weekday().to_monday_zero_offset().unsigned_abs())];
    let enough = (slot.start.0 - i64::from(wishes.notice_minutes)) * 60_000 >= now.0;
    enough
        && wishes.place.is_none_or(|place| place == slot.place)
        && wishes.weekdays.contains(&weekday)
        && wishes.first_day <= date
        && date <= wishes.last_day
        && wishes.from_minute_of_day <= minute
        && minute < wishes.until_minute_of_day
}
