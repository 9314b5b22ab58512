//! The actors: one agenda, one writer. `agenda/cell` is the state machine without I/O, `agenda/shell` the actix actor around
//! it, `agenda/feed` its outlet, `agendas` the one handle the rest of the server holds, `directory` the practices.
//!
//! Deliberately absent: HTTP, sockets, the wire protocol, sled. What an agenda may do is `cabinet_domain`; how it is kept is
//! `cabinet_storage`.

pub mod clock;
pub mod delta;
pub mod order;
