//! One's own account once signed in: what stands, the second factor again, another password, sessions ended.

use super::account::{end, enrolment, welcome};
use super::passkeys;
use crate::edge::EdgeState;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post};
use cabinet_actors::access::{SessionId, session_id};
use cabinet_actors::accounts::{Accounts, SessionFace, SignedIn};
use cabinet_proto::v1::account::{
    AccountFace, AccountSession, EmailChange, EmailCode, Enrolment, PasswordChange, RecoveryCodes, SessionEnd,
    StepUpRequest, SteppedUp,
};
use cabinet_proto::v1::problem::Problem;

/// Asks for the second factor again where it was not shown recently.
pub(super) fn stepped_up(state: &EdgeState, staff: &StaffOf) -> Result<(), Failure> {
    if staff.second_factor_is_recent(state.clock.now()) {
        Ok(())
    } else {
        Err(EdgeCode::StepUpRequired.into())
    }
}

fn session_face(session: SessionFace, own: &SessionId) -> AccountSession {
    AccountSession {
        id: hex::encode(session.id),
        device: session.origin.device,
        network: session.origin.network,
        since_ms: session.since.0,
        used_ms: session.used.0,
        current: session.id == *own,
    }
}

/// One's own account.
#[utoipa::path(get, path = "/api/v1/account", tag = "account", security(("session" = [])),
    responses((status = 200, body = AccountFace),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/account")]
pub(crate) async fn get_account(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<AccountFace>, Failure> {
    let face = state.accounts.face(staff.holder()).await?;
    let now = state.clock.now();
    let own = staff.id();
    let (mine, others): (Vec<_>, Vec<_>) = face.sessions.into_iter().partition(|session| session.id == own);
    let sessions = mine.into_iter().chain(others);
    let role = staff
        .practice
        .role_now(staff.staff, now)
        .ok_or(EdgeCode::Unauthorised)?;
    Ok(Json(AccountFace {
        email: face.email,
        staff: staff.name(),
        role: role.name().to_owned(),
        recovery_codes_left: u32::try_from(face.recovery_codes_left).unwrap_or(u32::MAX),
        password_since_ms: face.password_since.0,
        passkeys_offered: state.accounts.offers_passkeys(),
        passkeys: face.passkeys.into_iter().map(passkeys::face).collect(),
        stepped_up_until_ms: Accounts::stepped_up_until(staff.session).0,
        sessions: sessions.map(|session| session_face(session, &own)).collect(),
        now_ms: now.0,
    }))
}

/// The session goes on under a new token.
pub(super) fn renewed(state: &EdgeState, staff: &StaffOf, signed_in: &SignedIn) -> HttpResponse {
    state.presence.renew(&staff.id(), session_id(&signed_in.token));
    let until_ms = Accounts::stepped_up_until(signed_in.session).0;
    welcome(state, signed_in, StatusCode::OK, &SteppedUp { until_ms })
}

/// Shows the second factor again. The session gets a new cookie.
#[utoipa::path(post, path = "/api/v1/account/step-up", tag = "account", security(("session" = [])),
    request_body = StepUpRequest,
    responses((status = 200, body = SteppedUp),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/step-up")]
pub(crate) async fn post_step_up(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<StepUpRequest>,
) -> Result<HttpResponse, Failure> {
    let signed_in = state.accounts.step_up(&staff.token, &body.0.code).await?;
    Ok(renewed(&state, &staff, &signed_in))
}

/// Changes the password: every other session ends, this one gets a new cookie.
#[utoipa::path(post, path = "/api/v1/account/password", tag = "account", security(("session" = [])),
    request_body = PasswordChange,
    responses((status = 200, body = SteppedUp),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/password")]
pub(crate) async fn post_new_password(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<PasswordChange>,
) -> Result<HttpResponse, Failure> {
    stepped_up(&state, &staff)?;
    let PasswordChange { current, password } = &body.0;
    let practice = staff.practice.face.as_ref().map(|face| face.name.clone());
    let (name, practice) = (staff.name(), practice.unwrap_or_default());
    let personal = [name.as_str(), practice.as_str()];
    let changed = state
        .accounts
        .change_password(&staff.token, current, password, &personal);
    Ok(renewed(&state, &staff, &changed.await?))
}

/// New recovery codes; the former are void.
#[utoipa::path(post, path = "/api/v1/account/recovery-codes", tag = "account", security(("session" = [])),
    responses((status = 200, body = RecoveryCodes),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/recovery-codes")]
pub(crate) async fn post_recovery_codes(
    state: Data<EdgeState>,
    staff: StaffOf,
) -> Result<Json<RecoveryCodes>, Failure> {
    stepped_up(&state, &staff)?;
    let codes = state.accounts.renew_recovery(&staff.token).await?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Proposes another application; the present one stays until the new one's first code.
#[utoipa::path(post, path = "/api/v1/account/application", tag = "account", security(("session" = [])),
    responses((status = 200, body = Enrolment),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/application")]
pub(crate) async fn post_application(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<Enrolment>, Failure> {
    stepped_up(&state, &staff)?;
    enrolment(state.accounts.begin_application(&staff.token).await?).map(Json)
}

/// The new application's first code: it is the second factor from now on.
#[utoipa::path(post, path = "/api/v1/account/application/finish", tag = "account", security(("session" = [])),
    request_body = StepUpRequest,
    responses((status = 204, description = "Replaced"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/application/finish")]
pub(crate) async fn post_application_finish(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<StepUpRequest>,
) -> Result<HttpResponse, Failure> {
    stepped_up(&state, &staff)?;
    let ended = state.accounts.finish_application(&staff.token, &body.0.code).await?;
    end(&state, &ended);
    Ok(HttpResponse::NoContent().finish())
}

/// Has a code be mailed to an address that is to become one's own. Answers until when it is good.
#[utoipa::path(post, path = "/api/v1/account/email", tag = "account", security(("session" = [])),
    request_body = EmailChange,
    responses((status = 200, body = SteppedUp),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/email")]
pub(crate) async fn post_email(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<EmailChange>,
) -> Result<Json<SteppedUp>, Failure> {
    stepped_up(&state, &staff)?;
    let until = state.accounts.begin_email(&staff.token, &body.0.email).await?;
    Ok(Json(SteppedUp { until_ms: until.0 }))
}

/// The new address signs in from now on: every other session ends, the former address is told.
#[utoipa::path(post, path = "/api/v1/account/email/finish", tag = "account", security(("session" = [])),
    request_body = EmailCode,
    responses((status = 204, description = "Changed"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/email/finish")]
pub(crate) async fn post_email_finish(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<EmailCode>,
) -> Result<HttpResponse, Failure> {
    stepped_up(&state, &staff)?;
    let ended = state.accounts.finish_email(&staff.token, &body.0.code).await?;
    end(&state, &ended);
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one session, or all but this one. Shutting a door never waits for the second factor.
#[utoipa::path(post, path = "/api/v1/account/sessions/end", tag = "account", security(("session" = [])),
    request_body = SessionEnd,
    responses((status = 204, description = "Ended"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/sessions/end")]
pub(crate) async fn post_session_end(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<SessionEnd>,
) -> Result<HttpResponse, Failure> {
    let which = match &body.0.session {
        None => None,
        Some(text) => {
            let bytes = hex::decode(text).ok().and_then(|bytes| SessionId::try_from(bytes).ok());
            let malformed = || Failure::from(EdgeCode::Malformed).detail("session is not a session's id");
            Some(bytes.ok_or_else(malformed)?)
        }
    };
    let ended = state.accounts.end_sessions(staff.holder(), staff.id(), which).await?;
    end(&state, &ended);
    Ok(HttpResponse::NoContent().finish())
}
