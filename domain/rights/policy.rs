//! The one policy table: role and action to what is needed. Rows are actions, columns are roles.
//!
//! Must not be here: anything that decides beside the table.

use super::{Action, Level, Role};

/// From where on something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Never, whatever the level.
    Never,
    /// By the role alone.
    Always,
    /// From this level on the agenda in question on.
    FromLevel(Level),
    /// In one's own agenda only, from this level on.
    OwnAgendaFromLevel(Level),
}

/// What an action needs of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// From where on it is allowed.
    pub allowed: Allowed,
    /// Whether the second factor must have been shown recently (regulation R8.2: export, purge, change of rights).
    pub step_up: bool,
}

const fn plain(allowed: Allowed) -> Need {
    Need {
        allowed,
        step_up: false,
    }
}

const fn stepped(allowed: Allowed) -> Need {
    Need { allowed, step_up: true }
}

const NO: Need = plain(Allowed::Never);
const YES: Need = plain(Allowed::Always);
const YES_STEPPED: Need = stepped(Allowed::Always);
const TIMES: Need = plain(Allowed::FromLevel(Level::Times));
const TYPES: Need = plain(Allowed::FromLevel(Level::TimesAndTypes));
const FULL: Need = plain(Allowed::FromLevel(Level::Full));
const MANAGE: Need = plain(Allowed::FromLevel(Level::Manage));
const OWN: Need = plain(Allowed::OwnAgendaFromLevel(Level::Full));
const OWN_STEPPED: Need = stepped(Allowed::OwnAgendaFromLevel(Level::Full));

/// One row: the action, then what it needs of each role in the order of [`Role::ALL`].
type Row = (Action, [Need; 8]);

/// The table. Columns: owner, practitioner, replacement, secretary, accountant, ops, DPO, support.
/// Support's levels come from a live grant of the practice; it looks and never changes.
#[rustfmt::skip]
const POLICY: [Row; 31] = [
    //                            owner        practitioner replacement  secretary    accountant ops  dpo  support
    (Action::SeeTimes,           [TIMES,       TIMES,       TIMES,       TIMES,       NO,        NO,  NO,  TIMES]),
    (Action::SeeTypes,           [TYPES,       TYPES,       TYPES,       TYPES,       NO,        NO,  NO,  TYPES]),
    (Action::SeePatientIdentity, [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  FULL]),
    (Action::SearchPatients,     [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::SeeClinicalNotes,   [FULL,        FULL,        FULL,        NO,          NO,        NO,  NO,  NO]),
    (Action::Book,               [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::Move,               [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::Cancel,             [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::MarkNoShow,         [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::SetAbsence,         [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
    (Action::SetTypes,           [MANAGE,      MANAGE,      MANAGE,      MANAGE,      NO,        NO,  NO,  NO]),
    (Action::SetOpenings,        [MANAGE,      MANAGE,      MANAGE,      MANAGE,      NO,        NO,  NO,  NO]),
    (Action::SetPractice,        [YES,         NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::AcceptContract,     [YES,         NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::SeeMembers,         [YES,         YES,         YES,         YES,         NO,        NO,  NO,  NO]),
    (Action::InviteMember,       [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ChangeMember,       [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::RemoveMember,       [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ReviewAccess,       [YES,         NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ExportAccess,       [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::SeeAudit,           [YES,         OWN,         NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ExportAudit,        [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ExportData,         [YES_STEPPED, OWN_STEPPED, NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::GrantSupport,       [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::BreakGlass,         [YES_STEPPED, YES_STEPPED, YES_STEPPED, NO,          NO,        NO,  NO,  NO]),
    (Action::ReadBilling,        [YES,         NO,          NO,          NO,          YES,       NO,  NO,  NO]),
    (Action::SeeOperations,      [NO,          NO,          NO,          NO,          NO,        YES, NO,  NO]),
    (Action::SeeCompliance,      [NO,          NO,          NO,          NO,          NO,        NO,  YES, NO]),
    (Action::ErasePatient,       [YES_STEPPED, OWN_STEPPED, NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::ErasePractice,      [YES_STEPPED, NO,          NO,          NO,          NO,        NO,  NO,  NO]),
    (Action::SetPatient,         [FULL,        FULL,        FULL,        FULL,        NO,        NO,  NO,  NO]),
];

/// What the table says. What it does not say is never allowed.
#[must_use]
pub fn need(role: Role, action: Action) -> Need {
    let row = POLICY.iter().find(|(listed, _)| *listed == action);
    let column = Role::ALL.iter().position(|listed| *listed == role);
    match (row, column) {
        (Some((_, needs)), Some(column)) => needs.get(column).copied().unwrap_or(NO),
        (None, _) | (_, None) => NO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_one_row() {
        let listed: Vec<Action> = POLICY.iter().map(|(action, _)| *action).collect();
        assert_eq!(listed, Action::ALL);
    }
}
