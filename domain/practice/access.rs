//! Who may do what in this practice now: members and their dates, levels with grants and broken glass counted, and from
//! when on the practice is read-only for want of an accepted contract.
//!
//! Must not be here: checking what is asked to be stored (`check.rs`).

use super::Practice;
use super::members::{DocumentKind, Member, SupportGrant};
use crate::ids::{AgendaId, StaffId};
use crate::rights::{Action, Asking, Level, Role, Scope, Verdict, permits};
use crate::time::UtcMillis;

/// A version of a document that the practice has to have accepted by an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractDeadline {
    /// Which document.
    pub document: DocumentKind,
    /// Lowest version that counts.
    pub version: u32,
    /// From when on the practice is read-only without it.
    pub accept_by: UtcMillis,
}

impl Practice {
    /// The member with this id, if their membership runs at `now`. Expired replacements are none, nor is who is locked.
    #[must_use]
    pub fn member_now(&self, staff: StaffId, now: UtcMillis) -> Option<&Member> {
        let member = self.members.get(&staff).filter(|member| member.is_valid(now));
        member.filter(|_| !self.is_locked(staff))
    }

    /// The role somebody has here now: a member's own, or support's under a live grant.
    #[must_use]
    pub fn role_now(&self, staff: StaffId, now: UtcMillis) -> Option<Role> {
        let member = self.member_now(staff, now).map(|member| member.role);
        member.or_else(|| self.support_level(staff, now).map(|_| Role::Support))
    }

    /// The level somebody has on an agenda at `now`: their rights while their membership runs, full where they broke the
    /// glass, a live support grant's. [`Level::None`] for anybody else and for agendas that are not this practice's.
    #[must_use]
    pub fn effective_level(&self, staff: StaffId, agenda: AgendaId, now: UtcMillis) -> Level {
        if !self.practitioners.contains_key(&agenda) {
            return Level::None;
        }
        let Some(member) = self.member_now(staff, now) else {
            return self.support_level(staff, now).unwrap_or(Level::None);
        };
        if !member.role.sees_agendas() {
            return Level::None;
        }
        // A role changed meanwhile to one that gives no care takes the broken glass along.
        let broken = member.role.gives_care()
            && self.break_glasses.values().any(|glass| {
                (glass.staff, glass.agenda) == (staff, agenda) && glass.opened_at <= now && now < glass.expires_at
            });
        let given = member.rights.on(agenda);
        if broken { given.max(Level::Full) } else { given }
    }

    /// The highest level somebody has on any agenda at `now`: for searches and lists that span agendas.
    #[must_use]
    pub fn highest_level(&self, staff: StaffId, now: UtcMillis) -> Level {
        let levels = self.practitioners.keys();
        let levels = levels.map(|agenda| self.effective_level(staff, *agenda, now));
        levels.max().unwrap_or(Level::None)
    }

    /// Whether somebody may do something here at `now`, to one agenda or (`None`) to the practice as a whole. Strangers,
    /// expired members and agendas of other practices: [`Verdict::NotFound`].
    #[must_use]
    pub fn permits(
        &self,
        staff: StaffId,
        action: Action,
        agenda: Option<AgendaId>,
        (now, second_factor_is_recent): (UtcMillis, bool),
    ) -> Verdict {
        let foreign = agenda.is_some_and(|agenda| !self.practitioners.contains_key(&agenda));
        let role = self.role_now(staff, now).filter(|_| !foreign);
        let Some(role) = role else {
            return Verdict::NotFound;
        };
        let own = self.member_now(staff, now).and_then(|member| member.agenda);
        // What is asked of the whole practice is never "one's own agenda".
        let (scope, level) = match agenda {
            Some(agenda) if own == Some(agenda) => (Scope::Own, self.effective_level(staff, agenda, now)),
            Some(agenda) => (Scope::Colleague, self.effective_level(staff, agenda, now)),
            None => (Scope::Colleague, self.highest_level(staff, now)),
        };
        let asking = Asking {
            role,
            scope,
            level,
            second_factor_is_recent,
        };
        permits(asking, action)
    }

    /// Since when the practice is read-only (regulation R1.5): the earliest passed deadline of a document that binds and
    /// that no owner has accepted in that version or a later one. What was accepted stays accepted when its owner leaves.
    #[must_use]
    pub fn read_only_since(&self, now: UtcMillis, deadlines: &[ContractDeadline]) -> Option<UtcMillis> {
        let passed = deadlines.iter().filter(|deadline| deadline.accept_by <= now);
        let missing = passed.filter(|deadline| self.lacks(deadline));
        missing.map(|deadline| deadline.accept_by).min()
    }

    /// Whether no owner has accepted what a deadline asks for, in that version or a later one.
    #[must_use]
    pub fn lacks(&self, deadline: &ContractDeadline) -> bool {
        let mut evidence = self.acceptances.iter();
        let accepted = evidence.any(|one| one.document == deadline.document && one.version >= deadline.version);
        deadline.document.binds() && !accepted
    }

    /// Owners whose membership runs at `now`, also those who are locked: they are told of things and count.
    pub fn owners(&self, now: UtcMillis) -> impl Iterator<Item = &Member> {
        self.members
            .values()
            .filter(move |member| member.role == Role::Owner && member.is_valid(now))
    }

    /// Grants by which support looks in at `now`.
    pub fn live_grants(&self, now: UtcMillis) -> impl Iterator<Item = &SupportGrant> {
        self.support_grants
            .values()
            .filter(move |grant| grant.granted_at <= now && now < grant.expires_at)
    }

    /// The grant by which somebody of support looks in at `now`: of several, the one that shows most, then lasts longest.
    #[must_use]
    pub fn grant_of(&self, staff: StaffId, now: UtcMillis) -> Option<&SupportGrant> {
        self.live_grants(now)
            .filter(|grant| grant.agent == staff)
            .max_by_key(|grant| (grant.level, grant.expires_at))
    }

    fn support_level(&self, staff: StaffId, now: UtcMillis) -> Option<Level> {
        self.grant_of(staff, now).map(|grant| grant.level)
    }
}
