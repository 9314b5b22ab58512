//! A route that panics, so that the checklist can ask a real server what becomes of it (row J11). It is compiled into builds with
//! debug assertions alone, which no release has, and stands only where the environment asks for it.
//!
//! Must not be here: anything that a release could reach.

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};

/// The route is there when this is set.
const ASKED_BY: &str = "CABINET_FAULT_ROUTE";

#[get("/fault/panic")]
#[expect(clippy::panic, reason = "that is what it is for")]
async fn get_panic() -> HttpResponse {
    panic!("the fault route was asked for")
}

/// Adds the route where it is asked for.
pub(super) fn configure(config: &mut ServiceConfig) {
    if std::env::var_os(ASKED_BY).is_some() {
        config.service(get_panic);
    }
}
