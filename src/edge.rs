//! The edge: HTTP routes, the two kinds of sockets, guards and the table of error codes.
//!
//! Deliberately absent: business rules, storage. The edge speaks to the actors' handles in the domain's words and to the
//! world in `cabinet_proto`'s.
//!
//! The application is put together so:
//! `App::new().wrap(from_fn(edge::frame::around)).configure(boards).configure(|config| edge::configure(config, state))`,
//! on listeners of [`listen`]; the operators' listener takes [`ops::configure`] instead. `configure` comes last: it answers
//! every path that nothing before it took.

pub mod access_file;
pub mod assets;
pub mod documents;
#[cfg(debug_assertions)]
mod fault;
pub mod frame;
pub mod guard;
pub mod limits;
pub mod listen;
pub mod live;
mod mail_page;
pub mod openapi;
pub mod ops;
mod plain;
pub mod problem;
pub mod routes;
pub mod secret;
pub mod slot_answers;
pub mod view;
pub mod ws;

use actix_web::web;
use cabinet_actors::access::{Access, Entropy};
use cabinet_actors::accounts::{Accounts, Door};
use cabinet_actors::agendas::Agendas;
use cabinet_actors::anomaly::AnomalySupervisor;
use cabinet_actors::audit::Audit;
use cabinet_actors::clock::Clock;
use cabinet_actors::directory::Directory;
use cabinet_actors::feeds::Feeds;
use cabinet_actors::membership::Membership;
use cabinet_actors::people::People;
use cabinet_actors::visits::Visits;
use cabinet_domain::practice::Practice;
use listen::AllowedOrigins;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use std::sync::Arc;

/// Says whether the store serves; asked by `/readyz`.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;

/// What handlers work with. One per process, cheap to clone.
#[derive(Clone)]
pub struct EdgeState {
    /// All agendas.
    pub agendas: Agendas,
    /// All practices.
    pub directory: Directory,
    /// Links and sessions of staff.
    pub access: Access,
    /// Accounts of staff.
    pub accounts: Accounts,
    /// Whether staff need an account with two factors; else a link alone lets them in (the demo).
    pub accounts_required: bool,
    /// Whether a new practice may sign up.
    pub sign_up_open: bool,
    /// Changes of who belongs to a practice.
    pub membership: Membership,
    /// Patients' looks at their bookings.
    pub visits: Visits,
    /// Patients' cards.
    pub people: People,
    /// The audit log.
    pub audit: Audit,
    /// The watch over it.
    pub anomalies: AnomalySupervisor,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Pages that may send changing requests and open sockets.
    pub origins: AllowedOrigins,
    /// Which listener it is.
    pub door: Door,
    /// Served over TLS: the session cookie is `__Host-` and `Secure`, and HSTS is sent.
    pub secure: bool,
    /// What the edge counts.
    pub metrics: Arc<EdgeMetrics>,
    /// Who looks at which agenda.
    pub presence: ws::Presence,
    /// Encoded answers of free slots.
    pub slots: slot_answers::SlotAnswers,
    /// Whether the store serves.
    pub ready: Ready,
    /// Documents that practices accept.
    pub documents: documents::Library,
    /// Calendar feeds of staff.
    pub feeds: Feeds,
    /// Secrets for pages that cannot make their own.
    pub entropy: Entropy,
    /// How much one network may ask for.
    pub limits: limits::Limits,
}

impl EdgeState {
    /// The same state as the operators' door opens it, with the pages of `origins`.
    #[must_use]
    pub fn at_operators_door(&self, origins: AllowedOrigins) -> Self {
        Self {
            door: Door::Operators,
            accounts: self.accounts.at(Door::Operators),
            sign_up_open: false,
            origins,
            secure: false,
            ..self.clone()
        }
    }

    /// Names of this door's cookies.
    #[must_use]
    pub const fn jar(&self) -> guard::staff::Jar {
        match (self.door, self.secure) {
            (Door::Operators, _) => guard::staff::OPERATORS_JAR,
            (Door::Practices, true) => guard::staff::TLS_JAR,
            (Door::Practices, false) => guard::staff::LOOPBACK_JAR,
        }
    }

    /// Refuses a change of a practice that has let the deadline of its contract pass (regulation R1.5): it can be read, exported
    /// and made safer, and nothing is added to it.
    ///
    /// # Errors
    /// `read_only`.
    pub fn refuse_when_read_only(&self, practice: &Practice) -> Result<(), problem::Failure> {
        let deadlines = self.documents.deadlines();
        match practice.read_only_since(self.clock.now(), &deadlines) {
            None => Ok(()),
            Some(_) => Err(problem::EdgeCode::ReadOnly.into()),
        }
    }
}

/// What the edge counts. Bounded labels, no personal data.
#[derive(Debug)]
pub struct EdgeMetrics {
    /// Sessions open now.
    pub sessions: IntGauge,
    /// Frames of sessions by what became of them: `understood`, `refused`.
    pub session_frames: IntCounterVec,
    /// Deltas that a full session mailbox turned into a later `resync`.
    pub session_deltas_dropped: IntCounter,
    /// Sessions closed by the server, by close reason.
    pub session_closes: IntCounterVec,
    /// Answers by problem code.
    pub problems: IntCounterVec,
}

impl EdgeMetrics {
    /// Registers all of them.
    ///
    /// # Errors
    /// When the registry already has one of the names.
    pub fn new(registry: &Registry) -> Result<Arc<Self>, prometheus::Error> {
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let sessions = IntGauge::new("cabinet_sessions_open", "Sessions open")?;
        registry.register(Box::new(sessions.clone()))?;
        let session_deltas_dropped = IntCounter::new(
            "cabinet_session_deltas_dropped_total",
            "Deltas that a full session mailbox turned into a resync",
        )?;
        registry.register(Box::new(session_deltas_dropped.clone()))?;
        Ok(Arc::new(Self {
            sessions,
            session_frames: counters("cabinet_session_frames_total", "Frames of sessions", "outcome")?,
            session_deltas_dropped,
            session_closes: counters(
                "cabinet_session_closes_total",
                "Sessions closed by the server",
                "reason",
            )?,
            problems: counters("cabinet_problems_total", "Problems answered over HTTP", "code")?,
        }))
    }
}

/// Adds every route of the public listener, and the answer to every other path.
pub fn configure(config: &mut web::ServiceConfig, state: EdgeState) {
    #[cfg(debug_assertions)]
    config.configure(fault::configure);
    config
        .app_data(web::Data::new(state))
        .configure(routes::configure)
        .configure(ws::configure)
        .service(openapi::get_document)
        .configure(plain::configure)
        .route("/calendrier/{link}", web::get().to(routes::feed::calendar))
        .configure(assets::configure);
}
