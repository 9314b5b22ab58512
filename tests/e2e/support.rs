//! The platform's support: let in by an owner with the second factor, a reason and an end; shown what the grant says, at the
//! operators' door, for as long as it runs; told to everybody of the practice, and each look in its log.

use crate::accounts::person::Person;
use crate::operators::operator;
use crate::sessions::Session;
use crate::world::{AGENDA, Answer, FOREIGN, KIND, MINUTE_MS, MONDAY_MS, START_MS, World};
use cabinet_domain::rights::Role;
use serde_json::{Value, json};

const REASON: &str = "L'agenda reste vide";
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// An owner and somebody of support, each at their own door.
struct Stage {
    world: World,
    anne: Person,
    sam: Person,
}

impl Stage {
    async fn set() -> Self {
        let world = World::with_accounts().await;
        let anne = Person::activated(&world, AGENDA.practice, 50, "anne@cabinet.example").await;
        let sam = operator(&world, "Sam", Role::Support).await;
        world.go_to_operators(false);
        Self { world, anne, sam }
    }

    async fn get(&self, path: &str) -> Answer {
        self.world.go_to_operators(false);
        self.world.staff_get(&self.anne.cookies, path).await
    }

    /// The id by which the owner names somebody.
    async fn named(&self, name: &str) -> String {
        let known = self.get("/api/v1/staff/support").await.fine(200);
        let people = known["people"].as_array().unwrap();
        let found = people.iter().find(|person| person["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, cookies: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let mut body = json!({"command_id": self.world.id(), "support": self.named("Sam").await, "minutes": 60,
            "level": "times", "reason": REASON});
        change(&mut body);
        self.world.go_to_operators(false);
        self.world.staff_post(cookies, "/api/v1/staff/support", &body).await
    }

    async fn grant(&self, level: &str, minutes: i64) -> Value {
        let asked = self.ask(&self.anne.cookies, |body| {
            body["level"] = json!(level);
            body["minutes"] = json!(minutes);
        });
        asked.await.fine(201)
    }

    async fn end(&self, grant: &Value) -> Answer {
        let path = format!("/api/v1/staff/support/{}/end", grant["id"].as_str().unwrap());
        let body = json!({"command_id": self.world.id()});
        self.world.go_to_operators(false);
        self.world.staff_post(&self.anne.cookies, &path, &body).await
    }

    async fn desk(&self, cookies: &str) -> Value {
        self.world.go_to_operators(true);
        let desk = self.world.staff_get(cookies, "/api/v1/team/support").await.fine(200);
        desk["practices"].clone()
    }

    async fn look(&self, cookies: &str, (practice, agenda): (String, String)) -> Answer {
        let until_ms = START_MS + WEEK_MS;
        let path = format!("/api/v1/team/support/{practice}/agendas/{agenda}?from_ms={START_MS}&until_ms={until_ms}");
        self.world.go_to_operators(true);
        self.world.staff_get(cookies, &path).await
    }

    async fn looks(&self) -> Answer {
        self.look(&self.sam.cookies, own()).await
    }

    /// A booking with a name, by the owner.
    async fn book(&self) {
        let person = json!({"given_name": "Hugo", "family_name": "Blanc", "email": null, "phone": null});
        let book = json!({"do": "book", "booking": self.world.id(), "kind": KIND.to_string(), "start_ms": MONDAY_MS,
            "person": person, "allow": {"overlap": false, "outside_hours": false}});
        let body = json!({"command_id": self.world.id(), "command": book});
        let path = format!("/api/v1/staff/agendas/{}/commands", AGENDA.agenda);
        self.world.go_to_operators(false);
        self.world.staff_post(&self.anne.cookies, &path, &body).await.fine(200);
    }

    /// What the practice's log says of these acts, newest first.
    async fn log(&self, act: &str) -> Vec<Value> {
        self.world.audit.catch_up().await.unwrap();
        let log = self.get(&format!("/api/v1/staff/audit?act={act}")).await.fine(200);
        let leaves = log["leaves"].as_array().unwrap();
        leaves.iter().map(|leaf| leaf["said"].clone()).collect()
    }
}

fn own() -> (String, String) {
    (AGENDA.practice.to_string(), AGENDA.agenda.to_string())
}

