//! Patients without an account: a code by mail opens one's own bookings of one practice, and nobody else's.

use crate::world::{AGENDA, FOREIGN, MINUTE_MS, MONDAY_MS, World};
use cabinet_actors::mail::Envelope;
use cabinet_actors::visits::{CODE_EVERY_SECONDS, CODE_TRIES, VISIT_SECONDS};
use cabinet_domain::mail::PATIENT_CODE_SECONDS;
use serde_json::{Value, json};

const HERE: &str = "/api/v1/public/cabinet-essai";
const LEA: &str = "lea@example.org";

async fn visit(world: &World, what: &str, body: &Value) -> crate::world::Answer {
    world.staff_post("", &format!("{HERE}/visit{what}"), body).await
}

/// The mails with codes; those about bookings aside.
async fn codes(world: &World) -> Vec<Envelope> {
    let mut mails = world.mails().await;
    mails.retain(|mail| mail.html.is_none());
    mails
}

/// Asks for a code; the mail that comes, which is the `count`th.
async fn mailed(world: &World, email: &str, count: usize) -> Envelope {
    let ask = json!({"email": email, "locale": "fr"});
    visit(world, "", &ask).await.fine(202);
    for _ in 0..2_000 {
        // The newest stands first.
        let mails = codes(world).await;
        if mails.len() >= count {
            return mails.into_iter().next().unwrap();
        }
        tokio::task::yield_now().await;
    }
    panic!("no mail came")
}

fn code_in(mail: &Envelope) -> String {
    let code = mail
        .text
        .lines()
        .find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()));
    code.unwrap().to_owned()
}

async fn opened(world: &World, count: usize) -> Value {
    let code = code_in(&mailed(world, LEA, count).await);
    let body = json!({"email": LEA, "code": code});
    visit(world, "/open", &body).await.fine(200)
}

#[actix_web::test]
async fn a_code_by_mail_opens_ones_own_bookings_and_cancels_one() {
    let world = World::start().await;
    let (first, _) = world.book(MONDAY_MS + 60 * MINUTE_MS).await;
    let (second, _) = world.book(MONDAY_MS).await;
    let mail = mailed(&world, " LEA@example.org ", 1).await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (LEA, "Votre code"));
    // A mailbox is read over shoulders: neither when nor for what.
    for telling in ["Consultation", "novembre", "09:00", "9 h", "Léa", "Petit", "Claire"] {
        assert!(!mail.text.contains(telling), "{telling}: {}", mail.text);
    }
    let code = code_in(&mail);
    let body = json!({"email": LEA, "code": format!(" {} {} ", &code[..4], &code[4..])});
    let shown = visit(&world, "/open", &body).await.fine(200);
    let bookings = shown["bookings"].as_array().unwrap();
    assert_eq!(bookings.len(), 2);
    assert_eq!(bookings[0]["booking"], second["booking"], "the nearest first");
    assert_eq!(bookings[1]["booking"], first["booking"]);
    assert_eq!(bookings[0]["cancel_until_ms"], MONDAY_MS - 60 * MINUTE_MS);
    assert!(!shown.to_string().contains("Petit"), "times, not the person");
    visit(&world, "/open", &body).await.refused(401, "wrong_code");

    let cancel = json!({"command_id": world.id(), "visit": shown["visit"], "practitioner": "claire-morel",
        "booking": second["booking"]});
    let cancelled = visit(&world, "/cancel", &cancel).await.fine(200);
    let holder = json!({ "visit": shown["visit"] });
    let left = visit(&world, "/bookings", &holder).await.fine(200);
    assert_eq!(left["bookings"].as_array().unwrap().len(), 1);
    assert!(world.free().await.contains(&MONDAY_MS));
    assert!(cancelled["seq"].as_u64() > Some(0));
    visit(&world, "/cancel", &cancel).await.refused(404, "booking_unknown");
    world.pass_seconds(VISIT_SECONDS);
    visit(&world, "/bookings", &holder).await.refused(401, "challenge_gone");
}

