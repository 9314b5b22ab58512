//! What may be stored of members, invitations, evidence and grants: bounds, dates in order, and that a practice never
//! loses its last owner. Order of refusals: what is asked about must be there (or be new), then bounds in the order of the
//! fields, then counts, then the owner.
//!
//! Must not be here: whether the person asking may (`access.rs`); the face, places and notices (the directory's).

use super::members::{Acceptance, BreakGlass, Invitation, Member, SupportGrant};
use super::{Practice, PracticeEvent};
use crate::ids::{AgendaId, StaffId};
use crate::person::NAME_BYTES_MAX;
use crate::rights::{Level, Rights, Role};
use crate::time::UtcMillis;
use std::net::IpAddr;

/// Most members of one practice, whatever their dates.
pub const MEMBERS_MAX: usize = 300;
/// Most invitations that stand at once.
pub const INVITATIONS_MAX: usize = 100;
/// Most acceptances kept as evidence.
pub const ACCEPTANCES_MAX: usize = 4_000;
/// Most support grants that run at once.
pub const SUPPORT_GRANTS_MAX: usize = 8;
/// Most broken glasses that are open at once.
pub const BREAK_GLASSES_MAX: usize = 50;
/// Longest support grant, in minutes (regulation R8.3).
pub const SUPPORT_MINUTES_MAX: i64 = 24 * 60;
/// Longest time a broken glass stays open, in minutes.
pub const BREAK_GLASS_MINUTES_MAX: i64 = 60;
/// Longest time an invitation's link works, in minutes: fourteen days.
pub const INVITATION_MINUTES_MAX: i64 = 14 * 24 * 60;
/// Longest dated membership, in minutes: two years.
pub const MEMBERSHIP_MINUTES_MAX: i64 = 2 * 366 * 24 * 60;
/// Longest reason, in bytes; the shortest has ten.
pub const REASON_BYTES_MAX: usize = 500;
/// Shortest reason, in characters: one word explains nothing.
pub const REASON_CHARS_MIN: usize = 10;
/// Longest browser name kept, in bytes.
pub const USER_AGENT_BYTES_MAX: usize = 512;
/// Longest textual IP address, in bytes (RFC 4291 section 2.2, with an IPv4 tail).
pub const IP_BYTES_MAX: usize = 45;

/// Why something about members was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MembershipRefusal {
    /// A value breaks a bound; the field and the bound in words.
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// No such thing stands; what.
    Unknown {
        /// Of what kind.
        what: &'static str,
    },
    /// What must be new is there already.
    AlreadyThere {
        /// Of what kind.
        what: &'static str,
    },
    /// A bound on how many is reached.
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// The invitation has expired.
    Expired,
    /// The practice would have no owner.
    LastOwner,
}

impl MembershipRefusal {
    /// Stable code: metrics label, problem type.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Unknown { .. } => "not_found",
            Self::AlreadyThere { .. } => "already_exists",
            Self::TooMany { .. } => "too_many",
            Self::Expired => "invitation_expired",
            Self::LastOwner => "last_owner",
        }
    }
}

type Checked = Result<(), MembershipRefusal>;

const fn require(holds: bool, field: &'static str, must: &'static str) -> Checked {
    if holds {
        return Ok(());
    }
    Err(MembershipRefusal::Invalid { field, must })
}

const fn known(holds: bool, what: &'static str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(MembershipRefusal::Unknown { what })
    }
}

const fn new(holds: bool, what: &'static str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(MembershipRefusal::AlreadyThere { what })
    }
}

const fn room(count: usize, max: usize, what: &'static str) -> Checked {
    if count < max {
        Ok(())
    } else {
        Err(MembershipRefusal::TooMany { what })
    }
}

/// A name or quality on one line, 1 to 120 bytes, trimmed.
fn line(field: &'static str, text: &str) -> Checked {
    let fits = !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.trim().len() == text.len();
    require(fits, field, "be 1 to 120 bytes, trimmed")?;
    require(!text.chars().any(char::is_control), field, "have no control characters")
}

fn reason(text: &str) -> Checked {
    let fits = text.trim().chars().count() >= REASON_CHARS_MIN && text.len() <= REASON_BYTES_MAX;
    require(fits, "reason", "be 10 characters to 500 bytes")
}

/// Whether `until` lies after `from` and at most so many minutes after it.
fn within(from: UtcMillis, until: UtcMillis, minutes_max: i64) -> bool {
    from < until && until <= from.plus_minutes(minutes_max)
}

