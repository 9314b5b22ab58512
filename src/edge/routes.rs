//! The HTTP routes, as the head of `proto/v1/http.rs` lists them. Each handler: guard, conversion, one call, conversion.
//!
//! Must not be here: rules, storage.

pub mod account;
pub mod alerts;
pub mod audit;
pub mod contract;
pub mod feed;
pub mod health;
pub mod link;
pub mod manage;
pub mod members;
pub mod messages;
pub mod passkeys;
pub mod people;
pub mod planning;
pub mod public;
pub mod review;
pub mod security;
pub mod sign_up;
pub mod staff;
pub mod support;
pub mod visit;
pub mod waiting;

use super::problem::{EdgeCode, Failure};
use super::{EdgeState, secret};
use actix_web::web;
use cabinet_actors::access::leaf_origin;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_actors::read::ReadError;
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AgendaKey, CommandId};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::practice::{Locale, Practice};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::rights::Action;
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicPractice;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Anyone: public pages, health, signing in.
    Anyone,
    /// Whoever holds the secret in the body.
    Bearer,
    /// Someone signed in, for what is their own.
    SignedIn,
    /// Someone signed in with the right to this in the practice as a whole.
    Practice(Action),
    /// Someone signed in with the right to this on the agenda that the path names.
    Agenda(Action),
    /// Someone signed in with the right to see the agenda and to what the body asks of it.
    AgendaCommand,
    /// Someone of the platform's team, with the right to this.
    Platform(Action),
    /// Someone of the platform's support, for what practices let them see now.
    Support,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub policy: Policy,
}

/// A table of routes. A handler of the API is registered by its line here and by nothing else, and no line goes without a policy: a
/// handler that is not here is dead code, which does not pass the lints. Pages (`assets`, `plain`) and the calendar that a feed's
/// address shows stand beside it, in `configure` of the edge.
macro_rules! routes {
    ($($method:literal $path:literal $module:ident::$handler:ident $policy:expr;)+) => {
        /// Every route of the table with its policy.
        pub const ROUTES: &[Route] = &[$(Route { method: $method, path: $path, policy: $policy }),+];

        /// Adds all of them.
        pub fn configure(config: &mut web::ServiceConfig) {
            config$(.service($module::$handler))+;
        }
    };
}

pub(crate) use routes;

