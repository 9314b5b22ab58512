//! The naive model: the same rules as `cabinet_domain::slots`, followed minute by minute with the zone library, its own
//! holiday table and its own overlap test. Slow and obviously right; shares only types with the code it judges.

use cabinet_domain::agenda::{Agenda, Hold};
use cabinet_domain::ids::{PlaceId, TypeId};
use cabinet_domain::schedule::{AppointmentType, HolidayRegion, Opens, Release, TypeSelection, WeekCycle};
use cabinet_domain::slots::Slot;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Public holidays of 2026 and 2027 as printed in the law's and the regions' calendars.
const EVERYWHERE: [&str; 22] = [
    "2026-01-01",
    "2026-04-06",
    "2026-05-01",
    "2026-05-08",
    "2026-05-14",
    "2026-05-25",
    "2026-07-14",
    "2026-08-15",
    "2026-11-01",
    "2026-11-11",
    "2026-12-25",
    "2027-01-01",
    "2027-03-29",
    "2027-05-01",
    "2027-05-06",
    "2027-05-08",
    "2027-05-17",
    "2027-07-14",
    "2027-08-15",
    "2027-11-01",
    "2027-11-11",
    "2027-12-25",
];
const LOCAL: [(HolidayRegion, &[&str]); 4] = [
    (
        HolidayRegion::AlsaceMoselle,
        &["2026-04-03", "2026-12-26", "2027-03-26", "2027-12-26"],
    ),
    (HolidayRegion::Guadeloupe, &["2026-05-27", "2027-05-27"]),
    (HolidayRegion::Reunion, &["2026-12-20", "2027-12-20"]),
    (HolidayRegion::NouvelleCaledonie, &["2026-09-24", "2027-09-24"]),
];

fn is_holiday(region: HolidayRegion, date: CivilDate) -> bool {
    let text = date.to_string();
    let local = LOCAL.iter().find(|(of, _)| *of == region);
    EVERYWHERE.contains(&text.as_str()) || local.is_some_and(|(_, days)| days.contains(&text.as_str()))
}

/// What the clocks on the wall show at each minute of a stretch.
pub(crate) struct Wall {
    first: i64,
    shown: Vec<(CivilDate, i64)>,
}

impl Wall {
    /// Reads the zone library once for every minute from three days before `base` to twelve days after it.
    pub(crate) fn around(zone: &Zone, base: CivilDate) -> Rc<Self> {
        thread_local! {
            static KNOWN: RefCell<BTreeMap<(Zone, CivilDate), Rc<Wall>>> = const { RefCell::new(BTreeMap::new()) };
        }
        KNOWN.with_borrow_mut(|known| {
            let wall = known.entry((zone.clone(), base)).or_insert_with(|| {
                let rules = jiff::tz::TimeZone::get(zone.name()).unwrap();
                let first = (i64::from(base.0) - 3) * 1440;
                let shown = (first..first + 15 * 1440).map(|minute| {
                    let civil = rules.to_datetime(jiff::Timestamp::from_second(minute * 60).unwrap());
                    let minute_of_day = i64::from(civil.hour()) * 60 + i64::from(civil.minute());
                    (CivilDate::from_jiff(civil.date()), minute_of_day)
                });
                Rc::new(Self {
                    first,
                    shown: shown.collect(),
                })
            });
            Rc::clone(wall)
        })
    }

    fn date_at(&self, minute: i64) -> CivilDate {
        self.shown[usize::try_from(minute - self.first).unwrap()].0
    }

    /// Every minute at which the wall shows this time; if it is skipped, the one as much later as is skipped.
    fn minutes_showing(&self, date: CivilDate, minute_of_day: i64) -> Vec<i64> {
        let wanted = if minute_of_day == 1440 {
            (date.plus_days(1), 0)
        } else {
            (date, minute_of_day)
        };
        let mut hits = Vec::new();
        for (minute, shown) in (self.first..).zip(&self.shown) {
            if *shown == wanted {
                hits.push(minute);
            }
        }
        if hits.is_empty() {
            let jump = self.shown.iter().position(|shown| *shown > wanted).unwrap();
            let (_, last_before) = self.shown[jump - 1];
            let into_the_gap = wanted.1 - (last_before + 1);
            hits.push(self.first + i64::try_from(jump).unwrap() + into_the_gap);
        }
        hits
    }
}

