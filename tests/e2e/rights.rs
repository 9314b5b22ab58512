//! Rights over HTTP and sessions: the hand-written matrix, cell by cell, and what a changed right does to open sockets.

#[path = "../../domain/tests/rights/cells.rs"]
mod cells;
mod commands;
mod matrix;
mod people;
mod sockets;

pub(crate) use self::people::{COLLEAGUES, add_colleague};
use crate::world::World;
use cabinet_domain::ids::StaffId;
use cabinet_domain::rights::{Level, Role};

/// A practitioner with no level on any agenda.
pub(crate) async fn practitioner_without_rights(world: &World) -> StaffId {
    assert!(people::add(world, Role::Practitioner, Level::None).await);
    people::id_of(Role::Practitioner, Level::None)
}
