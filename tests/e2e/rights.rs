//! Rights over HTTP and sessions: the hand-written matrix, cell by cell, and what a changed right does to open sockets.

#[path = "../../domain/tests/rights/cells.rs"]
mod cells;
mod matrix;
mod people;
mod sockets;
