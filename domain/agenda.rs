//! The state of one agenda: what its events have made of it. Skeleton only: who a patient *is* stays in sealed blobs
//! that the state names by id.
//!
//! State changes only in [`Agenda::apply`], which is total. Deciding is `decide`; computing slots is `slots`.

use crate::command::Principal;
use crate::event::{Event, Recorded};
use crate::ids::{
    AbsenceId, AgendaKey, BlobId, BookingId, CommandId, ExceptionId, HoldId, PatientId, PlaceId, RuleId, Seq, TypeId,
};
use crate::schedule::{Absence, AppointmentType, ExceptionalOpening, OpeningRule, Profile};
use crate::time::{Span, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Acceptances are remembered this many days (idempotence).
pub const COMMAND_MEMORY_DAYS: i64 = 7;

/// SHA-256 of a secret that only its holder has (hold token, manage token). Secrets themselves are never stored.
pub type SecretHash = [u8; 32];

/// A patient's unconfirmed claim on a slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Appointment type it is for.
    pub kind: TypeId,
    /// The appointment itself, buffers excluded.
    pub span: Span,
    /// The appointment with its buffers: what collides.
    pub occupied: Span,
    /// Where.
    pub place: PlaceId,
    /// Hash of the token that owns it.
    pub owner: SecretHash,
    /// Free again from this instant on, whatever timers do.
    pub expires_at: UtcMillis,
}

/// A confirmed appointment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Appointment type.
    pub kind: TypeId,
    /// The appointment itself, buffers excluded.
    pub span: Span,
    /// The appointment with its buffers: what collides.
    pub occupied: Span,
    /// Where.
    pub place: PlaceId,
    /// For whom.
    pub patient: PatientId,
    /// Sealed identity and contacts.
    pub details: BlobId,
    /// Hash of the secret in the patient's manage link; none for bookings by staff without a link.
    pub manage: Option<SecretHash>,
    /// Version of the privacy notice shown at the form; none when staff booked.
    pub notice_version: Option<u32>,
    /// Made online by a patient (`true`) or by staff.
    pub online: bool,
    /// When it was booked.
    pub booked_at: UtcMillis,
    /// Bookings it deliberately overlaps, as chosen by staff and recorded.
    pub overbooks: BTreeSet<BookingId>,
}

/// An acceptance that is remembered so that a repeated command is answered, not done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Digest of the command's body: the same id with another body is an error.
    pub digest: [u8; 16],
    /// Sequence of the command's last event.
    pub seq: Seq,
    /// When it was accepted.
    pub at: UtcMillis,
}

/// One agenda. Ordered maps only, so that equal histories give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// Which one.
    pub key: AgendaKey,
    /// Sequence of the last applied event; 0 for a new agenda.
    pub seq: Seq,
    /// Settings; none until the first `ProfileSet`.
    pub profile: Option<Profile>,
    /// Appointment types, retired ones excluded.
    pub types: BTreeMap<TypeId, AppointmentType>,
    /// Types no longer offered but still named by bookings.
    pub retired_types: BTreeMap<TypeId, AppointmentType>,
    /// Weekly rules.
    pub rules: BTreeMap<RuleId, OpeningRule>,
    /// Openings on one date.
    pub exceptions: BTreeMap<ExceptionId, ExceptionalOpening>,
    /// Absences.
    pub absences: BTreeMap<AbsenceId, Absence>,
    /// Unconfirmed holds, expired ones included until their event arrives.
    pub holds: BTreeMap<HoldId, Hold>,
    /// Bookings that stand.
    pub bookings: BTreeMap<BookingId, Booking>,
    /// Acceptances of the last [`COMMAND_MEMORY_DAYS`] days.
    pub remembered: BTreeMap<(Principal, CommandId), Remembered>,
}

impl Agenda {
    /// An agenda in which nothing has happened.
    #[must_use]
    pub const fn new(key: AgendaKey) -> Self {
        Self {
            key,
            seq: 0,
            profile: None,
            types: BTreeMap::new(),
            retired_types: BTreeMap::new(),
            rules: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            absences: BTreeMap::new(),
            holds: BTreeMap::new(),
            bookings: BTreeMap::new(),
            remembered: BTreeMap::new(),
        }
    }

    /// A type by id, offered or retired.
    #[must_use]
    pub fn kind(&self, id: TypeId) -> Option<&AppointmentType> {
        self.types.get(&id).or_else(|| self.retired_types.get(&id))
    }

    /// Applies one durable event. Total: an event that does not fit leaves the state as it was, but for `seq`.
    pub fn apply(&mut self, recorded: &Recorded<Event>) {
        crate::decide::apply(self, recorded);
    }
}
