//! What a practice's stream holds of its members: who they are, who is invited, what was accepted, who may look in for a
//! while. Stored forms: fields are never moved; enums are append only.
//!
//! Must not be here: passwords and sessions (they are the server's), deciding (`access.rs`, `check.rs`).

use crate::ids::{AgendaId, BreakGlassId, InvitationId, StaffId, SupportGrantId};
use crate::rights::{Level, Rights, Role};
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// A member of the practice with what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Their id.
    pub id: StaffId,
    /// Name as shown to colleagues, 1..=120 bytes.
    pub name: String,
    /// Role; never one of the platform's.
    pub role: Role,
    /// Levels on the practice's agendas.
    pub rights: Rights,
    /// The agenda in which they receive, if any: what "own" means in the table of rights.
    pub agenda: Option<AgendaId>,
    /// First instant of membership.
    pub valid_from: UtcMillis,
    /// First instant that is no longer membership; required of replacements, never of owners.
    pub valid_until: Option<UtcMillis>,
}

impl Member {
    /// Whether they are a member at `now`.
    #[must_use]
    pub fn is_valid(&self, now: UtcMillis) -> bool {
        self.valid_from <= now && self.valid_until.is_none_or(|until| now < until)
    }
}

/// A one-time invitation. The link itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// SHA-256 of the link's secret.
    pub link_hash: [u8; 32],
    /// Role it gives.
    pub role: Role,
    /// Levels it gives.
    pub rights: Rights,
    /// Agenda of their own that it gives.
    pub agenda: Option<AgendaId>,
    /// Start of the membership it gives.
    pub member_from: UtcMillis,
    /// End of the membership it gives.
    pub member_until: Option<UtcMillis>,
    /// Who invites.
    pub invited_by: StaffId,
    /// First instant at which the link no longer works.
    pub expires_at: UtcMillis,
}

impl Invitation {
    /// The member that it makes of somebody.
    #[must_use]
    pub fn member(&self, id: StaffId, name: &str) -> Member {
        Member {
            id,
            name: name.to_owned(),
            role: self.role,
            rights: self.rights.clone(),
            agenda: self.agenda,
            valid_from: self.member_from,
            valid_until: self.member_until,
        }
    }
}

/// Which of the platform's documents. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DocumentKind {
    /// Terms of use and sale.
    Terms,
    /// The contract between controller and processor (GDPR art. 28).
    ProcessingContract,
    /// The platform's privacy policy: read, which is information, not consent.
    PrivacyPolicy,
}

impl DocumentKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Terms, Self::ProcessingContract, Self::PrivacyPolicy];

    /// Stable name: protocol word, address of its page, section of mails.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::ProcessingContract => "processing",
            Self::PrivacyPolicy => "policy",
        }
    }

    /// Whether it binds the practice, so that only an owner accepts it and the practice is read-only without it.
    #[must_use]
    pub const fn binds(self) -> bool {
        match self {
            Self::Terms | Self::ProcessingContract => true,
            Self::PrivacyPolicy => false,
        }
    }
}

/// In which language a document was shown. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Locale {
    /// French.
    French,
    /// English.
    English,
}

/// Evidence that somebody accepted a document (regulation R1.4). Append only: no event changes or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Who accepted, as signed in.
    pub staff: StaffId,
    /// Which document.
    pub document: DocumentKind,
    /// Which version of it, from 1.
    pub version: u32,
    /// SHA-256 of the text shown.
    pub sha256: [u8; 32],
    /// In which language it was shown.
    pub locale: Locale,
    /// When.
    pub accepted_at: UtcMillis,
    /// From which IP address, as text.
    pub ip: String,
    /// With which browser, as it named itself; at most 512 bytes.
    pub user_agent: String,
    /// Name under which they sign.
    pub signatory_name: String,
    /// In what quality they sign for the practice ("gérante", "titulaire").
    pub signatory_quality: String,
}

/// The practice lets one named person of the platform's support look in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportGrant {
    /// Its id.
    pub id: SupportGrantId,
    /// Who of support.
    pub agent: StaffId,
    /// How much they see, on every agenda; they never change anything.
    pub level: Level,
    /// Why, as the practice wrote it.
    pub reason: String,
    /// Which owner granted it.
    pub granted_by: StaffId,
    /// From when.
    pub granted_at: UtcMillis,
    /// Until when, at most 24 hours after `granted_at`.
    pub expires_at: UtcMillis,
}

/// A member opened an agenda they have no right to, in an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Its id.
    pub id: BreakGlassId,
    /// Who.
    pub staff: StaffId,
    /// Which agenda; they see it as with full rights.
    pub agenda: AgendaId,
    /// Why, as they wrote it.
    pub reason: String,
    /// From when.
    pub opened_at: UtcMillis,
    /// Until when, at most 60 minutes after `opened_at`.
    pub expires_at: UtcMillis,
}
