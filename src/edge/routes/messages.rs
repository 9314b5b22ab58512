//! What staff see and set of the mails to patients: what was sent about a booking, which reminders a type has.

use super::staff::{note_viewing, viewing};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::rights::{AgendaOf, SeeIdentity, SeeTimes, SetTypes};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::mail::DeskError;
use cabinet_domain::audit::{Act, Leaf};
use cabinet_domain::ids::{BookingId, TypeId};
use cabinet_domain::mail::Reminder;
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::messages::{BookingMessage, BookingMessages, ReminderSettings, ReminderSwitch};
use cabinet_proto::v1::problem::Problem;
use std::collections::BTreeSet;

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what is kept of mails was not at hand"
        );
        EdgeCode::Busy.into()
    }
}

/// Which mails the patient of a booking was sent, and which wait.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/bookings/{booking}/messages", tag = "staff",
    security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda"),
        ("booking" = String, Path, description = "Id of the booking")),
    responses((status = 200, body = BookingMessages),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/bookings/{booking}/messages")]
pub(crate) async fn get_messages(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeIdentity>,
    request: HttpRequest,
) -> Result<Json<BookingMessages>, Failure> {
    let booking: BookingId = path_id(&request, "booking")?;
    let key = agenda.permit.key();
    let look = state
        .agendas
        .read(key, move |read| Some(read.agenda.bookings.get(&booking)?.span));
    let covers = look.await?.ok_or(Refusal::BookingUnknown)?;
    let seen = viewing(&agenda.staff, state.clock.now(), (key, agenda.permit.sight()), covers);
    note_viewing(&state.audit, &state.anomalies, &seen).await?;
    state.audit.close(&seen);
    let messages = state.visits.desk().messages(key.practice, booking).await?;
    let done = messages.done.into_iter().map(|one| BookingMessage {
        state: if one.was_sent() { "sent" } else { "refused" }.to_owned(),
        kind: one.kind,
        at_ms: one.at.0,
    });
    let waiting = messages.waiting.into_iter().map(|(kind, made)| BookingMessage {
        kind: kind.to_owned(),
        at_ms: made.0,
        state: "waiting".to_owned(),
    });
    Ok(Json(BookingMessages {
        messages: done.chain(waiting).collect(),
        reminders_wanted: messages.reminders_wanted,
    }))
}

const fn word_of(reminder: Reminder) -> &'static str {
    match reminder {
        Reminder::Week => "week",
        Reminder::Day => "day",
    }
}

/// Which reminders the types of an agenda have, and how many of the practice's are late.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/reminders", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")),
    responses((status = 200, body = ReminderSettings),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/reminders")]
pub(crate) async fn get_reminders(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTimes>,
) -> Result<Json<ReminderSettings>, Failure> {
    let key = agenda.permit.key();
    let kinds = state
        .agendas
        .read(key, |read| read.agenda.types.keys().copied().collect::<Vec<_>>());
    let (kinds, desk) = (kinds.await?, state.visits.desk());
    let off = desk.switches(key).await?;
    let of = |kind: TypeId| ReminderSwitch {
        kind: kind.to_string(),
        on: Reminder::ALL
            .into_iter()
            .filter(|reminder| !off.contains(&(kind, *reminder)))
            .map(|reminder| word_of(reminder).to_owned())
            .collect(),
    };
    let late = desk.late_reminders(key.practice).await?;
    Ok(Json(ReminderSettings {
        types: kinds.into_iter().map(of).collect(),
        late: u32::try_from(late).unwrap_or(u32::MAX),
    }))
}

/// Sets which reminders a type has, those of bookings that stand included.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/reminders", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")), request_body = ReminderSwitch,
    responses((status = 204, description = "So it is"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/reminders")]
pub(crate) async fn post_reminders(
    state: Data<EdgeState>,
    agenda: AgendaOf<SetTypes>,
    body: Body<ReminderSwitch>,
) -> Result<HttpResponse, Failure> {
    state.refuse_when_read_only(&agenda.staff.practice)?;
    let kind: TypeId = inward::id("kind", &body.0.kind)?;
    let on: BTreeSet<Reminder> = body
        .0
        .on
        .iter()
        .map(|word| reminder_of(word))
        .collect::<Result<_, _>>()?;
    let key = agenda.permit.key();
    let known = state
        .agendas
        .read(key, move |read| read.agenda.types.contains_key(&kind));
    if !known.await? {
        return Err(Refusal::TypeUnknown.into());
    }
    let now = state.clock.now();
    let (actor, origin) = (agenda.staff.actor(), agenda.staff.origin(now));
    let leaf = Leaf {
        agenda: Some(key.agenda),
        ..Leaf::done(now, actor, origin, Act::AgendaSet)
    };
    state.visits.desk().switch(key, (kind, &on), leaf).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn reminder_of(word: &str) -> Result<Reminder, Failure> {
    let known = Reminder::ALL.into_iter().find(|reminder| word_of(*reminder) == word);
    known.ok_or_else(|| Failure::from(EdgeCode::Malformed).detail("on must hold week and day only"))
}
