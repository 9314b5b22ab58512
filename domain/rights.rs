//! Who may do what: roles, levels per agenda, actions, and the one table that joins them (regulation R8.2 and R8.3).
//!
//! Pure: the caller says which role somebody has now (`practice/members.rs` knows), which level on the agenda in
//! question, and whether their second factor is recent. The answer never depends on anything else.
//! Must not be here: sessions, passwords, HTTP; what the matrix must say stands in `tests/rights/matrix.csv`, by hand.

mod policy;

pub use policy::{Need, need};

use crate::ids::AgendaId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody is in a practice, or on the platform. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Answers for the practice: its controller (GDPR art. 4(7)) or who acts for it.
    Owner,
    /// Receives patients in an agenda of their own.
    Practitioner,
    /// Stands in for a practitioner between two dates.
    Replacement,
    /// Keeps agendas and administrative data; no clinical notes.
    Secretary,
    /// Sees invoices, nothing else.
    Accountant,
    /// Runs the platform's machines; sees no practice's data.
    Operations,
    /// The platform's data protection officer.
    DataProtectionOfficer,
    /// The platform's support; sees a practice only under its live grant.
    Support,
}

impl Role {
    /// Every role, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::Owner,
        Self::Practitioner,
        Self::Replacement,
        Self::Secretary,
        Self::Accountant,
        Self::Operations,
        Self::DataProtectionOfficer,
        Self::Support,
    ];

    /// Stable name: protocol word, matrix column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Practitioner => "practitioner",
            Self::Replacement => "replacement",
            Self::Secretary => "secretary",
            Self::Accountant => "accountant",
            Self::Operations => "ops",
            Self::DataProtectionOfficer => "dpo",
            Self::Support => "support",
        }
    }

    /// Whether the role is one of the platform's, never a member's of a practice.
    #[must_use]
    pub const fn is_platform(self) -> bool {
        match self {
            Self::Operations | Self::DataProtectionOfficer | Self::Support => true,
            Self::Owner | Self::Practitioner | Self::Replacement | Self::Secretary | Self::Accountant => false,
        }
    }

    /// Whether the role receives patients: may have an agenda of its own, and break the glass.
    #[must_use]
    pub const fn gives_care(self) -> bool {
        match self {
            Self::Owner | Self::Practitioner | Self::Replacement => true,
            Self::Secretary | Self::Accountant | Self::Operations | Self::DataProtectionOfficer | Self::Support => {
                false
            }
        }
    }

    /// Whether the role may be given rights on agendas at all.
    #[must_use]
    pub const fn sees_agendas(self) -> bool {
        match self {
            Self::Owner | Self::Practitioner | Self::Replacement | Self::Secretary => true,
            // Support's level comes with its grant, never with membership.
            Self::Accountant | Self::Operations | Self::DataProtectionOfficer | Self::Support => false,
        }
    }
}

/// How much of one agenda somebody may see and do; each holds all below it. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Nothing.
    None,
    /// When it is taken; no type, no name.
    Times,
    /// When and for which appointment type; no name.
    TimesAndTypes,
    /// Names and contacts too; booking, moving, cancelling.
    Full,
    /// The agenda's settings too.
    Manage,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] = [Self::None, Self::Times, Self::TimesAndTypes, Self::Full, Self::Manage];

    /// Stable name: protocol word, matrix column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Times => "times",
            Self::TimesAndTypes => "types",
            Self::Full => "full",
            Self::Manage => "manage",
        }
    }
}

/// Levels on the agendas of one practice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rights {
    /// On every agenda that is not named below, also those added later.
    pub elsewhere: Level,
    /// On the agendas named.
    pub agendas: BTreeMap<AgendaId, Level>,
}

impl Rights {
    /// The same level on every agenda, also on those added later.
    #[must_use]
    pub const fn everywhere(level: Level) -> Self {
        Self {
            elsewhere: level,
            agendas: BTreeMap::new(),
        }
    }

    /// The level on one agenda.
    #[must_use]
    pub fn on(&self, agenda: AgendaId) -> Level {
        self.agendas.get(&agenda).copied().unwrap_or(self.elsewhere)
    }

    /// The highest level on any agenda: for lists and searches that span agendas.
    #[must_use]
    pub fn highest(&self) -> Level {
        let named = self.agendas.values().copied().max();
        named.map_or(self.elsewhere, |named| named.max(self.elsewhere))
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal),+ $(,)?) => {
        /// What one can ask of the product with a role. Patients and visitors are not here: tokens and public pages are theirs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $action),+
        }

        impl Action {
            /// Every action, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// Stable name: matrix column, metrics label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name),+
                }
            }
        }
    };
}

