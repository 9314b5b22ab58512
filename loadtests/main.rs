//! Runs one scenario against a server on this machine: `cabinet-load screen --host 127.0.0.1:8080 ...`.

use anyhow::ensure;
use cabinet_loadtests::client::Target;
use cabinet_loadtests::screens::{self, ScreensOptions};
use cabinet_loadtests::soak::{self, SoakOptions};
use cabinet_loadtests::storm::{self, StormOptions};
use cabinet_loadtests::{bookings, screen, slots};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(
    name = "cabinet-load",
    about = "Load scenarios against a Cabinet en Ligne server on this machine"
)]
struct Arguments {
    /// Address of a server over plain HTTP; loopback only. `soak` starts its own.
    #[arg(long, default_value = "127.0.0.1:8080")]
    host: SocketAddr,
    /// The practice's page address.
    #[arg(long, default_value = "cabinet-des-tilleuls")]
    practice: String,
    /// The practitioner's page address.
    #[arg(long, default_value = "claire-morel")]
    practitioner: String,
    /// Which scenario.
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// From a patient's click to everybody's screen.
    Screen {
        /// How many bookings.
        #[arg(long, default_value_t = 50)]
        bookings: usize,
    },
    /// Hold, confirm and cancel as fast as it goes.
    Bookings {
        /// Concurrent clients, each on a slot of its own.
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// For how long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Seconds from the start that count as the burst.
        #[arg(long, default_value_t = 5)]
        burst: u64,
    },
    /// All public slots of a practitioner, again and again.
    Slots {
        /// Concurrent clients.
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// For how long, each of the measurements.
        #[arg(long, default_value_t = 8)]
        seconds: u64,
        /// Questions a second where they come at their own times, whatever the answers do.
        #[arg(long, default_value_t = 1_000)]
        per_second: u32,
    },
    /// From a command to native clients and to pages in a browser, under load, on a server of its own.
    Screens {
        #[command(flatten)]
        own: OwnServer,
        /// Open boards.
        #[arg(long, default_value_t = 1_000)]
        boards: usize,
        /// Staff sessions.
        #[arg(long, default_value_t = 50)]
        sessions: usize,
        /// Durable commands a second.
        #[arg(long, default_value_t = 200)]
        commands_per_second: u32,
        /// For how long, without pages and again with them.
        #[arg(long, default_value_t = 40)]
        seconds: u64,
        /// The script that opens pages in a browser; left out: no pages.
        #[arg(long)]
        pages: Option<PathBuf>,
    },
    /// Every board dropped at once and back within a while, on a server of its own.
    Storm {
        #[command(flatten)]
        own: OwnServer,
        /// Open boards.
        #[arg(long, default_value_t = 5_000)]
        boards: usize,
        /// Seconds within which they come back.
        #[arg(long, default_value_t = 30)]
        within_seconds: u64,
        /// Durable commands a second meanwhile.
        #[arg(long, default_value_t = 12)]
        commands_per_second: u32,
    },
    /// A server of its own stopped, killed and started again under its boards.
    Restart {
        #[command(flatten)]
        own: OwnServer,
        /// Open boards.
        #[arg(long, default_value_t = 2_000)]
        boards: usize,
        /// Durable commands a second meanwhile.
        #[arg(long, default_value_t = 12)]
        commands_per_second: u32,
    },
    /// Mixed load for many minutes on a server of its own, with restarts: does anything grow?
    Soak {
        #[command(flatten)]
        own: OwnServer,
        /// How long.
        #[arg(long, default_value_t = 30)]
        minutes: u32,
        /// Minutes from one restart to the next.
        #[arg(long, default_value_t = 5)]
        restart_minutes: u32,
    },
}

/// A scenario that starts the server itself.
#[derive(Debug, clap::Args)]
struct OwnServer {
    /// The server's binary.
    #[arg(long)]
    binary: PathBuf,
    /// An empty directory for its store.
    #[arg(long)]
    data: PathBuf,
    /// Where results are written.
    #[arg(long, default_value = "loadtests/results")]
    results: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.host.ip().is_loopback(),
        "load is sent to loopback addresses only"
    );
    let target = Target {
        host: arguments.host.to_string(),
        practice: arguments.practice,
        practitioner: arguments.practitioner,
    };
    // The HTTP client wants a provider even where nothing is encrypted.
    let installed = rustls::crypto::ring::default_provider().install_default();
    installed.map_err(|_| anyhow::anyhow!("another crypto provider is installed"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Scenarios with many sockets keep them on this one thread.
    runtime.block_on(tokio::task::LocalSet::new().run_until(run(arguments.scenario, &target)))
}

async fn run(scenario: Scenario, target: &Target) -> anyhow::Result<()> {
    match scenario {
        Scenario::Screen { bookings } => screen::run(target, bookings).await,
        Scenario::Bookings {
            clients,
            seconds,
            burst,
        } => bookings::run(target, clients, seconds, burst).await,
        Scenario::Slots {
            clients,
            seconds,
            per_second,
        } => slots::run(target, clients, seconds, per_second).await,
        Scenario::Screens {
            own,
            boards,
            sessions,
            commands_per_second,
            seconds,
            pages,
        } => {
            let options = ScreensOptions {
                binary: own.binary,
                data: own.data,
                boards,
                sessions,
                commands_per_second,
                seconds,
                pages,
                results: own.results,
            };
            judge(screens::run(&options).await?)
        }
        Scenario::Storm {
            own,
            boards,
            within_seconds,
            commands_per_second,
        } => judge(storm::storm(&storm_options(own, boards, within_seconds, commands_per_second)).await?),
        Scenario::Restart {
            own,
            boards,
            commands_per_second,
        } => judge(storm::restart(&storm_options(own, boards, 0, commands_per_second)).await?),
        Scenario::Soak {
            own,
            minutes,
            restart_minutes,
        } => {
            let options = SoakOptions {
                binary: own.binary,
                data: own.data,
                minutes,
                restart_minutes,
                results: own.results,
            };
            ensure!(soak::run(&options).await?, "something grows or has failed");
            Ok(())
        }
    }
}

fn storm_options(own: OwnServer, boards: usize, within_seconds: u64, commands_per_second: u32) -> StormOptions {
    StormOptions {
        binary: own.binary,
        data: own.data,
        boards,
        within_seconds,
        commands_per_second,
        results: own.results,
    }
}

fn judge(good: bool) -> anyhow::Result<()> {
    ensure!(good, "something was missed, refused or not resumed");
    Ok(())
}
