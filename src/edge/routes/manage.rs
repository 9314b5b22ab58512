//! What the holder of a booking's link may do: look at it, cancel it. An unknown booking and a wrong secret get the same
//! answer.

use super::{BearerOrder, bearer, execute_for_bearer};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::{PublicAgenda, path_id};
use crate::edge::guard::body::Body;
use crate::edge::guard::visitor::network;
use crate::edge::problem::Failure;
use crate::edge::secret;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, post};
use cabinet_actors::access::leaf_origin;
use cabinet_actors::mail::{LinkError, LinkPurpose, Linked};
use cabinet_domain::audit::{Act, Actor, Leaf, Subject};
use cabinet_domain::command::{Canceller, Command};
use cabinet_domain::ids::{AgendaKey, BookingId, CommandId};
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::convert::{inward, outward};
use cabinet_proto::v1::http::{Accepted, CancelRequest, DelayFace, ManageRequest, ManagedBooking};
use cabinet_proto::v1::problem::Problem;

/// Whether what was given is the pass of a link that was signed for managing this booking.
async fn is_link(state: &EdgeState, (agenda, booking): (AgendaKey, BookingId), pass: &str) -> Result<bool, Failure> {
    let links = state.visits.desk().links();
    match links.check(Linked { agenda, booking }, pass, state.clock.now()).await {
        Ok(LinkPurpose::Manage) => Ok(true),
        Ok(LinkPurpose::Reminders | LinkPurpose::Offer) | Err(LinkError::Gone) => Ok(false),
        Err(error @ (LinkError::Read(_) | LinkError::Write(_))) => Err(error.into()),
    }
}

/// Shows a booking to who holds its link.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/view", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("booking" = String, Path, description = "Id of the booking")),
    request_body = ManageRequest,
    responses((status = 200, body = ManagedBooking), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/bookings/{booking}/view")]
pub(crate) async fn post_view(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<ManageRequest>,
) -> Result<Json<ManagedBooking>, Failure> {
    let id: BookingId = path_id(&request, "booking")?;
    let manage = inward::secret("manage", &body.0.manage)?;
    let by_link = is_link(&state, (agenda.key, id), manage).await?;
    let given = secret::hash(manage);
    let practice = agenda.practice;
    let look = state.agendas.read(agenda.key, move |read| {
        let booking = read.agenda.bookings.get(&id)?;
        if !by_link && !secret::same(booking.manage.as_ref()?, &given) {
            return None;
        }
        let kind = read.agenda.kind(booking.kind)?;
        let cutoff = i64::from(kind.cancellation_cutoff_minutes);
        Some(ManagedBooking {
            booking: booking.id.to_string(),
            kind: outward::appointment_type(kind),
            start_ms: outward::millis(booking.span.from),
            end_ms: outward::millis(booking.span.until),
            place: practice.places.get(&booking.place).map(outward::place),
            cancel_until_ms: outward::millis(booking.span.from.plus(-cutoff)),
            now_ms: read.now.0,
        })
    });
    let found = look.await?.ok_or(Refusal::BookingUnknown)?;
    let origin = leaf_origin(None, None, &network(&request));
    let leaf = Leaf {
        agenda: Some(agenda.key.agenda),
        subject: Subject::Booking(id),
        ..Leaf::done(state.clock.now(), Actor::Bearer, origin, Act::BookingViewed)
    };
    state.audit.note(agenda.key.practice, leaf).await?;
    Ok(Json(found))
}

/// How late the practitioner runs, for who holds the link of an appointment of that day. Says nothing of the booking, so no
/// leaf says that it was asked.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/delay", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("booking" = String, Path, description = "Id of the booking")),
    request_body = ManageRequest,
    responses((status = 200, body = DelayFace), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/bookings/{booking}/delay")]
pub(crate) async fn post_delay(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<ManageRequest>,
) -> Result<Json<DelayFace>, Failure> {
    let id: BookingId = path_id(&request, "booking")?;
    let manage = inward::secret("manage", &body.0.manage)?;
    let by_link = is_link(&state, (agenda.key, id), manage).await?;
    let given = secret::hash(manage);
    let look = state.agendas.read(agenda.key, move |read| {
        let booking = read.agenda.bookings.get(&id)?;
        let owned = by_link || secret::same(booking.manage.as_ref()?, &given);
        owned.then(|| DelayFace {
            delay_minutes: read.agenda.delay_of(&booking, read.now),
            now_ms: read.now.0,
        })
    });
    let found = look.await?.ok_or(Refusal::BookingUnknown)?;
    Ok(Json(found))
}

/// Cancels a booking for who holds its link.
#[utoipa::path(post, path = "/api/v1/public/{practice}/{practitioner}/bookings/{booking}/cancel", tag = "public",
    params(("practice" = String, Path, description = "Page address of the practice"),
        ("practitioner" = String, Path, description = "Page address of the practitioner"),
        ("booking" = String, Path, description = "Id of the booking")),
    request_body = CancelRequest,
    responses((status = 200, body = Accepted), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/public/{practice}/{practitioner}/bookings/{booking}/cancel")]
pub(crate) async fn post_cancel(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    body: Body<CancelRequest>,
) -> Result<Json<Accepted>, Failure> {
    let booking: BookingId = path_id(&request, "booking")?;
    cancel(&state, &agenda, network(&request), (booking, body.0))
        .await
        .map(Json)
}

/// Cancels a booking for whoever holds its secret.
///
/// # Errors
/// What the agenda answers; `malformed`.
pub(crate) async fn cancel(
    state: &EdgeState,
    agenda: &PublicAgenda,
    network: String,
    (booking, body): (BookingId, CancelRequest),
) -> Result<Accepted, Failure> {
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let manage = inward::secret("manage", &body.manage)?;
    let order = BearerOrder {
        agenda: agenda.key,
        principal: bearer(manage),
        command_id,
        digest: secret::body_digest("cancel", &booking.to_string(), &body),
        command: Command::CancelBooking {
            booking,
            by: if is_link(state, (agenda.key, booking), manage).await? {
                Canceller::PatientByLink
            } else {
                Canceller::Patient(secret::hash(manage))
            },
        },
        personal: Vec::new(),
        locale: None,
        network,
    };
    let accepted = execute_for_bearer(state, order, Refusal::BookingUnknown).await?;
    Ok(Accepted { seq: accepted.seq })
}
