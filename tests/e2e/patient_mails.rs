//! Mails to patients: what is sent when they book, when staff book for them, move or cancel; what their links open, and what does
//! not open. Reminders: `reminders`; several bookings in one command: `several`; the waiting list: `waiting`; delays: `delays`.

mod delays;
mod reminders;
mod several;
mod waiting;

use crate::world::{AGENDA, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, PAGE, World};
use cabinet_actors::mail::{Attachment, Envelope, PostError};
use cabinet_actors::order::Order;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Allowances, Canceller, Command, Principal};
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, CommandId, PatientId, StaffId};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::time::UtcMinute;
use serde_json::{Value, json};

const LEA: &str = "lea@example.org";
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// What was mailed to a patient, the newest first.
async fn mailed(world: &World) -> Vec<Envelope> {
    let mut mails = world.mails().await;
    mails.retain(|mail| mail.to == LEA);
    mails
}

/// What stands behind the `#` of a mail's links.
fn links(mail: &Envelope) -> Vec<String> {
    let links = mail.text.split("https://agenda.example.org/rdv#").skip(1);
    links
        .map(|rest| rest.split_whitespace().next().unwrap().to_owned())
        .collect()
}

async fn opened(world: &World, link: &str) -> Value {
    world
        .post("/api/v1/link/open", &json!({ "link": link }))
        .await
        .fine(200)
}

fn order(world: &World, agenda: AgendaKey, command: Command) -> Order {
    Order {
        agenda,
        command,
        principal: Principal::Staff(StaffId(50)),
        command_id: CommandId(world.draw().into()),
        digest: [0; 16],
        personal: Vec::new(),
        origin: LeafOrigin::default(),
        locale: None,
    }
}

/// Staff book for a patient, with an address or without.
async fn staff_books(world: &World, agenda: AgendaKey, start_ms: i64, email: Option<&str>) -> BookingId {
    let drawn = u128::from(world.draw());
    let (booking, patient, details) = (BookingId(drawn), PatientId(drawn), BlobId(drawn));
    let command = Command::BookDirectly {
        booking,
        kind: KIND,
        start: UtcMinute(start_ms / MINUTE_MS),
        patient,
        details,
        allow: Allowances {
            overlap: false,
            outside_hours: true,
            over_cap: false,
        },
    };
    let person = Person {
        given_name: "Léa".to_owned(),
        family_name: "Petit".to_owned(),
        email: email.map(str::to_owned),
        phone: None,
    };
    let mut order = order(world, agenda, command);
    order.personal = vec![PersonalPart {
        patient,
        blob: details,
        person,
    }];
    world.agendas.execute(order).await.unwrap();
    booking
}

async fn staff_moves(world: &World, booking: BookingId, start_ms: i64) {
    let command = Command::MoveBooking {
        booking,
        start: UtcMinute(start_ms / MINUTE_MS),
        allow: Allowances {
            overlap: false,
            outside_hours: true,
            over_cap: false,
        },
    };
    world.agendas.execute(order(world, AGENDA, command)).await.unwrap();
}

async fn practice_cancels(world: &World, agenda: AgendaKey, booking: BookingId) {
    let command = Command::CancelBooking {
        booking,
        by: Canceller::Practice,
    };
    world.agendas.execute(order(world, agenda, command)).await.unwrap();
}

fn calendar(mail: &Envelope) -> (&'static str, &str) {
    let [file] = mail.attachments.as_slice() else {
        panic!("one file: {mail:?}");
    };
    assert_eq!(file.name, "rendez-vous.ics");
    (file.kind, &file.text)
}

/// The value of a calendar file's line.
fn line<'a>(file: &'a str, name: &str) -> &'a str {
    let mut lines = file.lines().filter_map(|line| line.strip_prefix(name));
    lines.next().unwrap()
}

