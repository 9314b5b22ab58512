//! Envelopes opened by a decryptor in another language that shares no code with this one. Skipped, and said so, where
//! Python or its `cryptography` package is not installed.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use cabinet_storage::seal::{Place, SealKey, SystemEntropy, seal};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What the script ends with when `cryptography` cannot be imported.
const NOT_INSTALLED: i32 = 77;

fn line(id: [u8; 8], secret: [u8; 32], parts: &[&[u8]], sealed: &[u8]) -> String {
    let parts: Vec<String> = parts.iter().map(hex::encode).collect();
    let (id, secret, sealed) = (hex::encode(id), hex::encode(secret), hex::encode(sealed));
    format!("{id} {secret} {} {sealed}\n", parts.join(","))
}

/// The script's answers; none where it cannot run.
fn answers(lines: &str) -> Option<Vec<String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decrypt.py");
    let mut python = Command::new("python3");
    let started = python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.ok()?;
    // A script that ends at once reads nothing.
    let _may_break = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    if output.status.code() == Some(NOT_INSTALLED) {
        return None;
    }
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn another_program_opens_what_was_sealed_and_nothing_else() {
    let (id, secret) = (*b"key-0002", [0x5a; 32]);
    let key = SealKey::new(id, secret);
    let parts: [&[u8]; 4] = [b"cel", b"event", b"stream 7", &9_u64.to_be_bytes()];
    let place = Place::of("event").with(parts[2]).with(parts[3]);
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for length in [0, 1, 31, 32, 33, 300, 4_096] {
        let plain: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        let sealed = seal(&key, &SystemEntropy::new(), &place, &plain).unwrap();
        lines += &line(id, secret, &parts, &sealed);
        expected.push(format!("plain:{}", hex::encode(&plain)));
        let mut damaged = sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        lines += &line(id, secret, &parts, &damaged);
        lines += &line(id, [0x5b; 32], &parts, &sealed);
        lines += &line(id, secret, &parts[..3], &sealed);
        expected.extend(vec!["refused".to_owned(); 3]);
    }
    let golden = hex::decode(include_str!("../seal/golden.hex").trim()).unwrap();
    lines += &line(*b"key-0001", [0x42; 32], &[b"cel", b"golden", b"place"], &golden);
    expected.push(format!("plain:{}", hex::encode("golden")));
    match answers(&lines) {
        Some(found) => assert_eq!(found, expected),
        None => eprintln!("skipped: python3 with the package `cryptography` is not installed"),
    }
}
