//! When which change of which agenda arrived at whom: read with as little work per frame as there can be, because the readers
//! share the processors with what is measured. One reader of each kind and agenda, the probe, reads frames whole, so that
//! positions can be told from commands afterwards.

use crate::steady::{Act, Done};
use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::session::{ServerFrame, StaffChange};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anyone.
    Board,
    /// Staff.
    Session,
}

/// What a command makes visible, as the log and a probe both can name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Mark {
    /// A slot went (hold) or came (cancellation), for boards: type, start.
    Slot(Act, String, i64),
    /// A hold, a booking, or a booking's end, for staff.
    Thing(Act, String),
}

/// Everything that arrived.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Readers of each agenda.
    readers: HashMap<(Audience, usize), u32>,
    at: Vec<(Audience, usize, u64, Instant)>,
    /// Where the probes saw what, in order.
    marks: HashMap<(usize, Mark), Vec<u64>>,
    /// Changes that did not go on from where a reader stood.
    pub gaps: u64,
    /// Sessions that were told to join again, because they fell behind.
    pub resyncs: u64,
    /// Readers whose line ended.
    pub ended: u64,
}

/// Delays of one audience.
#[derive(Debug, Default)]
pub struct Delays {
    /// From the sending of a command to a reader's having its frame.
    pub all: Vec<Duration>,
    /// Deliveries that should have come and did not.
    pub missing: u64,
    /// Commands whose change no probe saw.
    pub unseen: u64,
}

impl Arrivals {
    /// Notes a reader.
    pub fn reader(&mut self, audience: Audience, agenda: usize) {
        *self.readers.entry((audience, agenda)).or_default() += 1;
    }

    /// Takes a frame that has arrived now. `position` is where its reader stood; it is moved on.
    pub fn take(&mut self, (audience, agenda): (Audience, usize), probe: bool, text: &str, position: &mut u64) {
        let now = Instant::now();
        let Some((from, to)) = span_of(text) else {
            return;
        };
        if to <= *position {
            return;
        }
        self.gaps += u64::from(from > *position);
        *position = to;
        self.at.push((audience, agenda, to, now));
        if probe {
            for mark in marks(audience, text) {
                self.marks.entry((agenda, mark)).or_default().push(to);
            }
        }
    }

    /// Delays of the commands sent inside `window`; `done` has them from the very first on, in their order.
    #[must_use]
    pub fn delays(&self, audience: Audience, done: &[Done], window: &RangeInclusive<Instant>) -> Delays {
        let mut delays = Delays::default();
        let mut turns: HashMap<(usize, Mark), usize> = HashMap::new();
        let mut sent: HashMap<(usize, u64), (Instant, u32)> = HashMap::new();
        for one in done {
            let Some(mark) = mark_of(audience, one) else {
                continue;
            };
            let place = (one.agenda, mark);
            let turn = turns.entry(place.clone()).or_default();
            let seen = self.marks.get(&place).and_then(|seen| seen.get(*turn));
            *turn += 1;
            if !window.contains(&one.sent) {
                continue;
            }
            match seen {
                Some(to) => {
                    let readers = self.readers.get(&(audience, one.agenda)).copied().unwrap_or(0);
                    sent.insert((one.agenda, *to), (one.sent, readers));
                }
                None => delays.unseen += 1,
            }
        }
        for (whose, agenda, to, at) in &self.at {
            if *whose == audience
                && let Some((sent, left)) = sent.get_mut(&(*agenda, *to))
            {
                *left = left.saturating_sub(1);
                delays.all.push(at.saturating_duration_since(*sent));
            }
        }
        delays.missing = sent.values().map(|(_, left)| u64::from(*left)).sum();
        delays
    }
}

fn mark_of(audience: Audience, done: &Done) -> Option<Mark> {
    match (audience, done.act) {
        (Audience::Board, Act::Confirm) => None,
        (Audience::Board, act) => Some(Mark::Slot(act, done.kind.clone(), done.start_ms)),
        (Audience::Session, act) => Some(Mark::Thing(act, done.thing.clone())),
    }
}

