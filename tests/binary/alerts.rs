//! Alerts of the real binary: a network that tries many accounts is shut out, counted, and told to the operator.

use crate::server::{Server, data_dir};
use crate::wait::until;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the operator is told; nothing while the read store is opening.
fn alerts(data: &Path) -> Option<String> {
    let data = data.to_str().expect("text");
    let output = Command::new(env!("CARGO_BIN_EXE_cabinet"))
        .args(["alerts", "--data", data])
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

#[actix_web::test]
async fn the_operator_is_told_which_network_tries_many_accounts_also_after_a_kill() {
    let (_directory, data) = data_dir();
    let mut server = Server::start(&data);
    until("an answer", PATIENCE, || {
        alerts(&data).as_deref() == Some("nothing to report\n")
    })
    .await;
    for number in 0..5 {
        let mut connection = server.connect().await;
        let wrong = json!({"email": format!("nobody{number}@cabinet.example"), "password": "girafe"});
        let answer = connection
            .post("/api/v1/account/sign-in", &wrong)
            .await
            .expect("answer");
        assert_eq!(answer.status, 401, "{:?}", answer.body);
    }
    until("the alert", PATIENCE, || server.metric("cabinet_alerts_total") > 0.5).await;
    let told = alerts(&data).expect("an answer");
    assert!(told.ends_with(" warning password_spray 127.0.0.1\n"), "{told}");
    server.kill();
    let _server = Server::start(&data);
    until("the same alert", PATIENCE, || {
        alerts(&data).as_deref() == Some(told.as_str())
    })
    .await;
}
