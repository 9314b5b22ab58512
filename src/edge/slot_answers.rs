//! Answers to "which slots are free", encoded once and kept until boards could see a change: thousands ask the same.
//!
//! What an answer lists follows from the agenda's history, the last change that boards could see and the stretch of days
//! shown; the clock is in the answer's head, which is made anew each time. The long part is kept twice, plain and, once
//! somebody asks for it, deflated: the fresh head travels uncompressed in front of it, inside the same gzip member.
//! Nothing in an answer is secret, so that its compressed length tells nobody anything (BREACH). Must not be here: which
//! slots there are.

mod body;

pub use body::SlotBody;

use super::view;
use actix_web::http::header::EntityTag;
use actix_web::web::Bytes;
use body::Deflated;
use cabinet_actors::read::AgendaRead;
use cabinet_domain::ids::{AgendaKey, HistoryId, Seq, TypeId};
use cabinet_domain::slots::{Slot, horizon};
use cabinet_domain::time::{Span, UtcMillis};
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicSlots;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes kept at most, both copies counted; then all are forgotten and made anew as they are asked for.
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
    /// The list and the end of the answer. None before somebody asked for it.
    deflated: Option<Deflated>,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.types.len() + self.deflated.as_ref().map_or(0, Deflated::len)
    }
}

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Plain,
    /// `content-encoding: gzip`.
    Gzip,
}

/// What a look at the agenda found.
#[derive(Debug)]
pub struct Look {
    basis: Basis,
    now: UtcMillis,
    /// None: what is kept still holds, or the client knows them.
    slots: Option<Vec<(TypeId, Vec<Slot>)>>,
}

impl Look {
    /// Looks inside the agenda's actor: computes slots only where what is `kept` does not hold any more, and the client does
    /// not know them either, by their tag.
    #[must_use]
    pub fn at(
        read: AgendaRead<'_>,
        only: Option<TypeId>,
        kept: Option<&Kept>,
        knows: impl Fn(&EntityTag) -> bool,
    ) -> Self {
        let basis = Basis {
            history: read.history,
            seq: read.board_seq,
            shown: horizon(read.agenda, read.now),
        };
        let same = kept.is_some_and(|kept| kept.basis == basis);
        let mut look = Self {
            basis,
            now: read.now,
            slots: None,
        };
        if !same && !knows(&look.tag()) {
            look.slots = Some(view::free_slots(read, only));
        }
        look
    }

    /// Names the slots found: equal as long as they are. Weak, because the clock beside them differs each time.
    #[must_use]
    pub fn tag(&self) -> EntityTag {
        let Basis { history, seq, shown } = self.basis;
        let (from, until) = shown.map_or((0, 0), |shown| (shown.from.0, shown.until.0));
        EntityTag::new_weak(format!("{history}-{seq}-{from}-{until}"))
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
    /// None in practice: every value of ours can be written as JSON, and writing to memory does not fail.
    pub fn body(&self, wish: Wish, kept: Option<Arc<Kept>>, look: Look, coding: Coding) -> anyhow::Result<SlotBody> {
        let Look { basis, now, slots } = look;
        // Of many who came with the same change, the first has made the answer while the others looked.
        let newer = || self.kept(wish).filter(|kept| kept.basis == basis);
        let mut kept = match (slots, kept) {
            (None, Some(kept)) => kept,
            (slots, _) => match newer() {
                Some(kept) => kept,
                None => self.keep(wish, encoded(basis, &slots.unwrap_or_default())?),
            },
        };
        if coding == Coding::Gzip && kept.deflated.is_none() {
            kept = match newer().filter(|newer| newer.deflated.is_some()) {
                Some(newer) => newer,
                None => self.keep(
                    wish,
                    Kept {
                        basis,
                        types: kept.types.clone(),
                        deflated: Some(Deflated::of(&[&kept.types, END])?),
                    },
                ),
            };
        }
        let head = head(basis, now)?;
        Ok(match (&kept.deflated, coding) {
            (Some(deflated), Coding::Gzip) => SlotBody::gzip(&head, deflated)?,
            _ => SlotBody::plain(head, kept.types.clone(), Bytes::from_static(END)),
        })
    }

    fn keep(&self, wish: Wish, kept: Kept) -> Arc<Kept> {
        let kept = Arc::new(kept);
        // A wish for a type that is not offered lists nothing: not worth a place.
        if kept.types.as_ref() == NOTHING {
            return kept;
        }
        let mut state = self.0.lock();
        state.bytes += kept.bytes();
        if let Some(former) = state.answers.insert(wish, Arc::clone(&kept)) {
            state.bytes -= former.bytes();
        }
        if state.bytes > KEPT_BYTES_MAX {
            *state = State::default();
        }
        kept
    }
}

/// A list of no types.
const NOTHING: &[u8] = b"[]";
/// What follows the list of types, the last field.
const END: &[u8] = b"}";

fn encoded(basis: Basis, slots: &[(TypeId, Vec<Slot>)]) -> Result<Kept, serde_json::Error> {
    let types: Vec<_> = slots
        .iter()
        .map(|(kind, slots)| outward::type_slots(*kind, slots))
        .collect();
    Ok(Kept {
        basis,
        // Without the room that growing left: what is kept is bounded by what it takes.
        types: serde_json::to_vec(&types)?.into_boxed_slice().into(),
        deflated: None,
    })
}

/// The answer up to its list of types.
fn head(basis: Basis, now: UtcMillis) -> Result<Bytes, serde_json::Error> {
    let empty = PublicSlots {
        history: basis.history.to_string(),
        seq: basis.seq,
        now_ms: now.0,
        types: Vec::new(),
    };
    let mut head = serde_json::to_vec(&empty)?;
    head.truncate(head.len().saturating_sub(NOTHING.len() + END.len()));
    Ok(head.into())
}

#[cfg(test)]
#[path = "slot_answers/tests.rs"]
mod tests;
