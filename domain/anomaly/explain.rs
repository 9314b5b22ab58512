//! Why somebody may have opened a patient's file: reasons that the practice's own records give. What is explained feeds no
//! rule about viewing, which is what keeps alerts few (explanation-based auditing: Fabbri and LeFevre, PMC3555324).
//!
//! Must not be here: finding the records.

use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// An appointment explains openings from so many days after it.
pub const APPOINTMENT_DAYS_AFTER: i64 = 30;
/// And from so many days before it.
pub const APPOINTMENT_DAYS_BEFORE: i64 = 14;
/// Who made or moved a booking has a reason to look for so many hours.
pub const HANDLED_HOURS: i64 = 24;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// A reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Explanation {
    /// The patient has or had an appointment with the member, or with somebody they assist.
    Appointment,
    /// The member made or moved the patient's booking a short while ago.
    Handled,
    /// A conversation with the patient is open.
    Thread,
    /// An invoice or quote of the patient's is open.
    Invoice,
    /// The patient waits, today, for a practitioner whom the member assists.
    Waiting,
    /// The member stands in for whoever the patient belongs to.
    Delegated,
    /// The member broke the glass and gave a reason: another rule watches that.
    Glass,
}

/// What records say of a member and a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// Start of their last appointment that has begun, with the member or with somebody they assist.
    pub last_appointment: Option<UtcMillis>,
    /// Start of their next one.
    pub next_appointment: Option<UtcMillis>,
    /// When the member last made or moved a booking of theirs.
    pub handled: Option<UtcMillis>,
    /// A conversation with them is open.
    pub thread_open: bool,
    /// An invoice or quote of theirs is open.
    pub invoice_open: bool,
    /// They wait today.
    pub waiting: bool,
    /// A replacement or delegation is in force.
    pub delegated: bool,
    /// The member has broken the glass.
    pub glass: bool,
}

/// The first reason there is.
#[must_use]
pub fn explanation(link: &Link, at: UtcMillis) -> Option<Explanation> {
    let within = |event: Option<UtcMillis>, seconds: i64| {
        event.is_some_and(|event| event.0.abs_diff(at.0) <= seconds.unsigned_abs() * 1_000)
    };
    let appointment = within(link.last_appointment, APPOINTMENT_DAYS_AFTER * DAY_SECONDS)
        || within(link.next_appointment, APPOINTMENT_DAYS_BEFORE * DAY_SECONDS);
    let reasons = [
        (appointment, Explanation::Appointment),
        (within(link.handled, HANDLED_HOURS * HOUR_SECONDS), Explanation::Handled),
        (link.thread_open, Explanation::Thread),
        (link.invoice_open, Explanation::Invoice),
        (link.waiting, Explanation::Waiting),
        (link.delegated, Explanation::Delegated),
        (link.glass, Explanation::Glass),
    ];
    reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMillis = UtcMillis(1_800_000_000_000);

    fn days(days: i64) -> Option<UtcMillis> {
        Some(NOW.plus_seconds(days * DAY_SECONDS))
    }

    #[test]
    fn each_reason_holds_up_to_its_bound() {
        let second = |time: Option<UtcMillis>, seconds| time.map(|time: UtcMillis| time.plus_seconds(seconds));
        let appointment = |last_appointment, next_appointment| Link {
            last_appointment,
            next_appointment,
            ..Link::default()
        };
        let handled = |handled| Link {
            handled,
            ..Link::default()
        };
        let reason = Some(Explanation::Appointment);
        for (link, expected) in [
            (Link::default(), None),
            (appointment(days(-30), None), reason),
            (appointment(second(days(-30), -1), None), None),
            (appointment(None, days(14)), reason),
            (appointment(None, second(days(14), 1)), None),
            (handled(days(-1)), Some(Explanation::Handled)),
            (handled(second(days(-1), -1)), None),
            (
                Link {
                    glass: true,
                    ..appointment(days(-31), days(15))
                },
                Some(Explanation::Glass),
            ),
        ] {
            assert_eq!(explanation(&link, NOW), expected, "{link:?}");
        }
    }
}
