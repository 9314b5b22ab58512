//! Samples of the bodies about the waiting list.

use super::parts::{END, NOW, START, id, kind, person, place};
use super::{Samples, one};
use cabinet_proto::v1::waiting::{
    JoinAnswer, JoinRequest, Offer, StaffWaiting, WaitingActRequest, WaitingRequest, WaitingView, Wishes,
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn wishes() -> Wishes {
    Wishes {
        weekdays: vec![text("monday"), text("friday")],
        from: text("09:00"),
        until: text("24:00"),
        first_day: text("2026-11-28"),
        last_day: text("2026-12-28"),
        notice_minutes: 120,
        place: Some(id(2)),
    }
}

/// Somebody who waits, as staff see them.
pub(super) fn entry() -> StaffWaiting {
    StaffWaiting {
        id: id(80),
        kind: id(1),
        person: Some(person()),
        wishes: wishes(),
        urgent: true,
        joined_ms: NOW,
        passed: 1,
        offer: Some(id(5)),
    }
}

one!(
    JoinRequest,
    "waiting.join",
    JoinRequest {
        command_id: id(10),
        secret: "ab".repeat(32),
        kind: id(1),
        person: person(),
        notice_version: 2,
        wishes: wishes(),
    }
);
one!(
    JoinAnswer,
    "waiting.joined",
    JoinAnswer {
        entry: id(80),
        path: format!("/p/cabinet/claire/attente/{}", id(80)),
        seq: 44,
    }
);
one!(
    WaitingRequest,
    "waiting.look",
    WaitingRequest {
        secret: "ab".repeat(32),
    }
);
one!(
    WaitingActRequest,
    "waiting.act",
    WaitingActRequest {
        command_id: id(10),
        secret: "ab".repeat(32),
    }
);

impl Samples for WaitingView {
    const NAME: &'static str = "waiting.view";
    fn samples() -> Vec<(&'static str, Self)> {
        let offered = Self {
            state: text("offered"),
            kind: kind(),
            wishes: Some(wishes()),
            rank: 1,
            waiting: 3,
            passed: 0,
            offer: Some(Offer {
                start_ms: START,
                end_ms: END,
                place: Some(place()),
                until_ms: NOW + 600_000,
            }),
            manage_path: None,
            now_ms: NOW,
        };
        let booked = Self {
            state: text("booked"),
            wishes: None,
            rank: 0,
            waiting: 0,
            offer: None,
            manage_path: Some(format!("/p/cabinet/claire/rdv/{}", id(80))),
            ..offered.clone()
        };
        vec![("offered", offered), ("booked", booked)]
    }
}
