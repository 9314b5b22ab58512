//! What clients want: commands that mostly ought to be accepted, and tricks that ought to be refused, each drawn from what
//! the agenda durably is. Must not be here: sending, waiting, judging answers.

mod limits;
mod several;
mod waiting;

use self::limits::{limit, released};
use crate::practice::{BUFFERED, PLAIN, STAFF_ONLY, kind, personal, profile, rule};
use cabinet_domain::Command;
use cabinet_domain::agenda::{Agenda, Booking, Hold, SecretHash};
use cabinet_domain::command::{Allowances, Canceller, Principal};
use cabinet_domain::ids::{
    AbsenceId, BlobId, BookingId, ExceptionId, HoldId, PatientId, PlaceId, RuleId, StaffId, TypeId,
};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::schedule::{Absence, ExceptionalOpening, TypeSelection};
use cabinet_domain::slots::{Slot, slots};
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday};
use cabinet_storage::dice::Dice;

/// Days ahead in which clients look for slots: across the week-end.
const REACH_DAYS: i64 = 4;

/// Something to ask.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// What.
    pub(crate) command: Command,
    /// Who asks.
    pub(crate) principal: Principal,
    /// The blob that goes with it.
    pub(crate) personal: Vec<PersonalPart>,
}

/// A random id.
pub(crate) fn draw(dice: &mut Dice) -> u128 {
    (u128::from(dice.roll()) << 64) | u128::from(dice.roll())
}

/// The secret that belongs to an id.
pub(crate) fn secret(id: u128) -> SecretHash {
    let mut hash = [0; 32];
    let (low, high) = hash.split_at_mut(16);
    low.copy_from_slice(&id.to_be_bytes());
    high.copy_from_slice(&(!id).to_be_bytes());
    hash
}

/// One client looking at one agenda.
pub(crate) struct Look<'a> {
    /// The agenda, durable state.
    pub(crate) agenda: &'a Agenda,
    /// The client's number.
    pub(crate) client: u128,
    /// The client's own hold here.
    pub(crate) own: Option<HoldId>,
    /// Now.
    pub(crate) now: UtcMillis,
    /// Draws.
    pub(crate) dice: &'a mut Dice,
}

fn by_bearer(command: Command, id: u128) -> Wish {
    Wish {
        command,
        principal: Principal::Bearer(secret(id)),
        personal: Vec::new(),
    }
}

