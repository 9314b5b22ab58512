//! The one handle to all agendas that the rest of the server holds.

use crate::agenda::cell::Decide;
use crate::agenda::feed::{Joining, SubscriptionId};
use crate::agenda::shell::{AgendaActor, Execute, Read, ReadAnswer, Subscribe, Unsubscribe};
use crate::clock::Clock;
use crate::delta::{Sink, TopicPosition};
use crate::lifecycle::Lifecycle;
use crate::mail::Outbox;
use crate::metrics::Metrics;
use crate::order::{Accepted, ExecuteError, Order};
use crate::read::{AgendaRead, Joined, ReadError};
use actix::dev::{SendError, ToEnvelope};
use actix::prelude::{Actor, Handler, Message};
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::AgendaKey;
use cabinet_storage::StreamStore;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Says whether an agenda exists. Asked before an actor is started, so that nobody makes streams by naming random ids.
pub type Exists = Arc<dyn Fn(AgendaKey) -> bool + Send + Sync>;

/// Bounds of the agendas.
#[derive(Debug, Clone, Copy)]
pub struct AgendasOptions {
    /// Threads that run agendas and nothing else; 0: the thread that starts them (tests).
    pub agenda_threads: usize,
    /// Messages that one agenda's mailbox holds; more are answered `Busy`.
    pub mailbox_messages_max: usize,
    /// Orders that wait inside one agenda while a commit is under way; more are answered `Busy`.
    pub waiting_orders_max: usize,
    /// Agendas loaded at once.
    pub loads_max: usize,
    /// Seconds without orders, looks, holds and subscribers after which an agenda leaves memory.
    pub idle_seconds: i64,
    /// Least number of events between two checkpoints of an agenda; large agendas wait for more, at most ten times as many.
    pub checkpoint_events: u64,
    /// Milliseconds between two looks at the clock for idleness and for timers that a moved clock made late.
    pub tick_milliseconds: u64,
    /// Other rules than the domain's, to see how a defect in them is borne.
    pub decide: Option<Decide>,
}

impl Default for AgendasOptions {
    fn default() -> Self {
        Self {
            agenda_threads: 2,
            mailbox_messages_max: 1_024,
            waiting_orders_max: 2_048,
            loads_max: 32,
            idle_seconds: 15 * 60,
            checkpoint_events: 500,
            tick_milliseconds: 5_000,
            decide: None,
        }
    }
}

struct Inner {
    lifecycle: Lifecycle,
    exists: Exists,
    stopping: AtomicBool,
    subscriptions: AtomicU64,
}

/// All agendas of this process. Cheap to clone.
#[derive(Clone)]
pub struct Agendas(Arc<Inner>);

/// Deaths of an agenda's actor that one order outlives before its sender is told `Unknown`.
const ATTEMPTS: usize = 3;

enum NotSent<M> {
    Full,
    Closed(M),
}

impl Agendas {
    /// Starts the agendas' threads. Call it inside a running actix system.
    #[must_use]
    pub fn start(
        options: AgendasOptions,
        store: Arc<dyn StreamStore>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        exists: Exists,
    ) -> Self {
        Self(Arc::new(Inner {
            lifecycle: Lifecycle::new(options, store, clock, metrics),
            exists,
            stopping: AtomicBool::new(false),
            subscriptions: AtomicU64::new(0),
        }))
    }

    /// From now on patients are mailed what happens to their bookings. Call it once, before any agenda is asked for anything.
    pub fn tell_through(&self, outbox: Outbox) {
        let _first = self.0.lifecycle.parts.outbox.set(outbox);
    }

    /// Carries out a command. On `Ok` it is durable. When the agenda's actor dies under it, the order is given to the next
    /// incarnation under the same command id, which answers it if it is already durable.
    ///
    /// # Errors
    /// [`ExecuteError`]; every one but `Unknown` means that nothing was changed.
    pub async fn execute(&self, order: Order) -> Result<Accepted, ExecuteError> {
        let key = order.agenda;
        if !(self.0.exists)(key) {
            return Err(ExecuteError::NoSuchAgenda);
        }
        let order = Arc::new(order);
        let mut taken = false;
        for _ in 0..ATTEMPTS {
            let (reply, answer) = oneshot::channel();
            let order = order.clone();
            match self.send(key, Execute { order, reply }) {
                Ok(()) => match answer.await {
                    Ok(outcome) => return outcome,
                    Err(_) => taken = true,
                },
                Err(NotSent::Full) if taken => return Err(ExecuteError::Unknown),
                Err(NotSent::Full) => return Err(ExecuteError::Busy),
                Err(NotSent::Closed(_)) => {}
            }
        }
        Err(if taken {
            ExecuteError::Unknown
        } else {
            ExecuteError::Busy
        })
    }

