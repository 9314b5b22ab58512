//! Problems (RFC 9457): the one shape in which anything is refused, over HTTP and in frames.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A refusal or error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Problem {
    /// `urn:cabinet:problem:<code>`.
    pub r#type: String,
    /// Stable code from the one table.
    pub code: String,
    /// Short English title; screens translate by code.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What exactly, without personal data.
    pub detail: Option<String>,
    /// A time that belongs to the reason (cut-off, opening of the window).
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
}
