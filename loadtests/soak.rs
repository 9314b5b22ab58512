//! A mixed load for many minutes on a server of its own, with restarts: does anything grow? People book and cancel, boards join
//! and leave, some never read, staff come and go; in turn the server is stopped and killed. Its memory, descriptors, threads
//! and disk are written down each second, and the judgement is about their slope after the warm-up.

mod judge;
mod people;

use crate::server::{Ending, Server};
use anyhow::Context as _;
use judge::Sample;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What to run, for how long, and where results go.
#[derive(Debug, Clone)]
pub struct SoakOptions {
    /// The server's binary.
    pub binary: PathBuf,
    /// An empty directory for its store.
    pub data: PathBuf,
    /// Minutes of load.
    pub minutes: u32,
    /// Minutes from one restart to the next.
    pub restart_minutes: u32,
    /// Where `soak.csv`, `soak.svg` and `soak.txt` are written.
    pub results: PathBuf,
}

/// Runs the soak and writes its results; true when everything is flat and nothing failed.
///
/// # Errors
/// When the server does not start, does not answer as documented, or results cannot be written.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
#[expect(clippy::disallowed_methods, reason = "measuring is this program's purpose")]
pub async fn run(options: &SoakOptions) -> anyhow::Result<bool> {
    let began = Instant::now();
    let end = began + Duration::from_secs(u64::from(options.minutes) * 60);
    let life_seconds = (u64::from(options.restart_minutes) * 60).max(30);
    let mut samples: Vec<Sample> = Vec::new();
    let mut totals = people::Totals::default();
    let mut life = 0_u32;
    while Instant::now() < end {
        let mut server = Server::start(&options.binary, &options.data, 0).await?;
        let until = end.min(Instant::now() + Duration::from_secs(life_seconds));
        let crowd = people::Crowd::gather(&server).await?;
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        while Instant::now() < until {
            tick.tick().await;
            samples.push(sample(&server, life, began.elapsed())?);
        }
        totals.add(&crowd.leave().await?);
        // In turn as an operator stops it and as a power cut does.
        let in_turn = life.is_multiple_of(2);
        server.end(if in_turn { Ending::Stop } else { Ending::Kill }).await?;
        life += 1;
        println!("{} s: life {life} ended; {totals}", began.elapsed().as_secs());
    }
    let verdict = judge::verdict(&samples);
    let flat = verdict.iter().all(|line| line.flat) && totals.failed == 0;
    write(&options.results, &samples, &verdict, &totals)?;
    println!("{}", judge::in_words(&verdict));
    println!("{totals} in {life} lives: {}", if flat { "flat" } else { "NOT flat" });
    Ok(flat)
}

/// What the server takes now.
fn sample(server: &Server, life: u32, at: Duration) -> anyhow::Result<Sample> {
    let values = [
        server.resident_kib()?,
        server.descriptors(),
        server.threads(),
        server.disk_kib(),
    ];
    Ok(Sample {
        at_seconds: at.as_secs_f64(),
        life,
        values: values.map(to_float),
    })
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
const fn to_float(value: u64) -> f64 {
    value as f64
}

fn write(folder: &Path, samples: &[Sample], verdict: &[judge::Line], totals: &people::Totals) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).context("failed to make the results' folder")?;
    std::fs::write(folder.join("soak.csv"), judge::csv(samples))?;
    std::fs::write(folder.join("soak.svg"), judge::plot(samples))?;
    std::fs::write(
        folder.join("soak.txt"),
        format!("{}\n{totals}\n", judge::in_words(verdict)),
    )?;
    Ok(())
}
