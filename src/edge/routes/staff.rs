//! What staff may do: sign in with a one-time link, see their practice's agendas, change them.

use super::public::parse_query;
use super::public_face;
use crate::edge::guard::body::Body;
use crate::edge::guard::rights::{AgendaOf, AgendaPermit, CommandPermit, SeeTimes};
use crate::edge::guard::staff::{StaffOf, cookie, no_cookie};
use crate::edge::guard::visitor::visitor;
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::secret::{self, Purpose};
use crate::edge::{EdgeState, view};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::access::{AccessError, StaffSession, Strength};
use cabinet_actors::anomaly::AnomalySupervisor;
use cabinet_actors::audit::{Audit, Viewing};
use cabinet_actors::order::Order;
use cabinet_domain::audience::Sight;
use cabinet_domain::ids::{AgendaId, AgendaKey, BlobId, CommandId, PatientId};
use cabinet_domain::practice::{BreakGlass, Practice};
use cabinet_domain::rights::Role;
use cabinet_domain::time::{Span, UtcMillis};
use cabinet_proto::v1::convert::{inward, members, outward};
use cabinet_proto::v1::http::{Accepted, SignInRequest, SocketTicket, StaffAgenda, StaffCommandRequest, StaffMe};
use cabinet_proto::v1::members::AgendaLevel;
use cabinet_proto::v1::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// Who has this session.
pub(super) async fn who(state: &EdgeState, practice: &Practice, session: StaffSession) -> Result<StaffMe, Failure> {
    let now = state.clock.now();
    let role = practice.role_now(session.staff, now);
    let staff = practice.staff.get(&session.staff);
    let shown =
        |glass: &&BreakGlass| now < glass.expires_at && (glass.staff == session.staff || role == Some(Role::Owner));
    let glasses = practice.break_glasses.values().filter(shown);
    let level = |agenda: &AgendaId| AgendaLevel {
        agenda: agenda.to_string(),
        level: practice.effective_level(session.staff, *agenda, now).name().to_owned(),
    };
    Ok(StaffMe {
        staff: staff.map(|staff| staff.name.clone()).unwrap_or_default(),
        role: role.ok_or(EdgeCode::Unauthorised)?.name().to_owned(),
        account: session.strength != Strength::Link,
        levels: practice.practitioners.keys().map(level).collect(),
        glasses: glasses
            .map(|glass| members::glass(glass, practice, session.staff))
            .collect(),
        supports: super::support::live(state, practice, now),
        locks: super::review::locks(practice, role),
        contract: super::contract::face(state, practice, now),
        practice: if practice.id.is_platform() {
            outward::platform()
        } else {
            public_face(state, practice).await?
        },
        now_ms: state.clock.now().0,
    })
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::LinkGone => EdgeCode::LinkGone.into(),
            AccessError::Write(_) | AccessError::Read(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a sign-in record failed");
                EdgeCode::Busy.into()
            }
        }
    }
}

