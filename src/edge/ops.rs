//! The operators' listener: metrics and health; on loopback, the page of the platform's team; in a demo, its mails.
//!
//! Whoever can reach it reads metrics, which name nobody; the page asks for an account of the team. Its address is loopback
//! unless configured otherwise, and elsewhere there is no page: it would be plain HTTP.

pub mod desk;
pub mod live;
pub mod routes;
mod support;

use self::desk::Desk;
use self::live::Streams;
use super::problem::EdgeCode;
use super::routes::health::answer;
use super::{EdgeState, Ready, assets, mail_page};
use actix_web::web::{Data, Path, ServiceConfig, get, route};
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
    /// The team's page: the door's state, and what it shows. None: there is no page.
    pub team: Option<(EdgeState, Desk)>,
    /// Streams of the page, over all workers.
    pub streams: Streams,
}

/// Adds `/metrics`, `/healthz`, `/readyz`, and the pages that there are. Stands inside [`super::frame::around`].
pub fn configure(config: &mut ServiceConfig, state: OpsState) {
    let (team, streams) = (state.team.clone(), state.streams.clone());
    config
        .app_data(Data::new(state))
        .route("/metrics", get().to(metrics))
        .route("/healthz", get().to(healthz))
        .route("/readyz", get().to(readyz))
        .route("/mails", get().to(mails))
        .route("/mails/{mail}", get().to(mail))
        .route("/mails.css", get().to(mail_page::style));
    if let Some((door, desk)) = team {
        config
            .app_data(Data::new(door))
            .app_data(Data::new(desk))
            .app_data(Data::new(streams))
            .configure(routes::configure)
            .configure(assets::configure_operators);
    }
    config.default_service(route().to(nothing));
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

async fn mail(state: Data<OpsState>, id: Path<String>) -> HttpResponse {
    let mails = state.page.as_ref().map(Page::mails);
    match mails.and_then(|mails| mail_page::html_of(&mails, &id)) {
        Some(answer) => answer,
        None => nothing().await,
    }
}

async fn nothing() -> HttpResponse {
    super::problem::Failure::from(EdgeCode::NotFound).error_response()
}
