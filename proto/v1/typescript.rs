//! The wire types as one TypeScript module, in a fixed order. `tests/typescript.rs` holds the file that the browser
//! applications import equal to it.

use super::{
    account, alerts, audit, board, feed, http, members, messages, model, operators, people, planning, problem, review,
    session, support, visit, waiting,
};
use cabinet_domain::audit::Act;
use ts_rs::{Config, TS};

macro_rules! export {
    ($text:ident, $config:ident: $($path:path),+ $(,)?) => {$(
        $text.push('\n');
        if let Some(docs) = <$path as TS>::docs() {
            $text.push_str(docs.trim_end());
            $text.push('\n');
        }
        $text.push_str("export ");
        $text.push_str(&<$path as TS>::decl($config));
        $text.push('\n');
    )+};
}

/// The whole module. Deterministic: the order is the order below.
#[must_use]
pub fn module() -> String {
    let config = Config::new();
    let mut text = String::from(
        "// Generated from proto/v1 by `UPDATE=1 cargo test -p cabinet-proto --test typescript`. Do not edit.\n",
    );
    appointments(&mut text, &config);
    planning_and_frames(&mut text, &config);
    accounts(&mut text, &config);
    passkeys(&mut text, &config);
    support(&mut text, &config);
    reviews(&mut text, &config);
    waiting_list(&mut text, &config);
    patients(&mut text, &config);
    text.push_str("\n/** The acts of the audit log by their number in a leaf. */\nexport const AUDIT_ACTS: Readonly<Record<number, string>> = {\n");
    for act in Act::ALL {
        text.push_str(&format!("  {}: '{}',\n", act.number(), act.name()));
    }
    text.push_str("};\n");
    text
}

fn appointments(text: &mut String, config: &Config) {
    export!(
        text, config:
        problem::Problem,
        model::AppointmentType,
        model::WeeklyOpening,
        model::Release,
        model::Slot,
        model::TypeSlots,
        model::TypeSlotChanges,
        model::Place,
        model::Practitioner,
        model::Person,
        model::StaffBooking,
        model::StaffHold,
        model::StaffAbsence,
        model::StaffOpening,
        model::OpeningRule,
        model::ExceptionalOpening,
        model::StaffView,
        model::StaffPart,
        http::Notice,
        http::PublicPractice,
        http::PublicPage,
        http::PublicSlots,
        http::HoldRequest,
        http::HoldAnswer,
        http::ReleaseRequest,
        http::ConfirmRequest,
        http::ConfirmAnswer,
        visit::VisitRequest,
        messages::LinkRequest,
        messages::RemindersRequest,
        messages::LinkOpened,
        messages::BookingMessage,
        messages::BookingMessages,
        messages::ReminderSwitch,
        messages::ReminderSettings,
        visit::VisitCode,
        visit::VisitHolder,
        visit::VisitCancel,
        visit::PatientVisit,
        visit::VisitedBooking,
        http::ManageRequest,
        http::ManagedBooking,
        http::DelayFace,
        http::CancelRequest,
        http::Accepted,
        http::SignInRequest,
        http::SocketTicket,
        http::StaffMe,
        http::StaffAgenda,
        http::StaffCommandRequest,
        http::Allowances,
        http::StaffCommand,
    );
}

fn planning_and_frames(text: &mut String, config: &Config) {
    export!(
        text, config:
        model::SeriesPlace,
        planning::SessionAt,
        planning::SeriesPlanRequest,
        planning::SeriesPlan,
        planning::SeriesDate,
        planning::SeriesBookings,
        planning::WhyNot,
        planning::WhyReason,
        planning::Stretch,
        planning::Unfilled,
        board::BoardFrame,
        session::ClientFrame,
        session::ServerFrame,
        session::StaffChange,
    );
}

fn waiting_list(text: &mut String, config: &Config) {
    export!(
        text, config:
        waiting::Wishes,
        waiting::JoinRequest,
        waiting::JoinAnswer,
        waiting::WaitingRequest,
        waiting::WaitingActRequest,
        waiting::Offer,
        waiting::WaitingView,
        waiting::StaffWaiting,
        feed::FeedState,
        feed::FeedRequest,
        feed::FeedMade,
    );
}

fn patients(text: &mut String, config: &Config) {
    export!(
        text, config:
        people::PatientFace,
        people::PatientSearch,
        people::PatientsFound,
        people::PatientRelative,
        people::CardContent,
        people::PatientCreate,
        people::PatientChange,
        people::PatientBooking,
        people::PatientFile,
        people::PatientMerge,
        people::PatientPair,
        people::PatientPairs,
    );
}

fn accounts(text: &mut String, config: &Config) {
    export!(
        text, config:
        account::PasswordSignIn,
        account::Challenge,
        account::SecondFactor,
        account::ContractFace,
        account::ContractAcceptance,
        account::ForgottenRequest,
        account::LinkHolder,
        account::LinkPurpose,
        account::LinkFace,
        account::ActivationRequest,
        account::Enrolment,
        account::ActivationCode,
        account::Activated,
        account::ResetRequest,
        account::AccountFace,
        account::AccountSession,
        account::StepUpRequest,
        account::SteppedUp,
        account::PasswordChange,
        account::RecoveryCodes,
        account::SessionEnd,
        account::DocumentFace,
        account::Documents,
        account::SignUpRequest,
        account::IdentifierDoubt,
        account::SignUpBegun,
        account::SignUpCode,
        members::AgendaLevel,
        members::Levels,
        members::MembershipFace,
        members::MemberFace,
        members::InvitationFace,
        members::Members,
        members::InviteRequest,
        members::InvitationMade,
        members::MemberLink,
        members::MemberChange,
        members::NumberedRequest,
        members::BreakGlassRequest,
        members::GlassFace,
        alerts::AlertAnswer,
        alerts::AlertFace,
        alerts::Alerts,
        alerts::AlertAnswerRequest,
        operators::AlertCount,
        operators::InstallationAlert,
        operators::StandingSession,
        operators::HeldFace,
        operators::AuditHealth,
        operators::Figure,
        operators::DeadLetter,
        operators::MailHealth,
        operators::TeamMember,
        operators::Overview,
        operators::Compliance,
        operators::Acknowledgement,
        operators::LetGo,
        operators::TryAgain,
        audit::AuditQuery,
        audit::AuditSaid,
        audit::AuditLeaf,
        audit::AuditPage,
        audit::AuditProof,
    );
}

fn passkeys(text: &mut String, config: &Config) {
    export!(
        text, config:
        account::PasskeyChallenge,
        account::PasskeySignIn,
        account::PasskeyCeremony,
        account::NewPasskey,
        account::ShownPasskey,
        account::PasskeyRemoval,
        account::PasskeyFace,
        account::EmailChange,
        account::EmailCode,
    );
}

fn support(text: &mut String, config: &Config) {
    export!(
        text, config:
        support::SupportRequest,
        support::SupportFace,
        support::SupportPerson,
        support::Support,
        support::SupportedAgenda,
        support::SupportedPractice,
        support::SupportDesk,
    );
}

fn reviews(text: &mut String, config: &Config) {
    export!(
        text, config:
        review::ReviewFace,
        review::AccessState,
        review::ReviewedMember,
        review::ExceptionalAccess,
        review::AccessReview,
        review::LockFace,
    );
}
