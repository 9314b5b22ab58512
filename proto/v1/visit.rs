//! Patients' own appointments by a mailed code.
//!
//! `POST /public/{practice}/visit` [`VisitRequest`]; `POST /public/{practice}/visit/open` [`VisitCode`] -> [`PatientVisit`];
//! `POST /public/{practice}/visit/bookings` [`VisitHolder`] -> [`PatientVisit`];
//! `POST /public/{practice}/visit/cancel` [`VisitCancel`] -> [`Accepted`](super::http::Accepted).

use super::model::{Place, Practitioner};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Asks for the code that opens one's bookings of a practice. The answer is the same whether there are any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitRequest {
    /// Address that was given when booking.
    pub email: String,
    /// Language of the mail: `fr` or `en`.
    pub locale: String,
}

/// Opens one's bookings with the code that was mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitCode {
    /// Address that was given when booking.
    pub email: String,
    /// Eight digits.
    pub code: String,
}

/// A visit that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitHolder {
    /// Its secret.
    pub visit: String,
}

/// Cancels one of one's bookings in a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitCancel {
    /// The sender's number for the command.
    pub command_id: String,
    /// The visit's secret.
    pub visit: String,
    /// Page address of the practitioner.
    pub practitioner: String,
    /// The booking.
    pub booking: String,
}

/// One's bookings of a practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientVisit {
    /// The visit's secret.
    pub visit: String,
    /// The visit lasts until then.
    #[ts(type = "number")]
    pub until_ms: i64,
    /// Those to come first, the nearest first, then those past; at most fifty.
    pub bookings: Vec<VisitedBooking>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// One of one's bookings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VisitedBooking {
    /// Its id.
    pub booking: String,
    /// With whom.
    pub practitioner: Practitioner,
    /// Name of its type.
    pub kind: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Place.
    pub place: Option<Place>,
    /// Can be cancelled here until then; none: by telephone alone.
    #[ts(type = "number | null")]
    pub cancel_until_ms: Option<i64>,
}
