//! What the links in patients' mails lead to: a link says which booking it is about and for what it was signed. It stands behind
//! the `#` of its page and in bodies, never in a path.

use crate::edge::EdgeState;
use crate::edge::guard::body::Body;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, post};
use cabinet_actors::mail::{LinkError, LinkPurpose};
use cabinet_proto::v1::messages::{LinkOpened, LinkRequest, RemindersRequest};
use cabinet_proto::v1::problem::Problem;

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Gone => EdgeCode::LinkGone.into(),
            LinkError::Read(_) | LinkError::Write(_) => EdgeCode::Busy.into(),
        }
    }
}

/// Says what a link of a mail opens. It changes nothing: programs that look at mails open links too.
#[utoipa::path(post, path = "/api/v1/link/open", tag = "public", request_body = LinkRequest,
    responses((status = 200, body = LinkOpened),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/link/open")]
pub(crate) async fn post_open(state: Data<EdgeState>, body: Body<LinkRequest>) -> Result<Json<LinkOpened>, Failure> {
    let (linked, purpose, pass) = state
        .visits
        .desk()
        .links()
        .open(&body.0.link, state.clock.now())
        .await?;
    let practice = state.directory.practice(linked.agenda.practice);
    let practice = practice.ok_or(LinkError::Gone)?;
    let practitioner = practice
        .practitioners
        .get(&linked.agenda.agenda)
        .ok_or(LinkError::Gone)?;
    let face = practice.face.as_ref().ok_or(LinkError::Gone)?;
    Ok(Json(LinkOpened {
        purpose: match purpose {
            LinkPurpose::Manage => "manage",
            LinkPurpose::Reminders => "reminders",
            LinkPurpose::Offer => "offer",
        }
        .to_owned(),
        practice: face.slug.clone(),
        practitioner: practitioner.slug.clone(),
        booking: linked.booking.to_string(),
        manage: pass,
    }))
}

/// Ends the reminders of a booking, or has them again, for who holds the link that was signed for that.
#[utoipa::path(post, path = "/api/v1/link/reminders", tag = "public", request_body = RemindersRequest,
    responses((status = 204, description = "So it is"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/link/reminders")]
pub(crate) async fn post_reminders(
    state: Data<EdgeState>,
    body: Body<RemindersRequest>,
) -> Result<HttpResponse, Failure> {
    let RemindersRequest { link, wanted } = &body.0;
    state.visits.desk().want_reminders(link, *wanted).await?;
    Ok(HttpResponse::NoContent().finish())
}
