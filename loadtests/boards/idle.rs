//! What an idle board keeps: resident memory of a fresh server before and after thousands of boards have come.

use super::crowd::Crowd;
use super::handshake;
use super::machine::Machine;
use super::report;
use super::servers::{Files, Kind, Server, present};

/// Descriptors that are no boards'.
const DESCRIPTORS_SPARE: usize = 500;

/// Measures each server with `boards` boards, or as many as descriptors allow (the server keeps two per board).
pub(crate) fn run(boards: usize, files: &Files, machine: &Machine) -> anyhow::Result<()> {
    let boards = boards.min(machine.descriptors.saturating_sub(DESCRIPTORS_SPARE) / 2);
    report::line(&format!("\nmemory of {boards} idle boards of one agenda"));
    report::line("| server | KiB per board | CPU us per connection |\n|---|---|---|");
    let mut kinds = present(files);
    kinds.insert(2, Kind::CabinetTls);
    for kind in kinds {
        one(kind, boards, files, machine)?;
    }
    Ok(())
}

fn one(kind: Kind, boards: usize, files: &Files, machine: &Machine) -> anyhow::Result<()> {
    let server = Server::start(kind, 1, files, machine)?;
    let before = (server.resident_kib()?, server.processor_time()?);
    let mut crowd = Crowd::new(1)?;
    let mut kept = Vec::new();
    if kind == Kind::CabinetTls {
        let config = handshake::trusting(&server.ca_file)?;
        for _ in 0..boards {
            kept.push(handshake::open_tls(server.address, &kind.path(0), &config)?);
        }
    } else {
        for _ in 0..boards {
            let (stream, rest) = handshake::open(server.address, &kind.path(0))?;
            crowd.add(stream, &rest, Some(0))?;
            crowd.turn()?;
        }
        let expected = boards as u64 * kind.first_frames();
        crowd.settle(expected)?;
        anyhow::ensure!(crowd.counted.closed == 0, "boards were closed");
    }
    let kib = server.resident_kib()?.saturating_sub(before.0) as f64;
    let used = server.processor_time()?.saturating_sub(before.1);
    report::line(&format!(
        "| {} | {:.1} | {:.0} |",
        kind.name(),
        kib / boards as f64,
        used.as_secs_f64() * 1e6 / boards as f64
    ));
    drop(kept);
    Ok(())
}
