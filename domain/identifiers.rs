//! Professional identifiers with check digits. What looks wrong is warned of and never blocks: no official text says that
//! every number in use passes, and practices were given what they were given.
//!
//! Sources: SIREN and SIRET, INSEE (Luhn; ISO/IEC 7812-1 annex B), with La Poste's establishments, whose SIRET passes when
//! the sum of its digits is a multiple of five. RPPS, ANS: eleven digits, Luhn by usage (no official text found). ADELI:
//! nine characters, replaced by the RPPS; its key has no published rule, so only its shape is looked at.
//! Must not be here: asking a register whether somebody stands in it.

/// Longest identifier kept, in bytes, spaces included.
pub const IDENTIFIER_BYTES_MAX: usize = 24;
/// La Poste's SIREN.
const LA_POSTE: &str = "356000000";

/// Which identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identifier {
    /// Register of health professionals: eleven digits, for life.
    Rpps,
    /// Its predecessor, one per department and profession: nine characters.
    Adeli,
    /// A legal unit: nine digits.
    Siren,
    /// One of its establishments: the SIREN and five digits.
    Siret,
}

/// What looks wrong. Shown beside the field; never a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doubt {
    /// Not as many characters as it must have.
    Length {
        /// As many it must have.
        characters: usize,
    },
    /// A character that cannot stand there.
    Character,
    /// The check digit does not agree with the others.
    CheckDigit,
}

impl Doubt {
    /// Stable code: key of its text.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length { .. } => "identifier_length",
            Self::Character => "identifier_character",
            Self::CheckDigit => "identifier_check_digit",
        }
    }
}

impl Identifier {
    /// Every identifier, in the order of declaration.
    pub const ALL: [Self; 4] = [Self::Rpps, Self::Adeli, Self::Siren, Self::Siret];

    /// Characters it has, spaces aside.
    #[must_use]
    pub const fn characters(self) -> usize {
        match self {
            Self::Rpps => 11,
            Self::Adeli | Self::Siren => 9,
            Self::Siret => 14,
        }
    }

    /// What looks wrong with this one, if anything. Spaces, dots and hyphens between groups are passed over.
    #[must_use]
    pub fn doubt(self, text: &str) -> Option<Doubt> {
        let compact = compact(text);
        let characters = self.characters();
        if compact.chars().count() != characters {
            return Some(Doubt::Length { characters });
        }
        let allowed = match self {
            // Corsica's departments are 2A and 2B.
            Self::Adeli => is_adeli(&compact),
            Self::Rpps | Self::Siren | Self::Siret => compact.bytes().all(|byte| byte.is_ascii_digit()),
        };
        if !allowed {
            return Some(Doubt::Character);
        }
        let agrees = match self {
            Self::Adeli => true,
            Self::Rpps | Self::Siren => luhn(&compact),
            Self::Siret => luhn(&compact) || is_la_poste(&compact),
        };
        (!agrees).then_some(Doubt::CheckDigit)
    }
}

/// The identifier without what people put between groups, letters as capitals: what is kept.
#[must_use]
pub fn compact(text: &str) -> String {
    let filling = |character: &char| !(character.is_whitespace() || matches!(character, '.' | '-'));
    text.chars().filter(filling).flat_map(char::to_uppercase).collect()
}

fn is_adeli(compact: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(compact)
        || ["2A", "2B"]
            .iter()
            .any(|corsica| compact.strip_prefix(corsica).is_some_and(digits))
}

fn values(digits: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    digits.chars().map(|digit| digit.to_digit(10).unwrap_or_default())
}

/// Whether the last digit agrees: from the right every second digit doubled, its own digits added, the sum a multiple of ten.
fn luhn(digits: &str) -> bool {
    let doubled = values(digits).rev().zip([false, true].into_iter().cycle());
    let sum: u32 = doubled
        .map(|(value, double)| match value {
            value if !double => value,
            0..=4 => value * 2,
            value => value * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_la_poste(siret: &str) -> bool {
    siret.starts_with(LA_POSTE) && values(siret).sum::<u32>().is_multiple_of(5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers_and_what_is_wrong_with_others() {
        use Identifier::{Adeli, Rpps, Siren, Siret};
        let length = |characters| Some(Doubt::Length { characters });
        for (identifier, text, expected) in [
            (Siren, "732829320", None),
            (Siren, "732 829 320", None),
            (Siren, "732829321", Some(Doubt::CheckDigit)),
            (Siren, "73282932", length(9)),
            (Siren, "73282932O", Some(Doubt::Character)),
            (Siren, "", length(9)),
            (Siret, "73282932000074", None),
            (Siret, "732.829.320-00074", None),
            (Siret, "73282932000075", Some(Doubt::CheckDigit)),
            // La Poste's: not by Luhn, but by the sum of its digits.
            (Siret, "35600000049837", None),
            (Siret, "35600000049838", Some(Doubt::CheckDigit)),
            // The head office passes by Luhn.
            (Siret, "35600000000048", None),
            // The sum of the digits helps nobody else.
            (Siret, "35600001049836", Some(Doubt::CheckDigit)),
            (Rpps, "99700218896", None),
            (Rpps, "99700218897", Some(Doubt::CheckDigit)),
            (Rpps, "9970021889", length(11)),
            (Adeli, "759312345", None),
            (Adeli, "2a9312345", None),
            (Adeli, "2C9312345", Some(Doubt::Character)),
            (Adeli, "7593 1234", length(9)),
        ] {
            assert_eq!(identifier.doubt(text), expected, "{identifier:?} {text}");
        }
    }

    proptest! {
        /// One digit changed, or two neighbours swapped, is noticed, but for 09 and 90, which Luhn cannot tell apart.
        #[test]
        fn a_slip_is_noticed(head in "[0-9]{8}", at in 0_usize..8, by in 1_u32..10) {
            let check = (0..10).map(|digit| format!("{head}{digit}")).find(|text| luhn(text)).unwrap();
            prop_assert_eq!(Identifier::Siren.doubt(&check), None);
            let digits: Vec<u32> = values(&check).collect();
            let text = |digits: &[u32]| digits.iter().map(ToString::to_string).collect::<String>();
            let mut slipped = digits.clone();
            slipped[at] = (slipped[at] + by) % 10;
            prop_assert_eq!(Identifier::Siren.doubt(&text(&slipped)), Some(Doubt::CheckDigit));
            let mut swapped = digits.clone();
            swapped.swap(at, at + 1);
            let blind = digits[at] == digits[at + 1] || digits[at].min(digits[at + 1]) == 0 && digits[at].max(digits[at + 1]) == 9;
            prop_assert_eq!(Identifier::Siren.doubt(&text(&swapped)).is_none(), blind);
        }

        /// Any text is answered.
        #[test]
        fn every_text_is_answered(text in ".{0,40}") {
            for identifier in Identifier::ALL {
                let _doubt = identifier.doubt(&text);
            }
        }
    }
}