impl Practice {
    /// Whether this event about members may be stored at `now`. Events of other kinds are not looked at.
    ///
    /// # Errors
    /// [`MembershipRefusal`], the first in the order that the module's head states.
    pub fn admits(&self, event: &PracticeEvent, now: UtcMillis) -> Checked {
        match event {
            PracticeEvent::MemberSet(member) => self.admits_member(member, now),
            PracticeEvent::MemberRemoved(staff) => {
                known(self.members.contains_key(staff), "member")?;
                self.keeps_an_owner_without(*staff, now)
            }
            PracticeEvent::InvitationMade(invitation) => self.admits_invitation(invitation, now),
            PracticeEvent::InvitationUsed(id) => {
                let invitation = self.invitations.get(id);
                let invitation = invitation.ok_or(MembershipRefusal::Unknown { what: "invitation" })?;
                if now < invitation.expires_at {
                    Ok(())
                } else {
                    Err(MembershipRefusal::Expired)
                }
            }
            PracticeEvent::InvitationWithdrawn(id) => known(self.invitations.contains_key(id), "invitation"),
            PracticeEvent::DocumentAccepted(acceptance) => self.admits_acceptance(acceptance, now),
            PracticeEvent::SupportGranted(grant) => self.admits_grant(grant, now),
            PracticeEvent::SupportEnded(id) => known(self.support_grants.contains_key(id), "support grant"),
            PracticeEvent::BreakGlassOpened(glass) => self.admits_break_glass(glass, now),
            PracticeEvent::BreakGlassEnded(id) => known(self.break_glasses.contains_key(id), "break-glass access"),
            PracticeEvent::AccessReviewed(review) => {
                let by_owner = self.owners(now).any(|owner| owner.id == review.by);
                require(by_owner, "by", "be an owner")?;
                require(review.at == now, "at", "be the time of the command")
            }
            PracticeEvent::MemberLocked(lock) => {
                // Nobody of the platform's team could let its member in again.
                require(!self.id.is_platform(), "staff", "be a member of a practice")?;
                known(self.members.contains_key(&lock.staff), "member")?;
                new(!self.is_locked(lock.staff), "lock")
            }
            PracticeEvent::MemberReleased(staff) => known(self.is_locked(*staff), "lock"),
            PracticeEvent::FaceSet(_)
            | PracticeEvent::PlaceSet(_)
            | PracticeEvent::PractitionerSet(_)
            | PracticeEvent::NoticePublished(_) => Ok(()),
            PracticeEvent::StaffSet(staff) => {
                line("name", &staff.name)?;
                let is_known = self.members.contains_key(&staff.id);
                room(if is_known { 0 } else { self.members.len() }, MEMBERS_MAX, "members")
            }
        }
    }

    /// What using an invitation stores: that it is used, and the member it makes, exactly as the owner wrote it. For the one
    /// command that does both; `staff` is a fresh id.
    ///
    /// # Errors
    /// [`MembershipRefusal`]: no such link, used, withdrawn or expired; the name.
    pub fn accept_invitation(
        &self,
        link_hash: [u8; 32],
        staff: StaffId,
        name: &str,
        now: UtcMillis,
    ) -> Result<[PracticeEvent; 2], MembershipRefusal> {
        let invitation = self.invitations.values().find(|known| known.link_hash == link_hash);
        let invitation = invitation.ok_or(MembershipRefusal::Unknown { what: "invitation" })?;
        let used = PracticeEvent::InvitationUsed(invitation.id);
        let made = PracticeEvent::MemberSet(invitation.member(staff, name));
        self.admits(&used, now)?;
        new(!self.members.contains_key(&staff), "member")?;
        self.admits(&made, now)?;
        Ok([used, made])
    }

    fn admits_member(&self, member: &Member, now: UtcMillis) -> Checked {
        line("name", &member.name)?;
        self.admits_place(member.role, &member.rights, member.agenda)?;
        admits_dates(member.role, member.valid_from, member.valid_until)?;
        let is_owner = member.role == Role::Owner;
        require(
            !is_owner || member.valid_from <= now,
            "valid_from",
            "not lie ahead for an owner",
        )?;
        let count = self.members.len();
        let is_known = self.members.contains_key(&member.id);
        room(if is_known { 0 } else { count }, MEMBERS_MAX, "members")?;
        if is_owner {
            Ok(())
        } else {
            self.keeps_an_owner_without(member.id, now)
        }
    }

    /// Role, levels and own agenda, as members and invitations have them.
    fn admits_place(&self, role: Role, rights: &Rights, agenda: Option<AgendaId>) -> Checked {
        let fits = role.is_platform() == self.id.is_platform();
        require(
            fits,
            "role",
            "be a role of a practice, or the platform's in its own team",
        )?;
        let blind = role.sees_agendas() || (rights.highest() == Level::None && agenda.is_none());
        require(blind, "rights", "be none for an accountant")?;
        let named = rights.agendas.keys().chain(&agenda);
        for agenda in named {
            known(self.practitioners.contains_key(agenda), "agenda")?;
        }
        require(
            role.gives_care() || agenda.is_none(),
            "agenda",
            "be none for who receives nobody",
        )
    }

    fn keeps_an_owner_without(&self, staff: StaffId, now: UtcMillis) -> Checked {
        // The platform's team has no owners.
        if self.id.is_platform() || self.owners(now).any(|owner| owner.id != staff) {
            Ok(())
        } else {
            Err(MembershipRefusal::LastOwner)
        }
    }

