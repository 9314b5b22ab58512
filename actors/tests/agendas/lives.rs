//! Starting, retiring, dying and stopping.

use crate::fixtures::*;
use crate::room::{Room, quick, until};
use actix::prelude::{Actor, Context, Handler, Message, Supervised, Supervisor};
use cabinet_actors::agendas::AgendasOptions;
use cabinet_actors::order::ExecuteError;
use cabinet_actors::read::ReadError;
use cabinet_domain::command::Command;
use cabinet_domain::ids::{AgendaId, AgendaKey, BookingId, CommandId, PracticeId};
use cabinet_domain::stream::StreamKey;
use cabinet_storage::AppendError;
use std::sync::atomic::Ordering;

const STREAM: StreamKey = StreamKey::Agenda(KEY);

struct Fragile;

impl Actor for Fragile {
    type Context = Context<Self>;
}
impl Supervised for Fragile {}

#[derive(Message)]
#[rtype(result = "()")]
struct Break;

impl Handler<Break> for Fragile {
    type Result = ();
    fn handle(&mut self, Break: Break, _: &mut Self::Context) {
        panic!("a planned panic")
    }
}

/// Pins what the lifecycle rests on: this version of actix does not restart a panicked actor, supervised or not.
#[actix_rt::test]
async fn a_panicked_actor_is_gone_and_the_process_lives() {
    for address in [Fragile.start(), Supervisor::start(|_| Fragile)] {
        assert!(address.connected());
        assert!(address.send(Break).await.is_err());
        until("the mailbox closes", || !address.connected()).await;
    }
}

#[actix_rt::test]
async fn an_agenda_comes_back_after_a_panic_and_the_order_is_answered() {
    let room = Room::opened(quick()).await;
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    room.store.fate(Fate::Panics);
    let accepted = room.execute(book(21, ONLINE, half_hour(1))).await.unwrap();
    assert!(!accepted.repeated);
    assert_eq!(room.agenda().await.bookings.len(), 2);
    assert_eq!(room.metrics.restarts.get(), 1);
    assert_eq!(room.metrics.agendas_live.get(), 1, "the dead one is not counted");
}

#[actix_rt::test]
async fn an_order_that_kills_every_incarnation_is_told_unknown() {
    let room = Room::opened(quick()).await;
    for _ in 0..3 {
        room.store.fate(Fate::Panics);
    }
    let outcome = room.execute(book(20, ONLINE, half_hour(0))).await;
    assert_eq!(outcome, Err(ExecuteError::Unknown));
    assert!(
        room.execute(book(20, ONLINE, half_hour(0))).await.is_ok(),
        "the same number again is safe"
    );
}

#[actix_rt::test]
async fn a_panic_while_looking_is_the_lookers() {
    let room = Room::opened(quick()).await;
    let outcome = room.agendas.read(KEY, |_| panic!("a planned panic")).await;
    assert_eq!(outcome, Err::<(), _>(ReadError::Internal));
    assert_eq!((room.metrics.panics_caught.get(), room.metrics.restarts.get()), (1, 0));
}

#[actix_rt::test]
async fn strangers_start_no_agenda() {
    let room = Room::opened(quick()).await;
    let stranger = AgendaKey {
        practice: PracticeId(9),
        agenda: AgendaId(9),
    };
    let mut order = book(20, ONLINE, half_hour(0));
    order.agenda = stranger;
    assert_eq!(room.execute(order).await, Err(ExecuteError::NoSuchAgenda));
    let outcome = room.agendas.read(stranger, |_| ()).await;
    assert_eq!(outcome, Err(ReadError::NoSuchAgenda));
    assert_eq!(room.store.loads.load(Ordering::SeqCst), 1);
}

#[actix_rt::test]
async fn an_idle_agenda_leaves_memory_and_comes_back_on_demand() {
    let room = Room::opened(AgendasOptions {
        idle_seconds: 900,
        ..quick()
    })
    .await;
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    room.clock.pass(899);
    room.agenda().await;
    room.clock.pass(899);
    room.agenda().await;
    assert_eq!(room.store.loads.load(Ordering::SeqCst), 1, "looked at in time");
    room.clock.pass(900);
    until("the agenda is retired", || room.metrics.agendas_live.get() == 0).await;
    assert_eq!(room.agenda().await.bookings.len(), 1);
    assert_eq!(room.store.loads.load(Ordering::SeqCst), 2);
    assert_eq!(room.metrics.restarts.get(), 0, "retiring is no death");
}

#[actix_rt::test]
async fn holds_end_on_time_even_when_the_clock_leaps() {
    let room = Room::opened(quick()).await;
    room.execute(hold(20, half_hour(0))).await.unwrap();
    assert_eq!(room.metrics.holds_live.get(), 1);
    room.clock.pass(HOLD_SECONDS);
    until("the hold has ended", || room.metrics.holds_live.get() == 0).await;
    assert!(room.agenda().await.holds.is_empty());
}

#[actix_rt::test]
async fn a_full_mailbox_is_busy_and_nothing_taken_is_lost() {
    // On the test's own thread the actor cannot run while the orders are given: the bound is met exactly.
    let options = AgendasOptions {
        agenda_threads: 0,
        mailbox_messages_max: 4,
        ..quick()
    };
    let room = Room::opened(options).await;
    room.store.gate(false);
    let orders = (20..40).map(|n| room.execute(book(n, ONLINE, half_hour(n - 20))));
    let all = futures_util::future::join_all(orders);
    let (outcomes, ()) = futures_util::future::join(all, async {
        until("an append waits", || {
            room.store.waiting_appends.load(Ordering::SeqCst) == 1
        })
        .await;
        room.store.gate(true);
    })
    .await;
    let busy = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(ExecuteError::Busy))
        .count();
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((busy, accepted), (16, 4));
    assert_eq!(room.metrics.mailbox_full.get(), 16);
    assert_eq!(room.agenda().await.bookings.len(), 4);
}

