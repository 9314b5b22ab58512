//! The matrix against the server: each cell of an action that exists is asked over HTTP and over a session, and answered
//! as the matrix says. Actions that do not exist yet are named with the reason.

use super::cells::{MATRIX, cells};
use super::commands::{There, commands, commands_of, is_action, prepared};
use super::people::{COLLEAGUES, add, add_colleague, id_of};
use crate::sessions::Session;
use crate::world::{AGENDA, FOREIGN, MINUTE_MS, MONDAY_MS, START_MS, World, by_server};
use cabinet::edge::routes::{Policy, ROUTES};
use cabinet_domain::ids::{AgendaKey, StaffId};
use cabinet_domain::rights::{Action, Level, Role};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Actions that can be asked of the server today.
const EXISTING: [Action; 10] = [
    Action::SeeTimes,
    Action::SeeTypes,
    Action::SeePatientIdentity,
    Action::Book,
    Action::Move,
    Action::Cancel,
    Action::MarkNoShow,
    Action::SetAbsence,
    Action::SetTypes,
    Action::SetOpenings,
];

/// Those that are asked of the practice as a whole.
const OF_PRACTICE: [Action; 13] = [
    Action::SeeMembers,
    Action::InviteMember,
    Action::ChangeMember,
    Action::RemoveMember,
    Action::SeeAudit,
    Action::ExportAudit,
    Action::AcceptContract,
    Action::BreakGlass,
    Action::GrantSupport,
    Action::ReviewAccess,
    Action::ExportAccess,
    Action::SearchPatients,
    Action::SetPatient,
];

/// Those that are asked at the operators' door, with where.
const OF_PLATFORM: [(Action, &str); 2] = [
    (Action::SeeOperations, "/api/v1/ops/overview"),
    (Action::SeeCompliance, "/api/v1/ops/compliance"),
];

/// Those of them that a look at an agenda is, by what it shows.
const SEEING: [Action; 3] = [Action::SeeTimes, Action::SeeTypes, Action::SeePatientIdentity];

/// Actions that cannot be asked of the server yet, with the reason.
const PENDING: [(Action, &str); 6] = [
    (Action::SeeClinicalNotes, "there are no clinical notes"),
    (Action::SetPractice, "a practice is set up by a command of the binary"),
    (Action::ExportData, "there is no export"),
    (Action::ReadBilling, "there are no invoices"),
    (Action::ErasePatient, "there is no erasure"),
    (Action::ErasePractice, "there is no erasure"),
];

/// Everything that the routes and commands ask a right for.
fn asked_today(world: &World) -> BTreeSet<Action> {
    let mut asked: BTreeSet<Action> = BTreeSet::new();
    for route in ROUTES {
        match route.policy {
            // What is seen of an agenda goes by the level on it.
            Policy::Agenda(Action::SeeTimes) => asked.extend(SEEING),
            Policy::Agenda(action) => asked.extend([action]),
            Policy::AgendaCommand => asked.extend(commands(world, &There::default()).iter().map(is_action)),
            Policy::Practice(action) => asked.extend([action]),
            Policy::Anyone | Policy::Bearer | Policy::SignedIn | Policy::Platform(_) | Policy::Support => {}
        }
    }
    asked
}

/// How the server answered, in the matrix's words.
fn word(status: u64, code: &str) -> &'static str {
    match (status, code) {
        (200 | 201 | 204, _) | (404, "booking_unknown") => "allow",
        (401, "unauthorised") => "unauthorised",
        (401, "step_up_required") => "step_up",
        (403, "forbidden") => "forbidden",
        (404, "not_found") => "not_found",
        other => panic!("{other:?}"),
    }
}

/// What a view lets somebody do, of what is seen of an agenda: its one prepared booking has a type and a person.
fn seen(view: &Value, action: Action) -> &'static str {
    let bookings = view["bookings"].as_array().unwrap();
    assert!(!bookings.is_empty(), "the times are there");
    let types = bookings.iter().any(|booking| booking["kind"] != "");
    assert_eq!(types, !view["types"].as_array().unwrap().is_empty());
    let people = bookings.iter().any(|booking| booking["person"].is_object());
    let allowed = match SEEING.iter().position(|way| *way == action) {
        Some(0) => true,
        Some(1) => types,
        _ => people,
    };
    if allowed { "allow" } else { "forbidden" }
}

