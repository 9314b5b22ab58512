//! Patients' cards between wire and domain.

use super::Malformed;
use super::inward::{self, date, id};
use super::outward::{self};
use crate::v1::people::{CardContent, PatientFace, PatientRelative};
use cabinet_domain::ids::PatientId;
use cabinet_domain::people::{PatientCard, Relation, Relative};
use cabinet_domain::time::UtcMillis;

/// A card as it is sent. What the wire does not carry is the register's own.
///
/// # Errors
/// [`Malformed`] date, id or relation.
pub fn card(content: &CardContent) -> Result<PatientCard, Malformed> {
    let birth_date = content.birth_date.as_deref().map(|text| date("birth_date", text));
    let relatives = content.relatives.iter().map(relative);
    Ok(PatientCard {
        birth_date: birth_date.transpose()?,
        alert: content.alert.clone(),
        relatives: relatives.collect::<Result<_, _>>()?,
        ..PatientCard::of(inward::person(&content.person), UtcMillis(0))
    })
}

fn relative(one: &PatientRelative) -> Result<Relative, Malformed> {
    let relation = Relation::ALL.into_iter().find(|known| known.name() == one.relation);
    Ok(Relative {
        patient: id("relatives", &one.patient)?,
        relation: relation.ok_or(Malformed {
            field: "relation",
            must: "parent, child, partner, guardian or other",
        })?,
        books: one.books,
    })
}

/// A card as it is shown.
#[must_use]
pub fn content(card: &PatientCard) -> CardContent {
    let relative = |one: &Relative| PatientRelative {
        patient: one.patient.to_string(),
        relation: one.relation.name().to_owned(),
        books: one.books,
    };
    CardContent {
        person: outward::person(&card.person),
        birth_date: card.birth_date.map(|born| born.to_string()),
        alert: card.alert.clone(),
        relatives: card.relatives.iter().map(relative).collect(),
    }
}

/// A card as a list shows it.
#[must_use]
pub fn face(patient: PatientId, card: &PatientCard) -> PatientFace {
    PatientFace {
        patient: patient.to_string(),
        person: outward::person(&card.person),
        birth_date: card.birth_date.map(|born| born.to_string()),
        alert: card.alert.clone(),
    }
}