#[actix_web::test]
async fn the_same_address_in_another_practice_is_somebody_else() {
    let world = World::start().await;
    world.book(MONDAY_MS).await;
    let shown = opened(&world, 1).await;
    let elsewhere = world.directory.practice(FOREIGN.practice).unwrap();
    let elsewhere = elsewhere.face.as_ref().unwrap().slug.clone();
    let path = |what: &str| format!("/api/v1/public/{elsewhere}/visit{what}");
    // Nothing was booked there: no mail comes, and what opens one practice opens no other.
    world
        .staff_post("", &path(""), &json!({"email": LEA, "locale": "en"}))
        .await
        .fine(202);
    let holder = json!({ "visit": shown["visit"] });
    world
        .staff_post("", &path("/bookings"), &holder)
        .await
        .refused(401, "challenge_gone");
    world.pass_seconds(CODE_EVERY_SECONDS);
    let code = code_in(&mailed(&world, LEA, 2).await);
    let body = json!({"email": LEA, "code": code});
    world
        .staff_post("", &path("/open"), &body)
        .await
        .refused(401, "wrong_code");
    visit(&world, "/open", &body).await.fine(200);
    assert_eq!(codes(&world).await.len(), 2, "none from the other practice");
    assert_ne!(AGENDA.practice, FOREIGN.practice);
}

#[actix_web::test]
async fn nobody_learns_whether_an_address_has_bookings_and_guesses_are_few() {
    let world = World::start().await;
    world.book(MONDAY_MS).await;
    for email in ["inconnu@example.org", "pas une adresse", ""] {
        visit(&world, "", &json!({"email": email, "locale": "fr"}))
            .await
            .fine(202);
        let guess = json!({"email": email, "code": "00000000"});
        visit(&world, "/open", &guess).await.refused(401, "wrong_code");
    }
    let code = code_in(&mailed(&world, LEA, 1).await);
    let wrong = json!({"email": LEA, "code": if code == "12345678" { "87654321" } else { "12345678" }});
    for _ in 0..CODE_TRIES {
        visit(&world, "/open", &wrong).await.refused(401, "wrong_code");
    }
    let right = json!({"email": LEA, "code": code});
    visit(&world, "/open", &right).await.refused(401, "wrong_code");
    // Asked for again at once, nothing is sent; after the pause another code comes, good for its time.
    visit(&world, "", &json!({"email": LEA, "locale": "fr"}))
        .await
        .fine(202);
    world.pass_seconds(CODE_EVERY_SECONDS);
    let second = code_in(&mailed(&world, LEA, 2).await);
    world.pass_seconds(PATIENT_CODE_SECONDS);
    let late = json!({"email": LEA, "code": second});
    visit(&world, "/open", &late).await.refused(401, "wrong_code");
    let odd = json!({"email": LEA, "locale": "de"});
    visit(&world, "", &odd).await.refused(400, "malformed");
}

#[actix_web::test]
async fn what_is_past_or_booked_by_staff_is_shown_and_not_cancelled_here_and_each_look_is_in_the_log() {
    let world = World::start().await;
    let (booked, _) = world.book(MONDAY_MS).await;
    world.pass_seconds((MONDAY_MS - world.now().0) / 1_000 + 3_600);
    let shown = opened(&world, 1).await;
    assert_eq!(shown["bookings"].as_array().unwrap().len(), 1, "an hour ago");
    let cancel = json!({"command_id": world.id(), "visit": shown["visit"], "practitioner": "claire-morel",
        "booking": booked["booking"]});
    visit(&world, "/cancel", &cancel)
        .await
        .refused(409, "too_late_to_cancel");
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let log = world.staff_get(&cookie, "/api/v1/staff/audit").await.fine(200);
    let seen = log["leaves"].as_array().unwrap().iter();
    let seen: Vec<&Value> = seen.filter(|leaf| leaf["said"]["act"] == "booking.viewed").collect();
    assert_eq!(seen.len(), 1, "{log}");
}
