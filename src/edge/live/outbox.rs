//! One socket and what waits for it: whole frames, bounded in bytes. Whoever has a frame writes it at once, mostly the hub's
//! thread; only once the socket takes no more does the rest wait for the connection's own future, which learns when it
//! takes again.
//!
//! Behind by more than the bound, the waiting frames are thrown away and one snapshot follows once the rest has moved
//! (latest state wins). Must not be here: what frames say, who gets them.

use super::queue::{Frame, Queue};
use super::sweep::{Deadlines, Health};
use crate::edge::listen::Wire;
use bytes::Bytes;
use parking_lot::Mutex;
use prometheus::IntCounter;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::time::Instant;

/// So many bytes are not kept back for company.
const GATHERED_BYTES_MAX: usize = 16 * 1024;

/// When a frame is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At once.
    Now,
    /// At the next [`Outbox::send`], or when much has gathered.
    Later,
}

/// Whether a frame was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// Written, or waiting.
    Taken,
    /// This frame went over the bound: the backlog is dropped, a snapshot will be asked for.
    Overflowed,
    /// Dropped: a snapshot will replace it, or the socket is closing.
    Skipped,
}

/// What the connection's own future is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// To wait: it is woken when there is something to do.
    Open,
    /// The same; a snapshot is wanted, and nothing waits before it.
    WantsSnapshot,
    /// The close frame has left, or the socket is broken.
    Ended,
}

/// What is counted of writes.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) writes: IntCounter,
    pub(super) bytes: IntCounter,
}

struct Inner {
    queue: Queue,
    /// None before the handshake's answer has left, and after the end.
    wire: Option<Wire>,
    /// The connection's own future writes next, and nobody else: the socket took no more, and only that future learns when it
    /// takes again; or much is to be written.
    own: bool,
    broken: bool,
    /// Of the connection's own future.
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
        self.queue.is_empty() && self.wire.as_ref().is_none_or(Wire::is_flushed)
    }

    fn is_shut(&self) -> bool {
        self.closing || self.gone
    }

    fn has_ended(&self) -> bool {
        self.broken || (self.closing && self.wire.is_some() && self.is_empty())
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    fn push(&mut self, frame: Frame, now: Instant) {
        if self.is_empty() {
            self.moved_at = now;
        }
        self.queue.push(frame);
    }

    /// Notes how a write went, and tells the connection's own future what is its to do.
    fn judge(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            let full = error.kind() == ErrorKind::WouldBlock;
            self.own = full;
            self.broken |= !full;
            self.wake();
        } else if self.closing {
            self.wake();
        }
    }

    /// Writes what waits, as far as the socket takes it.
    fn send(&mut self, written: &Written) {
        let Some(wire) = self.wire.as_mut().filter(|_| !self.own && !self.broken) else {
            return;
        };
        let mut moved = false;
        let result = loop {
            if self.queue.is_empty() {
                break wire.try_flush();
            }
            match self.queue.write(|parts| wire.try_write(parts)) {
                Ok(bytes) => {
                    written.count(bytes);
                    moved = true;
                }
                Err(error) => break Err(error),
            }
        };
        if moved && result.is_err() {
            self.moved_at = Instant::now();
        }
        self.judge(result);
    }

    /// Writes a frame before which nothing waits, as far as the socket takes it; only the rest is queued. False: it cannot
    /// be done so.
    fn send_past_queue(&mut self, frame: &Bytes, now: Instant, written: &Written) -> bool {
        if self.own || self.broken || !self.queue.is_empty() {
            return false;
        }
        let Some(wire) = &mut self.wire else { return false };
        let result = match wire.try_write(&[IoSlice::new(frame)]) {
            Ok(bytes) if bytes < frame.len() => {
                written.count(bytes);
                self.queue.begin(frame.slice(bytes..));
                self.moved_at = now;
                self.send(written);
                return true;
            }
            Ok(bytes) => {
                written.count(bytes);
                wire.try_flush()
            }
            Err(error) => {
                self.queue.push(frame.clone().into());
                Err(error)
            }
        };
        if result.is_err() {
            self.moved_at = now;
        }
        self.judge(result);
        true
    }
}

impl Written {
    fn count(&self, bytes: usize) {
        self.writes.inc();
        self.bytes.inc_by(bytes as u64);
    }
}

/// See the module.
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    bytes_max: usize,
    written: Written,
}

