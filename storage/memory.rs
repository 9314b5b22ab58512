//! Storage without a disk: for tests, simulation and the memory mode. The same semantics as the real ones, held by the
//! same conformance suite.

mod disk;
mod journal;
mod rows;

pub use disk::MemoryDisk;
pub use journal::MemoryJournal;
pub use rows::{MemoryRows, MemorySource};
