//! The power goes at any moment of a store's life: its making, patients at work, a stop, a kill, starts after them. From each
//! image the binary starts, and everything whose acknowledgement had left is there.

use super::answers;
use super::power::Disk;
use super::trace::{self, Call};
use super::{draw, pick, seeds, strace};
use crate::patients::{self, Ledger};
use crate::server::{Server, verify};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

const PATIENTS: usize = 6;
const TURNS: usize = 10;
/// How each process of the record ends.
const LIVES: [&str; 3] = ["TERM", "KILL", "TERM"];

/// The recorded life of a store.
struct Life {
    calls: Vec<Call>,
    /// Calls from these on belong to the next process.
    processes: Vec<usize>,
    ledger: Arc<Ledger>,
    root: PathBuf,
    data: PathBuf,
}

async fn live(directory: &Path) -> Life {
    let root = directory.join("disk");
    std::fs::create_dir(&root).expect("make the root");
    let data = root.join("data");
    let ledger = Arc::new(Ledger::default());
    let (mut calls, mut processes, mut line) = (Vec::new(), Vec::new(), 0);
    for (number, end) in LIVES.iter().enumerate() {
        let log = directory.join(format!("{number}.strace"));
        let before = strace::recording(&log, None);
        let mut server = Server::start_under(&before, &data, Stdio::null()).expect("it starts");
        let mut patients = patients::send(&server, &ledger, PATIENTS, TURNS, number).await;
        while let Some(ended) = patients.join_next().await {
            ended.expect("no panic").expect("answers");
        }
        server.signal(end);
        server.wait();
        processes.push(calls.len());
        let more = trace::read(&log, line);
        line = more.last().map_or(line, |call: &Call| call.ended + 1);
        calls.extend(more);
    }
    Life {
        calls,
        processes,
        ledger,
        root,
        data,
    }
}

/// The moments of cuts, by line: when a call begins that changes something, half of them anywhere, half of them after the making of the store, where patients work.
fn moments(life: &Life) -> Vec<(usize, u64)> {
    let changes: Vec<usize> = (0..life.calls.len())
        .filter(|index| !["read", "recvfrom", "close", "accept4"].contains(&life.calls[*index].name.as_str()))
        .collect();
    let (left, _) = answers::all(&life.calls);
    let first = left.iter().find(|one| one.status == 201).map_or(0, |one| one.began);
    let working = changes.partition_point(|index| life.calls[*index].ended < first);
    let mut moments: Vec<(usize, u64)> = seeds(16)
        .map(|seed| {
            let from = if seed % 2 == 0 { 0 } else { working };
            let range = u64::try_from(from).expect("index")..u64::try_from(changes.len()).expect("length");
            let moment = usize::try_from(pick(seed, 3, range)).expect("index");
            (life.calls[changes[moment]].began, seed)
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// Starts from the image, and holds the server to what had been acknowledged.
async fn start(image: &Path, ledger: &Ledger, seed: u64) -> usize {
    let data = image.join("data");
    let said = image.with_extension("stderr");
    let errors = Stdio::from(std::fs::File::create(&said).expect("a file"));
    let started = Server::start_under(&["env".into()], &data, errors);
    let words = || std::fs::read_to_string(&said).unwrap_or_default();
    let mut server =
        started.unwrap_or_else(|ended| panic!("seed {seed}: no start from the image ({ended}): {}", words()));
    ledger.hold_against(&server).await;
    server.signal("TERM");
    assert!(server.wait().success(), "seed {seed}: a clean stop");
    verify(&data);
    ledger.acknowledged().await
}

#[tokio::test]
async fn after_a_power_cut_it_starts_with_everything_acknowledged() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let life = live(directory.path()).await;
    let (left, asked) = answers::all(&life.calls);
    let mut disk = Disk::new(&life.root);
    let mut rest = life.calls.iter().enumerate().peekable();
    let mut take_in = |disk: &mut Disk, until: usize| {
        while let Some((index, call)) = rest.next_if(|(_, call)| call.ended < until) {
            if life.processes.contains(&index) {
                disk.next_process();
            }
            disk.take_in(call);
        }
    };
    let (mut images, mut promises) = (0, 0);
    for (cut, seed) in moments(&life) {
        take_in(&mut disk, cut);
        let ledger = life.ledger.as_of(cut, &left, &asked).await;
        let image = directory.path().join(format!("image-{seed}"));
        std::fs::create_dir(&image).expect("make the image");
        let percent = [0, 10, 50, 90][usize::try_from(seed / 2 % 4).expect("index")];
        let mut number = 100;
        let mut keeps = || {
            number += 1;
            draw(seed, number) % 100 < percent
        };
        disk.cut(&image, &mut keeps);
        println!("seed {seed}: cut at line {cut}, {percent} % of what was not durable kept");
        promises += start(&image, &ledger, seed).await;
        images += 1;
        std::fs::remove_dir_all(&image).expect("remove the image");
    }
    println!("{images} images, {promises} acknowledged bookings looked for, none missing");
    take_in(&mut disk, usize::MAX);
    disk.assert_is(&life.data);
}
