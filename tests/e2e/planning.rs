//! Series, moves of several, attendance, lateness and the reasons why a start cannot be had, as a staff's screen has them.

use crate::sessions::Session;
use crate::world::{AGENDA, KIND, MINUTE_MS, MONDAY_MS, World};
use serde_json::{Value, json};

const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
const ANNE: u128 = 50;

fn path(rest: &str) -> String {
    format!("/api/v1/staff/agendas/{}{rest}", AGENDA.agenda)
}

fn wish(count: u8) -> Value {
    json!({"kind": KIND.to_string(), "first": "2026-11-23", "weekdays": ["monday"], "every_weeks": 1,
        "about": "09:30", "count": count})
}

fn person() -> Value {
    json!({"given_name": "Hugo", "family_name": "Blanc", "email": null, "phone": null})
}

async fn command(world: &World, cookie: &str, command: &Value) -> crate::world::Answer {
    let body = json!({"command_id": world.id(), "command": command});
    world.staff_post(cookie, &path("/commands"), &body).await
}

fn series(world: &World, starts: &[i64]) -> (Value, Vec<String>) {
    let ids: Vec<String> = starts.iter().map(|_| world.id()).collect();
    let sessions: Vec<Value> = ids
        .iter()
        .zip(starts)
        .map(|(id, start_ms)| json!({"booking": id, "start_ms": start_ms}))
        .collect();
    let book = json!({"do": "book_series", "series": world.id(), "kind": KIND.to_string(), "sessions": sessions,
        "person": person()});
    (book, ids)
}

#[actix_web::test]
async fn the_dates_that_a_plan_finds_are_booked_in_one_act_and_every_screen_sees_the_series() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let taken = MONDAY_MS + WEEK_MS + 30 * MINUTE_MS;
    world.book(taken).await;
    let plan = world.staff_post(&cookie, &path("/series"), &wish(3)).await.fine(200);
    let dates = plan["dates"].as_array().unwrap();
    let starts: Vec<i64> = dates.iter().map(|date| date["start_ms"].as_i64().unwrap()).collect();
    let first = MONDAY_MS + 30 * MINUTE_MS;
    assert_eq!(starts, [0, 1, 2, 3].map(|weeks| first + weeks * WEEK_MS));
    assert_eq!(dates[1]["reasons"][0]["code"], "slot_taken");
    assert_eq!(
        dates[1]["alternatives_ms"],
        json!([taken - 30 * MINUTE_MS, taken + 30 * MINUTE_MS, taken + 60 * MINUTE_MS])
    );
    let free: Vec<i64> = dates
        .iter()
        .filter(|date| date["reasons"].as_array().unwrap().is_empty())
        .map(|date| date["start_ms"].as_i64().unwrap())
        .collect();
    assert_eq!(free.len(), 3);

    let mut session = Session::open(&world, 51).await;
    session.join(None).await;
    let (book, ids) = series(&world, &free);
    command(&world, &cookie, &book).await.fine(200);
    let delta = session.next_of("delta").await;
    let changes = delta["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 4, "three bookings and what binds them");
    assert_eq!(changes[0]["booking"]["person"]["family_name"], "Blanc");
    assert_eq!(
        (&changes[3]["change"], &changes[3]["bookings"]),
        (&json!("series_set"), &json!(ids))
    );
    assert!(free.iter().all(|start| !changes.is_empty() && *start > 0));
    let left = world.free().await;
    assert!(
        free.iter().all(|start| !left.contains(start)),
        "patients are offered none of them"
    );

    // A screen that comes later sees each session's place.
    let look = path(&format!("?from_ms={MONDAY_MS}&until_ms={}", MONDAY_MS + 5 * WEEK_MS));
    let view = world.staff_get(&cookie, &look).await.fine(200);
    let bookings = view["view"]["bookings"].as_array().unwrap();
    let second = bookings.iter().find(|booking| booking["id"] == json!(ids[1])).unwrap();
    assert_eq!(
        (&second["series"]["number"], &second["series"]["of"]),
        (&json!(2), &json!(3))
    );

    // The following two, half an hour later; then all of them are cancelled.
    let name = second["series"]["series"].as_str().unwrap();
    let of_series = world
        .staff_get(&cookie, &path(&format!("/series/{name}")))
        .await
        .fine(200);
    let of_series = of_series["bookings"].as_array().unwrap();
    assert_eq!(of_series.len(), 3);
    assert!(
        of_series.iter().all(|booking| booking["person"].is_null()),
        "no name in it"
    );
    let moves: Vec<Value> = of_series[1..]
        .iter()
        .map(|one| json!({"booking": one["id"], "start_ms": one["start_ms"].as_i64().unwrap() + 30 * MINUTE_MS}))
        .collect();
    command(&world, &cookie, &json!({"do": "move_bookings", "moves": moves}))
        .await
        .fine(200);
    assert_eq!(session.next_of("delta").await["changes"].as_array().unwrap().len(), 2);
    command(&world, &cookie, &json!({"do": "cancel_bookings", "bookings": ids}))
        .await
        .fine(200);
    assert_eq!(session.next_of("delta").await["changes"].as_array().unwrap().len(), 3);
    let gone = world.staff_get(&cookie, &path(&format!("/series/{name}"))).await;
    gone.refused(404, "not_found");
}