/// The one answer to all commands of an action.
fn agreed(words: &[&'static str]) -> &'static str {
    let first = words[0];
    assert!(
        words.iter().all(|word| *word == first),
        "one action, several answers: {words:?}"
    );
    first
}

async fn over_http(world: &World, cookie: &str, key: AgendaKey, action: Action) -> &'static str {
    let path = format!("/api/v1/staff/agendas/{}", key.agenda);
    if SEEING.contains(&action) {
        let until_ms = START_MS + 7 * 24 * 60 * MINUTE_MS;
        let look = format!("{path}?from_ms={START_MS}&until_ms={until_ms}");
        let answer = world.staff_get(cookie, &look).await;
        let word = word(answer.status.into(), answer.code());
        return if word == "allow" {
            seen(&answer.body["view"], action)
        } else {
            word
        };
    }
    let there = prepared(world, key, action).await;
    let mut words = Vec::new();
    for command in commands_of(world, action, &there) {
        let body = json!({"command_id": world.id(), "command": command});
        let answer = world.staff_post(cookie, &format!("{path}/commands"), &body).await;
        words.push(word(answer.status.into(), answer.code()));
    }
    agreed(&words)
}

async fn over_session(world: &World, session: &mut Session, key: AgendaKey, action: Action) -> &'static str {
    let topic = key.agenda.to_string();
    if SEEING.contains(&action) {
        let until_ms = START_MS + 7 * 24 * 60 * MINUTE_MS;
        session
            .send(&json!({"event": "join", "ref": 1, "topic": topic, "from_ms": MONDAY_MS, "until_ms": until_ms}))
            .await;
        let answer = session.next_of_any(&["snapshot", "refused"]).await;
        if answer["event"] == "snapshot" {
            session.send(&json!({"event": "leave", "ref": 2, "topic": topic})).await;
            session.next_of("done").await;
            return seen(&answer["view"], action);
        }
        return refused(&answer);
    }
    let there = prepared(world, key, action).await;
    let mut words = Vec::new();
    for command in commands_of(world, action, &there) {
        session
            .send(&json!({"event": "command", "ref": 3, "topic": topic, "command_id": world.id(), "command": command}))
            .await;
        let answer = session.next_of_any(&["accepted", "refused"]).await;
        words.push(if answer["event"] == "accepted" {
            "allow"
        } else {
            refused(&answer)
        });
    }
    agreed(&words)
}

fn refused(answer: &Value) -> &'static str {
    let problem = &answer["problem"];
    word(problem["status"].as_u64().unwrap(), problem["code"].as_str().unwrap())
}

/// The agendas that a scope means.
fn agendas_of(scope: &str) -> &'static [AgendaKey] {
    match scope {
        "own" => &[AGENDA],
        "colleague" => &[COLLEAGUES],
        "own-without-right" => &[AGENDA, COLLEAGUES],
        "other" => &[FOREIGN],
        unknown => panic!("no scope {unknown}"),
    }
}

/// The cells of one person: agenda, action, what the matrix expects.
fn asked_of(role: Role, level: Level) -> Vec<(AgendaKey, Action, &'static str)> {
    let mut asked = Vec::new();
    for ((cell_role, cell_level, action, scope), expected) in cells(MATRIX).unwrap() {
        let action = *Action::ALL.iter().find(|known| known.name() == action).unwrap();
        let meant = cell_role == role.name() && (cell_level == level.name() || cell_level == "any");
        if meant && EXISTING.contains(&action) {
            asked.extend(agendas_of(scope).iter().map(|key| (*key, action, expected)));
        }
    }
    asked
}

#[test]
fn every_action_is_walked_or_pending_with_a_reason() {
    let platform = OF_PLATFORM.map(|(action, _)| action);
    let existing = EXISTING.into_iter().chain(OF_PRACTICE).chain(platform);
    let listed: Vec<Action> = existing.chain(PENDING.map(|(action, _)| action)).collect();
    let unique: BTreeSet<Action> = listed.iter().copied().collect();
    assert_eq!(unique.len(), listed.len());
    assert_eq!(unique, Action::ALL.iter().copied().collect());
    assert!(PENDING.iter().all(|(_, reason)| reason.len() > 10));
}

