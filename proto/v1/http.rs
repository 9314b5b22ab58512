//! Bodies of the HTTP API under `/api/v1`.
//!
//! Public: `GET  /public/{practice}/{practitioner}` -> [`PublicPage`];
//! `GET  /public/{practice}/{practitioner}/slots?kind=` -> [`PublicSlots`];
//! `POST /public/{practice}/{practitioner}/holds` [`HoldRequest`] -> 201 [`HoldAnswer`];
//! `POST /public/{practice}/{practitioner}/holds/{hold}/release` [`ReleaseRequest`] -> [`Accepted`];
//! `POST /public/{practice}/{practitioner}/holds/{hold}/confirm` [`ConfirmRequest`] -> 201 [`ConfirmAnswer`];
//! `POST /public/{practice}/{practitioner}/bookings/{booking}/view` [`ManageRequest`] -> [`ManagedBooking`];
//! `POST /public/{practice}/{practitioner}/bookings/{booking}/delay` [`ManageRequest`] -> [`DelayFace`];
//! `POST /public/{practice}/{practitioner}/bookings/{booking}/cancel` [`CancelRequest`] -> [`Accepted`];
//! the waiting list: `waiting.rs`;
//! `GET  /public/{practice}` -> [`PublicPractice`];
//! `POST /public/{practice}/visit` and what follows it: `visit.rs`.
//!
//! Staff (cookie): `POST /staff/sign-in` [`SignInRequest`] -> [`StaffMe`]; `POST /staff/sign-out`; `GET /staff/me` -> [`StaffMe`];
//! `POST /staff/ticket` -> [`SocketTicket`];
//! `GET /staff/agendas/{agenda}?from_ms=&until_ms=` -> [`StaffAgenda`];
//! `POST /staff/agendas/{agenda}/commands` [`StaffCommandRequest`] -> [`Accepted`].
//! Dates and reasons: `planning.rs`. Accounts: `account.rs`. Members: `members.rs`. Support: `support.rs`. Mails to patients: `messages.rs`.

use super::account::ContractFace;
use super::members::{AgendaLevel, GlassFace};
use super::model::{
    AppointmentType, ExceptionalOpening, OpeningRule, Person, Place, Practitioner, StaffAbsence, StaffView, TypeSlots,
};
use super::planning::SessionAt;
use super::review::LockFace;
use super::support::SupportFace;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// The privacy notice of a practice (GDPR art. 13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Notice {
    /// Version, sent back at confirmation.
    pub version: u32,
    /// French text; paragraphs separated by blank lines.
    pub french: String,
    /// English text.
    pub english: String,
}

/// A practice's public face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicPractice {
    /// Address of the page.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Phone as shown.
    pub phone: String,
    /// E-mail as shown.
    pub email: String,
    /// Legal identity (mentions légales).
    pub legal: String,
    /// Practitioners.
    pub practitioners: Vec<Practitioner>,
    /// Places.
    pub places: Vec<Place>,
    /// The notice to show now.
    pub notice: Option<Notice>,
}

/// What a patient's page needs beside the live slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicPage {
    /// The practice.
    pub practice: PublicPractice,
    /// The practitioner.
    pub practitioner: Practitioner,
    /// Online types.
    pub types: Vec<AppointmentType>,
    /// Where the practitioner receives patients for online types; `practice.places` lists every place of the practice.
    pub places: Vec<Place>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
    /// How long a hold lasts, in seconds.
    pub hold_ttl_seconds: u32,
}

/// Free slots now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicSlots {
    /// History id.
    pub history: String,
    /// Position.
    #[ts(type = "number")]
    pub seq: u64,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
    /// By type.
    pub types: Vec<TypeSlots>,
}

/// Hold a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// The sender's number for the command, 32 hexadecimal digits.
    pub command_id: String,
    /// Type id.
    pub kind: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Secret drawn by the sender, 32..=64 hexadecimal digits; owns the hold. Drawn by the client, so that a retry after
    /// a lost answer still owns it.
    pub token: String,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct HoldAnswer {
    /// Its id.
    pub hold: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Free again from then.
    #[ts(type = "number")]
    pub expires_ms: i64,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// Give a hold back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// The sender's number for the command.
    pub command_id: String,
    /// The hold's secret.
    pub token: String,
}

/// Turn a hold into a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// The sender's number for the command.
    pub command_id: String,
    /// The hold's secret.
    pub token: String,
    /// Who; e-mail or phone at least.
    pub person: Person,
    /// Version of the notice shown.
    pub notice_version: u32,
    /// Secret drawn by the sender for the manage link, 32..=64 hexadecimal digits.
    pub manage: String,
    /// Language of the mails about it: `fr` or `en`. None: French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locale: Option<String>,
}

/// A booking made by a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ConfirmAnswer {
    /// Its id.
    pub booking: String,
    /// Path of the page that shows and cancels it; the secret goes behind `#`.
    pub manage_path: String,
    /// Sequence.
    #[ts(type = "number")]
    pub seq: u64,
}

/// Look at one's booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManageRequest {
    /// The manage link's secret.
    pub manage: String,
}

/// One's booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ManagedBooking {
    /// Its id.
    pub booking: String,
    /// Type.
    pub kind: AppointmentType,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Place.
    pub place: Option<Place>,
    /// Can be cancelled until then.
    #[ts(type = "number")]
    pub cancel_until_ms: i64,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// How late the practitioner runs, for whoever has an appointment that day which has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DelayFace {
    /// Minutes; 0: not, or the appointment is on another day.
    pub delay_minutes: u16,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// Cancel one's booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// The sender's number for the command.
    pub command_id: String,
    /// The manage link's secret.
    pub manage: String,
}

