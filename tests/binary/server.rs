//! Starts, kills and checks the real binary.

use crate::http::{Connection, Wire};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use tokio::net::TcpSocket;

/// A running demo on a free loopback port.
pub(crate) struct Server {
    child: Child,
    tls: Option<tokio_rustls::TlsConnector>,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// `127.0.0.1:port`.
    pub(crate) host: String,
    /// `127.0.0.1:port` of the operators' listener; plain HTTP.
    pub(crate) ops_host: String,
    /// Slug of the practice.
    pub(crate) practice: String,
    /// Slugs of the practitioners.
    pub(crate) practitioners: Vec<String>,
    /// One-time sign-in link of a member of staff.
    pub(crate) staff_link: String,
}

fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_cabinet")
}

/// The demo on `data`, on a free port, over TLS or plain HTTP.
fn demo(data: &Path, with_tls: bool) -> Vec<OsString> {
    let words = ["demo", "--json", "--port", "0", "--data"];
    let words = words.into_iter().map(OsString::from);
    let plain = (!with_tls).then(|| OsString::from("--plain"));
    std::iter::once(binary().into())
        .chain(words)
        .chain([data.into()])
        .chain(plain)
        .collect()
}

impl Server {
    /// Starts the demo on `data` over plain HTTP and waits for its ready line.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, false)
    }

    /// Starts the demo on `data`, plain or over TLS, and waits for its ready line.
    pub(crate) fn start_with(data: &Path, with_tls: bool) -> Self {
        Self::launch(demo(data, with_tls), Stdio::inherit(), with_tls)
            .unwrap_or_else(|ended| panic!("the server ended: {ended}"))
    }

    /// Starts the demo over plain HTTP with another program in front of its command line (strace, a shell); `said` takes its
    /// standard error.
    ///
    /// # Errors
    /// How it ended, when it ended before it was ready.
    pub(crate) fn start_under(before: &[OsString], data: &Path, said: Stdio) -> Result<Self, ExitStatus> {
        let words = before.iter().cloned().chain(demo(data, false)).collect();
        Self::launch(words, said, false)
    }

    fn launch(words: Vec<OsString>, said: Stdio, with_tls: bool) -> Result<Self, ExitStatus> {
        let mut words = words.into_iter();
        let mut child = Command::new(words.next().expect("a program"))
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .expect("start the binary");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("read the ready line");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            return Err(child.wait().expect("wait"));
        };
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let host = |url: &Value| {
            let url = text(url);
            let (_, host) = url.split_once("://").expect("a scheme");
            host.trim_end_matches('/').to_owned()
        };
        Ok(Self {
            child,
            tls: with_tls.then(|| trusting(Path::new(&text(&ready["ca_file"])))),
            scheme: if with_tls { "https" } else { "http" },
            host: host(&ready["base_url"]),
            ops_host: host(&ready["ops_url"]),
            practice: text(&ready["practice"]),
            staff_link: text(&ready["staff_link"]),
            practitioners: ready["practitioners"]
                .as_array()
                .expect("slugs")
                .iter()
                .map(text)
                .collect(),
        })
    }

    /// The server's process: what was started, or the child of the program in front of it.
    fn process(&self) -> String {
        let started = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{started}/task/{started}/children"));
        let child = children
            .ok()
            .and_then(|list| list.split_whitespace().next().map(str::to_owned));
        child.unwrap_or_else(|| started.to_string())
    }

    /// Sends a signal to the server itself; the program in front of it ends with it.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.process()]).status();
        assert!(sent.expect("kill").success(), "the signal arrives");
    }

    /// Waits until the process has ended, and says how.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("wait")
    }

    /// Whether the process has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait")
    }

    /// Bytes of the process that lie in memory (proc(5), statm, second field).
    pub(crate) fn resident_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("statm");
        let pages: u64 = statm
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .expect("pages");
        pages * 4_096
    }

    /// The public address of the n-th practitioner under the API.
    pub(crate) fn public(&self, practitioner: usize) -> String {
        format!("/api/v1/public/{}/{}", self.practice, self.practitioners[practitioner])
    }

    /// A fresh connection.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::over(self.wire(None).await, &self.host)
    }

    /// The value of a metric without labels, or summed over them; asked for on the operators' listener.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let mut stream = std::net::TcpStream::connect(&self.ops_host).expect("connect");
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.ops_host
        );
        stream.write_all(request.as_bytes()).expect("ask");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("metrics");
        let value = |line: &str| -> Option<f64> {
            let rest = line.strip_prefix(name)?;
            (rest.starts_with(' ') || rest.starts_with('{')).then(|| rest.rsplit(' ').next()?.parse().ok())?
        };
        text.lines().filter_map(value).sum()
    }

    /// A fresh connection, TLS where the server speaks it, whose receive buffer is `receive_bytes` (the kernel doubles it)
    /// or the kernel's choice.
    pub(crate) async fn wire(&self, receive_bytes: Option<u32>) -> Wire {
        self.try_wire(receive_bytes).await.expect("connect")
    }

    /// A fresh connection, unless the server has gone.
    pub(crate) async fn try_connect(&self) -> std::io::Result<Connection> {
        Ok(Connection::over(self.try_wire(None).await?, &self.host))
    }

    async fn try_wire(&self, receive_bytes: Option<u32>) -> std::io::Result<Wire> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(self.host.parse().expect("address")).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from("localhost").expect("name");
        Ok(Box::new(tls.connect(name, stream).await?))
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// SIGTERM, and waits until the process has stopped cleanly.
    pub(crate) fn terminate(&mut self) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(asked.expect("run kill").success());
        let status = self.child.wait().expect("wait");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A tracer that is killed lets go of the server: the server goes first.
        if self.ended().is_none() {
            self.signal("KILL");
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn trusting(ca_file: &Path) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(ca_file).expect("certificate");
    roots.add(certificate).expect("trust it");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

/// `cabinet verify` on a stopped store: panics with its words unless it is clean.
pub(crate) fn verify(data: &Path) {
    let output = Command::new(binary())
        .arg("verify")
        .arg("--data")
        .arg(data)
        .output()
        .expect("run verify");
    assert!(
        output.status.success(),
        "verify says: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A temporary directory for one test's data.
pub(crate) fn data_dir() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = directory.path().join("data");
    (directory, data)
}

/// 128 fresh bits as 32 hexadecimal digits.
pub(crate) fn fresh() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let word = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
