//! Sessions over real sockets: joining, deltas, commands, resuming, presence, and everything that is no frame.

use crate::world::{AGENDA, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, START_MS, World};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const UNTIL_MS: i64 = START_MS + 14 * 86_400_000;

pub(crate) struct Session(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// A ticket as the server gives it; without one the handshake says why there is none.
async fn ticket(world: &World, cookie: &str) -> String {
    let answer = world.staff_post(cookie, "/api/v1/staff/ticket", &json!({})).await;
    answer.body["ticket"].as_str().unwrap_or("none").to_owned()
}

/// Tries to open a session with a fresh ticket; the status when it is refused.
async fn attempt(world: &World, cookie: Option<&str>, origin: Option<&str>) -> Result<Session, u16> {
    let ticket = match cookie {
        Some(cookie) => Some(format!("cabinet.1, ticket.{}", ticket(world, cookie).await)),
        None => None,
    };
    attempt_with(world, (cookie, origin), ticket.as_deref()).await
}

async fn attempt_with(
    world: &World,
    (cookie, origin): (Option<&str>, Option<&str>),
    protocols: Option<&str>,
) -> Result<Session, u16> {
    let address = format!("{}/ws", world.base.replace("http://", "ws://"));
    let mut request = address.into_client_request().unwrap();
    for (name, value) in [
        ("cookie", cookie),
        ("origin", origin),
        ("sec-websocket-protocol", protocols),
    ] {
        if let Some(value) = value {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).unwrap());
        }
    }
    match connect_async(request).await {
        Ok((socket, response)) => {
            assert_eq!(response.headers()["sec-websocket-protocol"], "cabinet.1");
            Ok(Session(socket))
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Session {
    pub(crate) async fn open(world: &World, staff: u128) -> Self {
        let cookie = world.sign_in(AGENDA.practice, staff).await;
        Self::with(world, &cookie).await
    }

    pub(crate) async fn with(world: &World, cookie: &str) -> Self {
        let opened = attempt(world, Some(cookie), Some(&world.base)).await;
        let mut session = opened.unwrap_or_else(|status| panic!("refused with {status}"));
        let welcome = session.next().await;
        assert_eq!((&welcome["event"], &welcome["version"]), (&json!("welcome"), &json!(1)));
        session
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// A text message in two frames.
    async fn fragments(&mut self, parts: [&str; 2]) {
        for (part, code, last) in [(parts[0], Data::Text, false), (parts[1], Data::Continue, true)] {
            let frame = Frame::message(part.to_owned(), OpCode::Data(code), last);
            self.raw(Message::Frame(frame)).await;
        }
    }

    /// The next text frame; pings are answered by the client library.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => panic!("{other:?}"),
            }
        }
    }

    /// The next frame of this kind; others are skipped.
    pub(crate) async fn next_of(&mut self, event: &str) -> Value {
        self.next_of_any(&[event]).await
    }

    /// The next frame of one of these kinds; others are skipped.
    pub(crate) async fn next_of_any(&mut self, events: &[&str]) -> Value {
        loop {
            let frame = self.next().await;
            if events.iter().any(|event| frame["event"] == *event) {
                return frame;
            }
        }
    }

    /// How the server closed; frames before it are skipped.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|CloseFrame { code, .. }| code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn join(&mut self, position: Option<&Value>) -> Value {
        let mut frame = json!({"event": "join", "ref": 1, "topic": AGENDA.agenda.to_string(),
            "from_ms": START_MS, "until_ms": UNTIL_MS});
        if let Some(position) = position {
            frame["history"] = position["history"].clone();
            frame["seq"] = position["seq"].clone();
        }
        self.send(&frame).await;
        self.next().await
    }
}

fn book(world: &World, reference: u32, start_ms: i64) -> Value {
    json!({"event": "command", "ref": reference, "topic": AGENDA.agenda.to_string(), "command_id": world.id(), "command": {
        "do": "book", "booking": world.id(), "kind": KIND.to_string(), "start_ms": start_ms,
        "person": {"given_name": "Hugo", "family_name": "Blanc", "email": null, "phone": null},
    }})
}

