//! Wiring: storage, agendas, directory, access, hubs and listeners into one running server. The only place that names
//! concrete backends. Must not be here: rules, routes.

use crate::asked::Asked;
use crate::config::{self, Config, Live};
use crate::control;
use crate::edge::documents::Library;
use crate::edge::limits::Limits;
use crate::edge::listen::{AllowedOrigins, ListenOptions, Listening, Reaper, ReaperOptions, Transport, listen};
use crate::edge::live::{AgendaBoards, Hubs, LiveOptions, configure_live};
use crate::edge::{self, EdgeMetrics, EdgeState};
use crate::mails::Taker;
use crate::team::{self, listen_for_operators};
use actix_web::App as HttpApp;
use actix_web::middleware::from_fn;
use anyhow::Context as _;
use cabinet_actors::access::{Access, Entropy, Lifetime, SessionId};
use cabinet_actors::accounts::{Accounts, AccountsOptions, Cost, Door};
use cabinet_actors::agendas::{Agendas, AgendasOptions, Exists};
use cabinet_actors::anomaly::{AnomalySupervisor, Locations};
use cabinet_actors::audit::{Audit, AuditOptions};
use cabinet_actors::clock::{Clock, SystemClock};
use cabinet_actors::directory::Directory;
use cabinet_actors::feeds::Feeds;
use cabinet_actors::mail::{MailSupervisor, Outbox};
use cabinet_actors::membership::Membership;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::people::People as Patients;
use cabinet_actors::visits::Visits;
use cabinet_storage::audit::note::Signer;
use cabinet_storage::{AppendError, Storage, StoreError};
use prometheus::Registry;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it is looked whether the read store is ready.
const READY_PAUSE: Duration = Duration::from_millis(100);

/// How often entries of the audit log are looked at for their term: what a day missed, the next hour does.
const EXPIRY_PAUSE: Duration = Duration::from_secs(3_600);

/// What lets staff in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// An account with two factors.
    Accounts,
    /// A one-time link alone: for a demo without real data.
    Links,
}

/// A running server.
pub struct App {
    /// Where people reach it: `https://127.0.0.1:8443`.
    pub base_url: String,
    /// Where operators reach it.
    pub ops_url: String,
    /// What the machine's own operator is answered from.
    pub(crate) asked: Asked,
    storage: Arc<Storage>,
    agendas: Agendas,
    audit: Audit,
    anomalies: AnomalySupervisor,
    mails: Option<MailSupervisor>,
    hubs: Hubs,
    serving: Arc<AtomicBool>,
    listeners: Vec<actix_web::dev::ServerHandle>,
    data_dir: PathBuf,
}

impl App {
    /// Starts everything on an open store. Call it inside an actix system.
    ///
    /// # Errors
    /// When practices cannot be loaded or an address cannot be bound.
    pub async fn start(
        config: &Config,
        transport: Transport,
        storage: Storage,
        sign_in: SignIn,
    ) -> anyhow::Result<Self> {
        let storage = Arc::new(storage);
        let registry = Registry::new();
        crate::metrics::register(&registry, &storage)?;
        let serving = Arc::new(AtomicBool::new(true));
        let secure = matches!(transport, Transport::Tls(_));
        let taker = Taker::new(&config.mail)?;
        let (state, outbox) = edge_state(config, &storage, &registry, &taker, (sign_in, secure, &serving)).await?;
        let EdgeState { agendas, directory, .. } = state.clone();
        let source = Arc::new(AgendaBoards::new(
            agendas.clone(),
            directory.clone(),
            state.clock.clone(),
        ));
        let hubs = Hubs::start(source, live_options(&config.live), state.origins.clone(), &registry)?;
        run_watch(&state);
        let reaper = Reaper::start(reaper_options(&config.live), &registry)?;
        let public = public_listener(config, transport, &reaper, state.clone(), hubs.clone())?;
        let page = taker.page();
        let base_url = format!("{}://{}", public.scheme, public.address);
        state.origins.add(base_url.clone());
        let port = public.address.port();
        state.origins.add(format!("{}://localhost:{port}", public.scheme));
        state.accounts.offer_passkeys(&state.origins.all());
        let mails = taker.start(outbox, (&storage, &state), (config, &base_url), &registry)?;
        let operators = team::operators(&state, Arc::new(entropy));
        let ops = listen_for_operators(config, &reaper, (&registry, &state), (&operators, mails.clone(), page))?;
        let asked = Asked {
            access: state.access.clone(),
            directory: directory.clone(),
            anomalies: state.anomalies.clone(),
            mails: mails.clone(),
            operators,
            base_url: base_url.clone(),
            team_url: ops.team_url,
        };
        let (ops_url, ops) = (ops.url, ops.listening);
        let listeners = vec![public.handle, ops.handle];
        actix_rt::spawn(public.server);
        actix_rt::spawn(ops.server);
        let app = Self {
            base_url,
            ops_url,
            asked,
            storage,
            agendas,
            audit: state.audit,
            anomalies: state.anomalies,
            mails,
            hubs,
            serving,
            listeners,
            data_dir: config.storage.data_dir.clone(),
        };
        app.begin(state.clock, config.audit.retention_months.into())?;
        Ok(app)
    }

