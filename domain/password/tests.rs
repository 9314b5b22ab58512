//! Which passwords are accepted: a table of thirty, and what holds for any.

use super::guess::guess_bits;
use super::*;
use proptest::prelude::*;

const PERSONAL: &[&str] = &[
    "Camille Lefèvre-Dubois",
    "c.lefevre@cabinet-tilleuls.example",
    "Cabinet des Tilleuls",
];

/// Thirty passwords, each with what must be said of it.
#[test]
fn a_table_of_passwords() {
    use Weakness::{Common, Guessable, Personal, TooShort};
    let table: [(&str, Result<(), Weakness>); 30] = [
        ("", Err(TooShort)),
        ("Xk9#qT!2vbZ", Err(TooShort)),
        ("éééééééééé1", Err(TooShort)),
        ("password1234", Err(Common)),
        ("Password1234!", Err(Common)),
        ("P4ssw0rd!2026", Err(Common)),
        ("123456789012", Err(Guessable)),
        ("MotDePasse2026", Err(Common)),
        ("motdepasse!!!!", Err(Common)),
        ("azertyuiop123", Err(Common)),
        ("passwordpassword", Err(Common)),
        ("bonjourbonjour", Err(Common)),
        ("!!!!!dragon!!!!!", Err(Common)),
        ("aaaaaaaaaaaaaaaaaaaa", Err(Guessable)),
        ("abcdefghijklmnop", Err(Guessable)),
        ("nbvcxw09876poiuy", Err(Guessable)),
        ("marseille1993lyon", Err(Guessable)),
        ("soleil-juillet-2026", Err(Guessable)),
        ("password-dragon-1234", Err(Guessable)),
        ("abcabcabcabcabcabc", Err(Guessable)),
        ("48201739", Err(TooShort)),
        ("482017395527", Err(Guessable)),
        ("4829638559306641", Ok(())),
        ("camille-vk7xqz-21", Err(Personal)),
        ("vk7xqz-LEFEVRE-21", Err(Personal)),
        ("Tilleuls#9xQvw2Kz", Err(Personal)),
        ("wqkzvbtnxpjd", Ok(())),
        ("Xk9#qT!2vbZr", Ok(())),
        ("girafe violette sous neuf parapluies mouillés", Ok(())),
        ("tournesol/éclipse/brouette/gamelan/pivoine", Ok(())),
    ];
    for (password, expected) in table {
        assert_eq!(
            check(password, PERSONAL),
            expected,
            "{password}: {} bits",
            guess_bits(password)
        );
    }
}

#[test]
fn long_passwords_are_accepted_and_absurd_ones_refused() {
    let long: String = (0..64_u32)
        .map(|index| char::from_u32(0x4e00 + index * 37).unwrap())
        .collect();
    assert_eq!(check(&long, &[]), Ok(()));
    let words = "tournesol éclipse brouette ".repeat(60);
    assert_eq!(check(&words, &[]), Err(Weakness::TooLong));
}

#[test]
fn short_pieces_and_the_ends_of_addresses_are_nobodys() {
    assert_eq!(check("kvz-leo-fr-example-w8", &["Leo", "l.d@e.example"]), Ok(()));
    assert_eq!(check("kvz-leon-example-w8q", &["Léon"]), Err(Weakness::Personal));
}

#[test]
fn codes_are_distinct() {
    let codes: std::collections::BTreeSet<_> = Weakness::ALL.iter().map(|weakness| weakness.code()).collect();
    assert_eq!(codes.len(), Weakness::ALL.len());
}

#[test]
fn the_list_is_whole_and_in_lower_case() {
    let words: Vec<&str> = include_str!("common.txt").lines().collect();
    assert_eq!(words.len(), 20_000);
    assert!(words.iter().all(|word| word.len() >= 4 && *word == word.to_lowercase()));
    assert_eq!(words[..3], ["123456", "password", "12345678"]);
}

proptest! {
    /// Sixteen characters drawn evenly from letters and digits have 95 bits; no way to put them together makes them weak.
    #[test]
    fn what_is_drawn_at_random_is_accepted(password in "[a-zA-Z0-9]{16}") {
        prop_assert_eq!(check(&password, &[]), Ok(()));
    }

    /// Any common password with four digits behind it is refused, whatever the digits.
    #[test]
    fn a_common_password_is_not_saved_by_digits(line in 0_usize..20_000, digits in "[0-9]{4}") {
        let word = include_str!("common.txt").lines().nth(line).unwrap();
        let password = format!("{word}{digits}");
        prop_assert!(check(&password, &[]).is_err(), "{} is accepted", password);
    }

    /// The longest and strangest text is answered.
    #[test]
    fn every_text_is_answered(password in ".{0,200}", personal in ".{0,40}") {
        let _answer = check(&password, &[&personal]);
        prop_assert!(guess_bits(&password) >= 0.0);
    }

    /// One character more never makes guessing cheaper by much: the alphabet may not shrink, pieces may only join.
    #[test]
    fn the_whole_costs_at_most_its_characters(password in "[a-z]{1,60}") {
        let bits = guess_bits(&password);
        let length = u32::try_from(password.len()).unwrap();
        prop_assert!(bits <= f64::from(length) * 26_f64.log2() + 0.001);
    }
}
