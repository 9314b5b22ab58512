//! The hubs: one thread each, never shared with agendas. A hub owns its topics and the outboxes of their boards.

use super::feed::{BoardSource, Joined, SourceError, Subscription, TopicSink};
use super::frames::Change;
use super::linger::LINGER;
use super::metrics::LiveMetrics;
use super::outbox::When;
use super::seats::Seats;
use super::sweep::{Deadlines, sweep_boards};
use super::topic::{Applied, Now, Topic, Waiter};
use super::{LiveOptions, frames::close};
use crate::edge::listen::AllowedOrigins;
use cabinet_actors::delta::BoardDelta;
use cabinet_domain::ids::AgendaKey;
use cabinet_proto::v1::close::CloseCode;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use prometheus::Registry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Boards served before other work of the hub gets its turn.
pub(super) const BOARDS_PER_TURN: usize = 256;
/// Messages taken before lost topics and answers get their turn.
const MESSAGES_PER_TURN: usize = 64;

/// What a hub is told.
pub(super) enum HubMessage {
    /// A new board.
    Join(AgendaKey, Waiter),
    /// A change of a topic.
    Changed(Arc<BoardDelta>),
}

/// What must not be lost when a hub's mailbox is full: at most one mark per topic.
#[derive(Default)]
pub(super) struct Attention {
    notify: Notify,
    lost: Mutex<HashSet<AgendaKey>>,
    drained: Mutex<HashSet<AgendaKey>>,
    stop: AtomicBool,
}

impl Attention {
    /// Changes of this topic may have been missed.
    pub(super) fn lost(&self, topic: AgendaKey) {
        self.lost.lock().insert(topic);
        self.notify.notify_one();
    }

    /// A board of this topic that was behind has sent the rest.
    pub(super) fn drained(&self, topic: AgendaKey) {
        self.drained.lock().insert(topic);
        self.notify.notify_one();
    }
}

/// How to reach one hub.
#[derive(Clone)]
pub(super) struct HubLink {
    pub(super) mailbox: mpsc::Sender<HubMessage>,
    pub(super) attention: Arc<Attention>,
}

/// All hubs; cheap to clone.
#[derive(Clone)]
pub struct Hubs(pub(super) Arc<Shared>);

pub(super) struct Shared {
    links: Vec<HubLink>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pub(super) source: Arc<dyn BoardSource>,
    pub(super) options: LiveOptions,
    pub(super) origins: AllowedOrigins,
    pub(super) seats: Arc<Seats>,
    pub(super) metrics: LiveMetrics,
}

impl Hubs {
    /// Starts the hubs' threads. Pages of `origins` may open boards.
    ///
    /// # Errors
    /// A metric's name is taken, or a thread cannot be started.
    pub fn start(
        source: Arc<dyn BoardSource>,
        options: LiveOptions,
        origins: AllowedOrigins,
        registry: &Registry,
    ) -> anyhow::Result<Self> {
        let metrics = LiveMetrics::new(registry)?;
        let (mut links, mut threads) = (Vec::new(), Vec::new());
        for number in 0..options.hub_threads.max(1) {
            let (mailbox, messages) = mpsc::channel(options.mailbox_messages_max.max(1));
            let link = HubLink {
                mailbox,
                attention: Arc::default(),
            };
            let hub = (link.clone(), Arc::clone(&source), options.clone(), metrics.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            let run = move || {
                let (link, source, options, metrics) = hub;
                runtime.block_on(Hub::new(link, source, options, metrics).run(messages));
            };
            threads.push(std::thread::Builder::new().name(format!("hub-{number}")).spawn(run)?);
            links.push(link);
        }
        let seats = Seats::new(options.boards_max, options.boards_per_address_max);
        let threads = Mutex::new(threads);
        Ok(Self(Arc::new(Shared {
            links,
            threads,
            source,
            options,
            origins,
            seats,
            metrics,
        })))
    }

    /// The hub that a topic lives on.
    pub(super) fn link(&self, topic: AgendaKey) -> Option<&HubLink> {
        let mut hasher = DefaultHasher::new();
        topic.hash(&mut hasher);
        let hubs = u64::try_from(self.0.links.len()).unwrap_or(u64::MAX).max(1);
        self.0.links.get(usize::try_from(hasher.finish() % hubs).unwrap_or(0))
    }

    /// Tells every board that the server is going away, and ends the hubs' threads. Call it before the listener is stopped
    /// gracefully, which would otherwise wait for boards.
    pub fn stop(&self) {
        for link in &self.0.links {
            link.attention.stop.store(true, Ordering::Release);
            link.attention.notify.notify_one();
        }
        for thread in self.0.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a hub had panicked");
            }
        }
    }
}

