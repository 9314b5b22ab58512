//! Bad bytes for everything the journal reads: segments, records, bodies, index, witness, checkpoints. Half of the inputs
//! get a right hash, so that what stands behind the hash is reached.

use super::format::{CHAIN_BYTES, RecordKind, SegmentHeader, genesis, read_record, sha256, write_record};
use super::index::Index;
use super::{Append, RecordKey, RecordWrite, body, checkpoints, witness};
use crate::fuzz_driver::{Draw, fuzz, tried};
use bytes::Bytes;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::stream::StreamKey;

/// Sometimes puts the right hash behind the content.
fn rehashed(input: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = input.to_vec();
    if draw.below(2) == 0 && bytes.len() > CHAIN_BYTES {
        bytes.truncate(bytes.len() - CHAIN_BYTES);
        let check = sha256(&[&bytes]);
        bytes.extend_from_slice(&check);
    }
    bytes
}

#[test]
fn segments_and_records_are_read_or_refused() {
    let header = SegmentHeader {
        number: 2,
        history: 7,
        first: 5,
        previous: genesis(7),
        previous_end: 4096,
    };
    fuzz("segment", &[header.encode()], 300_000, |input, _| {
        tried(SegmentHeader::decode(input))
    });
    let mut record = Vec::new();
    write_record(
        &mut record,
        (RecordKind::Append, 5, 4),
        7,
        &genesis(7),
        b"a body of some bytes",
    );
    fuzz("record", &[record], 500_000, |input, draw| {
        if let Ok(found) = read_record(input, 7, &genesis(7)) {
            assert!(found.body.len() <= input.len());
            tried(body::decode(found.body));
        }
        // A whole record around whatever was drawn: its body is then read.
        let mut sealed = Vec::new();
        let kind = if draw.below(2) == 0 {
            RecordKind::Append
        } else {
            RecordKind::Boot
        };
        write_record(&mut sealed, (kind, draw.next(), draw.next()), 7, &genesis(7), input);
        let found = read_record(&sealed, 7, &genesis(7)).expect("a whole record");
        assert_eq!(found.body, input);
        tried(body::decode(found.body));
    });
}

#[test]
fn bodies_are_read_or_refused() {
    let key = RecordKey {
        practice: 1,
        table: 2,
        id: vec![3; 16],
    };
    let write = RecordWrite {
        key,
        value: Some(Bytes::from_static(b"sealed")),
    };
    let append = Append {
        stream: Some(StreamKey::Practice(PracticeId(1))),
        fence: 2,
        expected: 3,
        events: vec![Bytes::from_static(b"one"), Bytes::from_static(b"two")],
        chain: genesis(7),
        checks: Vec::new(),
        writes: vec![write],
        jobs: Vec::new(),
    };
    let whole = body::encode(&append);
    assert_eq!(body::decode(&whole), Some(append));
    fuzz("body", &[whole], 500_000, |input, _| {
        tried(body::decode(input));
        tried(body::decode_facts(input));
    });
}

#[test]
fn index_witness_and_checkpoint_are_read_or_refused() {
    let index = Index::default().encode(7);
    fuzz("index", &[index], 300_000, |input, draw| {
        tried(Index::decode(&rehashed(input, draw)))
    });
    let testimony = witness::Testimony {
        history: 7,
        position: 40,
        chain: genesis(7),
        turn: 3,
    };
    fuzz("witness", &[testimony.encode()], 300_000, |input, draw| {
        tried(witness::Testimony::decode(&rehashed(input, draw)));
    });
    let stream = StreamKey::Practice(PracticeId(1));
    fuzz(
        "checkpoint",
        &[checkpoints::encode(7, stream, 9, b"sealed")],
        300_000,
        |input, draw| {
            tried(checkpoints::decode(&rehashed(input, draw), 7, stream, 9));
            tried(crate::codec::decode_checkpoint(input));
        },
    );
}
