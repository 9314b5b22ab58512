//! What an agenda's feed gives out: one delta per audience, in sequence.

use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{AgendaKey, BlobId, HistoryId, Seq};
use cabinet_domain::person::Person;
use cabinet_domain::slots::SlotChanges;
use cabinet_domain::time::UtcMillis;
use std::sync::Arc;

/// The opened blobs that a delta's events name: few, so a list, and shared with the agenda's state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedPeople(Box<[(BlobId, Arc<Person>)]>);

impl NamedPeople {
    /// What the blob says; none when no event names it or its patient's key is forgotten.
    #[must_use]
    pub fn get(&self, blob: BlobId) -> Option<&Person> {
        let found = self.0.iter().find(|(named, _)| *named == blob);
        found.map(|(_, person)| person.as_ref())
    }
}

impl FromIterator<(BlobId, Arc<Person>)> for NamedPeople {
    fn from_iter<I: IntoIterator<Item = (BlobId, Arc<Person>)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}

/// Where a subscriber stands in a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicPosition {
    /// History.
    pub history: HistoryId,
    /// Position in it, as this audience was told.
    pub seq: Seq,
}

/// For staff of the practice: everything that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffDelta {
    /// Which agenda.
    pub agenda: AgendaKey,
    /// Its history.
    pub history: HistoryId,
    /// Position before.
    pub from: Seq,
    /// Position after.
    pub to: Seq,
    /// When it was decided.
    pub at: UtcMillis,
    /// What happened, in order.
    pub events: Vec<Recorded<Event>>,
    /// Opened blobs that the events name.
    pub people: NamedPeople,
}

/// For anyone: which slots of online types changed. Events that change none make no delta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardDelta {
    /// Which agenda.
    pub agenda: AgendaKey,
    /// Its history.
    pub history: HistoryId,
    /// Previous position that this audience was told.
    pub from: Seq,
    /// Position after.
    pub to: Seq,
    /// When it was decided.
    pub at: UtcMillis,
    /// Changed slots of online types.
    pub changes: Vec<SlotChanges>,
    /// The online types themselves changed.
    pub types_changed: bool,
}

/// A delta of either audience, shared by all its receivers.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// For staff.
    Staff(Arc<StaffDelta>),
    /// For boards.
    Board(Arc<BoardDelta>),
}

/// What a sink says to a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// Taken, or noted as "behind": the sink re-reads the topic by itself.
    Taken,
    /// The receiver is gone: forget the sink.
    Gone,
}

/// A receiver of deltas, implemented by the edge. Never blocks, never waits (law L5).
pub trait Sink: Send + Sync + 'static {
    /// Takes the next delta, or notes that it is behind.
    fn push(&self, delta: Delta) -> Pushed;
    /// The agenda's actor has ended (idle, reloaded, panicked): subscribe again from the last position.
    fn closed(&self);
}
