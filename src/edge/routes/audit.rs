//! The audit log as the practice sees it: looked through, proven, taken away as a file. Looking is itself noted.

use super::members::{allowed, verdict};
use super::public::parse_query;
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Json};
use actix_web::{HttpRequest, HttpResponse, get};
use cabinet_actors::audit::Audit;
use cabinet_domain::audit::Act;
use cabinet_domain::ids::{AgendaId, PracticeId};
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::audit::{AuditPage, AuditProof, AuditQuery};
use cabinet_proto::v1::convert::audit::{Filter, leaf, wanted};
use cabinet_proto::v1::problem::Problem;
use futures_util::stream;

/// Leaves on one page.
const PAGE_LEAVES: usize = 100;
/// Leaves in one piece of the file.
const PIECE_LEAVES: usize = 1_000;

/// Which agenda's leaves alone they may see, of all or of those of the agenda they ask about; none: all of the practice's.
fn seen(staff: &StaffOf, now: UtcMillis, asked: Option<AgendaId>) -> Result<Option<AgendaId>, Failure> {
    let foreign = asked.is_some_and(|agenda| !staff.practice.practitioners.contains_key(&agenda));
    if foreign {
        return Err(EdgeCode::NotFound.into());
    }
    if verdict(staff, Action::SeeAudit, now) == Verdict::Allow {
        return Ok(None);
    }
    let own = staff
        .practice
        .member_now(staff.staff, now)
        .and_then(|member| member.agenda);
    let second_factor = (now, staff.second_factor_is_recent(now));
    let permits = |agenda| {
        staff
            .practice
            .permits(staff.staff, Action::SeeAudit, Some(agenda), second_factor)
    };
    match asked.or(own) {
        Some(agenda) if permits(agenda) == Verdict::Allow => Ok(Some(agenda)),
        Some(_) | None => Err(EdgeCode::Forbidden.into()),
    }
}

/// Leaves of the practice's log, newest first.
#[utoipa::path(get, path = "/api/v1/staff/audit", tag = "audit", security(("session" = [])), params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/audit")]
pub(crate) async fn get_audit(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
) -> Result<Json<AuditPage>, Failure> {
    let query: AuditQuery = parse_query(&request)?;
    let before = query.before.unwrap_or(u64::MAX);
    let filter = wanted(&query)?;
    let now = state.clock.now();
    let own = seen(&staff, now, filter.agenda()).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    let who = (staff.actor(), staff.origin(now));
    state.audit.note_looking(staff.practice.id, who).await?;
    let practice = staff.practice.clone();
    let filter = filter.within(own);
    let found = state
        .audit
        .look_back(practice.id, before, move |opened| filter.fits(opened), PAGE_LEAVES)
        .await?;
    let log = state.audit.state(practice.id).await?;
    let team = state.directory.practice(PracticeId::PLATFORM);
    let shown = found
        .leaves
        .iter()
        .map(|one| leaf(one.number, &one.opened, (&practice, team.as_deref())));
    Ok(Json(AuditPage {
        leaves: shown.collect(),
        before: found.before,
        size: log.size,
        checkpoint: log.checkpoint,
        public_key: state.audit.public_key(),
        everything: own.is_none(),
    }))
}

/// The proof that a leaf is in the log.
#[utoipa::path(get, path = "/api/v1/staff/audit/{number}/proof", tag = "audit", security(("session" = [])),
    params(("number" = u64, Path, description = "Number of the leaf")),
    responses((status = 200, body = AuditProof),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/audit/{number}/proof")]
pub(crate) async fn get_proof(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
) -> Result<Json<AuditProof>, Failure> {
    let number = path_id::<u64>(&request, "number")?;
    let own = seen(&staff, state.clock.now(), None).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    let practice = staff.practice.id;
    let log = state.audit.state(practice).await?;
    let covered = log.covered.filter(|size| number < *size);
    let (Some(size), Some(checkpoint)) = (covered, log.checkpoint) else {
        return Err(Failure::from(EdgeCode::NotFound).detail("no checkpoint covers this leaf yet"));
    };
    let filter = Filter::default().within(own);
    let fits = move |opened: &_| filter.fits(opened);
    let found = state
        .audit
        .look_back_one(practice, number, fits)
        .await?
        .ok_or(EdgeCode::NotFound)?;
    let hashes = state.audit.proof(practice, number, size).await?;
    let (salt, record) = cabinet_proto::v1::convert::audit::bytes(&found).unzip();
    Ok(Json(AuditProof {
        number,
        salt,
        record,
        size,
        hashes: hashes.iter().map(hex::encode).collect(),
        checkpoint,
        public_key: state.audit.public_key(),
    }))
}

/// The whole log as a file: one JSON object a line, first the checkpoint, then the leaves, newest first, with what their hashes are made of.
#[utoipa::path(get, path = "/api/v1/staff/audit/export", tag = "audit", security(("session" = [])),
    responses((status = 200, description = "Lines of JSON", content_type = "application/x-ndjson"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/audit/export")]
pub(crate) async fn get_export(state: Data<EdgeState>, staff: StaffOf) -> Result<HttpResponse, Failure> {
    let now = state.clock.now();
    allowed(&staff, Action::ExportAudit, now).inspect_err(|failure| staff.note_refusal(&state, None, failure))?;
    let practice = staff.practice.id;
    let who = (staff.actor(), staff.origin(now));
    state.audit.note_own(practice, who, Act::LogExported).await?;
    state.audit.sign().await?;
    let log = state.audit.state(practice).await?;
    let head =
        serde_json::json!({"checkpoint": log.checkpoint, "public_key": state.audit.public_key(), "leaves": log.size});
    let first = Ok::<_, Failure>(Bytes::from(format!("{head}\n")));
    let rest = stream::try_unfold((state.audit.clone(), log.size), move |(audit, before)| {
        piece(audit, practice, before)
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-ndjson"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"journal-des-acces.jsonl\""))
        .streaming(stream::StreamExt::chain(stream::iter([first]), rest)))
}

/// Some lines of the file below a leaf, and where they end.
async fn piece(audit: Audit, practice: PracticeId, before: u64) -> Result<Option<(Bytes, (Audit, u64))>, Failure> {
    if before == 0 {
        return Ok(None);
    }
    let found = audit.look_back(practice, before, |_| true, PIECE_LEAVES).await?;
    let lines = found.leaves.iter().map(|one| {
        let (salt, record) = cabinet_proto::v1::convert::audit::bytes(&one.opened).unzip();
        format!(
            "{}\n",
            serde_json::json!({"number": one.number, "salt": salt, "record": record})
        )
    });
    Ok(Some((Bytes::from(lines.collect::<String>()), (audit, found.before))))
}
