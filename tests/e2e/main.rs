//! The whole server but its disk, over real sockets: HTTP and sessions, as programs see them.
//!
//! Deliberately absent: boards (tested beside the hub), the binary and its processes.

mod booking;
mod documents;
mod jam;
mod ops;
mod refusals;
mod sessions;
mod staff;
mod wait;
mod world;
