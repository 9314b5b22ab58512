//! The state machine of one agenda, without I/O: orders, append outcomes and the clock go in, effects come out.
//!
//! One append is in flight at a time. Orders that arrive meanwhile wait; when its outcome is known they are decided in order
//! on a scratch copy and go out together as the next append. An answer that rests on something not yet durable, refusals
//! included, leaves only after the append it rests on (laws L1, L2).
//!
//! After an unknown outcome the cell serves nothing, asks for a reload, and decides the orders afresh on what it finds: those
//! the store remembers are answered as accepted, the others are decided as if they had just come. That is safe because every
//! append names the head it expects: should the lost one arrive late after all, the next one conflicts and the cell loads
//! again. If the reload fails, orders that were in the append get `Unknown`, the others `Busy`.
//!
//! Deliberately absent: actix, futures, the store, reading a clock, metrics.

mod batch;
mod effect;
mod expiry;
mod served;
#[cfg(test)]
mod tests;

use self::batch::{Batch, Decision, Judged, Waiting, accepted, commit_of, judge};
pub use self::effect::{CellOptions, Decide, Effect, Ended, Notice, Ticket};
pub use self::served::Checkpoint;
use self::served::Served;
use crate::order::{Accepted, ExecuteError, Order};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Command, Stamp};
use cabinet_domain::ids::{AgendaKey, BlobId, HoldId};
use cabinet_domain::invariants::{self, Violation};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::EVENTS_PER_APPEND_MAX;
use cabinet_storage::{AppendError, Appended, Loaded, Opened, PersonRecord};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Loading,
    Serving,
    /// No new orders; ends once nothing waits.
    Stopping,
    Ended,
}

/// See the head of this file.
pub struct Cell {
    key: AgendaKey,
    options: CellOptions,
    phase: Phase,
    /// None while loading.
    served: Option<Served>,
    waiting: VecDeque<Waiting>,
    in_flight: Option<Batch>,
    /// So many of the waiting orders go out alone, because their batch was refused as a whole.
    singly: usize,
    /// Holds whose end has been ordered.
    expiring: BTreeSet<HoldId>,
    armed: Option<UtcMillis>,
    /// After a failed append, holds are ended no sooner than this.
    not_before: UtcMillis,
    last_used: UtcMillis,
    /// Commits since the last check of all invariants.
    unchecked: usize,
    effects: Vec<Effect>,
}

/// Seconds without orders after which the scratch copy is freed.
const SCRATCH_IDLE_SECONDS: i64 = 60;
/// All invariants are checked after at least so many commits, and as many as the agenda has bookings: a check walks all of
/// them, so that it costs each commit the same however large the agenda is. In debug builds at every commit.
const COMMITS_PER_CHECK: usize = if cfg!(debug_assertions) { 1 } else { 32 };

impl Cell {
    /// A cell that wants to be loaded.
    #[must_use]
    pub fn start(key: AgendaKey, options: CellOptions, now: UtcMillis) -> (Self, Vec<Effect>) {
        let cell = Self {
            key,
            options,
            phase: Phase::Loading,
            served: None,
            waiting: VecDeque::new(),
            in_flight: None,
            singly: 0,
            expiring: BTreeSet::new(),
            armed: None,
            not_before: UtcMillis(i64::MIN),
            last_used: now,
            unchecked: 0,
            effects: Vec::new(),
        };
        (cell, vec![Effect::Load])
    }

    /// An order has come.
    pub fn on_order(&mut self, ticket: Ticket, order: Arc<Order>, now: UtcMillis) -> Vec<Effect> {
        self.last_used = now;
        let open = matches!(self.phase, Phase::Loading | Phase::Serving);
        if !open || self.waiting.len() >= self.options.waiting_orders_max {
            if open {
                self.effects.push(Effect::Notice(Notice::QueueFull));
            }
            self.reply(Some(ticket), &order.command, Err(ExecuteError::Busy));
            return self.take();
        }
        let stamp = Stamp {
            now,
            principal: order.principal,
            command_id: order.command_id,
            digest: order.digest,
        };
        self.waiting.push_back(Waiting {
            ticket: Some(ticket),
            order,
            stamp,
            sent: false,
        });
        self.pump();
        self.take()
    }

