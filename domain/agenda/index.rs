//! What an agenda can derive from its own state to answer quickly: occupied time in order, and the laid-out schedule. Never stored; rebuilt on decoding, kept in step by `decide::apply`.

use super::{Agenda, COMMAND_MEMORY_DAYS, REMEMBERED_MAX};
use crate::command::Principal;
use crate::ids::{BookingId, CommandId, HoldId};
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

/// Where a taken time lies in the index: minute of its start, who has it. Bytes that sort as the two do, nothing lost to
/// alignment.
type Key = [u8; 21];

/// None for a start before 1970 or beyond four thousand million minutes, which no rule makes.
fn key(start: UtcMinute, taker: Taker) -> Option<Key> {
    let minute = u32::try_from(start.0).ok().filter(|minute| *minute < u32::MAX)?;
    let (kind, id) = match taker {
        Taker::Booking(id) => (0, id.0),
        Taker::Hold(id) => (1, id.0),
    };
    let mut key = [0; 21];
    let bytes = minute.to_be_bytes().into_iter().chain([kind]).chain(id.to_be_bytes());
    for (slot, byte) in key.iter_mut().zip(bytes) {
        *slot = byte;
    }
    Some(key)
}

/// The key before all that start at `start` or later.
fn bound(start: UtcMinute) -> Key {
    let minute = start.0.clamp(0, i64::from(u32::MAX) - 1);
    key(UtcMinute(minute), Taker::Booking(BookingId(0))).unwrap_or([0; 21])
}

/// Reads [`key`] back.
fn taken(key: &Key, minutes: u16) -> Option<(Span, Taker)> {
    let (minute, rest) = key.split_at_checked(4)?;
    let (kind, id) = rest.split_first()?;
    let start = UtcMinute(i64::from(u32::from_be_bytes(minute.try_into().ok()?)));
    let id = u128::from_be_bytes(id.try_into().ok()?);
    let taker = match kind {
        0 => Taker::Booking(BookingId(id)),
        _ => Taker::Hold(HoldId(id)),
    };
    Some((Span::starting(start, i64::from(minutes)), taker))
}

/// Derived data of one agenda.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Length of every occupied span by its start and taker.
    occupied: BTreeMap<Key, u16>,
    /// End of those that do not fit there, which no rule makes.
    odd: BTreeMap<(UtcMinute, Taker), UtcMinute>,
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
        let mut odd = BTreeMap::new();
        let mut fits = |(span, taker)| {
            let packed = packed(span, taker);
            if packed.is_none() {
                odd.insert((span.from, taker), span.until);
            }
            packed
        };
        Self {
            occupied: bookings.chain(holds).filter_map(&mut fits).collect(),
            odd,
            plan: agenda
                .profile
                .as_ref()
                .map(|profile| Arc::new(Plan::build(agenda, profile))),
        }
    }

    /// Whether this is exactly the index of `agenda`.
    pub(crate) fn agrees_with(&self, agenda: &Agenda) -> bool {
        let fresh = Self::of(agenda);
        self.occupied == fresh.occupied && self.odd == fresh.odd && self.plan == fresh.plan && agenda.remembered.agree()
    }

    pub(crate) fn occupy(&mut self, span: Span, taker: Taker) {
        match packed(span, taker) {
            Some((key, minutes)) => drop(self.occupied.insert(key, minutes)),
            None => drop(self.odd.insert((span.from, taker), span.until)),
        }
    }

    pub(crate) fn vacate(&mut self, span: Span, taker: Taker) {
        match packed(span, taker) {
            Some((key, _)) => drop(self.occupied.remove(&key)),
            None => drop(self.odd.remove(&(span.from, taker))),
        }
    }

    /// Everything that has part of `span`, in order of start.
    pub(crate) fn takers(&self, span: Span) -> impl Iterator<Item = (Span, Taker)> + '_ {
        // No occupied span is longer than the bound, so what overlaps starts at most that long before.
        let from = span.from.plus(-OCCUPIED_MINUTES_MAX);
        let until = span.until.max(from);
        let fitting = self.occupied.range(bound(from)..bound(until).max(bound(from)));
        let fitting = fitting.filter_map(|(key, minutes)| taken(key, *minutes));
        // Only states that no rule makes have any: then all are put in order together.
        let mut odd: Vec<(Span, Taker)> = Vec::new();
        let mut fitting = Some(fitting);
        if !self.odd.is_empty() {
            let others = self.odd.iter().map(|((from, taker), until)| {
                let taken = Span {
                    from: *from,
                    until: *until,
                };
                (taken, *taker)
            });
            odd.extend(fitting.take().into_iter().flatten().chain(others));
            odd.sort_unstable_by_key(|(taken, taker)| (taken.from, *taker));
        }
        odd.into_iter()
            .chain(fitting.into_iter().flatten())
            .filter(move |(taken, _)| taken.overlaps(span))
    }
}

/// A taken time as the index has it; none for one that does not fit.
fn packed(span: Span, taker: Taker) -> Option<(Key, u16)> {
    let minutes = span.until.0.checked_sub(span.from.0)?;
    Some((key(span.from, taker)?, u16::try_from(minutes).ok()?))
}

impl Agenda {
    /// Remembers an acceptance and forgets those that are too old or too many, as seen at `at`. Depends on recorded
    /// times only, so that replay forgets the same.
    pub(crate) fn remember(&mut self, key: (Principal, CommandId), known: super::Remembered) {
        self.remembered.insert(key, known);
        let oldest = known.at.plus_seconds(-COMMAND_MEMORY_DAYS * 86_400);
        self.remembered.forget(oldest, REMEMBERED_MAX);
    }
}
