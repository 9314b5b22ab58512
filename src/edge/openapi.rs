//! The OpenAPI document, made from the handlers themselves. Tests hold it equal to what the server answers.

use super::routes::{health, manage, public, staff};
use actix_web::get;
use actix_web::web::Json;
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
        manage::post_cancel,
        staff::post_sign_in,
        staff::post_sign_out,
        staff::get_me,
        staff::get_agenda,
        staff::post_command,
        get_document,
    ),
    modifiers(&SessionCookie)
)]
pub struct Document;

struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            super::guard::staff::COOKIE,
            "Given by sign-in.",
        ));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operation",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json")))]
#[get("/api/v1/openapi.json")]
pub(crate) async fn get_document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
