//! A world with the real actors: `Agendas` with its shells, mailboxes and feeds on a paused tokio runtime over the real
//! journal, appends failing by plan. Each process is a runtime of its own; dropping it is the crash.

mod tasks;

use crate::client::Client;
use crate::clock::SimClock;
use crate::coverage::FaultKind;
use crate::failure::{Failure, Outcome, ensure};
use crate::ledger::Known;
use crate::plan::{COMMANDS_MIN, Plan, WorldKind};
use crate::practice::{AGENDAS, first_day};
use crate::store::{Store, StoreSetup};
use crate::subscriber::Subscriber;
use crate::trace::Trace;
use crate::truth::{Truth, Watched};
use crate::wait;
use crate::world::{Counts, kind_of};
use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::Clock as _;
use cabinet_actors::metrics::Metrics;
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::invariants::Invariant;
use cabinet_storage::StreamStore;
use cabinet_storage::dice::Dice;
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use cabinet_storage::faulty::{FaultPlan, FaultyJournal};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Milliseconds between two steps of the clock; also how often the world looks whether a process must end.
const TICK_MILLIS: u64 = 100;
/// Simulated milliseconds in which a process without faults must have answered everything.
const PATIENCE_MILLIS: u64 = 600_000;
/// Longer than any hold lasts, in simulated milliseconds.
const HOLDS_MILLIS_MAX: u64 = 700_000;
/// Most processes of one world.
const PROCESSES_MAX: u64 = 60;

/// What all tasks of a world share.
pub(crate) struct Shared {
    pub(crate) agendas: Vec<AgendaKey>,
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) truth: Arc<Mutex<Truth>>,
    pub(crate) trace: RefCell<Trace>,
    pub(crate) counts: RefCell<Counts>,
    pub(crate) clients: RefCell<Vec<Client>>,
    pub(crate) subscribers: RefCell<Vec<Subscriber>>,
    /// Clients think of nothing new any more.
    pub(crate) closing: RefCell<bool>,
}

impl Shared {
    pub(crate) fn say(&self, line: String) {
        self.trace.borrow_mut().say(line);
    }

    pub(crate) fn fault(&self, kind: FaultKind) {
        self.say(format!("fault: {kind:?}"));
        self.truth.lock().coverage.fault(kind);
    }

    /// The first thing that is wrong stands; the world ends with it.
    pub(crate) fn note(&self, outcome: Outcome) {
        if let Err(failure) = outcome {
            self.truth.lock().failure.get_or_insert(failure);
        }
    }

    fn failed(&self) -> bool {
        self.truth.lock().failure.is_some()
    }
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    PowerCut,
    Kill,
    Orderly,
    /// Of the world.
    Last,
}

/// See the head of this file.
pub(crate) struct Lives {
    pub(crate) shared: Rc<Shared>,
    setup: StoreSetup,
    disk: SimDisk,
    dice: Dice,
    boots: u64,
}

/// One process.
struct Process {
    agendas: Agendas,
    store: Store,
    faulty: Arc<FaultyJournal>,
    metrics: Arc<Metrics>,
}

