//! What the audit log says: one leaf per act on a practice's data (law L10), ids only, never content.
//!
//! A leaf tells who did what to what, when, from which session and network, and how it ended. Which events are acts, and
//! which act each is, stands here, so that whoever commits events cannot forget a leaf. Holds and their ends are no acts: they
//! name nobody.
//! Must not be here: numbering, hashing and sealing leaves (storage), names of people.

mod acts;
mod leaf;

pub use acts::leaf_of;
pub use leaf::{Actor, Leaf, LeafOrigin, NETWORK_BYTES_MAX, NOTE_BYTES_MAX, Outcome, SALT_BYTES, Shown, Subject};

macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident = $number:literal, $name:literal),+ $(,)?) => {
        /// What was done. Stored by number: append only, a number is never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Act {
            $($(#[$doc])* $act),+
        }

        impl Act {
            /// Every act, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$act),+];

            /// Its number in a stored leaf.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$act => $number),+
                }
            }

            /// The act with this number; none for numbers of newer builds.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$act),)+
                    _ => None,
                }
            }

            /// Stable name: protocol word, exports, metrics label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$act => $name),+
                }
            }
        }
    };
}

acts! {
    /// An agenda was opened on a screen: the span says which days, names included where the level allows them.
    AgendaOpened = 1, "agenda.opened",
    /// The screen with the agenda was closed.
    AgendaClosed = 2, "agenda.closed",
    /// A patient looked at their own booking.
    BookingViewed = 3, "booking.viewed",
    /// A booking was made.
    Booked = 10, "booking.booked",
    /// A booking was moved.
    Moved = 11, "booking.moved",
    /// A booking was cancelled.
    Cancelled = 12, "booking.cancelled",
    /// Somebody joined the waiting list.
    WaitingJoined = 15, "waiting.joined",
    /// Somebody left the waiting list, or was taken off it.
    WaitingLeft = 16, "waiting.left",
    /// The priority of somebody who waits was set.
    WaitingPrioritised = 17, "waiting.prioritised",
    /// A freed slot was offered to somebody who waits.
    SlotOffered = 19, "slot.offered",
    /// A patient looked at their own place on the waiting list.
    WaitingViewed = 18, "waiting.viewed",
    /// An absence was added.
    AbsenceAdded = 20, "absence.added",
    /// An absence was removed.
    AbsenceRemoved = 21, "absence.removed",
    /// An agenda's profile, types or hours were changed.
    AgendaSet = 22, "agenda.set",
    /// The practice's face, places, practitioners or notices were changed.
    PracticeSet = 30, "practice.set",
    /// A member was added or changed.
    MemberSet = 31, "member.set",
    /// A member was removed.
    MemberRemoved = 32, "member.removed",
    /// Somebody was invited.
    InvitationMade = 33, "invitation.made",
    /// An invitation was used.
    InvitationUsed = 34, "invitation.used",
    /// An invitation was withdrawn.
    InvitationWithdrawn = 35, "invitation.withdrawn",
    /// A document was accepted for the practice.
    DocumentAccepted = 36, "document.accepted",
    /// Support was let in.
    SupportGranted = 37, "support.granted",
    /// Support's grant was ended.
    SupportEnded = 38, "support.ended",
    /// A member broke the glass.
    GlassBroken = 39, "glass.broken",
    /// Broken glass was ended.
    GlassEnded = 40, "glass.ended",
    /// An owner reviewed who has access.
    AccessReviewed = 41, "access.reviewed",
    /// The list of who has access was taken away as a file.
    AccessExported = 42, "access.exported",
    /// A member was locked after a grave alert.
    MemberLocked = 43, "member.locked",
    /// A locked member was released.
    MemberReleased = 44, "member.released",
    /// A member made their account.
    AccountMade = 50, "account.made",
    /// A member signed in.
    SignedIn = 51, "session.opened",
    /// A session was ended, by its owner or with their account.
    SessionEnded = 52, "session.ended",
    /// A member changed their password.
    PasswordChanged = 53, "password.changed",
    /// A member changed their second factor or its recovery codes.
    FactorChanged = 54, "factor.changed",
    /// A member changed the address they sign in with.
    EmailChanged = 58, "email.changed",
    /// Staff said where somebody is, or what became of an appointment.
    Marked = 80, "booking.marked",
    /// Staff said how late the practitioner runs.
    DelayAnnounced = 81, "delay.announced",
    /// A member made a calendar feed of an agenda, in place of a former one.
    FeedMade = 86, "feed.made",
    /// A member ended their calendar feed of an agenda.
    FeedEnded = 87, "feed.ended",
    /// A member showed the second factor again.
    SteppedUp = 55, "session.stepped_up",
    /// The account was removed.
    AccountRemoved = 56, "account.removed",
    /// A link for a member was made.
    LinkMade = 57, "link.made",
    /// The log was read.
    LogRead = 60, "log.read",
    /// The log was taken away as a file.
    LogExported = 61, "log.exported",
    /// Something was asked for without the right to it.
    Refused = 62, "access.refused",
    /// An alert about a member was answered.
    AlertAnswered = 63, "alert.answered",
    /// An operator let somebody go who had been held back.
    LetGo = 70, "platform.let_go",
    /// An operator had dead letters be tried again.
    MailsRevived = 71, "platform.mails_revived",
    /// Patients were searched: up to twenty names were shown.
    PatientsSearched = 90, "patients.searched",
    /// A patient's card and appointments were opened.
    PatientViewed = 91, "patient.viewed",
    /// A patient's card was written.
    PatientSet = 92, "patient.set",
    /// Two cards became one.
    PatientsMerged = 93, "patients.merged",
    /// Two cards that were one became two again.
    PatientsParted = 94, "patients.parted",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_one_to_one() {
        let numbers: BTreeSet<u16> = Act::ALL.iter().map(|act| act.number()).collect();
        let names: BTreeSet<&str> = Act::ALL.iter().map(|act| act.name()).collect();
        assert_eq!((numbers.len(), names.len()), (Act::ALL.len(), Act::ALL.len()));
        for act in Act::ALL {
            assert_eq!(Act::from_number(act.number()), Some(*act));
        }
        assert_eq!(Act::from_number(0), None);
    }
}
