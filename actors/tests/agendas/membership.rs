//! Changes of membership: with the right, with the second factor, on what is; durable, and told to open sockets.

use crate::fixtures::*;
use crate::room::Hand;
use cabinet_actors::directory::{Directory, DirectoryError};
use cabinet_actors::mail::Outbox;
use cabinet_actors::membership::{Asker, Membership, MembershipError, Offer};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{AgendaId, CommandId, PracticeId, StaffId};
use cabinet_domain::practice::{Member, MembershipRefusal, PracticeEvent, Practitioner, Staff};
use cabinet_domain::rights::{Action, Level, Rights, Role};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const PRACTICE: PracticeId = PracticeId(1);
const OWNER: StaffId = StaffId(50);
const AGENDA: AgendaId = AgendaId(10);

async fn load(store: &Arc<TestStore>) -> (Directory, Membership) {
    let directory = Directory::load(store.clone(), Arc::new(Hand(HandClock::new())))
        .await
        .unwrap();
    let draws = AtomicU8::new(1);
    let entropy = Arc::new(move || [draws.fetch_add(1, Ordering::SeqCst); 32]);
    (directory.clone(), Membership::new(directory, entropy, Outbox::closed()))
}

/// A practice of one owner and one agenda.
async fn begun() -> (Arc<TestStore>, Directory, Membership) {
    let store = TestStore::new();
    let (directory, membership) = load(&store).await;
    let practitioner = Practitioner {
        agenda: AGENDA,
        slug: "claire".to_owned(),
        name: "Claire".to_owned(),
        profession: "Kiné".to_owned(),
        colour: 0,
    };
    let name = "Léa".to_owned();
    let events = vec![
        PracticeEvent::PractitionerSet(practitioner),
        PracticeEvent::StaffSet(Staff { id: OWNER, name }),
    ];
    let changed = directory
        .change(PRACTICE, Principal::System, CommandId(1), events)
        .await;
    changed.unwrap();
    (store, directory, membership)
}

const fn asker(staff: StaffId, second_factor_is_recent: bool) -> Asker {
    Asker {
        practice: PRACTICE,
        staff,
        second_factor_is_recent,
    }
}

fn offer(role: Role, level: Level) -> Offer {
    Offer {
        role,
        rights: Rights::everywhere(level),
        agenda: None,
        from: None,
        until: None,
    }
}

/// The word of an outcome.
fn word<T>(outcome: &Result<T, MembershipError>) -> &'static str {
    match outcome {
        Ok(_) => "allow",
        Err(MembershipError::NotFound) => "not_found",
        Err(MembershipError::Forbidden) => "forbidden",
        Err(MembershipError::StepUp) => "step_up",
        Err(MembershipError::Refused(refusal)) => refusal.code(),
        Err(MembershipError::Directory(_)) => "directory",
    }
}

async fn joined(membership: &Membership, role: Role, level: Level) -> StaffId {
    let owner = asker(OWNER, true);
    let invited = membership.invite(owner, CommandId(2), offer(role, level), None).await;
    let (_, link) = invited.unwrap();
    membership.join(&link, CommandId(3), "Zoé").await.unwrap().1
}

#[actix_rt::test]
async fn an_invitation_is_made_by_an_owner_with_the_second_factor_and_used_once() {
    let (store, directory, membership) = begun().await;
    let secretary = joined(&membership, Role::Secretary, Level::Full).await;
    let invite = |asker| membership.invite(asker, CommandId(4), offer(Role::Secretary, Level::Times), None);
    assert_eq!(word(&invite(asker(OWNER, false)).await), "step_up");
    assert_eq!(word(&invite(asker(secretary, true)).await), "forbidden");
    assert_eq!(word(&invite(asker(StaffId(99), true)).await), "not_found");
    let elsewhere = Asker {
        practice: PracticeId(2),
        ..asker(OWNER, true)
    };
    assert_eq!(word(&invite(elsewhere).await), "not_found");
    assert!(directory.practice(PracticeId(2)).is_none());

    let (_, link) = invite(asker(OWNER, true)).await.unwrap();
    let both = tokio::join!(
        membership.join(&link, CommandId(5), "Ana"),
        membership.join(&link, CommandId(6), "Bea")
    );
    let words = BTreeSet::from([word(&both.0), word(&both.1)]);
    assert_eq!(
        words,
        BTreeSet::from(["allow", "not_found"]),
        "of two who race, one joins"
    );
    let (withdrawn, link) = invite(asker(OWNER, true)).await.unwrap();
    membership
        .withdraw(asker(OWNER, true), CommandId(7), withdrawn)
        .await
        .unwrap();
    assert_eq!(word(&membership.join(&link, CommandId(8), "Eve").await), "not_found");
    assert_eq!(word(&membership.join("x", CommandId(8), "Eve").await), "not_found");

    let (again, _) = load(&store).await;
    for directory in [directory, again] {
        let practice = directory.practice(PRACTICE).unwrap();
        assert_eq!(practice.members.len(), 3);
        assert!(practice.invitations.is_empty());
        assert_eq!(
            practice.effective_level(secretary, AGENDA, HandClock::new().now()),
            Level::Full
        );
    }
}

