//! What is known of a person: the content of a personal blob. Sealed under the patient's own key wherever it is
//! stored; it never enters an event's skeleton, a key, a log or a metric (law L9).

use crate::ids::{BlobId, PatientId};
use crate::refusal::Refusal;
use crate::schedule::validate::require;
use serde::{Deserialize, Serialize};

/// Longest name part, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 120;
/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3 gives 256 with brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest phone number, in bytes; E.164 allows 15 digits and a plus sign.
pub const PHONE_BYTES_MAX: usize = 16;
/// Longest part before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
const EMAIL_LOCAL_BYTES_MAX: usize = 64;

/// Identity and contacts given at a booking. At least one of e-mail and phone is present for online bookings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Given name, 1..=120 bytes after trimming.
    pub given_name: String,
    /// Family name, 1..=120 bytes after trimming.
    pub family_name: String,
    /// E-mail address, at most 254 bytes.
    pub email: Option<String>,
    /// Phone number in E.164 form (`+33639981234`).
    pub phone: Option<String>,
}

impl Person {
    /// The person with every text trimmed, empty contacts left out and the phone number in E.164 form
    /// ([`normal_phone`]), every bound checked. `contact_required`: at least one of e-mail and phone (online bookings).
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound, in the order of the fields; `contact` when one
    /// is required and there is none.
    pub fn validate(self, contact_required: bool) -> Result<Self, Refusal> {
        let person = Self {
            given_name: name("given_name", &self.given_name)?,
            family_name: name("family_name", &self.family_name)?,
            email: self.email.as_deref().and_then(given).map(email).transpose()?,
            phone: self.phone.as_deref().and_then(given).map(phone).transpose()?,
        };
        let reachable = person.email.is_some() || person.phone.is_some();
        require(
            reachable || !contact_required,
            "contact",
            "have an e-mail address or a phone number",
        )?;
        Ok(person)
    }
}

fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

fn name(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= NAME_BYTES_MAX;
    require(fits, field, "be 1 to 120 bytes")?;
    require(!text.chars().any(char::is_control), field, "have no control characters")?;
    Ok(text.to_owned())
}

/// Shape only: one `@`, something before it, a dotted name after it, no space. Whether mail arrives, mail will tell.
fn email(text: &str) -> Result<String, Refusal> {
    let ok = text.len() <= EMAIL_BYTES_MAX
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'))
        && text.split_once('@').is_some_and(|(local, domain)| {
            (1..=EMAIL_LOCAL_BYTES_MAX).contains(&local.len())
                && domain.contains('.')
                && domain.split('.').all(is_domain_label)
        });
    require(ok, "email", "be an e-mail address")?;
    Ok(text.to_owned())
}

fn is_domain_label(label: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || c == '-';
    (1..=63).contains(&label.len()) && label.chars().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
}

fn phone(text: &str) -> Result<String, Refusal> {
    normal_phone(text).ok_or(Refusal::Invalid {
        field: "phone",
        must: "be a phone number such as +33639981234 or 06 39 98 12 34",
    })
}

/// A phone number in E.164 form. Spaces, dots, hyphens and brackets are dropped, `00` is a plus sign, and a French
/// national number (ten digits, `0` then 1 to 9) gets the country code of its part of France. None for anything else.
#[must_use]
pub fn normal_phone(text: &str) -> Option<String> {
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}' | '\u{202f}'))
        .collect();
    let international = match kept.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => match kept.strip_prefix('0') {
            Some(rest) if kept.len() == 10 && !rest.starts_with('0') => format!("+{}{rest}", country_code(&kept)),
            Some(_) | None => kept,
        },
    };
    let digits = international.strip_prefix('+')?;
    let plausible = (8..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    // France's own numbers have nine digits after the code and never begin with 0.
    let french = digits
        .strip_prefix("33")
        .is_none_or(|rest| rest.len() == 9 && !rest.starts_with('0'));
    (plausible && french).then_some(international)
}

