//! Bodies of the HTTP API about who belongs to a practice, under `/api/v1/staff/members` and `/api/v1/staff/invitations`.
//!
//! `GET /staff/members` -> [`Members`]; `POST /staff/members/{member}/change` [`MemberChange`];
//! `POST /staff/members/{member}/remove` [`NumberedRequest`]; `POST /staff/members/{member}/link` [`NumberedRequest`] ->
//! [`MemberLink`]; `POST /staff/invitations` [`InviteRequest`] -> 201 [`InvitationMade`];
//! `POST /staff/invitations/{invitation}/withdraw` [`NumberedRequest`].
//! `POST /staff/agendas/{agenda}/break-glass` [`BreakGlassRequest`] -> 201 [`GlassFace`];
//! `POST /staff/break-glass/{glass}/end` [`NumberedRequest`].
//! Changes need the second factor shown recently: `step_up_required` says when it was not.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A level on one agenda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgendaLevel {
    /// Agenda id.
    pub agenda: String,
    /// `none`, `times`, `types`, `full` or `manage`.
    pub level: String,
}

/// Levels on the practice's agendas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// On every agenda not named below, also those added later.
    pub elsewhere: String,
    /// On the agendas named.
    pub agendas: Vec<AgendaLevel>,
}

/// What a membership gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MembershipFace {
    /// `owner`, `practitioner`, `replacement`, `secretary` or `accountant`.
    pub role: String,
    /// Levels.
    pub levels: Levels,
    /// The agenda in which they receive.
    pub agenda: Option<String>,
    /// Start; none: at once.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// End; required of replacements.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

/// Somebody who belongs to the practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MemberFace {
    /// Their id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What their membership gives.
    pub membership: MembershipFace,
    /// Whether it stands now: it has begun and has not ended.
    pub stands: bool,
    /// Whether it is who asks.
    pub you: bool,
    /// Whether they have an account with two factors.
    pub has_account: bool,
    /// Whether it is closed because it was not used for too long; a link opens it again.
    pub account_disabled: bool,
}

/// An invitation that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct InvitationFace {
    /// Its id.
    pub id: String,
    /// What it gives.
    pub membership: MembershipFace,
    /// Name of who invited.
    pub invited_by: String,
    /// Good until then.
    #[ts(type = "number")]
    pub expires_ms: i64,
}

/// Who belongs to the practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Members {
    /// Members, by name.
    pub members: Vec<MemberFace>,
    /// Invitations; empty for whoever may not invite.
    pub invitations: Vec<InvitationFace>,
    /// Whether who asks may invite, change and remove.
    pub may_change: bool,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// Invites somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// The sender's number for the command.
    pub command_id: String,
    /// What it gives.
    pub membership: MembershipFace,
    /// Where the link is mailed to, beside being shown; none: nowhere.
    #[serde(default)]
    #[ts(optional)]
    pub email: Option<String>,
}

/// An invitation was made. The link is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct InvitationMade {
    /// Its id.
    pub invitation: String,
    /// Path of the link, to be put behind the server's address; its secret stands behind `#`.
    pub path: String,
    /// Whether it will be mailed.
    pub mailed: bool,
    /// Good until then, once.
    #[ts(type = "number")]
    pub expires_ms: i64,
}

/// A one-time link for a member: makes their account, or lets them choose another password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MemberLink {
    /// Path of the link, as above.
    pub path: String,
    /// Good until then, once.
    #[ts(type = "number")]
    pub expires_ms: i64,
}

/// Changes a member's role, levels or dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// The sender's number for the command.
    pub command_id: String,
    /// What the membership gives from now on.
    pub membership: MembershipFace,
}

/// A change that needs nothing but its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberedRequest {
    /// The sender's number for the command.
    pub command_id: String,
}

/// Opens an agenda one has no right to, in an emergency: with a reason, for an hour at most, noted and told to the owners at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlassRequest {
    /// The sender's number for the request.
    pub command_id: String,
    /// Why, in a few words; never about a patient by name.
    pub reason: String,
    /// For how long, 1 to 60 minutes.
    pub minutes: u16,
}

/// An emergency access that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct GlassFace {
    /// Its id.
    pub id: String,
    /// Agenda that it opens.
    pub agenda: String,
    /// Name of who opened it.
    pub staff: String,
    /// Whether it is one's own.
    pub yours: bool,
    /// Why.
    pub reason: String,
    /// It ends then.
    #[ts(type = "number")]
    pub until_ms: i64,
}