#[actix_rt::test]
async fn members_are_changed_and_removed_and_an_owner_always_stays() {
    let (_, directory, membership) = begun().await;
    let secretary = joined(&membership, Role::Secretary, Level::Full).await;
    let known = |staff| directory.practice(PRACTICE).unwrap().members[&staff].clone();
    let mut changed = known(secretary);
    changed.rights = Rights::everywhere(Level::Times);
    let mut watch = directory.changes();
    for (asker, expected) in [
        (asker(secretary, true), "forbidden"),
        (asker(OWNER, false), "step_up"),
        (asker(OWNER, true), "allow"),
    ] {
        let outcome = membership.change(asker, CommandId(4), changed.clone()).await;
        assert_eq!(word(&outcome), expected);
        assert_eq!(
            watch.has_changed().unwrap(),
            expected == "allow",
            "open sockets look again"
        );
    }
    watch.mark_unchanged();
    assert_eq!(known(secretary), changed);
    let mut stranger = changed.clone();
    stranger.id = StaffId(77);
    let owner = asker(OWNER, true);
    assert_eq!(
        word(&membership.change(owner, CommandId(4), stranger).await),
        "not_found"
    );
    let mut demoted = known(OWNER);
    demoted.role = Role::Practitioner;
    assert_eq!(
        word(&membership.change(owner, CommandId(4), demoted).await),
        "last_owner"
    );
    assert_eq!(word(&membership.remove(owner, CommandId(4), OWNER).await), "last_owner");
    assert!(!watch.has_changed().unwrap());
    assert_eq!(word(&membership.remove(owner, CommandId(4), secretary).await), "allow");
    assert_eq!(
        word(&membership.remove(owner, CommandId(4), secretary).await),
        "not_found"
    );
}

#[actix_rt::test]
async fn support_looks_in_for_at_most_a_day_and_a_glass_is_broken_for_at_most_an_hour() {
    let (_, directory, membership) = begun().await;
    let carer = joined(&membership, Role::Practitioner, Level::None).await;
    let secretary = joined(&membership, Role::Secretary, Level::Full).await;
    let agent = StaffId(900);
    let reason = || "L'agenda reste vide".to_owned();
    let of_team = |id, role| {
        PracticeEvent::MemberSet(Member {
            id,
            name: format!("Équipe {id}"),
            role,
            rights: Rights::everywhere(Level::None),
            agenda: None,
            valid_from: HandClock::new().now(),
            valid_until: None,
        })
    };
    let team = vec![of_team(agent, Role::Support), of_team(StaffId(901), Role::Operations)];
    let added = directory.change(PracticeId::PLATFORM, Principal::System, CommandId(3), team);
    added.await.unwrap();
    let grant = |who, minutes| membership.grant_support(who, CommandId(4), (agent, Level::Times, minutes), reason());
    assert_eq!(word(&grant(asker(carer, true), 60).await), "forbidden");
    assert_eq!(word(&grant(asker(OWNER, false), 60).await), "step_up");
    assert_eq!(word(&grant(asker(OWNER, true), 24 * 60 + 1).await), "invalid");
    // Support's own people alone, not the others of the team, nor anybody who is in none.
    for stranger in [StaffId(901), StaffId(902), secretary] {
        let asked = (stranger, Level::Times, 60);
        let granted = membership.grant_support(asker(OWNER, true), CommandId(4), asked, reason());
        assert_eq!(word(&granted.await), "invalid", "{stranger}");
    }
    let granted = grant(asker(OWNER, true), 24 * 60).await.unwrap();
    let sees = |staff| {
        directory
            .practice(PRACTICE)
            .unwrap()
            .effective_level(staff, AGENDA, HandClock::new().now())
    };
    assert_eq!(sees(agent), Level::Times);
    assert_eq!(
        word(&grant(asker(agent, true), 60).await),
        "forbidden",
        "support lets nobody in"
    );
    membership
        .end_support(asker(OWNER, false), CommandId(5), granted)
        .await
        .unwrap();
    assert_eq!(sees(agent), Level::None);

    let glass =
        |who, minutes, reason: &str| membership.break_glass(who, CommandId(6), (AGENDA, minutes), reason.to_owned());
    let urgent = "Urgence au téléphone";
    assert_eq!(word(&glass(asker(carer, false), 60, urgent).await), "step_up");
    assert_eq!(word(&glass(asker(secretary, true), 60, urgent).await), "forbidden");
    assert_eq!(word(&glass(asker(carer, true), 61, urgent).await), "invalid");
    assert_eq!(word(&glass(asker(carer, true), 60, "urgent").await), "invalid");
    let broken = glass(asker(carer, true), 60, urgent).await.unwrap();
    assert_eq!(sees(carer), Level::Full);
    let end = |who| membership.end_break_glass(who, CommandId(7), broken);
    assert_eq!(word(&end(asker(secretary, true)).await), "forbidden");
    assert_eq!(word(&end(asker(StaffId(99), true)).await), "not_found");
    end(asker(carer, false)).await.unwrap();
    assert_eq!(sees(carer), Level::None);
}

#[actix_rt::test]
async fn nothing_is_shown_of_what_was_not_written() {
    let (store, directory, membership) = begun().await;
    let secretary = joined(&membership, Role::Secretary, Level::Full).await;
    let watch = directory.changes();
    let may = || {
        let practice = directory.practice(PRACTICE).unwrap();
        practice.permits(secretary, Action::Book, Some(AGENDA), (HandClock::new().now(), false))
    };
    let before = may();
    let refused = directory
        .change(
            PRACTICE,
            Principal::System,
            CommandId(9),
            vec![
                PracticeEvent::MemberRemoved(secretary),
                PracticeEvent::MemberRemoved(OWNER),
            ],
        )
        .await;
    let last_owner = MembershipRefusal::LastOwner;
    assert!(matches!(refused, Err(DirectoryError::Membership(refusal)) if refusal == last_owner));
    assert_eq!((may(), watch.has_changed().unwrap()), (before, false), "all or none");
    let (again, _) = load(&store).await;
    assert_eq!(again.practice(PRACTICE), directory.practice(PRACTICE));
}
