//! The patient register over HTTP: found, read with its appointments, written, merged and parted; who sees whom, and what is
//! noted of it.

use crate::rights::{COLLEAGUES, add_colleague};
use crate::sessions::Session;
use crate::world::{AGENDA, Answer, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, World};
use cabinet_actors::people::{Asker, People};
use cabinet_domain::ids::{AgendaKey, StaffId};
use cabinet_domain::people::Query;
use cabinet_domain::practice::{Member, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const OWNER: u128 = 50;

fn person(given: &str, family: &str, phone: Option<&str>) -> Value {
    json!({"given_name": given, "family_name": family, "email": null, "phone": phone})
}

fn card(given: &str, family: &str, phone: Option<&str>) -> Value {
    json!({"person": person(given, family, phone), "birth_date": null, "alert": null, "relatives": []})
}

async fn search(world: &World, cookie: &str, text: &str) -> Vec<String> {
    let body = json!({ "query": text });
    let found = world
        .staff_post(cookie, "/api/v1/staff/patients/search", &body)
        .await
        .fine(200);
    let patients = found["patients"].as_array().unwrap();
    patients
        .iter()
        .map(|one| one["patient"].as_str().unwrap().to_owned())
        .collect()
}

async fn read(world: &World, cookie: &str, patient: &str) -> Answer {
    world
        .staff_get(cookie, &format!("/api/v1/staff/patients/{patient}"))
        .await
}

async fn act(world: &World, cookie: &str, rest: &str, body: &Value) -> Answer {
    world
        .staff_post(cookie, &format!("/api/v1/staff/patients{rest}"), body)
        .await
}

/// Creates a card; its id.
async fn create(world: &World, cookie: &str, card: &Value) -> String {
    let body = json!({"command_id": world.id(), "card": card});
    let made = act(world, cookie, "", &body).await.fine(201);
    assert_eq!(
        act(world, cookie, "", &body).await.fine(201),
        made,
        "a repeat makes no second card"
    );
    made["patient"].as_str().unwrap().to_owned()
}

/// Staff book, for a patient of the register or somebody new.
async fn book(
    world: &World,
    cookie: &str,
    key: AgendaKey,
    start_ms: i64,
    person: &Value,
    patient: Option<&str>,
) -> Answer {
    let mut command = json!({"do": "book", "booking": world.id(), "kind": KIND.to_string(), "start_ms": start_ms, "person": person,
        "allow": {"overlap": false, "outside_hours": true}});
    if let Some(patient) = patient {
        command["patient"] = json!(patient);
    }
    let path = format!("/api/v1/staff/agendas/{}/commands", key.agenda);
    world
        .staff_post(cookie, &path, &json!({"command_id": world.id(), "command": command}))
        .await
}

/// Leaves of an act, by patient.
async fn noted(world: &World, cookie: &str, act: &str) -> Vec<Value> {
    let page = world
        .staff_get(cookie, &format!("/api/v1/staff/audit?act={act}"))
        .await
        .fine(200);
    let leaves = page["leaves"].as_array().unwrap();
    leaves.iter().map(|leaf| leaf["said"]["patient"].clone()).collect()
}

#[actix_web::test]
async fn who_booked_is_found_and_their_history_is_one_when_staff_book_for_them_again() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, OWNER).await;
    // A public booking makes its own card, which nobody has written yet.
    world.book(MONDAY_MS).await;
    let before = search(&world, &cookie, "mar").await;
    let rose = person("Rose", "Lefèvre", Some("+33639980001"));
    book(&world, &cookie, AGENDA, MONDAY_MS + 60 * MINUTE_MS, &rose, None)
        .await
        .fine(200);
    assert_eq!(search(&world, &cookie, "mar").await, before);
    let found = search(&world, &cookie, "lefevre rose").await;
    let [patient] = found.as_slice() else {
        panic!("{found:?}")
    };
    for text in ["06 39 98 00 01", "+33 6 39 98", "LEFÈVRE", "0001"] {
        assert_eq!(search(&world, &cookie, text).await, found, "{text}");
    }
    let file = read(&world, &cookie, patient).await.fine(200);
    assert_eq!(
        (&file["version"], file["history"].as_array().unwrap().len()),
        (&json!(0), 1)
    );

    // Over HTTP and over a session, the same patient.
    book(
        &world,
        &cookie,
        AGENDA,
        MONDAY_MS + 120 * MINUTE_MS,
        &rose,
        Some(patient),
    )
    .await
    .fine(200);
    let mut session = Session::with(&world, &cookie).await;
    let command = json!({"do": "book", "booking": world.id(), "kind": KIND.to_string(), "start_ms": MONDAY_MS + 180 * MINUTE_MS,
        "person": rose, "patient": patient, "allow": {"overlap": false, "outside_hours": true}});
    let frame = json!({"event": "command", "ref": 1, "topic": AGENDA.agenda.to_string(), "command_id": world.id(), "command": command});
    session.send(&frame).await;
    session.next_of("accepted").await;
    assert_eq!(search(&world, &cookie, "lefevre").await, found, "still one person");
    let file = read(&world, &cookie, patient).await.fine(200);
    let starts: Vec<i64> = file["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["start_ms"].as_i64().unwrap())
        .collect();
    let expected: Vec<i64> = [180, 120, 60].map(|minutes| MONDAY_MS + minutes * MINUTE_MS).to_vec();
    assert_eq!(starts, expected, "the latest first");
    assert_eq!(file["history"][0]["kind"], "Consultation");

    // A patient whom nobody knows is nobody's booking.
    let strange = book(
        &world,
        &cookie,
        AGENDA,
        MONDAY_MS + 240 * MINUTE_MS,
        &rose,
        Some(&world.id()),
    )
    .await;
    strange.refused(404, "not_found");
    let mut frame = frame;
    frame["command_id"] = json!(world.id());
    frame["command"]["patient"] = json!(world.id());
    session.send(&frame).await;
    assert_eq!(session.next_of("refused").await["problem"]["code"], "not_found");
}

