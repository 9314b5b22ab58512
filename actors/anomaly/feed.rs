//! What a leaf of the audit log tells the watch. The log is the one source for what members do: it is durable, in order, and
//! nothing that touches a patient's data is missing from it (law L10).
//!
//! Must not be here: judging, reading the log.

use super::sign_ins::{SignInFacts, hash};
use cabinet_domain::anomaly::{
    APPOINTMENT_DAYS_AFTER, Explanation, Link, Observed, SecurityChange, Seen, Signal, explanation as explanation_of,
};
use cabinet_domain::audit::{Act, Actor, Leaf, Outcome, Subject};
use cabinet_domain::ids::{AgendaId, StaffId};
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::{Level, Role};
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
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
        (Outcome::Done, Act::PatientViewed) => card_viewed(leaf),
        (Outcome::Done, Act::MemberSet) => member_set(leaf, practice, before),
        (Outcome::Done, Act::FactorChanged) => Observed::SecurityChanged(SecurityChange::FactorChanged),
        (Outcome::Done, Act::LinkMade) => Observed::SecurityChanged(SecurityChange::LinkMade),
        (Outcome::Done, Act::GlassBroken) => Observed::GlassBroken,
        (Outcome::Done, act) => return is_work(act).then_some(Observed::Worked),
    })
}

/// Whether doing this shows that a member works, and nothing else.
const fn is_work(act: Act) -> bool {
    match act {
        Act::Booked
        | Act::Moved
        | Act::Cancelled
        | Act::WaitingJoined
        | Act::WaitingLeft
        | Act::WaitingPrioritised
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
        | Act::AccessReviewed
        | Act::AccessExported
        | Act::MemberReleased
        | Act::LogRead
        | Act::LogExported
        | Act::PasswordChanged
        | Act::EmailChanged
        | Act::Marked
        | Act::DelayAnnounced
        | Act::FeedMade
        | Act::FeedEnded
        | Act::SteppedUp
        | Act::PatientsSearched
        | Act::PatientSet
        | Act::PatientsMerged
        | Act::PatientsParted => true,
        Act::AgendaClosed
        | Act::BookingViewed
        | Act::WaitingViewed
        | Act::SlotOffered
        | Act::InvitationUsed
        | Act::DocumentAccepted
        | Act::AccountMade
        | Act::SessionEnded
        | Act::AccountRemoved
        | Act::AlertAnswered
        | Act::MemberLocked
        | Act::LetGo
        | Act::MailsRevived
        | Act::Refused
        | Act::SignedIn
        | Act::AgendaOpened
        | Act::PatientViewed
        | Act::MemberSet
        | Act::FactorChanged
        | Act::LinkMade
        | Act::GlassBroken => false,
    }
}

