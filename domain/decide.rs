//! The rules: `decide` says what a command would do, `apply` does what has happened.
//!
//! An accepted command always gives at least one event. Refusals come in a fixed order, so that the same situation
//! always gets the same answer; the order stands at each command's function in `configure`, `hold`, `book`, `several`,
//! `course` and `waiting`. What a command frees goes to who waits for it in the same decision (`offers`).
//! [`Refusal::NotConfigured`] comes before all others, for every command but `SetProfile`.
//!
//! Who may send which command is not decided here but by the guards at the edge; ownership of holds and bookings by
//! secret is.

mod apply;
mod book;
mod configure;
mod course;
mod explain;
mod hold;
mod offers;
mod place;
mod several;
mod waiting;

pub(crate) use apply::apply;
pub use explain::{Reason, why_not};

use crate::agenda::Agenda;
use crate::command::{Command, Stamp};
use crate::event::{Event, Recorded};
use crate::ids::Seq;
use crate::openings::Plan;
use crate::refusal::Refusal;
use crate::schedule::Profile;

/// Staff may record what began at most this long ago, in minutes (yesterday's walk-ins).
pub const RECORDED_LATE_MINUTES_MAX: i64 = 24 * 60;
/// Staff may book at most this many days ahead: three years.
pub const STAFF_BOOKING_DAYS_AHEAD_MAX: i64 = 3 * 366;

/// What the agenda knows of a command id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// Never accepted (or too long ago): decide it.
    New,
    /// Accepted before with the same body: answer with this sequence, do nothing.
    Repeat {
        /// Sequence of the command's last event.
        seq: Seq,
    },
    /// Accepted before with another body: [`Refusal::CommandIdReused`].
    Reused,
}

/// Looks the stamp's principal and command id up among the remembered acceptances.
#[must_use]
pub fn recall(agenda: &Agenda, stamp: &Stamp) -> Recall {
    match agenda.remembered.get(&(stamp.principal, stamp.command_id)) {
        None => Recall::New,
        Some(known) if known.digest == stamp.digest => Recall::Repeat { seq: known.seq },
        Some(_) => Recall::Reused,
    }
}

/// A configured agenda at one moment: what every rule but `SetProfile` looks at.
#[derive(Clone, Copy)]
struct Scene<'a> {
    agenda: &'a Agenda,
    profile: &'a Profile,
    plan: &'a Plan,
    stamp: &'a Stamp,
}

/// What the command would do now, at least one event. Pure: same state, command and stamp, same answer.
/// Callers ask [`recall`] first.
///
/// # Errors
/// The [`Refusal`] that says why not.
pub fn decide(agenda: &Agenda, command: &Command, stamp: &Stamp) -> Result<Vec<Event>, Refusal> {
    if let Command::SetProfile(profile) = command {
        profile.validate()?;
        return Ok(vec![Event::ProfileSet(profile.clone())]);
    }
    let (Some(profile), Some(plan)) = (&agenda.profile, &agenda.index.plan) else {
        return Err(Refusal::NotConfigured);
    };
    let scene = Scene {
        agenda,
        profile,
        plan,
        stamp,
    };
    let mut events = match command {
        Command::SetProfile(_)
        | Command::SetType(_)
        | Command::RetireType(_)
        | Command::OpenHours(_)
        | Command::ChangeHours(_)
        | Command::CloseHours(_)
        | Command::OpenExceptionally(_)
        | Command::CloseException(_)
        | Command::AddAbsence(_)
        | Command::RemoveAbsence(_) => configure::decide(agenda, command).map(|event| vec![event]),
        Command::HoldSlot { .. }
        | Command::ReleaseHold { .. }
        | Command::ConfirmHold { .. }
        | Command::ExpireHold(_) => hold::decide(scene, command),
        Command::BookDirectly { .. } | Command::MoveBooking { .. } | Command::CancelBooking { .. } => {
            book::decide(scene, command)
        }
        Command::BookSeries {
            series,
            kind,
            patient,
            details,
            sessions,
            allow,
        } => several::book(scene, (*series, *kind), (*patient, *details), sessions, *allow),
        Command::MoveBookings { moves, allow } => several::shift(scene, moves, *allow),
        Command::CancelBookings { bookings } => several::cancel(scene, bookings),
        Command::MarkBooking { booking, mark } => course::mark(scene, *booking, *mark),
        Command::AnnounceDelay { minutes } => course::announce_delay(*minutes),
        Command::JoinWaitingList { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. } => waiting::decide(scene, command),
    }?;
    offers::follow(scene, &mut events);
    Ok(events)
}

/// Numbers a command's events for the journal, from `head + 1`.
#[must_use]
pub fn record<E>(events: Vec<E>, stamp: &Stamp, head: Seq) -> Vec<Recorded<E>> {
    let last = events.len();
    let numbered = (1_u64..).zip(events);
    numbered
        .map(|(offset, event)| Recorded {
            seq: head.saturating_add(offset),
            at: stamp.now,
            principal: stamp.principal,
            command_id: stamp.command_id,
            digest: stamp.digest,
            last_of_command: usize::try_from(offset).is_ok_and(|offset| offset == last),
            event,
        })
        .collect()
}
