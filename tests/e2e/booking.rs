//! A patient's way: slots, hold, confirm, look, cancel; repeated, raced, too late, with wrong secrets.

use crate::world::{AGENDA, MINUTE_MS, MONDAY_MS, PAGE, World, confirm_request};
use serde_json::{Value, json};
use std::io::Read as _;

#[actix_web::test]
async fn a_slot_is_held_confirmed_looked_at_and_cancelled_and_every_step_can_be_repeated() {
    let world = World::start().await;
    assert!(world.free().await.contains(&MONDAY_MS));
    let request = world.hold_request(MONDAY_MS);
    let holds = format!("{PAGE}/holds");
    let hold = world.post(&holds, &request).await.fine(201);
    assert_eq!(hold["start_ms"], MONDAY_MS);
    assert_eq!(hold["end_ms"], MONDAY_MS + 30 * MINUTE_MS);
    assert_eq!(world.post(&holds, &request).await.fine(201)["hold"], hold["hold"]);
    assert!(!world.free().await.contains(&MONDAY_MS));

    let path = format!("{PAGE}/holds/{}/confirm", hold["hold"].as_str().unwrap());
    let manage = world.id();
    let confirm = confirm_request(&world.id(), &request["token"], &manage);
    let confirmed = world.post(&path, &confirm).await.fine(201);
    assert_eq!(world.post(&path, &confirm).await.fine(201), confirmed);
    let booking = confirmed["booking"].as_str().unwrap();
    assert_eq!(
        confirmed["manage_path"],
        format!("/p/cabinet-essai/claire-morel/rdv/{booking}")
    );
    world.post(&holds, &request).await.refused(409, "hold_gone");

    let view = format!("{PAGE}/bookings/{booking}/view");
    let seen = world.post(&view, &json!({ "manage": manage })).await.fine(200);
    assert_eq!(seen["start_ms"], MONDAY_MS);
    assert_eq!(seen["cancel_until_ms"], MONDAY_MS - 60 * MINUTE_MS);
    assert_eq!(seen["place"]["name"], "Cabinet");
    let text = seen.to_string();
    assert!(
        !text.contains("Petit") && !text.contains("lea@"),
        "the link shows the appointment, not the person"
    );

    let cancel = json!({"command_id": world.id(), "manage": manage});
    let path = format!("{PAGE}/bookings/{booking}/cancel");
    let cancelled = world.post(&path, &cancel).await.fine(200);
    assert_eq!(world.post(&path, &cancel).await.fine(200), cancelled);
    assert!(world.free().await.contains(&MONDAY_MS));
    world
        .post(&view, &json!({ "manage": manage }))
        .await
        .refused(404, "booking_unknown");
}

#[actix_web::test]
async fn the_same_command_id_with_another_body_is_an_error() {
    let world = World::start().await;
    let request = world.hold_request(MONDAY_MS);
    let holds = format!("{PAGE}/holds");
    world.post(&holds, &request).await.fine(201);
    let mut other = request.clone();
    other["start_ms"] = json!(MONDAY_MS + 30 * MINUTE_MS);
    world.post(&holds, &other).await.refused(422, "command_id_reused");
    // Spacing and order of fields are no other body.
    let same = format!(
        r#"{{ "token":{}, "start_ms" : {MONDAY_MS}, "kind":{}, "command_id":{} }}"#,
        request["token"], request["kind"], request["command_id"]
    );
    let post = world.request(reqwest::Method::POST, &holds);
    let answer = world
        .send(post.header("content-type", "application/json").body(same))
        .await;
    answer.fine(201);
}

#[actix_web::test]
async fn a_taken_slot_is_refused_and_is_free_again_when_released_or_run_out() {
    let world = World::start().await;
    let holds = format!("{PAGE}/holds");
    let first = world.hold_request(MONDAY_MS);
    let hold = world.post(&holds, &first).await.fine(201);
    world
        .post(&holds, &world.hold_request(MONDAY_MS))
        .await
        .refused(409, "slot_taken");
    let release = format!("{PAGE}/holds/{}/release", hold["hold"].as_str().unwrap());
    let wrong = json!({"command_id": world.id(), "token": world.id()});
    world.post(&release, &wrong).await.refused(409, "hold_gone");
    let right = json!({"command_id": world.id(), "token": first["token"]});
    world.post(&release, &right).await.fine(200);

    let second = world.hold_request(MONDAY_MS);
    let hold = world.post(&holds, &second).await.fine(201);
    world.pass_seconds(300);
    let confirm = confirm_request(&world.id(), &second["token"], &world.id());
    let path = format!("{PAGE}/holds/{}/confirm", hold["hold"].as_str().unwrap());
    let late = world.post(&path, &confirm).await;
    assert!(["hold_expired", "hold_gone"].contains(&late.code()), "{}", late.body);
    assert_eq!(late.status, 409);
    world.post(&holds, &world.hold_request(MONDAY_MS)).await.fine(201);
}

