//! A world of one seed: what happens next is drawn, one thing at a time, until all commands were thought of and answered.
//! Must not be here: what goes wrong with disk and process (`crash`, `damage`), what clients do (`people`), how a world ends
//! (`finish`).

mod crash;
mod damage;
mod finish;
mod people;

use crate::client::Client;
use crate::clock::SimClock;
use crate::coverage::{Coverage, FaultKind};
use crate::failure::{Failure, Outcome};
use crate::ledger::Known;
use crate::plan::{COMMANDS_MIN, Plan, WorldKind};
use crate::practice::{AGENDAS, first_day, opening};
use crate::process::Process;
use crate::store::StoreSetup;
use crate::subscriber::Subscriber;
use crate::trace::Trace;
use crate::truth::Truth;
use cabinet_actors::agenda::cell::Ticket;
use cabinet_actors::clock::Clock as _;
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::invariants::Invariant;
use cabinet_storage::dice::Dice;
use cabinet_storage::disk::Space;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::faulty::Fault;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Steps per command after which a world that does not come to its end has failed.
const STEPS_PER_COMMAND_MAX: u64 = 400;
/// Commands answered while syncs lie, at most: the crash comes then, if none came before.
const ANSWERS_UNDER_LIES_MAX: u64 = 60;

/// What a world counts beside coverage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commands with a final answer.
    pub answered: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Images of the disk after a crash that were opened and judged.
    pub images: u64,
    /// Of these, with damage or after lying syncs.
    pub damaged_images: u64,
    /// Of the damaged ones, those that ended in a named stop.
    pub named_stops: u64,
    /// Images whose audit log was judged.
    pub ledgers: u64,
    /// Simulated milliseconds.
    pub simulated_millis: u64,
}

/// See the head of this file.
pub(crate) struct World {
    dice: Dice,
    plan: Plan,
    clock: Arc<SimClock>,
    disk: SimDisk,
    setup: StoreSetup,
    boots: u64,
    truth: Arc<Mutex<Truth>>,
    process: Process,
    clients: Vec<Client>,
    /// Whose orders are under way.
    senders: BTreeMap<Ticket, usize>,
    subscribers: Vec<Subscriber>,
    thought_of: u64,
    /// A fault that ends by itself is on.
    trouble: bool,
    /// Syncs have begun to lie.
    lying: bool,
    /// The world has come to its end early, as its plan says.
    over: bool,
    /// How far audit logs were known to have come.
    known: Known,
    /// What it counts.
    pub(crate) counts: Counts,
    /// What happened.
    pub(crate) trace: Trace,
}

impl World {
    /// A world of this seed, in which nothing has happened.
    ///
    /// # Errors
    /// A new store does not open.
    pub(crate) fn new(seed: u64, kind: WorldKind, trace: Trace) -> Outcome<Self> {
        let mut dice = Dice::new(seed);
        let plan = Plan::of(kind, &mut dice);
        let (start, changes) = first_day(&mut dice);
        let clock = SimClock::new(start);
        let agendas = AGENDAS.get(..plan.agendas).unwrap_or_default();
        let truth = Arc::new(Mutex::new(Truth::new(agendas)));
        let setup = StoreSetup {
            seed,
            second_witness: plan.second_witness,
        };
        let disk = SimDisk::new();
        let quiet = (cabinet_storage::faulty::FaultPlan::default(), plan.checkpoint_events);
        let process = Process::start((&setup, 0), &disk, (&clock, &truth), quiet)
            .map_err(|error| Failure::new(Invariant::AcknowledgedIsThere, format!("a new store: {error}")))?;
        let subscribers = agendas.iter().flat_map(|key| {
            let both = [Audience::Staff, Audience::Board];
            both.map(|audience| Subscriber::new(*key, audience))
        });
        let mut world = Self {
            subscribers: subscribers.collect(),
            clients: (0..plan.clients)
                .map(|number| Client::new(u128::from(number) + 1))
                .collect(),
            dice,
            plan,
            clock,
            disk,
            setup,
            boots: 1,
            truth,
            process,
            senders: BTreeMap::new(),
            thought_of: 0,
            trouble: false,
            lying: false,
            over: false,
            known: Known::default(),
            counts: Counts::default(),
            trace,
        };
        world.trace.say(format!("seed {seed}: {:?}", world.plan));
        if changes {
            world.fault(FaultKind::ClockChangeDay);
        }
        Ok(world)
    }

