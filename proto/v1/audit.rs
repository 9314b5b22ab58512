//! The audit log on the wire: ids and words, never content.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// Which leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Below this number; none: from the newest on.
    #[ts(type = "number | null")]
    pub before: Option<u64>,
    /// Of this act.
    pub act: Option<String>,
    /// By this member.
    pub member: Option<String>,
    /// About this agenda.
    pub agenda: Option<String>,
    /// About this booking: what was done to it, and who opened its day in its agenda (then with `agenda` and `at_ms`).
    pub booking: Option<String>,
    /// When the booking begins.
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    /// Not earlier.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Earlier than this.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AuditLeaf {
    /// Its number in the practice's log.
    #[ts(type = "number")]
    pub number: u64,
    /// `whole`; `expired` when its term is over and only its hash is left; `newer` when a newer version wrote it.
    pub state: String,
    /// What it says, if it is whole.
    pub said: Option<AuditSaid>,
}

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AuditSaid {
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `staff`, `bearer` (whoever holds a booking's secret: the patient) or `server`.
    pub actor: String,
    /// The member.
    pub member: Option<String>,
    /// Their name, while they belong to the practice.
    pub name: Option<String>,
    /// Their role then.
    pub role: Option<String>,
    /// What was done: `agenda.opened`, `booking.booked`...
    pub act: String,
    /// Whether it was denied.
    pub denied: bool,
    /// How often, for denials that were counted together.
    pub count: u32,
    /// In which agenda.
    pub agenda: Option<String>,
    /// `booking`, `member`, `invitation`, `grant` or `glass`.
    pub subject_kind: Option<String>,
    /// Its id.
    pub subject: Option<String>,
    /// Whose data, as an id.
    pub patient: Option<String>,
    /// The stretch of the agenda that it covers, from.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Until.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
    /// Beginning of the session's id, in hexadecimal digits.
    pub session: Option<String>,
    /// First half of the network address.
    pub network: String,
    /// Reason, device, or how much was seen.
    pub note: String,
}

/// Leaves, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AuditPage {
    /// Those that fit.
    pub leaves: Vec<AuditLeaf>,
    /// Go on with this `before`; 0 when there is nothing more.
    #[ts(type = "number")]
    pub before: u64,
    /// Leaves in the whole log.
    #[ts(type = "number")]
    pub size: u64,
    /// The newest signed checkpoint (C2SP `tlog-checkpoint`); none before the first.
    pub checkpoint: Option<String>,
    /// The key that it is judged by (C2SP `signed-note`).
    pub public_key: String,
    /// Whether all of the practice is seen, or one's own agenda alone.
    pub everything: bool,
}

/// The proof that a leaf is in the log that the newest checkpoint covers (RFC 6962, 2.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AuditProof {
    /// The leaf's number.
    #[ts(type = "number")]
    pub number: u64,
    /// Its salt, in hexadecimal digits; none once it has expired.
    pub salt: Option<String>,
    /// Its canonical bytes, in hexadecimal digits.
    pub record: Option<String>,
    /// Leaves that the checkpoint covers.
    #[ts(type = "number")]
    pub size: u64,
    /// Hashes beside the way from the leaf to the root, in hexadecimal digits.
    pub hashes: Vec<String>,
    /// The checkpoint.
    pub checkpoint: String,
    /// The key that it is judged by.
    pub public_key: String,
}
