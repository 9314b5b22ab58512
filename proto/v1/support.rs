//! The platform's support on the wire: whom the practice lets look in and for how long, and what support is shown of it at the
//! operators' door. Support changes nothing, so no command is here.
//!
//! Staff: `GET /staff/support` -> [`Support`]; `POST /staff/support` [`SupportRequest`] -> [`SupportFace`];
//! `POST /staff/support/{grant}/end` [`NumberedRequest`](super::members::NumberedRequest).
//! Support, at the operators' door: `GET /team/support` -> [`SupportDesk`];
//! `GET /team/support/{practice}/agendas/{agenda}?from_ms=&until_ms=` -> [`StaffAgenda`](super::http::StaffAgenda).

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Lets one person of the platform's support look in: with a reason, for a day at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportRequest {
    /// The sender's number for the request.
    pub command_id: String,
    /// Who of support.
    pub support: String,
    /// For how long, 1 to 1440 minutes.
    pub minutes: u16,
    /// How much they see of every agenda: `times`, `types` or `full`.
    pub level: String,
    /// Why, in a few words; never about a patient by name.
    pub reason: String,
}

/// A grant by which somebody of support looks in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SupportFace {
    /// Its id.
    pub id: String,
    /// Name of who looks in; empty once they have left the team.
    pub support: String,
    /// How much they see.
    pub level: String,
    /// Why.
    pub reason: String,
    /// Name of who granted it; empty once they have left the practice.
    pub granted_by: String,
    /// From then on.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// It ends then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Somebody of support who may be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SupportPerson {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// Who may be let in, and who was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Support {
    /// Support's people, by name.
    pub people: Vec<SupportPerson>,
    /// Grants, those that end last first: those that run, and those that have run out since the last one was made. The access log
    /// keeps them all.
    pub grants: Vec<SupportFace>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// An agenda that support may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SupportedAgenda {
    /// Its id.
    pub agenda: String,
    /// Whose it is.
    pub name: String,
}

/// A practice that lets support look in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SupportedPractice {
    /// Its id.
    pub practice: String,
    /// Its name.
    pub name: String,
    /// Zone of its times.
    pub zone: String,
    /// How much is seen.
    pub level: String,
    /// Why, as the practice wrote it.
    pub reason: String,
    /// Name of who granted it.
    pub granted_by: String,
    /// It ends then.
    #[ts(type = "number")]
    pub until_ms: i64,
    /// Its agendas, by name.
    pub agendas: Vec<SupportedAgenda>,
}

/// The practices that let whoever asks look in now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SupportDesk {
    /// By name.
    pub practices: Vec<SupportedPractice>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}