    /// What goes on beside the listeners.
    fn begin(&self, clock: Arc<dyn Clock>, retention_months: i32) -> anyhow::Result<()> {
        self.open_control()?;
        self.compact_keyring();
        self.expire_leaves(clock, retention_months);
        Ok(())
    }

    /// Once the read store is ready: removes keys that former processes made ahead in vain.
    fn compact_keyring(&self) {
        let storage = Arc::downgrade(&self.storage);
        actix_rt::spawn(async move {
            while let Some(storage) = storage.upgrade() {
                match storage.compact_keyring().await {
                    Err(StoreError::Append(AppendError::Busy)) => {
                        drop(storage);
                        tokio::time::sleep(READY_PAUSE).await;
                    }
                    Ok(dropped) => return tracing::info!(dropped, "unused keys removed from the keyring"),
                    // Nothing is lost by leaving them; a keyring that has failed ends the process by itself.
                    Err(error) => return tracing::warn!(%error, "the keyring was not compacted"),
                }
            }
        });
    }

    /// At the start, and each hour: erases entries of the audit log whose term is over.
    fn expire_leaves(&self, clock: Arc<dyn Clock>, months: i32) {
        let (storage, directory) = (Arc::downgrade(&self.storage), self.asked.directory.clone());
        actix_rt::spawn(async move {
            loop {
                for practice in directory.practices() {
                    let Some(storage) = storage.upgrade() else { return };
                    match storage.expire_leaves(practice.id, clock.now(), months).await {
                        Ok(0) => {}
                        Ok(erased) => tracing::info!(erased, "months of an audit log were erased at their term"),
                        // In an hour again; the read store, which names the keys, may not be ready.
                        Err(error) => tracing::debug!(%error, "an audit log was not looked at for its term"),
                    }
                }
                tokio::time::sleep(EXPIRY_PAUSE).await;
            }
        });
    }

    fn open_control(&self) -> anyhow::Result<()> {
        let socket = control::bind(&self.data_dir)?;
        let asked = self.asked.clone();
        actix_rt::spawn(control::serve(socket, move |ask| {
            let asked = asked.clone();
            async move { asked.answer(ask).await }
        }));
        Ok(())
    }

    /// Resolves with a named error when the store can no longer be written; never before (law L8).
    pub async fn failed(&self) -> String {
        self.storage.fatal().await
    }

    /// Stops in order: no new work, the control socket gone, boards told, requests finished, agendas checkpointed, the audit
    /// log signed, store
    /// closed.
    ///
    /// # Errors
    /// When the store does not close cleanly; nothing acknowledged is lost even then.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.serving.store(false, Ordering::SeqCst);
        control::remove(&self.data_dir);
        let hubs = self.hubs.clone();
        tokio::task::spawn_blocking(move || hubs.stop()).await?;
        for listener in &self.listeners {
            listener.stop(true).await;
        }
        self.agendas.shutdown().await;
        self.anomalies.stop().await;
        if let Some(mails) = &self.mails {
            mails.stop().await;
        }
        self.audit.stop().await;
        self.storage.close().await.context("failed to close the store")
    }
}

