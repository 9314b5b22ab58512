//! A frame that declares 1 GiB and sends up to 100 MiB: refused at its header on both sockets, before anything is kept.

use crate::handshake::handshake;
use crate::http::Wire;
use crate::server::{Server, data_dir};
use crate::session::{handshake_lines, sign_in};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MIB: u64 = 1024 * 1024;
const DECLARED_BYTES: u64 = 1024 * MIB;
const SENT_BYTES_MAX: u64 = 100 * MIB;

/// Declares the giant, sends until the server ends it; returns what the server said and how much could be sent.
async fn provoke(stream: Wire) -> (Vec<u8>, u64) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let mut header = vec![0x81, 0x80 | 127];
    header.extend(DECLARED_BYTES.to_be_bytes());
    header.extend([0; 4]);
    let sending = tokio::spawn(async move {
        let mut sent = 0;
        if writing.write_all(&header).await.is_ok() {
            let chunk = vec![0x61; 64 * 1024];
            while sent < SENT_BYTES_MAX && writing.write_all(&chunk).await.is_ok() {
                sent += 64 * 1024;
            }
        }
        sent
    });
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count) = reading.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        said.extend_from_slice(&buffer[..count]);
    }
    (said, sending.await.expect("sending"))
}

#[tokio::test]
async fn a_frame_that_declares_a_gibibyte_is_refused_at_its_header_on_both_sockets() {
    let (_guard, data) = data_dir();
    let server = Server::start(&data);
    let cookie = sign_in(&server).await;
    let live = format!(
        "/live?practice={}&practitioner={}",
        server.practice, server.practitioners[0]
    );
    for path in ["/ws", live.as_str()] {
        let first = handshake_lines(&server, &cookie).await;
        let second = handshake_lines(&server, &cookie).await;
        // The first giant warms up what any first connection warms up; the second one is measured.
        provoke(handshake(&server, None, path, &first).await).await;
        let before = server.resident_bytes();
        let (said, sent) = provoke(handshake(&server, None, path, &second).await).await;
        let grown = server.resident_bytes().saturating_sub(before);
        println!("{path}: {sent} bytes sent, memory grew by {} KiB", grown / 1024);
        assert!(grown < MIB, "{path}: memory grew by {grown} bytes");
        let close_1009 = said
            .windows(4)
            .any(|frame| frame[0] == 0x88 && frame[2..4] == 1009_u16.to_be_bytes());
        assert!(close_1009 || sent < SENT_BYTES_MAX, "{path}: neither told nor ended");
    }
}
