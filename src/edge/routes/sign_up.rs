//! A new practice: the documents it accepts, the form, the first code.

use super::account::{enrolment, me, welcome};
use crate::edge::EdgeState;
use crate::edge::documents::Library;
use crate::edge::guard::body::Body;
use crate::edge::guard::visitor::{Comes, address, browser};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::accounts::{Accepted, SignUp};
use cabinet_domain::identifiers::Identifier;
use cabinet_domain::practice::{DocumentKind, Locale};
use cabinet_proto::v1::account::{
    Activated, DocumentFace, Documents, IdentifierDoubt, SignUpBegun, SignUpCode, SignUpRequest,
};
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::problem::Problem;

/// The documents that practices accept, in force.
#[utoipa::path(get, path = "/api/v1/documents", tag = "account", responses((status = 200, body = Documents)))]
#[get("/api/v1/documents")]
pub(crate) async fn get_documents(state: Data<EdgeState>) -> Json<Documents> {
    let face = |document: &crate::edge::documents::Document| DocumentFace {
        name: document.kind.name().to_owned(),
        version: document.version,
        french: document.french.to_string(),
        english: document.english.to_string(),
        french_sha256: hex::encode(document.sha256(Locale::French)),
        english_sha256: hex::encode(document.sha256(Locale::English)),
    };
    Json(Documents {
        documents: state.documents.in_force().map(face).collect(),
        sign_up_open: state.sign_up_open,
    })
}

/// What was accepted, as it was shown. No account without the terms and the processing contract in their present versions.
fn accepted(library: &Library, request: &SignUpRequest, locale: Locale) -> Result<Vec<Accepted>, Failure> {
    let mut accepted = Vec::new();
    for document in library.in_force() {
        let version = match document.kind {
            DocumentKind::Terms => request.terms,
            DocumentKind::ProcessingContract => request.processing,
            DocumentKind::PrivacyPolicy => request.policy,
        };
        match version {
            Some(version) if version == document.version => accepted.push(Accepted {
                document: document.kind,
                version,
                sha256: document.sha256(locale),
            }),
            Some(_) => return Err(Failure::from(EdgeCode::DocumentsNotAccepted).detail("not the version in force")),
            None if document.kind.binds() => return Err(EdgeCode::DocumentsNotAccepted.into()),
            None => {}
        }
    }
    Ok(accepted)
}

/// A language, as forms name it.
pub(super) fn locale_of(word: &str) -> Result<Locale, Failure> {
    match word {
        "fr" => Ok(Locale::French),
        "en" => Ok(Locale::English),
        _ => Err(Failure::from(EdgeCode::Malformed).detail("locale must be fr or en")),
    }
}

fn identifiers(request: &SignUpRequest) -> Vec<(Identifier, String)> {
    let given = Identifier::ALL.map(|identifier| {
        let text = match identifier {
            Identifier::Rpps => &request.rpps,
            Identifier::Adeli => &request.adeli,
            Identifier::Siren => &request.siren,
            Identifier::Siret => &request.siret,
        };
        text.as_ref().map(|text| (identifier, text.trim().to_owned()))
    });
    given
        .into_iter()
        .flatten()
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

const fn word(identifier: Identifier) -> &'static str {
    match identifier {
        Identifier::Rpps => "rpps",
        Identifier::Adeli => "adeli",
        Identifier::Siren => "siren",
        Identifier::Siret => "siret",
    }
}

/// Begins a practice: judges form and password, proposes a second factor. Identifiers that look wrong are warned of.
#[utoipa::path(post, path = "/api/v1/account/sign-up", tag = "account", request_body = SignUpRequest,
    responses((status = 200, body = SignUpBegun),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/sign-up")]
pub(crate) async fn post_sign_up(
    state: Data<EdgeState>,
    visitor: Comes,
    request: HttpRequest,
    body: Body<SignUpRequest>,
) -> Result<Json<SignUpBegun>, Failure> {
    if !state.sign_up_open {
        return Err(EdgeCode::SignUpClosed.into());
    }
    let form = body.0;
    let locale = locale_of(&form.locale)?;
    let identifiers = identifiers(&form);
    let doubts = identifiers.iter().filter_map(|(identifier, text)| {
        Some(IdentifierDoubt {
            identifier: word(*identifier).to_owned(),
            doubt: identifier.doubt(text)?.code().to_owned(),
        })
    });
    let doubts = doubts.collect();
    let accepted = accepted(&state.documents, &form, locale)?;
    let sign_up = SignUp {
        practice: form.practice.trim().to_owned(),
        address: form.address.trim().to_owned(),
        phone: form.phone.trim().to_owned(),
        name: form.name.trim().to_owned(),
        quality: form.quality.trim().to_owned(),
        profession: form.profession.trim().to_owned(),
        identifiers,
        accepted,
        locale,
        ip: address(&request),
        user_agent: browser(&request),
    };
    let begun = state
        .accounts
        .begin_sign_up(sign_up, (&form.email, &form.password), &visitor.0);
    let (secret, begun) = begun.await?;
    Ok(Json(SignUpBegun {
        sign_up: secret,
        enrolment: enrolment(begun)?,
        doubts,
    }))
}

/// Finishes a practice with the application's first code: its owner is signed in.
#[utoipa::path(post, path = "/api/v1/account/sign-up/finish", tag = "account", request_body = SignUpCode,
    responses((status = 201, body = Activated),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/account/sign-up/finish")]
pub(crate) async fn post_sign_up_finish(
    state: Data<EdgeState>,
    visitor: Comes,
    body: Body<SignUpCode>,
) -> Result<HttpResponse, Failure> {
    let secret = inward::secret("sign_up", &body.0.sign_up)?;
    let finished = state
        .accounts
        .finish_sign_up(&state.agendas, secret, &body.0.code, &visitor.0);
    let (signed_in, recovery_codes) = finished.await?;
    let me = me(&state, &signed_in).await?;
    let body = Activated { me, recovery_codes };
    Ok(welcome(&state, &signed_in, StatusCode::CREATED, &body))
}
