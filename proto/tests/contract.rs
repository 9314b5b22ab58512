//! Golden JSON of every frame and body: `contract.json` beside this file. Clients in the field rely on it, so a difference
//! is a change of the protocol. `UPDATE=1` writes it. Every sample is also read back.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod samples;

use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::http::{self, StaffCommand};
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::session::{ClientFrame, ServerFrame, StaffChange};
use cabinet_proto::v1::{
    account, alerts, audit, feed, members, messages, operators, people, planning, review, support, visit, waiting,
};
use samples::Samples;
use serde_json::{Map, Value};
use std::fmt::Debug;
use std::path::Path;

fn add<T>(all: &mut Map<String, Value>)
where
    T: Samples + serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    for (name, sample) in T::samples() {
        let value = serde_json::to_value(&sample).unwrap();
        let read: T = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read, sample, "{name} does not read back");
        assert!(
            all.insert(format!("{}.{name}", T::NAME), value).is_none(),
            "{name} stands twice"
        );
    }
}

fn all() -> Map<String, Value> {
    let mut all = Map::new();
    add::<BoardFrame>(&mut all);
    add::<ClientFrame>(&mut all);
    add::<ServerFrame>(&mut all);
    add::<StaffChange>(&mut all);
    add::<StaffCommand>(&mut all);
    add::<Problem>(&mut all);
    add::<http::PublicPage>(&mut all);
    add::<http::PublicSlots>(&mut all);
    add::<http::HoldRequest>(&mut all);
    add::<http::HoldAnswer>(&mut all);
    add::<http::ReleaseRequest>(&mut all);
    add::<http::ConfirmRequest>(&mut all);
    add::<http::ConfirmAnswer>(&mut all);
    add::<http::ManageRequest>(&mut all);
    add::<visit::VisitRequest>(&mut all);
    add::<messages::LinkRequest>(&mut all);
    add::<messages::RemindersRequest>(&mut all);
    add::<messages::LinkOpened>(&mut all);
    add::<messages::BookingMessages>(&mut all);
    add::<messages::ReminderSwitch>(&mut all);
    add::<messages::ReminderSettings>(&mut all);
    add::<feed::FeedState>(&mut all);
    add::<feed::FeedRequest>(&mut all);
    add::<feed::FeedMade>(&mut all);
    add::<visit::VisitCode>(&mut all);
    add::<visit::VisitHolder>(&mut all);
    add::<visit::VisitCancel>(&mut all);
    add::<visit::PatientVisit>(&mut all);
    add::<http::ManagedBooking>(&mut all);
    add::<http::DelayFace>(&mut all);
    add::<http::CancelRequest>(&mut all);
    add::<http::Accepted>(&mut all);
    add::<http::SignInRequest>(&mut all);
    add::<http::SocketTicket>(&mut all);
    add::<http::StaffMe>(&mut all);
    add::<http::StaffAgenda>(&mut all);
    add::<http::StaffCommandRequest>(&mut all);
    add::<planning::SeriesPlanRequest>(&mut all);
    add::<planning::SeriesPlan>(&mut all);
    add::<planning::SeriesBookings>(&mut all);
    add::<planning::WhyNot>(&mut all);
    add::<planning::Unfilled>(&mut all);
    accounts(&mut all);
    add::<alerts::Alerts>(&mut all);
    add::<alerts::AlertAnswerRequest>(&mut all);
    add::<operators::Overview>(&mut all);
    add::<operators::Compliance>(&mut all);
    add::<operators::Acknowledgement>(&mut all);
    add::<operators::LetGo>(&mut all);
    add::<operators::TryAgain>(&mut all);
    add::<audit::AuditPage>(&mut all);
    add::<audit::AuditProof>(&mut all);
    all
}

fn accounts(all: &mut Map<String, Value>) {
    add::<account::PasswordSignIn>(all);
    add::<account::Challenge>(all);
    add::<account::SecondFactor>(all);
    add::<account::PasskeyChallenge>(all);
    add::<account::PasskeySignIn>(all);
    add::<account::PasskeyCeremony>(all);
    add::<account::NewPasskey>(all);
    add::<account::ShownPasskey>(all);
    add::<account::PasskeyRemoval>(all);
    add::<account::PasskeyFace>(all);
    add::<account::EmailChange>(all);
    add::<account::EmailCode>(all);
    add::<account::ContractFace>(all);
    add::<account::ContractAcceptance>(all);
    add::<account::ForgottenRequest>(all);
    add::<account::LinkHolder>(all);
    add::<account::LinkFace>(all);
    add::<account::ActivationRequest>(all);
    add::<account::Enrolment>(all);
    add::<account::ActivationCode>(all);
    add::<account::Activated>(all);
    add::<account::ResetRequest>(all);
    add::<account::AccountFace>(all);
    add::<account::StepUpRequest>(all);
    add::<account::SteppedUp>(all);
    add::<account::PasswordChange>(all);
    add::<account::RecoveryCodes>(all);
    add::<account::SessionEnd>(all);
    add::<account::Documents>(all);
    add::<account::SignUpRequest>(all);
    add::<account::SignUpBegun>(all);
    add::<account::SignUpCode>(all);
    add::<members::Members>(all);
    add::<members::InviteRequest>(all);
    add::<members::InvitationMade>(all);
    add::<members::MemberLink>(all);
    add::<members::MemberChange>(all);
    add::<members::NumberedRequest>(all);
    add::<members::BreakGlassRequest>(all);
    add::<support::SupportRequest>(all);
    add::<support::Support>(all);
    add::<support::SupportDesk>(all);
    add::<review::AccessReview>(all);
    add::<waiting::JoinRequest>(all);
    add::<waiting::JoinAnswer>(all);
    add::<waiting::WaitingRequest>(all);
    add::<waiting::WaitingActRequest>(all);
    add::<waiting::WaitingView>(all);
    add::<people::PatientSearch>(all);
    add::<people::PatientsFound>(all);
    add::<people::PatientCreate>(all);
    add::<people::PatientChange>(all);
    add::<people::PatientFile>(all);
    add::<people::PatientMerge>(all);
    add::<people::PatientPairs>(all);
}

#[test]
fn every_frame_and_body_is_what_it_was() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract.json");
    let text = format!("{:#}\n", Value::Object(all()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written != text {
        let before: Map<String, Value> = serde_json::from_str(&written).unwrap_or_default();
        let now = all();
        let changed: Vec<&String> = now.keys().filter(|name| before.get(*name) != now.get(*name)).collect();
        let gone: Vec<&String> = before.keys().filter(|name| !now.contains_key(*name)).collect();
        panic!("the wire changed: {changed:?}, gone: {gone:?}. If that is meant, run with UPDATE=1");
    }
}

#[test]
fn what_a_client_sends_may_have_no_unknown_field() {
    for (name, frame) in ClientFrame::samples() {
        let mut value = serde_json::to_value(frame).unwrap();
        value["surplus"] = Value::Null;
        assert!(serde_json::from_value::<ClientFrame>(value).is_err(), "{name}");
    }
    for (name, command) in StaffCommand::samples() {
        let mut value = serde_json::to_value(command).unwrap();
        value["surplus"] = Value::Null;
        assert!(serde_json::from_value::<StaffCommand>(value).is_err(), "{name}");
    }
}
