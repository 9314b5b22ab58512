//! Entry point: arguments, configuration, wiring, wait, stop. No rule of the product is here.

use cabinet::app::SignIn;
use cabinet::cli::{Arguments, Command};
use cabinet::control::TeamChange;
use cabinet::{logging, run};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Simulated worlds break their disks all the time: what they log says nothing.
    let simulated = matches!(arguments.command, Command::Simulate { .. });
    let filter = if simulated { "off" } else { "info,sled=warn" };
    logging::start(filter);
    let outcome = match arguments.command {
        Command::Serve { config } => run::serve(config.as_deref()),
        Command::Demo {
            data,
            port,
            json,
            plain,
            accounts,
            documents,
        } => {
            let sign_in = if accounts { SignIn::Accounts } else { SignIn::Links };
            run::demo(&data, port, (json, plain), (sign_in, documents))
        }
        Command::CheckConfig { config } => run::check_config(&config),
        Command::Verify {
            data,
            key,
            witness_copy,
        } => run::verify(&data, key, witness_copy),
        Command::Audit { what } => cabinet::audit_files::run(what),
        Command::SignInLink { data, practice, staff } => run::sign_in_link(&data, practice, staff),
        Command::Alerts { data } => run::alerts(&data),
        Command::Mails { data, again, trial } => run::mails(&data, again, trial),
        Command::Team {
            data,
            add,
            role,
            link,
            remove,
        } => {
            let add = add.zip(role).map(|(name, role)| TeamChange::Add { name, role });
            let link = link.map(|name| TeamChange::Link { name });
            let remove = remove.map(|name| TeamChange::Remove { name });
            run::team(&data, add.or(link).or(remove))
        }
        Command::JudgeAlerts { seeds, practices, from } => run::judge_alerts(from, seeds, practices),
        Command::Simulate { seeds, from, trace } => run::simulate(from, seeds, trace),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
