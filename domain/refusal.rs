//! Why a command did not happen. An answer, not an error: counted, translated, tested.
//! Each has a stable code; HTTP status and title stand in the server's one error-code table.

use crate::time::{UtcMillis, UtcMinute};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The agenda has no settings yet.
    NotConfigured,
    /// A value in the command breaks a bound; the field and the bound in words.
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// No such appointment type is offered.
    TypeUnknown,
    /// The type is booked by staff only.
    TypeNotOnline,
    /// An id that must be new exists already.
    AlreadyExists,
    /// No such rule, exception or absence.
    NotFound,
    /// Another booking or a live hold, buffers included, has part of this time.
    SlotTaken,
    /// No opening accepts this type for the whole appointment.
    OutsideHours,
    /// An absence covers part of it.
    Absent,
    /// The start does not lie on the opening's grid.
    OffGrid,
    /// The start lies in the past.
    InThePast,
    /// Closer than the type's minimum notice.
    TooSoon,
    /// Beyond the type's booking window.
    TooFarAhead {
        /// When this start becomes bookable.
        bookable_from: UtcMillis,
    },
    /// No such hold, or it has already ended.
    HoldGone,
    /// The hold has run out.
    HoldExpired,
    /// The token does not own the hold or booking.
    NotYours,
    /// No such booking stands.
    BookingUnknown,
    /// Past the type's cancellation cut-off.
    TooLateToCancel {
        /// Until when it was possible.
        cutoff: UtcMillis,
    },
    /// The same command id came with another body.
    CommandIdReused,
    /// A bound on how many of something the agenda carries is reached.
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// The hold has not run out yet (timers only).
    NotExpiredYet,
    /// One of several bookings cannot be: then none is.
    OneOfSeveral {
        /// When that one would start.
        start: UtcMinute,
        /// Code of what is in its way.
        why: &'static str,
    },
    /// What is said of a booking cannot be said before.
    NotYet {
        /// From when on it can.
        from: UtcMillis,
    },
    /// As many of the type as its daily cap allows begin on that date.
    CapReached {
        /// How many that is.
        cap: u16,
    },
    /// The opening is kept back from patients for now.
    KeptBack {
        /// When it is released.
        bookable_from: UtcMillis,
    },
}

impl Refusal {
    /// Stable code: metrics label, problem type, protocol word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Invalid { .. } => "invalid",
            Self::TypeUnknown => "type_unknown",
            Self::TypeNotOnline => "type_not_online",
            Self::AlreadyExists => "already_exists",
            Self::NotFound => "not_found",
            Self::SlotTaken => "slot_taken",
            Self::OutsideHours => "outside_hours",
            Self::Absent => "absent",
            Self::OffGrid => "off_grid",
            Self::InThePast => "in_the_past",
            Self::TooSoon => "too_soon",
            Self::TooFarAhead { .. } => "too_far_ahead",
            Self::HoldGone => "hold_gone",
            Self::HoldExpired => "hold_expired",
            Self::NotYours => "not_yours",
            Self::BookingUnknown => "booking_unknown",
            Self::TooLateToCancel { .. } => "too_late_to_cancel",
            Self::CommandIdReused => "command_id_reused",
            Self::TooMany { .. } => "too_many",
            Self::NotExpiredYet => "not_expired_yet",
            Self::OneOfSeveral { .. } => "one_of_several",
            Self::NotYet { .. } => "not_yet",
            Self::CapReached { .. } => "cap_reached",
            Self::KeptBack { .. } => "kept_back",
        }
    }

    /// One of each, in the order of declaration: for tables and tests.
    #[must_use]
    pub const fn samples() -> [Self; 25] {
        [
            Self::NotConfigured,
            Self::Invalid {
                field: "field",
                must: "be valid",
            },
            Self::TypeUnknown,
            Self::TypeNotOnline,
            Self::AlreadyExists,
            Self::NotFound,
            Self::SlotTaken,
            Self::OutsideHours,
            Self::Absent,
            Self::OffGrid,
            Self::InThePast,
            Self::TooSoon,
            Self::TooFarAhead {
                bookable_from: UtcMillis(0),
            },
            Self::HoldGone,
            Self::HoldExpired,
            Self::NotYours,
            Self::BookingUnknown,
            Self::TooLateToCancel { cutoff: UtcMillis(0) },
            Self::CommandIdReused,
            Self::TooMany { what: "holds" },
            Self::NotExpiredYet,
            Self::OneOfSeveral {
                start: UtcMinute(0),
                why: "slot_taken",
            },
            Self::NotYet { from: UtcMillis(0) },
            Self::CapReached { cap: 4 },
            Self::KeptBack {
                bookable_from: UtcMillis(0),
            },
        ]
    }
}
