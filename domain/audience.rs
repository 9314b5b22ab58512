//! Who may see what of an agenda's changes.

use serde::{Deserialize, Serialize};

/// An audience of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Audience {
    /// Staff of the agenda's practice: everything, names included.
    Staff,
    /// Anyone: which slots of online types are free. Never why one is not.
    Board,
}
