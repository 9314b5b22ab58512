//! The waiting list as anyone meets it: joining it, and by the secret of one's link looking at one's place, accepting or
//! declining what is offered, leaving. An unknown entry and a wrong secret get the same answer. The pass of an offer's mail stands
//! in for the secret while the offer lasts, but for leaving.

use super::public::check_notice;
use super::{BearerOrder, bearer, execute_for_bearer};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::{PublicAgenda, path_id};
use crate::edge::guard::body::Body;
use crate::edge::guard::visitor::network;
use crate::edge::problem::Failure;
use crate::edge::secret::{self, Purpose};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, post};
use cabinet_actors::access::leaf_origin;
use cabinet_actors::mail::{LinkError, LinkPurpose, Linked};
use cabinet_actors::order::Accepted as Done;
use cabinet_domain::agenda::SecretHash;
use cabinet_domain::audit::{Act, Actor, Leaf, Subject};
use cabinet_domain::command::{Command, Leaver, Principal};
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, CommandId, PatientId, WaitingId};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::convert::waiting::{own, wishes};
use cabinet_proto::v1::convert::{inward, outward};
use cabinet_proto::v1::http::{Accepted, ConfirmAnswer};
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::waiting::{JoinAnswer, JoinRequest, WaitingActRequest, WaitingRequest, WaitingView};

/// A page of this practitioner's.
fn page(agenda: &PublicAgenda, rest: &str) -> String {
    let practice = agenda.practice.face.as_ref().map(|face| face.slug.as_str());
    format!(
        "/p/{}/{}/{rest}",
        practice.unwrap_or_default(),
        agenda.practitioner.slug
    )
}

/// Whose secret stands behind what was given: the entry's own where it is the pass of an offer's link, else what it hashes to.
async fn owner_of(
    state: &EdgeState,
    (agenda, entry): (AgendaKey, WaitingId),
    given: &str,
) -> Result<SecretHash, Failure> {
    let booking = BookingId(entry.0);
    let links = state.visits.desk().links();
    match links.check(Linked { agenda, booking }, given, state.clock.now()).await {
        Ok(LinkPurpose::Offer) => {}
        Ok(LinkPurpose::Manage | LinkPurpose::Reminders) | Err(LinkError::Gone) => return Ok(secret::hash(given)),
        Err(error @ (LinkError::Read(_) | LinkError::Write(_))) => return Err(error.into()),
    }
    let look = state.agendas.read(agenda, move |read| {
        let waiting = read.agenda.waiting.get(&entry).map(|waiting| waiting.owner);
        waiting.or_else(|| read.agenda.bookings.get(&booking)?.manage)
    });
    Ok(look.await?.ok_or(Refusal::NotFound)?)
}

