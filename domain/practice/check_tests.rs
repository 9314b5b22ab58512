//! What may be stored of members: each bound at its bound, each refusal once, and stories in which an owner always stays.

#[path = "check_tests/joining.rs"]
mod joining;

use super::super::{DocumentKind, Locale, Practitioner, Staff};
use super::*;
use crate::command::Principal;
use crate::event::Recorded;
use crate::ids::{BreakGlassId, CommandId, InvitationId, PracticeId, SupportGrantId};
use crate::practice::ContractDeadline;
use crate::rights::{Action, Verdict};
use proptest::prelude::*;

const NOW: UtcMillis = UtcMillis(1_790_000_000_000);
const OWNER: StaffId = StaffId(1);
const OTHER: StaffId = StaffId(2);
const AGENT: StaffId = StaffId(99);
const AGENDA: AgendaId = AgendaId(10);
const COLLEAGUES: AgendaId = AgendaId(11);

fn at(practice: &mut Practice, now: UtcMillis, event: PracticeEvent) {
    practice.apply(&Recorded {
        seq: practice.seq + 1,
        at: now,
        principal: Principal::System,
        command_id: CommandId(1),
        digest: [0; 16],
        last_of_command: true,
        event,
    });
}

/// Stores the event if it may be stored.
fn ask(practice: &mut Practice, now: UtcMillis, event: PracticeEvent) -> Checked {
    practice.admits(&event, now)?;
    at(practice, now, event);
    Ok(())
}

fn practitioner(agenda: AgendaId) -> PracticeEvent {
    PracticeEvent::PractitionerSet(Practitioner {
        agenda,
        slug: format!("p{}", agenda.0),
        name: "Claire".to_owned(),
        profession: "Kiné".to_owned(),
        colour: 0,
    })
}

/// A practice of one owner, as the first stores made them, with two agendas.
fn practice() -> Practice {
    let mut practice = Practice::new(PracticeId(5));
    at(&mut practice, NOW, practitioner(AGENDA));
    at(&mut practice, NOW, practitioner(COLLEAGUES));
    let name = "Léa".to_owned();
    at(&mut practice, NOW, PracticeEvent::StaffSet(Staff { id: OWNER, name }));
    practice
}

fn member(role: Role, level: Level) -> Member {
    let sees = role.sees_agendas();
    Member {
        id: OTHER,
        name: "Zoé".to_owned(),
        role,
        rights: Rights::everywhere(if sees { level } else { Level::None }),
        agenda: None,
        valid_from: NOW,
        valid_until: (role == Role::Replacement).then(|| NOW.plus_minutes(60)),
    }
}

fn acceptance(staff: StaffId, document: DocumentKind, version: u32) -> Acceptance {
    Acceptance {
        staff,
        document,
        version,
        sha256: [0; 32],
        locale: Locale::French,
        accepted_at: NOW,
        ip: "192.0.2.1".to_owned(),
        user_agent: String::new(),
        signatory_name: "Léa Martin".to_owned(),
        signatory_quality: "gérante".to_owned(),
    }
}

fn grant(minutes: i64) -> SupportGrant {
    SupportGrant {
        id: SupportGrantId(1),
        agent: AGENT,
        level: Level::TimesAndTypes,
        reason: "L'agenda reste vide".to_owned(),
        granted_by: OWNER,
        granted_at: NOW,
        expires_at: NOW.plus_minutes(minutes),
    }
}

fn glass(staff: StaffId, minutes: i64) -> BreakGlass {
    BreakGlass {
        id: BreakGlassId(1),
        staff,
        agenda: COLLEAGUES,
        reason: "Patient au téléphone, urgence".to_owned(),
        opened_at: NOW,
        expires_at: NOW.plus_minutes(minutes),
    }
}

fn invitation(minutes: i64) -> Invitation {
    Invitation {
        id: InvitationId(1),
        link_hash: [1; 32],
        role: Role::Secretary,
        rights: Rights::everywhere(Level::Full),
        agenda: None,
        member_from: NOW,
        member_until: None,
        invited_by: OWNER,
        expires_at: NOW.plus_minutes(minutes),
    }
}

/// The field of a refusal for a bound, or the refusal's code.
fn why(checked: Checked) -> &'static str {
    match checked {
        Ok(()) => "ok",
        Err(MembershipRefusal::Invalid { field, .. }) => field,
        Err(other) => other.code(),
    }
}

