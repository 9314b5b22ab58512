//! The waiting list over HTTP and sessions: join, be offered what is cancelled, accept, decline, leave; repeated, with wrong
//! secrets, and what staff of each sight are shown.

use crate::sessions::Session;
use crate::world::{AGENDA, KIND, MINUTE_MS, MONDAY_MS, PAGE, World};
use serde_json::{Value, json};

fn wishes() -> Value {
    json!({"weekdays": ["monday", "tuesday"], "from": "00:00", "until": "24:00", "first_day": "2026-11-22", "last_day": "2026-12-20",
        "notice_minutes": 60, "place": null})
}

pub(crate) struct Waiter {
    pub(crate) secret: String,
    pub(crate) path: String,
}

impl Waiter {
    fn request(world: &World, family_name: &str) -> Value {
        json!({"command_id": world.id(), "secret": world.id(), "kind": KIND.to_string(), "notice_version": 1, "wishes": wishes(),
            "person": {"given_name": "Léa", "family_name": family_name, "email": "lea@example.org", "phone": null}})
    }

    pub(crate) async fn join(world: &World, family_name: &str) -> Self {
        let request = Self::request(world, family_name);
        let joined = world.post(&format!("{PAGE}/waiting"), &request).await.fine(201);
        let again = world.post(&format!("{PAGE}/waiting"), &request).await.fine(201);
        assert_eq!(again, joined, "a repeat joins nobody twice");
        let entry = joined["entry"].as_str().unwrap();
        assert_eq!(joined["path"], format!("/p/cabinet-essai/claire-morel/attente/{entry}"));
        Self {
            secret: request["secret"].as_str().unwrap().to_owned(),
            path: format!("{PAGE}/waiting/{entry}"),
        }
    }

    pub(crate) async fn view(&self, world: &World) -> Value {
        let body = json!({ "secret": self.secret });
        world.post(&format!("{}/view", self.path), &body).await.fine(200)
    }

    pub(crate) async fn act(&self, world: &World, what: &str) -> crate::world::Answer {
        let body = json!({"command_id": world.id(), "secret": self.secret});
        world.post(&format!("{}/{what}", self.path), &body).await
    }
}

async fn cancel(world: &World, booking: &Value, manage: &str) {
    let path = format!("{PAGE}/bookings/{}/cancel", booking["booking"].as_str().unwrap());
    let body = json!({"command_id": world.id(), "manage": manage});
    world.post(&path, &body).await.fine(200);
}

#[actix_web::test]
async fn a_cancelled_time_is_held_for_who_waits_and_becomes_their_booking() {
    let world = World::start().await;
    let (booking, manage) = world.book(MONDAY_MS).await;
    let first = Waiter::join(&world, "Petit").await;
    world.pass_seconds(1);
    let second = Waiter::join(&world, "Grand").await;
    let seen = second.view(&world).await;
    assert_eq!(
        (&seen["state"], &seen["rank"], &seen["waiting"]),
        (&json!("waiting"), &json!(2), &json!(2))
    );
    assert_eq!((&seen["offer"], &seen["wishes"]), (&Value::Null, &wishes()));
    assert!(
        !seen.to_string().contains("Grand"),
        "the link shows the entry, not the person"
    );
    first.act(&world, "accept").await.refused(409, "hold_gone");

    cancel(&world, &booking, &manage).await;
    assert!(
        !world.free().await.contains(&MONDAY_MS),
        "held for who waits: no moment free for all"
    );
    let seen = first.view(&world).await;
    assert_eq!(
        (&seen["state"], &seen["offer"]["start_ms"]),
        (&json!("offered"), &json!(MONDAY_MS))
    );
    assert_eq!(seen["offer"]["until_ms"], json!(world.now().0 + 10 * MINUTE_MS));
    assert_eq!(seen["offer"]["place"]["name"], "Cabinet");

    // Declined by the first, it is the second's at once; declined by none but its own secret.
    let stranger = Waiter {
        secret: second.secret.clone(),
        path: first.path.clone(),
    };
    stranger.act(&world, "decline").await.refused(404, "not_found");
    stranger.act(&world, "accept").await.refused(404, "not_found");
    first.act(&world, "decline").await.fine(200);
    assert_eq!(first.view(&world).await["passed"], 1);
    let accepted = second.act(&world, "accept").await.fine(201);
    let seen = second.view(&world).await;
    assert_eq!(
        (&seen["state"], &seen["manage_path"]),
        (&json!("booked"), &accepted["manage_path"])
    );
    // The link's secret is the booking's.
    let view = format!("{PAGE}/bookings/{}/view", accepted["booking"].as_str().unwrap());
    let managed = world.post(&view, &json!({"manage": second.secret})).await.fine(200);
    assert_eq!(managed["start_ms"], MONDAY_MS);
    cancel(&world, &accepted, &second.secret).await;
    world
        .post(&format!("{}/view", second.path), &json!({"secret": second.secret}))
        .await
        .refused(404, "not_found");
    // The first has let it pass: it is everybody's now.
    assert!(world.free().await.contains(&MONDAY_MS));
    first.act(&world, "leave").await.fine(200);
    first.act(&world, "leave").await.refused(404, "not_found");
}

