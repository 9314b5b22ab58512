//! Measures boards beside a direct writer and, where they are installed, Nchan and uWebSockets: `cabinet-load-boards one`.
//!
//! The servers are started here, one process each, pinned to one processor; the load comes from this process on another. All
//! take the same commands in the same run, in turns, because machines are noisy: figures are ratios to the direct writer.
//! Nothing here passes or fails by time.

mod crowd;
mod direct;
mod frames;
mod handshake;
mod idle;
mod machine;
mod publisher;
mod report;
mod rounds;
mod servers;

use clap::{Parser, Subcommand};
use rounds::{Plan, Shape};
use servers::Files;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(
    name = "cabinet-load-boards",
    about = "Measures boards beside peers, on this machine"
)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// 1 agenda that 2,000 boards watch, then 500 boards under 300 changes a second, then what an idle board keeps.
    One(Options),
    /// 1,000 agendas with 5 boards each.
    Many(Options),
    /// The direct writer that the others are compared with (the scenarios start it themselves).
    Direct,
}

#[derive(Debug, clap::Args)]
struct Options {
    /// The bench server, as `cargo build --release --bench boards` leaves it.
    #[arg(long)]
    server: PathBuf,
    /// Folder of the peers' files.
    #[arg(long, default_value = "loadtests/peers")]
    peers: PathBuf,
    /// Rounds per server; medians are told.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round and of each measured pace.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Idle boards, of which memory is measured; descriptors bound them. 0 leaves this out.
    #[arg(long, default_value_t = 9_000)]
    idle: usize,
    /// Measures the server and the direct writer only.
    #[arg(long)]
    without_peers: bool,
}

fn main() -> anyhow::Result<()> {
    let (options, shape) = match Arguments::parse().scenario {
        Scenario::Direct => return direct::serve(),
        Scenario::One(options) => (options, Shape::ONE),
        Scenario::Many(options) => (options, Shape::MANY),
    };
    let machine = machine::prepare()?;
    let files = Files {
        server: options.server,
        peers: options.peers,
        with_peers: !options.without_peers,
    };
    let plan = Plan {
        shape,
        rounds: options.rounds.max(1),
        length: Duration::from_secs_f64(options.seconds),
    };
    report::line(&machine.to_string());
    rounds::run(&plan, &files, &machine)?;
    if shape == Shape::ONE && options.idle > 0 {
        idle::run(options.idle, &files, &machine)?;
    }
    Ok(())
}
