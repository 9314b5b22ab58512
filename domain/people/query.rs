//! What is typed into the search, read: beginnings of names, digits of a phone number, a birth date, an e-mail address.

use super::fold::folded;
use crate::time::CivilDate;

/// Longest text searched for, in bytes; what is longer is nobody's.
pub const QUERY_BYTES_MAX: usize = 120;
/// Fewest letters or digits that are looked for: less is half the register.
const SIGNS_MIN: usize = 2;
/// Fewest digits that a phone number is found by.
const PHONE_DIGITS_MIN: usize = 3;

/// One thing that a card must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A word of the name begins so.
    Word(String),
    /// The e-mail address begins so, in lower case.
    Email(String),
    /// Digits: any reading of them that a card fits will do.
    Digits(Digits),
}

/// What digits may mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Digits {
    /// A phone number as it is dialled from France: it begins or ends so.
    pub(super) phone: Option<String>,
    /// A birth date.
    pub(super) born: Option<Born>,
}

/// A birth date or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Born {
    On(CivilDate),
    /// Day and month.
    DayOf(i8, i8),
    Year(i16),
}

/// A text that was searched for: everything in it must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(pub(super) Vec<Wanted>);

impl Query {
    /// Reads a text. None when it says too little (one letter) or is too long to be anybody's name.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > QUERY_BYTES_MAX {
            return None;
        }
        let mut wanted = Vec::new();
        let mut digits = String::new();
        for token in text.split_whitespace() {
            let number = token
                .chars()
                .all(|sign| sign.is_ascii_digit() || matches!(sign, '+' | '.' | '-' | '/' | '(' | ')'));
            if number && token.chars().any(|sign| sign.is_ascii_digit()) {
                // "06 39 98" is one number; "12/05/1984" one date, which never goes on.
                if born(token).is_some() && !token.chars().all(|sign| sign.is_ascii_digit()) {
                    wanted.extend(number_of(&std::mem::take(&mut digits)));
                    wanted.extend(number_of(token));
                } else {
                    digits.push_str(token);
                }
                continue;
            }
            wanted.extend(number_of(&std::mem::take(&mut digits)));
            if token.contains('@') {
                wanted.push(Wanted::Email(token.to_lowercase()));
            } else {
                wanted.extend(folded(token).into_iter().map(Wanted::Word));
            }
        }
        wanted.extend(number_of(&digits));
        let signs: usize = wanted.iter().map(Wanted::signs).sum();
        (signs >= SIGNS_MIN).then_some(Self(wanted))
    }
}

impl Wanted {
    fn signs(&self) -> usize {
        match self {
            Self::Word(text) | Self::Email(text) => text.chars().count(),
            Self::Digits(digits) => digits
                .phone
                .as_ref()
                .map_or(0, String::len)
                .max(usize::from(digits.born.is_some()) * SIGNS_MIN),
        }
    }
}

/// Digits as they may be meant; none when they mean nothing: then they are looked for as a word, which finds nobody.
fn number_of(text: &str) -> Option<Wanted> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    let dialled = dialled(text, &digits);
    let read = Digits {
        phone: (dialled.len() >= PHONE_DIGITS_MIN).then_some(dialled),
        born: born(text),
    };
    Some(if read == Digits::default() {
        Wanted::Word(digits)
    } else {
        Wanted::Digits(read)
    })
}

/// Country codes of numbers that are dialled with a 0 all over France: the mainland's and those of the overseas departments.
const FRENCH_CODES: [&str; 5] = ["33", "262", "590", "594", "596"];

/// As it is dialled from France: +33 and 0033 are the 0 that a national number begins with, other countries keep their 00.
fn dialled(text: &str, digits: &str) -> String {
    let international = text.trim_start_matches('(').starts_with('+');
    let after = if international {
        Some(digits)
    } else {
        digits.strip_prefix("00")
    };
    match after {
        // "+33 (0)6" is written too.
        Some(after) => match FRENCH_CODES.iter().find_map(|code| after.strip_prefix(code)) {
            Some(national) => format!("0{}", national.strip_prefix('0').unwrap_or(national)),
            None => format!("00{after}"),
        },
        None => digits.to_owned(),
    }
}

