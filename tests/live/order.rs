//! What a board is shown, and in which order, however it comes and whatever happens behind it.

use crate::rig::Rig;
use crate::source::Source;
use crate::wait::until;
use cabinet::edge::live::LiveOptions;
use cabinet_domain::ids::HistoryId;
use std::sync::atomic::Ordering;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[actix_web::test]
async fn a_board_gets_a_snapshot_then_every_change_and_resumes_where_it_left() {
    let source = Source::new(1, 20, 8);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let mut board = rig.board(0, None).await;
    assert_eq!((board.snapshots, board.seq, board.slots.len()), (1, 10, 20));
    let seq = source.change(0, &[3, 4], []);
    board.reach(seq).await;
    assert_eq!(board.slots, source.state(0).1);

    let (history, seq) = board.leave().await;
    let now = [source.change(0, &[5], [3]), source.change(0, &[6], [])][1];
    let mut back = rig.board(0, Some((&history, seq))).await;
    assert!(back.resumed);
    back.slots = (0..20).filter(|start| ![3, 4].contains(start)).collect();
    back.reach(now).await;
    assert_eq!(back.slots, source.state(0).1);
    assert_eq!(back.snapshots, 0);
    assert_eq!(
        source.asked.load(Ordering::SeqCst),
        1,
        "the hub knew the rest by itself"
    );
}

#[actix_web::test]
async fn positions_that_are_too_old_or_ahead_or_of_another_history_get_a_snapshot() {
    let source = Source::new(1, 5, 4);
    for _ in 0..6 {
        source.change(0, &[1], [1]);
    }
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let history = rig.board(0, None).await.history;
    let elsewhere = "000000000000000000000000000000ff";
    // history, seq -> resumed: the source remembers four changes (from 16 on), the position is 28
    for (history, seq, resumed) in [
        (history.as_str(), 28, true),
        (&history, 16, true),
        (&history, 13, false),
        (&history, 29, false),
        (elsewhere, 28, false),
        (&history, 16, true),
    ] {
        let mut board = rig.board(0, Some((history, seq))).await;
        assert_eq!(board.resumed, resumed, "{history} {seq}");
        board.slots = source.state(0).1;
        board.reach(28).await;
    }
}

/// Regression: a board further back or further on than the one that was asked for got everything anew, though the agenda knew
/// its position.
#[actix_web::test]
async fn boards_that_come_while_the_agenda_is_being_asked_go_on_from_their_own_positions() {
    // The source remembers four changes, from 16 on. First come, then come, whether the first goes on from there.
    for (first, then, goes_on) in [(22, 16, true), (16, 25, true), (13, 19, false)] {
        let source = Source::new(1, 5, 4);
        for _ in 0..6 {
            source.change(0, &[1], [1]);
        }
        let rig = Rig::start(&source, LiveOptions::default(), false);
        let history = HistoryId(900).to_string();
        source.shut.store(true, Ordering::SeqCst);
        let come = |seq| rig.board(0, Some((&history, seq)));
        let second = async {
            until("the question", SOON, || source.put.load(Ordering::SeqCst) == 1).await;
            let answered = async {
                until("both", SOON, || rig.metric("cabinet_boards_open") == 2.0).await;
                source.shut.store(false, Ordering::SeqCst);
            };
            tokio::join!(come(then), answered).0
        };
        let (first, second) = tokio::join!(come(first), second);
        assert_eq!(
            (first.resumed, second.resumed),
            (goes_on, true),
            "{first_seq} {then}",
            first_seq = first.seq
        );
    }
}

#[actix_web::test]
async fn a_new_server_resumes_boards_from_the_agenda() {
    let source = Source::new(1, 20, 256);
    let first = Rig::start(&source, LiveOptions::default(), false);
    let mut board = first.board(0, None).await;
    board.reach(source.change(0, &[1], [])).await;
    let slots = board.slots.clone();
    first.hubs.stop();
    assert_eq!(board.close_code().await, Some(1001));
    drop(first);
    let missed = source.change(0, &[2], []);

    let second = Rig::start(&source, LiveOptions::default(), false);
    let mut back = second.board(0, Some((&board.history, board.seq))).await;
    assert!(back.resumed);
    back.slots = slots;
    back.reach(missed).await;
    back.reach(source.change(0, &[], [1, 2])).await;
    assert_eq!(back.slots, source.state(0).1);
}

