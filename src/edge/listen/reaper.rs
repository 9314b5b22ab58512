//! Ends connections from outside.
//!
//! A connection whose peer does not read is stuck inside its own write: nothing that runs in its future (a heartbeat, a
//! close) runs any more. So every accepted socket is duplicated here, and the reaper's own thread, or the hub's wheel,
//! shuts the duplicate down.
//!
//! Must not be here: what a connection is for.

use actix_web::rt::net::TcpStream;
use parking_lot::Mutex;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use socket2::{SockRef, Socket};
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;
use tokio::time::Instant;

/// Deadlines of the reaper.
#[derive(Debug, Clone, Copy)]
pub struct ReaperOptions {
    /// A watched connection that has not shown life for this long is jammed.
    pub progress_deadline: Duration,
    /// A pong must follow its ping within this time.
    pub pong_deadline: Duration,
    /// How often connections are looked at.
    pub sweep_period: Duration,
}

impl Default for ReaperOptions {
    fn default() -> Self {
        Self {
            progress_deadline: Duration::from_secs(10),
            pong_deadline: Duration::from_secs(10),
            sweep_period: Duration::from_secs(1),
        }
    }
}

/// Why a connection was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillReason {
    /// Queued bytes did not move: the peer does not read.
    NoProgress,
    /// The peer did not answer a ping.
    NoPong,
    /// It was told to end and did not.
    Lingered,
}

impl KillReason {
    /// The metric's label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoProgress => "no_progress",
            Self::NoPong => "no_pong",
            Self::Lingered => "lingered",
        }
    }
}

/// Signs of life of a connection that drives itself (a session). Cheap enough for every poll.
///
/// A session calls [`ProgressWatch::alive`] from a timer of its own, at least every second: the timer runs only while the
/// connection's write buffer has room, so silence means queued bytes that do not move.
#[derive(Debug)]
pub struct ProgressWatch {
    base: Instant,
    alive_ms: AtomicU64,
    /// When the unanswered ping was sent; zero: none.
    pinged_ms: AtomicU64,
}

impl ProgressWatch {
    fn new() -> Self {
        Self {
            base: Instant::now(),
            alive_ms: AtomicU64::new(1),
            pinged_ms: AtomicU64::new(0),
        }
    }

    fn elapsed_ms(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.base).as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX).max(1)
    }

    /// The connection's own code ran: its write buffer has room.
    pub fn alive(&self) {
        self.alive_ms.store(self.elapsed_ms(Instant::now()), Ordering::Relaxed);
    }

    /// A ping was queued. The first unanswered one counts.
    pub fn ping_sent(&self) {
        let now = self.elapsed_ms(Instant::now());
        // A ping that is still unanswered keeps its own time: the exchange then fails, which is what is wanted.
        let _kept = self
            .pinged_ms
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The peer answered.
    pub fn pong_received(&self) {
        self.pinged_ms.store(0, Ordering::Relaxed);
        self.alive();
    }

    fn verdict(&self, now: Instant, options: &ReaperOptions) -> Option<KillReason> {
        let now = self.elapsed_ms(now);
        let past = |since: u64, deadline: Duration| Duration::from_millis(now.saturating_sub(since)) >= deadline;
        if past(self.alive_ms.load(Ordering::Relaxed), options.progress_deadline) {
            return Some(KillReason::NoProgress);
        }
        let pinged = self.pinged_ms.load(Ordering::Relaxed);
        (pinged != 0 && past(pinged, options.pong_deadline)).then_some(KillReason::NoPong)
    }
}

struct Entry {
    socket: Socket,
    watch: Option<Arc<ProgressWatch>>,
    end_by: Option<Instant>,
}

/// Knows every open connection by number.
pub struct Reaper {
    entries: Mutex<HashMap<u64, Entry>>,
    next: AtomicU64,
    options: ReaperOptions,
    open: IntGauge,
    kills: IntCounterVec,
    stop: Mutex<Option<mpsc::Sender<()>>>,
}

