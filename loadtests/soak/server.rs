//! The server under soak: started, watched through `/proc`, stopped or killed. It is a file to this program, no crate.

use super::judge::Sample;
use crate::client::Target;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(60);
const PAGE_BYTES: u64 = 4096;

/// A running demo.
pub(super) struct Server {
    child: Child,
    process: u32,
    data: PathBuf,
    pub(super) target: Target,
}

impl Server {
    /// Starts the demo and waits until it is ready.
    pub(super) async fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .args(["demo", "--plain", "--json", "--port", "0", "--data"])
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start the server")?;
        let out = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, BufReader::new(out).read_line(&mut line)).await??;
        let ready: serde_json::Value = serde_json::from_str(&line).context("the server did not become ready")?;
        let text = |path: &str| {
            let value = ready.pointer(path).and_then(serde_json::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let base = text("/base_url");
        Ok(Self {
            process: child.id().context("the server has ended")?,
            child,
            data: data.to_owned(),
            target: Target {
                host: base.trim_start_matches("http://").to_owned(),
                practice: text("/practice"),
                practitioner: text("/practitioners/0"),
            },
        })
    }

    /// What it takes now.
    pub(super) fn sample(&self, life: u32, at: Duration) -> anyhow::Result<Sample> {
        let proc = PathBuf::from(format!("/proc/{}", self.process));
        let statm = std::fs::read_to_string(proc.join("statm")).context("the server has ended")?;
        let resident = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        Ok(Sample {
            at_seconds: at.as_secs_f64(),
            life,
            values: [
                to_float(resident.context("statm has another form")? * PAGE_BYTES / 1024),
                to_float(entries(&proc.join("fd"))),
                to_float(entries(&proc.join("task"))),
                to_float(disk_bytes(&self.data) / 1024),
            ],
        })
    }

    /// As an operator stops it: it must end well.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let sent = Command::new("kill").arg(self.process.to_string()).status().await?;
        ensure!(sent.success(), "the signal does not arrive");
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        ensure!(ended.success(), "the server ended badly: {ended}");
        Ok(())
    }

    /// As a crash stops it.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
const fn to_float(value: u64) -> f64 {
    value as f64
}

fn entries(directory: &Path) -> u64 {
    std::fs::read_dir(directory).map_or(0, |list| u64::try_from(list.count()).unwrap_or(0))
}

/// Bytes taken on the disk; files that vanish meanwhile count nothing.
fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(list) = std::fs::read_dir(directory) else {
        return 0;
    };
    list.flatten()
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => disk_bytes(&entry.path()),
            Ok(found) => found.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
