//! Makes sure the folder of the built web application exists, because the server embeds it at compile time.
//!
//! Deliberately absent: building the web application itself. `make run` and `make test` do that first; a bare
//! `cargo check` on a fresh clone must work without Node, and then embeds an empty folder.

use std::path::Path;

/// Where the web application's build lands, seen from the root of the repository.
const WEB_DIST: &str = "dashboards/web/dist";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={WEB_DIST}");
    std::fs::create_dir_all(Path::new(WEB_DIST))
}
