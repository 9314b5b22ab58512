//! A practice of three practitioners, two secretaries and a replacement, for ninety days: what its members do on working days,
//! and what they do now and then. Every opening of a file is explained, or not, by its records alone.
//!
//! Must not be here: attacks.

use super::scene::{
    AFTERNOON, BARCELONA, Day, LYON, MOBILE, MORNING, NICE, OWNER, PRACTICE_NETWORK, REPLACEMENT, SECOND, Sheet, THIRD,
    desk, home, number, seen, telephone,
};
use cabinet_domain::anomaly::{Link, Observed, SecurityChange, Seen};
use cabinet_domain::ids::StaffId;
use cabinet_domain::time::{CivilDate, UtcMillis, Weekday, Zone};
use cabinet_storage::dice::Dice;

/// Days of a trial.
pub(super) const DAYS: i32 = 90;
/// Former patients, whose files lie there.
const FORMER: u64 = 600;
/// Files of patients who come: apart from those who came.
const CURRENT_FROM: u64 = 10_000;
const HOUR: i64 = 60;
const DAY_SECONDS: i64 = 24 * 3_600;

/// A practice and what happened in it.
pub(super) struct Practice {
    pub(super) days: Vec<Day>,
    pub(super) sheet: Sheet,
    /// The second practitioner's holiday, as places of days.
    holiday: std::ops::Range<usize>,
}

/// Whether nobody works: weekends, and public holidays of the season.
fn is_closed(date: CivilDate) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    weekend || cabinet_domain::holidays::is_public_holiday(cabinet_domain::schedule::HolidayRegion::Metropole, date)
}

