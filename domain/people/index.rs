//! Finding cards: each card's words and digits, gone through one after the other. At 20,000 cards a search takes two
//! milliseconds (`benches/people.rs`); nothing has to be kept in step but one entry per card.
//!
//! Must not be here: who may see a card.

use super::fold::folded;
use super::query::{Born, Digits, Query, Wanted, dialled_of};
use super::{FOUND_MAX, PatientCard};
use crate::ids::PatientId;
use crate::time::CivilDate;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A card as it is looked for.
#[derive(Debug, Clone)]
struct Entry {
    family: Vec<String>,
    given: Vec<String>,
    /// As dialled from France.
    phone: Option<String>,
    email: Option<String>,
    born: Option<CivilDate>,
    /// Family name, then given name: what results of one fit are ordered by.
    order: String,
}

impl Entry {
    fn of(card: &PatientCard) -> Self {
        let (family, given) = (folded(&card.person.family_name), folded(&card.person.given_name));
        Self {
            order: format!("{}\0{}", family.join(" "), given.join(" ")),
            family,
            given,
            phone: card.person.phone.as_deref().map(dialled_of),
            email: card.person.email.as_ref().map(|text| text.to_lowercase()),
            born: card.birth_date,
        }
    }

    /// How well it fits everything that is wanted; none when something does not.
    fn fits(&self, query: &Query) -> Option<u32> {
        query.0.iter().try_fold(0, |sum, wanted| Some(sum + self.has(wanted)?))
    }

    fn has(&self, wanted: &Wanted) -> Option<u32> {
        match wanted {
            Wanted::Word(text) => {
                let best = |words: &[String]| words.iter().filter_map(|word| begins(word, text)).max();
                // The family name is what registers are kept by.
                best(&self.family).map(|fit| fit + 1).max(best(&self.given))
            }
            Wanted::Email(text) => self.email.as_deref()?.starts_with(text).then_some(4),
            Wanted::Digits(digits) => self.has_digits(digits),
        }
    }

    fn has_digits(&self, digits: &Digits) -> Option<u32> {
        let phone = digits.phone.as_deref().zip(self.phone.as_deref());
        let phone = phone.is_some_and(|(wanted, own)| {
            // The last digits are what people remember of a number.
            own.starts_with(wanted) || (wanted.len() >= 4 && own.ends_with(wanted))
        });
        let born = digits.born.zip(self.born).is_some_and(|(wanted, own)| {
            let date = own.to_jiff();
            match wanted {
                Born::On(day) => day == own,
                Born::DayOf(day, month) => (date.day(), date.month()) == (day, month),
                Born::Year(year) => date.year() == year,
            }
        });
        match (phone, born) {
            (_, true) => Some(5),
            (true, false) => Some(4),
            (false, false) => None,
        }
    }
}

/// The whole word, or its beginning.
fn begins(word: &str, wanted: &str) -> Option<u32> {
    let rest = word.strip_prefix(wanted)?;
    Some(if rest.is_empty() { 4 } else { 2 })
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Best first, at most [`FOUND_MAX`].
    pub patients: Vec<PatientId>,
    /// Whether more fit.
    pub more: bool,
}

/// The cards of one practice, by what they are found by.
#[derive(Debug, Clone, Default)]
pub struct Index {
    entries: BTreeMap<PatientId, Entry>,
}

impl Index {
    /// Puts a card in, or in the place of what it said before.
    pub fn put(&mut self, patient: PatientId, card: &PatientCard) {
        self.entries.insert(patient, Entry::of(card));
    }

    /// Takes a card out.
    pub fn remove(&mut self, patient: PatientId) {
        self.entries.remove(&patient);
    }

