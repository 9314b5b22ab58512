//! Samples of the bodies about the audit log.

use super::parts::{END, NOW, START, id};
use super::{Samples, one};
use cabinet_proto::v1::audit::{AuditLeaf, AuditPage, AuditProof, AuditSaid};

fn text(text: &str) -> String {
    text.to_owned()
}

fn whole() -> AuditLeaf {
    AuditLeaf {
        number: 41,
        state: text("whole"),
        said: Some(AuditSaid {
            at_ms: NOW,
            actor: text("staff"),
            member: Some(id(50)),
            name: Some(text("Anne Roux")),
            role: Some(text("secretary")),
            act: text("agenda.opened"),
            denied: false,
            count: 1,
            agenda: Some(id(2)),
            subject_kind: Some(text("booking")),
            subject: Some(id(3)),
            patient: Some(id(4)),
            from_ms: Some(START),
            until_ms: Some(END),
            session: Some(text("0011223344556677")),
            network: text("192.0.*"),
            note: text("full"),
        }),
    }
}

one!(
    AuditPage,
    "audit.page",
    AuditPage {
        leaves: vec![
            whole(),
            AuditLeaf {
                number: 40,
                state: text("expired"),
                said: None,
            }
        ],
        before: 40,
        size: 42,
        checkpoint: Some(text("log.example/audit\n41\n")),
        public_key: text("log.example+00112233+AQ=="),
        everything: true,
    }
);
one!(
    AuditProof,
    "audit.proof",
    AuditProof {
        number: 40,
        salt: None,
        record: Some(text("01")),
        size: 41,
        hashes: vec![text("00")],
        checkpoint: text("log.example/audit\n41\n"),
        public_key: text("log.example+00112233+AQ=="),
    }
);