/// Changing a member is work, unless it gives them more.
fn member_set(leaf: &Leaf, practice: &Practice, before: &Standing) -> Observed {
    match leaf.subject {
        Subject::Member(member) if is_raised(practice, before, member) => {
            Observed::SecurityChanged(SecurityChange::RightsRaised)
        }
        Subject::Member(_)
        | Subject::None
        | Subject::Booking(_)
        | Subject::Invitation(_)
        | Subject::Grant(_)
        | Subject::Glass(_)
        | Subject::Waiting(_) => Observed::Worked,
    }
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

/// What the note of a card's reading says where the practice's own records explain it.
const EXPLAINED: &str = "appointment";

/// The note of the leaf of a card's reading: that an appointment explains it, else the day of the last one; empty where there
/// was none.
#[must_use]
pub fn reading_note(link: &Link, at: UtcMillis) -> String {
    match explanation_of(link, at) {
        Some(_) => EXPLAINED.to_owned(),
        None => link
            .last_appointment
            .map_or_else(String::new, |last| CivilDate::of(&Zone::paris(), last).to_string()),
    }
}

/// A patient's card is a file of its own.
fn card_viewed(leaf: &Leaf) -> Observed {
    let Some(patient) = leaf.patient else {
        return Observed::Worked;
    };
    let last: Option<CivilDate> = leaf.note.parse().ok();
    Observed::Viewed {
        files: vec![Seen {
            file: hash(&patient.to_string()),
            explained: (leaf.note == EXPLAINED).then_some(Explanation::Appointment),
            untouched_since: last.map(|day| UtcMillis(i64::from(day.0).saturating_mul(DAY_MILLISECONDS))),
            close: false,
        }],
        place: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::audit::LeafOrigin;
    use cabinet_domain::ids::{BreakGlassId, PatientId, PracticeId};
    use cabinet_domain::practice::{BreakGlass, Member};
    use cabinet_domain::rights::Rights;

    /// A Wednesday: 4 March 2026, 12:00 UTC.
    const NOW: UtcMillis = UtcMillis(1_772_625_600_000);
    const LEA: StaffId = StaffId(7);
    const AGENDA: AgendaId = AgendaId(3);

    fn member(role: Role, level: Level, agenda: Option<AgendaId>) -> Member {
        Member {
            id: LEA,
            name: "Léa Petit".to_owned(),
            role,
            rights: Rights::everywhere(level),
            agenda,
            valid_from: UtcMillis(0),
            valid_until: None,
        }
    }

    fn practice(member: Member) -> Practice {
        let mut practice = Practice::new(PracticeId(1));
        practice.members.insert(member.id, member);
        practice
    }

    fn days_ago(days: i64) -> UtcMillis {
        NOW.plus_seconds(-days * 24 * 3_600)
    }

    fn files(practice: &Practice, from_days_ago: i64, until_days_ago: i64, seen: &str) -> Option<Vec<Seen>> {
        let span = (days_ago(from_days_ago), days_ago(until_days_ago));
        let Observed::Viewed { files, .. } = opening(practice, LEA, (AGENDA, span, seen), NOW) else {
            return None;
        };
        Some(files)
    }

    #[test]
    fn past_weeks_are_files_and_the_last_month_is_the_work() {
        let practice = practice(member(Role::Secretary, Level::Manage, None));
        let weeks = |from, until| files(&practice, from, until, "full").map(|files| files.len());
        assert_eq!(weeks(30, -60), None, "up to thirty days");
        // Thirty days ago it was a Monday, at noon: that morning, and the Sunday before it.
        assert_eq!(weeks(31, -60), Some(2));
        assert_eq!(weeks(37, 30), Some(2), "from the Monday before on");
        assert_eq!(weeks(38, 30), Some(3));
        assert_eq!(weeks(400, 30), Some(54));
        // The same week is the same file, whichever part of it is opened.
        assert_eq!(files(&practice, 50, 49, "full"), files(&practice, 49, 48, "full"));
        assert_eq!(files(&practice, 400, 30, "times"), None, "who sees no names");
        assert_eq!(files(&practice, 400, 30, "types"), None);
    }

    #[test]
    fn own_agendas_and_broken_glass_explain_an_opening() {
        let explained = |practice: &Practice| {
            let files = files(practice, 100, 60, "full").unwrap();
            files.first().and_then(|file| file.explained)
        };
        let secretary = member(Role::Secretary, Level::Manage, None);
        let mut practice = practice(secretary);
        assert_eq!(explained(&practice), None);
        let glass = BreakGlass {
            id: BreakGlassId(1),
            staff: LEA,
            agenda: AGENDA,
            reason: "x".to_owned(),
            opened_at: NOW,
            expires_at: NOW.plus_seconds(1),
        };
        practice.break_glasses.insert(glass.id, glass);
        assert_eq!(explained(&practice), Some(Explanation::Glass));
        let own = self::practice(member(Role::Practitioner, Level::Full, Some(AGENDA)));
        assert_eq!(explained(&own), Some(Explanation::Appointment));
    }

    #[test]
    fn a_card_that_an_appointment_explains_is_the_work_and_others_are_files() {
        let days = |days: i64| Some(days_ago(days));
        let read = |link: Link| {
            let leaf = Leaf {
                patient: Some(PatientId(5)),
                note: reading_note(&link, NOW),
                ..Leaf::done(NOW, Actor::Staff(LEA), LeafOrigin::default(), Act::PatientViewed)
            };
            let Observed::Viewed { files, place: None } = card_viewed(&leaf) else {
                panic!("a card is a file");
            };
            (files[0].explained, files[0].untouched_since)
        };
        let nothing = Link::default();
        assert_eq!(read(nothing), (None, None));
        for (last, next) in [(days(30), None), (None, days(-14)), (days(400), days(-1))] {
            let link = Link {
                last_appointment: last,
                next_appointment: next,
                ..nothing
            };
            assert_eq!(read(link), (Some(Explanation::Appointment), None));
        }
        let (explained, since) = read(Link {
            last_appointment: days(31),
            next_appointment: days(-15),
            ..nothing
        });
        assert_eq!(explained, None);
        assert_eq!(
            since,
            Some(UtcMillis(
                days_ago(31).0.div_euclid(DAY_MILLISECONDS) * DAY_MILLISECONDS
            ))
        );
        assert_eq!(read(Link { glass: true, ..nothing }).0, Some(Explanation::Appointment));
    }

    #[test]
    fn more_rights_are_told_and_fewer_are_not() {
        let leaf = Leaf {
            subject: Subject::Member(LEA),
            ..Leaf::done(NOW, Actor::Staff(StaffId(1)), LeafOrigin::default(), Act::MemberSet)
        };
        let raised = Observed::SecurityChanged(SecurityChange::RightsRaised);
        for (role, level, expected) in [
            (Role::Secretary, Level::Full, Observed::Worked),
            (Role::Secretary, Level::Times, Observed::Worked),
            (Role::Secretary, Level::Manage, raised.clone()),
            (Role::Practitioner, Level::Full, raised.clone()),
            (Role::Owner, Level::None, raised.clone()),
        ] {
            let before = standing(&practice(member(Role::Secretary, Level::Full, None)));
            let after = practice(member(role, level, None));
            let signal = signal(&leaf, &after, &before, None).unwrap();
            assert_eq!(signal.what, expected, "{role:?} {level:?}");
            // Somebody new.
            let signal = self::signal(&leaf, &after, &Standing::new(), None).unwrap();
            assert_eq!(signal.what, raised);
        }
        // What patients and the server do says nothing about a member.
        let server = Leaf::done(NOW, Actor::Server, LeafOrigin::default(), Act::MemberSet);
        let practice = practice(member(Role::Owner, Level::Manage, None));
        assert_eq!(signal(&server, &practice, &Standing::new(), None), None);
    }
}
