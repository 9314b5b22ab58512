//! What each subcommand does.

use crate::app::{App, SignIn, key_beside};
use crate::asked::sign_in_link as make_link;
use crate::config::{self, Config};
use crate::control::{self, Ask, TeamChange, Told};
use crate::demo;
use crate::demo::practice::PRACTICE_SLUG;
use crate::edge::listen::{Certificate, TlsFiles, Transport, tls};
use anyhow::Context as _;
use cabinet_actors::clock::stopwatch;
use cabinet_storage::disk::real::{make_directory, make_private_file};
use cabinet_storage::verify::VerifyReport;
use cabinet_storage::{KeySource, Storage, StorageOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code when the store failed under a running server (sysexits.h, EX_IOERR).
const STORE_FAILED: u8 = 74;
/// Exit code of a file that does not pass its check (sysexits.h, EX_DATAERR).
pub(crate) const BAD_DATA: u8 = 65;

/// How often the certificate's files are looked at.
const CERTIFICATE_PAUSE: Duration = Duration::from_secs(60);

pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn read_config(path: &Path) -> anyhow::Result<Result<Config, Vec<config::Problem>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(config::parse(&text))
}

/// `cabinet check-config`.
///
/// # Errors
/// When the file cannot be read.
pub fn check_config(path: &Path) -> anyhow::Result<ExitCode> {
    match read_config(path)? {
        Ok(_) => {
            say(&format!("{}: good", path.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            for problem in problems {
                say(&format!("{}: {problem}", path.display()))?;
            }
            Ok(ExitCode::from(BAD_DATA))
        }
    }
}

/// `cabinet serve`.
///
/// # Errors
/// When the configuration is bad, the store does not open or an address cannot be bound.
pub fn serve(path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = match path.map(read_config).transpose()? {
        None => Config::default(),
        Some(Ok(config)) => config,
        Some(Err(problems)) => {
            let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::bail!("the configuration has {} problem(s): {}", list.len(), list.join("; "));
        }
    };
    install_crypto()?;
    let (transport, certificate) = transport(&config)?;
    let options = storage_options(&config);
    let system = actix_rt::System::new();
    system.block_on(async {
        let stops = Stops::listen()?;
        let storage = Storage::open(options).context("failed to open the store")?;
        let app = App::start(&config, transport, storage, SignIn::Accounts).await?;
        if let Some(certificate) = certificate {
            actix_rt::spawn(renew(certificate, signal(SignalKind::hangup())?));
        }
        tracing::info!(url = app.base_url, ops = app.ops_url, "serving");
        until_stopped(app, stops).await
    })
}

/// Takes up a renewed certificate: at SIGHUP, and by itself.
async fn renew(certificate: Arc<Certificate>, mut told: Signal) {
    loop {
        tokio::select! {
            _ = told.recv() => {}
            () = tokio::time::sleep(CERTIFICATE_PAUSE) => {}
        }
        match certificate.look() {
            Ok(false) => {}
            Ok(true) => tracing::info!("another certificate is in use; standing connections keep theirs"),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    "the certificate cannot be taken up; the present one stays in use"
                );
            }
        }
    }
}

fn transport(config: &Config) -> anyhow::Result<(Transport, Option<Arc<Certificate>>)> {
    let server = &config.server;
    if server.plain_http_on_loopback {
        return Ok((Transport::PlainOnLoopback, None));
    }
    anyhow::ensure!(
        server.certificate_file != Path::new(""),
        "no certificate: set server.certificate_file and server.private_key_file, or server.plain_http_on_loopback behind a proxy"
    );
    let files = TlsFiles {
        certificate_file: server.certificate_file.clone(),
        key_file: server.private_key_file.clone(),
    };
    let (tls, certificate) = tls::from_files(&files)?;
    Ok((Transport::Tls(tls), Some(certificate)))
}

fn storage_options(config: &Config) -> StorageOptions {
    let storage = &config.storage;
    let mut options = StorageOptions::new(
        storage.data_dir.clone(),
        KeySource::File(storage.installation_key_file.clone()),
        Arc::new(stopwatch()),
    );
    options.expect_existing = storage.expect_existing;
    options.queue_appends_max = usize::try_from(storage.queue_appends_max).unwrap_or(usize::MAX);
    options.queue_bytes_max = usize::try_from(storage.queue_bytes_max).unwrap_or(usize::MAX);
    options.witness_copy = (storage.witness_copy_file != Path::new("")).then(|| storage.witness_copy_file.clone());
    options
}

