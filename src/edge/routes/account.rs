//! Signing in with two factors, and using a link that makes or mends an account.

use super::staff::who;
use crate::edge::EdgeState;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::{cookie, device_cookie};
use crate::edge::guard::visitor::Comes;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, post};
use cabinet_actors::access::leaf_origin;
use cabinet_actors::accounts::{AccountError, Enrolment, Opening, SignedIn};
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::account::{
    Activated, ActivationCode, ActivationRequest, Challenge, Enrolment as EnrolmentFace, ForgottenRequest, LinkFace,
    LinkHolder, LinkPurpose, PasswordSignIn, ResetRequest, SecondFactor,
};
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::http::StaffMe;
use cabinet_proto::v1::problem::Problem;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Serialize;

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::WrongCredentials => EdgeCode::WrongCredentials.into(),
            AccountError::WrongCode => EdgeCode::WrongCode.into(),
            AccountError::WrongPasskey => EdgeCode::WrongPasskey.into(),
            AccountError::NoPasskeys => EdgeCode::NoPasskeys.into(),
            AccountError::HeldBack(until) => Self::from(EdgeCode::HeldBack).at(until),
            AccountError::BeginAgain => EdgeCode::BeginAgain.into(),
            AccountError::LinkGone => EdgeCode::LinkGone.into(),
            AccountError::AddressTaken => EdgeCode::AddressTaken.into(),
            AccountError::NoMail => EdgeCode::NoMail.into(),
            AccountError::Disabled => EdgeCode::AccountDisabled.into(),
            AccountError::Locked => EdgeCode::MemberLocked.into(),
            AccountError::LockToAcknowledge => EdgeCode::LockToAcknowledge.into(),
            AccountError::NoAccount => EdgeCode::NoAccount.into(),
            AccountError::Weak(weakness) => Self::code(weakness.code()),
            AccountError::Invalid(field, must) => Refusal::Invalid { field, must }.into(),
            AccountError::Busy => EdgeCode::Busy.into(),
            AccountError::StorageFull => EdgeCode::StorageFull.into(),
            AccountError::Write(_) | AccountError::Read(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an account failed");
                EdgeCode::Busy.into()
            }
        }
    }
}

/// Ends what a change of an account has ended: its sockets too.
pub(super) fn end(state: &EdgeState, ended: &[cabinet_actors::access::SessionId]) {
    for id in ended {
        state.presence.sign_out(id);
    }
}

/// The answer to somebody who has just got a session.
pub(super) fn welcome(
    state: &EdgeState,
    signed_in: &SignedIn,
    status: StatusCode,
    body: &impl Serialize,
) -> HttpResponse {
    end(state, &signed_in.ended);
    let mut answer = HttpResponse::build(status);
    answer.cookie(cookie(state, &signed_in.token, signed_in.session.strength));
    if let Some(device) = &signed_in.device {
        answer.cookie(device_cookie(device, state.jar()));
    }
    answer.json(body)
}

pub(super) async fn me(state: &EdgeState, signed_in: &SignedIn) -> Result<StaffMe, Failure> {
    let practice = state.directory.practice(signed_in.session.practice);
    let practice = practice.ok_or(EdgeCode::Unauthorised)?;
    who(state, &practice, signed_in.session).await
}

pub(super) fn enrolment(enrolment: Enrolment) -> Result<EnrolmentFace, Failure> {
    let picture = QrCode::new(enrolment.address.as_bytes()).map_err(|_| EdgeCode::Internal)?;
    let picture = picture.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(EnrolmentFace {
        secret: enrolment.secret,
        uri: enrolment.address,
        picture,
        until_ms: enrolment.until.0,
    })
}

