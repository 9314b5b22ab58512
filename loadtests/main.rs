//! Runs one scenario against a server on this machine: `cabinet-load screen --host 127.0.0.1:8080 ...`.

use anyhow::ensure;
use cabinet_loadtests::client::Target;
use cabinet_loadtests::soak::{self, SoakOptions};
use cabinet_loadtests::{bookings, screen, slots};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
        /// For how long.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Pause between an answer and the next question.
        #[arg(long, default_value_t = 50)]
        pause_milliseconds: u64,
    },
    /// Mixed load for many minutes on a server of its own, with restarts: does anything grow?
    Soak {
        /// The server's binary.
        #[arg(long)]
        binary: PathBuf,
        /// An empty directory for its store.
        #[arg(long)]
        data: PathBuf,
        /// How long.
        #[arg(long, default_value_t = 30)]
        minutes: u32,
        /// Minutes from one restart to the next.
        #[arg(long, default_value_t = 5)]
        restart_minutes: u32,
        /// Where the table, the picture and the judgement go.
        #[arg(long, default_value = "loadtests/results")]
        results: PathBuf,
    },
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
    match arguments.scenario {
        Scenario::Screen { bookings } => runtime.block_on(screen::run(&target, bookings)),
        Scenario::Bookings {
            clients,
            seconds,
            burst,
        } => runtime.block_on(bookings::run(&target, clients, seconds, burst)),
        Scenario::Slots {
            clients,
            seconds,
            pause_milliseconds,
        } => {
            let pause = Duration::from_millis(pause_milliseconds);
            runtime.block_on(slots::run(&target, clients, seconds, pause))
        }
        Scenario::Soak {
            binary,
            data,
            minutes,
            restart_minutes,
            results,
        } => {
            let options = SoakOptions {
                binary,
                data,
                minutes,
                restart_minutes,
                results,
            };
            let flat = runtime.block_on(soak::run(&options))?;
            ensure!(flat, "something grows or has failed");
            Ok(())
        }
    }
}
