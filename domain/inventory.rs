//! The data inventory (law L12): every stored field of personal data, with its role, purpose, legal basis, retention
//! rule and audience. The register of processing, retention jobs and exports are derived from it. A stored field that is
//! neither here nor named as impersonal fails the tests (`tests/inventory.rs`).
//!
//! Must not be here: data of anyone.

mod impersonal;
mod kinds;

pub use self::impersonal::IMPERSONAL;

use self::kinds::{
    HOLDER, NOBODY, STAFF, access, appointment, card, colleague, evidence, exception, held, identity, mail, practice,
    sign_in, trace, waiting,
};

/// Who answers for the data (GDPR art. 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The platform decides why and how.
    Controller,
    /// The practice decides; the platform works for it (GDPR art. 28).
    Processor,
}

/// Why the data is kept at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Making, moving and cancelling appointments.
    Appointments,
    /// Reaching the patient about an appointment.
    Contact,
    /// Showing that the patient was informed (GDPR art. 13).
    Information,
    /// Proving who may act on a hold or booking, and answering repeated commands.
    Access,
    /// The practice's public page and its legal notice (LCEN art. 6 III).
    PublicPage,
    /// Letting a member of staff in and nobody in their place.
    SignIn,
    /// Colleagues knowing each other inside a practice.
    Teamwork,
    /// Showing who accepted which contract, and when (GDPR art. 28(9)).
    ContractEvidence,
}

/// On what ground (GDPR art. 6, and 9 where a type of appointment may tell of health).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegalBasis {
    /// Art. 6(1)(b), and 9(2)(h) with 9(3) for professions bound by secrecy: care and what prepares it.
    CareContract,
    /// Art. 6(1)(b): the practice's contract with the platform.
    ServiceContract,
    /// Art. 6(1)(c): a duty by law.
    LegalDuty,
    /// Art. 6(1)(f): secure operation.
    LegitimateInterest,
}

/// How long. Numbers name rows of the retention table (`reference/regulation.md` 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// Row 12: one year after the last appointment, the practice may set up to three.
    BookingContact,
    /// Rows 9 to 11: as the patient file it belongs to, by profession; row 12 while there is no file.
    PatientFile,
    /// Until the hold ends, an hour at most, and then with the journal's history of the agenda.
    Hold,
    /// Seven days for answering repeats; row 7 (12 months) as part of the journal.
    CommandMemory,
    /// Rows 1 and 4: until the practice's contract ends; civil identity of the publisher five years more.
    PracticeAccount,
    /// Until the practice's contract ends and five years more (Code civil art. 2224).
    ContractEvidence,
    /// While the member belongs to the practice; deleted with their removal.
    Membership,
    /// Until the sign-in ends, seven days at most.
    Session,
    /// A day.
    SignInLink,
    /// Until it is sent, five days at most; a dead letter until its operator has dealt with it. A reminder: until its moment. The
    /// address of a patient whose booking was cancelled: until the mail that says so is sent or refused, five days at most.
    Outbox,
    /// Until they leave the list, the day after their last day at the latest, and then with the journal's history of the
    /// agenda; a booking that comes of it is row 12's.
    WaitingList,
    /// Row 7: 12 months; then the month's key is forgotten and hashes alone remain.
    AccessTrace,
}

/// Who may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Viewer {
    /// Anyone.
    Public,
    /// The patient themselves, with their secret.
    Patient,
    /// Staff of the practice with the right to the agenda.
    PracticeStaff,
    /// The member of staff whose it is.
    Holder,
    /// Nobody: only compared by the product.
    Nobody,
}

/// How it lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sealing {
    /// In a personal blob under the patient's own key: forgotten with it.
    PatientKey,
    /// In the skeleton under the practice's key; names the patient by a random id only.
    PracticeKey,
}

/// One stored field of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The stored type.
    pub record: &'static str,
    /// Its field.
    pub field: &'static str,
    /// Who answers for it.
    pub role: Role,
    /// Why it is kept.
    pub purpose: Purpose,
    /// On what ground.
    pub legal_basis: LegalBasis,
    /// How long.
    pub retention: Retention,
    /// Who may see it.
    pub audience: &'static [Viewer],
    /// Under which key it lies.
    pub sealing: Sealing,
    /// Whether it may tell of health (GDPR art. 9).
    pub may_tell_of_health: bool,
}

