//! Two hundred boards that all lose their line at once, while bookings go on: dropped by their own side, or by a server that
//! is stopped or killed. All come back from where they stood, are resumed, and miss no change. The large numbers and the times
//! are the load scenarios' (`loadtests/storm.rs`).

use crate::board::{Board, Known, picture};
use crate::http::Connection;
use crate::server::{Server, data_dir, fresh};
use futures_util::future::join_all;
use serde_json::{Value, json};

const BOARDS: usize = 200;
/// Which practitioner: their slots are few.
const WHOSE: usize = 1;

async fn slots(server: &Server) -> Value {
    let path = format!("{}/slots", server.public(WHOSE));
    let answer = server.connect().await.get(&path).await.expect("slots");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// A slot of the first type that can be held at once.
fn free_slot(slots: &Value) -> (String, i64) {
    let now = slots["now_ms"].as_i64();
    let kind = &slots["types"][0];
    let free = kind["slots"].as_array().expect("slots").iter();
    let mut open = free.filter(|slot| slot["from_ms"].as_i64() <= now && now < slot["until_ms"].as_i64());
    let start_ms = open.next().expect("a free slot")["start_ms"].as_i64().expect("start");
    (kind["kind"].as_str().expect("kind").to_owned(), start_ms)
}

/// Holds a slot and gives it back, `times` times: boards see two changes each time. The last hold stands.
async fn change(server: &Server, times: usize) {
    let mut connection = server.connect().await;
    let (kind, start_ms) = free_slot(&slots(server).await);
    for _ in 0..times {
        let hold = hold(&mut connection, server, &kind, start_ms).await;
        let (id, token) = hold;
        let path = format!("{}/holds/{id}/release", server.public(WHOSE));
        let body = json!({ "command_id": fresh(), "token": token });
        let released = connection.post(&path, &body).await.expect("release");
        assert_eq!(released.status, 200, "{released:?}");
    }
    hold(&mut connection, server, &kind, start_ms).await;
}

async fn hold(connection: &mut Connection, server: &Server, kind: &str, start_ms: i64) -> (String, String) {
    let token = fresh();
    let body = json!({ "command_id": fresh(), "kind": kind, "start_ms": start_ms, "token": token });
    let path = format!("{}/holds", server.public(WHOSE));
    let held = connection.post(&path, &body).await.expect("hold");
    assert_eq!(held.status, 201, "{held:?}");
    (held.body["hold"].as_str().expect("hold").to_owned(), token)
}

async fn all_back(server: &Server, known: Vec<Known>) -> Vec<Board> {
    let practitioner = &server.practitioners[WHOSE];
    let back = known
        .into_iter()
        .map(|known| Board::resume(&server.host, &server.practice, practitioner, known));
    join_all(back).await
}

/// Every board's picture becomes the one that HTTP shows.
async fn converge(server: &Server, boards: &mut [Board]) {
    let expected = picture(&slots(server).await["types"]);
    join_all(boards.iter_mut().map(|board| board.converge(&expected))).await;
}

fn dropped(boards: Vec<Board>) -> Vec<Known> {
    let drop_line = |(number, board): (usize, Board)| board.drop_line(number % 2 == 0);
    boards.into_iter().enumerate().map(drop_line).collect()
}

#[tokio::test]
async fn boards_dropped_at_once_come_back_resumed_and_miss_no_change() {
    let (_guard, data) = data_dir();
    let server = Server::start(&data);
    let known = Known::from_slots(&slots(&server).await);
    change(&server, 2).await;
    let mut boards = all_back(&server, vec![known; BOARDS]).await;
    converge(&server, &mut boards).await;

    let known = dropped(boards);
    change(&server, 5).await;
    // Changes go on while they come back.
    let (mut boards, ()) = tokio::join!(all_back(&server, known), change(&server, 10));
    converge(&server, &mut boards).await;
    assert_eq!(server.metric("cabinet_invariant_violations_total"), 0.0);
}

#[tokio::test]
async fn boards_come_back_resumed_to_a_server_that_was_stopped_or_killed() {
    let (_guard, data) = data_dir();
    let mut server = Server::start(&data);
    let known = Known::from_slots(&slots(&server).await);
    let mut boards = all_back(&server, vec![known; BOARDS]).await;
    for killed in [false, true] {
        change(&server, 3).await;
        // They stand at different positions: every second one has read what happened.
        let (read, _unread): (Vec<_>, Vec<_>) = boards.iter_mut().enumerate().partition(|(number, _)| number % 2 == 0);
        let expected = picture(&slots(&server).await["types"]);
        join_all(read.into_iter().map(|(_, board)| board.converge(&expected))).await;
        if killed {
            server.kill()
        } else {
            server.terminate()
        }
        let known = dropped(boards);
        server = Server::start(&data);
        let (back, ()) = tokio::join!(all_back(&server, known), change(&server, 3));
        boards = back;
        converge(&server, &mut boards).await;
    }
}
