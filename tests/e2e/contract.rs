//! A newer version of the contract: owners are asked, on screen and by mail; past its deadline nothing is added and all can be
//! seen; an acceptance opens the practice again.

use crate::accounts::{owner, stranger};
use crate::sessions::Session;
use crate::world::{AGENDA, KIND, MONDAY_MS, PAGE, START_MS, World};
use cabinet::edge::documents::Library;
use cabinet_domain::practice::DocumentKind;
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;
use serde_json::{Value, json};

/// Twenty days ahead.
const DEADLINE: &str = "2026-12-12";
const DAY_SECONDS: i64 = 24 * 3_600;

fn library() -> Library {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "processing-2.fr.txt",
        "Contrat de sous-traitance, version 2\n\nNouveau texte.",
    );
    write("processing-2.en.txt", "Processing contract, version 2\n\nNew text.");
    write("processing-2.accept-by", DEADLINE);
    Library::with_folder(folder.path()).unwrap()
}

async fn contract(world: &World, cookies: &str) -> Value {
    let me = world.staff_get(cookies, "/api/v1/staff/me").await.fine(200);
    me["contract"].clone()
}

fn acceptance(world: &World, version: u32) -> Value {
    json!({"command_id": world.id(), "locale": "fr", "quality": "titulaire", "terms": null, "processing": version, "policy": null})
}

fn absence(world: &World) -> Value {
    json!({"command_id": world.id(), "command": {"do": "add_absence", "absence": {"id": world.id(),
        "start_ms": START_MS + 90 * DAY_SECONDS * 1_000, "end_ms": START_MS + 91 * DAY_SECONDS * 1_000, "label": "Congés"}}})
}

async fn hold(world: &World) -> crate::world::Answer {
    let start_ms = MONDAY_MS + 28 * DAY_SECONDS * 1_000;
    let body =
        json!({"command_id": world.id(), "kind": KIND.to_string(), "start_ms": start_ms, "token": "5a".repeat(32)});
    world.post(&format!("{PAGE}/holds"), &body).await
}

#[actix_web::test]
async fn an_owner_accepts_a_newer_contract_and_its_evidence_is_kept_beside_the_former() {
    let world = World::under(true, library()).await;
    let cookies = owner(&world).await;
    let asked = contract(&world, &cookies).await;
    assert_eq!(
        (&asked["documents"], &asked["read_only"]),
        (&json!(["processing"]), &json!(false))
    );
    let documents = world.get("/api/v1/documents").await.fine(200);
    assert_eq!(documents["documents"][1]["version"], 2);
    let path = "/api/v1/staff/contract";
    for version in [1, 3] {
        world
            .staff_post(&cookies, path, &acceptance(&world, version))
            .await
            .refused(422, "documents_not_accepted");
    }
    let nothing = json!({"command_id": world.id(), "locale": "fr", "quality": "titulaire", "terms": null, "processing": null, "policy": null});
    world
        .staff_post(&cookies, path, &nothing)
        .await
        .refused(422, "documents_not_accepted");
    world.staff_post(&cookies, path, &acceptance(&world, 2)).await.fine(204);
    assert_eq!(contract(&world, &cookies).await, Value::Null);
    let practice = world.directory.practice(AGENDA.practice).unwrap();
    let evidence = practice.acceptances.last().unwrap();
    assert_eq!(
        (evidence.document, evidence.version),
        (DocumentKind::ProcessingContract, 2)
    );
    assert_eq!(hex::encode(evidence.sha256), documents["documents"][1]["french_sha256"]);
    assert_eq!(
        (evidence.ip.as_str(), evidence.signatory_quality.as_str()),
        ("127.0.0.1", "titulaire")
    );
    // Once more is no news.
    world.staff_post(&cookies, path, &acceptance(&world, 2)).await.fine(204);
    assert_eq!(
        world.directory.practice(AGENDA.practice).unwrap().acceptances.len(),
        practice.acceptances.len()
    );
    // Past the deadline it works on.
    world.pass_seconds(30 * DAY_SECONDS);
    hold(&world).await.refused(422, "in_the_past");
}

