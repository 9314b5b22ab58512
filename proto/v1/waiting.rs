//! The waiting list: what a person sends and sees of their own entry, and what staff see of all.
//!
//! `POST /public/{practice}/{practitioner}/waiting` [`JoinRequest`] -> 201 [`JoinAnswer`];
//! `POST .../waiting/{entry}/view` [`WaitingRequest`] -> [`WaitingView`]; `POST .../waiting/{entry}/accept` [`WaitingActRequest`] -> 201
//! [`ConfirmAnswer`](super::http::ConfirmAnswer); `POST .../waiting/{entry}/decline` and `.../leave` [`WaitingActRequest`] ->
//! [`Accepted`](super::http::Accepted).

use super::model::{AppointmentType, Person, Place};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// When somebody could come.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// `monday`..`sunday`, one at least.
    pub weekdays: Vec<String>,
    /// `HH:MM`: the appointment begins then at the earliest...
    pub from: String,
    /// ... and before this, `HH:MM` up to `24:00`.
    pub until: String,
    /// First day, `YYYY-MM-DD`.
    pub first_day: String,
    /// Last day; after it the entry leaves the list.
    pub last_day: String,
    /// They need at least so many minutes to come.
    pub notice_minutes: u32,
    /// Place id; none: anywhere.
    pub place: Option<String>,
}

/// Joins the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The sender's number for this command, 32 hexadecimal digits.
    pub command_id: String,
    /// The secret of the person's link, 64 hexadecimal digits, drawn by the sender: it opens the entry, and the booking that comes of it.
    pub secret: String,
    /// Type id.
    pub kind: String,
    /// Who.
    pub person: Person,
    /// Version of the privacy notice shown.
    pub notice_version: u32,
    /// When they could come.
    pub wishes: Wishes,
}

/// On the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct JoinAnswer {
    /// Entry id.
    pub entry: String,
    /// Path of the person's page; the secret goes behind `#`.
    pub path: String,
    /// Sequence.
    #[ts(type = "number")]
    pub seq: u64,
}

/// Looks at one's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingRequest {
    /// The secret of the person's link.
    pub secret: String,
}

/// Does something with one's entry: accepts or declines the offer, leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingActRequest {
    /// The sender's number for this command, 32 hexadecimal digits.
    pub command_id: String,
    /// The secret of the person's link.
    pub secret: String,
}

/// What somebody is being offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Offer {
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Where.
    pub place: Option<Place>,
    /// Held for them until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// One's entry as one sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WaitingView {
    /// `waiting`, `offered`, or `booked` once an offer was accepted.
    pub state: String,
    /// What they wait for.
    pub kind: AppointmentType,
    /// When they could come; none once booked.
    pub wishes: Option<Wishes>,
    /// Place among those who wait for the same type, from 1; 0 once booked.
    pub rank: u32,
    /// How many they are.
    pub waiting: u32,
    /// Offers they have let pass; who lets three pass leaves the list.
    pub passed: u32,
    /// What they are being offered.
    pub offer: Option<Offer>,
    /// Path of the booking that came of it; the same secret goes behind `#`.
    pub manage_path: Option<String>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// Somebody who waits, as staff see them who see names; others see nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffWaiting {
    /// Id. A booking with this id is what came of it: who was booked waits no longer.
    pub id: String,
    /// Type id.
    pub kind: String,
    /// Who; none once the patient is erased.
    pub person: Option<Person>,
    /// When they could come.
    pub wishes: Wishes,
    /// Comes before everybody who is not.
    pub urgent: bool,
    /// When they joined.
    #[ts(type = "number")]
    pub joined_ms: i64,
    /// Offers they have let pass.
    pub passed: u32,
    /// Id of the hold that they are being offered: it is among the holds. When it ends without a booking, they have let it pass.
    pub offer: Option<String>,
}