impl Lives {
    /// A world of this seed.
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::of(WorldKind::Shells, &mut dice);
        let (start, _) = first_day(&mut dice);
        let agendas = AGENDAS.get(..plan.agendas).unwrap_or_default().to_vec();
        let both = |key: &AgendaKey| [Audience::Staff, Audience::Board].map(|audience| Subscriber::new(*key, audience));
        let shared = Shared {
            truth: Arc::new(Mutex::new(Truth::new(&agendas))),
            subscribers: RefCell::new(agendas.iter().flat_map(both).collect()),
            clients: RefCell::new(
                (0..plan.clients)
                    .map(|number| Client::new(u128::from(number) + 1))
                    .collect(),
            ),
            clock: SimClock::new(start),
            trace: RefCell::new(trace),
            counts: RefCell::default(),
            closing: RefCell::new(false),
            agendas,
            plan,
        };
        shared.say(format!("seed {seed}, the real actors: {:?}", shared.plan));
        Self {
            setup: StoreSetup {
                seed,
                second_witness: shared.plan.second_witness,
            },
            shared: Rc::new(shared),
            disk: SimDisk::new(),
            dice,
            boots: 0,
        }
    }

    /// Lives through all processes.
    pub(crate) fn run(&mut self) -> Outcome {
        for number in 1..=PROCESSES_MAX {
            let answered = self.shared.counts.borrow().answered;
            let last = answered >= COMMANDS_MIN || number == PROCESSES_MAX;
            let end = if last { End::Last } else { self.some_end() };
            self.process(end)?;
            let mut counts = self.shared.counts.borrow_mut();
            counts.simulated_millis = self.shared.clock.passed_millis();
            drop(counts);
            if last {
                return self.judge_image(&self.disk.crash(0), true);
            }
            self.dies(end)?;
        }
        Ok(())
    }

    fn some_end(&mut self) -> End {
        match self.dice.below(3) {
            0 => End::PowerCut,
            1 => End::Kill,
            _ => End::Orderly,
        }
    }

    /// The disk after the end of a process, and what clients and subscribers notice of it.
    fn dies(&mut self, end: End) -> Outcome {
        for client in self.shared.clients.borrow_mut().iter_mut() {
            client.leave(false);
        }
        for subscriber in self.shared.subscribers.borrow_mut().iter_mut() {
            subscriber.leave();
        }
        self.shared.truth.lock().restarted();
        let powered = self.disk.powered();
        for _ in 0..self.shared.plan.images {
            let image = self.disk.crash(self.dice.below(1_000_000));
            self.judge_image(&image, false)?;
        }
        self.disk = if end == End::PowerCut || !powered {
            self.shared.fault(FaultKind::PowerCut);
            self.disk.crash(self.dice.below(12))
        } else {
            self.shared.fault(FaultKind::Kill);
            self.disk.snapshot_live()
        };
        Ok(())
    }

    fn judge_image(&mut self, image: &SimDisk, log_too: bool) -> Outcome {
        self.shared.counts.borrow_mut().images += 1;
        self.boots += 1;
        let lost = |error: cabinet_storage::StoreError| {
            Failure::new(Invariant::AcknowledgedIsThere, format!("an image is not read: {error}"))
        };
        let store = self.setup.open(image, &self.shared.clock, self.boots).map_err(lost)?;
        let mut done = BTreeMap::new();
        for key in &self.shared.agendas {
            if let Some(agenda) = store.agenda(*key).map_err(lost)? {
                done.insert(*key, self.shared.truth.lock().done(&agenda)?);
            }
        }
        if !log_too {
            return Ok(());
        }
        self.shared.counts.borrow_mut().ledgers += 1;
        Known::default().judge((&store, image), &done)
    }

    /// One process on a runtime of its own.
    fn process(&mut self, end: End) -> Outcome {
        self.boots += 1;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .map_err(|error| Failure::new(Invariant::EverythingIsAnswered, format!("no runtime: {error}")))?;
        let system = actix_rt::System::with_tokio_rt(|| runtime);
        let outcome = system.block_on(self.live(end));
        drop(system);
        outcome?;
        self.shared.truth.lock().failure.take().map_or(Ok(()), Err)
    }

    fn start(&mut self, end: End) -> Outcome<Process> {
        let lost = |error: cabinet_storage::StoreError| {
            Failure::new(
                Invariant::AcknowledgedIsThere,
                format!("the store does not open: {error}"),
            )
        };
        let store = self
            .setup
            .open(&self.disk, &self.shared.clock, self.boots)
            .map_err(lost)?;
        let plan = match end {
            End::Last => FaultPlan::default(),
            End::PowerCut | End::Kill | End::Orderly => FaultPlan {
                seed: self.dice.roll(),
                delayed: 150,
                delay_max: Duration::from_millis(400),
                ..self.shared.plan.appends
            },
        };
        let faulty = Arc::new(FaultyJournal::new(store.journal.clone(), plan));
        let watched: Arc<dyn StreamStore> =
            Arc::new(Watched::new(store.streams(faulty.clone()), self.shared.truth.clone()));
        let metrics = Metrics::new(&prometheus::Registry::new())
            .map_err(|error| Failure::new(Invariant::EverythingIsAnswered, error.to_string()))?;
        let options = AgendasOptions {
            agenda_threads: 0,
            mailbox_messages_max: 8,
            waiting_orders_max: 4,
            loads_max: 2,
            idle_seconds: 20,
            checkpoint_events: self.shared.plan.checkpoint_events,
            tick_milliseconds: 1_000,
            decide: None,
        };
        let known = self.shared.agendas.clone();
        let exists = Arc::new(move |key: AgendaKey| known.contains(&key));
        Ok(Process {
            agendas: Agendas::start(options, watched, self.shared.clock.clone(), metrics.clone(), exists),
            store,
            faulty,
            metrics,
        })
    }

    async fn live(&mut self, end: End) -> Outcome {
        let process = self.start(end)?;
        self.shared
            .say(format!("process {} has started, to end {end:?}", self.boots));
        *self.shared.closing.borrow_mut() = end == End::Last;
        if self.boots == 1 {
            tasks::open_for_business(&self.shared, &process.agendas).await?;
        }
        tasks::start(&self.shared, &process.agendas, &mut self.dice);
        let until = self.shared.clock.passed_millis() + 3_000 + self.dice.below(20_000);
        let cut_at = self
            .dice
            .chance(300)
            .then(|| self.disk.operations() + 1 + self.dice.below(40));
        if end == End::PowerCut {
            self.disk.set_faults(Faults {
                power_cut_at: cut_at,
                ..Faults::default()
            });
        }
        loop {
            wait::millis(TICK_MILLIS).await;
            self.shared.clock.pass(TICK_MILLIS);
            for fault in process.faulty.take_injected() {
                self.shared.fault(kind_of(fault));
            }
            let stopped = process.store.journal.core().stopped().is_some() || !self.disk.powered();
            let late = self.shared.clock.passed_millis() >= until;
            let all_answered = self.shared.clients.borrow().iter().all(|client| client.asked.is_none());
            if self.shared.failed() || stopped || (end == End::Last && all_answered) || (end != End::Last && late) {
                break;
            }
            let patient = self.shared.clock.passed_millis() < until + PATIENCE_MILLIS;
            ensure(patient, Invariant::EverythingIsAnswered, || {
                "clients wait after faults have stopped".to_owned()
            })?;
        }
        self.counters(&process.metrics)?;
        match end {
            End::PowerCut | End::Kill => Ok(()),
            End::Orderly => {
                process.agendas.shutdown().await;
                Ok(())
            }
            End::Last => self.last(&process).await,
        }
    }

    /// What production itself would have counted.
    fn counters(&self, metrics: &Metrics) -> Outcome {
        for invariant in Invariant::ALL {
            let count = metrics.invariant_violations.with_label_values(&[invariant.id()]).get();
            ensure(count == 0, invariant, || {
                format!("counted {count} times by the server itself")
            })?;
        }
        let panics = metrics.panics_caught.get();
        ensure(panics == 0, Invariant::NeverWrong, || {
            format!("{panics} panics were caught")
        })?;
        if metrics.mailbox_full.get() > 0 {
            self.shared.fault(FaultKind::QueueFull);
        }
        Ok(())
    }

    async fn last(&mut self, process: &Process) -> Outcome {
        if self.shared.failed() {
            return Ok(());
        }
        // Time for timers and for subscribers: every hold runs out, also one made before the clock was set back, and
        // everybody catches up.
        let clock = &self.shared.clock;
        clock.jump(clock.highest().0 - clock.now().0);
        let end = self.shared.clock.passed_millis() + HOLDS_MILLIS_MAX;
        while self.shared.clock.passed_millis() < end {
            wait::millis(2_000).await;
            self.shared.clock.pass(2_000);
        }
        // An offer that ran out in the last step has its timer still to come.
        wait::millis(4_000).await;
        let subscribers = self.shared.subscribers.borrow().len();
        for number in 0..subscribers {
            tasks::judge_subscriber(&self.shared, &process.agendas, number).await?;
        }
        process.agendas.shutdown().await;
        Ok(())
    }
}
