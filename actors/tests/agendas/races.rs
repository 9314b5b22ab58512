//! Many hands on one agenda at once, over healthy and over failing storage.

use crate::fixtures::*;
use crate::room::{Hand, Room, knows, quick};
use cabinet_actors::agendas::Agendas;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::ExecuteError;
use cabinet_domain::ids::TypeId;
use cabinet_domain::invariants;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::stream::{StreamKey, StreamState};
use cabinet_domain::time::Span;
use cabinet_storage::StreamStore;
use cabinet_storage::faulty::{FaultPlan, FaultyJournal};
use cabinet_storage::memory::{MemoryDisk, MemoryJournal, MemoryRows};
use cabinet_storage::open::Storage;
use cabinet_storage::records::Overlay;
use cabinet_storage::seal::SeededEntropy;
use std::sync::Arc;
use std::time::Duration;

/// Patient `n`'s start: within two hours, on the quarter hour, so that neighbours overlap without being equal.
fn quarter(n: u128) -> cabinet_domain::time::UtcMinute {
    half_hour(n * 7 % 8 / 2).plus(15 * i64::from(n * 7 % 2 == 1))
}

#[actix_rt::test]
async fn overlapping_orders_have_non_overlapping_winners() {
    let room = Room::opened(quick()).await;
    let hands: Vec<_> = (1_000..1_200_u128)
        .map(|n| {
            let agendas = room.agendas.clone();
            tokio::spawn(async move { agendas.execute(hold(n, quarter(n))).await })
        })
        .collect();
    let mut winners = Vec::new();
    for hand in hands {
        match hand.await.unwrap() {
            Ok(accepted) => winners.push(accepted.hold.unwrap().span),
            Err(error) => assert_eq!(error, ExecuteError::Refused(Refusal::SlotTaken)),
        }
    }
    assert_apart(&winners);
    assert!(
        (3..=4).contains(&winners.len()),
        "two hours hold at most four half hours: {winners:?}"
    );
    assert_eq!(room.agenda().await.holds.len(), winners.len());
    let batches = room.metrics.batch_commands.get_sample_count();
    assert!(batches < 10 + winners.len() as u64 + 1, "{batches}");
}

fn assert_apart(spans: &[Span]) {
    for (index, one) in spans.iter().enumerate() {
        let clash = spans[..index].iter().find(|other| other.overlaps(*one));
        assert_eq!(clash, None, "overlaps {one:?}");
    }
}

/// Eight orders at once, some for the same time; the numbers of those that were accepted.
async fn surge(agendas: &Agendas, first: u128) -> Vec<u128> {
    let hands: Vec<_> = (first..first + 8)
        .map(|n| {
            let agendas = agendas.clone();
            tokio::spawn(async move {
                let start = half_hour(n % 6 * 2).plus(15 + days_long(n / 20 % 30));
                let order = || book(n, TypeId(10 + n % 2), start);
                let mut outcome = agendas.execute(order()).await;
                while matches!(outcome, Err(ExecuteError::Unknown)) {
                    outcome = agendas.execute(order()).await;
                }
                (n, outcome)
            })
        })
        .collect();
    let mut won = Vec::new();
    for hand in hands {
        match hand.await.unwrap() {
            (n, Ok(_)) => won.push(n),
            (_, Err(ExecuteError::Busy | ExecuteError::StorageFull | ExecuteError::Refused(Refusal::SlotTaken))) => {}
            (n, Err(other)) => panic!("{n}: {other:?}"),
        }
    }
    won
}

/// Every outcome a sender is told is true of what the journal has, whatever the journal does.
#[actix_rt::test]
async fn over_a_failing_journal_every_answer_is_true() {
    for seed in 0..4 {
        let overlay = Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())));
        let memory = Arc::new(MemoryJournal::new(77, overlay.clone()));
        let journal = Arc::new(FaultyJournal::new(memory, FaultPlan::default()));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let storage = Storage::over(journal.clone(), overlay, Arc::new(MemoryDisk::new()), entropy, seed).unwrap();
        let streams: Arc<dyn StreamStore> = storage.streams();
        let start = |clock: Arc<HandClock>| {
            let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
            let agendas = Agendas::start(
                quick(),
                streams.clone(),
                Arc::new(Hand(clock)),
                metrics.clone(),
                Arc::new(knows),
            );
            (agendas, metrics)
        };
        let clock = HandClock::new();
        let (agendas, metrics) = start(clock.clone());
        for order in opening() {
            agendas.execute(order).await.unwrap();
        }
        journal.set_plan(FaultPlan {
            seed,
            unknown_written: 60,
            unknown_not_written: 60,
            fenced: 20,
            busy: 60,
            check_failed: 60,
            storage_full: 30,
            too_large: 0,
            conflict: 20,
            delayed: 200,
            delay_max: Duration::from_millis(2),
        });
        let mut won = Vec::new();
        for wave in 0..40_u128 {
            won.extend(surge(&agendas, 1_000 + wave * 8).await);
        }
        assert!(journal.injected() > 20, "{}", journal.injected());
        agendas.shutdown().await;
        journal.set_plan(FaultPlan::default());
        let (again, _) = start(clock);
        let agenda = again.read(KEY, |read| read.agenda.clone()).await.unwrap();
        let stored: Vec<u128> = agenda.bookings.keys().map(|booking| booking.0).collect();
        won.sort_unstable();
        assert_eq!(stored, won, "seed {seed}");
        assert_eq!(invariants::check(&agenda), []);
        assert_eq!(metrics.invariant_violations.with_label_values(&["I1"]).get(), 0);
        again.shutdown().await;
    }
}

/// The sealed store keeps two checkpoints: a start takes the newer one, and who listens again is served from the older.
/// Regression: a shutdown did not wait for a checkpoint that had been given out and not begun.
#[actix_rt::test]
async fn checkpoints_reach_the_sealed_store_and_leave_a_tail() {
    let storage = Storage::memory(9).unwrap();
    let (clock, metrics) = (HandClock::new(), Metrics::new(&prometheus::Registry::new()).unwrap());
    let hand = Arc::new(Hand(clock));
    let agendas = Agendas::start(quick(), storage.streams(), hand, metrics, Arc::new(knows));
    for order in opening() {
        agendas.execute(order).await.unwrap();
    }
    for n in 0..55 {
        let at = half_hour(n % 20).plus(days_long(n / 20));
        agendas.execute(book(100 + n, ONLINE, at)).await.unwrap();
    }
    agendas.shutdown().await;
    let opened = storage.streams().open(StreamKey::Agenda(KEY)).await.unwrap();
    assert_eq!(opened.checkpoint, 65, "a start replays nothing");
    let loaded = storage.streams().look(StreamKey::Agenda(KEY)).await.unwrap();
    let StreamState::Agenda(base) = &loaded.tail_base else {
        panic!("an agenda's stream")
    };
    // The one before: at 48, when 38 bookings and 48 acceptances were held, and 28 events had come since the first one.
    assert_eq!((base.seq, loaded.tail.len(), loaded.head), (48, 17, 65));
    assert_eq!(loaded.people.len(), 55);
    assert!(loaded.people.values().all(|record| record.person.is_some()));
}