    /// The stream has been loaded, or could not be.
    pub fn on_loaded(&mut self, opened: Option<Opened>, now: UtcMillis) -> Vec<Effect> {
        let opened = opened.and_then(|opened| Served::open(opened, self.options.checkpoint_events));
        let Some((served, checkpoint)) = opened else {
            self.end(Ended::NotLoaded, ExecuteError::Busy);
            return self.take();
        };
        let history = served.history;
        self.served = Some(served);
        if self.phase == Phase::Loading {
            self.phase = Phase::Serving;
        }
        self.expiring.clear();
        self.armed = None;
        self.effects.push(Effect::Opened { history });
        self.checkpoint(checkpoint);
        self.check_invariants();
        self.end_due_holds(now);
        self.go_on(now);
        self.take()
    }

    /// Somebody wants to listen, or to see who is who. Until nobody does ([`Self::leave_alone`]), all is told.
    pub fn attend(&mut self) -> Vec<Effect> {
        if self.served.as_mut().is_some_and(Served::attend) {
            self.effects.push(Effect::LookBack);
        }
        self.take()
    }

    /// What came before has been loaded, or could not be.
    pub fn on_looked_back(&mut self, loaded: Option<Loaded>) -> Vec<Effect> {
        let Some(served) = &mut self.served else {
            return self.take();
        };
        match loaded {
            None => {
                if served.look_failed() {
                    self.effects.push(Effect::NotAttended);
                }
            }
            Some(loaded) => {
                if let Some(looked) = served.looked_back(loaded) {
                    self.effects.push(Effect::Attended {
                        base: looked.base,
                        replay: looked.replay,
                        here: served.live.seq,
                    });
                    self.notice_panics(looked.panics);
                }
            }
        }
        self.take()
    }

    /// Nobody listens any more.
    pub fn leave_alone(&mut self) {
        if let Some(served) = &mut self.served {
            served.leave_alone();
        }
    }

    /// The append in flight has an outcome.
    pub fn on_append_result(&mut self, result: Result<Appended, AppendError>, now: UtcMillis) -> Vec<Effect> {
        let Some(batch) = self.in_flight.take() else {
            return self.take();
        };
        let expected = batch.events.last().map(|event| event.seq);
        match result {
            Ok(appended) if Some(appended.head) == expected => self.committed(batch, appended),
            // A head that is not ours means that this state is not the stream's.
            Ok(_) | Err(AppendError::Unknown) => {
                self.effects.push(Effect::Notice(Notice::OutcomeUnknown));
                self.reload(batch, true);
            }
            Err(AppendError::Conflict { .. }) => self.reload(batch, false),
            Err(AppendError::CheckFailed) => self.decide_singly(batch, &ExecuteError::Busy),
            // One patient's key that fails is no reason for the others.
            Err(AppendError::NotSealed) => self.decide_singly(batch, &ExecuteError::Internal),
            Err(AppendError::TooLarge) => {
                let refusal = Refusal::TooMany {
                    what: "bytes of one command",
                };
                self.decide_singly(batch, &ExecuteError::Refused(refusal));
            }
            Err(AppendError::StorageFull) => self.not_written(batch, &ExecuteError::StorageFull),
            Err(AppendError::Busy) => self.not_written(batch, &ExecuteError::Busy),
            Err(AppendError::Fenced { .. }) => {
                // Nothing was written, and only a newer incarnation of this agenda can have raised the fence.
                self.requeue(batch, false);
                self.end(Ended::Fenced, ExecuteError::Busy);
            }
        }
        self.go_on(now);
        self.take()
    }

    /// The time asked for has come, or the clock may have moved.
    pub fn on_timer(&mut self, now: UtcMillis) -> Vec<Effect> {
        self.armed = None;
        self.end_due_holds(now);
        if now >= self.last_used.plus_seconds(SCRATCH_IDLE_SECONDS)
            && self.in_flight.is_none()
            && let Some(served) = &mut self.served
        {
            served.rest();
        }
        self.go_on(now);
        self.take()
    }

    /// Takes no more orders, finishes those that wait, gives out the last checkpoint, ends.
    pub fn retire(&mut self, now: UtcMillis) -> Vec<Effect> {
        if self.phase == Phase::Loading && self.waiting.is_empty() {
            self.end(Ended::Retired, ExecuteError::Busy);
        } else if self.phase != Phase::Ended {
            self.phase = Phase::Stopping;
        }
        self.go_on(now);
        self.take()
    }

