//! The pages without script: a slot is chosen, kept, booked and cancelled by forms alone; what goes wrong is said on a page.

use crate::world::{Answer, MINUTE_MS, MONDAY_MS, World};
use reqwest::Method;
use std::collections::BTreeMap;

const PAGE: &str = "/simple/cabinet-essai/claire-morel";

/// The hidden fields of a page's form, by name.
fn hidden(html: &str) -> BTreeMap<String, String> {
    let fields = html.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |text: &str| {
        let (name, rest) = text.split_once("\" value=\"").unwrap();
        (name.to_owned(), rest.split_once('"').unwrap().0.to_owned())
    };
    fields.map(field).collect()
}

fn encoded(fields: &BTreeMap<String, String>) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    let field = |(name, value): (&String, &String)| format!("{}={}", text(name), text(value));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}

async fn submit(world: &World, what: &str, fields: &BTreeMap<String, String>) -> Answer {
    let request = world
        .request(Method::POST, &format!("{PAGE}/{what}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(fields));
    world.send(request).await
}

#[track_caller]
fn page(answer: Answer, status: u16) -> String {
    assert_eq!(answer.kind, "text/html; charset=utf-8", "{}", answer.body);
    assert_eq!(answer.headers["referrer-policy"], "same-origin");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let html = answer.fine(status);
    html.as_str().unwrap().to_owned()
}

/// The list's fields with a start chosen.
async fn chosen(world: &World, start_ms: i64) -> BTreeMap<String, String> {
    let html = page(world.get(PAGE).await, 200);
    assert!(html.contains(&format!("value=\"{start_ms}\"")), "{html}");
    let mut fields = hidden(&html);
    fields.insert("start_ms".to_owned(), start_ms.to_string());
    fields
}

fn with(mut fields: BTreeMap<String, String>, person: [(&str, &str); 4]) -> BTreeMap<String, String> {
    fields.extend(person.map(|(name, value)| (name.to_owned(), value.to_owned())));
    fields
}

fn lea() -> [(&'static str, &'static str); 4] {
    [
        ("given_name", "Léa"),
        ("family_name", "Petit"),
        ("email", "lea@example.org"),
        ("phone", ""),
    ]
}

#[actix_web::test]
async fn without_script_a_slot_is_kept_booked_and_cancelled() {
    let world = World::start().await;
    let fields = chosen(&world, MONDAY_MS).await;
    let form = page(submit(&world, "hold", &fields).await, 200);
    assert!(!world.free().await.contains(&MONDAY_MS), "not kept");
    // The page sent again keeps the same slot once more, not another.
    assert_eq!(hidden(&form), hidden(&page(submit(&world, "hold", &fields).await, 200)));

    let person = with(hidden(&form), lea());
    let booked = page(submit(&world, "book", &person).await, 200);
    assert!(booked.contains("Votre rendez-vous est pris"), "{booked}");
    assert_eq!(
        hidden(&booked),
        hidden(&page(submit(&world, "book", &person).await, 200))
    );
    assert!(!world.free().await.contains(&MONDAY_MS));

    // Another visit's secret cancels nothing.
    let mut foreign = hidden(&booked);
    foreign.insert("manage".to_owned(), "0".repeat(64));
    let said = page(submit(&world, "cancel", &foreign).await, 404);
    assert!(said.contains("n’existe plus"), "{said}");
    let gone = page(submit(&world, "cancel", &hidden(&booked)).await, 200);
    assert!(gone.contains("Votre rendez-vous est annulé"), "{gone}");
    assert!(world.free().await.contains(&MONDAY_MS));
}

#[actix_web::test]
async fn what_goes_wrong_is_said_and_the_slots_that_are_free_are_shown() {
    let world = World::start().await;
    let fields = chosen(&world, MONDAY_MS).await;
    world.book(MONDAY_MS).await;
    let taken = page(submit(&world, "hold", &fields).await, 409);
    assert!(
        taken.contains("role=\"alert\"") && taken.contains("n’est plus libre"),
        "{taken}"
    );
    assert!(!taken.contains(&format!("value=\"{MONDAY_MS}\"")), "{taken}");

    let later = MONDAY_MS + 60 * MINUTE_MS;
    let form = hidden(&page(submit(&world, "hold", &chosen(&world, later).await).await, 200));
    // What people wrote comes back as text, beside what to mend.
    let wrong = [
        ("given_name", "\"><script>alert(1)</script>"),
        ("family_name", ""),
        ("email", "lea@example.org"),
        ("phone", "06 39 98 12 34"),
    ];
    let mend = page(submit(&world, "book", &with(form.clone(), wrong)).await, 422);
    assert!(
        mend.contains("Écrivez votre nom") && mend.contains("family_name-mistake"),
        "{mend}"
    );
    assert!(!mend.contains("<script"), "{mend}");
    assert_eq!(hidden(&mend), form, "the slot stays theirs");
    let nothing = [
        ("given_name", "Léa"),
        ("family_name", "Petit"),
        ("email", " "),
        ("phone", ""),
    ];
    let mend = page(submit(&world, "book", &with(form.clone(), nothing)).await, 422);
    assert!(mend.contains("Donnez une adresse électronique ou un numéro"), "{mend}");
    world.pass_seconds(3_600);
    let late = page(submit(&world, "book", &with(form, lea())).await, 409);
    assert!(late.contains("vous était gardé est passé"), "{late}");

    // A form that is none of ours.
    let said = page(submit(&world, "book", &BTreeMap::new()).await, 400);
    assert!(said.contains("n’a pas pu être lue"), "{said}");
    let huge = BTreeMap::from([("token".to_owned(), "a".repeat(10_000))]);
    page(submit(&world, "hold", &huge).await, 400);
    let bad = BTreeMap::from([("lang", "fr"), ("manage", "x"), ("booking", "x")]);
    let bad = bad
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    submit(&world, "cancel", &bad).await.refused(400, "malformed");
}

#[actix_web::test]
async fn the_live_page_leads_there_and_pages_speak_english() {
    let world = World::start().await;
    let html = page(world.get("/p/cabinet-essai/claire-morel?simple").await, 200);
    assert!(html.contains(&format!("action=\"{PAGE}/hold\"")), "{html}");
    let html = page(world.get("/p/cabinet-essai?simple").await, 200);
    assert!(html.contains(&format!("href=\"{PAGE}?lang=fr\"")), "{html}");
    assert_eq!(world.get("/p/nowhere?simple").await.status, 404);
    world.get("/simple/nowhere").await.refused(404, "not_found");
    let html = page(world.get(&format!("{PAGE}?lang=en&kind=nonsense&from_ms=1")).await, 200);
    assert!(
        html.contains("<html lang=\"en\">") && html.contains("Free times at"),
        "{html}"
    );
    assert!(html.contains("Monday "), "{html}");
    // After the last slot there is none, and that is said.
    let html = page(world.get(&format!("{PAGE}?from_ms={}", i64::MAX)).await, 200);
    assert!(html.contains("Aucun créneau"), "{html}");
}
