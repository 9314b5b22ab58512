//! Starting agenda actors on demand, finding dead ones, ending all of them. ("Supervisor" means something else here.)
//!
//! actix does not restart an actor that panicked: its task dies, its mailbox closes, the process lives on. So every send goes
//! through [`Lifecycle::actor`], which starts a new incarnation when the last one's mailbox is closed. What an old incarnation left under way
//! cannot hurt: each append names the head it expects, so of two only one is written and the other's writer loads again.
//!
//! A bounded mailbox holds only per sender in actix: every clone of an address may put one more message in. There is one
//! address per incarnation, shared and never cloned.

use crate::agenda::cell::CellOptions;
use crate::agenda::shell::{AgendaActor, Retire};
use crate::agendas::AgendasOptions;
use crate::clock::Clock;
use crate::mail::{Outbox, Told, of_commit};
use crate::metrics::Metrics;
use actix::prelude::{Addr, Context};
use actix_rt::{Arbiter, ArbiterHandle};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::decide::decide;
use cabinet_domain::ids::{AgendaKey, BlobId, PracticeId};
use cabinet_domain::stream::{StreamKey, StreamState};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{AppendError, Appended, Commit, Loaded, Opened, PersonRecord, StreamStore};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, oneshot};

/// How an incarnation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Orderly,
    /// The store could not load it, at this time.
    NotLoaded(UtcMillis),
    Died,
}

/// The end of an incarnation, seen from outside before its mailbox closes.
#[derive(Debug, Default)]
pub(crate) struct Ending(OnceLock<Last>);

impl Ending {
    /// It has ended as its cell said.
    pub(crate) fn orderly(&self) {
        self.0.get_or_init(|| Last::Orderly);
    }

    /// The store could not load it.
    pub(crate) fn not_loaded(&self, now: UtcMillis) {
        self.0.get_or_init(|| Last::NotLoaded(now));
    }

    /// It is being dropped: unless it ended before, it died.
    pub(crate) fn dropped(&self) {
        self.0.get_or_init(|| Last::Died);
    }

    /// Nothing more can be asked of it.
    pub(crate) fn is_over(&self) -> bool {
        self.0.get().is_some()
    }
}

/// What every agenda actor shares.
pub(crate) struct Parts {
    pub(crate) options: AgendasOptions,
    pub(crate) store: Arc<dyn StreamStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where patients' mails are written down; nowhere until it is set.
    pub(crate) outbox: OnceLock<Outbox>,
    /// Bounds the loads under way, so that a restart is no stampede.
    loads: Arc<Semaphore>,
    /// Bounds the checkpoints written at once.
    checkpoints: Arc<Semaphore>,
    /// Bounds those written and waiting; shutdown waits for them.
    checkpoints_due: Arc<Semaphore>,
}

/// Most checkpoints that are written at once; more wait.
const CHECKPOINTS_MAX: usize = 16;
/// Most checkpoints written and waiting, each with a copy of its agenda's state; more are left out, as they may be.
const CHECKPOINTS_DUE_MAX: u32 = 4_096;

/// Seconds before an agenda that could not be loaded is loaded again.
const LOAD_RETRY_SECONDS: i64 = 1;

/// What a commit tells patients whose addresses are not at hand.
struct Untold {
    told: Told,
    outbox: Outbox,
    practice: PracticeId,
}

impl Untold {
    /// Looks the addresses up. Nothing was written when that fails: whoever asked may ask again.
    async fn tell(self, store: &dyn StreamStore, commit: &mut Commit) -> Result<(), AppendError> {
        let looked = store.look(commit.stream).await.map_err(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a patient's address could not be looked up"
            );
            AppendError::Busy
        })?;
        let writes = self.told.writes(&self.outbox, self.practice, &looked.people);
        commit.writes.extend(writes);
        Ok(())
    }
}

