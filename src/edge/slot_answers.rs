//! Answers to "which slots are free", encoded once and kept until boards could see a change: thousands ask the same.
//!
//! What an answer lists follows from the agenda's history, the last change that boards could see and the stretch of days
//! shown; the clock is in the answer's head, which is made anew each time. Must not be here: which slots there are.

use super::view;
use actix_web::web::Bytes;
use cabinet_actors::read::AgendaRead;
use cabinet_domain::ids::{AgendaKey, HistoryId, Seq, TypeId};
use cabinet_domain::slots::{Slot, horizon};
use cabinet_domain::time::{Span, UtcMillis};
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicSlots;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes kept at most; then all are forgotten and made anew as they are asked for.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Which slots are asked for: an agenda's, of every online type or of one.
pub type Wish = (AgendaKey, Option<TypeId>);

/// What an answer's slots follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Basis {
    history: HistoryId,
    seq: Seq,
    shown: Option<Span>,
}

/// The encoded list of types with their slots.
#[derive(Debug)]
pub struct Kept {
    basis: Basis,
    types: Bytes,
}

/// What a look at the agenda found.
#[derive(Debug)]
pub struct Look {
    basis: Basis,
    now: UtcMillis,
    /// None: what is kept still holds.
    slots: Option<Vec<(TypeId, Vec<Slot>)>>,
}

impl Look {
    /// Looks inside the agenda's actor: computes slots only where what is `kept` does not hold any more.
    #[must_use]
    pub fn at(read: AgendaRead<'_>, only: Option<TypeId>, kept: Option<&Kept>) -> Self {
        let basis = Basis {
            history: read.history,
            seq: read.board_seq,
            shown: horizon(read.agenda, read.now),
        };
        let same = kept.is_some_and(|kept| kept.basis == basis);
        Self {
            basis,
            now: read.now,
            slots: (!same).then(|| view::free_slots(read, only)),
        }
    }
}

/// All kept answers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SlotAnswers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: HashMap<Wish, Arc<Kept>>,
    bytes: usize,
}

impl SlotAnswers {
    /// What is kept for this wish.
    #[must_use]
    pub fn kept(&self, wish: Wish) -> Option<Arc<Kept>> {
        self.0.lock().answers.get(&wish).cloned()
    }

    /// The body of the answer; keeps what was made anew.
    ///
    /// # Errors
    /// None in practice: every value of ours can be written as JSON.
    pub fn body(&self, wish: Wish, kept: Option<Arc<Kept>>, look: Look) -> Result<Vec<u8>, serde_json::Error> {
        let Look { basis, now, slots } = look;
        let types = match (slots, kept) {
            (None, Some(kept)) => kept.types.clone(),
            (slots, _) => {
                let slots = slots.unwrap_or_default();
                let types: Vec<_> = slots
                    .iter()
                    .map(|(kind, slots)| outward::type_slots(*kind, slots))
                    .collect();
                let types = Bytes::from(serde_json::to_vec(&types)?);
                // A wish for a type that is not offered lists nothing: not worth a place.
                if !slots.is_empty() {
                    self.keep(
                        wish,
                        Kept {
                            basis,
                            types: types.clone(),
                        },
                    );
                }
                types
            }
        };
        let empty = PublicSlots {
            history: basis.history.to_string(),
            seq: basis.seq,
            now_ms: now.0,
            types: Vec::new(),
        };
        let mut body = serde_json::to_vec(&empty)?;
        // The list of types comes last: "[]}" makes way for it.
        body.truncate(body.len().saturating_sub(3));
        body.reserve_exact(types.len() + 1);
        body.extend_from_slice(&types);
        body.push(b'}');
        Ok(body)
    }

    fn keep(&self, wish: Wish, kept: Kept) {
        let mut state = self.0.lock();
        state.bytes += kept.types.len();
        if let Some(former) = state.answers.insert(wish, Arc::new(kept)) {
            state.bytes -= former.types.len();
        }
        if state.bytes > KEPT_BYTES_MAX {
            *state = State::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{AgendaId, PlaceId, PracticeId};
    use cabinet_domain::time::UtcMinute;

    const WISH: Wish = (
        AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(2),
        },
        None,
    );

    fn look(seq: Seq, slots: Option<Vec<(TypeId, Vec<Slot>)>>) -> Look {
        Look {
            basis: Basis {
                history: HistoryId(7),
                seq,
                shown: None,
            },
            now: UtcMillis(5),
            slots,
        }
    }

    fn slots() -> Vec<(TypeId, Vec<Slot>)> {
        let slot = Slot {
            start: UtcMinute(30),
            place: PlaceId(3),
            bookable_from: UtcMillis(1),
            bookable_until: UtcMillis(2),
        };
        vec![(TypeId(4), vec![slot]), (TypeId(5), Vec::new())]
    }

    #[test]
    fn a_kept_answer_is_byte_for_byte_the_one_made_anew() {
        let answers = SlotAnswers::default();
        let fresh = answers.body(WISH, None, look(1, Some(slots()))).unwrap();
        let plain = PublicSlots {
            history: HistoryId(7).to_string(),
            seq: 1,
            now_ms: 5,
            types: slots()
                .iter()
                .map(|(kind, slots)| outward::type_slots(*kind, slots))
                .collect(),
        };
        assert_eq!(fresh, serde_json::to_vec(&plain).unwrap());
        let again = answers.body(WISH, answers.kept(WISH), look(1, None)).unwrap();
        assert_eq!(again, fresh);
    }

    #[test]
    fn what_is_kept_is_bounded_and_an_answer_without_types_takes_no_place() {
        let answers = SlotAnswers::default();
        answers.body(WISH, None, look(1, Some(Vec::new()))).unwrap();
        assert!(answers.kept(WISH).is_none());
        for agenda in 0..40 {
            let wish = (
                AgendaKey {
                    agenda: AgendaId(agenda),
                    ..WISH.0
                },
                None,
            );
            let kept = Kept {
                basis: look(1, None).basis,
                types: vec![0; 1 << 20].into(),
            };
            answers.keep(wish, kept);
            let state = answers.0.lock();
            assert!(state.bytes <= KEPT_BYTES_MAX);
            assert_eq!(
                state.bytes,
                state.answers.values().map(|kept| kept.types.len()).sum::<usize>()
            );
        }
    }
}
