//! A client's half of the WebSocket handshake over a blocking stream, plain or TLS.

use anyhow::{Context as _, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

/// Longest answer that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Asks for `path` and reads the answer; gives back the bytes that came after it.
pub(crate) fn upgrade(stream: &mut (impl Read + Write), path: &str) -> anyhow::Result<Vec<u8>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let bytes = stream.read(&mut piece).context("no answer to the handshake")?;
        ensure!(bytes > 0 && head.len() < HEAD_BYTES_MAX, "the handshake was cut off");
        head.extend_from_slice(piece.get(..bytes).unwrap_or_default());
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            let refused = String::from_utf8_lossy(&head).into_owned();
            ensure!(
                head.starts_with(b"HTTP/1.1 101"),
                "the handshake was refused: {refused}"
            );
            return Ok(rest);
        }
    }
}

/// A plain WebSocket, and what came after the handshake.
pub(crate) fn open(address: SocketAddr, path: &str) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let rest = upgrade(&mut stream, path)?;
    Ok((stream, rest))
}

/// A client that trusts one authority.
pub(crate) fn trusting(ca_file: &Path) -> anyhow::Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A WebSocket over TLS whose first frame has begun to arrive. It is only kept: nothing more is read.
pub(crate) fn open_tls(
    address: SocketAddr,
    path: &str,
    config: &Arc<rustls::ClientConfig>,
) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut session = rustls::ClientConnection::new(Arc::clone(config), ServerName::try_from("localhost")?)?;
    let mut tls = rustls::Stream::new(&mut session, &mut stream);
    if upgrade(&mut tls, path)?.is_empty() {
        ensure!(tls.read(&mut [0; 1024])? > 0, "the socket ended before its first frame");
    }
    Ok(stream)
}
