//! Practices and sign-in over the memory store.

use crate::fixtures::*;
use crate::room::Hand;
use cabinet_actors::access::{
    Access, AccessError, LINK_SECONDS, Lifetime, Origin, SESSION_IDLE_SECONDS, SESSION_SECONDS, SESSION_TOUCH_SECONDS,
    StaffSession, Strength,
};
use cabinet_actors::directory::{Directory, DirectoryError};
use cabinet_domain::audit::{Actor, LeafOrigin};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{AgendaId, AgendaKey, CommandId, PracticeId, StaffId};
use cabinet_domain::practice::{Notice, PracticeEvent, PracticeFace, Practitioner, SLUG_BYTES_MAX};
use cabinet_storage::AppendError;
use cabinet_storage::memory::{MemoryDisk, MemoryJournal};
use cabinet_storage::open::Storage;
use cabinet_storage::records::Overlay;
use cabinet_storage::seal::SeededEntropy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

fn face(slug: &str) -> PracticeEvent {
    PracticeEvent::FaceSet(PracticeFace {
        name: "Cabinet de la Gare".to_owned(),
        slug: slug.to_owned(),
        phone: String::new(),
        email: String::new(),
        legal: String::new(),
    })
}

fn practitioner(agenda: u128, slug: &str) -> PracticeEvent {
    PracticeEvent::PractitionerSet(Practitioner {
        agenda: AgendaId(agenda),
        slug: slug.to_owned(),
        name: "Claire Morel".to_owned(),
        profession: "Ostéopathe".to_owned(),
        colour: 0,
    })
}

async fn change(directory: &Directory, practice: u128, events: Vec<PracticeEvent>) -> Result<u64, DirectoryError> {
    directory
        .change(PracticeId(practice), Principal::System, CommandId(1), events)
        .await
}

#[actix_rt::test]
async fn practices_are_found_by_address_and_survive_a_restart() {
    let store = TestStore::new();
    let clock = || Arc::new(Hand(HandClock::new()));
    let directory = Directory::load(store.clone(), clock()).await.unwrap();
    let seq = change(&directory, 1, vec![face("gare"), practitioner(2, "claire-morel")])
        .await
        .unwrap();
    assert_eq!(seq, 2);
    change(&directory, 3, vec![face("port")]).await.unwrap();
    change(&directory, 3, vec![face("vieux-port")]).await.unwrap();
    let again = Directory::load(store, clock()).await.unwrap();
    for directory in [directory, again] {
        let (practice, found) = directory.practitioner("gare", "claire-morel").unwrap();
        assert_eq!((practice, found.agenda), (PracticeId(1), AgendaId(2)));
        assert!(directory.practitioner("gare", "nobody").is_none());
        assert!(directory.practice_by_slug("port").is_none(), "moved");
        assert_eq!(directory.practice_by_slug("vieux-port").unwrap().id, PracticeId(3));
        assert_eq!(directory.practices().len(), 2);
        assert!(directory.agenda_exists(KEY));
        assert!(!directory.agenda_exists(AgendaKey {
            practice: PracticeId(3),
            ..KEY
        }));
    }
}

#[actix_rt::test]
async fn bad_changes_are_refused_whole() {
    let directory = Directory::load(TestStore::new(), Arc::new(Hand(HandClock::new())))
        .await
        .unwrap();
    change(&directory, 1, vec![face("gare"), practitioner(2, "claire")])
        .await
        .unwrap();
    let longest = "a".repeat(SLUG_BYTES_MAX);
    change(&directory, 4, vec![face(&longest)]).await.unwrap();
    for bad in [
        "",
        "-",
        "a-",
        "-a",
        "a--b",
        "Gare",
        "é",
        "a b",
        &"a".repeat(SLUG_BYTES_MAX + 1),
    ] {
        let outcome = change(&directory, 1, vec![practitioner(9, "new"), face(bad)]).await;
        assert!(matches!(outcome, Err(DirectoryError::BadSlug(_))), "{bad}");
    }
    let taken = change(&directory, 3, vec![face("gare")]).await;
    assert!(matches!(taken, Err(DirectoryError::SlugTaken(_))));
    let taken = change(&directory, 1, vec![practitioner(9, "claire")]).await;
    assert!(matches!(taken, Err(DirectoryError::SlugTaken(_))));
    let notice = |version| {
        PracticeEvent::NoticePublished(Notice {
            version,
            french: String::new(),
            english: String::new(),
        })
    };
    let skipped = change(&directory, 1, vec![notice(1), notice(3)]).await;
    assert!(matches!(skipped, Err(DirectoryError::NoticeVersion { expected: 2 })));
    let practice = directory.practice(PracticeId(1)).unwrap();
    assert_eq!((practice.seq, practice.practitioners.len()), (2, 1));
    assert!(directory.practice(PracticeId(3)).is_none());
}

#[actix_rt::test]
async fn two_practices_race_for_one_address_and_one_gets_it() {
    let directory = Directory::load(TestStore::new(), Arc::new(Hand(HandClock::new())))
        .await
        .unwrap();
    let (one, other) = futures_util::future::join(
        change(&directory, 1, vec![face("gare")]),
        change(&directory, 2, vec![face("gare")]),
    )
    .await;
    assert!(one.is_ok() && matches!(other, Err(DirectoryError::SlugTaken(_))));
}

