//! What the platform's support sees of practices, at the operators' door: those that let them look in now, and their agendas as
//! far as the grant shows them. Each look is a leaf in the practice's own log before anything is shown. Nothing is changed here.
//!
//! Must not be here: letting somebody in (`edge::routes::support`).

use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::operator::SupportStaff;
use crate::edge::guard::rights::{AgendaPermit, permit_under_grant};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::routes::staff::{StretchQuery, shown, viewing};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get};
use cabinet_domain::ids::{AgendaId, PracticeId};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::support;
use cabinet_proto::v1::http::StaffAgenda;
use cabinet_proto::v1::support::{SupportDesk, SupportedPractice};

/// The practices that let them look in now.
#[get("/api/v1/team/support")]
pub(crate) async fn get_support(state: Data<EdgeState>, support: SupportStaff) -> Json<SupportDesk> {
    let now = state.clock.now();
    let known = state.directory.practices();
    let granted = known.iter().filter_map(|practice| {
        let grant = practice.grant_of(support.0.staff, now)?;
        Some(support::practice(practice, grant))
    });
    let mut practices: Vec<SupportedPractice> = granted.collect();
    practices.sort_by(|one, other| one.name.cmp(&other.name));
    Json(SupportDesk {
        practices,
        now_ms: now.0,
    })
}

/// An agenda of a practice that lets them look in, as far as the grant shows it.
#[get("/api/v1/team/support/{practice}/agendas/{agenda}")]
pub(crate) async fn get_agenda(
    state: Data<EdgeState>,
    support: SupportStaff,
    request: HttpRequest,
) -> Result<Json<StaffAgenda>, Failure> {
    let now = state.clock.now();
    let permit =
        permit(&state, &support, &request, now).inspect_err(|failure| support.0.note_refusal(&state, None, failure))?;
    let covers = StretchQuery::asked(&request)?;
    let viewing = viewing(&support.0, now, (permit.key(), permit.sight()), covers);
    if state.anomalies.holds_back(&viewing) {
        return Err(Failure::from(EdgeCode::TooManyRequests).detail("too many past weeks were opened"));
    }
    // Each look, not the first of some minutes: the practice is to see all that support saw.
    state.audit.note_look(&viewing).await?;
    shown(&state, permit, covers).await.map(Json)
}

fn permit(
    state: &EdgeState,
    support: &SupportStaff,
    request: &HttpRequest,
    now: UtcMillis,
) -> Result<AgendaPermit, Failure> {
    let practice: PracticeId = path_id(request, "practice")?;
    let agenda: AgendaId = path_id(request, "agenda")?;
    let practice = state.directory.practice(practice).ok_or(EdgeCode::NotFound)?;
    permit_under_grant(support, &practice, now, agenda)
}
