//! Sessions (`/ws`): someone known, two-way. `session` is the actor, `socket` the only file that knows the socket
//! library, `topics` joins and tells, `frames` reads what arrives, `body` hands on what is said, `outbox` takes deltas from
//! agendas, `presence` knows who looks at what,
//! `rights` looks at them again whenever they may have changed.
//!
//! Must not be here: boards (`live`), permissions (`guard`).

mod body;
pub mod frames;
pub mod outbox;
pub mod presence;
mod rights;
mod session;
pub mod socket;
mod topics;

pub use presence::Presence;

use actix_web::web::{ServiceConfig, get};

/// Adds the route.
pub fn configure(config: &mut ServiceConfig) {
    config.route("/ws", get().to(session::open));
}
