//! One agenda on one hub: its position, its boards, and what they still have to be told. No waiting here; the hub does that.

use super::LiveOptions;
use super::feed::{Joined, Subscription, TopicSink};
use super::frames::{self, Change};
use super::linger::Pace;
use super::metrics::{DropReason, LiveMetrics};
use super::outbox::{Offered, Outbox, When};
use super::queue::Frame;
use super::ring::Ring;
use crate::edge::listen::{ConnectionHandle, KillReason};
use bytes::Bytes;
use cabinet_actors::delta::{BoardDelta, Delta, TopicPosition};
use cabinet_domain::ids::{HistoryId, Seq};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::close::CloseCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A cached snapshot is replaced after this long: by then other starts lie in its window.
const SNAPSHOT_AGE_MAX: Duration = Duration::from_secs(600);
/// Changes that wait for the answer to a question.
const EARLY_MAX: usize = 256;
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// So many positions in a row that the feed does not know any more, and all that wait get everything: it is not asked for
/// each of a thousand.
const SNAPSHOTS_IN_A_ROW_MAX: u32 = 3;

/// The two clocks, read once per turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) utc: UtcMillis,
}

/// One board.
pub(super) struct Member {
    pub(super) outbox: Arc<Outbox>,
    pub(super) connection: Option<ConnectionHandle>,
    /// The last position it was told, or will have been once its outbox has drained.
    pub(super) seq: Seq,
    /// Its backlog was dropped; a snapshot follows once the rest has moved.
    pub(super) behind: bool,
    /// It was told to go; at the next sweep it is ended from outside.
    pub(super) doomed: Option<KillReason>,
}

/// A board without its first frame, or behind.
pub(super) struct Waiter {
    pub(super) member: Member,
    /// Where it stood, while it may be possible to go on from there.
    pub(super) from: Option<TopicPosition>,
    pub(super) until: Instant,
}

struct Snapshot {
    seq: Seq,
    tail: Bytes,
    taken_at: Instant,
}

/// What is asked of the feed: to go on from a position, or (none) everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) from: Option<TopicPosition>,
    /// Because changes were missed here.
    pub(super) after_loss: bool,
}

/// What a changed topic means for its boards.
pub(super) enum Applied {
    /// Known already, or kept until the answer is there.
    Nothing,
    /// To be appended to every outbox.
    Change(Change),
}

/// See the module.
pub(super) struct Topic {
    history: Option<HistoryId>,
    seq: Seq,
    ring: Ring,
    snapshot: Option<Snapshot>,
    pub(super) members: Vec<Member>,
    pub(super) pace: Pace,
    waiters: Vec<Waiter>,
    early: Vec<Arc<BoardDelta>>,
    asked: Option<Question>,
    /// Changes were missed: nobody is answered from what is known here before the topic is read again.
    lost: bool,
    failures: u32,
    /// Answers since the last that went on from a position.
    snapshots_in_a_row: u32,
    retry_at: Option<Instant>,
    sink: Option<Arc<TopicSink>>,
    subscription: Option<Subscription>,
    next_sink: Option<Arc<TopicSink>>,
    empty_since: Option<Instant>,
}

impl Topic {
    pub(super) fn new() -> Self {
        Self {
            history: None,
            seq: 0,
            ring: Ring::default(),
            snapshot: None,
            members: Vec::new(),
            pace: Pace::default(),
            waiters: Vec::new(),
            early: Vec::new(),
            asked: None,
            lost: false,
            failures: 0,
            snapshots_in_a_row: 0,
            retry_at: None,
            sink: None,
            subscription: None,
            next_sink: None,
            empty_since: None,
        }
    }

    /// Takes a board in: answered at once from what is known, else it waits for the feed.
    pub(super) fn join(&mut self, waiter: Waiter, now: Now, options: &LiveOptions) {
        if let Some(waiter) = self.answer(waiter, now, options) {
            self.waiters.push(waiter);
        }
    }

