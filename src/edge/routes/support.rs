//! The platform's support, as the practice lets it in: by an owner, with a reason, for a day at most, told to everybody.
//!
//! Must not be here: what support is then shown, at the operators' door (`edge::ops::support`).

use super::members::{allowed, verdict};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_domain::ids::{CommandId, PracticeId, StaffId, SupportGrantId};
use cabinet_domain::practice::{Practice, SupportGrant};
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::{inward, members, support};
use cabinet_proto::v1::members::NumberedRequest;
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::support::{Support, SupportFace, SupportRequest};

/// Grants by which support looks in now, for everybody of the practice.
pub(super) fn live(state: &EdgeState, practice: &Practice, now: UtcMillis) -> Vec<SupportFace> {
    let team = state.directory.practice(PracticeId::PLATFORM);
    let face = |grant: &SupportGrant| support::grant(grant, practice, team.as_deref());
    practice.live_grants(now).map(face).collect()
}

/// Who may be let in, and who was. To know it wants no second factor: letting somebody in does.
#[utoipa::path(get, path = "/api/v1/staff/support", tag = "support", security(("session" = [])),
    responses((status = 200, body = Support),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/support")]
pub(crate) async fn get_support(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<Support>, Failure> {
    let now = state.clock.now();
    if verdict(&staff, Action::GrantSupport, now) != Verdict::StepUp {
        allowed(&staff, Action::GrantSupport, now).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    }
    let team = state.directory.practice(PracticeId::PLATFORM);
    let practice = &staff.practice;
    let face = |grant: &SupportGrant| support::grant(grant, practice, team.as_deref());
    let mut grants: Vec<SupportFace> = practice.support_grants.values().map(face).collect();
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.until_ms));
    Ok(Json(Support {
        people: team
            .as_deref()
            .map(|team| support::people(team, now))
            .unwrap_or_default(),
        grants,
        now_ms: now.0,
    }))
}

/// Lets one person of support look in, for a day at most; everybody of the practice is told, and the log keeps it.
#[utoipa::path(post, path = "/api/v1/staff/support", tag = "support", security(("session" = [])),
    request_body = SupportRequest,
    responses((status = 201, body = SupportFace),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/support")]
pub(crate) async fn post_support(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<SupportRequest>,
) -> Result<HttpResponse, Failure> {
    let SupportRequest {
        command_id,
        support: agent,
        minutes,
        level,
        reason,
    } = body.0;
    let command_id: CommandId = inward::id("command_id", &command_id)?;
    let agent: StaffId = inward::id("support", &agent)?;
    let level = members::level(&level)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    // It lets somebody in who was not: past its deadline a practice adds no access (regulation R1.5).
    state.refuse_when_read_only(&staff.practice)?;
    let granted = membership.grant_support(
        asker,
        command_id,
        (agent, level, minutes.into()),
        reason.trim().to_owned(),
    );
    let id = granted
        .await
        .map_err(Failure::from)
        .inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    let practice = state.directory.practice(staff.practice.id).ok_or(EdgeCode::NotFound)?;
    let grant = practice.support_grants.get(&id).ok_or(EdgeCode::NotFound)?;
    let team = state.directory.practice(PracticeId::PLATFORM);
    Ok(HttpResponse::Created().json(support::grant(grant, &practice, team.as_deref())))
}

/// Ends a grant before its time; shutting a door wants no second factor.
#[utoipa::path(post, path = "/api/v1/staff/support/{grant}/end", tag = "support", security(("session" = [])),
    params(("grant" = String, Path, description = "Id of the grant")), request_body = NumberedRequest,
    responses((status = 204, description = "Ended"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/support/{grant}/end")]
pub(crate) async fn post_support_end(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let grant: SupportGrantId = path_id(&request, "grant")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    let ended = membership.end_support(asker, command_id, grant).await;
    ended
        .map_err(Failure::from)
        .inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    Ok(HttpResponse::NoContent().finish())
}
