//! Members who are locked after a grave alert: shut out at once, also after a restart; released by an owner, who is told live and
//! by mail; the only owner releases themselves with the second factor. And the data protection officer, who is told of it.

use crate::accounts::person::{Person, account};
use crate::operators::operator;
use crate::sessions::Session;
use crate::world::{AGENDA, Answer, World};
use cabinet_actors::accounts::STEP_UP_SECONDS;
use cabinet_actors::clock::SystemClock;
use cabinet_actors::directory::Directory;
use cabinet_domain::ids::StaffId;
use cabinet_domain::practice::{Member, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::time::UtcMillis;
use serde_json::{Value, json};
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;
const ME: &str = "/api/v1/staff/me";
const LEA: StaffId = StaffId(77);

fn stretch(world: &World, from_days_ago: i64, until_days_ago: i64) -> String {
    let now = world.now().0 / 60_000 * 60_000;
    let (from, until) = (now - from_days_ago * DAY_MS, now - until_days_ago * DAY_MS);
    format!(
        "/api/v1/staff/agendas/{}?from_ms={from}&until_ms={until}",
        AGENDA.agenda
    )
}

/// A secretary with an account, who may see everything.
async fn secretary(world: &World) -> Person {
    let lea = Member {
        id: LEA,
        name: "Léa Petit".to_owned(),
        role: Role::Secretary,
        rights: Rights::everywhere(Level::Manage),
        agenda: None,
        valid_from: UtcMillis(0),
        valid_until: None,
    };
    let events = vec![PracticeEvent::MemberSet(lea)];
    world.change(AGENDA.practice, events).await.unwrap();
    Person::activated(world, AGENDA.practice, LEA.0, "lea@cabinet.example").await
}

/// Opens more than a year of the past, which is critical, and has the watch look.
async fn opens_a_year(world: &World, cookies: &str) {
    world.staff_get(cookies, &stretch(world, 400, 30)).await.fine(200);
    world.look().await;
}

async fn release(world: &World, cookies: &str, member: StaffId) -> Answer {
    let body = json!({"command_id": world.id()});
    let path = format!("/api/v1/staff/members/{member}/release");
    world.staff_post(cookies, &path, &body).await
}

/// Both steps of signing in, with what is said to the second.
async fn signs_in(world: &World, person: &Person, acknowledged: bool) -> Answer {
    let challenge = person.password_step(world, "").await.fine(200);
    let body = json!({"challenge": challenge["challenge"], "code": person.fresh_code(world),
        "acknowledged": acknowledged});
    account(world, "", "second-factor", &body).await
}

async fn acts(world: &World, cookies: &str, act: &str) -> Vec<(Value, Value)> {
    let log = world
        .staff_get(cookies, &format!("/api/v1/staff/audit?act={act}"))
        .await
        .fine(200);
    let leaves = log["leaves"].as_array().unwrap().iter();
    leaves
        .map(|leaf| (leaf["said"]["name"].clone(), leaf["said"]["note"].clone()))
        .collect()
}

#[actix_web::test]
async fn who_opens_a_year_of_names_is_locked_until_an_owner_releases_them_also_after_a_restart() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let lea = secretary(&world).await;
    let elsewhere = lea.sign_in(&world, "").await;
    let mut screen = Session::with(&world, &lea.cookies).await;
    let mut owners = Session::with(&world, &anne.cookies).await;
    world.mails().await;
    opens_a_year(&world, &lea.cookies).await;
    // Every session and socket is over at once.
    assert_eq!(screen.closed().await, Some(4001));
    for cookies in [&lea.cookies, &elsewhere] {
        world.staff_get(cookies, ME).await.refused(401, "unauthorised");
    }
    signs_in(&world, &lea, false).await.refused(403, "member_locked");
    // Saying that one has seen it is the only owner's alone.
    signs_in(&world, &lea, true).await.refused(403, "member_locked");

    // Owners see it live and are mailed, with whom it is about.
    owners.next_of("practice_changed").await;
    let me = world.staff_get(&anne.cookies, ME).await.fine(200);
    assert_eq!(
        (&me["locks"][0]["name"], &me["locks"][0]["rule"]),
        (&json!("Léa Petit"), &json!("bulk_viewing"))
    );
    let mails = world.mails().await;
    let told = mails.iter().filter(|mail| mail.subject == "Accès suspendu : Léa Petit");
    let mut told: Vec<&str> = told.map(|mail| mail.to.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["anne@cabinet.example", "lea@cabinet.example"]);

    // What is durable says so to whoever starts anew.
    let anew = Directory::load(world.storage.streams(), Arc::new(SystemClock))
        .await
        .unwrap();
    assert!(anew.practice(AGENDA.practice).unwrap().is_locked(LEA));

    // Released by an owner, with the second factor; of somebody else there is nothing to release.
    world.pass_seconds(STEP_UP_SECONDS);
    release(&world, &anne.cookies, LEA)
        .await
        .refused(401, "step_up_required");
    let cookies = anne.step_up(&world, &anne.cookies).await;
    release(&world, &cookies, StaffId(0xdead))
        .await
        .refused(404, "not_found");
    release(&world, &cookies, LEA).await.fine(204);
    release(&world, &cookies, LEA).await.fine(204);
    let me = world.staff_get(&cookies, ME).await.fine(200);
    assert_eq!(me["locks"], json!([]));
    let back = lea.sign_in(&world, "").await;
    world.staff_get(&back, ME).await.fine(200);
    assert_eq!(
        acts(&world, &cookies, "member.locked").await,
        [(Value::Null, json!("bulk_viewing"))]
    );
    assert_eq!(
        acts(&world, &cookies, "member.released").await,
        [(json!("Anne"), json!(""))]
    );
}

