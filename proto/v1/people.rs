//! The patient register, for staff who see names. What is searched for travels in a body: no name stands in an address.
//!
//! `POST /staff/patients/search` [`PatientSearch`] -> [`PatientsFound`]; `POST /staff/patients` [`PatientCreate`] -> 201
//! [`PatientFile`]; `GET /staff/patients/{patient}` -> [`PatientFile`]; `POST /staff/patients/{patient}/change` [`PatientChange`] ->
//! [`PatientFile`]; `GET /staff/patients/duplicates` -> [`PatientPairs`]; `POST /staff/patients/{patient}/merge` [`PatientMerge`] and
//! `POST /staff/patients/{patient}/part` -> [`PatientFile`].

use super::model::Person;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A patient in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientFace {
    /// Patient id.
    pub patient: String,
    /// Name and contacts.
    pub person: Person,
    /// Day of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// What whoever books must know at once.
    pub alert: Option<String>,
}

/// Looks patients up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientSearch {
    /// Beginnings of names, a phone number, a birth date, an e-mail address; at most 120 bytes. All of it has to fit.
    pub query: String,
}

/// Who was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientsFound {
    /// Best first, at most 20.
    pub patients: Vec<PatientFace>,
    /// More fit: say more.
    pub more: bool,
}

/// A link to another card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientRelative {
    /// Patient id.
    pub patient: String,
    /// What they are to the card's patient: `parent`, `child`, `partner`, `guardian`, `other`.
    pub relation: String,
    /// Whether they book for the card's patient.
    pub books: bool,
}

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardContent {
    /// Name and contacts.
    pub person: Person,
    /// Day of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// What whoever books must know at once; at most 200 bytes.
    pub alert: Option<String>,
    /// At most 8.
    pub relatives: Vec<PatientRelative>,
}

/// Makes a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientCreate {
    /// The sender's number for this command, 32 hexadecimal digits.
    pub command_id: String,
    /// What it says.
    pub card: CardContent,
}

/// Changes a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientChange {
    /// The version that was read.
    #[ts(type = "number")]
    pub version: u64,
    /// What it says from now on.
    pub card: CardContent,
}

/// One appointment of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientBooking {
    /// Agenda id.
    pub agenda: String,
    /// Booking id.
    pub booking: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Name of its type.
    pub kind: String,
    /// What was said of it last, as in `StaffBooking`.
    pub mark: Option<String>,
    /// Made online.
    pub online: bool,
}

/// A card with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientFile {
    /// Patient id: of the card that stands, also where one that was merged into it was asked for.
    pub patient: String,
    /// Its version; 0 while nobody has written it and bookings alone say who it is.
    #[ts(type = "number")]
    pub version: u64,
    /// What it says.
    pub card: CardContent,
    /// Linked patients that the asker may see.
    pub relatives: Vec<PatientFace>,
    /// Cards that were merged into this one.
    pub merged: Vec<PatientFace>,
    /// Appointments in the agendas whose names the asker sees, the latest first, at most 200.
    pub history: Vec<PatientBooking>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// Has another card stand for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientMerge {
    /// Patient id of the card that stays.
    pub into: String,
}

/// Two cards that may be one patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientPair {
    /// One.
    pub one: PatientFace,
    /// The other.
    pub other: PatientFace,
    /// What they have in common beside near names: `birth_date`, `phone`, `email`.
    pub reasons: Vec<String>,
}

/// Likely duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PatientPairs {
    /// Likeliest first, at most 100.
    pub pairs: Vec<PatientPair>,
}
