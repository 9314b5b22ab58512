//! Load scenarios: clients of the wire protocol only, against a running server on this machine.
//!
//! Deliberately absent: anything of the server's inside. Figures are printed with the reference measured in the same run,
//! because machines are noisy; nothing here passes or fails by time.

pub mod bookings;
pub mod client;
pub mod figures;
pub mod http;
pub mod screen;
pub mod slots;
pub mod soak;
