//! Support's grants between the wire and the domain.

use crate::v1::support::{SupportFace, SupportPerson, SupportedAgenda, SupportedPractice};
use cabinet_domain::ids::StaffId;
use cabinet_domain::practice::{Practice, SupportGrant};
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;

pub(super) fn name_in(practice: &Practice, staff: StaffId) -> String {
    let known = practice.staff.get(&staff);
    known.map(|staff| staff.name.clone()).unwrap_or_default()
}

/// A grant as the practice is shown it. `team`: the platform's, which knows support's names.
#[must_use]
pub fn grant(grant: &SupportGrant, practice: &Practice, team: Option<&Practice>) -> SupportFace {
    SupportFace {
        id: grant.id.to_string(),
        support: team.map(|team| name_in(team, grant.agent)).unwrap_or_default(),
        level: grant.level.name().to_owned(),
        reason: grant.reason.clone(),
        granted_by: name_in(practice, grant.granted_by),
        from_ms: grant.granted_at.0,
        until_ms: grant.expires_at.0,
    }
}

/// Those of the platform's team who may be let in, by name.
#[must_use]
pub fn people(team: &Practice, now: UtcMillis) -> Vec<SupportPerson> {
    let members = team.members.values();
    let support = members.filter(|member| member.role == Role::Support && member.is_valid(now));
    let mut people: Vec<SupportPerson> = support
        .map(|member| SupportPerson {
            id: member.id.to_string(),
            name: member.name.clone(),
        })
        .collect();
    people.sort_by(|one, other| one.name.cmp(&other.name));
    people
}

/// A practice as support is shown it under a grant.
#[must_use]
pub fn practice(practice: &Practice, grant: &SupportGrant) -> SupportedPractice {
    let agendas = practice.practitioners.values().map(|one| SupportedAgenda {
        agenda: one.agenda.to_string(),
        name: one.name.clone(),
    });
    let mut agendas: Vec<SupportedAgenda> = agendas.collect();
    agendas.sort_by(|one, other| one.name.cmp(&other.name));
    SupportedPractice {
        practice: practice.id.to_string(),
        name: practice.face.as_ref().map(|face| face.name.clone()).unwrap_or_default(),
        zone: practice.zone().name().to_owned(),
        level: grant.level.name().to_owned(),
        reason: grant.reason.clone(),
        granted_by: name_in(practice, grant.granted_by),
        until_ms: grant.expires_at.0,
        agendas,
    }
}