#[actix_web::test]
async fn a_card_is_written_once_for_each_version_and_is_there_after_a_restart() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, OWNER).await;
    let mother = create(&world, &cookie, &card("Anne", "Roche", Some("06 39 98 00 02"))).await;
    let child = create(&world, &cookie, &card("Léo", "Roche", None)).await;
    let file = read(&world, &cookie, &child).await.fine(200);
    let mut content = file["card"].clone();
    content["birth_date"] = json!("2018-05-12");
    content["alert"] = json!(" Rappeler la veille ");
    content["relatives"] = json!([{"patient": mother, "relation": "parent", "books": true}]);
    let change = json!({"version": file["version"], "card": content});
    let changed = act(&world, &cookie, &format!("/{child}/change"), &change)
        .await
        .fine(200);
    assert_eq!(changed["card"]["alert"], "Rappeler la veille");
    assert_eq!(changed["relatives"][0]["person"]["given_name"], "Anne");
    act(&world, &cookie, &format!("/{child}/change"), &change)
        .await
        .refused(409, "card_changed");
    assert_eq!(
        search(&world, &cookie, "roche 12/05/2018").await,
        std::slice::from_ref(&child)
    );

    for (field, value, status, code) in [
        ("birth_date", json!("2018-02-30"), 400, "malformed"),
        ("birth_date", json!("2100-01-01"), 422, "invalid"),
        ("alert", json!("x".repeat(201)), 422, "invalid"),
        (
            "relatives",
            json!([{"patient": world.id(), "relation": "parent", "books": true}]),
            422,
            "invalid",
        ),
        (
            "relatives",
            json!([{"patient": mother, "relation": "cousin", "books": true}]),
            400,
            "malformed",
        ),
        (
            "relatives",
            json!([{"patient": child, "relation": "other", "books": true}]),
            422,
            "invalid",
        ),
    ] {
        let mut wrong = json!({"version": changed["version"], "card": content});
        wrong["card"][field] = value;
        act(&world, &cookie, &format!("/{child}/change"), &wrong)
            .await
            .refused(status, code);
    }

    read_by_the_next_process(&world, &mother).await;
}

