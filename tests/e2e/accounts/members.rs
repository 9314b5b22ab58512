//! Who belongs to a practice, over HTTP: invited with a link, changed, removed; what that ends.

use super::person::{PASSWORD, Person, account};
use crate::sessions::Session;
use crate::world::{AGENDA, Answer, FOREIGN, MINUTE_MS, MONDAY_MS, START_MS, World};
use cabinet_actors::accounts::STEP_UP_SECONDS;
use cabinet_domain::practice::INVITATION_MINUTES_MAX;
use serde_json::{Value, json};

fn secretary(level: &str) -> Value {
    json!({"role": "secretary", "levels": {"elsewhere": level, "agendas": []}, "agenda": null,
        "from_ms": null, "until_ms": null})
}

async fn invite(world: &World, cookies: &str, membership: &Value) -> Answer {
    let body = json!({"command_id": world.id(), "membership": membership});
    world.staff_post(cookies, "/api/v1/staff/invitations", &body).await
}

fn link_in(made: &Value) -> String {
    let path = made["path"].as_str().unwrap();
    path.strip_prefix("/agenda#link=").unwrap().to_owned()
}

async fn members(world: &World, cookies: &str) -> Value {
    world.staff_get(cookies, "/api/v1/staff/members").await.fine(200)
}

async fn act(world: &World, cookies: &str, path: &str) -> Answer {
    let body = json!({"command_id": world.id()});
    world.staff_post(cookies, &format!("/api/v1/staff/{path}"), &body).await
}

/// An owner, and a secretary who sees times alone.
async fn practice() -> (World, Person, Person) {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let made = invite(&world, &anne.cookies, &secretary("times")).await.fine(201);
    let link = link_in(&made);
    let face = account(&world, "", "link", &json!({ "link": link })).await.fine(200);
    assert_eq!((&face["purpose"], &face["role"]), (&json!("join"), &json!("secretary")));
    let zoe = Person::with_link(&world, &link, Some("Zoé"), "zoe@cabinet.example").await;
    account(&world, "", "link", &json!({ "link": link }))
        .await
        .refused(401, "link_gone");
    (world, anne, zoe)
}

