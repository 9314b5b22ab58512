//! WebSocket conformance: the 301 cases without compression of the Autobahn test suite (groups 1 to 7, 9 and 10, by their
//! official numbers), as tables and a client of our own, against the listener, guard and socket of `/ws`. The original
//! suite runs against the same server where Python 2.7 is installed: `make autobahn`.
//!
//! Deliberately absent: compression (groups 12 and 13; this server never negotiates it), limits of the product (tested on
//! the binary).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and the report is printed"
)]

mod cases;
mod client;
mod echo;
mod judge;
mod limits;
mod utf8;

use judge::{Outcome, Verdict};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases under way at once; each waits a second for the server to let go of its connection.
const AT_ONCE: usize = 24;

fn run(address: SocketAddr, cases: &[cases::Case]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = judge::judge(case, client::run(address, case));
                    outcomes.lock().expect("lock").push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("lock");
    let place = |outcome: &Outcome| cases.iter().position(|case| case.id == outcome.id);
    outcomes.sort_by_key(place);
    outcomes
}

fn report(outcomes: &[Outcome]) {
    println!(
        "{:<10} {:<14} {:<17} {:>5} {:>7}",
        "case", "behaviour", "close", "code", "ms"
    );
    for outcome in outcomes {
        let code = outcome.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        println!(
            "{:<10} {:<14} {:<17} {code:>5} {:>7}",
            outcome.id,
            outcome.behaviour.text(),
            outcome.close.text(),
            outcome.milliseconds
        );
    }
    let rows: Vec<_> = outcomes.iter().map(Outcome::json).collect();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("autobahn.json");
    let text = serde_json::to_string_pretty(&rows).expect("json");
    std::fs::write(&path, text).expect("write the report");
    println!("report: {}", path.display());
}

#[actix_web::test]
async fn all_301_cases_are_strict() {
    let address = echo::start(0);
    let mut cases = cases::protocol();
    cases.extend(limits::all());
    assert_eq!(cases.len(), 301);
    let outcomes = actix_web::rt::task::spawn_blocking(move || run(address, &cases))
        .await
        .expect("run");
    report(&outcomes);
    let count = |verdict| outcomes.iter().filter(|outcome| outcome.behaviour == verdict).count();
    println!(
        "{} strict, {} informational",
        count(Verdict::Ok),
        count(Verdict::Informational)
    );
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.is_strict()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!((outcomes.len(), count(Verdict::Informational)), (301, 3));
}

/// Serves until it is ended, for the original suite.
#[actix_web::test]
#[ignore = "serves the original suite: make autobahn"]
async fn serve() {
    println!("{}", echo::start(9_901));
    std::future::pending::<()>().await;
}
