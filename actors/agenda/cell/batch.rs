//! Deciding orders: one at a time, in order, each on what the ones before it in the batch make of the durable state.
//!
//! Must not be here: when a batch is sent, what happens to it then.

use crate::agenda::cell::effect::{Decide, Ticket};
use crate::agenda::cell::served::Served;
use crate::mail::{Write, language};
use crate::order::{Accepted, Order};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Command, Stamp};
use cabinet_domain::decide::{Recall, recall, record};
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, PatientId, Seq};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::stream::{StreamEvent, StreamKey};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::Commit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An order in the queue.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    /// Whom to answer; none for the cell's own orders.
    pub(super) ticket: Option<Ticket>,
    pub(super) order: Arc<Order>,
    /// Taken once, on arrival (law L6).
    pub(super) stamp: Stamp,
    /// It was part of a commit with unknown outcome.
    pub(super) sent: bool,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Accepted; its last event has this sequence.
    Accepted(Seq),
    /// Accepted before.
    Repeat(Seq),
    /// Refused.
    Refused(Refusal),
    /// The rules panicked; nothing was changed.
    Broken,
}

/// Orders decided together. Their answers depend on each other's durability, so they wait for one outcome.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) decided: Vec<(Waiting, Decision)>,
    pub(super) events: Vec<Recorded<Event>>,
}

/// What judging an order came to.
pub(super) enum Judged {
    /// Decided, with its events applied to the scratch copy if there is one.
    Decided(Decision, Vec<Recorded<Event>>),
    /// Its events do not fit this commit any more: the next one.
    NextCommit,
}

/// Decides one order after those in `batch`, to which at most `most` events may come in all.
pub(super) fn judge(served: &mut Served, decide: Decide, waiting: &Waiting, batch: &Batch, most: usize) -> Judged {
    let room = most.saturating_sub(batch.events.len());
    let ahead = served.ahead(&batch.events);
    let decided = |decision| Judged::Decided(decision, Vec::new());
    match recall(ahead, &waiting.stamp) {
        Recall::New => {}
        Recall::Repeat { seq } => return decided(Decision::Repeat(seq)),
        Recall::Reused => return decided(Decision::Refused(Refusal::CommandIdReused)),
    }
    let command = &waiting.order.command;
    if !carries_its_blobs(&waiting.order) {
        return decided(Decision::Refused(Refusal::Invalid {
            field: "personal",
            must: "be exactly the blob that the command names",
        }));
    }
    // `decide` borrows the state immutably: a caught panic leaves nothing half changed.
    let outcome = catch_unwind(AssertUnwindSafe(|| decide(ahead, command, &waiting.stamp)));
    match outcome {
        Err(_) => decided(Decision::Broken),
        Ok(Err(refusal)) => decided(Decision::Refused(refusal)),
        Ok(Ok(events)) if events.len() > most => decided(Decision::Refused(Refusal::TooMany {
            what: "events of one command",
        })),
        Ok(Ok(events)) if events.len() > room => Judged::NextCommit,
        Ok(Ok(events)) => {
            let events = record(events, &waiting.stamp, ahead.seq);
            let seq = events.last().map_or(ahead.seq, |last| last.seq);
            served.decided(&events);
            Judged::Decided(Decision::Accepted(seq), events)
        }
    }
}

/// The personal blob a command names.
const fn blob_named(command: &Command) -> Option<(PatientId, BlobId)> {
    match command {
        Command::ConfirmHold { patient, details, .. }
        | Command::BookDirectly { patient, details, .. }
        | Command::BookSeries { patient, details, .. }
        | Command::JoinWaitingList { patient, details, .. } => Some((*patient, *details)),
        Command::SetProfile(_)
        | Command::SetType(_)
        | Command::RetireType(_)
        | Command::OpenHours(_)
        | Command::ChangeHours(_)
        | Command::CloseHours(_)
        | Command::OpenExceptionally(_)
        | Command::CloseException(_)
        | Command::AddAbsence(_)
        | Command::RemoveAbsence(_)
        | Command::HoldSlot { .. }
        | Command::ReleaseHold { .. }
        | Command::MoveBooking { .. }
        | Command::CancelBooking { .. }
        | Command::ExpireHold(_)
        | Command::MoveBookings { .. }
        | Command::CancelBookings { .. }
        | Command::MarkBooking { .. }
        | Command::AnnounceDelay { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        // The booking takes over the blob that the entry names.
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. } => None,
    }
}

fn carries_its_blobs(order: &Order) -> bool {
    let carried = order.personal.iter().map(|part| (part.patient, part.blob));
    carried.eq(blob_named(&order.command))
}

/// The acceptance as its sender gets it.
pub(super) fn accepted(live: &Agenda, command: &Command, seq: Seq, at: UtcMillis, repeated: bool) -> Accepted {
    let (hold, booking) = match command {
        Command::HoldSlot { hold, .. } => (live.holds.get(hold), None),
        Command::ConfirmHold { booking, .. }
        | Command::BookDirectly { booking, .. }
        | Command::MoveBooking { booking, .. }
        | Command::CancelBooking { booking, .. }
        | Command::MarkBooking { booking, .. } => (None, live.bookings.get(booking)),
        Command::AcceptOffer { entry, .. } => (None, live.bookings.get(&BookingId(entry.0))),
        Command::SetProfile(_)
        | Command::SetType(_)
        | Command::RetireType(_)
        | Command::OpenHours(_)
        | Command::ChangeHours(_)
        | Command::CloseHours(_)
        | Command::OpenExceptionally(_)
        | Command::CloseException(_)
        | Command::AddAbsence(_)
        | Command::RemoveAbsence(_)
        | Command::ReleaseHold { .. }
        | Command::ExpireHold(_)
        | Command::BookSeries { .. }
        | Command::MoveBookings { .. }
        | Command::CancelBookings { .. }
        | Command::AnnounceDelay { .. }
        | Command::JoinWaitingList { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        | Command::DeclineOffer { .. } => (None, None),
    };
    Accepted {
        seq,
        at,
        repeated,
        hold: hold.cloned(),
        booking,
    }
}

/// The write that keeps in which language a patient has booked.
fn language_of(order: &Order) -> Option<Write> {
    let Command::ConfirmHold { booking, .. } = &order.command else {
        return None;
    };
    language(order.agenda.practice, *booking, order.locale?)
}

/// The commit a batch makes.
pub(super) fn commit_of(key: AgendaKey, expected: Seq, batch: &Batch) -> Commit {
    let decided = batch.decided.iter();
    let accepted = decided.filter(|(_, decision)| matches!(decision, Decision::Accepted(_)));
    let orders = accepted.map(|(waiting, _)| &waiting.order);
    let known = |order: &&Arc<Order>| order.origin != LeafOrigin::default();
    Commit {
        stream: StreamKey::Agenda(key),
        expected,
        events: batch
            .events
            .iter()
            .map(|recorded| recorded.with(StreamEvent::Agenda(recorded.event.clone())))
            .collect(),
        personal: orders
            .clone()
            .flat_map(|order| order.personal.iter().cloned())
            .collect(),
        writes: orders.clone().filter_map(|order| language_of(order)).collect(),
        origins: orders
            .filter(known)
            .map(|order| (order.command_id, order.origin.clone()))
            .collect(),
    }
}
