//! What happened to an agenda: durable facts, skeleton only. Closed.

use crate::agenda::{Booking, Hold};
use crate::command::Principal;
use crate::course::Attendance;
use crate::ids::{
    AbsenceId, BookingId, CommandId, ExceptionId, HoldId, PlaceId, RuleId, Seq, SeriesId, TypeId, WaitingId,
};
use crate::schedule::{Absence, AppointmentType, ExceptionalOpening, OpeningRule, Profile};
use crate::time::{Span, UtcMillis};
use crate::waiting::{Left, Priority, WaitingEntry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One event as it lies in a stream: the fact, its place, and the command it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded<E> {
    /// Dense position in the stream, from 1.
    pub seq: Seq,
    /// The command's clock read.
    pub at: UtcMillis,
    /// Who asked.
    pub principal: Principal,
    /// The sender's number for the command.
    pub command_id: CommandId,
    /// Digest of the command's body.
    pub digest: [u8; 16],
    /// `true` on the last event of its command: an append holds whole commands only.
    pub last_of_command: bool,
    /// The fact.
    pub event: E,
}

/// Who cancelled, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CancelledBy {
    Patient,
    Practice,
}

/// A fact about one agenda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Settings were set.
    ProfileSet(Profile),
    /// A type was added or changed.
    TypeSet(AppointmentType),
    /// A type is no longer offered.
    TypeRetired(TypeId),
    /// A weekly rule was added.
    HoursOpened(OpeningRule),
    /// A weekly rule was replaced.
    HoursChanged(OpeningRule),
    /// A weekly rule was removed.
    HoursClosed(RuleId),
    /// A date was opened.
    ExceptionOpened(ExceptionalOpening),
    /// An exceptional opening was removed.
    ExceptionClosed(ExceptionId),
    /// A stretch was closed.
    AbsenceAdded(Absence),
    /// A stretch was reopened.
    AbsenceRemoved(AbsenceId),
    /// A slot is held.
    SlotHeld(Hold),
    /// A hold was given back.
    HoldReleased(HoldId),
    /// A hold ran out.
    HoldExpired(HoldId),
    /// A slot is booked; the hold it came from, if any, is gone with it.
    SlotBooked {
        /// The booking.
        booking: Booking,
        /// The hold it came from.
        from_hold: Option<HoldId>,
        /// Whether staff deliberately booked outside openings.
        outside_hours: bool,
    },
    /// A booking has another time.
    BookingMoved {
        /// Which.
        booking: BookingId,
        /// New time of the appointment.
        span: Span,
        /// New time with buffers.
        occupied: Span,
        /// New place.
        place: PlaceId,
        /// Bookings it now deliberately overlaps.
        overbooks: BTreeSet<BookingId>,
        /// Whether staff deliberately moved it outside openings.
        outside_hours: bool,
    },
    /// A booking no longer stands.
    BookingCancelled {
        /// Which.
        booking: BookingId,
        /// By whom.
        by: CancelledBy,
    },
    /// Bookings of the same command belong together.
    SeriesJoined {
        /// Their common name.
        series: SeriesId,
        /// Which, in order of time.
        bookings: Vec<BookingId>,
    },
    /// Staff said where somebody is, or what became of the appointment.
    BookingMarked {
        /// Which.
        booking: BookingId,
        /// What; none: unknown again.
        mark: Option<Attendance>,
    },
    /// The practitioner runs late, or no longer.
    DelayAnnounced {
        /// By so many minutes; 0: no longer.
        minutes: u16,
    },
    /// Somebody waits.
    WaitingJoined(WaitingEntry),
    /// Somebody waits no longer.
    WaitingLeft {
        /// Which entry.
        entry: WaitingId,
        /// Why.
        why: Left,
    },
    /// Staff have said how pressing it is.
    WaitingPrioritised {
        /// Which entry.
        entry: WaitingId,
        /// How pressing.
        priority: Priority,
    },
    /// A freed slot is held for somebody who waits. The offer ends as the hold does: booked, released, expired.
    SlotOffered {
        /// For whom.
        entry: WaitingId,
        /// The hold that they own.
        hold: Hold,
    },
}

impl Event {
    /// Stable name: metrics label and protocol word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ProfileSet(_) => "profile.set",
            Self::TypeSet(_) => "type.set",
            Self::TypeRetired(_) => "type.retired",
            Self::HoursOpened(_) => "hours.opened",
            Self::HoursChanged(_) => "hours.changed",
            Self::HoursClosed(_) => "hours.closed",
            Self::ExceptionOpened(_) => "exception.opened",
            Self::ExceptionClosed(_) => "exception.closed",
            Self::AbsenceAdded(_) => "absence.added",
            Self::AbsenceRemoved(_) => "absence.removed",
            Self::SlotHeld(_) => "slot.held",
            Self::HoldReleased(_) => "hold.released",
            Self::HoldExpired(_) => "hold.expired",
            Self::SlotBooked { .. } => "slot.booked",
            Self::BookingMoved { .. } => "booking.moved",
            Self::BookingCancelled { .. } => "booking.cancelled",
            Self::SeriesJoined { .. } => "series.joined",
            Self::BookingMarked { .. } => "booking.marked",
            Self::DelayAnnounced { .. } => "delay.announced",
            Self::WaitingJoined(_) => "waiting.joined",
            Self::WaitingLeft { .. } => "waiting.left",
            Self::WaitingPrioritised { .. } => "waiting.prioritised",
            Self::SlotOffered { .. } => "slot.offered",
        }
    }
}