#[actix_web::test]
async fn a_date_taken_meanwhile_keeps_the_whole_series_out_and_is_named() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let starts = [0, 1, 2].map(|weeks| MONDAY_MS + weeks * WEEK_MS);
    world.book(starts[2]).await;
    let (book, _) = series(&world, &starts);
    let refused = command(&world, &cookie, &book).await;
    refused.refused(409, "one_of_several");
    assert_eq!(
        (&refused.body["at_ms"], &refused.body["detail"]),
        (&json!(starts[2]), &json!("slot_taken"))
    );
    let free = world.free().await;
    assert!(
        free.contains(&starts[0]) && free.contains(&starts[1]),
        "nothing was taken"
    );
    let (one, _) = series(&world, &starts[..1]);
    command(&world, &cookie, &one).await.refused(422, "invalid");
}

#[actix_web::test]
async fn who_came_is_told_live_and_what_nobody_said_is_counted() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let (answer, _) = world.book(MONDAY_MS).await;
    world.book(MONDAY_MS + 30 * MINUTE_MS).await;
    let booking = answer["booking"].as_str().unwrap();
    let mark = |mark: Value| json!({"do": "mark_booking", "booking": booking, "mark": mark});
    command(&world, &cookie, &mark(json!("arrived")))
        .await
        .refused(409, "not_yet");
    command(&world, &cookie, &mark(json!("late")))
        .await
        .refused(400, "malformed");
    assert_eq!(world.staff_get(&cookie, &path("/unfilled")).await.fine(200)["count"], 0);

    world.pass_seconds((MONDAY_MS - crate::world::START_MS) / 1_000 + 2 * 3_600);
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let mut session = Session::open(&world, 51).await;
    session.join(None).await;
    command(&world, &cookie, &mark(json!("arrived"))).await.fine(200);
    let change = &session.next_of("delta").await["changes"][0];
    assert_eq!(change, &json!({"change": "mark_set", "id": booking, "mark": "arrived"}));
    let unfilled = world.staff_get(&cookie, &path("/unfilled")).await.fine(200);
    assert_eq!(unfilled["count"], 2, "being there is no outcome");
    assert!(unfilled["bookings"][0]["person"].is_null());
    command(&world, &cookie, &mark(json!("seen"))).await.fine(200);
    assert_eq!(world.staff_get(&cookie, &path("/unfilled")).await.fine(200)["count"], 1);
    command(&world, &cookie, &mark(Value::Null)).await.fine(200);
    assert_eq!(world.staff_get(&cookie, &path("/unfilled")).await.fine(200)["count"], 2);
    world.pass_seconds(61 * 24 * 3_600);
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    assert_eq!(
        world.staff_get(&cookie, &path("/unfilled")).await.fine(200)["count"],
        0,
        "after 60 days it is let be"
    );
}

