//! Plants words where requests should not have them: in addresses, heads, bodies and frames that are refused. A server is tempted
//! to write such things down.

use super::door::Door;
use super::words::Words;
use crate::server::Server;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Says something that is not quite HTTP; what the server answers before it ends the connection.
async fn raw(server: &Server, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.host).await.expect("connect");
    stream.write_all(said).await.expect("say");
    stream.shutdown().await.expect("no more");
    let mut heard = Vec::new();
    // A connection that is reset has been answered as well.
    drop(stream.read_to_end(&mut heard).await);
    String::from_utf8_lossy(&heard).into_owned()
}

/// Requests that are refused; each is answered, so that each has been read.
pub(super) async fn refused(words: &mut Words, server: &Server, staff: &mut Door, agenda: &str) {
    let host = &server.host;
    for _ in 0..2 {
        let (name, mail) = (words.name(), words.mail());
        for path in [
            format!("/p/{name}"),
            format!("/api/v1/public/{name}/{name}"),
            format!("/api/v1/staff/agendas/{agenda}?from_ms={name}&until_ms={mail}"),
            format!("/api/v1/staff/audit?act={name}&booking={mail}"),
            format!("/{mail}/../{name}?courriel={mail}#{name}"),
        ] {
            let answer = staff.get(&path).await;
            assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {answer:?}");
        }
        words.taken(&format!("{name}{mail}"));
    }
    let note = words.note();
    let booking = json!({ "do": "book", "booking": note, "kind": note, "start_ms": note, "person": note });
    let path = format!("agendas/{agenda}/commands");
    let answer = staff.staff(&path, json!({ "command": booking })).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    words.taken(&note);
    let (name, secret, agent) = (words.name(), words.number(12), words.number(13));
    for said in [
        format!(
            "GET /{name} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\ncookie: cabinet-loopback={secret}\r\nreferer: http://{host}/{name}\r\nconnection: close\r\n\r\n"
        ),
        format!("GET /{name} {secret} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\nx {name}: {secret}\r\n\r\n"),
        format!("{name} / HTTP/1.1\r\nhost: {secret}\r\n\r\n"),
        format!(
            "POST /api/v1/account/sign-in HTTP/1.1\r\nhost: {host}\r\nx-cabinet: 1\r\ncontent-type: application/json\r\ncontent-length: 60\r\nconnection: close\r\n\r\n{{\"email\": \"{name}\", \"password\": {secret}"
        ),
        format!(
            "POST /api/v1/account/sign-in HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n{name}\r\n{secret}\r\n"
        ),
        format!("POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: {secret}{agent}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: +{agent}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: {name}\r\n\r\n"),
        format!(
            "GET /ws HTTP/1.1\r\nhost: {host}\r\norigin: http://{name}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {secret}\r\nsec-websocket-protocol: cabinet.1, ticket.{secret}\r\n\r\n"
        ),
    ] {
        let heard = raw(server, said.as_bytes()).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 "), "{heard}");
    }
    words.taken(&format!("{name}{secret}{agent}"));
}
