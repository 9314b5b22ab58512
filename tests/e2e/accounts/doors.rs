//! The doors: making an account, signing in, being held back, another password.

use super::person::{PASSWORD, Person, account, code, cookies};
use crate::world::{AGENDA, World, by_server};
use cabinet_actors::accounts::{CHALLENGE_SECONDS, CHALLENGE_TRIES, RECOVERY_CODES, RUNGS};
use cabinet_domain::ids::StaffId;
use serde_json::json;

#[actix_web::test]
async fn a_link_makes_an_account_once_and_nobody_enters_by_a_link_alone() {
    let world = World::with_accounts().await;
    let link = world
        .access
        .issue_link(AGENDA.practice, StaffId(50), by_server())
        .await
        .unwrap();
    let held = json!({ "link": link });
    let face = account(&world, "", "link", &held).await.fine(200);
    assert_eq!((&face["purpose"], &face["staff"]), (&json!("activate"), &json!("Anne")));
    world
        .post("/api/v1/staff/sign-in", &held)
        .await
        .refused(403, "account_required");
    let anne = Person::with_link(&world, &link, None, "Anne@Cabinet.example").await;
    assert_eq!(anne.recovery_codes.len(), RECOVERY_CODES);
    let me = world.staff_get(&anne.cookies, "/api/v1/staff/me").await.fine(200);
    assert_eq!((&me["staff"], &me["role"]), (&json!("Anne"), &json!("owner")));
    account(&world, "", "link", &held).await.refused(401, "link_gone");
    let again = json!({"link": link, "name": null, "email": "b@c.example", "password": PASSWORD});
    account(&world, "", "activation", &again)
        .await
        .refused(401, "link_gone");
}

#[actix_web::test]
async fn a_session_that_a_link_opened_ends_where_accounts_are_asked_for() {
    let world = World::with_accounts().await;
    let link = world
        .access
        .issue_link(AGENDA.practice, StaffId(50), by_server())
        .await
        .unwrap();
    let redeemed = world.access.redeem(&link, Default::default()).await.unwrap();
    let cookie = format!("cabinet-loopback={}", redeemed.0);
    world
        .staff_get(&cookie, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
}

#[actix_web::test]
async fn passwords_and_addresses_are_judged_before_anything_is_kept() {
    let world = World::with_accounts().await;
    let link = world
        .access
        .issue_link(AGENDA.practice, StaffId(50), by_server())
        .await
        .unwrap();
    for (email, password, status, problem) in [
        ("anne@cabinet.example", "court", 422, "password_too_short"),
        ("anne@cabinet.example", "motdepasse123", 422, "password_common"),
        (
            "anne.duval@cabinet.example",
            "Duval girafe tranquille",
            422,
            "password_personal",
        ),
        ("anne@cabinet.example", "aaaaaaaaaaaaaaaa", 422, "password_guessable"),
        ("anne", PASSWORD, 422, "invalid"),
        ("anne@cabinet", PASSWORD, 422, "invalid"),
    ] {
        let body = json!({"link": link, "name": null, "email": email, "password": password});
        let answer = account(&world, "", "activation", &body).await;
        answer.refused(status, problem);
        assert!(!answer.body.to_string().contains(password), "the password is repeated");
    }
    let long = json!({"link": link, "name": null, "email": "a@b.example", "password": "é".repeat(513)});
    account(&world, "", "activation", &long)
        .await
        .refused(422, "password_too_long");
    let finish = json!({"link": link, "code": "000000"});
    account(&world, "", "activation/finish", &finish)
        .await
        .refused(401, "challenge_gone");
}

#[actix_web::test]
async fn signing_in_takes_the_password_and_a_code_that_is_good_once() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    // An unknown address and a wrong password are answered alike.
    for (email, password) in [("anne@cabinet.example", "girafe"), ("nobody@cabinet.example", PASSWORD)] {
        let body = json!({"email": email, "password": password});
        account(&world, "", "sign-in", &body)
            .await
            .refused(401, "wrong_credentials");
    }
    let upper = json!({"email": " ANNE@cabinet.EXAMPLE ", "password": PASSWORD});
    let challenge = account(&world, "", "sign-in", &upper).await.fine(200)["challenge"].clone();
    let fresh = anne.fresh_code(&world);
    let wrong = if fresh == "000000" { "000001" } else { "000000" };
    for refused in [wrong, "abc", ""] {
        let body = json!({"challenge": challenge, "code": refused});
        account(&world, "", "second-factor", &body)
            .await
            .refused(401, "wrong_code");
    }
    let body = json!({"challenge": challenge, "code": fresh});
    account(&world, "", "second-factor", &body).await.fine(200);
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "challenge_gone");
    // The same code with another challenge: used.
    let challenge = anne.password_step(&world, "").await.fine(200)["challenge"].clone();
    let body = json!({"challenge": challenge, "code": fresh});
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "wrong_code");
    // A recovery code, typed as people type it, once.
    let typed = anne.recovery_codes[3].to_uppercase().replace('-', " ");
    let body = json!({"challenge": challenge, "code": typed});
    let answer = account(&world, "", "second-factor", &body).await;
    let cookies = cookies(&answer);
    answer.fine(200);
    let face = world.staff_get(&cookies, "/api/v1/account").await.fine(200);
    assert_eq!(face["recovery_codes_left"], RECOVERY_CODES - 1);
    let challenge = anne.password_step(&world, "").await.fine(200)["challenge"].clone();
    let body = json!({"challenge": challenge, "code": typed});
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "wrong_code");
}