#[test]
fn staff_of_the_first_stores_are_owners_with_every_right_and_renaming_them_changes_no_role() {
    let mut practice = practice();
    assert_eq!(practice.role_now(OWNER, NOW), Some(Role::Owner));
    assert_eq!(practice.effective_level(OWNER, AGENDA, NOW), Level::Manage);
    ask(
        &mut practice,
        NOW,
        PracticeEvent::MemberSet(member(Role::Secretary, Level::Times)),
    )
    .unwrap();
    let name = "Zoé B.".to_owned();
    at(&mut practice, NOW, PracticeEvent::StaffSet(Staff { id: OTHER, name }));
    assert_eq!(practice.role_now(OTHER, NOW), Some(Role::Secretary));
    assert_eq!(practice.staff[&OTHER].name, "Zoé B.");
}

#[test]
fn members_are_checked_at_their_bounds() {
    type Change = fn(&mut Member);
    let long = MEMBERSHIP_MINUTES_MAX;
    assert_eq!(long, 1_054_080);
    let cases: [(Role, Change, &str); 20] = [
        (Role::Practitioner, |_| {}, "ok"),
        (Role::Practitioner, |m| m.name = "x".repeat(120), "ok"),
        (Role::Practitioner, |m| m.name = "x".repeat(121), "name"),
        (Role::Practitioner, |m| m.name = String::new(), "name"),
        (Role::Practitioner, |m| m.name = " x".to_owned(), "name"),
        (Role::Practitioner, |m| m.name = "a\u{7}b".to_owned(), "name"),
        (Role::Support, |_| {}, "role"),
        (Role::Operations, |_| {}, "role"),
        (Role::Accountant, |_| {}, "ok"),
        (Role::Accountant, |m| m.rights.elsewhere = Level::Times, "rights"),
        (Role::Practitioner, |m| m.agenda = Some(AGENDA), "ok"),
        (Role::Practitioner, |m| m.agenda = Some(AgendaId(77)), "not_found"),
        (Role::Secretary, |m| m.agenda = Some(AGENDA), "agenda"),
        (
            Role::Secretary,
            |m| {
                m.rights.agendas.insert(AgendaId(77), Level::Full);
            },
            "not_found",
        ),
        (Role::Replacement, |_| {}, "ok"),
        (Role::Replacement, |m| m.valid_until = None, "valid_until"),
        (Role::Replacement, |m| m.valid_until = Some(m.valid_from), "valid_until"),
        (
            Role::Replacement,
            |m| m.valid_until = Some(m.valid_from.plus_minutes(1_054_081)),
            "valid_until",
        ),
        (
            Role::Owner,
            |m| m.valid_until = Some(m.valid_from.plus_minutes(1)),
            "valid_until",
        ),
        (
            Role::Owner,
            |m| m.valid_from = m.valid_from.plus_minutes(1),
            "valid_from",
        ),
    ];
    for (number, (role, change, expected)) in cases.into_iter().enumerate() {
        let mut asked = member(role, Level::Full);
        change(&mut asked);
        assert_eq!(
            why(practice().admits(&PracticeEvent::MemberSet(asked), NOW)),
            expected,
            "case {number}"
        );
    }
    let mut full = practice();
    for id in 1_000..1_000 + (MEMBERS_MAX as u128 - 1) {
        let asked = Member {
            id: StaffId(id),
            ..member(Role::Secretary, Level::Full)
        };
        ask(&mut full, NOW, PracticeEvent::MemberSet(asked)).unwrap();
    }
    let one_more = PracticeEvent::MemberSet(member(Role::Secretary, Level::Full));
    assert_eq!(why(full.admits(&one_more, NOW)), "too_many");
    let known = Member {
        id: StaffId(1_000),
        ..member(Role::Secretary, Level::Times)
    };
    assert_eq!(why(full.admits(&PracticeEvent::MemberSet(known), NOW)), "ok");
}

#[test]
fn the_last_owner_is_neither_removed_nor_demoted() {
    let mut practice = practice();
    let demoted = PracticeEvent::MemberSet(Member {
        id: OWNER,
        ..member(Role::Practitioner, Level::Full)
    });
    assert_eq!(practice.admits(&demoted, NOW), Err(MembershipRefusal::LastOwner));
    let removed = PracticeEvent::MemberRemoved(OWNER);
    assert_eq!(practice.admits(&removed, NOW), Err(MembershipRefusal::LastOwner));
    ask(
        &mut practice,
        NOW,
        PracticeEvent::MemberSet(member(Role::Owner, Level::Manage)),
    )
    .unwrap();
    ask(&mut practice, NOW, demoted).unwrap();
    ask(&mut practice, NOW, removed).unwrap();
    assert_eq!(
        why(practice.admits(&PracticeEvent::MemberRemoved(OWNER), NOW)),
        "not_found"
    );
    assert!(!practice.staff.contains_key(&OWNER));
    let empty = Practice::new(PracticeId(6));
    let first = PracticeEvent::MemberSet(member(Role::Secretary, Level::Full));
    assert_eq!(empty.admits(&first, NOW), Err(MembershipRefusal::LastOwner));
}

