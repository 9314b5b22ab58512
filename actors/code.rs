//! Codes that are sent by mail: eight digits, kept as a hash.
//!
//! Must not be here: how long they are good, how often they may be tried.

use ring::digest::{SHA256, digest};

/// Eight digits.
pub(crate) fn draw(entropy: &[u8; 32]) -> String {
    let number = entropy.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{:08}", number % 100_000_000)
}

/// What is kept of a code, however it is spaced.
pub(crate) fn hash(code: &str) -> [u8; 32] {
    let digits: String = code.chars().filter(|one| !one.is_whitespace()).collect();
    let hash = digest(&SHA256, digits.as_bytes());
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_eight_digits_and_spaces_do_not_count() {
        assert_eq!(draw(&[0; 32]), "00000000");
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&123_456_789_012_u64.to_be_bytes());
        assert_eq!(draw(&entropy), "56789012");
        assert_eq!(hash(" 5678 9012\n"), hash("56789012"));
        assert_ne!(hash("56789013"), hash("56789012"));
    }
}
