//! Boards over real sockets on loopback: order, resumption, bounds, bad clients, jammed readers.
//!
//! Deliberately absent: real agendas; the hubs stand over a stand-in that numbers changes.

mod abuse;
mod jam;
mod order;
mod rig;
mod source;
mod wait;