    fn admits_invitation(&self, invitation: &Invitation, now: UtcMillis) -> Checked {
        new(!self.invitations.contains_key(&invitation.id), "invitation")?;
        self.admits_place(invitation.role, &invitation.rights, invitation.agenda)?;
        admits_dates(invitation.role, invitation.member_from, invitation.member_until)?;
        // The owner of the day of acceptance is one from that day on.
        let owner_later = invitation.role == Role::Owner && invitation.member_from > now;
        require(!owner_later, "member_from", "not lie ahead for an owner")?;
        let by_owner = self.owners(now).any(|owner| owner.id == invitation.invited_by);
        require(by_owner, "invited_by", "be an owner")?;
        let brief = within(now, invitation.expires_at, INVITATION_MINUTES_MAX);
        require(brief, "expires_at", "be at most fourteen days ahead")?;
        let standing = self.invitations.values().filter(|known| now < known.expires_at);
        room(standing.count(), INVITATIONS_MAX, "invitations")
    }

    fn admits_acceptance(&self, acceptance: &Acceptance, now: UtcMillis) -> Checked {
        let member = self.member_now(acceptance.staff, now);
        let member = member.ok_or(MembershipRefusal::Unknown { what: "member" })?;
        let may = !acceptance.document.binds() || member.role == Role::Owner;
        require(may, "staff", "be an owner for a document that binds the practice")?;
        let again = self.acceptances.iter().any(|evidence| {
            (evidence.staff, evidence.document, evidence.version)
                == (acceptance.staff, acceptance.document, acceptance.version)
        });
        new(!again, "acceptance")?;
        require(acceptance.version >= 1, "version", "be 1 or more")?;
        require(
            acceptance.accepted_at == now,
            "accepted_at",
            "be the time of the command",
        )?;
        let address = acceptance.ip.len() <= IP_BYTES_MAX && acceptance.ip.parse::<IpAddr>().is_ok();
        require(address, "ip", "be an address of at most 45 bytes")?;
        let browser = acceptance.user_agent.len() <= USER_AGENT_BYTES_MAX;
        require(browser, "user_agent", "be at most 512 bytes")?;
        line("signatory_name", &acceptance.signatory_name)?;
        line("signatory_quality", &acceptance.signatory_quality)?;
        room(self.acceptances.len(), ACCEPTANCES_MAX, "acceptances")
    }

    fn admits_grant(&self, grant: &SupportGrant, now: UtcMillis) -> Checked {
        new(!self.support_grants.contains_key(&grant.id), "support grant")?;
        require(!self.members.contains_key(&grant.agent), "agent", "not be a member")?;
        let looks = matches!(grant.level, Level::Times | Level::TimesAndTypes | Level::Full);
        require(looks, "level", "be times, types or full")?;
        reason(&grant.reason)?;
        let by_owner = self.owners(now).any(|owner| owner.id == grant.granted_by);
        require(by_owner, "granted_by", "be an owner")?;
        require(grant.granted_at == now, "granted_at", "be the time of the command")?;
        let brief = within(now, grant.expires_at, SUPPORT_MINUTES_MAX);
        require(brief, "expires_at", "be at most 24 hours ahead")?;
        let running = self.support_grants.values().filter(|known| now < known.expires_at);
        room(running.count(), SUPPORT_GRANTS_MAX, "support grants")
    }

    fn admits_break_glass(&self, glass: &BreakGlass, now: UtcMillis) -> Checked {
        new(!self.break_glasses.contains_key(&glass.id), "break-glass access")?;
        known(self.practitioners.contains_key(&glass.agenda), "agenda")?;
        let member = self.member_now(glass.staff, now);
        let member = member.ok_or(MembershipRefusal::Unknown { what: "member" })?;
        require(member.role.gives_care(), "staff", "be somebody who gives care")?;
        reason(&glass.reason)?;
        require(glass.opened_at == now, "opened_at", "be the time of the command")?;
        let brief = within(now, glass.expires_at, BREAK_GLASS_MINUTES_MAX);
        require(brief, "expires_at", "be at most 60 minutes ahead")?;
        let open = self.break_glasses.values().filter(|known| now < known.expires_at);
        room(open.count(), BREAK_GLASSES_MAX, "broken glasses")
    }
}

fn admits_dates(role: Role, from: UtcMillis, until: Option<UtcMillis>) -> Checked {
    let plausible = from.minute().is_plausible() && until.is_none_or(|until| until.minute().is_plausible());
    require(plausible, "valid_from", "lie in the years 1970 to 2199")?;
    match until {
        None => require(role != Role::Replacement, "valid_until", "be given for a replacement"),
        Some(_) if role == Role::Owner => require(false, "valid_until", "be none for an owner"),
        Some(until) => require(
            within(from, until, MEMBERSHIP_MINUTES_MAX),
            "valid_until",
            "lie after the start and at most two years after it",
        ),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
