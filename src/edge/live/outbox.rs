//! What waits for one socket: whole frames, bounded in bytes, shared by the hub's thread (which appends) and the worker's
//! (whose response body drains it).
//!
//! Behind by more than the bound, the waiting frames are thrown away and one snapshot follows once the rest has moved
//! (latest state wins). Must not be here: what frames say, who gets them.

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes given to the connection at once, so that a large shared snapshot is not copied whole into its write buffer.
pub(super) const CHUNK_BYTES_MAX: usize = 16 * 1024;

/// One frame. A long part that many sockets share stands in `tail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Frame header and beginning.
    pub(super) head: Bytes,
    /// The rest; may be empty. Not counted against the bound: it is shared, and only one waits per socket.
    pub(super) tail: Bytes,
}

impl From<Bytes> for Frame {
    fn from(head: Bytes) -> Self {
        Self {
            head,
            tail: Bytes::new(),
        }
    }
}

/// Deadlines of one socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) ping_period: Duration,
    pub(super) pong: Duration,
    pub(super) progress: Duration,
}

/// What the hub's wheel must do about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Fine,
    /// A ping is due.
    PingDue,
    /// Queued bytes have not moved for the whole deadline.
    Jammed,
    /// The last ping was not answered in time.
    Silent,
    /// Its connection has ended.
    Gone,
}

/// When the connection is told of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// At once.
    Now,
    /// At the next [`Outbox::wake`], or when a chunk has gathered.
    Later,
}

/// Whether a frame was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    Queued,
    /// This frame went over the bound: the backlog is dropped, a snapshot will be asked for.
    Overflowed,
    /// Dropped: a snapshot will replace it, or the socket is closing.
    Skipped,
}

/// What the drain found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Drained {
    Bytes(Bytes),
    /// Nothing waits, and the socket is closing: end the body.
    Ended,
}

#[derive(Debug)]
struct Inner {
    /// What is left of the frame already begun: never dropped, or the peer would read garbage.
    begun: [Bytes; 2],
    waiting: VecDeque<Frame>,
    /// Bytes of `waiting`, tails excluded.
    waiting_bytes: usize,
    waker: Option<Waker>,
    /// When bytes last left, or the first of the waiting ones came.
    moved_at: Instant,
    ping_due: Instant,
    pinged_at: Option<Instant>,
    behind: bool,
    closing: bool,
    gone: bool,
}

impl Inner {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.iter().all(Bytes::is_empty)
    }

    fn drop_waiting(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
    }

    fn append(&mut self, frame: Frame, now: Instant) {
        if self.is_empty() {
            self.moved_at = now;
        }
        self.waiting_bytes += frame.head.len();
        self.waiting.push_back(frame);
    }

    /// Moves the next frame to `begun` when that is used up; the part to send from.
    fn front(&mut self) -> Option<&mut Bytes> {
        if self.begun.iter().all(Bytes::is_empty) {
            let frame = self.waiting.pop_front()?;
            self.waiting_bytes = self.waiting_bytes.saturating_sub(frame.head.len());
            self.begun = [frame.head, frame.tail];
        }
        self.begun.iter_mut().find(|part| !part.is_empty())
    }

    /// Everything that waits, up to [`CHUNK_BYTES_MAX`]: one shared part as it is, several as one copy.
    fn chunk(&mut self) -> Option<Bytes> {
        let front = self.front()?;
        let first = front.split_to(front.len().min(CHUNK_BYTES_MAX));
        if first.len() == CHUNK_BYTES_MAX || self.is_empty() {
            return Some(first);
        }
        let mut merged = BytesMut::with_capacity(CHUNK_BYTES_MAX.min(first.len() + self.pending_bytes()));
        merged.extend_from_slice(&first);
        while merged.len() < CHUNK_BYTES_MAX {
            let Some(front) = self.front() else { break };
            let room = CHUNK_BYTES_MAX - merged.len();
            merged.extend_from_slice(&front.split_to(front.len().min(room)));
        }
        Some(merged.freeze())
    }

    fn pending_bytes(&self) -> usize {
        let begun: usize = self.begun.iter().map(Bytes::len).sum();
        let tails: usize = self.waiting.iter().map(|frame| frame.tail.len()).sum();
        begun + self.waiting_bytes + tails
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    bytes_max: usize,
}

