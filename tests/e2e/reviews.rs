//! The quarterly review of who has access: due exactly a quarter after the last, seen, taken away, noted, and told by mail.

use crate::accounts::person::Person;
use crate::operators::operator;
use crate::world::{AGENDA, World};
use cabinet_actors::accounts::STEP_UP_SECONDS;
use cabinet_actors::membership::Asker;
use cabinet_domain::ids::{CommandId, StaffId};
use cabinet_domain::practice::{Member, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::time::UtcMillis;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/staff/access-review";
const DAY_SECONDS: i64 = 24 * 3_600;

fn at(text: &str) -> UtcMillis {
    UtcMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// Goes to an instant.
fn go(world: &World, to: UtcMillis) {
    world.pass_seconds((to.0 - world.now().0) / 1_000);
}

async fn review(world: &World, cookies: &str) -> Value {
    world.staff_get(cookies, PATH).await.fine(200)
}

async fn note(world: &World, cookies: &str) {
    let body = json!({"command_id": world.id()});
    world.staff_post(cookies, PATH, &body).await.fine(204);
}

/// Leaves of an act, newest first.
async fn leaves(world: &World, cookies: &str, act: &str) -> Vec<Value> {
    let log = world
        .staff_get(cookies, &format!("/api/v1/staff/audit?act={act}"))
        .await
        .fine(200);
    let leaves = log["leaves"].as_array().unwrap().iter();
    leaves.map(|leaf| leaf["said"].clone()).collect()
}

fn member(id: u128, name: &str, role: Role) -> Member {
    Member {
        id: StaffId(id),
        name: name.to_owned(),
        role,
        rights: Rights::everywhere(Level::Times),
        agenda: None,
        valid_from: UtcMillis(0),
        valid_until: None,
    }
}

#[actix_web::test]
async fn a_review_is_due_exactly_three_months_after_the_practice_began_and_after_each_review() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    // Begun on 22 November, 13:00 in Paris.
    let due = at("2027-02-22T12:00:00Z");
    let seen = review(&world, &anne.cookies).await;
    assert_eq!(
        (&seen["due_ms"], &seen["due"], &seen["last"]),
        (&json!(due.0), &json!(false), &Value::Null)
    );
    go(&world, UtcMillis(due.0 - 60 * DAY_SECONDS * 1_000));
    anne.sign_in(&world, "").await;
    go(&world, due.plus_seconds(-120));
    let cookies = anne.sign_in(&world, "").await;
    go(&world, due.plus_seconds(-1));
    assert_eq!(review(&world, &cookies).await["due"], false);
    world.pass_seconds(1);
    assert_eq!(review(&world, &cookies).await["due"], true);
    note(&world, &cookies).await;
    let seen = review(&world, &cookies).await;
    assert_eq!(seen["last"], json!({"by": "Anne", "at_ms": due.0}));
    // The same time of day, across the clock change of March.
    assert_eq!(seen["due_ms"], at("2027-05-22T11:00:00Z").0);
    assert_eq!(seen["due"], false);
    let said = leaves(&world, &cookies, "access.reviewed").await;
    assert_eq!((said.len(), &said[0]["name"]), (1, &json!("Anne")), "{said:?}");
    // Nobody else's: a member who is no owner reviews nothing.
    world
        .change(
            AGENDA.practice,
            vec![PracticeEvent::MemberSet(member(77, "Léa", Role::Secretary))],
        )
        .await
        .unwrap();
    let lea = Person::activated(&world, AGENDA.practice, 77, "lea@cabinet.example").await;
    world.staff_get(&lea.cookies, PATH).await.refused(403, "forbidden");
    let body = json!({"command_id": world.id()});
    world
        .staff_post(&lea.cookies, PATH, &body)
        .await
        .refused(403, "forbidden");
    let export = format!("{PATH}/export?locale=fr");
    world.staff_get(&lea.cookies, &export).await.refused(403, "forbidden");
}

/// Lets support look in and breaks a glass; ends the grant a minute later.
async fn exceptions(world: &World, anne: &Person) {
    operator(world, "Sam", Role::Support).await;
    world.go_to_operators(false);
    let known = world.staff_get(&anne.cookies, "/api/v1/staff/support").await.fine(200);
    let body = json!({"command_id": world.id(), "support": known["people"][0]["id"], "minutes": 60, "level": "types",
        "reason": "L'agenda reste vide"});
    let granted = world
        .staff_post(&anne.cookies, "/api/v1/staff/support", &body)
        .await
        .fine(201);
    world.pass_seconds(60);
    let path = format!("/api/v1/staff/support/{}/end", granted["id"].as_str().unwrap());
    let body = json!({"command_id": world.id()});
    world.staff_post(&anne.cookies, &path, &body).await.fine(204);
    let path = format!("/api/v1/staff/agendas/{}/break-glass", AGENDA.agenda);
    let body = json!({"command_id": world.id(), "reason": "=1+1 et malaise", "minutes": 10});
    world.staff_post(&anne.cookies, &path, &body).await.fine(201);
}

/// A practice with an owner, a locum, a former secretary, an invitation and two exceptions.
async fn team() -> (World, Person) {
    let world = World::with_accounts().await;
    let start = world.now();
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let locum = Member {
        valid_from: start.plus_seconds(-60 * DAY_SECONDS),
        valid_until: Some(start.plus_seconds(30 * DAY_SECONDS)),
        ..member(78, "Rémi", Role::Replacement)
    };
    let former = Member {
        valid_from: start.plus_seconds(-60 * DAY_SECONDS),
        valid_until: Some(start.plus_seconds(-DAY_SECONDS)),
        ..member(79, "Zoé", Role::Secretary)
    };
    let events = [locum, former].map(PracticeEvent::MemberSet);
    world.change(AGENDA.practice, events.into()).await.unwrap();
    let membership = json!({"role": "secretary", "levels": {"elsewhere": "times", "agendas": []}, "agenda": null,
        "from_ms": null, "until_ms": null});
    let body = json!({"command_id": world.id(), "membership": membership});
    world
        .staff_post(&anne.cookies, "/api/v1/staff/invitations", &body)
        .await
        .fine(201);
    exceptions(&world, &anne).await;
    (world, anne)
}

#[actix_web::test]
async fn who_has_access_is_listed_with_sign_ins_factors_states_and_exceptions() {
    let (world, anne) = team().await;
    let start = world.now().plus_seconds(-60);
    let seen = review(&world, &anne.cookies).await;
    let members = seen["members"].as_array().unwrap().iter();
    let states: Vec<[&Value; 3]> = members
        .map(|one| [&one["name"], &one["state"], &one["last_sign_in_ms"]])
        .collect();
    assert_eq!(
        json!(states),
        json!([
            ["Anne", "active", start.0],
            ["Bruno", "no_account", null],
            ["Rémi", "no_account", null],
            ["Zoé", "ended", null]
        ])
    );
    assert_eq!(seen["members"][0]["factors"], json!(["application"]));
    assert_eq!(seen["members"][1]["factors"], json!([]));
    assert_eq!(
        seen["members"][2]["membership"]["until_ms"],
        start.plus_seconds(30 * DAY_SECONDS).0
    );
    assert_eq!(seen["invitations"][0]["invited_by"], "Anne");
    let exceptional = seen["exceptional"].as_array().unwrap();
    assert_eq!(exceptional.len(), 2, "{seen}");
    assert_eq!(
        (&exceptional[0]["kind"], &exceptional[0]["who"]),
        (&json!("glass"), &json!("Anne"))
    );
    assert_eq!(
        (
            &exceptional[1]["kind"],
            &exceptional[1]["who"],
            &exceptional[1]["granted_by"]
        ),
        (&json!("support"), &json!("Sam"), &json!("Anne"))
    );
    let ran_ms = |one: &Value| one["until_ms"].as_i64().unwrap() - one["from_ms"].as_i64().unwrap();
    assert_eq!(ran_ms(&exceptional[1]), 60_000, "ended before its hour was up");
}

#[actix_web::test]
async fn taking_the_list_of_who_has_access_away_wants_the_second_factor_and_is_an_act() {
    let (world, anne) = team().await;
    world.pass_seconds(STEP_UP_SECONDS);
    let export = format!("{PATH}/export?locale=fr");
    world
        .staff_get(&anne.cookies, &export)
        .await
        .refused(401, "step_up_required");
    let cookies = anne.step_up(&world, &anne.cookies).await;
    assert_eq!(leaves(&world, &cookies, "access.exported").await, [] as [Value; 0]);
    world
        .staff_get(&cookies, &format!("{PATH}/export?locale=de"))
        .await
        .refused(400, "malformed");
    let file = world.staff_get(&cookies, &export).await;
    assert_eq!((file.status, file.kind.as_str()), (200, "text/csv; charset=utf-8"));
    let text = file.body.as_str().unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 1 + 4 + 1 + 2, "{text}");
    assert!(lines[0].starts_with("\"Nature\";\"Nom\";\"Rôle\""), "{text}");
    assert!(
        lines[1].starts_with("\"membre\";\"Anne\";\"titulaire\";\"tous : tout, et les réglages\";\"\";\"\";\"2026-11-22 13:00\";\"application\";\"actif\""),
        "{text}"
    );
    assert!(lines[2].contains(";\"jamais\";\"\";\"sans compte\""), "{text}");
    assert!(lines[6].contains("\"'=1+1 et malaise\""), "no formula: {text}");
    assert!(!text.contains("cabinet.example"), "no address is given away: {text}");
    let said = leaves(&world, &cookies, "access.exported").await;
    assert_eq!((said.len(), &said[0]["name"]), (1, &json!("Anne")), "{said:?}");

    // Exceptions older than a quarter are no longer this review's.
    let practice = world.directory.practice(AGENDA.practice).unwrap();
    let later = world.now().plus_seconds(93 * DAY_SECONDS);
    assert_eq!(practice.accesses_of_the_quarter(later).count(), 0);
}