/// Every stored field of personal data.
pub const INVENTORY: &[Entry] = &[
    identity("given_name", Purpose::Appointments),
    identity("family_name", Purpose::Appointments),
    identity("email", Purpose::Contact),
    identity("phone", Purpose::Contact),
    appointment("PersonalPart", "patient", false),
    appointment("PersonalPart", "blob", false),
    Entry {
        sealing: Sealing::PatientKey,
        ..appointment("PersonalPart", "person", false)
    },
    card("person", false),
    card("birth_date", false),
    card("alert", true),
    card("relatives", false),
    card("agendas", false),
    card("merged_into", false),
    card("created_at", false),
    card("changed_at", false),
    appointment("Booking", "id", false),
    appointment("Booking", "kind", true),
    appointment("Booking", "span", false),
    appointment("Booking", "occupied", false),
    appointment("Booking", "place", false),
    appointment("Booking", "patient", false),
    appointment("Booking", "details", false),
    access("Booking", "manage", Retention::PatientFile),
    Entry {
        purpose: Purpose::Information,
        legal_basis: LegalBasis::LegalDuty,
        ..appointment("Booking", "notice_version", false)
    },
    appointment("Booking", "online", false),
    appointment("Booking", "booked_at", false),
    Entry {
        audience: STAFF,
        ..appointment("Booking", "overbooks", false)
    },
    Entry {
        audience: STAFF,
        ..appointment("Mark", "state", true)
    },
    Entry {
        audience: STAFF,
        ..appointment("Mark", "at", false)
    },
    appointment("SeriesPlace", "series", false),
    appointment("SeriesPlace", "number", false),
    appointment("SeriesPlace", "of", false),
    held("id"),
    Entry {
        may_tell_of_health: true,
        ..held("kind")
    },
    held("span"),
    held("occupied"),
    held("place"),
    access("Hold", "owner", Retention::Hold),
    held("expires_at"),
    waiting("id"),
    Entry {
        may_tell_of_health: true,
        ..waiting("kind")
    },
    waiting("patient"),
    waiting("details"),
    access("WaitingEntry", "owner", Retention::WaitingList),
    Entry {
        purpose: Purpose::Information,
        legal_basis: LegalBasis::LegalDuty,
        ..waiting("notice_version")
    },
    waiting("wishes"),
    waiting("priority"),
    waiting("joined_at"),
    waiting("passed"),
    waiting("offer"),
    access("Recorded", "at", Retention::CommandMemory),
    access("Recorded", "principal", Retention::CommandMemory),
    access("Recorded", "command_id", Retention::CommandMemory),
    access("Recorded", "digest", Retention::CommandMemory),
    access("Remembered", "digest", Retention::CommandMemory),
    access("Remembered", "at", Retention::CommandMemory),
    Entry {
        audience: STAFF,
        purpose: Purpose::Appointments,
        legal_basis: LegalBasis::ServiceContract,
        ..access("Absence", "span", Retention::PracticeAccount)
    },
    Entry {
        audience: STAFF,
        purpose: Purpose::Teamwork,
        legal_basis: LegalBasis::ServiceContract,
        ..access("Absence", "label", Retention::PracticeAccount)
    },
    colleague("Staff", "id"),
    colleague("Staff", "name"),
    colleague("Member", "id"),
    colleague("Member", "name"),
    colleague("Member", "role"),
    colleague("Member", "rights"),
    colleague("Member", "agenda"),
    colleague("Member", "valid_from"),
    colleague("Member", "valid_until"),
    colleague("Invitation", "invited_by"),
    evidence("staff"),
    evidence("document"),
    evidence("version"),
    evidence("sha256"),
    evidence("locale"),
    evidence("accepted_at"),
    evidence("ip"),
    evidence("user_agent"),
    evidence("signatory_name"),
    evidence("signatory_quality"),
    exception("SupportGrant", "agent"),
    exception("SupportGrant", "level"),
    // Written by people: it may name anybody.
    exception("SupportGrant", "reason"),
    exception("SupportGrant", "granted_by"),
    exception("SupportGrant", "granted_at"),
    exception("SupportGrant", "expires_at"),
    exception("BreakGlass", "staff"),
    exception("BreakGlass", "agenda"),
    Entry {
        may_tell_of_health: true,
        ..exception("BreakGlass", "reason")
    },
    exception("BreakGlass", "opened_at"),
    exception("BreakGlass", "expires_at"),
    exception("AccessReview", "by"),
    exception("AccessReview", "at"),
    exception("Lock", "staff"),
    exception("Lock", "rule"),
    exception("Lock", "at"),
    sign_in("AccountRecord", "email", Retention::Membership, HOLDER),
    sign_in("AccountRecord", "password", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "password_since", Retention::Membership, HOLDER),
    sign_in("AccountRecord", "secret", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "last_step", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "recovery", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "sessions", Retention::Membership, HOLDER),
    sign_in("AccountRecord", "devices", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "made", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "signed_in", Retention::Membership, NOBODY),
    sign_in("AccountRecord", "passkeys", Retention::Membership, HOLDER),
    sign_in("PasskeyRow", "holder", Retention::Membership, NOBODY),
    sign_in("PasskeyRow", "credential", Retention::Membership, NOBODY),
    sign_in("SessionRecord", "who", Retention::Session, HOLDER),
    sign_in("SessionRecord", "since", Retention::Session, HOLDER),
    sign_in("SessionRecord", "used", Retention::Session, HOLDER),
    sign_in("SessionRecord", "origin", Retention::Session, HOLDER),
    sign_in("LinkRecord", "practice", Retention::SignInLink, NOBODY),
    sign_in("LinkRecord", "staff", Retention::SignInLink, NOBODY),
    sign_in("LinkRecord", "issued", Retention::SignInLink, NOBODY),
    sign_in("LinkRecord", "until", Retention::SignInLink, NOBODY),
    sign_in("Feed", "secret_hash", Retention::Membership, NOBODY),
    sign_in("Feed", "made", Retention::Membership, HOLDER),
    sign_in("Feed", "locale", Retention::Membership, NOBODY),
    trace("AlertRecord", "alert"),
    // Written by people: it may name anybody.
    trace("AlertRecord", "answer"),
    trace("AlertRecord", "detail"),
    sign_in("WatchRecord", "habits", Retention::Membership, NOBODY),
    sign_in("WatchRecord", "recent", Retention::Membership, NOBODY),
    sign_in("WatchRecord", "spoken", Retention::Membership, NOBODY),
    // An address where there is no account; a link until it is sent.
    mail("MailRecord", "to"),
    mail("MailRecord", "letter"),
    mail("MailRecord", "made"),
    mail("MailRecord", "tries"),
    mail("MailRecord", "next"),
    mail("MailRecord", "failed"),
    mail("MailRecord", "dead"),
    appointment("Correspondence", "locale", false),
    appointment("Correspondence", "reminders_off", false),
    appointment("Correspondence", "messages", false),
    appointment("Correspondence", "delay", false),
    mail("ReminderRow", "appointment"),
    mail("ReminderRow", "reminder"),
    mail("ReminderRow", "due"),
    trace("Receipt", "kind"),
    trace("Receipt", "to"),
    trace("Receipt", "made"),
    trace("Receipt", "at"),
    trace("Receipt", "tries"),
    trace("Receipt", "outcome"),
    trace("Receipt", "said"),
    trace("Leaf", "at"),
    trace("Leaf", "actor"),
    trace("Leaf", "origin"),
    trace("Leaf", "subject"),
    trace("Leaf", "patient"),
    trace("Leaf", "span"),
    trace("Leaf", "note"),
    trace("LeafOrigin", "role"),
    trace("LeafOrigin", "session"),
    trace("LeafOrigin", "network"),
    practice("Practitioner", "agenda", Purpose::PublicPage),
    practice("Practitioner", "slug", Purpose::PublicPage),
    practice("Practitioner", "name", Purpose::PublicPage),
    practice("Practitioner", "profession", Purpose::PublicPage),
    practice("PracticeFace", "name", Purpose::PublicPage),
    practice("PracticeFace", "slug", Purpose::PublicPage),
    practice("PracticeFace", "phone", Purpose::PublicPage),
    practice("PracticeFace", "email", Purpose::PublicPage),
    Entry {
        legal_basis: LegalBasis::LegalDuty,
        ..practice("PracticeFace", "legal", Purpose::PublicPage)
    },
    practice("Place", "name", Purpose::PublicPage),
    practice("Place", "address", Purpose::PublicPage),
];

/// Records whose stored form is not serde's: tests beside their bytes hold them to the list above.
pub const OF_THE_SERVER: &[&str] = &[
    "AccountRecord",
    "AlertRecord",
    "Correspondence",
    "Feed",
    "SessionRecord",
    "LinkRecord",
    "Leaf",
    "LeafOrigin",
    "MailRecord",
    "PasskeyRow",
    "PatientCard",
    "Receipt",
    "ReminderRow",
    "WatchRecord",
];
