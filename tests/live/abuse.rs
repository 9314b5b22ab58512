//! Clients that may not come in, that send what they should not, or that fall silent.

use crate::jam::resident_bytes;
use crate::rig::Rig;
use crate::source::Source;
use crate::wait::until;
use cabinet::edge::live::LiveOptions;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

const GOOD: &str = "practice=cabinet&practitioner=agenda-0";
const SOON: Duration = Duration::from_secs(10);

#[actix_web::test]
async fn who_may_not_come_in_is_told_why_before_any_handshake() {
    let source = Source::new(1, 5, 8);
    let options = LiveOptions {
        boards_per_address_max: 1,
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let long = format!("{GOOD}&seq=9999999999999999999999");
    for (query, origin, status) in [
        (GOOD, Some("https://evil.example"), Some(403)),
        (GOOD, Some("null"), Some(403)),
        ("practice=cabinet&practitioner=nobody", None, Some(404)),
        ("practice=other&practitioner=agenda-0", None, Some(404)),
        ("practice=cabinet", None, Some(400)),
        (long.as_str(), None, Some(400)),
        (GOOD, Some("https://rdv.example"), None),
    ] {
        assert_eq!(rig.open(query, origin).await.err(), status, "{query} {origin:?}");
    }
    until("the seat's return", SOON, || rig.metric("cabinet_boards_open") == 0.0).await;
    let _board = rig.board(0, None).await;
    assert_eq!(rig.open(GOOD, None).await.err(), Some(429));

    let mut wire = rig.connect(None).await;
    let request = format!("GET /live?{GOOD} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    wire.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(
        answer.contains("application/problem+json") && answer.contains("urn:cabinet:problem:"),
        "{answer}"
    );
}

#[actix_web::test]
async fn all_seats_taken_is_503_and_seats_come_back() {
    let source = Source::new(1, 5, 8);
    let rig = Rig::start(
        &source,
        LiveOptions {
            boards_max: 2,
            ..LiveOptions::default()
        },
        false,
    );
    let (first, _second) = (rig.board(0, None).await, rig.board(0, None).await);
    assert_eq!(rig.open(GOOD, None).await.err(), Some(503));
    first.leave().await;
    until("the seat's return", SOON, || rig.metric("cabinet_boards_open") == 1.0).await;
    rig.board(0, None).await;
}

#[actix_web::test]
async fn frames_a_board_may_not_send_close_it_with_their_code() {
    let source = Source::new(1, 5, 8);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let huge = [&[0x82, 0xff][..], &(1_u64 << 30).to_be_bytes(), &[0; 4]].concat();
    for (name, bytes, code) in [
        ("text", &[0x81, 0x81, 0, 0, 0, 0, b'x'][..], 1002),
        (
            "header of a text, its payload still to come",
            &[0x81, 0x85, 0, 0, 0, 0],
            1002,
        ),
        ("not masked", &[0x89, 0x00], 1002),
        ("reserved bit", &[0xc9, 0x80, 0, 0, 0, 0], 1002),
        ("unknown opcode", &[0x8b, 0x80, 0, 0, 0, 0], 1002),
        ("long ping", &[0x89, 0xfe, 0, 126, 0, 0, 0, 0], 1002),
        ("1 GiB", &huge, 1009),
        ("close", &[0x88, 0x80, 0, 0, 0, 0], 1000),
        ("close with half a code", &[0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        (
            "close with a code that may not be sent",
            &[0x88, 0x82, 0, 0, 0, 0, 3, 0xed],
            1002,
        ),
        (
            "close with a reason that is no text",
            &[0x88, 0x83, 0, 0, 0, 0, 3, 0xe8, 0xff],
            1007,
        ),
        (
            "64 KiB, not one byte of it sent",
            &[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            1002,
        ),
        ("a byte more", &[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], 1009),
    ] {
        assert_eq!(rig.board(0, None).await.closes_after(bytes).await, Some(code), "{name}");
    }
    until("their end", SOON, || {
        rig.reaper.open() == 0 && rig.metric("cabinet_boards_open") == 0.0
    })
    .await;
}

#[actix_web::test]
async fn a_ping_is_answered_with_its_payload_even_in_parts() {
    let source = Source::new(1, 5, 8);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    let mut board = rig.board(0, None).await;
    for part in [&[0x89, 0x83, 1, 2][..], &[3, 4, b'a' ^ 1], &[b'b' ^ 2, b'c' ^ 3]] {
        board.socket.get_mut().write_all(part).await.unwrap();
        board.socket.get_mut().flush().await.unwrap();
    }
    let pong = board.socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("abc".into()));
}

#[actix_web::test]
async fn a_frame_that_declares_1_gib_and_sends_100_mib_is_refused_at_its_header_whole_machine() {
    let source = Source::new(1, 5, 8);
    for with_tls in [false, true] {
        let rig = Rig::start(&source, LiveOptions::default(), with_tls);
        let mut healthy = rig.board(0, None).await;
        let mut wire = rig.raw(0, None).await;
        let block = vec![0x55_u8; 64 * 1024];
        let before = resident_bytes();
        let header = [&[0x82, 0xff][..], &(1_u64 << 30).to_be_bytes(), &[1, 2, 3, 4]].concat();
        wire.write_all(&header).await.unwrap();
        let mut sent = 0;
        let mut most = 0;
        while sent < 100 * 1024 * 1024 {
            most = most.max(resident_bytes().saturating_sub(before));
            match tokio::time::timeout(SOON, wire.write_all(&block)).await {
                Ok(Ok(())) => sent += block.len(),
                Ok(Err(_)) => break,
                Err(_) => panic!("the server neither reads nor ends the connection after {sent} bytes"),
            }
        }
        assert!(most < 1024 * 1024, "memory grew by {most} bytes (TLS: {with_tls})");
        until("its end", SOON, || rig.reaper.open() == 1).await;
        healthy.reach(source.change(0, &[], [9])).await;
        println!(
            "1 GiB declared, TLS {with_tls}: refused, {} KiB got away, memory grew {} KiB",
            sent / 1024,
            most / 1024
        );
    }
}

#[actix_web::test]
async fn who_does_not_answer_pings_is_closed_and_who_does_stays() {
    let source = Source::new(1, 5, 8);
    let options = LiveOptions {
        ping_period: Duration::from_millis(100),
        pong_deadline: Duration::from_millis(300),
        sweep_period: Duration::from_millis(20),
        ..LiveOptions::default()
    };
    let rig = Rig::start(&source, options, false);
    let mut answering = rig.board(0, None).await;
    let mut silent = rig.raw(0, None).await;
    let mut last_words = Vec::new();
    let ended = std::cell::Cell::new(false);
    let listening = async {
        silent.read_to_end(&mut last_words).await.unwrap();
        ended.set(true);
    };
    let reading = async {
        let mut pings = 0;
        while pings < 10 || !ended.get() {
            pings += usize::from(answering.socket.next().await.unwrap().unwrap().is_ping());
        }
    };
    tokio::time::timeout(SOON, async { tokio::join!(listening, reading) })
        .await
        .unwrap();
    assert!(
        last_words.ends_with(&[0x88, 9, 0x0f, 0xa9, b'n', b'o', b' ', b'p', b'o', b'n', b'g']),
        "{last_words:?}"
    );
    answering.reach(source.change(0, &[], [9])).await;
    assert_eq!(rig.metric("cabinet_boards_dropped_total"), 1.0);
}