#[actix_web::test]
async fn an_agenda_that_ends_or_loses_its_history_is_read_again_without_a_gap() {
    let source = Source::new(1, 20, 256);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let mut board = rig.board(0, None).await;
    source.refuse.store(2, Ordering::SeqCst);
    source.end(0);
    let unheard = source.change(0, &[7], []);
    board.reach(unheard).await;
    assert_eq!(board.snapshots, 1, "the missed change came as a change");

    source.lose_history(0);
    source.end(0);
    board.step().await;
    assert_eq!(board.snapshots, 2);
    board.reach(source.change(0, &[8], [])).await;
    assert_eq!(board.slots, source.state(0).1);
    until("the old sinks' leaving", SOON, || source.sinks(0) == 1).await;
}

#[actix_web::test]
async fn a_topic_that_nobody_watches_is_given_up_after_its_grace() {
    let source = Source::new(1, 5, 256);
    let grace = Duration::from_millis(50);
    let options = LiveOptions {
        topic_grace: grace,
        sweep_period: grace,
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let board = rig.board(0, None).await;
    assert_eq!((source.sinks(0), rig.metric("cabinet_boards_open")), (1, 1.0));
    board.leave().await;
    until("the topic's end", SOON, || source.sinks(0) == 0).await;
    until("the board's end", SOON, || {
        rig.metric("cabinet_boards_open") == 0.0 && rig.reaper.open() == 0
    })
    .await;
    assert_eq!(rig.metric("cabinet_board_topics"), 0.0);
}

#[actix_web::test]
async fn five_hundred_boards_of_one_topic_converge_on_one_encoding_whole_machine() {
    let source = Source::new(1, 400, 256);
    let options = LiveOptions {
        boards_per_address_max: 500,
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let joining = futures_util::future::join_all((0..500).map(|_| rig.board(0, None)));
    let mut boards = joining.await;
    assert!(source.asked.load(Ordering::SeqCst) <= 3, "one snapshot serves all");
    let encoded = rig.metric("cabinet_board_frames_encoded_total");
    let mut last = 0;
    for start in 0..300 {
        last = source.change(0, &[start], [1_000 + start]);
    }
    let all = boards.iter_mut().map(|board| board.reach(last));
    futures_util::future::join_all(all).await;
    for board in &boards {
        assert_eq!(board.slots, source.state(0).1);
        assert_eq!(board.snapshots, 1);
    }
    assert_eq!(
        rig.metric("cabinet_board_frames_encoded_total") - encoded,
        300.0,
        "once per change, not per board"
    );
    assert!(
        rig.metric("cabinet_board_writes_total") < 500.0 * 300.0,
        "what waits is merged"
    );
}

#[actix_web::test]
async fn a_hub_whose_mailbox_is_full_reads_the_topic_again_and_boards_converge() {
    let source = Source::new(1, 400, 8);
    let options = LiveOptions {
        mailbox_messages_max: 1,
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let mut board = rig.board(0, None).await;
    let mut last = 0;
    for start in 0..300 {
        last = source.change(0, &[start], []);
    }
    board.reach(last).await;
    assert_eq!(board.slots, source.state(0).1);
    assert!(rig.metric("cabinet_board_topic_resyncs_total") > 0.0);
}

#[actix_web::test]
async fn in_a_storm_several_changes_leave_in_one_write_and_none_is_missed() {
    let source = Source::new(1, 20, 256);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let mut board = rig.board(0, None).await;
    let changes: u32 = 600;
    let storm = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        for number in 0..changes {
            ticks.tick().await;
            let (taken, freed) = if number % 2 == 0 { (5, 100) } else { (100, 5) };
            source.change(0, &[taken], [freed]);
        }
    };
    tokio::join!(storm, board.reach(10 + 3 * u64::from(changes)));
    assert_eq!(board.slots, source.state(0).1);
    let writes = rig.metric("cabinet_board_writes_total");
    assert!(writes * 3.0 < f64::from(changes), "{writes} writes");
}
