//! Nothing leaves before the journal has it (law L2), read off the system calls: each acknowledgement and each board's frame
//! is mapped by agenda and sequence to the write of its journal record (a hold's answer names none: by agenda and time), and a sync of that file must have begun after this
//! write and succeeded before the sending began. The journal's records are read here by their documented frame alone.

use super::answers::{self, Left};
use super::stores::Stores;
use super::trace::{self, Call};
use super::{seeds, strace};
use crate::board::Board;
use crate::patients::{self, Ledger};
use crate::server::Server;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

const MAGIC: &[u8] = b"CJR\xA7";
const HEADER_BYTES: usize = 36;
const CHAIN_BYTES: usize = 32;
const PATIENTS: usize = 6;
const TURNS: usize = 8;

/// Where a record's write ended, and on which descriptor.
#[derive(Debug, Clone, Copy)]
struct Written {
    descriptor: i64,
    began: usize,
    ended: usize,
}

/// Agenda (16 bytes) and sequence of every event written, with its write.
type Records = BTreeMap<(Vec<u8>, u64), Written>;

fn little(bytes: &[u8], from: usize, count: usize) -> Option<u64> {
    let part = bytes.get(from..from + count)?;
    Some(part.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

/// Takes in the records of one write: header (magic 4, version, kind, 2, body bytes u32, ...), body (fence u64, expected u64,
/// has-stream, stream's name 33, chain 32, events u16, ...), chain.
fn take_in(records: &mut Records, call: &Call) -> Option<()> {
    let data = call.data();
    let mut rest = data.as_slice();
    while rest.starts_with(MAGIC) {
        let body_bytes = usize::try_from(little(rest, 8, 4)?).ok()?;
        let body = rest.get(HEADER_BYTES..HEADER_BYTES + body_bytes)?;
        if rest.get(5) == Some(&1) && body.get(16) == Some(&1) {
            let agenda = body.get(17 + 17..17 + 33)?;
            let (expected, events) = (little(body, 8, 8)?, little(body, 82, 2)?);
            for seq in expected + 1..=expected + events {
                let written = Written {
                    descriptor: call.descriptor(),
                    began: call.began,
                    ended: call.ended,
                };
                records.insert((agenda.to_vec(), seq), written);
            }
        }
        rest = rest.get(HEADER_BYTES + body_bytes + CHAIN_BYTES..)?;
    }
    Some(())
}

/// What left too early, in words; and how many acknowledgements and frames were looked at.
fn check(calls: &[Call], agendas: &BTreeMap<String, Vec<u8>>) -> (Vec<String>, usize) {
    let mut records = Records::new();
    for call in calls.iter().filter(|call| call.name == "pwrite64" && call.returned > 0) {
        take_in(&mut records, call);
    }
    let syncs: Vec<&Call> = calls
        .iter()
        .filter(|call| call.name == "fdatasync" && call.returned == 0)
        .collect();
    let (left, _) = answers::all(calls);
    let (mut early, mut looked_at) = (Vec::new(), 0);
    for one in left.iter().filter(|one| one.status < 300) {
        let Some(agenda) = agenda_of(one, agendas) else {
            continue;
        };
        looked_at += 1;
        let covered = |written: &Written| {
            let covers = |sync: &&Call| {
                sync.descriptor() == written.descriptor && sync.began > written.ended && sync.ended < one.began
            };
            syncs.iter().any(covers)
        };
        let own = records.iter().filter(|((of, _), _)| of == agenda);
        let done = match one.body["seq"].as_u64() {
            Some(seq) => records.get(&(agenda.clone(), seq)).is_some_and(covered),
            // An answer that names no sequence (a hold's): some record of its agenda, written since it was asked for.
            None => own
                .map(|(_, written)| written)
                .any(|written| written.began > one.asked && covered(written)),
        };
        if !done {
            early.push(format!("no synced record of {one:?}"));
        }
    }
    (early, looked_at)
}

/// The agenda whose sequence something that left speaks of: commands and boards, no reads.
fn agenda_of<'a>(left: &Left, agendas: &'a BTreeMap<String, Vec<u8>>) -> Option<&'a Vec<u8>> {
    let command = ["/holds", "/bookings/"].iter().any(|part| left.path.contains(part)) && !left.path.ends_with("/view");
    let board = left.status == 0;
    let mut named = agendas.iter().filter(|(slug, _)| left.path.contains(slug.as_str()));
    (command || board)
        .then(|| named.next())
        .flatten()
        .map(|(_, agenda)| agenda)
}