impl Parts {
    /// Opens an agenda's stream; none, logged, when that fails.
    pub(crate) fn load(&self, key: AgendaKey) -> impl Future<Output = Option<Opened>> + 'static {
        let (store, loads) = (self.store.clone(), self.loads.clone());
        async move {
            let _permit = loads.acquire_owned().await.ok()?;
            let opened = store.open(StreamKey::Agenda(key)).await;
            opened
                .inspect_err(|error| tracing::error!(agenda = %key.agenda, error = error as &dyn std::error::Error, "failed to load an agenda"))
                .ok()
        }
    }

    /// Loads an agenda's last events and its people; none, logged, when that fails.
    pub(crate) fn look_back(&self, key: AgendaKey) -> impl Future<Output = Option<Loaded>> + 'static {
        let (store, loads) = (self.store.clone(), self.loads.clone());
        async move {
            let _permit = loads.acquire_owned().await.ok()?;
            let loaded = store.look(StreamKey::Agenda(key)).await;
            loaded
                .inspect_err(|error| tracing::error!(agenda = %key.agenda, error = error as &dyn std::error::Error, "failed to load what came before"))
                .ok()
        }
    }

    /// Appends and measures, with what the commit tells patients of the agenda as it is `before`.
    pub(crate) fn append(
        &self,
        mut commit: Commit,
        before: Option<(&Agenda, Option<&BTreeMap<BlobId, PersonRecord>>)>,
    ) -> impl Future<Output = Result<Appended, AppendError>> + 'static {
        let (store, metrics) = (self.store.clone(), self.metrics.clone());
        let commands = commit.events.iter().filter(|event| event.last_of_command).count();
        let waiting = self.tell(&mut commit, before);
        async move {
            if let Some(waiting) = waiting {
                waiting.tell(store.as_ref(), &mut commit).await?;
            }
            let timer = metrics.append_seconds.start_timer();
            let stream = commit.stream;
            let result = store.append(commit).await;
            timer.observe_duration();
            match &result {
                Ok(_) => metrics
                    .batch_commands
                    .observe(f64::from(u32::try_from(commands).unwrap_or(u32::MAX))),
                Err(error) => tracing::warn!(?stream, %error, "an agenda's commit was not acknowledged"),
            }
            result
        }
    }

    /// Adds what a commit tells patients to it; answers what has to be looked up first.
    fn tell(
        &self,
        commit: &mut Commit,
        before: Option<(&Agenda, Option<&BTreeMap<BlobId, PersonRecord>>)>,
    ) -> Option<Untold> {
        let (outbox, (agenda, people)) = (self.outbox.get()?, before?);
        let told = of_commit(outbox, commit, agenda);
        let practice = agenda.key.practice;
        match people {
            None if !told.is_complete() => Some(Untold {
                told,
                outbox: outbox.clone(),
                practice,
            }),
            None | Some(_) => {
                let nobody = BTreeMap::new();
                let people = people.unwrap_or(&nobody);
                commit.writes.extend(told.writes(outbox, practice, people));
                None
            }
        }
    }

    /// Keeps a checkpoint in the background, on the arbiter that asks. Shutdown waits for it from now on.
    pub(crate) fn put_checkpoint(&self, stream: StreamKey, state: StreamState, people: BTreeMap<BlobId, PersonRecord>) {
        let (store, checkpoints) = (self.store.clone(), self.checkpoints.clone());
        let Ok(due) = self.checkpoints_due.clone().try_acquire_owned() else {
            return tracing::debug!(?stream, "no checkpoint: too many are being kept");
        };
        actix_rt::spawn(async move {
            let _due = due;
            let Ok(_permit) = checkpoints.acquire_owned().await else {
                return;
            };
            if let Err(error) = store.put_checkpoint(stream, state, people).await {
                tracing::warn!(
                    ?stream,
                    error = &error as &dyn std::error::Error,
                    "failed to keep a checkpoint"
                );
            }
        });
    }
}

#[derive(Clone)]
struct Incarnation {
    address: Arc<Addr<AgendaActor>>,
    ending: Arc<Ending>,
}

/// All agenda actors of this process.
pub(crate) struct Lifecycle {
    pub(crate) parts: Arc<Parts>,
    threads: Vec<ArbiterHandle>,
    owned: Mutex<Vec<Arbiter>>,
    live: Mutex<HashMap<AgendaKey, Incarnation>>,
}

impl Lifecycle {
    /// Starts the agendas' threads; 0 threads: agendas run on the calling arbiter. Needs a running actix system.
    pub(crate) fn new(
        options: AgendasOptions,
        store: Arc<dyn StreamStore>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let owned: Vec<Arbiter> = (0..options.agenda_threads).map(|_| Arbiter::new()).collect();
        let mut threads: Vec<ArbiterHandle> = owned.iter().map(Arbiter::handle).collect();
        if threads.is_empty() {
            threads.push(Arbiter::current());
        }
        let loads = Arc::new(Semaphore::new(options.loads_max.max(1)));
        let checkpoints = Arc::new(Semaphore::new(CHECKPOINTS_MAX));
        let checkpoints_due = Arc::new(Semaphore::new(usize::try_from(CHECKPOINTS_DUE_MAX).unwrap_or(1)));
        Self {
            parts: Arc::new(Parts {
                options,
                store,
                clock,
                metrics,
                outbox: OnceLock::new(),
                loads,
                checkpoints,
                checkpoints_due,
            }),
            threads,
            owned: Mutex::new(owned),
            live: Mutex::default(),
        }
    }

