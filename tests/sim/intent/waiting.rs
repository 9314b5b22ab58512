//! What clients want of a waiting list: to join, to answer what they are offered or let it pass, to leave; staff to say who
//! is pressing; and tricks with what is somebody else's.

use super::{Look, Wish, by_bearer, draw, secret};
use crate::practice::{BUFFERED, PLAIN, STAFF_ONLY, personal};
use cabinet_domain::Command;
use cabinet_domain::command::Leaver;
use cabinet_domain::ids::{BlobId, PatientId, TypeId, WaitingId};
use cabinet_domain::time::{CivilDate, Weekday};
use cabinet_domain::waiting::{Priority, WaitingEntry, Wishes};
use std::collections::BTreeSet;

/// A list of a world is kept this short, so that offers meet everybody on it.
const LIST_MAX: usize = 12;

impl Look<'_> {
    /// Something about the waiting list.
    pub(super) fn waiting(&mut self) -> Option<Wish> {
        let offered = self.agenda.waiting.values().find(|entry| entry.offer.is_some());
        if let Some(entry) = offered.cloned() {
            match self.dice.below(10) {
                0..4 => return Some(self.accept(&entry, entry.id.0)),
                4 | 5 => return Some(self.decline(&entry, entry.id.0)),
                6 => return Some(self.accept(&entry, entry.id.0.wrapping_add(1))),
                // Or lets it pass.
                _ => {}
            }
        }
        if self.agenda.waiting.len() < LIST_MAX && self.dice.chance(600) {
            return Some(self.join());
        }
        let agenda = self.agenda;
        let entry = self.one_of(agenda.waiting.len(), agenda.waiting.values())?.clone();
        match self.dice.below(8) {
            0 => {
                let by = Leaver::Patient(secret(entry.id.0));
                Some(by_bearer(Command::LeaveWaitingList { entry: entry.id, by }, entry.id.0))
            }
            1 => Some(self.by_staff(Command::LeaveWaitingList {
                entry: entry.id,
                by: Leaver::Practice,
            })),
            2..6 => {
                let priority = if self.dice.chance(500) {
                    Priority::Urgent
                } else {
                    Priority::Normal
                };
                Some(self.by_staff(Command::SetWaitingPriority {
                    entry: entry.id,
                    priority,
                }))
            }
            6 => Some(self.decline(&entry, entry.id.0)),
            _ => Some(self.accept(&entry, entry.id.0)),
        }
    }

    fn accept(&mut self, entry: &WaitingEntry, holder: u128) -> Wish {
        let owner = secret(holder);
        by_bearer(Command::AcceptOffer { entry: entry.id, owner }, holder)
    }

    fn decline(&mut self, entry: &WaitingEntry, holder: u128) -> Wish {
        let owner = secret(holder);
        by_bearer(Command::DeclineOffer { entry: entry.id, owner }, holder)
    }

    fn join(&mut self) -> Wish {
        let id = draw(self.dice);
        let patient = PatientId(1 + u128::from(self.dice.below(200)));
        let kind = match self.dice.below(20) {
            0 => STAFF_ONLY,
            1 => TypeId(77),
            2..6 => BUFFERED,
            _ => PLAIN,
        };
        let wishes = self.wishes();
        let command = Command::JoinWaitingList {
            entry: WaitingId(id),
            kind,
            patient,
            details: BlobId(id),
            owner: secret(id),
            notice_version: 1,
            wishes,
        };
        Wish {
            personal: vec![personal(patient, BlobId(id))],
            ..by_bearer(command, id)
        }
    }

    fn wishes(&mut self) -> Wishes {
        let all = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ];
        let but_one = self.dice.index(all.len() * 3);
        let days = all.iter().enumerate().filter(|(index, _)| *index != but_one);
        let weekdays: BTreeSet<Weekday> = days.map(|(_, day)| *day).collect();
        let today: CivilDate = self.today();
        Wishes {
            weekdays,
            from_minute_of_day: 0,
            until_minute_of_day: if self.dice.chance(200) { 780 } else { 1_440 },
            first_day: today,
            last_day: today.plus_days(i32::try_from(self.dice.below(10)).unwrap_or(1)),
            notice_minutes: u32::try_from(self.dice.below(3) * 60).unwrap_or(0),
            place: None,
        }
    }
}