#[actix_web::test]
async fn the_only_owner_releases_themselves_and_one_of_two_is_released_by_the_other() {
    let world = World::with_accounts().await;
    let mut anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let bruno = Person::activated(&world, AGENDA.practice, 51, "bruno@cabinet.example").await;
    opens_a_year(&world, &anne.cookies).await;
    signs_in(&world, &anne, true).await.refused(403, "member_locked");
    release(&world, &bruno.cookies, StaffId(50)).await.fine(204);
    anne.cookies = anne.sign_in(&world, "").await;

    // Bruno leaves: Anne is the only owner.
    let gone = vec![PracticeEvent::MemberRemoved(StaffId(51))];
    world.change(AGENDA.practice, gone).await.unwrap();
    world.pass_seconds(86_400);
    anne.cookies = anne.sign_in(&world, "").await;
    opens_a_year(&world, &anne.cookies).await;
    world.staff_get(&anne.cookies, ME).await.refused(401, "unauthorised");
    let challenge = anne.password_step(&world, "").await.fine(200);
    let mut body = json!({"challenge": challenge["challenge"], "code": anne.fresh_code(&world)});
    account(&world, "", "second-factor", &body)
        .await
        .refused(403, "lock_to_acknowledge");
    // The same code is still good: nothing was done with it.
    body["acknowledged"] = json!(true);
    let me = account(&world, "", "second-factor", &body).await.fine(200);
    assert_eq!(me["locks"], json!([]));
    anne.cookies = anne.sign_in(&world, "").await;
    let released = acts(&world, &anne.cookies, "member.released").await;
    assert_eq!(released[0], (json!("Anne"), json!("")), "by herself: {released:?}");
}

#[actix_web::test]
async fn an_only_owner_who_is_locked_and_has_forgotten_the_password_comes_back_by_link_and_second_factor() {
    let world = World::with_accounts().await;
    let mut anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let gone = vec![PracticeEvent::MemberRemoved(StaffId(51))];
    world.change(AGENDA.practice, gone).await.unwrap();
    opens_a_year(&world, &anne.cookies).await;
    let by = crate::world::by_server();
    let link = world.access.issue_link(AGENDA.practice, StaffId(50), by).await.unwrap();
    anne.password = "parapluie violet au sommet".to_owned();
    let body = json!({"link": link, "password": anne.password, "code": anne.fresh_code(&world)});
    let me = account(&world, "", "reset", &body).await.fine(200);
    assert_eq!(me["locks"], json!([]));
    anne.sign_in(&world, "").await;
}

#[actix_web::test]
async fn refused_again_and_again_a_member_is_locked_and_without_an_account_nobody_is() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    let lea = secretary(&world).await;
    for _ in 0..20 {
        let answer = world.staff_get(&lea.cookies, "/api/v1/staff/audit").await;
        answer.refused(403, "forbidden");
    }
    world.pass_seconds(cabinet_actors::audit::REFUSALS_SECONDS);
    world.audit.stop().await;
    world.look().await;
    world.staff_get(&lea.cookies, ME).await.refused(401, "unauthorised");
    let me = world.staff_get(&anne.cookies, ME).await.fine(200);
    assert_eq!(me["locks"][0]["rule"], "abuse");
    // A link alone lets in, and nobody could show what releases them: the past is held back, the day's work goes on.
    let demo = World::start().await;
    let cookies = demo.sign_in(AGENDA.practice, 50).await;
    opens_a_year(&demo, &cookies).await;
    demo.staff_get(&cookies, ME).await.fine(200);
    demo.staff_get(&cookies, &stretch(&demo, 400, 181))
        .await
        .refused(429, "too_many_requests");
}

#[actix_web::test]
async fn the_data_protection_officer_is_mailed_of_what_may_be_a_breach_and_of_nothing_else() {
    let world = World::with_accounts().await;
    let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
    operator(&world, "Dominique", Role::DataProtectionOfficer).await;
    world.go_to_operators(false);
    let lea = secretary(&world).await;
    let to_officer = async || {
        let mails = world.mails().await;
        let to = mails.into_iter().filter(|mail| mail.text.contains("Bonjour Dominique"));
        to.collect::<Vec<_>>()
    };
    // Somebody who joins, and a notice, are the practice's alone.
    world.staff_get(&lea.cookies, &stretch(&world, 60, 30)).await.fine(200);
    world.look().await;
    assert_eq!(to_officer().await, []);
    opens_a_year(&world, &lea.cookies).await;
    let mails = to_officer().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(
        mails[0].text.contains("Cabinet d'essai") && mails[0].text.contains("72 heures"),
        "{}",
        mails[0].text
    );
    assert!(!mails[0].text.contains("Léa"), "no name of a member: {}", mails[0].text);
    assert!(!mails[0].text.contains('{'), "{}", mails[0].text);
    drop(anne);
}
