//! What may be asked of an agenda. Closed: adding a command makes every place that must think about it fail to compile.

use crate::agenda::SecretHash;
use crate::course::Attendance;
use crate::ids::{
    AbsenceId, BlobId, BookingId, CommandId, ExceptionId, HoldId, PatientId, RuleId, SeriesId, StaffId, TypeId,
    WaitingId,
};
use crate::schedule::{Absence, AppointmentType, ExceptionalOpening, OpeningRule, Profile};
use crate::time::{UtcMillis, UtcMinute};
use crate::waiting::{Priority, Wishes};
use serde::{Deserialize, Serialize};

/// Who asks. Idempotence is per principal and command id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Principal {
    /// A named member of staff of the agenda's practice.
    Staff(StaffId),
    /// A patient, known only by the hash of the secret they hold.
    Bearer(SecretHash),
    /// The product itself (timers).
    System,
}

/// The one clock read and the sender's numbering, taken once per command (law L6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Now.
    pub now: UtcMillis,
    /// Who asks.
    pub principal: Principal,
    /// The sender's number for this command.
    pub command_id: CommandId,
    /// Digest of the command's body.
    pub digest: [u8; 16],
}

/// What staff deliberately allow when they book or move; each exercised allowance is recorded in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Allowances {
    /// Overlap other bookings (overbooking). Never overlaps a live hold.
    pub overlap: bool,
    /// Outside openings or inside an absence.
    pub outside_hours: bool,
    /// More of a type on one date than its daily cap. It shows in how many there are.
    pub over_cap: bool,
}

/// Who cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Canceller {
    /// The patient, with the manage secret; bound by the type's cut-off.
    Patient(SecretHash),
    /// The practice; not bound by the cut-off.
    Practice,
    /// The patient, by a link that the server signed for this booking; bound by the type's cut-off.
    PatientByLink,
}

/// Who takes somebody off the waiting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Leaver {
    /// The person, with the secret of their link.
    Patient(SecretHash),
    /// The practice.
    Practice,
}

