//! Who belongs to the practice: seen, invited, changed, removed.

use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::access::{LINK_SECONDS, SessionId};
use cabinet_actors::accounts::{AccountError, Holder};
use cabinet_actors::membership::{MembershipError, Offer};
use cabinet_domain::ids::{AgendaId, BreakGlassId, CommandId, InvitationId, StaffId};
use cabinet_domain::mail::RESET_LINK_SECONDS;
use cabinet_domain::practice::{INVITATION_MINUTES_MAX, Member, MembershipRefusal};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::{inward, members};
use cabinet_proto::v1::members::{
    BreakGlassRequest, GlassFace, InvitationMade, InviteRequest, MemberChange, MemberFace, MemberLink, Members,
    NumberedRequest,
};
use cabinet_proto::v1::problem::Problem;

impl From<MembershipError> for Failure {
    fn from(error: MembershipError) -> Self {
        match error {
            MembershipError::NotFound => EdgeCode::NotFound.into(),
            MembershipError::Forbidden => EdgeCode::Forbidden.into(),
            MembershipError::StepUp => EdgeCode::StepUpRequired.into(),
            MembershipError::Refused(MembershipRefusal::Invalid { field, must }) => {
                Refusal::Invalid { field, must }.into()
            }
            MembershipError::Refused(refusal) => Self::code(refusal.code()),
            MembershipError::Directory(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a membership was not changed");
                error.outcome().into()
            }
        }
    }
}

/// Whether they may do this to the practice as a whole; whether it is asked for again with the second factor.
pub(super) fn verdict(staff: &StaffOf, action: Action, now: UtcMillis) -> Verdict {
    let second_factor = (now, staff.second_factor_is_recent(now));
    staff.practice.permits(staff.staff, action, None, second_factor)
}

/// Refuses who may not do this to the practice as a whole, or not before the second factor was shown again.
pub(super) fn allowed(staff: &StaffOf, action: Action, now: UtcMillis) -> Result<(), Failure> {
    match verdict(staff, action, now) {
        Verdict::Allow => Ok(()),
        Verdict::StepUp => Err(EdgeCode::StepUpRequired.into()),
        Verdict::Forbidden => Err(EdgeCode::Forbidden.into()),
        Verdict::NotFound => Err(EdgeCode::NotFound.into()),
    }
}

/// Where the page that takes a link lies.
fn link_path(secret: &str) -> String {
    format!("/agenda#link={secret}")
}

