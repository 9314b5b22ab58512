//! Invariants as functions with ids, called by tests, simulation and production counters alike. A violation is
//! always a defect. ARCHITECTURE.md says which invariants there are; I8 is judged by
//! the simulation, I9 waits for erasure.
//!
//! Must not be here: what is needed to bring a violation about (disks, clients, clocks).

use crate::agenda::Agenda;
use crate::agenda::index::Taker;
use crate::command::Principal;
use crate::event::{Event, Recorded};
use crate::ids::{AgendaKey, BookingId, CommandId, HoldId, Seq, WaitingId};
use crate::schedule::OCCUPIED_MINUTES_MAX;
use crate::time::Span;
use std::collections::BTreeSet;

/// What must hold. Ids are stable: metrics, tests and documents name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// I1: no two bookings or holds overlap, buffers included, unless the policy allowed it and the state says so.
    NoOverlap,
    /// I2: every acknowledged command is in the state after any crash.
    AcknowledgedIsThere,
    /// I3: all events of a command are there, or none, in one dense sequence.
    WholeCommands,
    /// I4: a command id takes effect at most once, across crashes and retries.
    OncePerCommandId,
    /// I5: a subscriber's view equals the agenda's, and its positions have no gap.
    SubscribersEqualTheAgenda,
    /// I6: nothing is answered or published before it is durable.
    NothingBeforeDurable,
    /// I7: nothing of one agenda or practice reaches a subscriber of another.
    NothingOfOthers,
    /// I8: every act has exactly one leaf in the audit log, in order, and what was logged stays (law L10).
    ActsAreLogged,
    /// I10: damage is repaired or named; never a wrong answer.
    NeverWrong,
    /// I11: once faults have stopped, everything is answered.
    EverythingIsAnswered,
    /// I12: what is derived (an index, a checkpoint, a state in memory) equals what the events make.
    ReplayEqualsState,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::NoOverlap,
        Self::AcknowledgedIsThere,
        Self::WholeCommands,
        Self::OncePerCommandId,
        Self::SubscribersEqualTheAgenda,
        Self::NothingBeforeDurable,
        Self::NothingOfOthers,
        Self::ActsAreLogged,
        Self::NeverWrong,
        Self::EverythingIsAnswered,
        Self::ReplayEqualsState,
    ];

    /// Stable id: metrics label.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::NoOverlap => "I1",
            Self::AcknowledgedIsThere => "I2",
            Self::WholeCommands => "I3",
            Self::OncePerCommandId => "I4",
            Self::SubscribersEqualTheAgenda => "I5",
            Self::NothingBeforeDurable => "I6",
            Self::NothingOfOthers => "I7",
            Self::ActsAreLogged => "I8",
            Self::NeverWrong => "I10",
            Self::EverythingIsAnswered => "I11",
            Self::ReplayEqualsState => "I12",
        }
    }
}

/// A broken invariant. Always a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// I1: two bookings overlap, buffers included, and neither records it as deliberate.
    BookingsOverlap(BookingId, BookingId),
    /// I1: a booking is not inside its own occupied span, or a span is empty, reversed or longer than may be.
    MalformedSpan(BookingId),
    /// I1: a hold, expired ones included, overlaps a booking: what is in the way is ended before its time is taken.
    HoldOverlapsBooking(HoldId, BookingId),
    /// I1: two holds, expired ones included, overlap.
    HoldsOverlap(HoldId, HoldId),
    /// I1: a hold is not inside its own occupied span, or a span is empty, reversed or longer than may be.
    MalformedHold(HoldId),
    /// I1: a booking names another as deliberately overlapped that does not stand or does not overlap it.
    StaleOverbooking(BookingId, BookingId),
    /// I1: somebody is being offered a hold that does not stand, or is not theirs, or is another's offer too.
    OfferWithoutHold(WaitingId),
    /// I2: a command was acknowledged with this sequence, and the state does not remember it so.
    Forgotten(CommandId, Seq),
    /// I3: the event with this sequence does not follow the one before it.
    NotDense(Seq),
    /// I3: a commit ends with this sequence, in the middle of a command.
    HalfCommand(Seq),
    /// I4: the command was accepted before.
    AcceptedTwice(CommandId),
    /// I5: a delta begins after the position its receiver had.
    Gap {
        /// Where the receiver stood.
        told: Seq,
        /// Where the delta begins.
        from: Seq,
    },
    /// I6: this sequence was told, and only events up to `durable` are durable.
    ToldTooEarly {
        /// The last sequence told.
        told: Seq,
        /// The last durable one.
        durable: Seq,
    },
    /// I7: something of this agenda reached a receiver of another.
    OfAnother(AgendaKey),
    /// I12: a mark or a series names a booking that does not stand.
    StrayCourse(BookingId),
    /// I12: what is derived for speed differs from what the state says.
    IndexDisagrees,
    /// I12: a state differs from what its events make.
    ReplayDiffers(AgendaKey, Seq),
}

