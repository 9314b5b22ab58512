//! Passkeys: added, used to sign in and as the second factor again, refused when anything about them is not as it has to be.

use super::authenticator::Authenticator;
use super::person::{Person, account, bare, cookies};
use crate::world::{AGENDA, Answer, World};
use cabinet_actors::accounts::{CHALLENGE_SECONDS, PASSKEYS_MAX, STEP_UP_SECONDS};
use serde_json::{Value, json};

const ANNE: &str = "anne@cabinet.example";

async fn anne() -> (World, Person) {
    let world = World::with_accounts().await;
    world
        .accounts
        .offer_passkeys(&["https://agenda.example.org".to_owned()]);
    let anne = Person::activated(&world, AGENDA.practice, 50, ANNE).await;
    (world, anne)
}

/// Adds a key to an account.
async fn added(world: &World, cookies: &str, number: u8) -> Authenticator {
    let mut key = Authenticator::new(number);
    let begun = bare(world, cookies, "passkeys").await.fine(200);
    let body = json!({"name": format!("Clé {number}"), "credential": key.create(&begun["options"])});
    let made = account(world, cookies, "passkeys/finish", &body).await.fine(201);
    assert_eq!(made["name"], format!("Clé {number}"));
    key
}

async fn begun(world: &World) -> Value {
    bare(world, "", "passkey-sign-in").await.fine(200)
}

async fn finish(world: &World, begun: &Value, credential: &Value) -> Answer {
    let body = json!({"challenge": begun["challenge"], "credential": credential});
    account(world, "", "passkey-sign-in/finish", &body).await
}

async fn signs_in(world: &World, key: &mut Authenticator) -> Answer {
    let begun = begun(world).await;
    finish(world, &begun, &key.sign(&begun["options"])).await
}

