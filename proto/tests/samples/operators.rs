//! Samples of the bodies of the operators' page.

use super::parts::{NOW, id};
use super::{Samples, one};
use cabinet_proto::v1::alerts::AlertAnswer;
use cabinet_proto::v1::operators::{
    Acknowledgement, AlertCount, AuditHealth, Compliance, DeadLetter, Figure, HeldFace, InstallationAlert, LetGo,
    MailHealth, Overview, StandingSession, TeamMember, TryAgain,
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn alerts() -> Vec<InstallationAlert> {
    vec![InstallationAlert {
        id: "00".repeat(22),
        rule: text("password_spray"),
        gravity: text("critical"),
        detail: text("192.0.2.7"),
        member: None,
        first_ms: NOW,
        last_ms: NOW,
        count: 1,
        answer: Some(AlertAnswer {
            by: Some(text("Camille Astruc")),
            at_ms: NOW,
            mine: false,
            reason: text("Bloqué au pare-feu"),
        }),
    }]
}

fn counts() -> Vec<AlertCount> {
    vec![AlertCount {
        rule: text("new_device"),
        gravity: text("notice"),
        count: 2,
    }]
}

fn audit() -> AuditHealth {
    AuditHealth {
        position: 41,
        journal_position: 42,
        leaves: 40,
        checkpoints: 3,
        failures: 0,
        watch_failures: 0,
        team_entries: 5,
        team_covered: 4,
        public_key: text("cabinet.example/audit+00000000+AAAA"),
    }
}

fn team() -> Vec<TeamMember> {
    vec![TeamMember {
        name: text("Camille Astruc"),
        role: text("ops"),
        account: text("open"),
    }]
}

one!(
    Overview,
    "operators.overview",
    Overview {
        version: text("0.1.0"),
        ready: true,
        alerts: alerts(),
        alert_counts: counts(),
        sessions: vec![StandingSession {
            id: "11".repeat(32),
            practice: Some(id(1)),
            member: id(50),
            device: text("Firefox, Linux"),
            network: text("192.0.*"),
            since_ms: NOW,
            used_ms: NOW,
        }],
        sessions_standing: 1,
        held: vec![HeldFace {
            subject: text("network:192.0.2.7"),
            kind: text("network"),
            detail: text("192.0.2.7"),
            failures: 30,
            until_ms: NOW,
        }],
        audit: audit(),
        figures: vec![Figure {
            name: text("cabinet_agendas_live"),
            value: 3.0,
        }],
        mail: Some(MailHealth {
            waiting: 1,
            dead: 1,
            oldest_ms: Some(NOW),
            down: None,
            letters: vec![DeadLetter {
                id: text("1-2"),
                kind: text("trial"),
                made_ms: NOW,
                tries: 10,
                why: text("550 no such mailbox"),
            }],
        }),
        team: team(),
    }
);
one!(
    Compliance,
    "operators.compliance",
    Compliance {
        audit: audit(),
        alerts: alerts(),
        alert_counts: counts(),
        team: team(),
    }
);
one!(
    Acknowledgement,
    "operators.acknowledge",
    Acknowledgement {
        reason: text("Bloqué au pare-feu"),
    }
);
one!(
    LetGo,
    "operators.let_go",
    LetGo {
        subject: text("network:192.0.2.7"),
    }
);
one!(TryAgain, "operators.mails_again", TryAgain { id: None });