/// `cabinet demo`.
///
/// # Errors
/// When the store does not open, the demo cannot be made or an address cannot be bound.
pub fn demo(
    data: &Path,
    port: u16,
    (json, plain): (bool, bool),
    (sign_in, documents): (SignIn, Option<PathBuf>),
) -> anyhow::Result<ExitCode> {
    install_crypto()?;
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut config = Config::default();
    config.server.bind = loopback(port);
    config.ops.bind = loopback(demo_ops_port(port, config.ops.bind.port()));
    config.mail.provider = config::Provider::Page;
    config.accounts.documents_folder = documents.unwrap_or_default();
    config.storage.data_dir = data.to_owned();
    config.storage.installation_key_file = key_beside(data);
    make_directory(data).with_context(|| format!("failed to make {}", data.display()))?;
    make_key(&config.storage.installation_key_file)?;
    let ca_file = data.join("ca.pem");
    let transport = if plain {
        Transport::PlainOnLoopback
    } else {
        Transport::Tls(tls::self_signed(&ca_file)?)
    };
    let system = actix_rt::System::new();
    system.block_on(async {
        let stops = Stops::listen()?;
        let storage = Storage::open(storage_options(&config)).context("failed to open the store")?;
        let made = demo::fill::make(storage.streams()).await?;
        let app = App::start(&config, transport, storage, sign_in).await?;
        let asked = &app.asked;
        let staff_link = make_link(&asked.access, &asked.directory, &app.base_url, PRACTICE_SLUG, None).await?;
        let team_link = asked.demo_operator(DEMO_OPERATOR).await?;
        let links = (staff_link.as_str(), team_link.as_str());
        let ca_file = (!plain).then_some(ca_file.as_path());
        say(&if json {
            ready_line(&app, ca_file, links, data)
        } else {
            welcome(&app, links, made)
        })?;
        until_stopped(app, stops).await
    })
}

/// Name of the demo's operator.
const DEMO_OPERATOR: &str = "Camille Astruc";

/// The operators' usual port; a free one when any will do, or while something else (another demo) has the usual one.
fn demo_ops_port(port: u16, usual: u16) -> u16 {
    let taken = || std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, usual)).is_err();
    if port == 0 || taken() { 0 } else { usual }
}

fn slugs(app: &App) -> Vec<String> {
    let practice = app.asked.directory.practice_by_slug(PRACTICE_SLUG);
    practice.map_or_else(Vec::new, |practice| {
        practice.practitioners.values().map(|one| one.slug.clone()).collect()
    })
}

fn ready_line(app: &App, ca_file: Option<&Path>, (staff_link, team_link): (&str, &str), data: &Path) -> String {
    serde_json::json!({
        "base_url": app.base_url,
        "ops_url": app.ops_url,
        "ca_file": ca_file,
        "staff_link": staff_link,
        "team_link": team_link,
        "practice": PRACTICE_SLUG,
        "practitioners": slugs(app),
        "data_dir": data,
    })
    .to_string()
}

fn welcome(app: &App, (staff_link, team_link): (&str, &str), made: usize) -> String {
    let (base, ops) = (&app.base_url, &app.ops_url);
    let first = slugs(app).into_iter().next().unwrap_or_default();
    let state = if made == 0 {
        "the store of the last run".to_owned()
    } else {
        format!("a new store with {made} bookings")
    };
    format!(
        "Cabinet en Ligne, demo on {state}\n\n\
         Patients:       {base}/p/{PRACTICE_SLUG}/{first}\n\
         Practitioners:  {staff_link}   (good once; another: cabinet sign-in-link)\n\
         Operators:      {team_link}   (good once; another: cabinet team)\n\
         Metrics:        {ops}/metrics\n\
         Mails:          {ops}/mails   (they go nowhere else)\n\n\
         The certificate is the demo's own: your browser will ask you to accept it. Stop with Ctrl-C."
    )
}