/// First step of signing in. The answer to a wrong password and to an unknown address is the same, after the same work.
#[utoipa::path(post, path = "/api/v1/account/sign-in", tag = "account", request_body = PasswordSignIn,
    responses((status = 200, body = Challenge),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/sign-in")]
pub(crate) async fn post_password(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<PasswordSignIn>,
) -> Result<Json<Challenge>, Failure> {
    let PasswordSignIn { email, password } = &body.0;
    let challenge = state.accounts.begin_sign_in(email, password, &visitor.0).await?;
    Ok(Json(Challenge {
        challenge: challenge.secret,
        until_ms: challenge.until.0,
    }))
}

/// Second step of signing in: gives the session's cookie.
#[utoipa::path(post, path = "/api/v1/account/second-factor", tag = "account", request_body = SecondFactor,
    responses((status = 200, body = StaffMe),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/second-factor")]
pub(crate) async fn post_second_factor(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<SecondFactor>,
) -> Result<HttpResponse, Failure> {
    let SecondFactor {
        challenge,
        code,
        acknowledged,
    } = &body.0;
    let challenge = inward::secret("challenge", challenge)?;
    let signed_in = state
        .accounts
        .finish_sign_in(challenge, (code, acknowledged.unwrap_or(false)), &visitor.0)
        .await?;
    let me = me(&state, &signed_in).await?;
    Ok(welcome(&state, &signed_in, StatusCode::OK, &me))
}

fn purpose(state: &EdgeState, opening: &Opening) -> LinkPurpose {
    match (opening.member, opening.has_account, state.accounts_required) {
        (None, ..) => LinkPurpose::Join,
        (Some(_), _, false) => LinkPurpose::SignIn,
        (Some(_), true, true) => LinkPurpose::Reset,
        (Some(_), false, true) => LinkPurpose::Activate,
    }
}

/// What a link is good for; does not use it.
#[utoipa::path(post, path = "/api/v1/account/link", tag = "account", request_body = LinkHolder,
    responses((status = 200, body = LinkFace),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/link")]
pub(crate) async fn post_link(
    state: Data<EdgeState>,
    _visitor: Comes,
    body: Body<LinkHolder>,
) -> Result<Json<LinkFace>, Failure> {
    let link = inward::secret("link", &body.0.link)?;
    let opening = state.accounts.opening(link).await?;
    let practice = state.directory.practice(opening.practice).ok_or(EdgeCode::LinkGone)?;
    let practice = practice.face.as_ref().map(|face| face.name.clone());
    Ok(Json(LinkFace {
        purpose: purpose(&state, &opening),
        practice: practice.unwrap_or_default(),
        staff: opening.name,
        role: opening.role.name().to_owned(),
    }))
}

/// Begins an account: judges the password, proposes a second factor.
#[utoipa::path(post, path = "/api/v1/account/activation", tag = "account", request_body = ActivationRequest,
    responses((status = 200, body = EnrolmentFace),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/activation")]
pub(crate) async fn post_activation(
    state: Data<EdgeState>,
    _visitor: Comes,
    body: Body<ActivationRequest>,
) -> Result<Json<EnrolmentFace>, Failure> {
    let ActivationRequest {
        link,
        name,
        email,
        password,
    } = &body.0;
    let link = inward::secret("link", link)?;
    let begun = state
        .accounts
        .begin_activation(link, name.as_deref(), (email, password));
    enrolment(begun.await?).map(Json)
}

/// Finishes an account with the application's first code: uses the link up, gives the session's cookie.
#[utoipa::path(post, path = "/api/v1/account/activation/finish", tag = "account", request_body = ActivationCode,
    responses((status = 201, body = Activated),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/activation/finish")]
pub(crate) async fn post_activation_finish(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<ActivationCode>,
) -> Result<HttpResponse, Failure> {
    let ActivationCode { link, code } = &body.0;
    let link = inward::secret("link", link)?;
    let membership = state
        .membership
        .acting(leaf_origin(None, None, &visitor.0.origin.network));
    let finished = state.accounts.finish_activation(&membership, link, code, &visitor.0);
    let (signed_in, recovery_codes) = finished.await?;
    let me = me(&state, &signed_in).await?;
    let body = Activated { me, recovery_codes };
    Ok(welcome(&state, &signed_in, StatusCode::CREATED, &body))
}

/// Has a link be mailed, for a password that was forgotten. The same answer, after the same time, for any address.
#[utoipa::path(post, path = "/api/v1/account/forgotten", tag = "account", request_body = ForgottenRequest,
    responses((status = 202, description = "If there is such an account, a link is on its way"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/forgotten")]
pub(crate) async fn post_forgotten(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<ForgottenRequest>,
) -> Result<HttpResponse, Failure> {
    if !state.accounts.sends_mail() || !state.accounts_required {
        return Err(EdgeCode::NoMail.into());
    }
    state.accounts.forgotten(&body.0.email, &visitor.0).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Chooses another password with a link and the second factor: every other session ends.
#[utoipa::path(post, path = "/api/v1/account/reset", tag = "account", request_body = ResetRequest,
    responses((status = 200, body = StaffMe),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/reset")]
pub(crate) async fn post_reset(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<ResetRequest>,
) -> Result<HttpResponse, Failure> {
    let ResetRequest { link, password, code } = &body.0;
    let link = inward::secret("link", link)?;
    let signed_in = state.accounts.reset(link, password, code, &visitor.0).await?;
    let me = me(&state, &signed_in).await?;
    Ok(welcome(&state, &signed_in, StatusCode::OK, &me))
}
