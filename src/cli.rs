//! The command line. Names held stable: `serve`, `demo`, `check-config`, `verify`, `audit`, `sign-in-link`, `simulate`,
//! `alerts`, `mails`, `team`, `judge-alerts`.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Scheduling and messaging server for French practices.
#[derive(Debug, Parser)]
#[command(name = "cabinet", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until it is told to stop (SIGINT, SIGTERM).
    Serve {
        /// Configuration file; none: every default.
        #[arg(long, env = "CABINET_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Run a practice with three practitioners and several hundred bookings, with a certificate of its own.
    Demo {
        /// Data directory; kept between runs.
        #[arg(long, default_value = "data/demo")]
        data: PathBuf,
        /// Port on loopback; 0 picks a free one.
        #[arg(long, default_value_t = 8443)]
        port: u16,
        /// Print one line of JSON once ready, instead of text.
        #[arg(long)]
        json: bool,
        /// Serve plain HTTP on loopback instead of HTTPS.
        #[arg(long)]
        plain: bool,
        /// Let staff in by an account with two factors only, as `serve` does; the link then makes the account.
        #[arg(long)]
        accounts: bool,
        /// Folder with newer versions of the documents that practices accept, as `accounts.documents_folder`.
        #[arg(long)]
        documents: Option<PathBuf>,
    },
    /// Check a configuration file and report every problem in it.
    CheckConfig {
        /// The file.
        #[arg(long, default_value = "config.toml")]
        config: PathBuf,
    },
    /// Check a stopped store: chains, seals, sequences, invariants, witness, read store. Changes nothing.
    Verify {
        /// Data directory.
        #[arg(long)]
        data: PathBuf,
        /// File with the installation key; none: `installation.key` beside the data directory's contents.
        #[arg(long)]
        key: Option<PathBuf>,
        /// Second copy of the witness, if there is one.
        #[arg(long)]
        witness_copy: Option<PathBuf>,
    },
    /// Judge audit logs offline, or prove an entry of one.
    Audit {
        /// What to do.
        #[command(subcommand)]
        what: Audit,
    },
    /// Make a one-time sign-in link for a member of staff, through the running server.
    SignInLink {
        /// Data directory of the running server.
        #[arg(long)]
        data: PathBuf,
        /// The practice's public address.
        #[arg(long)]
        practice: String,
        /// The member of staff's name; none: the first.
        #[arg(long)]
        staff: Option<String>,
    },
    /// Run seeded worlds against the real cells, journal and actors, and judge them. Touches no disk and no network.
    Simulate {
        /// How many seeds.
        #[arg(long)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Print every line of each world's trace.
        #[arg(long)]
        trace: bool,
    },
    /// Show alerts about networks and the installation itself, through the running server.
    Alerts {
        /// Data directory of the running server.
        #[arg(long)]
        data: PathBuf,
    },
    /// Show mails that wait or could not be sent, through the running server: practice and mail, since when, state, kind,
    /// tries, and what was said to the last.
    Mails {
        /// Data directory of the running server.
        #[arg(long)]
        data: PathBuf,
        /// Try this dead letter again, named as it is shown, or `all`.
        #[arg(long)]
        again: Option<String>,
        /// Send a trial mail to this address.
        #[arg(long)]
        trial: Option<String>,
    },
    /// Show the platform's own team, through the running server, and change it: who is added or named gets a link, good once,
    /// by which they make their account or choose another password on the operators' page.
    Team {
        /// Data directory of the running server.
        #[arg(long)]
        data: PathBuf,
        /// Add somebody of this name.
        #[arg(long, requires = "role", conflicts_with_all = ["link", "remove"])]
        add: Option<String>,
        /// Their role: `ops`, `dpo` or `support`.
        #[arg(long, requires = "add")]
        role: Option<String>,
        /// Make another link for somebody.
        #[arg(long, conflicts_with = "remove")]
        link: Option<String>,
        /// Remove somebody with their account.
        #[arg(long)]
        remove: Option<String>,
    },
    /// Judge the watch over suspicious access: attacks found, their benign twins quiet, false warnings in seeded practices.
    JudgeAlerts {
        /// How many seeds with fifteen attacks and their twins each.
        #[arg(long, default_value_t = 50)]
        seeds: u64,
        /// How many practices in which nothing happens.
        #[arg(long, default_value_t = 200)]
        practices: u64,
        /// The first seed. Thresholds are tuned on seeds below 30,000 and judged on those from there on.
        #[arg(long, default_value_t = 30_000)]
        from: u64,
    },
}

/// What to do with an audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check a log's folder, or all logs of a stopped store and what their leaves say, against checkpoints kept elsewhere.
    Verify {
        /// A practice's folder (`audit/<practice>` of the data directory), or a copy of it.
        #[arg(long, required_unless_present = "data", conflicts_with = "data")]
        log: Option<PathBuf>,
        /// Data directory of a stopped store.
        #[arg(long)]
        data: Option<PathBuf>,
        /// File with the installation key; none: `installation.key` beside the data directory's contents.
        #[arg(long, requires = "data")]
        key: Option<PathBuf>,
        /// The public key that checkpoints are signed with: name+hash+base64.
        #[arg(long)]
        public_key: String,
        /// A checkpoint kept elsewhere: a mail, a printed page. May be given more than once.
        #[arg(long)]
        checkpoint: Vec<PathBuf>,
    },
    /// Print the proof that a leaf is in a log (C2SP tlog-proof).
    Prove {
        /// A practice's folder, or a copy of it.
        #[arg(long)]
        log: PathBuf,
        /// The public key that checkpoints are signed with.
        #[arg(long)]
        public_key: String,
        /// The leaf's number.
        #[arg(long)]
        number: u64,
    },
    /// Print the public key of a signing key.
    PublicKey {
        /// File with the signing key.
        #[arg(long)]
        signing_key: PathBuf,
        /// The installation's name in checkpoints (`audit.name`).
        #[arg(long, default_value = "cabinet-en-ligne.example/audit")]
        name: String,
    },
}
