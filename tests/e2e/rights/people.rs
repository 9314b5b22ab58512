//! A practice with one person of each role and level.

use crate::world::{AGENDA, World};
use cabinet_domain::ids::{AgendaId, AgendaKey, StaffId, SupportGrantId};
use cabinet_domain::practice::{Member, PracticeEvent, Practitioner, SupportGrant};
use cabinet_domain::rights::{Level, Rights, Role};

/// A colleague's agenda in the practice of `AGENDA`.
pub(crate) const COLLEAGUES: AgendaKey = AgendaKey {
    practice: AGENDA.practice,
    agenda: AgendaId(11),
};

/// Their id: by role and level.
pub(super) fn id_of(role: Role, level: Level) -> StaffId {
    let place = |at: Option<usize>| at.unwrap() as u128;
    let role = place(Role::ALL.iter().position(|known| *known == role));
    let level = place(Level::ALL.iter().position(|known| *known == level));
    StaffId(1_000 + role * 10 + level)
}

/// A member of this role with this level on every agenda. Who gives care receives in `AGENDA`.
pub(super) fn member(world: &World, role: Role, level: Level) -> Member {
    Member {
        id: id_of(role, level),
        name: format!("{} {}", role.name(), level.name()),
        role,
        rights: Rights::everywhere(level),
        agenda: role.gives_care().then_some(AGENDA.agenda),
        valid_from: world.now(),
        valid_until: (role == Role::Replacement).then(|| world.now().plus_minutes(600)),
    }
}

/// A grant that lets support look in with this level.
pub(super) fn grant(world: &World, level: Level) -> SupportGrant {
    let agent = id_of(Role::Support, level);
    SupportGrant {
        id: SupportGrantId(agent.0),
        agent,
        level,
        reason: "L'agenda reste vide".to_owned(),
        granted_by: StaffId(50),
        granted_at: world.now(),
        expires_at: world.now().plus_minutes(60),
    }
}

/// Adds the colleague's agenda.
pub(crate) async fn add_colleague(world: &World) {
    let practitioner = Practitioner {
        agenda: COLLEAGUES.agenda,
        slug: "nora-petit".to_owned(),
        name: "Nora Petit".to_owned(),
        profession: "Ostéopathe".to_owned(),
        colour: 0,
    };
    let added = world.change(AGENDA.practice, vec![PracticeEvent::PractitionerSet(practitioner)]);
    added.await.unwrap();
    world.furnish(COLLEAGUES).await;
}

/// Adds the person of this role and level. False: nobody can be that.
pub(super) async fn add(world: &World, role: Role, level: Level) -> bool {
    let event = match role {
        Role::Support if level == Level::None => return false,
        Role::Support => PracticeEvent::SupportGranted(grant(world, level)),
        Role::Owner
        | Role::Practitioner
        | Role::Replacement
        | Role::Secretary
        | Role::Accountant
        | Role::Operations
        | Role::DataProtectionOfficer => PracticeEvent::MemberSet(member(world, role, level)),
    };
    world.change(AGENDA.practice, vec![event]).await.is_ok()
}
