//! Draws the demo's patients. Deterministic, plausible, fictional: phone numbers come from the range that the regulator keeps for
//! fiction (06 39 98), addresses end in `.example` (RFC 2606).

use cabinet_domain::person::Person;
use cabinet_storage::dice::Dice;

const GIVEN: [&str; 32] = [
    "Camille", "Louis", "Emma", "Hugo", "Léa", "Arthur", "Inès", "Gabriel", "Manon", "Raphaël", "Chloé", "Jules",
    "Sarah", "Adam", "Zoé", "Nathan", "Alice", "Tom", "Jeanne", "Lucas", "Yasmine", "Paul", "Margaux", "Théo", "Nadia",
    "Victor", "Élise", "Karim", "Sophie", "Antoine", "Lina", "Marc",
];
const FAMILY: [&str; 36] = [
    "Martin",
    "Bernard",
    "Dubois",
    "Thomas",
    "Robert",
    "Richard",
    "Durand",
    "Leroy",
    "Moreau",
    "Simon",
    "Laurent",
    "Lefebvre",
    "Michel",
    "Garcia",
    "David",
    "Bertrand",
    "Roux",
    "Vincent",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Faure",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Chevalier",
    "François",
    "Legrand",
    "Perrin",
    "Clément",
];

fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|letter| match letter {
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'ï' | 'î' => 'i',
            'ç' => 'c',
            'ô' => 'o',
            other => other,
        })
        .collect()
}

/// A fictional patient.
pub fn person(dice: &mut Dice) -> Person {
    let given = dice.pick(&GIVEN).copied().unwrap_or("Camille");
    let family = dice.pick(&FAMILY).copied().unwrap_or("Martin");
    Person {
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        email: (dice.below(5) > 0).then(|| format!("{}.{}@courriel.example", plain(given), plain(family))),
        phone: Some(format!("+3363998{:04}", dice.below(10_000))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_patients() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            (0..5).map(|_| person(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
