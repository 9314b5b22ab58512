//! The state of one practice: its public face, its places, which agendas it has, its staff and its privacy notices.
//! A stream of its own, beside the agendas' streams; small, rarely written. Members, their rights and the contract's
//! evidence: `practice/members.rs`; who may do what now: `practice/access.rs`; what may be stored: `practice/check.rs`.

mod access;
mod check;
mod former;
mod members;
mod review;

pub use access::ContractDeadline;
pub use check::*;
pub use former::{FormerPractice, PracticeBeforeReviews};
pub use members::{Acceptance, BreakGlass, DocumentKind, Invitation, Locale, Member, SupportGrant};
pub use review::{AccessReview, Exceptional, Lock, PAST_ACCESS_DAYS, PAST_ACCESSES_MAX, PastAccess, REVIEW_MONTHS};

use crate::event::Recorded;
use crate::ids::{AgendaId, BreakGlassId, InvitationId, PlaceId, PracticeId, Seq, StaffId, SupportGrantId};
use crate::rights::{Level, Rights, Role};
use crate::time::{UtcMillis, Zone};
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

/// A member of staff as the first stores recorded them: a name and an id. Whoever was one could do everything.
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

/// A fact about one practice. Stored: append only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PracticeEvent {
    /// The practice's public face was set.
    FaceSet(PracticeFace),
    /// A place was added or changed.
    PlaceSet(Place),
    /// A practitioner was added or changed.
    PractitionerSet(Practitioner),
    /// A member of staff was named: an owner with every right if they are new, else only their name.
    StaffSet(Staff),
    /// A newer notice was published.
    NoticePublished(Notice),
    /// A member was added or changed.
    MemberSet(Member),
    /// A member left.
    MemberRemoved(StaffId),
    /// Somebody was invited.
    InvitationMade(Invitation),
    /// An invitation was used; the member it made follows in the same command.
    InvitationUsed(InvitationId),
    /// An invitation was taken back.
    InvitationWithdrawn(InvitationId),
    /// A document was accepted.
    DocumentAccepted(Acceptance),
    /// Support may look in.
    SupportGranted(SupportGrant),
    /// Support may no longer look in, before its time was up.
    SupportEnded(SupportGrantId),
    /// A member broke the glass.
    BreakGlassOpened(BreakGlass),
    /// The glass was closed again, before its time was up.
    BreakGlassEnded(BreakGlassId),
    /// An owner reviewed who has access.
    AccessReviewed(AccessReview),
    /// A member was locked after a grave alert.
    MemberLocked(Lock),
    /// A locked member was released.
    MemberReleased(StaffId),
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
    /// Names of the members there are, whatever their dates.
    pub staff: BTreeMap<StaffId, Staff>,
    /// Every notice ever published, by version: bookings name the version they were shown.
    pub notices: BTreeMap<u32, Notice>,
    /// Members with their rights.
    pub members: BTreeMap<StaffId, Member>,
    /// Invitations that were neither used nor withdrawn. Expired ones go with the next that is made.
    pub invitations: BTreeMap<InvitationId, Invitation>,
    /// Evidence of every acceptance ever, in order.
    pub acceptances: Vec<Acceptance>,
    /// Support's grants. Expired ones go with the next that is made; the stream keeps them all.
    pub support_grants: BTreeMap<SupportGrantId, SupportGrant>,
    /// Broken glasses. Expired ones go with the next that is broken; the stream keeps them all.
    pub break_glasses: BTreeMap<BreakGlassId, BreakGlass>,
    /// When it began: its first event. 1970 where that is not known.
    pub began: UtcMillis,
    /// The last review of who has access.
    pub reviewed: Option<AccessReview>,
    /// Members who are locked.
    pub locks: BTreeMap<StaffId, Lock>,
    /// Support's looks and broken glasses of the last months, for the next review, oldest first.
    pub past_accesses: Vec<PastAccess>,
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
            members: BTreeMap::new(),
            invitations: BTreeMap::new(),
            acceptances: Vec::new(),
            support_grants: BTreeMap::new(),
            break_glasses: BTreeMap::new(),
            began: UtcMillis(0),
            reviewed: None,
            locks: BTreeMap::new(),
            past_accesses: Vec::new(),
        }
    }

    /// Applies one durable event. Total.
    pub fn apply(&mut self, recorded: &Recorded<PracticeEvent>) {
        self.seq = recorded.seq;
        if recorded.seq == 1 {
            self.began = recorded.at;
        }
        match &recorded.event {
            PracticeEvent::FaceSet(face) => self.face = Some(face.clone()),
            PracticeEvent::PlaceSet(place) => {
                self.places.insert(place.id, place.clone());
            }
            PracticeEvent::PractitionerSet(practitioner) => {
                self.practitioners.insert(practitioner.agenda, practitioner.clone());
            }
            PracticeEvent::StaffSet(staff) => self.set_staff(staff),
            PracticeEvent::NoticePublished(notice) => {
                self.notices.insert(notice.version, notice.clone());
            }
            PracticeEvent::MemberSet(member) => self.set_member(member.clone()),
            PracticeEvent::MemberRemoved(staff) => {
                self.members.remove(staff);
                self.staff.remove(staff);
                self.break_glasses.retain(|_, glass| glass.staff != *staff);
                self.locks.remove(staff);
            }
            PracticeEvent::InvitationMade(invitation) => {
                self.invitations.retain(|_, known| recorded.at < known.expires_at);
                self.invitations.insert(invitation.id, invitation.clone());
            }
            PracticeEvent::InvitationUsed(invitation) | PracticeEvent::InvitationWithdrawn(invitation) => {
                self.invitations.remove(invitation);
            }
            PracticeEvent::DocumentAccepted(acceptance) => self.acceptances.push(acceptance.clone()),
            PracticeEvent::SupportGranted(grant) => {
                self.support_grants.retain(|_, known| recorded.at < known.expires_at);
                self.support_grants.insert(grant.id, grant.clone());
                let access = Exceptional::Support(grant.clone());
                self.access_begins(access, grant.expires_at, recorded.at);
            }
            PracticeEvent::SupportEnded(grant) => {
                self.support_grants.remove(grant);
                self.support_ends(*grant, recorded.at);
            }
            PracticeEvent::BreakGlassOpened(glass) => {
                self.break_glasses.retain(|_, known| recorded.at < known.expires_at);
                self.break_glasses.insert(glass.id, glass.clone());
                let access = Exceptional::Glass(glass.clone());
                self.access_begins(access, glass.expires_at, recorded.at);
            }
            PracticeEvent::BreakGlassEnded(glass) => {
                self.break_glasses.remove(glass);
                self.glass_ends(*glass, recorded.at);
            }
            PracticeEvent::AccessReviewed(review) => self.reviewed = Some(*review),
            PracticeEvent::MemberLocked(lock) => {
                self.locks.insert(lock.staff, *lock);
            }
            PracticeEvent::MemberReleased(staff) => {
                self.locks.remove(staff);
            }
        }
    }

    fn set_staff(&mut self, staff: &Staff) {
        let mut member = self.members.remove(&staff.id).unwrap_or_else(|| Member {
            id: staff.id,
            name: String::new(),
            role: Role::Owner,
            rights: Rights::everywhere(Level::Manage),
            agenda: None,
            valid_from: UtcMillis(0),
            valid_until: None,
        });
        member.name.clone_from(&staff.name);
        self.set_member(member);
    }

    fn set_member(&mut self, member: Member) {
        let staff = Staff {
            id: member.id,
            name: member.name.clone(),
        };
        self.staff.insert(member.id, staff);
        self.members.insert(member.id, member);
    }

    /// The zone of its first place; Paris while it has none.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let place = self.places.values().next();
        place.map_or_else(Zone::paris, |place| place.zone.clone())
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
