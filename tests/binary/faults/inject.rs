//! One fault after the other into the running binary, under patients who book and cancel.

use super::kinds::{How, KINDS, Kind, Then};
use super::stores::{Stores, journal_end};
use super::{pick, seeds, strace};
use crate::patients::{self, Ledger};
use crate::server::{Server, verify};
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

const PATIENTS: usize = 6;
/// Exit code of a failed store.
const STORE_FAILED: i32 = 74;
/// Turns of each patient before it is looked whether the fault has come.
const TURNS: usize = 12;
/// For patients to be answered, and for the fault to come.
const PATIENCE: Duration = Duration::from_secs(60);
const SIGKILL: i32 = 9;

/// What was seen of one case.
struct Seen {
    ended: Option<ExitStatus>,
    /// Whether it said that it serves.
    served: bool,
    said: String,
    faults: usize,
}

/// The command line in front of the server's.
fn before(kind: &Kind, seed: u64, data: &Path, log: &Path) -> Vec<OsString> {
    let nth = pick(seed, 1, kind.nth.0..kind.nth.1);
    match kind.how {
        How::Injected(calls, fault) => {
            let files: Vec<_> = kind.files.iter().map(|file| data.join(file)).collect();
            let fault = fault.replace("{n}", &nth.to_string());
            let fault = fault.replace("{n+30}", &(nth + 30).to_string());
            strace::injecting(log, calls, &fault, &files)
        }
        How::CutShort => {
            // A shell's file size limit counts blocks of 512 bytes; ignored, the signal becomes an error.
            let blocks = journal_end(data) / 512 + nth;
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
            ["sh", "-c", &script, "sh"].map(OsString::from).to_vec()
        }
    }
}

/// Sends patients and waits until all are done; whether their connections broke: what a stop looks like from outside. Only
/// panics are failures.
async fn work(server: &Server, ledger: &Arc<Ledger>, seed: u64) -> bool {
    let salt = usize::try_from(seed).expect("seed");
    let mut patients = patients::send(server, ledger, PATIENTS, TURNS, salt).await;
    let mut broken = patients.is_empty();
    let all = async {
        while let Some(ended) = patients.join_next().await {
            broken |= ended.expect("patients do not panic").is_err();
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .expect("patients are not left hanging");
    broken
}

/// Runs the server into the fault, patients working, and waits for what comes of it.
async fn run(kind: &Kind, seed: u64, data: &Path, ledger: &Arc<Ledger>) -> Seen {
    let log = data.with_extension("strace");
    let errors = data.with_extension("stderr");
    let said = Stdio::from(std::fs::File::create(&errors).expect("file for the server's words"));
    let started = Server::start_under(&before(kind, seed, data, &log), data, said);
    let served = started.is_ok();
    let ended = match started {
        Err(ended) => Some(ended),
        Ok(mut server) => {
            // More patients come until the fault has, which is when the writer or the read store likes to write.
            let came = || match kind.then {
                Then::RefusesWhileFull | Then::StopsOrGoesOn => true,
                Then::GoesOn => strace::injected(&log) > 0,
                Then::Stops(_) | Then::Dies | Then::StartFails(_) => false,
            };
            let rounds = async {
                loop {
                    let broken = work(&server, ledger, seed).await;
                    if broken || came() {
                        return broken;
                    }
                }
            };
            let broken = tokio::time::timeout(2 * PATIENCE, rounds).await;
            if !broken.unwrap_or(false) {
                server.signal("TERM");
            }
            Some(server.wait())
        }
    };
    Seen {
        ended,
        served,
        said: std::fs::read_to_string(&errors).expect("the server's words"),
        faults: strace::injected(&log),
    }
}

/// Whether the server did what it must.
async fn judge(kind: &Kind, seen: &Seen, ledger: &Ledger) {
    let ended = seen.ended.expect("it has ended");
    let code = ended.code();
    let words = format!("{ended}, {} faults; it said: {}", seen.faults, seen.said);
    let named = |what: &str| assert!(seen.said.contains(what), "{what} is not named: {words}");
    match kind.then {
        Then::Stops(what) => {
            // Regression: the opening writes as well, and a start that fails has another code.
            let expected = if seen.served { STORE_FAILED } else { 1 };
            assert_eq!(code, Some(expected), "{words}");
            named(what);
        }
        Then::Dies => assert_eq!(ended.signal(), Some(SIGKILL), "{words}"),
        Then::StartFails(what) => {
            assert_eq!(code, Some(1), "{words}");
            named(what);
        }
        Then::StopsOrGoesOn => match code {
            Some(0) => {}
            Some(1 | STORE_FAILED) => named("ERROR"),
            _ => panic!("{words}"),
        },
        Then::GoesOn => {
            assert_eq!(code, Some(0), "{words}");
            assert!(seen.faults > 0, "the fault did not come: {words}");
        }
        Then::RefusesWhileFull => {
            assert_eq!(code, Some(0), "{words}");
            assert!(ledger.answered(507).await > 0, "nobody was refused: {words}");
            assert!(ledger.acknowledged().await > 0, "nobody was served: {words}");
        }
    }
}

async fn case(stores: &Stores, seed: u64) {
    let index = usize::try_from(seed).expect("seed") % KINDS.len();
    let kind = KINDS.get(index).expect("kind");
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = directory.path().join("data");
    stores.copy(pick(seed, 2, 0..2) == 1, &data);
    let ledger = Arc::new(Ledger::default());
    println!("seed {seed}: {}", kind.name);
    let seen = run(kind, seed, &data, &ledger).await;
    judge(kind, &seen, &ledger).await;
    if kind.then == Then::Dies {
        // Again while it recovers from that.
        run(KINDS.last().expect("kind"), seed.wrapping_add(1), &data, &ledger).await;
    }
    verify(&data);
    let mut server = Server::start(&data);
    ledger.hold_against(&server).await;
    println!(
        "    {} faults, {} bookings acknowledged, {} refused as full",
        seen.faults,
        ledger.acknowledged().await,
        ledger.answered(507).await
    );
    server.kill();
    verify(&data);
}

#[tokio::test]
async fn whatever_call_fails_nothing_acknowledged_is_lost() {
    let stores = Stores::make().await;
    for seed in seeds(16) {
        case(&stores, seed).await;
    }
}
