//! What an agenda can derive from its own state to answer quickly: occupied time in order, and the laid-out schedule. Never stored; rebuilt on decoding, kept in step by `decide::apply`.

use super::{Agenda, COMMAND_MEMORY_DAYS, REMEMBERED_MAX};
use crate::command::Principal;
use crate::ids::{BookingId, CommandId, HoldId, TypeId};
use crate::openings::Plan;
use crate::schedule::OCCUPIED_MINUTES_MAX;
use crate::time::{Span, UtcMinute};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who has a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taker {
    Booking(BookingId),
    Hold(HoldId),
}

/// Derived data of one agenda.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// End of every hold's occupied span by its start. Bookings lie in order of time themselves.
    held: BTreeMap<(UtcMinute, HoldId), UtcMinute>,
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
        let profile = agenda.profile.as_ref();
        Self::sharing(agenda, profile.map(|profile| Arc::new(Plan::build(agenda, profile))))
    }

    /// The index of a state whose schedule is laid out already.
    pub(super) fn sharing(agenda: &Agenda, plan: Option<Arc<Plan>>) -> Self {
        let holds = agenda.holds.values();
        Self {
            held: holds
                .map(|hold| ((hold.occupied.from, hold.id), hold.occupied.until))
                .collect(),
            plan,
        }
    }

    /// Whether this is exactly the index of `agenda`.
    pub(crate) fn agrees_with(&self, agenda: &Agenda) -> bool {
        let fresh = Self::of(agenda);
        self.held == fresh.held && self.plan == fresh.plan && agenda.bookings.agree() && agenda.remembered.agree()
    }

    pub(crate) fn hold(&mut self, span: Span, hold: HoldId) {
        self.held.insert((span.from, hold), span.until);
    }

    pub(crate) fn give_back(&mut self, span: Span, hold: HoldId) {
        self.held.remove(&(span.from, hold));
    }
}

impl Agenda {
    /// Everything that has part of `span`, in order of start.
    pub(crate) fn takers(&self, span: Span) -> impl Iterator<Item = (Span, Taker)> + '_ {
        // No occupied span is longer than the bound, so what overlaps starts at most that long before.
        let from = span.from.plus(-OCCUPIED_MINUTES_MAX);
        let until = span.until.max(from);
        let bookings = self.bookings.occupied(from, until);
        let mut bookings = Some(bookings.map(|(taken, id)| (taken, Taker::Booking(id))));
        let held = self.index.held.range((from, HoldId(0))..(until, HoldId(0)));
        let holds = held.map(|((from, hold), until)| {
            let taken = Span {
                from: *from,
                until: *until,
            };
            (taken, Taker::Hold(*hold))
        });
        let odd = self
            .bookings
            .odd()
            .map(|booking| (booking.occupied, Taker::Booking(booking.id)));
        // Mostly there is no hold near, and no booking that does not fit; else all are put in order together.
        let mut all: Vec<(Span, Taker)> = holds.chain(odd).collect();
        if !all.is_empty() {
            all.extend(bookings.take().into_iter().flatten());
            all.sort_unstable_by_key(|(taken, taker)| (taken.from, *taker));
        }
        all.into_iter()
            .chain(bookings.into_iter().flatten())
            .filter(move |(taken, _)| taken.overlaps(span))
    }

    /// Start and type of every booking and every hold, live or not, that begins inside `span`.
    pub(crate) fn begun(&self, span: Span) -> impl Iterator<Item = (UtcMinute, TypeId)> {
        let holds = self.holds.values().map(|hold| (hold.span.from, hold.kind));
        let holds = holds.filter(move |(start, _)| span.from <= *start && *start < span.until);
        self.bookings.begun(span).chain(holds)
    }

    /// Remembers an acceptance and forgets those that are too old or too many, as seen at `at`. Depends on recorded
    /// times only, so that replay forgets the same.
    pub(crate) fn remember(&mut self, key: (Principal, CommandId), known: super::Remembered) {
        self.remembered.insert(key, known);
        let oldest = known.at.plus_seconds(-COMMAND_MEMORY_DAYS * 86_400);
        self.remembered.forget(oldest, REMEMBERED_MAX);
    }
}
