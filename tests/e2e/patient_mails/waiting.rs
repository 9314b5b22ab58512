//! What who waits for a time is mailed.

use super::{AGENDA, MONDAY_MS, World, links, mailed, opened, practice_cancels, staff_books};
use crate::waiting::Waiter;

/// Somebody without an address has the time; it is cancelled while somebody with one waits.
async fn offered(world: &World) -> Waiter {
    let booking = staff_books(world, AGENDA, MONDAY_MS, None).await;
    let waiter = Waiter::join(world, "Petit").await;
    practice_cancels(world, AGENDA, booking).await;
    assert_eq!(waiter.view(world).await["state"], "offered");
    waiter
}

#[actix_web::test]
async fn who_accepts_an_offer_gets_the_confirmation() {
    let world = World::start().await;
    let waiter = offered(&world).await;
    let accepted = waiter.act(&world, "accept").await.fine(201);
    let mut mails = mailed(&world).await;
    mails.retain(|mail| mail.subject == "Rendez-vous confirmé : lundi 23 novembre 2026 à 9 h 00");
    assert_eq!(mails.len(), 1, "{mails:?}");
    let link = opened(&world, &links(&mails[0])[0]).await;
    assert_eq!(
        (&link["purpose"], &link["booking"]),
        (&"manage".into(), &accepted["booking"])
    );
}
