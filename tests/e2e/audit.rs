//! The audit log, from the act over HTTP and sockets to the leaf that its practice is shown.

use crate::sessions::Session;
use crate::world::{AGENDA, FOREIGN, KIND, PAGE, World};
use cabinet_domain::audit::{Act, Shown};
use cabinet_domain::ids::PracticeId;
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

async fn log(world: &World, cookie: &str, query: &str) -> Value {
    world
        .staff_get(cookie, &format!("/api/v1/staff/audit{query}"))
        .await
        .fine(200)
}

fn acts(page: &Value) -> Vec<&str> {
    let leaves = page["leaves"].as_array().unwrap();
    leaves
        .iter()
        .map(|leaf| leaf["said"]["act"].as_str().unwrap())
        .collect()
}

/// Acts of a practice's log, with how many leaves each has.
async fn counted(world: &World, practice: PracticeId) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    let every = |_: &Shown| true;
    let found = world
        .audit
        .look_back(practice, u64::MAX, every, usize::MAX)
        .await
        .unwrap();
    for one in &found.leaves {
        if let Shown::Whole { leaf, .. } = &one.opened {
            *counts.entry(leaf.act.name()).or_default() += 1;
        }
    }
    counts
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

fn root_of(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => sha256(&[]),
        [only] => only.clone(),
        more => {
            let (left, right) = more.split_at(1 << (more.len() - 1).ilog2());
            sha256(&[&[1], &root_of(left), &root_of(right)])
        }
    }
}

#[actix_web::test]
async fn what_staff_do_and_look_at_is_one_leaf_each_with_who_what_when_and_where() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let before = counted(&world, AGENDA.practice).await;
    let (booking, start) = (world.id(), world.free().await[0]);
    let body = json!({"command_id": world.id(), "command": {"do": "book", "booking": booking, "kind": KIND.to_string(),
        "start_ms": start, "person": {"given_name": "Rose", "family_name": "Martin", "email": null, "phone": "+33199000001"},
        "allow": {"overlap": false, "outside_hours": false}}});
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    world.staff_post(&cookie, &commands, &body).await.fine(200);
    // A repeat is no second act.
    world.staff_post(&cookie, &commands, &body).await.fine(200);
    let stretch = format!(
        "from_ms={}&until_ms={}",
        world.now().0 / 60_000 * 60_000,
        start + 86_400_000
    );
    let agenda = format!("/api/v1/staff/agendas/{}?{stretch}", AGENDA.agenda);
    // Opened twice within a quarter of an hour: one leaf.
    for _ in 0..2 {
        world.staff_get(&cookie, &agenda).await.fine(200);
    }
    let page = log(&world, &cookie, "").await;
    assert_eq!(acts(&page)[..3], ["log.read", "agenda.opened", "booking.booked"]);
    let said = &page["leaves"][2]["said"];
    assert_eq!((&said["actor"], &said["role"]), (&json!("staff"), &json!("owner")));
    assert_eq!(
        (&said["subject_kind"], &said["subject"]),
        (&json!("booking"), &json!(booking))
    );
    assert_eq!(
        (&said["network"], &said["at_ms"]),
        (&json!("127.0.*"), &json!(world.now().0))
    );
    assert!(said["patient"].is_string() && said["session"].is_string() && !page.to_string().contains("Martin"));
    let after = counted(&world, AGENDA.practice).await;
    let grown = |act: Act| after.get(act.name()).copied().unwrap_or(0) - before.get(act.name()).copied().unwrap_or(0);
    assert_eq!(
        (grown(Act::Booked), grown(Act::AgendaOpened), grown(Act::LogRead)),
        (1, 1, 1)
    );
    // Who opened this file: what was done to it, and whoever had its day on a screen.
    let query = format!("?booking={booking}&agenda={}&at_ms={}", AGENDA.agenda, start);
    assert_eq!(
        acts(&log(&world, &cookie, &query).await),
        ["agenda.opened", "booking.booked"]
    );
    assert_eq!(
        acts(&log(&world, &cookie, "?act=booking.booked").await),
        ["booking.booked"]
    );
    assert_eq!(
        acts(&log(&world, &cookie, &format!("?member={}", world.id())).await),
        [""; 0]
    );
    world
        .staff_get(&cookie, "/api/v1/staff/audit?act=nothing")
        .await
        .refused(400, "malformed");
    // Another practice's log has none of it.
    let foreign = world.sign_in(FOREIGN.practice, 50).await;
    assert!(!acts(&log(&world, &foreign, "").await).contains(&"booking.booked"));
}

