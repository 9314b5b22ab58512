//! Repeats, time, bounds, defects, blobs, checkpoints, the end.

use super::bench::{Bench, accepted_first, options, refused};
use crate::agenda::cell::*;
use crate::fixtures::*;
use cabinet_domain::decide::decide;
use cabinet_domain::ids::{BookingId, Seq};

#[test]
fn a_repeated_command_is_answered_and_not_done_again() {
    let mut bench = Bench::opened();
    let first = bench.order(hold(20, half_hour(0)));
    let twin = bench.order(hold(20, half_hour(0)));
    bench.finish();
    bench.pass(10);
    let late = bench.order(hold(20, half_hour(0)));
    let mut other_body = hold(20, half_hour(3));
    other_body.digest = [2; 16];
    let reused = bench.order(other_body);
    let first = bench.reply(first).unwrap().clone().unwrap();
    for ticket in [twin, late] {
        let again = bench.reply(ticket).unwrap().clone().unwrap();
        assert_eq!(
            again,
            Accepted {
                repeated: true,
                ..first.clone()
            }
        );
    }
    assert!(refused(bench.reply(reused), &Refusal::CommandIdReused));
    assert_eq!(bench.batches, [1]);

    // A restart forgets nothing of it.
    let mut next = Bench::new(bench.store.clone(), options());
    next.now = bench.now;
    let after_restart = next.order(hold(20, half_hour(0)));
    assert!(next.replies.is_empty(), "nothing is known before it is loaded");
    next.load();
    let again = next.reply(after_restart).unwrap().clone().unwrap();
    assert_eq!(
        again,
        Accepted {
            repeated: true,
            ..first
        }
    );
}

#[test]
fn holds_end_on_time_and_at_once_after_a_restart() {
    let mut bench = Bench::opened();
    bench.order(hold(20, half_hour(0)));
    bench.finish();
    let ends = bench.now.plus_seconds(HOLD_SECONDS);
    assert_eq!(bench.timer, Some(ends));
    bench.now = UtcMillis(ends.0 - 1);
    bench.timer();
    assert!(bench.append.is_none(), "not a millisecond early");
    assert_eq!(bench.timer, Some(ends));
    bench.now = ends;
    bench.timer();
    bench.timer();
    bench.finish();
    assert!(bench.agenda().holds.is_empty());
    assert_eq!(bench.batches, [1, 1], "ended once");

    bench.order(hold(21, half_hour(0)));
    bench.finish();
    let mut next = Bench::new(bench.store.clone(), options());
    next.now = bench.now.plus_seconds(HOLD_SECONDS + 5);
    next.load();
    next.finish();
    assert!(next.agenda().holds.is_empty());
}

#[test]
fn the_end_of_a_hold_that_fails_is_ordered_again_a_second_later() {
    let mut bench = Bench::opened();
    bench.order(hold(20, half_hour(0)));
    bench.finish();
    bench.pass(HOLD_SECONDS);
    bench.store.fate(Fate::Refused(AppendError::Busy));
    bench.timer();
    bench.append();
    assert!(bench.append.is_none(), "no storm of retries");
    assert_eq!(bench.timer, Some(bench.now.plus_seconds(1)));
    bench.pass(1);
    bench.timer();
    bench.finish();
    assert!(bench.agenda().holds.is_empty());
}

#[test]
fn a_full_queue_says_busy_at_its_bound() {
    let mut bench = Bench::opened();
    bench.order(book(20, ONLINE, half_hour(0)));
    let fitting: Vec<u64> = (21..29)
        .map(|n| bench.order(book(n, ONLINE, half_hour(n - 20))))
        .collect();
    let over = bench.order(book(30, ONLINE, half_hour(12)));
    assert_eq!(bench.reply(over), Some(&Err(ExecuteError::Busy)));
    assert_eq!(bench.notices, [Notice::QueueFull]);
    bench.finish();
    assert!(fitting.iter().all(|ticket| accepted_first(bench.reply(*ticket))));
}

#[test]
fn an_append_takes_at_most_so_many_events_as_storage_does() {
    let mut bench = Bench::new(
        TestStore::new(),
        CellOptions {
            waiting_orders_max: 1_000,
            ..options()
        },
    );
    bench.load();
    for order in opening() {
        bench.order(order);
    }
    bench.finish();
    bench.forget();
    bench.order(book(19, ONLINE, half_hour(0)));
    for n in 0..300 {
        let days = n / 20;
        bench.order(book(20 + n, STAFF_ONLY, half_hour(1 + n % 20).plus(days_long(days))));
    }
    bench.finish();
    assert_eq!(bench.batches, [1, EVENTS_PER_APPEND_MAX, 300 - EVENTS_PER_APPEND_MAX]);
    assert_eq!(bench.agenda().bookings.len(), 301);
}

