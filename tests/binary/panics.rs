//! A handler that panics fails its own request, and nothing else (row J11): asked of the real binary, whose fault route stands only
//! where the environment asks for it, and in no release.

use crate::server::{Server, data_dir};
use std::fs::File;
use std::process::Stdio;

#[tokio::test]
async fn a_panic_in_a_handler_fails_its_request_alone() {
    let (_directory, data) = data_dir();
    let log = data.with_extension("log");
    let before = ["env".into(), "CABINET_FAULT_ROUTE=1".into()];
    let said = Stdio::from(File::create(&log).expect("a log"));
    let mut server = Server::start_under(&before, &data, said).expect("it starts");
    let mut other = server.connect().await;
    assert_eq!(other.get("/healthz").await.expect("an answer").status, 200);
    let mut client = server.connect().await;
    // More often than there are threads that answer: none of them is lost.
    for _ in 0..20 {
        let answer = client.get("/fault/panic").await.expect("an answer");
        assert_eq!((answer.status, &answer.body["code"]), (500, &"internal".into()));
        let text = answer.body.to_string();
        assert!(!text.contains("fault route") && !text.contains(".rs"), "{text}");
        client = server.connect().await;
        let page = client.get(&server.public(0)).await.expect("an answer");
        assert_eq!(page.status, 200);
    }
    // Who was connected before goes on, and what failed is counted and in the log.
    assert_eq!(other.get("/healthz").await.expect("an answer").status, 200);
    assert!(server.metric("cabinet_problems_total{code=\"internal\"}") >= 20.0);
    server.terminate();
    let said = std::fs::read_to_string(&log).expect("a log");
    assert_eq!(said.matches("a handler panicked").count(), 20, "{said}");
}

#[tokio::test]
async fn without_being_asked_for_there_is_no_route_that_panics() {
    let (_directory, data) = data_dir();
    let mut server = Server::start(&data);
    let answer = server.connect().await.get("/fault/panic").await.expect("an answer");
    assert_eq!(answer.status, 404);
    server.terminate();
}
