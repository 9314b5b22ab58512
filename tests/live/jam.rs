//! Readers that stop, or nearly stop: what they may cost, how soon they are gone, and that nobody else notices.

use crate::rig::{Rig, Wire};
use crate::source::Source;
use crate::wait::until;
use cabinet::edge::live::LiveOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

const JAMMED: usize = 20;
const HEALTHY: u16 = 5;
const MEMORY_PER_JAMMED_BYTES_MAX: usize = 256 * 1024;

/// Resident memory of this process: server and clients together.
pub(crate) fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

/// Publishes about 250 KB a second per board until told to stop.
async fn publish(source: Arc<Source>, stop: Arc<AtomicBool>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        source.change(0, &[], 1_000..1_020);
    }
}

async fn trickle(mut wire: Wire) {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while wire.read_u8().await.is_ok() {
        ticks.tick().await;
    }
}

async fn jam(with_tls: bool) {
    let source = Source::new(1, 2_000, 256);
    let rig = Rig::start(&source, LiveOptions::default(), with_tls);
    let mut healthy = Vec::new();
    for _ in 0..HEALTHY {
        healthy.push(rig.board(0, None).await);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let publishing = actix_web::rt::spawn(publish(source.clone(), stop.clone()));
    let reading: Vec<_> = healthy
        .into_iter()
        .map(|mut board| {
            let stop = stop.clone();
            actix_web::rt::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    board.step().await;
                }
                board
            })
        })
        .collect();
    // The healthy ones have settled once some seconds' worth of frames went out.
    until("a steady flow", Duration::from_secs(20), || {
        rig.metric("cabinet_board_frames_queued_total") > 500.0
    })
    .await;
    let before = resident_bytes();
    let start = Instant::now();
    let (mut silent, mut trickling) = (Vec::new(), Vec::new());
    for number in 0..JAMMED {
        let wire = rig.raw(0, Some(4 * 1024)).await;
        if number % 4 == 0 {
            trickling.push(actix_web::rt::spawn(trickle(wire)));
        } else {
            silent.push(wire);
        }
    }
    assert_eq!(rig.reaper.open(), usize::from(HEALTHY) + JAMMED);
    let mut most = 0;
    until("the jammed ones' end", Duration::from_secs(17), || {
        most = most.max(resident_bytes().saturating_sub(before));
        rig.reaper.open() == usize::from(HEALTHY) && rig.metric("cabinet_boards_open") == f64::from(HEALTHY)
    })
    .await;
    let gone_after = start.elapsed();
    stop.store(true, Ordering::Relaxed);
    publishing.await.unwrap();
    let last = source.change(0, &[], [1_000]);
    for board in reading {
        let mut board = board.await.unwrap();
        board.reach(last).await;
        // It was never closed, or `step` had panicked, and it was shown everything.
        assert_eq!(board.slots, source.state(0).1);
    }
    drop(silent);
    // What their kernel has buffered would feed them for minutes.
    trickling.iter().for_each(|trickling| trickling.abort());
    println!(
        "{JAMMED} jammed readers, TLS {with_tls}: gone after {gone_after:?}, memory grew {} KiB each",
        most / JAMMED / 1024
    );
    assert!(
        most <= JAMMED * MEMORY_PER_JAMMED_BYTES_MAX,
        "memory grew by {} KiB each",
        most / JAMMED / 1024
    );
}

#[actix_web::test]
async fn jammed_readers_are_gone_within_15_s_and_cost_little_whole_machine() {
    jam(false).await;
}

#[actix_web::test]
async fn jammed_readers_over_tls_are_gone_within_15_s_and_cost_little_whole_machine() {
    jam(true).await;
}

#[actix_web::test]
async fn a_reader_that_pauses_gets_the_latest_state_instead_of_its_backlog() {
    let source = Source::new(1, 20, 256);
    let options = LiveOptions {
        outbox_bytes_max: 4 * 1024,
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let mut board = rig.board(0, None).await;
    // Nothing is read here until kernel buffers, the writer's buffer and the outbox are full.
    until("the overflow", Duration::from_secs(10), || {
        source.change(0, &[], 1_000..1_200);
        rig.metric("cabinet_board_backlogs_dropped_total") > 0.0
    })
    .await;
    let last = source.change(0, &[5], []);
    board.reach(last).await;
    assert_eq!(board.slots, source.state(0).1);
    assert!(board.snapshots > 1, "the backlog was replaced");
    assert!(rig.metric("cabinet_board_catch_ups_total") > 0.0);
}
