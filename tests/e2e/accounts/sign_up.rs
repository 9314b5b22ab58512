//! A new practice: its documents, its form, what stands afterwards.

use super::person::{PASSWORD, Person, account, code, cookies};
use crate::world::{AGENDA, World};
use cabinet_domain::practice::DocumentKind;
use serde_json::{Value, json};

fn form(email: &str) -> Value {
    json!({"practice": "Cabinet de l'Église", "address": "2 place de l'Église, 35000 Rennes", "phone": "+33 1 99 00 00 07",
        "name": "Zoé Le Goff", "quality": "titulaire", "profession": "Psychologue", "rpps": null, "adeli": null,
        "siren": "732 829 321", "siret": null, "email": email, "password": PASSWORD, "locale": "fr",
        "terms": 1, "processing": 1, "policy": null})
}

async fn begun(world: &World, form: &Value) -> Value {
    account(world, "", "sign-up", form).await.fine(200)
}

async fn finished(world: &World, begun: &Value) -> (String, Value) {
    let secret = begun["enrolment"]["secret"].as_str().unwrap();
    let body = json!({"sign_up": begun["sign_up"], "code": code(secret, world.now().0)});
    let answer = account(world, "", "sign-up/finish", &body).await;
    (cookies(&answer), answer.fine(201))
}

#[actix_web::test]
async fn a_practice_signs_up_and_works() {
    let world = World::with_accounts().await;
    let documents = world.get("/api/v1/documents").await.fine(200);
    assert_eq!(documents["sign_up_open"], true);
    assert_eq!(documents["documents"].as_array().unwrap().len(), 3);
    let begun = begun(&world, &form("zoe@eglise.example")).await;
    // A wrong check digit is warned of, and kept.
    assert_eq!(
        begun["doubts"],
        json!([{"identifier": "siren", "doubt": "identifier_check_digit"}])
    );
    let (cookie, made) = finished(&world, &begun).await;
    assert_eq!(made["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&made["me"]["role"], &made["me"]["staff"]),
        (&json!("owner"), &json!("Zoé Le Goff"))
    );
    let page = world
        .get("/api/v1/public/cabinet-de-l-eglise/zoe-le-goff")
        .await
        .fine(200);
    assert_eq!(page["types"][0]["name"], "Consultation");
    assert!(page["practice"]["legal"].as_str().unwrap().contains("SIREN 732829321"));
    assert!(
        page["practice"]["notice"]["french"]
            .as_str()
            .unwrap()
            .contains("zoe@eglise.example")
    );
    let members = world.staff_get(&cookie, "/api/v1/staff/members").await.fine(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    // Evidence of what was accepted, and of nothing else.
    let practice = world.directory.practice_by_slug("cabinet-de-l-eglise").unwrap();
    let accepted: Vec<_> = practice
        .acceptances
        .iter()
        .map(|one| (one.document, one.version))
        .collect();
    assert_eq!(
        accepted,
        [(DocumentKind::Terms, 1), (DocumentKind::ProcessingContract, 1)]
    );
    let evidence = &practice.acceptances[0];
    assert_eq!(
        (evidence.ip.as_str(), evidence.signatory_quality.as_str()),
        ("127.0.0.1", "titulaire")
    );
    let shown = documents["documents"][0]["french_sha256"].as_str().unwrap();
    assert_eq!(hex::encode(evidence.sha256), shown);
    // Copies of what was accepted, with the hashes of the evidence.
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    let welcome = &mails[0];
    assert_eq!(
        (welcome.to.as_str(), welcome.subject.as_str()),
        ("zoe@eglise.example", "Votre cabinet est inscrit")
    );
    let names: Vec<&str> = welcome.attachments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["terms-1.txt", "processing-1.txt"]);
    assert!(welcome.text.contains(shown), "{}", welcome.text);
    // Used up.
    let again = json!({"sign_up": begun["sign_up"], "code": "123456"});
    account(&world, "", "sign-up/finish", &again)
        .await
        .refused(401, "challenge_gone");
}

#[actix_web::test]
async fn no_account_without_the_terms_and_the_contract_in_force() {
    let world = World::with_accounts().await;
    for (field, value) in [
        ("terms", json!(null)),
        ("processing", json!(null)),
        ("terms", json!(2)),
        ("policy", json!(0)),
    ] {
        let mut form = form("zoe@eglise.example");
        form[field] = value;
        account(&world, "", "sign-up", &form)
            .await
            .refused(422, "documents_not_accepted");
    }
}

#[actix_web::test]
async fn forms_are_judged_before_anything_is_kept() {
    let world = World::with_accounts().await;
    Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    for (field, value, status, problem) in [
        ("practice", "", 422, "invalid"),
        ("practice", "針灸", 422, "invalid"),
        ("name", "Zoé\nLe Goff", 422, "invalid"),
        ("email", "zoe", 422, "invalid"),
        ("password", "motdepasse123", 422, "password_common"),
        ("password", "Cabinet de l'Eglise 35", 422, "password_personal"),
        ("email", "anne@cabinet.example", 409, "email_taken"),
        ("locale", "de", 400, "malformed"),
    ] {
        let mut form = form("zoe@eglise.example");
        form[field] = json!(value);
        account(&world, "", "sign-up", &form).await.refused(status, problem);
    }
    let mut long = form("zoe@eglise.example");
    long["address"] = json!("x".repeat(120));
    begun(&world, &long).await;
    long["address"] = json!("x".repeat(121));
    account(&world, "", "sign-up", &long).await.refused(422, "invalid");
}

#[actix_web::test]
async fn practices_of_the_same_name_get_addresses_of_their_own_and_one_address_signs_up_once() {
    let world = World::with_accounts().await;
    for email in ["zoe@eglise.example", "lea@eglise.example"] {
        let begun = begun(&world, &form(email)).await;
        finished(&world, &begun).await;
    }
    assert!(world.directory.practice_by_slug("cabinet-de-l-eglise-2").is_some());
    // Two forms with one address: whoever finishes first has it.
    let (one, other) = (
        begun(&world, &form("luc@eglise.example")).await,
        begun(&world, &form("luc@eglise.example")).await,
    );
    finished(&world, &one).await;
    let secret = other["enrolment"]["secret"].as_str().unwrap();
    let body = json!({"sign_up": other["sign_up"], "code": code(secret, world.now().0)});
    account(&world, "", "sign-up/finish", &body)
        .await
        .refused(409, "email_taken");
    assert!(world.directory.practice_by_slug("cabinet-de-l-eglise-4").is_none());
}

#[actix_web::test]
async fn one_network_cannot_begin_practices_without_end_and_a_closed_door_says_so() {
    let world = World::with_accounts().await;
    let mut begun = 0;
    let held = loop {
        let answer = account(&world, "", "sign-up", &form("zoe@eglise.example")).await;
        if answer.status != 200 {
            break answer;
        }
        begun += 1;
        assert!(begun <= 30);
    };
    held.refused(429, "locked_out");
    let closed = World::start().await;
    account(&closed, "", "sign-up", &form("zoe@eglise.example"))
        .await
        .refused(403, "sign_up_closed");
}