impl Outbox {
    /// An empty one, bounded to `bytes_max`; its first ping is due at `ping_due`.
    pub(super) fn new(bytes_max: usize, now: Instant, ping_due: Instant) -> Arc<Self> {
        let inner = Inner {
            begun: [Bytes::new(), Bytes::new()],
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            waker: None,
            moved_at: now,
            ping_due,
            pinged_at: None,
            behind: false,
            closing: false,
            gone: false,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            bytes_max,
        })
    }

    /// Appends a frame, or drops the backlog when it would go over the bound.
    pub(super) fn offer(&self, frame: Frame, now: Instant, when: Wake) -> Offered {
        let mut inner = self.inner.lock();
        if inner.behind || inner.closing || inner.gone {
            return Offered::Skipped;
        }
        // A frame that is itself longer than the bound passes while nothing else waits: it is shared.
        if inner.waiting_bytes > 0 && inner.waiting_bytes + frame.head.len() > self.bytes_max {
            inner.drop_waiting();
            inner.behind = true;
            let waker = inner.waker.take();
            drop(inner);
            wake(waker);
            return Offered::Overflowed;
        }
        inner.append(frame, now);
        let at_once = when == Wake::Now || inner.waiting_bytes >= CHUNK_BYTES_MAX;
        let waker = if at_once { inner.waker.take() } else { None };
        drop(inner);
        wake(waker);
        Offered::Queued
    }

    /// Tells the connection of what was offered for later.
    pub(super) fn wake(&self) {
        let waker = self.inner.lock().waker.take();
        wake(waker);
    }

    /// Throws away what waits and has not begun, and starts over with these frames (a snapshot and what followed it).
    pub(super) fn restart(&self, frames: impl IntoIterator<Item = Frame>, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.closing || inner.gone {
            return;
        }
        inner.drop_waiting();
        inner.behind = false;
        for frame in frames {
            inner.append(frame, now);
        }
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
    }

    /// A control frame, before anything that waits. At most one pong waits, because only one is worth sending.
    pub(super) fn control(&self, frame: Bytes, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.closing || inner.gone {
            return;
        }
        if inner.waiting.front().is_some_and(|first| is_pong(&first.head))
            && let Some(old) = inner.waiting.pop_front()
        {
            inner.waiting_bytes = inner.waiting_bytes.saturating_sub(old.head.len());
        }
        if inner.is_empty() {
            inner.moved_at = now;
        }
        inner.waiting_bytes += frame.len();
        inner.waiting.push_front(frame.into());
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
    }

    /// Drops the backlog, queues a close frame and ends the body after it.
    pub(super) fn close(&self, frame: Bytes, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.closing || inner.gone {
            return;
        }
        inner.drop_waiting();
        inner.append(frame.into(), now);
        inner.closing = true;
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
    }

    /// For the response body: what can be sent now. The flag says that a snapshot is wanted and nothing waits before it.
    pub(super) fn poll_drain(&self, cx: &mut Context<'_>) -> (Poll<Drained>, bool) {
        let mut inner = self.inner.lock();
        let Some(chunk) = inner.chunk() else {
            if inner.closing {
                return (Poll::Ready(Drained::Ended), false);
            }
            inner.waker = Some(cx.waker().clone());
            return (Poll::Pending, inner.behind);
        };
        inner.moved_at = Instant::now();
        (Poll::Ready(Drained::Bytes(chunk)), false)
    }

    /// Whether it is behind and has sent everything else: time for its snapshot.
    pub(super) fn wants_snapshot(&self) -> bool {
        let inner = self.inner.lock();
        inner.behind && inner.is_empty()
    }

    /// The peer answered a ping.
    pub(super) fn pong_received(&self) {
        self.inner.lock().pinged_at = None;
    }

    /// The connection has ended.
    pub(super) fn leave(&self) {
        let mut inner = self.inner.lock();
        inner.gone = true;
        inner.drop_waiting();
        inner.begun = [Bytes::new(), Bytes::new()];
        inner.waker = None;
    }

    /// Whether its connection has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.inner.lock().gone
    }

    /// What the wheel must do. A ping is noted as sent when it is said to be due.
    ///
    /// A socket whose bytes wait is judged by their progress alone; a ping behind them would be late through no fault of
    /// the peer.
    pub(super) fn health(&self, now: Instant, deadlines: &Deadlines) -> Health {
        let mut inner = self.inner.lock();
        if inner.gone {
            return Health::Gone;
        }
        if !inner.is_empty() {
            let jammed = now.saturating_duration_since(inner.moved_at) >= deadlines.progress;
            return if jammed { Health::Jammed } else { Health::Fine };
        }
        if let Some(pinged_at) = inner.pinged_at {
            let silent = now.saturating_duration_since(pinged_at) >= deadlines.pong;
            return if silent { Health::Silent } else { Health::Fine };
        }
        if now < inner.ping_due || inner.closing {
            return Health::Fine;
        }
        inner.pinged_at = Some(now);
        inner.ping_due = now + deadlines.ping_period;
        Health::PingDue
    }
}

fn is_pong(frame: &[u8]) -> bool {
    frame.first() == Some(&0x8a)
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