#[actix_web::test]
async fn a_code_that_two_race_with_lets_one_in() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    for _ in 0..10 {
        let one = anne.password_step(&world, "").await.fine(200);
        let other = anne.password_step(&world, "").await.fine(200);
        let code = anne.fresh_code(&world);
        let bodies = [one, other].map(|step| json!({"challenge": step["challenge"], "code": code}));
        let [one, other] = &bodies;
        let (one, other) = futures_util::future::join(
            account(&world, "", "second-factor", one),
            account(&world, "", "second-factor", other),
        )
        .await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[actix_web::test]
async fn a_right_password_is_good_for_a_while_and_for_some_tries() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let challenge = anne.password_step(&world, "").await.fine(200)["challenge"].clone();
    world.pass_seconds(CHALLENGE_SECONDS - 60);
    let body = json!({"challenge": challenge, "code": anne.fresh_code(&world)});
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "challenge_gone");
    let challenge = anne.password_step(&world, "").await.fine(200)["challenge"].clone();
    for _ in 0..CHALLENGE_TRIES {
        let body = json!({"challenge": challenge, "code": "12345"});
        account(&world, "", "second-factor", &body)
            .await
            .refused(401, "wrong_code");
    }
    let body = json!({"challenge": challenge, "code": anne.fresh_code(&world)});
    account(&world, "", "second-factor", &body)
        .await
        .refused(401, "challenge_gone");
}

#[actix_web::test]
async fn strangers_are_held_back_and_the_owner_still_enters_from_a_known_device() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let (first, wait) = RUNGS[0];
    let wrong = json!({"email": anne.email, "password": "girafe"});
    for _ in 0..first {
        account(&world, "", "sign-in", &wrong)
            .await
            .refused(401, "wrong_credentials");
    }
    // From now on not even the right password is looked at, and the answer says until when.
    let held = anne.password_step(&world, "").await;
    held.refused(429, "locked_out");
    assert_eq!(held.body["at_ms"], world.now().0 + wait * 1_000);
    let cookies = anne.sign_in(&world, &anne.cookies).await;
    world.staff_get(&cookies, "/api/v1/staff/me").await.fine(200);
    world.pass_seconds(wait);
    anne.password_step(&world, "").await.fine(200);
    // An address that has no account is held back alike.
    let nobody = json!({"email": "nobody@cabinet.example", "password": PASSWORD});
    for _ in 0..first {
        account(&world, "", "sign-in", &nobody)
            .await
            .refused(401, "wrong_credentials");
    }
    account(&world, "", "sign-in", &nobody).await.refused(429, "locked_out");
}

#[actix_web::test]
async fn guessing_codes_with_the_right_password_is_held_back() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let mut refused = 0;
    let held = loop {
        let step = anne.password_step(&world, "").await;
        if step.status == 429 {
            break step;
        }
        let challenge = step.fine(200)["challenge"].clone();
        for _ in 0..CHALLENGE_TRIES {
            let body = json!({"challenge": challenge, "code": "12345"});
            let answer = account(&world, "", "second-factor", &body).await;
            if answer.status == 429 {
                break;
            }
            answer.refused(401, "wrong_code");
            refused += 1;
        }
        assert!(refused <= RUNGS[0].0);
    };
    held.refused(429, "locked_out");
    assert_eq!(refused, RUNGS[0].0);
}

#[actix_web::test]
async fn another_password_by_link_still_takes_the_second_factor_and_ends_every_session() {
    let world = World::with_accounts().await;
    let mut anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let link = world
        .access
        .issue_link(AGENDA.practice, StaffId(50), by_server())
        .await
        .unwrap();
    let held = json!({ "link": link });
    assert_eq!(account(&world, "", "link", &held).await.fine(200)["purpose"], "reset");
    let new = "parapluie violet au sommet";
    let body = |code: &str| json!({"link": link, "password": new, "code": code});
    account(&world, "", "reset", &body("123"))
        .await
        .refused(401, "wrong_code");
    let weak = json!({"link": link, "password": "motdepasse123", "code": "123456"});
    account(&world, "", "reset", &weak)
        .await
        .refused(422, "password_common");
    world.staff_get(&anne.cookies, "/api/v1/staff/me").await.fine(200);
    let fresh = anne.fresh_code(&world);
    let answer = account(&world, "", "reset", &body(&fresh)).await;
    let cookies = cookies(&answer);
    answer.fine(200);
    world.staff_get(&cookies, "/api/v1/staff/me").await.fine(200);
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    account(&world, "", "reset", &body(&code(&anne.secret, world.now().0 + 30_000)))
        .await
        .refused(401, "link_gone");
    anne.password_step(&world, "").await.refused(401, "wrong_credentials");
    new.clone_into(&mut anne.password);
    anne.sign_in(&world, "").await;
}

#[actix_web::test]
async fn forms_of_other_pages_do_not_sign_anybody_in() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let body = json!({"email": anne.email, "password": anne.password});
    world
        .post("/api/v1/account/sign-in", &body)
        .await
        .refused(403, "forbidden_origin");
    let request = world.request(reqwest::Method::POST, "/api/v1/account/sign-in");
    let foreign = request
        .header("x-cabinet", "1")
        .header("origin", "https://evil.example");
    world.send(foreign.json(&body)).await.refused(403, "forbidden_origin");
}
