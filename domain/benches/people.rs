//! Searching 20,000 patients, and looking through them for duplicates. Target: the slowest search within 20 ms.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot start must say so"
)]

use cabinet_domain::ids::PatientId;
use cabinet_domain::people::{Index, PatientCard, Query, pairs};
use cabinet_domain::person::Person;
use cabinet_domain::time::{CivilDate, UtcMillis};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const CARDS: u32 = 20_000;
const GIVEN: [&str; 20] = [
    "Élise",
    "Léa",
    "Jean-Marie",
    "Paul",
    "Anne-Sophie",
    "Mohamed",
    "Chloé",
    "Zoé",
    "Hugo",
    "Inès",
    "Marie",
    "Louis",
    "François",
    "Camille",
    "Noé",
    "Fatima",
    "Théo",
    "Aurélie",
    "Benoît",
    "Océane",
];
const FAMILY: [&str; 25] = [
    "Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Lefèvre", "Roux", "Garcia",
    "Fournier", "Le Goff", "Mercier", "Blanc", "Guérin", "Müller", "Henry", "Rousseau", "Nguyen", "Perrin", "Morin",
    "Mathieu", "Dufour", "Marchand",
];

fn card(number: u32) -> PatientCard {
    let pick = |from: &[&str], step: u32| {
        let at = usize::try_from(number / step).unwrap() % from.len();
        from[at].to_owned()
    };
    // Syllables make family names as various as those of a town.
    let syllable = ["", "ard", "et", "in", "on", "eau", "ier", "ot"][usize::try_from(number % 8).unwrap()];
    let person = Person {
        given_name: pick(&GIVEN, 1),
        family_name: format!("{}{syllable}", pick(&FAMILY, 20)),
        email: Some(format!("p{number}@exemple.fr")),
        phone: Some(format!("+3363998{:04}", number % 10_000)),
    };
    PatientCard {
        birth_date: Some(CivilDate(i32::try_from(number * 7 % 20_000).unwrap())),
        ..PatientCard::of(person, UtcMillis(0))
    }
}

fn benches(criterion: &mut Criterion) {
    let cards: Vec<(PatientId, PatientCard)> = (0..CARDS)
        .map(|number| (PatientId(u128::from(number)), card(number)))
        .collect();
    let mut index = Index::default();
    for (patient, card) in &cards {
        index.put(*patient, card);
    }
    let mut group = criterion.benchmark_group("people");
    for text in [
        "ma",
        "martin",
        "elise martin",
        "le goff jean-marie",
        "06 39 98",
        "1234",
        "12/05/1984",
        "nobody at all here",
    ] {
        let query = Query::read(text).unwrap();
        group.bench_function(format!("search {text:?} of 20,000"), |bencher| {
            bencher.iter(|| index.search(black_box(&query), |_| true));
        });
    }
    group.sample_size(10);
    group.bench_function("duplicates of 20,000", |bencher| {
        bencher.iter(|| pairs(cards.iter().map(|(patient, card)| (*patient, black_box(card)))));
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
