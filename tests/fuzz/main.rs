//! Bad input by the hundred thousand, for everything that reads bytes from outside: frames of both sockets, session frames,
//! HTTP bodies, the configuration. What storage reads is fuzzed beside it (`storage/journal/fuzz_tests.rs`,
//! `storage/keyring/file.rs`), smuggled requests on the binary (`tests/binary/smuggling.rs`).

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and counts are printed"
)]

mod driver;

use cabinet::edge::guard::body::parse;
use cabinet::edge::listen::{FrameGuard, FrameLimits, FrameRefusal};
use cabinet::edge::ws::frames;
use cabinet_domain::ids::{BlobId, BookingId, PatientId};
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::http::{
    CancelRequest, ConfirmRequest, HoldRequest, ManageRequest, ReleaseRequest, SignInRequest, StaffCommand,
    StaffCommandRequest,
};
use cabinet_proto::v1::session::{ClientFrame, ServerFrame};
use driver::{Draw, fuzz, tried};
use serde_json::Value;

/// The limits of both sockets.
const LIMITS: FrameLimits = FrameLimits {
    frame_bytes_max: 64 * 1024,
    message_bytes_max: 64 * 1024,
};

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [9, 8, 7, 6];
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.push(0x80 | short),
        _ => {
            frame.push(0xfe);
            frame.extend(u16::try_from(payload.len()).expect("medium").to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.into_iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// How many pieces' bytes were passed and how it ended, read in chunks of random sizes up to `chunk_bytes_max`.
fn verdict(bytes: &[u8], draw: &mut Draw, chunk_bytes_max: usize) -> (usize, Option<FrameRefusal>) {
    let mut guard = FrameGuard::new(LIMITS);
    let (mut rest, mut ended) = (bytes, 0);
    while !rest.is_empty() {
        let (mut chunk, after) = rest.split_at((1 + draw.below(chunk_bytes_max)).min(rest.len()));
        rest = after;
        loop {
            match guard.next_piece(&mut chunk) {
                Ok(Some(piece)) => ended += usize::from(piece.last),
                Ok(None) => break,
                Err(refusal) => return (ended, Some(refusal)),
            }
        }
        assert!(guard.control().len() <= 125);
    }
    (ended, None)
}

#[test]
fn frames_get_the_same_verdict_however_they_are_cut() {
    let seeds = [
        frame(0x81, "texte é €".as_bytes()),
        [frame(0x01, b"\xe2\x82"), frame(0x89, b"ping"), frame(0x80, b"\xac")].concat(),
        [frame(0x82, &[0xff; 300]), frame(0x8a, b"")].concat(),
        [frame(0x02, b"one"), frame(0x00, b"two"), frame(0x80, b"three")].concat(),
        [
            frame(0x81, br#"{"event":"leave","ref":7}"#),
            frame(0x88, b"\x03\xe8bye"),
        ]
        .concat(),
        b"\x82\xff\0\0\0\0\x40\0\0\0\x01\x02\x03\x04".to_vec(),
    ];
    fuzz("frames", &seeds, 400_000, |input, draw| {
        let whole = verdict(input, draw, usize::MAX);
        let chunk_bytes_max = 1 + draw.below(40);
        let cut = verdict(input, draw, chunk_bytes_max);
        assert_eq!(whole, cut);
    });
}

/// Every object in the contract's samples: frames and bodies in both directions.
fn samples() -> Vec<Vec<u8>> {
    fn walk(value: &Value, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::Object(fields) => {
                found.push(value.to_string().into_bytes());
                fields.values().for_each(|value| walk(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let contract = include_str!("../../proto/tests/contract.json");
    let mut found = Vec::new();
    walk(&serde_json::from_str(contract).expect("the contract"), &mut found);
    found.retain(|sample| sample.len() < 2_000);
    found.sort();
    found.dedup();
    assert!(found.len() > 50, "{} samples", found.len());
    found
}

#[test]
fn session_frames_are_read_or_refused_with_a_code() {
    let mut understood = 0_u64;
    // Frames once more among all samples: most of those are bodies of the HTTP API.
    let mut seeds = samples();
    let frames: Vec<Vec<u8>> = seeds.iter().filter(|one| frames::read(one).is_ok()).cloned().collect();
    seeds.extend(frames);
    fuzz("session", &seeds, 200_000, |input, _| match frames::read(input) {
        Ok(frame) => {
            understood += 1;
            match frame {
                ClientFrame::Command { command, .. } => convert(&command),
                ClientFrame::Join {
                    topic,
                    from_ms,
                    until_ms,
                    ..
                } => {
                    tried(inward::id::<BookingId>("topic", &topic));
                    tried(inward::view_span(from_ms, until_ms));
                }
                ClientFrame::Leave { .. } | ClientFrame::Presence { .. } => {}
            }
        }
        Err(answer) => {
            let ServerFrame::Refused { problem, .. } = *answer else {
                panic!("no refusal")
            };
            assert!(["malformed", "payload_too_large"].contains(&problem.code.as_str()));
        }
    });
    assert!(
        understood > 1_000,
        "only {understood} were understood: the mutations are too wild"
    );
}

fn convert(command: &StaffCommand) {
    tried(inward::staff_command(command, PatientId(1), BlobId(2)));
}

#[test]
fn bodies_are_read_or_refused() {
    let mut understood = 0_u64;
    fuzz("bodies", &samples(), 200_000, |input, draw| {
        let read = match draw.below(7) {
            0 => parse::<HoldRequest>(input).map(|body| tried(inward::minute("start_ms", body.start_ms))),
            1 => parse::<ReleaseRequest>(input).map(|body| tried(inward::secret("token", &body.token))),
            2 => parse::<ConfirmRequest>(input).map(|body| tried(inward::person(&body.person))),
            3 => parse::<ManageRequest>(input).map(|body| tried(inward::secret("manage", &body.manage))),
            4 => parse::<CancelRequest>(input).map(|body| tried(inward::id::<BookingId>("id", &body.command_id))),
            5 => parse::<SignInRequest>(input).map(|body| tried(inward::secret("link", &body.link))),
            _ => parse::<StaffCommandRequest>(input).map(|body| convert(&body.command)),
        };
        understood += u64::from(read.is_ok());
    });
    assert!(understood > 100, "only {understood} were understood");
}

#[test]
fn configurations_are_read_or_refused_with_problems() {
    let whole = include_bytes!("../../config.toml").to_vec();
    let text = String::from_utf8(whole.clone()).expect("text");
    let mut seeds: Vec<Vec<u8>> = text.split("\n\n").map(|part| part.as_bytes().to_vec()).collect();
    seeds.push(whole);
    fuzz("config", &seeds, 20_000, |input, _| {
        if let Err(problems) = cabinet::config::parse(&String::from_utf8_lossy(input)) {
            assert!(!problems.is_empty());
        }
    });
}
