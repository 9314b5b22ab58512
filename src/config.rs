//! The configuration: every key with its default. `config.toml` at the repository's root says the same with a sentence
//! a key; a test holds the two equal. Read once, checked as a whole, then split and passed on: no globals.
//!
//! Must not be here: secrets. They come from files that keys name.

mod check;
mod mail;

pub use check::{Problem, parse};
pub use mail::{Mail, Provider, Security};

use crate::edge::limits::PerMinute;
use cabinet_domain::anomaly::Limits;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The public listener.
    pub server: Server,
    /// The operators' listener.
    pub ops: Ops,
    /// The store.
    pub storage: Storage,
    /// Agenda actors.
    pub agendas: Agendas,
    /// Boards and sessions.
    pub live: Live,
    /// Accounts of staff.
    pub accounts: Accounts,
    /// The audit log.
    pub audit: Audit,
    /// The watch over it.
    pub alerts: Alerts,
    /// Mails.
    pub mail: Mail,
    /// Requests of one network.
    pub limits: PerMinute,
}

/// The public listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port.
    pub bind: SocketAddr,
    /// PEM file with the certificate chain; empty: none.
    pub certificate_file: PathBuf,
    /// PEM file with the private key; empty: none.
    pub private_key_file: PathBuf,
    /// Serve without TLS; allowed on loopback addresses only.
    pub plain_http_on_loopback: bool,
    /// Origins that browsers may come from (`https://agenda.example.fr`), exact.
    pub allowed_origins: Vec<String>,
    /// Threads that serve HTTP.
    pub http_threads: u16,
    /// Most connections at once.
    pub connections_max: u32,
}

/// The operators' listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ops {
    /// Address and port of `/metrics`, `/healthz` and `/readyz`.
    pub bind: SocketAddr,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Directory of journal, checkpoints, keyring and read store.
    pub data_dir: PathBuf,
    /// File with the installation key, 64 hexadecimal digits, mode 0600.
    pub installation_key_file: PathBuf,
    /// Second copy of the witness, outside the data directory; empty: none.
    pub witness_copy_file: PathBuf,
    /// Refuse to start on an empty data directory.
    pub expect_existing: bool,
    /// Appends that may wait for the journal's writer.
    pub queue_appends_max: u32,
    /// Bytes of appends that may wait for the journal's writer.
    pub queue_bytes_max: u32,
}

/// Agenda actors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agendas {
    /// Threads that run agendas.
    pub threads: u16,
    /// Commands that may wait in one agenda.
    pub waiting_commands_max: u32,
    /// An agenda that nobody watches is put to rest after this long without a command, in seconds.
    pub idle_seconds: u32,
    /// Events between two checkpoints of an agenda.
    pub checkpoint_events: u32,
}

/// Boards and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Live {
    /// Threads that run hubs.
    pub hub_threads: u16,
    /// Most boards at once, over all hubs.
    pub boards_max: u32,
    /// Most boards at once from one network address.
    pub boards_per_address_max: u32,
    /// Seconds between two pings.
    pub ping_seconds: u16,
    /// Seconds a peer has to answer a ping.
    pub pong_seconds: u16,
    /// Seconds without progress of queued bytes after which a socket is closed.
    pub stalled_seconds: u16,
}

/// Accounts of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// Whether a new practice may sign up by itself.
    pub sign_up_open: bool,
    /// A session ends after this long without use, in minutes.
    pub session_idle_minutes: u16,
    /// A session ends this long after sign-in, in minutes.
    pub session_minutes: u16,
    /// Memory that one guess at a password takes, in MiB.
    pub password_memory_mebibytes: u16,
    /// Passes over that memory.
    pub password_passes: u16,
    /// An account that nobody has signed in to for so many days signs nobody in.
    pub unused_days: u16,
    /// Folder with newer versions of the documents that practices accept; empty: none.
    pub documents_folder: PathBuf,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Name of this installation in checkpoints.
    pub name: String,
    /// File with the key that signs checkpoints; made if it is not there. Empty: `audit.key` beside the installation key.
    pub signing_key_file: PathBuf,
    /// Seconds between two checkpoints.
    pub checkpoint_seconds: u32,
    /// Whole months that entries are kept after theirs; then their hashes alone.
    pub retention_months: u16,
}

/// The watch over the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Table of where networks lie; empty: none, and rules about places are quiet.
    pub locations_file: PathBuf,
    /// Thresholds of the rules.
    pub limits: Limits,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8443)),
            certificate_file: PathBuf::new(),
            private_key_file: PathBuf::new(),
            plain_http_on_loopback: false,
            allowed_origins: Vec::new(),
            http_threads: 2,
            connections_max: 20_000,
        }
    }
}

impl Default for Ops {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 9090)),
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data/cabinet"),
            installation_key_file: PathBuf::from("data/installation.key"),
            witness_copy_file: PathBuf::new(),
            expect_existing: false,
            queue_appends_max: 8_192,
            queue_bytes_max: 32 * 1024 * 1024,
        }
    }
}

impl Default for Agendas {
    fn default() -> Self {
        Self {
            threads: 2,
            waiting_commands_max: 1_024,
            idle_seconds: 900,
            checkpoint_events: 500,
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            hub_threads: 1,
            boards_max: 15_000,
            boards_per_address_max: 2_000,
            ping_seconds: 25,
            pong_seconds: 10,
            stalled_seconds: 10,
        }
    }
}

impl Audit {
    /// Where the signing key lies, with the installation key there.
    #[must_use]
    pub fn signing_key(&self, installation_key_file: &Path) -> PathBuf {
        if self.signing_key_file == Path::new("") {
            installation_key_file.with_file_name("audit.key")
        } else {
            self.signing_key_file.clone()
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            name: "cabinet-en-ligne.example/audit".to_owned(),
            signing_key_file: PathBuf::new(),
            checkpoint_seconds: 300,
            retention_months: 12,
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            sign_up_open: true,
            session_idle_minutes: 30,
            session_minutes: 720,
            password_memory_mebibytes: 64,
            password_passes: 3,
            unused_days: 90,
            documents_folder: PathBuf::new(),
        }
    }
}