impl Outbox {
    /// An empty one, bounded to `bytes_max`; its first ping is due at `ping_due`.
    pub(super) fn new(bytes_max: usize, now: Instant, ping_due: Instant, written: Written) -> Arc<Self> {
        let inner = Inner {
            queue: Queue::default(),
            wire: None,
            own: false,
            broken: false,
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
            written,
        })
    }

    /// Gives it its socket; what has gathered is written.
    pub(super) fn attach(&self, wire: Wire) {
        let mut inner = self.inner.lock();
        inner.wire = Some(wire);
        inner.send(&self.written);
    }

    /// Appends a frame, or drops the backlog when it would go over the bound.
    pub(super) fn offer(&self, frame: &Bytes, now: Instant, when: When) -> Offered {
        let mut inner = self.inner.lock();
        if inner.behind || inner.is_shut() {
            return Offered::Skipped;
        }
        if when == When::Now && inner.send_past_queue(frame, now, &self.written) {
            return Offered::Taken;
        }
        // A frame that is itself longer than the bound passes while nothing else waits: it is shared.
        let waiting = inner.queue.waiting_bytes();
        if waiting > 0 && waiting + frame.len() > self.bytes_max {
            inner.queue.drop_waiting();
            inner.behind = true;
            inner.wake();
            return Offered::Overflowed;
        }
        inner.push(frame.clone().into(), now);
        if when == When::Now || inner.queue.waiting_bytes() >= GATHERED_BYTES_MAX {
            inner.send(&self.written);
        }
        Offered::Taken
    }

    /// Writes what was offered for later.
    pub(super) fn send(&self) {
        self.inner.lock().send(&self.written);
    }

    /// Throws away what waits and has not begun, and starts over with these frames (a snapshot and what followed it). They are
    /// long, and may be for thousands at once: the connections' own futures write them, so that the hub is free for others.
    pub(super) fn restart(&self, frames: impl IntoIterator<Item = Frame>, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.is_shut() {
            return;
        }
        inner.queue.drop_waiting();
        inner.behind = false;
        for frame in frames {
            inner.push(frame, now);
        }
        inner.own |= inner.wire.is_some();
        inner.wake();
    }

    /// A control frame, before anything that waits. At most one pong waits, because only one is worth sending.
    pub(super) fn control(&self, frame: Bytes, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.is_shut() {
            return;
        }
        inner.queue.drop_first_if(|first| is_pong(&first.head));
        if inner.is_empty() {
            inner.moved_at = now;
        }
        inner.queue.push_first(frame.into());
        inner.send(&self.written);
    }

    /// Drops the backlog, sends a close frame and ends the connection after it.
    pub(super) fn close(&self, frame: Bytes, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.is_shut() {
            return;
        }
        inner.queue.drop_waiting();
        inner.push(frame.into(), now);
        inner.closing = true;
        inner.send(&self.written);
    }

    /// For the connection's own future: goes on with what waits if the socket takes again.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>) -> Sending {
        let mut inner = self.inner.lock();
        if !inner.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            inner.waker = Some(cx.waker().clone());
        }
        while inner.own
            && let Some(wire) = &inner.wire
            && let Poll::Ready(ready) = wire.tcp().poll_write_ready(cx)
        {
            inner.own = false;
            match ready {
                Ok(()) => inner.send(&self.written),
                Err(_) => inner.broken = true,
            }
        }
        match inner.has_ended() {
            true => Sending::Ended,
            false if inner.behind && inner.is_empty() => Sending::WantsSnapshot,
            false => Sending::Open,
        }
    }

    /// For the connection's own future: what the client has sent. Zero: it has ended its side.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut inner = self.inner.lock();
        let Some(wire) = &mut inner.wire else {
            return Poll::Ready(Ok(0));
        };
        loop {
            match wire.try_read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(wire.tcp().poll_read_ready(cx))?,
                read => return Poll::Ready(read),
            }
        }
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

    /// Whether a close frame waits or has been sent.
    pub(super) fn is_closing(&self) -> bool {
        self.inner.lock().closing
    }

    /// Tells the peer that nothing more comes.
    pub(super) fn end(&self) {
        let mut inner = self.inner.lock();
        if let Some(wire) = &mut inner.wire
            && let Err(error) = wire.try_end()
        {
            tracing::debug!(%error, "a board had ended by itself");
        }
    }

    /// The connection has ended: its socket is closed.
    pub(super) fn leave(&self) {
        let mut inner = self.inner.lock();
        inner.gone = true;
        inner.queue = Queue::default();
        inner.wire = None;
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
        inner.queue.shrink();
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

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
