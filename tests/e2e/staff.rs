//! Staff over HTTP: signing in and out, their own practice only, commands.

use crate::world::{AGENDA, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, START_MS, World, by_server};
use cabinet_domain::ids::StaffId;
use reqwest::Method;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn book(world: &World, start_ms: i64) -> Value {
    json!({"command_id": world.id(), "command": {
        "do": "book", "booking": world.id(), "kind": KIND.to_string(), "start_ms": start_ms,
        "person": {"given_name": "Hugo", "family_name": "Blanc", "email": null, "phone": "+33639980001"},
    }})
}

fn commands(agenda: impl std::fmt::Display) -> String {
    format!("/api/v1/staff/agendas/{agenda}/commands")
}

fn week(agenda: impl std::fmt::Display) -> String {
    format!(
        "/api/v1/staff/agendas/{agenda}?from_ms={START_MS}&until_ms={}",
        START_MS + 7 * DAY_MS
    )
}

#[actix_web::test]
async fn a_link_signs_in_once_and_the_cookie_is_for_this_server_alone() {
    let world = World::start().await;
    let link = world
        .access
        .issue_link(AGENDA.practice, StaffId(50), by_server())
        .await
        .unwrap();
    let body = json!({ "link": link });
    let answer = world.post("/api/v1/staff/sign-in", &body).await;
    let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.fine(200)["staff"], "Anne");
    world
        .post("/api/v1/staff/sign-in", &body)
        .await
        .refused(401, "link_gone");
    let unknown = json!({"link": "0".repeat(64)});
    world
        .post("/api/v1/staff/sign-in", &unknown)
        .await
        .refused(401, "link_gone");
}

#[actix_web::test]
async fn nothing_of_staff_answers_without_a_session_and_signing_out_ends_it() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    world.staff_get(&cookie, "/api/v1/staff/me").await.fine(200);
    world.staff_get(&cookie, &week(AGENDA.agenda)).await.fine(200);
    let forged = format!("cabinet-loopback={}", "0".repeat(64));
    for cookie in ["", "cabinet-loopback=x", &forged, "__Host-cabinet=0"] {
        world
            .staff_get(cookie, "/api/v1/staff/me")
            .await
            .refused(401, "unauthorised");
        world
            .staff_get(cookie, &week(AGENDA.agenda))
            .await
            .refused(401, "unauthorised");
        let answer = world
            .staff_post(cookie, &commands(AGENDA.agenda), &book(&world, MONDAY_MS))
            .await;
        answer.refused(401, "unauthorised");
    }
    let bare = world
        .request(Method::POST, "/api/v1/staff/sign-out")
        .header("cookie", &cookie);
    world.send(bare).await.refused(403, "forbidden_origin");
    let out = world.staff_post(&cookie, "/api/v1/staff/sign-out", &json!({})).await;
    assert_eq!(out.status, 204);
    world
        .staff_get(&cookie, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
}

#[actix_web::test]
async fn agendas_of_other_practices_do_not_exist_for_staff() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    for agenda in [FOREIGN.agenda.to_string(), world.id(), "x".to_owned()] {
        world.staff_get(&cookie, &week(&agenda)).await.refused(404, "not_found");
        let answer = world
            .staff_post(&cookie, &commands(&agenda), &book(&world, MONDAY_MS))
            .await;
        answer.refused(404, "not_found");
    }
}

#[actix_web::test]
async fn staff_book_move_and_cancel_and_see_names() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let path = commands(AGENDA.agenda);
    let command = book(&world, MONDAY_MS);
    let accepted = world.staff_post(&cookie, &path, &command).await.fine(200);
    assert_eq!(world.staff_post(&cookie, &path, &command).await.fine(200), accepted);
    let view = world.staff_get(&cookie, &week(AGENDA.agenda)).await.fine(200);
    let booking = &view["view"]["bookings"][0];
    assert_eq!(booking["person"]["family_name"], "Blanc");
    assert_eq!(booking["online"], false);
    assert_eq!(view["view"]["openings"][0]["start_ms"], MONDAY_MS);
    assert_eq!(view["seq"], accepted["seq"]);

    let shift = json!({"command_id": world.id(), "command":
        {"do": "move", "booking": booking["id"], "start_ms": MONDAY_MS + 60 * MINUTE_MS}});
    world.staff_post(&cookie, &path, &shift).await.fine(200);
    assert!(world.free().await.contains(&MONDAY_MS));
    world
        .staff_post(&cookie, &path, &book(&world, MONDAY_MS + 60 * MINUTE_MS))
        .await
        .refused(409, "slot_taken");
    let cancel = json!({"command_id": world.id(), "command": {"do": "cancel", "booking": booking["id"]}});
    world.staff_post(&cookie, &path, &cancel).await.fine(200);
    let view = world.staff_get(&cookie, &week(AGENDA.agenda)).await.fine(200);
    assert_eq!(view["view"]["bookings"], json!([]));
}

#[actix_web::test]
async fn a_view_of_more_than_400_days_or_none_is_refused() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    for (until_ms, fine) in [
        (START_MS + 400 * DAY_MS, true),
        (START_MS + 400 * DAY_MS + MINUTE_MS, false),
        (START_MS, false),
        (START_MS - MINUTE_MS, false),
        (START_MS + 1, false),
        (i64::MAX, false),
    ] {
        let path = format!(
            "/api/v1/staff/agendas/{}?from_ms={START_MS}&until_ms={until_ms}",
            AGENDA.agenda
        );
        let answer = world.staff_get(&cookie, &path).await;
        if fine {
            answer.fine(200);
        } else {
            answer.refused(400, "malformed");
        }
    }
}
