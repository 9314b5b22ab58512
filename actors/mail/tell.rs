//! Which mails a practice's events bring about: data over branches, in one place, so that no way of changing who may see what
//! goes untold.
//!
//! Must not be here: mails about accounts and alerts (where those are written).

use super::Addressee;
use cabinet_domain::ids::StaffId;
use cabinet_domain::mail::{Letter, MemberChange};
use cabinet_domain::practice::{Practice, PracticeEvent};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeSet;

/// The letter that `event` brings about, and to whom: the owners, and who is locked, on the practice as it was before. Whoever
/// did it is told too: it may not have been they.
pub(crate) fn of_practice_event(
    before: &Practice,
    event: &PracticeEvent,
    now: UtcMillis,
) -> Option<(Vec<Addressee>, Letter)> {
    let letter = match event {
        PracticeEvent::MemberSet(member) => {
            let known = before.members.get(&member.id);
            if known == Some(member) || before.members.is_empty() {
                // Nothing changed; or the practice is just being made.
                return None;
            }
            Letter::MembersChanged {
                name: member.name.clone(),
                change: if known.is_some() {
                    MemberChange::Changed
                } else {
                    MemberChange::Joined
                },
                role: Some(member.role),
                at: now,
            }
        }
        PracticeEvent::MemberRemoved(gone) => Letter::MembersChanged {
            name: before.members.get(gone)?.name.clone(),
            change: MemberChange::Removed,
            role: None,
            at: now,
        },
        PracticeEvent::BreakGlassOpened(glass) => Letter::GlassBroken {
            by: glass.staff,
            practitioner: before.practitioners.get(&glass.agenda)?.name.clone(),
            at: glass.opened_at,
            until: glass.expires_at,
        },
        PracticeEvent::SupportGranted(grant) => Letter::SupportGranted {
            agent: grant.agent,
            by: grant.granted_by,
            at: grant.granted_at,
            until: grant.expires_at,
        },
        PracticeEvent::MemberLocked(lock) => {
            let letter = Letter::MemberLocked {
                staff: lock.staff,
                rule: lock.rule,
                at: lock.at,
            };
            let owners = before.owners(now).map(|owner| owner.id);
            let to: BTreeSet<StaffId> = owners.chain([lock.staff]).collect();
            return Some((to.into_iter().map(Addressee::Member).collect(), letter));
        }
        PracticeEvent::FaceSet(_)
        | PracticeEvent::PlaceSet(_)
        | PracticeEvent::PractitionerSet(_)
        | PracticeEvent::StaffSet(_)
        | PracticeEvent::NoticePublished(_)
        | PracticeEvent::InvitationMade(_)
        | PracticeEvent::InvitationUsed(_)
        | PracticeEvent::InvitationWithdrawn(_)
        | PracticeEvent::DocumentAccepted(_)
        | PracticeEvent::SupportEnded(_)
        | PracticeEvent::BreakGlassEnded(_)
        | PracticeEvent::AccessReviewed(_)
        | PracticeEvent::MemberReleased(_) => return None,
    };
    let owners = before.owners(now).map(|owner| Addressee::Member(owner.id));
    Some((owners.collect(), letter))
}
