//! Patients' cards through SIGKILL: what was acknowledged is there after the restart, found by what it says, under the version
//! that was told; and the store verifies clean.

use crate::server::{Server, data_dir, fresh, verify};
use crate::session::sign_in;
use serde_json::json;

#[tokio::test]
async fn a_card_that_was_acknowledged_is_there_after_a_kill() {
    let (_guard, data) = data_dir();
    let mut server = Server::start(&data);
    let cookie = sign_in(&server).await;
    let mut door = server.connect().await;
    let card = json!({"person": {"given_name": "Aliénor", "family_name": "Kerbrat", "email": null, "phone": "06 39 98 77 55"},
        "birth_date": "1984-05-12", "alert": "Rappeler la veille", "relatives": []});
    let body = json!({"command_id": fresh(), "card": card});
    let made = door
        .post_as(&cookie, "/api/v1/staff/patients", &body)
        .await
        .expect("create");
    assert_eq!(made.status, 201, "{made:?}");
    server.kill();
    verify(&data);

    let server = Server::start(&data);
    let cookie = sign_in(&server).await;
    let mut door = server.connect().await;
    for query in ["kerbrat alienor", "06 39 98 77 55", "12/05/1984"] {
        let search = json!({ "query": query });
        let found = door
            .post_as(&cookie, "/api/v1/staff/patients/search", &search)
            .await
            .expect("search");
        assert_eq!(found.status, 200, "{found:?}");
        let patients = found.body["patients"].as_array().expect("patients");
        assert_eq!(
            patients
                .iter()
                .filter(|one| one["patient"] == made.body["patient"])
                .count(),
            1,
            "{query}"
        );
    }
    let path = format!(
        "/api/v1/staff/patients/{}/change",
        made.body["patient"].as_str().expect("id")
    );
    let change = json!({"version": made.body["version"], "card": made.body["card"]});
    let changed = door.post_as(&cookie, &path, &change).await.expect("change");
    assert_eq!(changed.status, 200, "{changed:?}");
    // On the disk it is sealed: no name and no number lies in any file (law L9).
    let listed = std::process::Command::new("grep")
        .args(["-rlE", "Kerbrat|Rappeler la veille|639987755"])
        .arg(&data)
        .output()
        .expect("grep");
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "");
}