routes! {
    "GET" "/healthz" health::get_healthz Policy::Anyone;
    "GET" "/readyz" health::get_readyz Policy::Anyone;
    "GET" "/api/v1/public/{practice}" public::get_practice Policy::Anyone;
    "GET" "/api/v1/public/{practice}/{practitioner}" public::get_page Policy::Anyone;
    "GET" "/api/v1/public/{practice}/{practitioner}/slots" public::get_slots Policy::Anyone;
    "POST" "/api/v1/public/{practice}/{practitioner}/holds" public::post_hold Policy::Anyone;
    "POST" "/api/v1/public/{practice}/{practitioner}/holds/{hold}/release" public::post_release Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/holds/{hold}/confirm" public::post_confirm Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/view" manage::post_view Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/delay" manage::post_delay Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/cancel" manage::post_cancel Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/waiting" waiting::post_waiting Policy::Anyone;
    "POST" "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/view" waiting::post_waiting_view Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/accept" waiting::post_waiting_accept Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/decline" waiting::post_waiting_decline Policy::Bearer;
    "POST" "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/leave" waiting::post_waiting_leave Policy::Bearer;
    "POST" "/api/v1/public/{practice}/visit" visit::post_visit Policy::Anyone;
    "POST" "/api/v1/public/{practice}/visit/open" visit::post_visit_open Policy::Bearer;
    "POST" "/api/v1/public/{practice}/visit/bookings" visit::post_visit_bookings Policy::Bearer;
    "POST" "/api/v1/public/{practice}/visit/cancel" visit::post_visit_cancel Policy::Bearer;
    "POST" "/api/v1/link/open" link::post_open Policy::Bearer;
    "POST" "/api/v1/link/reminders" link::post_reminders Policy::Bearer;
    "POST" "/api/v1/staff/sign-in" staff::post_sign_in Policy::Anyone;
    "POST" "/api/v1/staff/sign-out" staff::post_sign_out Policy::SignedIn;
    "GET" "/api/v1/staff/me" staff::get_me Policy::SignedIn;
    "POST" "/api/v1/staff/ticket" staff::post_ticket Policy::SignedIn;
    "GET" "/api/v1/staff/agendas/{agenda}" staff::get_agenda Policy::Agenda(Action::SeeTimes);
    "POST" "/api/v1/staff/agendas/{agenda}/commands" staff::post_command Policy::AgendaCommand;
    "POST" "/api/v1/staff/agendas/{agenda}/series" planning::post_series Policy::Agenda(Action::SeeTypes);
    "GET" "/api/v1/staff/agendas/{agenda}/series/{series}" planning::get_series Policy::Agenda(Action::SeeTypes);
    "GET" "/api/v1/staff/agendas/{agenda}/why" planning::get_why Policy::Agenda(Action::SeeTypes);
    "GET" "/api/v1/staff/agendas/{agenda}/unfilled" planning::get_unfilled Policy::Agenda(Action::SeeTypes);
    "GET" "/api/v1/staff/agendas/{agenda}/bookings/{booking}/messages" messages::get_messages Policy::Agenda(Action::SeePatientIdentity);
    "GET" "/api/v1/staff/agendas/{agenda}/reminders" messages::get_reminders Policy::Agenda(Action::SeeTimes);
    "POST" "/api/v1/staff/agendas/{agenda}/reminders" messages::post_reminders Policy::Agenda(Action::SetTypes);
    "GET" "/api/v1/staff/agendas/{agenda}/feed" feed::get_feed Policy::Agenda(Action::SeeTimes);
    "POST" "/api/v1/staff/agendas/{agenda}/feed" feed::post_feed Policy::Agenda(Action::SeeTimes);
    "POST" "/api/v1/staff/agendas/{agenda}/feed/end" feed::post_feed_end Policy::Agenda(Action::SeeTimes);
    "GET" "/api/v1/staff/members" members::get_members Policy::Practice(Action::SeeMembers);
    "POST" "/api/v1/staff/invitations" members::post_invitation Policy::Practice(Action::InviteMember);
    "POST" "/api/v1/staff/invitations/{invitation}/withdraw" members::post_withdrawal Policy::Practice(Action::InviteMember);
    "POST" "/api/v1/staff/members/{member}/change" members::post_member Policy::Practice(Action::ChangeMember);
    "POST" "/api/v1/staff/members/{member}/remove" members::post_removal Policy::Practice(Action::RemoveMember);
    "POST" "/api/v1/staff/members/{member}/link" members::post_member_link Policy::Practice(Action::ChangeMember);
    "POST" "/api/v1/staff/agendas/{agenda}/break-glass" members::post_break_glass Policy::Agenda(Action::BreakGlass);
    "POST" "/api/v1/staff/break-glass/{glass}/end" members::post_break_glass_end Policy::SignedIn;
    "GET" "/api/v1/staff/support" support::get_support Policy::Practice(Action::GrantSupport);
    "POST" "/api/v1/staff/support" support::post_support Policy::Practice(Action::GrantSupport);
    "POST" "/api/v1/staff/support/{grant}/end" support::post_support_end Policy::Practice(Action::GrantSupport);
    "POST" "/api/v1/staff/contract" contract::post_contract Policy::Practice(Action::AcceptContract);
    "GET" "/api/v1/staff/alerts" alerts::get_alerts Policy::SignedIn;
    "POST" "/api/v1/staff/alerts/{alert}/answer" alerts::post_answer Policy::SignedIn;
    "GET" "/api/v1/staff/audit" audit::get_audit Policy::Practice(Action::SeeAudit);
    "GET" "/api/v1/staff/audit/{number}/proof" audit::get_proof Policy::Practice(Action::SeeAudit);
    "GET" "/api/v1/staff/audit/export" audit::get_export Policy::Practice(Action::ExportAudit);
    "POST" "/api/v1/account/sign-in" account::post_password Policy::Anyone;
    "POST" "/api/v1/account/second-factor" account::post_second_factor Policy::Bearer;
    "POST" "/api/v1/account/link" account::post_link Policy::Bearer;
    "POST" "/api/v1/account/activation" account::post_activation Policy::Bearer;
    "POST" "/api/v1/account/activation/finish" account::post_activation_finish Policy::Bearer;
    "GET" "/api/v1/documents" sign_up::get_documents Policy::Anyone;
    "POST" "/api/v1/account/sign-up" sign_up::post_sign_up Policy::Anyone;
    "POST" "/api/v1/account/sign-up/finish" sign_up::post_sign_up_finish Policy::Bearer;
    "POST" "/api/v1/account/reset" account::post_reset Policy::Bearer;
    "POST" "/api/v1/account/forgotten" account::post_forgotten Policy::Anyone;
    "GET" "/api/v1/account" security::get_account Policy::SignedIn;
    "POST" "/api/v1/account/step-up" security::post_step_up Policy::SignedIn;
    "POST" "/api/v1/account/password" security::post_new_password Policy::SignedIn;
    "POST" "/api/v1/account/recovery-codes" security::post_recovery_codes Policy::SignedIn;
    "POST" "/api/v1/account/application" security::post_application Policy::SignedIn;
    "POST" "/api/v1/account/application/finish" security::post_application_finish Policy::SignedIn;
    "POST" "/api/v1/account/sessions/end" security::post_session_end Policy::SignedIn;
    "POST" "/api/v1/account/email" security::post_email Policy::SignedIn;
    "POST" "/api/v1/account/email/finish" security::post_email_finish Policy::SignedIn;
    "POST" "/api/v1/account/passkey-sign-in" passkeys::post_passkey_sign_in Policy::Anyone;
    "POST" "/api/v1/account/passkey-sign-in/finish" passkeys::post_passkey_sign_in_finish Policy::Bearer;
    "POST" "/api/v1/account/passkeys" passkeys::post_passkey Policy::SignedIn;
    "POST" "/api/v1/account/passkeys/finish" passkeys::post_passkey_finish Policy::SignedIn;
    "POST" "/api/v1/account/passkeys/remove" passkeys::post_passkey_removal Policy::SignedIn;
    "POST" "/api/v1/account/step-up/passkey" passkeys::post_passkey_step_up Policy::SignedIn;
    "POST" "/api/v1/account/step-up/passkey/finish" passkeys::post_passkey_step_up_finish Policy::SignedIn;
    "GET" "/api/v1/staff/access-review" review::get_review Policy::Practice(Action::ReviewAccess);
    "GET" "/api/v1/staff/access-review/export" review::get_review_export Policy::Practice(Action::ExportAccess);
    "POST" "/api/v1/staff/access-review" review::post_review Policy::Practice(Action::ReviewAccess);
    "POST" "/api/v1/staff/members/{member}/release" review::post_release Policy::Practice(Action::ChangeMember);
    "POST" "/api/v1/staff/patients/search" people::post_patient_search Policy::Practice(Action::SearchPatients);
    "GET" "/api/v1/staff/patients/duplicates" people::get_patient_duplicates Policy::Practice(Action::SearchPatients);
    "GET" "/api/v1/staff/patients/{patient}" people::get_patient Policy::Practice(Action::SearchPatients);
    "POST" "/api/v1/staff/patients" people::post_patient Policy::Practice(Action::SetPatient);
    "POST" "/api/v1/staff/patients/{patient}/change" people::post_patient_change Policy::Practice(Action::SetPatient);
    "POST" "/api/v1/staff/patients/{patient}/merge" people::post_patient_merge Policy::Practice(Action::SetPatient);
    "POST" "/api/v1/staff/patients/{patient}/part" people::post_patient_part Policy::Practice(Action::SetPatient);
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoSuchAgenda => EdgeCode::NotFound.into(),
            ReadError::Busy | ReadError::Unavailable => EdgeCode::Busy.into(),
            ReadError::Internal => EdgeCode::Internal.into(),
        }
    }
}