impl Reaper {
    /// Starts the reaper and its thread, which ends when the last reference is dropped.
    ///
    /// # Errors
    /// A metric name is taken, or the thread cannot be started.
    pub fn start(options: ReaperOptions, registry: &Registry) -> anyhow::Result<Arc<Self>> {
        let open = IntGauge::new("cabinet_connections_open", "Accepted connections that are open")?;
        let kills = IntCounterVec::new(
            Opts::new(
                "cabinet_connections_killed_total",
                "Connections ended from outside, by reason",
            ),
            &["reason"],
        )?;
        registry.register(Box::new(open.clone()))?;
        registry.register(Box::new(kills.clone()))?;
        let (stop, stopped) = mpsc::channel();
        let reaper = Arc::new(Self {
            entries: Mutex::default(),
            next: AtomicU64::new(1),
            options,
            open,
            kills,
            stop: Mutex::new(Some(stop)),
        });
        let weak = Arc::downgrade(&reaper);
        std::thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || sweep_until_gone(&weak, &stopped, options))?;
        Ok(reaper)
    }

    /// Takes note of an accepted connection and gives it the TCP options every connection has. The result goes with the
    /// connection: dropping its last clone forgets the duplicate.
    pub fn register(self: &Arc<Self>, stream: &TcpStream, user_timeout: Duration) -> Connection {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let socket = SockRef::from(stream);
        if let Err(error) = socket.set_tcp_user_timeout(Some(user_timeout)) {
            tracing::warn!(%error, "the user timeout of a connection could not be set");
        }
        match socket.try_clone() {
            Ok(socket) => {
                self.entries.lock().insert(
                    id,
                    Entry {
                        socket,
                        watch: None,
                        end_by: None,
                    },
                );
            }
            // Out of descriptors: the user timeout still bounds a peer that does not read at all.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be duplicated and cannot be ended from outside")
            }
        }
        self.open.inc();
        let address = stream.peer_addr().ok().map(|peer| peer.ip().to_canonical());
        Connection(Rc::new(Registered {
            handle: ConnectionHandle {
                id,
                reaper: Arc::downgrade(self),
            },
            address,
        }))
    }

    /// Connections known.
    #[must_use]
    pub fn open(&self) -> usize {
        self.entries.lock().len()
    }

    /// Ends a connection at once: what is queued is thrown away and the peer gets a reset. False if it is gone already.
    pub fn kill(&self, id: u64, reason: KillReason) -> bool {
        let Some(entry) = self.entries.lock().remove(&id) else {
            return false;
        };
        // With a zero linger the last close throws the kernel's queue away instead of keeping it until it times out.
        if let Err(error) = entry.socket.set_linger(Some(Duration::ZERO)) {
            tracing::debug!(%error, "linger");
        }
        if let Err(error) = entry.socket.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "shutdown of a connection that had ended by itself");
        }
        self.kills.with_label_values(&[reason.label()]).inc();
        true
    }

    /// Looks at every connection once and ends those past a deadline.
    pub fn sweep(&self, now: Instant) {
        let overdue: Vec<(u64, KillReason)> = {
            let entries = self.entries.lock();
            let verdict = |(id, entry): (&u64, &Entry)| {
                let lingered = entry
                    .end_by
                    .is_some_and(|end_by| now >= end_by)
                    .then_some(KillReason::Lingered);
                let watched = || entry.watch.as_ref().and_then(|watch| watch.verdict(now, &self.options));
                lingered.or_else(watched).map(|reason| (*id, reason))
            };
            entries.iter().filter_map(verdict).collect()
        };
        for (id, reason) in overdue {
            self.kill(id, reason);
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.stop.lock().take();
    }
}

fn sweep_until_gone(reaper: &Weak<Reaper>, stopped: &mpsc::Receiver<()>, options: ReaperOptions) {
    while stopped.recv_timeout(options.sweep_period) == Err(mpsc::RecvTimeoutError::Timeout) {
        let Some(reaper) = reaper.upgrade() else { return };
        reaper.sweep(Instant::now());
    }
}

/// One accepted connection. Its own future and its extensions keep clones; whoever else needs it takes
/// [`Connection::handle`].
#[derive(Clone)]
pub struct Connection(Rc<Registered>);

struct Registered {
    handle: ConnectionHandle,
    address: Option<IpAddr>,
}

