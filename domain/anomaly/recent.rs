//! What a member did within the windows that rules look at. Bounded: what is over a bound is more than any rule asks for.
//!
//! Must not be here: thresholds (`limits`), what follows (`judge`).

use super::habits::Novelty;
use crate::time::{CivilDate, UtcMillis};
use serde::{Deserialize, Serialize};

/// Most entries of a window. Thresholds of the rules lie below it (checked where they are configured).
pub(super) const WINDOW_MAX: usize = 100;

/// Entries that age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window<T>(Vec<(UtcMillis, T)>);

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Window<T> {
    /// Forgets what is older than so many seconds before `now`.
    pub(super) fn age(&mut self, now: UtcMillis, seconds: i64) {
        self.0.retain(|(at, _)| now < at.plus_seconds(seconds));
    }

    pub(super) fn push(&mut self, at: UtcMillis, one: T) {
        self.0.push((at, one));
        let over = self.0.len().saturating_sub(WINDOW_MAX);
        self.0.drain(..over);
    }

    /// Pushes one unless it is in the window.
    pub(super) fn push_new(&mut self, at: UtcMillis, one: T) {
        if !self.0.iter().any(|(_, known)| *known == one) {
            self.push(at, one);
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (UtcMillis, T)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn last(&self) -> Option<(UtcMillis, T)> {
        self.0.last().copied()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// Sums of a civil day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Today {
    pub(super) date: Option<CivilDate>,
    /// Unexplained files, at most [`WINDOW_MAX`].
    pub(super) unexplained: Vec<u64>,
    /// Those of them that were dormant.
    pub(super) dormant: u32,
    /// Patients taken away.
    pub(super) exported: u32,
}

/// Work outside of the member's hours, without a pause of half an hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct OffHours {
    pub(super) from: UtcMillis,
    pub(super) until: UtcMillis,
    /// Something in it was not explained.
    pub(super) unexplained: bool,
}

/// What happened lately.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Recent {
    /// Failed sign-ins of a day.
    pub(super) failures: Window<u32>,
    /// Sign-ins of the last ten minutes, and what was new about each.
    pub(super) sign_ins: Window<Novelty>,
    /// Unexplained files of the last hour.
    pub(super) files: Window<u64>,
    /// Places of unexplained files opened in one direction, of the last ten minutes.
    pub(super) run: Window<i64>,
    pub(super) today: Today,
    pub(super) off_hours: Option<OffHours>,
    /// Refusals of the last ten minutes, and how many of each named something of another practice.
    pub(super) refused: Window<(u32, u32)>,
    /// Broken glasses of a week.
    pub(super) glasses: Window<()>,
    /// Sessions seen on two networks within the last hour, by the beginning of their ids.
    pub(super) moved: Window<[u8; 8]>,
}

impl Recent {
    /// Begins a new day if it is one.
    pub(super) fn day(&mut self, date: CivilDate) -> &mut Today {
        if self.today.date.is_none_or(|known| known < date) {
            self.today = Today {
                date: Some(date),
                ..Today::default()
            };
        }
        &mut self.today
    }
}
