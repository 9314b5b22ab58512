//! Subscribing through the handle: snapshot, resumption, gaps, and being sent away.

use crate::fixtures::*;
use crate::room::{Room, quick, until};
use cabinet_actors::delta::{Delta, Pushed, Sink, TopicPosition};
use cabinet_actors::read::Joined;
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::{HistoryId, Seq};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Notes what it hears.
#[derive(Default)]
struct Screen {
    heard: Mutex<Vec<(Seq, Seq)>>,
    closed: AtomicUsize,
    gone: AtomicBool,
}

impl Sink for Screen {
    fn push(&self, delta: Delta) -> Pushed {
        let span = match delta {
            Delta::Staff(delta) => (delta.from, delta.to),
            Delta::Board(delta) => (delta.from, delta.to),
        };
        self.heard.lock().push(span);
        if self.gone.load(Ordering::SeqCst) {
            Pushed::Gone
        } else {
            Pushed::Taken
        }
    }
    fn closed(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

const HISTORY: HistoryId = HistoryId(77);

const fn at(seq: Seq) -> Option<TopicPosition> {
    Some(TopicPosition { history: HISTORY, seq })
}

/// The snapshot's position and number of bookings, or how many deltas were missed.
async fn join(room: &Room, screen: &Arc<Screen>, position: Option<TopicPosition>) -> (Seq, Result<usize, usize>) {
    let render = |read: cabinet_actors::read::AgendaRead<'_>| {
        let named = read
            .agenda
            .bookings
            .values()
            .filter_map(|booking| read.people.get(booking.details));
        named.count()
    };
    let joined = room
        .agendas
        .subscribe(KEY, Audience::Staff, position, screen.clone(), render)
        .await;
    match joined.unwrap().1 {
        Joined::Snapshot { position, value } => (position.seq, Ok(value)),
        Joined::Resumed { position, deltas } => (position.seq, Err(deltas.len())),
    }
}

#[actix_rt::test]
async fn a_subscriber_gets_a_snapshot_then_every_delta_in_order() {
    let room = Room::opened(quick()).await;
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    let screen = Arc::new(Screen::default());
    assert_eq!(join(&room, &screen, None).await, (11, Ok(1)));
    for n in 21..24 {
        room.execute(book(n, ONLINE, half_hour(n - 20))).await.unwrap();
    }
    until("all heard", || screen.heard.lock().len() == 3).await;
    assert_eq!(*screen.heard.lock(), [(11, 12), (12, 13), (13, 14)]);
}

#[actix_rt::test]
async fn a_subscriber_goes_on_where_it_stood_also_after_a_restart() {
    let room = Room::opened(quick()).await;
    for n in 20..23 {
        room.execute(book(n, ONLINE, half_hour(n - 20))).await.unwrap();
    }
    let screen = Arc::new(Screen::default());
    assert_eq!(join(&room, &screen, at(13)).await, (13, Err(0)));
    assert_eq!(join(&room, &screen, at(11)).await, (13, Err(2)));
    assert_eq!(
        join(&room, &screen, at(14)).await,
        (13, Ok(3)),
        "a position from the future"
    );
    let elsewhere = Some(TopicPosition {
        history: HistoryId(78),
        seq: 13,
    });
    assert_eq!(join(&room, &screen, elsewhere).await, (13, Ok(3)), "another history");
    room.agendas.shutdown().await;
    assert_eq!(
        screen.closed.load(Ordering::SeqCst),
        4,
        "told to come again, once per subscription"
    );

    let next = Room::over(room.store.clone(), room.clock.clone(), quick());
    assert_eq!(join(&next, &screen, at(11)).await, (13, Err(2)));
}

/// What happens while the past of an agenda is looked up for its first listener is told after it.
#[actix_rt::test]
async fn nothing_is_missed_between_the_past_and_the_first_listening() {
    let room = Room::opened(quick()).await;
    room.execute(book(20, ONLINE, half_hour(0))).await.unwrap();
    room.store.looks_shut.send_replace(true);
    let screen = Arc::new(Screen::default());
    let meanwhile = async {
        until("the look back", || room.store.looks.load(Ordering::SeqCst) == 1).await;
        for n in 21..23 {
            room.execute(book(n, ONLINE, half_hour(n - 20))).await.unwrap();
        }
        room.store.looks_shut.send_replace(false);
    };
    let (joined, ()) = tokio::join!(join(&room, &screen, at(11)), meanwhile);
    assert_eq!(joined, (13, Err(2)));
    room.execute(book(23, ONLINE, half_hour(3))).await.unwrap();
    until("the next one", || *screen.heard.lock() == [(13, 14)]).await;
}

#[actix_rt::test]
async fn subscribers_keep_an_agenda_in_memory_and_leaving_frees_it() {
    let room = Room::opened(quick()).await;
    let screen = Arc::new(Screen::default());
    let subscribed = room
        .agendas
        .subscribe(KEY, Audience::Board, None, screen.clone(), |_| ())
        .await;
    let (id, _) = subscribed.unwrap();
    room.clock.pass(100_000);
    for _ in 0..20 {
        room.agendas.read(KEY, |_| ()).await.unwrap();
    }
    assert_eq!(room.store.loads.load(Ordering::SeqCst), 1);
    room.agendas.unsubscribe(KEY, id);
    room.clock.pass(100_000);
    until("the agenda is retired", || room.metrics.agendas_live.get() == 0).await;
    assert_eq!(screen.closed.load(Ordering::SeqCst), 0, "who has left is not called");
}

#[actix_rt::test]
async fn a_sink_that_is_gone_is_forgotten_and_a_death_closes_the_others() {
    let room = Room::opened(quick()).await;
    let (gone, stays) = (Arc::new(Screen::default()), Arc::new(Screen::default()));
    gone.gone.store(true, Ordering::SeqCst);
    assert_eq!(join(&room, &gone, None).await, (10, Ok(0)));
    assert_eq!(join(&room, &stays, None).await, (10, Ok(0)));
    for n in 20..22 {
        room.execute(book(n, ONLINE, half_hour(n - 20))).await.unwrap();
    }
    until("all heard", || stays.heard.lock().len() == 2).await;
    assert_eq!(gone.heard.lock().len(), 1);
    room.store.fate(Fate::Panics);
    room.execute(book(22, ONLINE, half_hour(5))).await.unwrap();
    assert_eq!(
        (gone.closed.load(Ordering::SeqCst), stays.closed.load(Ordering::SeqCst)),
        (0, 1)
    );
    // It comes again from where it stood and misses nothing.
    assert_eq!(join(&room, &stays, at(12)).await, (13, Err(1)));
}
