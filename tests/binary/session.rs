//! A staff session that keeps its own picture of the holds on one agenda, strictly by the protocol: any gap is a failure.

use crate::server::Server;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// An open session, joined to one agenda.
pub(crate) struct Session {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    position: u64,
    /// The whole stretch asked for has been shown.
    complete: bool,
    until_ms: i64,
    /// Ids of the holds that stand.
    pub(crate) holds: BTreeSet<String>,
}

fn id(value: &Value) -> String {
    value.as_str().expect("id").to_owned()
}

/// Signs in with the server's one-time link; returns the session cookie as `name=value`.
pub(crate) async fn sign_in(server: &Server) -> String {
    let secret = server.staff_link.split_once("#link=").expect("a link").1;
    let mut door = server.connect().await;
    let signed_in = door
        .post("/api/v1/staff/sign-in", &json!({ "link": secret }))
        .await
        .expect("sign in");
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    signed_in.cookie.expect("a cookie")
}

/// The protocols that a handshake names: ours, and a ticket for one socket of this session.
pub(crate) async fn protocols(server: &Server, cookie: &str) -> String {
    let mut door = server.connect().await;
    let answer = door.post_as(cookie, "/api/v1/staff/ticket", &json!({})).await;
    format!("cabinet.1, ticket.{}", id(&answer.expect("a ticket").body["ticket"]))
}

/// The lines of a handshake by hand that open a session: cookie and protocols.
pub(crate) async fn handshake_lines(server: &Server, cookie: &str) -> String {
    let protocols = protocols(server, cookie).await;
    format!("cookie: {cookie}\r\nsec-websocket-protocol: {protocols}\r\n")
}

impl Session {
    /// Signs in with a one-time link and joins an agenda for the year around `now_ms`.
    pub(crate) async fn join(server: &Server, agenda: &str, now_ms: i64) -> Self {
        let cookie = sign_in(server).await;
        let now_ms = now_ms - now_ms % 60_000;
        let mut request = format!("ws://{}/ws", server.host)
            .into_client_request()
            .expect("request");
        let headers = request.headers_mut();
        headers.insert("origin", format!("http://{}", server.host).parse().expect("origin"));
        headers.insert("cookie", cookie.parse().expect("cookie"));
        let protocols = protocols(server, &cookie).await;
        headers.insert("sec-websocket-protocol", protocols.parse().expect("protocols"));
        let (socket, _) = tokio_tungstenite::connect_async(request)
            .await
            .expect("open the session");
        let mut session = Self {
            socket,
            position: 0,
            complete: false,
            until_ms: now_ms + 300 * 86_400_000,
            holds: BTreeSet::new(),
        };
        let join = json!({ "event": "join", "ref": 1, "topic": agenda, "history": null, "seq": null,
                           "from_ms": now_ms, "until_ms": now_ms + 300 * 86_400_000 });
        session
            .socket
            .send(Message::text(join.to_string()))
            .await
            .expect("join");
        while !session.complete {
            session.step().await;
        }
        session
    }

    async fn step(&mut self) {
        let frame = loop {
            match self.socket.next().await.expect("session stays open").expect("frame") {
                Message::Text(text) => break serde_json::from_str::<Value>(&text).expect("json"),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => panic!("unexpected {other:?}"),
            }
        };
        match frame["event"].as_str() {
            Some("welcome" | "present" | "done") => {}
            Some("snapshot") => {
                self.position = frame["seq"].as_u64().expect("seq");
                self.complete = frame["view"]["complete_until_ms"] == frame["view"]["covers_until_ms"];
                self.holds = frame["view"]["holds"]
                    .as_array()
                    .expect("holds")
                    .iter()
                    .map(|hold| id(&hold["id"]))
                    .collect();
            }
            Some("part") => {
                assert_eq!(frame["seq"].as_u64(), Some(self.position), "a part out of order");
                self.complete = frame["part"]["complete_until_ms"] == self.until_ms;
            }
            Some("delta") => {
                let from = frame["from"].as_u64().expect("from");
                assert!(
                    from <= self.position,
                    "gap on a session: {from} after {}",
                    self.position
                );
                self.position = frame["to"].as_u64().expect("to");
                for change in frame["changes"].as_array().expect("changes") {
                    match change["change"].as_str() {
                        Some("hold_set") => drop(self.holds.insert(id(&change["hold"]["id"]))),
                        Some("hold_gone") => drop(self.holds.remove(&id(&change["id"]))),
                        _ => {}
                    }
                }
            }
            other => panic!("unexpected event {other:?}: {frame}"),
        }
    }

    /// Steps until exactly these holds stand; fails after 20 seconds.
    pub(crate) async fn converge(&mut self, expected: &BTreeSet<String>) {
        let reached = tokio::time::timeout(std::time::Duration::from_secs(20), async {
            while self.holds != *expected {
                self.step().await;
            }
        });
        reached.await.expect("the session converges");
    }
}
