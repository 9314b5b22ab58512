//! A practice as checkpoints of former formats hold it: in 1, staff without roles; in 2, no reviews and no locks. Read only, and
//! turned into today's practice.
//!
//! Must not be here: writing it.

use super::{
    Acceptance, BreakGlass, Invitation, Member, Notice, Place, Practice, PracticeFace, Practitioner, Staff,
    SupportGrant,
};
use crate::ids::{AgendaId, BreakGlassId, InvitationId, PlaceId, PracticeId, Seq, StaffId, SupportGrantId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The former layout. The order of its fields is the format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FormerPractice {
    id: PracticeId,
    seq: Seq,
    face: Option<PracticeFace>,
    places: BTreeMap<PlaceId, Place>,
    practitioners: BTreeMap<AgendaId, Practitioner>,
    staff: BTreeMap<StaffId, Staff>,
    notices: BTreeMap<u32, Notice>,
}

impl From<FormerPractice> for Practice {
    /// The same practice as a replay of its events gives today: all of its staff are owners, as they could do everything.
    fn from(former: FormerPractice) -> Self {
        let mut practice = Self {
            seq: former.seq,
            face: former.face,
            places: former.places,
            practitioners: former.practitioners,
            notices: former.notices,
            ..Self::new(former.id)
        };
        for staff in former.staff.into_values() {
            practice.set_staff(&staff);
        }
        practice
    }
}

/// The layout of format 2. The order of its fields is the format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PracticeBeforeReviews {
    id: PracticeId,
    seq: Seq,
    face: Option<PracticeFace>,
    places: BTreeMap<PlaceId, Place>,
    practitioners: BTreeMap<AgendaId, Practitioner>,
    staff: BTreeMap<StaffId, Staff>,
    notices: BTreeMap<u32, Notice>,
    members: BTreeMap<StaffId, Member>,
    invitations: BTreeMap<InvitationId, Invitation>,
    acceptances: Vec<Acceptance>,
    support_grants: BTreeMap<SupportGrantId, SupportGrant>,
    break_glasses: BTreeMap<BreakGlassId, BreakGlass>,
}

impl From<PracticeBeforeReviews> for Practice {
    /// The same practice; when it began is not known, so that a review of who has access is due at once.
    fn from(former: PracticeBeforeReviews) -> Self {
        Self {
            seq: former.seq,
            face: former.face,
            places: former.places,
            practitioners: former.practitioners,
            staff: former.staff,
            notices: former.notices,
            members: former.members,
            invitations: former.invitations,
            acceptances: former.acceptances,
            support_grants: former.support_grants,
            break_glasses: former.break_glasses,
            ..Self::new(former.id)
        }
    }
}