    fn agendas(&self) -> &'static [AgendaKey] {
        AGENDAS.get(..self.plan.agendas).unwrap_or_default()
    }

    fn some_agenda(&mut self) -> Option<AgendaKey> {
        let all = self.agendas();
        all.get(self.dice.index(all.len())).copied()
    }

    fn fault(&mut self, kind: FaultKind) {
        self.trace.say(format!("fault: {kind:?}"));
        self.truth.lock().coverage.fault(kind);
    }

    /// The first command of each agenda is a patient's, before there is anything: it is refused.
    fn open_for_business(&mut self) -> Outcome {
        for key in self.agendas() {
            self.think(0, *key)?;
            self.settle()?;
            for order in opening(*key, self.plan.hold_ttl_seconds) {
                self.process.order(order)?;
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Lets everything that is under way come to its outcome.
    fn settle(&mut self) -> Outcome {
        for _ in 0..8 {
            for key in self.process.loads_due() {
                self.process.load(key, false)?;
            }
            self.process.append(|| false)?;
            self.answers()?;
        }
        self.wrong()
    }

    /// Runs the world to its end.
    ///
    /// # Errors
    /// The invariant that it broke.
    pub(crate) fn run(&mut self) -> Outcome {
        self.open_for_business()?;
        self.process.faulty.set_plan(self.plan.appends);
        let steps_max = COMMANDS_MIN * STEPS_PER_COMMAND_MAX;
        let mut steps = 0;
        // A lie is for the end: the world is over with the crash after it.
        let answers = COMMANDS_MIN + if self.plan.lies { ANSWERS_UNDER_LIES_MAX } else { 0 };
        while self.counts.answered < answers && !self.over {
            if self.plan.lies && !self.lying && self.counts.answered >= COMMANDS_MIN {
                self.begin_to_lie();
            }
            self.step()?;
            steps += 1;
            if steps > steps_max {
                return Err(Failure::new(Invariant::EverythingIsAnswered, "the world stands still"));
            }
        }
        if self.lying && !self.over {
            self.end_of_a_lie()?;
        } else if !self.over {
            self.finish()?;
        }
        self.counts.simulated_millis = self.clock.passed_millis();
        Ok(())
    }

    fn step(&mut self) -> Outcome {
        let pace = if self.dice.chance(10) { 300_000 } else { 2_000 };
        self.clock.pass(self.dice.below(pace));
        match self.dice.below(1_000) {
            0..330 => self.client()?,
            330..600 => self.append()?,
            600..720 => self.load()?,
            720..790 => self.process.timers(false)?,
            790..810 => self.process.timers(true)?,
            810..840 => {
                self.process.keep_checkpoints();
            }
            840..930 => self.subscriber()?,
            930..940 => self.rest()?,
            _ => {}
        }
        self.wrong()?;
        if self.dice.chance(self.plan.clock_jumps) {
            self.jump();
        }
        if self.dice.chance(self.plan.disk_faults) {
            self.something_goes_wrong()?;
        } else if self.process.must_end() || !self.disk.powered() {
            self.dies()?;
        }
        self.answers()?;
        self.wrong()
    }

    /// What was noticed where nobody could be told.
    fn wrong(&mut self) -> Outcome {
        let mut truth = self.truth.lock();
        if let Some(failure) = truth.failure.take() {
            return Err(failure);
        }
        let excused = self.trouble || self.process.must_end() || !self.disk.powered() || self.lying;
        if let (Some(error), false) = (truth.load_errors.first(), excused) {
            let what = format!("an agenda does not load: {error}");
            return Err(Failure::new(Invariant::AcknowledgedIsThere, what));
        }
        truth.load_errors.clear();
        Ok(())
    }

    fn append(&mut self) -> Outcome {
        let (late_appends, dice) = (self.plan.late_appends, &mut self.dice);
        let late = self.process.append(|| dice.chance(late_appends))?;
        for _ in 0..late {
            self.fault(FaultKind::AppendLate);
        }
        for fault in self.process.faulty.take_injected() {
            self.fault(kind_of(fault));
        }
        Ok(())
    }

    fn load(&mut self) -> Outcome {
        for key in self.process.loads_due() {
            let lost = self.dice.chance(self.plan.lost_loads);
            if lost {
                self.fault(FaultKind::LoadFails);
            }
            self.trace.say(format!("agenda {} is loaded", key.agenda.0));
            self.process.load(key, lost)?;
        }
        Ok(())
    }

    /// An agenda that nobody needs leaves memory.
    fn rest(&mut self) -> Outcome {
        let Some(key) = self.some_agenda() else { return Ok(()) };
        self.fault(FaultKind::AgendaRests);
        self.process.retire(key)
    }

    fn jump(&mut self) {
        let most = if self.dice.chance(200) {
            26 * 3_600_000
        } else {
            2 * 3_600_000
        };
        let millis = i64::try_from(self.dice.below(most)).unwrap_or(0);
        if self.dice.chance(500) {
            self.fault(FaultKind::ClockForward);
            self.clock.jump(millis);
        } else {
            self.fault(FaultKind::ClockBack);
            self.clock.jump(-millis);
        }
        let now = self.clock.now();
        for subscriber in &mut self.subscribers {
            subscriber.saw(now);
        }
    }

    /// What was reached.
    #[must_use]
    pub(crate) fn coverage(&self) -> Coverage {
        self.truth.lock().coverage.clone()
    }

    /// The disk has room again.
    fn make_room(&mut self) {
        let total = 1 << 40;
        self.disk.set_space(Space { free: total, total });
    }
}

pub(crate) const fn kind_of(fault: Fault) -> FaultKind {
    match fault {
        Fault::UnknownWritten => FaultKind::AnswerLost,
        Fault::UnknownNotWritten => FaultKind::AppendUnknown,
        Fault::Fenced | Fault::Busy | Fault::CheckFailed | Fault::StorageFull | Fault::TooLarge | Fault::Conflict => {
            FaultKind::AppendRefused
        }
        Fault::Delay(_) => FaultKind::AppendDelayed,
    }
}
