//! A session whose peer stops reading: gone soon, and nobody else notices.

use crate::wait::until;
use crate::world::{AGENDA, START_MS, World};
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AbsenceId, CommandId, StaffId};
use cabinet_domain::schedule::Absence;
use cabinet_domain::time::{Span, UtcMillis};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// No progress for 10 s, looked at every second, and a loaded machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// Makes a view of about 30 KB.
async fn fill(world: &World) {
    for number in 0..150_u8 {
        let from = UtcMillis(START_MS).minute().plus(i64::from(number) * 10);
        let absence = Absence {
            id: AbsenceId(u128::from(number)),
            span: Span::starting(from, 5),
            label: "x".repeat(120),
        };
        let order = cabinet_actors::order::Order {
            agenda: AGENDA,
            command: Command::AddAbsence(absence),
            principal: Principal::Staff(StaffId(50)),
            command_id: CommandId(world.draw().into()),
            digest: [0; 16],
            personal: Vec::new(),
        };
        world.agendas.execute(order).await.unwrap();
    }
}

/// A client's text frame under 64 KiB; the mask is zero, which masks nothing.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut bytes = vec![0x81, 0x80 | 126];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[actix_web::test]
async fn a_session_that_does_not_read_is_gone_within_15_seconds_and_others_go_on() {
    let world = World::start().await;
    fill(&world).await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let address = world.base.trim_start_matches("http://");
    let mut wire = socket.connect(address.parse().unwrap()).await.unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {}\r\nCookie: {cookie}\r\n\r\n",
        world.base
    );
    wire.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    wire.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    for reference in 0..60 {
        let join = json!({"event": "join", "ref": reference, "topic": AGENDA.agenda.to_string(),
            "from_ms": START_MS, "until_ms": START_MS + 86_400_000});
        wire.write_all(&frame(&join.to_string())).await.unwrap();
    }
    let sessions = || world.metrics.sessions.get();
    until("the session", PATIENCE, || sessions() == 1).await;
    until("its end", PATIENCE, || sessions() == 0).await;
    // 60 snapshots of 30 KB were asked for; what a reader that stops is owed was not made in advance.
    let mut left = Vec::new();
    let _reset = wire.read_to_end(&mut left).await;
    assert!(left.len() < 512 * 1024, "{} bytes were on their way", left.len());
    world.staff_get(&cookie, "/api/v1/staff/me").await.fine(200);
}
