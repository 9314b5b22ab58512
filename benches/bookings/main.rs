//! Durable bookings a second, in process: the real agendas on the file journal, beside three references in the same run,
//! taken by turns. One operation is one durable command: staff book a half hour directly (`BookDirectly`), or cancel that
//! booking; each patient alternates the two on a half hour of their own, so that every agenda stays around its bookings.
//!
//! References: the same bytes in the same groups, appended and `fdatasync`ed to a preallocated file (raw); the same agendas on
//! a journal in memory; PostgreSQL with an exclusion constraint, driven by pgbench. Nothing here passes or fails by time.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures with the machine's clock and prints"
)]

mod cabinet;
mod figures;
mod postgres;
mod raw;

use self::cabinet::{Cabinet, Journal};
use self::figures::{Row, Slice};
use anyhow::Context as _;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Durable bookings a second, in process and beside references.
#[derive(Debug, Parser, Clone)]
pub struct Options {
    /// Seconds of the sustained phase, in all.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Rounds the sustained phase is cut into; in each, every system has its turn.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds from the start that count as the burst.
    #[arg(long, default_value_t = 5)]
    burst: u32,
    /// Concurrent patients over all agendas.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 1_024])]
    patients: Vec<u32>,
    /// Concurrent patients on one agenda.
    #[arg(long, value_delimiter = ',', default_values_t = [64])]
    hot: Vec<u32>,
    /// Agendas.
    #[arg(long, default_value_t = 1_000)]
    agendas: u32,
    /// Bookings in each agenda before the first order.
    #[arg(long, default_value_t = 600)]
    bookings: u32,
    /// Every booking is for a patient whom the practice has never met, who gets a key and a row of their own.
    #[arg(long)]
    strangers: bool,
    /// Systems to leave out: raw, memory, postgres.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// The file journal's read store is memory instead of sled: shows what sled's thread costs.
    #[arg(long)]
    without_sled: bool,
    /// Threads that run agendas; none: as many as the server has by default.
    #[arg(long)]
    agenda_threads: Option<usize>,
    /// Events between two checkpoints; none: the server's default.
    #[arg(long)]
    checkpoint_events: Option<u64>,
    /// Longest wait of a group for company in microseconds; none: the server's default.
    #[arg(long)]
    company_microseconds: Option<u64>,
    /// Somebody listens to every agenda, once as staff and once as a board.
    #[arg(long)]
    watched: bool,
    /// Where stores and clusters are made and removed; must be on a disk.
    #[arg(long, default_value = "/var/tmp")]
    directory: PathBuf,
    /// Cargo says this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn has(&self, system: &str) -> bool {
        !self.without.iter().any(|left_out| left_out == system)
    }
}

/// How many patients, on one agenda or on all.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    patients: u32,
    hot: bool,
}

/// What is measured, each by turns.
struct Systems {
    file: Cabinet,
    memory: Option<Cabinet>,
    raw: Option<raw::Raw>,
    postgres: Option<postgres::Postgres>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let folder = tempfile::Builder::new()
        .prefix("cabinet-bookings-")
        .tempdir_in(&options.directory)
        .with_context(|| format!("failed to make a folder in {}", options.directory.display()))?;
    let system = actix_rt::System::new();
    system.block_on(run(&options, folder.path()))
}

async fn run(options: &Options, folder: &std::path::Path) -> anyhow::Result<()> {
    let postgres = if options.has("postgres") {
        postgres::Postgres::start(options).context("PostgreSQL (apt-get install postgresql, or --without postgres)")?
    } else {
        None
    };
    let mut systems = Systems {
        file: Cabinet::start(options, Journal::File(folder)).await?,
        memory: match options.has("memory") {
            true => Some(Cabinet::start(options, Journal::Memory).await?),
            false => None,
        },
        raw: match options.has("raw") {
            true => Some(raw::Raw::new(folder)?),
            false => None,
        },
        postgres,
    };
    println!("{}", figures::machine(folder));
    println!(
        "{} agendas with {} bookings each; {} s in {} rounds; patients {}",
        options.agendas,
        options.bookings,
        options.seconds,
        options.rounds,
        if options.strangers {
            "never met before"
        } else {
            "known to their practice"
        }
    );
    println!("{}", Row::head());
    let wide = options.patients.iter().map(|patients| (*patients, false));
    let hot = options.hot.iter().map(|patients| (*patients, true));
    for (patients, hot) in wide.chain(hot).collect::<Vec<_>>() {
        measure(options, &mut systems, Crowd { patients, hot }).await?;
    }
    systems.file.stop().await?;
    if let Some(memory) = systems.memory {
        memory.stop().await?;
    }
    Ok(())
}

/// One line per system for one crowd.
async fn measure(options: &Options, systems: &mut Systems, crowd: Crowd) -> anyhow::Result<()> {
    let rounds = options.rounds.max(1);
    let turn = Duration::from_secs(u64::from(options.seconds)) / rounds;
    let burst = Duration::from_secs(u64::from(options.burst)).min(turn);
    let (mut file, mut memory) = (Slice::default(), Slice::default());
    let (mut raw, mut full, mut postgres) = (Slice::default(), Slice::default(), Slice::default());
    for round in 0..rounds {
        let burst = (round == 0).then_some(burst);
        let slice = systems.file.run(crowd, turn, burst).await?;
        if let Some(floor) = &mut systems.raw {
            raw.add(floor.run(&slice, slice.groups, turn / 4)?);
            let fullest = slice.operations / u64::from(crowd.patients.max(1));
            full.add(floor.run(&slice, fullest, turn / 4)?);
        }
        file.add(slice);
        if let Some(cabinet) = &systems.memory {
            memory.add(cabinet.run(crowd, turn, burst).await?);
        }
        if let Some(cluster) = &systems.postgres {
            postgres.add(cluster.run(crowd, turn)?);
        }
    }
    let floor = raw.rate();
    for (name, slice) in [
        ("cabinet, file", &file),
        ("raw, the same groups", &raw),
        ("raw, all patients in each group", &full),
        ("cabinet, memory", &memory),
        ("postgresql", &postgres),
    ] {
        if slice.operations > 0 {
            println!(
                "{}",
                Row {
                    name,
                    crowd,
                    slice,
                    floor
                }
            );
        }
    }
    println!("{}", file.notes());
    Ok(())
}
