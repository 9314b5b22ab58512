//! The audit log of the real binary, judged offline: by `cabinet audit`, and by a second judge in Python that shares no code
//! with it.

use crate::server::{Server, data_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether a judge found all in order, and what it said.
fn judged(program: &str, words: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(words).output().expect("run the judge");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

/// Both judges on a folder, with checkpoints kept elsewhere. They must agree.
fn both(log: &Path, key: &str, kept: &[&Path]) -> (bool, String) {
    let mut words = vec!["--log", log.to_str().expect("text"), "--public-key", key];
    for kept in kept {
        words.extend(["--checkpoint", kept.to_str().expect("text")]);
    }
    let (own, said) = judged(
        env!("CARGO_BIN_EXE_cabinet"),
        &[&["audit", "verify"], words.as_slice()].concat(),
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/verify.py");
    let (other, also) = judged("python3", &[&[script], words.as_slice()].concat());
    assert_eq!(own, other, "{said}{also}");
    (own, said + &also)
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status().expect("cp");
    assert!(copied.success());
}

/// A run of the demo from start to clean stop; the folder of its one practice's log.
fn run(data: &Path) -> PathBuf {
    let mut server = Server::start(data);
    server.terminate();
    let logs = std::fs::read_dir(data.join("audit")).expect("logs");
    let folders = logs
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir());
    folders.last().expect("a log")
}

#[test]
fn two_judges_find_a_log_in_order_and_what_was_done_to_it() {
    let (_directory, data) = data_dir();
    let log = run(&data);
    let signing = data.join("audit.key");
    let signing = signing.to_str().expect("text");
    let (_, key) = judged(
        env!("CARGO_BIN_EXE_cabinet"),
        &["audit", "public-key", "--signing-key", signing],
    );
    let key = key.trim();
    let (first, first_note) = (data.with_extension("first"), data.with_extension("first-note"));
    copy(&log, &first);
    copy(&first.join("checkpoint"), &first_note);
    // Another start makes a sign-in link, which is an act.
    run(&data);
    let second_note = data.with_extension("second-note");
    copy(&log.join("checkpoint"), &second_note);
    let (good, said) = both(&log, key, &[&first_note, &second_note]);
    assert!(good && said.contains(" 0 by the log's own alone"), "{said}");
    let words = [
        "audit",
        "verify",
        "--data",
        data.to_str().expect("text"),
        "--public-key",
        key,
    ];
    let (good, said) = judged(env!("CARGO_BIN_EXE_cabinet"), &words);
    assert!(good && said.contains("leaves say what was hashed"), "{said}");
    let words = [
        "audit",
        "prove",
        "--log",
        log.to_str().expect("text"),
        "--public-key",
        key,
        "--number",
        "300",
    ];
    let (good, proof) = judged(env!("CARGO_BIN_EXE_cabinet"), &words);
    assert!(
        good && proof.starts_with("c2sp.org/tlog-proof@v1\nindex 300\n"),
        "{proof}"
    );
    // Rolled back to the first run: genuine to the last byte, and found by the second checkpoint.
    assert!(both(&first, key, &[&first_note]).0);
    let (good, said) = both(&first, key, &[&second_note]);
    assert!(!good && said.contains("rolled back"), "{said}");
    // One bit of a hash; a checkpoint that says more; a tile that is gone.
    let tile = log.join("tile/0/000");
    let sound = std::fs::read(&tile).expect("a tile");
    let mut changed = sound.clone();
    changed[100] ^= 1;
    std::fs::write(&tile, changed).expect("write");
    assert!(!both(&log, key, &[]).0);
    std::fs::remove_file(&tile).expect("remove");
    assert!(!both(&log, key, &[]).0);
    std::fs::write(&tile, sound).expect("write");
    assert!(both(&log, key, &[]).0);
    let note = std::fs::read_to_string(log.join("checkpoint")).expect("a note");
    // How many leaves the demo begins with goes by the day.
    let size = note.lines().nth(1).expect("a size");
    let more = format!("\n{}\n", size.parse::<u64>().expect("a number") + 1);
    let said_more = note.replacen(&format!("\n{size}\n"), &more, 1);
    std::fs::write(log.join("checkpoint"), said_more).expect("write");
    assert!(!both(&log, key, &[]).0);
}