#[actix_web::test]
async fn an_owner_lets_support_in_with_a_reason_and_an_end() {
    let stage = Stage::set().await;
    let asked = |change: fn(&mut Value)| stage.ask(&stage.anne.cookies, change);
    let granted = asked(|body| body["minutes"] = json!(1_440)).await.fine(201);
    assert_eq!(
        (&granted["support"], &granted["granted_by"], &granted["reason"]),
        (&json!("Sam"), &json!("Anne"), &json!(REASON))
    );
    assert_eq!(granted["until_ms"], stage.world.now().0 + 1_440 * MINUTE_MS);
    asked(|body| body["minutes"] = json!(1)).await.fine(201);
    for minutes in [0, 1_441] {
        let refused = stage.ask(&stage.anne.cookies, |body| body["minutes"] = json!(minutes));
        refused.await.refused(422, "invalid");
    }
    asked(|body| body["reason"] = json!("  neuf car. "))
        .await
        .refused(422, "invalid");
    asked(|body| body["reason"] = json!("x".repeat(501)))
        .await
        .refused(422, "invalid");
    asked(|body| {
        body.as_object_mut().unwrap().remove("reason");
    })
    .await
    .refused(400, "malformed");
    for level in ["manage", "none"] {
        let refused = stage.ask(&stage.anne.cookies, |body| body["level"] = json!(level));
        refused.await.refused(422, "invalid");
    }
    asked(|body| body["level"] = json!("all"))
        .await
        .refused(400, "malformed");
    // Nobody else is let in so: a colleague, nobody at all.
    for stranger in [51_u128, 0xdead] {
        let refused = stage.ask(&stage.anne.cookies, |body| {
            body["support"] = json!(format!("{stranger:032x}"));
        });
        refused.await.refused(422, "invalid");
    }
    let known = stage.get("/api/v1/staff/support").await.fine(200);
    assert_eq!(known["grants"].as_array().unwrap().len(), 2, "{known}");
    assert_eq!(known["people"].as_array().unwrap().len(), 1, "{known}");
    let mails = stage.world.mails().await;
    let mut told = mails
        .iter()
        .filter(|mail| mail.subject == "L’assistance peut voir vos agendas");
    let mail = told.next().unwrap();
    assert_eq!(told.count(), 1, "one a grant");
    assert!(mail.text.contains("Anne laisse Sam"), "{}", mail.text);
    assert!(
        !mail.text.contains(REASON),
        "the reason may name what a mailbox is no place for"
    );
    // Ten minutes later the second factor is asked for again, and a secretary may not ask at all.
    stage.world.pass_seconds(11 * 60);
    asked(|_| {}).await.refused(401, "step_up_required");
    stage.get("/api/v1/staff/support").await.fine(200);
    assert_eq!(stage.end(&granted).await.status, 204, "shutting a door never waits");
    stage.end(&granted).await.refused(404, "not_found");
}

#[actix_web::test]
async fn support_sees_from_the_grant_to_its_end_and_not_a_moment_longer() {
    let stage = Stage::set().await;
    stage.book().await;
    assert_eq!(stage.desk(&stage.sam.cookies).await, json!([]));
    stage.looks().await.refused(404, "not_found");
    stage.grant("full", 5).await;
    let desk = stage.desk(&stage.sam.cookies).await;
    assert_eq!(
        (&desk[0]["name"], &desk[0]["reason"], &desk[0]["level"]),
        (&json!("Cabinet d'essai"), &json!(REASON), &json!("full"))
    );
    assert_eq!(desk[0]["agendas"][0]["agenda"], json!(AGENDA.agenda.to_string()));
    let seen = stage.looks().await.fine(200);
    assert_eq!(seen["view"]["bookings"][0]["person"]["family_name"], "Blanc", "{seen}");
    // Other practices, and agendas that are none of this one's, are not there.
    let other = (FOREIGN.practice.to_string(), FOREIGN.agenda.to_string());
    let across = (AGENDA.practice.to_string(), FOREIGN.agenda.to_string());
    for asked in [other, across, ("x".to_owned(), "x".to_owned())] {
        let refused = stage.look(&stage.sam.cookies, asked).await;
        refused.refused(404, "not_found");
    }
    stage.world.pass_seconds(5 * 60 - 1);
    stage.looks().await.fine(200);
    stage.world.pass_seconds(1);
    stage.looks().await.refused(404, "not_found");
    stage.world.pass_seconds(1);
    stage.looks().await.refused(404, "not_found");
    assert_eq!(stage.desk(&stage.sam.cookies).await, json!([]));
}

