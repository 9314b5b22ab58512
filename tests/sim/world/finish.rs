//! The end of a world: faults stop, every client gets its answer (I11), every subscriber sees what is (I5), and what is on the
//! disk is what was said, also after one more power cut and an orderly close.

use super::World;
use crate::failure::{Failure, Outcome, ensure, hold};
use crate::process::Process;
use cabinet_actors::clock::Clock as _;
use cabinet_domain::invariants::{Invariant, check};
use cabinet_domain::waiting::OFFER_SECONDS;
use cabinet_storage::StoreError;
use cabinet_storage::faulty::FaultPlan;
use cabinet_storage::seal::sha256;

/// Rounds within which everything must be answered once faults have stopped.
const ROUNDS_MAX: usize = 64;
/// A time that somebody lets pass is offered to the next: so often, until everybody on a world's short list has let pass all
/// they may.
const RUN_OUTS_MAX: usize = 48;
/// How long an offer stands, in milliseconds.
const OFFER_MILLIS: u64 = OFFER_SECONDS.unsigned_abs() * 1_000;

impl World {
    pub(super) fn finish(&mut self) -> Outcome {
        self.trace.say("faults stop".to_owned());
        if self.process.must_end() || !self.disk.powered() {
            self.dies()?;
        }
        self.end_trouble();
        self.process.faulty.set_plan(FaultPlan::default());
        self.everything_is_answered()?;
        self.holds_run_out()?;
        self.subscribers_see_what_is()?;
        for key in self.agendas() {
            let truth = self.truth.lock();
            if let (Some(served), Some(known)) = (self.process.agenda(*key), truth.state(*key)) {
                hold(check(served))?;
                ensure(served == known, Invariant::ReplayEqualsState, || {
                    format!("agenda {} serves something else", key.agenda.0)
                })?;
            }
        }
        self.last_images()
    }

    fn everything_is_answered(&mut self) -> Outcome {
        for _ in 0..ROUNDS_MAX {
            for number in 0..self.clients.len() {
                let busy = self.senders.values().any(|sender| *sender == number);
                let asked = self.clients.get(number).is_some_and(|client| client.asked.is_some());
                if asked && !busy {
                    self.repeat(number)?;
                }
            }
            self.settle()?;
            self.clock.pass(1_000);
            if self.clients.iter().all(|client| client.asked.is_none()) {
                return Ok(());
            }
        }
        let waiting: Vec<&str> = self
            .clients
            .iter()
            .filter_map(|client| client.asked.as_ref().map(|asked| asked.order.command.name()))
            .collect();
        Err(Failure::new(
            Invariant::EverythingIsAnswered,
            format!("after faults have stopped: {waiting:?}"),
        ))
    }

    /// No hold outlives its time and its timer.
    fn holds_run_out(&mut self) -> Outcome {
        let latest = self.clock.highest().0 - self.clock.now().0;
        self.clock.jump(latest);
        self.clock.pass(3_600_000);
        for key in self.agendas() {
            self.process.wake(*key)?;
        }
        for _ in 0..RUN_OUTS_MAX {
            for _ in 0..4 {
                self.settle()?;
                self.process.timers(true)?;
                self.clock.pass(2_000);
            }
            self.settle()?;
            let stands = |key| self.process.agenda(key).is_none_or(|agenda| !agenda.holds.is_empty());
            if !self.agendas().iter().any(|key| stands(*key)) {
                break;
            }
            self.clock.pass(OFFER_MILLIS);
        }
        for key in self.agendas() {
            let standing = self.process.agenda(*key).map(|agenda| agenda.holds.len());
            ensure(standing == Some(0), Invariant::EverythingIsAnswered, || {
                format!("holds of agenda {} stand after their end: {standing:?}", key.agenda.0)
            })?;
        }
        Ok(())
    }

    fn subscribers_see_what_is(&mut self) -> Outcome {
        for number in 0..self.subscribers.len() {
            // Twice: a board that is told of other types reads the topic again.
            for _ in 0..3 {
                self.catch_up(number)?;
                self.settle()?;
            }
            self.wrong()?;
            let Some(subscriber) = self.subscribers.get(number) else {
                continue;
            };
            let Some(agenda) = self.process.agenda(subscriber.agenda) else {
                return Err(Failure::new(
                    Invariant::EverythingIsAnswered,
                    "an agenda does not serve",
                ));
            };
            subscriber.judge_position(agenda)?;
            subscriber.judge(agenda)?;
        }
        Ok(())
    }

    /// One more power cut loses nothing, nor does one more start, nor an orderly end.
    fn last_images(&mut self) -> Outcome {
        let cut = self.disk.crash(0);
        self.judge_image(&cut, false)?;
        self.boots += 1;
        let lost = |error: StoreError| Failure::new(Invariant::AcknowledgedIsThere, format!("the last start: {error}"));
        let quiet = (FaultPlan::default(), self.plan.checkpoint_events);
        let boot = (&self.setup, self.boots);
        self.process = Process::start(boot, &self.disk, (&self.clock, &self.truth), quiet).map_err(lost)?;
        for key in self.agendas() {
            self.process.wake(*key)?;
        }
        self.settle()?;
        for key in self.agendas() {
            self.process.retire(*key)?;
        }
        self.process.close().map_err(lost)?;
        let closed = self.disk.crash(0);
        self.judge_image(&closed, true)?;
        for (path, bytes) in self.disk.files() {
            self.trace.stir(path.as_os_str().as_encoded_bytes());
            self.trace.stir(&sha256(&[&bytes]));
        }
        Ok(())
    }
}
