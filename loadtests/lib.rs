//! Load scenarios: clients of the wire protocol only, against a running server on this machine.
//!
//! Deliberately absent: anything of the server's inside. Figures are printed with the reference measured in the same run,
//! because machines are noisy; nothing here passes or fails by time.

pub mod arrivals;
pub mod bookings;
pub mod client;
pub mod figures;
pub mod http;
pub mod machine;
pub mod picture;
pub mod screen;
pub mod screens;
pub mod server;
pub mod slots;
pub mod soak;
pub mod staff;
pub mod steady;
pub mod storm;
pub mod watchers;
