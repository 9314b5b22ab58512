//! One process of a world: the real cells of its agendas over the real store, with what shells would do done by hand, so
//! that the world decides what happens next. From its start to its death.

use crate::clock::SimClock;
use crate::failure::{Failure, Outcome, ensure, hold};
use crate::gate::Gate;
use crate::store::{Store, StoreSetup};
use crate::truth::{Truth, Watched};
use cabinet_actors::agenda::cell::{Cell, CellOptions, Checkpoint, Effect, Ended, Notice, Ticket};
use cabinet_actors::agenda::feed::{Feed, Joining, SubscriptionId};
use cabinet_actors::agenda::publication::Publication;
use cabinet_actors::clock::Clock as _;
use cabinet_actors::delta::{Sink, TopicPosition};
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audience::Audience;
use cabinet_domain::decide::decide;
use cabinet_domain::ids::{AgendaKey, HistoryId};
use cabinet_domain::invariants::{Invariant, check_told};
use cabinet_domain::stream::{StreamKey, StreamState};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::faulty::{FaultPlan, FaultyJournal};
use cabinet_storage::journal::Journal as _;
use cabinet_storage::{AppendError, Appended, StoreError, StreamStore};
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Appending = Pin<Box<dyn Future<Output = Result<Appended, AppendError>> + Send>>;
/// The outcome of an order.
pub(crate) type Reply = (Ticket, Result<Accepted, ExecuteError>);

/// Orders that wait in one cell: few, so that worlds see the queue full.
const WAITING_ORDERS_MAX: usize = 4;

/// One agenda of this process.
struct Seat {
    cell: Cell,
    feed: Option<Feed>,
    history: HistoryId,
    load_due: bool,
    /// What came before is to be looked up.
    look_due: bool,
    /// Published since that was asked for.
    since: Vec<Publication>,
    append: Option<Appending>,
    timer: Option<UtcMillis>,
    checkpoints: Vec<Checkpoint>,
}

/// See the head of this file.
pub(crate) struct Process {
    store: Store,
    gate: Arc<Gate>,
    /// Refuses, loses and delays by plan.
    pub(crate) faulty: Arc<FaultyJournal>,
    streams: Arc<dyn StreamStore>,
    seats: BTreeMap<AgendaKey, Seat>,
    truth: Arc<Mutex<Truth>>,
    clock: Arc<SimClock>,
    keyring_failed: Arc<AtomicBool>,
    checkpoint_events: u64,
    tickets: u64,
    subscriptions: u64,
    /// Outcomes that nobody has fetched yet.
    pub(crate) replies: Vec<Reply>,
    /// Orders answered `Busy` because too many waited.
    pub(crate) queue_full: u64,
}

impl Process {
    /// Starts on this disk.
    ///
    /// # Errors
    /// The store does not open.
    pub(crate) fn start(
        (setup, boot): (&StoreSetup, u64),
        disk: &SimDisk,
        (clock, truth): (&Arc<SimClock>, &Arc<Mutex<Truth>>),
        (plan, checkpoint_events): (FaultPlan, u64),
    ) -> Result<Self, StoreError> {
        let store = setup.open(disk, clock, boot)?;
        let gate = Arc::new(Gate::new(store.journal.clone()));
        let faulty = Arc::new(FaultyJournal::new(gate.clone(), plan));
        let streams = store.streams(faulty.clone());
        let keyring_failed = Arc::new(AtomicBool::new(false));
        let failed = Arc::clone(&keyring_failed);
        store
            .keyring
            .on_fatal(Box::new(move |_| failed.store(true, Ordering::Relaxed)));
        Ok(Self {
            streams: Arc::new(Watched::new(streams, Arc::clone(truth))),
            gate,
            faulty,
            store,
            seats: BTreeMap::new(),
            truth: Arc::clone(truth),
            clock: Arc::clone(clock),
            keyring_failed,
            checkpoint_events,
            tickets: boot << 32,
            subscriptions: 0,
            replies: Vec::new(),
            queue_full: 0,
        })
    }

    /// Whether it must end: a write or sync has failed (law L8).
    #[must_use]
    pub(crate) fn must_end(&self) -> bool {
        self.store.journal.core().stopped().is_some() || self.keyring_failed.load(Ordering::Relaxed)
    }

