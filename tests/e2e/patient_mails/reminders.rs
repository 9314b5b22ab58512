//! Reminders at their minute, across clock changes and overseas; what follows a move, what a cancellation, an opt-out and a
//! switched-off type leave out; restarts and clocks that jump.

use super::{LEA, WEEK_MS, links, mailed, order, practice_cancels, staff_books, staff_moves};
use crate::mails::post_office;
use crate::wiring::draws;
use crate::world::{AGENDA, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, World};
use cabinet_actors::clock::Clock;
use cabinet_actors::mail::{Envelope, Outbox, PostError};
use cabinet_domain::command::Command;
use cabinet_domain::ids::PlaceId;
use cabinet_domain::practice::{Place, PracticeEvent};
use cabinet_domain::schedule::{HolidayRegion, Profile};
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
use serde_json::json;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn go_to(world: &World, at_ms: i64) {
    world.pass_seconds((at_ms - world.now().0) / 1_000);
}

async fn reminders(world: &World) -> Vec<Envelope> {
    let mut mails = mailed(world).await;
    mails.retain(|mail| mail.subject.starts_with("Rappel"));
    mails
}

/// Nothing a second before the moment, one reminder more at it.
async fn comes_at(world: &World, moment: &str, before: usize) {
    go_to(world, at(moment) - 1_000);
    assert_eq!(reminders(world).await.len(), before, "before {moment}");
    go_to(world, at(moment));
    assert_eq!(reminders(world).await.len(), before + 1, "at {moment}");
    assert_eq!(reminders(world).await.len(), before + 1, "and no more");
}

#[actix_web::test]
async fn reminders_come_at_their_minute_where_clocks_go_forward_and_back() {
    let world = World::start().await;
    go_to(&world, at("2027-03-01T12:00:00Z"));
    // Monday 29 March at nine; clocks go forward the night before the day before.
    staff_books(&world, AGENDA, at("2027-03-29T07:00:00Z"), Some(LEA)).await;
    comes_at(&world, "2027-03-22T08:00:00Z", 0).await;
    comes_at(&world, "2027-03-28T07:00:00Z", 1).await;
    let newest = reminders(&world).await;
    assert_eq!(newest[0].subject, "Rappel : rendez-vous lundi 29 mars 2027 à 9 h 00");
    go_to(&world, at("2027-10-04T12:00:00Z"));
    // Tuesday 2 November at half past two; clocks go back on 31 October.
    staff_books(&world, AGENDA, at("2027-11-02T13:30:00Z"), Some(LEA)).await;
    comes_at(&world, "2027-10-26T12:30:00Z", 2).await;
    comes_at(&world, "2027-11-01T13:30:00Z", 3).await;
}

#[actix_web::test]
async fn reminders_overseas_come_at_the_hour_there() {
    let world = World::start().await;
    let zone = Zone::new("America/Martinique").unwrap();
    let profile = Profile {
        zone: zone.clone(),
        granularity_minutes: 30,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::Martinique,
        open_on_holidays: false,
        week_a_monday: CivilDate::new(2026, 11, 23).unwrap(),
    };
    let set = order(&world, FOREIGN, Command::SetProfile(profile));
    world.agendas.execute(set).await.unwrap();
    let place = PracticeEvent::PlaceSet(Place {
        id: PlaceId(40),
        name: "Cabinet".to_owned(),
        address: "1 rue du Port".to_owned(),
        zone,
    });
    world.change(FOREIGN.practice, vec![place]).await.unwrap();
    // Monday 30 November, 9:00 in Fort-de-France, four hours behind UTC all the year.
    staff_books(&world, FOREIGN, at("2026-11-30T13:00:00Z"), Some(LEA)).await;
    let mails = mailed(&world).await;
    assert!(
        mails[0].text.contains("Heure : 9 h 00 (heure du lieu)"),
        "{}",
        mails[0].text
    );
    comes_at(&world, "2026-11-23T13:00:00Z", 0).await;
    comes_at(&world, "2026-11-29T13:00:00Z", 1).await;
}

