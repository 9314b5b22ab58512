//! Draws the demo's patients: deterministic, plausible, fictional. Phone numbers come from the range that the regulator keeps
//! for fiction (06 39 98), addresses end in `.example` (RFC 2606).

use cabinet_domain::person::Person;

/// A small seeded generator (SplitMix64): the demo is the same every time, and needs no strength.
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound` (at least 1).
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.roll() % bound).unwrap_or_default()
    }

    /// Two draws as an id.
    pub fn id(&mut self) -> u128 {
        (u128::from(self.roll()) << 64) | u128::from(self.roll())
    }

    /// One of `choices`, or nothing when there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}

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
