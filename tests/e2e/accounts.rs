//! Accounts over HTTP: made with a link, signed in to with two factors, cared for, and what ends with them.

mod care;
mod doors;
mod members;
mod person;
mod sign_up;

use crate::world::{AGENDA, World};

/// The cookies of an owner with an account, who has just shown two factors.
pub(crate) async fn owner(world: &World) -> String {
    let owner = person::Person::activated(world, AGENDA.practice, 50, "claire@essai.example");
    owner.await.cookies
}