#[actix_web::test]
async fn who_books_late_is_reminded_of_what_lies_ahead_alone() {
    let world = World::start().await;
    // On the day itself: none.
    staff_books(&world, AGENDA, world.now().0 + 180 * MINUTE_MS, Some(LEA)).await;
    // Three days before: the day before alone.
    let start = world.now().0 + 3 * DAY_MS;
    staff_books(&world, AGENDA, start, Some(LEA)).await;
    // Without an address: none.
    staff_books(&world, AGENDA, start + 60 * MINUTE_MS, None).await;
    go_to(&world, start - DAY_MS - 1_000);
    assert_eq!(reminders(&world).await.len(), 0);
    go_to(&world, start - DAY_MS);
    assert_eq!(reminders(&world).await.len(), 1);
    go_to(&world, start);
    assert_eq!(reminders(&world).await.len(), 1);
}

#[actix_web::test]
async fn a_reminder_follows_a_move_and_none_comes_after_a_cancellation() {
    let world = World::start().await;
    let start = MONDAY_MS + 2 * WEEK_MS;
    let moved = staff_books(&world, AGENDA, start, Some(LEA)).await;
    let cancelled = staff_books(&world, AGENDA, start + 60 * MINUTE_MS, Some(LEA)).await;
    staff_moves(&world, moved, start + WEEK_MS).await;
    practice_cancels(&world, AGENDA, cancelled).await;
    go_to(&world, start + WEEK_MS - 7 * DAY_MS - 1_000);
    assert_eq!(reminders(&world).await.len(), 0);
    go_to(&world, start + WEEK_MS - 7 * DAY_MS);
    assert_eq!(reminders(&world).await.len(), 1);
    // Cancelled between the reminder's writing and its sending: it is not sent.
    go_to(&world, start + WEEK_MS - DAY_MS);
    world.postman.will_fail(1, &PostError::Later("busy".to_owned()));
    assert_eq!(reminders(&world).await.len(), 1);
    practice_cancels(&world, AGENDA, moved).await;
    world.pass_seconds(120);
    assert_eq!(reminders(&world).await.len(), 1);
    assert_eq!(world.mails.stats().waiting, 0);
}

#[actix_web::test]
async fn reminders_outlive_restarts_and_clocks_that_jump() {
    let world = World::start().await;
    let start = MONDAY_MS + 2 * WEEK_MS;
    staff_books(&world, AGENDA, start, Some(LEA)).await;
    mailed(&world).await;
    // The clock jumps ahead by a day and back: a reminder that went is not sent again.
    go_to(&world, start - 7 * DAY_MS);
    assert_eq!(reminders(&world).await.len(), 1);
    world.pass_seconds(-3 * 24 * 3_600);
    assert_eq!(reminders(&world).await.len(), 1);
    go_to(&world, start - 7 * DAY_MS + 60_000);
    assert_eq!(reminders(&world).await.len(), 1);
    // Another process, away while the next was due, and awake in the night: it waits for nine o'clock.
    let clock: Arc<dyn Clock> = world.clock.clone();
    let outbox = Outbox::new(clock.clone(), draws(9_000_000), None);
    let looked_up = (
        &world.storage,
        &world.directory,
        (&world.accounts, &world.agendas),
        &world.audit,
        &world.anomalies,
    );
    let after = post_office(outbox, looked_up, (&clock, &world.postman), Vec::new());
    let late = staff_books(&world, AGENDA, start + 240 * MINUTE_MS, Some(LEA)).await;
    go_to(&world, start - DAY_MS + 12 * 60 * MINUTE_MS);
    after.look().await;
    let sent = || {
        world
            .postman
            .page
            .mails()
            .into_iter()
            .filter(|mail| mail.subject.starts_with("Rappel"))
            .count()
    };
    assert_eq!(sent(), 1, "at nine in the evening nobody is mailed");
    // Nine o'clock is the first appointment itself; the second is at one.
    go_to(&world, start);
    after.look().await;
    assert_eq!(sent(), 2, "{late}");
    after.look().await;
    world.mails().await;
    assert_eq!(sent(), 2);
}

