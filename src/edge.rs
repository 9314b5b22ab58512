//! The edge: HTTP routes, the two kinds of sockets, guards and the table of error codes.
//!
//! Deliberately absent: business rules, storage. The edge speaks to the actors' handles in the domain's words and to the
//! world in `cabinet_proto`'s.

pub mod listen;
pub mod live;
