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

/// A frame with this payload.
fn says(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    let mask = [1, 2, 3, 4].into_iter().cycle();
    frame.extend(payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
    frame
}

type Ended = Result<Vec<(Opcode, u64)>, FrameRefusal>;

/// Frames that ended, or the refusal.
fn read(bytes: &[u8], step: usize) -> Ended {
    let mut guard = FrameGuard::new(LIMITS);
    let (mut ended, mut so_far) = (Vec::new(), 0);
    for mut chunk in bytes.chunks(step) {
        while let Some(piece) = guard.next_piece(&mut chunk)? {
            so_far += piece.bytes as u64;
            if piece.last {
                ended.push((piece.opcode, std::mem::take(&mut so_far)));
            }
        }
    }
    Ok(ended)
}

#[test]
fn frames_are_passed_or_refused_however_their_bytes_arrive() {
    use FrameRefusal::{Malformed, TooBig};
    use Opcode::{Data, Ping, Pong};
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
fn text_is_refused_at_its_first_wrong_byte_and_closes_for_what_they_carry() {
    use FrameRefusal::{Malformed, NotText};
    use Opcode::{Close, Data, Ping};
    let join = |parts: &[Vec<u8>]| parts.concat();
    let long = "é".repeat(499);
    let cases: Vec<(&str, Vec<u8>, Ended)> = vec![
        (
            "two bytes a character",
            says(0x81, long.as_bytes()),
            Ok(vec![(Data, 998)]),
        ),
        (
            "a character over two fragments, a ping between",
            join(&[says(0x01, b"\xe2\x82"), says(0x89, b"\xff"), says(0x80, b"\xac")]),
            Ok(vec![(Data, 2), (Ping, 1), (Data, 1)]),
        ),
        ("ends inside a character", says(0x81, b"ab\xe2\x82"), Err(NotText)),
        ("wrong in the middle", says(0x81, b"ab\xffcd"), Err(NotText)),
        ("a surrogate", says(0x81, b"\xed\xa0\x80"), Err(NotText)),
        ("binary is any bytes", says(0x82, b"\xff\xfe"), Ok(vec![(Data, 2)])),
        (
            "a continuation of binary is binary",
            join(&[says(0x02, b"\xff"), says(0x80, b"\xff")]),
            Ok(vec![(Data, 1), (Data, 1)]),
        ),
        (
            "text after binary is text",
            join(&[says(0x82, b"\xff"), says(0x81, b"\xff")]),
            Err(NotText),
        ),
        ("close without a code", says(0x88, b""), Ok(vec![(Close, 0)])),
        ("close with half a code", says(0x88, b"\x03"), Err(Malformed)),
        ("close with a reason", says(0x88, b"\x03\xe8bye"), Ok(vec![(Close, 5)])),
        ("close with a wrong reason", says(0x88, b"\x03\xe8\xff"), Err(NotText)),
    ];
    for (name, bytes, expected) in cases {
        for step in [1, 3, bytes.len()] {
            assert_eq!(read(&bytes, step), expected, "{name}, {step} bytes at a time");
        }
    }
    // The frame is not there as a whole: its third byte is enough.
    let mut early = header(0x81, 900);
    early.extend([b'a' ^ 1, 0xf4 ^ 2, 0x90 ^ 3]);
    assert_eq!(read(&early, 1), Err(NotText));
    assert_eq!(read(&early[..early.len() - 1], 1), Ok(vec![]));
}

#[test]
fn only_close_codes_that_may_be_sent_are_passed() {
    for code in 0..=u16::MAX {
        let fine = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        assert_eq!(read(&says(0x88, &code.to_be_bytes()), 8).is_ok(), fine, "{code}");
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
async fn a_guarded_payload_ends_before_what_is_refused_and_says_why() {
    let fine = frame(0x81, 4);
    let refused = [fine.clone(), header(0x82, 1 << 30)].concat();
    let chunks = vec![
        Ok(Bytes::from(fine.clone())),
        Ok(Bytes::from(refused)),
        Ok(Bytes::from("more")),
    ];
    let mut guarded = GuardedPayload::new(futures_util::stream::iter(chunks), LIMITS);
    let verdict = guarded.verdict();
    assert_eq!(guarded.next().await.unwrap().unwrap(), fine);
    assert_eq!(verdict.refusal(), None);
    assert_eq!(guarded.next().await.unwrap().unwrap(), fine);
    assert_eq!(verdict.refusal(), Some(FrameRefusal::TooBig));
    assert!(guarded.next().await.is_none());
}

#[actix_web::test]
async fn a_guarded_payload_ends_after_a_close_frame() {
    let close = says(0x88, b"\x03\xe8");
    let chunks = vec![Ok(Bytes::from([close.clone(), frame(0x89, 1)].concat()))];
    let mut guarded = GuardedPayload::new(futures_util::stream::iter(chunks), LIMITS);
    assert_eq!(guarded.next().await.unwrap().unwrap(), close);
    assert!(guarded.next().await.is_none());
    assert_eq!(guarded.verdict().refusal(), None);
}