#[actix_web::test]
async fn a_patient_ends_reminders_by_the_link_and_has_them_again() {
    let world = World::start().await;
    let start = MONDAY_MS + 2 * WEEK_MS;
    staff_books(&world, AGENDA, start, Some(LEA)).await;
    go_to(&world, start - 7 * DAY_MS);
    let mails = reminders(&world).await;
    let [_, stop]: [String; 2] = links(&mails[0]).try_into().unwrap();
    let link = super::opened(&world, &stop).await;
    assert_eq!(link["purpose"], "reminders");
    // It shows and cancels nothing.
    let view = format!(
        "{}/bookings/{}/view",
        crate::world::PAGE,
        link["booking"].as_str().unwrap()
    );
    let given = json!({ "manage": link["manage"] });
    world.post(&view, &given).await.refused(404, "booking_unknown");
    let wanted = |wanted: bool| json!({ "link": stop, "wanted": wanted });
    for asked in [false, false, true, false] {
        world.post("/api/v1/link/reminders", &wanted(asked)).await.fine(204);
    }
    go_to(&world, start - DAY_MS);
    assert_eq!(reminders(&world).await.len(), 1);
}

#[actix_web::test]
async fn a_practice_switches_reminders_off_type_by_type() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let path = format!("/api/v1/staff/agendas/{}/reminders", AGENDA.agenda);
    let settings = world.staff_get(&cookie, &path).await.fine(200);
    assert_eq!(
        settings,
        json!({ "types": [{ "kind": KIND.to_string(), "on": ["week", "day"] }], "late": 0 })
    );
    let start = MONDAY_MS + 2 * WEEK_MS;
    staff_books(&world, AGENDA, start, Some(LEA)).await;
    let set = |on: &[&str]| json!({ "kind": KIND.to_string(), "on": on });
    world
        .staff_post(&cookie, &path, &set(&["month"]))
        .await
        .refused(400, "malformed");
    let unknown = json!({ "kind": format!("{:032x}", 99), "on": [] });
    world
        .staff_post(&cookie, &path, &unknown)
        .await
        .refused(422, "type_unknown");
    world.staff_post(&cookie, &path, &set(&["day"])).await.fine(204);
    let settings = world.staff_get(&cookie, &path).await.fine(200);
    assert_eq!(settings["types"][0]["on"], json!(["day"]));
    go_to(&world, start - 7 * DAY_MS);
    assert_eq!(reminders(&world).await.len(), 0);
    go_to(&world, start - DAY_MS);
    assert_eq!(reminders(&world).await.len(), 1);
}

#[actix_web::test]
async fn a_reminder_that_cannot_be_sent_is_counted_as_late() {
    let world = World::start().await;
    let path = format!("/api/v1/staff/agendas/{}/reminders", AGENDA.agenda);
    let start = MONDAY_MS + 2 * WEEK_MS;
    staff_books(&world, AGENDA, start, Some(LEA)).await;
    mailed(&world).await;
    go_to(&world, start - 7 * DAY_MS);
    let due = UtcMillis(start - 7 * DAY_MS);
    world.postman.will_fail(9, &PostError::Later("busy".to_owned()));
    reminders(&world).await;
    assert_eq!(world.mails.stats().reminder_oldest, Some(due));
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    assert_eq!(world.staff_get(&cookie, &path).await.fine(200)["late"], 0);
    world.pass_seconds(3_600);
    assert_eq!(world.staff_get(&cookie, &path).await.fine(200)["late"], 1);
}
