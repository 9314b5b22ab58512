//! Calendar feeds: an address that shows when and where, never who, as long as whoever made it may see the agenda.

use crate::world::{AGENDA, Answer, MINUTE_MS, MONDAY_MS, World};
use cabinet_domain::ids::StaffId;
use cabinet_domain::practice::PracticeEvent;
use serde_json::json;

fn feed_of_agenda() -> String {
    format!("/api/v1/staff/agendas/{}/feed", AGENDA.agenda)
}

async fn made(world: &World, cookie: &str) -> String {
    let body = json!({"locale": "fr"});
    let answer = world.staff_post(cookie, &feed_of_agenda(), &body).await.fine(201);
    answer["path"].as_str().unwrap().to_owned()
}

#[track_caller]
fn shown(answer: Answer) -> String {
    assert_eq!(answer.kind, "text/calendar; charset=utf-8", "{}", answer.body);
    let file = answer.fine(200);
    file.as_str().unwrap().replace("\r\n ", "")
}

#[actix_web::test]
async fn a_feed_shows_when_what_and_where_and_never_who() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let before = world.staff_get(&cookie, &feed_of_agenda()).await.fine(200);
    assert_eq!(before["made_ms"], json!(null));
    let path = made(&world, &cookie).await;
    let since = world.staff_get(&cookie, &feed_of_agenda()).await.fine(200);
    assert_eq!(since["made_ms"], json!(world.now().0));

    let empty = shown(world.get(&path).await);
    assert!(
        empty.starts_with("BEGIN:VCALENDAR\r\n") && !empty.contains("VEVENT"),
        "{empty}"
    );
    let (booking, manage) = world.book(MONDAY_MS).await;
    let away = MONDAY_MS + 24 * 60 * MINUTE_MS;
    let absence = json!({"id": world.id(), "start_ms": away, "end_ms": away + 60 * MINUTE_MS, "label": "Formation"});
    let away = json!({"command_id": world.id(), "command": {"do": "add_absence", "absence": absence}});
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    world.staff_post(&cookie, &commands, &away).await.fine(200);
    let file = shown(world.get(&path).await);
    assert_eq!(file.matches("BEGIN:VEVENT").count(), 2, "{file}");
    assert!(file.contains("DTSTART:20261123T080000Z\r\n"), "{file}");
    assert!(
        file.contains("SUMMARY:Consultation\r\n") && file.contains("SUMMARY:Absence\r\n"),
        "{file}"
    );
    assert!(file.contains("LOCATION:"), "{file}");
    for telling in ["Léa", "Petit", "lea@example.org", "+33", "Formation"] {
        assert!(!file.contains(telling), "{telling} in {file}");
    }
    // What is cancelled is gone the next time.
    let id = booking["booking"].as_str().unwrap();
    let body = json!({"command_id": world.id(), "manage": manage});
    let cancel = format!("{}/bookings/{id}/cancel", crate::world::PAGE);
    world.post(&cancel, &body).await.fine(200);
    assert!(!shown(world.get(&path).await).contains("SUMMARY:Consultation"));
}

#[actix_web::test]
async fn a_feed_ends_with_its_maker_with_a_newer_one_and_with_the_right() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 51).await;
    let first = made(&world, &cookie).await;
    let second = made(&world, &cookie).await;
    world.get(&first).await.refused(404, "not_found");
    shown(world.get(&second).await);
    // One letter of the secret is another secret; what is no address is none.
    let mut wrong = second.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == 'A' { 'B' } else { 'A' });
    world.get(&wrong).await.refused(404, "not_found");
    world.get("/calendrier/AAAA").await.refused(404, "not_found");

    let end = format!("{}/end", feed_of_agenda());
    assert_eq!(world.staff_post(&cookie, &end, &json!({})).await.status, 204);
    world.get(&second).await.refused(404, "not_found");
    let third = made(&world, &cookie).await;
    world
        .change(AGENDA.practice, vec![PracticeEvent::MemberRemoved(StaffId(51))])
        .await
        .unwrap();
    world.get(&third).await.refused(404, "not_found");

    let owner = world.sign_in(AGENDA.practice, 50).await;
    for (act, count) in [("feed.made", 3), ("feed.ended", 1)] {
        let log = world.staff_get(&owner, &format!("/api/v1/staff/audit?act={act}")).await;
        assert_eq!(log.fine(200)["leaves"].as_array().unwrap().len(), count, "{act}");
    }
}
