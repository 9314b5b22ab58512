//! What who waits for a time is mailed.

use super::{AGENDA, MONDAY_MS, PAGE, WEEK_MS, World, links, mailed, opened, practice_cancels, staff_books};
use crate::waiting::Waiter;
use cabinet_actors::mail::{Envelope, PostError};
use serde_json::{Value, json};

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

/// Mails with this word in their subject, the newest first.
async fn about(world: &World, word: &str) -> Vec<Envelope> {
    let mut mails = mailed(world).await;
    mails.retain(|mail| mail.subject.contains(word));
    mails
}

/// Who holds what the link of an offer's mail gave.
fn by_mail(waiter: &Waiter, link: &Value) -> Waiter {
    assert!(waiter.path.ends_with(link["booking"].as_str().unwrap()));
    Waiter {
        secret: link["manage"].as_str().unwrap().to_owned(),
        path: waiter.path.clone(),
    }
}

#[actix_web::test]
async fn an_offer_is_mailed_with_a_link_that_shows_and_takes_it_without_the_secret() {
    let world = World::start().await;
    world.pass_seconds(30);
    let waiter = offered(&world).await;
    let mails = about(&world, "libérée").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(
        mail.subject,
        "Une heure s’est libérée : lundi 23 novembre 2026 à 9 h 00"
    );
    assert!(mail.text.contains("Lieu : 1 rue de la Gare"), "{}", mail.text);
    assert_eq!(mail.attachments, []);
    for hidden in [
        "Consultation",
        "Ostéopathe",
        "Morel",
        "Léa",
        "Petit",
        waiter.secret.as_str(),
    ] {
        assert!(!format!("{mail:?}").contains(hidden), "{hidden}");
    }
    let link = links(mail)[0].clone();
    let found = opened(&world, &link).await;
    assert_eq!(found["purpose"], "offer");
    let holder = by_mail(&waiter, &found);
    let seen = holder.view(&world).await;
    assert_eq!(
        (&seen["state"], &seen["offer"]["start_ms"]),
        (&json!("offered"), &json!(MONDAY_MS))
    );
    // It is good for this entry's offer and for nothing else.
    let other = Waiter::join(&world, "Grand").await;
    let stranger = Waiter {
        secret: holder.secret.clone(),
        path: other.path.clone(),
    };
    for what in ["accept", "decline", "leave"] {
        stranger.act(&world, what).await.refused(404, "not_found");
    }
    holder.act(&world, "leave").await.refused(404, "not_found");
    let asked = json!({ "link": link, "wanted": false });
    world
        .post("/api/v1/link/reminders", &asked)
        .await
        .refused(401, "link_gone");

    let accepted = holder.act(&world, "accept").await.fine(201);
    assert_eq!(holder.view(&world).await["state"], "booked");
    // The booking is managed by the entry's secret or by the confirmation's link, not by the offer's.
    let view = format!("{PAGE}/bookings/{}/view", accepted["booking"].as_str().unwrap());
    let with = |manage: &str| json!({ "manage": manage });
    world
        .post(&view, &with(&holder.secret))
        .await
        .refused(404, "booking_unknown");
    world.post(&view, &with(&waiter.secret)).await.fine(200);
    assert_eq!(about(&world, "confirmé").await.len(), 1);
}

#[actix_web::test]
async fn an_offers_link_ends_with_the_offer_and_declining_by_it_passes_the_time_on() {
    let world = World::start().await;
    world.pass_seconds(30);
    let first = offered(&world).await;
    world.pass_seconds(1);
    let second = Waiter::join(&world, "Grand").await;
    let link = links(&about(&world, "libérée").await[0])[0].clone();
    let holder = by_mail(&first, &opened(&world, &link).await);
    holder.act(&world, "decline").await.fine(200);
    assert_eq!(first.view(&world).await["state"], "waiting");
    let mails = about(&world, "libérée").await;
    assert_eq!(mails.len(), 2, "the next one is mailed: {mails:?}");
    let link = links(&mails[0])[0].clone();
    let holder = by_mail(&second, &opened(&world, &link).await);
    world.pass_seconds(599);
    assert_eq!(holder.view(&world).await["state"], "offered", "to the last second");
    world.pass_seconds(60);
    let asked = json!({ "link": link });
    world.post("/api/v1/link/open", &asked).await.refused(401, "link_gone");
    let body = json!({ "secret": holder.secret });
    world
        .post(&format!("{}/view", holder.path), &body)
        .await
        .refused(404, "not_found");
    holder.act(&world, "accept").await.refused(404, "not_found");
}

#[actix_web::test]
async fn an_offer_that_is_over_is_not_mailed_any_more() {
    let world = World::start().await;
    offered(&world).await;
    world.postman.will_fail(9, &PostError::Later("busy".to_owned()));
    assert_eq!(about(&world, "libérée").await, []);
    world.pass_seconds(600);
    assert_eq!(about(&world, "libérée").await, []);
    assert_eq!(world.mails.stats().waiting, 0);
}

#[actix_web::test]
async fn who_is_taken_off_the_list_is_told_and_who_leaves_it_is_not() {
    let world = World::start().await;
    let leaver = Waiter::join(&world, "Grand").await;
    leaver.act(&world, "leave").await.fine(200);
    assert_eq!(mailed(&world).await, []);
    let removed = Waiter::join(&world, "Petit").await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    let entry = removed.path.rsplit('/').next().unwrap();
    let remove = json!({"command_id": world.id(), "command": {"do": "remove_waiting", "entry": entry}});
    world.staff_post(&cookie, &commands, &remove).await.fine(200);
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].subject, "Liste d’attente : votre inscription a pris fin");
    assert!(mails[0].text.contains("vous a retiré"), "{}", mails[0].text);

    // Three times left, one after the other.
    let waiter = Waiter::join(&world, "Petit").await;
    for week in 0..3 {
        let booking = staff_books(&world, AGENDA, MONDAY_MS + week * WEEK_MS, None).await;
        practice_cancels(&world, AGENDA, booking).await;
        waiter.act(&world, "decline").await.fine(200);
    }
    let ended = about(&world, "Liste d’attente").await;
    assert_eq!(ended.len(), 2);
    assert!(
        ended[0].text.contains("laissé passer trois heures"),
        "{}",
        ended[0].text
    );
}
