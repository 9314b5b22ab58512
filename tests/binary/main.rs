//! The real binary from outside: killed at random moments, and stormed by a thousand connections at once.
//!
//! Deliberately absent: anything in process. What is tested is the file `cabinet` and what it says on its sockets.

mod board;
mod hands;
mod http;
mod kill;
mod server;