#[actix_web::test]
async fn a_passkey_is_added_signs_in_alone_and_is_removed() {
    let (world, anne) = anne().await;
    let elsewhere = anne.sign_in(&world, "").await;
    let mut key = added(&world, &anne.cookies, 1).await;
    world
        .staff_get(&elsewhere, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let face = world.staff_get(&anne.cookies, "/api/v1/account").await.fine(200);
    assert_eq!(face["passkeys_offered"], true);
    assert_eq!(
        (&face["passkeys"][0]["name"], &face["passkeys"][0]["used_ms"]),
        (&json!("Clé 1"), &Value::Null)
    );
    // Nothing is typed: the key says whose it is, and counts as both factors.
    let answer = signs_in(&world, &mut key).await;
    let here = cookies(&answer);
    assert_eq!(answer.fine(200)["account"], true);
    let face = world.staff_get(&here, "/api/v1/account").await.fine(200);
    assert_eq!(face["passkeys"][0]["used_ms"], world.now().0);
    assert_eq!(face["sessions"].as_array().unwrap().len(), 2);
    bare(&world, &here, "recovery-codes").await.fine(200);
    let subjects: Vec<String> = world.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(
        subjects.iter().any(|subject| subject.contains("second facteur")),
        "{subjects:?}"
    );
    let removal = json!({ "passkey": face["passkeys"][0]["id"] });
    assert_eq!(account(&world, &here, "passkeys/remove", &removal).await.status, 204);
    assert_eq!(
        account(&world, &here, "passkeys/remove", &removal).await.status,
        204,
        "twice is once"
    );
    signs_in(&world, &mut key).await.refused(401, "wrong_passkey");
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
}

#[actix_web::test]
async fn a_passkey_is_the_second_factor_again_and_what_is_strong_asks_for_it() {
    let (world, anne) = anne().await;
    bare(&world, &anne.cookies, "step-up/passkey")
        .await
        .refused(409, "no_passkeys");
    let mut key = added(&world, &anne.cookies, 1).await;
    world.pass_seconds(STEP_UP_SECONDS);
    let removal = json!({"passkey": "00".repeat(32)});
    for (path, body) in [
        ("passkeys/remove", &removal),
        ("passkeys/finish", &json!({"name": "x", "credential": {}})),
    ] {
        account(&world, &anne.cookies, path, body)
            .await
            .refused(401, "step_up_required");
    }
    bare(&world, &anne.cookies, "passkeys")
        .await
        .refused(401, "step_up_required");
    let begun = bare(&world, &anne.cookies, "step-up/passkey").await.fine(200);
    let shown = json!({ "credential": key.sign(&begun["options"]) });
    let answer = account(&world, &anne.cookies, "step-up/passkey/finish", &shown).await;
    let renewed = cookies(&answer);
    assert_eq!(
        answer.fine(200)["until_ms"],
        world.now().plus_seconds(STEP_UP_SECONDS).0
    );
    bare(&world, &renewed, "passkeys").await.fine(200);
    world
        .staff_get(&anne.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    account(&world, &renewed, "step-up/passkey/finish", &shown)
        .await
        .refused(401, "challenge_gone");
}

#[actix_web::test]
async fn a_key_that_is_not_as_it_has_to_be_opens_nothing() {
    let (world, anne) = anne().await;
    let mut key = added(&world, &anne.cookies, 1).await;
    // On a page that looks like ours.
    key.origin = "https://agenda.example.org.evil.example".to_owned();
    signs_in(&world, &mut key).await.refused(401, "wrong_passkey");
    key.origin = "https://agenda.example.org".to_owned();
    // Picked up from a table: no finger, no PIN.
    key.verifies = false;
    signs_in(&world, &mut key).await.refused(401, "wrong_passkey");
    key.verifies = true;
    // Another key that says it is this one.
    signs_in(&world, &mut Authenticator::new(1))
        .await
        .refused(401, "wrong_passkey");
    signs_in(&world, &mut Authenticator::new(2))
        .await
        .refused(401, "wrong_passkey");
    // An answer serves once, in its time, for its own challenge.
    let first = begun(&world).await;
    let credential = key.sign(&first["options"]);
    finish(&world, &begun(&world).await, &credential)
        .await
        .refused(401, "wrong_passkey");
    finish(&world, &first, &credential).await.fine(200);
    finish(&world, &first, &credential).await.refused(401, "challenge_gone");
    let late = begun(&world).await;
    world.pass_seconds(CHALLENGE_SECONDS);
    let credential = key.sign(&late["options"]);
    finish(&world, &late, &credential).await.refused(401, "challenge_gone");
    // A copy has counted less.
    key.counter = 0;
    signs_in(&world, &mut key).await.refused(401, "wrong_passkey");
    let odd = json!({"challenge": "zz", "credential": {"deep": [[[]]]}});
    account(&world, "", "passkey-sign-in/finish", &odd)
        .await
        .refused(400, "malformed");
    finish(&world, &begun(&world).await, &json!({"id": 1}))
        .await
        .refused(401, "wrong_passkey");
    key.counter = 50;
    signs_in(&world, &mut key).await.fine(200);
}

#[actix_web::test]
async fn bounds_of_passkeys_hold_and_a_removed_members_keys_open_nothing() {
    let (world, anne) = anne().await;
    let mut keys = Vec::new();
    for number in 0..PASSKEYS_MAX {
        keys.push(added(&world, &anne.cookies, u8::try_from(number).unwrap()).await);
    }
    bare(&world, &anne.cookies, "passkeys").await.refused(422, "invalid");
    let face = world.staff_get(&anne.cookies, "/api/v1/account").await.fine(200);
    let passkeys = face["passkeys"].as_array().unwrap();
    assert_eq!(passkeys.len(), PASSKEYS_MAX);
    let removal = json!({ "passkey": passkeys[0]["id"] });
    assert_eq!(
        account(&world, &anne.cookies, "passkeys/remove", &removal).await.status,
        204
    );
    let begun = bare(&world, &anne.cookies, "passkeys").await.fine(200);
    let excluded = begun["options"]["excludeCredentials"].as_array().unwrap();
    assert_eq!(excluded.len(), PASSKEYS_MAX - 1, "a device makes no second key");
    let mut key = Authenticator::new(99);
    let unnamed = json!({"name": " ", "credential": key.create(&begun["options"])});
    account(&world, &anne.cookies, "passkeys/finish", &unnamed)
        .await
        .refused(422, "invalid");
    let holder = cabinet_actors::accounts::Holder {
        practice: AGENDA.practice,
        staff: cabinet_domain::ids::StaffId(50),
    };
    world.accounts.delete(holder).await.unwrap();
    signs_in(&world, &mut keys[1]).await.refused(401, "wrong_passkey");
}

#[actix_web::test]
async fn where_the_address_is_no_name_there_are_no_passkeys() {
    let world = World::with_accounts().await;
    world.accounts.offer_passkeys(&["https://127.0.0.1:8443".to_owned()]);
    let anne = Person::activated(&world, AGENDA.practice, 50, ANNE).await;
    bare(&world, "", "passkey-sign-in").await.refused(409, "no_passkeys");
    bare(&world, &anne.cookies, "passkeys")
        .await
        .refused(409, "no_passkeys");
    let face = world.staff_get(&anne.cookies, "/api/v1/account").await.fine(200);
    assert_eq!(face["passkeys_offered"], false);
}
