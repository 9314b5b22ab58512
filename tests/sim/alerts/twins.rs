//! For each attack its benign twin: the nearest legitimate act. None of them may disturb anybody.
//!
//! Must not be here: thresholds.

use super::practice::Practice;
use super::scene::{
    AFTERNOON, Day, LYON, MOBILE, MORNING, OWNER, PARIS, PRACTICE_NETWORK, SECOND, Sheet, THIRD, desk, home, seen,
    telephone,
};
use cabinet_domain::anomaly::{Link, Observed, Rule};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::dice::Dice;

const HOUR: i64 = 60;
const DAY_SECONDS: i64 = 24 * 3_600;

/// The twin of an attack, in a practice.
pub(super) fn play(rule: Rule, practice: &Practice, dice: &mut Dice) -> Option<Sheet> {
    let day = practice.some_day(dice);
    let mut sheet = Sheet::default();
    match rule {
        Rule::FailedSignIns => forgets(&mut sheet, day, dice, 6),
        Rule::PasswordSpray => monday_morning(&mut sheet, day),
        Rule::SuccessAfterFailures => forgets(&mut sheet, day, dice, 5),
        Rule::NewDevice => new_telephone(&mut sheet, day, dice),
        Rule::ImpossibleTravel => train(&mut sheet, day),
        Rule::BulkViewing => busy_morning(&mut sheet, day, dice),
        Rule::UnexplainedAccess => callers(&mut sheet, day, practice),
        Rule::Scan => todays_list(&mut sheet, day),
        Rule::DormantFiles => come_back(&mut sheet, day, practice),
        Rule::OffHours => sunday_as_ever(&mut sheet, practice),
        Rule::ExportVolume => months_accounts(&mut sheet, practice),
        Rule::SecurityChange => own_hours(&mut sheet, day),
        Rule::GlassBroken => one_emergency(&mut sheet, day, practice),
        Rule::SharedSession => leaves_the_house(&mut sheet, day),
        Rule::Abuse => old_bookmark(&mut sheet, day),
        Rule::AuditFault | Rule::ClockSetBack | Rule::BackupLate | Rule::SealBroken => return None,
    }
    Some(sheet)
}

/// So many wrong passwords after the holidays, then the right one, at the own desk.
fn forgets(sheet: &mut Sheet, day: Day, dice: &mut Dice, failures: u64) {
    let mut at = day.at(8 * HOUR + 2, 0);
    for failure in 0..failures {
        sheet.fails(MORNING, at, (PRACTICE_NETWORK, failure));
        at = at.plus_seconds(20 + i64::try_from(dice.below(30)).unwrap_or(0));
    }
    sheet.signs_in(
        MORNING,
        at.plus_seconds(40),
        (desk(MORNING), PRACTICE_NETWORK, Some(LYON)),
    );
}

/// All five behind one address, three of them mistype once.
fn monday_morning(sheet: &mut Sheet, day: Day) {
    for (place, staff) in (0..).zip([OWNER, SECOND, THIRD, MORNING, AFTERNOON]) {
        let at = day.at(8 * HOUR, place * 70);
        if place % 2 == 0 {
            sheet.fails(staff, at, (PRACTICE_NETWORK, 1));
        }
        sheet.signs_in(staff, at.plus_seconds(20), (desk(staff), PRACTICE_NETWORK, Some(LYON)));
    }
}

/// Bought at noon and tried in the street: new device, new network, at home in France.
fn new_telephone(sheet: &mut Sheet, day: Day, dice: &mut Dice) {
    let new = (8_000 + dice.below(500), 480 + dice.below(10), Some(MOBILE));
    sheet.signs_in(THIRD, day.at(12 * HOUR + 40, 0), new);
}

/// Lyon to Paris in two hours, by the telephone's network and then a hotel's.
fn train(sheet: &mut Sheet, day: Day) {
    sheet.signs_in(OWNER, day.at(8 * HOUR, 0), (desk(OWNER), PRACTICE_NETWORK, Some(LYON)));
    for stop in 0..4 {
        let on_board = (telephone(OWNER), 410 + u64::try_from(stop).unwrap_or(0), Some(MOBILE));
        sheet.signs_in(OWNER, day.at(9 * HOUR + 30 * stop, 0), on_board);
    }
    sheet.signs_in(OWNER, day.at(11 * HOUR + 20, 0), (desk(OWNER), 720, Some(PARIS)));
}

/// An epidemic: eighty calls in a morning, each of somebody whose booking is made or moved.
fn busy_morning(sheet: &mut Sheet, day: Day, dice: &mut Dice) {
    let mut at = day.at(8 * HOUR + 5, 0);
    for caller in 0..80 {
        sheet.works(MORNING, at);
        let link = Link {
            handled: Some(at),
            ..Link::default()
        };
        sheet.sees(MORNING, at, seen(20_000 + (caller * 31) % 97, &link, at, Some(at)));
        at = at.plus_seconds(90 + i64::try_from(dice.below(120)).unwrap_or(0));
    }
}

