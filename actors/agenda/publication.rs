//! What one durable command gives to tell, before the feed numbers it per audience.
//!
//! Must not be here: who is listening, positions.

use crate::delta::NamedPeople;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, Seq, TypeId};
use cabinet_domain::slots::{Slot, SlotChanges, SlotWatch, horizon, slot_changes};
use cabinet_domain::time::{UtcMillis, UtcMinute};
use cabinet_storage::PersonRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What boards are told of one command. Empty: nothing, not even that something happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardPart {
    /// Changed slots of online types.
    pub changes: Vec<SlotChanges>,
    /// The online types, or the settings a board shows, changed: boards read the topic again.
    pub types_changed: bool,
}

impl BoardPart {
    /// Whether boards hear nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.types_changed
    }
}

/// One durable command, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Position before its first event.
    pub from: Seq,
    /// Position of its last event.
    pub to: Seq,
    /// When it was decided.
    pub at: UtcMillis,
    /// Its events, in order.
    pub events: Vec<Recorded<Event>>,
    /// Opened blobs that its events name.
    pub people: NamedPeople,
    /// For boards.
    pub board: BoardPart,
}

/// What was looked at before an event is applied.
pub(crate) enum Watched {
    /// The times that it takes or leaves; none without a horizon.
    Times(Option<SlotWatch>),
    /// The event changes what is open or offered: the whole state before it. Such events are rare.
    State(Box<Agenda>),
    /// Looking panicked.
    Panicked,
}

impl Watched {
    fn before(agenda: &Agenda, recorded: &Recorded<Event>) -> Self {
        let watch = horizon(agenda, recorded.at).map(|span| SlotWatch::before(agenda, &recorded.event, span));
        match watch {
            Some(Some(watch)) => Self::Times(Some(watch)),
            Some(None) => Self::State(Box::new(agenda.clone())),
            None if sets_the_scene(&recorded.event) => Self::State(Box::new(agenda.clone())),
            None => Self::Times(None),
        }
    }
}

/// Whether the event can change the horizon or the types.
const fn sets_the_scene(event: &Event) -> bool {
    matches!(event, Event::ProfileSet(_) | Event::TypeSet(_) | Event::TypeRetired(_))
}

/// Collects events into publications, one per command.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    events: Vec<Recorded<Event>>,
    board: BoardPart,
    done: Vec<Publication>,
    /// Panics caught while comparing slots.
    pub(crate) panics: u64,
}

impl Publisher {
    /// Looks at the state before a durable event is applied.
    pub(crate) fn watch(&mut self, before: &Agenda, recorded: &Recorded<Event>) -> Watched {
        // The event is durable whatever happens here: a defect in comparing slots costs boards a re-read, not the agenda.
        catch_unwind(AssertUnwindSafe(|| Watched::before(before, recorded))).unwrap_or(Watched::Panicked)
    }

    /// Adds an event with what was looked at before it and the state after it.
    pub(crate) fn add(
        &mut self,
        before: Watched,
        after: &Agenda,
        recorded: Recorded<Event>,
        people: &BTreeMap<BlobId, PersonRecord>,
    ) {
        let part = catch_unwind(AssertUnwindSafe(|| board_part(before, after, &recorded)));
        let part = part.ok().flatten().unwrap_or_else(|| {
            self.panics += 1;
            BoardPart {
                changes: Vec::new(),
                types_changed: true,
            }
        });
        self.board.types_changed |= part.types_changed;
        for changes in part.changes {
            merge(&mut self.board.changes, changes);
        }
        let last = recorded.last_of_command;
        self.events.push(recorded);
        if last {
            self.close(people);
        }
    }

