//! Streams: what the journal keeps one dense sequence of. An agenda is one, a practice is one.

use crate::agenda::Agenda;
use crate::event::{Event, Recorded};
use crate::ids::{AgendaId, AgendaKey, PracticeId};
use crate::practice::{Practice, PracticeEvent};
use serde::{Deserialize, Serialize};

/// Names one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StreamKey {
    /// The practice's own stream.
    Practice(PracticeId),
    /// One agenda's stream.
    Agenda(AgendaKey),
}

impl StreamKey {
    /// The tenant the stream belongs to.
    #[must_use]
    pub const fn practice(self) -> PracticeId {
        match self {
            Self::Practice(practice) => practice,
            Self::Agenda(key) => key.practice,
        }
    }

    /// The stream's name as 33 bytes for keys and associated data: kind, practice, agenda (zero for a practice).
    #[must_use]
    pub fn bytes(self) -> [u8; 33] {
        let (kind, agenda) = match self {
            Self::Practice(_) => (0_u8, AgendaId(0)),
            Self::Agenda(key) => (1, key.agenda),
        };
        let mut bytes = [0_u8; 33];
        let parts = std::iter::once(kind)
            .chain(self.practice().0.to_be_bytes())
            .chain(agenda.0.to_be_bytes());
        for (slot, byte) in bytes.iter_mut().zip(parts) {
            *slot = byte;
        }
        bytes
    }

    /// Reads [`Self::bytes`] back; none for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 33]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (practice, agenda) = rest.split_at_checked(16)?;
        let practice = PracticeId(u128::from_be_bytes(practice.try_into().ok()?));
        let agenda = u128::from_be_bytes(agenda.try_into().ok()?);
        match (kind, agenda) {
            (0, 0) => Some(Self::Practice(practice)),
            (1, agenda) => Some(Self::Agenda(AgendaKey {
                practice,
                agenda: AgendaId(agenda),
            })),
            _ => None,
        }
    }
}

/// An event of either kind of stream, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamEvent {
    /// In an agenda's stream.
    Agenda(Event),
    /// In a practice's stream.
    Practice(PracticeEvent),
}

/// A stream's state at one sequence, as checkpoints keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamState {
    /// Of an agenda.
    Agenda(Box<Agenda>),
    /// Of a practice.
    Practice(Box<Practice>),
}

impl StreamState {
    /// The state in which nothing has happened.
    #[must_use]
    pub fn empty(key: StreamKey) -> Self {
        match key {
            StreamKey::Practice(practice) => Self::Practice(Box::new(Practice::new(practice))),
            StreamKey::Agenda(key) => Self::Agenda(Box::new(Agenda::new(key))),
        }
    }

    /// Applies one event; an event of the other kind changes nothing (storage refuses such records before).
    pub fn apply(&mut self, recorded: &Recorded<StreamEvent>) {
        self.take_in(recorded.clone());
    }

    /// [`Self::apply`], without copying the event.
    pub fn take_in(&mut self, recorded: Recorded<StreamEvent>) {
        let (place, event) = recorded.split();
        match (self, event) {
            (Self::Agenda(agenda), StreamEvent::Agenda(event)) => agenda.apply(&place.with(event)),
            (Self::Practice(practice), StreamEvent::Practice(event)) => practice.apply(&place.with(event)),
            (Self::Agenda(_), StreamEvent::Practice(_)) | (Self::Practice(_), StreamEvent::Agenda(_)) => {}
        }
    }
}

impl<E> Recorded<E> {
    /// Place and command apart from the event.
    #[must_use]
    pub fn split(self) -> (Recorded<()>, E) {
        (self.with(()), self.event)
    }

    /// The same place and command around another event.
    #[must_use]
    pub const fn with<F>(&self, event: F) -> Recorded<F>
    where
        F: Sized,
    {
        Recorded {
            seq: self.seq,
            at: self.at,
            principal: self.principal,
            command_id: self.command_id,
            digest: self.digest,
            last_of_command: self.last_of_command,
            event,
        }
    }
}