#[actix_web::test]
async fn an_offer_that_nobody_answers_is_over_to_the_minute() {
    let world = World::start().await;
    let (booking, manage) = world.book(MONDAY_MS).await;
    let first = Waiter::join(&world, "Petit").await;
    cancel(&world, &booking, &manage).await;
    world.pass_seconds(599);
    assert_eq!(first.view(&world).await["state"], "offered");
    world.pass_seconds(1);
    assert_eq!(first.view(&world).await["state"], "waiting");
    first.act(&world, "accept").await.refused(409, "hold_expired");
    // Whoever comes first has it.
    let request = world.hold_request(MONDAY_MS);
    world.post(&format!("{PAGE}/holds"), &request).await.fine(201);
}

#[actix_web::test]
async fn what_is_no_wish_is_refused_and_who_does_not_see_names_sees_nobody_who_waits() {
    let world = World::start().await;
    let join = format!("{PAGE}/waiting");
    for (field, value, status, code) in [
        ("weekdays", json!(["moonday"]), 400, "malformed"),
        ("from", json!("25:00"), 400, "malformed"),
        ("until", json!("00:00"), 422, "invalid"),
        ("last_day", json!("2026-11-21"), 422, "invalid"),
        ("place", json!("here"), 400, "malformed"),
    ] {
        let mut request = Waiter::request(&world, "Petit");
        request["wishes"][field] = value;
        world.post(&join, &request).await.refused(status, code);
    }
    let mut unread = Waiter::request(&world, "Petit");
    unread["notice_version"] = json!(9);
    world.post(&join, &unread).await.refused(422, "invalid");
}

#[actix_web::test]
async fn staff_see_who_waits_live_and_what_they_are_offered() {
    let world = World::start().await;
    let (booking, manage) = world.book(MONDAY_MS).await;
    let first = Waiter::join(&world, "Petit").await;
    let mut session = Session::open(&world, 50).await;
    let snapshot = session.join(None).await;
    let listed = &snapshot["view"]["waiting"];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed[0]["person"]["family_name"], &listed[0]["wishes"]),
        (&json!("Petit"), &wishes())
    );

    let second = Waiter::join(&world, "Grand").await;
    let delta = session.next_of("delta").await;
    assert_eq!(delta["changes"][0]["change"], "waiting_set");
    assert_eq!(delta["changes"][0]["entry"]["person"]["family_name"], "Grand");
    let entry = delta["changes"][0]["entry"]["id"].clone();
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    let order = |command: Value| json!({"command_id": world.id(), "command": command});
    let urgent = order(json!({"do": "set_waiting_urgent", "entry": entry, "urgent": true}));
    world.staff_post(&cookie, &commands, &urgent).await.fine(200);
    let delta = session.next_of("delta").await;
    assert_eq!(
        delta["changes"],
        json!([{"change": "waiting_urgent", "id": entry, "urgent": true}])
    );

    cancel(&world, &booking, &manage).await;
    let delta = session.next_of("delta").await;
    let told: Vec<&str> = delta["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["change"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["booking_gone", "hold_set", "waiting_offered"]);
    assert_eq!(
        (&delta["changes"][2]["id"], &delta["changes"][2]["hold"]),
        (&entry, &delta["changes"][1]["hold"]["id"])
    );

    // Taken off the list, it goes to the other; accepted by them, the booking has the entry's id and the person's name.
    let removed = order(json!({"do": "remove_waiting", "entry": entry}));
    world.staff_post(&cookie, &commands, &removed).await.fine(200);
    let delta = session.next_of("delta").await;
    assert_eq!(delta["changes"][0]["change"], "hold_gone");
    assert_eq!(delta["changes"][1], json!({"change": "waiting_gone", "id": entry}));
    assert_eq!(delta["changes"][3]["change"], "waiting_offered");
    world
        .post(&format!("{}/view", second.path), &json!({"secret": second.secret}))
        .await
        .refused(404, "not_found");
    let accepted = first.act(&world, "accept").await.fine(201);
    let delta = session.next_of("delta").await;
    let booked = &delta["changes"][1]["booking"];
    assert_eq!(
        (&booked["id"], &booked["person"]["family_name"]),
        (&accepted["booking"], &json!("Petit"))
    );
    let path = format!(
        "/api/v1/staff/agendas/{}?from_ms={MONDAY_MS}&until_ms={}",
        AGENDA.agenda,
        MONDAY_MS + 60 * MINUTE_MS
    );
    let now = world.staff_get(&cookie, &path).await.fine(200);
    assert_eq!(now["view"]["waiting"], json!([]));
}