/// Country code of a French national number, by its first four digits (ARCEP numbering plan). 0639 is Mayotte's, but for
/// 063998, which is kept for fiction.
fn country_code(national: &str) -> &'static str {
    match national.get(..4) {
        Some("0262" | "0263" | "0269" | "0692" | "0693") => "262",
        Some("0639") if !national.starts_with("063998") => "262",
        Some("0590" | "0690" | "0691") => "590",
        Some("0594" | "0694") => "594",
        Some("0596" | "0696" | "0697") => "596",
        Some(_) | None => "33",
    }
}

/// A personal blob on its way to the journal together with the events that name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonalPart {
    /// Whose key seals it.
    pub patient: PatientId,
    /// The name events use for it.
    pub blob: BlobId,
    /// What it says.
    pub person: Person,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(email: Option<&str>, phone: Option<&str>) -> Person {
        Person {
            given_name: " Léa ".to_owned(),
            family_name: "Martin".to_owned(),
            email: email.map(str::to_owned),
            phone: phone.map(str::to_owned),
        }
    }

    #[test]
    fn phone_numbers_come_out_in_international_form_or_not_at_all() {
        let cases = [
            ("06 39 98 12 34", Some("+33639981234")),
            ("01.99.00.12.34", Some("+33199001234")),
            ("+33 6 39 98 12 34", Some("+33639981234")),
            ("0033639981234", Some("+33639981234")),
            ("0690 12 34 56", Some("+590690123456")),
            ("0692123456", Some("+262692123456")),
            ("0639012345", Some("+262639012345")),
            ("0696123456", Some("+596696123456")),
            ("0694123456", Some("+594694123456")),
            ("+687 123456", Some("+687123456")),
            ("+32 470 12 34 56", Some("+32470123456")),
            ("", None),
            ("12345", None),
            ("0039981234", Some("+39981234")),
            ("06399812345", None),
            ("+330639981234", None),
            ("+33 039981234", None),
            ("+1234567890123456", None),
            ("06 39 98 12 3a", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normal_phone(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_trimmed_and_empty_contacts_left_out() {
        let checked = person(Some(" lea@exemple.fr "), Some("  ")).validate(true).unwrap();
        assert_eq!(checked.given_name, "Léa");
        assert_eq!(checked.email.as_deref(), Some("lea@exemple.fr"));
        assert_eq!(checked.phone, None);
    }

    #[test]
    fn a_contact_is_required_online_only() {
        assert!(person(None, None).validate(false).is_ok());
        let refused = person(None, Some("")).validate(true).unwrap_err();
        assert!(matches!(refused, Refusal::Invalid { field: "contact", .. }));
    }

    #[test]
    fn names_and_addresses_are_checked_at_their_bounds() {
        let named = |name: String| Person {
            family_name: name,
            ..person(None, None)
        };
        assert!(named("x".repeat(NAME_BYTES_MAX)).validate(false).is_ok());
        for bad in ["x".repeat(NAME_BYTES_MAX + 1), "  ".to_owned(), "a\u{7}b".to_owned()] {
            let refused = named(bad).validate(false).unwrap_err();
            assert!(matches!(
                refused,
                Refusal::Invalid {
                    field: "family_name",
                    ..
                }
            ));
        }
        let label = "d".repeat(61);
        let longest = format!("{}@{label}.{label}.{label}.fr", "l".repeat(64));
        assert_eq!(longest.len(), EMAIL_BYTES_MAX - 1);
        let cases = [
            (longest.as_str(), true),
            (&format!("{}@x.fr", "l".repeat(65)), false),
            ("a@b", false),
            ("@b.fr", false),
            ("a@b..fr", false),
            ("a@-b.fr", false),
            ("a b@c.fr", false),
            ("a@b@c.fr", false),
            ("rené@élan.fr", true),
        ];
        for (text, good) in cases {
            assert_eq!(person(Some(text), None).validate(true).is_ok(), good, "{text}");
        }
        let too_long = format!("{}@{label}.{label}.{label}.frr1", "l".repeat(64));
        assert_eq!(too_long.len(), EMAIL_BYTES_MAX + 1);
        assert!(person(Some(&too_long), None).validate(true).is_err());
    }
}
