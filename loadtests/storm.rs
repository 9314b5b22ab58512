//! Boards that all lose their line at once, while changes go on: dropped by their own side (`storm`), or by a server that is
//! stopped, then killed, and started again on the same store and port (`restart`). Each board must come back by itself,
//! resumed, and miss no change; at the end each picture is held against the server's.

use crate::bookings;
use crate::client::Target;
use crate::figures::percentile;
use crate::http::Connection;
use crate::machine;
use crate::picture::Picture;
use crate::server::{Ending, Server};
use crate::steady::{Log, Patients};
use crate::watchers::{Order, Tally, Watchers};
use anyhow::{Context as _, ensure};
use cabinet_proto::v1::VERSION;
use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::http::PublicSlots;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// Everybody is back long before.
const PATIENCE: Duration = Duration::from_secs(120);
/// Patients: each asks a few times a minute.
const PATIENTS: usize = 24;
/// Changes before the lines are lost, so that positions lie inside a history.
const COMMANDS_BEFORE: usize = 24;

/// What to run.
#[derive(Debug, Clone)]
pub struct StormOptions {
    /// The server's binary.
    pub binary: PathBuf,
    /// An empty directory for its store.
    pub data: PathBuf,
    /// How many boards.
    pub boards: usize,
    /// Seconds within which boards that were dropped come back.
    pub within_seconds: u64,
    /// Durable commands a second meanwhile, all agendas together.
    pub commands_per_second: u32,
    /// Where the result is written.
    pub results: PathBuf,
}

/// What one loss and return looked like.
struct Phase {
    name: &'static str,
    /// From the beginning to the server's being ready again; zero where it never was gone.
    ready: Duration,
    back: Vec<Duration>,
    snapshots: u64,
    resumes: u64,
    changes: u64,
    refused: String,
    ended: String,
    resident_before_kib: u64,
    peak_kib: u64,
    commands: usize,
}

/// Everybody dropped at once and back within a while; false when something was lost.
///
/// # Errors
/// When the server does not start or answer as documented, or boards do not come back.
pub async fn storm(options: &StormOptions) -> anyhow::Result<bool> {
    let within = Duration::from_secs(options.within_seconds);
    let mut scene = Scene::begin(options).await?;
    let phase = scene
        .phase("dropped by the boards' side", async |scene| {
            scene.watchers.order(Order::Scatter(within));
            Ok(())
        })
        .await?;
    let title = format!(
        "{} boards dropped at once, back within {} s",
        options.boards, options.within_seconds
    );
    scene.end(&title, "storm", options, vec![phase]).await
}

/// The server stopped, then killed, and started again under its boards; false when something was lost.
///
/// # Errors
/// As [`storm`].
pub async fn restart(options: &StormOptions) -> anyhow::Result<bool> {
    let mut scene = Scene::begin(options).await?;
    let mut phases = Vec::new();
    for (name, ending) in [
        ("SIGTERM, started again", Ending::Stop),
        ("SIGKILL, started again", Ending::Kill),
    ] {
        let phase = scene.phase(name, async |scene| scene.server.restart(ending).await);
        phases.push(phase.await?);
    }
    let title = format!("Restart of the server under {} boards", options.boards);
    scene.end(&title, "restart", options, phases).await
}

struct Scene {
    server: Server,
    targets: Vec<Target>,
    watchers: Watchers,
    patients: Patients,
    began: Instant,
}

impl Scene {
    async fn begin(options: &StormOptions) -> anyhow::Result<Self> {
        let descriptors = machine::raise_descriptors()?;
        // The server keeps two for each board.
        ensure!(
            descriptors > 2 * options.boards as u64 + 500,
            "{descriptors} descriptors are too few for {} boards",
            options.boards
        );
        let began = Instant::now();
        let server = Server::start(&options.binary, &options.data, 0).await?;
        let targets = server.targets();
        let first = targets.first().context("no agenda")?;
        let mut owns = bookings::free(first).await?;
        owns.truncate(PATIENTS);
        let watchers = Watchers::gather(&targets, options.boards);
        let took = watchers.until_live(false, PATIENCE).await?;
        say(&format!(
            "{} boards joined in {:.1} s",
            options.boards,
            took.as_secs_f64()
        ));
        let patients = Patients::send(server.host(), owns, options.commands_per_second);
        Ok(Self {
            server,
            targets,
            watchers,
            patients,
            began,
        })
    }

