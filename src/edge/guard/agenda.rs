//! The agenda behind a public page's address, and ids in paths.

use crate::edge::EdgeState;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::practice::{Practice, Practitioner};
use std::future::{Ready, ready};
use std::str::FromStr;
use std::sync::Arc;

/// The state that `configure` put in.
pub(crate) fn state(request: &HttpRequest) -> Result<web::Data<EdgeState>, Failure> {
    request
        .app_data::<web::Data<EdgeState>>()
        .cloned()
        .ok_or_else(|| EdgeCode::Internal.into())
}

/// Id in the path. One that is not an id names nothing: `not_found`.
///
/// # Errors
/// `not_found`.
pub fn path_id<I: FromStr>(request: &HttpRequest, name: &str) -> Result<I, Failure> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| EdgeCode::NotFound.into())
}

/// A practice with a public page.
pub struct PublicPractice(pub Arc<Practice>);

impl FromRequest for PublicPractice {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request).and_then(|state| {
            let slug = request.match_info().get("practice").unwrap_or_default();
            let practice = state.directory.practice_by_slug(slug);
            practice.map(Self).ok_or_else(|| EdgeCode::NotFound.into())
        }))
    }
}

/// A practitioner with a public page.
pub struct PublicAgenda {
    /// Their agenda.
    pub key: AgendaKey,
    /// Their practice.
    pub practice: Arc<Practice>,
    /// Themselves.
    pub practitioner: Practitioner,
}

impl FromRequest for PublicAgenda {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request).and_then(|state| {
            let part = |name| request.match_info().get(name).unwrap_or_default();
            let practice = state.directory.practice_by_slug(part("practice"));
            let found = practice.and_then(|practice| {
                let practitioner = practice.by_slug(part("practitioner"))?.clone();
                let key = AgendaKey {
                    practice: practice.id,
                    agenda: practitioner.agenda,
                };
                Some(Self {
                    key,
                    practice,
                    practitioner,
                })
            });
            found.ok_or_else(|| EdgeCode::NotFound.into())
        }))
    }
}
