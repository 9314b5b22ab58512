//! The cell alone: no runtime, no store but a list. This file: what an append's outcome does to the orders.

mod bench;
mod life;
mod resumption;

use self::bench::{Bench, STREAM, accepted_first, refused};
use super::*;
use crate::fixtures::*;
use cabinet_domain::ids::{BookingId, CommandId};

#[test]
fn nothing_leaves_before_the_append_is_done() {
    let mut bench = Bench::opened();
    let ticket = bench.order(hold(20, half_hour(0)));
    assert_eq!((bench.replies.len(), bench.published), (0, 0));
    assert!(bench.agenda().holds.is_empty(), "readers see durable state only");
    bench.append();
    let Some(Ok(accepted)) = bench.reply(ticket) else {
        panic!("accepted: {:?}", bench.replies);
    };
    assert_eq!(accepted.seq, bench.agenda().seq);
    assert_eq!(accepted.hold.as_ref().unwrap().id, HoldId(20));
    assert_eq!(accepted.at, bench.now);
    assert_eq!(bench.published, 1);
}

#[test]
fn orders_that_wait_go_out_together_in_order() {
    let mut bench = Bench::opened();
    let first = bench.order(book(20, ONLINE, half_hour(0)));
    let waiting: Vec<u64> = (21..25)
        .map(|n| bench.order(book(n, ONLINE, half_hour(n - 20))))
        .collect();
    assert!(bench.replies.is_empty());
    bench.append();
    assert!(accepted_first(bench.reply(first)));
    assert_eq!(bench.replies.len(), 1, "the others rest on the second append");
    bench.append();
    assert!(waiting.iter().all(|ticket| accepted_first(bench.reply(*ticket))));
    assert_eq!(bench.batches, [1, 4]);
    assert_eq!(bench.published, 5);
    assert!(bench.append.is_none());
    assert_eq!(bench.agenda().bookings.len(), 5);
}

#[test]
fn a_refusal_waits_for_the_append_it_rests_on() {
    let mut bench = Bench::opened();
    bench.order(book(19, ONLINE, half_hour(9)));
    let winner = bench.order(book(20, ONLINE, half_hour(0)));
    let loser = bench.order(book(21, ONLINE, half_hour(0)));
    bench.append();
    assert_eq!((bench.reply(winner), bench.reply(loser)), (None, None));
    bench.append();
    assert!(accepted_first(bench.reply(winner)));
    assert!(refused(bench.reply(loser), &Refusal::SlotTaken));
    // On durable state alone, a refusal leaves at once.
    let again = bench.order(book(22, ONLINE, half_hour(0)));
    assert!(refused(bench.reply(again), &Refusal::SlotTaken));
}

#[test]
fn when_nothing_was_written_the_accepted_are_told_and_the_refused_decided_again() {
    for (error, told) in [
        (AppendError::Busy, ExecuteError::Busy),
        (AppendError::StorageFull, ExecuteError::StorageFull),
    ] {
        let mut bench = Bench::opened();
        bench.order(book(19, ONLINE, half_hour(9)));
        let winner = bench.order(book(20, ONLINE, half_hour(0)));
        let loser = bench.order(book(21, ONLINE, half_hour(0)));
        bench.append();
        bench.store.fate(Fate::Refused(error));
        bench.append();
        assert_eq!(bench.reply(winner), Some(&Err(told)));
        assert_eq!(bench.reply(loser), None, "the slot it was refused for is free");
        bench.finish();
        assert!(accepted_first(bench.reply(loser)));
        assert!(!bench.agenda().bookings.contains_key(&BookingId(20)));
        assert!(bench.notices.is_empty(), "{:?}", bench.notices);
    }
}

