//! A WebSocket opened by hand, for peers that do not behave like a WebSocket library.

use crate::http::Wire;
use crate::server::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Opens `path` with further `headers` (each ended by a line break); what follows the answer's head is unread.
pub(crate) async fn handshake(server: &Server, receive_bytes: Option<u32>, path: &str, headers: &str) -> Wire {
    let (mut wire, host, scheme) = (server.wire(receive_bytes).await, &server.host, server.scheme);
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\norigin: {scheme}://{host}\r\n{headers}upgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    wire.write_all(request.as_bytes()).await.expect("ask");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    wire
}
