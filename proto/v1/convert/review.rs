//! The review of who has access, from the domain outward.

use super::members::membership;
use super::support::name_in;
use crate::v1::review::{AccessState, ExceptionalAccess, LockFace, ReviewFace, ReviewedMember};
use cabinet_domain::practice::{Exceptional, Lock, Member, PastAccess, Practice};
use cabinet_domain::rights::Level;
use cabinet_domain::time::UtcMillis;

/// What is known of a member's account: whether it is closed, its last sign-in, how many passkeys it has.
pub type AccountStanding = (bool, UtcMillis, usize);

/// A member as a review sees them.
#[must_use]
pub fn member(
    practice: &Practice,
    member: &Member,
    account: Option<AccountStanding>,
    now: UtcMillis,
) -> ReviewedMember {
    let state = if now < member.valid_from {
        AccessState::Later
    } else if !member.is_valid(now) {
        AccessState::Ended
    } else if practice.is_locked(member.id) {
        AccessState::Locked
    } else {
        match account {
            None => AccessState::NoAccount,
            Some((true, ..)) => AccessState::Disabled,
            Some((false, ..)) => AccessState::Active,
        }
    };
    let passkeys = account.is_some_and(|(_, _, passkeys)| passkeys > 0);
    let factors = [("application", account.is_some()), ("passkey", passkeys)];
    ReviewedMember {
        id: member.id.to_string(),
        name: member.name.clone(),
        membership: membership(member),
        state,
        last_sign_in_ms: account.map(|(_, signed_in, _)| signed_in.0),
        factors: factors
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(kind, _)| kind.to_owned())
            .collect(),
    }
}

/// An exceptional access as a review sees it. `team`: the platform's, which knows support's names.
#[must_use]
pub fn exceptional(past: &PastAccess, practice: &Practice, team: Option<&Practice>) -> ExceptionalAccess {
    match &past.access {
        Exceptional::Support(grant) => ExceptionalAccess {
            kind: "support".to_owned(),
            who: team.map(|team| name_in(team, grant.agent)).unwrap_or_default(),
            granted_by: Some(name_in(practice, grant.granted_by)),
            level: grant.level.name().to_owned(),
            agenda: None,
            reason: grant.reason.clone(),
            from_ms: grant.granted_at.0,
            until_ms: past.ended_at.0,
        },
        Exceptional::Glass(glass) => ExceptionalAccess {
            kind: "glass".to_owned(),
            who: name_in(practice, glass.staff),
            granted_by: None,
            level: Level::Full.name().to_owned(),
            agenda: Some(glass.agenda.to_string()),
            reason: glass.reason.clone(),
            from_ms: glass.opened_at.0,
            until_ms: past.ended_at.0,
        },
    }
}

/// The last review.
#[must_use]
pub fn last(practice: &Practice) -> Option<ReviewFace> {
    practice.reviewed.map(|review| ReviewFace {
        by: name_in(practice, review.by),
        at_ms: review.at.0,
    })
}

/// A locked member, as owners are told.
#[must_use]
pub fn lock(practice: &Practice, lock: &Lock) -> LockFace {
    LockFace {
        member: lock.staff.to_string(),
        name: name_in(practice, lock.staff),
        rule: lock.rule.name().to_owned(),
        since_ms: lock.at.0,
    }
}