/// What the edge talks to, and where mails are written down.
async fn edge_state(
    config: &Config,
    storage: &Storage,
    registry: &Registry,
    taker: &Taker,
    (sign_in, secure, serving): (SignIn, bool, &Arc<AtomicBool>),
) -> anyhow::Result<(EdgeState, Outbox)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = Directory::load(storage.streams(), clock.clone()).await;
    let directory = directory.context("failed to load the practices")?;
    let agendas = start_agendas(config, storage, &directory, (&clock, Metrics::new(registry)?));
    let audit = start_audit(config, storage, &clock, registry)?;
    let outbox = taker.outbox(&config.mail, &clock, Arc::new(entropy));
    directory.tell_through(outbox.clone());
    agendas.tell_through(outbox.clone());
    let anomalies = watch(config, storage, (&audit, &directory, &outbox), (&clock, registry))?;
    let (access, accounts, membership) = people(config, storage, &directory, (&clock, &audit, &anomalies, &outbox));
    let drawn: Entropy = Arc::new(entropy);
    let visits = Visits::new(
        agendas.clone(),
        directory.clone(),
        storage.records(),
        outbox.clone(),
        (clock.clone(), drawn.clone()),
    );
    let ready = Arc::clone(serving);
    let state = EdgeState {
        people: Patients::new(agendas.clone(), storage.records(), clock.clone()),
        agendas,
        directory,
        access,
        accounts,
        accounts_required: sign_in == SignIn::Accounts,
        // A link alone opens a demo: its practices are not kept from each other by accounts.
        sign_up_open: config.accounts.sign_up_open && sign_in == SignIn::Accounts,
        membership,
        visits,
        audit,
        anomalies,
        clock,
        origins: AllowedOrigins::new(config.server.allowed_origins.clone()),
        door: Door::Practices,
        secure,
        metrics: EdgeMetrics::new(registry)?,
        presence: edge::ws::Presence::default(),
        slots: edge::slot_answers::SlotAnswers::default(),
        ready: Arc::new(move || ready.load(Ordering::SeqCst)),
        feeds: Feeds::new(storage.records(), drawn.clone()),
        entropy: drawn,
        limits: Limits::new(config.limits),
        documents: Library::configured(&config.accounts.documents_folder)?,
    };
    Ok((state, outbox))
}

fn public_listener(
    config: &Config,
    transport: Transport,
    reaper: &Arc<Reaper>,
    state: EdgeState,
    hubs: Hubs,
) -> anyhow::Result<Listening> {
    let mut options = ListenOptions::at(config.server.bind, transport);
    options.workers = usize::from(config.server.http_threads);
    options.connections_max = usize::try_from(config.server.connections_max)?;
    let factory = move || {
        let (state, hubs) = (state.clone(), hubs.clone());
        HttpApp::new()
            .wrap(from_fn(edge::frame::around))
            .configure(|routes| configure_live(routes, hubs))
            .configure(|routes| edge::configure(routes, state))
    };
    Ok(listen(&options, reaper, factory)?)
}

fn agendas_options(config: &Config) -> AgendasOptions {
    AgendasOptions {
        agenda_threads: usize::from(config.agendas.threads),
        waiting_orders_max: usize::try_from(config.agendas.waiting_commands_max).unwrap_or(usize::MAX),
        idle_seconds: i64::from(config.agendas.idle_seconds),
        checkpoint_events: u64::from(config.agendas.checkpoint_events),
        ..AgendasOptions::default()
    }
}

fn live_options(live: &Live) -> LiveOptions {
    LiveOptions {
        hub_threads: usize::from(live.hub_threads),
        boards_max: usize::try_from(live.boards_max).unwrap_or(usize::MAX),
        boards_per_address_max: usize::try_from(live.boards_per_address_max).unwrap_or(usize::MAX),
        ping_period: Duration::from_secs(live.ping_seconds.into()),
        pong_deadline: Duration::from_secs(live.pong_seconds.into()),
        progress_deadline: Duration::from_secs(live.stalled_seconds.into()),
        ..LiveOptions::default()
    }
}

fn start_agendas(
    config: &Config,
    storage: &Storage,
    directory: &Directory,
    (clock, metrics): (&Arc<dyn Clock>, Arc<Metrics>),
) -> Agendas {
    let known = directory.clone();
    let exists: Exists = Arc::new(move |key| known.agenda_exists(key));
    Agendas::start(
        agendas_options(config),
        storage.streams(),
        clock.clone(),
        metrics,
        exists,
    )
}