#[actix_web::test]
async fn the_level_of_the_grant_hides_names_and_types_and_ending_it_shuts_at_once() {
    let stage = Stage::set().await;
    stage.book().await;
    let times = stage.grant("times", 60).await;
    let seen = stage.looks().await.fine(200);
    assert_eq!(seen["view"]["bookings"].as_array().unwrap().len(), 1);
    assert!(seen["view"]["bookings"][0]["person"].is_null(), "{seen}");
    assert_eq!(seen["view"]["types"], json!([]));
    let text = seen.to_string();
    assert!(!text.contains("Hugo") && !text.contains("Consultation"), "{text}");
    let types = stage.grant("types", 60).await;
    let text = stage.looks().await.fine(200).to_string();
    assert!(!text.contains("Hugo") && text.contains("Consultation"), "{text}");
    assert_eq!(stage.end(&types).await.status, 204);
    assert!(!stage.looks().await.fine(200).to_string().contains("Consultation"));
    assert_eq!(stage.end(&times).await.status, 204);
    stage.looks().await.refused(404, "not_found");
}

#[actix_web::test]
async fn nobody_else_of_the_platform_sees_anything_and_support_changes_nothing() {
    let stage = Stage::set().await;
    let other = operator(&stage.world, "Lou", Role::Support).await;
    let ops = operator(&stage.world, "Camille", Role::Operations).await;
    let dpo = operator(&stage.world, "Dominique", Role::DataProtectionOfficer).await;
    stage.grant("full", 60).await;
    assert_eq!(stage.desk(&other.cookies).await, json!([]));
    stage.look(&other.cookies, own()).await.refused(404, "not_found");
    for cookies in [&ops.cookies, &dpo.cookies] {
        stage.look(cookies, own()).await.refused(403, "forbidden");
        let desk = stage.world.staff_get(cookies, "/api/v1/team/support").await;
        desk.refused(403, "forbidden");
    }
    // Their session opens nothing at the practices' door, and there is nothing to change at their own.
    let token = stage.sam.cookies.split(';').next().unwrap().split_once('=').unwrap().1;
    let as_staff = format!("cabinet-loopback={token}");
    let path = format!("/api/v1/staff/agendas/{}", AGENDA.agenda);
    stage.world.go_to_operators(false);
    let stretch = format!("{path}?from_ms=0&until_ms=60000");
    let answer = stage.world.staff_get(&as_staff, &stretch).await;
    answer.refused(401, "unauthorised");
    let body = json!({"command_id": stage.world.id()});
    let link = format!("/api/v1/staff/members/{}/link", stage.named("Sam").await);
    let made = stage.world.staff_post(&stage.anne.cookies, &link, &body).await;
    made.refused(404, "not_found");
    stage.world.go_to_operators(true);
    for path in [
        path,
        "/api/v1/staff/ticket".to_owned(),
        "/api/v1/staff/support".to_owned(),
    ] {
        let answer = stage.world.staff_post(&stage.sam.cookies, &path, &body).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    // Who has left the team is out at once; the practice sees the grant without a name.
    stage.world.operators.remove("Sam").await.unwrap();
    stage.looks().await.refused(401, "unauthorised");
}

#[actix_web::test]
async fn everybody_of_the_practice_is_told_and_each_look_is_in_its_log() {
    let stage = Stage::set().await;
    let bruno = Person::activated(&stage.world, AGENDA.practice, 51, "bruno@cabinet.example").await;
    let mut watching = Session::with(&stage.world, &bruno.cookies).await;
    let granted = stage.grant("times", 60).await;
    watching.next_of("practice_changed").await;
    let me = stage
        .world
        .staff_get(&bruno.cookies, "/api/v1/staff/me")
        .await
        .fine(200);
    assert_eq!(me["supports"], json!([granted]));
    for _ in 0..2 {
        stage.looks().await.fine(200);
    }
    let opened = stage.log("agenda.opened").await;
    assert_eq!(opened.len(), 2, "each look is a leaf: {opened:?}");
    for leaf in &opened {
        assert_eq!(
            (&leaf["name"], &leaf["role"]),
            (&json!("Sam"), &json!("support")),
            "{leaf}"
        );
        assert_eq!(leaf["member"], json!(stage.named("Sam").await));
        assert_eq!(
            (&leaf["agenda"], &leaf["note"]),
            (&json!(AGENDA.agenda.to_string()), &json!("times"))
        );
        assert_eq!(
            (&leaf["from_ms"], &leaf["until_ms"]),
            (&json!(START_MS), &json!(START_MS + WEEK_MS))
        );
    }
    let said = stage.log("support.granted").await;
    assert_eq!(
        (&said[0]["name"], &said[0]["note"]),
        (&json!("Anne"), &json!(REASON)),
        "{said:?}"
    );
    assert_eq!(stage.end(&granted).await.status, 204);
    watching.next_of("practice_changed").await;
    let me = stage.get("/api/v1/staff/me").await.fine(200);
    assert_eq!(me["supports"], json!([]));
    assert_eq!(stage.log("support.ended").await.len(), 1);
    // What was refused afterwards is none of the practice's: nothing was seen.
    stage.looks().await.refused(404, "not_found");
    assert_eq!(stage.log("agenda.opened").await.len(), 2);
}

#[actix_web::test]
async fn the_grants_of_other_practices_are_not_there_and_only_owners_let_support_in() {
    let stage = Stage::set().await;
    let granted = stage.grant("times", 60).await;
    // An owner of another practice, and a secretary of this one.
    let other = Person::activated(&stage.world, FOREIGN.practice, 50, "claude@ailleurs.example").await;
    let end = format!("/api/v1/staff/support/{}/end", granted["id"].as_str().unwrap());
    let body = json!({"command_id": stage.world.id()});
    let ended = stage.world.staff_post(&other.cookies, &end, &body).await;
    ended.refused(404, "not_found");
    let known = stage.world.staff_get(&other.cookies, "/api/v1/staff/support").await;
    assert_eq!(known.fine(200)["grants"], json!([]));
    let carer = crate::rights::practitioner_without_rights(&stage.world).await;
    let carer = Person::activated(&stage.world, AGENDA.practice, carer.0, "marc@essai.example").await;
    let known = stage.world.staff_get(&carer.cookies, "/api/v1/staff/support").await;
    known.refused(403, "forbidden");
    stage.ask(&carer.cookies, |_| {}).await.refused(403, "forbidden");
    let ended = stage.world.staff_post(&carer.cookies, &end, &body).await;
    ended.refused(403, "forbidden");
    stage.looks().await.fine(200);
}

#[actix_web::test]
async fn support_that_opens_a_year_of_names_is_told_of_by_name_and_opens_no_more() {
    let stage = Stage::set().await;
    stage.grant("full", 600).await;
    let past = async |from_days: i64, until_days: i64| {
        let now = stage.world.now().0 / MINUTE_MS * MINUTE_MS;
        let day = 24 * 60 * MINUTE_MS;
        let (practice, agenda) = own();
        let (from, until) = (now - from_days * day, now - until_days * day);
        let path = format!("/api/v1/team/support/{practice}/agendas/{agenda}?from_ms={from}&until_ms={until}");
        stage.world.go_to_operators(true);
        stage.world.staff_get(&stage.sam.cookies, &path).await
    };
    past(400, 30).await.fine(200);
    stage.world.look().await;
    let found = stage.get("/api/v1/staff/alerts").await.fine(200);
    let bulk = found["alerts"].as_array().unwrap().iter();
    let bulk: Vec<&Value> = bulk.filter(|alert| alert["rule"] == "bulk_viewing").collect();
    assert_eq!((bulk.len(), &bulk[0]["name"]), (1, &json!("Sam")), "{found}");
    past(400, 181).await.refused(429, "too_many_requests");
    stage.looks().await.fine(200);
    // The owner is mailed, whoever it is about is not: their account is no member's.
    let mails = stage.world.mails().await;
    let told: Vec<_> = mails.iter().filter(|mail| mail.text.contains("Sam")).collect();
    assert!(told.iter().any(|mail| mail.to == "anne@cabinet.example"), "{mails:?}");
    assert!(mails.iter().all(|mail| !mail.to.contains("plateforme")), "{mails:?}");
}