    fn close(&mut self, people: &BTreeMap<BlobId, PersonRecord>) {
        let mut events = std::mem::take(&mut self.events);
        let mut board = std::mem::take(&mut self.board);
        // Rings keep these for long: without the room that growing left.
        events.shrink_to_fit();
        board.changes.shrink_to_fit();
        for changes in &mut board.changes {
            changes.removed.shrink_to_fit();
            changes.added.shrink_to_fit();
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        let (from, to, at) = (first.seq.saturating_sub(1), last.seq, last.at);
        let people = events
            .iter()
            .filter_map(|recorded| blob_named(&recorded.event))
            .filter_map(|blob| Some((blob, people.get(&blob)?.person.clone()?)))
            .collect();
        self.done.push(Publication {
            from,
            to,
            at,
            events,
            people,
            board,
        });
    }

    /// The finished publications.
    pub(crate) fn finish(self) -> Vec<Publication> {
        self.done
    }
}

/// The personal blob an event names.
pub(crate) fn blob_named(event: &Event) -> Option<BlobId> {
    match event {
        Event::SlotBooked { booking, .. } => Some(booking.details),
        Event::WaitingJoined(entry) => Some(entry.details),
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::BookingMoved { .. }
        | Event::BookingCancelled { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => None,
    }
}

fn online_types(agenda: &Agenda) -> BTreeSet<TypeId> {
    let offered = agenda.types.values().filter(|kind| kind.online);
    offered.map(|kind| kind.id).collect()
}

fn types_differ(before: &Agenda, after: &Agenda, event: &Event) -> bool {
    let id = match event {
        Event::ProfileSet(_) => return before.profile != after.profile,
        Event::TypeSet(kind) => kind.id,
        Event::TypeRetired(id) => *id,
        Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::SlotBooked { .. }
        | Event::BookingMoved { .. }
        | Event::BookingCancelled { .. }
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. }
        | Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => return false,
    };
    let (old, new) = (before.types.get(&id), after.types.get(&id));
    let online = [old, new].into_iter().flatten().any(|kind| kind.online);
    online && old != new
}

/// What boards are told of one event; none when looking before it panicked.
fn board_part(before: Watched, after: &Agenda, recorded: &Recorded<Event>) -> Option<BoardPart> {
    match before {
        Watched::Panicked => None,
        Watched::State(before) => Some(compared(&before, after, recorded)),
        Watched::Times(watch) => {
            let mut changes = watch.map_or_else(Vec::new, |watch| watch.after(after));
            // A type that staff alone book is nobody else's business.
            changes.retain(|change| after.types.get(&change.kind).is_some_and(|kind| kind.online));
            Some(BoardPart {
                changes,
                types_changed: false,
            })
        }
    }
}

/// [`board_part`] of an event that changes what is open or offered, from both states.
fn compared(before: &Agenda, after: &Agenda, recorded: &Recorded<Event>) -> BoardPart {
    let types_changed = types_differ(before, after, &recorded.event);
    let Some(span) = horizon(after, recorded.at).or_else(|| horizon(before, recorded.at)) else {
        return BoardPart {
            changes: Vec::new(),
            types_changed,
        };
    };
    let mut changes = slot_changes(before, after, &recorded.event, span);
    if !changes.is_empty() {
        // A type that staff alone book is nobody else's business; one just withdrawn still has to vanish.
        let (old, new) = (online_types(before), online_types(after));
        changes.retain(|change| {
            let withdrawn = old.contains(&change.kind) && !after.types.contains_key(&change.kind);
            withdrawn || new.contains(&change.kind)
        });
    }
    BoardPart { changes, types_changed }
}

/// Follows `next` after what `merged` already says, per type.
fn merge(merged: &mut Vec<SlotChanges>, next: SlotChanges) {
    let Some(known) = merged.iter_mut().find(|known| known.kind == next.kind) else {
        merged.push(next);
        return;
    };
    let mut added: BTreeMap<UtcMinute, Slot> = known.added.iter().map(|slot| (slot.start, *slot)).collect();
    let mut removed: BTreeSet<UtcMinute> = known.removed.iter().copied().collect();
    for start in next.removed {
        added.remove(&start);
        removed.insert(start);
    }
    for slot in next.added {
        removed.remove(&slot.start);
        added.insert(slot.start, slot);
    }
    known.added = added.into_values().collect();
    known.removed = removed.into_iter().collect();
}
