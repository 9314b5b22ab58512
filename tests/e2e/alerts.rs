//! Alerts of suspicious access, from what is done over HTTP and sockets to what the practice is told and what the server does.

use crate::accounts::{owner, stranger};
use crate::sessions::Session;
use crate::world::{AGENDA, FOREIGN, World};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::practice::{Member, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::time::UtcMillis;
use reqwest::Method;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
const LEA: StaffId = StaffId(77);

/// A secretary who may see everything.
async fn secretary(world: &World) -> String {
    let lea = Member {
        id: LEA,
        name: "Léa Petit".to_owned(),
        role: Role::Secretary,
        rights: Rights::everywhere(Level::Manage),
        agenda: None,
        valid_from: UtcMillis(0),
        valid_until: None,
    };
    world
        .change(AGENDA.practice, vec![PracticeEvent::MemberSet(lea)])
        .await
        .unwrap();
    world.sign_in(AGENDA.practice, LEA.0).await
}

fn stretch(world: &World, from_days_ago: i64, until_days_ago: i64) -> String {
    let now = world.now().0 / 60_000 * 60_000;
    let (from, until) = (now - from_days_ago * DAY_MS, now - until_days_ago * DAY_MS);
    format!(
        "/api/v1/staff/agendas/{}?from_ms={from}&until_ms={until}",
        AGENDA.agenda
    )
}

async fn alerts(world: &World, cookie: &str) -> Vec<Value> {
    world.look().await;
    let page = world.staff_get(cookie, "/api/v1/staff/alerts").await.fine(200);
    page["alerts"].as_array().unwrap().clone()
}

fn rules(alerts: &[Value]) -> Vec<(&str, &str)> {
    let rules = alerts
        .iter()
        .map(|alert| (alert["rule"].as_str().unwrap(), alert["gravity"].as_str().unwrap()));
    let mut rules: Vec<(&str, &str)> = rules.collect();
    rules.sort_unstable();
    rules
}

#[actix_web::test]
async fn who_opens_a_year_of_names_is_told_of_live_and_opens_no_more_of_the_past() {
    let world = World::start().await;
    let (owner, lea) = (world.sign_in(AGENDA.practice, 50).await, secretary(&world).await);
    let mut screen = Session::with(&world, &owner).await;
    // The day's work, and the month behind it, are explained by the work itself.
    world.staff_get(&lea, &stretch(&world, 29, -60)).await.fine(200);
    assert_eq!(alerts(&world, &owner).await, [] as [Value; 0]);
    world.staff_get(&lea, &stretch(&world, 400, 30)).await.fine(200);
    let found = alerts(&world, &owner).await;
    // Beyond the fixed ceiling: without any habits learnt, and without a second signal.
    assert_eq!(
        rules(&found),
        [("bulk_viewing", "critical"), ("unexplained_access", "notice")]
    );
    screen.next_of("alerts_changed").await;
    // Nobody else is shown it but the member themselves.
    assert_eq!(found[0]["name"], "Léa Petit");
    assert_eq!(alerts(&world, &lea).await.len(), 2);
    let foreign = world.sign_in(FOREIGN.practice, 50).await;
    assert_eq!(alerts(&world, &foreign).await, [] as [Value; 0]);
    // More of the past is not opened for some minutes; the day's work is.
    world
        .staff_get(&lea, &stretch(&world, 400, 181))
        .await
        .refused(429, "too_many_requests");
    world.staff_get(&lea, &stretch(&world, 1, -7)).await.fine(200);
    world.staff_get(&owner, &stretch(&world, 90, 31)).await.fine(200);
    world.pass_seconds(cabinet_actors::anomaly::THROTTLE_SECONDS);
    world.staff_get(&lea, &stretch(&world, 399, 181)).await.fine(200);
}

/// Opens some of the past on each of the next two days, a restart between them. Answers how many alerts there are then.
async fn quiet_and_answered(world: &World) -> usize {
    world.pass_seconds(DAY_MS / 1_000);
    let lea = world.sign_in(AGENDA.practice, LEA.0).await;
    world.staff_get(&lea, &stretch(world, 60, 30)).await.fine(200);
    world.look().await;
    world.anomalies.stop().await;
    world.pass_seconds(DAY_MS / 1_000);
    let lea = world.sign_in(AGENDA.practice, LEA.0).await;
    world.staff_get(&lea, &stretch(world, 60, 30)).await.fine(200);
    let watch = world.watch_anew();
    watch.look(&world.accounts, &|_| {}).await;
    let kept = watch.alerts(AGENDA.practice).await.unwrap();
    assert!(kept.iter().all(|record| record.answer.is_some()), "{kept:?}");
    kept.len()
}

#[actix_web::test]
async fn an_alert_is_answered_once_by_whom_it_is_about_or_by_an_owner() {
    let world = World::start().await;
    let (owner, lea) = (world.sign_in(AGENDA.practice, 50).await, secretary(&world).await);
    world.staff_get(&lea, &stretch(&world, 400, 30)).await.fine(200);
    let found = alerts(&world, &owner).await;
    let path = |rule: &str| {
        let alert = found.iter().find(|alert| alert["rule"] == rule).unwrap();
        format!("/api/v1/staff/alerts/{}/answer", alert["id"].as_str().unwrap())
    };
    let answer = |mine: bool, reason: &str| json!({"mine": mine, "reason": reason});
    let (bulk, unexplained) = (path("bulk_viewing"), path("unexplained_access"));
    // Only the owner says what was done, only Léa that it was her.
    world
        .staff_post(&lea, &bulk, &answer(false, "ok"))
        .await
        .refused(403, "forbidden");
    world
        .staff_post(&owner, &unexplained, &answer(true, ""))
        .await
        .refused(403, "forbidden");
    world
        .staff_post(&owner, &bulk, &answer(false, " "))
        .await
        .refused(422, "invalid");
    let long = "é".repeat(151);
    world
        .staff_post(&owner, &bulk, &answer(false, &long))
        .await
        .refused(422, "invalid");
    let foreign = world.sign_in(FOREIGN.practice, 50).await;
    world
        .staff_post(&foreign, &bulk, &answer(false, "ok"))
        .await
        .refused(404, "not_found");
    let said = answer(false, &"é".repeat(150));
    let face = world.staff_post(&owner, &bulk, &said).await.fine(200);
    assert_eq!(
        (&face["answer"]["mine"], &face["answer"]["at_ms"]),
        (&json!(false), &json!(world.now().0))
    );
    // A repeat is harmless; another answer comes too late.
    world.staff_post(&owner, &bulk, &said).await.fine(200);
    world
        .staff_post(&owner, &bulk, &answer(false, "ok"))
        .await
        .refused(404, "not_found");
    world.staff_post(&lea, &unexplained, &answer(true, "")).await.fine(200);
    let log = world
        .staff_get(&owner, "/api/v1/staff/audit?act=alert.answered")
        .await
        .fine(200);
    let notes: Vec<&Value> = log["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| &leaf["said"]["note"])
        .collect();
    assert_eq!(notes, ["unexplained_access", "bulk_viewing"]);
    let still = quiet_and_answered(&world).await;
    assert_eq!(
        still, 2,
        "quiet the next day, also after a restart; what was answered stays so"
    );
}

#[actix_web::test]
async fn a_restart_neither_forgets_nor_repeats() {
    let world = World::start().await;
    let lea = secretary(&world).await;
    world.staff_get(&lea, &stretch(&world, 350, 60)).await.fine(200);
    world.look().await;
    // Nothing was kept but what came with the alert; the rest is read once more.
    world.staff_get(&lea, &stretch(&world, 60, 50)).await.fine(200);
    let watch = world.watch_anew();
    watch.look_at_all(&world.accounts, &|_| {}).await;
    let kept = watch.alerts(AGENDA.practice).await.unwrap();
    let counts: Vec<u32> = kept.iter().map(|record| record.alert.count).collect();
    assert_eq!(
        counts,
        [2],
        "forty weeks, then two more within the hour: no ceiling yet, and one alert a day"
    );
    watch.look_at_all(&world.accounts, &|_| {}).await;
    assert_eq!(watch.alerts(AGENDA.practice).await.unwrap(), kept);
    world.staff_get(&lea, &stretch(&world, 420, 350)).await.fine(200);
    watch.look(&world.accounts, &|_| {}).await;
    let kept = watch.alerts(AGENDA.practice).await.unwrap();
    assert_eq!(kept.len(), 2, "what was seen before the restart counts: {kept:?}");
    // Nothing about other practices.
    assert_eq!(watch.alerts(PracticeId(99)).await.unwrap(), []);
}

#[actix_web::test]
async fn a_session_that_another_browser_uses_is_ended() {
    let world = World::with_accounts().await;
    let cookies = owner(&world).await;
    let get = |agent: &str| {
        let request = world
            .request(Method::GET, "/api/v1/staff/me")
            .header("cookie", &cookies);
        request.header("user-agent", agent)
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    world.send(get(firefox)).await.fine(200);
    // A newer version is the same browser.
    world.send(get(&firefox.replace("140", "141"))).await.fine(200);
    world.look().await;
    world.send(get(firefox)).await.fine(200);
    world.send(get("curl/8.14")).await.fine(200);
    world.look().await;
    world.send(get(firefox)).await.refused(401, "unauthorised");
    let kept = world.anomalies.alerts(AGENDA.practice).await.unwrap();
    let names: Vec<&str> = kept.iter().map(|record| record.alert.rule.name()).collect();
    assert!(names.contains(&"shared_session"), "{names:?}");
}

#[actix_web::test]
async fn a_network_that_tries_many_accounts_is_shut_out_and_known_devices_are_not() {
    let world = World::with_accounts().await;
    let anne = stranger(&world, "anne@cabinet.example").await;
    for number in 0..5 {
        let wrong = json!({"email": format!("nobody{number}@cabinet.example"), "password": "girafe"});
        let answer = world.staff_post("", "/api/v1/account/sign-in", &wrong).await;
        answer.refused(401, "wrong_credentials");
    }
    let held = anne.password_step(&world, "").await;
    held.refused(429, "locked_out");
    let until = world.now().plus_seconds(cabinet_actors::anomaly::BLOCK_SECONDS);
    assert_eq!(held.body["at_ms"], until.0);
    anne.sign_in(&world, &anne.cookies).await;
    world.look().await;
    let kept = world.anomalies.alerts_of_installation().await.unwrap();
    let said: Vec<(&str, &str)> = kept
        .iter()
        .map(|record| (record.alert.rule.name(), record.detail.as_str()))
        .collect();
    assert_eq!(said, [("password_spray", "127.0.0.1")]);
    world.pass_seconds(cabinet_actors::anomaly::BLOCK_SECONDS);
    anne.password_step(&world, "").await.fine(200);
}

#[actix_web::test]
async fn owners_with_an_account_are_mailed_what_is_more_than_a_notice() {
    let world = World::start().await;
    let anne = stranger(&world, "anne@essai.example").await;
    let lea = secretary(&world).await;
    world.mails().await;
    world.staff_get(&lea, &stretch(&world, 29, -60)).await.fine(200);
    world.staff_get(&lea, &stretch(&world, 400, 30)).await.fine(200);
    let found = alerts(&world, &anne.cookies).await;
    assert_eq!(
        rules(&found),
        [("bulk_viewing", "critical"), ("unexplained_access", "notice")]
    );
    let mails = world.mails().await;
    let told: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    // The newest first: the alert that is more than a notice; before it, that Léa joined.
    assert_eq!(
        told,
        [
            "Alerte : Beaucoup de dossiers ouverts en peu de temps, sans raison connue",
            "Accès au cabinet : une personne a rejoint le cabinet"
        ]
    );
    let alert = &mails[0];
    assert_eq!(alert.to, "anne@essai.example");
    assert!(alert.text.contains("Personne concernée : Léa Petit"), "{}", alert.text);
}
