//! Which passwords are good enough (CNIL, délibération 2022-100): length, and how hard they are to guess. No rule asks for
//! particular kinds of characters.
//!
//! The deliberation asks for 80 bits of a password that stands alone and for 50 where attempts are held back, as sign-in
//! does here, beside its second factor. Bits are counted as a guesser would spend them: a common word, a run of keys, a
//! repeat or a year costs what it costs to try those, whatever its length.
//! Must not be here: hashing, holding attempts back, texts for people.

mod guess;

use guess::{fold, guess_bits, is_common};

/// Shortest password, in characters.
pub const CHARACTERS_MIN: usize = 12;
/// Longest password, in bytes: far above the 64 characters that must be accepted, and a bound on the work of looking.
pub const BYTES_MAX: usize = 1024;
/// What a password must cost to guess where attempts are held back, in bits.
pub const BITS_MIN_WITH_LOCK_OUT: f64 = 50.0;
/// What a password must cost to guess where nothing else holds a guesser back, in bits. Nothing signs in so today.
pub const BITS_MIN_ALONE: f64 = 80.0;
/// Shortest piece of a name or address that a password may not contain, in characters.
const PERSONAL_CHARACTERS_MIN: usize = 4;

/// Why a password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weakness {
    /// Fewer than [`CHARACTERS_MIN`] characters.
    TooShort,
    /// More than [`BYTES_MAX`] bytes.
    TooLong,
    /// One of the commonest passwords, or one of them with some digits or signs around it.
    Common,
    /// It contains a piece of the person's name or address, or of the practice's name.
    Personal,
    /// Long enough, but made of words, runs, repeats or years that are soon guessed.
    Guessable,
}

impl Weakness {
    /// Every weakness, in the order in which they are looked for.
    pub const ALL: [Self; 5] = [
        Self::TooShort,
        Self::TooLong,
        Self::Common,
        Self::Personal,
        Self::Guessable,
    ];

    /// Stable code: problem detail, key of its text.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::Common => "password_common",
            Self::Personal => "password_personal",
            Self::Guessable => "password_guessable",
        }
    }
}

/// Whether a password is good enough for sign-in with attempts held back. `personal` is what others know of the person:
/// name, e-mail address, the practice's name. Pure; takes well under a millisecond for the longest password.
///
/// # Errors
/// The first [`Weakness`] in their order.
pub fn check(password: &str, personal: &[&str]) -> Result<(), Weakness> {
    if password.chars().count() < CHARACTERS_MIN {
        return Err(Weakness::TooShort);
    }
    if password.len() > BYTES_MAX {
        return Err(Weakness::TooLong);
    }
    if is_common(password) {
        return Err(Weakness::Common);
    }
    let folded = fold(password);
    if personal_pieces(personal).any(|piece| folded.contains(&piece)) {
        return Err(Weakness::Personal);
    }
    if guess_bits(password) < BITS_MIN_WITH_LOCK_OUT {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

/// Pieces of what is known of the person, without the ends of addresses that everybody has.
fn personal_pieces<'a>(personal: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let texts = personal.iter().map(|text| {
        // Of an address: the name before the sign, and the domain without its last label.
        match text.rsplit_once('.') {
            Some((head, _)) if text.contains('@') => fold(head),
            _ => fold(text),
        }
    });
    texts.flat_map(|text| {
        let pieces = text.split(|character: char| !character.is_alphanumeric());
        let long = pieces.filter(|piece| piece.chars().count() >= PERSONAL_CHARACTERS_MIN);
        long.map(str::to_owned).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests;
