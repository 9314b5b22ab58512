//! The mails that the platform sends: which there are, what each may say, how long it is worth sending, when a failed one is
//! tried again. None says what a patient comes for: a mailbox is not a place for that. Only those to the patient themselves
//! say when and where ([`Appointment`]).
//!
//! Must not be here: their words, addresses, how they are sent.

mod patient;
mod several;

pub use self::patient::{
    Appointment, DECENT_FROM_HOUR, DECENT_UNTIL_HOUR, DELAY_MINUTES_APART, DELAY_MINUTES_MAILED, Due,
    REMINDER_MINUTES_LEAST, Reminder,
};
pub use self::several::{SEVERAL_MAX, Several};

use crate::anomaly::{Gravity, Rule};
use crate::event::CancelledBy;
use crate::ids::{HoldId, StaffId};
use crate::practice::Locale;
use crate::rights::Role;
use crate::time::{CivilDate, UtcMillis, Zone};
use crate::waiting::Left;
use serde::{Deserialize, Serialize};

/// After so many seconds a mail that was refused for now is tried again; after the last it is a dead letter. Two and a half
/// days in all (RFC 5321 section 4.5.4.1 asks for four to five of a relay; ours has its own queue behind this one).
pub const RETRY_SECONDS: [i64; 9] = [
    60,
    300,
    900,
    3_600,
    3 * 3_600,
    6 * 3_600,
    12 * 3_600,
    12 * 3_600,
    24 * 3_600,
];
/// A mail that could not be handed over for so long, because nothing could, is a dead letter.
pub const GIVE_UP_SECONDS: i64 = 5 * 24 * 3_600;
/// The link to another password that somebody asked for is good for 15 minutes (OWASP ASVS 5.0, 6.4.3); so is its mail.
pub const RESET_LINK_SECONDS: i64 = 15 * 60;
/// The code that shows that somebody reads a new address is good for a quarter of an hour; so is its mail.
pub const EMAIL_CODE_SECONDS: i64 = 15 * 60;
/// The code that opens a patient's own bookings is good for ten minutes; so is its mail.
pub const PATIENT_CODE_SECONDS: i64 = 10 * 60;
/// An invitation is good for a fortnight; its mail is worth sending for three days, then its owner ought to know.
const INVITATION_SECONDS: i64 = 3 * 24 * 3_600;

/// From where somebody did something, as their sessions show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whence {
    /// When.
    pub at: UtcMillis,
    /// Browser and system; empty: not known.
    pub device: String,
    /// Network; empty: not known.
    pub network: String,
}

/// What happened to somebody's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// They have joined.
    Joined,
    /// Their role, rights or dates are others.
    Changed,
    /// They were removed.
    Removed,
}

/// What the day's mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daily {
    /// The day it is about.
    pub day: CivilDate,
    /// Alerts of that day by rule: at most one line a rule.
    pub alerts: Vec<(Rule, u32)>,
    /// Alerts that nobody has answered, of any day.
    pub open: u32,
    /// Entries of the access log.
    pub entries: u64,
    /// The newest signed checkpoint; none before the first.
    pub checkpoint: Option<String>,
    /// Entries that it covers.
    pub covered: u64,
}

