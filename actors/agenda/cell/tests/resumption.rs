//! What the feed makes of a cell's publications: who hears what, and who can go on where.

use super::bench::{Bench, options};
use crate::agenda::cell::*;
use crate::agenda::feed::{Joining, RING_DELTAS_MAX, SubscriptionId};
use crate::delta::{Delta, Pushed, Sink, TopicPosition};
use crate::fixtures::*;
use cabinet_domain::audience::Audience;
use cabinet_domain::command::Allowances;
use cabinet_domain::ids::{BookingId, Seq};

/// As a number of orders.
const RING: u128 = RING_DELTAS_MAX as u128;

#[derive(Default)]
struct Listener {
    heard: parking_lot::Mutex<Vec<Delta>>,
    closed: std::sync::atomic::AtomicBool,
}

impl Sink for Listener {
    fn push(&self, delta: Delta) -> Pushed {
        self.heard.lock().push(delta);
        Pushed::Taken
    }
    fn closed(&self) {
        self.closed.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Bench {
    fn join(&mut self, audience: Audience, seq: Option<Seq>, sink: &Arc<Listener>) -> (Option<Vec<Delta>>, Seq) {
        let feed = self.feed.as_mut().unwrap();
        let position = seq.map(|seq| TopicPosition {
            history: feed.history(),
            seq,
        });
        match feed.join(SubscriptionId(1), audience, position, sink.clone()) {
            Joining::Snapshot { position } => (None, position.seq),
            Joining::Resumed { position, deltas } => (Some(deltas), position.seq),
        }
    }
}

fn spans(deltas: &[Delta]) -> Vec<(Seq, Seq)> {
    deltas
        .iter()
        .map(|delta| match delta {
            Delta::Staff(delta) => (delta.from, delta.to),
            Delta::Board(delta) => (delta.from, delta.to),
        })
        .collect()
}

#[test]
fn boards_hear_of_slots_only_and_staff_of_everything() {
    let mut bench = Bench::opened();
    let (staff, board) = (Arc::new(Listener::default()), Arc::new(Listener::default()));
    let (none, position) = bench.join(Audience::Staff, None, &staff);
    assert_eq!((none, position), (None, 10));
    bench.join(Audience::Board, None, &board);
    bench.order(hold(20, half_hour(0))); // 11
    bench.finish();
    bench.order(confirm(20)); // 12: the slot stays taken
    bench.finish();
    bench.order(order(30, Command::SetType(kind(STAFF_ONLY, 45, false)))); // 13: not for boards
    bench.finish();
    bench.order(order(31, Command::SetType(kind(ONLINE, 45, true)))); // 14
    bench.finish();
    assert_eq!(spans(&staff.heard.lock()), [(10, 11), (11, 12), (12, 13), (13, 14)]);
    assert_eq!(spans(&board.heard.lock()), [(10, 11), (11, 14)]);
    let heard = board.heard.lock();
    let (Delta::Board(held), Delta::Board(changed)) = (&heard[0], &heard[1]) else {
        panic!("boards get board deltas")
    };
    assert!(
        held.changes.iter().all(|changes| changes.kind == ONLINE),
        "no word of staff's types"
    );
    assert!(held.changes[0].removed.contains(&half_hour(0)) && !held.types_changed);
    assert!(changed.types_changed);
    let staff = staff.heard.lock();
    let Delta::Staff(booked) = &staff[1] else { panic!() };
    assert_eq!(booked.people.get(BlobId(20)), Some(&person(20)));
}

#[test]
fn a_restart_does_not_break_resumption() {
    let mut bench = Bench::opened();
    let (staff, board) = (Arc::new(Listener::default()), Arc::new(Listener::default()));
    let (_, position) = bench.join(Audience::Staff, None, &staff);
    bench.join(Audience::Board, None, &board);
    for n in 20..24 {
        bench.order(book(n, ONLINE, half_hour(n - 20)));
        bench.finish();
    }
    bench.order(order(30, Command::SetType(kind(STAFF_ONLY, 45, false))));
    bench.finish();
    bench.feed = None;
    assert!(staff.closed.load(std::sync::atomic::Ordering::SeqCst));

    let mut next = Bench::new(bench.store.clone(), options());
    next.load();
    let again = Arc::new(Listener::default());
    for missed in 0..=4 {
        let seq = position + 5 - missed;
        let (deltas, now) = next.join(Audience::Staff, Some(seq), &again);
        assert_eq!((deltas.unwrap().len() as u64, now), (missed, 15), "staff");
    }
    let whole = spans(&next.join(Audience::Staff, Some(position), &again).0.unwrap());
    assert_eq!(whole, spans(&staff.heard.lock()), "the same deltas as before");
    let whole = spans(&next.join(Audience::Board, Some(position), &again).0.unwrap());
    assert_eq!(whole, spans(&board.heard.lock()));
    // Boards were last told 14. What made it 15 is nothing to them, and from now on they stand there: before anybody listens,
    // readers are told that position, and none may be ahead of who listens.
    let (deltas, now) = next.join(Audience::Board, Some(14), &again);
    assert_eq!((deltas.unwrap().len(), now), (0, 15));
    next.order(book(40, ONLINE, half_hour(5)));
    next.finish();
    assert!(spans(&again.heard.lock()).contains(&(14, 16)), "follows both positions");
    assert!(
        next.join(Audience::Staff, Some(17), &again).0.is_none(),
        "nobody was told 17"
    );
}

#[test]
fn whoever_missed_more_than_the_ring_holds_gets_a_snapshot() {
    let mut bench = Bench::opened();
    let sink = Arc::new(Listener::default());
    let before = bench.agenda().seq;
    for n in 0..RING {
        let minutes = if n % 2 == 0 { 45 } else { 30 };
        bench.order(order(100 + n, Command::SetType(kind(STAFF_ONLY, minutes, false))));
        bench.finish();
    }
    assert_eq!(
        bench.join(Audience::Staff, Some(before), &sink).0.unwrap().len(),
        RING_DELTAS_MAX
    );
    bench.order(order(100 + RING, Command::SetType(kind(STAFF_ONLY, 60, false))));
    bench.finish();
    assert!(bench.join(Audience::Staff, Some(before), &sink).0.is_none());
    assert_eq!(
        bench.join(Audience::Staff, Some(before + 1), &sink).0.unwrap().len(),
        RING_DELTAS_MAX
    );
    assert_eq!(
        bench.join(Audience::Board, Some(before), &sink).0.unwrap().len(),
        0,
        "boards missed nothing"
    );
}

#[test]
fn the_ring_rebuilt_from_a_long_tail_knows_where_it_begins() {
    let mut bench = Bench::opened();
    for n in 0..300_u128 {
        let minutes = if n % 2 == 0 { 45 } else { 30 };
        bench.order(order(100 + n, Command::SetType(kind(STAFF_ONLY, minutes, false))));
        bench.finish();
    }
    let mut next = Bench::new(bench.store.clone(), options());
    next.load();
    let sink = Arc::new(Listener::default());
    let head = next.agenda().seq;
    assert_eq!(
        next.join(Audience::Staff, Some(head - u64::try_from(RING).unwrap()), &sink)
            .0
            .unwrap()
            .len(),
        RING_DELTAS_MAX
    );
    assert!(
        next.join(Audience::Staff, Some(head - u64::try_from(RING).unwrap() - 1), &sink)
            .0
            .is_none()
    );
    assert!(
        next.join(Audience::Board, Some(head - u64::try_from(RING).unwrap() - 1), &sink)
            .0
            .is_none()
    );
}

#[test]
fn commands_of_one_append_are_told_as_if_each_had_come_alone() {
    let mut heard = Vec::new();
    for alone in [true, false] {
        let mut bench = Bench::opened();
        let sink = Arc::new(Listener::default());
        bench.join(Audience::Board, None, &sink);
        let orders = [
            book(20, ONLINE, half_hour(0)),
            book(21, ONLINE, half_hour(1)),
            book(22, ONLINE, half_hour(2)),
            order(
                23,
                Command::MoveBooking {
                    booking: BookingId(21),
                    start: half_hour(6),
                    allow: Allowances::default(),
                },
            ),
        ];
        for order in orders {
            bench.order(order);
            if alone {
                bench.finish();
            }
        }
        bench.finish();
        assert_eq!(bench.batches, if alone { vec![1; 4] } else { vec![1, 3] });
        heard.push(std::mem::take(&mut *sink.heard.lock()));
    }
    assert_eq!(heard[0].len(), 4);
    assert_eq!(heard[0], heard[1]);
}
