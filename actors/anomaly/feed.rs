//! What a leaf of the audit log tells the watch. The log is the one source for what members do: it is durable, in order, and
//! nothing that touches a patient's data is missing from it (law L10).
//!
//! Must not be here: judging, reading the log.

use super::sign_ins::{SignInFacts, hash};
use cabinet_domain::anomaly::{APPOINTMENT_DAYS_AFTER, Explanation, Observed, SecurityChange, Seen, Signal};
use cabinet_domain::audit::{Act, Actor, Leaf, Outcome, Subject};
use cabinet_domain::ids::{AgendaId, StaffId};
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::{Level, Role};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

const DAY_MILLISECONDS: i64 = 24 * 3_600 * 1_000;
/// Past weeks of one opening that are counted; more than any rule asks for.
const WEEKS_MAX: i64 = 100;

/// What members may do, as it was last seen: to tell a raise from any other change.
pub(super) type Standing = BTreeMap<StaffId, (Role, Level)>;

/// How members of a practice stand now.
pub(super) fn standing(practice: &Practice) -> Standing {
    let members = practice.members.values();
    members
        .map(|member| (member.id, (member.role, member.rights.highest())))
        .collect()
}

/// The signal in a leaf; none for what patients and the server do. `facts`: what else was known of this session's sign-in.
pub(super) fn signal(
    leaf: &Leaf,
    practice: &Practice,
    before: &Standing,
    facts: Option<&SignInFacts>,
) -> Option<Signal> {
    let Actor::Staff(staff) = leaf.actor else {
        return None;
    };
    Some(Signal {
        at: leaf.at,
        staff,
        session: leaf.origin.session,
        what: observed(leaf, staff, practice, before, facts)?,
    })
}

fn observed(
    leaf: &Leaf,
    staff: StaffId,
    practice: &Practice,
    before: &Standing,
    facts: Option<&SignInFacts>,
) -> Option<Observed> {
    let count = leaf.count;
    Some(match (leaf.outcome, leaf.act) {
        (Outcome::Denied, Act::SignedIn | Act::SteppedUp) => Observed::SignInFailed { count },
        (Outcome::Denied, _) => Observed::Refused { count, foreign: 0 },
        (Outcome::Done, Act::SignedIn) => Observed::SignedIn {
            device: facts.map_or_else(|| hash(&leaf.note), |facts| facts.device),
            network: facts.map_or_else(|| hash(&leaf.origin.network), |facts| facts.network),
            location: facts.and_then(|facts| facts.location),
        },
        (Outcome::Done, Act::AgendaOpened) => opened(leaf, staff, practice),
        (Outcome::Done, Act::MemberSet) => match leaf.subject {
            Subject::Member(member) if is_raised(practice, before, member) => {
                Observed::SecurityChanged(SecurityChange::RightsRaised)
            }
            Subject::Member(_)
            | Subject::None
            | Subject::Booking(_)
            | Subject::Invitation(_)
            | Subject::Grant(_)
            | Subject::Glass(_) => Observed::Worked,
        },
        (Outcome::Done, Act::FactorChanged) => Observed::SecurityChanged(SecurityChange::FactorChanged),
        (Outcome::Done, Act::LinkMade) => Observed::SecurityChanged(SecurityChange::LinkMade),
        (Outcome::Done, Act::GlassBroken) => Observed::GlassBroken,
        (
            Outcome::Done,
            Act::Booked
            | Act::Moved
            | Act::Cancelled
            | Act::AbsenceAdded
            | Act::AbsenceRemoved
            | Act::AgendaSet
            | Act::PracticeSet
            | Act::MemberRemoved
            | Act::InvitationMade
            | Act::InvitationWithdrawn
            | Act::SupportGranted
            | Act::SupportEnded
            | Act::GlassEnded
            | Act::LogRead
            | Act::LogExported
            | Act::PasswordChanged
            | Act::SteppedUp,
        ) => Observed::Worked,
        (
            Outcome::Done,
            Act::AgendaClosed
            | Act::BookingViewed
            | Act::InvitationUsed
            | Act::DocumentAccepted
            | Act::AccountMade
            | Act::SessionEnded
            | Act::AccountRemoved
            | Act::AlertAnswered
            | Act::Refused,
        ) => return None,
    })
}

/// Whether a member may do more than before, or is new.
fn is_raised(practice: &Practice, before: &Standing, member: StaffId) -> bool {
    let rank = |role: Role| Role::ALL.iter().position(|one| *one == role);
    practice.members.get(&member).is_some_and(|now| {
        before
            .get(&member)
            .is_none_or(|(role, level)| now.rights.highest() > *level || rank(now.role) < rank(*role))
    })
}

fn opened(leaf: &Leaf, staff: StaffId, practice: &Practice) -> Observed {
    match (leaf.agenda, leaf.span) {
        (Some(agenda), Some(span)) => opening(practice, staff, (agenda, span, &leaf.note), leaf.at),
        (None, _) | (_, None) => Observed::Worked,
    }
}

/// Weeks of an agenda that are over for longer than an appointment explains, each a file of its own: whose names stood in it.
/// Days to come and the last month are the work itself, for whoever has the right to the agenda. `seen`: how much of it.
pub(super) fn opening(
    practice: &Practice,
    staff: StaffId,
    (agenda, (from, until), seen): (AgendaId, (UtcMillis, UtcMillis), &str),
    at: UtcMillis,
) -> Observed {
    let names_nobody = [Level::Times, Level::TimesAndTypes]
        .iter()
        .any(|level| level.name() == seen);
    let explained_from = at.0.saturating_sub(APPOINTMENT_DAYS_AFTER * DAY_MILLISECONDS);
    let last = until.0.min(explained_from);
    if names_nobody || from.0 >= last {
        return Observed::Worked;
    }
    let first_week = week(from.0).max(week(last - 1).saturating_sub(WEEKS_MAX));
    let explained = explanation(practice, staff, agenda, at);
    let file = |week: i64| Seen {
        file: hash(&format!("{agenda}/{week}")),
        explained,
        untouched_since: Some(UtcMillis(week.saturating_mul(7 * DAY_MILLISECONDS))),
        close: false,
    };
    Observed::Viewed {
        files: (first_week..=week(last - 1)).map(file).collect(),
        place: Some(week(from.0)),
    }
}

/// Weeks since 1970, from Monday to Sunday.
const fn week(milliseconds: i64) -> i64 {
    (milliseconds.div_euclid(DAY_MILLISECONDS) + 3).div_euclid(7)
}

/// Why a member may look at old weeks of an agenda.
fn explanation(practice: &Practice, staff: StaffId, agenda: AgendaId, at: UtcMillis) -> Option<Explanation> {
    let glass = practice
        .break_glasses
        .values()
        .any(|glass| glass.staff == staff && glass.agenda == agenda && at < glass.expires_at);
    let own = practice
        .members
        .get(&staff)
        .is_some_and(|member| member.agenda == Some(agenda));
    match (glass, own) {
        (true, _) => Some(Explanation::Glass),
        // Their own patients of former days.
        (false, true) => Some(Explanation::Appointment),
        (false, false) => None,
    }
}
