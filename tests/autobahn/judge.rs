//! The verdicts, by the original suite's rules: did the right events arrive, did the right side close, cleanly, with an
//! allowed code, and did the server end the connection.
//!
//! Must not be here: sockets, cases.

use crate::cases::{Case, Closing, Event};
use crate::client::Record;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    NonStrict,
    Failed,
    Informational,
    Unclean,
    WrongCode,
    /// The client had to end the connection.
    FailedByClient,
}

impl Verdict {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::NonStrict => "NON-STRICT",
            Self::Failed => "FAILED",
            Self::Informational => "INFORMATIONAL",
            Self::Unclean => "UNCLEAN",
            Self::WrongCode => "WRONG CODE",
            Self::FailedByClient => "FAILED BY CLIENT",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) id: String,
    pub(crate) behaviour: Verdict,
    pub(crate) close: Verdict,
    pub(crate) code: Option<u16>,
    pub(crate) milliseconds: u128,
    /// What arrived, shortened.
    arrived: Vec<String>,
}

impl Outcome {
    pub(crate) fn is_strict(&self) -> bool {
        let good = |verdict| matches!(verdict, Verdict::Ok | Verdict::Informational);
        good(self.behaviour) && good(self.close)
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "case": self.id, "behaviour": self.behaviour.text(), "close": self.close.text(), "code": self.code,
                "milliseconds": self.milliseconds, "arrived": self.arrived })
    }
}

pub(crate) fn judge(case: &Case, record: Record) -> Outcome {
    let mut behaviour = if record.events == case.strict {
        Verdict::Ok
    } else if case.non_strict.as_ref() == Some(&record.events) {
        Verdict::NonStrict
    } else {
        Verdict::Failed
    };
    let mut close = closing(case, &record);
    // Text that the server did not find wrong by itself, and a wrong code, are failures of the behaviour.
    let missed_text = matches!(case.closing, Closing::Server(1007)) && close == Verdict::Failed;
    if missed_text || close == Verdict::WrongCode {
        behaviour = Verdict::Failed;
    }
    if case.informational {
        (behaviour, close) = (Verdict::Informational, Verdict::Informational);
    }
    let shortened = |event: &Event| format!("{event:?}").chars().take(60).collect();
    Outcome {
        id: case.id.clone(),
        behaviour,
        close,
        code: record.code,
        milliseconds: record.milliseconds,
        arrived: record.events.iter().take(4).map(shortened).collect(),
    }
}

fn closing(case: &Case, record: &Record) -> Verdict {
    let (by_client, clean, codes) = match &case.closing {
        Closing::Client => (true, true, vec![1000]),
        Closing::ByStep { codes, clean } => (true, *clean, codes.clone()),
        Closing::Server(code) => (false, false, vec![*code]),
    };
    if by_client != record.closed_by_client {
        Verdict::Failed
    } else if clean && !record.told {
        Verdict::Unclean
    } else if record.code.is_some_and(|code| !codes.contains(&code)) {
        Verdict::WrongCode
    } else if !record.dropped_by_server {
        Verdict::FailedByClient
    } else {
        Verdict::Ok
    }
}

fn record(events: Vec<Event>, code: Option<u16>, closed_by_client: bool) -> Record {
    Record {
        events,
        code,
        told: code.is_some(),
        closed_by_client,
        dropped_by_server: true,
        milliseconds: 0,
    }
}

#[test]
fn verdicts_can_be_other_than_ok() {
    let cases = crate::cases::protocol();
    let of = |id: &str| cases.iter().find(|case| case.id == id).expect("a case");
    let hello = || Event::Text(b"Hello, world!".to_vec());
    for (id, record, behaviour, close) in [
        (
            "3.2",
            record(vec![hello()], Some(1002), false),
            Verdict::Ok,
            Verdict::Ok,
        ),
        (
            "3.2",
            record(vec![], Some(1002), false),
            Verdict::NonStrict,
            Verdict::Ok,
        ),
        (
            "3.2",
            record(vec![hello(), hello()], Some(1002), false),
            Verdict::Failed,
            Verdict::Ok,
        ),
        (
            "3.2",
            record(vec![hello()], Some(1000), false),
            Verdict::Failed,
            Verdict::WrongCode,
        ),
        (
            "6.4.1",
            record(vec![Event::Open], Some(1007), false),
            Verdict::Ok,
            Verdict::Ok,
        ),
        (
            "6.4.1",
            record(vec![Event::Open, Event::Open], Some(1007), false),
            Verdict::NonStrict,
            Verdict::Ok,
        ),
        ("7.3.1", record(vec![], None, true), Verdict::Ok, Verdict::Unclean),
        ("7.9.1", record(vec![], None, true), Verdict::Ok, Verdict::Ok),
        (
            "7.13.1",
            record(vec![], None, true),
            Verdict::Informational,
            Verdict::Informational,
        ),
        ("2.5", record(vec![], None, true), Verdict::Ok, Verdict::Failed),
    ] {
        let outcome = judge(of(id), record);
        assert_eq!((outcome.behaviour, outcome.close), (behaviour, close), "{id}");
    }
}
