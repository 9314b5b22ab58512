//! What may be named in one place only, and what may be named nowhere.
//!
//! Deliberately absent: the arrows between rooms (`arrows.rs`) and what the compiler's lints already refuse.

use crate::text::{braces_length, code_only, line_of, path_roots, words};

/// An awkward crate and the one place that may name it.
struct Confined {
    name: &'static str,
    /// Paths (files, or folders with a trailing slash) that may name it.
    places: &'static [&'static str],
    /// How many files may name it in all.
    files_max: usize,
    /// Whether any mention counts, or only the head of a path.
    any_word: bool,
}

const CONFINED: [Confined; 6] = [
    Confined {
        name: "sled",
        places: &["storage/sled/", "storage/sled.rs"],
        files_max: usize::MAX,
        any_word: false,
    },
    Confined {
        name: "bincode",
        places: &["storage/codec.rs"],
        files_max: 1,
        any_word: true,
    },
    Confined {
        name: "aead",
        places: &["storage/seal.rs"],
        files_max: 1,
        any_word: true,
    },
    Confined {
        name: "actix_web_actors",
        places: &["src/edge/ws/"],
        files_max: 1,
        any_word: true,
    },
    Confined {
        name: "lettre",
        places: &["actors/gateways/"],
        files_max: usize::MAX,
        any_word: true,
    },
    Confined {
        name: "stripe",
        places: &["actors/gateways/"],
        files_max: usize::MAX,
        any_word: false,
    },
];

/// Names that a lock file must not hold: a second crypto provider, or the system's OpenSSL.
const UNLOCKED: [&str; 5] = ["aws-lc-", "openssl-sys", "openssl-src", "openssl", "native-tls"];

/// Mentions of confined crates outside their place.
pub(crate) fn confined(path: &str, text: &str) -> Vec<String> {
    let code = code_only(text);
    CONFINED
        .iter()
        .filter(|rule| !rule.places.iter().any(|place| is_in(path, place)))
        .flat_map(|rule| {
            mentions(rule, &code)
                .into_iter()
                .map(move |line| format!("{path}:{line}: {} only in {}", rule.name, rule.places.join(", ")))
        })
        .collect()
}

/// Confined crates that more files name than may; given every source as (path, text).
pub(crate) fn confined_to_few(files: &[(&str, &str)]) -> Vec<String> {
    CONFINED
        .iter()
        .filter_map(|rule| {
            let naming: Vec<&str> = files
                .iter()
                .filter(|(path, _)| rule.places.iter().any(|place| is_in(path, place)))
                .filter(|(_, text)| !mentions(rule, &code_only(text)).is_empty())
                .map(|(path, _)| *path)
                .collect();
            (naming.len() > rule.files_max).then(|| {
                format!(
                    "{}: {} files name it, at most {} may",
                    naming.join(", "),
                    rule.name,
                    rule.files_max
                )
            })
        })
        .collect()
}

fn is_in(path: &str, place: &str) -> bool {
    path == place || (place.ends_with('/') && path.starts_with(place))
}

fn mentions(rule: &Confined, code: &str) -> Vec<usize> {
    if rule.any_word {
        words(code, rule.name).map(|at| line_of(code, at)).collect()
    } else {
        path_roots(code, rule.name)
    }
}

/// Calls and attributes that stand nowhere: unbounded sends, blanket allowances, unfinished code, a second clock.
pub(crate) fn everywhere(path: &str, text: &str) -> Vec<String> {
    let code = code_only(text);
    let mut found = Vec::new();
    let mut ban = |needle: &str, why: &str| {
        for (at, _) in code.match_indices(needle) {
            found.push(format!("{path}:{}: {needle} ({why})", line_of(&code, at)));
        }
    };
    ban(".do_send(", "unbounded: try_send, and answer Full (L5)");
    ban("#[allow(", "say #[expect(lint, reason = ...)]");
    if !(is_test_file(path) && path.ends_with("/mod.rs")) {
        // Helpers compiled into several test programs: each uses some, so an expectation cannot hold in all.
        ban("#![allow(", "say #![expect(lint, reason = ...)]");
    }
    ban("todo!(", "unfinished");
    ban("unimplemented!(", "unfinished");
    if path.starts_with("domain/") {
        ban("SystemTime", "the domain has no clock (L6)");
        ban("Instant::now", "the domain has no clock (L6)");
        ban("Timestamp::now", "the domain has no clock (L6)");
        ban("Zoned::now", "the domain has no clock (L6)");
    }
    found
}

