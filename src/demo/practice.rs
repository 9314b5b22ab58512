//! The demo practice as data: its face, places, staff, notice, appointment types and weeks.

use cabinet_domain::command::Command;
use cabinet_domain::ids::{AbsenceId, AgendaId, ExceptionId, PlaceId, PracticeId, RuleId, StaffId, TypeId};
use cabinet_domain::practice::{Notice, Place, PracticeEvent, PracticeFace, Practitioner, Staff};
use cabinet_domain::schedule::{
    Absence, AppointmentType, ExceptionalOpening, HolidayRegion, OpeningRule, Opens, Profile, Release, TypeSelection,
    WeekCycle,
};
use cabinet_domain::time::{CivilDate, Span, UtcMinute, Weekday, Zone};

/// The demo's practice.
pub const PRACTICE: PracticeId = PracticeId(0xca_b1e7_0000_0000_0000_0000_0000_0001);
/// The demo's member of staff, for whom the sign-in link is made.
pub const STAFF: StaffId = StaffId(0xca_b1e7_0000_0000_0000_0000_0000_0002);
/// Address of the practice's public page.
pub const PRACTICE_SLUG: &str = "cabinet-des-tilleuls";

const CABINET: PlaceId = PlaceId(1);
const HOME: PlaceId = PlaceId(2);
const VIDEO: PlaceId = PlaceId(3);
/// Monday 2025-12-29 began an "A" week.
const WEEK_A_MONDAY: CivilDate = CivilDate(20_451);

const NOTICE_FRENCH: &str = include_str!("notice.fr.txt");
const NOTICE_ENGLISH: &str = include_str!("notice.en.txt");

/// One practitioner of the demo.
pub struct Seed {
    /// Agenda, name, profession.
    pub practitioner: Practitioner,
    /// Appointment types, with how often the demo's bookings choose each.
    pub types: Vec<(AppointmentType, u32)>,
    /// Commands that set up the weeks, in order.
    pub setup: Vec<Command>,
    /// How full the demo makes the agenda, in percent of the free slots it looks at.
    pub fill_percent: u32,
}

struct Kind {
    id: u128,
    name: &'static str,
    minutes: u16,
    before: u16,
    after: u16,
    colour: u32,
    online: bool,
    notice_hours: u32,
    weight: u32,
}

impl Kind {
    fn build(&self) -> (AppointmentType, u32) {
        let kind = AppointmentType {
            id: TypeId(self.id),
            name: self.name.to_owned(),
            duration_minutes: self.minutes,
            buffer_before_minutes: self.before,
            buffer_after_minutes: self.after,
            colour: self.colour,
            online: self.online,
            minimum_notice_minutes: self.notice_hours * 60,
            booking_window_days: 84,
            cancellation_cutoff_minutes: 24 * 60,
            daily_cap: None,
            opens: Opens::Rolling,
        };
        (kind, self.weight)
    }
}

/// A line of a week table: days, from, until (civil hours and minutes), place, weeks, types (empty: all).
type WeekLine<'a> = (&'a [Weekday], (u16, u16), (u16, u16), PlaceId, WeekCycle, &'a [u128]);

fn rules(base: u128, valid_from: CivilDate, lines: &[WeekLine<'_>]) -> Vec<Command> {
    let flat = lines.iter().flat_map(|line| line.0.iter().map(move |day| (*day, line)));
    (base..)
        .zip(flat)
        .map(|(id, (weekday, line))| {
            let (_, from, until, place, weeks, types) = line;
            Command::OpenHours(OpeningRule {
                id: RuleId(id),
                weekday,
                from_minute_of_day: from.0 * 60 + from.1,
                until_minute_of_day: until.0 * 60 + until.1,
                types: selection(types),
                place: *place,
                weeks: *weeks,
                valid_from,
                valid_until: None,
                release: Release::Always,
            })
        })
        .collect()
}

fn selection(types: &[u128]) -> TypeSelection {
    if types.is_empty() {
        TypeSelection::All
    } else {
        TypeSelection::Only(types.iter().copied().map(TypeId).collect())
    }
}

fn profile() -> Command {
    Command::SetProfile(Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: 600,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: WEEK_A_MONDAY,
    })
}

/// The days `from..until`, at local midnight in Paris, as an absence.
fn days_off(id: u128, label: &str, from: CivilDate, until: CivilDate) -> Command {
    Command::AddAbsence(Absence {
        id: AbsenceId(id),
        span: Span {
            from: midnight(from),
            until: midnight(until),
        },
        label: label.to_owned(),
    })
}