#[test]
fn a_replacement_ends_with_its_last_instant() {
    let mut practice = practice();
    let replacement = member(Role::Replacement, Level::Full);
    let until = replacement.valid_until.unwrap();
    ask(&mut practice, NOW, PracticeEvent::MemberSet(replacement)).unwrap();
    let level = |now| practice.effective_level(OTHER, AGENDA, now);
    assert_eq!(level(UtcMillis(NOW.0 - 1)), Level::None);
    assert_eq!((level(NOW), level(UtcMillis(until.0 - 1))), (Level::Full, Level::Full));
    assert_eq!((level(until), practice.member_now(OTHER, until)), (Level::None, None));
    let book = |now| practice.permits(OTHER, Action::Book, Some(AGENDA), (now, true));
    assert_eq!((book(NOW), book(until)), (Verdict::Allow, Verdict::NotFound));
}

#[test]
fn support_sees_nothing_before_and_after_its_grant_and_changes_nothing_in_it() {
    type Change = fn(&mut SupportGrant);
    let cases: [(Change, &str); 7] = [
        (|_| {}, "ok"),
        (|g| g.expires_at = g.granted_at, "expires_at"),
        (|g| g.expires_at = UtcMillis(g.expires_at.0 + 1), "expires_at"),
        (|g| g.level = Level::Manage, "level"),
        (|g| g.reason = "court    ".to_owned(), "reason"),
        (|g| g.granted_by = OTHER, "granted_by"),
        (|g| g.agent = OWNER, "agent"),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        let mut asked = grant(SUPPORT_MINUTES_MAX);
        change(&mut asked);
        assert_eq!(
            why(practice().admits(&PracticeEvent::SupportGranted(asked), NOW)),
            expected,
            "case {number}"
        );
    }
    let mut practice = practice();
    let see = |practice: &Practice, now| practice.permits(AGENT, Action::SeeTypes, Some(AGENDA), (now, true));
    assert_eq!(see(&practice, NOW), Verdict::NotFound);
    ask(&mut practice, NOW, PracticeEvent::SupportGranted(grant(60))).unwrap();
    assert_eq!(see(&practice, NOW), Verdict::Allow);
    assert_eq!(
        practice.permits(AGENT, Action::SeePatientIdentity, Some(AGENDA), (NOW, true)),
        Verdict::Forbidden
    );
    assert_eq!(
        practice.permits(AGENT, Action::Book, Some(AGENDA), (NOW, true)),
        Verdict::Forbidden
    );
    assert_eq!(see(&practice, NOW.plus_minutes(60)), Verdict::NotFound);
    ask(&mut practice, NOW, PracticeEvent::SupportEnded(SupportGrantId(1))).unwrap();
    assert_eq!(see(&practice, NOW), Verdict::NotFound);
}

#[test]
fn of_several_grants_the_one_that_shows_most_counts_while_it_runs() {
    let mut practice = practice();
    ask(&mut practice, NOW, PracticeEvent::SupportGranted(grant(60))).unwrap();
    let more = SupportGrant {
        id: SupportGrantId(2),
        level: Level::Full,
        ..grant(30)
    };
    ask(&mut practice, NOW, PracticeEvent::SupportGranted(more)).unwrap();
    let shown = |now| practice.grant_of(AGENT, now).map(|grant| grant.level);
    let live = |now| practice.live_grants(now).count();
    let (before, half, over) = (UtcMillis(NOW.0 - 1), NOW.plus_minutes(30), NOW.plus_minutes(60));
    assert_eq!([shown(before), shown(NOW)], [None, Some(Level::Full)]);
    assert_eq!([shown(half), shown(over)], [Some(Level::TimesAndTypes), None]);
    assert_eq!([live(before), live(NOW), live(half), live(over)], [0, 2, 1, 0]);
    assert_eq!(practice.grant_of(OTHER, NOW), None);
}