/// A command of someone known only by a secret.
struct BearerOrder {
    agenda: AgendaKey,
    principal: Principal,
    command_id: CommandId,
    digest: [u8; 16],
    command: Command,
    personal: Vec<PersonalPart>,
    /// In which language a patient books.
    locale: Option<Locale>,
    /// From which network.
    network: String,
}

/// Carries a bearer's command out. A wrong secret gets the answer of an unknown id, `instead`: nobody learns which ids
/// stand by trying.
async fn execute_for_bearer(state: &EdgeState, order: BearerOrder, instead: Refusal) -> Result<Accepted, Failure> {
    let outcome = state
        .agendas
        .execute(Order {
            agenda: order.agenda,
            command: order.command,
            principal: order.principal,
            command_id: order.command_id,
            digest: order.digest,
            personal: order.personal,
            origin: leaf_origin(None, None, &order.network),
            locale: order.locale,
        })
        .await;
    outcome.map_err(|error| {
        if error == ExecuteError::Refused(Refusal::NotYours) {
            instead.into()
        } else {
            error.into()
        }
    })
}

/// The principal that holds `secret`.
fn bearer(secret: &str) -> Principal {
    Principal::Bearer(secret::hash(secret))
}

/// The practice's public face with the zones of its agendas.
pub(super) async fn public_face(state: &EdgeState, practice: &Practice) -> Result<PublicPractice, Failure> {
    let mut zones = Vec::new();
    for agenda in practice.practitioners.keys() {
        let key = AgendaKey {
            practice: practice.id,
            agenda: *agenda,
        };
        let zone = state.agendas.read(key, |read| {
            let profile = read.agenda.profile.as_ref();
            profile.map(|profile| profile.zone.name().to_owned())
        });
        zones.push((*agenda, zone.await?.unwrap_or_default()));
    }
    let zone_of = |agenda| {
        let known = zones.iter().find(|(one, _)| *one == agenda);
        known.map(|(_, zone)| zone.clone()).unwrap_or_default()
    };
    outward::public_practice(practice, zone_of).ok_or_else(|| EdgeCode::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::openapi::Document;
    use std::collections::BTreeSet;
    use utoipa::OpenApi;

    #[test]
    fn the_table_and_the_document_list_the_same_routes() {
        let document = Document::openapi();
        let mut documented = BTreeSet::new();
        for (path, item) in &document.paths.paths {
            for (method, there) in [("GET", &item.get), ("POST", &item.post)] {
                documented.extend(there.is_some().then_some((method, path.as_str())));
            }
            assert!(
                item.put.is_none() && item.delete.is_none() && item.patch.is_none(),
                "{path}"
            );
        }
        // The document answers for itself.
        documented.remove(&("GET", "/api/v1/openapi.json"));
        let listed: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(listed.len(), ROUTES.len());
        assert_eq!(listed, documented);
    }

    #[test]
    fn what_names_an_agenda_by_id_asks_for_a_right_on_it() {
        for route in ROUTES {
            let asks = matches!(route.policy, Policy::Agenda(_) | Policy::AgendaCommand);
            assert_eq!(asks, route.path.contains("{agenda}"), "{}", route.path);
            let staff = route.path.starts_with("/api/v1/staff/") && !route.path.ends_with("/sign-in");
            let known = matches!(route.policy, Policy::SignedIn | Policy::Practice(_));
            assert!(!staff || asks || known, "{}", route.path);
        }
    }
}
