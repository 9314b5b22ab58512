//! What a hub asks of the agendas, and the sink it hangs into a feed.
//!
//! The sink runs on the agenda's thread: it only tries to send, or marks the topic for re-reading (law L5).

use super::hub::{Attention, HubMessage};
use cabinet_actors::delta::{Delta, Pushed, Sink, TopicPosition};
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::model::TypeSlots;
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// How a topic starts, or goes on.
#[derive(Debug)]
pub enum Joined {
    /// From the whole state.
    Snapshot {
        /// Position to go on from.
        position: TopicPosition,
        /// Free slots of every online type.
        types: Vec<TypeSlots>,
    },
    /// From the position that was named.
    Resumed {
        /// Position after the deltas.
        position: TopicPosition,
        /// What was missed, in order.
        deltas: Vec<Delta>,
    },
}

/// A sink's place in a feed. Dropping it gives the place up, so that an agenda that nobody watches can rest.
#[must_use]
pub struct Subscription(Option<Box<dyn FnOnce() + Send>>);

impl Subscription {
    /// `give_up` runs once, when this is dropped.
    pub fn new(give_up: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(give_up)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(give_up) = self.0.take() {
            give_up();
        }
    }
}

/// Why a topic could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Try again in a moment.
    #[error("busy")]
    Busy,
    /// There is no such agenda, now or later.
    #[error("no such agenda")]
    NoSuchAgenda,
}

/// The agendas as boards see them.
pub trait BoardSource: Send + Sync + 'static {
    /// Which agenda a public address names; none: 404.
    fn find(&self, practice: &str, practitioner: &str) -> Option<AgendaKey>;
    /// Hangs `sink` into the agenda's feed and answers how to go on from `position`. Every change after the answer's
    /// position is pushed into the sink; changes pushed into an earlier sink precede the answer.
    fn subscribe(
        &self,
        agenda: AgendaKey,
        position: Option<TopicPosition>,
        sink: Arc<dyn Sink>,
    ) -> LocalBoxFuture<'static, Result<(Subscription, Joined), SourceError>>;
    /// The clock.
    fn now(&self) -> UtcMillis;
}

/// The sink of one topic on one hub.
pub(super) struct TopicSink {
    topic: AgendaKey,
    mailbox: mpsc::Sender<HubMessage>,
    attention: Arc<Attention>,
    gone: AtomicBool,
}

impl TopicSink {
    pub(super) fn new(topic: AgendaKey, mailbox: mpsc::Sender<HubMessage>, attention: Arc<Attention>) -> Arc<Self> {
        Arc::new(Self {
            topic,
            mailbox,
            attention,
            gone: AtomicBool::new(false),
        })
    }

    /// Another sink has taken over, or nobody listens: the feed forgets this one at its next push.
    pub(super) fn retire(&self) {
        self.gone.store(true, Ordering::Release);
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}

impl Sink for TopicSink {
    fn push(&self, delta: Delta) -> Pushed {
        if self.is_gone() {
            return Pushed::Gone;
        }
        let Delta::Board(delta) = delta else {
            return Pushed::Taken;
        };
        match self.mailbox.try_send(HubMessage::Changed(delta)) {
            Ok(()) => Pushed::Taken,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.attention.lost(self.topic);
                Pushed::Taken
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Pushed::Gone,
        }
    }

    fn closed(&self) {
        if !self.is_gone() {
            self.attention.lost(self.topic);
        }
    }
}
