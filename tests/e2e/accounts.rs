//! Accounts over HTTP: made with a link, signed in to with two factors, cared for, and what ends with them.

mod authenticator;
mod care;
mod doors;
mod mails;
mod members;
mod passkeys;
pub(crate) mod person;
mod sign_up;

use crate::world::{AGENDA, World};

/// An owner who has an account, and nothing else yet.
pub(crate) async fn stranger(world: &World, email: &str) -> person::Person {
    person::Person::activated(world, AGENDA.practice, 50, email).await
}

/// The cookies of an owner with an account, who has just shown two factors.
pub(crate) async fn owner(world: &World) -> String {
    let owner = person::Person::activated(world, AGENDA.practice, 50, "claire@essai.example");
    owner.await.cookies
}