/// The signals that ask for a clean stop. Listened for from before the first word on: one that comes right after it must
/// not kill the process.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Waits for a signal or a failure of the store, then stops.
async fn until_stopped(app: App, mut stops: Stops) -> anyhow::Result<ExitCode> {
    let failure = tokio::select! {
        _ = stops.interrupt.recv() => None,
        _ = stops.terminate.recv() => None,
        failure = app.failed() => Some(failure),
    };
    if let Some(failure) = failure {
        tracing::error!("{failure}; stopping: nothing acknowledged is lost, the next start reads what the disk kept");
        return Ok(ExitCode::from(STORE_FAILED));
    }
    tracing::info!("stopping");
    app.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// `cabinet verify`.
///
/// # Errors
/// When the store cannot be read, or is damaged: the error names file, offset and what.
pub fn verify(data: &Path, key: Option<PathBuf>, witness_copy: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let key = KeySource::File(key.unwrap_or_else(|| key_beside(data)));
    match cabinet_storage::verify::verify(data, &key, witness_copy.as_deref()) {
        Ok(report) => {
            say(&in_words(&report))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            say(&format!("{:#}", anyhow::Error::from(error)))?;
            Ok(ExitCode::from(BAD_DATA))
        }
    }
}

fn in_words(report: &VerifyReport) -> String {
    let torn = match report.torn_tail_bytes {
        0 => String::new(),
        bytes => format!("\nA torn tail of {bytes} bytes, never acknowledged: the next start cuts it."),
    };
    let lag = match report.read_store_applied {
        None => "\nThere is no read store: the next start makes one.".to_owned(),
        Some(applied) if applied < report.position => {
            format!("\nThe read store lags at {applied}: the next start brings it up to date.")
        }
        Some(_) => String::new(),
    };
    let behind = match report.keyring_copies_behind {
        0 => String::new(),
        copies => format!("\n{copies} keyring file(s) have a second copy that is behind: the next start mends them."),
    };
    format!(
        "The store is in order: {} records, {} streams, {} events, {} checkpoints, {} personal blobs ({} forgotten), {} rows.{torn}{lag}{behind}",
        report.position,
        report.streams,
        report.events,
        report.checkpoints,
        report.people + report.people_forgotten,
        report.people_forgotten,
        report.rows
    )
}

/// `cabinet sign-in-link`.
///
/// # Errors
/// When no server runs on the directory, or it refuses.
pub fn sign_in_link(data: &Path, practice: String, staff: Option<String>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(control::ask(data, &Ask::SignInLink { practice, staff }))? {
        Told::Link(link) => {
            say(&link)?;
            Ok(ExitCode::SUCCESS)
        }
        Told::Lines(_) => anyhow::bail!("the server answered something else"),
        Told::No(why) => anyhow::bail!(why),
    }
}

/// `cabinet alerts`.
///
/// # Errors
/// When no server runs there, or it refuses.
pub fn alerts(data: &Path) -> anyhow::Result<ExitCode> {
    say_lines(data, &Ask::Alerts)
}

/// `cabinet mails`.
///
/// # Errors
/// When no server runs there, or it refuses.
pub fn mails(data: &Path, again: Option<String>, trial: Option<String>) -> anyhow::Result<ExitCode> {
    say_lines(data, &Ask::Mails { again, trial })
}

/// `cabinet team`.
///
/// # Errors
/// When no server runs there, or it refuses.
pub fn team(data: &Path, change: Option<TeamChange>) -> anyhow::Result<ExitCode> {
    say_lines(data, &Ask::Team { change })
}

fn say_lines(data: &Path, ask: &Ask) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(control::ask(data, ask))? {
        Told::Lines(lines) if lines.is_empty() => say("nothing to report")?,
        Told::Lines(lines) => say(&lines.join("\n"))?,
        Told::Link(_) => anyhow::bail!("the server answered something else"),
        Told::No(why) => anyhow::bail!(why),
    }
    Ok(ExitCode::SUCCESS)
}

fn install_crypto() -> anyhow::Result<()> {
    let installed = rustls::crypto::ring::default_provider().install_default();
    installed.map_err(|_| anyhow::anyhow!("another crypto provider is installed"))
}

/// Draws the demo's installation key on its first run. A power cut leaves the whole key or none.
fn make_key(path: &Path) -> anyhow::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let mut bytes = [0_u8; 32];
    let drawn = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    drawn.map_err(|_| anyhow::anyhow!("the system gives no randomness"))?;
    make_private_file(path, &format!("{}\n", hex::encode(bytes)))
        .with_context(|| format!("failed to make {}", path.display()))
}

/// Exit code of a simulation that found something (sysexits.h, EX_SOFTWARE).
const FOUND_A_DEFECT: u8 = 70;
/// Seeds between two lines of progress.
const PROGRESS_SEEDS: u64 = 1_000;

/// `cabinet simulate`.
///
/// # Errors
/// When nothing can be printed.
pub fn simulate(from: u64, seeds: u64, trace: bool) -> anyhow::Result<ExitCode> {
    let clock = stopwatch();
    let options = cabinet_simulation::Options { from, seeds, trace };
    let mut printed = Ok(());
    let report = cabinet_simulation::simulate(&options, |result| {
        if trace {
            printed = say(&result.lines.join("\n"));
        }
        let done = result.seed - from + 1;
        if done.is_multiple_of(PROGRESS_SEEDS) && done < seeds {
            printed = say(&format!("{done} seeds after {} s", clock().as_secs()));
        }
    });
    printed?;
    say(&report.text(clock()))?;
    Ok(if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FOUND_A_DEFECT)
    })
}

/// `cabinet judge-alerts`.
///
/// # Errors
/// When nothing can be printed.
pub fn judge_alerts(from: u64, seeds: u64, practices: u64) -> anyhow::Result<ExitCode> {
    let clock = stopwatch();
    let limits = cabinet_domain::anomaly::Limits::default();
    let report = cabinet_simulation::alerts::judge(&limits, from, seeds, practices);
    say(&report.lines().join("\n"))?;
    say(&format!("after {} s", clock().as_secs()))?;
    Ok(if report.meets() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FOUND_A_DEFECT)
    })
}
