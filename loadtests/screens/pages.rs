//! Two pages in a real browser, opened and watched by a script of the browser tests. It is a file to this program; what is
//! said to it and by it is one line each.

use crate::bookings::Own;
use crate::server::Server;
use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Opening two pages takes seconds; so does a last booking.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the script measured, in milliseconds from the sending of a command to the change in the page's document.
#[derive(Debug, Deserialize)]
pub(super) struct Samples {
    /// Hold: the slot is marked as taken on the patient's page.
    pub(super) board_taken_ms: Vec<f64>,
    /// Cancellation: the slot is offered again on it.
    pub(super) board_free_ms: Vec<f64>,
    /// Confirmation: the booking stands on the agenda.
    pub(super) agenda_booked_ms: Vec<f64>,
    /// Cancellation: it has gone from it.
    pub(super) agenda_gone_ms: Vec<f64>,
    /// From the sending to the command's own answer.
    pub(super) answer_ms: Vec<f64>,
    /// Changes that a page did not show within ten seconds.
    pub(super) lost: u32,
}

/// One of the slots that the script books and cancels.
#[derive(Serialize)]
struct PageSlot<'a> {
    kind: &'a str,
    start_ms: i64,
}

#[derive(Serialize)]
struct Brief<'a> {
    demo: &'a serde_json::Value,
    /// `/api/v1/public/{practice}/{practitioner}`.
    base: &'a str,
    notice_version: u32,
    slots: Vec<PageSlot<'a>>,
}

/// The open pages.
pub(super) struct Pages {
    child: Child,
    process: u32,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Pages {
    /// Opens both pages and waits until they are live.
    pub(super) async fn open(script: &Path, binary: &Path, server: &Server, owns: &[Own]) -> anyhow::Result<Self> {
        let first = owns.first().context("no slot for the pages")?;
        let slots = owns.iter().map(|own| PageSlot {
            kind: &own.kind,
            start_ms: own.start_ms,
        });
        let brief = Brief {
            demo: server.ready(),
            base: &first.base,
            notice_version: first.notice_version,
            slots: slots.collect(),
        };
        let mut child = Command::new("node")
            .arg(script)
            .arg("beside")
            .env("CABINET_BIN", binary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start node")?;
        let mut pages = Self {
            process: child.id().context("node has ended")?,
            ask: child.stdin.take().context("no standard input")?,
            told: BufReader::new(child.stdout.take().context("no standard output")?),
            child,
        };
        pages.say(&serde_json::to_string(&brief)?).await?;
        let line = pages.line().await?;
        ensure!(line == "open", "the pages did not open: {line}");
        Ok(pages)
    }

    /// The script's process; the browser is its child.
    pub(super) const fn process(&self) -> u32 {
        self.process
    }

    /// The measuring begins.
    pub(super) async fn go(&mut self) -> anyhow::Result<()> {
        self.say("go").await
    }

    /// The measuring ends with the booking under way.
    pub(super) async fn stop(mut self) -> anyhow::Result<Samples> {
        self.say("stop").await?;
        let line = self.line().await?;
        let samples = serde_json::from_str(&line).with_context(|| format!("the pages told: {line}"))?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        Ok(samples)
    }

    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.ask.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.ask.flush().await?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, self.told.read_line(&mut line)).await??;
        Ok(line.trim().to_owned())
    }
}
