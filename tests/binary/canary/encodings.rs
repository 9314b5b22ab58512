//! A word as it may lie on a disk that should not have it: six families of encodings, and what a log makes of text.
//!
//! Compressed streams are opened by whoever looks (`hunt`). Not known here: base64 broken into lines.

use data_encoding::{BASE64, BASE64URL};
use std::collections::BTreeSet;

/// Bytes to look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) bytes: Vec<u8>,
    /// What they are called.
    pub(super) encoding: &'static str,
    /// Whether capitals matter: in base64 they do.
    pub(super) exact: bool,
}

fn utf16(word: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    word.encode_utf16().flat_map(bytes).collect()
}

/// None where it has letters that Latin-1 lacks.
fn latin1(word: &str) -> Option<Vec<u8>> {
    word.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect()
}

/// What the word comes to in base64 wherever it stands in a text: in each of three alignments the digits that depend on it alone.
fn base64(word: &[u8], before: usize, encoding: &data_encoding::Encoding) -> Vec<u8> {
    let mut text = vec![0; before];
    text.extend_from_slice(word);
    let digits = encoding.encode(&text).into_bytes();
    let (first, last) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
    digits[first..last].to_vec()
}

/// Every character, or those alone that are not ASCII, written by `write`.
fn escaped(word: &str, all: bool, write: impl Fn(char) -> String) -> Vec<u8> {
    let one = |character: char| {
        if all || !character.is_ascii() {
            write(character)
        } else {
            character.to_string()
        }
    };
    word.chars().map(one).collect::<String>().into_bytes()
}

fn each_byte(character: char, write: impl Fn(u8) -> String) -> String {
    let mut room = [0; 4];
    character.encode_utf8(&mut room).bytes().map(write).collect()
}

fn json(character: char) -> String {
    let mut room = [0; 2];
    let units = character.encode_utf16(&mut room);
    units.iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// What addresses, JSON, mails and the debug output of texts and of bytes write.
fn written_out(word: &str) -> Vec<(Vec<u8>, &'static str)> {
    let mut found = Vec::new();
    for all in [false, true] {
        let bytes = |before: &'static str| {
            escaped(word, all, move |one| {
                each_byte(one, |byte| format!("{before}{byte:02x}"))
            })
        };
        found.push((bytes("%"), "percent"));
        found.push((bytes("="), "quoted-printable"));
        found.push((bytes("\\x"), "escaped bytes"));
        found.push((escaped(word, all, json), "JSON"));
        found.push((
            escaped(word, all, |one| format!("\\u{{{:x}}}", u32::from(one))),
            "escaped text",
        ));
    }
    for (between, name) in [(", ", "list of numbers"), (",", "short list of numbers")] {
        let numbers: Vec<_> = word.bytes().map(|byte| byte.to_string()).collect();
        found.push((numbers.join(between).into_bytes(), name));
    }
    // A space in an address or a form.
    found.push((word.replace(' ', "%20").into_bytes(), "percent"));
    found.push((word.replace(' ', "+").into_bytes(), "percent"));
    found
}

/// Everything that a word may look like, each once.
pub(super) fn patterns(word: &str) -> Vec<Pattern> {
    let mut found = vec![
        (word.as_bytes().to_vec(), "UTF-8"),
        (utf16(word, u16::to_le_bytes), "UTF-16LE"),
        (utf16(word, u16::to_be_bytes), "UTF-16BE"),
        (hex::encode(word).into_bytes(), "hexadecimal"),
    ];
    found.extend(latin1(word).map(|bytes| (bytes, "Latin-1")));
    found.extend(written_out(word));
    let inexact = found.into_iter().map(|(bytes, encoding)| Pattern {
        bytes,
        encoding,
        exact: false,
    });
    let in_base64 = [word.to_owned(), word.to_lowercase()].into_iter().flat_map(|word| {
        let alphabets = [BASE64, BASE64URL].into_iter();
        alphabets.flat_map(move |alphabet| {
            let word = word.clone();
            (0..3).map(move |before| Pattern {
                bytes: base64(word.as_bytes(), before, &alphabet),
                encoding: "base64",
                exact: true,
            })
        })
    });
    let mut known = BTreeSet::new();
    let mut all: Vec<_> = inexact.chain(in_base64).collect();
    all.retain(|pattern| known.insert((pattern.bytes.clone(), pattern.exact)));
    all
}