    fn seat(&mut self, key: AgendaKey) -> Outcome<&mut Seat> {
        if !self.seats.contains_key(&key) {
            let options = CellOptions {
                waiting_orders_max: WAITING_ORDERS_MAX,
                checkpoint_events: self.checkpoint_events,
                decide,
            };
            let (cell, effects) = Cell::start(key, options, self.clock.now());
            let seat = Seat {
                cell,
                feed: None,
                history: HistoryId(0),
                load_due: false,
                look_due: false,
                since: Vec::new(),
                append: None,
                timer: None,
                checkpoints: Vec::new(),
            };
            self.seats.insert(key, seat);
            self.carry_out(key, effects)?;
        }
        let gone = || Failure::new(Invariant::EverythingIsAnswered, "an agenda does not start");
        self.seats.get_mut(&key).ok_or_else(gone)
    }

    /// Hands an order to its agenda, starting it if need be.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn order(&mut self, order: Order) -> Outcome<Ticket> {
        self.tickets += 1;
        let (ticket, key, now) = (Ticket(self.tickets), order.agenda, self.clock.now());
        let effects = self.seat(key)?.cell.on_order(ticket, Arc::new(order), now);
        self.carry_out(key, effects)?;
        Ok(ticket)
    }

    /// Loads one agenda that waits for it. `fails`: the load is lost on its way.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn load(&mut self, key: AgendaKey, fails: bool) -> Outcome {
        let Some(seat) = self.seats.get_mut(&key) else {
            return Ok(());
        };
        if std::mem::take(&mut seat.look_due) {
            let loaded = self.streams.look(StreamKey::Agenda(key)).now_or_never();
            let loaded = loaded.and_then(Result::ok).filter(|_| !fails);
            let effects = seat.cell.on_looked_back(loaded);
            return self.carry_out(key, effects);
        }
        if !std::mem::take(&mut seat.load_due) {
            return Ok(());
        }
        let loaded = self.streams.open(StreamKey::Agenda(key)).now_or_never();
        let loaded = loaded.and_then(Result::ok).filter(|_| !fails);
        let effects = seat.cell.on_loaded(loaded, self.clock.now());
        self.carry_out(key, effects)
    }

    /// Agendas that wait to be loaded.
    #[must_use]
    pub(crate) fn loads_due(&self) -> Vec<AgendaKey> {
        let due = self.seats.iter().filter(|(_, seat)| seat.load_due || seat.look_due);
        due.map(|(key, _)| *key).collect()
    }

    /// Lets the waiting appends through as one group, and every outcome reach its cell. Answers how many senders were told
    /// "unknown" too early.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn append(&mut self, gives_up: impl FnMut() -> bool) -> Outcome<u64> {
        let late = self.gate.open(gives_up);
        self.poll()?;
        Ok(late)
    }

    fn poll(&mut self) -> Outcome {
        let keys: Vec<AgendaKey> = self.seats.keys().copied().collect();
        for key in keys {
            let Some(seat) = self.seats.get_mut(&key) else { continue };
            let Some(append) = &mut seat.append else { continue };
            if let Some(result) = append.now_or_never() {
                seat.append = None;
                let effects = seat.cell.on_append_result(result, self.clock.now());
                self.carry_out(key, effects)?;
            }
        }
        Ok(())
    }

    /// Calls every agenda whose timer has come, or all of them.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn timers(&mut self, all: bool) -> Outcome {
        let now = self.clock.now();
        let keys: Vec<AgendaKey> = self.seats.keys().copied().collect();
        for key in keys {
            let Some(seat) = self.seats.get_mut(&key) else { continue };
            if all || seat.timer.is_some_and(|at| at <= now) {
                seat.timer = None;
                let effects = seat.cell.on_timer(now);
                self.carry_out(key, effects)?;
            }
        }
        Ok(())
    }

    /// Keeps the checkpoints that were given out.
    pub(crate) fn keep_checkpoints(&mut self) -> usize {
        let mut kept = 0;
        for (key, seat) in &mut self.seats {
            for checkpoint in seat.checkpoints.drain(..) {
                let state = StreamState::Agenda(Box::new(checkpoint.agenda));
                let put = self
                    .streams
                    .put_checkpoint(StreamKey::Agenda(*key), state, checkpoint.people);
                // Advisory: its outcome does not matter.
                drop(put.now_or_never());
                kept += 1;
            }
        }
        kept
    }

    /// Tells an agenda to leave memory.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn retire(&mut self, key: AgendaKey) -> Outcome {
        let now = self.clock.now();
        let Some(seat) = self.seats.get_mut(&key) else {
            return Ok(());
        };
        let effects = seat.cell.retire(now);
        self.carry_out(key, effects)
    }

    /// The durable state that an agenda serves; none while it does not.
    #[must_use]
    pub(crate) fn agenda(&self, key: AgendaKey) -> Option<&Agenda> {
        self.seats.get(&key)?.cell.agenda()
    }

    /// Starts an agenda if it is not there.
    ///
    /// # Errors
    /// An invariant.
    pub(crate) fn wake(&mut self, key: AgendaKey) -> Outcome {
        self.seat(key).map(|_| ())
    }

    /// Subscribes, if the agenda serves.
    pub(crate) fn join(
        &mut self,
        key: AgendaKey,
        (audience, position): (Audience, Option<TopicPosition>),
        sink: Arc<dyn Sink>,
    ) -> Option<(Joining, &Agenda)> {
        self.subscriptions += 1;
        let id = SubscriptionId(self.subscriptions);
        if self.seats.get(&key)?.feed.is_none() {
            let effects = self.seats.get_mut(&key)?.cell.attend();
            self.carry_out(key, effects).ok()?;
        }
        let seat = self.seats.get_mut(&key)?;
        let feed = seat.feed.as_mut()?;
        let joining = feed.join(id, audience, position, sink);
        Some((joining, seat.cell.agenda()?))
    }

    /// Ends in an orderly way.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.store.journal.close().now_or_never().unwrap_or(Ok(()))
    }

    fn carry_out(&mut self, key: AgendaKey, effects: Vec<Effect>) -> Outcome {
        for effect in effects {
            let Some(seat) = self.seats.get_mut(&key) else {
                return Ok(());
            };
            match effect {
                Effect::Load => {
                    seat.load_due = true;
                    seat.look_due = false;
                    seat.feed = None;
                    seat.since.clear();
                }
                Effect::Opened { history } => seat.history = history,
                Effect::LookBack => seat.look_due = true,
                Effect::Attended { base, mut replay, here } => {
                    replay.append(&mut seat.since);
                    seat.feed = Some(Feed::open(key, seat.history, base, replay, here));
                }
                Effect::NotAttended => seat.since.clear(),
                Effect::Append(commit) => {
                    ensure(seat.append.is_none(), Invariant::WholeCommands, || {
                        "two appends of one agenda at once".to_owned()
                    })?;
                    let streams = Arc::clone(&self.streams);
                    let mut append: Appending = Box::pin(async move { streams.append(commit).await });
                    // Asked once, so that it stands at the gate; an outcome that is there at once waits for its turn.
                    seat.append = Some(match (&mut append).now_or_never() {
                        Some(outcome) => Box::pin(std::future::ready(outcome)),
                        None => append,
                    });
                }
                Effect::Reply { ticket, outcome, .. } => {
                    self.replies.extend(ticket.map(|ticket| (ticket, *outcome)));
                }
                Effect::Publish(publications) => {
                    let durable = self.truth.lock().state(key).map_or(0, |state| state.seq);
                    for publication in &publications {
                        hold(check_told(publication.to, durable))?;
                    }
                    match &mut seat.feed {
                        Some(feed) => drop(feed.publish(publications)),
                        None => seat.since.extend(publications),
                    }
                }
                Effect::SetTimer(at) => seat.timer = Some(at),
                Effect::Checkpoint(checkpoint) => seat.checkpoints.push(*checkpoint),
                Effect::Notice(notice) => self.notice(notice)?,
                Effect::End(why) => {
                    let last = self.seats.remove(&key);
                    self.ended(key, why, last);
                }
            }
        }
        Ok(())
    }

    fn notice(&mut self, notice: Notice) -> Outcome {
        match notice {
            Notice::OutcomeUnknown => Ok(()),
            Notice::QueueFull => {
                self.queue_full += 1;
                Ok(())
            }
            Notice::PanicCaught => Err(Failure::new(Invariant::NeverWrong, "a panic was caught")),
            Notice::Violation(id) => {
                let broken = Invariant::ALL.into_iter().find(|invariant| invariant.id() == id);
                let invariant = broken.unwrap_or(Invariant::NeverWrong);
                Err(Failure::new(invariant, "the cell itself noticed"))
            }
        }
    }

    /// The last checkpoint is kept as the shell would: after the end.
    fn ended(&mut self, key: AgendaKey, why: Ended, last: Option<Seat>) {
        match why {
            Ended::Retired => {
                for checkpoint in last.into_iter().flat_map(|seat| seat.checkpoints) {
                    let state = StreamState::Agenda(Box::new(checkpoint.agenda));
                    let put = self
                        .streams
                        .put_checkpoint(StreamKey::Agenda(key), state, checkpoint.people);
                    drop(put.now_or_never());
                }
            }
            Ended::NotLoaded | Ended::Fenced => {}
        }
    }
}