#[actix_web::test]
async fn only_someone_signed_in_from_an_allowed_page_gets_a_session() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let own = world.base.clone();
    for (cookie, origin, status) in [
        (None, Some(own.as_str()), 401),
        (Some("cabinet-loopback=1"), Some(own.as_str()), 401),
        (Some(cookie.as_str()), None, 403),
        (Some(cookie.as_str()), Some("null"), 403),
        (Some(cookie.as_str()), Some("https://evil.example"), 403),
        (Some(cookie.as_str()), Some(&format!("{own}.evil.example")), 403),
    ] {
        let refused = attempt(&world, cookie, origin).await.err();
        assert_eq!(refused, Some(status), "{cookie:?} {origin:?}");
    }
    Session::with(&world, &cookie).await;
}

#[actix_web::test]
async fn a_ticket_opens_one_socket_of_its_own_session_once_and_within_thirty_seconds() {
    let world = World::start().await;
    let mine = world.sign_in(AGENDA.practice, 50).await;
    let other = world.sign_in(AGENDA.practice, 50).await;
    let dial = async |cookie: &str, protocols: Option<String>| {
        let page = (Some(cookie), Some(world.base.as_str()));
        attempt_with(&world, page, protocols.as_deref()).await.err()
    };
    let named = |ticket: &str| Some(format!("cabinet.1, ticket.{ticket}"));

    assert_eq!(dial(&mine, None).await, Some(401), "no ticket");
    assert_eq!(dial(&mine, Some("cabinet.1".to_owned())).await, Some(401), "no ticket");
    assert_eq!(dial(&mine, named(&"0".repeat(64))).await, Some(401), "an invented one");

    let used = ticket(&world, &mine).await;
    assert_eq!(dial(&mine, named(&used)).await, None);
    assert_eq!(dial(&mine, named(&used)).await, Some(401), "played again");

    let stolen = ticket(&world, &mine).await;
    assert_eq!(dial(&other, named(&stolen)).await, Some(401), "another session's");
    assert_eq!(
        dial(&mine, named(&stolen)).await,
        Some(401),
        "and used up by the attempt"
    );

    let (good, late) = (ticket(&world, &mine).await, ticket(&world, &mine).await);
    world.pass_seconds(29);
    assert_eq!(dial(&mine, named(&good)).await, None);
    world.pass_seconds(1);
    assert_eq!(dial(&mine, named(&late)).await, Some(401), "too old");
}

#[actix_web::test]
async fn a_booking_by_a_patient_reaches_staff_and_a_resumed_session_misses_nothing() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let snapshot = session.join(None).await;
    assert_eq!(snapshot["event"], "snapshot");
    assert_eq!(snapshot["view"]["bookings"], json!([]));
    world.book(MONDAY_MS).await;
    let held = session.next_of("delta").await;
    assert_eq!(held["from"], snapshot["seq"]);
    assert_eq!(held["changes"][0]["change"], "hold_set");
    let booked = session.next_of("delta").await;
    assert_eq!(booked["from"], held["to"]);
    assert_eq!(booked["changes"][0]["change"], "hold_gone");
    assert_eq!(booked["changes"][1]["booking"]["person"]["family_name"], "Petit");
    drop(session);

    let mut again = Session::open(&world, 50).await;
    let resumed = again.join(Some(&snapshot)).await;
    assert_eq!(
        (&resumed["event"], &resumed["seq"]),
        (&json!("resumed"), &snapshot["seq"])
    );
    let mut at = resumed["seq"].clone();
    while at != booked["to"] {
        let delta = again.next_of("delta").await;
        assert_eq!(delta["from"], at);
        at = delta["to"].clone();
    }
    // Of another history, or from the future: from the start.
    for position in [
        json!({"history": "0".repeat(32), "seq": 1}),
        json!({"history": snapshot["history"], "seq": 1_000_000}),
    ] {
        let mut other = Session::open(&world, 50).await;
        let answer = other.join(Some(&position)).await;
        assert_eq!((&answer["event"], &answer["seq"]), (&json!("snapshot"), &booked["to"]));
    }
}