#[actix_web::test]
async fn an_invited_secretary_joins_and_sees_what_her_level_says() {
    let (world, anne, zoe) = practice().await;
    world.book(MONDAY_MS).await;
    let week = format!(
        "/api/v1/staff/agendas/{}?from_ms={START_MS}&until_ms={}",
        AGENDA.agenda,
        START_MS + 7 * 24 * 60 * MINUTE_MS
    );
    let seen = world.staff_get(&zoe.cookies, &week).await.fine(200);
    assert_eq!(seen["view"]["bookings"][0]["person"], Value::Null);
    assert_eq!(seen["view"]["types"], json!([]));
    let list = members(&world, &anne.cookies).await;
    let names: Vec<&str> = list["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"Zoé") && names.is_sorted(), "{names:?}");
    let of = |name: &str| {
        list["members"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&of("Zoé")["has_account"], &of("Bruno")["has_account"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(of("Anne")["you"], true);
    // Who may not invite is told so, also with a fresh second factor, and sees no invitations.
    invite(&world, &anne.cookies, &secretary("full")).await.fine(201);
    assert_eq!(
        members(&world, &anne.cookies).await["invitations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    invite(&world, &zoe.cookies, &secretary("full"))
        .await
        .refused(403, "forbidden");
    for path in ["remove", "link"] {
        let anne_id = of("Anne")["id"].as_str().unwrap().to_owned();
        act(&world, &zoe.cookies, &format!("members/{anne_id}/{path}"))
            .await
            .refused(403, "forbidden");
    }
}

#[actix_web::test]
async fn changes_of_membership_want_the_second_factor_again() {
    let (world, anne, zoe) = practice().await;
    let list = members(&world, &anne.cookies).await;
    let zoe_id = id_of(&list, "Zoé");
    world.pass_seconds(STEP_UP_SECONDS);
    invite(&world, &anne.cookies, &secretary("full"))
        .await
        .refused(401, "step_up_required");
    let change = json!({"command_id": world.id(), "membership": secretary("full")});
    let path = format!("/api/v1/staff/members/{zoe_id}/change");
    world
        .staff_post(&anne.cookies, &path, &change)
        .await
        .refused(401, "step_up_required");
    for verb in ["remove", "link"] {
        act(&world, &anne.cookies, &format!("members/{zoe_id}/{verb}"))
            .await
            .refused(401, "step_up_required");
    }
    let renewed = anne.step_up(&world, &anne.cookies).await;
    let mut session = Session::with(&world, &zoe.cookies).await;
    let join = json!({"event": "join", "ref": 1, "topic": AGENDA.agenda.to_string(),
        "from_ms": START_MS, "until_ms": START_MS + 7 * 24 * 60 * MINUTE_MS});
    session.send(&join).await;
    assert_eq!(session.next_of("snapshot").await["view"]["types"], json!([]));
    assert_eq!(world.staff_post(&renewed, &path, &change).await.status, 204);
    // What was opened under the former rights is over, socket and token; signed in anew, the others hold.
    assert_eq!(session.closed().await, Some(4001));
    world
        .staff_get(&zoe.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let anew = zoe.sign_in(&world, &zoe.cookies).await;
    let mut session = Session::with(&world, &anew).await;
    session.send(&join).await;
    assert_ne!(session.next_of("snapshot").await["view"]["types"], json!([]));
}

fn id_of(list: &Value, name: &str) -> String {
    let members = list["members"].as_array().unwrap();
    let found = members.iter().find(|one| one["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_removed_member_is_out_at_once_and_their_address_is_free() {
    let (world, anne, zoe) = practice().await;
    let mut session = Session::with(&world, &zoe.cookies).await;
    let zoe_id = id_of(&members(&world, &anne.cookies).await, "Zoé");
    assert_eq!(
        act(&world, &anne.cookies, &format!("members/{zoe_id}/remove"))
            .await
            .status,
        204
    );
    assert_eq!(session.closed().await, Some(4001));
    world
        .staff_get(&zoe.cookies, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    zoe.password_step(&world, "").await.refused(401, "wrong_credentials");
    let made = invite(&world, &anne.cookies, &secretary("full")).await.fine(201);
    Person::with_link(&world, &link_in(&made), Some("Zoé"), "zoe@cabinet.example").await;
}

#[actix_web::test]
async fn a_practice_keeps_an_owner_and_other_practices_do_not_exist() {
    let (world, anne, _) = practice().await;
    let list = members(&world, &anne.cookies).await;
    let bruno = id_of(&list, "Bruno");
    assert_eq!(
        act(&world, &anne.cookies, &format!("members/{bruno}/remove"))
            .await
            .status,
        204
    );
    let own = id_of(&list, "Anne");
    act(&world, &anne.cookies, &format!("members/{own}/remove"))
        .await
        .refused(409, "last_owner");
    let foreign = Person::activated(&world, FOREIGN.practice, 50, "anne@autre.example").await;
    let zoe_id = id_of(&list, "Zoé");
    for verb in ["remove", "link"] {
        act(&world, &foreign.cookies, &format!("members/{zoe_id}/{verb}"))
            .await
            .refused(404, "not_found");
    }
    let change = json!({"command_id": world.id(), "membership": secretary("full")});
    let path = format!("/api/v1/staff/members/{zoe_id}/change");
    world
        .staff_post(&foreign.cookies, &path, &change)
        .await
        .refused(404, "not_found");
}

#[actix_web::test]
async fn an_invitation_can_be_taken_back_and_runs_out() {
    let (world, anne, _) = practice().await;
    let made = invite(&world, &anne.cookies, &secretary("full")).await.fine(201);
    let id = made["invitation"].as_str().unwrap();
    assert_eq!(
        act(&world, &anne.cookies, &format!("invitations/{id}/withdraw"))
            .await
            .status,
        204
    );
    let held = json!({"link": link_in(&made)});
    account(&world, "", "link", &held).await.refused(401, "link_gone");
    let made = invite(&world, &anne.cookies, &secretary("full")).await.fine(201);
    let held = json!({"link": link_in(&made)});
    account(&world, "", "link", &held).await.fine(200);
    world.pass_seconds(INVITATION_MINUTES_MAX * 60);
    account(&world, "", "link", &held).await.refused(401, "link_gone");
}

#[actix_web::test]
async fn one_address_is_one_account() {
    let (world, anne, _) = practice().await;
    let made = invite(&world, &anne.cookies, &secretary("full")).await.fine(201);
    let taken = json!({"link": link_in(&made), "name": "Léo", "email": "ZOE@cabinet.example", "password": PASSWORD});
    account(&world, "", "activation", &taken)
        .await
        .refused(409, "email_taken");
    let nameless = json!({"link": link_in(&made), "name": " ", "email": "leo@cabinet.example", "password": PASSWORD});
    account(&world, "", "activation", &nameless)
        .await
        .refused(422, "invalid");
}

#[actix_web::test]
async fn memberships_of_no_shape_are_malformed() {
    let (world, anne, _) = practice().await;
    let mut odd = secretary("full");
    odd["role"] = json!("ops");
    invite(&world, &anne.cookies, &odd).await.refused(400, "malformed");
    let mut odd = secretary("everything");
    odd["levels"]["agendas"] = json!([]);
    invite(&world, &anne.cookies, &odd).await.refused(400, "malformed");
    let mut replacement = secretary("full");
    replacement["role"] = json!("replacement");
    invite(&world, &anne.cookies, &replacement)
        .await
        .refused(422, "invalid");
}

#[actix_web::test]
async fn a_broken_glass_opens_an_agenda_tells_the_owner_and_stands_in_the_log() {
    let world = World::with_accounts().await;
    let owner = Person::activated(&world, AGENDA.practice, 50, "claire@essai.example").await;
    let colleague = crate::rights::practitioner_without_rights(&world).await;
    let colleague = Person::activated(&world, AGENDA.practice, colleague.0, "marc@essai.example").await;
    let cookie = colleague.cookies;
    let path = format!("/api/v1/staff/agendas/{}", AGENDA.agenda);
    let stretch = format!("{path}?from_ms=0&until_ms=60000");
    world.staff_get(&cookie, &stretch).await.refused(403, "forbidden");
    let mut watching = Session::with(&world, &owner.cookies).await;
    let body = json!({"command_id": world.id(), "reason": " Malaise en salle ", "minutes": 30});
    let open = format!("{path}/break-glass");
    let glass = world.staff_post(&cookie, &open, &body).await.fine(201);
    assert_eq!(
        (&glass["yours"], &glass["reason"]),
        (&json!(true), &json!("Malaise en salle"))
    );
    // The owner's screens are told at once.
    watching.next_of("practice_changed").await;
    let me = world.staff_get(&owner.cookies, "/api/v1/staff/me").await.fine(200);
    assert_eq!(
        (&me["glasses"][0]["id"], &me["glasses"][0]["yours"]),
        (&glass["id"], &json!(false))
    );
    world.staff_get(&cookie, &stretch).await.fine(200);
    // For an hour at most, and with a reason.
    for (reason, minutes) in [("Malaise", 30), ("Malaise en salle", 61), ("Malaise en salle", 0)] {
        let body = json!({"command_id": world.id(), "reason": reason, "minutes": minutes});
        world.staff_post(&cookie, &open, &body).await.refused(422, "invalid");
    }
    let end = format!("/api/v1/staff/break-glass/{}/end", glass["id"].as_str().unwrap());
    let body = json!({"command_id": world.id()});
    assert_eq!(world.staff_post(&owner.cookies, &end, &body).await.status, 204);
    world.staff_get(&cookie, &stretch).await.refused(403, "forbidden");
    let log = world.staff_get(&owner.cookies, "/api/v1/staff/audit").await.fine(200);
    let acts: Vec<&str> = log["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| leaf["said"]["act"].as_str().unwrap())
        .collect();
    for act in ["glass.broken", "glass.ended", "agenda.opened"] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
}