/// Marks of unfinished work in any text, comments included.
pub(crate) fn marks(path: &str, text: &str) -> Vec<String> {
    [concat!("TO", "DO"), concat!("FIX", "ME")]
        .into_iter()
        .flat_map(|mark| {
            words(text, mark)
                .map(|at| format!("{path}:{}: {mark}", line_of(text, at)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Waiting for a time instead of a condition, in tests. Files named `wait.rs` or `wait.mjs` hold the one helper that
/// polls a condition against a deadline.
pub(crate) fn sleeps(path: &str, text: &str) -> Vec<String> {
    let file = path.rsplit('/').next().unwrap_or_default();
    if file == "wait.rs" || file == "wait.mjs" {
        return Vec::new();
    }
    let code = code_only(text);
    let spans = test_spans(path, &code);
    ["sleep", "sleep_until", "waitForTimeout", "delay_for"]
        .into_iter()
        .flat_map(|call| words(&code, call).map(move |at| (at, call)).collect::<Vec<_>>())
        .filter(|(at, call)| code.get(at + call.len()..).is_some_and(|rest| rest.starts_with('(')))
        .filter(|(at, _)| spans.iter().any(|(from, to)| from <= at && at < to))
        .map(|(at, call)| format!("{path}:{}: {call} in a test: wait for a condition", line_of(&code, at)))
        .collect()
}

/// Whether the whole file is a test.
pub(crate) fn is_test_file(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("tests/")
        || path.contains("/tests/")
        || file == "tests.rs"
        || file.ends_with("_tests.rs")
        || file.ends_with("_test.rs")
        || file.ends_with(".test.ts")
}

/// Byte ranges of the code that are tests: the whole file, or its modules under `cfg(test)`.
fn test_spans(path: &str, code: &str) -> Vec<(usize, usize)> {
    if is_test_file(path) {
        return vec![(0, code.len())];
    }
    let mark = "#[cfg(test)]";
    code.match_indices(mark)
        .filter_map(|(at, _)| {
            let rest = code.get(at + mark.len()..)?;
            let open = rest.find('{').filter(|open| {
                let head = rest.get(..*open).unwrap_or_default();
                head.trim_start().starts_with("mod ") && !head.contains(';')
            })?;
            let from = at + mark.len() + open;
            Some((from, from + braces_length(code.get(from..)?)))
        })
        .collect()
}

/// Packages of a lock file that must not be there.
pub(crate) fn lock(path: &str, text: &str) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let name = line.strip_prefix("name = \"")?.strip_suffix('"')?;
            let banned = UNLOCKED
                .iter()
                .any(|never| name == *never || (never.ends_with('-') && name.starts_with(never)));
            banned.then(|| format!("{path}:{}: {name}: ring is the only crypto provider", index + 1))
        })
        .collect()
}

#[test]
fn a_confined_crate_outside_its_place_is_found() {
    assert_eq!(
        confined("storage/journal.rs", "\nuse bincode::Options;"),
        vec!["storage/journal.rs:2: bincode only in storage/codec.rs"]
    );
    assert!(confined("storage/codec.rs", "use bincode::Options;").is_empty());
    assert_eq!(confined("actors/lib.rs", "let db = sled::open(p);").len(), 1);
    assert!(confined("src/app.rs", "use cabinet_storage::sled::Reads;").is_empty());
    assert_eq!(confined("storage/keyring.rs", "use ring::{aead, hkdf};").len(), 1);
    assert!(confined("src/edge/ws/socket.rs", "use actix_web_actors::ws;").is_empty());
    assert_eq!(confined("src/edge/live/hub.rs", "use actix_web_actors::ws;").len(), 1);
}

#[test]
fn a_second_file_that_names_a_one_file_crate_is_found() {
    let text = "use actix_web_actors::ws;";
    let one = [("src/edge/ws/socket.rs", text)];
    let two = [("src/edge/ws/socket.rs", text), ("src/edge/ws/session.rs", text)];
    assert!(confined_to_few(&one).is_empty());
    assert_eq!(confined_to_few(&two).len(), 1);
}

#[test]
fn what_stands_nowhere_is_found() {
    let bad = "#[allow(dead_code)]\nfn a() { addr.do_send(x); todo!(); }";
    assert_eq!(everywhere("actors/a.rs", bad).len(), 3);
    assert_eq!(
        everywhere("domain/a.rs", "let n = std::time::SystemTime::now();").len(),
        1
    );
    assert!(everywhere("actors/a.rs", "/// never do_send(\nfn a() {}").is_empty());
    let helper = "#![allow(dead_code, reason = \"some\")]";
    assert_eq!(everywhere("tests/e2e/a.rs", helper).len(), 1);
    assert!(everywhere("tests/e2e/support/mod.rs", helper).is_empty());
}

#[test]
fn marks_are_found_in_comments_too() {
    let bad = concat!("// TO", "DO later\n# FIX", "ME");
    assert_eq!(marks("a.rs", bad).len(), 2);
    assert!(marks("a.rs", concat!("TO", "DOS")).is_empty());
}

#[test]
fn sleeps_are_found_in_tests_only() {
    let sleep = "fn a() { tokio::time::sleep(x).await; }";
    let inside = format!("#[cfg(test)]\nmod tests {{ {sleep} }}");
    assert_eq!(sleeps("tests/e2e/a.rs", sleep).len(), 1);
    assert_eq!(sleeps("actors/a.rs", &inside).len(), 1);
    assert!(sleeps("actors/a.rs", sleep).is_empty());
    assert!(sleeps("tests/e2e/wait.rs", sleep).is_empty());
}

#[test]
fn a_banned_package_in_the_lock_file_is_found() {
    let bad = "[[package]]\nname = \"aws-lc-rs\"\nname = \"openssl\"\nname = \"openssl-probe\"\n";
    assert_eq!(lock("Cargo.lock", bad).len(), 2);
}
