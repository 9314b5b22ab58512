//! Alerts of suspicious access as the practice sees them: owners see all and say what was done, members see those about
//! themselves and may say that it was them.

use super::members::verdict;
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, post};
use cabinet_actors::anomaly::{AlertId, AlertRecord, AnomalyError, alert_id};
use cabinet_domain::anomaly::ANSWER_BYTES_MAX;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::practice::Practice;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::alerts::{AlertAnswer, AlertAnswerRequest, AlertFace, Alerts};
use cabinet_proto::v1::problem::Problem;
use std::str::FromStr;

impl From<AnomalyError> for Failure {
    fn from(error: AnomalyError) -> Self {
        match error {
            AnomalyError::NotFound => EdgeCode::NotFound.into(),
            AnomalyError::NotYours => EdgeCode::Forbidden.into(),
            AnomalyError::Audit(error) => error.into(),
            AnomalyError::Write(_) | AnomalyError::Read(_) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "alerts could not be read or written"
                );
                EdgeCode::Busy.into()
            }
        }
    }
}

/// The id of an alert in a path.
pub(crate) struct PathId(pub(crate) AlertId);

impl FromStr for PathId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = AlertId::default();
        hex::decode_to_slice(text, &mut id)?;
        Ok(Self(id))
    }
}

/// An alert as it is shown; also support, which belongs to the platform's `team`, is told by name.
fn face(record: AlertRecord, team: Option<&Practice>, staff: &StaffOf) -> AlertFace {
    let practice: &Practice = &staff.practice;
    let known = |id| practice.members.get(&id).or_else(|| team?.members.get(&id));
    let name = |id| known(id).map(|member| member.name.clone());
    let id = hex::encode(alert_id(&record.alert));
    let may_be_mine = record.alert.staff == staff.staff && record.alert.rule.may_be_allowed();
    let AlertRecord { alert, answer, .. } = record;
    AlertFace {
        id,
        rule: alert.rule.name().to_owned(),
        gravity: alert.gravity.name().to_owned(),
        member: alert.staff.to_string(),
        name: name(alert.staff),
        first_ms: alert.first.0,
        last_ms: alert.last.0,
        count: alert.count,
        supported_by: alert.supported_by.iter().map(|rule| rule.name().to_owned()).collect(),
        answer: answer.map(|answer| AlertAnswer {
            by: name(answer.by),
            at_ms: answer.at.0,
            mine: answer.mine,
            reason: answer.reason,
        }),
        may_be_mine,
    }
}

/// Whether they see and answer the whole practice's.
pub(crate) fn sees_all(staff: &StaffOf, now: UtcMillis) -> bool {
    verdict(staff, Action::SeeAudit, now) == Verdict::Allow
}

/// Alerts that one may see, newest days first.
#[utoipa::path(get, path = "/api/v1/staff/alerts", tag = "alerts", security(("session" = [])),
    responses((status = 200, body = Alerts),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/alerts")]
pub(crate) async fn get_alerts(state: Data<EdgeState>, staff: StaffOf) -> Result<Json<Alerts>, Failure> {
    let now = state.clock.now();
    let everything = sees_all(&staff, now);
    let practice = &staff.practice;
    let alerts = state.anomalies.alerts(practice.id).await?;
    let team = state.directory.practice(PracticeId::PLATFORM);
    let shown = alerts
        .into_iter()
        .filter(|record| everything || record.alert.staff == staff.staff);
    Ok(Json(Alerts {
        alerts: shown.map(|record| face(record, team.as_deref(), &staff)).collect(),
        everything,
        now_ms: now.0,
    }))
}

/// Answers an alert.
#[utoipa::path(post, path = "/api/v1/staff/alerts/{alert}/answer", tag = "alerts", security(("session" = [])),
    params(("alert" = String, Path, description = "Id of the alert")), request_body = AlertAnswerRequest,
    responses((status = 200, body = AlertFace), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/alerts/{alert}/answer")]
pub(crate) async fn post_answer(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<AlertAnswerRequest>,
) -> Result<Json<AlertFace>, Failure> {
    let PathId(alert) = path_id(&request, "alert")?;
    let now = state.clock.now();
    let AlertAnswerRequest { mine, reason } = body.0;
    let reason = reason.trim().to_owned();
    if reason.len() > ANSWER_BYTES_MAX || (reason.is_empty() && !mine) {
        return Err(Refusal::Invalid {
            field: "reason",
            must: "have 1 to 300 bytes",
        }
        .into());
    }
    if !mine && !sees_all(&staff, now) {
        let failure = Failure::from(EdgeCode::Forbidden);
        staff.note_refusal(&state, None, &failure);
        return Err(failure);
    }
    let who = (staff.staff, staff.origin(now));
    let practice = staff.practice.id;
    let answered = state.anomalies.answer(practice, alert, who, (mine, reason)).await?;
    let team = state.directory.practice(PracticeId::PLATFORM);
    Ok(Json(face(answered, team.as_deref(), &staff)))
}