/// Who belongs to the practice.
#[utoipa::path(get, path = "/api/v1/staff/members", tag = "members", security(("session" = [])),
    responses((status = 200, body = Members),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/members")]
pub(crate) async fn get_members(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<Members>, Failure> {
    let now = state.clock.now();
    allowed(&staff, Action::SeeMembers, now)?;
    let practice = &staff.practice;
    let may_change = matches!(
        verdict(&staff, Action::ChangeMember, now),
        Verdict::Allow | Verdict::StepUp
    );
    let accounts = state.accounts.states_in(practice.id).await?;
    let face = |member: &Member| MemberFace {
        id: member.id.to_string(),
        name: member.name.clone(),
        membership: members::membership(member),
        stands: member.is_valid(now),
        you: member.id == staff.staff,
        has_account: accounts.contains_key(&member.id),
        account_disabled: accounts.get(&member.id).is_some_and(|account| account.disabled),
    };
    let mut faces: Vec<MemberFace> = practice.members.values().map(face).collect();
    faces.sort_by(|one, other| one.name.cmp(&other.name));
    let name_of = |staff: StaffId| practice.members.get(&staff).map_or("", |member| member.name.as_str());
    let standing = practice
        .invitations
        .values()
        .filter(|one| may_change && now < one.expires_at);
    let invitations = standing.map(|one| members::invitation(one, name_of(one.invited_by)));
    Ok(Json(Members {
        members: faces,
        invitations: invitations.collect(),
        may_change,
        now_ms: now.0,
    }))
}

/// Invites somebody: the link is shown once.
#[utoipa::path(post, path = "/api/v1/staff/invitations", tag = "members", security(("session" = [])),
    request_body = InviteRequest,
    responses((status = 201, body = InvitationMade),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/invitations")]
pub(crate) async fn post_invitation(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<InviteRequest>,
) -> Result<HttpResponse, Failure> {
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let given = members::given(&body.0.membership)?;
    let offer = Offer {
        role: given.role,
        rights: given.rights,
        agenda: given.agenda,
        from: given.from,
        until: given.until,
    };
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    let address = body.0.email.as_deref().map(str::trim);
    state.refuse_when_read_only(&staff.practice)?;
    if let Some(address) = address {
        state.accounts.mailable(address)?;
    }
    let (invitation, secret) = membership.invite(asker, command_id, offer, address).await?;
    Ok(HttpResponse::Created().json(InvitationMade {
        invitation: invitation.to_string(),
        path: link_path(&secret),
        mailed: address.is_some(),
        expires_ms: now.plus_minutes(INVITATION_MINUTES_MAX).0,
    }))
}

/// Takes an invitation back.
#[utoipa::path(post, path = "/api/v1/staff/invitations/{invitation}/withdraw", tag = "members",
    security(("session" = [])), params(("invitation" = String, Path, description = "Id of the invitation")),
    request_body = NumberedRequest,
    responses((status = 204, description = "Withdrawn"),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/invitations/{invitation}/withdraw")]
pub(crate) async fn post_withdrawal(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let invitation: InvitationId = path_id(&request, "invitation")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    membership.withdraw(asker, command_id, invitation).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes a member's role, levels or dates; their sessions end with their sockets, within a second.
#[utoipa::path(post, path = "/api/v1/staff/members/{member}/change", tag = "members", security(("session" = [])),
    params(("member" = String, Path, description = "Id of the member")), request_body = MemberChange,
    responses((status = 204, description = "Changed"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/members/{member}/change")]
pub(crate) async fn post_member(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<MemberChange>,
) -> Result<HttpResponse, Failure> {
    let id: StaffId = path_id(&request, "member")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let given = members::given(&body.0.membership)?;
    let now = state.clock.now();
    // Asked again where it is decided; here so that who has no right learns nothing of who is a member.
    allowed(&staff, Action::ChangeMember, now)?;
    state.refuse_when_read_only(&staff.practice)?;
    let known = staff.practice.members.get(&id).ok_or(EdgeCode::NotFound)?;
    let member = Member {
        id,
        name: known.name.clone(),
        role: given.role,
        rights: given.rights,
        agenda: given.agenda,
        valid_from: given.from.unwrap_or(known.valid_from),
        valid_until: given.until,
    };
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    membership.change(asker, command_id, member).await?;
    // Rights are another's from now on: whoever has them signs in anew (rows A7 and W4); one's own session goes on.
    let holder = Holder {
        practice: staff.practice.id,
        staff: id,
    };
    let own = if id == staff.staff {
        staff.id()
    } else {
        SessionId::default()
    };
    match state.accounts.end_sessions(holder, own, None).await {
        Ok(ended) => super::account::end(&state, &ended),
        // A link alone let them in: their screens follow by themselves.
        Err(AccountError::NoAccount) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a member: their sessions and sockets end, their account is deleted.
#[utoipa::path(post, path = "/api/v1/staff/members/{member}/remove", tag = "members", security(("session" = [])),
    params(("member" = String, Path, description = "Id of the member")), request_body = NumberedRequest,
    responses((status = 204, description = "Removed"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/members/{member}/remove")]
pub(crate) async fn post_removal(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let member: StaffId = path_id(&request, "member")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    membership.remove(asker, command_id, member).await?;
    let practice = staff.practice.id;
    let ended = state
        .accounts
        .delete(Holder {
            practice,
            staff: member,
        })
        .await?;
    super::account::end(&state, &ended);
    Ok(HttpResponse::NoContent().finish())
}

/// A one-time link for a member: makes their account, or lets them choose another password.
#[utoipa::path(post, path = "/api/v1/staff/members/{member}/link", tag = "members", security(("session" = [])),
    params(("member" = String, Path, description = "Id of the member")), request_body = NumberedRequest,
    responses((status = 201, body = MemberLink),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/members/{member}/link")]
pub(crate) async fn post_member_link(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let member: StaffId = path_id(&request, "member")?;
    let _: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    allowed(&staff, Action::ChangeMember, now)?;
    // A member: whoever of support looks in has no account here, and gets none.
    staff.practice.member_now(member, now).ok_or(EdgeCode::NotFound)?;
    // Where there is an account, the link changes its password: handed over at once, or asked for again (row A13).
    let holder = Holder {
        practice: staff.practice.id,
        staff: member,
    };
    let seconds = if state.accounts.exists(holder).await? {
        RESET_LINK_SECONDS
    } else {
        LINK_SECONDS
    };
    let who = (holder.practice, holder.staff);
    let secret = state
        .access
        .issue_link_for(who, seconds, (staff.actor(), staff.origin(now)))
        .await;
    let secret = secret.map_err(AccountError::from)?;
    Ok(HttpResponse::Created().json(MemberLink {
        path: link_path(&secret),
        expires_ms: now.plus_seconds(seconds).0,
    }))
}

/// Opens an agenda one has no right to, in an emergency; owners are told at once, and the log keeps it.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/break-glass", tag = "members", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")), request_body = BreakGlassRequest,
    responses((status = 201, body = GlassFace),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/break-glass")]
pub(crate) async fn post_break_glass(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<BreakGlassRequest>,
) -> Result<HttpResponse, Failure> {
    let agenda: AgendaId = path_id(&request, "agenda")?;
    let BreakGlassRequest {
        command_id,
        reason,
        minutes,
    } = body.0;
    let command_id: CommandId = inward::id("command_id", &command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    let opened = membership.break_glass(asker, command_id, (agenda, minutes.into()), reason.trim().to_owned());
    let id = opened
        .await
        .map_err(Failure::from)
        .inspect_err(|failure| staff.note_refusal(&state, Some(agenda), failure))?;
    let practice = state.directory.practice(staff.practice.id).ok_or(EdgeCode::NotFound)?;
    let glass = practice.break_glasses.get(&id).ok_or(EdgeCode::NotFound)?;
    Ok(HttpResponse::Created().json(members::glass(glass, &practice, staff.staff)))
}

/// Ends an emergency access before its time: whoever opened it, or an owner.
#[utoipa::path(post, path = "/api/v1/staff/break-glass/{glass}/end", tag = "members", security(("session" = [])),
    params(("glass" = String, Path, description = "Id of the emergency access")), request_body = NumberedRequest,
    responses((status = 204, description = "Ended"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/break-glass/{glass}/end")]
pub(crate) async fn post_break_glass_end(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<NumberedRequest>,
) -> Result<HttpResponse, Failure> {
    let glass: BreakGlassId = path_id(&request, "glass")?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let now = state.clock.now();
    let (asker, membership) = (staff.asker(now), state.membership.acting(staff.origin(now)));
    membership.end_break_glass(asker, command_id, glass).await?;
    Ok(HttpResponse::NoContent().finish())
}