    /// How many cards are found in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The cards that fit, of those that may be seen: best first, then by family name, given name, id.
    pub fn search(&self, query: &Query, may_be_seen: impl Fn(PatientId) -> bool) -> Found {
        let fitting = self.entries.iter().filter_map(|(patient, entry)| {
            let fit = entry.fits(query)?;
            may_be_seen(*patient).then_some((Reverse(fit), entry.order.as_str(), *patient))
        });
        let mut fitting: Vec<_> = fitting.collect();
        let more = fitting.len() > FOUND_MAX;
        if more {
            fitting.select_nth_unstable(FOUND_MAX);
            fitting.truncate(FOUND_MAX);
        }
        fitting.sort_unstable();
        Found {
            patients: fitting.into_iter().map(|(_, _, patient)| patient).collect(),
            more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Person;
    use crate::time::UtcMillis;

    fn card(given: &str, family: &str, phone: Option<&str>, born: Option<CivilDate>) -> PatientCard {
        let person = Person {
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            email: Some(format!("{}@exemple.fr", given.to_lowercase())),
            phone: phone.map(str::to_owned),
        };
        PatientCard {
            birth_date: born,
            ..PatientCard::of(person, UtcMillis(0))
        }
    }

    fn index() -> Index {
        let born = CivilDate::new(1984, 5, 12).ok();
        let cards = [
            card("Élise", "Martin", Some("+33639981234"), born),
            card("Martine", "Élie", Some("+33199001234"), None),
            card(
                "Jean-Marie",
                "Le Goff",
                Some("+32470123456"),
                CivilDate::new(2010, 12, 5).ok(),
            ),
            card("Léa", "Martinez", None, born),
        ];
        let mut index = Index::default();
        for (number, card) in (1..).zip(&cards) {
            index.put(PatientId(number), card);
        }
        index
    }

    fn found(text: &str) -> Vec<u128> {
        let query = Query::read(text).unwrap();
        let found = index().search(&query, |_| true);
        assert!(!found.more);
        found.patients.into_iter().map(|patient| patient.0).collect()
    }

    #[test]
    fn cards_are_found_by_name_phone_birth_date_and_address_best_first() {
        for (text, expected) in [
            // The whole family name, then its beginning, then a given name.
            ("martin", vec![1, 4, 2]),
            ("MARTIN él", vec![1, 2]),
            ("goff jean", vec![3]),
            ("marie", vec![3]),
            ("arie", vec![]),
            ("06 39 98 12 34", vec![1]),
            ("+33 6 39", vec![1]),
            ("0032470", vec![3]),
            ("1234", vec![2, 1]),
            ("12/05/1984", vec![1, 4]),
            ("1984-05-12 lea", vec![4]),
            ("12/05", vec![1, 4]),
            ("05/12", vec![3]),
            ("2010", vec![3]),
            ("martin 2010", vec![]),
            ("jean-marie@ex", vec![3]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_replaced_taken_out_or_not_to_be_seen_is_not_found() {
        let mut index = index();
        let martin = Query::read("martin").unwrap();
        assert_eq!(
            index.search(&martin, |patient| patient.0 != 1).patients,
            [PatientId(4), PatientId(2)]
        );
        index.put(PatientId(1), &card("Élise", "Dupont", None, None));
        index.remove(PatientId(4));
        assert_eq!(index.search(&martin, |_| true).patients, [PatientId(2)]);
        assert_eq!((index.len(), index.is_empty()), (3, false));
    }

    #[test]
    fn of_many_the_best_are_answered_and_that_there_are_more_is_said() {
        let mut index = Index::default();
        for number in 0..=20_u128 {
            let family = if number == 20 { "Durand" } else { "Durandeau" };
            index.put(PatientId(number), &card("Léa", family, None, None));
            let found = index.search(&Query::read("durand").unwrap(), |_| true);
            assert_eq!(found.more, number == 20);
        }
        let found = index.search(&Query::read("durand").unwrap(), |_| true);
        assert_eq!(found.patients.len(), FOUND_MAX);
        assert_eq!(found.patients[0], PatientId(20));
        assert_eq!(found.patients[1..], (0..19).map(PatientId).collect::<Vec<_>>());
    }
}
