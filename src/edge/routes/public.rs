//! What anyone may do: look at a practice, see free slots, hold one, confirm it.

use super::sign_up::locale_of;
use super::{BearerOrder, bearer, execute_for_bearer, public_face};
use crate::edge::guard::agenda::{PublicAgenda, PublicPractice, path_id};
use crate::edge::guard::body::Body;
use crate::edge::guard::visitor::network;
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::secret::{self, Purpose};
use crate::edge::slot_answers::{Coding, Look};
use crate::edge::{EdgeState, view};
use actix_web::http::header::{
    AcceptEncoding, CONTENT_ENCODING, ContentType, ETag, Encoding, EntityTag, Header as _, IF_NONE_MATCH, IfNoneMatch,
    VARY,
};
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_domain::command::Command;
use cabinet_domain::ids::{BlobId, BookingId, CommandId, HoldId, PatientId, TypeId};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::practice::Practice;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::view::online_places;
use cabinet_proto::v1::convert::{inward, outward};
use cabinet_proto::v1::http::{
    Accepted, ConfirmAnswer, ConfirmRequest, HoldAnswer, HoldRequest, PublicPage, PublicPractice as PracticeAnswer,
    PublicSlots, ReleaseRequest,
};
use cabinet_proto::v1::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// A practice's public face.
#[utoipa::path(get, path = "/api/v1/public/{practice}", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice")),
    responses((status = 200, body = PracticeAnswer), (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/public/{practice}")]
pub(crate) async fn get_practice(
    state: Data<EdgeState>,
    practice: PublicPractice,
) -> Result<Json<PracticeAnswer>, Failure> {
    public_face(&state, &practice.0).await.map(Json)
}

/// What a patient's page needs beside the live slots.
#[utoipa::path(get, path = "/api/v1/public/{practice}/{practitioner}", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner")),
    responses((status = 200, body = PublicPage), (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/public/{practice}/{practitioner}")]
pub(crate) async fn get_page(state: Data<EdgeState>, agenda: PublicAgenda) -> Result<Json<PublicPage>, Failure> {
    let face = public_face(&state, &agenda.practice).await?;
    let look = state.agendas.read(agenda.key, |read| {
        let profile = read.agenda.profile.as_ref();
        let zone = profile
            .map(|profile| profile.zone.name().to_owned())
            .unwrap_or_default();
        let hold_ttl_seconds = profile.map_or(0, |profile| profile.hold_ttl_seconds);
        let places = online_places(read.agenda, read.now);
        (
            zone,
            hold_ttl_seconds,
            view::online_types(read.agenda),
            places,
            read.now,
        )
    });
    let (zone, hold_ttl_seconds, types, places, now) = look.await?;
    let places = places.iter().filter_map(|place| agenda.practice.places.get(place));
    Ok(Json(PublicPage {
        practice: face,
        practitioner: outward::practitioner(&agenda.practitioner, &zone),
        types,
        places: places.map(outward::place).collect(),
        now_ms: now.0,
        hold_ttl_seconds,
    }))
}

/// Which slots.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SlotsQuery {
    /// Type id; none: every online type.
    kind: Option<String>,
}

/// Free slots now; `/live` tells of changes. Compressed for who accepts gzip; short (304) for who names, by the tag of a
/// former answer, the slots that still stand.
#[utoipa::path(get, path = "/api/v1/public/{practice}/{practitioner}/slots", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"), SlotsQuery,
        ("if-none-match" = Option<String>, Header, description = "The `etag` of a former answer")),
    responses((status = 200, body = PublicSlots, headers(("etag" = String, description = "Names the slots, not the clock beside them"))),
        (status = 304, description = "The slots are those of the tag that was sent; the server's clock is in `date`"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/public/{practice}/{practitioner}/slots")]
pub(crate) async fn get_slots(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let query: SlotsQuery = parse_query(&request)?;
    let only: Option<TypeId> = query.kind.map(|kind| inward::id("kind", &kind)).transpose()?;
    let wish = (agenda.key, only);
    let kept = state.slots.kept(wish);
    let known = kept.clone();
    let named = named(&request);
    let named_there = named.clone();
    let look = state
        .agendas
        .read(agenda.key, move |read| {
            Look::at(read, only, known.as_deref(), |tag| knows(named_there.as_ref(), tag))
        })
        .await?;
    let tag = look.tag();
    if knows(named.as_ref(), &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header(ETag(tag))
            .insert_header((VARY, "accept-encoding"))
            .finish());
    }
    let coding = coding(&request);
    let body = state.slots.body(wish, kept, look, coding);
    let body = body.map_err(|_| EdgeCode::Internal)?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(ContentType::json())
        .insert_header(ETag(tag))
        .insert_header((VARY, "accept-encoding"));
    if coding == Coding::Gzip {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(body))
}

/// How the client wants a long answer. Who says nothing gets it plain.
fn coding(request: &HttpRequest) -> Coding {
    let offered = [Encoding::gzip(), Encoding::identity()];
    let asked = AcceptEncoding::parse(request).ok();
    match asked.and_then(|asked| asked.negotiate(offered.iter())) {
        Some(best) if best == Encoding::gzip() => Coding::Gzip,
        Some(_) | None => Coding::Plain,
    }
}

/// The tags of former answers that the client names; none when there are none, or they are not written as such.
fn named(request: &HttpRequest) -> Option<IfNoneMatch> {
    let given = request.headers().contains_key(IF_NONE_MATCH);
    given.then(|| IfNoneMatch::parse(request).ok()).flatten()
}

/// Whether what `tag` names is among them; `*` names whatever there is (RFC 9110 section 13.1.2).
fn knows(named: Option<&IfNoneMatch>, tag: &EntityTag) -> bool {
    match named {
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|one| one.weak_eq(tag)),
        Some(IfNoneMatch::Any) => true,
        None => false,
    }
}

/// The query of a request.
///
/// # Errors
/// `malformed`.
pub(crate) fn parse_query<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<T, Failure> {
    let parsed = Query::<T>::from_query(request.query_string());
    parsed
        .map(Query::into_inner)
        .map_err(|_| Failure::from(EdgeCode::Malformed).detail("the query is not the one expected here"))
}

/// Holds a slot for a short while.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/holds", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner")),
    request_body = HoldRequest,
    responses((status = 201, body = HoldAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/holds")]
pub(crate) async fn post_hold(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<HoldRequest>,
) -> Result<HttpResponse, Failure> {
    let answer = hold(&state, &agenda, network(&request), body.0).await?;
    Ok(HttpResponse::Created().json(answer))
}

/// Holds a slot for whoever holds the token in the request.
///
/// # Errors
/// What the agenda answers; `read_only`, `malformed`.
pub(crate) async fn hold(
    state: &EdgeState,
    agenda: &PublicAgenda,
    network: String,
    body: HoldRequest,
) -> Result<HoldAnswer, Failure> {
    state.refuse_when_read_only(&agenda.practice)?;
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let principal = bearer(inward::secret("token", &body.token)?);
    let hold = HoldId(secret::new_id(Purpose::Hold, &principal, command_id));
    let order = BearerOrder {
        agenda: agenda.key,
        principal,
        command_id,
        digest: secret::body_digest("hold", "", &body),
        command: Command::HoldSlot {
            hold,
            kind: inward::id("kind", &body.kind)?,
            start: inward::minute("start_ms", body.start_ms)?,
            owner: secret::hash(&body.token),
        },
        personal: Vec::new(),
        locale: None,
        network,
    };
    let accepted = execute_for_bearer(state, order, Refusal::HoldGone).await?;
    // A repeat may come when the hold has ended meanwhile.
    let standing = accepted.hold.ok_or(Refusal::HoldGone)?;
    Ok(HoldAnswer {
        hold: hold.to_string(),
        start_ms: outward::millis(standing.span.from),
        end_ms: outward::millis(standing.span.until),
        expires_ms: standing.expires_at.0,
        now_ms: state.clock.now().0,
    })
}

/// What a digest covers: the path's id beside the body.
fn about<T: Serialize>(operation: &str, id: HoldId, body: &T) -> [u8; 16] {
    secret::body_digest(operation, &id.to_string(), body)
}

/// Gives a hold back.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/holds/{hold}/release", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("hold" = String, Path, description = "Id of the hold")),
    request_body = ReleaseRequest,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/holds/{hold}/release")]
pub(crate) async fn post_release(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<ReleaseRequest>,
) -> Result<Json<Accepted>, Failure> {
    let hold: HoldId = path_id(&request, "hold")?;
    let body = body.0;
    let owner = inward::secret("token", &body.token)?;
    let order = BearerOrder {
        agenda: agenda.key,
        principal: bearer(owner),
        command_id: inward::id("command_id", &body.command_id)?,
        digest: about("release", hold, &body),
        command: Command::ReleaseHold {
            hold,
            owner: secret::hash(owner),
        },
        personal: Vec::new(),
        locale: None,
        network: network(&request),
    };
    let accepted = execute_for_bearer(&state, order, Refusal::HoldGone).await?;
    Ok(Json(Accepted { seq: accepted.seq }))
}

/// A version of the notice that patients were or are shown; 0 while the practice has published none.
pub(super) fn check_notice(practice: &Practice, version: u32) -> Result<(), Refusal> {
    let shown = practice.notices.contains_key(&version) || (practice.notices.is_empty() && version == 0);
    shown.then_some(()).ok_or(Refusal::Invalid {
        field: "notice_version",
        must: "be a published version",
    })
}

/// Turns a hold into a booking.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/holds/{hold}/confirm", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("hold" = String, Path, description = "Id of the hold")),
    request_body = ConfirmRequest,
    responses((status = 201, body = ConfirmAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/holds/{hold}/confirm")]
pub(crate) async fn post_confirm(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<ConfirmRequest>,
) -> Result<HttpResponse, Failure> {
    let hold: HoldId = path_id(&request, "hold")?;
    let answer = confirm(&state, &agenda, network(&request), (hold, body.0)).await?;
    Ok(HttpResponse::Created().json(answer))
}

/// Turns a hold into a booking of whoever holds its token.
///
/// # Errors
/// What the agenda answers; `malformed`.
pub(crate) async fn confirm(
    state: &EdgeState,
    agenda: &PublicAgenda,
    network: String,
    (hold, body): (HoldId, ConfirmRequest),
) -> Result<ConfirmAnswer, Failure> {
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let owner = inward::secret("token", &body.token)?;
    let manage = inward::secret("manage", &body.manage)?;
    let locale = body.locale.as_deref().map(locale_of).transpose()?;
    check_notice(&agenda.practice, body.notice_version)?;
    let principal = bearer(owner);
    let booking = BookingId(secret::new_id(Purpose::Booking, &principal, command_id));
    let patient = PatientId(secret::new_id(Purpose::Patient, &principal, command_id));
    let details = BlobId(secret::new_id(Purpose::Blob, &principal, command_id));
    let order = BearerOrder {
        agenda: agenda.key,
        principal,
        command_id,
        digest: about("confirm", hold, &body),
        command: Command::ConfirmHold {
            hold,
            owner: secret::hash(owner),
            booking,
            patient,
            details,
            notice_version: body.notice_version,
            manage: secret::hash(manage),
        },
        personal: vec![PersonalPart {
            patient,
            blob: details,
            person: inward::person(&body.person),
        }],
        locale,
        network,
    };
    let accepted = execute_for_bearer(state, order, Refusal::HoldGone).await?;
    let practice_slug = agenda.practice.face.as_ref().map(|face| face.slug.as_str());
    Ok(ConfirmAnswer {
        booking: booking.to_string(),
        manage_path: format!(
            "/p/{}/{}/rdv/{booking}",
            practice_slug.unwrap_or_default(),
            agenda.practitioner.slug
        ),
        seq: accepted.seq,
    })
}