fn accepts(types: &TypeSelection, kind: TypeId) -> bool {
    match types {
        TypeSelection::All => true,
        TypeSelection::Only(named) => named.contains(&kind),
    }
}

/// The instant, in milliseconds, of a civil time some days before a date, as the zone library reads it.
fn days_before(zone: &Zone, date: CivilDate, days: i64, minute_of_day: u16) -> i64 {
    let day = date.to_jiff().checked_sub(jiff::Span::new().days(days)).unwrap();
    let (hour, minute) = (minute_of_day / 60, minute_of_day % 60);
    let civil = day.at(i8::try_from(hour).unwrap(), i8::try_from(minute).unwrap(), 0, 0);
    let rules = jiff::tz::TimeZone::get(zone.name()).unwrap();
    civil.to_zoned(rules).unwrap().timestamp().as_millisecond()
}

/// When what is kept back on a date is released; none: not kept back.
fn released(zone: &Zone, date: CivilDate, release: Release) -> Option<i64> {
    match release {
        Release::Always => None,
        Release::OnTheDay { minute_of_day } => Some(days_before(zone, date, 0, minute_of_day)),
        Release::DaysBefore { days, minute_of_day } => Some(days_before(zone, date, days.into(), minute_of_day)),
    }
}

/// When a date opens for a type: walk back to the Monday, then by whole weeks, then forward to the day of the week.
fn opened(zone: &Zone, date: CivilDate, kind: &AppointmentType) -> i64 {
    match kind.opens {
        Opens::Rolling => days_before(zone, date, kind.booking_window_days.into(), 0),
        Opens::Weekly {
            weekday,
            minute_of_day,
            weeks_ahead,
        } => {
            let mut day = date;
            while day.weekday() != Weekday::Monday {
                day = day.plus_days(-1);
            }
            for _ in 0..weeks_ahead {
                day = day.plus_days(-7);
            }
            while day.weekday() != weekday {
                day = day.plus_days(1);
            }
            days_before(zone, day, 0, minute_of_day)
        }
    }
}

/// How many bookings and holds of a type begin on a date, as the zone library reads it.
pub(crate) fn begun(agenda: &Agenda, kind: TypeId, date: CivilDate) -> usize {
    let rules = jiff::tz::TimeZone::get(agenda.profile.as_ref().unwrap().zone.name()).unwrap();
    let on_date = |start: UtcMinute| {
        let civil = rules.to_datetime(jiff::Timestamp::from_second(start.0 * 60).unwrap());
        CivilDate::from_jiff(civil.date()) == date
    };
    let bookings = agenda.bookings.values();
    let bookings = bookings.filter(|booking| booking.kind == kind && on_date(booking.span.from));
    let holds = agenda.holds.values();
    let holds = holds.filter(|hold| hold.kind == kind && on_date(hold.span.from));
    bookings.count() + holds.count()
}

/// Openings of a place, released at one moment: a slot lies in one of them.
type Openings = BTreeMap<(PlaceId, Option<i64>), BTreeSet<i64>>;

/// The minutes of one date at which a type may be booked, by place and release.
fn open_minutes(agenda: &Agenda, wall: &Wall, kind: TypeId, date: CivilDate) -> Openings {
    let profile = agenda.profile.as_ref().unwrap();
    let mut stretches = Vec::new();
    for rule in agenda.rules.values() {
        let weeks_since_a = (date.0 - profile.week_a_monday.0).div_euclid(7);
        let right_week = match rule.weeks {
            WeekCycle::Every => true,
            WeekCycle::A => weeks_since_a % 2 == 0,
            WeekCycle::B => weeks_since_a % 2 != 0,
        };
        let valid = date >= rule.valid_from && rule.valid_until.is_none_or(|last| date <= last);
        let closed = !profile.open_on_holidays && is_holiday(profile.holidays, date);
        if rule.weekday == date.weekday() && right_week && valid && !closed && accepts(&rule.types, kind) {
            stretches.push((
                rule.from_minute_of_day,
                rule.until_minute_of_day,
                rule.place,
                rule.release,
            ));
        }
    }
    for exception in agenda.exceptions.values() {
        if exception.date == date && accepts(&exception.types, kind) {
            stretches.push((
                exception.from_minute_of_day,
                exception.until_minute_of_day,
                exception.place,
                exception.release,
            ));
        }
    }
    let mut open = Openings::new();
    for (from, until, place, release) in stretches {
        let from = wall.minutes_showing(date, i64::from(from))[0];
        let until = *wall.minutes_showing(date, i64::from(until)).last().unwrap();
        let released = released(&profile.zone, date, release);
        open.entry((place, released)).or_default().extend(from..until);
    }
    open
}

