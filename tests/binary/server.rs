//! Starts, kills and checks the real binary.

use crate::http::Connection;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running demo over plain HTTP on a free loopback port.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) host: String,
    /// Slug of the practice.
    pub(crate) practice: String,
    /// Slugs of the practitioners.
    pub(crate) practitioners: Vec<String>,
    /// One-time sign-in link of a member of staff.
    pub(crate) staff_link: String,
}

fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_cabinet")
}

impl Server {
    /// Starts the demo on `data` and waits for its ready line.
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = Command::new(binary())
            .args(["demo", "--plain", "--json", "--port", "0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the binary");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("read the ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("ready line {line:?}: {error}"));
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        Self {
            child,
            host: text(&ready["base_url"])
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned(),
            practice: text(&ready["practice"]),
            staff_link: text(&ready["staff_link"]),
            practitioners: ready["practitioners"]
                .as_array()
                .expect("slugs")
                .iter()
                .map(text)
                .collect(),
        }
    }

    /// Bytes of the process that lie in memory (proc(5), statm, second field).
    pub(crate) fn resident_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("statm");
        let pages: u64 = statm
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .expect("pages");
        pages * 4_096
    }

    /// The public address of the n-th practitioner under the API.
    pub(crate) fn public(&self, practitioner: usize) -> String {
        format!("/api/v1/public/{}/{}", self.practice, self.practitioners[practitioner])
    }

    /// A fresh connection.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(&self.host).await.expect("connect")
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `cabinet verify` on a stopped store: panics with its words unless it is clean.
pub(crate) fn verify(data: &Path) {
    let output = Command::new(binary())
        .arg("verify")
        .arg("--data")
        .arg(data)
        .output()
        .expect("run verify");
    assert!(
        output.status.success(),
        "verify says: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A temporary directory for one test's data.
pub(crate) fn data_dir() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = directory.path().join("data");
    (directory, data)
}

/// 128 fresh bits as 32 hexadecimal digits.
pub(crate) fn fresh() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let word = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