/// Agenda ids by the practitioners' page addresses.
async fn agendas(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let mut connection = server.connect().await;
    let mut found = BTreeMap::new();
    for (number, slug) in server.practitioners.iter().enumerate() {
        let page = connection.get(&server.public(number)).await.expect("page");
        let agenda = page.body["practitioner"]["agenda"].as_str().expect("agenda").to_owned();
        found.insert(slug.clone(), hex::decode(agenda).expect("hexadecimal"));
    }
    found
}

/// A recorded run on a copy of a store: what was called, the agendas, how it ended.
async fn record(
    stores: &Stores,
    data: &Path,
    fault: Option<&str>,
) -> (Vec<Call>, BTreeMap<String, Vec<u8>>, Option<i32>) {
    stores.copy(true, data);
    let log = data.with_extension("strace");
    let mut server = Server::start_under(&strace::recording(&log, fault), data, Stdio::null()).expect("it starts");
    let agendas = agendas(&server).await;
    let _board = Board::join(&server.host, &server.practice, &server.practitioners[0]).await;
    let ledger = Arc::new(Ledger::default());
    let turns = if fault.is_some() { usize::MAX } else { TURNS };
    let mut patients = patients::send(&server, &ledger, PATIENTS, turns, 0).await;
    let mut broken = false;
    while let Some(ended) = patients.join_next().await {
        broken |= ended.expect("no panic").is_err();
    }
    if !broken {
        server.signal("TERM");
    }
    let code = server.wait().code();
    (trace::read(&log, 0), agendas, code)
}

#[tokio::test]
async fn each_acknowledgement_leaves_after_a_sync_that_covers_its_record() {
    let stores = Stores::make().await;
    let directory = tempfile::tempdir().expect("temporary directory");
    let (calls, agendas, code) = record(&stores, &directory.path().join("data"), None).await;
    assert_eq!(code, Some(0), "a clean stop");
    let (early, looked_at) = check(&calls, &agendas);
    println!("{looked_at} acknowledgements and frames, all after the sync of their records");
    assert!(early.is_empty(), "{} left early: {early:#?}", early.len());
    assert!(
        looked_at > PATIENTS * TURNS,
        "only {looked_at} acknowledgements were seen"
    );
    // The check can fail: without one of three syncs, somebody was told too early.
    let mut number = 0;
    let fewer = calls.into_iter().filter(|call| {
        number += usize::from(call.name == "fdatasync");
        call.name != "fdatasync" || number % 3 != 0
    });
    let (early, _) = check(&fewer.collect::<Vec<_>>(), &agendas);
    assert!(!early.is_empty(), "missing syncs are not seen");
}

#[tokio::test]
async fn nothing_is_acknowledged_after_a_sync_has_failed() {
    let stores = Stores::make().await;
    for seed in seeds(2) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let fault = format!("fdatasync:error=EIO:when={}", 20 + seed * 5 % 60);
        let (calls, agendas, code) = record(&stores, &directory.path().join("data"), Some(&fault)).await;
        assert_eq!(code, Some(74), "seed {seed}: {fault}");
        let (early, looked_at) = check(&calls, &agendas);
        println!("seed {seed}: {fault}: {looked_at} acknowledgements and frames");
        assert!(early.is_empty(), "seed {seed}: {early:#?}");
    }
}