/// The next process reads what was written, and forgets a child whose key is gone.
async fn read_by_the_next_process(world: &World, mother: &str) {
    let people = People::new(world.agendas.clone(), world.storage.records(), world.clock.clone());
    let practice = world.directory.practice(AGENDA.practice).unwrap();
    let asker = Asker {
        sees: practice.practitioners.keys().copied().collect(),
        practice,
    };
    let (found, _) = people
        .search(&asker, &Query::read("roche 2018").unwrap())
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].card.alert.as_deref(), Some("Rappeler la veille"));

    // Forgotten with their key, they are nobody: the card lies under it, as their bookings' details do.
    world
        .storage
        .forget_patient(AGENDA.practice, found[0].patient)
        .await
        .unwrap();
    let anew = People::new(world.agendas.clone(), world.storage.records(), world.clock.clone());
    let (left, _) = anew.search(&asker, &Query::read("roche").unwrap()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].patient.to_string(), *mother);
}

#[actix_web::test]
async fn two_cards_become_one_and_two_again() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, OWNER).await;
    let rose = person("Rose", "Lefèvre", Some("+33639980001"));
    let again = person("Rose", "Lefevre", Some("+33639980001"));
    book(&world, &cookie, AGENDA, MONDAY_MS, &rose, None).await.fine(200);
    book(&world, &cookie, AGENDA, MONDAY_MS + 60 * MINUTE_MS, &again, None)
        .await
        .fine(200);
    let both = search(&world, &cookie, "lefevre").await;
    assert_eq!(both.len(), 2);
    let pairs = world
        .staff_get(&cookie, "/api/v1/staff/patients/duplicates")
        .await
        .fine(200);
    assert_eq!(pairs["pairs"].as_array().unwrap().len(), 1);
    assert_eq!(pairs["pairs"][0]["reasons"], json!(["phone"]));

    let merge = json!({"into": both[0]});
    let file = act(&world, &cookie, &format!("/{}/merge", both[1]), &merge)
        .await
        .fine(200);
    assert_eq!(
        (&file["patient"], file["history"].as_array().unwrap().len()),
        (&json!(both[0]), 2)
    );
    assert_eq!(search(&world, &cookie, "lefevre").await, [both[0].clone()]);
    let pairs = world
        .staff_get(&cookie, "/api/v1/staff/patients/duplicates")
        .await
        .fine(200);
    assert_eq!(pairs["pairs"], json!([]));
    // What was merged is asked for: the card that stands is shown; a booking for it names that one.
    assert_eq!(
        read(&world, &cookie, &both[1]).await.fine(200)["patient"],
        json!(both[0])
    );
    let late = book(
        &world,
        &cookie,
        AGENDA,
        MONDAY_MS + 120 * MINUTE_MS,
        &rose,
        Some(&both[1]),
    )
    .await;
    late.refused(404, "not_found");
    // Neither into itself nor into one that does not stand.
    act(&world, &cookie, &format!("/{}/merge", both[0]), &merge)
        .await
        .refused(404, "not_found");
    let back = json!({"into": both[1]});
    act(&world, &cookie, &format!("/{}/merge", both[0]), &back)
        .await
        .refused(404, "not_found");

    let file = act(&world, &cookie, &format!("/{}/part", both[1]), &json!({}))
        .await
        .fine(200);
    assert_eq!(
        (&file["patient"], file["history"].as_array().unwrap().len()),
        (&json!(both[1]), 1)
    );
    assert_eq!(search(&world, &cookie, "lefevre").await, both);
    assert_eq!(noted(&world, &cookie, "patients.merged").await, [json!(both[1])]);
    assert_eq!(noted(&world, &cookie, "patients.parted").await, [json!(both[1])]);
}

/// Secretaries with such a level on the one agenda alone.
async fn secretaries(world: &World, levels: [(u128, Level); 2]) {
    for (id, level) in levels {
        let member = Member {
            id: StaffId(id),
            name: "Sacha".to_owned(),
            role: Role::Secretary,
            rights: Rights {
                elsewhere: Level::None,
                agendas: BTreeMap::from([(AGENDA.agenda, level)]),
            },
            agenda: None,
            valid_from: world.now(),
            valid_until: None,
        };
        let events = vec![PracticeEvent::MemberSet(member)];
        world.change(AGENDA.practice, events).await.unwrap();
    }
}