impl Violation {
    /// Which invariant it breaks.
    #[must_use]
    pub const fn invariant(&self) -> Invariant {
        match self {
            Self::BookingsOverlap(..)
            | Self::MalformedSpan(_)
            | Self::HoldOverlapsBooking(..)
            | Self::HoldsOverlap(..)
            | Self::MalformedHold(_)
            | Self::StaleOverbooking(..)
            | Self::OfferWithoutHold(_) => Invariant::NoOverlap,
            Self::Forgotten(..) => Invariant::AcknowledgedIsThere,
            Self::NotDense(_) | Self::HalfCommand(_) => Invariant::WholeCommands,
            Self::AcceptedTwice(_) => Invariant::OncePerCommandId,
            Self::Gap { .. } => Invariant::SubscribersEqualTheAgenda,
            Self::ToldTooEarly { .. } => Invariant::NothingBeforeDurable,
            Self::OfAnother(_) => Invariant::NothingOfOthers,
            Self::StrayCourse(_) | Self::IndexDisagrees | Self::ReplayDiffers(..) => Invariant::ReplayEqualsState,
        }
    }

    /// Stable id for metrics: `I1`...
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.invariant().id()
    }
}

/// What is wrong with a commit on top of `live`: its events must follow densely, end with a command's last event, and
/// belong to commands that were never accepted.
#[must_use]
pub fn check_commit(live: &Agenda, events: &[Recorded<Event>]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(Principal, CommandId)> = BTreeSet::new();
    for (expected, recorded) in (live.seq.saturating_add(1)..).zip(events) {
        if recorded.seq != expected {
            found.push(Violation::NotDense(recorded.seq));
        }
        let command = (recorded.principal, recorded.command_id);
        // The product's own commands are repeated on purpose and find nothing left to do.
        let counted = recorded.last_of_command && recorded.principal != Principal::System;
        if counted && (!seen.insert(command) || live.remembered.contains_key(&command)) {
            found.push(Violation::AcceptedTwice(recorded.command_id));
        }
    }
    if let Some(last) = events.last()
        && !last.last_of_command
    {
        found.push(Violation::HalfCommand(last.seq));
    }
    found
}

/// What is wrong with a delta from `from` that a receiver at `told` gets.
#[must_use]
pub fn check_delta((own, told): (AgendaKey, Seq), (agenda, from): (AgendaKey, Seq)) -> Option<Violation> {
    if agenda != own {
        return Some(Violation::OfAnother(agenda));
    }
    (from > told).then_some(Violation::Gap { told, from })
}

/// What is wrong with telling of `told` while events up to `durable` are durable.
#[must_use]
pub const fn check_told(told: Seq, durable: Seq) -> Option<Violation> {
    if told > durable {
        return Some(Violation::ToldTooEarly { told, durable });
    }
    None
}

/// What is wrong with a state that should hold an acknowledged command. Acceptances are remembered for a stated time only:
/// ask sooner.
#[must_use]
pub fn check_acknowledged(agenda: &Agenda, command: (Principal, CommandId), seq: Seq) -> Option<Violation> {
    let known = agenda.remembered.get(&command).map(|known| known.seq);
    (known != Some(seq)).then_some(Violation::Forgotten(command.1, seq))
}

/// What is wrong with a state that should be what these events make of an empty agenda.
#[must_use]
pub fn check_replay<'a>(agenda: &Agenda, events: impl IntoIterator<Item = &'a Recorded<Event>>) -> Option<Violation> {
    let mut replayed = Agenda::new(agenda.key);
    for recorded in events {
        replayed.apply(recorded);
    }
    (replayed != *agenda).then_some(Violation::ReplayDiffers(agenda.key, agenda.seq))
}

/// Every violation in this state; empty when all is well.
#[must_use]
pub fn check(agenda: &Agenda) -> Vec<Violation> {
    let mut found = Vec::new();
    shapes(agenda, &mut found);
    overlaps(agenda, &mut found);
    overbookings(agenda, &mut found);
    let stray = agenda.course.named().filter(|id| !agenda.bookings.contains_key(id));
    found.extend(stray.map(Violation::StrayCourse));
    offers(agenda, &mut found);
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

/// What is offered is held, for the one whom it is offered to.
fn offers(agenda: &Agenda, found: &mut Vec<Violation>) {
    let mut seen: BTreeSet<HoldId> = BTreeSet::new();
    for entry in agenda.waiting.values() {
        let Some(id) = entry.offer else { continue };
        let theirs = agenda
            .holds
            .get(&id)
            .is_some_and(|hold| hold.owner == entry.owner && hold.kind == entry.kind);
        if !theirs || !seen.insert(id) {
            found.push(Violation::OfferWithoutHold(entry.id));
        }
    }
}