#[test]
fn a_batch_refused_as_a_whole_is_decided_singly() {
    for error in [AppendError::CheckFailed, AppendError::TooLarge, AppendError::NotSealed] {
        let mut bench = Bench::opened();
        bench.order(book(19, ONLINE, half_hour(9)));
        let tickets: Vec<u64> = (20..24)
            .map(|n| bench.order(book(n, ONLINE, half_hour(n - 20))))
            .collect();
        bench.append();
        bench.store.fate(Fate::Refused(error.clone()));
        bench.append();
        bench.append();
        // Alone, the second one fails again: it alone is told.
        bench.store.fate(Fate::Refused(error.clone()));
        bench.finish();
        assert_eq!(bench.batches, [1, 4, 1, 1, 1, 1], "{error}");
        let outcomes: Vec<bool> = tickets
            .iter()
            .map(|ticket| accepted_first(bench.reply(*ticket)))
            .collect();
        assert_eq!(outcomes, [true, false, true, true], "{error}");
        // The next batch is a batch again.
        for n in 30..33 {
            bench.order(book(n, ONLINE, half_hour(n - 25)));
        }
        bench.finish();
        assert_eq!(bench.batches[6..], [1, 2]);
    }
}

#[test]
fn an_unknown_outcome_is_resolved_by_what_the_store_has() {
    for (fate, written) in [(Fate::LostAnswer, true), (Fate::Refused(AppendError::Unknown), false)] {
        let mut bench = Bench::opened();
        let before = bench.agenda().seq;
        let lost = bench.order(hold(20, half_hour(0)));
        let waiting = bench.order(hold(21, half_hour(0)));
        bench.store.fate(fate);
        bench.append();
        assert!(bench.cell.agenda().is_none(), "serves nothing until reloaded");
        assert!(bench.replies.is_empty());
        assert_eq!(bench.notices, [Notice::OutcomeUnknown]);
        let during = bench.order(hold(22, half_hour(4)));
        bench.load();
        bench.finish();
        let Some(Ok(accepted)) = bench.reply(lost) else {
            panic!("{:?}", bench.replies);
        };
        assert_eq!(
            (accepted.seq, accepted.repeated),
            (before + 1, false),
            "written: {written}"
        );
        assert!(refused(bench.reply(waiting), &Refusal::SlotTaken));
        assert!(accepted_first(bench.reply(during)));
        let events = bench.store.events(STREAM);
        let held = events.iter().filter(|event| event.command_id == CommandId(20)).count();
        assert_eq!(held, 1, "done once");
    }
}

#[test]
fn a_failed_reload_says_unknown_only_to_those_that_were_sent() {
    let mut bench = Bench::opened();
    let sent = bench.order(hold(20, half_hour(0)));
    let waiting = bench.order(hold(21, half_hour(2)));
    bench.store.fate(Fate::Refused(AppendError::Unknown));
    bench.append();
    let effects = bench.cell.on_loaded(None, bench.now);
    bench.take(effects);
    assert_eq!(bench.reply(sent), Some(&Err(ExecuteError::Unknown)));
    assert_eq!(bench.reply(waiting), Some(&Err(ExecuteError::Busy)));
    assert_eq!(bench.ended, Some(Ended::NotLoaded));
    let late = bench.order(hold(22, half_hour(2)));
    assert_eq!(bench.reply(late), Some(&Err(ExecuteError::Busy)));
}

#[test]
fn another_writer_makes_the_cell_load_again_or_end() {
    let mut bench = Bench::opened();
    let ticket = bench.order(hold(20, half_hour(0)));
    bench.store.fate(Fate::Refused(AppendError::Conflict { head: 99 }));
    bench.append();
    bench.load();
    bench.finish();
    assert!(accepted_first(bench.reply(ticket)));

    let ticket = bench.order(hold(21, half_hour(1)));
    bench.store.fate(Fate::Refused(AppendError::Fenced { current: 9 }));
    bench.append();
    assert_eq!(
        bench.reply(ticket),
        Some(&Err(ExecuteError::Busy)),
        "nothing was written"
    );
    assert_eq!(bench.ended, Some(Ended::Fenced));
}