actions! {
    /// See when an agenda is taken, and follow it live.
    SeeTimes = "agenda.see_times",
    /// See appointment types in it.
    SeeTypes = "agenda.see_types",
    /// See a patient's name and contacts.
    SeePatientIdentity = "patient.see_identity",
    /// Search patients by name or contact.
    SearchPatients = "patient.search",
    /// Read clinical notes. None exist yet; the rule stands before they do.
    SeeClinicalNotes = "patient.see_clinical_notes",
    /// Book for a patient.
    Book = "booking.book",
    /// Move a booking.
    Move = "booking.move",
    /// Cancel a booking.
    Cancel = "booking.cancel",
    /// Note that a patient did not come.
    MarkNoShow = "booking.no_show",
    /// Add or remove an absence.
    SetAbsence = "agenda.absence",
    /// Add, change or retire appointment types.
    SetTypes = "agenda.types",
    /// Change opening hours and the agenda's profile.
    SetOpenings = "agenda.openings",
    /// Change the practice's face, places, practitioners, notices.
    SetPractice = "practice.settings",
    /// Accept the platform's contract for the practice.
    AcceptContract = "practice.accept_contract",
    /// See who is a member and with which rights.
    SeeMembers = "members.see",
    /// Invite somebody.
    InviteMember = "members.invite",
    /// Change a member's role, rights or dates.
    ChangeMember = "members.change",
    /// Remove a member.
    RemoveMember = "members.remove",
    /// Review who has access, and see how they sign in.
    ReviewAccess = "members.review",
    /// Take the list of who has access away.
    ExportAccess = "members.export",
    /// See the log of accesses.
    SeeAudit = "audit.see",
    /// Take the log of accesses away.
    ExportAudit = "audit.export",
    /// Take patients' and agendas' data away.
    ExportData = "data.export",
    /// Let the platform's support look in.
    GrantSupport = "support.grant",
    /// Open an agenda one has no right to, in an emergency.
    BreakGlass = "break_glass.open",
    /// See invoices and the subscription.
    ReadBilling = "billing.read",
    /// See the platform's own state: machines, queues, counters.
    SeeOperations = "platform.operations",
    /// See the platform's registers: processing, retention runs, requests.
    SeeCompliance = "platform.compliance",
    /// Erase a patient.
    ErasePatient = "erase.patient",
    /// Erase the whole practice.
    ErasePractice = "erase.practice",
    /// Write a patient's card, say that two cards are one patient.
    SetPatient = "patient.set",
}

/// Whose the thing asked about is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Of another practice. For support: of a practice that has not granted anything.
    OtherPractice,
    /// Of one's own practice: in a colleague's agenda, or in no agenda in particular.
    Colleague,
    /// In the agenda in which one receives oneself.
    Own,
}

/// Who asks about what, as far as the table needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asking {
    /// The role they have now; expired members have none and are strangers to the caller.
    pub role: Role,
    /// Whose the thing is.
    pub scope: Scope,
    /// Their effective level on the agenda in question; for what spans agendas, their highest.
    pub level: Level,
    /// Whether they showed their second factor recently enough for the act (`step-up`).
    pub second_factor_is_recent: bool,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// Yes, once the second factor has been shown again.
    StepUp,
    /// No; that the thing exists is no secret to them.
    Forbidden,
    /// No, and nothing tells whether the thing exists.
    NotFound,
}

impl Verdict {
    /// Stable name: matrix column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::StepUp => "step_up",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
        }
    }
}

/// Whether somebody may do something. Total. Things of another practice do not exist, whatever the table says.
#[must_use]
pub fn permits(asking: Asking, action: Action) -> Verdict {
    if asking.scope == Scope::OtherPractice {
        return Verdict::NotFound;
    }
    let need = need(asking.role, action);
    let reaches = match need.allowed {
        policy::Allowed::Never => false,
        policy::Allowed::Always => true,
        policy::Allowed::FromLevel(level) => asking.level >= level,
        policy::Allowed::OwnAgendaFromLevel(level) => asking.scope == Scope::Own && asking.level >= level,
    };
    match (reaches, need.step_up && !asking.second_factor_is_recent) {
        (false, _) => Verdict::Forbidden,
        (true, true) => Verdict::StepUp,
        (true, false) => Verdict::Allow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_of_rights_and_their_exceptions() {
        let mut rights = Rights::everywhere(Level::Times);
        rights.agendas.insert(AgendaId(1), Level::None);
        assert_eq!(
            (rights.on(AgendaId(1)), rights.on(AgendaId(2))),
            (Level::None, Level::Times)
        );
        assert_eq!(rights.highest(), Level::Times);
        rights.agendas.insert(AgendaId(3), Level::Manage);
        assert_eq!(rights.highest(), Level::Manage);
    }

    #[test]
    fn a_recent_second_factor_turns_step_up_into_yes_and_nothing_else() {
        for role in Role::ALL {
            for level in Level::ALL {
                for action in Action::ALL {
                    let ask = |second_factor_is_recent| {
                        let scope = Scope::Own;
                        permits(
                            Asking {
                                role,
                                scope,
                                level,
                                second_factor_is_recent,
                            },
                            *action,
                        )
                    };
                    match (ask(false), ask(true)) {
                        (Verdict::StepUp, with) => assert_eq!(with, Verdict::Allow),
                        (without, with) => assert_eq!(without, with),
                    }
                }
            }
        }
    }
}
