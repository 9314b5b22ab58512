//! A newer version of the contract: accepted by an owner, as it was shown; until when, and what then.
//!
//! Must not be here: the documents (`documents`), what a practice without it may still do (who asks refuses).

use super::members::allowed;
use super::sign_up::locale_of;
use crate::edge::EdgeState;
use crate::edge::documents::Document;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::guard::visitor::{address, browser};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use cabinet_domain::ids::CommandId;
use cabinet_domain::practice::{Acceptance, DocumentKind, Practice};
use cabinet_domain::rights::Action;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::account::{ContractAcceptance, ContractFace};
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::problem::Problem;

/// What a practice is asked to accept; none while there is nothing.
pub(super) fn face(state: &EdgeState, practice: &Practice, now: UtcMillis) -> Option<ContractFace> {
    if practice.id.is_platform() {
        return None;
    }
    let asked = state.documents.asked_of(practice);
    let accept_by = asked.iter().filter_map(|one| one.accept_by).min()?;
    let deadlines = state.documents.deadlines();
    Some(ContractFace {
        documents: asked.iter().map(|one| one.kind.name().to_owned()).collect(),
        accept_by_ms: accept_by.0,
        read_only: practice.read_only_since(now, &deadlines).is_some(),
    })
}

/// The version of a document that the request accepts.
const fn given(request: &ContractAcceptance, kind: DocumentKind) -> Option<u32> {
    match kind {
        DocumentKind::Terms => request.terms,
        DocumentKind::ProcessingContract => request.processing,
        DocumentKind::PrivacyPolicy => request.policy,
    }
}

/// Accepts documents in the versions in force, for the practice: with everything that makes it evidence.
#[utoipa::path(post, path = "/api/v1/staff/contract", tag = "members", security(("session" = [])),
    request_body = ContractAcceptance,
    responses((status = 204, description = "Accepted"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/contract")]
pub(crate) async fn post_contract(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<ContractAcceptance>,
) -> Result<HttpResponse, Failure> {
    let body = body.0;
    let command_id: CommandId = inward::id("command_id", &body.command_id)?;
    let locale = locale_of(&body.locale)?;
    let now = state.clock.now();
    allowed(&staff, Action::AcceptContract, now)?;
    let mut accepted: Vec<&Document> = Vec::new();
    for document in state.documents.in_force() {
        match given(&body, document.kind) {
            None => {}
            Some(version) if version == document.version => accepted.push(document),
            Some(_) => return Err(Failure::from(EdgeCode::DocumentsNotAccepted).detail("not the version in force")),
        }
    }
    if accepted.is_empty() {
        return Err(EdgeCode::DocumentsNotAccepted.into());
    }
    let (ip, user_agent) = (address(&request), browser(&request));
    let evidence = |document: &&Document| Acceptance {
        staff: staff.staff,
        document: document.kind,
        version: document.version,
        sha256: document.sha256(locale),
        locale,
        accepted_at: now,
        ip: ip.clone(),
        user_agent: user_agent.clone(),
        signatory_name: staff.name(),
        signatory_quality: body.quality.trim().to_owned(),
    };
    let evidence = accepted.iter().map(evidence).collect();
    let membership = state.membership.acting(staff.origin(now));
    membership.accept(staff.asker(now), command_id, evidence).await?;
    Ok(HttpResponse::NoContent().finish())
}
