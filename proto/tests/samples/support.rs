//! Samples of the bodies about support.

use super::parts::{NOW, grant, id};
use super::{Samples, one};
use cabinet_proto::v1::support::{
    Support, SupportDesk, SupportPerson, SupportRequest, SupportedAgenda, SupportedPractice,
};

fn text(text: &str) -> String {
    text.to_owned()
}

one!(
    SupportRequest,
    "support.request",
    SupportRequest {
        command_id: id(10),
        support: id(71),
        minutes: 120,
        level: text("times"),
        reason: text("L'agenda reste vide"),
    }
);
one!(
    Support,
    "support.list",
    Support {
        people: vec![SupportPerson {
            id: id(71),
            name: text("Sam Oury"),
        }],
        grants: vec![grant()],
        now_ms: NOW,
    }
);
one!(
    SupportDesk,
    "support.desk",
    SupportDesk {
        practices: vec![SupportedPractice {
            practice: id(1),
            name: text("Cabinet d'essai"),
            zone: text("Europe/Paris"),
            level: text("times"),
            reason: text("L'agenda reste vide"),
            granted_by: text("Anne"),
            until_ms: NOW,
            agendas: vec![SupportedAgenda {
                agenda: id(2),
                name: text("Claire Morel"),
            }],
        }],
        now_ms: NOW,
    }
);
