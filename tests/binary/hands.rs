//! One slot, many hands: a thousand open connections released by one barrier onto overlapping but different starts, types and
//! lengths. Exactly a set of non-overlapping winners, a clean refusal for everyone else, every board and the staff's session on the same picture.

use crate::board::{Board, picture};
use crate::http::{Answer, Connection};
use crate::server::{Server, data_dir, fresh, verify};
use crate::session::Session;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Barrier;

const ROUNDS: usize = 20;
const HANDS: usize = 1_000;
const BOARDS: usize = 8;

/// What one hand reached for: the appointment with its buffers, in milliseconds.
#[derive(Debug, Clone)]
struct Reach {
    kind: String,
    start_ms: i64,
    occupied: (i64, i64),
    token: String,
    command_id: String,
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

/// Minutes of a type: duration, buffer before, buffer after.
fn lengths(page: &Value) -> BTreeMap<String, (i64, i64, i64)> {
    let minutes = |kind: &Value, field: &str| kind[field].as_i64().expect("minutes") * 60_000;
    let types = page["types"].as_array().expect("types");
    let one = |kind: &Value| {
        let key = kind["id"].as_str().expect("id").to_owned();
        (
            key,
            (
                minutes(kind, "duration_minutes"),
                minutes(kind, "buffer_before_minutes"),
                minutes(kind, "buffer_after_minutes"),
            ),
        )
    };
    types.iter().map(one).collect()
}

/// Everything bookable within one half day that has at least two types: a thousand reaches spread over it.
fn reaches(slots: &Answer, lengths: &BTreeMap<String, (i64, i64, i64)>, round: usize) -> Vec<Reach> {
    let now = slots.body["now_ms"].as_i64().expect("now");
    let mut by_day: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    for kind in slots.body["types"].as_array().expect("types") {
        for slot in kind["slots"].as_array().expect("slots") {
            let start = slot["start_ms"].as_i64().expect("start");
            if slot["from_ms"].as_i64().expect("from") <= now && start > now + 3 * 86_400_000 {
                let id = kind["kind"].as_str().expect("kind").to_owned();
                by_day.entry(start / 86_400_000).or_default().push((id, start));
            }
        }
    }
    let mut days: Vec<_> = by_day.into_values().filter(|day| day.len() >= 12).collect();
    days.sort_by_key(|day| std::cmp::Reverse(day.len()));
    let day = &days[round % days.len().min(10)];
    let reach = |number: usize| {
        let (kind, start_ms) = day[number.wrapping_mul(7_919) % day.len()].clone();
        let (duration, before, after) = lengths[&kind];
        let occupied = (start_ms - before, start_ms + duration + after);
        Reach {
            kind,
            start_ms,
            occupied,
            token: fresh(),
            command_id: fresh(),
        }
    };
    (0..HANDS).map(reach).collect()
}

/// Releases all hands at once; returns each with its answer.
async fn storm(hands: Vec<Connection>, reaches: Vec<Reach>, path: &str) -> Vec<(Connection, Reach, Answer)> {
    let barrier = Arc::new(Barrier::new(hands.len()));
    let mut storm = tokio::task::JoinSet::new();
    for (mut hand, reach) in hands.into_iter().zip(reaches) {
        let (barrier, path) = (Arc::clone(&barrier), path.to_owned());
        storm.spawn(async move {
            let body = json!({ "command_id": reach.command_id, "kind": reach.kind, "start_ms": reach.start_ms, "token": reach.token });
            barrier.wait().await;
            let mut answer = hand.post(&path, &body).await.expect("an answer");
            // "Busy" is an answer that says: the same command again.
            while answer.status == 503 {
                answer = hand.post(&path, &body).await.expect("an answer");
            }
            (hand, reach, answer)
        });
    }
    storm.join_all().await
}

fn judge(outcomes: &[(Connection, Reach, Answer)]) -> Vec<(Reach, String)> {
    let mut winners: Vec<(Reach, String)> = Vec::new();
    for (_, reach, answer) in outcomes.iter().filter(|(_, _, answer)| answer.status == 201) {
        winners.push((reach.clone(), answer.body["hold"].as_str().expect("hold").to_owned()));
    }
    for (index, (one, _)) in winners.iter().enumerate() {
        for (other, _) in &winners[index + 1..] {
            assert!(
                !overlap(one.occupied, other.occupied),
                "sold twice: {one:?} and {other:?}"
            );
        }
    }
    for (_, reach, answer) in outcomes.iter().filter(|(_, _, answer)| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (409, Some("slot_taken")),
            "{answer:?}"
        );
        let beaten = winners
            .iter()
            .any(|(winner, _)| overlap(winner.occupied, reach.occupied));
        assert!(beaten, "refused though free: {reach:?}");
    }
    winners
}

#[tokio::test]
async fn a_thousand_hands_on_overlapping_slots_leave_only_winners_that_do_not_overlap() {
    let (_guard, data) = data_dir();
    let mut server = Server::start(&data);
    let base = server.public(0);
    let mut asker = server.connect().await;
    let page = asker.get(&base).await.expect("page");
    let lengths = lengths(&page.body);
    let mut boards = Vec::new();
    for _ in 0..BOARDS {
        boards.push(Board::join(&server.host, &server.practice, &server.practitioners[0]).await);
    }
    let agenda = page.body["practitioner"]["agenda"].as_str().expect("agenda");
    let mut session = Session::join(&server, agenda, page.body["now_ms"].as_i64().expect("now")).await;
    let mut hands = Vec::new();
    for _ in 0..HANDS {
        hands.push(server.connect().await);
    }
    for round in 0..ROUNDS {
        let slots = asker.get(&format!("{base}/slots")).await.expect("slots");
        let reaches = reaches(&slots, &lengths, round);
        let outcomes = storm(hands, reaches, &format!("{base}/holds")).await;
        let winners = judge(&outcomes);
        assert!(!winners.is_empty(), "round {round}: somebody wins");
        hands = outcomes.into_iter().map(|(hand, _, _)| hand).collect();
        let after = asker.get(&format!("{base}/slots")).await.expect("slots");
        let expected = picture(&after.body["types"]);
        for board in &mut boards {
            board.converge(&expected).await;
        }
        let standing: BTreeSet<String> = winners.iter().map(|(_, hold)| hold.clone()).collect();
        session.converge(&standing).await;
        for (winner, hold) in winners {
            let release = json!({ "command_id": fresh(), "token": winner.token });
            let released = asker
                .post(&format!("{base}/holds/{hold}/release"), &release)
                .await
                .expect("release");
            assert_eq!(released.status, 200, "{released:?}");
        }
        session.converge(&BTreeSet::new()).await;
        let again = asker.get(&format!("{base}/slots")).await.expect("slots");
        assert_eq!(
            picture(&again.body["types"]),
            picture(&slots.body["types"]),
            "released slots are free again"
        );
    }
    server.kill();
    verify(&data);
}
