//! What a board knows: a snapshot and every change since, strictly by the protocol. A gap is a failure, and at the end two
//! pictures of the same position must be equal.

use anyhow::{bail, ensure};
use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::model::{Slot, TypeSlots};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Milliseconds of a minute; slots start on whole minutes.
const MINUTE_MS: i64 = 60_000;

/// How a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Everything was replaced.
    Snapshot,
    /// It goes on from the position that was named.
    Resumed,
    /// One change.
    Change,
    /// A change that was known already.
    Known,
}

/// Free slots at a position. Small: thousands are kept at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    history: String,
    seq: u64,
    kinds: Vec<String>,
    /// Type and start, and what else is told of the slot; ascending.
    slots: Vec<(u64, u64)>,
}

impl Picture {
    /// `&history=...&seq=...` of the position; empty before the first snapshot.
    #[must_use]
    pub fn position(&self) -> String {
        if self.history.is_empty() {
            return String::new();
        }
        format!("&history={}&seq={}", self.history, self.seq)
    }

    /// The position's number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// How many slots are free.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes one frame in.
    ///
    /// # Errors
    /// When a change is missing before it, it goes on from another position than was named, or the types are other ones now
    /// (which no scenario causes).
    pub fn take(&mut self, frame: &BoardFrame) -> anyhow::Result<Taken> {
        match frame {
            BoardFrame::Snapshot {
                history, seq, types, ..
            } => {
                (self.history, self.seq) = (history.clone(), *seq);
                self.replace(types);
                Ok(Taken::Snapshot)
            }
            BoardFrame::Resumed { history, seq, .. } => {
                ensure!(
                    (history, seq) == (&self.history, &self.seq),
                    "resumed at {seq}, asked for {}",
                    self.seq
                );
                Ok(Taken::Resumed)
            }
            BoardFrame::Delta { to, .. } if *to <= self.seq => Ok(Taken::Known),
            BoardFrame::Delta { from, to, types, .. } => {
                ensure!(
                    *from <= self.seq,
                    "a change is missing: at {}, told from {from}",
                    self.seq
                );
                self.seq = *to;
                for changes in types {
                    let kind = self.kind(&changes.kind);
                    for start_ms in &changes.removed_ms {
                        self.remove(key(kind, *start_ms));
                    }
                    for slot in &changes.added {
                        self.put(key(kind, slot.start_ms), rest(slot));
                    }
                }
                Ok(Taken::Change)
            }
            BoardFrame::TypesChanged { .. } => bail!("the types have changed"),
        }
    }

    /// Everything anew, as a list of types with their slots says it.
    fn replace(&mut self, types: &[TypeSlots]) {
        self.kinds.clear();
        self.slots.clear();
        for one in types {
            let kind = self.kind(&one.kind);
            let slots = one.slots.iter().map(|slot| (key(kind, slot.start_ms), rest(slot)));
            self.slots.extend(slots);
        }
        self.slots.sort_unstable();
        self.slots.shrink_to_fit();
    }

    fn kind(&mut self, id: &str) -> u64 {
        let known = self.kinds.iter().position(|kind| kind == id);
        let place = known.unwrap_or_else(|| {
            self.kinds.push(id.to_owned());
            self.kinds.len() - 1
        });
        place as u64
    }

    fn remove(&mut self, key: u64) {
        if let Ok(place) = self.slots.binary_search_by_key(&key, |slot| slot.0) {
            self.slots.remove(place);
        }
    }

    fn put(&mut self, key: u64, rest: u64) {
        match self.slots.binary_search_by_key(&key, |slot| slot.0) {
            Ok(place) => {
                if let Some(slot) = self.slots.get_mut(place) {
                    slot.1 = rest;
                }
            }
            Err(place) => self.slots.insert(place, (key, rest)),
        }
    }
}

/// Type and minute in one number.
const fn key(kind: u64, start_ms: i64) -> u64 {
    kind << 40 | start_ms.div_euclid(MINUTE_MS).unsigned_abs()
}

/// A number that differs when anything else of a slot does.
fn rest(slot: &Slot) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&slot.place, slot.from_ms, slot.until_ms).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_proto::v1::model::TypeSlotChanges;

    fn slot(minute: i64, until_ms: i64) -> Slot {
        Slot {
            start_ms: minute * MINUTE_MS,
            place: "p".to_owned(),
            from_ms: 0,
            until_ms,
        }
    }

    fn snapshot(seq: u64, slots: Vec<Slot>) -> BoardFrame {
        let kind = "k".to_owned();
        BoardFrame::Snapshot {
            version: 1,
            history: "h".to_owned(),
            seq,
            now_ms: 0,
            types: vec![TypeSlots { kind, slots }],
        }
    }

    fn delta(from: u64, to: u64, removed: &[i64], added: Vec<Slot>) -> BoardFrame {
        let removed_ms = removed.iter().map(|minute| minute * MINUTE_MS).collect();
        let kind = "k".to_owned();
        BoardFrame::Delta {
            from,
            to,
            now_ms: 0,
            types: vec![TypeSlotChanges {
                kind,
                removed_ms,
                added,
            }],
        }
    }

    #[test]
    fn changes_lead_to_the_same_picture_as_a_later_snapshot() {
        let mut picture = Picture::default();
        assert_eq!(picture.position(), "");
        let frames = [
            (snapshot(5, vec![slot(1, 9), slot(2, 9), slot(3, 9)]), Taken::Snapshot),
            (delta(5, 7, &[2], vec![slot(4, 9)]), Taken::Change),
            (delta(5, 7, &[1], vec![]), Taken::Known),
            (delta(6, 8, &[4], vec![slot(2, 9), slot(3, 10)]), Taken::Change),
        ];
        for (frame, taken) in frames {
            assert_eq!(picture.take(&frame).unwrap(), taken);
        }
        assert_eq!(picture.position(), "&history=h&seq=8");
        let mut fresh = Picture::default();
        fresh
            .take(&snapshot(8, vec![slot(1, 9), slot(2, 9), slot(3, 10)]))
            .unwrap();
        assert_eq!(picture, fresh);
        fresh
            .take(&snapshot(8, vec![slot(1, 9), slot(2, 9), slot(3, 9)]))
            .unwrap();
        assert_ne!(picture, fresh, "other bounds are another picture");
    }

    #[test]
    fn a_gap_and_a_foreign_position_are_failures() {
        let mut picture = Picture::default();
        picture.take(&snapshot(5, vec![])).unwrap();
        assert!(picture.take(&delta(6, 7, &[], vec![])).is_err());
        let resumed = |seq| BoardFrame::Resumed {
            version: 1,
            history: "h".to_owned(),
            seq,
            now_ms: 0,
        };
        assert!(picture.take(&resumed(4)).is_err());
        assert_eq!(picture.take(&resumed(5)).unwrap(), Taken::Resumed);
    }
}