    /// The agenda's actor, started if there is none that lives. None for a second after a failed load, so that a damaged
    /// stream is not read once per request.
    pub(crate) fn actor(&self, key: AgendaKey) -> Option<Arc<Addr<AgendaActor>>> {
        let mut live = self.live.lock();
        if let Some(incarnation) = live.get(&key) {
            if incarnation.address.connected() && !incarnation.ending.is_over() {
                return Some(incarnation.address.clone());
            }
            match incarnation.ending.0.get() {
                Some(Last::Orderly) => {}
                Some(Last::NotLoaded(at)) => {
                    let now = self.parts.clock.now();
                    // A clock set back must not keep the agenda shut.
                    if now >= *at && now < at.plus_seconds(LOAD_RETRY_SECONDS) {
                        return None;
                    }
                }
                Some(Last::Died) | None => {
                    self.parts.metrics.restarts.inc();
                    tracing::error!(agenda = %key.agenda, "an agenda actor has died; starting it again");
                }
            }
        }
        // Who left in order is forgotten when the map would have to grow, with room for as many again after it: looking through
        // all agendas at every start made starting many of them quadratic.
        if live.len() == live.capacity() {
            live.retain(|_, incarnation| incarnation.ending.0.get() != Some(&Last::Orderly));
            let kept = live.len();
            live.reserve(kept);
        }
        let incarnation = self.start(key);
        live.insert(key, incarnation.clone());
        Some(incarnation.address)
    }

    /// The agenda's actor if one lives.
    pub(crate) fn living(&self, key: AgendaKey) -> Option<Arc<Addr<AgendaActor>>> {
        self.live
            .lock()
            .get(&key)
            .map(|incarnation| incarnation.address.clone())
    }

    fn start(&self, key: AgendaKey) -> Incarnation {
        let ending = Arc::new(Ending::default());
        // `Actor::start_in_arbiter` has room for 16 messages until the actor runs; this has the configured room at once.
        let (sender, receiver) = actix::dev::channel::channel(self.parts.options.mailbox_messages_max.max(1));
        let (parts, ended) = (self.parts.clone(), ending.clone());
        let spawned = self.thread(key).is_some_and(|thread| {
            thread.spawn_fn(move || {
                Context::with_receiver(receiver).run(AgendaActor::new(key, parts, ended));
            })
        });
        if !spawned {
            tracing::error!("the thread of an agenda is gone");
        }
        Incarnation {
            address: Arc::new(Addr::new(sender)),
            ending,
        }
    }

    fn thread(&self, key: AgendaKey) -> Option<&ArbiterHandle> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let threads = u64::try_from(self.threads.len()).ok()?;
        let index = hasher.finish().checked_rem(threads)?;
        self.threads.get(usize::try_from(index).ok()?)
    }

    /// Lets every actor finish what it has accepted, keeps the last checkpoints, ends the threads.
    pub(crate) async fn shutdown(&self) {
        let mut living: Vec<_> = std::mem::take(&mut *self.live.lock()).into_iter().collect();
        // In the same order in each run of a simulation.
        living.sort_unstable_by_key(|(key, _)| *key);
        let mut endings = Vec::new();
        for (_, incarnation) in living {
            let (done, ended) = oneshot::channel();
            // Waits for room in a full mailbox; a closed one has nothing to finish.
            if incarnation.address.send(Retire(done)).await.is_ok() {
                endings.push(ended);
            }
        }
        for ended in endings {
            // The sender is dropped with the actor.
            drop(ended.await);
        }
        drop(self.parts.checkpoints_due.acquire_many(CHECKPOINTS_DUE_MAX).await);
        for thread in self.owned.lock().drain(..) {
            thread.stop();
        }
    }
}

/// The cell's bounds.
impl AgendasOptions {
    pub(crate) const fn cell(&self) -> CellOptions {
        CellOptions {
            waiting_orders_max: self.waiting_orders_max,
            checkpoint_events: self.checkpoint_events,
            decide: match self.decide {
                Some(decide) => decide,
                None => decide,
            },
        }
    }
}