fn midnight(date: CivilDate) -> UtcMinute {
    let zoned = date.to_jiff().to_zoned(Zone::paris().rules());
    UtcMinute(zoned.map_or(i64::from(date.0) * 1_440, |zoned| zoned.timestamp().as_second() / 60))
}

fn seed(agenda: u128, face: [&str; 3], colour: u32, kinds: &[Kind], weeks: Vec<Command>, fill_percent: u32) -> Seed {
    let [slug, name, profession] = face;
    let types: Vec<_> = kinds.iter().map(Kind::build).collect();
    let setup = std::iter::once(profile())
        .chain(types.iter().map(|(kind, _)| Command::SetType(kind.clone())))
        .chain(weeks)
        .collect();
    let practitioner = Practitioner {
        agenda: AgendaId(agenda),
        slug: slug.to_owned(),
        name: name.to_owned(),
        profession: profession.to_owned(),
        colour,
    };
    Seed {
        practitioner,
        types,
        setup,
        fill_percent,
    }
}

use Weekday::{Friday, Monday, Saturday, Thursday, Tuesday, Wednesday};

fn physiotherapist(start: CivilDate) -> Seed {
    let kinds = [
        Kind {
            id: 11,
            name: "Séance de rééducation",
            minutes: 30,
            before: 0,
            after: 0,
            colour: 0x1f_7a6d,
            online: true,
            notice_hours: 2,
            weight: 7,
        },
        Kind {
            id: 12,
            name: "Bilan initial",
            minutes: 45,
            before: 0,
            after: 15,
            colour: 0x2f_5d9b,
            online: true,
            notice_hours: 12,
            weight: 2,
        },
        Kind {
            id: 13,
            name: "Visite à domicile",
            minutes: 45,
            before: 15,
            after: 15,
            colour: 0x9a_5b13,
            online: false,
            notice_hours: 0,
            weight: 3,
        },
    ];
    let week: [WeekLine<'_>; 5] = [
        (
            &[Monday, Tuesday, Wednesday, Thursday, Friday],
            (8, 0),
            (12, 30),
            CABINET,
            WeekCycle::Every,
            &[11, 12],
        ),
        (
            &[Monday, Tuesday, Thursday, Friday],
            (14, 0),
            (19, 0),
            CABINET,
            WeekCycle::Every,
            &[11, 12],
        ),
        (&[Wednesday], (14, 0), (18, 0), HOME, WeekCycle::A, &[13]),
        (&[Wednesday], (14, 0), (18, 0), CABINET, WeekCycle::B, &[11, 12]),
        (&[Saturday], (9, 0), (12, 0), CABINET, WeekCycle::A, &[11]),
    ];
    let mut weeks = rules(1_100, start, &week);
    weeks.push(days_off(
        1_190,
        "Formation thérapie manuelle",
        start.plus_days(24),
        start.plus_days(26),
    ));
    let face = ["claire-morel", "Claire Morel", "Masseuse-kinésithérapeute"];
    seed(0xa1, face, 0x1f_7a6d, &kinds, weeks, 55)
}

fn psychologist(start: CivilDate) -> Seed {
    let kinds = [
        Kind {
            id: 21,
            name: "Première consultation",
            minutes: 60,
            before: 0,
            after: 15,
            colour: 0x6a_4c93,
            online: true,
            notice_hours: 24,
            weight: 2,
        },
        Kind {
            id: 22,
            name: "Consultation de suivi",
            minutes: 45,
            before: 0,
            after: 15,
            colour: 0x8a_3f6b,
            online: true,
            notice_hours: 12,
            weight: 6,
        },
        Kind {
            id: 23,
            name: "Séance en visio",
            minutes: 45,
            before: 0,
            after: 15,
            colour: 0x37_5a7f,
            online: true,
            notice_hours: 4,
            weight: 2,
        },
    ];
    let week: [WeekLine<'_>; 3] = [
        (
            &[Monday, Tuesday, Thursday],
            (9, 0),
            (13, 0),
            CABINET,
            WeekCycle::Every,
            &[21, 22],
        ),
        (
            &[Monday, Thursday],
            (14, 30),
            (20, 0),
            CABINET,
            WeekCycle::Every,
            &[21, 22],
        ),
        (&[Friday], (10, 0), (16, 0), VIDEO, WeekCycle::Every, &[23]),
    ];
    let mut weeks = rules(2_100, start, &week);
    weeks.push(days_off(2_190, "Supervision", start.plus_days(17), start.plus_days(18)));
    let face = ["julien-petit", "Julien Petit", "Psychologue clinicien"];
    seed(0xa2, face, 0x6a_4c93, &kinds, weeks, 60)
}