#[actix_web::test]
async fn every_command_of_the_document_is_walked() {
    let world = World::start().await;
    let document = world.get("/api/v1/openapi.json").await.fine(200);
    let variants = document["components"]["schemas"]["StaffCommand"]["oneOf"]
        .as_array()
        .unwrap()
        .clone();
    let documented: BTreeSet<String> = variants
        .iter()
        .map(|variant| variant["properties"]["do"]["enum"][0].as_str().unwrap().to_owned())
        .collect();
    let walked = commands(&world, &There::default());
    let walked: BTreeSet<String> = walked
        .iter()
        .map(|one| one["do"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(walked, documented);
}

#[actix_web::test]
async fn the_matrix_holds_over_http_and_sessions() {
    let world = World::start().await;
    let existing = EXISTING.into_iter().chain(OF_PRACTICE);
    assert_eq!(asked_today(&world), existing.collect(), "walk what exists");
    add_colleague(&world).await;
    for key in [AGENDA, COLLEAGUES, FOREIGN] {
        prepared(&world, key, Action::SeeTimes).await;
    }
    let mut walked: BTreeMap<&str, usize> = BTreeMap::new();
    for role in Role::ALL {
        for level in Level::ALL {
            let stands = add(&world, role, level).await;
            let asked = asked_of(role, level);
            assert_eq!(asked.len(), EXISTING.len() * 3);
            if !stands {
                // Nobody is that: the platform's people are no members, an accountant has no level, support looks and
                // manages nothing. Without a session nothing is answered, not even that something is there.
                let nobody = match role {
                    Role::Accountant | Role::Support => level != Level::None || role == Role::Support,
                    Role::Operations | Role::DataProtectionOfficer => true,
                    Role::Owner | Role::Practitioner | Role::Replacement | Role::Secretary => false,
                };
                assert!(nobody, "{role:?} {level:?} was not stored");
                let link = world
                    .access
                    .issue_link(AGENDA.practice, id_of(role, level), by_server())
                    .await
                    .unwrap();
                let body = json!({ "link": link });
                world
                    .post("/api/v1/staff/sign-in", &body)
                    .await
                    .refused(401, "unauthorised");
                for (key, action, _) in asked {
                    assert_eq!(over_http(&world, "", key, action).await, "unauthorised");
                    *walked.entry("nobody").or_default() += 1;
                }
                continue;
            }
            let cookie = world.sign_in(AGENDA.practice, id_of(role, level).0).await;
            let mut session = Session::with(&world, &cookie).await;
            for (key, action, expected) in asked {
                let cell = format!("{} {} {} {}", role.name(), level.name(), action.name(), key.agenda);
                assert_eq!(over_http(&world, &cookie, key, action).await, expected, "HTTP: {cell}");
                let said = over_session(&world, &mut session, key, action).await;
                assert_eq!(said, expected, "session: {cell}");
                *walked.entry(expected).or_default() += 1;
            }
        }
    }
    // Eight roles, five levels, so many actions, three agendas.
    assert_eq!(walked.values().sum::<usize>(), 8 * 5 * EXISTING.len() * 3, "{walked:?}");
    assert!(
        ["allow", "forbidden", "not_found"]
            .iter()
            .all(|word| walked[word] > 100),
        "{walked:?}"
    );
}

/// Asks for what concerns the practice as a whole, about `member`.
async fn of_practice(world: &World, cookie: &str, action: Action, member: &str) -> &'static str {
    let membership = json!({"role": "secretary", "levels": {"elsewhere": "times", "agendas": []}, "agenda": null,
        "from_ms": null, "until_ms": null});
    let body = json!({"command_id": world.id(), "membership": membership});
    let bare = json!({"command_id": world.id()});
    let path = |rest: &str| format!("/api/v1/staff/{rest}");
    let answer = match OF_PRACTICE.iter().position(|one| *one == action) {
        Some(0) => world.staff_get(cookie, &path("members")).await,
        Some(1) => world.staff_post(cookie, &path("invitations"), &body).await,
        Some(2) => {
            let path = path(&format!("members/{member}/change"));
            world.staff_post(cookie, &path, &body).await
        }
        Some(3) => {
            let path = path(&format!("members/{member}/remove"));
            world.staff_post(cookie, &path, &bare).await
        }
        Some(4) => world.staff_get(cookie, &path(&format!("audit?agenda={member}"))).await,
        Some(5) => world.staff_get(cookie, &path("audit/export")).await,
        Some(6) => {
            let body = json!({"command_id": world.id(), "locale": "fr", "quality": "titulaire", "terms": 1,
                "processing": null, "policy": null});
            world.staff_post(cookie, &path("contract"), &body).await
        }
        Some(7) => {
            let body = json!({"command_id": world.id(), "reason": "essai", "minutes": 5});
            let path = path(&format!("agendas/{member}/break-glass"));
            world.staff_post(cookie, &path, &body).await
        }
        Some(9) => {
            let noted = world.staff_post(cookie, &path("access-review"), &bare).await;
            let seen = world.staff_get(cookie, &path("access-review")).await;
            assert_eq!(seen.code(), noted.code());
            seen
        }
        Some(10) => world.staff_get(cookie, &path("access-review/export?locale=fr")).await,
        Some(11) => {
            let search = json!({"query": "martin"});
            world.staff_post(cookie, &path("patients/search"), &search).await
        }
        Some(12) => {
            let card = json!({"person": {"given_name": "Léa", "family_name": "Martin", "email": null, "phone": null},
                "birth_date": null, "alert": null, "relatives": []});
            let body = json!({"command_id": world.id(), "card": card});
            world.staff_post(cookie, &path("patients"), &body).await
        }
        _ => {
            let body = json!({"command_id": world.id(), "support": member, "minutes": 5, "level": "times",
                "reason": "L'agenda reste vide"});
            world.staff_post(cookie, &path("support"), &body).await
        }
    };
    word(answer.status.into(), answer.code())
}

#[actix_web::test]
async fn the_matrix_holds_for_what_concerns_the_practice_as_a_whole() {
    let world = World::start().await;
    let foreign = format!("{:032x}", 0xdead);
    add_colleague(&world).await;
    let mut walked = 0;
    for role in Role::ALL {
        for level in Level::ALL {
            if !add(&world, role, level).await {
                continue;
            }
            let cookie = world.sign_in(AGENDA.practice, id_of(role, level).0).await;
            for ((cell_role, cell_level, name, scope), expected) in cells(MATRIX).unwrap() {
                let action = OF_PRACTICE.into_iter().find(|action| action.name() == name);
                let meant = cell_role == role.name() && (cell_level == level.name() || cell_level == "any");
                let of_agenda = matches!(action, Some(Action::SeeAudit | Action::BreakGlass));
                let walks = of_agenda || matches!(scope, "colleague" | "own-without-right");
                let (Some(action), true, true) = (action, meant, walks) else {
                    continue;
                };
                // An agenda: one's own, a colleague's, another practice's.
                let about = match (of_agenda, scope) {
                    (true, "own") => AGENDA.agenda.to_string(),
                    (true, "other") => FOREIGN.agenda.to_string(),
                    (true, _) => COLLEAGUES.agenda.to_string(),
                    (false, _) => StaffId(51).to_string(),
                };
                let cell = format!("{} {} {name}", role.name(), level.name());
                // The same person asks about a colleague, who stays: nobody has shown the second factor recently.
                let asked = of_practice(&world, &cookie, action, &about).await;
                assert_eq!(asked, expected, "{cell}");
                if matches!(action, Action::ChangeMember | Action::RemoveMember) {
                    let asked = of_practice(&world, &cookie, action, &foreign).await;
                    assert_eq!(asked, expected, "{cell}, of nobody");
                }
                walked += 1;
            }
        }
    }
    assert!(walked >= 7 * 22, "{walked}");
}

#[actix_web::test]
async fn the_platform_s_views_answer_each_role_at_their_door_as_the_matrix_says() {
    let world = World::start().await;
    let listed: BTreeSet<Action> = OF_PLATFORM.iter().map(|(action, _)| *action).collect();
    let routed = cabinet::edge::ops::routes::ROUTES.iter();
    let routed: BTreeSet<Action> = routed
        .filter_map(|route| match route.policy {
            Policy::Platform(action) => Some(action),
            Policy::Anyone
            | Policy::Bearer
            | Policy::SignedIn
            | Policy::Practice(_)
            | Policy::Agenda(_)
            | Policy::AgendaCommand
            | Policy::Support => None,
        })
        .collect();
    assert_eq!(listed, routed);
    let mut asked = 0;
    for role in Role::ALL {
        let cookie = if role.is_platform() {
            let link = world.operators.add(role.name(), role).await.unwrap();
            world.go_to_operators(true);
            let answer = world.post("/api/v1/staff/sign-in", &json!({ "link": link })).await;
            let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
            cookie.split(';').next().unwrap().to_owned()
        } else {
            // No member of a practice has a session at this door: nobody is anybody there with theirs.
            assert!(add(&world, role, Level::None).await);
            world.go_to_operators(false);
            let cookie = world.sign_in(AGENDA.practice, id_of(role, Level::None).0).await;
            world.go_to_operators(true);
            cookie.replace("cabinet-loopback", "cabinet-operators")
        };
        for ((cell_role, _, action, scope), expected) in cells(MATRIX).unwrap() {
            let place = OF_PLATFORM.iter().find(|(known, _)| known.name() == action);
            let (Some((_, path)), true) = (place, cell_role == role.name() && scope != "other") else {
                continue;
            };
            let answer = world.staff_get(&cookie, path).await;
            let word = word(answer.status.into(), answer.code());
            let expected = if role.is_platform() { expected } else { "unauthorised" };
            assert_eq!(word, expected, "{} {action}", role.name());
            asked += 1;
        }
    }
    assert!(asked >= 32, "{asked}");
}
