//! The servers under load: how each is started, addressed and told to publish. Peers run as they come, without patches.

use super::direct::PAYLOAD_BYTES;
use super::handshake;
use super::machine::{self, Machine};
use super::publisher::{Publisher, Way};
use super::report;
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

const NCHAN_MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const START_PATIENCE: Duration = Duration::from_secs(10);

/// Where the servers' files are.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) server: PathBuf,
    pub(crate) peers: PathBuf,
    pub(crate) with_peers: bool,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The reference.
    Direct,
    /// `/live`.
    Cabinet,
    /// The same behind TLS.
    CabinetTls,
    Nchan,
    Uwebsockets,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct writer",
            Self::Cabinet => "cabinet",
            Self::CabinetTls => "cabinet, TLS",
            Self::Nchan => "Nchan",
            Self::Uwebsockets => "uWebSockets",
        }
    }

    /// Frames a board gets before the first change.
    pub(crate) fn first_frames(self) -> u64 {
        u64::from(matches!(self, Self::Cabinet | Self::CabinetTls))
    }

    /// Where the boards of a topic connect to.
    pub(crate) fn path(self, topic: usize) -> String {
        match self {
            Self::Nchan => format!("/sub?id={topic}"),
            Self::Direct | Self::Cabinet | Self::CabinetTls | Self::Uwebsockets => {
                format!("/live?practice=cabinet&practitioner=agenda-{topic}")
            }
        }
    }
}

/// The kinds that can be measured here; says which cannot, and what is missing.
pub(crate) fn present(files: &Files) -> Vec<Kind> {
    let mut kinds = vec![Kind::Direct, Kind::Cabinet];
    if !files.with_peers {
        return kinds;
    }
    if PathBuf::from(NCHAN_MODULE).exists() {
        kinds.push(Kind::Nchan);
    } else {
        report::line("skipped: Nchan is not installed (Debian: apt-get install nginx-light libnginx-mod-nchan)");
    }
    if files.peers.join("node_modules/uwebsockets").exists() {
        kinds.push(Kind::Uwebsockets);
    } else {
        let folder = files.peers.display();
        report::line(&format!(
            "skipped: uWebSockets is not installed (npm install --prefix {folder})"
        ));
    }
    kinds
}

/// A running server. Ends when dropped.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    pub(crate) publisher: Publisher,
    /// Where its authority's certificate is, with TLS.
    pub(crate) ca_file: PathBuf,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one on the servers' processor, with room for `topics`.
    pub(crate) fn start(kind: Kind, topics: usize, files: &Files, machine: &Machine) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ca_file = folder.path().join("ca.pem");
        let nchan = loopback(free_port()?);
        let mut command = match kind {
            Kind::Direct => Command::new(std::env::current_exe()?),
            Kind::Cabinet | Kind::CabinetTls => Command::new(&files.server),
            Kind::Nchan => Command::new("nginx"),
            Kind::Uwebsockets => Command::new("node"),
        };
        match kind {
            Kind::Direct => command.arg("direct"),
            Kind::Cabinet => command.args(["--serve", "--topics", &topics.to_string()]),
            Kind::CabinetTls => command
                .args(["--serve", "--topics", &topics.to_string(), "--tls-ca-file"])
                .arg(&ca_file),
            Kind::Nchan => {
                let template = std::fs::read_to_string(files.peers.join("nchan.conf"))?;
                let place = folder.path().display().to_string();
                let settings = template
                    .replace("FOLDER", &place)
                    .replace("ADDRESS", &nchan.to_string());
                std::fs::write(folder.path().join("nginx.conf"), settings)?;
                command.args(["-e", "stderr", "-p", &place, "-c", "nginx.conf"])
            }
            Kind::Uwebsockets => command
                .arg(files.peers.join("uwebsockets.cjs"))
                .arg(PAYLOAD_BYTES.to_string()),
        };
        machine.pin_servers()?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        machine.pin_load()?;
        let mut child = child.with_context(|| format!("failed to start {}", kind.name()))?;
        let ready = match kind {
            Kind::Nchan => until_listening(nchan).map(|()| vec![nchan]),
            Kind::Direct | Kind::Cabinet | Kind::CabinetTls | Kind::Uwebsockets => ready_ports(&mut child),
        };
        // From here on it is ended with this value, also when the rest fails.
        let mut server = Self {
            kind,
            address: nchan,
            publisher: Publisher::per_topic(Vec::new(), 0),
            ca_file,
            child,
            _folder: folder,
        };
        let ready = ready?;
        server.address = *ready.first().context("no address")?;
        server.publisher = server.connect(topics, *ready.last().context("no address")?)?;
        Ok(server)
    }

    fn connect(&self, topics: usize, control: SocketAddr) -> anyhow::Result<Publisher> {
        Ok(match self.kind {
            Kind::Direct | Kind::Cabinet | Kind::CabinetTls => {
                let stream = TcpStream::connect(control)?;
                stream.set_nodelay(true)?;
                Publisher::new(Way::Numbers(stream))
            }
            Kind::Uwebsockets => Publisher::new(Way::Framed(handshake::open(control, "/publish")?.0)),
            Kind::Nchan => {
                let mut sockets = Vec::new();
                for topic in 0..topics {
                    let (socket, _) = handshake::open(control, &format!("/pub?id={topic}"))?;
                    sockets.push(socket);
                }
                Publisher::per_topic(sockets, PAYLOAD_BYTES)
            }
        })
    }

    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        machine::processor_time(self.child.id())
    }

    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        machine::resident_kib(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx ends its worker when it is asked to end, not when it is killed.
        let asked = rustix::process::Pid::from_child(&self.child);
        let ended = rustix::process::kill_process(asked, rustix::process::Signal::TERM);
        if let Err(error) = ended
            .map_err(std::io::Error::from)
            .and_then(|()| self.child.wait().map(drop))
        {
            report::line(&format!("{} could not be ended: {error}", self.kind.name()));
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(loopback(0))?.local_addr()?.port())
}

/// The ports of the line `ready PORT...`.
fn ready_ports(child: &mut Child) -> anyhow::Result<Vec<SocketAddr>> {
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let ports = line
        .trim()
        .strip_prefix("ready ")
        .context("the server did not become ready")?;
    ports.split(' ').map(|port| Ok(loopback(port.parse()?))).collect()
}

fn until_listening(address: SocketAddr) -> anyhow::Result<()> {
    let since = Instant::now();
    while TcpStream::connect(address).is_err() {
        ensure!(since.elapsed() < START_PATIENCE, "nothing listens on {address}");
        std::thread::yield_now();
    }
    Ok(())
}
