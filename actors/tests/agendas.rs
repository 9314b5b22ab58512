//! The actors as the server uses them: through `Agendas`, `Directory` and `Access`, on a real actix system.
//!
//! Everything here is marked `cfg(test)` so that the lints see helpers as tests too.

// The fixtures serve the crate's own tests as well, where this is `crate::order`.
#[cfg(test)]
use cabinet_actors::order;

#[cfg(test)]
#[path = "agendas/directory_and_access.rs"]
mod directory_and_access;
#[cfg(test)]
#[path = "agendas/fixtures.rs"]
mod fixtures;
#[cfg(test)]
#[path = "agendas/lives.rs"]
mod lives;
#[cfg(test)]
#[path = "agendas/membership.rs"]
mod membership;
#[cfg(test)]
#[path = "agendas/races.rs"]
mod races;
#[cfg(test)]
#[path = "agendas/room.rs"]
mod room;
#[cfg(test)]
#[path = "agendas/topics.rs"]
mod topics;
