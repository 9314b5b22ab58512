//! Tables for the frame guard: each stream is read whole, and byte by byte.

use super::*;
use futures_util::StreamExt;

const LIMITS: FrameLimits = FrameLimits {
    frame_bytes_max: 1_000,
    message_bytes_max: 1_500,
};

/// A client's frame header that declares `bytes`.
fn header(first: u8, bytes: u64) -> Vec<u8> {
    let mut header = vec![first];
    if let Ok(short @ 0..=125) = u8::try_from(bytes) {
        header.push(0x80 | short);
    } else if let Ok(medium) = u16::try_from(bytes) {
        header.push(0x80 | 126);
        header.extend(medium.to_be_bytes());
    } else {
        header.push(0x80 | 127);
        header.extend(bytes.to_be_bytes());
    }
    header.extend([1, 2, 3, 4]);
    header
}

fn frame(first: u8, bytes: usize) -> Vec<u8> {
    let mut frame = header(first, bytes as u64);
    frame.extend(std::iter::repeat_n(7, bytes));
    frame
}

type Ended = Result<Vec<(Opcode, u64)>, FrameRefusal>;

/// Frames that ended, or the refusal.
fn read(bytes: &[u8], step: usize) -> Ended {
    let mut guard = FrameGuard::new(LIMITS);
    let mut ended = Vec::new();
    for mut chunk in bytes.chunks(step) {
        while let Some(piece) = guard.next_piece(&mut chunk)? {
            if piece.last {
                ended.push((piece.opcode, piece.offset + piece.masked.len() as u64));
            }
        }
    }
    Ok(ended)
}

#[test]
fn frames_are_passed_or_refused_however_their_bytes_arrive() {
    use FrameRefusal::{Malformed, TooBig};
    use Opcode::{Close, Data, Ping, Pong};
    let join = |parts: &[Vec<u8>]| parts.concat();
    let unmasked = vec![0x81, 0x01, 7];
    let cases: Vec<(&str, Vec<u8>, Ended)> = vec![
        ("empty text", frame(0x81, 0), Ok(vec![(Data, 0)])),
        ("text", frame(0x81, 5), Ok(vec![(Data, 5)])),
        ("at the limit", frame(0x82, 1_000), Ok(vec![(Data, 1_000)])),
        ("over the limit", frame(0x82, 1_001), Err(TooBig)),
        ("declares 1 GiB", header(0x82, 1 << 30), Err(TooBig)),
        ("declares the most", header(0x82, u64::MAX), Err(TooBig)),
        (
            "two frames",
            join(&[frame(0x81, 200), frame(0x8a, 3)]),
            Ok(vec![(Data, 200), (Pong, 3)]),
        ),
        ("control at the limit", frame(0x89, 125), Ok(vec![(Ping, 125)])),
        ("control too long", frame(0x89, 126), Err(Malformed)),
        ("control in fragments", frame(0x09, 1), Err(Malformed)),
        ("close", frame(0x88, 2), Ok(vec![(Close, 2)])),
        (
            "fragments with a ping between",
            join(&[frame(0x01, 700), frame(0x89, 0), frame(0x80, 800)]),
            Ok(vec![(Data, 700), (Ping, 0), (Data, 800)]),
        ),
        (
            "message over the limit",
            join(&[frame(0x01, 1_000), frame(0x80, 501)]),
            Err(TooBig),
        ),
        ("continues nothing", frame(0x80, 1), Err(Malformed)),
        (
            "starts anew inside a message",
            join(&[frame(0x01, 1), frame(0x81, 1)]),
            Err(Malformed),
        ),
        ("reserved bit", frame(0xc1, 1), Err(Malformed)),
        ("unknown opcode", frame(0x83, 1), Err(Malformed)),
        ("not masked", unmasked, Err(Malformed)),
    ];
    for (name, bytes, expected) in cases {
        for step in [1, 3, bytes.len()] {
            assert_eq!(read(&bytes, step), expected, "{name}, {step} bytes at a time");
        }
    }
}

#[test]
fn any_bytes_end_in_a_verdict_without_a_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..40)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_be_bytes()[0]
            })
            .collect();
        assert_eq!(read(&bytes, 1), read(&bytes, bytes.len()));
    }
}

#[actix_web::test]
async fn a_guarded_payload_ends_at_the_refused_header_and_says_why() {
    let chunks = vec![
        Ok(Bytes::from(frame(0x81, 4))),
        Ok(Bytes::from(header(0x82, 1 << 30))),
        Ok(Bytes::from("more")),
    ];
    let mut guarded = GuardedPayload::new(futures_util::stream::iter(chunks), LIMITS);
    let verdict = guarded.verdict();
    assert_eq!(guarded.next().await.unwrap().unwrap().len(), 10);
    assert_eq!(verdict.refusal(), None);
    assert!(guarded.next().await.unwrap().is_err());
    assert_eq!(verdict.refusal().map(FrameRefusal::close_code), Some(1009));
    assert!(guarded.next().await.is_none());
}
