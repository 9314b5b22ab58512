//! The wheel: looks at every board of a topic once, and ends those that have not kept a deadline.
//!
//! Must not be here: what boards are told otherwise.

use super::frames::{self, close};
use super::hub::BOARDS_PER_TURN;
use super::metrics::{DropReason, LiveMetrics};
use super::topic::Topic;
use crate::edge::listen::KillReason;
use cabinet_proto::v1::close::CloseCode;
use std::time::Duration;
use tokio::time::Instant;

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

/// Looks at each: pings it, condemns it, ends it, forgets it.
pub(super) async fn sweep_boards(topic: &mut Topic, deadlines: &Deadlines, metrics: &LiveMetrics) {
    let mut index = 0;
    while let Some(member) = topic.members.get_mut(index) {
        let now = Instant::now();
        if member.outbox.is_gone() {
            topic.members.swap_remove(index);
            continue;
        }
        if let Some(reason) = member.doomed {
            // Its close frame did not leave: nothing of its own future runs any more.
            if let Some(connection) = &member.connection {
                connection.kill(reason);
            }
            topic.members.swap_remove(index);
            continue;
        }
        let condemned = match member.outbox.health(now, deadlines) {
            Health::Fine | Health::Gone => None,
            Health::PingDue => {
                member.outbox.control(frames::ping(), now);
                None
            }
            Health::Jammed => Some((DropReason::Slow, CloseCode::Slow, KillReason::NoProgress)),
            Health::Silent => Some((DropReason::NoPong, CloseCode::NoPong, KillReason::NoPong)),
        };
        if let Some((dropped, code, reason)) = condemned {
            metrics.dropped(dropped);
            member.outbox.close(close(code), now);
            member.doomed = Some(reason);
        }
        index += 1;
        if index.is_multiple_of(BOARDS_PER_TURN) {
            tokio::task::yield_now().await;
        }
    }
}