    /// The durable state; none while loading or ended.
    #[must_use]
    pub fn agenda(&self) -> Option<&Agenda> {
        self.served.as_ref().map(|served| &served.live)
    }

    /// The blobs the durable state names, while somebody attends.
    #[must_use]
    pub fn people(&self) -> Option<&BTreeMap<BlobId, PersonRecord>> {
        self.served.as_ref().and_then(Served::people)
    }

    /// Since when nothing has been asked of it; none while something is under way or a hold stands.
    #[must_use]
    pub fn idle_since(&self) -> Option<UtcMillis> {
        let agenda = self.agenda()?;
        let busy = self.in_flight.is_some() || !self.waiting.is_empty() || !agenda.holds.is_empty();
        (!busy).then_some(self.last_used)
    }

    /// Someone has looked at it.
    pub const fn used(&mut self, now: UtcMillis) {
        self.last_used = now;
    }

    fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What follows every step: the next batch, the timer, the end if it is time.
    fn go_on(&mut self, now: UtcMillis) {
        self.pump();
        self.arm(now);
        let done = self.in_flight.is_none() && self.waiting.is_empty();
        if self.phase == Phase::Stopping && done && self.served.is_some() {
            let last = self.served.as_mut().and_then(Served::last_checkpoint);
            self.checkpoint(last);
            self.end(Ended::Retired, ExecuteError::Busy);
        }
    }

    /// Decides waiting orders and sends what they come to, unless an append is in flight.
    fn pump(&mut self) {
        if self.in_flight.is_some() || !matches!(self.phase, Phase::Serving | Phase::Stopping) {
            return;
        }
        let Some(mut served) = self.served.take() else { return };
        let mut batch = Batch::default();
        while let Some(waiting) = self.waiting.pop_front() {
            match judge(
                &mut served,
                self.options.decide,
                &waiting,
                &batch,
                EVENTS_PER_APPEND_MAX,
            ) {
                Judged::NextCommit => {
                    self.waiting.push_front(waiting);
                    break;
                }
                Judged::Decided(decision, events) if batch.events.is_empty() && events.is_empty() => {
                    // Nothing undurable lies under this answer.
                    self.answer(&served.live, &waiting, decision);
                }
                Judged::Decided(decision, events) => {
                    batch.events.extend(events);
                    batch.decided.push((waiting, decision));
                }
            }
            if self.singly > 0 {
                self.singly -= 1;
                if !batch.events.is_empty() {
                    break;
                }
            }
        }
        let expected = served.live.seq;
        self.notice_violations(invariants::check_commit(&served.live, &batch.events));
        self.served = Some(served);
        if !batch.events.is_empty() {
            let commit = commit_of(self.key, expected, &batch);
            self.in_flight = Some(batch);
            self.effects.push(Effect::Append(commit));
        }
    }

    fn committed(&mut self, batch: Batch, appended: Appended) {
        let Some(mut served) = self.served.take() else { return };
        let committed = served.commit(batch.events, appended.people);
        for (waiting, decision) in batch.decided {
            self.answer(&served.live, &waiting, decision);
        }
        self.served = Some(served);
        if !committed.publications.is_empty() {
            self.effects.push(Effect::Publish(committed.publications));
        }
        self.notice_panics(committed.panics);
        self.checkpoint(committed.checkpoint);
        self.unchecked = self.unchecked.saturating_add(1);
        let bookings = self.agenda().map_or(0, |agenda| agenda.bookings.len());
        if self.unchecked >= COMMITS_PER_CHECK && (cfg!(debug_assertions) || self.unchecked >= bookings) {
            self.unchecked = 0;
            self.check_invariants();
        }
    }

    /// Puts a batch's orders back in front, in order.
    fn requeue(&mut self, batch: Batch, sent: bool) {
        for (mut waiting, _) in batch.decided.into_iter().rev() {
            waiting.sent |= sent;
            self.waiting.push_front(waiting);
        }
        if let Some(served) = &mut self.served {
            served.drop_scratch();
        }
    }

