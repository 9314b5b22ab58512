//! Bodies about the quarterly review of who has access, and members who are locked, for owners.
//!
//! `GET /staff/access-review` -> [`AccessReview`]; `POST /staff/access-review`
//! [`NumberedRequest`](super::members::NumberedRequest) notes that it was reviewed; `GET /staff/access-review/export?locale=` gives
//! the same as a file (CSV), with the second factor. `POST /staff/members/{member}/release`
//! [`NumberedRequest`](super::members::NumberedRequest) releases a member who is locked.

use super::members::{InvitationFace, MembershipFace};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A review that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReviewFace {
    /// Name of the owner; empty once they have left.
    pub by: String,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// How somebody who belongs to the practice can get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessState {
    /// With their account.
    Active,
    /// Not any more: nobody used their account.
    Disabled,
    /// Not yet: they have made no account.
    NoAccount,
    /// Not until an owner releases them.
    Locked,
    /// Not yet: their membership begins later.
    Later,
    /// Not any more: their membership has ended.
    Ended,
}

/// Somebody who belongs to the practice, as a review sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReviewedMember {
    /// Their id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role, levels, since when and until when.
    pub membership: MembershipFace,
    /// How they can get in.
    pub state: AccessState,
    /// Last sign-in; none: never.
    #[ts(type = "number | null")]
    pub last_sign_in_ms: Option<i64>,
    /// Kinds of their second factor: `application`, `passkey`.
    pub factors: Vec<String>,
}

/// An access beside everybody's rights, of the last quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ExceptionalAccess {
    /// `support` or `glass`.
    pub kind: String,
    /// Name of who looked; empty once they have left.
    pub who: String,
    /// Name of who let support in; none for a broken glass.
    pub granted_by: Option<String>,
    /// How much was seen: a level.
    pub level: String,
    /// The agenda; none: all of them.
    pub agenda: Option<String>,
    /// Why.
    pub reason: String,
    /// From then on.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// It ended then, or will.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Who has access, for the review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AccessReview {
    /// The last review; none: none yet.
    pub last: Option<ReviewFace>,
    /// The next is due then.
    #[ts(type = "number")]
    pub due_ms: i64,
    /// Whether it is due.
    pub due: bool,
    /// Members, by name.
    pub members: Vec<ReviewedMember>,
    /// Invitations that stand.
    pub invitations: Vec<InvitationFace>,
    /// Support's looks and broken glasses of the last quarter, newest first.
    pub exceptional: Vec<ExceptionalAccess>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// A member who is locked after a grave alert, as owners are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LockFace {
    /// Their id.
    pub member: String,
    /// Name.
    pub name: String,
    /// The rule they broke, as alerts name it.
    pub rule: String,
    /// Since when.
    #[ts(type = "number")]
    pub since_ms: i64,
}
