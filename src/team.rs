//! Wiring of the team's page on the operators' listener.
//!
//! Must not be here: what is on it, who may see it (`edge::ops`).

use crate::config::Config;
use crate::edge::EdgeState;
use crate::edge::listen::{AllowedOrigins, ListenOptions, Listening, Reaper, Transport, listen};
use crate::edge::ops::desk::{Desk, Sources};
use crate::edge::ops::live::Streams;
use crate::edge::ops::{self, OpsState};
use actix_web::App as HttpApp;
use actix_web::middleware::from_fn;
use cabinet_actors::access::Entropy;
use cabinet_actors::accounts::Door;
use cabinet_actors::gateways::page::Page;
use cabinet_actors::mail::MailSupervisor;
use cabinet_actors::operators::Operators;
use prometheus::Registry;
use std::sync::Arc;

/// The operators' listener, as it runs.
pub(crate) struct OpsListening {
    pub(crate) listening: Listening,
    /// Its address.
    pub(crate) url: String,
    /// Address of the team's page; none: there is no page.
    pub(crate) team_url: Option<String>,
}

/// The team, as the operators' door opens its accounts.
pub(crate) fn operators(state: &EdgeState, entropy: Entropy) -> Operators {
    let accounts = state.accounts.at(Door::Operators);
    Operators::new(state.directory.clone(), state.access.clone(), accounts, entropy)
}

/// Binds the operators' listener. The page of the team is there on loopback alone: it is plain HTTP.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) fn listen_for_operators(
    config: &Config,
    reaper: &Arc<Reaper>,
    (registry, state): (&Registry, &EdgeState),
    (operators, mails, page): (&Operators, Option<MailSupervisor>, Option<Page>),
) -> anyhow::Result<OpsListening> {
    let origins = AllowedOrigins::default();
    let has_page = config.ops.bind.ip().is_loopback();
    let desk = Desk::new(Sources {
        registry: registry.clone(),
        ready: state.ready.clone(),
        access: state.access.clone(),
        accounts: state.accounts.at(Door::Operators),
        anomalies: state.anomalies.clone(),
        audit: state.audit.clone(),
        directory: state.directory.clone(),
        operators: operators.clone(),
        mails,
        clock: state.clock.clone(),
    });
    let shown = OpsState {
        registry: registry.clone(),
        ready: state.ready.clone(),
        page,
        team: has_page.then(|| (state.at_operators_door(origins.clone()), desk)),
        streams: Streams::default(),
    };
    let options = ListenOptions::at(config.ops.bind, Transport::PlainOnLoopback);
    let factory = move || {
        let shown = shown.clone();
        HttpApp::new()
            .wrap(from_fn(crate::edge::frame::around))
            .configure(|routes| ops::configure(routes, shown))
    };
    let listening = listen(&options, reaper, factory)?;
    let url = format!("{}://{}", listening.scheme, listening.address);
    origins.add(url.clone());
    let port = listening.address.port();
    origins.add(format!("{}://localhost:{port}", listening.scheme));
    Ok(OpsListening {
        team_url: has_page.then(|| url.clone()),
        listening,
        url,
    })
}
