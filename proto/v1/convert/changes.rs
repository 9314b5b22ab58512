//! What happened, as staff's screens are told: events to changes of the view.

use super::{outward, waiting};
use crate::v1::session::StaffChange;
use cabinet_domain::audience::Sight;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::BlobId;
use cabinet_domain::person::Person;

/// The changes that `events` made to a staff view, in order; none when one of them changed what deltas do not carry
/// (settings, types, rules, exceptional openings): the view must be read again (`resync`). `people` opens blobs; `sight` is
/// the receiver's.
#[must_use]
pub fn staff_changes<'a>(
    events: &[Recorded<Event>],
    sight: Sight,
    people: impl Fn(BlobId) -> Option<&'a Person>,
) -> Option<Vec<StaffChange>> {
    let mut changes = Vec::new();
    for recorded in events {
        push(&mut changes, &recorded.event, sight, &people)?;
    }
    Some(changes)
}

fn push<'a>(
    changes: &mut Vec<StaffChange>,
    event: &Event,
    sight: Sight,
    people: &impl Fn(BlobId) -> Option<&'a Person>,
) -> Option<()> {
    match event {
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_) => return None,
        Event::AbsenceAdded(absence) => changes.push(StaffChange::AbsenceSet {
            absence: outward::absence(absence, sight),
        }),
        Event::AbsenceRemoved(id) => changes.push(StaffChange::AbsenceGone { id: id.to_string() }),
        Event::SlotHeld(hold) => changes.push(StaffChange::HoldSet {
            hold: outward::hold(hold, sight),
        }),
        Event::HoldReleased(id) | Event::HoldExpired(id) => {
            changes.push(StaffChange::HoldGone { id: id.to_string() });
        }
        Event::SlotBooked {
            booking,
            from_hold,
            outside_hours: _,
        } => {
            changes.extend(from_hold.map(|id| StaffChange::HoldGone { id: id.to_string() }));
            changes.push(StaffChange::BookingSet {
                booking: outward::booking(booking, sight, people(booking.details)),
            });
        }
        Event::BookingMoved {
            booking,
            span,
            occupied: _,
            place,
            overbooks,
            outside_hours: _,
        } => changes.push(StaffChange::BookingMoved {
            id: booking.to_string(),
            start_ms: outward::millis(span.from),
            end_ms: outward::millis(span.until),
            place: outward::seen(sight, place),
            overbooked: !overbooks.is_empty(),
        }),
        Event::SlotOffered { entry, hold } => changes.extend(waiting::offered(*entry, hold, sight)),
        Event::WaitingJoined(_) | Event::WaitingLeft { .. } | Event::WaitingPrioritised { .. } => {
            changes.extend(waited(event, sight, people))
        }
        Event::BookingCancelled { booking, by: _ } => {
            changes.push(StaffChange::BookingGone {
                id: booking.to_string(),
            });
        }
        Event::SeriesJoined { .. } | Event::BookingMarked { .. } | Event::DelayAnnounced { .. } => {
            changes.extend(course(event, sight));
        }
    }
    Some(())
}

/// What has become of bookings, and how late the practitioner runs. Who sees times alone is told of the delay only.
fn course(event: &Event, sight: Sight) -> Option<StaffChange> {
    if let Event::DelayAnnounced { minutes } = event {
        return Some(StaffChange::DelaySet { minutes: *minutes });
    }
    if let (Event::SeriesJoined { series, bookings }, true) = (event, sight.types()) {
        return Some(StaffChange::SeriesSet {
            series: series.to_string(),
            bookings: bookings.iter().map(ToString::to_string).collect(),
        });
    }
    if let (Event::BookingMarked { booking, mark }, true) = (event, sight.types()) {
        return Some(StaffChange::MarkSet {
            id: booking.to_string(),
            mark: mark.map(|mark| mark.name().to_owned()),
        });
    }
    None
}

/// Who waits. Who does not see names sees nobody who does.
fn waited<'a>(event: &Event, sight: Sight, people: &impl Fn(BlobId) -> Option<&'a Person>) -> Option<StaffChange> {
    if !sight.names() {
        return None;
    }
    if let Event::WaitingJoined(entry) = event {
        let entry = waiting::staff_waiting(entry, people(entry.details));
        return Some(StaffChange::WaitingSet { entry });
    }
    if let Event::WaitingPrioritised { entry, priority } = event {
        return Some(waiting::urgent(*entry, *priority));
    }
    if let Event::WaitingLeft { entry, why: _ } = event {
        return Some(StaffChange::WaitingGone { id: entry.to_string() });
    }
    None
}
