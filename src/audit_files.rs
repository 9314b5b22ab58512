//! `cabinet audit`: what can be said of audit logs from files alone, in words and exit codes. Must not be here: judging.

use crate::app::key_beside;
use crate::cli::Audit;
use crate::run::{BAD_DATA, say};
use anyhow::Context as _;
use cabinet_storage::KeySource;
use cabinet_storage::audit::note::{PublicKey, Signer};
use cabinet_storage::audit::offline::{Judged, prove, verify_folder, verify_store};
use cabinet_storage::audit::verify::AuditReport;
use std::path::Path;
use std::process::ExitCode;

/// Carries it out.
///
/// # Errors
/// When a file cannot be read at all. What is wrong with a log is said, and is exit code 65.
pub fn run(what: Audit) -> anyhow::Result<ExitCode> {
    match what {
        Audit::Verify {
            log,
            data,
            key,
            public_key,
            checkpoint,
        } => {
            let public = PublicKey::parse(&public_key)?;
            let elsewhere = checkpoint
                .iter()
                .map(|path| read(path))
                .collect::<Result<Vec<_>, _>>()?;
            let judged = match (log, data) {
                (Some(log), _) => vec![(log.display().to_string(), verify_folder(&log, &public, &elsewhere))],
                (None, Some(data)) => {
                    let key = KeySource::File(key.unwrap_or_else(|| key_beside(&data)));
                    verify_store(&data, &key, &public, &elsewhere)?
                }
                (None, None) => anyhow::bail!("name a log (--log) or a data directory (--data)"),
            };
            tell(&judged)
        }
        Audit::Prove {
            log,
            public_key,
            number,
        } => match prove(&log, &PublicKey::parse(&public_key)?, number) {
            Ok(proof) => {
                say(proof.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Err(fault) => {
                say(&fault.to_string())?;
                Ok(ExitCode::from(BAD_DATA))
            }
        },
        Audit::PublicKey { signing_key, name } => {
            anyhow::ensure!(signing_key.exists(), "there is no {}", signing_key.display());
            say(&Signer::in_file(&name, &signing_key)?.public_key())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn tell(judged: &[Judged]) -> anyhow::Result<ExitCode> {
    let mut sound = true;
    for (name, outcome) in judged {
        match outcome {
            Ok(report) => say(&format!("{name}: {}", in_words(report)))?,
            Err(fault) => {
                sound = false;
                say(&format!("{name}: NOT IN ORDER: {fault}"))?;
            }
        }
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(BAD_DATA)
    })
}

fn in_words(report: &AuditReport) -> String {
    let opened = match (report.opened, report.expired) {
        (0, 0) => "leaves were not opened".to_owned(),
        (opened, 0) => format!("{opened} leaves say what was hashed"),
        (opened, expired) => format!("{opened} leaves say what was hashed, {expired} have expired"),
    };
    let window = report.size - report.covered;
    format!(
        "in order: {} leaves, root {}; {} covered by checkpoints kept elsewhere, {window} by the log's own alone, {} by none yet; {opened}",
        report.size,
        hex::encode(report.root),
        report.covered,
        report.beyond
    )
}
