//! Somebody's browser at one of the server's doors: what it sends, the cookies it keeps, an application that shows codes.
//!
//! Must not be here: what is planted.

use crate::server::{Server, fresh};
use data_encoding::BASE32_NOPAD;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, RequestBuilder};
use ring::hmac;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// "Busy" is an answer that says: the same again. A start may say so for a moment.
const PATIENCE: usize = 1_000;

/// What came back.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Said {
    /// The body, which the server gave with this status.
    pub(super) fn fine(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// One browser.
#[derive(Debug, Clone)]
pub(super) struct Door {
    http: reqwest::Client,
    host: String,
    /// As they are sent back.
    pub(super) cookies: String,
    /// How the browser calls itself.
    pub(super) agent: String,
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the server outside has the machine's clock")]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(since.as_millis()).expect("an instant")
}

/// The code of an application now, or some steps of half a minute aside (RFC 6238).
pub(super) fn code(secret: &str, aside: i64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).expect("a secret");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let step = now_ms() / 30_000 + aside;
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 0xf);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().expect("four bytes"));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The secret at the end of a link.
pub(super) fn link_in(text: &str) -> String {
    let (_, after) = text.split_once("#link=").expect("a link");
    after.chars().take_while(char::is_ascii_hexdigit).collect()
}

impl Door {
    /// A browser that was never here.
    pub(super) fn new(host: &str) -> Self {
        // Asked for by the client, also where there is no TLS; every browser but the first finds it there.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self {
            http: reqwest::Client::builder().build().expect("a client"),
            host: host.to_owned(),
            cookies: String::new(),
            agent: "essai".to_owned(),
        }
    }

    /// The server was started again, and listens elsewhere.
    pub(super) fn moved_to(&mut self, host: &str) {
        host.clone_into(&mut self.host);
    }

    async fn ask(&mut self, request: impl Fn(&Self) -> RequestBuilder) -> Said {
        for _ in 0..PATIENCE {
            let request = request(self)
                .header("cookie", &self.cookies)
                .header("user-agent", &self.agent);
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let set = answer.headers().get_all("set-cookie").iter();
            let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
            let pairs: Vec<_> = pairs.map(str::to_owned).collect();
            let text = answer.text().await.expect("a text");
            if status != 503 {
                if !pairs.is_empty() {
                    self.cookies = pairs.join("; ");
                }
                return Said { status, text };
            }
        }
        panic!("busy for ever");
    }

    pub(super) async fn get(&mut self, path: &str) -> Said {
        self.ask(|door| door.http.request(Method::GET, format!("http://{}{path}", door.host)))
            .await
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Said {
        self.ask(|door| {
            let request = door.http.request(Method::POST, format!("http://{}{path}", door.host));
            request.header("x-cabinet", "1").json(body)
        })
        .await
    }

    /// Something under `/api/v1/account`.
    pub(super) async fn account(&mut self, path: &str, body: &Value) -> Said {
        self.post(&format!("/api/v1/account/{path}"), body).await
    }

    /// Something under `/api/v1/staff`, with a number of its own.
    pub(super) async fn staff(&mut self, path: &str, mut body: Value) -> Said {
        body["command_id"] = json!(fresh());
        self.post(&format!("/api/v1/staff/{path}"), &body).await
    }

    /// A change of an agenda.
    pub(super) async fn command(&mut self, agenda: &str, command: &Value) {
        let path = format!("agendas/{agenda}/commands");
        self.staff(&path, json!({ "command": command })).await.fine(200);
    }

    /// Changes of an agenda over a socket.
    pub(super) async fn commands_over_socket(&mut self, server: &Server, agenda: &str, commands: Vec<Value>) {
        let ticket = self.post("/api/v1/staff/ticket", &json!({})).await.fine(200);
        let ticket = ticket["ticket"].as_str().expect("a ticket");
        let address = format!("ws://{}/ws", server.host);
        let mut request = address.into_client_request().expect("a request");
        for (name, value) in [
            ("origin", format!("http://{}", server.host)),
            ("cookie", self.cookies.clone()),
            ("sec-websocket-protocol", format!("cabinet.1, ticket.{ticket}")),
        ] {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
        let from_ms = now_ms() / 60_000 * 60_000;
        let join = json!({ "event": "join", "ref": 0, "topic": agenda, "history": null, "seq": null,
                           "from_ms": from_ms, "until_ms": from_ms + 84 * 86_400_000 });
        socket.send(Message::text(join.to_string())).await.expect("join");
        for (number, command) in (1..).zip(commands) {
            let frame = json!({ "event": "command", "ref": number, "topic": agenda, "command_id": fresh(), "command": command });
            socket.send(Message::text(frame.to_string())).await.expect("send");
            loop {
                let heard = socket.next().await.expect("it stays open").expect("a frame");
                let frame: Value = heard
                    .to_text()
                    .map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_default());
                assert_ne!(frame["event"], "refused", "{frame}");
                if (&frame["event"], &frame["ref"]) == (&json!("accepted"), &json!(number)) {
                    break;
                }
            }
        }
    }
}
