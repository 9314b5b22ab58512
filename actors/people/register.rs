//! One practice's register in memory: cards that were written, cards that bookings make, and the index over both.
//!
//! Must not be here: reading agendas or records.

use super::Listed;
use cabinet_domain::agenda::Booking;
use cabinet_domain::ids::{AgendaId, BlobId, HistoryId, PatientId, Seq};
use cabinet_domain::people::{AGENDAS_MAX, Alike, Found, Index, PatientCard, Query, pairs};
use cabinet_domain::person::Person;
use cabinet_domain::time::UtcMillis;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Merges of merges that are followed.
const MERGES_DEEP_MAX: usize = 16;

/// A patient's latest booking in one agenda.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    pub(super) patient: PatientId,
    pub(super) at: UtcMillis,
    pub(super) details: BlobId,
    /// None once the patient's key is forgotten, or where it is known already.
    pub(super) person: Option<Arc<Person>>,
}

impl Booked {
    pub(super) fn of(booking: &Booking) -> Self {
        Self {
            patient: booking.patient,
            at: booking.booked_at,
            details: booking.details,
            person: None,
        }
    }
}

/// An agenda as it was taken in last.
#[derive(Debug, Default)]
struct Taken {
    at: Option<(HistoryId, Seq)>,
    booked: HashMap<PatientId, Booked>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Register {
    written: HashMap<PatientId, PatientCard>,
    taken: BTreeMap<AgendaId, Taken>,
    /// Cards that others stand for, by the one that stands.
    merged: BTreeMap<PatientId, BTreeSet<PatientId>>,
    index: Index,
}

impl Register {
    /// Of the cards that were written.
    pub(super) fn of(cards: impl Iterator<Item = (PatientId, PatientCard)>) -> Self {
        let mut register = Self::default();
        for (patient, card) in cards {
            register.write(patient, card);
        }
        register
    }

    /// A card was written.
    pub(super) fn write(&mut self, patient: PatientId, card: PatientCard) {
        let before = self.written.get(&patient).and_then(|card| card.merged_into);
        if let Some(merged) = before.and_then(|into| self.merged.get_mut(&into)) {
            merged.remove(&patient);
        }
        if let Some(into) = card.merged_into {
            self.merged.entry(into).or_default().insert(patient);
        }
        self.written.insert(patient, card);
        self.index(patient);
    }

    /// Whether the agenda was taken in as it is now.
    pub(super) fn is_at(&self, agenda: AgendaId, at: (HistoryId, Seq)) -> bool {
        self.taken.get(&agenda).is_some_and(|taken| taken.at == Some(at))
    }

    /// The details of the agenda's bookings that are known.
    pub(super) fn blobs(&self, agenda: AgendaId) -> BTreeSet<BlobId> {
        let booked = self
            .taken
            .get(&agenda)
            .into_iter()
            .flat_map(|taken| taken.booked.values());
        booked
            .filter(|one| one.person.is_some())
            .map(|one| one.details)
            .collect()
    }

    /// An agenda as it is now: each patient's latest booking.
    pub(super) fn take_in(&mut self, agenda: AgendaId, at: (HistoryId, Seq), booked: Vec<Booked>) {
        let taken = self.taken.entry(agenda).or_default();
        let mut before = std::mem::take(&mut taken.booked);
        let mut changed = BTreeSet::new();
        for mut one in booked {
            let known = before.remove(&one.patient);
            match known {
                Some(known) if known.details == one.details => {
                    changed.extend(known.person.is_none().then_some(one.patient));
                    one.person = one.person.or(known.person);
                }
                Some(_) | None => {
                    changed.insert(one.patient);
                }
            }
            taken.booked.insert(one.patient, one);
        }
        taken.at = Some(at);
        changed.extend(before.into_keys());
        for patient in changed {
            self.index(patient);
        }
    }

    /// Has a patient be found by what their card says now.
    fn index(&mut self, patient: PatientId) {
        match self.card(patient) {
            Some(card) if card.merged_into.is_none() => self.index.put(patient, &card),
            Some(_) | None => self.index.remove(patient),
        }
    }

    /// What is known of a patient: what was written, or what their latest booking says.
    pub(super) fn card(&self, patient: PatientId) -> Option<PatientCard> {
        if let Some(card) = self.written.get(&patient) {
            return Some(card.clone());
        }
        let latest = self.booked(patient).max_by_key(|(_, one)| (one.at, one.details))?;
        let person = latest.1.person.as_deref()?.clone();
        Some(PatientCard::of(person, latest.1.at))
    }

    pub(super) fn listed(&self, patient: PatientId) -> Option<Listed> {
        let card = self.card(patient)?;
        Some(Listed { patient, card })
    }

