//! Joining a practice and binding it: invitations, and documents that are accepted.

use super::*;

#[test]
fn a_used_invitation_makes_the_member_that_the_owner_wrote_and_no_other() {
    let mut practice = practice();
    ask(&mut practice, NOW, PracticeEvent::InvitationMade(invitation(60))).unwrap();
    let accept = |practice: &Practice, link, staff, name, now| practice.accept_invitation([link; 32], staff, name, now);
    assert_eq!(
        accept(&practice, 2, OTHER, "Zoé", NOW),
        Err(MembershipRefusal::Unknown { what: "invitation" })
    );
    assert_eq!(
        accept(&practice, 1, OTHER, "Zoé", NOW.plus_minutes(60)),
        Err(MembershipRefusal::Expired)
    );
    assert_eq!(
        accept(&practice, 1, OWNER, "Zoé", NOW),
        Err(MembershipRefusal::AlreadyThere { what: "member" })
    );
    assert_eq!(
        accept(&practice, 1, OTHER, " ", NOW).map_err(|refusal| refusal.code()),
        Err("invalid")
    );
    for event in accept(&practice, 1, OTHER, "Zoé", NOW).unwrap() {
        ask(&mut practice, NOW, event).unwrap();
    }
    assert_eq!(practice.members[&OTHER], member(Role::Secretary, Level::Full));
    assert!(accept(&practice, 1, StaffId(3), "Zoé", NOW).is_err());
    let by_secretary = Invitation {
        invited_by: OTHER,
        ..invitation(60)
    };
    assert_eq!(
        why(practice.admits(&PracticeEvent::InvitationMade(by_secretary), NOW)),
        "invited_by"
    );
}

#[test]
fn invitations_work_once_and_for_a_while() {
    let mut practice = practice();
    let asked = |minutes| PracticeEvent::InvitationMade(invitation(minutes));
    assert_eq!(
        why(practice.admits(&asked(INVITATION_MINUTES_MAX + 1), NOW)),
        "expires_at"
    );
    ask(&mut practice, NOW, asked(INVITATION_MINUTES_MAX)).unwrap();
    assert_eq!(why(practice.admits(&asked(1), NOW)), "already_exists");
    let used = PracticeEvent::InvitationUsed(InvitationId(1));
    let late = NOW.plus_minutes(INVITATION_MINUTES_MAX);
    assert_eq!(practice.admits(&used, late), Err(MembershipRefusal::Expired));
    ask(&mut practice, NOW, used.clone()).unwrap();
    assert_eq!(why(practice.admits(&used, NOW)), "not_found");
    ask(&mut practice, NOW, asked(1)).unwrap();
    ask(&mut practice, NOW, PracticeEvent::InvitationWithdrawn(InvitationId(1))).unwrap();
    assert_eq!(why(practice.admits(&used, NOW)), "not_found");
}

#[test]
fn a_binding_document_is_accepted_by_an_owner_once_and_a_late_practice_is_read_only() {
    let mut practice = practice();
    let accept = |staff, document, version| PracticeEvent::DocumentAccepted(acceptance(staff, document, version));
    ask(
        &mut practice,
        NOW,
        PracticeEvent::MemberSet(member(Role::Secretary, Level::Full)),
    )
    .unwrap();
    let contract = DocumentKind::ProcessingContract;
    assert_eq!(why(practice.admits(&accept(OTHER, contract, 1), NOW)), "staff");
    assert_eq!(
        why(practice.admits(&accept(OTHER, DocumentKind::PrivacyPolicy, 1), NOW)),
        "ok"
    );
    assert_eq!(why(practice.admits(&accept(OWNER, contract, 0), NOW)), "version");
    assert_eq!(why(practice.admits(&accept(StaffId(3), contract, 1), NOW)), "not_found");
    let deadlines = [1, 2].map(|version| ContractDeadline {
        document: contract,
        version,
        accept_by: NOW.plus_minutes(i64::from(version)),
    });
    let since = |practice: &Practice, minutes| practice.read_only_since(NOW.plus_minutes(minutes), &deadlines);
    assert_eq!(
        (since(&practice, 0), since(&practice, 1)),
        (None, Some(NOW.plus_minutes(1)))
    );
    ask(&mut practice, NOW, accept(OWNER, contract, 1)).unwrap();
    assert_eq!(why(practice.admits(&accept(OWNER, contract, 1), NOW)), "already_exists");
    assert_eq!(
        (since(&practice, 1), since(&practice, 9)),
        (None, Some(NOW.plus_minutes(2)))
    );
    ask(&mut practice, NOW, accept(OWNER, contract, 2)).unwrap();
    assert_eq!(since(&practice, 9), None);
}