#[actix_rt::test]
async fn shutting_down_answers_what_was_taken_and_takes_no_more() {
    let room = Room::opened(quick()).await;
    room.store.gate(false);
    let orders = (20..30).map(|n| room.execute(book(n, ONLINE, half_hour(n - 20))));
    let all = futures_util::future::join_all(orders);
    let (outcomes, ()) = futures_util::future::join(all, async {
        until("an append waits", || {
            room.store.waiting_appends.load(Ordering::SeqCst) == 1
        })
        .await;
        let (agendas, store) = (room.agendas.clone(), room.store.clone());
        let opening = async move {
            tokio::task::yield_now().await;
            store.gate(true);
        };
        futures_util::future::join(agendas.shutdown(), opening).await;
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(room.store.events(STREAM).len(), 20);
    assert_eq!(room.metrics.agendas_live.get(), 0);
    assert_eq!(
        room.execute(book(40, ONLINE, half_hour(12))).await,
        Err(ExecuteError::Busy)
    );
    assert_eq!(room.agendas.read(KEY, |_| ()).await, Err(ReadError::Busy));

    let next = Room::over(room.store.clone(), room.clock.clone(), quick());
    assert_eq!(next.agenda().await.bookings.len(), 10);
}

#[actix_rt::test]
async fn unknown_outcomes_are_resolved_behind_the_senders_back() {
    let room = Room::opened(quick()).await;
    room.store.fate(Fate::LostAnswer);
    let first = room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    room.store.fate(Fate::Refused(AppendError::Unknown));
    room.execute(book(21, ONLINE, half_hour(1))).await.unwrap();
    assert!(!first.repeated);
    let numbers: Vec<CommandId> = room.store.events(STREAM).iter().map(|event| event.command_id).collect();
    for number in [20, 21] {
        assert_eq!(numbers.iter().filter(|known| **known == CommandId(number)).count(), 1);
    }
    assert_eq!(room.metrics.outcomes_unknown.get(), 2);
}

#[actix_rt::test]
async fn an_agenda_that_cannot_be_loaded_says_so_and_is_tried_again() {
    let room = Room::opened(AgendasOptions {
        idle_seconds: 0,
        ..quick()
    })
    .await;
    until("the agenda is retired", || room.metrics.agendas_live.get() == 0).await;
    room.store.failing_loads.store(1, Ordering::SeqCst);
    assert_eq!(room.agendas.read(KEY, |_| ()).await, Err(ReadError::Unavailable));
    let loads = room.store.loads.load(Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(room.agendas.read(KEY, |_| ()).await, Err(ReadError::Busy));
        assert_eq!(
            room.execute(book(20, ONLINE, half_hour(0))).await,
            Err(ExecuteError::Busy)
        );
    }
    assert_eq!(
        room.store.loads.load(Ordering::SeqCst),
        loads,
        "not tried once per request"
    );
    room.clock.pass(1);
    assert!(room.agendas.read(KEY, |_| ()).await.is_ok());
    assert_eq!(room.metrics.restarts.get(), 0);
}

#[actix_rt::test]
async fn only_so_many_agendas_load_at_once() {
    let options = AgendasOptions {
        agenda_threads: 2,
        loads_max: 4,
        ..quick()
    };
    let room = Room::over(TestStore::new(), HandClock::new(), options);
    room.store.gate(false);
    let looks = (0..40).map(|n| {
        let key = AgendaKey {
            agenda: AgendaId(n),
            ..KEY
        };
        room.agendas.read(key, move |read| read.agenda.key == key)
    });
    let all = futures_util::future::join_all(looks);
    let (found, ()) = futures_util::future::join(all, async {
        until("loads wait", || room.store.loads_at_once.load(Ordering::SeqCst) == 4).await;
        room.store.gate(true);
    })
    .await;
    assert!(found.into_iter().all(|found| found == Ok(true)));
    assert_eq!(room.store.loads_at_once_max.load(Ordering::SeqCst), 4);
}

#[actix_rt::test]
async fn metrics_count_by_name_and_code() {
    let room = Room::opened(quick()).await;
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    let missing = Command::CancelBooking {
        booking: BookingId(99),
        by: cabinet_domain::command::Canceller::Practice,
    };
    assert!(room.execute(order(21, missing)).await.is_err());
    let metrics = &room.metrics;
    assert_eq!(
        metrics.commands_accepted.with_label_values(&["book_directly"]).get(),
        1,
        "repeats are not counted"
    );
    assert_eq!(metrics.refusals.with_label_values(&["booking_unknown"]).get(), 1);
    assert_eq!(
        metrics.feed_deltas.with_label_values(&["staff"]).get(),
        0,
        "nobody listened"
    );
    assert_eq!(metrics.append_seconds.get_sample_count(), 11);
    assert_eq!(metrics.batch_commands.get_sample_count(), 11);
    assert_eq!(metrics.invariant_violations.with_label_values(&["I1"]).get(), 0);
}
