//! Stores made once and copied for each case, so that a case need not begin with the demo's several hundred bookings.

use crate::patients::{self, Ledger};
use crate::server::{Server, verify};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Two stores with the same past: one was stopped, the other killed.
pub(crate) struct Stores {
    _directory: tempfile::TempDir,
    stopped: PathBuf,
    killed: PathBuf,
}

impl Stores {
    /// Makes both.
    pub(crate) async fn make() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (stopped, killed) = (directory.path().join("stopped"), directory.path().join("killed"));
        for (store, signal) in [(&stopped, "TERM"), (&killed, "KILL")] {
            let mut server = Server::start(store);
            let mut patients = patients::send(&server, &Arc::new(Ledger::default()), 6, 3, 0).await;
            while let Some(ended) = patients.join_next().await {
                ended.expect("no panic").expect("answers");
            }
            server.signal(signal);
            server.wait();
            verify(store);
        }
        Self {
            _directory: directory,
            stopped,
            killed,
        }
    }

    /// A fresh copy at `data` of the one or the other.
    pub(crate) fn copy(&self, killed: bool, data: &Path) {
        let from = if killed { &self.killed } else { &self.stopped };
        let copied = Command::new("cp").arg("-a").arg(from).arg(data).status();
        assert!(copied.expect("cp").success(), "the store is copied");
    }
}

/// Where the journal's last segment ends: the offset after its last byte that is not zero.
pub(crate) fn journal_end(data: &Path) -> u64 {
    let bytes = std::fs::read(data.join(SEGMENT)).expect("segment");
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    u64::try_from(last).expect("offset") + 1
}

/// The one segment of such a store.
pub(crate) const SEGMENT: &str = "journal/0000000001.segment";
