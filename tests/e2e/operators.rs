//! The platform's team: added at the console, signed in at a door of its own, shown the installation's state and no practice's
//! data, and what it mends is in its log.

use crate::accounts::person::{Person, account};
use crate::mails::why;
use crate::world::{AGENDA, World};
use cabinet_actors::audit::Numbered;
use cabinet_actors::mail::PostError;
use cabinet_actors::operators::{OPERATORS_MAX, OperatorError};
use cabinet_domain::audit::Shown;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::rights::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody of the team with an account; requests go to their listener from now on.
pub(crate) async fn operator(world: &World, name: &str, role: Role) -> Person {
    let link = world.operators.add(name, role).await.unwrap();
    world.go_to_operators(true);
    Person::with_link(
        world,
        &link,
        None,
        &format!("{}@plateforme.example", name.to_lowercase()),
    )
    .await
}

async fn overview(world: &World, cookies: &str) -> Value {
    // A picture is shown for a second.
    world.pass_seconds(1);
    world.staff_get(cookies, "/api/v1/ops/overview").await.fine(200)
}

#[actix_web::test]
async fn the_team_is_changed_at_the_console_alone_and_its_bounds_hold() {
    let world = World::with_accounts().await;
    let team = &world.operators;
    assert_eq!(team.list().await.unwrap(), []);
    assert!(matches!(
        team.add("Camille", Role::Owner).await,
        Err(OperatorError::NotAPlatformRole(Role::Owner))
    ));
    for number in 0..OPERATORS_MAX {
        team.add(&format!("Camille {number}"), Role::Operations).await.unwrap();
    }
    assert!(matches!(
        team.add("Une de trop", Role::Operations).await,
        Err(OperatorError::TooMany)
    ));
    assert!(matches!(
        team.add("Camille 1", Role::Support).await,
        Err(OperatorError::NameTaken(_))
    ));
    assert!(matches!(team.remove("Personne").await, Err(OperatorError::Unknown(_))));
    team.remove("Camille 0").await.unwrap();
    assert_eq!(team.list().await.unwrap().len(), OPERATORS_MAX - 1);
    // The last of them goes as well: the team has no owner who must stay.
    for number in 1..OPERATORS_MAX {
        team.remove(&format!("Camille {number}")).await.unwrap();
    }
    assert_eq!(team.list().await.unwrap(), []);
}

#[actix_web::test]
async fn each_door_opens_for_its_own_people_alone() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let link = world.operators.add("Camille", Role::Operations).await.unwrap();
    let held = json!({ "link": link });
    account(&world, "", "link", &held).await.refused(401, "link_gone");
    world.go_to_operators(true);
    let face = account(&world, "", "link", &held).await.fine(200);
    assert_eq!((&face["purpose"], &face["role"]), (&json!("activate"), &json!("ops")));
    let camille = Person::with_link(&world, &link, None, "camille@plateforme.example").await;
    let me = world.staff_get(&camille.cookies, "/api/v1/staff/me").await.fine(200);
    assert_eq!((&me["staff"], &me["role"]), (&json!("Camille"), &json!("ops")));

    // A practice's address, password and session open nothing here; the answer is that to an unknown address.
    anne.password_step(&world, "").await.refused(401, "wrong_credentials");
    let token = |cookies: &str| cookies.split_once('=').unwrap().1.to_owned();
    let as_operator = format!("cabinet-operators={}", token(&anne.cookies));
    for path in ["/api/v1/staff/me", "/api/v1/ops/overview", "/api/v1/ops/live"] {
        world.staff_get(&as_operator, path).await.refused(401, "unauthorised");
    }
    // Nor the other way round.
    world.go_to_operators(false);
    camille
        .password_step(&world, "")
        .await
        .refused(401, "wrong_credentials");
    let as_staff = format!("cabinet-loopback={}", token(&camille.cookies));
    for path in ["/api/v1/staff/me", "/api/v1/staff/members", "/api/v1/ops/overview"] {
        let answer = world.staff_get(&as_staff, path).await;
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.status);
    }
}

#[actix_web::test]
async fn who_is_removed_is_out_at_once() {
    let world = World::with_accounts().await;
    let camille = operator(&world, "Camille", Role::Operations).await;
    overview(&world, &camille.cookies).await;
    world.operators.remove("Camille").await.unwrap();
    for path in ["/api/v1/ops/overview", "/api/v1/staff/me"] {
        world
            .staff_get(&camille.cookies, path)
            .await
            .refused(401, "unauthorised");
    }
    camille
        .password_step(&world, "")
        .await
        .refused(401, "wrong_credentials");
}

