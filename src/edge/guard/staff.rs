//! Staff sign-in as a guard: the session cookie, and for changing requests the header that only our own scripts send.

use super::agenda::state;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use cabinet_actors::access::SESSION_SECONDS;
use cabinet_domain::command::Principal;
use cabinet_domain::ids::StaffId;
use cabinet_domain::practice::Practice;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Over TLS: the browser itself then refuses to take it from a subdomain or over plain HTTP.
pub const COOKIE: &str = "__Host-cabinet";
/// Over plain HTTP on loopback, where the prefix would be refused.
pub const COOKIE_PLAIN: &str = "cabinet-loopback";
/// A cross-site form cannot send it, and a cross-site script may not.
pub const SCRIPT_HEADER: &str = "x-cabinet";

/// The cookie that carries `token`; an empty token takes it away.
#[must_use]
pub fn cookie(token: &str, secure: bool) -> Cookie<'static> {
    let lives = if token.is_empty() { 0 } else { SESSION_SECONDS };
    Cookie::build(if secure { COOKIE } else { COOKIE_PLAIN }, token.to_owned())
        .path("/")
        .secure(secure)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(lives))
        .finish()
}

/// The token that the request carries, if any.
#[must_use]
pub fn token(request: &HttpRequest, secure: bool) -> Option<String> {
    let cookie = request.cookie(if secure { COOKIE } else { COOKIE_PLAIN })?;
    let token = cookie.value();
    let plausible = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    plausible.then(|| token.to_owned())
}

/// Someone signed in, of a practice that stands.
pub struct StaffOf {
    /// Their practice.
    pub practice: Arc<Practice>,
    /// Who.
    pub staff: StaffId,
    /// Their session's token.
    pub token: String,
}

impl StaffOf {
    /// As the domain knows them.
    #[must_use]
    pub const fn principal(&self) -> Principal {
        Principal::Staff(self.staff)
    }

    /// Name as colleagues see it.
    #[must_use]
    pub fn name(&self) -> String {
        let known = self.practice.staff.get(&self.staff);
        known.map(|staff| staff.name.clone()).unwrap_or_default()
    }
}

impl FromRequest for StaffOf {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let from_script = request.headers().get(SCRIPT_HEADER).is_some_and(|value| value == "1");
            if !request.method().is_safe() && !from_script {
                return Err(Failure::from(EdgeCode::ForbiddenOrigin).detail("the header x-cabinet: 1 is missing"));
            }
            let token = token(&request, state.secure).ok_or(EdgeCode::Unauthorised)?;
            drop(request);
            let session = state.access.session(&token).await.map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "a session could not be read");
                EdgeCode::Busy
            })?;
            let session = session.ok_or(EdgeCode::Unauthorised)?;
            let practice = state
                .directory
                .practice(session.practice)
                .ok_or(EdgeCode::Unauthorised)?;
            if practice.role_now(session.staff, state.clock.now()).is_none() {
                return Err(EdgeCode::Unauthorised.into());
            }
            Ok(Self {
                practice,
                staff: session.staff,
                token,
            })
        })
    }
}
