//! PostgreSQL as a peer: a private cluster with default durability, one table with an exclusion constraint, driven by
//! pgbench over a Unix socket with prepared statements. One transaction is one booking or one cancellation.

use super::figures::{Slice, seconds_of_stat};
use super::{Crowd, Options};
use anyhow::{Context as _, bail, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Far above the default 100, so that a thousand patients have a connection each; nothing else is changed.
const CONNECTIONS_MAX: u32 = 1_100;
/// Bytes of a sealed personal part.
const DETAILS_BYTES: usize = 190;

/// A running cluster; stopped and removed when dropped.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    server: Child,
    options: Options,
}

/// PostgreSQL refuses to run as root: then everything of it runs as `postgres`.
fn command(program: &Path, folder: &Path) -> anyhow::Result<Command> {
    let root = std::fs::read_to_string("/proc/self/status")?
        .lines()
        .any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).stdin(Stdio::null());
    Ok(command)
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("failed to run {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}

/// The folder with `initdb`: Debian keeps it apart by version, elsewhere it is on the path.
fn programs() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| found.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    versions.extend(std::env::split_paths(&paths));
    let found = versions
        .into_iter()
        .rev()
        .find(|folder| folder.join("initdb").exists() && folder.join("pgbench").exists());
    found.context("initdb and pgbench are not installed")
}