#[actix_web::test]
async fn a_wrong_secret_and_an_unknown_booking_get_the_same_answer() {
    let world = World::start().await;
    let (confirmed, _) = world.book(MONDAY_MS).await;
    let known = confirmed["booking"].as_str().unwrap().to_owned();
    let mut answers = Vec::new();
    for booking in [known, world.id()] {
        for (act, body) in [
            ("view", json!({"manage": world.id()})),
            ("cancel", json!({"manage": world.id(), "command_id": world.id()})),
        ] {
            let answer = world.post(&format!("{PAGE}/bookings/{booking}/{act}"), &body).await;
            answer.refused(404, "booking_unknown");
            answers.push(answer.body);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[actix_web::test]
async fn a_booking_cannot_be_cancelled_past_the_limit_and_says_which_it_was() {
    let world = World::start().await;
    let (confirmed, manage) = world.book(MONDAY_MS).await;
    world.pass_seconds(20 * 3_600 - 30 * 60);
    let path = format!("{PAGE}/bookings/{}/cancel", confirmed["booking"].as_str().unwrap());
    let answer = world
        .post(&path, &json!({"command_id": world.id(), "manage": manage}))
        .await;
    answer.refused(409, "too_late_to_cancel");
    assert_eq!(answer.body["at_ms"], MONDAY_MS - 60 * MINUTE_MS);
}

#[actix_web::test]
async fn the_notice_shown_must_be_one_that_was_published() {
    let world = World::start().await;
    let request = world.hold_request(MONDAY_MS);
    let hold = world.post(&format!("{PAGE}/holds"), &request).await.fine(201);
    let mut confirm = confirm_request(&world.id(), &request["token"], &world.id());
    confirm["notice_version"] = json!(2);
    let path = format!("{PAGE}/holds/{}/confirm", hold["hold"].as_str().unwrap());
    world.post(&path, &confirm).await.refused(422, "invalid");
}

#[actix_web::test]
async fn the_public_page_says_what_a_patient_needs_and_nothing_of_others() {
    let world = World::start().await;
    world.book(MONDAY_MS).await;
    let page = world.get(PAGE).await.fine(200);
    assert_eq!(page["practitioner"]["zone"], "Europe/Paris");
    assert_eq!(page["types"][0]["name"], "Consultation");
    assert_eq!(page["practice"]["notice"]["version"], 1);
    assert_eq!(page["hold_ttl_seconds"], 300);
    let slots = world.get(&format!("{PAGE}/slots")).await.fine(200);
    for public in [&page, &slots] {
        let text = public.to_string();
        assert!(!text.contains("Petit") && !text.contains("lea@"));
    }
    world.get("/api/v1/public/cabinet-essai").await.fine(200);
    for unknown in ["/api/v1/public/nulle-part", "/api/v1/public/cabinet-essai/paul-roux"] {
        world.get(unknown).await.refused(404, "not_found");
    }
}

#[actix_web::test]
async fn the_public_page_lists_the_places_where_an_online_type_is_offered() {
    // A practitioner's page listed every place of the practice, also those where only colleagues receive.
    let world = World::start().await;
    let names = |places: &Value| -> Vec<String> {
        let places = places.as_array().unwrap();
        places
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let page = world.get(PAGE).await.fine(200);
    assert_eq!(names(&page["places"]), ["Cabinet"]);
    assert_eq!(names(&page["practice"]["places"]), ["Cabinet", "À domicile"]);

    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    let opening = json!({"id": world.id(), "date": "2026-12-05", "from": "09:00", "until": "12:00", "types": null,
        "place": format!("{:032x}", 41)});
    let command = json!({"do": "open_exceptionally", "opening": opening});
    let body = json!({"command_id": world.id(), "command": command});
    world.staff_post(&cookie, &commands, &body).await.fine(200);
    let page = world.get(PAGE).await.fine(200);
    assert_eq!(names(&page["places"]), ["Cabinet", "À domicile"]);
}

#[actix_web::test]
async fn free_slots_come_compressed_to_who_accepts_it_and_shortly_to_who_knows_them() {
    let world = World::start().await;
    let path = format!("{PAGE}/slots");
    let ask = |name: &'static str, value: String| world.request(reqwest::Method::GET, &path).header(name, value).send();
    let plain = world.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    let tag = plain.headers()["etag"].to_str().unwrap().to_owned();
    let plain = plain.bytes().await.unwrap();

    // what is accepted -> whether the answer is compressed
    for (accepted, compressed) in [
        ("gzip", true),
        ("br, gzip;q=0.8", true),
        ("gzip, deflate, br, zstd", true),
        ("br", false),
        ("identity", false),
        ("gzip;q=0", false),
        ("", false),
    ] {
        let answer = ask("accept-encoding", accepted.to_owned()).await.unwrap();
        let headers = answer.headers().clone();
        assert_eq!(headers.contains_key("content-encoding"), compressed, "{accepted}");
        assert_eq!(headers["vary"], "accept-encoding");
        assert_eq!(
            headers["cache-control"], "no-store",
            "no copy in between keeps an old clock"
        );
        assert_eq!(headers["etag"], tag.as_str());
        let sent = answer.bytes().await.unwrap();
        assert_eq!(headers["content-length"], sent.len().to_string().as_str());
        let mut read = Vec::new();
        if compressed {
            assert!(sent.len() * 3 < plain.len(), "{} of {}", sent.len(), plain.len());
            flate2::read::GzDecoder::new(sent.as_ref())
                .read_to_end(&mut read)
                .unwrap();
        } else {
            read = sent.to_vec();
        }
        assert!(read == plain, "{accepted}");
    }

    for (named, known) in [
        (tag.clone(), true),
        (format!("\"x\", {tag}"), true),
        ("\"x\"".to_owned(), false),
    ] {
        let answer = ask("if-none-match", named.clone()).await.unwrap();
        assert_eq!(answer.status() == 304, known, "{named}");
        assert_eq!(answer.headers()["etag"], tag.as_str());
        assert!(answer.headers().contains_key("date"));
        assert_eq!(answer.bytes().await.unwrap().is_empty(), known);
    }
    world.book(MONDAY_MS).await;
    assert_eq!(
        ask("if-none-match", tag).await.unwrap().status(),
        200,
        "another booking, other slots"
    );
}
