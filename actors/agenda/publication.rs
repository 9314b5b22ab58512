//! What one durable command gives to tell, before the feed numbers it per audience.
//!
//! Must not be here: who is listening, positions.

use crate::delta::NamedPeople;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, Seq, TypeId};
use cabinet_domain::slots::{Slot, SlotChanges, horizon, slot_changes};
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
    /// Adds an event with the states before and after it.
    pub(crate) fn add(
        &mut self,
        before: &Agenda,
        after: &Agenda,
        recorded: Recorded<Event>,
        people: &BTreeMap<BlobId, PersonRecord>,
    ) {
        // The event is durable whatever happens here: a defect in comparing slots costs boards a re-read, not the agenda.
        let part = catch_unwind(AssertUnwindSafe(|| board_part(before, after, &recorded))).unwrap_or_else(|_| {
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
    if let Event::SlotBooked { booking, .. } = event {
        Some(booking.details)
    } else {
        None
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
        | Event::BookingCancelled { .. } => return false,
    };
    let (old, new) = (before.types.get(&id), after.types.get(&id));
    let online = [old, new].into_iter().flatten().any(|kind| kind.online);
    online && old != new
}

/// What boards are told of one event.
fn board_part(before: &Agenda, after: &Agenda, recorded: &Recorded<Event>) -> BoardPart {
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