    /// Takes everybody's line away and waits until all are back.
    async fn phase(
        &mut self,
        name: &'static str,
        loss: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Phase> {
        self.until_commands(COMMANDS_BEFORE).await?;
        let (resident_before_kib, commands) = (self.server.resident_kib()?, self.patients.accepted());
        self.server.forget_peak()?;
        self.watchers.begin();
        let lost_at = Instant::now();
        loss(self).await?;
        let ready = lost_at.elapsed();
        self.watchers.until_live(true, PATIENCE).await.context(name)?;
        // What was missed has been told when as much again has happened.
        self.until_commands(COMMANDS_BEFORE).await?;
        let tally = self.watchers.tally();
        let phase = Phase {
            name,
            ready,
            back: tally.back(),
            snapshots: tally.snapshots,
            resumes: tally.resumes,
            changes: tally.changes,
            refused: Tally::in_words(&tally.refused),
            ended: Tally::in_words(&tally.ended),
            resident_before_kib,
            peak_kib: self.server.peak_kib()?,
            commands: self.patients.accepted() - commands,
        };
        say(&format!("{name}: all back"));
        Ok(phase)
    }

    async fn until_commands(&self, more: usize) -> anyhow::Result<()> {
        let (goal, until) = (self.patients.accepted() + more, Instant::now() + PATIENCE);
        while self.patients.accepted() < goal {
            ensure!(Instant::now() < until, "no commands are accepted any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn end(self, title: &str, name: &str, options: &StormOptions, phases: Vec<Phase>) -> anyhow::Result<bool> {
        let log = self.patients.leave().await?;
        let mut pictures = Vec::new();
        for target in &self.targets {
            pictures.push(picture(target).await?);
        }
        let slots: usize = pictures.iter().map(Picture::len).sum();
        let wrong = self.watchers.compare(pictures, PATIENCE).await;
        let text = report(title, name, options, &phases, &log, &wrong, slots);
        let took = self.began.elapsed();
        say(&text);
        say(&format!("{:.0} s in all", took.as_secs_f64()));
        write(&options.results, name, &text)?;
        let resumed = phases.iter().all(|phase| phase.snapshots == 0);
        Ok(wrong.is_empty() && log.refused.is_empty() && resumed)
    }
}

/// An agenda's free slots as HTTP answers them.
async fn picture(target: &Target) -> anyhow::Result<Picture> {
    let path = format!("/api/v1/public/{}/{}/slots", target.practice, target.practitioner);
    let slots: PublicSlots = Connection::open(&target.host).await?.get(&path).await?.json()?;
    let mut picture = Picture::default();
    picture.take(&BoardFrame::Snapshot {
        version: VERSION,
        history: slots.history,
        seq: slots.seq,
        now_ms: slots.now_ms,
        types: slots.types,
    })?;
    Ok(picture)
}

fn report(
    title: &str,
    name: &str,
    options: &StormOptions,
    phases: &[Phase],
    log: &Log,
    wrong: &[String],
    slots: usize,
) -> String {
    let mut text = format!(
        "# {title}\n\n{}.\n\n`make load SCENARIO={name}`. The real binary (demo, plain HTTP on loopback, three agendas) and its \
         client share the processors. {} durable commands a second go on throughout (hold, confirm, cancel; two of three change \
         what boards see); a command without an answer is repeated under its id. Boards come back with full jitter (0.4 s, \
         doubled up to 20 s, as the web application does), from (history, seq). Each keeps its picture from one snapshot and \
         changes, checks that each change goes on from where it stands, and is compared at the end with what `/slots` answers.\n\n",
        machine::in_one_line(),
        options.commands_per_second
    );
    text.push_str("| what | server ready again | boards back: half / 99 % / all | resumed | snapshots | changes applied | MiB before / peak |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for phase in phases {
        let at = |share| percentile(&phase.back, share).as_secs_f64();
        text.push_str(&format!(
            "| {} | {:.2} s | {:.1} / {:.1} / {:.1} s | {} | {} | {} | {} / {} |\n",
            phase.name,
            phase.ready.as_secs_f64(),
            at(0.5),
            at(0.99),
            at(1.0),
            phase.resumes,
            phase.snapshots,
            phase.changes,
            phase.resident_before_kib / 1024,
            phase.peak_kib / 1024,
        ));
    }
    text.push('\n');
    for phase in phases {
        text.push_str(&format!(
            "- {}: {} commands accepted until all were back and as much again was told; attempts refused: {}; lines ended: {}.\n",
            phase.name, phase.commands, phase.refused, phase.ended
        ));
    }
    let refused = Tally::in_words(&log.refused);
    text.push_str(&format!(
        "- Commands: {} accepted, {} times repeated, refused: {refused}. Pictures compared: {} boards with {slots} slots of all \
         agendas; wrong: {}.\n",
        log.done.len(),
        log.repeated,
        options.boards,
        wrong.len()
    ));
    for one in wrong.iter().take(10) {
        text.push_str(&format!("  - {one}\n"));
    }
    text
}

/// Writes a result.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).context("failed to make the results' folder")?;
    Ok(std::fs::write(folder.join(format!("{name}.md")), text)?)
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn say(text: &str) {
    println!("{text}");
}
