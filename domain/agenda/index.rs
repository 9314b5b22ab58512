//! What an agenda can derive from its own state to answer quickly: occupied time in order, the laid-out schedule, and
//! acceptances by age. Never stored; rebuilt on decoding, kept in step by `decide::apply`.

use super::{Agenda, COMMAND_MEMORY_DAYS, REMEMBERED_MAX};
use crate::command::Principal;
use crate::ids::{BookingId, CommandId, HoldId};
use crate::openings::Plan;
use crate::schedule::OCCUPIED_MINUTES_MAX;
use crate::time::{Span, UtcMillis, UtcMinute};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who has a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taker {
    Booking(BookingId),
    Hold(HoldId),
}

/// The smallest taker: a bound for ranges.
const FIRST_TAKER: Taker = Taker::Booking(BookingId(0));

/// Derived data of one agenda.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// End of every occupied span by its start and taker.
    occupied: BTreeMap<(UtcMinute, Taker), UtcMinute>,
    /// Remembered acceptances, oldest first.
    memory: BTreeSet<(UtcMillis, Principal, CommandId)>,
    /// The schedule; none while the agenda has no profile.
    pub(crate) plan: Option<Arc<Plan>>,
}

/// Derived data takes no part in comparing agendas: equal states have equal indexes, which
/// [`invariants`](crate::invariants) checks by [`Index::agrees_with`].
impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Index {}

impl Index {
    /// The index that belongs to this state.
    pub(super) fn of(agenda: &Agenda) -> Self {
        let bookings = agenda
            .bookings
            .values()
            .map(|booking| (booking.occupied, Taker::Booking(booking.id)));
        let holds = agenda.holds.values().map(|hold| (hold.occupied, Taker::Hold(hold.id)));
        Self {
            occupied: bookings
                .chain(holds)
                .map(|(span, taker)| ((span.from, taker), span.until))
                .collect(),
            memory: agenda
                .remembered
                .iter()
                .map(|((principal, command), known)| (known.at, *principal, *command))
                .collect(),
            plan: agenda
                .profile
                .as_ref()
                .map(|profile| Arc::new(Plan::build(agenda, profile))),
        }
    }

    /// Whether this is exactly the index of `agenda`.
    pub(crate) fn agrees_with(&self, agenda: &Agenda) -> bool {
        let fresh = Self::of(agenda);
        self.occupied == fresh.occupied && self.memory == fresh.memory && self.plan == fresh.plan
    }

    pub(crate) fn occupy(&mut self, span: Span, taker: Taker) {
        self.occupied.insert((span.from, taker), span.until);
    }

    pub(crate) fn vacate(&mut self, span: Span, taker: Taker) {
        self.occupied.remove(&(span.from, taker));
    }

    /// Everything that has part of `span`, in order of start.
    pub(crate) fn takers(&self, span: Span) -> impl Iterator<Item = (Span, Taker)> + '_ {
        // No occupied span is longer than the bound, so what overlaps starts at most that long before.
        let from = span.from.plus(-OCCUPIED_MINUTES_MAX);
        let until = span.until.max(from);
        self.occupied
            .range((from, FIRST_TAKER)..(until, FIRST_TAKER))
            .map(|((from, taker), until)| {
                let taken = Span {
                    from: *from,
                    until: *until,
                };
                (taken, *taker)
            })
            .filter(move |(taken, _)| taken.overlaps(span))
    }
}

impl Agenda {
    /// Remembers an acceptance and forgets those that are too old or too many, as seen at `at`. Depends on recorded
    /// times only, so that replay forgets the same.
    pub(crate) fn remember(&mut self, key: (Principal, CommandId), known: super::Remembered) {
        if let Some(former) = self.remembered.insert(key, known) {
            self.index.memory.remove(&(former.at, key.0, key.1));
        }
        self.index.memory.insert((known.at, key.0, key.1));
        let oldest = known.at.plus_seconds(-COMMAND_MEMORY_DAYS * 86_400);
        while let Some((at, principal, command)) = self.index.memory.first().copied() {
            if at >= oldest && self.remembered.len() <= REMEMBERED_MAX {
                break;
            }
            self.index.memory.remove(&(at, principal, command));
            self.remembered.remove(&(principal, command));
        }
    }
}