    fn reload(&mut self, batch: Batch, sent: bool) {
        self.requeue(batch, sent);
        self.served = None;
        self.singly = 0;
        if self.phase == Phase::Serving {
            self.phase = Phase::Loading;
        }
        self.effects.push(Effect::Load);
    }

    /// The batch was refused as a whole: each of its orders goes alone. One that was alone gets `error`.
    fn decide_singly(&mut self, mut batch: Batch, error: &ExecuteError) {
        let accepted = |decision: &Decision| matches!(decision, Decision::Accepted(_));
        let alone = batch.decided.iter().filter(|(_, decision)| accepted(decision)).count() <= 1;
        if alone && let Some(at) = batch.decided.iter().position(|(_, decision)| accepted(decision)) {
            let (waiting, _) = batch.decided.remove(at);
            self.expiry_answered(&waiting, false);
            self.not_done(&waiting, error);
        }
        self.singly = self.singly.saturating_add(batch.decided.len());
        self.requeue(batch, false);
    }

    /// Certainly nothing was written: accepted orders get `error`, the others are decided again on what is durable.
    fn not_written(&mut self, mut batch: Batch, error: &ExecuteError) {
        let mut again = Batch::default();
        for (waiting, decision) in batch.decided.drain(..) {
            if matches!(decision, Decision::Accepted(_)) {
                self.expiry_answered(&waiting, false);
                self.not_done(&waiting, error);
            } else {
                again.decided.push((waiting, decision));
            }
        }
        self.requeue(again, false);
    }

    fn answer(&mut self, live: &Agenda, waiting: &Waiting, decision: Decision) {
        let command = &waiting.order.command;
        self.expiry_answered(waiting, matches!(decision, Decision::Accepted(_) | Decision::Repeat(_)));
        let outcome = match decision {
            Decision::Accepted(seq) => Ok(accepted(live, command, seq, waiting.stamp.now, false)),
            Decision::Repeat(seq) => {
                let known = live
                    .remembered
                    .get(&(waiting.stamp.principal, waiting.stamp.command_id));
                let at = known.map_or(waiting.stamp.now, |known| known.at);
                // Found again after an unknown outcome: to its sender it is the first answer.
                Ok(accepted(live, command, seq, at, !waiting.sent))
            }
            Decision::Refused(refusal) => Err(ExecuteError::Refused(refusal)),
            Decision::Broken => {
                self.effects.push(Effect::Notice(Notice::PanicCaught));
                Err(ExecuteError::Internal)
            }
        };
        self.reply(waiting.ticket, command, outcome);
    }

    fn reply(&mut self, ticket: Option<Ticket>, command: &Command, outcome: Result<Accepted, ExecuteError>) {
        self.effects.push(Effect::Reply {
            ticket,
            command: command.name(),
            outcome: Box::new(outcome),
        });
    }

    /// Answers an order that is not done now. One that was part of a commit with unknown outcome may be done all the same.
    fn not_done(&mut self, waiting: &Waiting, error: &ExecuteError) {
        let error = if waiting.sent {
            ExecuteError::Unknown
        } else {
            error.clone()
        };
        self.reply(waiting.ticket, &waiting.order.command, Err(error));
    }

    /// Answers everything that waits, and ends.
    fn end(&mut self, why: Ended, error: ExecuteError) {
        while let Some(waiting) = self.waiting.pop_front() {
            self.not_done(&waiting, &error);
        }
        self.phase = Phase::Ended;
        self.served = None;
        self.effects.push(Effect::End(why));
    }

    fn checkpoint(&mut self, checkpoint: Option<Checkpoint>) {
        if let Some(checkpoint) = checkpoint {
            self.effects.push(Effect::Checkpoint(Box::new(checkpoint)));
        }
    }

    fn notice_panics(&mut self, panics: u64) {
        for _ in 0..panics {
            self.effects.push(Effect::Notice(Notice::PanicCaught));
        }
    }

    fn check_invariants(&mut self) {
        let violations = self
            .served
            .as_ref()
            .map_or_else(Vec::new, |served| invariants::check(&served.live));
        self.notice_violations(violations);
    }

    fn notice_violations(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            self.effects.push(Effect::Notice(Notice::Violation(violation.id())));
        }
    }
}
