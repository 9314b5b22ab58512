//! Caps, weekly openings and openings that are kept back: types and hours that have them, and patients who try all the same.

use super::{Look, REACH_DAYS, Wish};
use cabinet_domain::schedule::{AppointmentType, Opens, Release};
use cabinet_domain::slots::{Slot, slots};
use cabinet_domain::time::{Span, Weekday};
use cabinet_storage::dice::Dice;

/// Now and then a cap that few bookings reach, and weeks that open at once.
pub(super) fn limit(dice: &mut Dice, kind: &mut AppointmentType) {
    if dice.chance(400) {
        kind.daily_cap = Some(2 + u16::try_from(dice.below(5)).unwrap_or(0));
    }
    if dice.chance(150) {
        let weekdays = [Weekday::Monday, Weekday::Friday, Weekday::Sunday];
        kind.opens = Opens::Weekly {
            weekday: weekdays.get(dice.index(3)).copied().unwrap_or(Weekday::Sunday),
            // The hour of the night in which clocks change, or the morning.
            minute_of_day: if dice.chance(500) { 150 } else { 480 },
            weeks_ahead: 1 + u8::try_from(dice.below(2)).unwrap_or(0),
        };
    }
}

/// Mostly not kept back.
pub(super) fn released(dice: &mut Dice) -> Release {
    let minute_of_day = if dice.chance(500) { 150 } else { 450 };
    match dice.below(6) {
        0 | 1 => Release::OnTheDay { minute_of_day },
        2 => Release::DaysBefore { days: 1, minute_of_day },
        _ => Release::Always,
    }
}

impl Look<'_> {
    /// A slot that there would be without the cap of its type, or one that is not open yet.
    pub(super) fn trick_with_limits(&mut self) -> Option<Wish> {
        let agenda = self.agenda;
        let online: Vec<&AppointmentType> = agenda.types.values().filter(|kind| kind.online).collect();
        let kind = *online.get(self.dice.index(online.len()))?;
        let window = Span::starting(self.now.minute().plus(1), REACH_DAYS * 1_440);
        let shown = slots(agenda, kind.id, window);
        let now = self.now;
        let found: Vec<Slot> = if kind.daily_cap.is_some() && self.dice.chance(700) {
            let mut without = agenda.clone();
            without.types.get_mut(&kind.id)?.daily_cap = None;
            let all = slots(&without, kind.id, window).into_iter();
            all.filter(|slot| slot.bookable_from <= now && shown.binary_search(slot).is_err())
                .collect()
        } else {
            shown.into_iter().filter(|slot| slot.bookable_from > now).collect()
        };
        let slot = *found.get(self.dice.index(found.len()))?;
        Some(self.hold_at(kind.id, slot.start))
    }
}
