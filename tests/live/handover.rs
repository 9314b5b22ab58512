//! The stream's way from the HTTP library to the hub: on whichever request of a connection, with whatever the client sent
//! ahead, plain and over TLS; and what must not make that way.

use crate::rig::{Rig, Wire};
use crate::source::Source;
use crate::wait::until;
use cabinet::edge::live::LiveOptions;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOON: Duration = Duration::from_secs(10);
const PLAIN: &str = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A proper handshake with further header lines, each ended by a line break.
fn handshake(upgrade: &str, lines: &str) -> String {
    format!(
        "GET /live?practice=cabinet&practitioner=agenda-0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
         Upgrade: {upgrade}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// A masked ping; the mask is zero, which masks nothing.
fn ping(number: u32) -> Vec<u8> {
    [&[0x89, 0x84, 0, 0, 0, 0][..], &number.to_be_bytes()].concat()
}

async fn head(wire: &mut Wire) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// The next frame of the server: its first byte and its payload.
async fn frame(wire: &mut Wire) -> (u8, Vec<u8>) {
    let (first, length) = (wire.read_u8().await.unwrap(), wire.read_u8().await.unwrap());
    let bytes = match length {
        126 => u64::from(wire.read_u16().await.unwrap()),
        127 => wire.read_u64().await.unwrap(),
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(bytes).unwrap()];
    wire.read_exact(&mut payload).await.unwrap();
    (first, payload)
}

async fn snapshot(wire: &mut Wire) {
    let (first, payload) = frame(wire).await;
    assert_eq!(first, 0x81);
    assert!(payload.starts_with(br#"{"event":"snapshot""#));
}

#[actix_web::test]
async fn a_board_is_served_and_left_in_good_order_plain_and_over_tls() {
    for with_tls in [false, true] {
        let source = Source::new(1, 2_000, 256);
        let rig = Rig::start(&source, LiveOptions::default(), with_tls);
        let mut board = rig.board(0, None).await;
        for start in 0..50 {
            board.reach(source.change(0, &[start], [])).await;
        }
        assert_eq!((board.snapshots, &board.slots), (1, &source.state(0).1));
        board.leave().await;
        until("the board's end", SOON, || {
            rig.metric("cabinet_boards_open") == 0.0 && rig.reaper.open() == 0
        })
        .await;
    }
}

#[actix_web::test]
async fn a_board_may_be_a_later_request_of_a_connection_waited_for_or_not() {
    let source = Source::new(1, 5, 8);
    for with_tls in [false, true] {
        let rig = Rig::start(&source, LiveOptions::default(), with_tls);
        let mut patient = rig.connect(None).await;
        patient.write_all(PLAIN.as_bytes()).await.unwrap();
        assert!(head(&mut patient).await.starts_with("HTTP/1.1 404"));
        patient.write_all(handshake("websocket", "").as_bytes()).await.unwrap();
        let mut hasty = rig.connect(None).await;
        let both = format!("{PLAIN}{}", handshake("WebSocket", ""));
        hasty.write_all(both.as_bytes()).await.unwrap();
        assert!(head(&mut hasty).await.starts_with("HTTP/1.1 404"));
        for mut wire in [patient, hasty] {
            assert!(head(&mut wire).await.starts_with("HTTP/1.1 101"));
            snapshot(&mut wire).await;
            source.change(0, &[1], [1]);
            assert_eq!(frame(&mut wire).await.0, 0x81);
        }
    }
}

#[actix_web::test]
async fn what_a_client_sends_without_waiting_for_the_answer_is_read_to_its_last_byte() {
    let source = Source::new(1, 5, 8);
    let last = 40_000;
    for with_tls in [false, true] {
        let rig = Rig::start(&source, LiveOptions::default(), with_tls);
        let (mut reading, mut writing) = tokio::io::split(rig.connect(None).await);
        let mut ahead = handshake("websocket", "").into_bytes();
        ahead.extend((0..=last).flat_map(ping));
        let all = async {
            let end = [&[0x8a, 4][..], &u32::to_be_bytes(last)].concat();
            let mut said = Vec::new();
            let mut buffer = [0; 4_096];
            while !said.windows(end.len()).any(|six| six == end) {
                let count = reading.read(&mut buffer).await.unwrap();
                assert!(count > 0, "ended after {} bytes", said.len());
                // The end may lie across two reads.
                let kept = said.len().saturating_sub(end.len());
                said.drain(..kept);
                said.extend_from_slice(&buffer[..count]);
            }
        };
        let (sent, ()) = tokio::join!(writing.write_all(&ahead), all);
        sent.unwrap();
    }
}

/// What follows such a head is not what a WebSocket's frames are for one of the two readers.
#[actix_web::test]
async fn an_upgrade_that_says_it_has_a_body_or_another_protocol_is_refused() {
    let source = Source::new(1, 5, 8);
    let rig = Rig::start(&source, LiveOptions::default(), false);
    for (upgrade, lines) in [
        ("websocket", "Content-Length: 0\r\n"),
        ("websocket", "Content-Length: 10\r\n"),
        ("websocket", "Transfer-Encoding: chunked\r\n"),
        ("websocket, other", ""),
        ("other, websocket", ""),
        ("xwebsocket", ""),
    ] {
        let mut wire = rig.connect(None).await;
        wire.write_all(handshake(upgrade, lines).as_bytes()).await.unwrap();
        let answer = head(&mut wire).await;
        assert!(answer.starts_with("HTTP/1.1 426"), "{upgrade:?} {lines:?}: {answer}");
    }
    assert_eq!(rig.metric("cabinet_boards_open"), 0.0);
}

#[actix_web::test]
async fn a_client_that_is_gone_before_its_answer_leaves_nothing_behind() {
    let source = Source::new(1, 2_000, 8);
    for with_tls in [false, true] {
        let rig = Rig::start(&source, LiveOptions::default(), with_tls);
        for _ in 0..20 {
            let mut wire = rig.connect(None).await;
            wire.write_all(handshake("websocket", "").as_bytes()).await.unwrap();
            drop(wire);
        }
        let healthy = rig.board(0, None).await;
        until("their end", SOON, || {
            rig.metric("cabinet_boards_open") == 1.0 && rig.reaper.open() == 1
        })
        .await;
        healthy.leave().await;
    }
}

/// Boards count as the server's connections: a graceful stop waits for them to say goodbye, and not longer than it must.
#[actix_web::test]
async fn a_graceful_stop_tells_boards_and_waits_until_they_have_left() {
    let source = Source::new(1, 5, 8);
    for with_tls in [false, true] {
        let mut rig = Rig::start(&source, LiveOptions::default(), with_tls);
        let mut told = rig.board(0, None).await;
        // Perhaps not seen by its hub yet. Bug: it was not told, and the stop waited for it until its patience had ended.
        let silent = rig.raw(0, None).await;
        rig.hubs.stop();
        assert_eq!(told.close_code().await, Some(1001));
        tokio::time::timeout(Duration::from_secs(4), rig.stop_gracefully())
            .await
            .expect("the stop waited for a board that says nothing");
        assert_eq!((rig.metric("cabinet_boards_open"), rig.reaper.open()), (0.0, 0));
        drop(silent);
    }
}