fn osteopath(start: CivilDate) -> Seed {
    let kinds = [
        Kind {
            id: 31,
            name: "Consultation d'ostéopathie",
            minutes: 45,
            before: 0,
            after: 15,
            colour: 0xb0_4a2f,
            online: true,
            notice_hours: 1,
            weight: 6,
        },
        Kind {
            id: 32,
            name: "Nourrisson et enfant",
            minutes: 45,
            before: 0,
            after: 15,
            colour: 0xa3_3b55,
            online: true,
            notice_hours: 4,
            weight: 2,
        },
        Kind {
            id: 33,
            name: "Urgence du jour",
            minutes: 30,
            before: 0,
            after: 0,
            colour: 0x7a_2e2e,
            online: false,
            notice_hours: 0,
            weight: 1,
        },
    ];
    let week: [WeekLine<'_>; 4] = [
        (
            &[Tuesday, Wednesday, Thursday, Friday],
            (9, 0),
            (13, 0),
            CABINET,
            WeekCycle::Every,
            &[],
        ),
        (&[Tuesday, Thursday], (14, 0), (19, 30), CABINET, WeekCycle::Every, &[]),
        (&[Friday], (14, 0), (18, 0), CABINET, WeekCycle::B, &[]),
        (&[Saturday], (9, 0), (13, 0), CABINET, WeekCycle::Every, &[31, 32]),
    ];
    let mut weeks = rules(3_100, start, &week);
    weeks.push(days_off(3_190, "Congés", start.plus_days(42), start.plus_days(49)));
    weeks.push(Command::OpenExceptionally(ExceptionalOpening {
        id: ExceptionId(3_191),
        date: start.plus_days(21),
        from_minute_of_day: 14 * 60,
        until_minute_of_day: 18 * 60,
        types: TypeSelection::All,
        place: CABINET,
        release: Release::Always,
    }));
    let face = ["nora-benali", "Nora Benali", "Ostéopathe D.O."];
    seed(0xa3, face, 0xb0_4a2f, &kinds, weeks, 50)
}

/// The three practitioners; `start` is the Monday from which their weeks are valid.
#[must_use]
pub fn seeds(start: CivilDate) -> Vec<Seed> {
    vec![physiotherapist(start), psychologist(start), osteopath(start)]
}

/// The practice's own events.
#[must_use]
pub fn events(seeds: &[Seed]) -> Vec<PracticeEvent> {
    let place = |id: PlaceId, name: &str, address: &str| {
        PracticeEvent::PlaceSet(Place {
            id,
            name: name.to_owned(),
            address: address.to_owned(),
            zone: Zone::paris(),
        })
    };
    let face = PracticeFace {
        name: "Cabinet des Tilleuls".to_owned(),
        slug: PRACTICE_SLUG.to_owned(),
        phone: "+33199000042".to_owned(),
        email: "accueil@tilleuls.example".to_owned(),
        legal: "Cabinet des Tilleuls, société civile de moyens, 14 allée des Tilleuls, 69003 Lyon. \
                Cabinet de démonstration : praticiens et rendez-vous fictifs."
            .to_owned(),
    };
    let notice = Notice {
        version: 1,
        french: NOTICE_FRENCH.to_owned(),
        english: NOTICE_ENGLISH.to_owned(),
    };
    let mut events = vec![
        PracticeEvent::FaceSet(face),
        place(CABINET, "Cabinet des Tilleuls", "14 allée des Tilleuls, 69003 Lyon"),
        place(HOME, "À domicile", ""),
        place(VIDEO, "En visio", ""),
        PracticeEvent::NoticePublished(notice),
        PracticeEvent::StaffSet(Staff {
            id: STAFF,
            name: "Secrétariat".to_owned(),
        }),
    ];
    events.extend(
        seeds
            .iter()
            .map(|seed| PracticeEvent::PractitionerSet(seed.practitioner.clone())),
    );
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn week_a_begins_on_a_monday() {
        assert_eq!(WEEK_A_MONDAY.weekday(), Monday);
        assert_eq!(WEEK_A_MONDAY.to_string(), "2025-12-29");
    }

    #[test]
    fn midnight_in_paris_is_right_in_both_seasons() {
        let winter: CivilDate = "2026-01-15".parse().unwrap();
        assert_eq!(midnight(winter).0, i64::from(winter.0) * 1_440 - 60);
        let summer: CivilDate = "2026-07-15".parse().unwrap();
        assert_eq!(midnight(summer).0, i64::from(summer.0) * 1_440 - 120);
    }
}
