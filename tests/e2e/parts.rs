//! A long view comes in parts, while the agenda goes on.

use crate::sessions::Session;
use crate::world::{AGENDA, MONDAY_MS, START_MS, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const WEEK_MS: i64 = 7 * 86_400_000;
const SLOT_MS: i64 = 30 * 60_000;
const SLOTS_PER_MONDAY: i64 = 6;
const UNTIL_MS: i64 = START_MS + 12 * WEEK_MS;

/// The n-th slot of the agenda.
fn slot(number: i64) -> i64 {
    MONDAY_MS + number / SLOTS_PER_MONDAY * WEEK_MS + number % SLOTS_PER_MONDAY * SLOT_MS
}

/// Bookings by id with their start, kept as the protocol says.
#[derive(Default)]
struct Picture {
    bookings: BTreeMap<String, i64>,
    openings: Vec<i64>,
    seq: u64,
    complete: bool,
    parts: usize,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Picture {
    fn set(&mut self, booking: &Value) {
        let start_ms = booking["start_ms"].as_i64().unwrap();
        self.bookings.insert(text(&booking["id"]), start_ms);
    }

    fn more(&mut self, part: &Value) {
        part["bookings"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|one| self.set(one));
        let openings = part["openings"].as_array().unwrap();
        self.openings
            .extend(openings.iter().map(|one| one["start_ms"].as_i64().unwrap()));
        self.complete = part["complete_until_ms"] == UNTIL_MS;
    }

    fn take(&mut self, frame: &Value) {
        match frame["event"].as_str().unwrap() {
            "snapshot" => {
                self.seq = frame["seq"].as_u64().unwrap();
                self.more(&frame["view"]);
            }
            "part" => {
                assert_eq!(frame["seq"], self.seq, "every delta up to a part comes before it");
                self.parts += 1;
                self.more(&frame["part"]);
            }
            "delta" => {
                assert_eq!(frame["from"], self.seq);
                self.seq = frame["to"].as_u64().unwrap();
                for change in frame["changes"].as_array().unwrap() {
                    match change["change"].as_str().unwrap() {
                        "booking_set" => self.set(&change["booking"]),
                        "booking_gone" => drop(self.bookings.remove(change["id"].as_str().unwrap())),
                        _ => {}
                    }
                }
            }
            "present" => {}
            other => panic!("{other}"),
        }
    }
}

#[actix_web::test]
async fn a_long_view_comes_in_parts_in_order_with_what_happens_meanwhile() {
    let world = World::start().await;
    let mut booked = Vec::new();
    for number in 0..60 {
        booked.push(world.book(slot(number)).await);
    }
    let mut session = Session::open(&world, 50).await;
    let join = json!({"event": "join", "ref": 1, "topic": AGENDA.agenda.to_string(),
        "from_ms": START_MS, "until_ms": UNTIL_MS});
    session.send(&join).await;
    let meanwhile = async {
        // From the far end, which has not been read yet, to the near one.
        for number in (0..12).rev() {
            let (answer, manage) = &booked[number * 5];
            let path = format!(
                "{}/cancel",
                answer["manage_path"].as_str().unwrap().replace("/rdv/", "/bookings/")
            );
            let path = path.replace("/p/", "/api/v1/public/");
            let cancel = json!({"command_id": world.id(), "manage": manage});
            world.post(&path, &cancel).await.fine(200);
            world.book(slot(60 + i64::try_from(number).unwrap())).await;
        }
        let (last, _) = world.book(slot(5 * 11)).await;
        last["seq"].as_u64().unwrap()
    };
    let mut picture = Picture::default();
    let all = async {
        let mut last_seq = None;
        tokio::pin!(meanwhile);
        while !picture.complete || last_seq.is_none_or(|last| picture.seq < last) {
            tokio::select! {
                frame = session.next() => picture.take(&frame),
                seq = &mut meanwhile, if last_seq.is_none() => last_seq = Some(seq),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    assert!(picture.parts >= 1, "60 bookings come in parts");
    let cookie = world.sign_in(AGENDA.practice, 51).await;
    let path = format!(
        "/api/v1/staff/agendas/{}?from_ms={START_MS}&until_ms={UNTIL_MS}",
        AGENDA.agenda
    );
    let mut truth = Picture::default();
    truth.more(&world.staff_get(&cookie, &path).await.fine(200)["view"]);
    assert_eq!(picture.bookings, truth.bookings);
    assert_eq!(picture.bookings.len(), 61);
    assert_eq!(picture.openings, truth.openings, "each opening comes once");
}
