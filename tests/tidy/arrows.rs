//! The import table: which room may use which, in manifests and in code. No arrow runs up.
//!
//! Deliberately absent: bans that hold inside one room only; those stand in `bans.rs`.

use crate::bans::is_test_file;
use crate::text::{code_only, line_of, path_roots, words};

/// One room: its folder, which crates of ours it may use, and which outside crates it must never name.
pub(crate) struct Room {
    pub(crate) name: &'static str,
    /// Folder with a trailing slash; the longest one that fits a path wins.
    pub(crate) folder: &'static str,
    may: &'static [&'static str],
    /// Crate names; each also covers what begins with it and an underscore.
    never: &'static [&'static str],
    /// Whether the table binds what stands under `[dev-dependencies]` and in tests as well.
    tests_bound: bool,
}

const OURS: [&str; 6] = [
    "cabinet_domain",
    "cabinet_proto",
    "cabinet_storage",
    "cabinet_actors",
    "cabinet_loadtests",
    "cabinet_simulation",
];

const ROOMS: [Room; 9] = [
    Room {
        name: "domain",
        folder: "domain/",
        may: &[],
        never: &[
            "tokio",
            "actix",
            "sled",
            "tracing",
            "rand",
            "getrandom",
            "fastrand",
            "uuid",
            "chrono",
        ],
        tests_bound: true,
    },
    Room {
        name: "proto",
        folder: "proto/",
        may: &["cabinet_domain"],
        never: &["actix", "sled"],
        tests_bound: true,
    },
    Room {
        name: "storage",
        folder: "storage/",
        may: &["cabinet_domain"],
        never: &["actix"],
        tests_bound: true,
    },
    Room {
        name: "actors",
        folder: "actors/",
        may: &["cabinet_domain", "cabinet_storage"],
        never: &["actix_web", "sled"],
        tests_bound: true,
    },
    Room {
        name: "src/edge",
        folder: "src/edge/",
        may: &["cabinet_domain", "cabinet_proto", "cabinet_actors"],
        never: &["sled"],
        tests_bound: true,
    },
    Room {
        name: "src",
        folder: "src/",
        may: &[
            "cabinet_domain",
            "cabinet_proto",
            "cabinet_storage",
            "cabinet_actors",
            "cabinet_simulation",
        ],
        never: &["sled"],
        tests_bound: false,
    },
    Room {
        name: "loadtests",
        folder: "loadtests/",
        may: &["cabinet_proto"],
        never: &["sled", "actix"],
        tests_bound: true,
    },
    Room {
        name: "simulation",
        folder: "tests/sim/",
        may: &["cabinet_domain", "cabinet_storage", "cabinet_actors"],
        never: &["actix_web", "sled"],
        tests_bound: true,
    },
    Room {
        name: "tests",
        folder: "tests/",
        may: &[
            "cabinet_domain",
            "cabinet_proto",
            "cabinet_storage",
            "cabinet_actors",
            "cabinet_simulation",
        ],
        never: &[],
        tests_bound: false,
    },
];

/// The room a path lies in; none for the root's own files.
pub(crate) fn room_of(path: &str) -> Option<&'static Room> {
    ROOMS
        .iter()
        .filter(|room| path.starts_with(room.folder))
        .max_by_key(|room| room.folder.len())
}

fn is_banned(room: &Room, name: &str) -> bool {
    room.never
        .iter()
        .any(|never| name == *never || name.strip_prefix(never).is_some_and(|rest| rest.starts_with('_')))
}

fn is_foreign(room: &Room, name: &str) -> bool {
    let own = format!("cabinet_{}", room.name);
    OURS.contains(&name) && name != own && !room.may.contains(&name)
}

/// Forbidden arrows in one source file.
pub(crate) fn source(path: &str, text: &str) -> Vec<String> {
    let Some(room) = room_of(path) else {
        return Vec::new();
    };
    let code = code_only(text);
    let arrow = |line: usize, name: &str| {
        format!(
            "{path}:{line}: forbidden arrow {} -> {}",
            room.name,
            name.replace('_', "-")
        )
    };
    let ours = OURS.iter().filter(|name| is_foreign(room, name)).flat_map(|name| {
        let lines: Vec<usize> = words(&code, name).map(|at| line_of(&code, at)).collect();
        lines.into_iter().map(|line| arrow(line, name))
    });
    let outside = roots(&code)
        .into_iter()
        .filter(|name| is_banned(room, name))
        .flat_map(|name| {
            path_roots(&code, &name)
                .into_iter()
                .map(move |line| (line, name.clone()))
        })
        .map(|(line, name)| arrow(line, &name));
    ours.chain(outside).collect()
}

/// Storage's names that actors must not use outside tests: they know traits, not backends.
const BACKENDS: [&str; 9] = [
    "disk",
    "faulty",
    "keyring",
    "memory",
    "open",
    "seal",
    "sled",
    "Storage",
    "ReadStore",
];