/// A stored number (E.164) as it is dialled from France.
pub(super) fn dialled_of(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    dialled(phone, &digits)
}

/// `12/05/1984`, `12.05.1984`, `12-5-1984`, `1984-05-12`, `12051984`, `12/05`, `1984`.
fn born(text: &str) -> Option<Born> {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let date = |year: &str, month: &str, day: &str| {
        let date = CivilDate::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        Some(Born::On(date))
    };
    let short = |part: &str| (1..=2).contains(&part.len());
    match parts[..] {
        [year, month, day] if year.len() == 4 && short(month) && short(day) => date(year, month, day),
        [day, month, year] if year.len() == 4 && short(month) && short(day) => date(year, month, day),
        [day, month] if short(day) && short(month) => {
            let (day, month) = (day.parse().ok()?, month.parse().ok()?);
            // 2000 had a 29 February.
            CivilDate::new(2000, month, day).ok()?;
            Some(Born::DayOf(day, month))
        }
        [year] if year.len() == 4 => {
            let year = year.parse().ok()?;
            CivilDate::new(year, 1, 1).ok()?;
            Some(Born::Year(year))
        }
        [packed] if packed.len() == 8 && packed.is_ascii() => {
            let (day, rest) = packed.split_at_checked(2)?;
            let (month, year) = rest.split_at_checked(2)?;
            date(year, month, day)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Wanted {
        Wanted::Digits(Digits {
            phone: Some(text.to_owned()),
            born: None,
        })
    }

    #[test]
    fn what_is_typed_is_read_as_it_is_meant() {
        let word = |text: &str| Wanted::Word(text.to_owned());
        let day = CivilDate::new(1984, 5, 12).unwrap();
        let on = |typed: &str, phone: Option<&str>| {
            let born = Some(Born::On(day));
            let phone = phone.map(str::to_owned);
            (typed.to_owned(), vec![Wanted::Digits(Digits { phone, born })])
        };
        let cases = [
            ("Élise mar".to_owned(), vec![word("elise"), word("mar")]),
            ("Anne-Lise".to_owned(), vec![word("anne"), word("lise")]),
            ("06 39 98".to_owned(), vec![phone("063998")]),
            ("+33 6 39 98".to_owned(), vec![phone("063998")]),
            ("+33(0)6.39.98".to_owned(), vec![phone("063998")]),
            ("0033639".to_owned(), vec![phone("0639")]),
            ("+262 639".to_owned(), vec![phone("0639")]),
            ("+32 470".to_owned(), vec![phone("0032470")]),
            ("martin 0639".to_owned(), vec![word("martin"), phone("0639")]),
            ("lea@".to_owned(), vec![Wanted::Email("lea@".to_owned())]),
            on("12/05/1984", Some("12051984")),
            on("1984-05-12", Some("19840512")),
            on("12.5.1984", Some("1251984")),
            on("12051984", Some("12051984")),
        ];
        for (text, expected) in cases {
            assert_eq!(Query::read(&text), Some(Query(expected)), "{text}");
        }
        let year = Query::read("1984").unwrap();
        assert_eq!(
            year.0,
            [Wanted::Digits(Digits {
                phone: Some("1984".to_owned()),
                born: Some(Born::Year(1984))
            })]
        );
        let both = Query::read("martin 12/05").unwrap();
        assert!(matches!(
            both.0[1],
            Wanted::Digits(Digits {
                born: Some(Born::DayOf(12, 5)),
                ..
            })
        ));
    }

    #[test]
    fn too_little_and_too_much_are_no_query() {
        for text in ["", " ", "a", "é", "--", "7"] {
            assert_eq!(Query::read(text), None, "{text:?}");
        }
        assert!(Query::read("li").is_some());
        assert!(Query::read(&"x".repeat(QUERY_BYTES_MAX)).is_some());
        assert_eq!(Query::read(&"x".repeat(QUERY_BYTES_MAX + 1)), None);
    }

    #[test]
    fn a_stored_number_is_dialled_as_it_is_typed() {
        for (stored, dialled) in [
            ("+33639981234", "0639981234"),
            ("+590690123456", "0690123456"),
            ("+262639123456", "0639123456"),
            ("+32470123456", "0032470123456"),
        ] {
            assert_eq!(dialled_of(stored), dialled);
        }
    }
}