    /// How many cards are found.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    fn booked(&self, patient: PatientId) -> impl Iterator<Item = (AgendaId, &Booked)> {
        let taken = self.taken.iter();
        taken.filter_map(move |(agenda, taken)| Some((*agenda, taken.booked.get(&patient)?)))
    }

    /// Cards that this one stands for, whatever was merged into them included.
    pub(super) fn merged_into(&self, patient: PatientId) -> Vec<PatientId> {
        let mut all = vec![patient];
        let mut next = 0;
        while let Some(one) = all.get(next).copied() {
            let merged = self.merged.get(&one).into_iter().flatten();
            let new: Vec<PatientId> = merged.filter(|merged| !all.contains(merged)).copied().collect();
            all.extend(new);
            next += 1;
        }
        all.remove(0);
        all
    }

    /// The agendas that a card keeps when it is written: those it had and those it is booked in.
    pub(super) fn agendas_to_keep(&self, patient: PatientId) -> Vec<AgendaId> {
        let written = self.written.get(&patient).into_iter().flat_map(|card| &card.agendas);
        let all: BTreeSet<AgendaId> = written
            .copied()
            .chain(self.booked(patient).map(|(agenda, _)| agenda))
            .collect();
        all.into_iter().take(AGENDAS_MAX).collect()
    }

    /// Whether who sees the names of these agendas may know the patient: one of them is theirs, or none at all is.
    pub(super) fn may_see(&self, patient: PatientId, sees: &BTreeSet<AgendaId>) -> bool {
        let mut any = false;
        for one in std::iter::once(patient).chain(self.merged_into(patient)) {
            let kept = self
                .written
                .get(&one)
                .into_iter()
                .flat_map(|card| card.agendas.iter().copied());
            for agenda in kept.chain(self.booked(one).map(|(agenda, _)| agenda)) {
                if sees.contains(&agenda) {
                    return true;
                }
                any = true;
            }
        }
        !any && !sees.is_empty()
    }

    /// The card that stands for a patient, if who sees the names of these agendas may know it.
    pub(super) fn standing(&self, patient: PatientId, sees: &BTreeSet<AgendaId>) -> Option<PatientId> {
        let mut standing = patient;
        for _ in 0..MERGES_DEEP_MAX {
            match self.written.get(&standing).and_then(|card| card.merged_into) {
                Some(into) => standing = into,
                None => break,
            }
        }
        let known = self.card(standing).is_some_and(|card| card.merged_into.is_none());
        (known && self.may_see(standing, sees)).then_some(standing)
    }

    pub(super) fn search(&self, query: &Query, sees: &BTreeSet<AgendaId>) -> Found {
        self.index.search(query, |patient| self.may_see(patient, sees))
    }

