//! What staff say of bookings and of themselves: who came, how late they run.

use super::Scene;
use crate::course::{Attendance, DELAY_MINUTES_MAX, MARK_DAYS_MAX};
use crate::event::Event;
use crate::ids::BookingId;
use crate::refusal::Refusal;
use crate::schedule::validate::require;

/// Order: `BookingUnknown`, `NotYet`, `Invalid` (too long ago). Taking back what was said is always possible.
pub(super) fn mark(scene: Scene<'_>, id: BookingId, mark: Option<Attendance>) -> Result<Vec<Event>, Refusal> {
    let booking = scene.agenda.bookings.get(&id).ok_or(Refusal::BookingUnknown)?;
    if let Some(state) = mark {
        let (now, from) = (scene.stamp.now, state.from(&booking, &scene.plan.zone).millis());
        if now < from {
            return Err(Refusal::NotYet { from });
        }
        let latest = booking.span.until.plus(MARK_DAYS_MAX * 24 * 60).millis();
        require(now < latest, "mark", "be said within 400 days")?;
    }
    Ok(vec![Event::BookingMarked { booking: id, mark }])
}

/// Order: `Invalid`.
pub(super) fn announce_delay(minutes: u16) -> Result<Vec<Event>, Refusal> {
    require(minutes <= DELAY_MINUTES_MAX, "minutes", "be at most 240")?;
    Ok(vec![Event::DelayAnnounced { minutes }])
}
