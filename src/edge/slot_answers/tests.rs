//! An answer is the same bytes however it is made and however it travels.

use super::*;
use actix_web::body::{BodySize, MessageBody as _};
use cabinet_domain::ids::{AgendaId, PlaceId, PracticeId};
use cabinet_domain::time::UtcMinute;
use std::io::Read as _;

const WISH: Wish = (
    AgendaKey {
        practice: PracticeId(1),
        agenda: AgendaId(2),
    },
    None,
);

fn look(seq: Seq, slots: Option<Vec<(TypeId, Vec<Slot>)>>) -> Look {
    Look {
        basis: Basis {
            history: HistoryId(7),
            seq,
            shown: None,
        },
        now: UtcMillis(5),
        slots,
    }
}

fn slots(count: i64) -> Vec<(TypeId, Vec<Slot>)> {
    let slot = |number: i64| Slot {
        start: UtcMinute(number * 15),
        place: PlaceId(3),
        bookable_from: UtcMillis(1),
        bookable_until: UtcMillis(number * 7_919),
    };
    vec![(TypeId(4), (0..count).map(slot).collect()), (TypeId(5), Vec::new())]
}

fn plainly(seq: Seq, slots: &[(TypeId, Vec<Slot>)]) -> Vec<u8> {
    let types = slots.iter().map(|(kind, slots)| outward::type_slots(*kind, slots));
    let answer = PublicSlots {
        history: HistoryId(7).to_string(),
        seq,
        now_ms: 5,
        types: types.collect(),
    };
    serde_json::to_vec(&answer).unwrap()
}

/// What a client of one gzip member reads: whatever came after it would be an error.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut reader = flate2::bufread::GzDecoder::new(bytes);
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).unwrap();
    assert!(reader.into_inner().is_empty(), "one member and nothing behind it");
    plain
}

#[test]
fn an_answer_is_byte_for_byte_the_same_made_anew_or_kept_plain_or_compressed() {
    for count in [0, 1, 3_000] {
        let answers = SlotAnswers::default();
        let expected = plainly(1, &slots(count));
        for (slots, coding) in [
            (Some(slots(count)), Coding::Plain),
            (None, Coding::Plain),
            (None, Coding::Gzip),
            (None, Coding::Gzip),
            (None, Coding::Plain),
        ] {
            let body = answers.body(WISH, answers.kept(WISH), look(1, slots), coding).unwrap();
            let BodySize::Sized(size) = body.size() else {
                panic!("a length is announced")
            };
            let sent = body.bytes();
            assert_eq!(size, sent.len() as u64);
            let read = if coding == Coding::Gzip { inflated(&sent) } else { sent };
            assert!(read == expected, "{count} {coding:?}");
        }
    }
}

#[test]
fn a_change_is_seen_at_once_in_both_codings() {
    let answers = SlotAnswers::default();
    for (seq, coding) in [
        (1, Coding::Gzip),
        (2, Coding::Gzip),
        (3, Coding::Plain),
        (4, Coding::Gzip),
    ] {
        let now = slots(i64::try_from(seq).unwrap());
        let body = answers.body(WISH, answers.kept(WISH), look(seq, Some(now.clone())), coding);
        let sent = body.unwrap().bytes();
        let read = if coding == Coding::Gzip { inflated(&sent) } else { sent };
        assert!(read == plainly(seq, &now), "{seq}");
    }
}

#[test]
fn many_who_come_with_one_change_share_what_the_first_has_made() {
    let answers = SlotAnswers::default();
    let first = answers.body(WISH, None, look(1, Some(slots(9))), Coding::Gzip).unwrap();
    let made = answers.kept(WISH).unwrap();
    // Another had looked before, found nothing kept, and asks for the plain one.
    let second = answers
        .body(WISH, None, look(1, Some(slots(9))), Coding::Plain)
        .unwrap();
    assert!(Arc::ptr_eq(&made, &answers.kept(WISH).unwrap()));
    assert_eq!(inflated(&first.bytes()), second.bytes());
}

#[test]
fn a_tag_names_what_the_slots_follow_from() {
    let tag = look(1, None).tag();
    assert!(tag.weak && tag == look(1, None).tag());
    assert_ne!(tag, look(2, None).tag());
    let mut shown = look(1, None);
    shown.basis.shown = Some(Span {
        from: UtcMinute(1),
        until: UtcMinute(2),
    });
    assert_ne!(tag, shown.tag());
}

#[test]
fn what_is_kept_is_bounded_and_an_answer_without_types_takes_no_place() {
    let answers = SlotAnswers::default();
    answers
        .body(WISH, None, look(1, Some(Vec::new())), Coding::Gzip)
        .unwrap();
    assert!(answers.kept(WISH).is_none());
    for agenda in 0..40 {
        let agenda = AgendaId(agenda);
        let wish = (AgendaKey { agenda, ..WISH.0 }, None);
        let kept = Kept {
            basis: look(1, None).basis,
            types: vec![0; 1 << 20].into(),
            deflated: None,
        };
        answers.keep(wish, kept);
        let body = answers.body(wish, answers.kept(wish), look(1, None), Coding::Gzip);
        assert!(body.is_ok() || answers.kept(wish).is_none());
        let state = answers.0.lock();
        assert!(state.bytes <= KEPT_BYTES_MAX);
        assert_eq!(
            state.bytes,
            state.answers.values().map(|kept| kept.bytes()).sum::<usize>()
        );
    }
}