#[actix_web::test]
async fn commands_are_accepted_refused_and_repeated_by_their_id() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    session.join(None).await;
    let command = book(&world, 7, MONDAY_MS);
    session.send(&command).await;
    let accepted = session.next_of("accepted").await;
    assert_eq!(accepted["ref"], 7);
    session.send(&command).await;
    assert_eq!(session.next_of("accepted").await, accepted);
    session.send(&book(&world, 8, MONDAY_MS)).await;
    let refused = session.next_of("refused").await;
    assert_eq!(
        (&refused["ref"], &refused["problem"]["code"]),
        (&json!(8), &json!("slot_taken"))
    );
    let shift = json!({"event": "command", "ref": 9, "topic": AGENDA.agenda.to_string(), "command_id": world.id(),
        "command": {"do": "move", "booking": command["command"]["booking"], "start_ms": MONDAY_MS + 30 * MINUTE_MS}});
    session.send(&shift).await;
    loop {
        let delta = session.next_of("delta").await;
        if delta["changes"][0]["change"] == "booking_moved" {
            assert_eq!(delta["changes"][0]["start_ms"], MONDAY_MS + 30 * MINUTE_MS);
            break;
        }
    }
}

#[actix_web::test]
async fn changed_settings_end_the_topic_with_resync_and_a_join_from_before_gets_a_snapshot() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let snapshot = session.join(None).await;
    let rule = snapshot["view"]["rules"][0]["id"].clone();
    let close = json!({"event": "command", "ref": 2, "topic": AGENDA.agenda.to_string(), "command_id": world.id(),
        "command": {"do": "close_hours", "id": rule}});
    session.send(&close).await;
    assert_eq!(session.next_of("resync").await["topic"], AGENDA.agenda.to_string());
    let answer = session.join(Some(&snapshot)).await;
    let answer = if answer["event"] == "accepted" {
        session.next().await
    } else {
        answer
    };
    assert_eq!(answer["event"], "snapshot");
    assert_eq!(answer["view"]["rules"], json!([]));
}

#[actix_web::test]
async fn what_is_no_frame_is_refused_and_the_session_goes_on() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let own = AGENDA.agenda.to_string();
    let foreign = FOREIGN.agenda.to_string();
    let join = |topic: &str, until_ms: i64| json!({"event": "join", "ref": 5, "topic": topic, "from_ms": START_MS, "until_ms": until_ms});
    for (text, reference, code) in [
        (String::new(), Value::Null, "malformed"),
        ("{".to_owned(), Value::Null, "malformed"),
        ("[]".to_owned(), Value::Null, "malformed"),
        (r#"{"ref":5}"#.to_owned(), json!(5), "malformed"),
        (r#"{"event":"shout","ref":5}"#.to_owned(), json!(5), "malformed"),
        (r#"{"event":"join","ref":5}"#.to_owned(), json!(5), "malformed"),
        (
            format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)),
            Value::Null,
            "malformed",
        ),
        (join("x", UNTIL_MS).to_string(), json!(5), "malformed"),
        (join(&own, START_MS).to_string(), json!(5), "malformed"),
        (
            join(&own, START_MS + 401 * 86_400_000).to_string(),
            json!(5),
            "malformed",
        ),
        (join(&foreign, UNTIL_MS).to_string(), json!(5), "not_found"),
        (join(&world.id(), UNTIL_MS).to_string(), json!(5), "not_found"),
        (
            json!({"event": "presence", "ref": 5, "topic": own}).to_string(),
            json!(5),
            "not_found",
        ),
        (
            json!({"event": "leave", "ref": 5, "topic": foreign}).to_string(),
            json!(5),
            "not_found",
        ),
        (
            book(&world, 5, MONDAY_MS).to_string().replace(&own, &foreign),
            json!(5),
            "not_found",
        ),
        (book(&world, 5, MONDAY_MS + 1).to_string(), json!(5), "malformed"),
    ] {
        session.raw(Message::text(text.clone())).await;
        let refused = session.next_of("refused").await;
        assert_eq!(
            (&refused["ref"], &refused["problem"]["code"]),
            (&reference, &json!(code)),
            "{text:.80}"
        );
    }
    session.raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(session.next_of("refused").await["problem"]["code"], "malformed");
    assert_eq!(session.join(None).await["event"], "snapshot");
}

