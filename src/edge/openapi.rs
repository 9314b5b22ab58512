//! The OpenAPI document, made from the handlers themselves. Tests hold it equal to what the server answers.

use super::problem::PROBLEM_JSON;
use super::routes::{
    account, alerts, audit, contract, feed, health, link, manage, members, messages, passkeys, people, planning,
    public, review, security, sign_up, staff, support, visit, waiting,
};
use actix_web::get;
use actix_web::http::header::HeaderValue;
use actix_web::web::Json;
use std::sync::LazyLock;
use utoipa::openapi::Ref;
use utoipa::openapi::content::Content;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document's source.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cabinet en Ligne",
        description = "Appointments of a practice. Errors are application/problem+json with a stable `code`. Changing \
            requests carry a command id: repeat it to repeat the request harmlessly. Changing requests of staff carry \
            the header `x-cabinet: 1`. The sockets `/live` and `/ws` are described in the protocol document.",
        version = "1"
    ),
    paths(
        health::get_healthz,
        health::get_readyz,
        public::get_practice,
        public::get_page,
        public::get_slots,
        public::post_hold,
        public::post_release,
        public::post_confirm,
        manage::post_view,
        manage::post_delay,
        manage::post_cancel,
        staff::post_sign_in,
        staff::post_sign_out,
        staff::get_me,
        staff::post_ticket,
        staff::get_agenda,
        staff::post_command,
        planning::post_series,
        planning::get_series,
        planning::get_why,
        planning::get_unfilled,
        members::get_members,
        members::post_invitation,
        members::post_withdrawal,
        members::post_member,
        members::post_removal,
        members::post_member_link,
        members::post_break_glass,
        members::post_break_glass_end,
        support::get_support,
        support::post_support,
        support::post_support_end,
        review::get_review,
        review::get_review_export,
        review::post_review,
        review::post_release,
        alerts::get_alerts,
        alerts::post_answer,
        audit::get_audit,
        audit::get_proof,
        audit::get_export,
        account::post_password,
        account::post_second_factor,
        account::post_link,
        account::post_activation,
        account::post_activation_finish,
        contract::post_contract,
        account::post_reset,
        account::post_forgotten,
        sign_up::get_documents,
        sign_up::post_sign_up,
        sign_up::post_sign_up_finish,
        security::get_account,
        security::post_step_up,
        security::post_new_password,
        security::post_recovery_codes,
        security::post_application,
        security::post_application_finish,
        security::post_session_end,
        security::post_email,
        security::post_email_finish,
        visit::post_visit,
        visit::post_visit_open,
        visit::post_visit_bookings,
        visit::post_visit_cancel,
        link::post_open,
        messages::get_messages,
        messages::get_reminders,
        messages::post_reminders,
        feed::get_feed,
        feed::post_feed,
        feed::post_feed_end,
        link::post_reminders,
        passkeys::post_passkey_sign_in,
        passkeys::post_passkey_sign_in_finish,
        passkeys::post_passkey,
        passkeys::post_passkey_finish,
        passkeys::post_passkey_removal,
        passkeys::post_passkey_step_up,
        passkeys::post_passkey_step_up_finish,
        waiting::post_waiting,
        waiting::post_waiting_view,
        waiting::post_waiting_accept,
        waiting::post_waiting_decline,
        waiting::post_waiting_leave,
        people::post_patient_search,
        people::get_patient_duplicates,
        people::get_patient,
        people::post_patient,
        people::post_patient_change,
        people::post_patient_merge,
        people::post_patient_part,
        get_document,
    ),
    modifiers(&SessionCookie, &CommonProblems)
)]
pub struct Document;

struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            super::guard::staff::TLS_JAR.session,
            "Given by sign-in.",
        ));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// What the guards and the frame answer for whole groups of operations: said here once instead of at each handler.
struct CommonProblems;

/// Which operations a problem may meet.
#[derive(Clone, Copy)]
enum Meets {
    /// Those with a body.
    Bodies,
    /// Changing ones: the page they come from is checked.
    Changes,
    /// Those that name something in their path.
    Named,
    /// Those that reach an agenda or the sign-in records.
    Stores,
    /// Those that a network's requests are counted for.
    Counted,
}

const COMMON_PROBLEMS: [(Meets, &str, &str); 8] = [
    (Meets::Bodies, "400", "Not understood"),
    (Meets::Bodies, "413", "Too large"),
    (Meets::Bodies, "415", "The body must be application/json"),
    (Meets::Changes, "403", "Not from this origin"),
    (Meets::Named, "400", "Not understood"),
    (Meets::Named, "404", "Not found"),
    (Meets::Stores, "503", "Busy: try again in a moment"),
    (Meets::Counted, "429", "Too many requests"),
];

impl Modify for CommonProblems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let stores = ["public", "staff", "account"]
                .iter()
                .any(|part| path.starts_with(&format!("/api/v1/{part}")));
            for (changes, operation) in [(false, &mut item.get), (true, &mut item.post)] {
                let Some(operation) = operation else { continue };
                for (meets, status, description) in COMMON_PROBLEMS {
                    let met = match meets {
                        Meets::Bodies => operation.request_body.is_some(),
                        Meets::Changes => changes,
                        Meets::Named => path.contains('{'),
                        Meets::Stores => stores,
                        Meets::Counted => path.starts_with("/api/v1/"),
                    };
                    let responses = &mut operation.responses.responses;
                    if met && !responses.contains_key(status) {
                        responses.insert(status.to_owned(), problem(description).into());
                    }
                }
            }
        }
    }
}

fn problem(description: &str) -> Response {
    let shape = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, shape)
        .build()
}

/// Documented addresses, each with its methods as an Allow header lists them.
static METHODS: LazyLock<Vec<(String, HeaderValue)>> = LazyLock::new(|| {
    let paths = Document::openapi().paths.paths;
    let addresses = paths.into_iter().map(|(path, item)| {
        let methods = match (item.get.is_some(), item.post.is_some()) {
            (true, true) => "GET, POST",
            (true, false) => "GET",
            (false, _) => "POST",
        };
        (path, HeaderValue::from_static(methods))
    });
    addresses.collect()
});

/// The methods of a documented address; none for any other.
pub(crate) fn methods_of(path: &str) -> Option<HeaderValue> {
    let fits = |template: &str| {
        let mut parts = template.split('/').zip(path.split('/'));
        let same = template.split('/').count() == path.split('/').count();
        same && parts.all(|(wanted, part)| wanted == part || (wanted.starts_with('{') && !part.is_empty()))
    };
    let found = METHODS.iter().find(|(template, _)| fits(template));
    found.map(|(_, methods)| methods.clone())
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operation",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json")))]
#[get("/api/v1/openapi.json")]
pub(crate) async fn get_document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