#[test]
fn a_panic_in_the_rules_is_the_askers_alone() {
    fn broken(agenda: &Agenda, command: &Command, stamp: &Stamp) -> Result<Vec<cabinet_domain::event::Event>, Refusal> {
        if matches!(command, Command::CancelBooking { .. }) {
            panic!("a planned defect");
        }
        decide(agenda, command, stamp)
    }
    let mut bench = Bench::new(
        TestStore::new(),
        CellOptions {
            decide: broken,
            ..options()
        },
    );
    bench.load();
    for order in opening() {
        bench.order(order);
        bench.finish();
    }
    bench.forget();
    bench.order(book(20, ONLINE, half_hour(0)));
    let poison = Command::CancelBooking {
        booking: BookingId(20),
        by: cabinet_domain::command::Canceller::Practice,
    };
    let poisoned = bench.order(order(21, poison));
    let healthy = bench.order(book(22, ONLINE, half_hour(1)));
    bench.finish();
    assert_eq!(bench.reply(poisoned), Some(&Err(ExecuteError::Internal)));
    assert!(accepted_first(bench.reply(healthy)));
    assert_eq!(bench.notices, [Notice::PanicCaught]);
}

#[test]
fn a_command_carries_exactly_the_blob_it_names() {
    let mut bench = Bench::opened();
    let mut none = book(20, ONLINE, half_hour(0));
    none.personal.clear();
    let mut other = book(21, ONLINE, half_hour(0));
    other.personal[0].patient = cabinet_domain::ids::PatientId(99);
    let mut stowaway = book(22, ONLINE, half_hour(0));
    stowaway.personal.push(part(23));
    for order in [none, other, stowaway] {
        let ticket = bench.order(order);
        let outcome = bench.reply(ticket);
        assert!(
            matches!(
                outcome,
                Some(Err(ExecuteError::Refused(Refusal::Invalid { field: "personal", .. })))
            ),
            "{outcome:?}"
        );
    }
    assert!(bench.append.is_none());
}

#[test]
fn blobs_go_with_the_booking_that_names_them() {
    let mut bench = Bench::opened();
    bench.order(book(20, ONLINE, half_hour(0)));
    bench.order(book(21, ONLINE, half_hour(1)));
    bench.finish();
    assert_eq!(bench.cell.people().unwrap().len(), 2);
    let cancel = Command::CancelBooking {
        booking: BookingId(20),
        by: cabinet_domain::command::Canceller::Practice,
    };
    bench.order(order(22, cancel));
    bench.finish();
    bench.cell.leave_alone();
    assert!(bench.cell.people().is_none(), "nobody looks: nobody is opened");
    bench.order(book(23, ONLINE, half_hour(2)));
    bench.finish();
    let effects = bench.cell.attend();
    bench.take(effects);
    let left: Vec<BlobId> = bench.cell.people().unwrap().keys().copied().collect();
    assert_eq!(left, [BlobId(21), BlobId(23)]);
    let mut next = Bench::new(bench.store.clone(), options());
    next.load();
    assert_eq!(next.cell.people().unwrap().len(), 2, "nor are they kept over a restart");
}

#[test]
fn checkpoints_come_ever_more_rarely_and_the_last_one_at_the_end() {
    let mut bench = Bench::opened();
    let opened = bench.agenda().seq;
    assert_eq!(opened, 10);
    for n in 0..50_u128 {
        bench.order(book(20 + n, ONLINE, half_hour(n % 20).plus(days_long(n / 20))));
        bench.finish();
    }
    assert_eq!(bench.agenda().seq, 60);
    let seqs = |bench: &Bench| -> Vec<Seq> { bench.checkpoints.iter().map(|kept| kept.agenda.seq).collect() };
    assert_eq!(
        seqs(&bench),
        [20, 48],
        "after 20 events; then when a third of what the state holds is 28"
    );
    for n in 0..19_u128 {
        bench.order(book(80 + n, STAFF_ONLY, half_hour(n).plus(days_long(5))));
        bench.finish();
    }
    assert_eq!(seqs(&bench), [20, 48]);
    assert_eq!(bench.checkpoints[1].people.len(), 38);
    let effects = bench.cell.retire(bench.now);
    bench.take(effects);
    assert_eq!(bench.ended, Some(Ended::Retired));
    assert_eq!(
        seqs(&bench),
        [20, 48, 79],
        "a tail of 31 would make the next start slow"
    );
}

#[test]
fn retiring_finishes_what_waits_and_takes_no_more() {
    let mut bench = Bench::opened();
    let first = bench.order(book(20, ONLINE, half_hour(0)));
    let second = bench.order(book(21, ONLINE, half_hour(1)));
    let effects = bench.cell.retire(bench.now);
    bench.take(effects);
    assert_eq!(bench.ended, None);
    let late = bench.order(book(22, ONLINE, half_hour(2)));
    assert_eq!(bench.reply(late), Some(&Err(ExecuteError::Busy)));
    bench.finish();
    assert!(accepted_first(bench.reply(first)) && accepted_first(bench.reply(second)));
    assert_eq!(bench.ended, Some(Ended::Retired));
}
