//! Sessions whose peers stop reading, plain and over TLS: what they may cost, how soon they are gone, and that another
//! session goes on.

use crate::handshake::handshake;
use crate::http::Wire;
use crate::server::{Server, data_dir};
use crate::session::{handshake_lines, sign_in};
use crate::wait::until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

/// One fewer than a sign-in may have, for the one that goes on.
const JAMMED: u16 = 19;
const MEMORY_PER_JAMMED_BYTES_MAX: u64 = 256 * 1024;
/// Joins of one session; each asks for a snapshot of about a year of bookings.
const JOINS: u32 = 60;
/// 15 s are promised; the asking itself takes a while on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// A client's text frame under 64 KiB; the mask is zero, which masks nothing.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short");
    let mut bytes = vec![0x81, 0x80 | 126];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The payload of the next frame of the server.
async fn read_frame<R: AsyncRead + Unpin>(wire: &mut R) -> Vec<u8> {
    let mut header = [0; 2];
    wire.read_exact(&mut header).await.expect("header");
    let length = match header[1] {
        126 => u64::from(wire.read_u16().await.expect("length")),
        127 => wire.read_u64().await.expect("length"),
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).expect("length")];
    wire.read_exact(&mut payload).await.expect("payload");
    payload
}

fn is_snapshot(payload: &[u8]) -> bool {
    let frame: Value = serde_json::from_slice(payload).unwrap_or(Value::Null);
    frame["event"] == "snapshot"
}

/// What the jammed sessions do before they stop reading.
#[derive(Debug, Clone, Copy)]
enum Before {
    /// Nothing: they never read.
    Nothing,
    /// They read a first snapshot and stand idle.
    Idle,
}

struct Practice {
    server: Server,
    cookie: String,
    agendas: Vec<String>,
    now_ms: i64,
}

impl Practice {
    async fn start(data: &std::path::Path, with_tls: bool) -> Self {
        let server = Server::start_with(data, with_tls);
        let cookie = sign_in(&server).await;
        let mut door = server.connect().await;
        let (mut agendas, mut now_ms) = (Vec::new(), 0);
        for practitioner in 0..server.practitioners.len() {
            let page = door.get(&server.public(practitioner)).await.expect("page");
            agendas.push(page.body["practitioner"]["agenda"].as_str().expect("agenda").to_owned());
            now_ms = page.body["now_ms"].as_i64().expect("now") / 60_000 * 60_000;
        }
        Self {
            server,
            cookie,
            agendas,
            now_ms,
        }
    }

    async fn lines(&self) -> String {
        handshake_lines(&self.server, &self.cookie).await
    }

    async fn session(&self, receive_bytes: Option<u32>, lines: &str) -> Wire {
        handshake(&self.server, receive_bytes, "/ws", lines).await
    }

    fn join(&self, number: u32) -> Vec<u8> {
        let agenda = &self.agendas[number as usize % self.agendas.len()];
        let join = json!({"event": "join", "ref": number, "topic": agenda, "history": null, "seq": null,
                          "from_ms": self.now_ms - 90 * 86_400_000, "until_ms": self.now_ms + 300 * 86_400_000});
        frame(&join.to_string())
    }

    /// Joins and reads until the snapshot has come.
    async fn settle(&self, wire: &mut Wire, number: u32) {
        wire.write_all(&self.join(number)).await.expect("join");
        loop {
            if is_snapshot(&read_frame(wire).await) {
                return;
            }
        }
    }
}

async fn jam(with_tls: bool, before: Before) {
    let (_guard, data) = data_dir();
    let practice = Practice::start(&data, with_tls).await;
    let sessions = || practice.server.metric("cabinet_sessions_open");
    let mut healthy = practice.session(None, &practice.lines().await).await;
    practice.settle(&mut healthy, 0).await;
    // Warms up what any first joins warm up.
    for number in 1..6 {
        practice.settle(&mut healthy, number).await;
    }
    // From now on it reads what comes: who looks at the agendas changes all the time.
    let (mut reading, mut writing) = tokio::io::split(healthy);
    let snapshots = Arc::new(AtomicUsize::new(0));
    let seen = snapshots.clone();
    let reader = tokio::spawn(async move {
        loop {
            if is_snapshot(&read_frame(&mut reading).await) {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    // Asked for before, so that what their connections leave behind is not counted as the sessions'.
    let mut tickets = Vec::new();
    for _ in 0..JAMMED {
        tickets.push(practice.lines().await);
    }
    let resident = practice.server.resident_bytes();
    let mut jammed = Vec::new();
    for lines in &tickets {
        let mut wire = practice.session(Some(4 * 1024), lines).await;
        if matches!(before, Before::Idle) {
            practice.settle(&mut wire, 0).await;
        }
        jammed.push(wire);
    }
    until("the sessions", PATIENCE, || sessions() == f64::from(JAMMED + 1)).await;
    for wire in &mut jammed {
        for number in 0..JOINS {
            wire.write_all(&practice.join(number)).await.expect("join");
        }
        wire.flush().await.expect("flush");
    }
    let start = Instant::now();
    let mut most = 0;
    until("the jammed ones' end", PATIENCE, || {
        most = most.max(practice.server.resident_bytes().saturating_sub(resident));
        sessions() == 1.0
    })
    .await;
    let each = most / u64::from(JAMMED);
    println!(
        "{JAMMED} jammed sessions, TLS {with_tls}, before: {before:?}: gone after {:?}, memory grew by {} KiB each",
        start.elapsed(),
        each / 1024
    );
    assert!(each <= MEMORY_PER_JAMMED_BYTES_MAX, "memory grew by {each} bytes each");
    writing.write_all(&practice.join(100)).await.expect("join");
    writing.flush().await.expect("flush");
    until("the other's snapshot", PATIENCE, || {
        snapshots.load(Ordering::Relaxed) == 1
    })
    .await;
    reader.abort();
}

#[tokio::test]
async fn jammed_sessions_are_gone_within_15_s_and_cost_little_whole_machine() {
    jam(false, Before::Nothing).await;
    jam(false, Before::Idle).await;
}

#[tokio::test]
async fn jammed_sessions_over_tls_are_gone_within_15_s_and_cost_little_whole_machine() {
    jam(true, Before::Nothing).await;
    jam(true, Before::Idle).await;
}
