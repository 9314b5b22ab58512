//! Plants what patients say of themselves: bookings of their own and by staff, moved and cancelled.

use super::door::{Door, now_ms};
use super::words::Words;
use crate::patients::choose;
use crate::server::{Server, fresh};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
/// Patients may book 84 days ahead.
const DAYS: i64 = 90;

/// A booking that stands.
#[derive(Debug)]
pub(super) struct Booked {
    practitioner: usize,
    booking: String,
    manage: String,
}

fn person(words: &mut Words) -> Value {
    json!({ "given_name": words.name(), "family_name": words.name(), "email": words.mail(), "phone": words.phone() })
}

/// A free slot: type and start.
async fn free(door: &mut Door, server: &Server, practitioner: usize, salt: usize) -> (String, i64) {
    let slots = door.get(&format!("{}/slots", server.public(practitioner))).await;
    let answer = crate::http::Answer {
        status: slots.status,
        body: slots.fine(200),
        cookie: None,
    };
    choose(&answer, salt).expect("a free slot")
}

/// Patients who book for themselves.
pub(super) async fn by_patients(words: &mut Words, server: &Server, count: usize) -> Vec<Booked> {
    let mut door = Door::new(&server.host);
    let mut booked = Vec::new();
    for number in 0..count {
        let practitioner = number % server.practitioners.len();
        let base = server.public(practitioner);
        let (kind, start_ms) = free(&mut door, server, practitioner, number + 1).await;
        let (token, manage) = (fresh() + &fresh(), fresh() + &fresh());
        let hold = json!({ "command_id": fresh(), "kind": kind, "start_ms": start_ms, "token": token });
        let held = door.post(&format!("{base}/holds"), &hold).await.fine(201);
        let hold = held["hold"].as_str().expect("a hold");
        let confirm = json!({ "command_id": fresh(), "token": token, "person": person(words), "notice_version": 1, "manage": manage });
        let confirmed = door
            .post(&format!("{base}/holds/{hold}/confirm"), &confirm)
            .await
            .fine(201);
        for secret in [&token, &manage] {
            words.secret(secret);
        }
        booked.push(Booked {
            practitioner,
            booking: confirmed["booking"].as_str().expect("a booking").to_owned(),
            manage,
        });
    }
    booked
}

/// Patients who hold a slot of the first practitioner's and let it go, over and over.
pub(super) async fn hesitations(server: &Server, count: usize) {
    let mut door = Door::new(&server.host);
    let base = server.public(0);
    let (kind, start_ms) = free(&mut door, server, 0, 120).await;
    for _ in 0..count {
        let token = fresh();
        let hold = json!({ "command_id": fresh(), "kind": kind, "start_ms": start_ms, "token": token });
        let held = door.post(&format!("{base}/holds"), &hold).await.fine(201);
        let hold = held["hold"].as_str().expect("a hold");
        let release = json!({ "command_id": fresh(), "token": token });
        door.post(&format!("{base}/holds/{hold}/release"), &release)
            .await
            .fine(200);
    }
}

/// Half of the patients look at their booking and cancel it.
pub(super) async fn cancelled_by_patients(server: &Server, booked: &[Booked]) {
    let mut door = Door::new(&server.host);
    for one in booked.iter().step_by(2) {
        let base = format!("{}/bookings/{}", server.public(one.practitioner), one.booking);
        door.post(&format!("{base}/view"), &json!({ "manage": one.manage }))
            .await
            .fine(200);
        let cancel = json!({ "command_id": fresh(), "manage": one.manage });
        door.post(&format!("{base}/cancel"), &cancel).await.fine(200);
    }
}

/// Bookings by staff at the first practitioner's, over HTTP or a socket; their ids.
pub(super) async fn by_staff(
    words: &mut Words,
    server: &Server,
    (staff, agenda, socket): (&mut Door, &str, bool),
    count: usize,
) -> Vec<String> {
    let mut bookings = Vec::new();
    for number in 0..count {
        let (kind, start_ms) = free(staff, server, 0, 40 + number).await;
        let booking = fresh();
        let command =
            json!({ "do": "book", "booking": booking, "kind": kind, "start_ms": start_ms, "person": person(words) });
        if socket {
            staff.commands_over_socket(server, agenda, vec![command]).await;
        } else {
            staff.command(agenda, &command).await;
        }
        bookings.push(booking);
    }
    bookings
}

/// Moves each, and cancels every second one.
pub(super) async fn moved(server: &Server, staff: &mut Door, agenda: &str, bookings: &[String]) {
    for (number, booking) in bookings.iter().enumerate() {
        let (_, start_ms) = free(staff, server, 0, 80 + number).await;
        let allow = json!({ "overlap": true, "outside_hours": true });
        let shift = json!({ "do": "move", "booking": booking, "start_ms": start_ms, "allow": allow });
        staff.command(agenda, &shift).await;
        if number % 2 == 1 {
            staff
                .command(agenda, &json!({ "do": "cancel", "booking": booking }))
                .await;
        }
    }
}

/// Staff look at everything that is ahead.
pub(super) async fn seen(words: &mut Words, staff: &mut Door, agendas: &[String]) {
    let from_ms = now_ms() / 60_000 * 60_000;
    let until_ms = from_ms + DAYS * DAY_MS;
    for agenda in agendas {
        let path = format!("/api/v1/staff/agendas/{agenda}?from_ms={from_ms}&until_ms={until_ms}");
        let seen = staff.get(&path).await;
        seen.fine(200);
        words.seen_in(&seen.text);
    }
}