#[actix_web::test]
async fn past_its_deadline_a_practice_is_read_only_and_an_acceptance_opens_it_again() {
    let world = World::under(false, library()).await;
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    world.book(MONDAY_MS + 35 * DAY_SECONDS * 1_000).await;
    let deadline = UtcMillis(
        "2026-12-11T23:00:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_millisecond(),
    );
    world.pass_seconds((deadline.0 - world.now().0) / 1_000 - 1);
    let cookies_then = world.sign_in(AGENDA.practice, 50).await;
    world
        .staff_post(&cookies_then, &commands, &absence(&world))
        .await
        .fine(200);
    hold(&world).await.fine(201);
    world.pass_seconds(1);
    let cookies = cookies_then;
    // Nothing is added: by staff, over both ways, by patients, to the team.
    world
        .staff_post(&cookies, &commands, &absence(&world))
        .await
        .refused(403, "read_only");
    let mut session = Session::with(&world, &cookies).await;
    let command = absence(&world);
    session
        .send(
            &json!({"event": "command", "ref": 3, "topic": AGENDA.agenda.to_string(),
            "command_id": command["command_id"], "command": command["command"]}),
        )
        .await;
    let refused = session.next_of("refused").await;
    assert_eq!(refused["problem"]["code"], "read_only");
    hold(&world).await.refused(403, "read_only");
    // All can be seen.
    let look = format!(
        "/api/v1/staff/agendas/{}?from_ms={START_MS}&until_ms={}",
        AGENDA.agenda,
        START_MS + 40 * DAY_SECONDS * 1_000
    );
    world.staff_get(&cookies, &look).await.fine(200);
    let seen = contract(&world, &cookies).await;
    assert_eq!(seen["read_only"], true);
    assert_eq!(seen["accept_by_ms"], deadline.0);
    assert_eq!(world.get(PAGE).await.status, 200);
    // Accepted: open again, on the session that stands too.
    world
        .staff_post(&cookies, "/api/v1/staff/contract", &acceptance(&world, 2))
        .await
        .fine(204);
    world.staff_post(&cookies, &commands, &absence(&world)).await.fine(200);
    session
        .send(
            &json!({"event": "command", "ref": 4, "topic": AGENDA.agenda.to_string(),
            "command_id": world.id(), "command": absence(&world)["command"]}),
        )
        .await;
    session.next_of("accepted").await;
}

#[actix_web::test]
async fn owners_are_mailed_a_week_before_and_no_more_once_it_is_accepted() {
    let world = World::under(true, library()).await;
    let anne = stranger(&world, "claire@essai.example").await;
    let asked = |mails: &[cabinet_actors::mail::Envelope]| {
        let of = |mail: &&cabinet_actors::mail::Envelope| mail.subject == "Un nouveau contrat à accepter";
        mails.iter().filter(of).count()
    };
    let mut days = Vec::new();
    for day in 0..19 {
        if asked(&world.mails().await) > days.len() {
            days.push(day);
        }
        world.pass_seconds(DAY_SECONDS);
    }
    // The deadline is 20 days off: a week before is day 13, told the morning after.
    assert_eq!(days, [14]);
    let anew = world.mails().await;
    let mail = anew
        .iter()
        .find(|mail| mail.subject == "Un nouveau contrat à accepter")
        .unwrap();
    assert!(
        mail.text.contains("avant le 12 décembre 2026 à 00 h 00"),
        "{}",
        mail.text
    );
    let cookies = anne.sign_in(&world, "").await;
    world
        .staff_post(&cookies, "/api/v1/staff/contract", &acceptance(&world, 2))
        .await
        .fine(204);
    for _ in 0..4 {
        world.pass_seconds(DAY_SECONDS);
        world.mails().await;
    }
    assert_eq!(asked(&world.mails().await), 1);
}

#[actix_web::test]
async fn past_its_deadline_a_practice_lets_no_support_in_and_still_shuts_it_out() {
    let world = World::under(true, library()).await;
    let anne = stranger(&world, "anne@essai.example").await;
    crate::operators::operator(&world, "Sam", Role::Support).await;
    world.go_to_operators(false);
    let path = "/api/v1/staff/support";
    let ask = async |cookies: &str| {
        let known = world.staff_get(cookies, path).await.fine(200);
        let body = json!({"command_id": world.id(), "support": known["people"][0]["id"], "minutes": 1_440,
            "level": "times", "reason": "L'agenda reste vide"});
        world.staff_post(cookies, path, &body).await
    };
    let deadline = "2026-12-11T23:00:00Z".parse::<jiff::Timestamp>().unwrap();
    world.pass_seconds((deadline.as_millisecond() - world.now().0) / 1_000 - 120);
    let cookies = anne.sign_in(&world, "").await;
    let granted = ask(&cookies).await.fine(201);
    world.pass_seconds(120);
    ask(&cookies).await.refused(403, "read_only");
    let body = json!({"command_id": world.id()});
    let end = format!("{path}/{}/end", granted["id"].as_str().unwrap());
    world.staff_post(&cookies, &end, &body).await.fine(204);
}