impl Look<'_> {
    fn by_staff(&self, command: Command) -> Wish {
        Wish {
            command,
            principal: Principal::Staff(StaffId(self.client)),
            personal: Vec::new(),
        }
    }

    fn one_of<T>(&mut self, count: usize, mut all: impl Iterator<Item = T>) -> Option<T> {
        let index = self.dice.index(count.max(1));
        all.nth(index)
    }

    fn booking(&mut self) -> Option<Booking> {
        let agenda = self.agenda;
        self.one_of(agenda.bookings.len(), agenda.bookings.values())
    }

    fn hold(&mut self) -> Option<Hold> {
        let agenda = self.agenda;
        self.one_of(agenda.holds.len(), agenda.holds.values()).cloned()
    }

    /// A free slot that may be taken now.
    fn free(&mut self, kind: TypeId) -> Option<Slot> {
        let from = self.now.minute().plus(1);
        let window = Span::starting(from, REACH_DAYS * 1_440);
        let now = self.now;
        let found: Vec<Slot> = slots(self.agenda, kind, window)
            .into_iter()
            .filter(|slot| slot.bookable_from <= now && now < slot.bookable_until)
            .collect();
        found.get(self.dice.index(found.len())).copied()
    }

    /// Most wishes ought to be granted; about one in eight is a trick.
    pub(crate) fn wish(&mut self) -> Option<Wish> {
        if self.agenda.profile.is_none() {
            return Some(self.hold_at(PLAIN, self.now.minute().plus(600)));
        }
        match self.dice.below(100) {
            0..13 => self.trick(),
            13..41 => self.patient(),
            41..62 => self.staff(),
            62..70 => self.several(),
            70..82 => self.change(),
            82..90 => self.waiting(),
            _ => self.configure(),
        }
    }

    fn hold_at(&mut self, kind: TypeId, start: UtcMinute) -> Wish {
        let id = draw(self.dice);
        let command = Command::HoldSlot {
            hold: HoldId(id),
            kind,
            start,
            owner: secret(id),
        };
        by_bearer(command, id)
    }

    fn confirm(&mut self, hold: HoldId, owner: SecretHash) -> Wish {
        let id = draw(self.dice);
        let patient = PatientId(1 + u128::from(self.dice.below(200)));
        let command = Command::ConfirmHold {
            hold,
            owner,
            booking: BookingId(id),
            patient,
            details: BlobId(id),
            notice_version: 1,
            manage: secret(id),
        };
        Wish {
            personal: vec![personal(patient, BlobId(id))],
            ..by_bearer(command, hold.0)
        }
    }

    fn book_at(&mut self, kind: TypeId, start: UtcMinute, allow: Allowances) -> Wish {
        let id = draw(self.dice);
        let patient = PatientId(1 + u128::from(self.dice.below(200)));
        let command = Command::BookDirectly {
            booking: BookingId(id),
            kind,
            start,
            patient,
            details: BlobId(id),
            allow,
        };
        Wish {
            personal: vec![personal(patient, BlobId(id))],
            ..self.by_staff(command)
        }
    }

    fn patient(&mut self) -> Option<Wish> {
        if let Some(hold) = self.own {
            return match self.dice.below(10) {
                0 => Some(by_bearer(
                    Command::ReleaseHold {
                        hold,
                        owner: secret(hold.0),
                    },
                    hold.0,
                )),
                _ => Some(self.confirm(hold, secret(hold.0))),
            };
        }
        let kind = if self.dice.chance(300) { BUFFERED } else { PLAIN };
        let slot = self.free(kind)?;
        Some(self.hold_at(kind, slot.start))
    }

    fn staff(&mut self) -> Option<Wish> {
        let kind = match self.dice.below(6) {
            0 => STAFF_ONLY,
            1 => BUFFERED,
            _ => PLAIN,
        };
        match self.dice.below(10) {
            0 => {
                let over = self.booking()?;
                let allow = Allowances {
                    overlap: true,
                    outside_hours: true,
                    over_cap: false,
                };
                Some(self.book_at(kind, over.span.from.plus(10), allow))
            }
            1 => {
                let late = UtcMinute((self.now.minute().0 / 1_440 + 1) * 1_440 + 1_230);
                let at = late.plus(i64::try_from(self.dice.below(4)).unwrap_or(0) * 1_440);
                let allow = Allowances {
                    overlap: false,
                    outside_hours: true,
                    over_cap: self.dice.chance(500),
                };
                Some(self.book_at(kind, at, allow))
            }
            2 => {
                // At the minute in which another ends, or the one before, which is still taken.
                let end = self.booking()?.occupied.until;
                let early = i64::from(self.dice.chance(500));
                Some(self.book_at(PLAIN, end.plus(-early), Allowances::default()))
            }
            _ => {
                let slot = self.free(kind)?;
                Some(self.book_at(kind, slot.start, Allowances::default()))
            }
        }
    }

    /// Moves and cancellations.
    fn change(&mut self) -> Option<Wish> {
        let booking = self.booking()?;
        match self.dice.below(3) {
            0 => {
                let slot = self.free(booking.kind)?;
                let command = Command::MoveBooking {
                    booking: booking.id,
                    start: slot.start,
                    allow: Allowances::default(),
                };
                Some(self.by_staff(command))
            }
            1 if booking.manage.is_some() => {
                let by = Canceller::Patient(secret(booking.id.0));
                let booking = booking.id;
                Some(by_bearer(Command::CancelBooking { booking, by }, booking.0))
            }
            _ => {
                let by = Canceller::Practice;
                let booking = booking.id;
                Some(self.by_staff(Command::CancelBooking { booking, by }))
            }
        }
    }

    fn today(&self) -> CivilDate {
        CivilDate(i32::try_from(self.now.0.div_euclid(86_400_000)).unwrap_or(20_000))
    }

    fn configure(&mut self) -> Option<Wish> {
        let agenda = self.agenda;
        let command = match self.dice.below(12) {
            0 => Command::SetProfile(profile(60 + u32::try_from(self.dice.below(540)).unwrap_or(0))),
            1 => {
                let id = [PLAIN, BUFFERED, STAFF_ONLY, TypeId(13)]
                    .get(self.dice.index(4))
                    .copied();
                let mut kind = kind(id?);
                kind.colour = u32::try_from(self.dice.below(0xff_ffff)).unwrap_or(0);
                limit(self.dice, &mut kind);
                Command::SetType(kind)
            }
            2 => Command::RetireType(if self.dice.chance(700) { TypeId(13) } else { BUFFERED }),
            3 => {
                let number = draw(self.dice);
                Command::OpenHours(rule(number, Weekday::Saturday, 420, 480))
            }
            4 => {
                let mut changed = self.one_of(agenda.rules.len(), agenda.rules.values())?.clone();
                changed.until_minute_of_day = (changed.until_minute_of_day + 15).min(1_260);
                changed.release = released(self.dice);
                Command::ChangeHours(changed)
            }
            5 => {
                // One that was opened since, so that agendas stay open.
                Command::CloseHours(*agenda.rules.keys().find(|rule| rule.0 > 1_000)?)
            }
            6 | 7 => {
                let id = ExceptionId(draw(self.dice));
                let from = 1_200 + u16::try_from(self.dice.below(4) * 15).unwrap_or(0);
                Command::OpenExceptionally(ExceptionalOpening {
                    id,
                    date: self.today().plus_days(i32::try_from(self.dice.below(4)).unwrap_or(1)),
                    from_minute_of_day: from,
                    until_minute_of_day: from + 60,
                    types: TypeSelection::All,
                    place: PlaceId(4),
                    release: released(self.dice),
                })
            }
            8 => Command::CloseException(*self.one_of(agenda.exceptions.len(), agenda.exceptions.keys())?),
            9 | 10 => {
                let from = self
                    .now
                    .minute()
                    .plus(i64::try_from(self.dice.below(4_000)).unwrap_or(0));
                Command::AddAbsence(Absence {
                    id: AbsenceId(draw(self.dice)),
                    span: Span::starting(from, 45),
                    label: "Formation".to_owned(),
                })
            }
            _ => Command::RemoveAbsence(*self.one_of(agenda.absences.len(), agenda.absences.keys())?),
        };
        Some(self.by_staff(command))
    }

    /// What ought to be refused.
    fn trick(&mut self) -> Option<Wish> {
        match self.dice.below(26) {
            22..26 => self.trick_with_limits(),
            0..9 => self.trick_with_slots(),
            9..16 => self.trick_with_holds(),
            16..20 => self.trick_with_bookings(),
            20 => Some(self.by_staff(Command::OpenHours(rule(100, Weekday::Monday, 480, 540)))),
            _ if self.dice.chance(500) => {
                let unknown = RuleId(draw(self.dice));
                Some(self.by_staff(Command::CloseHours(unknown)))
            }
            _ => Some(self.by_staff(Command::SetProfile(profile(7)))),
        }
    }

    /// Slots that are none, or not for this asker.
    fn trick_with_slots(&mut self) -> Option<Wish> {
        let now = self.now.minute();
        let (kind, start) = match self.dice.below(9) {
            0 => (TypeId(77), now.plus(600)),
            1 => (STAFF_ONLY, now.plus(600)),
            2 => (PLAIN, now.plus(-60)),
            3 => (PLAIN, now.plus(200 * 1_440)),
            4 => (BUFFERED, now.plus(60)),
            5 => (PLAIN, self.free(PLAIN)?.start.plus(1)),
            6 => (PLAIN, UtcMinute((now.0 / 1_440 + 1) * 1_440 + 1_380)),
            7 => {
                let agenda = self.agenda;
                let absence = self.one_of(agenda.absences.len(), agenda.absences.values())?;
                // The quarter of an hour inside it.
                (PLAIN, UtcMinute((absence.span.from.0 / 15 + 1) * 15))
            }
            _ => (PLAIN, self.booking()?.span.from),
        };
        Some(self.hold_at(kind, start))
    }

    /// Holds that are gone, run out, of somebody else, or one too many.
    fn trick_with_holds(&mut self) -> Option<Wish> {
        let unknown = draw(self.dice);
        let (agenda, now) = (self.agenda, self.now);
        let run_out = agenda.holds.values().find(|hold| !hold.is_live(now));
        match self.dice.below(7) {
            0 => Some(self.confirm(HoldId(unknown), secret(unknown))),
            1 => {
                let hold = self.hold()?.id;
                Some(self.confirm(hold, secret(unknown)))
            }
            2 | 3 => {
                let hold = run_out?;
                Some(self.confirm(hold.id, hold.owner))
            }
            4 => {
                let owner = self.hold()?.owner;
                let command = Command::HoldSlot {
                    hold: HoldId(unknown),
                    kind: PLAIN,
                    start: self.free(PLAIN)?.start,
                    owner,
                };
                Some(by_bearer(command, unknown))
            }
            _ => {
                let early = self.hold()?.id;
                let hold = run_out.filter(|_| self.dice.chance(500)).map_or(early, |hold| hold.id);
                Some(Wish {
                    principal: Principal::System,
                    ..self.by_staff(Command::ExpireHold(hold))
                })
            }
        }
    }

    /// Bookings that are none, of somebody else, or too near.
    fn trick_with_bookings(&mut self) -> Option<Wish> {
        let unknown = draw(self.dice);
        match self.dice.below(3) {
            0 => Some(self.by_staff(Command::CancelBooking {
                booking: BookingId(unknown),
                by: Canceller::Practice,
            })),
            1 => {
                let booking = self.booking()?.id;
                let by = Canceller::Patient(secret(unknown));
                Some(by_bearer(Command::CancelBooking { booking, by }, unknown))
            }
            _ => {
                let soon = self.now.minute().plus(1_400);
                let near = |booking: &Booking| booking.manage.is_some() && booking.span.from < soon;
                let booking = self.agenda.bookings.values().find(near)?.id;
                let by = Canceller::Patient(secret(booking.0));
                Some(by_bearer(Command::CancelBooking { booking, by }, booking.0))
            }
        }
    }
}
