//! Looking at an agenda: what a reader is shown, and why there may be nothing to see.

use crate::delta::{Delta, TopicPosition};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::{BlobId, HistoryId, Seq};
use cabinet_domain::person::Person;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::PersonRecord;
use std::collections::BTreeMap;

/// The opened personal blobs that an agenda's state names; nobody where the look did not ask for them.
#[derive(Debug, Clone, Copy)]
pub struct People<'a>(pub(crate) Option<&'a BTreeMap<BlobId, PersonRecord>>);

impl<'a> People<'a> {
    /// What the blob says; none when the state does not name it or its patient's key is forgotten.
    #[must_use]
    pub fn get(&self, blob: BlobId) -> Option<&'a Person> {
        self.0?.get(&blob)?.person.as_deref()
    }
}

/// One agenda at one instant: durable state only.
#[derive(Debug, Clone, Copy)]
pub struct AgendaRead<'a> {
    /// The state.
    pub agenda: &'a Agenda,
    /// Who its bookings are for.
    pub people: People<'a>,
    /// The store's history.
    pub history: HistoryId,
    /// Position of the staff topic.
    pub staff_seq: Seq,
    /// Position of the board topic: the last change that boards could see.
    pub board_seq: Seq,
    /// The clock, read once for this look.
    pub now: UtcMillis,
}

/// Why there is nothing to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such agenda.
    #[error("no such agenda")]
    NoSuchAgenda,
    /// A bounded queue is full, or the agenda is just being started or stopped: try again in a moment (503).
    #[error("busy")]
    Busy,
    /// The agenda could not be loaded from the store.
    #[error("the agenda could not be loaded")]
    Unavailable,
    /// A defect was caught while rendering.
    #[error("internal error")]
    Internal,
}

/// How a subscriber starts.
#[derive(Debug)]
pub enum Joined<R> {
    /// From the whole state.
    Snapshot {
        /// Position to go on from.
        position: TopicPosition,
        /// What the render closure made of it.
        value: R,
    },
    /// From where it stood.
    Resumed {
        /// Position after `deltas`; may lie before the one that was asked for when nothing visible happened in between.
        position: TopicPosition,
        /// What was missed, in order.
        deltas: Vec<Delta>,
    },
}
