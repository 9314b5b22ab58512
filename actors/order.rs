//! What the edge hands to an agenda, and what comes back.

use cabinet_domain::agenda::{Booking, Hold};
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AgendaKey, CommandId, Seq};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::practice::Locale;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::time::UtcMillis;

/// One command on its way to its agenda.
#[derive(Debug, Clone)]
pub struct Order {
    /// To which agenda.
    pub agenda: AgendaKey,
    /// What.
    pub command: Command,
    /// Who asks.
    pub principal: Principal,
    /// The sender's number.
    pub command_id: CommandId,
    /// Digest of the sender's body; a repeat must have the same.
    pub digest: [u8; 16],
    /// Personal blobs that the command names.
    pub personal: Vec<PersonalPart>,
    /// From where its sender acts, for the audit log.
    pub origin: LeafOrigin,
    /// In which language a patient books: that of their mails. None: not known.
    pub locale: Option<Locale>,
}

/// The command is durable and applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Sequence of its last event.
    pub seq: Seq,
    /// When it was decided.
    pub at: UtcMillis,
    /// It had been accepted before; nothing new happened.
    pub repeated: bool,
    /// The hold the command made, if it still stands.
    pub hold: Option<Hold>,
    /// The booking the command made or changed, if it still stands.
    pub booking: Option<Booking>,
}

/// Why there is no acceptance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// A bounded queue is full: try again in a moment (503, Retry-After).
    #[error("busy")]
    Busy,
    /// The disk is nearly full: changes are refused, reads go on.
    #[error("storage full")]
    StorageFull,
    /// The agenda is being reloaded and the command's outcome is not known: repeat it with the same command id.
    #[error("outcome unknown, repeat with the same command id")]
    Unknown,
    /// No such agenda.
    #[error("no such agenda")]
    NoSuchAgenda,
    /// A defect was caught; nothing was changed.
    #[error("internal error")]
    Internal,
}