    /// Looks at an agenda's durable state inside its actor: keep the closure short. It sees no people.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read<R, F>(&self, key: AgendaKey, look: F) -> Result<R, ReadError>
    where
        R: Send + 'static,
        F: FnOnce(AgendaRead<'_>) -> R + Send + 'static,
    {
        self.read_how(key, false, look).await
    }

    /// [`Self::read`] that also sees who is who: they are opened first unless somebody listens.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_named<R, F>(&self, key: AgendaKey, look: F) -> Result<R, ReadError>
    where
        R: Send + 'static,
        F: FnOnce(AgendaRead<'_>) -> R + Send + 'static,
    {
        self.read_how(key, true, look).await
    }

    async fn read_how<R, F>(&self, key: AgendaKey, named: bool, look: F) -> Result<R, ReadError>
    where
        R: Send + 'static,
        F: FnOnce(AgendaRead<'_>) -> R + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let metrics = self.0.lifecycle.parts.metrics.clone();
        let answer_with = Box::new(move |read: ReadAnswer<'_>| {
            let outcome = read.and_then(|read| guarded(&metrics, || look(read)));
            drop(reply.send(outcome));
        });
        let message = Read {
            named,
            answer: answer_with,
        };
        self.look(key, message)?;
        answer.await.unwrap_or(Err(ReadError::Busy))
    }

    /// Subscribes a sink and brings it up to date in the same turn of the actor: by what it missed since `position`, or by
    /// a snapshot that `render` makes. The first delta pushed to the sink follows the returned position, and may be pushed
    /// before this returns. Whoever drops this future lets the sink say `Gone`.
    ///
    /// # Errors
    /// [`ReadError`]; the sink is not subscribed then.
    pub async fn subscribe<R, F>(
        &self,
        key: AgendaKey,
        audience: Audience,
        position: Option<TopicPosition>,
        sink: Arc<dyn Sink>,
        render: F,
    ) -> Result<(SubscriptionId, Joined<R>), ReadError>
    where
        R: Send + 'static,
        F: FnOnce(AgendaRead<'_>) -> R + Send + 'static,
    {
        let id = SubscriptionId(self.0.subscriptions.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        let metrics = self.0.lifecycle.parts.metrics.clone();
        let message = Subscribe {
            id,
            audience,
            position,
            sink,
            answer: Box::new(move |joined| {
                let outcome = joined.and_then(|(joining, read)| match joining {
                    Joining::Resumed { position, deltas } => Ok(Joined::Resumed { position, deltas }),
                    Joining::Snapshot { position } => {
                        guarded(&metrics, || render(read)).map(|value| Joined::Snapshot { position, value })
                    }
                });
                drop(reply.send(outcome));
            }),
        };
        self.look(key, message)?;
        let outcome = answer.await.unwrap_or(Err(ReadError::Busy));
        if outcome.is_err() {
            self.unsubscribe(key, id);
        }
        Ok((id, outcome?))
    }

    /// Forgets a subscription; the sink hears nothing more from it, `closed` included. When the mailbox is full the sink's
    /// own `Gone` does the same at the next delta.
    pub fn unsubscribe(&self, key: AgendaKey, id: SubscriptionId) {
        if let Some(actor) = self.0.lifecycle.living(key) {
            drop(actor.try_send(Unsubscribe(id)));
        }
    }

    /// Takes no more orders, finishes and answers those that were taken, keeps the last checkpoints, ends.
    pub async fn shutdown(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.lifecycle.shutdown().await;
    }

    fn look<M>(&self, key: AgendaKey, message: M) -> Result<(), ReadError>
    where
        M: Message<Result = ()> + Send + 'static,
        AgendaActor: Handler<M>,
        <AgendaActor as Actor>::Context: ToEnvelope<AgendaActor, M>,
    {
        if !(self.0.exists)(key) {
            return Err(ReadError::NoSuchAgenda);
        }
        match self.send(key, message) {
            Ok(()) => Ok(()),
            // Closed between finding the actor and sending: the second one is new.
            Err(NotSent::Closed(message)) => self.send(key, message).map_err(|_| ReadError::Busy),
            Err(NotSent::Full) => Err(ReadError::Busy),
        }
    }

    fn send<M>(&self, key: AgendaKey, message: M) -> Result<(), NotSent<M>>
    where
        M: Message<Result = ()> + Send + 'static,
        AgendaActor: Handler<M>,
        <AgendaActor as Actor>::Context: ToEnvelope<AgendaActor, M>,
    {
        if self.0.stopping.load(Ordering::SeqCst) {
            return Err(NotSent::Full);
        }
        let Some(actor) = self.0.lifecycle.actor(key) else {
            return Err(NotSent::Full);
        };
        match actor.try_send(message) {
            Ok(()) => Ok(()),
            Err(SendError::Full(_)) => {
                self.0.lifecycle.parts.metrics.mailbox_full.inc();
                Err(NotSent::Full)
            }
            Err(SendError::Closed(message)) => Err(NotSent::Closed(message)),
        }
    }
}

/// Runs a closure of the edge inside the actor: its panic is the asker's, not the agenda's.
fn guarded<R>(metrics: &Metrics, look: impl FnOnce() -> R) -> Result<R, ReadError> {
    catch_unwind(AssertUnwindSafe(look)).map_err(|_| {
        metrics.panics_caught.inc();
        ReadError::Internal
    })
}