#[actix_web::test]
async fn owners_are_mailed_of_a_review_that_is_due_once_and_once_more_a_fortnight_later() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let told = async || {
        let mails = world.mails().await;
        let of_review = mails
            .iter()
            .filter(|mail| mail.subject.starts_with("La revue des accès"));
        of_review.cloned().collect::<Vec<_>>()
    };
    // Each morning, as the day's mail goes out; the review is due on 22 February.
    go(&world, at("2026-11-23T07:00:00Z"));
    let mut days = Vec::new();
    for day in 1..=125 {
        world.pass_seconds(DAY_SECONDS);
        let now = told().await;
        if now.len() > days.len() {
            days.push(day);
        }
    }
    // 23 February and 9 March, counted from 23 November; then no more.
    assert_eq!(days, [92, 106]);
    let mail = told().await.pop().unwrap();
    assert_eq!(mail.to, "anne@cabinet.example");
    assert!(
        mail.text.contains("22 février 2027") && mail.text.contains("/agenda/equipe") && !mail.text.contains('{'),
        "{}",
        mail.text
    );
    // What was reviewed is told of again only when the next is due.
    let asker = Asker {
        practice: AGENDA.practice,
        staff: StaffId(50),
        second_factor_is_recent: false,
    };
    let reviewed = cabinet_actors::membership::Membership::new(
        world.directory.clone(),
        crate::wiring::draws(9_000),
        cabinet_actors::mail::Outbox::closed(),
    );
    reviewed.review(asker, CommandId(4_711)).await.unwrap();
    for _ in 0..30 {
        world.pass_seconds(DAY_SECONDS);
        assert_eq!(told().await.len(), 2);
    }
    drop(anne);
}
