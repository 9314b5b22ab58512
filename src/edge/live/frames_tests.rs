//! Frames are put together by hand for speed; these tests hold them equal to what serde writes.

use super::*;
use cabinet_domain::ids::{AgendaId, AgendaKey, HistoryId, PlaceId, PracticeId, TypeId};
use cabinet_domain::slots::{Slot, SlotChanges};
use cabinet_domain::time::UtcMinute;
use cabinet_proto::v1::board::BoardFrame;

const NOW: UtcMillis = UtcMillis(1_795_000_000_123);
const POSITION: TopicPosition = TopicPosition {
    history: HistoryId(0xabc),
    seq: 41,
};

/// The payloads of the frames in `bytes`.
fn payloads(mut bytes: &[u8]) -> Vec<String> {
    let mut payloads = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], FIN | TEXT);
        let (length, header) = match bytes[1] {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (
                usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().unwrap())).unwrap(),
                10,
            ),
            short => (usize::from(short), 2),
        };
        payloads.push(String::from_utf8(bytes[header..header + length].to_vec()).unwrap());
        bytes = &bytes[header + length..];
    }
    payloads
}

fn joined(frame: &Frame) -> Vec<u8> {
    [frame.head.clone(), frame.tail.clone()].concat()
}

fn one_slot() -> Slot {
    Slot {
        start: UtcMinute(29_900_000),
        place: PlaceId(5),
        bookable_from: UtcMillis(1),
        bookable_until: UtcMillis(1_794_000_000_000),
    }
}

fn delta(slots: bool, types_changed: bool) -> BoardDelta {
    let changes = SlotChanges {
        kind: TypeId(9),
        removed: vec![UtcMinute(3)],
        added: vec![one_slot()],
    };
    BoardDelta {
        agenda: AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(2),
        },
        history: POSITION.history,
        from: 41,
        to: 44,
        at: NOW,
        changes: if slots { vec![changes] } else { Vec::new() },
        types_changed,
    }
}

#[test]
fn snapshots_of_every_length_of_header_read_as_serde_writes_them() {
    for slots in [0, 1, 2, 1_000] {
        let types = vec![model::TypeSlots {
            kind: TypeId(9).to_string(),
            slots: vec![convert::outward::slot(&one_slot()); slots],
        }];
        let frame = snapshot(POSITION, NOW, &snapshot_tail(&types).unwrap());
        let expected = BoardFrame::Snapshot {
            version: VERSION,
            history: POSITION.history.to_string(),
            seq: 41,
            now_ms: NOW.0,
            types,
        };
        assert_eq!(
            payloads(&joined(&frame)),
            [serde_json::to_string(&expected).unwrap()],
            "{slots} slots"
        );
    }
}

#[test]
fn resumed_reads_as_serde_writes_it() {
    let expected = BoardFrame::Resumed {
        version: VERSION,
        history: POSITION.history.to_string(),
        seq: 41,
        now_ms: NOW.0,
    };
    assert_eq!(
        payloads(&joined(&resumed(POSITION, NOW))),
        [serde_json::to_string(&expected).unwrap()]
    );
}

#[test]
fn a_change_makes_the_frames_that_its_parts_need() {
    let types = vec![convert::outward::slot_changes(&delta(true, false).changes[0])];
    let slots = BoardFrame::Delta {
        from: 41,
        to: 44,
        now_ms: NOW.0,
        types,
    };
    let alone = BoardFrame::TypesChanged { from: 41, to: 44 };
    let after = BoardFrame::TypesChanged { from: 44, to: 44 };
    for (delta, expected) in [
        (delta(true, false), vec![&slots]),
        (delta(false, true), vec![&alone]),
        (delta(true, true), vec![&slots, &after]),
    ] {
        let expected: Vec<String> = expected
            .into_iter()
            .map(|frame| serde_json::to_string(frame).unwrap())
            .collect();
        assert_eq!(payloads(&Change::encode(&delta).unwrap().frames(NOW)), expected);
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    assert_eq!(&ping()[..], [0x89, 0]);
    assert_eq!(&pong(b"hi")[..], [0x8a, 2, b'h', b'i']);
    assert_eq!(
        &close(CloseCode::Slow)[..],
        [0x88, 6, 0x0f, 0xa8, b's', b'l', b'o', b'w']
    );
}
