//! The rules: what each is called, how grave it is, whether it stands alone, and what the server does about it.
//! Numbers, thresholds and levels after Rauthy's events, Entra's and Okta's detections; see ADR 0014.
//!
//! Must not be here: when a rule is broken (`member`, `network`).

use serde::{Deserialize, Serialize};

/// How grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Gravity {
    /// For the day's digest.
    Notice,
    /// Somebody ought to look today.
    Warning,
    /// Somebody ought to look now.
    Critical,
}

impl Gravity {
    /// All of them, mild first.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Warning, Self::Critical];

    /// Stable name: protocol word, metrics label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What the server does by itself when a rule is broken at its full gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The member has to show the second factor again before anything that asks for it.
    StepUp,
    /// The session is ended.
    EndSession,
    /// The member opens nothing more for some minutes.
    Throttle,
    /// The network cannot sign anybody in for a day.
    BlockNetwork,
    /// The member is locked until an owner releases them.
    SoftLock,
}

impl Effect {
    /// From which gravity on it follows: what ends somebody's work, only from the gravest.
    #[must_use]
    pub const fn least(self) -> Gravity {
        match self {
            Self::StepUp | Self::EndSession | Self::Throttle | Self::BlockNetwork => Gravity::Warning,
            Self::SoftLock => Gravity::Critical,
        }
    }
}

/// What a rule looks at: two rules that look at the same are one signal, not two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Family {
    SignIn,
    Place,
    Viewing,
    Hours,
    Export,
    Protection,
    Glass,
    Session,
    Refusals,
    Integrity,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $number:literal, $name:literal, $family:ident, $alone:ident, $effects:expr),+ $(,)?) => {
        /// A rule. Stored by number: append only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $rule),+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// Its number in stored alerts.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$rule => $number),+ }
            }

            /// Stable name: protocol word, metrics label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name),+ }
            }

            /// What it looks at.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$rule => Family::$family),+ }
            }

            /// Whether it is always what it says; the others are notices until something else supports them.
            #[must_use]
            pub const fn stands_alone(self) -> bool {
                match self { $(Self::$rule => alone::$alone),+ }
            }

            /// What the server does about a finding that is a warning or more.
            #[must_use]
            pub const fn effects(self) -> &'static [Effect] {
                match self { $(Self::$rule => $effects),+ }
            }
        }
    };
}

/// Named, so that the table below reads as one.
mod alone {
    pub(super) const ALWAYS: bool = true;
    /// Unless a finding carries two signals of its own.
    pub(super) const SUPPORTED: bool = false;
}

rules! {
    /// 1: an account's sign-ins failed again and again.
    FailedSignIns = 1, "failed_sign_ins", SignIn, SUPPORTED, &[],
    /// 2: many accounts or passwords were tried from one network.
    PasswordSpray = 2, "password_spray", SignIn, ALWAYS, &[Effect::BlockNetwork],
    /// 3: a sign-in succeeded right after many had failed.
    SuccessAfterFailures = 3, "success_after_failures", SignIn, SUPPORTED, &[Effect::StepUp],
    /// 4: a device and a network that the member never used before.
    NewDevice = 4, "new_device", Place, SUPPORTED, &[Effect::StepUp],
    /// 5: two sign-ins too far apart for any journey.
    ImpossibleTravel = 5, "impossible_travel", Place, SUPPORTED, &[Effect::StepUp],
    /// 6: many files opened within an hour that nothing explains.
    BulkViewing = 6, "bulk_viewing", Viewing, SUPPORTED, &[Effect::Throttle, Effect::SoftLock],
    /// 7: files that nothing explains, or one of somebody close.
    UnexplainedAccess = 7, "unexplained_access", Viewing, SUPPORTED, &[],
    /// 8: files opened one after the other, in order.
    Scan = 8, "scan", Viewing, SUPPORTED, &[Effect::Throttle],
    /// 9: files that nobody has touched for years.
    DormantFiles = 9, "dormant_files", Viewing, SUPPORTED, &[],
    /// 10: at hours at which the member never works.
    OffHours = 10, "off_hours", Hours, SUPPORTED, &[],
    /// 11: much was taken away, or for the first time.
    ExportVolume = 11, "export_volume", Export, SUPPORTED, &[Effect::StepUp],
    /// 12: what protects the practice was changed.
    SecurityChange = 12, "security_change", Protection, ALWAYS, &[],
    /// 13: the glass was broken.
    GlassBroken = 13, "glass_broken", Glass, SUPPORTED, &[],
    /// 14: one session in two places.
    SharedSession = 14, "shared_session", Session, SUPPORTED, &[Effect::EndSession],
    /// 15: refused again and again, or led astray by a decoy.
    Abuse = 15, "abuse", Refusals, ALWAYS, &[Effect::EndSession, Effect::SoftLock],
    /// The audit log is not what it was.
    AuditFault = 20, "audit_fault", Integrity, ALWAYS, &[],
    /// The clock was set back.
    ClockSetBack = 21, "clock_set_back", Integrity, ALWAYS, &[],
    /// A backup, or the trial of one, is late.
    BackupLate = 22, "backup_late", Integrity, ALWAYS, &[],
    /// Something that was sealed does not open.
    SealBroken = 23, "seal_broken", Integrity, ALWAYS, &[],
}

impl Rule {
    /// The rule with this number; none for those of newer builds.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.number() == number)
    }

    /// Whether "that was me" may quieten it for a while: what a thief would say too is not believed.
    #[must_use]
    pub const fn may_be_allowed(self) -> bool {
        !self.stands_alone()
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| serde::de::Error::custom("no such rule"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_one_to_one() {
        let numbers: BTreeSet<u16> = Rule::ALL.iter().map(|rule| rule.number()).collect();
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!((numbers.len(), names.len()), (Rule::ALL.len(), Rule::ALL.len()));
        for rule in Rule::ALL {
            assert_eq!(Rule::from_number(rule.number()), Some(*rule));
        }
        assert_eq!(Rule::from_number(0), None);
    }
}