impl Postgres {
    /// Makes a cluster and fills it as the agendas are filled.
    pub(crate) fn start(options: &Options) -> anyhow::Result<Option<Self>> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("cabinet-postgres-")
            .tempdir_in(&options.directory)?;
        if command(Path::new("true"), folder.path())?.get_program() == "setpriv" {
            said(Command::new("chown").arg("postgres:postgres").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        said(
            command(&programs.join("initdb"), folder.path())?
                .args([
                    "--auth=trust",
                    "--username=bench",
                    "--encoding=UTF8",
                    "--locale=C",
                    "-D",
                ])
                .arg(&data),
        )?;
        let server = command(&programs.join("postgres"), folder.path())?
            .arg("-D")
            .arg(&data)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                &format!("max_connections={CONNECTIONS_MAX}"),
                "-k",
            ])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let cluster = Self {
            programs,
            folder,
            server,
            options: options.clone(),
        };
        cluster.wait()?;
        cluster.fill()?;
        Ok(Some(cluster))
    }

    fn wait(&self) -> anyhow::Result<()> {
        for _ in 0..200 {
            let ready = command(&self.programs.join("pg_isready"), self.folder.path())?
                .args(["-q", "-t", "1", "-h"])
                .arg(self.folder.path())
                .status()?;
            if ready.success() {
                return Ok(());
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "another process is starting; it is asked again"
            )]
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the cluster did not start")
    }

    fn sql(&self, text: &str) -> anyhow::Result<String> {
        said(
            command(&self.programs.join("psql"), self.folder.path())?
                .args([
                    "-q",
                    "-At",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-U",
                    "bench",
                    "-d",
                    "postgres",
                    "-c",
                    text,
                    "-h",
                ])
                .arg(self.folder.path()),
        )
    }

    fn fill(&self) -> anyhow::Result<()> {
        let (agendas, bookings) = (self.options.agendas, self.options.bookings);
        self.sql("CREATE EXTENSION btree_gist")?;
        self.sql(
            "CREATE TABLE booking (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, agenda integer NOT NULL, \
             during tstzrange NOT NULL, patient bigint NOT NULL, details bytea NOT NULL, \
             booked_at timestamptz NOT NULL DEFAULT now())",
        )?;
        self.sql(&format!(
            "INSERT INTO booking (agenda, during, patient, details) SELECT a, {}, a * 200 + s % 200, {} \
             FROM generate_series(1, {agendas}) a, generate_series(0, {bookings} - 1) s",
            half_hour("s"),
            details(),
        ))?;
        self.sql("ALTER TABLE booking ADD EXCLUDE USING gist (agenda WITH =, during WITH &&)")?;
        self.sql("VACUUM ANALYZE booking")?;
        self.sql("CHECKPOINT")?;
        Ok(())
    }

    /// A crowd of connections for so long.
    pub(crate) fn run(&self, crowd: Crowd, span: Duration) -> anyhow::Result<Slice> {
        let script = self.folder.path().join("bookings.sql");
        let agendas = if crowd.hot { 1 } else { self.options.agendas };
        let mine = half_hour(&format!("({} + :client_id)", self.options.bookings));
        // Variables outlive a transaction: each client books on one turn and cancels on the next.
        let text = format!(
            "\\set turn 1 - :turn\n\\if :turn = 1\n\\set a random(1, {agendas})\n\
             INSERT INTO booking (agenda, during, patient, details) VALUES (:a, {mine}, :a * 200, {}) ON CONFLICT DO NOTHING;\n\
             \\else\nDELETE FROM booking WHERE agenda = :a AND during = {mine};\n\\endif\n",
            details(),
        );
        std::fs::write(&script, text)?;
        let before = self.processor();
        let output = said(
            command(&self.programs.join("pgbench"), self.folder.path())?
                .args([
                    "-n", "-M", "prepared", "-U", "bench", "-D", "turn=0", "-D", "a=1", "-l", "-f",
                ])
                .arg(&script)
                .args([
                    "-c",
                    &crowd.patients.to_string(),
                    "-j",
                    &crowd.patients.min(2).to_string(),
                ])
                .args(["-T", &span.as_secs().max(1).to_string(), "-h"])
                .arg(self.folder.path())
                .arg("postgres"),
        )?;
        let seconds = self.processor() - before;
        let micros = self.latencies()?;
        self.sql("DELETE FROM booking WHERE lower(during) >= timestamptz '2030-01-01' + 600 * interval '30 minutes'")?;
        let rate = output
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok())
            .context("pgbench gave no rate")?;
        let operations = u64::try_from(micros.len())?;
        ensure!(operations > 0 && rate > 0.0, "pgbench did nothing");
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let took = Duration::from_secs_f64(operations as f64 / rate);
        Ok(Slice {
            operations,
            took,
            micros,
            processor: BTreeMap::from([("postgres".to_owned(), seconds)]),
            ..Slice::default()
        })
    }

    /// Reads and removes pgbench's logs: the third word of a line is a transaction's time in microseconds.
    fn latencies(&self) -> anyhow::Result<Vec<u32>> {
        let mut micros = Vec::new();
        for file in std::fs::read_dir(self.folder.path())? {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("pgbench_log") {
                let text = std::fs::read_to_string(&path)?;
                micros.extend(
                    text.lines()
                        .filter_map(|line| line.split(' ').nth(2)?.parse::<u32>().ok()),
                );
                std::fs::remove_file(path)?;
            }
        }
        Ok(micros)
    }

    /// Processor seconds of the server: its own, of children it has buried, of those that live.
    fn processor(&self) -> f64 {
        let server = self.server.id();
        let mut seconds = 0.0;
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let (own, buried) = seconds_of_stat(&stat);
            let parent = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
            if process.file_name().to_string_lossy() == server.to_string() {
                seconds += own + buried;
            } else if parent == Some(server) {
                seconds += own;
            }
        }
        seconds
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = command(&self.programs.join("pg_ctl"), self.folder.path()).and_then(|mut stop| {
            said(
                stop.args(["stop", "-m", "immediate", "-D"])
                    .arg(self.folder.path().join("data")),
            )
        });
        if stopped.is_err() {
            drop(self.server.kill());
        }
        drop(self.server.wait());
    }
}

/// The half hour of that number, as a range.
fn half_hour(number: &str) -> String {
    format!(
        "tstzrange(timestamptz '2030-01-01' + {number} * interval '30 minutes', \
         timestamptz '2030-01-01' + ({number} + 1) * interval '30 minutes')"
    )
}

fn details() -> String {
    format!("'\\x{}'::bytea", "5a".repeat(DETAILS_BYTES))
}
