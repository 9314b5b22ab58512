//! What is known of a person: the content of a personal blob. Sealed under the patient's own key wherever it is
//! stored; it never enters an event's skeleton, a key, a log or a metric (law L9).

use crate::ids::{BlobId, PatientId};
use serde::{Deserialize, Serialize};

/// Longest name part, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 120;
/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3 gives 256 with brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest phone number, in bytes; E.164 allows 15 digits and a plus sign.
pub const PHONE_BYTES_MAX: usize = 16;

/// Identity and contacts given at a booking. At least one of e-mail and phone is present for online bookings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Given name, 1..=120 bytes after trimming.
    pub given_name: String,
    /// Family name, 1..=120 bytes after trimming.
    pub family_name: String,
    /// E-mail address, at most 254 bytes.
    pub email: Option<String>,
    /// Phone number in E.164 form (`+33639981234`).
    pub phone: Option<String>,
}

/// A personal blob on its way to the journal together with the events that name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonalPart {
    /// Whose key seals it.
    pub patient: PatientId,
    /// The name events use for it.
    pub blob: BlobId,
    /// What it says.
    pub person: Person,
}
