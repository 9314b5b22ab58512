//! The server.

pub mod edge;