/// Three who write through the practice's page and ask for receipts, and one who rings.
fn callers(sheet: &mut Sheet, day: Day, practice: &Practice) {
    for caller in 0..3_u64 {
        let at = day.at(15 * HOUR + 20 * i64::try_from(caller).unwrap_or(0), 0);
        let link = Link {
            thread_open: caller % 2 == 0,
            invoice_open: caller % 2 == 1,
            ..Link::default()
        };
        let last = at.plus_seconds(-200 * DAY_SECONDS);
        sheet.sees(AFTERNOON, at, seen(21_000 + caller, &link, at, Some(last)));
    }
    let at = day.at(16 * HOUR + 30, 0);
    let former = practice.former(77, at);
    sheet.sees(AFTERNOON, at, former);
}

/// Thirty of today, one after the other, as they stand in the list.
fn todays_list(sheet: &mut Sheet, day: Day) {
    for patient in 0..30_u64 {
        let at = day.at(8 * HOUR + 10, i64::try_from(patient).unwrap_or(0) * 15);
        let link = Link {
            next_appointment: Some(at.plus_seconds(3_600)),
            waiting: patient < 3,
            ..Link::default()
        };
        sheet.sees(THIRD, at, seen(22_000 + patient, &link, at, Some(at)));
    }
}

/// Six whom nobody has seen for years book again: their files are opened because of it.
fn come_back(sheet: &mut Sheet, day: Day, practice: &Practice) {
    for patient in 0..6_u64 {
        let at = day.at(9 * HOUR + 40 * i64::try_from(patient).unwrap_or(0), 0);
        sheet.works(MORNING, at);
        let old = practice.former(500 + patient * 3, at);
        let link = Link {
            next_appointment: Some(at.plus_seconds(4 * DAY_SECONDS)),
            handled: Some(at),
            ..Link::default()
        };
        sheet.sees(
            MORNING,
            at.plus_seconds(20),
            seen(old.file, &link, at, old.untouched_since),
        );
    }
}

/// The owner's Sunday letters, with two about patients of long ago.
fn sunday_as_ever(sheet: &mut Sheet, practice: &Practice) {
    let sundays = practice
        .days
        .iter()
        .enumerate()
        .filter(|(place, _)| place % 7 == 6 && *place > 55);
    let Some(day) = sundays.map(|(_, day)| *day).next() else {
        return;
    };
    sheet.signs_in(OWNER, day.at(20 * HOUR + 10, 0), (desk(OWNER), home(OWNER), Some(LYON)));
    for letter in 0..2_u64 {
        let at = day.at(20 * HOUR + 15 + 20 * i64::try_from(letter).unwrap_or(0), 0);
        let former = practice.former(31 + letter * 111, at);
        sheet.sees(OWNER, at, former);
    }
}

/// The accounts of a month, once more: the accountant lost them.
fn months_accounts(sheet: &mut Sheet, practice: &Practice) {
    let mut seconds = practice.days.iter().filter(|day| day.date.to_string().ends_with("-02"));
    if let Some(day) = seconds.next_back() {
        let patients = 25;
        sheet.says(OWNER, day.at(19 * HOUR, 0), Observed::Exported { patients });
    }
}

/// A change of what protects the practice is always told; changing one's own hours is none.
fn own_hours(sheet: &mut Sheet, day: Day) {
    for change in 0..10 {
        sheet.works(OWNER, day.at(13 * HOUR + change, 0));
    }
}

/// A colleague is ill, a patient is in pain: once, with what was opened for it. A notice, for the owners to know.
fn one_emergency(sheet: &mut Sheet, day: Day, practice: &Practice) {
    let at = day.at(10 * HOUR, 0);
    sheet.says(SECOND, at, Observed::GlassBroken);
    for patient in 0..12_u64 {
        let at = at.plus_seconds(60 + 40 * i64::try_from(patient).unwrap_or(0));
        let link = Link {
            glass: true,
            ..Link::default()
        };
        let file = practice.former(patient * 11, at);
        sheet.sees(SECOND, at, seen(file.file, &link, at, file.untouched_since));
    }
}

/// The telephone leaves the house's network; the laptop has five pages open.
fn leaves_the_house(sheet: &mut Sheet, day: Day) {
    let at: UtcMillis = day.at(7 * HOUR + 50, 0);
    sheet.signs_in(OWNER, at, (telephone(OWNER), home(OWNER), Some(LYON)));
    sheet.says(OWNER, at.plus_seconds(900), Observed::SessionSockets { open: 5 });
}

/// An agenda that one has no right to any more, from a bookmark, tried again.
fn old_bookmark(sheet: &mut Sheet, day: Day) {
    let at = day.at(9 * HOUR, 0);
    sheet.late(AFTERNOON, at, 10, Observed::Refused { count: 4, foreign: 0 });
    sheet.late(
        AFTERNOON,
        at.plus_seconds(3_600),
        10,
        Observed::Refused { count: 6, foreign: 1 },
    );
}