/// The command is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Accepted {
    /// Sequence of its last event.
    #[ts(type = "number")]
    pub seq: u64,
}

/// Sign in with a one-time link's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The secret.
    pub link: String,
}

/// Opens one socket of the session that asked for it, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SocketTicket {
    /// The secret, for the handshake's `Sec-WebSocket-Protocol`.
    pub ticket: String,
    /// Good until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Who is signed in, and what they work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffMe {
    /// Name.
    pub staff: String,
    /// Role in the practice.
    pub role: String,
    /// Whether they signed in to an account, with two factors.
    pub account: bool,
    /// Their level on each agenda of the practice; may change while they look: ask again after a `resync`.
    pub levels: Vec<AgendaLevel>,
    /// Emergency accesses that stand: one's own; for an owner, everybody's.
    pub glasses: Vec<GlassFace>,
    /// Grants by which the platform's support looks in now: everybody of the practice is told.
    pub supports: Vec<SupportFace>,
    /// Members who are locked after a grave alert, for an owner.
    pub locks: Vec<LockFace>,
    /// A newer contract that waits to be accepted by an owner; none: none does.
    pub contract: Option<ContractFace>,
    /// The practice.
    pub practice: PublicPractice,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// An agenda at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffAgenda {
    /// History id.
    pub history: String,
    /// Position.
    #[ts(type = "number")]
    pub seq: u64,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
    /// The agenda.
    pub view: StaffView,
}

/// A command with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffCommandRequest {
    /// The sender's number for the command.
    pub command_id: String,
    /// What.
    pub command: StaffCommand,
}

/// What staff deliberately allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Allowances {
    /// Overlap other bookings.
    pub overlap: bool,
    /// Outside openings or inside an absence.
    pub outside_hours: bool,
    /// More of a type on one date than its daily cap.
    pub over_cap: bool,
}

/// What staff may ask of an agenda. Ids of new things are drawn by the sender (32 hexadecimal digits).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum StaffCommand {
    /// Book.
    Book {
        /// Id for the booking.
        booking: String,
        /// Type id.
        kind: String,
        /// Start.
        #[ts(type = "number")]
        start_ms: i64,
        /// For whom.
        person: Person,
        /// A patient of the register whom it is for; none: somebody who has no card yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        patient: Option<String>,
        /// Deliberate exceptions.
        #[serde(default)]
        allow: Allowances,
    },
    /// Move.
    Move {
        /// Which booking.
        booking: String,
        /// New start.
        #[ts(type = "number")]
        start_ms: i64,
        /// Deliberate exceptions.
        #[serde(default)]
        allow: Allowances,
    },
    /// Cancel.
    Cancel {
        /// Which booking.
        booking: String,
    },
    /// Close a stretch.
    AddAbsence {
        /// The absence.
        absence: StaffAbsence,
    },
    /// Reopen it.
    RemoveAbsence {
        /// Which.
        id: String,
    },
    /// Add or replace a type.
    SetType {
        /// The type.
        kind: AppointmentType,
    },
    /// Stop offering a type.
    RetireType {
        /// Which.
        id: String,
    },
    /// Add a weekly rule.
    OpenHours {
        /// The rule.
        rule: OpeningRule,
    },
    /// Replace a weekly rule.
    ChangeHours {
        /// The rule.
        rule: OpeningRule,
    },
    /// Remove a weekly rule.
    CloseHours {
        /// Which.
        id: String,
    },
    /// Open on one date.
    OpenExceptionally {
        /// The opening.
        opening: ExceptionalOpening,
    },
    /// Remove an exceptional opening.
    CloseException {
        /// Which.
        id: String,
    },
    /// Book several sessions for one person: all of them, or none.
    BookSeries {
        /// Id for the series.
        series: String,
        /// Type id.
        kind: String,
        /// 2 to 60 sessions, in order of time.
        sessions: Vec<SessionAt>,
        /// For whom.
        person: Person,
        /// A patient of the register whom it is for; none: somebody who has no card yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        patient: Option<String>,
        /// Deliberate exceptions.
        #[serde(default)]
        allow: Allowances,
    },
    /// Move several bookings, each to its own start: all of them, or none.
    MoveBookings {
        /// Which and to when, at most 60.
        moves: Vec<SessionAt>,
        /// Deliberate exceptions.
        #[serde(default)]
        allow: Allowances,
    },
    /// Cancel several bookings: all of them, or none.
    CancelBookings {
        /// Which, at most 60.
        bookings: Vec<String>,
    },
    /// Say where somebody is, or what became of the appointment.
    MarkBooking {
        /// Which booking.
        booking: String,
        /// `arrived`, `in_session`, `seen`, `excused`, `no_show`; none takes back what was said.
        mark: Option<String>,
    },
    /// Say how late the practitioner runs.
    AnnounceDelay {
        /// Minutes, at most 240; 0: no longer.
        minutes: u16,
    },
    /// Take somebody off the waiting list.
    RemoveWaiting {
        /// Which entry.
        entry: String,
    },
    /// Say how pressing it is for somebody who waits.
    SetWaitingUrgent {
        /// Which entry.
        entry: String,
        /// Whether they come before the others.
        urgent: bool,
    },
}
