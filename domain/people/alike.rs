//! Two cards that may be one person: near names, and a birth date, a phone number or an e-mail address in common.
//!
//! Must not be here: merging; a person decides.

use super::PatientCard;
use super::fold::folded;
use crate::ids::PatientId;
use std::collections::{BTreeMap, BTreeSet};

/// Most pairs that one look answers.
pub const PAIRS_MAX: usize = 100;
/// More cards than this with one phone number or address are a home or a school, not one person written down often.
const SHARED_MAX: usize = 50;

/// What two cards have in common beside near names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The day of birth.
    BirthDate,
    /// The phone number.
    Phone,
    /// The e-mail address.
    Email,
}

impl Reason {
    /// Stable name: protocol word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BirthDate => "birth_date",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// How alike two cards are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alike {
    /// 1 to 100; for order alone.
    pub score: u8,
    /// What they have in common.
    pub reasons: BTreeSet<Reason>,
}

/// How near two names are: 2 the same, 1 one letter or one name part away, either way round; none else.
fn near(one: &PatientCard, other: &PatientCard) -> Option<u8> {
    let parts = |card: &PatientCard| (folded(&card.person.family_name), folded(&card.person.given_name));
    let ((family, given), (other_family, other_given)) = (parts(one), parts(other));
    let straight = part(&family, &other_family).zip(part(&given, &other_given));
    let crossed = part(&family, &other_given).zip(part(&given, &other_family));
    // Typed into each other's field, it is a slip in any case.
    let straight = straight.map(|(family, given)| family.min(given));
    straight.max(crossed.map(|_| 1))
}

fn part(one: &[String], other: &[String]) -> Option<u8> {
    if one == other && !one.is_empty() {
        return Some(2);
    }
    let (one_text, other_text) = (one.concat(), other.concat());
    if one_text == other_text && !one_text.is_empty() {
        return Some(2);
    }
    // "Marie" and "Marie-Claire", "Dupont" and "Dupont Martin".
    let within = |few: &[String], many: &[String]| !few.is_empty() && few.iter().all(|word| many.contains(word));
    let one_off = one_text.chars().count().min(other_text.chars().count()) >= 3 && one_slip(&one_text, &other_text);
    (within(one, other) || within(other, one) || one_off).then_some(1)
}

/// Whether one letter more, fewer, other, or two exchanged make one of the other.
fn one_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (
        one.get(same..).unwrap_or_default(),
        other.get(same..).unwrap_or_default(),
    );
    match (one, other) {
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([first, second, one @ ..], [other_first, other_second, other @ ..])
            if first == other_second && second == other_first && one == other =>
        {
            true
        }
        ([_, rest @ ..], longer) if rest == longer => true,
        (shorter, [_, rest @ ..]) => rest == shorter,
        (_, []) => false,
    }
}

/// Whether two cards may be one person.
#[must_use]
pub fn alike(one: &PatientCard, other: &PatientCard) -> Option<Alike> {
    let common = |known: bool, reason: Reason| known.then_some(reason);
    let phone = one.person.phone.is_some() && one.person.phone == other.person.phone;
    let address = |card: &PatientCard| card.person.email.as_ref().map(|text| text.to_lowercase());
    let email = address(one).is_some_and(|text| address(other) == Some(text));
    let born = one.birth_date.is_some() && one.birth_date == other.birth_date;
    let reasons: BTreeSet<Reason> = [
        common(born, Reason::BirthDate),
        common(phone, Reason::Phone),
        common(email, Reason::Email),
    ]
    .into_iter()
    .flatten()
    .collect();
    // Father and son share a name and a phone.
    let two_birth_dates = one
        .birth_date
        .zip(other.birth_date)
        .is_some_and(|(one, other)| one != other);
    if reasons.is_empty() || two_birth_dates {
        return None;
    }
    let name = near(one, other)?;
    let weight = |reason: &Reason| match reason {
        Reason::BirthDate => 30,
        Reason::Phone => 20,
        Reason::Email => 15,
    };
    let score = 15 * name + reasons.iter().map(weight).sum::<u8>();
    Some(Alike { score, reasons })
}