#[actix_web::test]
async fn a_delay_is_on_every_screen_until_midnight() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let mut session = Session::open(&world, 51).await;
    session.join(None).await;
    command(&world, &cookie, &json!({"do": "announce_delay", "minutes": 241}))
        .await
        .refused(422, "invalid");
    command(&world, &cookie, &json!({"do": "announce_delay", "minutes": 25}))
        .await
        .fine(200);
    assert_eq!(
        session.next_of("delta").await["changes"],
        json!([{"change": "delay_set", "minutes": 25}])
    );
    let look = path(&format!("?from_ms={MONDAY_MS}&until_ms={}", MONDAY_MS + WEEK_MS));
    let late = |view: Value| view["view"]["delay_minutes"].clone();
    assert_eq!(late(world.staff_get(&cookie, &look).await.fine(200)), 25);
    // Who has an appointment that day is told, by their link; nobody else.
    let (answer, manage) = world.book(MONDAY_MS).await;
    let delay = format!(
        "{}/bookings/{}/delay",
        crate::world::PAGE,
        answer["booking"].as_str().unwrap()
    );
    let ask = json!({ "manage": manage });
    assert_eq!(
        world.post(&delay, &ask).await.fine(200)["delay_minutes"],
        0,
        "today is Sunday"
    );
    world
        .post(&delay, &json!({"manage": world.id()}))
        .await
        .refused(404, "booking_unknown");
    world.pass_seconds(12 * 3_600);
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    assert_eq!(late(world.staff_get(&cookie, &look).await.fine(200)), 0, "another day");
    command(&world, &cookie, &json!({"do": "announce_delay", "minutes": 30}))
        .await
        .fine(200);
    assert_eq!(world.post(&delay, &ask).await.fine(200)["delay_minutes"], 30);
}

#[actix_web::test]
async fn why_a_start_cannot_be_had_is_told_to_staff() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, ANNE).await;
    let (answer, _) = world.book(MONDAY_MS).await;
    let absence = json!({"id": world.id(), "start_ms": MONDAY_MS + WEEK_MS, "end_ms": MONDAY_MS + WEEK_MS + 60 * MINUTE_MS,
        "label": "Formation"});
    command(&world, &cookie, &json!({"do": "add_absence", "absence": absence}))
        .await
        .fine(200);
    let why = async |start_ms: i64| {
        let path = path(&format!("/why?kind={KIND}&start_ms={start_ms}"));
        world.staff_get(&cookie, &path).await.fine(200)["reasons"].clone()
    };
    assert_eq!(why(MONDAY_MS + 60 * MINUTE_MS).await, json!([]));
    let taken = why(MONDAY_MS).await;
    assert_eq!(
        (&taken[0]["code"], &taken[0]["booking"]),
        (&json!("slot_taken"), &answer["booking"])
    );
    let absent = why(MONDAY_MS + WEEK_MS).await;
    assert_eq!(
        (&absent[0]["code"], &absent[0]["label"]),
        (&json!("absent"), &json!("Formation"))
    );
    let outside = why(MONDAY_MS - 60 * MINUTE_MS).await;
    assert_eq!(
        outside[0]["openings"],
        json!([{"start_ms": MONDAY_MS, "end_ms": MONDAY_MS + 180 * MINUTE_MS}])
    );
    let off_grid = why(MONDAY_MS + 65 * MINUTE_MS).await;
    assert_eq!(
        (&off_grid[0]["code"], &off_grid[0]["patients_alone"]),
        (&json!("off_grid"), &json!(true))
    );
    let unknown = world
        .staff_get(&cookie, &path(&format!("/why?kind=x&start_ms={MONDAY_MS}")))
        .await;
    unknown.refused(400, "malformed");
}
