//! Who may see what of an agenda's changes.

use crate::ids::HistoryId;
use crate::rights::Level;
use serde::{Deserialize, Serialize};

/// An audience of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Audience {
    /// Staff of the agenda's practice: everything, names included; each sees of it what their [`Sight`] lets through.
    Staff,
    /// Anyone: which slots of online types are free. Never why one is not.
    Board,
}

/// How much of an agenda a member of staff sees. Whatever is told to staff is made for one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sight {
    /// When it is taken: no type, no name, no label, no place.
    Times,
    /// Types and places too: no name, no label.
    Types,
    /// Everything.
    Everything,
}

impl Sight {
    /// Every sight, least first.
    pub const ALL: [Self; 3] = [Self::Times, Self::Types, Self::Everything];

    /// What a level on the agenda lets one see; none without any.
    #[must_use]
    pub const fn of(level: Level) -> Option<Self> {
        match level {
            Level::None => None,
            Level::Times => Some(Self::Times),
            Level::TimesAndTypes => Some(Self::Types),
            Level::Full | Level::Manage => Some(Self::Everything),
        }
    }

    /// Stable name, as the audit log says it: of the lowest level that sees as much.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Times => Level::Times.name(),
            Self::Types => Level::TimesAndTypes.name(),
            Self::Everything => Level::Full.name(),
        }
    }

    /// Whether appointment types and places are seen.
    #[must_use]
    pub const fn types(self) -> bool {
        match self {
            Self::Times => false,
            Self::Types | Self::Everything => true,
        }
    }

    /// Whether names, contacts and what colleagues wrote are seen.
    #[must_use]
    pub const fn names(self) -> bool {
        match self {
            Self::Times | Self::Types => false,
            Self::Everything => true,
        }
    }

    /// The topic's history under this sight: what one sight was told is no part of what another is told, so that nobody
    /// resumes across a change of rights. Its own inverse.
    #[must_use]
    pub const fn history(self, history: HistoryId) -> HistoryId {
        let mark = match self {
            Self::Everything => 0,
            Self::Types => 1,
            Self::Times => 2,
        };
        HistoryId(history.0 ^ mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_level_never_sees_less() {
        let sights: Vec<Option<Sight>> = Level::ALL.into_iter().map(Sight::of).collect();
        assert!(sights.is_sorted());
        assert_eq!(
            (sights[0], sights[1], sights[4]),
            (None, Some(Sight::Times), Some(Sight::Everything))
        );
    }

    #[test]
    fn histories_of_different_sights_differ_and_come_back() {
        for sight in Sight::ALL {
            let told = sight.history(HistoryId(77));
            assert_eq!(sight.history(told), HistoryId(77));
            for other in Sight::ALL {
                assert_eq!(other.history(HistoryId(77)) == told, other == sight);
            }
        }
    }
}
