//! The operators' listener: metrics and health; in a demo, its mails. Its address is loopback unless configured otherwise.

use super::Ready;
use super::mail_page;
use super::problem::EdgeCode;
use super::routes::health::answer;
use actix_web::web::{Data, ServiceConfig, get, route};
use actix_web::{HttpResponse, ResponseError};
use cabinet_actors::gateways::page::Page;
use prometheus::{Encoder, Registry, TextEncoder};

/// What operators look at.
#[derive(Clone)]
pub struct OpsState {
    /// Every metric of the process.
    pub registry: Registry,
    /// Whether the store serves.
    pub ready: Ready,
    /// The mails of a demo.
    pub page: Option<Page>,
}

/// Adds `/metrics`, `/healthz` and `/readyz`.
pub fn configure(config: &mut ServiceConfig, state: OpsState) {
    config
        .app_data(Data::new(state))
        .route("/metrics", get().to(metrics))
        .route("/healthz", get().to(healthz))
        .route("/readyz", get().to(readyz))
        .route("/mails", get().to(mails))
        .default_service(route().to(nothing));
}

async fn metrics(state: Data<OpsState>) -> HttpResponse {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&state.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type(encoder.format_type()).body(text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics could not be written");
            super::problem::Failure::from(EdgeCode::Internal).error_response()
        }
    }
}

async fn healthz() -> HttpResponse {
    answer(true, "alive\n")
}

async fn readyz(state: Data<OpsState>) -> HttpResponse {
    answer((state.ready)(), "ready\n")
}

async fn mails(state: Data<OpsState>) -> HttpResponse {
    match &state.page {
        Some(page) => mail_page::answer(&page.mails()),
        None => nothing().await,
    }
}

async fn nothing() -> HttpResponse {
    super::problem::Failure::from(EdgeCode::NotFound).error_response()
}