/// The pairs among cards that may be one person, likeliest first, at most [`PAIRS_MAX`]. Only cards that share something are
/// held against each other.
#[must_use]
pub fn pairs<'a>(cards: impl Iterator<Item = (PatientId, &'a PatientCard)>) -> Vec<(PatientId, PatientId, Alike)> {
    let mut sharing: BTreeMap<(Reason, String), Vec<(PatientId, &PatientCard)>> = BTreeMap::new();
    for (patient, card) in cards {
        let shared = [
            (Reason::BirthDate, card.birth_date.map(|born| born.to_string())),
            (Reason::Phone, card.person.phone.clone()),
            (
                Reason::Email,
                card.person.email.as_ref().map(|text| text.to_lowercase()),
            ),
        ];
        for (reason, value) in shared {
            if let Some(value) = value {
                sharing.entry((reason, value)).or_default().push((patient, card));
            }
        }
    }
    let mut found: BTreeMap<(PatientId, PatientId), Alike> = BTreeMap::new();
    for ((reason, _), cards) in &sharing {
        if *reason != Reason::BirthDate && cards.len() > SHARED_MAX {
            continue;
        }
        for (place, (one, card)) in cards.iter().enumerate() {
            for (other, other_card) in cards.iter().skip(place + 1) {
                let pair = (*one.min(other), *one.max(other));
                if let Some(alike) = alike(card, other_card) {
                    found.insert(pair, alike);
                }
            }
        }
    }
    let mut pairs: Vec<_> = found
        .into_iter()
        .map(|((one, other), alike)| (one, other, alike))
        .collect();
    pairs.sort_by_key(|(one, other, alike)| (std::cmp::Reverse(alike.score), *one, *other));
    pairs.truncate(PAIRS_MAX);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Person;
    use crate::time::{CivilDate, UtcMillis};

    fn card(given: &str, family: &str, phone: &str, email: &str, born: i32) -> PatientCard {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let person = Person {
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            email: some(email),
            phone: some(phone),
        };
        PatientCard {
            birth_date: (born != 0).then_some(CivilDate(born)),
            ..PatientCard::of(person, UtcMillis(0))
        }
    }

    #[test]
    fn near_names_with_something_in_common_are_alike() {
        let known = card("Élise", "Martin", "+33639981234", "elise@exemple.fr", 5_000);
        let cases = [
            (card("Elise", "MARTIN", "", "", 5_000), Some(60)),
            (
                card("Élise", "Martin", "+33639981234", "ELISE@exemple.fr", 5_000),
                Some(95),
            ),
            // A letter, a part, the two fields exchanged.
            (card("Elsie", "Martin", "", "", 5_000), Some(45)),
            (card("Élise", "Martins", "+33639981234", "", 0), Some(35)),
            (card("Élise-Marie", "Martin", "", "elise@exemple.fr", 0), Some(30)),
            (card("Martin", "Élise", "", "", 5_000), Some(45)),
            // Nothing in common, another name, another day of birth.
            (card("Élise", "Martin", "", "", 0), None),
            (card("Paul", "Martin", "+33639981234", "", 0), None),
            (card("Élise", "Martin", "+33639981234", "", 5_001), None),
            (card("Elvire", "Martin", "", "", 5_000), None),
        ];
        for (other, expected) in cases {
            assert_eq!(alike(&known, &other).map(|found| found.score), expected, "{other:?}");
            assert_eq!(alike(&other, &known), alike(&known, &other));
        }
    }

    #[test]
    fn pairs_are_found_once_likeliest_first() {
        let cards = [
            card("Élise", "Martin", "+33639981234", "elise@exemple.fr", 5_000),
            card("Elise", "Martin", "+33639981234", "elise@exemple.fr", 0),
            card("Paul", "Roux", "", "", 5_000),
            card("Pol", "Roux", "", "", 5_000),
        ];
        let listed = (1..).map(PatientId).zip(&cards);
        let found: Vec<_> = pairs(listed)
            .into_iter()
            .map(|(one, other, _)| (one.0, other.0))
            .collect();
        assert_eq!(found, [(1, 2)], "Pol is three letters, and two slips from Paul");
        let mut cards = cards.to_vec();
        cards.push(card("Paule", "Roux", "", "", 5_000));
        let listed = (1..).map(PatientId).zip(&cards);
        let found: Vec<_> = pairs(listed)
            .into_iter()
            .map(|(one, other, _)| (one.0, other.0))
            .collect();
        assert_eq!(found, [(1, 2), (3, 5)]);
    }
}
