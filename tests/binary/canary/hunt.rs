//! Looks through every byte below a folder for many words at once, in all their encodings, also in what is compressed.
//!
//! Must not be here: which words.

use super::encodings::{Pattern, patterns};
use flate2::read::{GzDecoder, ZlibDecoder};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that every pattern begins with, which the sieve knows.
const HEAD: usize = 4;
const SIEVE_BITS: u32 = 20;
/// So much of a compressed stream is looked through, and streams in streams so deep.
const OPENED_BYTES_MAX: u64 = 1 << 24;
const DEPTH_MAX: usize = 2;

/// A word where it should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) file: PathBuf,
    /// Offset in the file, or of the compressed stream it is in.
    pub(super) at: usize,
    pub(super) encoding: &'static str,
    /// How many compressed streams it is inside of.
    pub(super) depth: usize,
    /// Which of the words given.
    pub(super) word: usize,
}

/// What was looked through.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) files: usize,
    pub(super) bytes: usize,
    /// Compressed streams that could be opened, if only for their beginning.
    pub(super) streams: usize,
    pub(super) found: Vec<Found>,
}

/// Looks for all words in one pass: a sieve over four bytes lets few places through, a table says what may begin there.
pub(super) struct Hunter {
    sieve: Vec<bool>,
    starts: BTreeMap<usize, Vec<(Pattern, usize)>>,
    /// How many byte strings are looked for.
    pub(super) patterns: usize,
}

/// The sieve's place for four bytes, the same for capitals and others.
fn place(head: &[u8]) -> usize {
    let word = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) | 0x2020_2020;
    (word.wrapping_mul(0x9e37_79b1) >> (32 - SIEVE_BITS)) as usize
}

fn fits(pattern: &Pattern, bytes: &[u8]) -> bool {
    let Some(there) = bytes.get(..pattern.bytes.len()) else {
        return false;
    };
    there == pattern.bytes || (!pattern.exact && there.eq_ignore_ascii_case(&pattern.bytes))
}

/// Whatever comes out before the end or the first fault.
fn opened(source: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    drop(source.take(OPENED_BYTES_MAX).read_to_end(&mut out));
    out
}

/// What a compressed stream that begins here says; nothing where none does.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0x1f, 0x8b, 8, ..] => opened(GzDecoder::new(bytes)),
        // RFC 1950: the two bytes are a multiple of 31.
        [0x78, flags, ..] if (0x7800 + usize::from(*flags)).is_multiple_of(31) => opened(ZlibDecoder::new(bytes)),
        [] | [_, ..] => Vec::new(),
    }
}

impl Hunter {
    pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hunter = Self {
            sieve: vec![false; 1 << SIEVE_BITS],
            starts: BTreeMap::new(),
            patterns: 0,
        };
        for (number, word) in words.into_iter().enumerate() {
            for pattern in patterns(word) {
                let place = place(&pattern.bytes[..HEAD]);
                hunter.sieve[place] = true;
                hunter.starts.entry(place).or_default().push((pattern, number));
                hunter.patterns += 1;
            }
        }
        hunter
    }

    /// Looks through some bytes of a file.
    fn look(&self, bytes: &[u8], file: &Path, (stream, depth): (usize, usize), tally: &mut Tally) {
        for (at, head) in bytes.windows(HEAD).enumerate() {
            let place = place(head);
            if self.sieve[place] {
                let rest = &bytes[at..];
                let here = self.starts[&place].iter().filter(|(pattern, _)| fits(pattern, rest));
                tally.found.extend(here.map(|(pattern, word)| Found {
                    file: file.to_owned(),
                    at: if depth == 0 { at } else { stream },
                    encoding: pattern.encoding,
                    depth,
                    word: *word,
                }));
            }
            if matches!(head[0], 0x1f | 0x78) && depth < DEPTH_MAX {
                let inside = inflated(&bytes[at..]);
                if !inside.is_empty() {
                    tally.streams += 1;
                    let stream = if depth == 0 { at } else { stream };
                    self.look(&inside, file, (stream, depth + 1), tally);
                }
            }
        }
    }

    fn walk(&self, folder: &Path, tally: &mut Tally) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = std::fs::symlink_metadata(&path).expect("a file").file_type();
            if kind.is_dir() {
                self.walk(&path, tally);
            } else if kind.is_file() {
                let bytes = std::fs::read(&path).expect("read");
                tally.files += 1;
                tally.bytes += bytes.len();
                self.look(&bytes, &path, (0, 0), tally);
            }
            // A name says something too.
            self.look(path.as_os_str().as_encoded_bytes(), &path, (0, 0), tally);
        }
    }

    /// Looks through every file below a folder, and at the names of all.
    pub(super) fn search(&self, folder: &Path) -> Tally {
        let mut tally = Tally::default();
        self.walk(folder, &mut tally);
        tally
    }
}