/// Every minute that a span covers.
fn minutes(span: Span) -> impl Iterator<Item = i64> {
    span.from.0..span.until.0
}

/// All slots of a type inside `horizon`.
pub(crate) fn slots(agenda: &Agenda, wall: &Wall, kind: TypeId, horizon: Span) -> Vec<Slot> {
    let (Some(kind), Some(profile)) = (agenda.types.get(&kind), agenda.profile.as_ref()) else {
        return Vec::new();
    };
    let mut taken: BTreeSet<i64> = BTreeSet::new();
    for booking in agenda.bookings.values() {
        taken.extend(minutes(booking.occupied));
    }
    for hold in agenda.holds.values() {
        taken.extend(minutes(hold.occupied));
    }
    let mut absent: BTreeSet<i64> = BTreeSet::new();
    for absence in agenda.absences.values() {
        let near = Span {
            from: absence.span.from.max(UtcMinute(horizon.from.0 - 2 * 1440)),
            until: absence.span.until.min(UtcMinute(horizon.until.0 + 2 * 1440)),
        };
        absent.extend(minutes(near));
    }
    let mut found: BTreeMap<i64, (i64, PlaceId)> = BTreeMap::new();
    let (first, last) = (wall.date_at(horizon.from.0), wall.date_at(horizon.until.0 - 1));
    for day in first.0..=last.0 {
        let date = CivilDate(day);
        if kind
            .daily_cap
            .is_some_and(|cap| begun(agenda, kind.id, date) >= usize::from(cap))
        {
            continue;
        }
        let opened = opened(&profile.zone, date, kind);
        for ((place, released), open) in open_minutes(agenda, wall, kind.id, date) {
            let from = released.map_or(opened, |released| released.max(opened));
            let mut since_opening = 0;
            for minute in &open {
                since_opening = if open.contains(&(minute - 1)) {
                    since_opening + 1
                } else {
                    0
                };
                let on_grid = since_opening % i64::from(profile.granularity_minutes) == 0;
                if on_grid && fits(kind, *minute, &open, &absent, &taken) && minutes(horizon).contains(minute) {
                    let kept = found.entry(*minute).or_insert((from, place));
                    *kept = (from, place).min(*kept);
                }
            }
        }
    }
    found
        .into_iter()
        .map(|(start, (from, place))| Slot {
            start: UtcMinute(start),
            place,
            bookable_from: UtcMillis(from),
            bookable_until: UtcMillis((start - i64::from(kind.minimum_notice_minutes)) * 60_000),
        })
        .collect()
}

trait Contains {
    fn contains(self, minute: &i64) -> bool;
}
impl<I: Iterator<Item = i64>> Contains for I {
    fn contains(mut self, minute: &i64) -> bool {
        self.any(|one| one == *minute)
    }
}

fn fits(
    kind: &AppointmentType,
    start: i64,
    open: &BTreeSet<i64>,
    absent: &BTreeSet<i64>,
    taken: &BTreeSet<i64>,
) -> bool {
    let end = start + i64::from(kind.duration_minutes);
    let occupied = start - i64::from(kind.buffer_before_minutes)..end + i64::from(kind.buffer_after_minutes);
    (start..end).all(|minute| open.contains(&minute) && !absent.contains(&minute))
        && occupied.into_iter().all(|minute| !taken.contains(&minute))
}

/// Whether a patient may hold `start` at `now`.
pub(crate) fn may_hold(agenda: &Agenda, wall: &Wall, kind: TypeId, start: UtcMinute, now: UtcMillis) -> bool {
    let mut without_expired = agenda.clone();
    without_expired.holds.retain(|_, hold: &mut Hold| now < hold.expires_at);
    let just_here = Span::starting(start, 1);
    let online = agenda.types.get(&kind).is_some_and(|kind| kind.online);
    online
        && now < start.millis()
        && slots(&without_expired, wall, kind, just_here)
            .iter()
            .any(|slot| slot.start == start && slot.bookable_from <= now && now < slot.bookable_until)
}