macro_rules! letters {
    ($($(#[$doc:meta])* $letter:ident $({ $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? })? = $name:literal),+ $(,)?) => {
        /// A mail, with what it says. Stored by name.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Letter {
            $($(#[$doc])* $letter $({ $($(#[$field_doc])* $field: $kind),+ })?),+
        }

        impl Letter {
            /// Every kind's name.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Stable name of the kind: section of the texts, metrics label.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$letter $({ $($field: _),+ })? => $name),+ }
            }
        }
    };
}

letters! {
    /// To a new practice's owner: it exists, with copies of what they accepted (check A02).
    Welcome = "welcome",
    /// To a member: their account was used on a device it did not know.
    NewDevice {
        /// From where.
        whence: Whence,
    } = "new_device",
    /// To a member: their password is another.
    PasswordChanged {
        /// From where.
        whence: Whence,
    } = "password_changed",
    /// To a member: their second factor or their recovery codes are others.
    FactorChanged {
        /// From where.
        whence: Whence,
    } = "factor_changed",
    /// To an address that is to become a member's: the code that shows that they read it.
    EmailCode {
        /// Eight digits.
        code: String,
    } = "email_code",
    /// To an address that was a member's: it opens their account no more.
    EmailChanged {
        /// From where.
        whence: Whence,
    } = "email_changed",
    /// To a member: a recovery code was used.
    RecoveryCodeUsed {
        /// From where.
        whence: Whence,
        /// Codes left.
        left: u8,
    } = "recovery_code_used",
    /// To a member: the link to another password, which they or somebody else asked for.
    ResetAsked {
        /// The link's secret.
        secret: String,
        /// From where it was asked for.
        whence: Whence,
    } = "reset_asked",
    /// To somebody who is no member yet.
    Invited {
        /// The link's secret.
        secret: String,
        /// By whom.
        by: StaffId,
        /// As what.
        role: Role,
        /// Until when the link is good.
        until: UtcMillis,
    } = "invited",
    /// To the owners: who may see what is not what it was.
    MembersChanged {
        /// Whom it is about.
        name: String,
        /// What happened.
        change: MemberChange,
        /// Their role now; none once they are gone.
        role: Option<Role>,
        /// When.
        at: UtcMillis,
    } = "members_changed",
    /// To the owners: somebody opened an agenda they have no right to, in an emergency (check Z4).
    GlassBroken {
        /// Who.
        by: StaffId,
        /// Whose agenda.
        practitioner: String,
        /// From when.
        at: UtcMillis,
        /// Until when.
        until: UtcMillis,
    } = "glass_broken",
    /// To the owners: one of them lets somebody of the platform's support look in (regulation R8.3).
    SupportGranted {
        /// Who looks in.
        agent: StaffId,
        /// Who let them.
        by: StaffId,
        /// From when.
        at: UtcMillis,
        /// Until when.
        until: UtcMillis,
    } = "support_granted",
    /// To the owners, and to whom it is about: something suspicious.
    Alert {
        /// Which rule.
        rule: Rule,
        /// How grave.
        gravity: Gravity,
        /// Whom it is about.
        staff: StaffId,
        /// When.
        at: UtcMillis,
    } = "alert",
    /// To a member: their account will be closed unless they use it.
    Unused {
        /// From when on.
        from: UtcMillis,
    } = "unused",
    /// To the owners: a newer contract waits to be accepted.
    ContractAsked {
        /// By when.
        by: UtcMillis,
    } = "contract_asked",
    /// To the owners, and to whom it is about: a member was locked after a grave alert.
    MemberLocked {
        /// Who.
        staff: StaffId,
        /// Which rule.
        rule: Rule,
        /// When.
        at: UtcMillis,
    } = "member_locked",
    /// To the owners: the quarterly review of who has access is due.
    ReviewDue {
        /// Since when.
        since: UtcMillis,
    } = "review_due",
    /// To the data protection officer: an alert that may be a breach of personal data (GDPR articles 33 and 34).
    OfficerAlert {
        /// Name of the practice it is about; none: the installation.
        about: Option<String>,
        /// Which rule.
        rule: Rule,
        /// When.
        at: UtcMillis,
    } = "officer_alert",
    /// To the operator: an alert about the installation or a network.
    InstallationAlert {
        /// Which rule.
        rule: Rule,
        /// When.
        at: UtcMillis,
    } = "installation_alert",
    /// To the owners, each day: what the log has come to, and its checkpoint.
    Daily {
        /// What it says.
        daily: Daily,
    } = "daily",
    /// To a patient who asked for it: the code that opens their bookings of one practice.
    PatientCode {
        /// Eight digits.
        code: String,
        /// In which language they asked.
        locale: Locale,
    } = "patient_code",
    /// To whom the operator names: that mails arrive.
    Trial = "trial",
    /// To a patient: what they have booked, or staff for them.
    Booked {
        /// What.
        appointment: Appointment,
    } = "booked",
    /// To a patient: it is at another time.
    Moved {
        /// What it is now.
        appointment: Appointment,
    } = "moved",
    /// To a patient: it does not take place.
    Cancelled {
        /// What it was.
        appointment: Appointment,
        /// By whom.
        by: CancelledBy,
    } = "cancelled",
    /// To a patient: it is near.
    Reminded {
        /// What.
        appointment: Appointment,
        /// Which reminder.
        reminder: Reminder,
    } = "reminded",
    /// To a patient: what staff have booked for them in one act.
    SeriesBooked {
        /// What.
        several: Several,
    } = "series_booked",
    /// To a patient: these are at other times, moved in one act.
    SeveralMoved {
        /// What they are now.
        several: Several,
    } = "several_moved",
    /// To a patient: the practice has cancelled these in one act.
    SeveralCancelled {
        /// What they were.
        several: Several,
    } = "several_cancelled",
    /// To somebody who waits: a time is held for them.
    Offered {
        /// What is offered, with the number of the booking that would come of it: the entry's.
        offer: Appointment,
        /// The hold.
        hold: HoldId,
        /// Until when.
        until: UtcMillis,
    } = "offered",
    /// To somebody who waited and does so no longer, without their doing.
    WaitingEnded {
        /// Why.
        why: Left,
    } = "waiting_ended",
    /// To a patient who is still to come today: the practitioner runs late.
    Delayed {
        /// Their appointment.
        appointment: Appointment,
        /// By so many minutes.
        minutes: u16,
    } = "delayed",
}

impl Letter {
    /// How long it is worth sending, in seconds since it was written.
    #[must_use]
    pub const fn worth_seconds(&self) -> i64 {
        match self {
            Self::ResetAsked { .. } => RESET_LINK_SECONDS,
            Self::EmailCode { .. } => EMAIL_CODE_SECONDS,
            Self::PatientCode { .. } => PATIENT_CODE_SECONDS,
            Self::Invited { .. } => INVITATION_SECONDS,
            Self::Welcome
            | Self::NewDevice { .. }
            | Self::PasswordChanged { .. }
            | Self::FactorChanged { .. }
            | Self::EmailChanged { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::MembersChanged { .. }
            | Self::GlassBroken { .. }
            | Self::SupportGranted { .. }
            | Self::Alert { .. }
            | Self::InstallationAlert { .. }
            | Self::Unused { .. }
            | Self::ContractAsked { .. }
            | Self::Daily { .. }
            | Self::MemberLocked { .. }
            | Self::ReviewDue { .. }
            | Self::OfficerAlert { .. }
            | Self::Trial
            | Self::Booked { .. }
            | Self::Moved { .. }
            | Self::Cancelled { .. }
            | Self::Reminded { .. }
            | Self::SeriesBooked { .. }
            | Self::SeveralMoved { .. }
            | Self::SeveralCancelled { .. }
            | Self::Offered { .. }
            | Self::WaitingEnded { .. }
            | Self::Delayed { .. } => GIVE_UP_SECONDS,
        }
    }

    /// The appointments that a mail to a patient is about; none of all other mails.
    #[must_use]
    pub fn appointments(&self) -> Vec<Appointment> {
        match self {
            Self::Booked { appointment }
            | Self::Moved { appointment }
            | Self::Cancelled { appointment, by: _ }
            | Self::Reminded {
                appointment,
                reminder: _,
            }
            | Self::Delayed {
                appointment,
                minutes: _,
            } => vec![appointment.clone()],
            Self::Offered { offer, .. } => vec![offer.clone()],
            Self::SeriesBooked { several } | Self::SeveralMoved { several } | Self::SeveralCancelled { several } => {
                several.appointments().collect()
            }
            Self::Welcome
            | Self::NewDevice { .. }
            | Self::PasswordChanged { .. }
            | Self::FactorChanged { .. }
            | Self::EmailCode { .. }
            | Self::EmailChanged { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::ResetAsked { .. }
            | Self::Invited { .. }
            | Self::MembersChanged { .. }
            | Self::GlassBroken { .. }
            | Self::SupportGranted { .. }
            | Self::Alert { .. }
            | Self::InstallationAlert { .. }
            | Self::Unused { .. }
            | Self::ContractAsked { .. }
            | Self::Daily { .. }
            | Self::PatientCode { .. }
            | Self::MemberLocked { .. }
            | Self::ReviewDue { .. }
            | Self::OfficerAlert { .. }
            | Self::WaitingEnded { .. }
            | Self::Trial => Vec::new(),
        }
    }

    /// Whether it is a patient's, about when and where: as discreet as such a mail has to be.
    #[must_use]
    pub fn is_to_patient(&self) -> bool {
        !self.appointments().is_empty() || matches!(self, Self::WaitingEnded { .. })
    }

    /// Whether it tells that something is no more, and so leads nowhere and goes to who is named nowhere else.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Cancelled { .. } | Self::SeveralCancelled { .. } | Self::WaitingEnded { .. }
        )
    }
}

/// After how many seconds a mail is tried again that has been refused for now `tries` times; none: never.
#[must_use]
pub fn retry_after(tries: u32) -> Option<i64> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    RETRY_SECONDS.get(place).copied()
}

/// The day that a day's mail is due about: yesterday, from `hour` on in the practice's zone, unless it went out before.
#[must_use]
pub fn daily_due(zone: &Zone, now: UtcMillis, hour: u8, last: Option<CivilDate>) -> Option<CivilDate> {
    let shifted = now.plus_seconds(-i64::from(hour) * 3_600);
    let yesterday = CivilDate::of(zone, shifted).plus_days(-1);
    last.is_none_or(|last| last < yesterday).then_some(yesterday)
}

#[cfg(test)]
mod tests;
