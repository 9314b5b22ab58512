//! The TypeScript that the browser applications import is the one these types give. `UPDATE=1` writes it.

use std::path::Path;

#[test]
fn the_browser_types_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards/web/src/lib/wire.ts");
    let text = cabinet_proto::v1::typescript::module();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "run `UPDATE=1 cargo test -p cabinet-proto --test typescript`"
    );
}

#[test]
fn the_module_names_every_wire_type() {
    let text = cabinet_proto::v1::typescript::module();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("v1");
    for file in [
        "model.rs",
        "http.rs",
        "board.rs",
        "session.rs",
        "problem.rs",
        "account.rs",
        "members.rs",
    ] {
        for line in std::fs::read_to_string(root.join(file)).unwrap().lines() {
            let name = line
                .strip_prefix("pub struct ")
                .or_else(|| line.strip_prefix("pub enum "));
            if let Some(name) = name.and_then(|rest| rest.split_whitespace().next()) {
                assert!(
                    text.contains(&format!("export type {name} =")),
                    "{file}: {name} is missing"
                );
            }
        }
    }
}
