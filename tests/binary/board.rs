//! A board that keeps its own picture of the free slots, strictly by the protocol: any gap is a failure.

use futures_util::StreamExt as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Free starts by type.
pub(crate) type Picture = BTreeMap<String, BTreeSet<i64>>;

/// An open board.
pub(crate) struct Board {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    history: String,
    seq: u64,
    pub(crate) picture: Picture,
}

/// What a board without a line knows.
#[derive(Clone)]
pub(crate) struct Known {
    history: String,
    seq: u64,
    picture: Picture,
}

impl Known {
    /// From the answer of `/slots`, which names a position of boards.
    pub(crate) fn from_slots(slots: &Value) -> Self {
        Self {
            history: slots["history"].as_str().expect("history").to_owned(),
            seq: slots["seq"].as_u64().expect("seq"),
            picture: picture(&slots["types"]),
        }
    }
}

fn starts(slots: &Value) -> BTreeSet<i64> {
    slots
        .as_array()
        .expect("slots")
        .iter()
        .map(|slot| slot["start_ms"].as_i64().expect("start"))
        .collect()
}

/// A picture from a list of types with slots (`snapshot` frame or HTTP answer).
pub(crate) fn picture(types: &Value) -> Picture {
    let types = types.as_array().expect("types");
    types
        .iter()
        .map(|one| (one["kind"].as_str().expect("kind").to_owned(), starts(&one["slots"])))
        .collect()
}

impl Board {
    /// Joins without a position and reads the snapshot.
    pub(crate) async fn join(host: &str, practice: &str, practitioner: &str) -> Self {
        let address = format!("ws://{host}/live?practice={practice}&practitioner={practitioner}");
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("join the board");
        let mut board = Self {
            socket,
            history: String::new(),
            seq: 0,
            picture: Picture::new(),
        };
        board.step().await;
        board
    }

    /// Joins from a position, which the server must know.
    pub(crate) async fn resume(host: &str, practice: &str, practitioner: &str, known: Known) -> Self {
        let Known { history, seq, picture } = known;
        let position = format!("history={history}&seq={seq}");
        let address = format!("ws://{host}/live?practice={practice}&practitioner={practitioner}&{position}");
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("join the board");
        let mut board = Self {
            socket,
            history,
            seq,
            picture,
        };
        let first = board.frame().await;
        let said = (
            first["event"].as_str(),
            first["history"].as_str(),
            first["seq"].as_u64(),
        );
        assert_eq!(said, (Some("resumed"), Some(board.history.as_str()), Some(seq)));
        board
    }

    /// Lets the line go without a word: by a reset, or by closing the connection.
    pub(crate) fn drop_line(self, by_reset: bool) -> Known {
        if let (true, MaybeTlsStream::Plain(stream)) = (by_reset, self.socket.get_ref()) {
            stream.set_zero_linger().expect("linger");
        }
        Known {
            history: self.history,
            seq: self.seq,
            picture: self.picture,
        }
    }

    async fn frame(&mut self) -> Value {
        loop {
            match self.socket.next().await.expect("board stays open").expect("frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("json"),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("unexpected frame {other:?}")
                }
            }
        }
    }

    /// Reads and applies one frame.
    pub(crate) async fn step(&mut self) {
        let frame = self.frame().await;
        match frame["event"].as_str() {
            Some("snapshot") => {
                frame["history"]
                    .as_str()
                    .expect("history")
                    .clone_into(&mut self.history);
                self.seq = frame["seq"].as_u64().expect("seq");
                self.picture = picture(&frame["types"]);
            }
            Some("delta") => {
                let (from, to) = (frame["from"].as_u64().expect("from"), frame["to"].as_u64().expect("to"));
                assert!(
                    from <= self.seq && self.seq < to,
                    "at {}, told {from} to {to}",
                    self.seq
                );
                self.seq = to;
                for change in frame["types"].as_array().expect("types") {
                    let free = self
                        .picture
                        .entry(change["kind"].as_str().expect("kind").to_owned())
                        .or_default();
                    for removed in change["removed_ms"].as_array().expect("removed") {
                        free.remove(&removed.as_i64().expect("start"));
                    }
                    free.extend(starts(&change["added"]));
                }
            }
            other => panic!("unexpected event {other:?}"),
        }
    }

    /// Steps until the picture equals `expected`; fails after 20 seconds.
    pub(crate) async fn converge(&mut self, expected: &Picture) {
        let reached = tokio::time::timeout(std::time::Duration::from_secs(20), async {
            while self.picture != *expected {
                self.step().await;
            }
        });
        reached.await.expect("the board converges");
    }
}
