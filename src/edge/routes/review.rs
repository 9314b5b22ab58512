//! The quarterly review of who has access, for owners: seen, taken away as a file, noted; and members who are locked, released.
//!
//! Must not be here: when a review is due, what locks somebody (the domain), the file's words (`access_file`).

use super::members::allowed;
use super::public::parse_query;
use super::sign_up::locale_of;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::Failure;
use crate::edge::{EdgeState, access_file};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_domain::audit::Act;
use cabinet_domain::ids::{CommandId, PracticeId, StaffId};
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::{Action, Role};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::{inward, members, review};
use cabinet_proto::v1::members::NumberedRequest;
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::review::{AccessReview, LockFace};
use serde::Deserialize;
use utoipa::IntoParams;

/// Members who are locked, for an owner.
pub(super) fn locks(practice: &Practice, role: Option<Role>) -> Vec<LockFace> {
    let shown = practice.locks.values().filter(|_| role == Some(Role::Owner));
    shown.map(|lock| review::lock(practice, lock)).collect()
}

/// Who has access now, and had some of it for a while in the last quarter.
async fn seen(state: &EdgeState, practice: &Practice, now: UtcMillis) -> Result<AccessReview, Failure> {
    let accounts = state.accounts.states_in(practice.id).await?;
    let team = state.directory.practice(PracticeId::PLATFORM);
    let standing = |staff: &StaffId| {
        let account = accounts.get(staff)?;
        Some((account.disabled, account.signed_in, account.passkeys))
    };
    let all = practice.members.values();
    let mut reviewed: Vec<_> = all
        .map(|member| review::member(practice, member, standing(&member.id), now))
        .collect();
    reviewed.sort_by(|one, other| one.name.cmp(&other.name));
    let name_of = |staff: StaffId| practice.members.get(&staff).map_or("", |member| member.name.as_str());
    let invitations = practice.invitations.values().filter(|one| now < one.expires_at);
    let due = practice.review_due();
    Ok(AccessReview {
        last: review::last(practice),
        due_ms: due.0,
        due: due <= now,
        members: reviewed,
        invitations: invitations
            .map(|one| members::invitation(one, name_of(one.invited_by)))
            .collect(),
        exceptional: practice
            .accesses_of_the_quarter(now)
            .map(|past| review::exceptional(past, practice, team.as_deref()))
            .collect(),
        now_ms: now.0,
    })
}

/// Who has access, when that was reviewed last, and when it is due again.
#[utoipa::path(get, path = "/api/v1/staff/access-review", tag = "members", security(("session" = [])),
    responses((status = 200, body = AccessReview),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/access-review")]
pub(crate) async fn get_review(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<AccessReview>, Failure> {
    let now = state.clock.now();
    allowed(&staff, Action::ReviewAccess, now).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    seen(&state, &staff.practice, now).await.map(Json)
}

/// In which language a file is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// `fr` or `en`.
    locale: String,
}

/// Who has access, as a file (CSV with semicolons). Taking it away is an act of the log, and wants the second factor.
#[utoipa::path(get, path = "/api/v1/staff/access-review/export", tag = "members", security(("session" = [])),
    params(FileQuery),
    responses((status = 200, description = "Lines of values", content_type = "text/csv"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/access-review/export")]
pub(crate) async fn get_review_export(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let now = state.clock.now();
    allowed(&staff, Action::ExportAccess, now).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    let query: FileQuery = parse_query(&request)?;
    let locale = locale_of(&query.locale)?;
    let review = seen(&state, &staff.practice, now).await?;
    let file = access_file::text(&review, &staff.practice, locale);
    let who = (staff.actor(), staff.origin(now));
    state
        .audit
        .note_own(staff.practice.id, who, Act::AccessExported)
        .await?;
    let name = format!("attachment; filename=\"{}\"", access_file::name(locale));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file))
}

/// Notes that an owner has reviewed who has access: the next review is due three months later.
#[utoipa::path(post, path = "/api/v1/staff/access-review", tag = "members", security(("session" = [])),
    request_body = NumberedRequest,
    responses((status = 204, description = "Noted"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/access-review")]
pub(crate) async fn post_review(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    let noted = membership.review(asker, command_id).await;
    noted
        .map_err(Failure::from)
        .inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Releases a member who was locked after a grave alert.
#[utoipa::path(post, path = "/api/v1/staff/members/{member}/release", tag = "members", security(("session" = [])),
    params(("member" = String, Path, description = "Id of the member")), request_body = NumberedRequest,
    responses((status = 204, description = "Released"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/members/{member}/release")]
pub(crate) async fn post_release(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let member: StaffId = path_id(&request, "member")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    let released = membership.release(asker, command_id, member).await;
    released
        .map_err(Failure::from)
        .inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    Ok(HttpResponse::NoContent().finish())
}
