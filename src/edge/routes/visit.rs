//! What a patient without an account may do with a code that was mailed to them: see their own bookings of one practice, cancel
//! those that may be. The same address in another practice is somebody else.

use super::sign_up::locale_of;
use super::{BearerOrder, execute_for_bearer};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::PublicPractice;
use crate::edge::guard::body::Body;
use crate::edge::guard::visitor::{Comes, network};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::secret;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, post};
use cabinet_actors::access::leaf_origin;
use cabinet_actors::visits::{VisitError, Visited};
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::command::{Canceller, Command, Principal};
use cabinet_domain::ids::{AgendaKey, BookingId, CommandId};
use cabinet_domain::practice::Practice;
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::convert::{inward, outward};
use cabinet_proto::v1::http::Accepted;
use cabinet_proto::v1::problem::Problem;
use cabinet_proto::v1::visit::{PatientVisit, VisitCancel, VisitCode, VisitHolder, VisitRequest, VisitedBooking};

impl From<VisitError> for Failure {
    fn from(error: VisitError) -> Self {
        match error {
            VisitError::WrongCode => EdgeCode::WrongCode.into(),
            VisitError::Over => EdgeCode::BeginAgain.into(),
            VisitError::NoMail => EdgeCode::NoMail.into(),
            VisitError::Read(error) => error.into(),
        }
    }
}

/// Has a code be mailed to an address that was given with a booking. The same answer, after the same time, for any address.
#[utoipa::path(post, path = "/api/v1/public/{practice}/visit", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice")), request_body = VisitRequest,
    responses((status = 202, description = "If the address has bookings here, a code is on its way"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/visit")]
pub(crate) async fn post_visit(
    state: Data<EdgeState>,
    practice: PublicPractice,
    _visitor: Comes,
    body: Body<VisitRequest>,
) -> Result<HttpResponse, Failure> {
    let VisitRequest { email, locale } = &body.0;
    state.visits.ask(practice.0.id, email, locale_of(locale)?)?;
    Ok(HttpResponse::Accepted().finish())
}

/// Opens one's bookings of the practice, for half an hour, with the code that was mailed.
#[utoipa::path(post, path = "/api/v1/public/{practice}/visit/open", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice")), request_body = VisitCode,
    responses((status = 200, body = PatientVisit),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/visit/open")]
pub(crate) async fn post_visit_open(
    state: Data<EdgeState>,
    practice: PublicPractice,
    _visitor: Comes,
    request: HttpRequest,
    body: Body<VisitCode>,
) -> Result<Json<PatientVisit>, Failure> {
    let VisitCode { email, code } = &body.0;
    let visit = state.visits.open(practice.0.id, email, code)?;
    shown(&state, &practice.0, visit, &request).await
}

/// One's bookings again, while the visit lasts.
#[utoipa::path(post, path = "/api/v1/public/{practice}/visit/bookings", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice")), request_body = VisitHolder,
    responses((status = 200, body = PatientVisit),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/visit/bookings")]
pub(crate) async fn post_visit_bookings(
    state: Data<EdgeState>,
    practice: PublicPractice,
    request: HttpRequest,
    body: Body<VisitHolder>,
) -> Result<Json<PatientVisit>, Failure> {
    let visit = inward::secret("visit", &body.0.visit)?.to_owned();
    shown(&state, &practice.0, visit, &request).await
}

/// The visitor's bookings, once it is in the log that they were shown.
async fn shown(
    state: &EdgeState,
    practice: &Practice,
    visit: String,
    request: &HttpRequest,
) -> Result<Json<PatientVisit>, Failure> {
    let (bookings, until) = state.visits.bookings(practice.id, &visit).await?;
    let now = state.clock.now();
    let origin = leaf_origin(None, None, &network(request));
    let leaf = |visited: &Visited| seen(visited, &origin, now);
    state
        .audit
        .note_all(practice.id, bookings.iter().map(leaf).collect())
        .await?;
    let faces = bookings.iter().filter_map(|visited| face(practice, visited));
    Ok(Json(PatientVisit {
        visit,
        until_ms: until.0,
        bookings: faces.collect(),
        now_ms: now.0,
    }))
}

fn seen(visited: &Visited, origin: &LeafOrigin, now: cabinet_domain::time::UtcMillis) -> Leaf {
    Leaf {
        agenda: Some(visited.agenda),
        subject: Subject::Booking(visited.booking.id),
        ..Leaf::done(now, Actor::Bearer, origin.clone(), Act::BookingViewed)
    }
}

fn face(practice: &Practice, visited: &Visited) -> Option<VisitedBooking> {
    let booking = &visited.booking;
    // Without a link's secret the domain takes no cancellation by the patient.
    let cancel_until = booking.manage.map(|_| outward::millis(visited.cancel_until));
    Some(VisitedBooking {
        booking: booking.id.to_string(),
        practitioner: outward::practitioner(practice.practitioners.get(&visited.agenda)?, &visited.zone),
        kind: visited.kind.name.clone(),
        start_ms: outward::millis(booking.span.from),
        end_ms: outward::millis(booking.span.until),
        place: practice.places.get(&booking.place).map(outward::place),
        cancel_until_ms: cancel_until,
    })
}

/// Cancels one of one's own bookings, within its type's limit, as its link would.
#[utoipa::path(post, path = "/api/v1/public/{practice}/visit/cancel", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice")), request_body = VisitCancel,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/visit/cancel")]
pub(crate) async fn post_visit_cancel(
    state: Data<EdgeState>,
    practice: PublicPractice,
    request: HttpRequest,
    body: Body<VisitCancel>,
) -> Result<Json<Accepted>, Failure> {
    let body = body.0;
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let booking: BookingId = inward::id("booking", &body.booking)?;
    let visit = inward::secret("visit", &body.visit)?;
    let practitioner = practice.0.by_slug(&body.practitioner);
    let agenda = practitioner.ok_or(Refusal::BookingUnknown)?.agenda;
    let secret = state
        .visits
        .secret_of(practice.0.id, visit, (agenda, booking))
        .await?
        .ok_or(Refusal::BookingUnknown)?;
    let order = BearerOrder {
        agenda: AgendaKey {
            practice: practice.0.id,
            agenda,
        },
        principal: Principal::Bearer(secret),
        command_id,
        digest: secret::body_digest("cancel", &booking.to_string(), &body),
        command: Command::CancelBooking {
            booking,
            by: Canceller::Patient(secret),
        },
        personal: Vec::new(),
        locale: None,
        network: network(&request),
    };
    let accepted = execute_for_bearer(&state, order, Refusal::BookingUnknown).await?;
    Ok(Json(Accepted { seq: accepted.seq }))
}