#[test]
fn a_broken_glass_opens_one_agenda_for_a_while() {
    let mut practice = practice();
    let mut carer = member(Role::Practitioner, Level::None);
    carer.rights.agendas.insert(AGENDA, Level::Manage);
    ask(&mut practice, NOW, PracticeEvent::MemberSet(carer)).unwrap();
    let too_long = glass(OTHER, BREAK_GLASS_MINUTES_MAX + 1);
    assert_eq!(
        why(practice.admits(&PracticeEvent::BreakGlassOpened(too_long), NOW)),
        "expires_at"
    );
    let stranger = glass(StaffId(3), 1);
    assert_eq!(
        why(practice.admits(&PracticeEvent::BreakGlassOpened(stranger), NOW)),
        "not_found"
    );
    ask(
        &mut practice,
        NOW,
        PracticeEvent::BreakGlassOpened(glass(OTHER, BREAK_GLASS_MINUTES_MAX)),
    )
    .unwrap();
    let level =
        |practice: &Practice, agenda, minutes| practice.effective_level(OTHER, agenda, NOW.plus_minutes(minutes));
    assert_eq!(
        (level(&practice, COLLEAGUES, 59), level(&practice, COLLEAGUES, 60)),
        (Level::Full, Level::None)
    );
    assert_eq!(level(&practice, AGENDA, 0), Level::Manage);
    ask(&mut practice, NOW, PracticeEvent::BreakGlassEnded(BreakGlassId(1))).unwrap();
    assert_eq!(level(&practice, COLLEAGUES, 0), Level::None);
    ask(
        &mut practice,
        NOW,
        PracticeEvent::MemberSet(member(Role::Secretary, Level::Full)),
    )
    .unwrap();
    assert_eq!(
        why(practice.admits(&PracticeEvent::BreakGlassOpened(glass(OTHER, 1)), NOW)),
        "staff"
    );
}

#[test]
fn who_becomes_a_secretary_keeps_no_broken_glass() {
    let mut practice = practice();
    let store = |practice: &mut Practice, event| ask(practice, NOW, event).unwrap();
    store(
        &mut practice,
        PracticeEvent::MemberSet(member(Role::Practitioner, Level::None)),
    );
    store(&mut practice, PracticeEvent::BreakGlassOpened(glass(OTHER, 60)));
    assert_eq!(practice.effective_level(OTHER, COLLEAGUES, NOW), Level::Full);
    store(
        &mut practice,
        PracticeEvent::MemberSet(member(Role::Secretary, Level::Times)),
    );
    assert_eq!(practice.effective_level(OTHER, COLLEAGUES, NOW), Level::Times);
}

#[test]
fn what_is_ones_own_agendas_only_is_not_given_for_the_practice_nor_a_colleague() {
    let mut practice = practice();
    let mut carer = member(Role::Practitioner, Level::Manage);
    carer.agenda = Some(AGENDA);
    ask(&mut practice, NOW, PracticeEvent::MemberSet(carer)).unwrap();
    let export = |agenda, recent| practice.permits(OTHER, Action::ExportData, agenda, (NOW, recent));
    assert_eq!(
        (export(Some(AGENDA), true), export(Some(AGENDA), false)),
        (Verdict::Allow, Verdict::StepUp)
    );
    assert_eq!(
        (export(Some(COLLEAGUES), true), export(None, true)),
        (Verdict::Forbidden, Verdict::Forbidden)
    );
    assert_eq!(export(Some(AgendaId(77)), true), Verdict::NotFound);
    assert_eq!(
        practice.permits(OTHER, Action::SearchPatients, None, (NOW, false)),
        Verdict::Allow
    );
}

fn step() -> impl Strategy<Value = (u128, u8, bool)> {
    (1_u128..5, 0_u8..6, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_story_of_accepted_changes_leaves_a_practice_without_an_owner(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let roles = [Role::Owner, Role::Practitioner, Role::Replacement, Role::Secretary, Role::Accountant];
        let mut practice = practice();
        let mut now = NOW;
        for (id, kind, later) in steps {
            // Long enough for replacements to end meanwhile.
            now = if later { now.plus_minutes(90) } else { now };
            let id = StaffId(id);
            let event = match roles.get(usize::from(kind)) {
                None => PracticeEvent::MemberRemoved(id),
                Some(role) => PracticeEvent::MemberSet(Member {
                    id,
                    valid_from: now,
                    valid_until: (*role == Role::Replacement).then(|| now.plus_minutes(60)),
                    ..member(*role, Level::Full)
                }),
            };
            let _refused_or_not = ask(&mut practice, now, event);
            prop_assert!(practice.owners(now).next().is_some());
            prop_assert!(practice.owners(now.plus_minutes(1_000_000)).next().is_some());
            prop_assert!(practice.members.keys().eq(practice.staff.keys()));
        }
    }
}