#[actix_web::test]
async fn who_books_with_an_address_is_mailed_when_and_where_with_a_link_that_shows_and_cancels() {
    let world = World::start().await;
    world.book(MONDAY_MS).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(mail.subject, "Rendez-vous confirmé : lundi 23 novembre 2026 à 9 h 00");
    assert!(mail.text.contains("Lieu : 1 rue de la Gare"), "{}", mail.text);
    assert!(mail.text.contains("Cabinet : Cabinet d'essai"), "{}", mail.text);
    for hidden in ["Consultation", "Ostéopathe", "Morel", "Léa", "Petit"] {
        assert!(!format!("{mail:?}").contains(hidden), "{hidden}");
    }
    let (kind, file) = calendar(mail);
    assert_eq!(kind, Attachment::CALENDAR);
    assert_eq!(line(file, "DTSTART:"), "20261123T080000Z");
    let link = opened(&world, &links(mail)[0]).await;
    assert_eq!(link["purpose"], "manage");
    let (booking, manage) = (link["booking"].as_str().unwrap(), &link["manage"]);
    assert_eq!(line(file, "UID:"), format!("{booking}@cabinet-en-ligne"));
    let seen = world
        .post(&format!("{PAGE}/bookings/{booking}/view"), &json!({ "manage": manage }))
        .await
        .fine(200);
    assert_eq!(seen["start_ms"], MONDAY_MS);
    let cancel = json!({ "command_id": format!("{:032x}", 77), "manage": manage });
    world
        .post(&format!("{PAGE}/bookings/{booking}/cancel"), &cancel)
        .await
        .fine(200);
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].subject, "Rendez-vous annulé : lundi 23 novembre 2026 à 9 h 00");
    assert!(mails[0].text.contains("comme vous l’avez demandé"));
    let (kind, end) = calendar(&mails[0]);
    assert_eq!(kind, Attachment::CALENDAR_END);
    assert_eq!(line(end, "UID:"), line(file, "UID:"));
    assert!(line(end, "SEQUENCE:").parse::<u64>().unwrap() > line(file, "SEQUENCE:").parse().unwrap());
}

#[actix_web::test]
async fn who_books_in_english_is_mailed_in_english_ever_after() {
    let world = World::start().await;
    let request = world.hold_request(MONDAY_MS);
    let hold = world.post(&format!("{PAGE}/holds"), &request).await.fine(201);
    let mut confirm = crate::world::confirm_request(&world.id(), &request["token"], &world.id());
    confirm["locale"] = json!("de");
    let path = format!("{PAGE}/holds/{}/confirm", hold["hold"].as_str().unwrap());
    world.post(&path, &confirm).await.refused(400, "malformed");
    confirm["locale"] = json!("en");
    let booked = world.post(&path, &confirm).await.fine(201);
    let mails = mailed(&world).await;
    assert_eq!(
        mails[0].subject,
        "Appointment confirmed: Monday 23 November 2026 at 09:00"
    );
    assert!(mails[0].text.contains("Place: 1 rue de la Gare"), "{}", mails[0].text);
    let booking: BookingId = booked["booking"].as_str().unwrap().parse().unwrap();
    staff_moves(&world, booking, MONDAY_MS + 60 * MINUTE_MS).await;
    let mails = mailed(&world).await;
    assert_eq!(mails[0].subject, "Appointment moved: Monday 23 November 2026 at 10:00");
    practice_cancels(&world, AGENDA, booking).await;
    assert!(mailed(&world).await[0].text.contains("The practice had to cancel"));
}

#[actix_web::test]
async fn who_was_booked_by_staff_is_mailed_and_cancels_by_the_link_until_the_limit() {
    let world = World::start().await;
    let booking = staff_books(&world, AGENDA, MONDAY_MS, Some(LEA)).await;
    staff_books(&world, AGENDA, MONDAY_MS + WEEK_MS, None).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 1);
    let link = opened(&world, &links(&mails[0])[0]).await;
    let path = format!("{PAGE}/bookings/{booking}/cancel");
    let cancel = |id: u32| json!({ "command_id": format!("{id:032x}"), "manage": link["manage"] });
    // The type's limit is an hour.
    world.pass_seconds(19 * 3_600);
    world.post(&path, &cancel(1)).await.refused(409, "too_late_to_cancel");
    world.pass_seconds(-1);
    world.post(&path, &cancel(2)).await.fine(200);
    assert!(mailed(&world).await[0].subject.starts_with("Rendez-vous annulé"));
}

#[actix_web::test]
async fn a_move_is_told_with_the_new_time_and_what_was_not_sent_before_it_is_not_sent_any_more() {
    let world = World::start().await;
    let booking = staff_books(&world, AGENDA, MONDAY_MS, Some(LEA)).await;
    let first = mailed(&world).await;
    staff_moves(&world, booking, MONDAY_MS + 30 * MINUTE_MS).await;
    staff_moves(&world, booking, MONDAY_MS + 60 * MINUTE_MS).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 2, "of the time in between nobody hears");
    assert_eq!(
        mails[0].subject,
        "Rendez-vous déplacé : lundi 23 novembre 2026 à 10 h 00"
    );
    let (former, file) = (calendar(&first[0]).1, calendar(&mails[0]).1);
    assert_eq!(line(file, "UID:"), line(former, "UID:"));
    assert_eq!(line(file, "DTSTART:"), "20261123T090000Z");
    assert!(line(file, "SEQUENCE:").parse::<u64>().unwrap() > line(former, "SEQUENCE:").parse().unwrap());
    // Moved to where it is: nothing to tell.
    staff_moves(&world, booking, MONDAY_MS + 60 * MINUTE_MS).await;
    assert_eq!(mailed(&world).await.len(), 2);
}

