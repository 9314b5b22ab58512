//! Boards (`/live`): anyone, receive-only, thousands per node, the free slots of one agenda.
//!
//! A board is no actor. Its handshake is an ordinary request; once the answer has left, its stream is taken back from the
//! HTTP library (`listen::lent`) and belongs to an outbox. A hub, on a thread of its own, owns the outboxes, subscribes
//! once per agenda, encodes each change once and writes the same bytes to each socket itself. The connection's own future,
//! on the thread that accepted it, reads pongs and goes on where a socket took no more. Deliberately absent: commands
//! (patients send them over HTTP), anything of staff, storage.
//!
//! # What it costs
//! - A change: one encoding per hub, then per board one lock and one write. A change that is followed by another of the
//!   same agenda already leaves with it in one write, because the cost is per write, not per byte.
//! - A storm (more than 100 changes of one agenda a second): its boards are written to every 20 ms only, so that several
//!   changes leave in one write.
//! - A join: nothing computed while the cached snapshot is good; the snapshot is encoded once per topic and shared, so a
//!   reader that stops keeps a reference, not a copy.
//! - An idle board: 2.6 KiB, over TLS 9.9 KiB, most of it the TLS session's.
//! - A board that stops reading: at most 64 KiB of waiting frames, over TLS a sealed record of 16 KiB, and the kernel's
//!   bounded send buffer; then its backlog is replaced by one snapshot; after 10 s without progress it is told 4008 and
//!   ended through the reaper.
//!
//! # Order
//! A topic's position grows by `(from, to)`. A board's first frame is `snapshot` or `resumed`; after it, only changes with
//! `to` beyond its position. The hub keeps the last 256 changes; an older position is asked of the agenda's feed. A hub
//! whose mailbox was full, or whose agenda ended, re-reads the topic from its position.

mod agendas;
mod connection;
mod feed;
mod frames;
mod hub;
mod linger;
mod metrics;
mod outbox;
mod queue;
mod ring;
mod route;
mod seats;
mod sweep;
mod topic;

pub use agendas::AgendaBoards;
pub use feed::{BoardSource, Joined, SourceError, Subscription};
pub use hub::Hubs;
pub use route::configure_live;

use std::time::Duration;

/// Bounds and deadlines of boards (law L5).
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Threads that run hubs, at least 1. A topic lives on one of them, which writes (and over TLS seals) all its frames.
    pub hub_threads: usize,
    /// Boards open at once, over all hubs. Full: 503.
    pub boards_max: usize,
    /// Boards open at once from one network address (an IPv6 /64 counts as one). Full: 429.
    pub boards_per_address_max: usize,
    /// Bytes that may wait for one board, a shared snapshot excluded. Full: the backlog gives way to a snapshot.
    pub outbox_bytes_max: usize,
    /// Messages that may wait for one hub. Full: a change marks its topic for re-reading, a join is answered 503.
    pub mailbox_messages_max: usize,
    /// Time between two pings.
    pub ping_period: Duration,
    /// Time to answer one.
    pub pong_deadline: Duration,
    /// Waiting bytes must move within this time.
    pub progress_deadline: Duration,
    /// How often every board is looked at.
    pub sweep_period: Duration,
    /// A topic without boards is kept subscribed this long.
    pub topic_grace: Duration,
    /// A board that could not be given its first frame within this time is closed.
    pub join_deadline: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            hub_threads: 1,
            boards_max: 20_000,
            boards_per_address_max: 200,
            outbox_bytes_max: 64 * 1024,
            mailbox_messages_max: 4_096,
            ping_period: Duration::from_secs(25),
            pong_deadline: Duration::from_secs(10),
            progress_deadline: Duration::from_secs(10),
            sweep_period: Duration::from_secs(1),
            topic_grace: Duration::from_secs(30),
            join_deadline: Duration::from_secs(10),
        }
    }
}
