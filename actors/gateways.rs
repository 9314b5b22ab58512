//! Where the product speaks to services that are not its own: mail. The crates that speak their protocols are named here and
//! nowhere else.
//!
//! Must not be here: when to speak, what to say, what to do when nobody answers.

pub mod page;
pub mod smtp;
