//! What a changed right does to open sockets, and what reduced sights are told.

use super::people::{COLLEAGUES, add, add_colleague, grant, id_of, member};
use crate::sessions::Session;
use crate::world::{AGENDA, KIND, MINUTE_MS, MONDAY_MS, START_MS, World};
use cabinet_domain::ids::{AgendaKey, BreakGlassId};
use cabinet_domain::practice::{BreakGlass, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// Long enough that only a change that never takes effect is not waited for: how soon it does is printed, not judged, as
/// machines are noisy. Promised is one second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for what a changed right does to a socket, and prints how long it took.
#[expect(clippy::print_stdout, reason = "the figure is for whoever reads the run")]
async fn effect<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let began = tokio::time::Instant::now();
    let effect = timeout(PATIENCE, waiting).await.unwrap();
    println!("{what}: after {} ms (promised: 1,000)", began.elapsed().as_millis());
    effect
}

async fn session_of(world: &World, role: Role, level: Level) -> Session {
    assert!(add(world, role, level).await);
    let cookie = world.sign_in(AGENDA.practice, id_of(role, level).0).await;
    Session::with(world, &cookie).await
}

async fn join(session: &mut Session, key: AgendaKey, position: Option<&Value>) -> Value {
    let mut frame = json!({"event": "join", "ref": 1, "topic": key.agenda.to_string(),
        "from_ms": START_MS, "until_ms": START_MS + 7 * 24 * 60 * MINUTE_MS});
    if let Some(position) = position {
        frame["history"] = position["history"].clone();
        frame["seq"] = position["seq"].clone();
    }
    session.send(&frame).await;
    session.next_of_any(&["snapshot", "resumed", "refused"]).await
}

async fn change(world: &World, event: PracticeEvent) {
    world.change(AGENDA.practice, vec![event]).await.unwrap();
}

/// A member set with this level on every agenda, whoever they were.
fn with_level(world: &World, role: Role, was: Level, level: Level) -> PracticeEvent {
    let mut member = member(world, role, was);
    member.rights = Rights::everywhere(level);
    PracticeEvent::MemberSet(member)
}

fn absence(world: &World) -> Value {
    json!({"command_id": world.id(), "command": {"do": "add_absence", "absence": {"id": world.id(),
        "start_ms": START_MS, "end_ms": START_MS + 60 * MINUTE_MS, "label": "Obsèques"}}})
}