    /// Pairs of standing cards that may be one person, both to be seen.
    pub(super) fn pairs(&self, sees: &BTreeSet<AgendaId>) -> Vec<(PatientId, PatientId, Alike)> {
        let booked = self.taken.values().flat_map(|taken| taken.booked.keys());
        let all: BTreeSet<PatientId> = self.written.keys().chain(booked).copied().collect();
        let cards: Vec<(PatientId, PatientCard)> = all
            .into_iter()
            .filter_map(|patient| Some((patient, self.card(patient)?)))
            .filter(|(patient, card)| card.merged_into.is_none() && self.may_see(*patient, sees))
            .collect();
        pairs(cards.iter().map(|(patient, card)| (*patient, card)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AgendaId = AgendaId(1);
    const TWO: AgendaId = AgendaId(2);

    fn person(family: &str) -> Person {
        Person {
            given_name: "Léa".to_owned(),
            family_name: family.to_owned(),
            email: None,
            phone: None,
        }
    }

    fn booked(patient: u128, details: u128, family: &str) -> Booked {
        Booked {
            patient: PatientId(patient),
            at: UtcMillis(i64::try_from(details).unwrap()),
            details: BlobId(details),
            person: Some(Arc::new(person(family))),
        }
    }

    fn found(register: &Register, text: &str, sees: &[AgendaId]) -> Vec<u128> {
        let sees = sees.iter().copied().collect();
        let found = register.search(&Query::read(text).unwrap(), &sees);
        found.patients.into_iter().map(|patient| patient.0).collect()
    }

    fn at(seq: Seq) -> (HistoryId, Seq) {
        (HistoryId(1), seq)
    }

    #[test]
    fn a_patient_is_known_by_their_latest_booking_until_somebody_writes_their_card() {
        let mut register = Register::default();
        register.take_in(ONE, at(1), vec![booked(1, 10, "Martin")]);
        register.take_in(TWO, at(1), vec![booked(1, 20, "Martin-Petit"), booked(2, 11, "Roux")]);
        assert_eq!(found(&register, "petit", &[ONE]), [1], "the latest of both agendas");
        assert!(register.is_at(ONE, at(1)) && !register.is_at(ONE, at(2)));
        register.write(PatientId(1), PatientCard::of(person("Durand"), UtcMillis(30)));
        assert_eq!(found(&register, "martin", &[ONE, TWO]), [0_u128; 0]);
        assert_eq!(found(&register, "durand", &[ONE, TWO]), [1]);
        // Cancelled, what only bookings said is gone; what was written stays.
        register.take_in(TWO, at(2), vec![]);
        assert_eq!(found(&register, "roux", &[ONE, TWO]), [0_u128; 0]);
        assert_eq!(found(&register, "durand", &[ONE]), [1]);
    }

    #[test]
    fn details_that_are_known_are_not_asked_for_again() {
        let mut register = Register::default();
        register.take_in(ONE, at(1), vec![booked(1, 10, "Martin")]);
        assert_eq!(register.blobs(ONE), BTreeSet::from([BlobId(10)]));
        let mut again = booked(1, 10, "");
        again.person = None;
        register.take_in(ONE, at(2), vec![again]);
        assert_eq!(found(&register, "martin", &[ONE]), [1]);
        // Whose key is forgotten is nobody.
        let mut forgotten = booked(1, 12, "");
        forgotten.person = None;
        register.take_in(ONE, at(3), vec![forgotten]);
        assert_eq!(found(&register, "martin", &[ONE]), [0_u128; 0]);
        assert!(register.blobs(ONE).is_empty());
    }

    #[test]
    fn patients_are_seen_in_the_agendas_of_ones_sight_and_those_of_none_by_anybody_with_sight() {
        let mut register = Register::default();
        register.take_in(ONE, at(1), vec![booked(1, 10, "Martin")]);
        register.take_in(TWO, at(1), vec![booked(2, 11, "Martin")]);
        register.write(PatientId(3), PatientCard::of(person("Martin"), UtcMillis(1)));
        let kept = PatientCard {
            agendas: vec![TWO],
            ..PatientCard::of(person("Martin"), UtcMillis(1))
        };
        register.write(PatientId(4), kept);
        assert_eq!(found(&register, "martin", &[ONE]), [1, 3]);
        assert_eq!(found(&register, "martin", &[TWO]), [2, 3, 4]);
        assert_eq!(found(&register, "martin", &[]), [0_u128; 0]);
        assert_eq!(register.agendas_to_keep(PatientId(1)), [ONE]);
    }

    #[test]
    fn of_merged_cards_the_one_that_stands_is_found_and_undoing_brings_both_back() {
        let mut register = Register::default();
        register.take_in(ONE, at(1), vec![booked(1, 10, "Martin")]);
        register.take_in(TWO, at(1), vec![booked(2, 11, "Martin"), booked(3, 12, "Martin")]);
        let into = |into: Option<u128>, one: &Register, patient: u128| PatientCard {
            merged_into: into.map(PatientId),
            ..one.card(PatientId(patient)).unwrap()
        };
        let (second, third) = (into(Some(1), &register, 2), into(Some(2), &register, 3));
        register.write(PatientId(3), third);
        register.write(PatientId(2), second);
        assert_eq!(found(&register, "martin", &[ONE]), [1]);
        assert_eq!(
            found(&register, "martin", &[TWO]),
            [1],
            "their bookings are its own now"
        );
        assert_eq!(register.merged_into(PatientId(1)), [PatientId(2), PatientId(3)]);
        let both = BTreeSet::from([ONE, TWO]);
        assert_eq!(register.standing(PatientId(3), &both), Some(PatientId(1)));
        let undone = into(None, &register, 2);
        register.write(PatientId(2), undone);
        assert_eq!(found(&register, "martin", &[TWO]), [2]);
        assert_eq!(found(&register, "martin", &[ONE]), [1]);
        assert_eq!(register.standing(PatientId(3), &both), Some(PatientId(2)));
        assert_eq!(register.standing(PatientId(9), &both), None);
    }

    #[test]
    fn pairs_are_of_standing_cards_that_may_be_seen() {
        let with_phone = |family: &str| {
            PatientCard::of(
                Person {
                    phone: Some("+33639981234".to_owned()),
                    ..person(family)
                },
                UtcMillis(1),
            )
        };
        let mut register = Register::default();
        for patient in 1..=2 {
            register.write(PatientId(patient), with_phone("Martin"));
        }
        let sees = BTreeSet::from([ONE]);
        let listed = |register: &Register| {
            register
                .pairs(&sees)
                .into_iter()
                .map(|(one, other, _)| (one.0, other.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(listed(&register), [(1, 2)]);
        let merged = PatientCard {
            merged_into: Some(PatientId(1)),
            ..with_phone("Martin")
        };
        register.write(PatientId(2), merged);
        assert!(listed(&register).is_empty());
    }
}