type Answer = (AgendaKey, Result<(Subscription, Joined), SourceError>);

struct Hub {
    link: HubLink,
    source: Arc<dyn BoardSource>,
    options: LiveOptions,
    deadlines: Deadlines,
    metrics: LiveMetrics,
    topics: HashMap<AgendaKey, Topic>,
    /// Messages of this turn still to be seen to.
    taken: VecDeque<HubMessage>,
    /// Topics whose boards are to be sent a batch, soonest first.
    gathering: VecDeque<(Instant, AgendaKey)>,
    questions: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
}

impl Hub {
    fn new(link: HubLink, source: Arc<dyn BoardSource>, options: LiveOptions, metrics: LiveMetrics) -> Self {
        let deadlines = Deadlines {
            ping_period: options.ping_period,
            pong: options.pong_deadline,
            progress: options.progress_deadline,
        };
        let (topics, questions) = (HashMap::new(), FuturesUnordered::new());
        Self {
            link,
            source,
            options,
            deadlines,
            metrics,
            topics,
            taken: VecDeque::new(),
            gathering: VecDeque::new(),
            questions,
        }
    }

    async fn run(mut self, mut messages: mpsc::Receiver<HubMessage>) {
        let attention = Arc::clone(&self.link.attention);
        let mut sweeps = tokio::time::interval(self.options.sweep_period);
        sweeps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !attention.stop.load(Ordering::Acquire) {
            let batch_due = self.gathering.front().map(|(due, _)| *due);
            tokio::select! {
                Some(first) = messages.recv() => {
                    self.taken.push_back(first);
                    while self.taken.len() < MESSAGES_PER_TURN && let Ok(next) = messages.try_recv() {
                        self.taken.push_back(next);
                    }
                    while let Some(message) = self.taken.pop_front() {
                        self.message(message).await;
                    }
                }
                Some((topic, answer)) = self.questions.next() => self.answer(topic, answer).await,
                () = attention.notify.notified() => {}
                _ = sweeps.tick() => self.sweep().await,
                () = at(batch_due) => self.send_batches().await,
            }
            self.attend();
        }
        let now = Instant::now();
        for topic in self.topics.values_mut() {
            topic.close_all(CloseCode::GoingAway, now);
        }
        // Who had just come is told as well; who comes from now on is refused.
        messages.close();
        while let Some(message) = messages.recv().await {
            if let HubMessage::Join(_, waiter) = message {
                waiter.member.outbox.close(close(CloseCode::GoingAway), now);
            }
        }
    }

    fn now(&self) -> Now {
        Now {
            instant: Instant::now(),
            utc: self.source.now(),
        }
    }

    async fn message(&mut self, message: HubMessage) {
        match message {
            HubMessage::Join(key, waiter) => {
                let now = self.now();
                let topics = self.metrics.topics.clone();
                let topic = self.topics.entry(key).or_insert_with(|| {
                    topics.inc();
                    Topic::new()
                });
                topic.join(waiter, now, &self.options);
                self.ask(key);
            }
            HubMessage::Changed(delta) => self.change(delta.agenda, delta).await,
        }
    }

    /// Takes one change in and appends it to every board of its topic.
    async fn change(&mut self, key: AgendaKey, delta: Arc<BoardDelta>) {
        let now = self.now();
        // With the next change here already, this one leaves in the same write.
        let follows = |message: &HubMessage| matches!(message, HubMessage::Changed(next) if next.agenda == key);
        let followed = self.taken.iter().any(follows);
        let Some(topic) = self.topics.get_mut(&key) else { return };
        match topic.apply(delta) {
            Ok(Applied::Nothing) => self.ask(key),
            Ok(Applied::Change(change)) => {
                self.metrics.frames_encoded.inc();
                let when = topic.pace.changed(now.instant, followed);
                if topic.pace.begins_batch(when) {
                    self.gathering.push_back((now.instant + LINGER, key));
                }
                fan_out(topic, &change, (now, when), &self.metrics).await;
            }
            Err(error) => self.defect(key, &error),
        }
    }

