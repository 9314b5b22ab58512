//! Passkeys: signing in with one, adding and removing them, showing one as the second factor again.

use super::account::{end, me, welcome};
use super::security::{renewed, stepped_up};
use crate::edge::EdgeState;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::guard::visitor::Comes;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, post};
use cabinet_actors::accounts::{Ceremony, PasskeyFace as Passkey};
use cabinet_proto::v1::account::{
    NewPasskey, PasskeyCeremony, PasskeyChallenge, PasskeyFace, PasskeyRemoval, PasskeySignIn, ShownPasskey, SteppedUp,
};
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::http::StaffMe;
use cabinet_proto::v1::problem::Problem;

/// A passkey, as its owner is shown it.
pub(super) fn face(passkey: Passkey) -> PasskeyFace {
    PasskeyFace {
        id: hex::encode(passkey.id),
        name: passkey.name,
        made_ms: passkey.made.0,
        used_ms: passkey.used.map(|used| used.0),
    }
}

fn ceremony(ceremony: Ceremony) -> Json<PasskeyCeremony> {
    Json(PasskeyCeremony {
        options: ceremony.options,
        until_ms: ceremony.until.0,
    })
}

/// First step of signing in with a passkey. The answer is the same for everybody: it names no account.
#[utoipa::path(post, path = "/api/v1/account/passkey-sign-in", tag = "account",
    responses((status = 200, body = PasskeyChallenge),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/passkey-sign-in")]
pub(crate) async fn post_passkey_sign_in(
    state: Data<EdgeState>,
    _visitor: Comes,
) -> Result<Json<PasskeyChallenge>, Failure> {
    let begun = state.accounts.begin_passkey_sign_in()?;
    Ok(Json(PasskeyChallenge {
        challenge: begun.challenge.unwrap_or_default(),
        options: begun.options,
        until_ms: begun.until.0,
    }))
}

/// Second step: gives the session's cookie. A passkey is both factors.
#[utoipa::path(post, path = "/api/v1/account/passkey-sign-in/finish", tag = "account", request_body = PasskeySignIn,
    responses((status = 200, body = StaffMe),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/passkey-sign-in/finish")]
pub(crate) async fn post_passkey_sign_in_finish(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<PasskeySignIn>,
) -> Result<HttpResponse, Failure> {
    let PasskeySignIn { challenge, credential } = &body.0;
    let challenge = inward::secret("challenge", challenge)?;
    let signed_in = state
        .accounts
        .finish_passkey_sign_in(challenge, credential, &visitor.0)
        .await?;
    let me = me(&state, &signed_in).await?;
    Ok(welcome(&state, &signed_in, StatusCode::OK, &me))
}

/// Begins another passkey of one's own account.
#[utoipa::path(post, path = "/api/v1/account/passkeys", tag = "account", security(("session" = [])),
    responses((status = 200, body = PasskeyCeremony),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/passkeys")]
pub(crate) async fn post_passkey(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<PasskeyCeremony>, Failure> {
    stepped_up(&state, &staff)?;
    let begun = state.accounts.begin_passkey(&staff.token, &staff.name()).await?;
    Ok(ceremony(begun))
}

/// Adds the passkey that the browser has made: every other session ends.
#[utoipa::path(post, path = "/api/v1/account/passkeys/finish", tag = "account", security(("session" = [])),
    request_body = NewPasskey,
    responses((status = 201, body = PasskeyFace),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/passkeys/finish")]
pub(crate) async fn post_passkey_finish(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<NewPasskey>,
) -> Result<HttpResponse, Failure> {
    stepped_up(&state, &staff)?;
    let NewPasskey { name, credential } = &body.0;
    let finished = state.accounts.finish_passkey(&staff.token, name, credential);
    let (passkey, ended) = finished.await?;
    end(&state, &ended);
    Ok(HttpResponse::Created().json(face(passkey)))
}

/// Removes a passkey: every other session ends.
#[utoipa::path(post, path = "/api/v1/account/passkeys/remove", tag = "account", security(("session" = [])),
    request_body = PasskeyRemoval,
    responses((status = 204, description = "Removed, or not there"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/passkeys/remove")]
pub(crate) async fn post_passkey_removal(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<PasskeyRemoval>,
) -> Result<HttpResponse, Failure> {
    stepped_up(&state, &staff)?;
    let bytes = hex::decode(&body.0.passkey).ok();
    let id = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let malformed = || Failure::from(EdgeCode::Malformed).detail("passkey is not a passkey's id");
    let ended = state
        .accounts
        .remove_passkey(&staff.token, id.ok_or_else(malformed)?)
        .await?;
    end(&state, &ended);
    Ok(HttpResponse::NoContent().finish())
}

/// Begins showing one of one's own passkeys as the second factor again.
#[utoipa::path(post, path = "/api/v1/account/step-up/passkey", tag = "account", security(("session" = [])),
    responses((status = 200, body = PasskeyCeremony),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/step-up/passkey")]
pub(crate) async fn post_passkey_step_up(
    state: Data<EdgeState>,
    staff: StaffOf,
) -> Result<Json<PasskeyCeremony>, Failure> {
    Ok(ceremony(state.accounts.begin_passkey_step_up(&staff.token).await?))
}

/// Shows it. The session gets a new cookie.
#[utoipa::path(post, path = "/api/v1/account/step-up/passkey/finish", tag = "account", security(("session" = [])),
    request_body = ShownPasskey,
    responses((status = 200, body = SteppedUp),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/step-up/passkey/finish")]
pub(crate) async fn post_passkey_step_up_finish(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<ShownPasskey>,
) -> Result<HttpResponse, Failure> {
    let shown = state
        .accounts
        .finish_passkey_step_up(&staff.token, &body.0.credential)
        .await?;
    Ok(renewed(&state, &staff, &shown))
}