/// What tells of types, places and people in everything that happens here.
fn telling() -> [String; 7] {
    ["Petit", "Léa", "lea@example.org", "Obsèques", "Consultation"]
        .map(str::to_owned)
        .into_iter()
        .chain([KIND.to_string(), format!("{:032x}", 40)])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[actix_web::test]
async fn who_sees_times_alone_is_never_sent_a_type_a_place_a_name_or_a_label() {
    let world = World::start().await;
    let owner = world.sign_in(AGENDA.practice, 50).await;
    let path = format!("/api/v1/staff/agendas/{}", AGENDA.agenda);
    let mut by_level = Vec::new();
    for level in [Level::Times, Level::TimesAndTypes, Level::Full] {
        by_level.push((level, session_of(&world, Role::Secretary, level).await));
    }
    world.book(MONDAY_MS).await;
    let commands = format!("{path}/commands");
    world.staff_post(&owner, &commands, &absence(&world)).await.fine(200);
    for (level, session) in &mut by_level {
        let mut said = vec![join(session, AGENDA, None).await.to_string()];
        let cookie = world.sign_in(AGENDA.practice, id_of(Role::Secretary, *level).0).await;
        let until_ms = START_MS + 7 * 24 * 60 * MINUTE_MS;
        let look = format!("{path}?from_ms={START_MS}&until_ms={until_ms}");
        said.push(world.staff_get(&cookie, &look).await.fine(200).to_string());
        let start_ms = MONDAY_MS + (*level as i64) * 30 * MINUTE_MS;
        world.book(start_ms).await;
        world.staff_post(&owner, &commands, &absence(&world)).await.fine(200);
        loop {
            let delta = session.next_of("delta").await;
            said.push(delta.to_string());
            if delta["changes"][0]["change"] == "absence_set" {
                break;
            }
            if delta["changes"][1]["change"] == "booking_set" {
                assert_eq!(delta["changes"][1]["booking"]["start_ms"], start_ms, "the time is told");
            }
        }
        assert_eq!(said.len(), 5, "snapshot, view, hold, booking, absence");
        let told = |word: &str| said.iter().any(|text| text.contains(word));
        let [names, kinds] =
            [&telling()[..4], &telling()[4..]].map(|words| words.iter().map(|word| told(word)).collect::<Vec<_>>());
        assert_eq!(names, [*level == Level::Full; 4], "{level:?}: names");
        assert_eq!(kinds, [*level != Level::Times; 3], "{level:?}: types and places");
    }
}

#[actix_web::test]
async fn a_reduced_right_reduces_an_open_socket_within_a_second_and_nothing_is_resumed_across_it() {
    let world = World::start().await;
    let mut session = session_of(&world, Role::Secretary, Level::Full).await;
    let before = join(&mut session, AGENDA, None).await;
    assert_eq!(join(&mut session, AGENDA, Some(&before)).await["event"], "resumed");
    for (level, types) in [(Level::Times, false), (Level::TimesAndTypes, true)] {
        change(&world, with_level(&world, Role::Secretary, Level::Full, level)).await;
        effect("resync", session.next_of("resync")).await;
        let again = join(&mut session, AGENDA, Some(&before)).await;
        assert_eq!(again["event"], "snapshot");
        assert_eq!(!again["view"]["types"].as_array().unwrap().is_empty(), types);
        assert_eq!(join(&mut session, AGENDA, Some(&again)).await["event"], "resumed");
    }
    // Back where it was, the first position is good again.
    change(&world, with_level(&world, Role::Secretary, Level::Full, Level::Full)).await;
    effect("resync", session.next_of("resync")).await;
    assert_eq!(join(&mut session, AGENDA, Some(&before)).await["event"], "resumed");
}

#[actix_web::test]
async fn a_removed_right_ends_the_topic_and_a_removed_member_is_closed_within_a_second() {
    let world = World::start().await;
    let mut session = session_of(&world, Role::Secretary, Level::Full).await;
    let cookie = world
        .sign_in(AGENDA.practice, id_of(Role::Secretary, Level::Full).0)
        .await;
    join(&mut session, AGENDA, None).await;
    change(&world, with_level(&world, Role::Secretary, Level::Full, Level::None)).await;
    effect("resync", session.next_of("resync")).await;
    let refused = join(&mut session, AGENDA, None).await;
    assert_eq!(refused["problem"]["code"], "forbidden");
    // What happens now is not told: the next frame is the answer to leaving.
    world.book(MONDAY_MS).await;
    session
        .send(&json!({"event": "leave", "ref": 9, "topic": AGENDA.agenda.to_string()}))
        .await;
    assert_eq!(session.next().await["event"], "done");
    change(
        &world,
        PracticeEvent::MemberRemoved(id_of(Role::Secretary, Level::Full)),
    )
    .await;
    assert_eq!(effect("closed", session.closed()).await, Some(4001));
    world
        .staff_get(&cookie, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
}

#[actix_web::test]
async fn replacements_and_grants_end_by_the_clock_on_open_sockets_too() {
    let world = World::start().await;
    let mut replacement = session_of(&world, Role::Replacement, Level::Full).await;
    let mut support = session_of(&world, Role::Support, Level::TimesAndTypes).await;
    let mut other = session_of(&world, Role::Support, Level::Times).await;
    for session in [&mut replacement, &mut support, &mut other] {
        assert_eq!(join(session, AGENDA, None).await["event"], "snapshot");
    }
    change(&world, PracticeEvent::SupportEnded(grant(&world, Level::Times).id)).await;
    assert_eq!(effect("closed", other.closed()).await, Some(4001));
    world.pass_seconds(60 * 60);
    assert_eq!(effect("closed", support.closed()).await, Some(4001));
    assert_eq!(join(&mut replacement, AGENDA, None).await["event"], "snapshot");
    world.pass_seconds(9 * 60 * 60);
    assert_eq!(effect("closed", replacement.closed()).await, Some(4001));
}

#[actix_web::test]
async fn a_broken_glass_opens_an_agenda_to_an_open_socket_for_a_while() {
    let world = World::start().await;
    add_colleague(&world).await;
    let mut session = session_of(&world, Role::Practitioner, Level::None).await;
    assert_eq!(
        join(&mut session, COLLEAGUES, None).await["problem"]["code"],
        "forbidden"
    );
    let glass = BreakGlass {
        id: BreakGlassId(1),
        staff: id_of(Role::Practitioner, Level::None),
        agenda: COLLEAGUES.agenda,
        reason: "Urgence au téléphone".to_owned(),
        opened_at: world.now(),
        expires_at: world.now().plus_minutes(60),
    };
    change(&world, PracticeEvent::BreakGlassOpened(glass)).await;
    assert_eq!(join(&mut session, COLLEAGUES, None).await["event"], "snapshot");
    assert_eq!(join(&mut session, AGENDA, None).await["problem"]["code"], "forbidden");
    world.pass_seconds(60 * 60);
    effect("resync", session.next_of("resync")).await;
    assert_eq!(
        join(&mut session, COLLEAGUES, None).await["problem"]["code"],
        "forbidden"
    );
}