#[actix_web::test]
async fn a_frame_over_the_limit_closes_with_1009_and_one_at_the_limit_does_not() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    session.raw(Message::text(" ".repeat(65_536))).await;
    assert_eq!(session.next_of("refused").await["problem"]["code"], "malformed");
    session.raw(Message::text(" ".repeat(65_537))).await;
    assert_eq!(session.closed().await, Some(1009));
    let mut session = Session::open(&world, 50).await;
    session.raw(Message::text(" ".repeat(65 * 1024))).await;
    assert_eq!(session.closed().await, Some(1009));
}

#[actix_web::test]
async fn a_message_in_fragments_has_the_limit_of_one_frame() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let half = " ".repeat(32_768);
    session.fragments([&half, &half]).await;
    assert_eq!(session.next_of("refused").await["problem"]["code"], "malformed");
    session.fragments([&half, &format!("{half} ")]).await;
    assert_eq!(session.closed().await, Some(1009));
}

#[actix_web::test]
async fn a_hundred_frames_are_read_and_one_more_closes_with_4029() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    let leave = json!({"event": "leave", "ref": 1, "topic": AGENDA.agenda.to_string()});
    for _ in 0..100 {
        session.send(&leave).await;
        assert_eq!(session.next().await["event"], "done");
    }
    session.send(&leave).await;
    assert_eq!(session.closed().await, Some(4029));
}

#[actix_web::test]
async fn signing_out_closes_the_session_with_4001() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let mut session = Session::with(&world, &cookie).await;
    let mut other = Session::open(&world, 51).await;
    world.staff_post(&cookie, "/api/v1/staff/sign-out", &json!({})).await;
    assert_eq!(session.closed().await, Some(4001));
    assert_eq!(other.join(None).await["event"], "snapshot");
}

#[actix_web::test]
async fn colleagues_see_who_looks_at_an_agenda_and_who_stops() {
    let world = World::start().await;
    let mut anne = Session::open(&world, 50).await;
    let mut bruno = Session::open(&world, 51).await;
    anne.join(None).await;
    bruno.join(None).await;
    bruno
        .send(&json!({"event": "presence", "ref": 3, "topic": AGENDA.agenda.to_string()}))
        .await;
    assert_eq!(anne.next_of("present").await["staff"], json!(["Bruno"]));
    assert_eq!(bruno.next_of("done").await["ref"], 3);
    drop(bruno);
    assert_eq!(anne.next_of("present").await["staff"], json!([]));
}

#[actix_web::test]
async fn pings_are_answered_and_a_fragmented_frame_is_one_frame() {
    let world = World::start().await;
    let mut session = Session::open(&world, 50).await;
    session.raw(Message::Ping(Bytes::from_static(b"hello"))).await;
    let Message::Pong(echo) = session.0.next().await.unwrap().unwrap() else {
        panic!("no pong")
    };
    assert_eq!(echo, Bytes::from_static(b"hello"));
    let text = json!({"event": "leave", "ref": 9, "topic": AGENDA.agenda.to_string()}).to_string();
    let (first, rest) = text.split_at(20);
    session.fragments([first, rest]).await;
    assert_eq!(session.next().await, json!({"event": "done", "ref": 9}));
}
