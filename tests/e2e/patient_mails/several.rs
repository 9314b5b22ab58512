//! What one command does to several bookings of a patient is one mail, with every date.

use super::{LEA, WEEK_MS, calendar, links, mailed, opened, order, practice_cancels, staff_books};
use crate::world::{AGENDA, KIND, MINUTE_MS, MONDAY_MS, PAGE, World};
use cabinet_actors::mail::Attachment;
use cabinet_domain::command::{Allowances, Command, SessionAt};
use cabinet_domain::ids::{BlobId, BookingId, PatientId, SeriesId};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::time::UtcMinute;
use serde_json::json;

const ALLOW: Allowances = Allowances {
    overlap: false,
    outside_hours: true,
    over_cap: false,
};
/// The days of a series that begins on the world's Monday.
const DAYS: [&str; 4] = ["23 novembre", "30 novembre", "7 décembre", "14 décembre"];

fn session(booking: BookingId, start_ms: i64) -> SessionAt {
    SessionAt {
        booking,
        start: UtcMinute(start_ms / MINUTE_MS),
    }
}

/// Staff book a session a week.
async fn series(world: &World, count: i64) -> Vec<BookingId> {
    let drawn = u128::from(world.draw());
    let (patient, details) = (PatientId(drawn), BlobId(drawn));
    let sessions: Vec<SessionAt> = (0..count)
        .map(|week| session(BookingId(world.draw().into()), MONDAY_MS + week * WEEK_MS))
        .collect();
    let bookings = sessions.iter().map(|one| one.booking).collect();
    let command = Command::BookSeries {
        series: SeriesId(drawn),
        kind: KIND,
        patient,
        details,
        sessions,
        allow: ALLOW,
    };
    let mut order = order(world, AGENDA, command);
    order.personal = vec![PersonalPart {
        patient,
        blob: details,
        person: Person {
            given_name: "Léa".to_owned(),
            family_name: "Petit".to_owned(),
            email: Some(LEA.to_owned()),
            phone: None,
        },
    }];
    world.agendas.execute(order).await.unwrap();
    bookings
}

async fn cancels(world: &World, bookings: &[BookingId]) {
    let command = Command::CancelBookings {
        bookings: bookings.to_vec(),
    };
    world.agendas.execute(order(world, AGENDA, command)).await.unwrap();
}

#[actix_web::test]
async fn a_series_is_one_mail_with_every_date_and_so_is_its_end() {
    let world = World::start().await;
    let bookings = series(&world, 4).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(
        mail.subject,
        "Rendez-vous confirmés, à partir du lundi 23 novembre 2026"
    );
    for day in DAYS {
        let line = format!("• lundi {day} 2026 à 9 h 00 :");
        assert_eq!(mail.text.matches(&line).count(), 1, "{day}: {}", mail.text);
    }
    assert!(mail.text.contains("Lieu : 1 rue de la Gare\nCabinet : Cabinet d'essai"));
    for hidden in ["Consultation", "Ostéopathe", "Morel", "Léa", "Petit"] {
        assert!(!format!("{mail:?}").contains(hidden), "{hidden}");
    }
    let (kind, file) = calendar(mail);
    assert_eq!((kind, file.matches("BEGIN:VEVENT").count()), (Attachment::CALENDAR, 4));
    // Each date has its own link, which shows that one.
    for ((link, booking), week) in links(mail).iter().zip(&bookings).zip(0..) {
        let link = opened(&world, link).await;
        assert_eq!(link["booking"], booking.to_string());
        let view = format!("{PAGE}/bookings/{booking}/view");
        let seen = world.post(&view, &json!({ "manage": link["manage"] })).await.fine(200);
        assert_eq!(seen["start_ms"], MONDAY_MS + week * WEEK_MS);
    }
    assert_eq!(links(mail).len(), 4);

    cancels(&world, &bookings).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(
        mails[0]
            .subject
            .starts_with("Rendez-vous annulés, à partir du lundi 23")
    );
    for day in DAYS {
        assert!(
            mails[0].text.contains(&format!("• lundi {day} 2026 à 9 h 00\n")),
            "{}",
            mails[0].text
        );
    }
    assert_eq!(links(&mails[0]), [] as [String; 0]);
    let (kind, file) = calendar(&mails[0]);
    assert_eq!(
        (kind, file.matches("STATUS:CANCELLED").count()),
        (Attachment::CALENDAR_END, 4)
    );
}

#[actix_web::test]
async fn moves_of_one_command_are_one_mail_and_a_date_that_is_another_by_now_is_left_out() {
    let world = World::start().await;
    let bookings = series(&world, 4).await;
    // Cancelled before anything was sent: the confirmation tells of the other three.
    practice_cancels(&world, AGENDA, bookings[0]).await;
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    let confirmed = mails.iter().find(|mail| mail.subject.contains("confirmés")).unwrap();
    assert_eq!(links(confirmed).len(), 3, "{}", confirmed.text);
    assert!(!confirmed.text.contains(DAYS[0]), "{}", confirmed.text);

    let later = |place: usize| {
        let weeks = i64::try_from(place).unwrap();
        session(bookings[place], MONDAY_MS + weeks * WEEK_MS + 60 * MINUTE_MS)
    };
    let command = Command::MoveBookings {
        moves: vec![later(1), later(2)],
        allow: ALLOW,
    };
    world.agendas.execute(order(&world, AGENDA, command)).await.unwrap();
    let mails = mailed(&world).await;
    assert_eq!(mails.len(), 3, "{mails:?}");
    assert!(
        mails[0]
            .subject
            .starts_with("Rendez-vous déplacés, à partir du lundi 30")
    );
    for day in &DAYS[1..3] {
        assert!(mails[0].text.contains(&format!("• lundi {day} 2026 à 10 h 00 :")));
    }
    assert!(!mails[0].text.contains(DAYS[3]), "{}", mails[0].text);
}

#[actix_web::test]
async fn two_patients_whose_bookings_are_cancelled_together_get_a_mail_each() {
    let world = World::start().await;
    let first = staff_books(&world, AGENDA, MONDAY_MS, Some(LEA)).await;
    let second = staff_books(&world, AGENDA, MONDAY_MS + 60 * MINUTE_MS, Some("max@example.org")).await;
    world.mails().await;
    cancels(&world, &[first, second]).await;
    let mails = world.mails().await;
    let ends = mails
        .iter()
        .filter(|mail| mail.subject.starts_with("Rendez-vous annulé : "));
    let mut to: Vec<&str> = ends.map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, [LEA, "max@example.org"], "{mails:?}");
}