/// Turns a one-time link into a session cookie, where the installation asks for no accounts.
#[utoipa::path(post, path = "/api/v1/staff/sign-in", tag = "staff", request_body = SignInRequest,
    responses((status = 200, body = StaffMe), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/sign-in")]
pub(crate) async fn post_sign_in(
    state: Data<EdgeState>,
    request: HttpRequest,
    body: Body<SignInRequest>,
) -> Result<HttpResponse, Failure> {
    if state.accounts_required {
        return Err(EdgeCode::AccountRequired.into());
    }
    let link = inward::secret("link", &body.0.link)?;
    let known = state.access.link(link).await?;
    if !state.door.admits(known.practice) {
        return Err(EdgeCode::LinkGone.into());
    }
    let (token, session) = state.access.redeem(link, visitor(&request)?.origin).await?;
    let practice = state
        .directory
        .practice(session.practice)
        .ok_or(EdgeCode::Unauthorised)?;
    let me = who(&state, &practice, session).await?;
    Ok(HttpResponse::Ok()
        .cookie(cookie(&state, &token, session.strength))
        .json(me))
}

/// Ends the session everywhere: its cookie, its sockets.
#[utoipa::path(post, path = "/api/v1/staff/sign-out", tag = "staff", security(("session" = [])),
    responses((status = 204, description = "Signed out"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/sign-out")]
pub(crate) async fn post_sign_out(state: Data<EdgeState>, staff: StaffOf) -> Result<HttpResponse, Failure> {
    state.access.sign_out(&staff.token).await?;
    state.presence.sign_out(&staff.id());
    Ok(HttpResponse::NoContent()
        .cookie(no_cookie(state.jar()))
        .insert_header(("clear-site-data", "\"cache\", \"storage\""))
        .finish())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/staff/me", tag = "staff", security(("session" = [])),
    responses((status = 200, body = StaffMe), (status = 401, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/me")]
pub(crate) async fn get_me(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<StaffMe>, Failure> {
    who(&state, &staff.practice, staff.session).await.map(Json)
}

/// A ticket for one socket (`/ws`) of this session.
#[utoipa::path(post, path = "/api/v1/staff/ticket", tag = "staff", security(("session" = [])),
    responses((status = 200, body = SocketTicket),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/ticket")]
pub(crate) async fn post_ticket(state: Data<EdgeState>, staff: StaffOf) -> Json<SocketTicket> {
    let (ticket, until) = state.access.ticket(staff.id());
    Json(SocketTicket {
        ticket,
        until_ms: until.0,
    })
}

/// Which stretch of bookings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StretchQuery {
    /// From, milliseconds since 1970, a whole minute.
    from_ms: i64,
    /// Until, at most 400 days later.
    until_ms: i64,
}

impl StretchQuery {
    /// The stretch that is asked for.
    ///
    /// # Errors
    /// `malformed`.
    pub(crate) fn asked(request: &HttpRequest) -> Result<Span, Failure> {
        let query: Self = parse_query(request)?;
        Ok(inward::view_span(query.from_ms, query.until_ms)?)
    }
}

/// An agenda of one's own practice.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda"), StretchQuery),
    responses((status = 200, body = StaffAgenda), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}")]
pub(crate) async fn get_agenda(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTimes>,
    request: HttpRequest,
) -> Result<Json<StaffAgenda>, Failure> {
    let sight = agenda.permit.sight();
    let covers = StretchQuery::asked(&request)?;
    let viewing = viewing(&agenda.staff, state.clock.now(), (agenda.permit.key(), sight), covers);
    note_viewing(&state.audit, &state.anomalies, &viewing).await?;
    state.audit.close(&viewing);
    shown(&state, agenda.permit, covers).await.map(Json)
}

/// An agenda as whoever has this permit sees it.
///
/// # Errors
/// `not_found`, `busy`.
pub(crate) async fn shown(state: &EdgeState, permit: AgendaPermit, covers: Span) -> Result<StaffAgenda, Failure> {
    let sight = permit.sight();
    let look = state.agendas.read_named(permit.key(), move |read| StaffAgenda {
        history: sight.history(read.history).to_string(),
        seq: read.staff_seq,
        now_ms: read.now.0,
        view: view::staff_view(read, sight, covers),
    });
    Ok(look.await?)
}

/// Changes an agenda of one's own practice.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/commands", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")), request_body = StaffCommandRequest,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/commands")]
pub(crate) async fn post_command(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTimes>,
    body: Body<StaffCommandRequest>,
) -> Result<Json<Accepted>, Failure> {
    let permit = agenda.command(&state, &body.0.command)?;
    let now = state.clock.now();
    let order = order(&permit, (&agenda.staff, now), &body.0.command_id)?;
    let (asker, patient) = super::people::named(&agenda.staff, now, permit.command())?;
    super::people::admit(&state, asker, patient).await?;
    let accepted = state.agendas.execute(order).await?;
    Ok(Json(Accepted { seq: accepted.seq }))
}

/// An agenda as it is shown to somebody, for the audit log.
pub(crate) fn viewing(staff: &StaffOf, now: UtcMillis, (key, sight): (AgendaKey, Sight), covers: Span) -> Viewing {
    Viewing {
        key,
        from: covers.from.millis(),
        until: covers.until.millis(),
        actor: staff.actor(),
        origin: staff.origin(now),
        seen: sight.name(),
    }
}

/// Notes what is about to be shown. What cannot be noted is not shown, nor what somebody asks for who has opened too much.
///
/// # Errors
/// `too_many_requests`, `busy`, `storage_full`.
pub(crate) async fn note_viewing(
    audit: &Audit,
    anomalies: &AnomalySupervisor,
    viewing: &Viewing,
) -> Result<(), Failure> {
    if anomalies.holds_back(viewing) {
        return Err(Failure::from(EdgeCode::TooManyRequests).detail("too many past weeks were opened"));
    }
    Ok(audit.open(viewing.clone()).await?)
}

/// A command of staff on its way, the same from HTTP and from a session: a repeat over the other way is a repeat.
///
/// # Errors
/// `malformed`.
pub(crate) fn order(
    permit: &CommandPermit<'_>,
    (staff, now): (&StaffOf, UtcMillis),
    command_id: &str,
) -> Result<Order, Failure> {
    let principal = staff.principal();
    let command = permit.command();
    let command_id: CommandId = inward::id("command_id", command_id)?;
    let patient = PatientId(secret::new_id(Purpose::Patient, &principal, command_id));
    let details = BlobId(secret::new_id(Purpose::Blob, &principal, command_id));
    let digest = secret::body_digest("staff", "", command);
    let (command, part) = inward::staff_command(command, patient, details)?;
    Ok(Order {
        agenda: permit.key(),
        command,
        principal,
        command_id,
        digest,
        personal: part.into_iter().collect(),
        origin: staff.origin(now),
        locale: None,
    })
}