/// The audit log, following the journal from now on.
fn start_audit(
    config: &Config,
    storage: &Storage,
    clock: &Arc<dyn Clock>,
    registry: &Registry,
) -> anyhow::Result<Audit> {
    let key_file = config.audit.signing_key(&config.storage.installation_key_file);
    let signer =
        Signer::in_file(&config.audit.name, &key_file).context("failed to open the audit log's signing key")?;
    let logs = Arc::new(storage.audit().context("failed to open the audit log")?);
    let options = AuditOptions {
        checkpoint_seconds: config.audit.checkpoint_seconds.into(),
    };
    let audit = Audit::new(storage.records(), logs, signer, clock.clone(), options);
    crate::metrics::register_audit(registry, &audit)?;
    actix_rt::spawn(audit.clone().run());
    Ok(audit)
}

/// The watch over the audit log.
fn watch(
    config: &Config,
    storage: &Storage,
    (audit, directory, outbox): (&Audit, &Directory, &Outbox),
    (clock, registry): (&Arc<dyn Clock>, &Registry),
) -> anyhow::Result<AnomalySupervisor> {
    let file = &config.alerts.locations_file;
    let locations = if file == Path::new("") {
        Locations::default()
    } else {
        Locations::in_file(file)?
    };
    let options = (config.alerts.limits.clone(), locations);
    let (records, told) = (storage.records(), (directory.clone(), outbox.clone()));
    let anomalies = AnomalySupervisor::new(records, audit.clone(), told, clock.clone(), options);
    crate::metrics::register_alerts(registry, &anomalies)?;
    Ok(anomalies)
}

/// Has the watch follow the log from now on; sessions that it ends lose their sockets.
fn run_watch(state: &EdgeState) {
    let presence = state.presence.clone();
    let sign_out = move |ended: &[SessionId]| ended.iter().for_each(|id| presence.sign_out(id));
    actix_rt::spawn(state.anomalies.clone().run(state.accounts.clone(), sign_out));
}

/// Who belongs to practices, and what lets them in.
fn people(
    config: &Config,
    storage: &Storage,
    directory: &Directory,
    (clock, audit, anomalies, outbox): (&Arc<dyn Clock>, &Audit, &AnomalySupervisor, &Outbox),
) -> (Access, Accounts, Membership) {
    let entropy: Entropy = Arc::new(entropy);
    let lifetime = session_lifetime(&config.accounts);
    let access = Access::new(storage.records(), clock.clone(), entropy.clone(), lifetime);
    let accounts = Accounts::new(
        storage.records(),
        access.clone(),
        directory.clone(),
        clock.clone(),
        entropy.clone(),
        (
            audit.clone(),
            anomalies.clone(),
            outbox.clone(),
            accounts_options(&config.accounts),
        ),
    );
    (
        access,
        accounts,
        Membership::new(directory.clone(), entropy, outbox.clone()),
    )
}

fn session_lifetime(accounts: &config::Accounts) -> Lifetime {
    Lifetime {
        idle_seconds: i64::from(accounts.session_idle_minutes) * 60,
        seconds: i64::from(accounts.session_minutes) * 60,
    }
}

fn accounts_options(accounts: &config::Accounts) -> AccountsOptions {
    AccountsOptions {
        cost: Cost {
            memory_kib: u32::from(accounts.password_memory_mebibytes) * 1_024,
            passes: accounts.password_passes.into(),
        },
        unused_days: accounts.unused_days.into(),
    }
}

fn reaper_options(live: &Live) -> ReaperOptions {
    ReaperOptions {
        progress_deadline: Duration::from_secs(live.stalled_seconds.into()),
        pong_deadline: Duration::from_secs(live.pong_seconds.into()),
        ..ReaperOptions::default()
    }
}

/// 32 bytes of the system's randomness; the process ends if there is none, because no secret could be trusted.
fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::error!("the system gives no randomness");
        std::process::abort();
    }
    bytes
}

/// Where the demo keeps its installation key, and `verify` looks for one.
#[must_use]
pub fn key_beside(data_dir: &Path) -> PathBuf {
    data_dir.join("installation.key")
}