    /// Sends the boards of the topics whose batch has gathered long enough what waits for them.
    async fn send_batches(&mut self) {
        let now = Instant::now();
        while let Some((_, key)) = self.gathering.pop_front_if(|(due, _)| *due <= now) {
            let Some(topic) = self.topics.get_mut(&key) else {
                continue;
            };
            topic.pace.sent();
            for boards in topic.members.chunks(BOARDS_PER_TURN) {
                boards.iter().for_each(|member| member.outbox.send());
                tokio::task::yield_now().await;
            }
        }
    }

    async fn answer(&mut self, key: AgendaKey, answer: Result<(Subscription, Joined), SourceError>) {
        let now = self.now();
        let Some(topic) = self.topics.get_mut(&key) else { return };
        let changes = match answer {
            Ok(joined) => topic.answered(joined, now, &self.metrics),
            Err(SourceError::Busy) => return topic.refused(now.instant),
            Err(SourceError::NoSuchAgenda) => {
                topic.close_all(CloseCode::Internal, now.instant);
                return topic.refused(now.instant);
            }
        };
        match changes {
            Ok(changes) => {
                for delta in changes {
                    self.change(key, delta).await;
                }
            }
            Err(error) => return self.defect(key, &error),
        }
        if let Some(topic) = self.topics.get_mut(&key) {
            topic.settle(now, &self.options);
        }
        self.ask(key);
    }

    /// Asks the feed what a topic needs to know, if it does.
    fn ask(&mut self, key: AgendaKey) {
        let Some(topic) = self.topics.get_mut(&key) else { return };
        let Some(question) = topic.question(Instant::now()) else {
            return;
        };
        if question.after_loss {
            self.metrics.resyncs.inc();
        }
        let sink = TopicSink::new(key, self.link.mailbox.clone(), Arc::clone(&self.link.attention));
        topic.asking_with(Arc::clone(&sink));
        let answer = self.source.subscribe(key, question.from, sink);
        self.questions.push(Box::pin(async move { (key, answer.await) }));
    }

    /// Serialising our own types failed: a defect. The boards come back and start afresh.
    fn defect(&mut self, key: AgendaKey, error: &serde_json::Error) {
        tracing::error!(%error, "a board frame could not be encoded");
        if let Some(mut topic) = self.topics.remove(&key) {
            topic.close_all(CloseCode::Internal, Instant::now());
            self.metrics.topics.dec();
        }
    }

    /// Topics that were marked while the mailbox was full, and boards that can be given their snapshot.
    fn attend(&mut self) {
        let lost = std::mem::take(&mut *self.link.attention.lost.lock());
        for key in lost {
            if let Some(topic) = self.topics.get_mut(&key) {
                topic.lose();
            }
            self.ask(key);
        }
        let drained = std::mem::take(&mut *self.link.attention.drained.lock());
        let now = self.now();
        for key in drained {
            if let Some(topic) = self.topics.get_mut(&key) {
                topic.catch_up(now, &self.options, &self.metrics);
            }
            self.ask(key);
        }
    }

    /// Looks at every board once, and lets go of topics that nobody watches.
    async fn sweep(&mut self) {
        let keys: Vec<AgendaKey> = self.topics.keys().copied().collect();
        for key in keys {
            let now = self.now();
            if let Some(topic) = self.topics.get_mut(&key) {
                sweep_boards(topic, &self.deadlines, &self.metrics).await;
                topic.catch_up(now, &self.options, &self.metrics);
                topic.sweep_waiters(now.instant, &self.metrics);
                if topic.is_over(now.instant, self.options.topic_grace) {
                    self.topics.remove(&key);
                    self.metrics.topics.dec();
                }
            }
            self.ask(key);
        }
    }
}

/// At an instant, or never.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn fan_out(topic: &mut Topic, change: &Change, (now, when): (Now, When), metrics: &LiveMetrics) {
    let frames = change.frames(now.utc);
    let boards = topic.members.len();
    for start in (0..boards).step_by(BOARDS_PER_TURN) {
        let end = boards.min(start + BOARDS_PER_TURN);
        topic.fan_out(start..end, change, &frames, (now.instant, when), metrics);
        if end < boards {
            tokio::task::yield_now().await;
        }
    }
}
