//! Entry point: arguments, configuration, wiring, wait, stop. No rule of the product is here.

use cabinet::cli::{Arguments, Command};
use cabinet::run;
use clap::Parser as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sled=warn")),
        )
        .init();
    let outcome = match arguments.command {
        Command::Serve { config } => run::serve(config.as_deref()),
        Command::Demo {
            data,
            port,
            json,
            plain,
        } => run::demo(&data, port, json, plain),
        Command::CheckConfig { config } => run::check_config(&config),
        Command::Verify {
            data,
            key,
            witness_copy,
        } => run::verify(&data, key, witness_copy),
        Command::SignInLink { data, practice, staff } => run::sign_in_link(&data, practice, staff),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
