//! One-time codes of an application (RFC 6238: HMAC-SHA-1, 30 seconds, six digits, as every application understands them)
//! and recovery codes.
//!
//! Must not be here: pictures, what is stored.

use cabinet_domain::time::UtcMillis;
use data_encoding::BASE32_NOPAD;
use ring::hmac;

/// Length of a step, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Steps that a clock may be wrong, either way.
pub const STEPS_ASIDE: u64 = 1;
/// Recovery codes that are handed out.
pub const RECOVERY_CODES: usize = 10;
/// Who issues the codes, as applications show it.
const ISSUER: &str = "Cabinet en Ligne";

/// The secret of an application.
pub(super) type Secret = [u8; 20];

/// What was typed, as far as it can be a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// Of the application.
    Digits(u32),
    /// A recovery code, as it is hashed.
    Recovery(String),
}

/// Reads what was typed: spaces and dashes do not count, nor does the case.
pub(super) fn typed(code: &str) -> Option<Typed> {
    let kept = code
        .chars()
        .filter(|character| !matches!(character, ' ' | '-' | '\u{a0}'));
    let plain: String = kept
        .take(RECOVERY_CHARACTERS + 1)
        .flat_map(char::to_lowercase)
        .collect();
    if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return plain.parse().ok().map(Typed::Digits);
    }
    let recovery = plain.len() == RECOVERY_CHARACTERS && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
    recovery.then_some(Typed::Recovery(plain))
}

/// Characters of a recovery code: 60 bits in base 32.
const RECOVERY_CHARACTERS: usize = 12;

/// A recovery code of these drawn bytes, in groups of four.
pub(super) fn recovery_code(drawn: &[u8; 32]) -> String {
    let text = BASE32_NOPAD.encode(drawn).to_lowercase();
    let characters: Vec<char> = text.chars().take(RECOVERY_CHARACTERS).collect();
    let groups = characters.chunks(4).map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// The step at an instant.
fn step(now: UtcMillis) -> u64 {
    u64::try_from(now.0.div_euclid(STEP_SECONDS * 1_000)).unwrap_or(0)
}

/// The code of a step (RFC 4226 section 5.3).
fn code(secret: &Secret, step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let four = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    (u32::from_be_bytes(four.copied().unwrap_or_default()) & 0x7fff_ffff) % 1_000_000
}

/// The step whose code this is, if it lies after the last one used: a code is good once.
pub(super) fn matching_step(secret: &Secret, digits: u32, now: UtcMillis, last_used: u64) -> Option<u64> {
    let here = step(now);
    let mut steps = (here.saturating_sub(STEPS_ASIDE)..=here + STEPS_ASIDE).rev();
    steps.find(|one| *one > last_used && code(secret, *one) == digits)
}

/// The secret as applications take it by hand.
pub(super) fn in_letters(secret: &Secret) -> String {
    BASE32_NOPAD.encode(secret)
}

/// The secret as an address that applications open.
pub(super) fn address(secret: &Secret, account: &str) -> String {
    let (issuer, account, secret) = (escaped(ISSUER), escaped(account), in_letters(secret));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

/// Percent-encoding of everything that is not unreserved (RFC 3986 section 2.3).
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &Secret = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, the last six of eight digits.
        for (seconds, digits) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            let now = UtcMillis(seconds * 1_000);
            assert_eq!(code(SECRET, step(now)), digits, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_one_step_aside() {
        let at = |steps: i64| UtcMillis(1_111_111_111_000 + steps * STEP_SECONDS * 1_000);
        let digits = code(SECRET, step(at(0)));
        for aside in [-1, 0, 1] {
            let used = matching_step(SECRET, digits, at(aside), 0).unwrap();
            assert_eq!(used, step(at(0)));
            assert_eq!(matching_step(SECRET, digits, at(aside), used), None, "again");
        }
        for aside in [-2, 2] {
            assert_eq!(matching_step(SECRET, digits, at(aside), 0), None);
        }
    }

    #[test]
    fn what_is_typed_is_read_as_people_type_it() {
        assert_eq!(typed("012 345"), Some(Typed::Digits(12_345)));
        let code = recovery_code(&[7; 32]);
        assert_eq!(code.len(), 14);
        let plain = code.replace('-', "");
        assert_eq!(typed(&code.to_uppercase()), Some(Typed::Recovery(plain.clone())));
        assert_eq!(typed(&plain), Some(Typed::Recovery(plain)));
        for wrong in [
            "",
            "12345",
            "1234567",
            "abcd-efgh-ijk",
            "abcd-efgh-ijkl-m",
            "abcd-efgh-ijké",
        ] {
            assert_eq!(typed(wrong), None, "{wrong}");
        }
        assert_eq!(typed(&"1".repeat(1_000_000)), None);
    }

    #[test]
    fn the_address_is_one_that_applications_open() {
        assert_eq!(
            address(SECRET, "claire.morel+kine@exemple.fr"),
            "otpauth://totp/Cabinet%20en%20Ligne:claire.morel%2Bkine%40exemple.fr?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Cabinet%20en%20Ligne&algorithm=SHA1&digits=6&period=30"
        );
    }
}
