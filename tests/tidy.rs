//! Tidiness as a test: the import table, the bans and the shapes that no compiler checks, each named with file and line.
//!
//! Deliberately absent: the rules' own code, which stands beside its bad samples under `tests/tidy/`, so that every
//! rule is shown to be able to fail.

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/bans.rs"]
mod bans;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/text.rs"]
mod text;

use files::TextFile;
use std::io;

/// Rooms of the repository; each has a README. The protocol's is the protocol document and may be long.
const ROOMS: [&str; 8] = [
    "domain",
    "proto",
    "storage",
    "actors",
    "src",
    "loadtests",
    "dashboards",
    "tests",
];

/// Rooms whose README holds a document: the protocol, and what was measured.
const DOCUMENTS: [&str; 2] = ["proto", "loadtests"];

/// Lines the map of the house may have.
const ARCHITECTURE_LINES_MAX: usize = 300;

/// Fails with every offence of `rule` over the files that `chosen` picks; a rule that looks at nothing fails as well.
fn hold(chosen: impl Fn(&TextFile) -> bool, rule: impl Fn(&TextFile) -> Vec<String>) -> io::Result<()> {
    let files = files::all()?;
    let chosen: Vec<&TextFile> = files.iter().filter(|file| chosen(file)).collect();
    assert!(!chosen.is_empty(), "the rule looks at no file at all");
    clean(&chosen.into_iter().flat_map(rule).collect::<Vec<_>>());
    Ok(())
}

fn clean(found: &[String]) {
    assert!(found.is_empty(), "{} offences:\n{}", found.len(), found.join("\n"));
}

fn rust(file: &TextFile) -> bool {
    file.is(&["rs"])
}

fn is_manifest(file: &TextFile) -> bool {
    file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml")
}

/// Text that people write: code, documents, settings and scripts; not what tools lock or snapshot.
fn written(file: &TextFile) -> bool {
    let endings = [
        "rs", "md", "toml", "ts", "mjs", "js", "svelte", "css", "html", "sh", "yml", "ftl",
    ];
    file.is(&endings) || file.path.starts_with("tests/tools/") || ["Makefile", ".ci/run"].contains(&file.path.as_str())
}

#[test]
fn no_arrow_of_the_import_table_runs_up() -> io::Result<()> {
    hold(rust, |file| arrows::source(&file.path, &file.text))?;
    hold(rust, |file| arrows::backends(&file.path, &file.text))?;
    hold(is_manifest, |file| arrows::manifest(&file.path, &file.text))
}

#[test]
fn awkward_crates_stay_in_their_place() -> io::Result<()> {
    hold(rust, |file| bans::confined(&file.path, &file.text))?;
    let files = files::all()?;
    let sources: Vec<(&str, &str)> = files
        .iter()
        .filter(|file| rust(file))
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    clean(&bans::confined_to_few(&sources));
    Ok(())
}

#[test]
fn banned_calls_and_blanket_allowances_stand_nowhere() -> io::Result<()> {
    hold(rust, |file| bans::everywhere(&file.path, &file.text))
}

#[test]
fn nothing_is_marked_unfinished() -> io::Result<()> {
    hold(written, |file| bans::marks(&file.path, &file.text))
}

#[test]
fn no_test_sleeps() -> io::Result<()> {
    hold(
        |file| file.is(&["rs", "mjs", "ts"]),
        |file| bans::sleeps(&file.path, &file.text),
    )
}

#[test]
fn the_lock_file_holds_one_crypto_provider() -> io::Result<()> {
    hold(
        |file| file.path == "Cargo.lock",
        |file| bans::lock(&file.path, &file.text),
    )
}

#[test]
fn every_file_of_code_says_first_what_it_is_for() -> io::Result<()> {
    hold(rust, |file| shape::header(&file.path, &file.text))
}

#[test]
fn files_and_functions_can_be_read_in_one_sitting() -> io::Result<()> {
    hold(
        |file| file.is(&["rs", "svelte", "ts", "mjs"]) && !file.is_generated(),
        |file| shape::length(&file.path, &file.text, shape::FILE_LINES_MAX),
    )?;
    hold(rust, |file| shape::long_functions(&file.path, &file.text))
}

#[test]
fn every_package_obeys_the_lints() -> io::Result<()> {
    hold(is_manifest, |file| shape::manifest_lints(&file.path, &file.text))
}

#[test]
fn every_room_has_a_short_readme() -> io::Result<()> {
    let files = files::all()?;
    let missing: Vec<String> = ROOMS
        .iter()
        .map(|room| format!("{room}/README.md"))
        .filter(|readme| !files.iter().any(|file| file.path == *readme))
        .map(|readme| format!("{readme}: missing"))
        .collect();
    clean(&missing);
    hold(
        |file| {
            ROOMS
                .iter()
                .any(|room| !DOCUMENTS.contains(room) && file.path == format!("{room}/README.md"))
        },
        |file| shape::length(&file.path, &file.text, shape::README_LINES_MAX),
    )
}

#[test]
fn documents_point_at_what_exists() -> io::Result<()> {
    let root = files::root();
    let named = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    hold(
        |file| named.contains(&file.path.as_str()) || file.path.starts_with("docs/adr/"),
        |file| shape::dead_signposts(&file.path, &file.text, |name| root.join(name).exists()),
    )?;
    hold(
        |file| file.path == "ARCHITECTURE.md",
        |file| shape::length(&file.path, &file.text, ARCHITECTURE_LINES_MAX),
    )
}

/// A rule or a board about a metric that nothing makes stays quiet for ever.
#[test]
fn rules_and_boards_for_operators_name_metrics_that_exist() -> io::Result<()> {
    let files = files::all()?;
    let sources: String = files
        .iter()
        .filter(|file| rust(file))
        .map(|file| file.text.as_str())
        .collect();
    let made = |name: &str| sources.contains(&format!("\"{name}\""));
    let named = files
        .iter()
        .filter(|file| file.path.starts_with("dashboards/prometheus/") || file.path.starts_with("dashboards/grafana/"));
    let mut unknown = Vec::new();
    let mut count = 0;
    for file in named {
        for (position, _) in file.text.match_indices("cabinet_") {
            let word: String = file.text[position..]
                .chars()
                .take_while(|c| text::is_word(*c))
                .collect();
            count += 1;
            if !made(&word) && !made(word.trim_end_matches("_bucket")) {
                unknown.push(format!("{}: {word}", file.path));
            }
        }
    }
    assert!(count > 30, "nothing was read");
    clean(&unknown);
    Ok(())
}

#[test]
fn no_file_names_the_machine_it_was_written_on() -> io::Result<()> {
    hold(written, |file| shape::machine_paths(&file.path, &file.text))
}

#[test]
fn continuous_integration_runs_what_a_newcomer_runs() -> io::Result<()> {
    let text = std::fs::read_to_string(files::root().join(".ci/run"))?;
    assert!(
        text.lines().any(|line| line.contains("make test")),
        ".ci/run does not call make test"
    );
    Ok(())
}
