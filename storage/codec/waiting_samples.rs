//! The waiting list's part of the golden bytes.

use super::hold;
use cabinet_domain::event::Event;
use cabinet_domain::ids::*;
use cabinet_domain::time::{CivilDate, UtcMillis, UtcMinute, Weekday};
use cabinet_domain::waiting::{Left, Priority, WaitingEntry, Wishes};
use std::collections::BTreeSet;

pub(super) fn entry() -> WaitingEntry {
    WaitingEntry {
        id: WaitingId(32),
        kind: TypeId(2),
        patient: PatientId(10),
        details: BlobId(11),
        owner: [8; 32],
        notice_version: 3,
        wishes: Wishes {
            weekdays: BTreeSet::from([Weekday::Monday, Weekday::Friday]),
            from_minute_of_day: 540,
            until_minute_of_day: 720,
            first_day: CivilDate(20_000),
            last_day: CivilDate(20_030),
            notice_minutes: 60,
            place: Some(PlaceId(4)),
        },
        priority: Priority::Urgent,
        joined_at: UtcMillis(1_790_000_000_000),
        passed: BTreeSet::from([UtcMinute(4_000)]),
        offer: Some(HoldId(7)),
    }
}

pub(super) fn waiting_events() -> Vec<Event> {
    vec![
        Event::WaitingJoined(entry()),
        Event::WaitingLeft {
            entry: WaitingId(32),
            why: Left::PassedTooMany,
        },
        Event::WaitingPrioritised {
            entry: WaitingId(32),
            priority: Priority::Urgent,
        },
        Event::SlotOffered {
            entry: WaitingId(32),
            hold: hold(),
        },
    ]
}
