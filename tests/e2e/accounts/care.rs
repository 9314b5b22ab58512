//! One's own account once signed in: the second factor again, another password, sessions seen and ended.

use super::person::{Person, account, bare, code, cookies};
use crate::sessions::Session;
use crate::world::{AGENDA, World};
use cabinet_actors::access::Lifetime;
use cabinet_actors::accounts::{RECOVERY_CODES, SESSIONS_MAX, STEP_UP_SECONDS};
use serde_json::json;

#[actix_web::test]
async fn what_is_strong_asks_for_the_second_factor_again_and_the_session_gets_another_token() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let codes = bare(&world, &anne.cookies, "recovery-codes").await.fine(200);
    assert_eq!(codes["codes"].as_array().unwrap().len(), RECOVERY_CODES);
    world.pass_seconds(STEP_UP_SECONDS);
    for path in ["recovery-codes", "application"] {
        bare(&world, &anne.cookies, path).await.refused(401, "step_up_required");
    }
    let mut session = Session::with(&world, &anne.cookies).await;
    let wrong = json!({"code": "12345"});
    account(&world, &anne.cookies, "step-up", &wrong)
        .await
        .refused(401, "wrong_code");
    let renewed = anne.step_up(&world, &anne.cookies).await;
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let codes = bare(&world, &renewed, "recovery-codes").await.fine(200);
    // The socket that was open goes on under the new token, and ends with it.
    session
        .send(&json!({"event": "presence", "ref": 1, "topic": AGENDA.agenda.to_string()}))
        .await;
    session.next_of_any(&["done", "refused"]).await;
    // The former recovery codes are void, the new ones are good.
    let challenge = anne.password_step(&world, "").await.fine(200)["challenge"].clone();
    let body = json!({"challenge": challenge, "code": anne.recovery_codes[0]});
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "wrong_code");
    let body = json!({"challenge": challenge, "code": codes["codes"][0]});
    account(&world, "", "second-factor", &body).await.fine(200);
    let out = world.staff_post(&renewed, "/api/v1/staff/sign-out", &json!(null)).await;
    assert_eq!(out.status, 204);
    assert_eq!(session.closed().await, Some(4001));
}

#[actix_web::test]
async fn another_password_ends_every_other_session_with_its_sockets() {
    let world = World::with_accounts().await;
    let mut anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let elsewhere = anne.sign_in(&world, "").await;
    let mut socket = Session::with(&world, &elsewhere).await;
    let here = anne.step_up(&world, &anne.cookies).await;
    let new = "parapluie violet au sommet";
    let change = |current: &str, new: &str| json!({"current": current, "password": new});
    account(&world, &here, "password", &change("girafe", new))
        .await
        .refused(401, "wrong_credentials");
    account(&world, &here, "password", &change(&anne.password, "Anne girafe"))
        .await
        .refused(422, "password_too_short");
    let answer = account(&world, &here, "password", &change(&anne.password, new)).await;
    let renewed = cookies(&answer);
    answer.fine(200);
    assert_eq!(socket.closed().await, Some(4001));
    for gone in [&elsewhere, &here] {
        world
            .staff_get(gone, "/api/v1/staff/me")
            .await
            .refused(401, "unauthorised");
    }
    world.staff_get(&renewed, "/api/v1/staff/me").await.fine(200);
    anne.password_step(&world, "").await.refused(401, "wrong_credentials");
    new.clone_into(&mut anne.password);
    anne.password_step(&world, "").await.fine(200);
}

