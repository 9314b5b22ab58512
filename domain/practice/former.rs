//! A practice as checkpoints of format 1 hold it: staff without roles. Read only, and turned into today's practice.
//!
//! Must not be here: writing it.

use super::{Notice, Place, Practice, PracticeFace, Practitioner, Staff};
use crate::ids::{AgendaId, PlaceId, PracticeId, Seq, StaffId};
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
