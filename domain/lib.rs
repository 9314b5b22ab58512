//! The ground everything stands on: ids, civil time, the agenda's state, what may be asked of it (commands),
//! what happened (events), why something did not (refusals), and the pure functions between them.
//!
//! Deliberately absent: tokio, actix, sled, tracing, randomness and any clock. Time and ids come in from outside,
//! so that the same inputs give the same outputs in production, in tests and in simulation.

pub mod agenda;
pub mod anomaly;
pub mod audience;
pub mod audit;
pub mod calendar_file;
pub mod command;
pub mod course;
pub mod decide;
pub mod event;
pub mod holidays;
pub mod identifiers;
pub mod ids;
pub mod invariants;
pub mod inventory;
pub mod mail;
pub(crate) mod openings;
pub mod password;
pub mod people;
pub mod person;
pub mod practice;
pub mod refusal;
pub mod rights;
pub mod schedule;
pub mod series;
pub mod slots;
pub mod stream;
pub mod time;
pub mod view;
pub mod waiting;
pub(crate) mod zone_table;

pub use command::{Command, Principal, Stamp};
pub use event::Event;
pub use refusal::Refusal;