#[actix_web::test]
async fn a_leaf_is_proven_by_the_signed_checkpoint_and_the_log_is_taken_away_whole() {
    let world = World::with_accounts().await;
    let owner = crate::accounts::owner(&world).await;
    let page = log(&world, &owner, "").await;
    let newest = page["leaves"][0]["number"].as_u64().unwrap();
    let proof = format!("/api/v1/staff/audit/{newest}/proof");
    // No checkpoint covers it yet.
    world.staff_get(&owner, &proof).await.refused(404, "not_found");
    world.audit.sign().await.unwrap();
    let proof = world.staff_get(&owner, &proof).await.fine(200);
    assert_eq!(proof["size"], newest + 1);
    assert!(proof["checkpoint"].as_str().unwrap().starts_with("test.example/audit/"));
    let file = world.staff_get(&owner, "/api/v1/staff/audit/export").await;
    assert_eq!(file.kind, "application/x-ndjson");
    let text = file.body.as_str().unwrap().to_owned();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines.next().unwrap();
    let leaves: Vec<Value> = lines.collect();
    assert_eq!(head["leaves"], leaves.len());
    let numbers: Vec<u64> = leaves.iter().map(|leaf| leaf["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..leaves.len() as u64).rev().collect::<Vec<_>>());
    assert!(
        leaves
            .iter()
            .all(|leaf| leaf["salt"].is_string() && leaf["record"].is_string())
    );
    // Whoever has the file computes the signed root by themselves: RFC 6962, 2.1, written out.
    let bytes = |leaf: &Value, part: &str| hex::decode(leaf[part].as_str().unwrap()).unwrap();
    let hashes = leaves
        .iter()
        .rev()
        .map(|leaf| sha256(&[&[0], &bytes(leaf, "salt"), &bytes(leaf, "record")]));
    let root = BASE64.encode(&root_of(&hashes.collect::<Vec<_>>()));
    assert_eq!(head["checkpoint"].as_str().unwrap().lines().nth(2), Some(root.as_str()));
    // Taking it away is noted, and asks for the second factor again once that is old.
    assert_eq!(counted(&world, AGENDA.practice).await["log.exported"], 1);
    world.pass_seconds(601);
    world
        .staff_get(&owner, "/api/v1/staff/audit/export")
        .await
        .refused(401, "step_up_required");
}

#[actix_web::test]
async fn a_patient_s_look_is_noted_and_refusals_are_counted_together() {
    let world = World::start().await;
    let (booked, manage) = world.book(world.free().await[0]).await;
    let view = json!({ "manage": manage });
    let path = format!("{PAGE}/bookings/{}/view", booked["booking"].as_str().unwrap());
    world.post(&path, &view).await.fine(200);
    let counts = counted(&world, AGENDA.practice).await;
    assert_eq!((counts["booking.viewed"], counts["booking.booked"]), (1, 1));
    // Somebody tries another practice's agenda a hundred times.
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    for _ in 0..100 {
        let path = format!("/api/v1/staff/agendas/{}?from_ms=0&until_ms=60000", FOREIGN.agenda);
        world
            .send(world.request(Method::GET, &path).header("cookie", &cookie))
            .await
            .refused(404, "not_found");
    }
    world.audit.stop().await;
    let found = world
        .audit
        .look_back(AGENDA.practice, u64::MAX, |_| true, 1_000)
        .await
        .unwrap();
    let denied: Vec<u32> = found
        .leaves
        .iter()
        .filter_map(|one| match &one.opened {
            Shown::Whole { leaf, .. } if leaf.act == Act::Refused => Some(leaf.count),
            Shown::Whole { .. } | Shown::Newer | Shown::Expired => None,
        })
        .collect();
    assert_eq!(denied, [100]);
    assert!(!counted(&world, FOREIGN.practice).await.contains_key("access.refused"));
}

#[actix_web::test]
async fn a_session_is_shown_an_agenda_once_that_is_noted_and_its_end_is_noted_too() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let topic = AGENDA.agenda.to_string();
    let (from, until) = (
        world.now().0 / 60_000 * 60_000,
        world.now().0 / 60_000 * 60_000 + 86_400_000,
    );
    let join = json!({"event": "join", "ref": 1, "topic": topic, "history": null, "seq": null,
        "from_ms": from, "until_ms": until});
    for _ in 0..2 {
        session.send(&join).await;
        session.next_of("snapshot").await;
    }
    assert_eq!(counted(&world, AGENDA.practice).await.get("agenda.opened"), Some(&1));
    session.send(&json!({"event": "leave", "ref": 2, "topic": topic})).await;
    session.next_of("done").await;
    world.audit.stop().await;
    assert_eq!(counted(&world, AGENDA.practice).await.get("agenda.closed"), Some(&1));
    // Another agenda of the practice's, which does not exist, and another practice's: nothing is shown, and both are counted.
    for agenda in [FOREIGN.agenda.to_string(), world.id()] {
        let mut asked = join.clone();
        asked["topic"] = json!(agenda);
        session.send(&asked).await;
        session.next_of("refused").await;
    }
    world.audit.stop().await;
    assert_eq!(counted(&world, AGENDA.practice).await.get("access.refused"), Some(&2));
}