#[actix_web::test]
async fn patients_are_known_where_their_names_are_seen_and_every_look_is_noted() {
    let world = World::start().await;
    add_colleague(&world).await;
    let owner = world.sign_in(AGENDA.practice, OWNER).await;
    let levels = [(900, Level::Full), (901, Level::TimesAndTypes)];
    secretaries(&world, levels).await;
    let mine = person("Rose", "Lefèvre", None);
    let theirs = person("Paul", "Lefèvre", None);
    book(&world, &owner, AGENDA, MONDAY_MS, &mine, None).await.fine(200);
    book(&world, &owner, COLLEAGUES, MONDAY_MS, &theirs, None)
        .await
        .fine(200);
    let all = search(&world, &owner, "lefevre").await;
    assert_eq!(all.len(), 2);

    let secretary = world.sign_in(AGENDA.practice, 900).await;
    let seen = search(&world, &secretary, "lefevre").await;
    assert_eq!(seen.len(), 1);
    let hidden = all.iter().find(|one| !seen.contains(one)).unwrap();
    read(&world, &secretary, hidden).await.refused(404, "not_found");
    let card = card("Paul", "Lefèvre", None);
    let change = json!({"version": 0, "card": card});
    act(&world, &secretary, &format!("/{hidden}/change"), &change)
        .await
        .refused(404, "not_found");
    let merge = json!({"into": seen[0]});
    act(&world, &secretary, &format!("/{hidden}/merge"), &merge)
        .await
        .refused(404, "not_found");
    book(
        &world,
        &secretary,
        AGENDA,
        MONDAY_MS + 60 * MINUTE_MS,
        &theirs,
        Some(hidden),
    )
    .await
    .refused(404, "not_found");

    // Who sees no names finds nobody; another practice knows none of them (law L11).
    let blind = world.sign_in(AGENDA.practice, 901).await;
    let body = json!({"query": "lefevre"});
    act(&world, &blind, "/search", &body).await.refused(403, "forbidden");
    read(&world, &blind, &seen[0]).await.refused(403, "forbidden");
    let foreign = world.sign_in(FOREIGN.practice, 50).await;
    assert!(search(&world, &foreign, "lefevre").await.is_empty());
    read(&world, &foreign, &seen[0]).await.refused(404, "not_found");

    // One leaf a search, one a card that was shown; what shows nothing is none.
    let searched = noted(&world, &owner, "patients.searched").await.len();
    assert_eq!(search(&world, &owner, "l").await, [""; 0]);
    search(&world, &owner, "lefevre").await;
    assert_eq!(noted(&world, &owner, "patients.searched").await.len(), searched + 1);
    read(&world, &owner, hidden).await.fine(200);
    assert_eq!(noted(&world, &owner, "patient.viewed").await, [json!(hidden)]);
}

/// The rules that the owner has alerts of.
async fn alerted(world: &World, owner: &str) -> Vec<String> {
    world.look().await;
    let page = world.staff_get(owner, "/api/v1/staff/alerts").await.fine(200);
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts.map(|alert| alert["rule"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn who_reads_card_after_card_that_no_appointment_explains_is_noticed() {
    let world = World::start().await;
    let owner = world.sign_in(AGENDA.practice, OWNER).await;
    let bruno = world.sign_in(AGENDA.practice, 51).await;
    let mut cards = Vec::new();
    for number in 0..51 {
        cards.push(create(&world, &owner, &card("Léa", &format!("Petit-{number}"), None)).await);
    }
    let expected = create(&world, &owner, &card("Nora", "Benali", None)).await;
    let nora = person("Nora", "Benali", None);
    let booked = book(&world, &owner, AGENDA, MONDAY_MS, &nora, Some(&expected)).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    // Fifty within an hour, and one whom an appointment explains: not yet too many.
    for patient in cards[..50].iter().chain([&expected]) {
        read(&world, &bruno, patient).await.fine(200);
    }
    let found = alerted(&world, &owner).await;
    assert!(!found.contains(&"bulk_viewing".to_owned()), "{found:?}");
    read(&world, &bruno, &cards[50]).await.fine(200);
    let found = alerted(&world, &owner).await;
    assert!(found.contains(&"bulk_viewing".to_owned()), "{found:?}");
}
