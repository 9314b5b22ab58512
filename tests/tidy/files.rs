//! The repository's own text files, as every rule sees them.
//!
//! Deliberately absent: version control. A source archive without history is checked just the same.

use std::io;
use std::path::{Path, PathBuf};

/// Names that hold what was built, installed or recorded, never what was written.
const SKIPPED: [&str; 5] = [".git", "target", "node_modules", "dist", "test-results"];

/// The demo's store, beside the sources.
const STORE: &str = "data";

/// One text file.
pub(crate) struct TextFile {
    /// Path from the root of the repository, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below the root; files that are not UTF-8 are left out.
pub(crate) fn all() -> io::Result<Vec<TextFile>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if SKIPPED.contains(&name.as_str()) || (folder == root && name == STORE) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.extend(read(&root, &entry.path())?);
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn read(root: &Path, path: &Path) -> io::Result<Option<TextFile>> {
    let bytes = std::fs::read(path)?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(String::from_utf8(bytes).ok().map(|text| TextFile {
        path: relative.to_string_lossy().replace('\\', "/"),
        text,
    }))
}

impl TextFile {
    /// Whether the first line says that a program wrote the file; such a file has a test that it has not drifted.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.starts_with("// Generated ")
    }

    /// Whether the name ends with one of these endings, given without the dot.
    pub(crate) fn is(&self, endings: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| endings.contains(&ending))
    }
}

#[test]
fn the_walk_sees_this_file_and_nothing_built() {
    let files = all().unwrap();
    assert!(files.iter().any(|file| file.path == "tests/tidy/files.rs"));
    assert!(!files.iter().any(|file| file.path.contains("node_modules/")));
}
