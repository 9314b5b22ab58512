//! The protocol document keeps up with the types: the number it carries is the hash of the types as browsers see them, and
//! its tables are the code's.

use cabinet_proto::v1::close::CloseCode;

const DOCUMENT: &str = include_str!("../README.md");

fn fnv1a64(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn the_document_knows_these_types() {
    let line = format!("fnv1a64 {:016x}", fnv1a64(&cabinet_proto::v1::typescript::module()));
    assert!(
        DOCUMENT.contains(&line),
        "the wire types changed: say in proto/README.md what that means for clients, then write `{line}` there"
    );
}

#[test]
fn the_document_prints_every_close_code() {
    for code in CloseCode::ALL {
        let line = format!("| {} | {} |", code.number(), code.reason());
        let row = DOCUMENT.lines().find(|row| row.starts_with(&line));
        let retry = if code.retry() { "| yes |" } else { "| no |" };
        assert!(row.is_some_and(|row| row.ends_with(retry)), "{line} ... {retry}");
    }
}