/// Joins the waiting list.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/waiting", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner")),
    request_body = JoinRequest,
    responses((status = 201, body = JoinAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/waiting")]
pub(crate) async fn post_waiting(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<JoinRequest>,
) -> Result<HttpResponse, Failure> {
    state.refuse_when_read_only(&agenda.practice)?;
    let body = body.0;
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let own_secret = inward::secret("secret", &body.secret)?;
    check_notice(&agenda.practice, body.notice_version)?;
    let principal = bearer(own_secret);
    let entry = WaitingId(secret::new_id(Purpose::Waiting, &principal, command_id));
    let patient = PatientId(secret::new_id(Purpose::Patient, &principal, command_id));
    let details = BlobId(secret::new_id(Purpose::Blob, &principal, command_id));
    let order = BearerOrder {
        locale: None,
        agenda: agenda.key,
        principal,
        command_id,
        digest: secret::body_digest("waiting", "", &body),
        command: Command::JoinWaitingList {
            entry,
            kind: inward::id("kind", &body.kind)?,
            patient,
            details,
            owner: secret::hash(own_secret),
            notice_version: body.notice_version,
            wishes: wishes(&body.wishes)?,
        },
        personal: vec![PersonalPart {
            patient,
            blob: details,
            person: inward::person(&body.person),
        }],
        network: network(&request),
    };
    let accepted = execute_for_bearer(&state, order, Refusal::NotFound).await?;
    Ok(HttpResponse::Created().json(JoinAnswer {
        entry: entry.to_string(),
        path: page(&agenda, &format!("attente/{entry}")),
        seq: accepted.seq,
    }))
}

/// Shows an entry to who holds its link: the place on the list, what is offered, or the booking that came of it.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/view", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("entry" = String, Path, description = "Id of the entry")),
    request_body = WaitingRequest,
    responses((status = 200, body = WaitingView), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/waiting/{entry}/view")]
pub(crate) async fn post_waiting_view(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<WaitingRequest>,
) -> Result<Json<WaitingView>, Failure> {
    let entry: WaitingId = path_id(&request, "entry")?;
    let given = inward::secret("secret", &body.0.secret)?;
    let given = owner_of(&state, (agenda.key, entry), given).await?;
    let places = agenda.practice.places.clone();
    let look = state.agendas.read(agenda.key, move |read| {
        let is_theirs = |known: &SecretHash| secret::same(known, &given);
        let place_of = |place| places.get(&place).map(outward::place);
        own(read.agenda, entry, read.now, is_theirs, place_of)
    });
    let mut view = look.await?.ok_or(Refusal::NotFound)?;
    if view.wishes.is_none() {
        view.manage_path = Some(page(&agenda, &format!("rdv/{entry}")));
    }
    let origin = leaf_origin(None, None, &network(&request));
    let leaf = Leaf {
        agenda: Some(agenda.key.agenda),
        subject: Subject::Waiting(entry),
        ..Leaf::done(state.clock.now(), Actor::Bearer, origin, Act::WaitingViewed)
    };
    state.audit.note(agenda.key.practice, leaf).await?;
    Ok(Json(view))
}

/// What one answers to what one is offered.
async fn answer(
    state: &EdgeState,
    agenda: &PublicAgenda,
    request: &HttpRequest,
    asked: (&str, &WaitingActRequest),
    command: impl FnOnce(WaitingId, SecretHash) -> Command,
) -> Result<(WaitingId, Done), Failure> {
    let entry: WaitingId = path_id(request, "entry")?;
    let given = inward::secret("secret", &asked.1.secret)?;
    let owner = owner_of(state, (agenda.key, entry), given).await?;
    act(state, agenda, request, (asked, owner), command).await
}

/// What one asks about one's own entry.
async fn act(
    state: &EdgeState,
    agenda: &PublicAgenda,
    request: &HttpRequest,
    ((operation, body), owner): ((&str, &WaitingActRequest), SecretHash),
    command: impl FnOnce(WaitingId, SecretHash) -> Command,
) -> Result<(WaitingId, Done), Failure> {
    let entry: WaitingId = path_id(request, "entry")?;
    let order = BearerOrder {
        locale: None,
        agenda: agenda.key,
        principal: Principal::Bearer(owner),
        command_id: inward::id("command_id", &body.command_id)?,
        digest: secret::body_digest(operation, &entry.to_string(), body),
        command: command(entry, owner),
        personal: Vec::new(),
        network: network(request),
    };
    let done = execute_for_bearer(state, order, Refusal::NotFound).await?;
    Ok((entry, done))
}

/// Books what is offered.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/accept", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("entry" = String, Path, description = "Id of the entry")),
    request_body = WaitingActRequest,
    responses((status = 201, body = ConfirmAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/waiting/{entry}/accept")]
pub(crate) async fn post_waiting_accept(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<WaitingActRequest>,
) -> Result<HttpResponse, Failure> {
    let accept = |entry, owner| Command::AcceptOffer { entry, owner };
    let (entry, done) = answer(&state, &agenda, &request, ("accept", &body.0), accept).await?;
    Ok(HttpResponse::Created().json(ConfirmAnswer {
        booking: entry.to_string(),
        manage_path: page(&agenda, &format!("rdv/{entry}")),
        seq: done.seq,
    }))
}

/// Lets what is offered go to the next.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/decline", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("entry" = String, Path, description = "Id of the entry")),
    request_body = WaitingActRequest,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/waiting/{entry}/decline")]
pub(crate) async fn post_waiting_decline(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<WaitingActRequest>,
) -> Result<Json<Accepted>, Failure> {
    let decline = |entry, owner| Command::DeclineOffer { entry, owner };
    let (_, done) = answer(&state, &agenda, &request, ("decline", &body.0), decline).await?;
    Ok(Json(Accepted { seq: done.seq }))
}

/// Leaves the list; what was being offered goes to the next.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/waiting/{entry}/leave", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("entry" = String, Path, description = "Id of the entry")),
    request_body = WaitingActRequest,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/waiting/{entry}/leave")]
pub(crate) async fn post_waiting_leave(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<WaitingActRequest>,
) -> Result<Json<Accepted>, Failure> {
    let leave = |entry, owner| Command::LeaveWaitingList {
        entry,
        by: Leaver::Patient(owner),
    };
    let owner = secret::hash(inward::secret("secret", &body.0.secret)?);
    let asked = (("leave", &body.0), owner);
    let (_, done) = act(&state, &agenda, &request, asked, leave).await?;
    Ok(Json(Accepted { seq: done.seq }))
}