/// `from` and `to` of a change, from the frame's beginning; none for any other frame.
fn span_of(text: &str) -> Option<(u64, u64)> {
    let rest = text.strip_prefix("{\"event\":\"delta\",")?;
    let (_, rest) = rest.split_once("\"from\":")?;
    let (from, rest) = rest.split_once(",\"to\":")?;
    let (to, _) = rest.split_once(',')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn marks(audience: Audience, text: &str) -> Vec<Mark> {
    match audience {
        Audience::Board => board_marks(text),
        Audience::Session => session_marks(text),
    }
}

fn board_marks(text: &str) -> Vec<Mark> {
    let Ok(BoardFrame::Delta { types, .. }) = serde_json::from_str(text) else {
        return Vec::new();
    };
    let mut marks = Vec::new();
    for changes in types {
        let went = changes.removed_ms.into_iter().map(|start| (Act::Hold, start));
        let came = changes.added.into_iter().map(|slot| (Act::Cancel, slot.start_ms));
        marks.extend(
            went.chain(came)
                .map(|(act, start)| Mark::Slot(act, changes.kind.clone(), start)),
        );
    }
    marks
}

fn session_marks(text: &str) -> Vec<Mark> {
    let Ok(ServerFrame::Delta { changes, .. }) = serde_json::from_str(text) else {
        return Vec::new();
    };
    let marks = changes.into_iter().filter_map(|change| match change {
        StaffChange::HoldSet { hold } => Some(Mark::Thing(Act::Hold, hold.id)),
        StaffChange::BookingSet { booking } => Some(Mark::Thing(Act::Confirm, booking.id)),
        StaffChange::BookingGone { id } => Some(Mark::Thing(Act::Cancel, id)),
        StaffChange::BookingMoved { .. }
        | StaffChange::HoldGone { .. }
        | StaffChange::AbsenceSet { .. }
        | StaffChange::AbsenceGone { .. }
        | StaffChange::SeriesSet { .. }
        | StaffChange::MarkSet { .. }
        | StaffChange::DelaySet { .. }
        | StaffChange::WaitingSet { .. }
        | StaffChange::WaitingGone { .. }
        | StaffChange::WaitingUrgent { .. }
        | StaffChange::WaitingOffered { .. } => None,
    });
    marks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_proto::v1::model::{Slot, StaffHold, TypeSlotChanges};

    fn board(from: u64, to: u64, removed_ms: Vec<i64>, added_ms: &[i64]) -> String {
        let slot = |start_ms: &i64| Slot {
            start_ms: *start_ms,
            place: String::new(),
            from_ms: 0,
            until_ms: 0,
        };
        let changes = TypeSlotChanges {
            kind: "k".to_owned(),
            removed_ms,
            added: added_ms.iter().map(slot).collect(),
        };
        let types = vec![changes];
        serde_json::to_string(&BoardFrame::Delta {
            from,
            to,
            now_ms: 1,
            types,
        })
        .unwrap()
    }

    fn done(act: Act, thing: &str, sent: Instant) -> Done {
        Done {
            agenda: 0,
            act,
            thing: thing.to_owned(),
            kind: "k".to_owned(),
            start_ms: 60_000,
            sent,
            answered: sent,
        }
    }

    #[test]
    fn the_beginning_of_a_change_tells_its_positions() {
        assert_eq!(span_of(&board(4, 7, vec![1], &[])), Some((4, 7)));
        let hold = StaffHold {
            id: "h".to_owned(),
            kind: "k".to_owned(),
            start_ms: 1,
            end_ms: 2,
            expires_ms: 3,
        };
        let frame = ServerFrame::Delta {
            topic: "t".to_owned(),
            from: 8,
            to: 9,
            now_ms: 1,
            changes: vec![StaffChange::HoldSet { hold }],
        };
        let text = frame.to_json().unwrap();
        assert_eq!(span_of(&text), Some((8, 9)));
        assert_eq!(session_marks(&text), [Mark::Thing(Act::Hold, "h".to_owned())]);
        let other = ServerFrame::Done { r#ref: 1 }.to_json().unwrap();
        assert_eq!(span_of(&other), None);
    }

    #[test]
    fn delays_are_those_of_the_command_that_a_change_came_from() {
        let mut arrivals = Arrivals::default();
        let began = Instant::now();
        let who = (Audience::Board, 0);
        let (mut probe, mut other) = (3, 3);
        arrivals.reader(who.0, who.1);
        arrivals.reader(who.0, who.1);
        // The slot goes, comes, and goes again; the second reader misses the last of it.
        for (from, to, went, came) in [
            (3, 4, vec![60_000], vec![]),
            (4, 6, vec![], vec![60_000]),
            (6, 7, vec![60_000], vec![]),
        ] {
            let text = board(from, to, went, &came);
            arrivals.take(who, true, &text, &mut probe);
            if to < 7 {
                arrivals.take(who, false, &text, &mut other);
            }
        }
        let later = began + Duration::from_micros(1);
        let log = [
            done(Act::Hold, "a", began),
            done(Act::Confirm, "a", later),
            done(Act::Cancel, "a", later),
            done(Act::Hold, "b", later),
            done(Act::Cancel, "b", later),
        ];
        let delays = arrivals.delays(Audience::Board, &log, &(later..=later));
        assert_eq!((delays.all.len(), delays.missing, delays.unseen), (3, 1, 1));
        let before = arrivals.delays(Audience::Board, &log, &(began..=began));
        assert_eq!((before.all.len(), before.missing, before.unseen), (2, 0, 0));
        assert_eq!(arrivals.gaps, 0);
        arrivals.take(who, false, &board(8, 9, vec![], &[]), &mut probe);
        assert_eq!(arrivals.gaps, 1);
    }
}