/// Nobody has looked at the agenda's people: the address is read from the store before the cancellation goes there.
#[actix_web::test]
async fn a_cancellation_is_told_although_nobody_attends_to_the_agenda() {
    let world = World::start().await;
    let booking = staff_books(&world, AGENDA, MONDAY_MS, Some(LEA)).await;
    practice_cancels(&world, AGENDA, booking).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 1, "the confirmation is not sent any more");
    assert!(mails[0].text.contains("Le cabinet a dû annuler"), "{}", mails[0].text);
    assert!(links(&mails[0]).is_empty());
}

#[actix_web::test]
async fn what_is_over_is_told_to_nobody() {
    let world = World::start().await;
    let late = world.now().0 - 60 * MINUTE_MS;
    let booking = staff_books(&world, AGENDA, late, Some(LEA)).await;
    practice_cancels(&world, AGENDA, booking).await;
    assert_eq!(mailed(&world).await, []);
}

#[actix_web::test]
async fn a_link_opens_nothing_but_what_it_was_signed_for() {
    let world = World::start().await;
    let start = MONDAY_MS + WEEK_MS;
    let booking = staff_books(&world, AGENDA, start, Some(LEA)).await;
    let other = staff_books(&world, AGENDA, start + 60 * MINUTE_MS, Some(LEA)).await;
    let foreign = staff_books(&world, FOREIGN, start, Some(LEA)).await;
    let mails = mailed(&world).await;
    let of = |booking: BookingId| {
        let uid = format!("UID:{booking}@");
        let mail = mails.iter().find(|mail| calendar(mail).1.contains(&uid));
        links(mail.unwrap())[0].clone()
    };
    let link = of(booking);
    let pass = opened(&world, &link).await["manage"].clone();
    let view = |booking: BookingId| format!("{PAGE}/bookings/{booking}/view");
    let given = json!({ "manage": pass });
    world.post(&view(booking), &given).await.fine(200);
    for wrong in [other, foreign, BookingId(999)] {
        world.post(&view(wrong), &given).await.refused(404, "booking_unknown");
    }
    // Changed anywhere, or no link at all.
    for at in (0..link.len()).step_by(7) {
        let mut bent = link.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = json!({ "link": String::from_utf8(bent).unwrap() });
        world.post("/api/v1/link/open", &bent).await.refused(401, "link_gone");
    }
    for wrong in ["", "x", &"A".repeat(4_000)] {
        let answer = world.post("/api/v1/link/open", &json!({ "link": wrong })).await;
        answer.refused(401, "link_gone");
    }
    // Signed for seeing it, not for reminders.
    let asked = json!({ "link": link, "wanted": false });
    world
        .post("/api/v1/link/reminders", &asked)
        .await
        .refused(401, "link_gone");
    // A day after the appointment it is too old.
    let until = start + 30 * MINUTE_MS + 24 * 60 * MINUTE_MS;
    world.pass_seconds((until - world.now().0) / 1_000 - 1);
    opened(&world, &link).await;
    world.pass_seconds(1);
    let asked = json!({ "link": link });
    world.post("/api/v1/link/open", &asked).await.refused(401, "link_gone");
    world.post(&view(booking), &given).await.refused(404, "booking_unknown");
}

#[actix_web::test]
async fn staff_who_see_names_see_on_the_card_what_was_sent_what_waits_and_what_was_refused() {
    let world = World::start().await;
    let cookie = world.sign_in(AGENDA.practice, 50).await;
    let booking = staff_books(&world, AGENDA, MONDAY_MS, Some(LEA)).await;
    let path = format!("/api/v1/staff/agendas/{}/bookings/{booking}/messages", AGENDA.agenda);
    let seen = async || {
        let answer = world.staff_get(&cookie, &path).await.fine(200);
        let messages = answer["messages"].as_array().unwrap().clone();
        let said = |one: &Value| format!("{} {}", one["kind"].as_str().unwrap(), one["state"].as_str().unwrap());
        messages.iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, ["booked waiting"]);
    mailed(&world).await;
    assert_eq!(seen().await, ["booked sent"]);
    staff_moves(&world, booking, MONDAY_MS + 60 * MINUTE_MS).await;
    let refused = PostError::Refused("no such mailbox".to_owned());
    world.postman.will_fail(1, &refused);
    mailed(&world).await;
    assert_eq!(seen().await, ["booked sent", "moved refused"]);
    assert_eq!(world.mails.stats().dead, 0, "a patient's mail is no dead letter");
    // Another practice's staff, and those who see no names.
    let stranger = world.sign_in(FOREIGN.practice, 50).await;
    world.staff_get(&stranger, &path).await.refused(404, "not_found");
    let blind = crate::rights::practitioner_without_rights(&world).await;
    let blind = world.sign_in(AGENDA.practice, blind.0).await;
    assert!([403, 404].contains(&world.staff_get(&blind, &path).await.status));
}
