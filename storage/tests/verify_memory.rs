//! `cabinet verify` reads a journal of any length in bounded memory: shown by the peak of a process that does nothing else.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use cabinet_storage::journal::RecordKey;
use cabinet_storage::verify::verify;
use cabinet_storage::{AppendError, KeySource, ReadStoreKind, Storage, StorageOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const TEST: &str = "verification_takes_less_memory_than_the_journal_is_long";
const CHILD: &str = "CABINET_TEST_VERIFY_MEMORY";
const KEY: [u8; 32] = [7; 32];
const COMMITS: u64 = 130;
const ROWS: u8 = 200;
const MIB: u64 = 1024 * 1024;

/// A closed store of five segments.
async fn fill(data: &Path) {
    let storage = Storage::open(StorageOptions {
        read_store: ReadStoreKind::Memory,
        ..StorageOptions::new(data.to_path_buf(), KeySource::Secret(KEY), Arc::new(|| Duration::ZERO))
    })
    .unwrap();
    let key = |id| RecordKey {
        practice: 1,
        table: 3,
        id: vec![id],
    };
    for _ in 0..COMMITS {
        let writes: Vec<_> = (0..ROWS).map(|id| (key(id), Some(vec![id; 3_000]))).collect();
        loop {
            match storage.records().commit(Vec::new(), writes.clone()).await {
                Ok(_) => break,
                Err(AppendError::Busy) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    }
    storage.close().await.unwrap();
}

/// Peak memory of this process in bytes (proc(5), status, `VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Bug: the whole journal was read into memory, and all rows twice.
#[tokio::test]
async fn verification_takes_less_memory_than_the_journal_is_long() {
    if let Some(data) = std::env::var_os(CHILD) {
        let before = peak();
        let report = verify(&PathBuf::from(data), &KeySource::Secret(KEY), None).unwrap();
        assert_eq!(report.rows, usize::from(ROWS));
        // One segment is 16 MiB; reading one while another's pages go back to the system is two.
        let grown = peak() - before;
        assert!(grown < 48 * MIB, "verification took {} MiB", grown / MIB);
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fill(&data).await;
    assert!(
        data.join("journal/0000000005.segment").exists(),
        "the journal is too short to tell"
    );
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(CHILD, &data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
