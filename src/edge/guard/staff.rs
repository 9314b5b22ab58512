//! Staff sign-in as a guard: the session cookie, and for changing requests the header that only our own scripts send.
//! Where the installation asks for accounts, a session without two factors is none.

use super::agenda::state;
use super::visitor::visitor;
use crate::edge::EdgeState;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use cabinet_actors::access::{Origin, SESSION_SECONDS, SessionId, StaffSession, Strength, leaf_origin, session_id};
use cabinet_actors::accounts::{Accounts, Holder};
use cabinet_actors::membership::Asker;
use cabinet_domain::audit::{Act, Actor, LeafOrigin};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{AgendaId, StaffId};
use cabinet_domain::practice::Practice;
use cabinet_domain::time::UtcMillis;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Names of the two cookies: a session's token, and the secret by which an account knows a device again, which opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jar {
    /// The session's.
    pub session: &'static str,
    /// The device's.
    pub device: &'static str,
    secure: bool,
}

/// Over TLS: the browser itself then refuses to take them from a subdomain or over plain HTTP.
pub const TLS_JAR: Jar = Jar {
    session: "__Host-cabinet",
    device: "__Host-cabinet-device",
    secure: true,
};
/// Over plain HTTP on loopback, where the prefix would be refused.
pub const LOOPBACK_JAR: Jar = Jar {
    session: "cabinet-loopback",
    device: "cabinet-loopback-device",
    secure: false,
};
/// At the operators' door: cookies do not tell ports apart, so its names are its own.
pub const OPERATORS_JAR: Jar = Jar {
    session: "cabinet-operators",
    device: "cabinet-operators-device",
    secure: false,
};
/// How long a device is known, in seconds: a year.
const DEVICE_SECONDS: i64 = 365 * 24 * 3_600;
/// A cross-site form cannot send it, and a cross-site script may not.
pub const SCRIPT_HEADER: &str = "x-cabinet";

fn made(name: &'static str, value: &str, secure: bool, seconds: i64) -> Cookie<'static> {
    Cookie::build(name, value.to_owned())
        .path("/")
        .secure(secure)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(seconds))
        .finish()
}

/// The cookie that carries a session's token.
#[must_use]
pub fn cookie(state: &EdgeState, token: &str, strength: Strength) -> Cookie<'static> {
    let seconds = match strength {
        Strength::Link => SESSION_SECONDS,
        Strength::TwoFactors { .. } => state.access.lifetime().seconds,
    };
    let jar = state.jar();
    made(jar.session, token, jar.secure, seconds)
}

/// The cookie that takes a session's away.
#[must_use]
pub fn no_cookie(jar: Jar) -> Cookie<'static> {
    made(jar.session, "", jar.secure, 0)
}

/// The cookie by which an account knows this device again.
#[must_use]
pub fn device_cookie(secret: &str, jar: Jar) -> Cookie<'static> {
    made(jar.device, secret, jar.secure, DEVICE_SECONDS)
}

fn secret_in(request: &HttpRequest, name: &str) -> Option<String> {
    let cookie = request.cookie(name)?;
    let secret = cookie.value();
    let plausible = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    plausible.then(|| secret.to_owned())
}

/// The token that the request carries, if any.
#[must_use]
pub fn token(request: &HttpRequest, jar: Jar) -> Option<String> {
    secret_in(request, jar.session)
}

/// The device's secret that the request carries, if any.
#[must_use]
pub fn device(request: &HttpRequest, jar: Jar) -> Option<String> {
    secret_in(request, jar.device)
}

/// Someone signed in, of a practice that stands.
pub struct StaffOf {
    /// Their practice.
    pub practice: Arc<Practice>,
    /// Who.
    pub staff: StaffId,
    /// Their session's token.
    pub token: String,
    /// Their session.
    pub session: StaffSession,
    /// From which network, as it is kept.
    network: String,
}

impl StaffOf {
    /// As the audit log knows them.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Staff(self.staff)
    }

    /// From where they act.
    #[must_use]
    pub fn origin(&self, now: UtcMillis) -> LeafOrigin {
        leaf_origin(self.practice.role_now(self.staff, now), Some(&self.id()), &self.network)
    }

    /// Has the audit log count that something was asked for without the right to it; other failures are none of its.
    pub fn note_refusal(&self, state: &EdgeState, agenda: Option<AgendaId>, failure: &Failure) {
        if failure.denies() {
            let who = (self.actor(), self.origin(state.clock.now()));
            state.audit.refused(self.practice.id, who, Act::Refused, agenda);
        }
    }

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

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        session_id(&self.token)
    }

    /// As accounts know them.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder::from(self.session)
    }

    /// Whether the second factor was shown recently enough for what asks for it again.
    #[must_use]
    pub fn second_factor_is_recent(&self, now: UtcMillis) -> bool {
        now < Accounts::stepped_up_until(self.session)
    }

    /// As changes of membership know them.
    #[must_use]
    pub fn asker(&self, now: UtcMillis) -> Asker {
        Asker {
            practice: self.practice.id,
            staff: self.staff,
            second_factor_is_recent: self.second_factor_is_recent(now),
        }
    }
}

/// Refuses a changing request that no script of ours has sent.
///
/// # Errors
/// `forbidden_origin`.
pub fn from_script(request: &HttpRequest) -> Result<(), Failure> {
    let from_script = request.headers().get(SCRIPT_HEADER).is_some_and(|value| value == "1");
    if from_script || request.method().is_safe() {
        Ok(())
    } else {
        Err(Failure::from(EdgeCode::ForbiddenOrigin).detail("the header x-cabinet: 1 is missing"))
    }
}

impl FromRequest for StaffOf {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            from_script(&request)?;
            let token = token(&request, state.jar()).ok_or(EdgeCode::Unauthorised)?;
            let Origin { device, network } = visitor(&request)?.origin;
            drop(request);
            let session = state.access.session(&token).await.map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "a session could not be read");
                EdgeCode::Busy
            })?;
            let session = session.ok_or(EdgeCode::Unauthorised)?;
            if state.accounts_required && session.strength == Strength::Link {
                return Err(EdgeCode::Unauthorised.into());
            }
            let practice = state
                .directory
                .practice(session.practice)
                .filter(|practice| state.door.admits(practice.id))
                .ok_or(EdgeCode::Unauthorised)?;
            if practice.role_now(session.staff, state.clock.now()).is_none() {
                return Err(EdgeCode::Unauthorised.into());
            }
            let id = session_id(&token);
            state.anomalies.used(Holder::from(session), id, &network, &device);
            Ok(Self {
                practice,
                staff: session.staff,
                token,
                session,
                network,
            })
        })
    }
}
