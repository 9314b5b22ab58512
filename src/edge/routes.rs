//! The HTTP routes, as the head of `proto/v1/http.rs` lists them. Each handler: guard, conversion, one call, conversion.
//!
//! Must not be here: rules, storage.

pub mod health;
pub mod manage;
pub mod public;
pub mod staff;

use super::problem::{EdgeCode, Failure};
use super::{EdgeState, secret};
use actix_web::web;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_actors::read::ReadError;
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AgendaKey, CommandId};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::practice::Practice;
use cabinet_domain::refusal::Refusal;
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicPractice;

/// Adds all of them.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(health::get_healthz)
        .service(health::get_readyz)
        .service(public::get_practice)
        .service(public::get_page)
        .service(public::get_slots)
        .service(public::post_hold)
        .service(public::post_release)
        .service(public::post_confirm)
        .service(manage::post_view)
        .service(manage::post_cancel)
        .service(staff::post_sign_in)
        .service(staff::post_sign_out)
        .service(staff::get_me)
        .service(staff::get_agenda)
        .service(staff::post_command);
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoSuchAgenda => EdgeCode::NotFound.into(),
            ReadError::Busy | ReadError::Unavailable => EdgeCode::Busy.into(),
            ReadError::Internal => EdgeCode::Internal.into(),
        }
    }
}

/// A command of someone known only by a secret.
struct BearerOrder {
    agenda: AgendaKey,
    principal: Principal,
    command_id: CommandId,
    digest: [u8; 16],
    command: Command,
    personal: Vec<PersonalPart>,
}

/// Carries a bearer's command out. A wrong secret gets the answer of an unknown id, `instead`: nobody learns which ids
/// stand by trying.
async fn execute_for_bearer(state: &EdgeState, order: BearerOrder, instead: Refusal) -> Result<Accepted, Failure> {
    let outcome = state
        .agendas
        .execute(Order {
            agenda: order.agenda,
            command: order.command,
            principal: order.principal,
            command_id: order.command_id,
            digest: order.digest,
            personal: order.personal,
        })
        .await;
    outcome.map_err(|error| {
        if error == ExecuteError::Refused(Refusal::NotYours) {
            instead.into()
        } else {
            error.into()
        }
    })
}

/// The principal that holds `secret`.
fn bearer(secret: &str) -> Principal {
    Principal::Bearer(secret::hash(secret))
}

/// The practice's public face with the zones of its agendas.
async fn public_face(state: &EdgeState, practice: &Practice) -> Result<PublicPractice, Failure> {
    let mut zones = Vec::new();
    for agenda in practice.practitioners.keys() {
        let key = AgendaKey {
            practice: practice.id,
            agenda: *agenda,
        };
        let zone = state.agendas.read(key, |read| {
            let profile = read.agenda.profile.as_ref();
            profile.map(|profile| profile.zone.name().to_owned())
        });
        zones.push((*agenda, zone.await?.unwrap_or_default()));
    }
    let zone_of = |agenda| {
        let known = zones.iter().find(|(one, _)| *one == agenda);
        known.map(|(_, zone)| zone.clone()).unwrap_or_default()
    };
    outward::public_practice(practice, zone_of).ok_or_else(|| EdgeCode::NotFound.into())
}
