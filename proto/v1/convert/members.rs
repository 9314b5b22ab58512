//! Members between the wire and the domain.

use super::Malformed;
use super::inward::id;
use crate::v1::members::{AgendaLevel, GlassFace, InvitationFace, Levels, MembershipFace};
use cabinet_domain::ids::{AgendaId, StaffId};
use cabinet_domain::practice::{BreakGlass, Invitation, Member, Practice};
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::time::UtcMillis;

/// Instants on the wire lie in the years 1900 to 2199.
const INSTANTS_MS: std::ops::RangeInclusive<i64> = -2_208_988_800_000..=7_258_118_399_999;

/// What a membership gives, in the domain's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Role.
    pub role: Role,
    /// Levels.
    pub rights: Rights,
    /// The agenda in which they receive.
    pub agenda: Option<AgendaId>,
    /// Start.
    pub from: Option<UtcMillis>,
    /// End.
    pub until: Option<UtcMillis>,
}

/// Reads a level.
///
/// # Errors
/// A word that is none.
pub fn level(text: &str) -> Result<Level, Malformed> {
    let found = Level::ALL.into_iter().find(|level| level.name() == text);
    found.ok_or(Malformed {
        field: "level",
        must: "none, times, types, full or manage",
    })
}

/// Reads what a membership gives. Roles of the platform are nobody's in a practice.
///
/// # Errors
/// The first value that is of no known shape.
pub fn given(face: &MembershipFace) -> Result<Given, Malformed> {
    let mut roles = Role::ALL.into_iter().filter(|role| !role.is_platform());
    let role = roles.find(|role| role.name() == face.role).ok_or(Malformed {
        field: "role",
        must: "owner, practitioner, replacement, secretary or accountant",
    })?;
    let mut rights = Rights::everywhere(level(&face.levels.elsewhere)?);
    for exception in &face.levels.agendas {
        let agenda = id("agenda", &exception.agenda)?;
        rights.agendas.insert(agenda, level(&exception.level)?);
    }
    let bounded = |millis: Option<i64>| match millis {
        Some(millis) if !INSTANTS_MS.contains(&millis) => Err(Malformed {
            field: "from_ms and until_ms",
            must: "in the years 1900 to 2199",
        }),
        millis => Ok(millis.map(UtcMillis)),
    };
    let agenda = face.agenda.as_deref().map(|agenda| id("agenda", agenda));
    Ok(Given {
        role,
        rights,
        agenda: agenda.transpose()?,
        from: bounded(face.from_ms)?,
        until: bounded(face.until_ms)?,
    })
}

fn levels(rights: &Rights) -> Levels {
    let exceptions = rights.agendas.iter().map(|(agenda, level)| AgendaLevel {
        agenda: agenda.to_string(),
        level: level.name().to_owned(),
    });
    Levels {
        elsewhere: rights.elsewhere.name().to_owned(),
        agendas: exceptions.collect(),
    }
}

/// What a member's membership gives.
#[must_use]
pub fn membership(member: &Member) -> MembershipFace {
    MembershipFace {
        role: member.role.name().to_owned(),
        levels: levels(&member.rights),
        agenda: member.agenda.map(|agenda| agenda.to_string()),
        from_ms: Some(member.valid_from.0),
        until_ms: member.valid_until.map(|until| until.0),
    }
}

/// An invitation that nobody has used yet.
#[must_use]
pub fn invitation(invitation: &Invitation, invited_by: &str) -> InvitationFace {
    InvitationFace {
        id: invitation.id.to_string(),
        membership: MembershipFace {
            role: invitation.role.name().to_owned(),
            levels: levels(&invitation.rights),
            agenda: invitation.agenda.map(|agenda| agenda.to_string()),
            from_ms: Some(invitation.member_from.0),
            until_ms: invitation.member_until.map(|until| until.0),
        },
        invited_by: invited_by.to_owned(),
        expires_ms: invitation.expires_at.0,
    }
}

/// An emergency access as somebody is shown it.
#[must_use]
pub fn glass(glass: &BreakGlass, practice: &Practice, viewer: StaffId) -> GlassFace {
    let staff = practice.staff.get(&glass.staff);
    GlassFace {
        id: glass.id.to_string(),
        agenda: glass.agenda.to_string(),
        staff: staff.map(|staff| staff.name.clone()).unwrap_or_default(),
        yours: glass.staff == viewer,
        reason: glass.reason.clone(),
        until_ms: glass.expires_at.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face() -> MembershipFace {
        MembershipFace {
            role: "secretary".to_owned(),
            levels: Levels {
                elsewhere: "times".to_owned(),
                agendas: vec![AgendaLevel {
                    agenda: AgendaId(7).to_string(),
                    level: "full".to_owned(),
                }],
            },
            agenda: None,
            from_ms: Some(1),
            until_ms: None,
        }
    }

    #[test]
    fn what_a_membership_gives_is_read_and_shown_alike() {
        let read = given(&face()).unwrap();
        assert_eq!(read.rights.on(AgendaId(7)), Level::Full);
        let member = Member {
            id: cabinet_domain::ids::StaffId(1),
            name: "x".to_owned(),
            role: read.role,
            rights: read.rights,
            agenda: read.agenda,
            valid_from: read.from.unwrap(),
            valid_until: read.until,
        };
        assert_eq!(membership(&member), face());
    }

    #[test]
    fn unknown_words_and_the_platforms_roles_are_malformed() {
        for role in ["ops", "dpo", "support", "", "Owner"] {
            let face = MembershipFace {
                role: role.to_owned(),
                ..face()
            };
            assert_eq!(given(&face).unwrap_err().field, "role", "{role}");
        }
        let mut odd = face();
        odd.levels.elsewhere = "all".to_owned();
        assert_eq!(given(&odd).unwrap_err().field, "level");
        let mut odd = face();
        odd.until_ms = Some(i64::MAX);
        assert!(given(&odd).is_err());
        let mut odd = face();
        odd.levels.agendas[0].agenda = "x".to_owned();
        assert_eq!(given(&odd).unwrap_err().field, "agenda");
    }
}
