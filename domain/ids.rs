//! Typed identifiers: 128 random bits each, drawn outside the domain and passed in.
//!
//! In text (JSON, URLs) an id is 32 lower-case hexadecimal digits; on disk it is a `u128`.
//! Must not be here: drawing ids (that needs randomness).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Why a text is not an id: it is not exactly 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 lower-case hexadecimal digits")]
pub struct NotAnId;

fn parse_hex(text: &str) -> Result<u128, NotAnId> {
    let all_digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 32 || !all_digits {
        return Err(NotAnId);
    }
    u128::from_str_radix(text, 16).map_err(|_| NotAnId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:032x})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_hex(text).map(Self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    u128::deserialize(deserializer).map(Self)
                }
            }
        }
    )+};
}

ids! {
    /// One practice (cabinet): the tenant. Nothing links two practices (law L11).
    PracticeId,
    /// One agenda: one bookable thing with one writer.
    AgendaId,
    /// One place (lieu) where a practice receives.
    PlaceId,
    /// One appointment type (motif).
    TypeId,
    /// One weekly opening rule (plage).
    RuleId,
    /// One exceptional opening.
    ExceptionId,
    /// One absence.
    AbsenceId,
    /// One hold on a slot.
    HoldId,
    /// One booking (rendez-vous).
    BookingId,
    /// One patient of one practice; also the name of that patient's key.
    PatientId,
    /// One sealed personal blob.
    BlobId,
    /// One command as its sender numbered it; the key of idempotence.
    CommandId,
    /// One named member of staff.
    StaffId,
    /// One unbroken sequence of a topic; changes only when history is lost.
    HistoryId,
    /// One invitation to join a practice.
    InvitationId,
    /// One grant that lets the platform's support look into a practice.
    SupportGrantId,
    /// One opening of the break-glass access.
    BreakGlassId,
    /// Several bookings made together for one patient.
    SeriesId,
    /// One entry of an agenda's waiting list.
    WaitingId,
}

impl PracticeId {
    /// The platform's own team: a practice without face, agendas or owners, whose members have the platform's roles alone. Ids
    /// are drawn at random, so that no practice comes to have this one.
    pub const PLATFORM: Self = Self(u128::MAX);

    /// Whether it is the platform's own team.
    #[must_use]
    pub const fn is_platform(self) -> bool {
        self.0 == Self::PLATFORM.0
    }
}

/// An agenda's full name. The practice comes first so that everything of a practice shards together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AgendaKey {
    /// The practice that owns the agenda.
    pub practice: PracticeId,
    /// The agenda inside that practice.
    pub agenda: AgendaId,
}

/// Position in one stream: dense, 1 for the first event, 0 for an empty stream.
pub type Seq = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_bad_text_is_refused() {
        let id = BookingId(0xabc);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in [
            "",
            "abc",
            "0000000000000000000000000000000G",
            "0000000000000000000000000000000A",
            "000000000000000000000000000000000",
        ] {
            assert_eq!(bad.parse::<BookingId>(), Err(NotAnId), "{bad}");
        }
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }
}
