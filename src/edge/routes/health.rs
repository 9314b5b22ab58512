//! Whether the process lives and whether it serves.

use crate::edge::EdgeState;
use actix_web::{HttpResponse, get, web};

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process is alive")))]
#[get("/healthz")]
pub(crate) async fn get_healthz() -> HttpResponse {
    answer(true, "alive\n")
}

/// The store serves.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Commands are served"),
    (status = 503, description = "Not yet, or no more", body = cabinet_proto::v1::problem::Problem,
        content_type = "application/problem+json")
))]
#[get("/readyz")]
pub(crate) async fn get_readyz(state: web::Data<EdgeState>) -> HttpResponse {
    answer((state.ready)(), "ready\n")
}

/// 200 with `text`, or a bare 503, which the frame around turns into `busy`.
pub(crate) fn answer(fine: bool, text: &'static str) -> HttpResponse {
    if fine {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
    } else {
        HttpResponse::ServiceUnavailable().finish()
    }
}
