//! The actors: one agenda, one writer. `agenda/cell` is the state machine without I/O, `agenda/shell` the actix actor around
//! it, `agenda/feed` its outlet, `agendas` the one handle the rest of the server holds, `directory` the practices,
//! `membership` who belongs to them, `access` links and sessions of staff, `accounts` their passwords and second factors, `audit`
//! the log of accesses, `anomaly` the watch over it, `operators` the platform's own team, `visits` patients' looks at their bookings.
//!
//! Deliberately absent: HTTP, sockets, the wire protocol, sled. What an agenda may do is `cabinet_domain`; how it is kept is
//! `cabinet_storage`.

pub mod access;
pub mod accounts;
pub mod agenda;
pub mod agendas;
pub mod anomaly;
pub mod audit;
pub mod clock;
mod code;
pub mod delta;
pub mod directory;
pub mod feeds;
pub mod gateways;
pub mod lifecycle;
pub mod mail;
pub mod membership;
pub mod metrics;
pub mod operators;
pub mod order;
pub mod people;
pub mod read;
pub mod visits;
mod waiting;

pub use waiting::WAITING_MAX;

#[cfg(test)]
#[path = "tests/agendas/fixtures.rs"]
mod fixtures;
