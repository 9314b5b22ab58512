//! The shape of files: headers, sizes, manifests, room signs, and documents that point at files that exist.
//!
//! Deliberately absent: what the code says; that is for `bans.rs` and `arrows.rs`.

use crate::text::{code_only, functions, line_of};

/// Lines a source file may have, tests included.
pub(crate) const FILE_LINES_MAX: usize = 500;
/// Lines a function may have, from `fn` to its closing brace.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;
/// Lines a room's README may have.
pub(crate) const README_LINES_MAX: usize = 20;

/// Every file of code says first what it is for.
pub(crate) fn header(path: &str, text: &str) -> Vec<String> {
    if text.starts_with("//! ") {
        Vec::new()
    } else {
        vec![format!("{path}:1: must begin with //! and say what it is for")]
    }
}

/// A file, or a document, that one cannot read in one sitting.
pub(crate) fn length(path: &str, text: &str, lines_max: usize) -> Vec<String> {
    let lines = text.lines().count();
    (lines > lines_max)
        .then(|| format!("{path}: {lines} lines, at most {lines_max}"))
        .into_iter()
        .collect()
}

/// Functions that are too long.
pub(crate) fn long_functions(path: &str, text: &str) -> Vec<String> {
    functions(&code_only(text))
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
        .map(|function| {
            format!(
                "{path}:{}: fn {} has {} lines, at most {FUNCTION_LINES_MAX}",
                function.line, function.name, function.lines
            )
        })
        .collect()
}

/// Every package obeys the workspace's lints.
pub(crate) fn manifest_lints(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let obeys = lines
        .windows(2)
        .any(|pair| matches!(pair, ["[lints]", "workspace = true"]));
    (lines.contains(&"[package]") && !obeys)
        .then(|| format!("{path}: wants [lints] workspace = true"))
        .into_iter()
        .collect()
}

/// Paths of the machine something was written on.
pub(crate) fn machine_paths(path: &str, text: &str) -> Vec<String> {
    [concat!("/wo", "rk/"), concat!("/ro", "ot/")]
        .into_iter()
        .flat_map(|needle| {
            text.match_indices(needle)
                .filter(|(at, _)| {
                    let before = text.get(..*at).and_then(|head| head.chars().next_back());
                    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-'))
                })
                .map(|(at, _)| format!("{path}:{}: machine path {needle}", line_of(text, at)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Files and folders that a document names in backticks or links to and that are not there. A name counts when it has
/// a slash and ends with a slash or a known ending, and holds no placeholder.
pub(crate) fn dead_signposts(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let quoted = line.split('`').skip(1).step_by(2);
        let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for name in quoted.chain(linked).filter(|name| is_signpost(name)) {
            if !exists(name.trim_end_matches('/')) {
                found.push(format!("{path}:{}: {name} is not there", index + 1));
            }
        }
    }
    found
}

fn is_signpost(name: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "rs", "md", "toml", "json", "ts", "mjs", "svelte", "txt", "yml", "html", "css", "png", "lock", "ftl",
    ];
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
    let ends = name.ends_with('/')
        || name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    plain && name.contains('/') && !name.starts_with('/') && !name.starts_with("..") && ends
}

#[test]
fn a_file_without_a_header_is_found() {
    assert_eq!(header("a.rs", "use x;\n").len(), 1);
    assert!(header("a.rs", "//! Says what.\n").is_empty());
}

#[test]
fn lengths_are_bounded_at_the_bound() {
    let at = "x\n".repeat(FILE_LINES_MAX);
    assert!(length("a.rs", &at, FILE_LINES_MAX).is_empty());
    assert_eq!(length("a.rs", &format!("{at}x\n"), FILE_LINES_MAX).len(), 1);
    let body = |lines: usize| format!("fn a() {{\n{}}}\n", "x;\n".repeat(lines - 2));
    assert!(long_functions("a.rs", &body(FUNCTION_LINES_MAX)).is_empty());
    assert_eq!(long_functions("a.rs", &body(FUNCTION_LINES_MAX + 1)).len(), 1);
}

#[test]
fn a_package_without_the_lints_is_found() {
    assert_eq!(manifest_lints("a/Cargo.toml", "[package]\nname = \"a\"\n").len(), 1);
    assert!(manifest_lints("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n").is_empty());
    assert!(manifest_lints("Cargo.toml", "[workspace]\n").is_empty());
}

#[test]
fn machine_paths_are_found_and_relative_ones_are_not() {
    let bad = concat!("cp /wo", "rk/x .\nHOME=/ro", "ot/");
    assert_eq!(machine_paths("a.sh", bad).len(), 2);
    assert!(machine_paths("a.sh", concat!("tests/wo", "rk/x")).is_empty());
}

#[test]
fn a_signpost_to_nowhere_is_found() {
    let text = "See `src/app.rs`, `domain/`, [x](docs/adr/0001-x.md), `/api/v1/openapi.json`, `a.rs`, `{x}/y.rs`.";
    let found = dead_signposts("A.md", text, |name| name == "src/app.rs");
    assert_eq!(
        found,
        vec![
            "A.md:1: domain/ is not there",
            "A.md:1: docs/adr/0001-x.md is not there"
        ]
    );
}
