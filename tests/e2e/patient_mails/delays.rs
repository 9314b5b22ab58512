//! A delay is mailed to who is still to come that day, once, and again when it is quite another.

use super::{AGENDA, MINUTE_MS, World, mailed, order, staff_books};
use cabinet_actors::mail::Envelope;
use cabinet_domain::command::Command;
use serde_json::json;

const LATER: &str = "later@example.org";

async fn runs_late(world: &World, minutes: u16) {
    let command = Command::AnnounceDelay { minutes };
    world.agendas.execute(order(world, AGENDA, command)).await.unwrap();
}

/// Mails about delays to the patient with this address.
async fn told(world: &World, address: &str) -> Vec<Envelope> {
    let mut mails = world.mails().await;
    mails.retain(|mail| mail.to == address && mail.subject.contains("de retard"));
    mails
}

#[actix_web::test]
async fn who_is_still_to_come_today_is_told_once_and_again_of_quite_another_delay() {
    let world = World::start().await;
    let now = world.now().0;
    for (address, start_ms) in [
        ("begun@example.org", now - 10 * MINUTE_MS),
        (LATER, now + 120 * MINUTE_MS),
        ("tomorrow@example.org", now + 24 * 60 * MINUTE_MS),
    ] {
        staff_books(&world, AGENDA, start_ms, Some(address)).await;
    }
    staff_books(&world, AGENDA, now + 180 * MINUTE_MS, None).await;
    mailed(&world).await;
    runs_late(&world, 19).await;
    assert_eq!(told(&world, LATER).await, [], "less than is worth a mail");
    runs_late(&world, 30).await;
    let mails = told(&world, LATER).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Environ 30 minutes de retard aujourd’hui");
    assert!(mails[0].text.contains("Lieu : 1 rue de la Gare"), "{}", mails[0].text);
    for hidden in ["Consultation", "Ostéopathe", "Morel", "Léa", "Petit"] {
        assert!(!format!("{:?}", mails[0]).contains(hidden), "{hidden}");
    }
    for nobody in ["begun@example.org", "tomorrow@example.org"] {
        assert_eq!(told(&world, nobody).await, [], "{nobody}");
    }
    // 44 is near what was mailed, 45 is not; none at all is no mail, and 30 is near no more.
    for (minutes, count) in [(44, 1), (45, 2), (0, 2), (31, 2), (30, 3)] {
        runs_late(&world, minutes).await;
        assert_eq!(told(&world, LATER).await.len(), count, "{minutes}");
    }
}

#[actix_web::test]
async fn a_delay_that_is_another_by_now_is_not_mailed() {
    let world = World::start().await;
    staff_books(&world, AGENDA, world.now().0 + 120 * MINUTE_MS, Some(LATER)).await;
    mailed(&world).await;
    runs_late(&world, 30).await;
    runs_late(&world, 90).await;
    let mails = told(&world, LATER).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].subject.contains("90 minutes"));
    runs_late(&world, 200).await;
    runs_late(&world, 0).await;
    assert_eq!(
        told(&world, LATER).await.len(),
        1,
        "it was taken back before it was sent"
    );
}

#[actix_web::test]
async fn who_was_said_to_be_there_is_told_nothing() {
    let world = World::start().await;
    let booking = staff_books(&world, AGENDA, world.now().0 + 60 * MINUTE_MS, Some(LATER)).await;
    mailed(&world).await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let commands = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
    let mark = json!({"command_id": world.id(),
        "command": {"do": "mark_booking", "booking": booking.to_string(), "mark": "arrived"}});
    world.staff_post(&cookie, &commands, &mark).await.fine(200);
    runs_late(&world, 60).await;
    assert_eq!(told(&world, LATER).await, []);
}
