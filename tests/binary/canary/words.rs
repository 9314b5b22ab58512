//! Words that were planted: unlike anything else, drawn anew for each run, and each shown to have been taken.
//!
//! Must not be here: where they are planted, how they are looked for.

use crate::server::fresh;

/// Beginnings whose encodings differ from one another.
const STEMS: [&str; 8] = [
    "Zoé",
    "Noël",
    "Éloïse",
    "Françoise",
    "Jérôme",
    "Anaïs",
    "Gaëtan",
    "Hélène",
];
const CODE_LETTERS: [char; 16] = [
    'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 't', 'v', 'w',
];
const CODE_LENGTH: usize = 10;

/// What kind of thing a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Name,
    Phone,
    Mail,
    Note,
    Number,
    Secret,
}

/// One word.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) kind: Kind,
    /// What is looked for. The first is as it was planted, the others are parts of it that say as much.
    pub(super) sought: Vec<String>,
    taken: bool,
}

/// All words of a run.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<Planted>);

/// Letters that nobody is called.
fn code() -> String {
    let digits = fresh();
    let letter = |digit: char| CODE_LETTERS[digit.to_digit(16).expect("a digit") as usize];
    digits.chars().take(CODE_LENGTH).map(letter).collect()
}

/// Decimal digits.
fn digits(count: usize) -> String {
    let drawn = fresh();
    let digit = |digit: char| char::from_digit(digit.to_digit(16).expect("a digit") % 10, 10).expect("a digit");
    drawn.chars().take(count).map(digit).collect()
}

impl Words {
    fn plant(&mut self, kind: Kind, sought: Vec<String>) {
        self.0.push(Planted {
            kind,
            sought,
            taken: false,
        });
    }

    fn accented(&mut self, kind: Kind) -> String {
        let code = code();
        let word = format!("{}{code}", STEMS[self.0.len() % STEMS.len()]);
        self.plant(kind, vec![word.clone(), code]);
        word
    }

    /// Somebody's name, or a part of it.
    pub(super) fn name(&mut self) -> String {
        self.accented(Kind::Name)
    }

    /// A mail address, with capitals in it. Its first part is looked for too, as some write the two apart.
    pub(super) fn mail(&mut self) -> String {
        let local = format!("Canari.{}", code());
        let mail = format!("{local}@courriel.example");
        self.plant(Kind::Mail, vec![mail.clone(), local]);
        mail
    }

    /// A number kept for fiction, of a range that the demo's patients do not have (01 99 00). Its national digits are looked for too.
    pub(super) fn phone(&mut self) -> String {
        let numbers: Vec<_> = self.of(Kind::Phone).map(|one| one.sought[0].clone()).collect();
        let phone = loop {
            let phone = format!("+3319900{}", digits(4));
            if !numbers.contains(&phone) {
                break phone;
            }
        };
        let national = phone.trim_start_matches("+33").to_owned();
        self.plant(Kind::Phone, vec![phone.clone(), national]);
        phone
    }

    /// A sentence with a word and with a number as on a health insurance card.
    pub(super) fn note(&mut self) -> String {
        let number = self.number(15);
        format!("vertiges de {}, n° {number}", self.accented(Kind::Note))
    }

    /// A number that names somebody.
    pub(super) fn number(&mut self, count: usize) -> String {
        let number = format!("2{}", digits(count - 1));
        self.plant(Kind::Number, vec![number.clone()]);
        number
    }

    /// A passphrase that the rules take.
    pub(super) fn passphrase(&mut self) -> String {
        let passphrase = format!("girafe {} sous abricot", code());
        self.secret(&passphrase);
        passphrase
    }

    /// A secret that the server gave, which has thereby been taken.
    pub(super) fn secret(&mut self, secret: &str) {
        self.plant(Kind::Secret, vec![secret.to_owned()]);
        self.taken(secret);
    }

    /// Notes that the server has this word, which it does not show again.
    pub(super) fn taken(&mut self, word: &str) {
        self.seen_in(word);
    }

    /// Notes that the server has each word that stands in its answer.
    pub(super) fn seen_in(&mut self, text: &str) {
        for one in self.0.iter_mut().filter(|one| !one.taken) {
            one.taken = text.contains(&one.sought[0]);
        }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Planted> {
        self.0.iter().filter(move |one| one.kind == kind)
    }

    /// Everything planted.
    pub(super) fn all(&self) -> &[Planted] {
        &self.0
    }

    /// Fails unless the server has been shown to have each of them.
    pub(super) fn assert_taken(&self) {
        let lost: Vec<_> = self.0.iter().filter(|one| !one.taken).collect();
        assert!(lost.is_empty(), "never seen to be taken: {lost:?}");
    }
}