    /// Gives a board its first frame if that is possible without asking; gives it back if not.
    fn answer(&mut self, mut waiter: Waiter, now: Now, options: &LiveOptions) -> Option<Waiter> {
        let Some(history) = self.history.filter(|_| !self.lost) else {
            return Some(waiter);
        };
        let here = TopicPosition { history, seq: self.seq };
        let known = waiter
            .from
            .filter(|from| from.history == history && from.seq <= self.seq);
        let frames = match known {
            Some(from) => match self.missed(from.seq, now.utc, options.outbox_bytes_max) {
                Missed::Frames(missed) => Some((here.seq, first_then(frames::resumed(from, now.utc), missed))),
                Missed::Unknown => return Some(waiter),
                Missed::TooMuch => None,
            },
            None => None,
        };
        let Some((seq, frames)) = frames.or_else(|| self.by_snapshot(here, now, options)) else {
            waiter.from = None;
            return Some(waiter);
        };
        waiter.member.outbox.restart(frames, now.instant);
        waiter.member.seq = seq;
        waiter.member.behind = false;
        self.members.push(waiter.member);
        None
    }

    /// The cached snapshot and what followed it, while that is short and young.
    fn by_snapshot(&self, here: TopicPosition, now: Now, options: &LiveOptions) -> Option<(Seq, Vec<Frame>)> {
        let snapshot = self.snapshot.as_ref()?;
        if now.instant.saturating_duration_since(snapshot.taken_at) >= SNAPSHOT_AGE_MAX {
            return None;
        }
        let missed = match self.missed(snapshot.seq, now.utc, options.outbox_bytes_max / 4) {
            Missed::Frames(missed) => missed,
            Missed::Unknown | Missed::TooMuch => return None,
        };
        let position = TopicPosition {
            history: here.history,
            seq: snapshot.seq,
        };
        let first = frames::snapshot(position, now.utc, &snapshot.tail);
        Some((here.seq.max(snapshot.seq), first_then(first, missed)))
    }

    fn missed(&self, seq: Seq, now: UtcMillis, bytes_max: usize) -> Missed {
        let Some(changes) = self.ring.since(seq) else {
            return Missed::Unknown;
        };
        let mut bytes = 0;
        let mut frames = Vec::new();
        for change in changes {
            let frame = change.frames(now);
            bytes += frame.len();
            if bytes > bytes_max {
                return Missed::TooMuch;
            }
            frames.push(frame.into());
        }
        Missed::Frames(frames)
    }

    /// The question to ask now, if there is one.
    pub(super) fn question(&mut self, now: Instant) -> Option<Question> {
        let nobody = self.members.is_empty() && self.waiters.is_empty();
        let later = self.retry_at.is_some_and(|at| now < at);
        if self.asked.is_some() || nobody || later {
            return None;
        }
        let here = self.history.map(|history| TopicPosition { history, seq: self.seq });
        let oldest = || {
            self.waiters
                .iter()
                .filter_map(|waiter| waiter.from)
                .min_by_key(|from| from.seq)
        };
        let from = match here {
            Some(here) if self.lost => Some(here),
            Some(_) if self.waiters.is_empty() => return None,
            Some(_) | None => oldest(),
        };
        let question = Question {
            from,
            after_loss: self.lost,
        };
        self.asked = Some(question);
        Some(question)
    }

    /// The sink that goes with the question.
    pub(super) fn asking_with(&mut self, sink: Arc<TopicSink>) {
        self.next_sink = Some(sink);
    }

    /// Something was lost: read again from the present position.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// The question could not be answered: ask again later, waiting twice as long each time.
    pub(super) fn refused(&mut self, now: Instant) {
        if let Some(sink) = self.next_sink.take() {
            sink.retire();
        }
        self.asked = None;
        self.lost = self.history.is_some();
        self.retry_at = Some(
            now + RETRY_FIRST
                .saturating_mul(1 << self.failures.min(10))
                .min(RETRY_LONGEST),
        );
        self.failures += 1;
        self.early.clear();
    }

