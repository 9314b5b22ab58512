//! The patient register of a practice: one card per patient, found by name, phone or birth date. What a card says is sealed
//! under that patient's own key wherever it is stored, so that forgetting the key forgets the card (laws L9, L11).
//!
//! Must not be here: who may look (`rights`), where cards are kept, notes about care.

mod alike;
mod fold;
mod index;
mod query;

pub use alike::{Alike, PAIRS_MAX, Reason, alike, pairs};
pub use fold::folded;
pub use index::{Found, Index};
pub use query::{QUERY_BYTES_MAX, Query};

use crate::ids::{AgendaId, PatientId};
use crate::person::Person;
use crate::refusal::Refusal;
use crate::schedule::validate::require;
use crate::time::{CivilDate, UtcMillis};
use serde::{Deserialize, Serialize};

/// Most cards of one practice.
pub const CARDS_MAX: usize = 50_000;
/// Longest text of an alert, in bytes of UTF-8.
pub const ALERT_BYTES_MAX: usize = 200;
/// Most people that one card is linked to.
pub const RELATIVES_MAX: usize = 8;
/// Most agendas that a card remembers to be of; beyond, those of its bookings alone count.
pub const AGENDAS_MAX: usize = 16;
/// Most results of one search.
pub const FOUND_MAX: usize = 20;
/// Nobody is older, in days.
const AGE_DAYS_MAX: i32 = 130 * 366;

/// What somebody is to the patient of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// Father or mother.
    Parent,
    /// Son or daughter.
    Child,
    /// Husband, wife, partner.
    Partner,
    /// Who decides for them by law, or for whom they do.
    Guardian,
    /// Anybody else who books for them.
    Other,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 5] = [Self::Parent, Self::Child, Self::Partner, Self::Guardian, Self::Other];

    /// Stable name: protocol word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
            Self::Partner => "partner",
            Self::Guardian => "guardian",
            Self::Other => "other",
        }
    }
}

/// Another patient of the practice who books for this one, or for whom this one books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Relative {
    /// Whose card.
    pub patient: PatientId,
    /// What they are to the card's patient.
    pub relation: Relation,
    /// Whether they book for the card's patient.
    pub books: bool,
}

/// What the practice's register says of one patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientCard {
    /// Name and contacts.
    pub person: Person,
    /// Day of birth.
    pub birth_date: Option<CivilDate>,
    /// What whoever books must know at once, 1..=200 bytes; never clinical.
    pub alert: Option<String>,
    /// Linked cards.
    pub relatives: Vec<Relative>,
    /// Agendas whose staff see the card also when no booking says so; none and no booking: staff of any.
    pub agendas: Vec<AgendaId>,
    /// The card that stands for this one since the two were merged.
    pub merged_into: Option<PatientId>,
    /// When the card was written first.
    pub created_at: UtcMillis,
    /// When it was written last.
    pub changed_at: UtcMillis,
}

impl PatientCard {
    /// The card that a booking's details make.
    #[must_use]
    pub const fn of(person: Person, at: UtcMillis) -> Self {
        Self {
            person,
            birth_date: None,
            alert: None,
            relatives: Vec::new(),
            agendas: Vec::new(),
            merged_into: None,
            created_at: at,
            changed_at: at,
        }
    }

    /// The card with its texts trimmed and its contacts in their stored form, every bound checked. `own`: the id it has;
    /// `today`: nobody is born later.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(self, own: PatientId, today: CivilDate) -> Result<Self, Refusal> {
        let person = self.person.validate(false)?;
        let born = self.birth_date.is_none_or(|born| {
            let oldest = today.plus_days(-AGE_DAYS_MAX);
            oldest <= born && born <= today
        });
        require(born, "birth_date", "be a day of the last 130 years")?;
        let alert = self.alert.map(|text| text.trim().to_owned());
        let alert = alert.filter(|text| !text.is_empty());
        let fits = alert.as_ref().is_none_or(|text| text.len() <= ALERT_BYTES_MAX);
        require(fits, "alert", "be at most 200 bytes")?;
        let plain = alert.as_ref().is_none_or(|text| !text.chars().any(char::is_control));
        require(plain, "alert", "have no control characters")?;
        let few = self.relatives.len() <= RELATIVES_MAX;
        require(few, "relatives", "be at most 8")?;
        let mut named: Vec<PatientId> = self.relatives.iter().map(|one| one.patient).collect();
        named.sort_unstable();
        named.dedup();
        let others = named.len() == self.relatives.len() && !named.contains(&own);
        require(others, "relatives", "be other patients, each once")?;
        Ok(Self {
            person,
            alert,
            agendas: self.agendas.into_iter().take(AGENDAS_MAX).collect(),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: CivilDate = CivilDate(20_500);
    const OWN: PatientId = PatientId(1);

    fn card() -> PatientCard {
        let person = Person {
            given_name: " Léa ".to_owned(),
            family_name: "Martin".to_owned(),
            email: None,
            phone: Some("06 39 98 12 34".to_owned()),
        };
        PatientCard::of(person, UtcMillis(0))
    }

    fn field(card: PatientCard) -> Option<&'static str> {
        match card.validate(OWN, TODAY) {
            Ok(_) => None,
            Err(Refusal::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn texts_are_trimmed_and_an_empty_alert_is_none() {
        let checked = PatientCard {
            alert: Some("  ".to_owned()),
            ..card()
        };
        let checked = checked.validate(OWN, TODAY).unwrap();
        assert_eq!(checked.person.given_name, "Léa");
        assert_eq!(checked.person.phone.as_deref(), Some("+33639981234"));
        assert_eq!(checked.alert, None);
    }

    #[test]
    fn bounds_hold_at_the_bound_and_not_beyond() {
        let relative = |id: u128| Relative {
            patient: PatientId(id),
            relation: Relation::Parent,
            books: true,
        };
        let relatives = |count: u128| PatientCard {
            relatives: (2..count + 2).map(relative).collect(),
            ..card()
        };
        let alert = |text: String| PatientCard {
            alert: Some(text),
            ..card()
        };
        let born = |day: i32| PatientCard {
            birth_date: Some(CivilDate(day)),
            ..card()
        };
        let cases = [
            (alert("x".repeat(ALERT_BYTES_MAX)), None),
            (alert("x".repeat(ALERT_BYTES_MAX + 1)), Some("alert")),
            (alert("a\u{7}".to_owned()), Some("alert")),
            (relatives(8), None),
            (relatives(9), Some("relatives")),
            (born(TODAY.0), None),
            (born(TODAY.0 + 1), Some("birth_date")),
            (born(TODAY.0 - AGE_DAYS_MAX), None),
            (born(TODAY.0 - AGE_DAYS_MAX - 1), Some("birth_date")),
        ];
        for (card, expected) in cases {
            assert_eq!(field(card.clone()), expected, "{card:?}");
        }
        for same in [vec![relative(1)], vec![relative(2), relative(2)]] {
            let card = PatientCard {
                relatives: same,
                ..card()
            };
            assert_eq!(field(card), Some("relatives"));
        }
    }
}
