//! What is not understood or not allowed: always the one shape, never what was sent, never a crash.

use crate::world::{MONDAY_MS, PAGE, World};
use cabinet::edge::limits::PerMinute;
use reqwest::Method;
use serde_json::json;

#[actix_web::test]
async fn malformed_bodies_are_refused_in_one_shape() {
    let world = World::start().await;
    let holds = format!("{PAGE}/holds");
    let fine = world.hold_request(MONDAY_MS).to_string();
    let with = |field: &str, value: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_str(&fine).unwrap();
        body[field] = value;
        body.to_string()
    };
    let table = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        fine.replace('}', ",}"),
        format!("{fine} trailing"),
        with("start_ms", json!("tomorrow")),
        with("start_ms", json!(MONDAY_MS + 1)),
        with("start_ms", json!(i64::MAX)),
        with("start_ms", json!(1.5)),
        with("kind", json!("x")),
        with("kind", json!("ABCDEF00000000000000000000000000")),
        with("command_id", json!(7)),
        with("token", json!("short")),
        with("token", json!("g".repeat(32))),
        with("token", json!("0".repeat(65))),
        with("surplus", json!(1)),
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        fine.replace("\"kind\"", "\"kind\":\"0\",\"kind\""),
        "\u{0}\u{1}\u{2}".to_owned(),
    ];
    for body in table {
        let post = world.request(Method::POST, &holds);
        let answer = world
            .send(post.header("content-type", "application/json").body(body.clone()))
            .await;
        answer.refused(400, "malformed");
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(
            !detail.contains("tomorrow") && !detail.contains("surplus"),
            "{body}: {detail}"
        );
    }
    let invalid_utf8 = world.request(Method::POST, &holds).body(vec![0xff, 0xfe, b'{']);
    let answer = world
        .send(invalid_utf8.header("content-type", "application/json"))
        .await;
    answer.refused(400, "malformed");
    // Nothing of it was done.
    assert!(world.free().await.contains(&MONDAY_MS));
}

#[actix_web::test]
async fn a_body_of_exactly_the_limit_is_read_and_one_more_byte_is_not() {
    let world = World::start().await;
    let holds = format!("{PAGE}/holds");
    let fine = world.hold_request(MONDAY_MS).to_string();
    let padded = |bytes: usize| format!("{fine}{}", " ".repeat(bytes - fine.len()));
    let post = |body: reqwest::Body| {
        let request = world.request(Method::POST, &holds);
        request.header("content-type", "application/json").body(body)
    };
    world
        .send(post(padded(65_537).into()))
        .await
        .refused(413, "payload_too_large");
    world
        .send(post(padded(1_000_000).into()))
        .await
        .refused(413, "payload_too_large");
    world.send(post(padded(65_536).into())).await.fine(201);
}

#[actix_web::test]
async fn other_media_types_are_refused() {
    let world = World::start().await;
    let holds = format!("{PAGE}/holds");
    let fine = world.hold_request(MONDAY_MS).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let post = world.request(Method::POST, &holds).header("content-type", kind);
        world
            .send(post.body(fine.clone()))
            .await
            .refused(415, "unsupported_media_type");
    }
    let post = world.request(Method::POST, &holds);
    world
        .send(post.body(fine.clone()))
        .await
        .refused(415, "unsupported_media_type");
    let post = world
        .request(Method::POST, &holds)
        .header("content-type", "Application/JSON; charset=utf-8");
    world.send(post.body(fine)).await.fine(201);
}

