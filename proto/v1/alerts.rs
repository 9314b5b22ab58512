//! Alerts of suspicious access on the wire: ids and words, never content.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Alerts that one may see: of the whole practice, or about oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Alerts {
    /// Newest days first.
    pub alerts: Vec<AlertFace>,
    /// Whether they are the whole practice's.
    pub everything: bool,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// One alert: a rule that a member's accesses broke on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AlertFace {
    /// Its id.
    pub id: String,
    /// The rule: `bulk_viewing`, `new_device`...
    pub rule: String,
    /// `notice`, `warning` or `critical`.
    pub gravity: String,
    /// About whom.
    pub member: String,
    /// Their name, while they belong to the practice.
    pub name: Option<String>,
    /// First time on that day.
    #[ts(type = "number")]
    pub first_ms: i64,
    /// Last time.
    #[ts(type = "number")]
    pub last_ms: i64,
    /// How often.
    pub count: u32,
    /// Other rules that spoke about the same member within a day, and made it as grave as it is.
    pub supported_by: Vec<String>,
    /// What was said to it; none while it is open.
    pub answer: Option<AlertAnswer>,
    /// Whether it may be answered "that was me".
    pub may_be_mine: bool,
}

/// What somebody said to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AlertAnswer {
    /// Name of who answered, while they belong to the practice.
    pub by: Option<String>,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// "That was me", by the member it is about; else: looked into.
    pub mine: bool,
    /// Why it is all right, or what was done.
    pub reason: String,
}

/// Answers an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertAnswerRequest {
    /// "That was me": by the member it is about alone; the rule is then quiet about them for some weeks.
    pub mine: bool,
    /// Why it is all right, or what was done: 1 to 300 bytes, nothing about a patient; may be empty for "that was me".
    #[schema(max_length = 300)]
    pub reason: String,
}
