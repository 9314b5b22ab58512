//! Settings, types, hours, exceptions and absences. None of these touches bookings or holds: a booking inside a new
//! absence stays, a live hold is honoured.
//!
//! Order of refusals: bounds of the value (`Invalid`), then what it names (`AlreadyExists`, `NotFound`, `TypeUnknown`),
//! then how many there are (`TooMany`).

use crate::agenda::Agenda;
use crate::command::Command;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::schedule::{SCHEDULE_ITEMS_MAX, TypeSelection};
use std::collections::BTreeMap;

pub(super) fn decide(agenda: &Agenda, command: &Command) -> Result<Event, Refusal> {
    match command {
        Command::SetProfile(profile) => {
            profile.validate()?;
            Ok(Event::ProfileSet(profile.clone()))
        }
        Command::SetType(kind) => {
            kind.validate()?;
            if agenda.kind(kind.id).is_none() {
                room_for_one(agenda.types.len() + agenda.retired_types.len(), "types")?;
            }
            Ok(Event::TypeSet(kind.clone()))
        }
        Command::RetireType(id) if agenda.types.contains_key(id) => Ok(Event::TypeRetired(*id)),
        Command::RetireType(_) => Err(Refusal::TypeUnknown),
        Command::OpenHours(rule) => {
            rule.validate()?;
            is_new(&agenda.rules, &rule.id)?;
            types_known(agenda, &rule.types)?;
            room_for_one(agenda.rules.len(), "rules")?;
            Ok(Event::HoursOpened(rule.clone()))
        }
        Command::ChangeHours(rule) => {
            rule.validate()?;
            is_there(&agenda.rules, &rule.id)?;
            types_known(agenda, &rule.types)?;
            Ok(Event::HoursChanged(rule.clone()))
        }
        Command::CloseHours(id) => is_there(&agenda.rules, id).map(|()| Event::HoursClosed(*id)),
        Command::OpenExceptionally(exception) => {
            exception.validate()?;
            is_new(&agenda.exceptions, &exception.id)?;
            types_known(agenda, &exception.types)?;
            room_for_one(agenda.exceptions.len(), "exceptions")?;
            Ok(Event::ExceptionOpened(exception.clone()))
        }
        Command::CloseException(id) => is_there(&agenda.exceptions, id).map(|()| Event::ExceptionClosed(*id)),
        Command::AddAbsence(absence) => {
            absence.validate()?;
            is_new(&agenda.absences, &absence.id)?;
            room_for_one(agenda.absences.len(), "absences")?;
            Ok(Event::AbsenceAdded(absence.clone()))
        }
        Command::RemoveAbsence(id) => is_there(&agenda.absences, id).map(|()| Event::AbsenceRemoved(*id)),
        Command::HoldSlot { .. }
        | Command::ReleaseHold { .. }
        | Command::ConfirmHold { .. }
        | Command::BookDirectly { .. }
        | Command::MoveBooking { .. }
        | Command::CancelBooking { .. }
        | Command::ExpireHold(_)
        | Command::BookSeries { .. }
        | Command::MoveBookings { .. }
        | Command::CancelBookings { .. }
        | Command::MarkBooking { .. }
        | Command::AnnounceDelay { .. }
        | Command::JoinWaitingList { .. }
        | Command::LeaveWaitingList { .. }
        | Command::SetWaitingPriority { .. }
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. } => Err(Refusal::NotFound), // not reached: `super::decide` sends these elsewhere
    }
}

fn is_new<K: Ord, V>(known: &BTreeMap<K, V>, id: &K) -> Result<(), Refusal> {
    if known.contains_key(id) {
        return Err(Refusal::AlreadyExists);
    }
    Ok(())
}

fn is_there<K: Ord, V>(known: &BTreeMap<K, V>, id: &K) -> Result<(), Refusal> {
    if known.contains_key(id) {
        return Ok(());
    }
    Err(Refusal::NotFound)
}

/// Retired types may still be named, so that a rule that names one can be changed otherwise.
fn types_known(agenda: &Agenda, types: &TypeSelection) -> Result<(), Refusal> {
    match types {
        TypeSelection::All => Ok(()),
        TypeSelection::Only(named) if named.iter().all(|id| agenda.kind(*id).is_some()) => Ok(()),
        TypeSelection::Only(_) => Err(Refusal::TypeUnknown),
    }
}

const fn room_for_one(count: usize, what: &'static str) -> Result<(), Refusal> {
    if count >= SCHEDULE_ITEMS_MAX {
        return Err(Refusal::TooMany { what });
    }
    Ok(())
}