impl Connection {
    /// A reference that does not keep the connection.
    #[must_use]
    pub fn handle(&self) -> ConnectionHandle {
        self.0.handle.clone()
    }

    /// The peer's address; IPv4 in IPv6 is given as IPv4.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(reaper) = self.handle.reaper.upgrade() {
            reaper.entries.lock().remove(&self.handle.id);
            reaper.open.dec();
        }
    }
}

/// Names a connection; outlives it harmlessly.
#[derive(Clone)]
pub struct ConnectionHandle {
    id: u64,
    reaper: Weak<Reaper>,
}

impl ConnectionHandle {
    /// Its number, never used twice by one process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Ends it at once; false if it is gone already.
    pub fn kill(&self, reason: KillReason) -> bool {
        self.reaper.upgrade().is_some_and(|reaper| reaper.kill(self.id, reason))
    }

    /// Its code has finished: if the peer lets it hang in its last flush, it is ended after `patience`.
    pub fn end_within(&self, patience: Duration) {
        let Some(reaper) = self.reaper.upgrade() else { return };
        if let Some(entry) = reaper.entries.lock().get_mut(&self.id) {
            entry.end_by = Some(Instant::now() + patience);
        }
    }

    /// Has the reaper watch its signs of life from now on. None if it is gone, or could not be duplicated.
    #[must_use]
    pub fn watch(&self) -> Option<Arc<ProgressWatch>> {
        let reaper = self.reaper.upgrade()?;
        let mut entries = reaper.entries.lock();
        let entry = entries.get_mut(&self.id)?;
        let watch = Arc::new(ProgressWatch::new());
        entry.watch = Some(Arc::clone(&watch));
        Some(watch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: ReaperOptions = ReaperOptions {
        progress_deadline: Duration::from_secs(10),
        pong_deadline: Duration::from_secs(5),
        sweep_period: Duration::from_secs(1),
    };

    #[test]
    fn silence_and_missing_pongs_are_judged_at_their_deadlines() {
        let watch = ProgressWatch::new();
        let at = |ms: u64| watch.base + Duration::from_millis(ms);
        let verdict = |alive: u64, pinged: u64, now: u64| {
            watch.alive_ms.store(alive, Ordering::Relaxed);
            watch.pinged_ms.store(pinged, Ordering::Relaxed);
            watch.verdict(at(now), &OPTIONS)
        };
        // alive at, pinged at (0: not), looked at -> verdict
        for (alive, pinged, now, expected) in [
            (1, 0, 10_000, None),
            (1, 0, 10_001, Some(KillReason::NoProgress)),
            (9_000, 0, 18_999, None),
            (9_000, 4_000, 8_999, None),
            (9_000, 4_000, 9_000, Some(KillReason::NoPong)),
        ] {
            assert_eq!(
                verdict(alive, pinged, now),
                expected,
                "alive {alive} pinged {pinged} now {now}"
            );
        }
    }

    #[test]
    fn only_the_first_unanswered_ping_counts() {
        let watch = ProgressWatch::new();
        watch.pinged_ms.store(77, Ordering::Relaxed);
        watch.ping_sent();
        assert_eq!(watch.pinged_ms.load(Ordering::Relaxed), 77);
        watch.pong_received();
        assert_eq!(watch.pinged_ms.load(Ordering::Relaxed), 0);
    }

    #[actix_web::test]
    async fn a_killed_connection_is_reset_and_forgotten_and_a_dropped_one_too() {
        let reaper = Reaper::start(OPTIONS, &Registry::new()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let connection = reaper.register(&server, Duration::from_secs(3));
        let handle = connection.handle();
        assert_eq!(connection.address(), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(reaper.open(), 1);
        handle.end_within(Duration::from_secs(5));
        reaper.sweep(Instant::now() + Duration::from_secs(4));
        assert_eq!(reaper.open(), 1, "still patient");
        reaper.sweep(Instant::now() + Duration::from_secs(6));
        assert_eq!(reaper.open(), 0);
        assert!(!handle.kill(KillReason::NoPong), "it is gone already");
        client.readable().await.unwrap();
        let ended = client.try_read(&mut [0; 8]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        drop(connection);
        assert!(handle.watch().is_none());
        assert_eq!(reaper.open.get(), 0);
    }
}
