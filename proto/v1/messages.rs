//! Mails to patients: what their links open, what staff see and set of them.
//!
//! `POST /link/open` [`LinkRequest`] -> [`LinkOpened`]; `POST /link/reminders` [`RemindersRequest`] -> 204;
//! `GET /staff/agendas/{agenda}/bookings/{booking}/messages` -> [`BookingMessages`];
//! `GET /staff/agendas/{agenda}/reminders` -> [`ReminderSettings`]; `POST` there [`ReminderSwitch`] -> 204.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// What stands behind the `#` of a link in a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The link, as it stands there.
    pub link: String,
}

/// Ends or resumes reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemindersRequest {
    /// The link, as it stands behind the `#`.
    pub link: String,
    /// Whether they are wanted.
    pub wanted: bool,
}

/// What a link of a mail opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LinkOpened {
    /// `manage`: see and cancel the booking; `reminders`: end its reminders; `offer`: see one's waiting entry and answer its offer.
    pub purpose: String,
    /// Page address of the practice.
    pub practice: String,
    /// Page address of the practitioner.
    pub practitioner: String,
    /// Id of the booking, or of the waiting entry.
    pub booking: String,
    /// What shows and cancels the booking in place of a manage link's secret, or stands in for the waiting entry's.
    pub manage: String,
}

/// A mail about a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingMessage {
    /// `booked`, `moved` or `reminded`.
    pub kind: String,
    /// When it was done with; while it waits, when it was written down.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `waiting`, `sent` or `refused`.
    pub state: String,
}

/// The mails about a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingMessages {
    /// The oldest first; those that wait last.
    pub messages: Vec<BookingMessage>,
    /// Whether the patient wants reminders.
    pub reminders_wanted: bool,
}

/// Which reminders a type has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderSwitch {
    /// Id of the type.
    pub kind: String,
    /// `week`: seven days before; `day`: the day before.
    pub on: Vec<String>,
}

/// Which reminders the types of an agenda have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReminderSettings {
    /// Type by type.
    pub types: Vec<ReminderSwitch>,
    /// Reminders of the practice that ought to have been sent an hour ago, and were not.
    pub late: u32,
}
