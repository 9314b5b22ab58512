//! What staff ask before they book: the dates of a series, why a start cannot be had, which outcomes nobody has said. Names
//! nobody, so that no look at a day is needed to answer.
//!
//! Must not be here: finding and judging (`cabinet_domain::series`, `cabinet_domain::decide`).

use super::public::parse_query;
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::rights::{AgendaOf, SeeTypes};
use crate::edge::problem::Failure;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, post};
use cabinet_domain::agenda::{Agenda, Booking};
use cabinet_domain::audience::Sight;
use cabinet_domain::decide::why_not;
use cabinet_domain::ids::{SeriesId, TypeId};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::series;
use cabinet_domain::time::{Span, UtcMillis};
use cabinet_proto::v1::convert::{inward, outward, planning};
use cabinet_proto::v1::planning::{SeriesBookings, SeriesPlan, SeriesPlanRequest, Unfilled, WhyNot};
use cabinet_proto::v1::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// Outcomes are missed for so many days back.
const UNFILLED_DAYS: i64 = 60;
/// Most bookings without outcome that one answer lists; all are counted.
const UNFILLED_LISTED_MAX: usize = 50;

/// The dates of a series, as they are now.
#[utoipa::path(post, path = "/api/v1/staff/agendas/{agenda}/series", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")), request_body = SeriesPlanRequest,
    responses((status = 200, body = SeriesPlan), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/agendas/{agenda}/series")]
pub(crate) async fn post_series(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTypes>,
    body: Body<SeriesPlanRequest>,
) -> Result<Json<SeriesPlan>, Failure> {
    let wish = inward::series_wish(&body.0)?;
    let sight = agenda.permit.sight();
    let look = state.agendas.read(agenda.permit.key(), move |read| {
        let planned = series::plan(read.agenda, &wish, read.now)?;
        let told = |one| planning::series_date(read.agenda, one, sight);
        Ok::<_, Refusal>(SeriesPlan {
            dates: planned.iter().map(told).collect(),
            now_ms: read.now.0,
        })
    });
    Ok(Json(look.await??))
}

/// The bookings of a series that still stand, in order of time, without names.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/series/{series}", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda"),
        ("series" = String, Path, description = "Id of the series")),
    responses((status = 200, body = SeriesBookings), (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/series/{series}")]
pub(crate) async fn get_series(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTypes>,
    request: HttpRequest,
) -> Result<Json<SeriesBookings>, Failure> {
    let series: SeriesId = path_id(&request, "series")?;
    let look = state.agendas.read(agenda.permit.key(), move |read| {
        let places = read.agenda.course.series.iter();
        let ids = places.filter(|(_, place)| place.series == series).map(|(id, _)| id);
        let mut bookings: Vec<Booking> = ids.filter_map(|id| read.agenda.bookings.get(id)).collect();
        bookings.sort_unstable_by_key(|booking| booking.span.from);
        let shown = |booking| outward::booking_in(read.agenda, booking, Sight::Types, None);
        bookings.iter().map(shown).collect::<Vec<_>>()
    });
    let bookings = look.await?;
    if bookings.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    Ok(Json(SeriesBookings { bookings }))
}

/// Which start of which type.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// Type id.
    kind: String,
    /// Start, milliseconds since 1970, a whole minute.
    start_ms: i64,
}

/// Everything that keeps a patient from taking a start.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/why", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda"), StartQuery),
    responses((status = 200, body = WhyNot), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/why")]
pub(crate) async fn get_why(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTypes>,
    request: HttpRequest,
) -> Result<Json<WhyNot>, Failure> {
    let query: StartQuery = parse_query(&request)?;
    let kind: TypeId = inward::id("kind", &query.kind)?;
    let start = inward::minute("start_ms", query.start_ms)?;
    let sight = agenda.permit.sight();
    let look = state.agendas.read(agenda.permit.key(), move |read| {
        let reasons = why_not(read.agenda, kind, start, read.now)?;
        Some(WhyNot {
            reasons: planning::reasons(read.agenda, &reasons, sight),
            now_ms: read.now.0,
        })
    });
    let found = look.await?.ok_or(Refusal::NotConfigured)?;
    Ok(Json(found))
}

/// Bookings of the last 60 days whose outcome nobody has said, without names.
#[utoipa::path(get, path = "/api/v1/staff/agendas/{agenda}/unfilled", tag = "staff", security(("session" = [])),
    params(("agenda" = String, Path, description = "Id of the agenda")),
    responses((status = 200, body = Unfilled), (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/agendas/{agenda}/unfilled")]
pub(crate) async fn get_unfilled(
    state: Data<EdgeState>,
    agenda: AgendaOf<SeeTypes>,
) -> Result<Json<Unfilled>, Failure> {
    let look = state.agendas.read(agenda.permit.key(), |read| {
        let mut open = unfilled(read.agenda, read.now);
        let count = u32::try_from(open.len()).unwrap_or(u32::MAX);
        open.reverse();
        open.truncate(UNFILLED_LISTED_MAX);
        let shown = |booking| outward::booking_in(read.agenda, booking, Sight::Types, None);
        Unfilled {
            count,
            bookings: open.iter().map(shown).collect(),
        }
    });
    Ok(Json(look.await?))
}

/// Those that are over and without outcome, oldest first.
fn unfilled(agenda: &Agenda, now: UtcMillis) -> Vec<Booking> {
    let past = Span {
        from: now.minute().plus(-UNFILLED_DAYS * 24 * 60),
        until: now.minute(),
    };
    let told = |booking: &Booking| {
        let mark = agenda.course.marks.get(&booking.id);
        mark.is_some_and(|mark| mark.state.is_outcome())
    };
    agenda
        .bookings_between(past)
        .filter(|booking| booking.span.until.millis() <= now && !told(booking))
        .collect()
}