    /// Takes an answer in. The changes given back are to be applied in order; then [`Topic::settle`].
    pub(super) fn answered(
        &mut self,
        (subscription, joined): (Subscription, Joined),
        now: Now,
        metrics: &LiveMetrics,
    ) -> Result<Vec<Arc<BoardDelta>>, serde_json::Error> {
        let asked = self.asked.take();
        let from = asked.and_then(|asked| asked.from);
        let after_loss = asked.is_some_and(|asked| asked.after_loss);
        self.lost &= !after_loss;
        self.failures = 0;
        self.retry_at = None;
        if let Some(old) = std::mem::replace(&mut self.sink, self.next_sink.take()) {
            old.retire();
        }
        self.subscription = Some(subscription);
        let mut changes = match joined {
            Joined::Snapshot { position, types } => {
                let tail = frames::snapshot_tail(&types)?;
                metrics.frames_encoded.inc();
                self.snapshots_in_a_row += 1;
                // Further back than what was asked for is not known either; a position of another history says nothing.
                let asked = from.filter(|from| from.history == position.history);
                self.give_up_unknown(position.seq, |seq| asked.is_some_and(|asked| seq <= asked.seq));
                self.restated(
                    position,
                    Snapshot {
                        seq: position.seq,
                        tail,
                        taken_at: now.instant,
                    },
                    after_loss,
                    now,
                );
                Vec::new()
            }
            Joined::Resumed { position, deltas } => {
                let here = position.seq;
                let deltas = self.resumed(from, position, deltas, now, metrics)?;
                self.snapshots_in_a_row = 0;
                // The changes given back are not applied yet: who stands among them is not ahead.
                self.give_up_unknown(here, |seq| from.is_some_and(|asked| seq >= asked.seq));
                deltas
            }
        };
        changes.append(&mut self.early);
        Ok(changes)
    }

    /// A snapshot: if changes lie between it and this hub's position that will not come any more, everyone gets it.
    fn restated(&mut self, position: TopicPosition, snapshot: Snapshot, after_loss: bool, now: Now) {
        let continuous = self.history == Some(position.history);
        // Ahead of this hub with its sink intact, the changes between are in the mailbox already.
        if !continuous || position.seq < self.seq || (after_loss && position.seq != self.seq) {
            self.start_over(position.history, position.seq, now);
        }
        self.snapshot = Some(snapshot);
    }

    fn start_over(&mut self, history: HistoryId, seq: Seq, now: Now) {
        let until = now.instant + RETRY_LONGEST;
        let all = self.members.drain(..).map(|member| Waiter {
            member,
            from: None,
            until,
        });
        self.waiters.extend(all);
        self.history = Some(history);
        self.seq = seq;
        self.ring.reset(seq);
        self.snapshot = None;
    }

    /// Boards whose position nobody knows get everything: those ahead of `here`, and those further back than the ring of whom
    /// the answer `says` so. Others came while the question was on its way, and are asked for next, a few times.
    fn give_up_unknown(&mut self, here: Seq, says: impl Fn(Seq) -> bool) {
        let enough = self.snapshots_in_a_row >= SNAPSHOTS_IN_A_ROW_MAX;
        for waiter in &mut self.waiters {
            waiter.from = waiter.from.filter(|from| {
                let known = self.ring.since(from.seq).is_some();
                from.seq <= here && (known || !(enough || says(from.seq)))
            });
        }
    }

    fn resumed(
        &mut self,
        asked: Option<TopicPosition>,
        position: TopicPosition,
        deltas: Vec<Delta>,
        now: Now,
        metrics: &LiveMetrics,
    ) -> Result<Vec<Arc<BoardDelta>>, serde_json::Error> {
        let base = asked.map_or(position.seq, |asked| asked.seq.min(position.seq));
        let deltas: Vec<Arc<BoardDelta>> = deltas
            .into_iter()
            .filter_map(|delta| match delta {
                Delta::Board(delta) => Some(delta),
                Delta::Staff(_) => None,
            })
            .collect();
        if self.history != Some(position.history) {
            self.start_over(position.history, base, now);
            return Ok(deltas);
        }
        let (older, newer): (Vec<_>, Vec<_>) = deltas.into_iter().partition(|delta| delta.to <= self.seq);
        metrics.frames_encoded.inc_by(older.len() as u64);
        let older = older
            .iter()
            .map(|delta| Change::encode(delta))
            .collect::<Result<Vec<_>, _>>()?;
        self.ring.backfill(base, older);
        Ok(newer)
    }