impl Practice {
    /// The practice of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5eed_ca1e);
        let zone = Zone::paris();
        // A Monday of the first half of 2026.
        let first = CivilDate(20_458).plus_days(7 * i32::try_from(dice.below(26)).unwrap_or(0));
        let days: Vec<Day> = (0..DAYS).map(|day| Day::of(first.plus_days(day), &zone)).collect();
        let from = 20 + dice.index(45);
        let mut practice = Self {
            days,
            sheet: Sheet::default(),
            holiday: from..from + 14,
        };
        for place in 0..practice.days.len() {
            practice.day(place, &mut dice);
        }
        practice.rarely(&mut dice);
        practice
    }

    /// A working day in the second half, for what is to happen then. None of the holiday's.
    pub(super) fn some_day(&self, dice: &mut Dice) -> Day {
        let second_half = self.days.iter().enumerate().take(85).skip(40);
        let open = second_half.filter(|(place, day)| !is_closed(day.date) && !self.holiday.contains(place));
        let days: Vec<Day> = open.map(|(_, day)| *day).collect();
        let none = || Day::of(CivilDate(20_500), &Zone::paris());
        dice.pick(&days).copied().unwrap_or_else(none)
    }

    /// A former patient's file: nothing about it explains an opening.
    pub(super) fn former(&self, number: u64, at: UtcMillis) -> Seen {
        let number = number % FORMER;
        // The last visit: from two months to five years ago.
        let ago = 60 + i64::try_from(number).unwrap_or(0) * 3;
        let last = at.plus_seconds(-ago * DAY_SECONDS);
        let link = Link {
            last_appointment: Some(last),
            ..Link::default()
        };
        seen(number + 1, &link, at, Some(last))
    }

    fn day(&mut self, place: usize, dice: &mut Dice) {
        let Some(day) = self.days.get(place).copied() else {
            return;
        };
        if is_closed(day.date) {
            if day.date.weekday() == Weekday::Sunday && dice.chance(800) {
                self.sunday_letters(day, dice);
            }
            return;
        }
        let away = self.holiday.contains(&place);
        for staff in [OWNER, SECOND, THIRD] {
            let part_time = staff == THIRD && day.date.weekday() == Weekday::Wednesday;
            let ill = dice.chance(15);
            if part_time || ill || (staff == SECOND && away) {
                continue;
            }
            self.care(staff, day, dice, false);
        }
        if away {
            self.care(REPLACEMENT, day, dice, true);
        }
        for (staff, from, until) in [
            (MORNING, 8 * HOUR, 13 * HOUR),
            (AFTERNOON, 12 * HOUR + 30, 18 * HOUR + 30),
        ] {
            if !dice.chance(20) {
                self.desk_day(staff, day, (from, until), dice);
            }
        }
        if dice.chance(50) {
            let staff = *dice.pick(&[OWNER, SECOND, THIRD, MORNING, AFTERNOON]).unwrap_or(&OWNER);
            let count = 1 + u32::try_from(dice.below(3)).unwrap_or(0);
            self.sheet
                .late(staff, day.at(11 * HOUR, 0), 9, Observed::Refused { count, foreign: 0 });
        }
    }

    /// In the morning, and again after lunch; one in twenty mistypes.
    fn comes(&mut self, staff: StaffId, at: UtcMillis, dice: &mut Dice) {
        if dice.chance(60) {
            for failure in 0..=dice.below(2) {
                let at = at.plus_seconds(-40 + 15 * i64::try_from(failure).unwrap_or(0));
                self.sheet.fails(staff, at, (PRACTICE_NETWORK, 1 + failure));
            }
        }
        self.sheet
            .signs_in(staff, at, (desk(staff), PRACTICE_NETWORK, Some(LYON)));
        let open = 1 + u32::try_from(dice.below(4)).unwrap_or(0);
        self.sheet
            .says(staff, at.plus_seconds(20), Observed::SessionSockets { open });
    }

    /// A practitioner's day: a file for each appointment, and a letter about somebody of long ago once a week.
    fn care(&mut self, staff: StaffId, day: Day, dice: &mut Dice, stands_in: bool) {
        let begins = 8 * HOUR + i64::try_from(dice.below(30)).unwrap_or(0);
        self.comes(staff, day.at(begins, 0), dice);
        let patients = 10 + i64::try_from(dice.below(16)).unwrap_or(0);
        for patient in 0..patients {
            let minute = begins + 10 + patient * 28;
            let lunch = if minute > 12 * HOUR + 15 { 75 } else { 0 };
            let at = day.at(minute + lunch, i64::try_from(dice.below(50)).unwrap_or(0));
            let file = CURRENT_FROM + number(staff) * 1_000 + dice.below(45);
            let link = Link {
                last_appointment: (!stands_in).then_some(at),
                delegated: stands_in,
                ..Link::default()
            };
            self.sheet.sees(
                staff,
                at,
                seen(file, &link, at, Some(at.plus_seconds(-7 * DAY_SECONDS))),
            );
            self.sheet.works(staff, at.plus_seconds(25 * 60));
        }
        if dice.chance(180) {
            let at = day.at(17 * HOUR + 40, 0);
            let former = self.former(dice.below(FORMER), at);
            self.sheet.sees(staff, at, former);
        }
        if staff == THIRD && dice.chance(70) {
            self.late_evening(staff, day, dice);
        }
    }

    /// Now and then somebody stays on, or writes from home.
    fn late_evening(&mut self, staff: StaffId, day: Day, dice: &mut Dice) {
        self.sheet
            .signs_in(staff, day.at(20 * HOUR + 45, 0), (desk(staff), home(staff), Some(LYON)));
        for minute in 0..4 {
            self.sheet.works(staff, day.at(20 * HOUR + 50 + minute * 9, 0));
        }
        if dice.chance(300) {
            let at = day.at(21 * HOUR + 5, 0);
            let former = self.former(dice.below(FORMER), at);
            self.sheet.sees(staff, at, former);
        }
    }

    /// The owner's letters of the week, most Sunday evenings, from home.
    fn sunday_letters(&mut self, day: Day, dice: &mut Dice) {
        let begins = 20 * HOUR + i64::try_from(dice.below(25)).unwrap_or(0);
        self.sheet
            .signs_in(OWNER, day.at(begins, 0), (desk(OWNER), home(OWNER), Some(LYON)));
        for letter in 0..6 {
            let at = day.at(begins + 5 + letter * 8, 0);
            let file = CURRENT_FROM + 1_000 + dice.below(45);
            let link = Link {
                last_appointment: Some(at.plus_seconds(-3 * DAY_SECONDS)),
                ..Link::default()
            };
            self.sheet.sees(
                OWNER,
                at,
                seen(file, &link, at, Some(at.plus_seconds(-3 * DAY_SECONDS))),
            );
        }
        if dice.chance(250) {
            let at = day.at(begins + 55, 0);
            let former = self.former(dice.below(FORMER), at);
            self.sheet.sees(OWNER, at, former);
        }
    }

    /// A secretary's half day: bookings made and moved, callers of today, now and then one of long ago.
    fn desk_day(&mut self, staff: StaffId, day: Day, (from, until): (i64, i64), dice: &mut Dice) {
        self.comes(staff, day.at(from, 0), dice);
        let mut minute = from + 4;
        while minute < until - 5 {
            let at = day.at(minute, i64::try_from(dice.below(50)).unwrap_or(0));
            self.sheet.works(staff, at);
            let file = CURRENT_FROM + (1 + dice.below(3)) * 1_000 + dice.below(45);
            let link = Link {
                handled: Some(at),
                ..Link::default()
            };
            self.sheet
                .sees(staff, at.plus_seconds(10), seen(file, &link, at, Some(at)));
            minute += 6 + i64::try_from(dice.below(14)).unwrap_or(0);
        }
        // Callers about a certificate, a receipt, an old date.
        let callers = if dice.chance(200) { 1 + dice.below(2) } else { 0 };
        for caller in 0..callers {
            let at = day.at(from + 90 + 40 * i64::try_from(caller).unwrap_or(0), 0);
            let former = self.former(dice.below(FORMER), at);
            self.sheet.sees(staff, at, former);
        }
        // The accountant asks about a week of last quarter.
        if dice.chance(15) {
            let first = dice.below(30);
            for next in 0..3 + dice.below(5) {
                let at = day.at(from + 150 + i64::try_from(next).unwrap_or(0) * 3, 0);
                let former = self.former(first + next * 3, at);
                self.sheet.sees(staff, at, former);
            }
        }
    }

    /// What happens once or twice in a quarter.
    fn rarely(&mut self, dice: &mut Dice) {
        for staff in [OWNER, SECOND, THIRD, MORNING, AFTERNOON] {
            if dice.chance(350) {
                let day = self.some_day(dice);
                // A new telephone, first tried at the practice.
                self.sheet.signs_in(
                    staff,
                    day.at(12 * HOUR + 10, 0),
                    (5_000 + dice.below(900), PRACTICE_NETWORK, Some(LYON)),
                );
            }
            if dice.chance(300) {
                let day = self.some_day(dice);
                // A browser that forgot everything, at home.
                self.sheet.signs_in(
                    staff,
                    day.at(18 * HOUR + 50, 0),
                    (6_000 + dice.below(900), home(staff), Some(LYON)),
                );
            }
            if dice.chance(150) {
                let day = self.some_day(dice);
                self.forgotten_password(staff, day, 3 + dice.below(3));
            }
            // The telephone is used from the first days on, and later from wherever the operator's network comes out.
            let later = self.some_day(dice);
            let early = self.days.get(dice.index(5)).copied().unwrap_or(later);
            for day in [early, later] {
                let on_the_way = (telephone(staff), 400 + dice.below(20), Some(MOBILE));
                self.sheet.signs_in(staff, day.at(12 * HOUR + 30, 0), on_the_way);
            }
        }
        self.on_holiday(dice);
        self.exports(dice);
        if dice.chance(100) {
            let day = self.some_day(dice);
            self.sheet.says(THIRD, day.at(10 * HOUR, 0), Observed::GlassBroken);
        }
        if dice.chance(600) {
            let day = self.some_day(dice);
            let change = Observed::SecurityChanged(SecurityChange::RightsRaised);
            self.sheet.says(OWNER, day.at(14 * HOUR, 0), change);
        }
        if dice.chance(300) {
            let day = self.some_day(dice);
            self.sheet
                .says(OWNER, day.at(13 * HOUR + 20, 0), Observed::SessionOnTwoNetworks);
        }
    }

    /// So many wrong passwords over two minutes, then the right one, from the own desk.
    fn forgotten_password(&mut self, staff: StaffId, day: Day, failures: u64) {
        let begins = day.at(9 * HOUR + 30, 0);
        for failure in 0..failures {
            let at = begins.plus_seconds(25 * i64::try_from(failure).unwrap_or(0));
            self.sheet.fails(staff, at, (PRACTICE_NETWORK, 1 + failure));
        }
        self.sheet.signs_in(
            staff,
            begins.plus_seconds(300),
            (desk(staff), PRACTICE_NETWORK, Some(LYON)),
        );
    }

    /// The second practitioner looks in from the hotel, with their own laptop.
    fn on_holiday(&mut self, dice: &mut Dice) {
        let location = if dice.chance(300) { BARCELONA } else { NICE };
        for place in self.holiday.clone().step_by(5) {
            if let Some(day) = self.days.get(place).copied() {
                self.sheet
                    .signs_in(SECOND, day.at(18 * HOUR, 0), (desk(SECOND), 700, Some(location)));
            }
        }
    }

    /// The month's accounts; once in three years' worth of seeds the year's.
    fn exports(&mut self, dice: &mut Dice) {
        let firsts: Vec<Day> = self
            .days
            .iter()
            .copied()
            .filter(|day| day.date.to_string().ends_with("-02"))
            .collect();
        for day in firsts {
            let patients = 80 + u32::try_from(dice.below(40)).unwrap_or(0);
            self.sheet
                .says(OWNER, day.at(18 * HOUR + 30, 0), Observed::Exported { patients });
        }
        if dice.chance(80) {
            let day = self.some_day(dice);
            self.sheet
                .says(OWNER, day.at(18 * HOUR + 45, 0), Observed::Exported { patients: 700 });
        }
    }
}
