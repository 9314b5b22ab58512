//! Finding dates, and why one cannot be had. For staff.
//!
//! `POST /staff/agendas/{agenda}/series` [`SeriesPlanRequest`] -> [`SeriesPlan`];
//! `GET /staff/agendas/{agenda}/series/{series}` -> [`SeriesBookings`];
//! `GET /staff/agendas/{agenda}/why?kind=&start_ms=` -> [`WhyNot`];
//! `GET /staff/agendas/{agenda}/unfilled` -> [`Unfilled`].

use super::model::StaffBooking;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// One booking of several, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionAt {
    /// Id of the booking; drawn by the sender for a new one.
    pub booking: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
}

/// What is wished for: "12 sessions, Tuesdays and Thursdays about 18:00".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesPlanRequest {
    /// Type id.
    pub kind: String,
    /// First day, `YYYY-MM-DD`, in the agenda's zone.
    pub first: String,
    /// `monday`..`sunday`.
    pub weekdays: Vec<String>,
    /// 1: every week; at most 8.
    pub every_weeks: u8,
    /// `HH:MM`.
    pub about: String,
    /// So many sessions, 2 to 60.
    pub count: u8,
}

/// The dates found, as they are now. Nothing is held: booking them is one act that takes all or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SeriesPlan {
    /// In order of time, until as many are free as were wished for; those that cannot be had stand between them.
    pub dates: Vec<SeriesDate>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// One date of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SeriesDate {
    /// Start wished for.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// What keeps staff from booking it; empty: nothing.
    pub reasons: Vec<WhyReason>,
    /// Free starts near it, nearest first, when it cannot be had.
    #[ts(type = "number[]")]
    pub alternatives_ms: Vec<i64>,
}

/// The bookings of a series that still stand, without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SeriesBookings {
    /// In order of time.
    pub bookings: Vec<StaffBooking>,
}

/// Everything that keeps a patient from taking a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WhyNot {
    /// In the order in which it is looked at: the first is what a patient would be refused for. Empty: it is free.
    pub reasons: Vec<WhyReason>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// One thing that excludes a start. Which fields are set depends on the code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WhyReason {
    /// The code of the refusal that it leads to.
    pub code: String,
    /// Whether it binds patients alone: staff may book all the same.
    pub patients_alone: bool,
    /// `too_far_ahead`, `kept_back`: from when on; `too_soon`: until when it was; `slot_taken` by a hold: until when.
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    /// `slot_taken`: the booking that has part of it; none when a patient is just taking it.
    pub booking: Option<String>,
    /// `slot_taken`: only the time kept free around an appointment is in the way.
    pub buffer_only: bool,
    /// `absent`: which absence.
    pub absence: Option<String>,
    /// `absent`: its label, for who sees names.
    pub label: Option<String>,
    /// `outside_hours`: the openings of that day for this type.
    pub openings: Vec<Stretch>,
    /// `outside_hours`: openings take other types there.
    pub other_types: bool,
    /// `outside_hours`: a public holiday on which the agenda is closed.
    pub holiday: bool,
    /// `cap_reached`: how many a day that is.
    pub cap: Option<u16>,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Stretch {
    /// From.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Until.
    #[ts(type = "number")]
    pub end_ms: i64,
}

/// Bookings of the last days whose outcome nobody has said, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Unfilled {
    /// How many there are.
    pub count: u32,
    /// The newest of them.
    pub bookings: Vec<StaffBooking>,
}
