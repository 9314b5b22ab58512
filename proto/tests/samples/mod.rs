//! One sample of every frame and body, every optional field once present and once absent where that matters.

mod accounts;
mod audit;
mod commands;
mod operators;
mod parts;
mod people;
mod planning;
mod review;
mod support;
mod waiting;

use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::feed::{FeedMade, FeedRequest, FeedState};
use cabinet_proto::v1::http::{
    Accepted, CancelRequest, ConfirmAnswer, ConfirmRequest, DelayFace, HoldAnswer, HoldRequest, ManageRequest,
    ManagedBooking, PublicPage, PublicSlots, ReleaseRequest, SignInRequest, SocketTicket, StaffAgenda, StaffCommand,
    StaffCommandRequest, StaffMe,
};
use cabinet_proto::v1::messages::{
    BookingMessage, BookingMessages, LinkOpened, LinkRequest, ReminderSettings, ReminderSwitch, RemindersRequest,
};
use cabinet_proto::v1::model::TypeSlotChanges;
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::session::{ClientFrame, ServerFrame, StaffChange};
use cabinet_proto::v1::visit::{PatientVisit, VisitCancel, VisitCode, VisitHolder, VisitRequest, VisitedBooking};

use parts::{END, NOW, START, id, kind, me, person, place, practice, practitioner, slot, type_slots, view};

