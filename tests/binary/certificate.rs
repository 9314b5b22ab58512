//! A renewed certificate of the real binary: taken up at SIGHUP, without ending what stands.

use crate::server::data_dir;
use crate::wait::until;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(20);

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // Fails when it has ended, which is fine.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    listener.local_addr().expect("address").port()
}

/// Writes a fresh pair; answers its certificate.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    std::fs::write(folder.join("cert.pem"), pair.cert.pem()).expect("write");
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).expect("write");
    pair.cert.der().clone()
}

fn serve(folder: &Path, data: &Path, port: u16) -> Serving {
    let key = folder.join("installation.key");
    std::fs::write(&key, "1f".repeat(32)).expect("write");
    let config = format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\ncertificate_file = \"{0}/cert.pem\"\nprivate_key_file = \"{0}/key.pem\"\n\
         [ops]\nbind = \"127.0.0.1:{1}\"\n[storage]\ndata_dir = \"{2}\"\ninstallation_key_file = \"{0}/installation.key\"\n",
        folder.display(),
        free_port(),
        data.display()
    );
    let file = folder.join("config.toml");
    std::fs::write(&file, config).expect("write");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    let child = Command::new(env!("CARGO_BIN_EXE_cabinet"))
        .args(["serve", "--config"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    Serving(child.expect("start"))
}

async fn connect(port: u16, trusted: &[CertificateDer<'static>]) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone()).expect("a root");
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let name = ServerName::try_from("localhost").expect("name");
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .ok()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let certificates = stream.get_ref().1.peer_certificates().expect("certificates");
    certificates[0].clone().into_owned()
}

/// Asks on a connection that stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.expect("ask");
    let mut answer = Vec::new();
    while !answer.ends_with(b"alive\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[actix_web::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_old_ones_go_on() {
    let (_directory, data) = data_dir();
    let folder = tempfile::tempdir().expect("folder");
    let (port, first) = (free_port(), renew(folder.path()));
    let serving = serve(folder.path(), &data, port);
    let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    until("the server", PATIENCE, answers).await;
    let mut standing = connect(port, std::slice::from_ref(&first)).await.expect("a connection");
    assert_eq!(shown(&standing), first);
    ask(&mut standing).await;
    let second = renew(folder.path());
    let both = [first.clone(), second.clone()];
    let hangup = || {
        let sent = Command::new("kill")
            .args(["-s", "HUP", &serving.0.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    };
    hangup();
    let mut seen = first.clone();
    for _ in 0..1_000 {
        if let Some(stream) = connect(port, &both).await {
            seen = shown(&stream);
        }
        if seen == second {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, second, "new connections see the new one");
    ask(&mut standing).await;
    // Files that cannot be used change nothing, and end nothing.
    std::fs::write(folder.path().join("key.pem"), "nonsense").expect("write");
    hangup();
    ask(&mut standing).await;
    assert_eq!(shown(&connect(port, &both).await.expect("a connection")), second);
}
