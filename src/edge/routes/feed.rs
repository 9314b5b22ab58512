//! Calendar feeds: a member makes and ends their own of an agenda, and their calendar program reads it. A feed shows when, what
//! kind and where, as far as the member may see at that moment; never who.

use super::sign_up::locale_of;
use crate::edge::EdgeState;
use crate::edge::guard::body::Body;
use crate::edge::guard::rights::{AgendaOf, SeeTimes};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post};
use cabinet_actors::feeds::{Feed, FeedError, FeedOf};
use cabinet_actors::read::AgendaRead;
use cabinet_domain::audience::Sight;
use cabinet_domain::audit::{Act, Leaf};
use cabinet_domain::calendar_file::{self, CalendarEntry, Method};
use cabinet_domain::practice::{Locale, Practice};
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::Span;
use cabinet_proto::v1::feed::{FeedMade, FeedRequest, FeedState};
use cabinet_proto::v1::problem::Problem;

/// A feed reaches so many days back, and so many ahead.
const PAST_DAYS: i64 = 31;
const AHEAD_DAYS: i64 = 400;
const DAY_MINUTES: i64 = 24 * 60;

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Read(_) | FeedError::Write(_) => EdgeCode::Busy.into(),
        }
    }
}

fn feed_of<P>(agenda: &AgendaOf<P>) -> FeedOf {
    FeedOf {
        agenda: agenda.permit.key(),
        staff: agenda.staff.staff,
    }
}

fn leaf<P>(state: &EdgeState, agenda: &AgendaOf<P>, act: Act) -> Leaf {
    let now = state.clock.now();
    Leaf {
        agenda: Some(agenda.permit.key().agenda),
        ..Leaf::done(now, agenda.staff.actor(), agenda.staff.origin(now), act)
    }
}

/// Whether who asks has a feed of the agenda.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/feed", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")),
    responses((status = 200, body = FeedState),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/feed")]
pub(crate) async fn get_feed(state: Data<EdgeState>, agenda: AgendaOf<SeeTimes>) -> Result<Json<FeedState>, Failure> {
    let feed = state.feeds.of(feed_of(&agenda)).await?;
    Ok(Json(FeedState {
        made_ms: feed.map(|feed| feed.made.0),
    }))
}

/// Makes a feed of the agenda for who asks; a former one of theirs ends.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/feed", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")), request_body = FeedRequest,
    responses((status = 201, body = FeedMade),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/feed")]
pub(crate) async fn post_feed(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTimes>,
    body: Body<FeedRequest>,
) -> Result<HttpResponse, Failure> {
    state.refuse_when_read_only(&agenda.staff.practice)?;
    let locale = locale_of(&body.0.locale)?;
    let leaf = leaf(&state, &agenda, Act::FeedMade);
    let link = state.feeds.make(feed_of(&agenda), locale, leaf).await?;
    Ok(HttpResponse::Created().json(FeedMade {
        path: format!("/calendrier/{link}"),
    }))
}

/// Ends the feed that who asks has of the agenda.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/feed/end", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")),
    responses((status = 204, description = "Its address shows nothing any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/feed/end")]
pub(crate) async fn post_feed_end(state: Data<EdgeState>, agenda: AgendaOf<SeeTimes>) -> Result<HttpResponse, Failure> {
    let leaf = leaf(&state, &agenda, Act::FeedEnded);
    state.feeds.end(feed_of(&agenda), leaf).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The feed. Who may no longer see the agenda, or is locked out, reads nothing by it.
pub(crate) async fn calendar(state: Data<EdgeState>, link: Path<String>) -> Result<HttpResponse, Failure> {
    let (of, feed) = state.feeds.open(&link).await?.ok_or(EdgeCode::NotFound)?;
    let practice = state.directory.practice(of.agenda.practice).ok_or(EdgeCode::NotFound)?;
    let now = state.clock.now();
    let allowed = practice.permits(of.staff, Action::SeeTimes, Some(of.agenda.agenda), (now, false));
    if allowed != Verdict::Allow || practice.is_locked(of.staff) {
        return Err(EdgeCode::NotFound.into());
    }
    let level = practice.effective_level(of.staff, of.agenda.agenda, now);
    let sight = Sight::of(level).ok_or(EdgeCode::NotFound)?;
    let there = practice.clone();
    let file = state
        .agendas
        .read(of.agenda, move |read| file(read, &there, (sight, &feed)))
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((CONTENT_DISPOSITION, "inline; filename=\"agenda.ics\""))
        .body(file))
}

/// What stands in the agenda, as a calendar file.
fn file(read: AgendaRead<'_>, practice: &Practice, (sight, feed): (Sight, &Feed)) -> String {
    let (taken, away) = match feed.locale {
        Locale::French => ("Rendez-vous", "Absence"),
        Locale::English => ("Appointment", "Away"),
    };
    let now = read.now.minute();
    let window = Span {
        from: now.plus(-PAST_DAYS * DAY_MINUTES),
        until: now.plus(AHEAD_DAYS * DAY_MINUTES),
    };
    let entry = |uid: String, span: Span, summary: String, location: String| CalendarEntry {
        uid,
        sequence: read.agenda.seq,
        stamp: read.now,
        span,
        summary,
        location,
        description: String::new(),
        organizer: None,
    };
    let mut entries = Vec::new();
    for booking in read.agenda.bookings_between(window) {
        let types = [&read.agenda.types, &read.agenda.retired_types];
        let kind = types.into_iter().find_map(|types| types.get(&booking.kind));
        let kind = kind.filter(|_| sight.types()).map(|kind| kind.name.clone());
        let place = practice.places.get(&booking.place).filter(|_| sight.types());
        let place = place.map(|place| format!("{}, {}", place.name, place.address));
        let uid = format!("{}-agenda@cabinet-en-ligne", booking.id);
        entries.push(entry(
            uid,
            booking.span,
            kind.unwrap_or_else(|| taken.to_owned()),
            place.unwrap_or_default(),
        ));
    }
    let absences = read
        .agenda
        .absences
        .values()
        .filter(|absence| absence.span.overlaps(window));
    entries.extend(absences.map(|absence| {
        let uid = format!("{}-absence@cabinet-en-ligne", absence.id);
        entry(uid, absence.span, away.to_owned(), String::new())
    }));
    calendar_file::written(Method::Publish, &entries)
}