    /// After an answer: every waiting board that can be answered now is.
    pub(super) fn settle(&mut self, now: Now, options: &LiveOptions) {
        for waiter in std::mem::take(&mut self.waiters) {
            self.join(waiter, now, options);
        }
    }

    /// Takes the next change in, if it is the next.
    pub(super) fn apply(&mut self, delta: Arc<BoardDelta>) -> Result<Applied, serde_json::Error> {
        if self.history.is_none() || (self.asked.is_some() && delta.from > self.seq) {
            if self.early.len() < EARLY_MAX {
                self.early.push(delta);
            } else {
                self.lost = true;
            }
            return Ok(Applied::Nothing);
        }
        let foreign = self.history != Some(delta.history);
        if foreign || delta.from > self.seq {
            self.lost = true;
            return Ok(Applied::Nothing);
        }
        if delta.to <= self.seq {
            return Ok(Applied::Nothing);
        }
        let change = Change::encode(&delta)?;
        self.seq = delta.to;
        self.ring.push(change.clone());
        if delta.types_changed {
            self.snapshot = None;
        }
        Ok(Applied::Change(change))
    }

    /// Appends a change to the boards of `range`.
    pub(super) fn fan_out(
        &mut self,
        range: std::ops::Range<usize>,
        change: &Change,
        frames: &Bytes,
        (now, when): (Instant, When),
        metrics: &LiveMetrics,
    ) {
        let mut queued = 0;
        for member in self.members.get_mut(range).unwrap_or_default() {
            if member.behind || member.seq >= change.to {
                continue;
            }
            match member.outbox.offer(frames, now, when) {
                Offered::Taken => {
                    member.seq = change.to;
                    queued += 1;
                }
                Offered::Overflowed => {
                    member.behind = true;
                    metrics.backlogs_dropped.inc();
                }
                Offered::Skipped => {}
            }
        }
        metrics.frames_queued.inc_by(queued);
    }

    /// Boards that were behind and have sent the rest: they get a snapshot.
    pub(super) fn catch_up(&mut self, now: Now, options: &LiveOptions, metrics: &LiveMetrics) {
        let ready = self
            .members
            .extract_if(.., |member| member.behind && member.outbox.wants_snapshot());
        let ready: Vec<Member> = ready.collect();
        for member in ready {
            metrics.catch_ups.inc();
            let until = now.instant + options.join_deadline;
            self.join(
                Waiter {
                    member,
                    from: None,
                    until,
                },
                now,
                options,
            );
        }
    }

    /// Closes boards that have waited too long for their first frame and forgets those that have gone.
    pub(super) fn sweep_waiters(&mut self, now: Instant, metrics: &LiveMetrics) {
        self.waiters.retain(|waiter| {
            if now < waiter.until {
                return !waiter.member.outbox.is_gone();
            }
            waiter.member.outbox.close(frames::close(CloseCode::Internal), now);
            metrics.dropped(DropReason::Unavailable);
            false
        });
    }

    /// Closes every board.
    pub(super) fn close_all(&mut self, code: CloseCode, now: Instant) {
        let waiting = self.waiters.drain(..).map(|waiter| waiter.member);
        for member in self.members.drain(..).chain(waiting) {
            member.outbox.close(frames::close(code), now);
        }
    }

    /// Whether nobody has been here for `grace`.
    pub(super) fn is_over(&mut self, now: Instant, grace: Duration) -> bool {
        if !self.members.is_empty() || !self.waiters.is_empty() {
            self.empty_since = None;
            return false;
        }
        let since = *self.empty_since.get_or_insert(now);
        now.saturating_duration_since(since) >= grace
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        for sink in self.sink.iter().chain(&self.next_sink) {
            sink.retire();
        }
    }
}

enum Missed {
    Frames(Vec<Frame>),
    /// Further back than is known here.
    Unknown,
    /// A snapshot is shorter.
    TooMuch,
}

fn first_then(first: Frame, then: Vec<Frame>) -> Vec<Frame> {
    std::iter::once(first).chain(then).collect()
}
