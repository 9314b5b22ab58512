//! The real binary from outside: killed at random moments, stormed by a thousand connections at once, and
//! failed by its disk.
//!
//! Deliberately absent: anything in process. What is tested is the file `cabinet` and what it says on its sockets.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and measurements are printed"
)]

mod alerts;
mod audit;
mod board;
mod canary;
mod certificate;
mod faults;
mod giant;
mod hands;
mod handshake;
mod http;
mod jam;
mod kill;
mod panics;
mod patients;
mod people;
mod server;
mod session;
mod smuggling;
mod stop;
mod storm;
mod wait;