/// Samples of one wire type.
pub(crate) trait Samples: Sized {
    const NAME: &'static str;
    fn samples() -> Vec<(&'static str, Self)>;
}

macro_rules! one {
    ($type:ty, $name:literal, $sample:expr) => {
        impl Samples for $type {
            const NAME: &'static str = $name;
            fn samples() -> Vec<(&'static str, Self)> {
                vec![("sample", $sample)]
            }
        }
    };
}

use one;

impl Samples for BoardFrame {
    const NAME: &'static str = "board";
    fn samples() -> Vec<(&'static str, Self)> {
        let (version, history, seq, now_ms) = (1, id(9), 41, NOW);
        vec![
            (
                "snapshot",
                Self::Snapshot {
                    version,
                    history: history.clone(),
                    seq,
                    now_ms,
                    types: vec![type_slots()],
                },
            ),
            (
                "resumed",
                Self::Resumed {
                    version,
                    history,
                    seq,
                    now_ms,
                },
            ),
            (
                "delta",
                Self::Delta {
                    from: 41,
                    to: 43,
                    now_ms,
                    types: vec![TypeSlotChanges {
                        kind: id(1),
                        removed_ms: vec![START],
                        added: vec![slot()],
                    }],
                },
            ),
            ("types_changed", Self::TypesChanged { from: 43, to: 44 }),
        ]
    }
}

impl Samples for ClientFrame {
    const NAME: &'static str = "client";
    fn samples() -> Vec<(&'static str, Self)> {
        let join = |history, seq| Self::Join {
            r#ref: 1,
            topic: id(3),
            history,
            seq,
            from_ms: START,
            until_ms: END,
        };
        vec![
            ("join", join(None, None)),
            ("join_resuming", join(Some(id(9)), Some(41))),
            ("leave", Self::Leave { r#ref: 2, topic: id(3) }),
            (
                "command",
                Self::Command {
                    r#ref: 3,
                    topic: id(3),
                    command_id: id(10),
                    command: StaffCommand::Cancel { booking: id(4) },
                },
            ),
            ("presence", Self::Presence { r#ref: 4, topic: id(3) }),
        ]
    }
}

fn welcome(staff: String) -> ServerFrame {
    ServerFrame::Welcome {
        version: 1,
        now_ms: NOW,
        staff,
    }
}

impl Samples for ServerFrame {
    const NAME: &'static str = "server";
    fn samples() -> Vec<(&'static str, Self)> {
        let (topic, history, now_ms) = (id(3), id(9), NOW);
        let staff = "Anne".to_owned();
        vec![
            ("welcome", welcome(staff.clone())),
            (
                "snapshot",
                Self::Snapshot {
                    r#ref: 1,
                    topic: topic.clone(),
                    history: history.clone(),
                    seq: 41,
                    now_ms,
                    view: Box::new(view()),
                },
            ),
            (
                "resumed",
                Self::Resumed {
                    r#ref: 1,
                    topic: topic.clone(),
                    history,
                    seq: 41,
                    now_ms,
                },
            ),
            (
                "delta",
                Self::Delta {
                    topic: topic.clone(),
                    from: 41,
                    to: 42,
                    now_ms,
                    changes: vec![StaffChange::HoldGone { id: id(5) }],
                },
            ),
            (
                "part",
                Self::Part {
                    topic: topic.clone(),
                    seq: 42,
                    part: parts::part(),
                },
            ),
            ("practice_changed", Self::PracticeChanged { now_ms: NOW }),
            ("alerts_changed", Self::AlertsChanged { now_ms: NOW }),
            ("resync", Self::Resync { topic: topic.clone() }),
            ("accepted", Self::Accepted { r#ref: 3, seq: 42 }),
            (
                "refused",
                Self::Refused {
                    r#ref: None,
                    problem: Problem::samples().remove(0).1,
                },
            ),
            ("done", Self::Done { r#ref: 2 }),
            (
                "present",
                Self::Present {
                    topic,
                    staff: vec![staff],
                },
            ),
        ]
    }
}

one!(
    Problem,
    "problem",
    Problem {
        r#type: "urn:cabinet:problem:too_late_to_cancel".to_owned(),
        code: "too_late_to_cancel".to_owned(),
        title: "Past the cancellation limit".to_owned(),
        status: 409,
        detail: None,
        at_ms: Some(START),
    }
);
one!(
    PublicPage,
    "http.public_page",
    PublicPage {
        practice: practice(),
        practitioner: practitioner(),
        types: vec![kind()],
        places: vec![place()],
        now_ms: NOW,
        hold_ttl_seconds: 300,
    }
);
one!(
    PublicSlots,
    "http.public_slots",
    PublicSlots {
        history: id(9),
        seq: 41,
        now_ms: NOW,
        types: vec![type_slots()],
    }
);
one!(
    HoldRequest,
    "http.hold_request",
    HoldRequest {
        command_id: id(10),
        kind: id(1),
        start_ms: START,
        token: id(11),
    }
);
one!(
    HoldAnswer,
    "http.hold_answer",
    HoldAnswer {
        hold: id(5),
        start_ms: START,
        end_ms: END,
        expires_ms: NOW + 300_000,
        now_ms: NOW,
    }
);
one!(
    ReleaseRequest,
    "http.release_request",
    ReleaseRequest {
        command_id: id(10),
        token: id(11),
    }
);
one!(
    ConfirmRequest,
    "http.confirm_request",
    ConfirmRequest {
        command_id: id(10),
        token: id(11),
        person: person(),
        notice_version: 1,
        manage: id(12),
        locale: Some("en".to_owned()),
    }
);
one!(
    ConfirmAnswer,
    "http.confirm_answer",
    ConfirmAnswer {
        booking: id(4),
        manage_path: format!("/p/cabinet-essai/claire-morel/rdv/{}", id(4)),
        seq: 42,
    }
);
one!(
    VisitRequest,
    "http.visit_request",
    VisitRequest {
        email: "claire@example.org".to_owned(),
        locale: "fr".to_owned(),
    }
);
one!(
    VisitCode,
    "http.visit_code",
    VisitCode {
        email: "claire@example.org".to_owned(),
        code: "12345678".to_owned(),
    }
);
one!(
    LinkRequest,
    "messages.link_request",
    LinkRequest {
        link: "AAAA_w".to_owned(),
    }
);
one!(
    RemindersRequest,
    "messages.reminders_request",
    RemindersRequest {
        link: "AAAA_w".to_owned(),
        wanted: false,
    }
);
one!(
    LinkOpened,
    "messages.link_opened",
    LinkOpened {
        purpose: "manage".to_owned(),
        practice: "cabinet-de-la-gare".to_owned(),
        practitioner: "claire-morel".to_owned(),
        booking: id(4),
        manage: id(12),
    }
);
one!(
    BookingMessages,
    "messages.booking_messages",
    BookingMessages {
        messages: vec![BookingMessage {
            kind: "booked".to_owned(),
            at_ms: 1_795_348_800_000,
            state: "sent".to_owned(),
        }],
        reminders_wanted: true,
    }
);
one!(
    ReminderSwitch,
    "messages.reminder_switch",
    ReminderSwitch {
        kind: id(2),
        on: vec!["week".to_owned(), "day".to_owned()],
    }
);
one!(
    ReminderSettings,
    "messages.reminder_settings",
    ReminderSettings {
        types: vec![ReminderSwitch {
            kind: id(2),
            on: vec!["day".to_owned()],
        }],
        late: 0,
    }
);
impl Samples for FeedState {
    const NAME: &'static str = "feed.state";
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("none", Self { made_ms: None }), ("made", Self { made_ms: Some(NOW) })]
    }
}
one!(
    FeedRequest,
    "feed.request",
    FeedRequest {
        locale: "fr".to_owned()
    }
);
one!(
    FeedMade,
    "feed.made",
    FeedMade {
        path: "/calendrier/AAAA".to_owned()
    }
);
one!(VisitHolder, "http.visit_holder", VisitHolder { visit: id(23) });
one!(
    VisitCancel,
    "http.visit_cancel",
    VisitCancel {
        command_id: id(10),
        visit: id(23),
        practitioner: "claire-morel".to_owned(),
        booking: id(4),
    }
);
one!(
    PatientVisit,
    "http.patient_visit",
    PatientVisit {
        visit: id(23),
        until_ms: NOW,
        bookings: vec![VisitedBooking {
            booking: id(4),
            practitioner: practitioner(),
            kind: "Consultation".to_owned(),
            start_ms: START,
            end_ms: END,
            place: Some(place()),
            cancel_until_ms: None,
        }],
        now_ms: NOW,
    }
);
one!(
    DelayFace,
    "http.delay_face",
    DelayFace {
        delay_minutes: 25,
        now_ms: NOW,
    }
);
one!(ManageRequest, "http.manage_request", ManageRequest { manage: id(12) });
one!(
    ManagedBooking,
    "http.managed_booking",
    ManagedBooking {
        booking: id(4),
        kind: kind(),
        start_ms: START,
        end_ms: END,
        place: Some(place()),
        cancel_until_ms: NOW,
        now_ms: NOW,
    }
);
one!(
    CancelRequest,
    "http.cancel_request",
    CancelRequest {
        command_id: id(10),
        manage: id(12),
    }
);
one!(Accepted, "http.accepted", Accepted { seq: 42 });
one!(SignInRequest, "http.sign_in_request", SignInRequest { link: id(13) });
one!(
    SocketTicket,
    "http.socket_ticket",
    SocketTicket {
        ticket: "ab".repeat(32),
        until_ms: END,
    }
);
one!(StaffMe, "http.staff_me", me());
one!(
    StaffAgenda,
    "http.staff_agenda",
    StaffAgenda {
        history: id(9),
        seq: 41,
        now_ms: NOW,
        view: view(),
    }
);
one!(
    StaffCommandRequest,
    "http.staff_command_request",
    StaffCommandRequest {
        command_id: id(10),
        command: StaffCommand::RemoveAbsence { id: id(6) },
    }
);