/// A request to one agenda. Ids in it were drawn by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Set the agenda's settings.
    SetProfile(Profile),
    /// Add or change an appointment type. Changing one leaves existing bookings as they are.
    SetType(AppointmentType),
    /// Stop offering a type.
    RetireType(TypeId),
    /// Add a weekly rule.
    OpenHours(OpeningRule),
    /// Replace a weekly rule (same id).
    ChangeHours(OpeningRule),
    /// Remove a weekly rule.
    CloseHours(RuleId),
    /// Open on one date.
    OpenExceptionally(ExceptionalOpening),
    /// Remove an exceptional opening.
    CloseException(ExceptionId),
    /// Close a stretch of time.
    AddAbsence(Absence),
    /// Reopen it.
    RemoveAbsence(AbsenceId),
    /// Claim a slot for a short while (patients).
    HoldSlot {
        /// Id for the hold.
        hold: HoldId,
        /// Appointment type.
        kind: TypeId,
        /// Start of the appointment.
        start: UtcMinute,
        /// Hash of the token that will own it.
        owner: SecretHash,
    },
    /// Give a hold back before it expires.
    ReleaseHold {
        /// Which.
        hold: HoldId,
        /// Hash of the owning token.
        owner: SecretHash,
    },
    /// Turn a live hold into a booking.
    ConfirmHold {
        /// Which.
        hold: HoldId,
        /// Hash of the owning token.
        owner: SecretHash,
        /// Id for the booking.
        booking: BookingId,
        /// For whom.
        patient: PatientId,
        /// Blob with identity and contacts, sent alongside.
        details: BlobId,
        /// Version of the privacy notice shown.
        notice_version: u32,
        /// Hash of the manage secret.
        manage: SecretHash,
    },
    /// Book without a hold (staff).
    BookDirectly {
        /// Id for the booking.
        booking: BookingId,
        /// Appointment type, offered online or not.
        kind: TypeId,
        /// Start.
        start: UtcMinute,
        /// For whom.
        patient: PatientId,
        /// Blob with identity and contacts, sent alongside.
        details: BlobId,
        /// What staff deliberately allow.
        allow: Allowances,
    },
    /// Move a booking to another start, same type (staff).
    MoveBooking {
        /// Which.
        booking: BookingId,
        /// New start.
        start: UtcMinute,
        /// What staff deliberately allow.
        allow: Allowances,
    },
    /// Cancel a booking.
    CancelBooking {
        /// Which.
        booking: BookingId,
        /// By whom.
        by: Canceller,
    },
    /// Record that a hold has run out (timer). Only informs screens: the slot was free from `expires_at` on.
    ExpireHold(HoldId),
    /// Book several sessions for one patient: all of them, or none (staff).
    BookSeries {
        /// Their common name.
        series: SeriesId,
        /// Appointment type, offered online or not.
        kind: TypeId,
        /// For whom.
        patient: PatientId,
        /// Blob with identity and contacts, sent alongside; the same for all.
        details: BlobId,
        /// The sessions, in order of time, at least [`SERIES_MIN`](crate::course::SERIES_MIN) and at most
        /// [`SERIES_MAX`](crate::course::SERIES_MAX).
        sessions: Vec<SessionAt>,
        /// What staff deliberately allow.
        allow: Allowances,
    },
    /// Move several bookings, each to its own start: all of them, or none (staff).
    MoveBookings {
        /// Which and to when; each once, at most [`SERIES_MAX`](crate::course::SERIES_MAX).
        moves: Vec<SessionAt>,
        /// What staff deliberately allow.
        allow: Allowances,
    },
    /// Cancel several bookings: all of them, or none (staff).
    CancelBookings {
        /// Which; each once, at most [`SERIES_MAX`](crate::course::SERIES_MAX).
        bookings: Vec<BookingId>,
    },
    /// Say where somebody is, or what became of the appointment (staff).
    MarkBooking {
        /// Which.
        booking: BookingId,
        /// What; none: unknown again.
        mark: Option<Attendance>,
    },
    /// Say how late the practitioner runs (staff).
    AnnounceDelay {
        /// Minutes, at most [`DELAY_MINUTES_MAX`](crate::course::DELAY_MINUTES_MAX); 0: no longer late.
        minutes: u16,
    },
    /// Wait for a time that is freed (patients).
    JoinWaitingList {
        /// Id for the entry.
        entry: WaitingId,
        /// Appointment type.
        kind: TypeId,
        /// For whom.
        patient: PatientId,
        /// Blob with identity and contacts, sent alongside.
        details: BlobId,
        /// Hash of the secret in the person's link.
        owner: SecretHash,
        /// Version of the privacy notice shown.
        notice_version: u32,
        /// When they could come.
        wishes: Wishes,
    },
    /// Wait no longer.
    LeaveWaitingList {
        /// Which entry.
        entry: WaitingId,
        /// By whom.
        by: Leaver,
    },
    /// Say how pressing it is (staff).
    SetWaitingPriority {
        /// Which entry.
        entry: WaitingId,
        /// How pressing.
        priority: Priority,
    },
    /// Book what one is being offered. The booking has the entry's number, so that the same link leads to it.
    AcceptOffer {
        /// Whose offer.
        entry: WaitingId,
        /// Hash of the secret of their link.
        owner: SecretHash,
    },
    /// Let what one is being offered go to the next.
    DeclineOffer {
        /// Whose offer.
        entry: WaitingId,
        /// Hash of the secret of their link.
        owner: SecretHash,
    },
}

/// One booking of several, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAt {
    /// Its id.
    pub booking: BookingId,
    /// Start of the appointment.
    pub start: UtcMinute,
}

impl Command {
    /// Stable name: metrics label and protocol word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetProfile(_) => "set_profile",
            Self::SetType(_) => "set_type",
            Self::RetireType(_) => "retire_type",
            Self::OpenHours(_) => "open_hours",
            Self::ChangeHours(_) => "change_hours",
            Self::CloseHours(_) => "close_hours",
            Self::OpenExceptionally(_) => "open_exceptionally",
            Self::CloseException(_) => "close_exception",
            Self::AddAbsence(_) => "add_absence",
            Self::RemoveAbsence(_) => "remove_absence",
            Self::HoldSlot { .. } => "hold_slot",
            Self::ReleaseHold { .. } => "release_hold",
            Self::ConfirmHold { .. } => "confirm_hold",
            Self::BookDirectly { .. } => "book_directly",
            Self::MoveBooking { .. } => "move_booking",
            Self::CancelBooking { .. } => "cancel_booking",
            Self::ExpireHold(_) => "expire_hold",
            Self::BookSeries { .. } => "book_series",
            Self::MoveBookings { .. } => "move_bookings",
            Self::CancelBookings { .. } => "cancel_bookings",
            Self::MarkBooking { .. } => "mark_booking",
            Self::AnnounceDelay { .. } => "announce_delay",
            Self::JoinWaitingList { .. } => "join_waiting_list",
            Self::LeaveWaitingList { .. } => "leave_waiting_list",
            Self::SetWaitingPriority { .. } => "set_waiting_priority",
            Self::AcceptOffer { .. } => "accept_offer",
            Self::DeclineOffer { .. } => "decline_offer",
        }
    }
}
