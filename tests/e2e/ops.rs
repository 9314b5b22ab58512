//! The operators' listener: metrics and health, and nothing of the product.

use actix_web::http::StatusCode;
use actix_web::{App, test};
use cabinet::edge::EdgeMetrics;
use cabinet::edge::ops::live::Streams;
use cabinet::edge::ops::{OpsState, configure};
use prometheus::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[actix_web::test]
async fn operators_see_metrics_and_whether_the_store_serves() {
    let registry = Registry::new();
    let metrics = EdgeMetrics::new(&registry).unwrap();
    metrics.sessions.set(3);
    let serving = Arc::new(AtomicBool::new(true));
    let asked = serving.clone();
    let state = OpsState {
        registry,
        ready: Arc::new(move || asked.load(Ordering::SeqCst)),
        page: None,
        team: None,
        streams: Streams::default(),
    };
    let app = test::init_service(App::new().configure(|config| configure(config, state))).await;
    let get = |path: &'static str| {
        let request = test::TestRequest::get().uri(path).to_request();
        test::call_service(&app, request)
    };
    let response = get("/metrics").await;
    assert_eq!(response.status(), StatusCode::OK);
    let text = test::read_body(response).await;
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains("cabinet_sessions_open 3"), "{text}");
    assert_eq!(get("/readyz").await.status(), StatusCode::OK);
    serving.store(false, Ordering::SeqCst);
    assert_eq!(get("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        get("/healthz").await.status(),
        StatusCode::OK,
        "alive, though not serving"
    );
    for path in [
        "/",
        "/api/v1/openapi.json",
        "/api/v1/ops/overview",
        "/ws",
        "/agenda",
        "/mails",
    ] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
