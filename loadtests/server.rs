//! A demo of its own for a scenario: started, watched through `/proc`, stopped or killed, started again on the same store and
//! port. It is a file to this program, no crate.

use crate::client::Target;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A start or a stop takes no longer.
const PATIENCE: Duration = Duration::from_secs(60);
const PAGE_BYTES: u64 = 4096;

/// A running demo over plain HTTP.
pub struct Server {
    child: Child,
    process: u32,
    binary: PathBuf,
    data: PathBuf,
    ready: serde_json::Value,
}

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM, as an operator stops it: it must end well.
    Stop,
    /// SIGKILL, as a crash stops it.
    Kill,
}

impl Server {
    /// Starts the demo on `data` and waits until it is ready. Port 0 picks a free one.
    ///
    /// # Errors
    /// When it does not become ready within a minute.
    pub async fn start(binary: &Path, data: &Path, port: u16) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .args(["demo", "--plain", "--json", "--port", &port.to_string(), "--data"])
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
        Ok(Self {
            process: child.id().context("the server has ended")?,
            child,
            binary: binary.to_owned(),
            data: data.to_owned(),
            ready: serde_json::from_str(&line).context("the server did not become ready")?,
        })
    }

    /// Ends it, and starts it again on the same store and port; answers when the new one is ready.
    ///
    /// # Errors
    /// When it does not end as it should, or does not become ready again.
    pub async fn restart(&mut self, ending: Ending) -> anyhow::Result<()> {
        let port = self.host().rsplit(':').next().context("no port")?.parse()?;
        self.end(ending).await?;
        *self = Self::start(&self.binary, &self.data, port).await?;
        Ok(())
    }

    /// Ends it and waits for that.
    ///
    /// # Errors
    /// When it does not end, or badly though it was asked to stop.
    pub async fn end(&mut self, ending: Ending) -> anyhow::Result<()> {
        match ending {
            Ending::Kill => Ok(self.child.kill().await?),
            Ending::Stop => {
                let sent = Command::new("kill").arg(self.process.to_string()).status().await?;
                ensure!(sent.success(), "the signal does not arrive");
                let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
                ensure!(ended.success(), "the server ended badly: {ended}");
                Ok(())
            }
        }
    }

    /// A text of the line that it said when it was ready; empty when there is none.
    #[must_use]
    pub fn said(&self, pointer: &str) -> &str {
        let value = self.ready.pointer(pointer).and_then(serde_json::Value::as_str);
        value.unwrap_or_default()
    }

    /// All of that line.
    #[must_use]
    pub const fn ready(&self) -> &serde_json::Value {
        &self.ready
    }

    /// `127.0.0.1:port`.
    #[must_use]
    pub fn host(&self) -> &str {
        let base = self.said("/base_url");
        base.trim_start_matches("http://").trim_end_matches('/')
    }

    /// Each agenda of its practice.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let slugs = self
            .ready
            .pointer("/practitioners")
            .and_then(serde_json::Value::as_array);
        let slugs = slugs.into_iter().flatten().filter_map(serde_json::Value::as_str);
        let target = |slug: &str| Target {
            host: self.host().to_owned(),
            practice: self.said("/practice").to_owned(),
            practitioner: slug.to_owned(),
        };
        slugs.map(target).collect()
    }

    /// A fresh one-time sign-in link's secret for its first member of staff.
    ///
    /// # Errors
    /// When the server makes none.
    pub async fn sign_in_secret(&self) -> anyhow::Result<String> {
        let asked = Command::new(&self.binary)
            .args(["sign-in-link", "--practice", self.said("/practice"), "--data"])
            .arg(&self.data)
            .output()
            .await?;
        ensure!(
            asked.status.success(),
            "no sign-in link: {}",
            String::from_utf8_lossy(&asked.stderr)
        );
        let link = String::from_utf8(asked.stdout)?;
        let (_, secret) = link.trim().split_once("#link=").context("a link without a secret")?;
        Ok(secret.to_owned())
    }

    /// Resident memory now, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        let statm = std::fs::read_to_string(self.proc("statm")).context("the server has ended")?;
        let resident = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        Ok(resident.context("statm has another form")? * PAGE_BYTES / 1024)
    }

    /// Most resident memory since the start or the last [`Self::forget_peak`], in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn peak_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(self.proc("status")).context("the server has ended")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak.context("status has another form")
    }

    /// Begins the peak anew (proc(5), `clear_refs`).
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn forget_peak(&self) -> anyhow::Result<()> {
        std::fs::write(self.proc("clear_refs"), "5").context("the peak of memory cannot be begun anew")
    }

    /// Its process.
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.process
    }

    /// Open descriptors now.
    #[must_use]
    pub fn descriptors(&self) -> u64 {
        entries(&self.proc("fd"))
    }

    /// Threads now.
    #[must_use]
    pub fn threads(&self) -> u64 {
        entries(&self.proc("task"))
    }

    /// KiB of its data directory on the disk.
    #[must_use]
    pub fn disk_kib(&self) -> u64 {
        disk_bytes(&self.data) / 1024
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.process))
    }
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
