//! The state of one practice: its public face, its places, which agendas it has, its staff and its privacy notices.
//! A stream of its own, beside the agendas' streams; small, rarely written.

use crate::event::Recorded;
use crate::ids::{AgendaId, PlaceId, PracticeId, Seq, StaffId};
use crate::time::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest slug, in bytes: lower-case letters, digits and single hyphens.
pub const SLUG_BYTES_MAX: usize = 60;
/// Most practitioners (agendas) of one practice.
pub const PRACTITIONERS_MAX: usize = 200;

/// Where a practice receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its id.
    pub id: PlaceId,
    /// Name ("Cabinet de la Gare", "À domicile").
    pub name: String,
    /// Postal address in one line; empty for home visits.
    pub address: String,
    /// The place's zone.
    pub zone: Zone,
}

/// A practitioner and the agenda they work from. Professional identity, public by its owner's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Practitioner {
    /// Their agenda.
    pub agenda: AgendaId,
    /// Address of the public page inside the practice's.
    pub slug: String,
    /// Name as shown ("Claire Morel").
    pub name: String,
    /// Profession as shown ("Masseuse-kinésithérapeute").
    pub profession: String,
    /// Colour of the agenda on screens, 0xRRGGBB.
    pub colour: u32,
}

/// A member of staff. Accounts and rights come with their issue; until then a name and an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Their id.
    pub id: StaffId,
    /// Name as shown to colleagues.
    pub name: String,
}

/// A privacy notice as patients see it (GDPR art. 13). Versions are never changed, only followed by newer ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// 1, 2, 3...
    pub version: u32,
    /// French text, paragraphs separated by blank lines.
    pub french: String,
    /// English text.
    pub english: String,
}

/// What staff show to the world about the practice, and what the law asks for (LCEN art. 6 III, mentions légales).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeFace {
    /// Name as shown.
    pub name: String,
    /// Address of the public page.
    pub slug: String,
    /// Phone as shown.
    pub phone: String,
    /// E-mail as shown.
    pub email: String,
    /// Legal identity: who publishes the page, form, SIRET, host.
    pub legal: String,
}

/// A fact about one practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PracticeEvent {
    /// The practice's public face was set.
    FaceSet(PracticeFace),
    /// A place was added or changed.
    PlaceSet(Place),
    /// A practitioner was added or changed.
    PractitionerSet(Practitioner),
    /// A member of staff was added or changed.
    StaffSet(Staff),
    /// A newer notice was published.
    NoticePublished(Notice),
}

/// One practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Practice {
    /// Which one.
    pub id: PracticeId,
    /// Sequence of the last applied event.
    pub seq: Seq,
    /// Public face; none until first set.
    pub face: Option<PracticeFace>,
    /// Places.
    pub places: BTreeMap<PlaceId, Place>,
    /// Practitioners by agenda.
    pub practitioners: BTreeMap<AgendaId, Practitioner>,
    /// Staff.
    pub staff: BTreeMap<StaffId, Staff>,
    /// Every notice ever published, by version: bookings name the version they were shown.
    pub notices: BTreeMap<u32, Notice>,
}

impl Practice {
    /// A practice in which nothing has happened.
    #[must_use]
    pub const fn new(id: PracticeId) -> Self {
        Self {
            id,
            seq: 0,
            face: None,
            places: BTreeMap::new(),
            practitioners: BTreeMap::new(),
            staff: BTreeMap::new(),
            notices: BTreeMap::new(),
        }
    }

    /// Applies one durable event. Total.
    pub fn apply(&mut self, recorded: &Recorded<PracticeEvent>) {
        self.seq = recorded.seq;
        match &recorded.event {
            PracticeEvent::FaceSet(face) => self.face = Some(face.clone()),
            PracticeEvent::PlaceSet(place) => {
                self.places.insert(place.id, place.clone());
            }
            PracticeEvent::PractitionerSet(practitioner) => {
                self.practitioners.insert(practitioner.agenda, practitioner.clone());
            }
            PracticeEvent::StaffSet(staff) => {
                self.staff.insert(staff.id, staff.clone());
            }
            PracticeEvent::NoticePublished(notice) => {
                self.notices.insert(notice.version, notice.clone());
            }
        }
    }

    /// The notice to show now.
    #[must_use]
    pub fn current_notice(&self) -> Option<&Notice> {
        self.notices.last_key_value().map(|(_, notice)| notice)
    }

    /// The practitioner with this public address.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Practitioner> {
        self.practitioners
            .values()
            .find(|practitioner| practitioner.slug == slug)
    }
}