/// Places where actors name a backend instead of a trait of storage.
pub(crate) fn backends(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("actors/") || is_test_file(path) {
        return Vec::new();
    }
    let code = code_only(text);
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    words(code, "cabinet_storage")
        .filter_map(|at| {
            let rest = code.get(at..)?;
            let path_ends = rest.find([';', '(', ')', '<', '>', '=']).unwrap_or(rest.len());
            let named = rest.get(..path_ends)?;
            let backend = BACKENDS.iter().find(|name| words(named, name).next().is_some())?;
            let line = line_of(code, at);
            Some(format!("{path}:{line}: actors know storage's traits, not {backend}"))
        })
        .collect()
}

/// Every identifier of the code that begins with one of the names some room never uses.
fn roots(code: &str) -> Vec<String> {
    let mut names: Vec<String> = code
        .split(|c: char| !crate::text::is_word(c))
        .filter(|word| ROOMS.iter().any(|room| is_banned(room, word)))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Forbidden arrows in one manifest; the root package's own manifest may name everything.
pub(crate) fn manifest(path: &str, text: &str) -> Vec<String> {
    let Some(room) = room_of(path) else {
        return Vec::new();
    };
    dependencies(text)
        .into_iter()
        .filter(|dependency| !dependency.for_tests || room.tests_bound)
        .filter(|dependency| is_foreign(room, &dependency.name) || is_banned(room, &dependency.name))
        .map(|dependency| {
            format!(
                "{path}:{}: forbidden arrow {} -> {}",
                dependency.line,
                room.name,
                dependency.name.replace('_', "-")
            )
        })
        .collect()
}

/// One line of a manifest that names a dependency, with underscores.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) for_tests: bool,
}

/// Everything a manifest depends on, renamed packages under their real name.
pub(crate) fn dependencies(text: &str) -> Vec<Dependency> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            continue;
        }
        let listed = section.ends_with("dependencies") && !section.starts_with("workspace");
        let Some((key, value)) = line.split_once('=').filter(|_| listed) else {
            continue;
        };
        let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
        let key = key.split('.').next().unwrap_or_default().trim();
        found.push(Dependency {
            name: renamed.unwrap_or(key).replace('-', "_"),
            line: index + 1,
            for_tests: section.contains("dev-dependencies"),
        });
    }
    found
}

#[test]
fn an_upward_arrow_is_named_with_file_and_line() {
    let found = source("storage/seal.rs", "//! x\nuse cabinet_actors::Agendas;\n");
    assert_eq!(
        found,
        vec!["storage/seal.rs:2: forbidden arrow storage -> cabinet-actors"]
    );
}

#[test]
fn the_edge_may_not_reach_storage_but_the_wiring_may() {
    let text = "use cabinet_storage::Journal;";
    assert_eq!(source("src/edge/ws/session.rs", text).len(), 1);
    assert!(source("src/app.rs", text).is_empty());
}

#[test]
fn an_actor_that_names_a_backend_is_found() {
    let bad = "use cabinet_storage::{StreamStore, memory::MemoryStore};";
    assert_eq!(backends("actors/agendas.rs", bad).len(), 1);
    assert!(backends("actors/agendas.rs", "use cabinet_storage::{StreamStore, StoreError};").is_empty());
    assert!(backends("actors/tests/agendas.rs", bad).is_empty());
    assert!(backends("src/app.rs", bad).is_empty());
}

#[test]
fn outside_crates_a_room_must_not_name_are_found_and_comments_are_not() {
    let found = source(
        "domain/time.rs",
        "// tokio::spawn\nfn a() { tokio::spawn(x); actix_rt::spawn(y); }",
    );
    assert_eq!(
        found,
        vec![
            "domain/time.rs:2: forbidden arrow domain -> actix-rt",
            "domain/time.rs:2: forbidden arrow domain -> tokio",
        ]
    );
    assert!(source("actors/lib.rs", "use actix::Actor;").is_empty());
    assert_eq!(source("actors/lib.rs", "use actix_web::web;").len(), 1);
}

#[test]
fn a_manifest_with_a_forbidden_dependency_is_found_also_when_renamed() {
    let text = "[package]\nname = \"x\"\n[dependencies]\nserde.workspace = true\ntokio = \"1\"\n[dev-dependencies]\nstore = { package = \"cabinet-storage\", path = \"..\" }\n";
    let found = manifest("domain/Cargo.toml", text);
    assert_eq!(
        found,
        vec![
            "domain/Cargo.toml:5: forbidden arrow domain -> tokio",
            "domain/Cargo.toml:7: forbidden arrow domain -> cabinet-storage",
        ]
    );
    assert!(manifest("Cargo.toml", text).is_empty());
}
