//! Builders shared by the tests of this folder.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test file uses some of them"
)]

use cabinet_domain::agenda::Booking;
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::*;
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::practice::{PracticeEvent, Staff};
use cabinet_domain::stream::{StreamEvent, StreamKey};
use cabinet_domain::time::{Span, UtcMillis, UtcMinute};
use cabinet_domain::{Event, Principal};
use cabinet_storage::Commit;
use std::collections::BTreeSet;

pub fn agenda(practice: u128, agenda: u128) -> StreamKey {
    StreamKey::Agenda(AgendaKey {
        practice: PracticeId(practice),
        agenda: AgendaId(agenda),
    })
}

pub fn practice(practice: u128) -> StreamKey {
    StreamKey::Practice(PracticeId(practice))
}

pub fn recorded(seq: Seq, event: StreamEvent) -> Recorded<StreamEvent> {
    Recorded {
        seq,
        at: UtcMillis(1_790_000_000_000 + i64::try_from(seq).unwrap()),
        principal: Principal::System,
        command_id: CommandId(u128::from(seq) + 1_000),
        digest: [7; 16],
        last_of_command: true,
        event,
    }
}

pub fn person(number: u128) -> Person {
    Person {
        given_name: "Zoé".to_owned(),
        family_name: format!("Famille-{number}"),
        email: Some(format!("zoe{number}@example.fr")),
        phone: None,
    }
}

/// The booking with this number: blob and patient carry the same number, a free quarter of an hour each.
pub fn booking(number: u128) -> Booking {
    let start = UtcMinute(29_000_000 + i64::try_from(number).unwrap() * 15);
    Booking {
        id: BookingId(number),
        kind: TypeId(1),
        span: Span::starting(start, 15),
        occupied: Span::starting(start, 15),
        place: PlaceId(1),
        patient: PatientId(number),
        details: BlobId(number),
        manage: None,
        notice_version: Some(1),
        online: true,
        booked_at: UtcMillis(1_790_000_000_000),
        overbooks: BTreeSet::new(),
    }
}

/// A commit of one booking as event `expected + 1`.
pub fn book(stream: StreamKey, expected: Seq, number: u128) -> Commit {
    let event = StreamEvent::Agenda(Event::SlotBooked {
        booking: booking(number),
        from_hold: None,
        outside_hours: false,
    });
    Commit {
        stream,
        expected,
        events: vec![recorded(expected + 1, event)],
        personal: vec![PersonalPart {
            patient: PatientId(number),
            blob: BlobId(number),
            person: person(number),
        }],
        writes: Vec::new(),
        origins: Vec::new(),
    }
}

/// A commit of one member of staff in a practice's stream.
pub fn hire(stream: StreamKey, expected: Seq, number: u128) -> Commit {
    let event = StreamEvent::Practice(PracticeEvent::StaffSet(Staff {
        id: StaffId(number),
        name: format!("Membre {number}"),
    }));
    Commit {
        stream,
        expected,
        events: vec![recorded(expected + 1, event)],
        personal: Vec::new(),
        writes: Vec::new(),
        origins: Vec::new(),
    }
}
