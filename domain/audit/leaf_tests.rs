//! The bytes of a leaf: documented, golden, read back, and nothing else read.

use super::*;
use crate::inventory::{IMPERSONAL, INVENTORY};
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn whole() -> Leaf {
    Leaf {
        at: UtcMillis(1_795_766_400_000),
        actor: Actor::Staff(StaffId(0x11)),
        origin: LeafOrigin {
            role: Some(Role::Secretary),
            session: [7; 8],
            network: "192.0.*".to_owned(),
        },
        act: Act::Booked,
        outcome: Outcome::Done,
        agenda: Some(AgendaId(0x22)),
        subject: Subject::Booking(BookingId(0x33)),
        patient: Some(PatientId(0x44)),
        span: Some((UtcMillis(5), UtcMillis(9))),
        command: CommandId(0x55),
        count: 1,
        note: "é".to_owned(),
    }
}

/// Whoever kept a leaf's bytes and its hash must still be right in ten years: the bytes never change.
#[test]
fn the_bytes_are_as_documented() {
    let zeros = |count: usize| "00".repeat(count);
    let expected = [
        "01".to_owned(),
        "000001a21c04b400".to_owned(),
        format!("01{}11", zeros(15)),
        "04".to_owned(),
        "000a".to_owned(),
        "00".to_owned(),
        format!("{}22", zeros(15)),
        format!("01{}33", zeros(15)),
        format!("{}44", zeros(15)),
        format!("{}05{}09", zeros(7), zeros(7)),
        "07".repeat(8),
        format!("{}55", zeros(15)),
        "00000001".to_owned(),
        format!("07{}", hex(b"192.0.*")),
        format!("0002{}", hex("é".as_bytes())),
    ];
    assert_eq!(hex(&whole().encode()), expected.concat());
}

/// Law L12.
#[test]
fn every_field_of_a_leaf_is_in_the_inventory() {
    let LeafOrigin {
        role: _,
        session: _,
        network: _,
    } = whole().origin;
    let Leaf {
        at: _,
        actor: _,
        origin: _,
        act: _,
        outcome: _,
        agenda: _,
        subject: _,
        patient: _,
        span: _,
        command: _,
        count: _,
        note: _,
    } = whole();
    let listed = |record: &str| {
        let personal = INVENTORY.iter().filter(|entry| entry.record == record);
        let impersonal = IMPERSONAL.iter().filter(|(listed, _)| *listed == record);
        let mut fields: Vec<&str> = impersonal.flat_map(|(_, fields)| fields.iter().copied()).collect();
        fields.extend(personal.map(|entry| entry.field));
        fields.sort_unstable();
        fields
    };
    assert_eq!(
        listed("Leaf"),
        [
            "act", "actor", "agenda", "at", "command", "count", "note", "origin", "outcome", "patient", "span",
            "subject"
        ]
    );
    assert_eq!(listed("LeafOrigin"), ["network", "role", "session"]);
}

#[test]
fn texts_are_cut_at_whole_characters() {
    let mut leaf = whole();
    leaf.note = "é".repeat(NOTE_BYTES_MAX);
    leaf.origin.network = "a".repeat(NETWORK_BYTES_MAX + 1);
    let read = Leaf::decode(&leaf.encode()).unwrap();
    assert_eq!(read.note, "é".repeat(NOTE_BYTES_MAX / 2));
    assert_eq!(read.origin.network.len(), NETWORK_BYTES_MAX);
}

#[test]
fn anything_shorter_longer_or_newer_is_no_leaf() {
    let bytes = whole().encode();
    for len in 0..bytes.len() {
        assert_eq!(Leaf::decode(&bytes[..len]), None, "{len}");
    }
    assert_eq!(Leaf::decode(&[bytes.clone(), vec![0]].concat()), None);
    let mut newer = bytes;
    newer[0] = 2;
    assert_eq!(Leaf::decode(&newer), None);
}

fn any_leaf() -> impl Strategy<Value = Leaf> {
    let subject = prop_oneof![
        Just(Subject::None),
        any::<u128>().prop_map(|id| Subject::Booking(BookingId(id))),
        any::<u128>().prop_map(|id| Subject::Member(StaffId(id))),
        any::<u128>().prop_map(|id| Subject::Invitation(InvitationId(id))),
        any::<u128>().prop_map(|id| Subject::Grant(SupportGrantId(id))),
        any::<u128>().prop_map(|id| Subject::Glass(BreakGlassId(id))),
        any::<u128>().prop_map(|id| Subject::Waiting(WaitingId(id))),
    ];
    let actor = prop_oneof![
        Just(Actor::Server),
        Just(Actor::Bearer),
        any::<u128>().prop_map(|id| Actor::Staff(StaffId(id)))
    ];
    let who = (
        any::<i64>(),
        actor,
        0..=Role::ALL.len(),
        any::<[u8; 8]>(),
        "[ -~é]{0,20}",
    );
    let what = (0..Act::ALL.len(), any::<bool>(), any::<u128>(), subject, any::<u128>());
    let rest = (any::<i64>(), any::<i64>(), any::<u128>(), any::<u32>(), "[ -~é]{0,80}");
    (who, what, rest).prop_map(|(who, what, rest)| Leaf {
        at: UtcMillis(who.0),
        actor: who.1,
        origin: LeafOrigin {
            role: who.2.checked_sub(1).map(|place| Role::ALL[place]),
            session: who.3,
            network: who.4,
        },
        act: Act::ALL[what.0],
        outcome: if what.1 { Outcome::Denied } else { Outcome::Done },
        agenda: Some(what.2).filter(|id| *id != 0).map(AgendaId),
        subject: what.3,
        patient: Some(what.4).filter(|id| *id != 0).map(PatientId),
        span: (rest.0 != rest.1).then_some((UtcMillis(rest.0), UtcMillis(rest.1))),
        command: CommandId(rest.2),
        count: rest.3,
        note: rest.4,
    })
}

proptest! {
    #[test]
    fn a_leaf_reads_back(leaf in any_leaf()) {
        prop_assert_eq!(Leaf::decode(&leaf.encode()), Some(leaf));
    }
}
