//! Deterministic simulation: seeded worlds in which the real cells, the real journal, keyring and seals run over a disk that
//! tears, reorders, loses, refuses and lies, under a clock that is set forward and back, for clients that repeat, leave and
//! resubscribe, and a process that dies at any point, also while it recovers. One thread a world, no clock of the machine, no
//! randomness but the seed's: the same seed gives the same trace.
//!
//! `cabinet simulate` runs it. Must not be here: HTTP, sockets, the wire protocol, sled.

pub mod alerts;
mod client;
mod clock;
pub mod coverage;
mod failure;
mod gate;
mod intent;
mod ledger;
mod plan;
mod practice;
mod process;
mod report;
mod run;
mod shells;
mod store;
mod subscriber;
mod trace;
mod truth;
mod wait;
mod world;

#[cfg(test)]
mod scenarios;

pub use failure::Failure;
pub use plan::COMMANDS_MIN;
pub use report::Report;
pub use run::{Options, run_seed, simulate};
