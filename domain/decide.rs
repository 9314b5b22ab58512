//! The rules: `decide` says what a command would do, `apply` does what has happened.

use crate::agenda::Agenda;
use crate::command::{Command, Stamp};
use crate::event::{Event, Recorded};
use crate::ids::Seq;
use crate::refusal::Refusal;

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

/// What the command would do now. Pure: same state, command and stamp, same answer.
/// Callers ask [`recall`] first.
///
/// # Errors
/// The [`Refusal`] that says why not.
pub fn decide(agenda: &Agenda, command: &Command, stamp: &Stamp) -> Result<Vec<Event>, Refusal> {
    let _ = (agenda, command, stamp);
    Err(Refusal::NotConfigured)
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

pub(crate) fn apply(agenda: &mut Agenda, recorded: &Recorded<Event>) {
    agenda.seq = recorded.seq;
}
