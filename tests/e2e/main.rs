//! The whole server but its disk, over real sockets: HTTP and sessions, as programs see them.
//!
//! Deliberately absent: boards (tested beside the hub), the binary and its processes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod accounts;
mod alerts;
mod audit;
mod booking;
mod contract;
mod documents;
mod feeds;
mod locks;
mod mails;
mod operators;
mod ops;
mod parts;
mod patient_mails;
mod people;
mod plain;
mod planning;
mod refusals;
mod reviews;
mod rights;
mod sessions;
mod staff;
mod support;
mod visits;
mod waiting;
mod wiring;
mod world;
