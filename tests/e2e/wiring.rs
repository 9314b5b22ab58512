//! Parts of the server, put together as tests need them: on a free port, with chance that repeats, run by the tests themselves.

use actix_web::App;
use actix_web::middleware::from_fn;
use cabinet::edge::listen::{AllowedOrigins, ListenOptions, Listening, Reaper, ReaperOptions, Transport, listen};
use cabinet::edge::ops::OpsState;
use cabinet::edge::ops::desk::{Desk, Sources};
use cabinet::edge::ops::live::Streams;
use cabinet::edge::{self, EdgeState};
use cabinet_actors::access::Entropy;
use cabinet_actors::accounts::Door;
use cabinet_actors::agendas::Agendas;
use cabinet_actors::anomaly::{AnomalySupervisor, Locations};
use cabinet_actors::audit::{Audit, AuditOptions};
use cabinet_actors::clock::Clock;
use cabinet_actors::directory::Directory;
use cabinet_actors::mail::{MailSupervisor, Outbox};
use cabinet_actors::operators::Operators;
use cabinet_actors::people::People;
use cabinet_actors::visits::Visits;
use cabinet_domain::anomaly::Limits;
use cabinet_storage::Storage;
use cabinet_storage::audit::note::Signer;
use prometheus::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn serve(reaper: &Arc<Reaper>, state: EdgeState) -> Listening {
    let address = "127.0.0.1:0".parse().unwrap();
    let options = ListenOptions::at(address, Transport::PlainOnLoopback);
    let listening = listen(&options, reaper, move || {
        let state = state.clone();
        App::new()
            .wrap(from_fn(edge::frame::around))
            .configure(move |config| edge::configure(config, state))
    });
    listening.unwrap()
}

/// The operators' listener with the team's page, running; its address.
fn serve_operators(
    reaper: &Arc<Reaper>,
    registry: &Registry,
    (state, operators, mails): (&EdgeState, &Operators, &MailSupervisor),
) -> String {
    let origins = AllowedOrigins::default();
    let desk = Desk::new(Sources {
        registry: registry.clone(),
        ready: state.ready.clone(),
        access: state.access.clone(),
        accounts: state.accounts.at(Door::Operators),
        anomalies: state.anomalies.clone(),
        audit: state.audit.clone(),
        directory: state.directory.clone(),
        operators: operators.clone(),
        mails: Some(mails.clone()),
        clock: state.clock.clone(),
    });
    let shown = OpsState {
        registry: registry.clone(),
        ready: state.ready.clone(),
        page: None,
        team: Some((state.at_operators_door(origins.clone()), desk)),
        streams: Streams::default(),
    };
    let options = ListenOptions::at("127.0.0.1:0".parse().unwrap(), Transport::PlainOnLoopback);
    let listening = listen(&options, reaper, move || {
        let shown = shown.clone();
        App::new()
            .wrap(from_fn(edge::frame::around))
            .configure(move |config| edge::ops::configure(config, shown))
    });
    let listening = listening.unwrap();
    actix_web::rt::spawn(listening.server);
    let base = format!("{}://{}", listening.scheme, listening.address);
    origins.add(base.clone());
    base
}

/// Both doors open: the team's operators, its address, and everybody's.
pub(crate) fn open(registry: &Registry, state: EdgeState, mails: &MailSupervisor) -> (Operators, String, String) {
    let reaper = Reaper::start(ReaperOptions::default(), registry).unwrap();
    let people = (state.directory.clone(), state.access.clone(), state.accounts.clone());
    let operators = Operators::new(people.0, people.1, people.2, draws(2_000_000));
    let team = serve_operators(&reaper, registry, (&state, &operators, mails));
    let listening = serve(&reaper, state);
    actix_web::rt::spawn(listening.server);
    let base = format!("{}://{}", listening.scheme, listening.address);
    (operators, team, base)
}

/// The audit log, which the tests themselves have catch up.
pub(crate) fn log(storage: &Storage, clock: &Arc<dyn Clock>) -> Audit {
    let logs = Arc::new(storage.audit().unwrap());
    let signer = Signer::fresh("test.example/audit").unwrap();
    let options = AuditOptions {
        checkpoint_seconds: 300,
    };
    Audit::new(storage.records(), logs, signer, clock.clone(), options)
}

/// The watch over it, which the tests themselves run.
pub(crate) fn watch(
    storage: &Storage,
    audit: &Audit,
    (directory, outbox): (&Directory, &Outbox),
    clock: &Arc<dyn Clock>,
) -> AnomalySupervisor {
    let options = (Limits::default(), Locations::default());
    let (records, told) = (storage.records(), (directory.clone(), outbox.clone()));
    AnomalySupervisor::new(records, audit.clone(), told, clock.clone(), options)
}

/// Randomness that is the same in each run.
pub(crate) fn draws(first: u64) -> Entropy {
    let draws = AtomicU64::new(first);
    Arc::new(move || {
        let draw = draws.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let digest = ring::digest::digest(&ring::digest::SHA256, &draw);
        digest.as_ref().try_into().unwrap()
    })
}

/// Has what happens be mailed.
pub(crate) fn tell_through(outbox: &Outbox, (directory, agendas): (&Directory, &Agendas)) {
    directory.tell_through(outbox.clone());
    agendas.tell_through(outbox.clone());
}

/// Patients' looks at their bookings.
pub(crate) fn visits(
    storage: &Storage,
    (agendas, directory): (&Agendas, &Directory),
    (outbox, clock): (&Outbox, &Arc<dyn Clock>),
) -> Visits {
    let drawn: Entropy = draws(3_000_000);
    Visits::new(
        agendas.clone(),
        directory.clone(),
        storage.records(),
        outbox.clone(),
        (clock.clone(), drawn),
    )
}

/// Patients' cards.
pub(crate) fn patients(storage: &Storage, agendas: &Agendas, clock: &Arc<dyn Clock>) -> People {
    People::new(agendas.clone(), storage.records(), clock.clone())
}
