//! The waiting list by command: joining, leaving, priority, and the two answers to an offer. What is then offered to whom
//! follows in `offers`, as after every other command.

use super::Scene;
use super::hold::{Confirmation, booked_from};
use crate::agenda::SecretHash;
use crate::command::{Command, Leaver};
use crate::event::Event;
use crate::ids::WaitingId;
use crate::refusal::Refusal;
use crate::schedule::validate::require;
use crate::waiting::{Left, WAITING_MAX, WaitingEntry};
use std::collections::BTreeSet;

pub(super) fn decide(scene: Scene<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::JoinWaitingList { .. } => join(scene, command),
        Command::LeaveWaitingList { entry, by } => leave(scene, *entry, by),
        Command::SetWaitingPriority { entry, priority } => {
            let known = known(scene, *entry)?;
            Ok(vec![Event::WaitingPrioritised {
                entry: known.id,
                priority: *priority,
            }])
        }
        Command::AcceptOffer { entry, owner } => {
            let known = owned(scene, *entry, owner)?;
            let hold = known.offer.ok_or(Refusal::HoldGone)?;
            let confirmation = Confirmation {
                hold,
                owner: *owner,
                booking: known.booking(),
                patient: known.patient,
                details: known.details,
                notice_version: known.notice_version,
                manage: known.owner,
            };
            booked_from(scene, &confirmation)
        }
        Command::DeclineOffer { entry, owner } => {
            let known = owned(scene, *entry, owner)?;
            Ok(vec![Event::HoldReleased(known.offer.ok_or(Refusal::HoldGone)?)])
        }
        Command::SetProfile(_)
        | Command::SetType(_)
        | Command::RetireType(_)
        | Command::OpenHours(_)
        | Command::ChangeHours(_)
        | Command::CloseHours(_)
        | Command::OpenExceptionally(_)
        | Command::CloseException(_)
        | Command::AddAbsence(_)
        | Command::RemoveAbsence(_)
        | Command::HoldSlot { .. }
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
        | Command::AnnounceDelay { .. } => Err(Refusal::NotFound), // not reached: `super::decide` sends these elsewhere
    }
}

/// Order: `TypeUnknown`, `TypeNotOnline`, `AlreadyExists`, `Invalid` (wishes, notice version, last day), `TooMany`.
fn join(scene: Scene<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let Command::JoinWaitingList {
        entry,
        kind,
        patient,
        details,
        owner,
        notice_version,
        wishes,
    } = command
    else {
        return Err(Refusal::NotFound);
    };
    let kind = scene.agenda.types.get(kind).ok_or(Refusal::TypeUnknown)?;
    if !kind.online {
        return Err(Refusal::TypeNotOnline);
    }
    let mut waiting = scene.agenda.waiting.values();
    if waiting.any(|one| one.id == *entry || (one.patient == *patient && one.kind == kind.id)) {
        return Err(Refusal::AlreadyExists);
    }
    wishes.validate()?;
    require(*notice_version > 0, "notice_version", "be at least 1")?;
    let today = scene.plan.zone.date_of(scene.stamp.now.minute());
    require(wishes.last_day >= today, "last_day", "not be over")?;
    // Who is over leaves in the same command: the list is full of those who wait only.
    let waits = |one: &&WaitingEntry| one.offer.is_some() || one.wishes.last_day >= today;
    if scene.agenda.waiting.values().filter(waits).count() >= WAITING_MAX {
        return Err(Refusal::TooMany {
            what: "waiting entries",
        });
    }
    Ok(vec![Event::WaitingJoined(WaitingEntry {
        id: *entry,
        kind: kind.id,
        patient: *patient,
        details: *details,
        owner: *owner,
        notice_version: *notice_version,
        wishes: wishes.clone(),
        priority: crate::waiting::Priority::Normal,
        joined_at: scene.stamp.now,
        passed: BTreeSet::new(),
        offer: None,
    })])
}

/// What they were being offered is given back first. Order: `NotFound`, `NotYours`.
fn leave(scene: Scene<'_>, entry: WaitingId, by: &Leaver) -> Result<Vec<Event>, Refusal> {
    let (known, why) = match by {
        Leaver::Patient(owner) => (owned(scene, entry, owner)?, Left::Patient),
        Leaver::Practice => (known(scene, entry)?, Left::Practice),
    };
    let given_back = known.offer.map(Event::HoldReleased);
    let left = Event::WaitingLeft { entry, why };
    Ok(given_back.into_iter().chain([left]).collect())
}

fn known<'a>(scene: Scene<'a>, entry: WaitingId) -> Result<&'a WaitingEntry, Refusal> {
    scene.agenda.waiting.get(&entry).ok_or(Refusal::NotFound)
}

/// The entry, if this secret is its. Order: `NotFound`, `NotYours`.
fn owned<'a>(scene: Scene<'a>, entry: WaitingId, owner: &SecretHash) -> Result<&'a WaitingEntry, Refusal> {
    let known = known(scene, entry)?;
    if known.owner == *owner {
        return Ok(known);
    }
    Err(Refusal::NotYours)
}