#[actix_web::test]
async fn an_alert_is_seen_and_acknowledged_once_with_its_reason_in_the_log() {
    let world = World::with_accounts().await;
    // One password for many addresses, from one network.
    for number in 0..20 {
        let body = json!({"email": format!("nom{number}@cabinet.example"), "password": "Printemps2026"});
        account(&world, "", "sign-in", &body).await;
    }
    world.look().await;
    let camille = operator(&world, "Camille", Role::Operations).await;
    let seen = overview(&world, &camille.cookies).await;
    let alert = &seen["alerts"][0];
    assert_eq!(alert["rule"], "password_spray", "{seen}");
    assert!(alert["answer"].is_null() && alert["detail"] == "127.0.0.1");
    assert_eq!(seen["held"][0]["kind"], "blocked_network");
    let path = format!("/api/v1/ops/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    let say = async |reason: &str| {
        let body = json!({ "reason": reason });
        world.staff_post(&camille.cookies, &path, &body).await
    };
    say(" ").await.refused(422, "invalid");
    say(&"x".repeat(301)).await.refused(422, "invalid");
    say(&"x".repeat(300)).await.fine(200);
    // The same once more is a retry; another answer comes too late.
    say(&"x".repeat(300)).await.fine(200);
    say("autre chose").await.refused(404, "not_found");
    let nobody = "/api/v1/ops/alerts/00/acknowledge";
    let body = json!({"reason": "x"});
    world
        .staff_post(&camille.cookies, nobody, &body)
        .await
        .refused(404, "not_found");
    let seen = overview(&world, &camille.cookies).await;
    assert_eq!(seen["alerts"][0]["answer"]["by"], "Camille");

    // The network may try again once it is let go, which is in the log as well.
    let body = json!({"subject": "blocked:127.0.0.1"});
    let answer = world
        .staff_post(&camille.cookies, "/api/v1/ops/held/let-go", &body)
        .await;
    assert_eq!(answer.status, 204);
    world
        .staff_post(&camille.cookies, "/api/v1/ops/held/let-go", &body)
        .await
        .refused(404, "not_found");
    world.audit.catch_up().await.unwrap();
    let acts = team_acts(&world).await;
    assert!(acts.contains(&"alert.answered".to_owned()), "{acts:?}");
    assert!(acts.contains(&"platform.let_go".to_owned()), "{acts:?}");
    assert_eq!(acts.iter().filter(|act| *act == "alert.answered").count(), 1);
}

/// Acts of the team's own log.
async fn team_acts(world: &World) -> Vec<String> {
    let found = world
        .audit
        .look_back(PracticeId::PLATFORM, u64::MAX, |_| true, 100)
        .await;
    let act = |leaf: Numbered| match leaf.opened {
        Shown::Whole { leaf, .. } => leaf.act.name().to_owned(),
        other @ (Shown::Newer | Shown::Expired) => format!("{other:?}"),
    };
    found.unwrap().leaves.into_iter().map(act).collect()
}

#[actix_web::test]
async fn an_operator_ends_a_session_and_the_practice_s_log_says_so() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let camille = operator(&world, "Camille", Role::Operations).await;
    let seen = overview(&world, &camille.cookies).await;
    assert_eq!(seen["sessions_standing"], 2);
    let text = seen.to_string();
    assert!(!text.contains("Anne") && !text.contains("Cabinet d'essai"), "{text}");
    let sessions = seen["sessions"].as_array().unwrap();
    let of_anne = sessions.iter().find(|one| !one["practice"].is_null()).unwrap();
    let path = format!("/api/v1/ops/sessions/{}/end", of_anne["id"].as_str().unwrap());
    let end = async || {
        let request = world.request(Method::POST, &path).header("cookie", &camille.cookies);
        world.send(request.header("x-cabinet", "1")).await
    };
    assert_eq!(end().await.status, 204);
    end().await.refused(404, "not_found");
    world.go_to_operators(false);
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let cookies = anne.sign_in(&world, "").await;
    world.audit.catch_up().await.unwrap();
    let log = world
        .staff_get(&cookies, "/api/v1/staff/audit?act=session.ended")
        .await
        .fine(200);
    assert_eq!(log["leaves"][0]["said"]["role"], "ops", "{log}");
}

#[actix_web::test]
async fn dead_letters_are_seen_and_tried_again() {
    let world = World::with_accounts().await;
    world.mails.try_out("personne@example.org").await.unwrap();
    world.postman.will_fail(1, &PostError::Refused(why()));
    world.mails().await;
    let camille = operator(&world, "Camille", Role::Operations).await;
    let seen = overview(&world, &camille.cookies).await;
    let letter = &seen["mail"]["letters"][0];
    assert_eq!((&seen["mail"]["dead"], &letter["kind"]), (&json!(1), &json!("trial")));
    let again = async |id: Value| {
        let body = json!({ "id": id });
        world
            .staff_post(&camille.cookies, "/api/v1/ops/mails/again", &body)
            .await
    };
    again(json!("other")).await.refused(404, "not_found");
    assert_eq!(again(letter["id"].clone()).await.status, 204);
    assert_eq!(world.mails().await.len(), 1);
    let seen = overview(&world, &camille.cookies).await;
    assert_eq!(seen["mail"]["dead"], 0);
}

#[actix_web::test]
async fn the_stream_shows_an_alert_when_it_comes_and_ends_with_the_session() {
    let world = World::with_accounts().await;
    let camille = operator(&world, "Camille", Role::Operations).await;
    let request = world
        .request(Method::GET, "/api/v1/ops/live")
        .header("cookie", &camille.cookies);
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    while !heard.contains("event: overview") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(!heard.contains("password_spray"));
    world.go_to_operators(false);
    for number in 0..20 {
        let body = json!({"email": format!("nom{number}@cabinet.example"), "password": "Printemps2026"});
        account(&world, "", "sign-in", &body).await;
    }
    world.look().await;
    world.pass_seconds(1);
    while !heard.contains("password_spray") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    world.operators.remove("Camille").await.unwrap();
    while !heard.contains("event: ended") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(stream.chunk().await.unwrap().is_none(), "nothing comes after the end");
}
