//! Invariants of one agenda as functions with ids, called by tests, simulation and production counters alike.

use crate::agenda::Agenda;
use crate::agenda::index::Taker;
use crate::ids::{BookingId, HoldId};
use crate::schedule::OCCUPIED_MINUTES_MAX;
use crate::time::Span;

/// A broken invariant. Always a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// I1: two bookings overlap, buffers included, and neither records it as deliberate.
    BookingsOverlap(BookingId, BookingId),
    /// I1: a booking is not inside its own occupied span, or a span is empty, reversed or longer than may be.
    MalformedSpan(BookingId),
    /// I2: a hold, expired ones included, overlaps a booking: what is in the way is ended before its time is taken.
    HoldOverlapsBooking(HoldId, BookingId),
    /// I2: two holds, expired ones included, overlap.
    HoldsOverlap(HoldId, HoldId),
    /// I2: a hold is not inside its own occupied span, or a span is empty, reversed or longer than may be.
    MalformedHold(HoldId),
    /// I3: a booking names another as deliberately overlapped that does not stand or does not overlap it.
    StaleOverbooking(BookingId, BookingId),
    /// I4: what is derived for speed differs from what the state says.
    IndexDisagrees,
}

impl Violation {
    /// Stable id for metrics: `I1`...
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::BookingsOverlap(..) | Self::MalformedSpan(_) => "I1",
            Self::HoldOverlapsBooking(..) | Self::HoldsOverlap(..) | Self::MalformedHold(_) => "I2",
            Self::StaleOverbooking(..) => "I3",
            Self::IndexDisagrees => "I4",
        }
    }
}

/// Every violation in this state; empty when all is well.
#[must_use]
pub fn check(agenda: &Agenda) -> Vec<Violation> {
    let mut found = Vec::new();
    shapes(agenda, &mut found);
    overlaps(agenda, &mut found);
    overbookings(agenda, &mut found);
    if !agenda.index.agrees_with(agenda) {
        found.push(Violation::IndexDisagrees);
    }
    found
}

fn shapes(agenda: &Agenda, found: &mut Vec<Violation>) {
    let well_formed = |span: Span, occupied: Span| {
        span.from < span.until && occupied.contains(span) && occupied.minutes() <= OCCUPIED_MINUTES_MAX
    };
    for booking in agenda.bookings.values() {
        if !well_formed(booking.span, booking.occupied) {
            found.push(Violation::MalformedSpan(booking.id));
        }
    }
    for hold in agenda.holds.values() {
        if !well_formed(hold.span, hold.occupied) {
            found.push(Violation::MalformedHold(hold.id));
        }
    }
}

/// Walks everything in order of start, comparing each with those that have not ended. Reads the state, not the index.
fn overlaps(agenda: &Agenda, found: &mut Vec<Violation>) {
    let bookings = agenda
        .bookings
        .values()
        .map(|booking| (booking.occupied, Taker::Booking(booking.id)));
    let holds = agenda.holds.values().map(|hold| (hold.occupied, Taker::Hold(hold.id)));
    let mut all: Vec<(Span, Taker)> = bookings.chain(holds).collect();
    all.sort_unstable();
    let mut running: Vec<(Span, Taker)> = Vec::new();
    for (span, taker) in all {
        running.retain(|(earlier, _)| earlier.until > span.from);
        for (earlier, other) in &running {
            if earlier.overlaps(span) {
                found.extend(clash(agenda, *other, taker));
            }
        }
        running.push((span, taker));
    }
}

fn clash(agenda: &Agenda, one: Taker, other: Taker) -> Option<Violation> {
    let names = |one: BookingId, other: BookingId| {
        let booking = agenda.bookings.get(&one);
        booking.is_some_and(|booking| booking.overbooks.contains(&other))
    };
    match (one, other) {
        (Taker::Booking(one), Taker::Booking(other)) => {
            let deliberate = names(one, other) || names(other, one);
            (!deliberate).then_some(Violation::BookingsOverlap(one, other))
        }
        (Taker::Hold(hold), Taker::Booking(booking)) | (Taker::Booking(booking), Taker::Hold(hold)) => {
            Some(Violation::HoldOverlapsBooking(hold, booking))
        }
        (Taker::Hold(one), Taker::Hold(other)) => Some(Violation::HoldsOverlap(one, other)),
    }
}

fn overbookings(agenda: &Agenda, found: &mut Vec<Violation>) {
    for booking in agenda.bookings.values() {
        for other in &booking.overbooks {
            let overlaps = agenda
                .bookings
                .get(other)
                .is_some_and(|other| other.occupied.overlaps(booking.occupied));
            if !overlaps {
                found.push(Violation::StaleOverbooking(booking.id, *other));
            }
        }
    }
}
