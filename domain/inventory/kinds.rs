//! Kinds of entries of the data inventory, each with what all of its kind share.
//!
//! Must not be here: the entries.

use super::{Entry, LegalBasis, Purpose, Retention, Role, Sealing, Viewer};

pub(super) const STAFF_AND_PATIENT: &[Viewer] = &[Viewer::Patient, Viewer::PracticeStaff];
pub(super) const STAFF: &[Viewer] = &[Viewer::PracticeStaff];
pub(super) const PUBLIC: &[Viewer] = &[Viewer::Public];
pub(super) const HOLDER: &[Viewer] = &[Viewer::Holder];
pub(super) const NOBODY: &[Viewer] = &[Viewer::Nobody];

pub(super) const fn identity(field: &'static str, purpose: Purpose) -> Entry {
    Entry {
        record: "Person",
        field,
        role: Role::Processor,
        purpose,
        legal_basis: LegalBasis::CareContract,
        retention: Retention::BookingContact,
        audience: STAFF_AND_PATIENT,
        sealing: Sealing::PatientKey,
        may_tell_of_health: false,
    }
}

/// Of a patient's card in the register.
pub(super) const fn card(field: &'static str, may_tell_of_health: bool) -> Entry {
    Entry {
        record: "PatientCard",
        audience: STAFF,
        retention: Retention::PatientFile,
        may_tell_of_health,
        ..identity(field, Purpose::Appointments)
    }
}

pub(super) const fn appointment(record: &'static str, field: &'static str, may_tell_of_health: bool) -> Entry {
    Entry {
        record,
        field,
        role: Role::Processor,
        purpose: Purpose::Appointments,
        legal_basis: LegalBasis::CareContract,
        retention: Retention::PatientFile,
        audience: STAFF_AND_PATIENT,
        sealing: Sealing::PracticeKey,
        may_tell_of_health,
    }
}

pub(super) const fn held(field: &'static str) -> Entry {
    Entry {
        retention: Retention::Hold,
        ..appointment("Hold", field, false)
    }
}

pub(super) const fn waiting(field: &'static str) -> Entry {
    Entry {
        retention: Retention::WaitingList,
        ..appointment("WaitingEntry", field, false)
    }
}

pub(super) const fn access(record: &'static str, field: &'static str, retention: Retention) -> Entry {
    Entry {
        record,
        field,
        role: Role::Processor,
        purpose: Purpose::Access,
        legal_basis: LegalBasis::LegitimateInterest,
        retention,
        audience: NOBODY,
        sealing: Sealing::PracticeKey,
        may_tell_of_health: false,
    }
}

pub(super) const fn practice(record: &'static str, field: &'static str, purpose: Purpose) -> Entry {
    Entry {
        record,
        field,
        role: Role::Controller,
        purpose,
        legal_basis: LegalBasis::ServiceContract,
        retention: Retention::PracticeAccount,
        audience: PUBLIC,
        sealing: Sealing::PracticeKey,
        may_tell_of_health: false,
    }
}

pub(super) const fn colleague(record: &'static str, field: &'static str) -> Entry {
    Entry {
        audience: STAFF,
        ..practice(record, field, Purpose::Teamwork)
    }
}

pub(super) const fn evidence(field: &'static str) -> Entry {
    Entry {
        audience: STAFF,
        legal_basis: LegalBasis::LegalDuty,
        retention: Retention::ContractEvidence,
        ..practice("Acceptance", field, Purpose::ContractEvidence)
    }
}

pub(super) const fn sign_in(
    record: &'static str,
    field: &'static str,
    retention: Retention,
    audience: &'static [Viewer],
) -> Entry {
    Entry {
        role: Role::Controller,
        purpose: Purpose::SignIn,
        audience,
        ..access(record, field, retention)
    }
}

/// Who looked where they ordinarily may not, and why.
pub(super) const fn exception(record: &'static str, field: &'static str) -> Entry {
    Entry {
        audience: STAFF,
        legal_basis: LegalBasis::LegitimateInterest,
        ..practice(record, field, Purpose::Access)
    }
}

/// Who did or saw what: a leaf of the audit log.
pub(super) const fn trace(record: &'static str, field: &'static str) -> Entry {
    Entry {
        retention: Retention::AccessTrace,
        ..exception(record, field)
    }
}

pub(super) const fn mail(record: &'static str, field: &'static str) -> Entry {
    access(record, field, Retention::Outbox)
}