#[actix_web::test]
async fn changing_requests_from_other_pages_are_refused() {
    let world = World::start().await;
    let holds = format!("{PAGE}/holds");
    let base = world.base.clone();
    for (header, value, allowed) in [
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("origin", &format!("{base}.evil.example"), false),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("origin", &base, true),
        ("sec-fetch-site", "same-origin", true),
    ] {
        let request = world.hold_request(MONDAY_MS);
        let post = world.request(Method::POST, &holds).header(header, value).json(&request);
        let answer = world.send(post).await;
        if allowed {
            assert_ne!(answer.status, 403, "{header}: {value}");
        } else {
            answer.refused(403, "forbidden_origin");
        }
        assert!(answer.headers.get("access-control-allow-origin").is_none());
    }
    let get = world
        .request(Method::GET, PAGE)
        .header("origin", "https://evil.example");
    world.send(get).await.fine(200);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let world = World::start().await;
    for path in [
        "/api/v1/nothing",
        "/api",
        "/nothing",
        "/assets/nothing.js",
        "/assets/../Cargo.toml",
        "/%ff",
    ] {
        world.get(path).await.refused(404, "not_found");
    }
    for (method, path, allowed) in [
        (Method::DELETE, PAGE.to_owned(), "GET"),
        (Method::PUT, format!("{PAGE}/holds"), "POST"),
        (Method::TRACE, "/api/v1/staff/me".to_owned(), "GET"),
        (Method::POST, "/healthz".to_owned(), "GET"),
    ] {
        let answer = world.send(world.request(method.clone(), &path)).await;
        answer.refused(405, "method_not_allowed");
        assert_eq!(answer.headers["allow"], allowed, "{method} {path}");
    }
    for (method, path) in [
        (Method::DELETE, "/nothing"),
        (Method::GET, "/api/v1/public/"),
        (Method::POST, "/"),
    ] {
        let answer = world.send(world.request(method.clone(), path)).await;
        assert!(
            [404, 405].contains(&answer.status),
            "{method} {path}: {}",
            answer.status
        );
        assert_eq!(answer.kind, "application/problem+json", "{method} {path}");
    }
    for query in ["?kind=x", "?kind", "?other=1"] {
        world
            .get(&format!("{PAGE}/slots{query}"))
            .await
            .refused(400, "malformed");
    }
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::start().await;
    for path in [
        "/",
        "/agenda",
        PAGE,
        "/p/cabinet-essai/claire-morel",
        "/nothing",
        "/healthz",
        "/api/v1/staff/me",
    ] {
        let answer = world.get(path).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"), "{path}");
        assert_eq!(
            header("cross-origin-opener-policy").as_deref(),
            Some("same-origin"),
            "{path}"
        );
        assert!(header("server").is_none(), "{path}");
        if path.starts_with("/api") {
            assert_eq!(header("cache-control").as_deref(), Some("no-store"), "{path}");
        }
    }
}

#[actix_web::test]
async fn pages_of_what_does_not_exist_are_pages_with_404() {
    let world = World::start().await;
    for (path, status) in [
        ("/", 200),
        ("/agenda", 200),
        ("/mentions-legales", 200),
        ("/p/cabinet-essai", 200),
        ("/p/cabinet-essai/claire-morel", 200),
        ("/p/cabinet-essai/claire-morel/rdv/0", 200),
        ("/p/nulle-part", 404),
        ("/p/cabinet-essai/personne", 404),
        ("/nothing", 404),
    ] {
        let answer = world
            .send(world.request(Method::GET, path).header("accept", "text/html"))
            .await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.kind, "text/html; charset=utf-8", "{path}");
    }
    world.get("/healthz").await.fine(200);
    world.get("/readyz").await.fine(200);
}

#[actix_web::test]
async fn a_network_that_asks_for_too_much_is_told_until_when_to_wait_and_pages_are_not_counted() {
    let world = World::limited(PerMinute {
        read: 40,
        change: 0,
        account: 0,
        count_loopback: true,
    })
    .await;
    for _ in 0..20 {
        world.get(PAGE).await.fine(200);
    }
    let refused = world.get(PAGE).await;
    refused.refused(429, "too_many_requests");
    let wait_ms = refused.body["at_ms"].as_i64().unwrap() - world.now().0;
    assert!((1..=1_500).contains(&wait_ms), "{wait_ms}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(world.get("/agenda").await.status, 200);
    assert_eq!(world.get("/healthz").await.status, 200);
}
