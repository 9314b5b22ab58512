//! Boards over real sockets on loopback: order, resumption, bounds, bad clients, jammed readers.
//!
//! Deliberately absent: real agendas; the hubs stand over a stand-in that numbers changes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and measurements are printed"
)]

mod abuse;
mod handover;
mod jam;
mod order;
mod rig;
mod seeds;
mod source;
mod wait;
