//! What stands around every answer: security headers, caching, problem+json for whatever the HTTP library refuses by
//! itself, and the check that a changing request comes from an allowed page.
//!
//! Must not be here: permissions of particular routes (`guard`).

use super::EdgeState;
use super::guard::visitor::counted;
use super::limits::Class;
use super::problem::{EdgeCode, Failure, PROBLEM_JSON};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, ResponseError, web};
use cabinet_domain::time::UtcMillis;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// Nothing from elsewhere, no inline script, no inline style, in nobody's frame.
pub const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; object-src 'none'";

const PLAIN_HEADERS: [(&str, &str); 4] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    ),
    ("x-frame-options", "DENY"),
];

/// Two years, the length that the preload list asks for.
const TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

/// Wraps the whole application: `App::new().wrap(from_fn(edge::frame::around))`.
///
/// # Errors
/// None of its own; those of a middleware inside pass through.
pub async fn around<B>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error>
where
    B: MessageBody + 'static,
{
    let api = request.path().starts_with("/api/");
    let state = request.app_data::<web::Data<EdgeState>>().cloned();
    let secure = state.as_ref().is_some_and(|state| state.secure);
    let refused = state.as_ref().and_then(|state| {
        let request = request.request();
        refused(state, request).or_else(|| too_many(state, request))
    });
    let mut response = match refused {
        Some(failure) => request.into_response(failure.error_response()),
        None => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(answered) => answered?.map_into_boxed_body(),
            Err(_) => return Err(panicked(state.as_ref().map(web::Data::get_ref), api, secure)),
        },
    };
    if lacks_problem(&response) {
        let failure = Failure::from(EdgeCode::of_status(response.status()));
        let mut problem = failure.error_response();
        // Which methods are allowed is the library's to know.
        if let Some(allow) = response.headers().get(ALLOW) {
            problem.headers_mut().insert(ALLOW, allow.clone());
        }
        response = response.into_response(problem);
    }
    if let Some(state) = state {
        count(&state, &response);
    }
    set_headers(response.headers_mut(), api, secure);
    Ok(response)
}

/// The answer where a handler panicked (row J11): a defect, which fails its own request alone. The request went with it, so the
/// answer comes as an error that has its whole response. Where it was and what it said is in the log, by the panic's own message.
fn panicked(state: Option<&EdgeState>, api: bool, secure: bool) -> Error {
    let failure = Failure::from(EdgeCode::Internal).detail("a defect; whether something was changed is not known");
    tracing::error!("a handler panicked; its request has failed, and nothing else");
    if let Some(state) = state {
        state.metrics.problems.with_label_values(&[failure.row().code]).inc();
    }
    let mut response = failure.error_response();
    set_headers(response.headers_mut(), api, secure);
    InternalError::from_response(failure, response).into()
}

fn count(state: &EdgeState, response: &ServiceResponse<BoxBody>) {
    let failure = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Failure>());
    let status = response.status();
    if let Some(failure) = failure {
        state.metrics.problems.with_label_values(&[failure.row().code]).inc();
    } else if status.is_client_error() || status.is_server_error() {
        let code = EdgeCode::of_status(status).code();
        state.metrics.problems.with_label_values(&[code]).inc();
    }
}

fn lacks_problem(response: &ServiceResponse<BoxBody>) -> bool {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    (status.is_client_error() || status.is_server_error())
        && !page
        && kind.is_none_or(|kind| kind.as_bytes() != PROBLEM_JSON.as_bytes())
}

fn set_headers(headers: &mut HeaderMap, api: bool, secure: bool) {
    for (name, value) in PLAIN_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // A page that shows another in a frame, or is shown in one, says so itself.
    if api || !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(if api {
                "default-src 'none'; frame-ancestors 'none'"
            } else {
                CONTENT_SECURITY
            }),
        );
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A form's page lets its own address be named to us: without, browsers send forms with the origin `null`.
    if api || !headers.contains_key(REFERRER_POLICY) {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
    if api || !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// A changing request of a browser must come from an allowed page: its Origin is one of ours, and where the browser says
/// how the request came about, it says "same origin". Programs that are no browsers send neither.
fn refused(state: &EdgeState, request: &HttpRequest) -> Option<Failure> {
    if request.method().is_safe() {
        return None;
    }
    let site = request.headers().get("sec-fetch-site");
    let own = site.is_none_or(|site| site.as_bytes() == b"same-origin" || site.as_bytes() == b"none");
    (!own || !state.origins.permits(request)).then(|| EdgeCode::ForbiddenOrigin.into())
}

/// A network that asks for too much is told so before anything is looked up.
fn too_many(state: &EdgeState, request: &HttpRequest) -> Option<Failure> {
    let class = Class::of(request.method().is_safe(), request.path())?;
    let address = request.peer_addr()?.ip();
    let asked = state.limits.ask(class, counted(address), address.is_loopback());
    asked.err().map(|(failure, wait)| {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        failure.at(UtcMillis(state.clock.now().0.saturating_add(wait)))
    })
}
