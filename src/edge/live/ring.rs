//! The last changes of a topic, encoded: what a board that comes back may have missed.

use super::frames::Change;
use cabinet_domain::ids::Seq;
use std::collections::VecDeque;

/// Changes kept per topic.
pub(super) const CHANGES_MAX: usize = 256;

/// From `base` on, every change of the topic is here, in order.
#[derive(Debug, Default)]
pub(super) struct Ring {
    base: Seq,
    changes: VecDeque<Change>,
}

impl Ring {
    /// Forgets everything; changes after `base` follow.
    pub(super) fn reset(&mut self, base: Seq) {
        self.base = base;
        self.changes.clear();
    }

    /// Appends the newest change.
    pub(super) fn push(&mut self, change: Change) {
        self.changes.push_back(change);
        self.trim();
    }

    /// Puts older changes in front, which begin after `base` and reach to the present base; others are ignored.
    pub(super) fn backfill(&mut self, base: Seq, older: Vec<Change>) {
        if base >= self.base {
            return;
        }
        for change in older.into_iter().rev().filter(|change| change.to <= self.base) {
            self.changes.push_front(change);
        }
        self.base = base;
        self.trim();
    }

    fn trim(&mut self) {
        while self.changes.len() > CHANGES_MAX {
            if let Some(oldest) = self.changes.pop_front() {
                self.base = oldest.to;
            }
        }
    }

    /// What a board at `seq` has missed; none when that is not known any more.
    pub(super) fn since(&self, seq: Seq) -> Option<impl Iterator<Item = &Change>> {
        (seq >= self.base).then(|| self.changes.iter().filter(move |change| change.to > seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_actors::delta::BoardDelta;
    use cabinet_domain::ids::{AgendaId, AgendaKey, HistoryId, PracticeId};
    use cabinet_domain::time::UtcMillis;

    fn change(from: Seq, to: Seq) -> Change {
        Change::encode(&BoardDelta {
            agenda: AgendaKey {
                practice: PracticeId(1),
                agenda: AgendaId(1),
            },
            history: HistoryId(1),
            from,
            to,
            at: UtcMillis(0),
            changes: Vec::new(),
            types_changed: true,
        })
        .unwrap()
    }

    fn missed(ring: &Ring, seq: Seq) -> Option<Vec<Seq>> {
        ring.since(seq).map(|changes| changes.map(|change| change.to).collect())
    }

    #[test]
    fn what_was_missed_is_known_from_the_base_on() {
        let mut ring = Ring::default();
        ring.reset(10);
        ring.push(change(10, 12));
        ring.push(change(12, 13));
        for (seq, expected) in [
            (9, None),
            (10, Some(vec![12, 13])),
            (11, Some(vec![12, 13])),
            (12, Some(vec![13])),
            (13, Some(vec![])),
        ] {
            assert_eq!(missed(&ring, seq), expected, "{seq}");
        }
        ring.backfill(5, vec![change(5, 7), change(7, 10), change(10, 12)]);
        assert_eq!(missed(&ring, 6), Some(vec![7, 10, 12, 13]));
        assert_eq!(missed(&ring, 4), None);
    }

    #[test]
    fn one_change_more_than_the_bound_moves_the_base() {
        let mut ring = Ring::default();
        let most = CHANGES_MAX as Seq;
        for seq in 0..most {
            ring.push(change(seq, seq + 1));
        }
        assert_eq!(missed(&ring, 0).map(|m| m.len()), Some(CHANGES_MAX));
        ring.push(change(most, most + 1));
        assert_eq!(missed(&ring, 0), None);
        assert_eq!(missed(&ring, 1).map(|m| m.len()), Some(CHANGES_MAX));
    }
}