#[actix_web::test]
async fn sessions_are_seen_and_ended_one_by_one_or_all_but_this() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let second = anne.sign_in(&world, "").await;
    let third = anne.sign_in(&world, "").await;
    let mut socket = Session::with(&world, &second).await;
    let face = world.staff_get(&anne.cookies, "/api/v1/account").await.fine(200);
    let sessions = face["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions[0]["current"], true, "this one first");
    assert!(sessions[1..].iter().all(|session| session["current"] == false));
    assert_eq!(sessions[0]["network"], "127.0.*");
    let listed = world.staff_get(&second, "/api/v1/account").await.fine(200);
    let its = listed["sessions"][0]["id"].clone();
    let end = json!({ "session": its });
    assert_eq!(account(&world, &anne.cookies, "sessions/end", &end).await.status, 204);
    assert_eq!(socket.closed().await, Some(4001));
    world
        .staff_get(&second, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    world.staff_get(&third, "/api/v1/staff/me").await.fine(200);
    let others = json!({ "session": null });
    assert_eq!(
        account(&world, &anne.cookies, "sessions/end", &others).await.status,
        204
    );
    world
        .staff_get(&third, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let face = world.staff_get(&anne.cookies, "/api/v1/account").await.fine(200);
    assert_eq!(face["sessions"].as_array().unwrap().len(), 1);
    let odd = json!({"session": "12"});
    account(&world, &anne.cookies, "sessions/end", &odd)
        .await
        .refused(400, "malformed");
}

#[actix_web::test]
async fn one_sign_in_too_many_ends_the_oldest() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let mut all = vec![anne.cookies.clone()];
    for _ in 0..SESSIONS_MAX {
        all.push(anne.sign_in(&world, "").await);
    }
    world
        .staff_get(&all[0], "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    world.staff_get(&all[1], "/api/v1/staff/me").await.fine(200);
}

#[actix_web::test]
async fn sessions_end_when_idle_and_when_old_with_their_sockets() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let Lifetime { idle_seconds, seconds } = Lifetime::default();
    world.pass_seconds(idle_seconds - 1);
    world.staff_get(&anne.cookies, "/api/v1/staff/me").await.fine(200);
    world.pass_seconds(idle_seconds);
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let used = anne.sign_in(&world, "").await;
    let mut socket = Session::with(&world, &used).await;
    let step = idle_seconds - 1;
    for _ in 0..seconds / step {
        world.pass_seconds(step);
        world.staff_get(&used, "/api/v1/staff/me").await.fine(200);
    }
    world.pass_seconds(seconds % step);
    assert_eq!(socket.closed().await, Some(4001));
    world
        .staff_get(&used, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
}

#[actix_web::test]
async fn another_application_takes_over_with_its_first_code() {
    let world = World::with_accounts().await;
    let mut anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let elsewhere = anne.sign_in(&world, "").await;
    let begun = bare(&world, &elsewhere, "application").await.fine(200);
    let secret = begun["secret"].as_str().unwrap();
    assert!(begun["picture"].as_str().unwrap().contains("<svg"));
    assert!(begun["uri"].as_str().unwrap().contains(secret));
    // The former one is good until the new one has shown a code.
    let here = anne.step_up(&world, &anne.cookies).await;
    let finish = |code: &str| json!({ "code": code });
    account(&world, &elsewhere, "application/finish", &finish("12345"))
        .await
        .refused(401, "wrong_code");
    account(&world, &here, "application/finish", &finish("123456"))
        .await
        .refused(401, "challenge_gone");
    let first = code(secret, world.now().0);
    let done = account(&world, &elsewhere, "application/finish", &finish(&first)).await;
    assert_eq!(done.status, 204);
    world
        .staff_get(&here, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let former = json!({"code": anne.fresh_code(&world)});
    account(&world, &elsewhere, "step-up", &former)
        .await
        .refused(401, "wrong_code");
    secret.clone_into(&mut anne.secret);
    anne.step_up(&world, &elsewhere).await;
}

#[actix_web::test]
async fn who_came_by_a_link_has_no_account_to_look_at() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    world
        .staff_get(&cookie, "/api/v1/account")
        .await
        .refused(409, "no_account");
    bare(&world, &cookie, "recovery-codes")
        .await
        .refused(401, "step_up_required");
    account(&world, &cookie, "step-up", &json!({"code": "123456"}))
        .await
        .refused(409, "no_account");
}
