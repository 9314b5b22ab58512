//! The search itself, shown to find: every encoding of a word that was put there by hand, however the file is cut, and nothing else.

use super::encodings::patterns;
use super::hunt::Hunter;
use data_encoding::{BASE64, BASE64URL};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

const WORD: &str = "Éloïse.kvwtrpnd";
const OTHER: &str = "Zoédbfhjlnpr";

/// Encodings that are found below a folder.
fn found(folder: &Path) -> BTreeSet<(usize, &'static str)> {
    let hunter = Hunter::of([WORD, OTHER]);
    let found = hunter.search(folder).found;
    found.iter().map(|one| (one.word, one.encoding)).collect()
}

/// What is found in a file that consists of this.
fn found_in(bytes: &[u8]) -> BTreeSet<(usize, &'static str)> {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::write(below.join("c"), bytes).expect("write");
    found(folder.path())
}

/// Bytes without any meaning.
fn noise(length: usize) -> Vec<u8> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(7), next);
    states.map(|state| state.to_be_bytes()[0]).take(length).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("write");
    encoder.finish().expect("a stream")
}

fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("write");
    encoder.finish().expect("a stream")
}

#[test]
fn every_encoding_is_found_at_the_beginning_at_the_end_and_between_noise() {
    let encodings: BTreeSet<_> = patterns(WORD).iter().map(|pattern| pattern.encoding).collect();
    assert!(encodings.len() >= 13, "{encodings:?}");
    for pattern in patterns(WORD) {
        for before in [0, 1, 2, 3, 4_095, 65_537] {
            for after in [0, 1, 5] {
                let bytes = [noise(before), pattern.bytes.clone(), noise(after)].concat();
                let found = found_in(&bytes);
                assert!(
                    found.contains(&(0, pattern.encoding)),
                    "{pattern:?} after {before} before {after}: {found:?}"
                );
                assert!(found.iter().all(|(word, _)| *word == 0), "{found:?}");
            }
        }
        let cut = &pattern.bytes[..pattern.bytes.len() - 1];
        assert!(
            !found_in(cut).contains(&(0, pattern.encoding)),
            "half of it is not it: {pattern:?}"
        );
    }
    assert_eq!(found_in(&noise(300_000)), BTreeSet::new());
}

/// Encodings as other programs write them: not by the functions under test.
#[test]
fn what_others_write_is_found() {
    let text = "bonjour Éloïse.kvwtrpnd, à demain";
    let capitals = WORD.replace("kvwtrpnd", "KVWTRPND");
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (capitals.clone().into_bytes(), "UTF-8"),
        (text.encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16LE"),
        (text.encode_utf16().flat_map(u16::to_be_bytes).collect(), "UTF-16BE"),
        (b"\xc9lo\xefse.kvwtrpnd".to_vec(), "Latin-1"),
        (hex::encode(text).into_bytes(), "hexadecimal"),
        (hex::encode_upper(text).into_bytes(), "hexadecimal"),
        (b"?q=%C3%89lo%C3%AFse.kvwtrpnd&x".to_vec(), "percent"),
        (
            b"%c3%89%6c%6f%c3%af%73%65%2e%6b%76%77%74%72%70%6e%64".to_vec(),
            "percent",
        ),
        (br#"{"a":"\u00c9lo\u00EFse.kvwtrpnd"}"#.to_vec(), "JSON"),
        (b"=C3=89lo=C3=AFse.kvwtrpnd".to_vec(), "quoted-printable"),
        (
            format!("{:?}", bytes::Bytes::from_static(WORD.as_bytes())).into_bytes(),
            "escaped bytes",
        ),
        (text.escape_default().to_string().into_bytes(), "escaped text"),
        (format!("{:?}", text.as_bytes()).into_bytes(), "list of numbers"),
    ] {
        let found = found_in(&bytes);
        assert!(found.contains(&(0, encoding)), "{encoding}: {found:?} in {bytes:?}");
    }
    for before in 0..7 {
        let text = format!("{}{WORD} et", "x".repeat(before));
        for base64 in [BASE64.encode(text.as_bytes()), BASE64URL.encode(text.as_bytes())] {
            assert!(
                found_in(base64.as_bytes()).contains(&(0, "base64")),
                "{before}: {base64}"
            );
        }
    }
}

#[test]
fn what_is_compressed_is_found_also_twice_over_and_cut_short() {
    let text = [noise(3_000), OTHER.as_bytes().to_vec(), noise(3_000)].concat();
    let mut streams = vec![gzip(&text), gzip(&zlib(&text, 6))];
    streams.extend([0, 1, 6, 9].map(|level| zlib(&text, level)));
    // Cut behind the word, as a crash leaves it.
    let mut cut = gzip(&[OTHER.as_bytes().to_vec(), noise(200_000)].concat());
    cut.truncate(150_000);
    streams.push(cut);
    for stream in streams {
        let bytes = [noise(1_001), stream, noise(10)].concat();
        assert!(found_in(&bytes).contains(&(1, "UTF-8")));
    }
    assert_eq!(found_in(&gzip(&noise(10_000))), BTreeSet::new());
}

#[test]
fn the_name_of_a_file_is_looked_at_and_a_link_or_socket_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("another");
    std::fs::write(outside.path().join("x"), WORD).expect("write");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
    assert_eq!(found(folder.path()), BTreeSet::new());
    std::fs::write(folder.path().join(OTHER), "").expect("write");
    assert_eq!(found(folder.path()), BTreeSet::from([(1, "UTF-8")]));
}