#[actix_rt::test]
async fn after_a_lost_answer_the_directory_shows_what_is_durable() {
    let store = TestStore::new();
    let directory = Directory::load(store.clone(), Arc::new(Hand(HandClock::new())))
        .await
        .unwrap();
    store.fate(Fate::LostAnswer);
    let outcome = change(&directory, 1, vec![face("gare")]).await;
    assert!(matches!(outcome, Err(DirectoryError::Append(AppendError::Unknown))));
    assert!(directory.practice_by_slug("gare").is_some());
    store.fate(Fate::Refused(AppendError::StorageFull));
    assert!(change(&directory, 1, vec![face("port")]).await.is_err());
    assert!(directory.practice_by_slug("port").is_none());
    change(&directory, 1, vec![face("quai")]).await.unwrap();
    assert!(directory.practice_by_slug("quai").is_some());
}

/// Sign-in over a memory store, its clock, and how to start it anew.
fn signing() -> (Access, Arc<HandClock>, impl Fn() -> Access) {
    let storage = Arc::new(Storage::memory(1).unwrap());
    let clock = HandClock::new();
    let hand = clock.clone();
    let drawn = Arc::new(AtomicU8::new(0));
    let start = move || {
        let drawn = drawn.clone();
        let entropy = Arc::new(move || [drawn.fetch_add(1, Ordering::SeqCst); 32]);
        let clock = Arc::new(Hand(hand.clone()));
        Access::new(storage.records(), clock, entropy, Lifetime::default())
    };
    (start(), clock, start)
}

fn by_server() -> (Actor, LeafOrigin) {
    (Actor::Server, LeafOrigin::default())
}

const WHO: StaffSession = StaffSession {
    practice: PracticeId(1),
    staff: StaffId(5),
    strength: Strength::Link,
};

#[actix_rt::test]
async fn a_link_lets_in_once_also_when_two_race() {
    let (access, clock, start) = signing();
    let link = access.issue_link(WHO.practice, WHO.staff, by_server()).await.unwrap();
    assert_eq!(link.len(), 64);
    let other = start();
    let (one, two) = futures_util::future::join(
        access.redeem(&link, Origin::default()),
        other.redeem(&link, Origin::default()),
    )
    .await;
    let mut tokens: Vec<String> = [one, two].into_iter().flatten().map(|(token, _)| token).collect();
    assert_eq!(tokens.len(), 1);
    assert!(matches!(
        access.redeem(&link, Origin::default()).await,
        Err(AccessError::LinkGone)
    ));
    assert!(matches!(
        access.redeem("nonsense", Origin::default()).await,
        Err(AccessError::LinkGone)
    ));
    let token = tokens.remove(0);
    assert_eq!(start().session(&token).await.unwrap(), Some(WHO), "survives a restart");
    assert_eq!(access.session(&link).await.unwrap(), None, "a link is no session");

    let link = access.issue_link(WHO.practice, WHO.staff, by_server()).await.unwrap();
    clock.pass(LINK_SECONDS - 1);
    assert!(access.redeem(&link, Origin::default()).await.is_ok());
    let link = access.issue_link(WHO.practice, WHO.staff, by_server()).await.unwrap();
    clock.pass(LINK_SECONDS);
    assert!(matches!(
        access.redeem(&link, Origin::default()).await,
        Err(AccessError::LinkGone)
    ));
}

/// Regression: links checked that their secret was not yet there, and a demo whose read store could not be written ended.
#[actix_rt::test]
async fn people_sign_in_while_there_is_no_read_store() {
    let overlay = Arc::new(Overlay::new(1 << 20));
    let journal = Arc::new(MemoryJournal::new(1, overlay.clone()));
    let entropy = Arc::new(SeededEntropy::new(1));
    let storage = Storage::over(journal, overlay, Arc::new(MemoryDisk::new()), entropy, 1).unwrap();
    let drawn = AtomicU8::new(0);
    let secrets = Arc::new(move || [drawn.fetch_add(1, Ordering::SeqCst); 32]);
    let access = Access::new(
        storage.records(),
        Arc::new(Hand(HandClock::new())),
        secrets,
        Lifetime::default(),
    );
    let link = access.issue_link(WHO.practice, WHO.staff, by_server()).await.unwrap();
    let (token, _) = access.redeem(&link, Origin::default()).await.unwrap();
    assert_eq!(access.session(&token).await.unwrap(), Some(WHO));
    assert!(matches!(
        access.redeem(&link, Origin::default()).await,
        Err(AccessError::LinkGone)
    ));
}

#[actix_rt::test]
async fn sessions_end_when_idle_when_old_and_when_signed_out() {
    let (access, clock, start) = signing();
    let sign_in = async || {
        let link = access.issue_link(WHO.practice, WHO.staff, by_server()).await.unwrap();
        access.redeem(&link, Origin::default()).await.unwrap().0
    };
    let idle = sign_in().await;
    clock.pass(SESSION_IDLE_SECONDS - 1);
    assert_eq!(access.session(&idle).await.unwrap(), Some(WHO));
    clock.pass(SESSION_IDLE_SECONDS - 1);
    assert_eq!(
        start().session(&idle).await.unwrap(),
        Some(WHO),
        "its use was written down"
    );
    clock.pass(SESSION_IDLE_SECONDS);
    assert_eq!(access.session(&idle).await.unwrap(), None);

    let old = sign_in().await;
    let step = SESSION_IDLE_SECONDS - SESSION_TOUCH_SECONDS;
    for _ in 0..SESSION_SECONDS / step {
        clock.pass(step);
        assert_eq!(access.session(&old).await.unwrap(), Some(WHO));
    }
    clock.pass(SESSION_SECONDS % step);
    assert_eq!(access.session(&old).await.unwrap(), None, "seven days after sign-in");

    let left = sign_in().await;
    access.sign_out(&left).await.unwrap();
    access.sign_out("nonsense").await.unwrap();
    assert_eq!(access.session(&left).await.unwrap(), None);
    assert_eq!(start().session(&left).await.unwrap(), None);
}
