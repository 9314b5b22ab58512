//! Calendar feeds of staff.
//!
//! `GET /staff/agendas/{agenda}/feed` -> [`FeedState`]; `POST` there with [`FeedRequest`] -> [`FeedMade`];
//! `POST /staff/agendas/{agenda}/feed/end`. The address itself, `GET /calendrier/{link}`, answers with a calendar file (RFC 5545).

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Whether somebody has a feed of an agenda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedState {
    /// Since when; none: they have none.
    #[ts(type = "number | null")]
    pub made_ms: Option<i64>,
}

/// Make a feed, in place of a former one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedRequest {
    /// Its language: `fr` or `en`.
    pub locale: String,
}

/// A feed just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedMade {
    /// Its address on this server, with the secret: shown now and never again.
    pub path: String,
}
