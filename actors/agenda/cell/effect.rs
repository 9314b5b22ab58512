//! What goes into a cell besides orders, and what comes out of it.
//!
//! Must not be here: behaviour.

use super::served::Checkpoint;
use crate::agenda::publication::Publication;
use crate::order::{Accepted, ExecuteError};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Command, Stamp};
use cabinet_domain::event::Event;
use cabinet_domain::ids::{HistoryId, Seq};
use cabinet_domain::refusal::Refusal;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::Commit;

/// The rules, as a value so that tests can break them.
pub type Decide = fn(&Agenda, &Command, &Stamp) -> Result<Vec<Event>, Refusal>;

/// Whom to answer: the shell's number for a waiting sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Bounds of a cell.
#[derive(Debug, Clone, Copy)]
pub struct CellOptions {
    /// Most orders that wait; more are answered `Busy`.
    pub waiting_orders_max: usize,
    /// Events between two checkpoints.
    pub checkpoint_events: u64,
    /// The rules.
    pub decide: Decide,
}

/// Why a cell has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to, and everything is done.
    Retired,
    /// The store could not load it.
    NotLoaded,
    /// A newer writer serves this agenda.
    Fenced,
}

/// Something to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A panic was caught.
    PanicCaught,
    /// An invariant with this id is broken.
    Violation(&'static str),
    /// A commit's outcome is not known.
    OutcomeUnknown,
    /// An order was answered `Busy` because too many wait.
    QueueFull,
}

/// What the shell must do, in order.
#[derive(Debug)]
pub enum Effect {
    /// Claim and load the stream; answer with [`super::Cell::on_loaded`]. Subscribers are told to come again.
    Load,
    /// The agenda serves. Nobody attends to it yet.
    Opened {
        /// The store's history.
        history: HistoryId,
    },
    /// Load what came before and who is who; answer with [`super::Cell::on_looked_back`]. Publications from now on belong
    /// after it.
    LookBack,
    /// What came before could not be loaded: nobody attends.
    NotAttended,
    /// Somebody can listen: positions start here, the rings hold these and what was published since [`Effect::LookBack`].
    Attended {
        /// Position before the first replayed publication.
        base: Seq,
        /// What happened after `base`.
        replay: Vec<Publication>,
        /// Position of the durable state: who joins stands here.
        here: Seq,
    },
    /// Append; answer with [`super::Cell::on_append_result`].
    Append(Commit),
    /// The outcome of an order.
    Reply {
        /// Whom to answer; none for the cell's own orders.
        ticket: Option<Ticket>,
        /// The command's stable name.
        command: &'static str,
        /// The answer.
        outcome: Box<Result<Accepted, ExecuteError>>,
    },
    /// Tell the audiences.
    Publish(Vec<Publication>),
    /// Call [`super::Cell::on_timer`] at this instant; replaces an earlier timer.
    SetTimer(UtcMillis),
    /// Keep this state. Its outcome does not matter.
    Checkpoint(Box<Checkpoint>),
    /// Count this.
    Notice(Notice),
    /// Nothing more will come of this cell.
    End(Ended),
}
