//! The wire types as one TypeScript module, in a fixed order. `tests/typescript.rs` holds the file that the browser
//! applications import equal to it.

use super::{board, http, model, problem, session};
use ts_rs::{Config, TS};

/// The whole module. Deterministic: the order is the order below.
#[must_use]
pub fn module() -> String {
    let config = Config::new();
    let mut text = String::from(
        "// Generated from proto/v1 by `UPDATE=1 cargo test -p cabinet-proto --test typescript`. Do not edit.\n",
    );
    macro_rules! export {
        ($($path:path),+ $(,)?) => {$(
            text.push('\n');
            if let Some(docs) = <$path as TS>::docs() {
                text.push_str(docs.trim_end());
                text.push('\n');
            }
            text.push_str("export ");
            text.push_str(&<$path as TS>::decl(&config));
            text.push('\n');
        )+};
    }
    export!(
        problem::Problem,
        model::AppointmentType,
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
        http::ManageRequest,
        http::ManagedBooking,
        http::CancelRequest,
        http::Accepted,
        http::SignInRequest,
        http::StaffMe,
        http::StaffAgenda,
        http::StaffCommandRequest,
        http::Allowances,
        http::StaffCommand,
        board::BoardFrame,
        session::ClientFrame,
        session::ServerFrame,
        session::StaffChange,
    );
    text
}
