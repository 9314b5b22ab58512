//! A full agenda, the same every time: 600 bookings over 12 weeks, eight types, two places, A/B weeks; booked over the six
//! weeks before now. Shared by the benchmarks of several rooms.

use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Command, Principal, Stamp};
use cabinet_domain::decide::{decide, record};
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, UtcMillis, Weekday, Zone};
use std::collections::BTreeSet;

/// Bookings in a full agenda.
pub(crate) const BOOKINGS: usize = 600;
/// How long before now the first of them was made, in seconds.
const BOOKED_OVER_SECONDS: i64 = 42 * 86_400;

/// An agenda with the events that made it.
pub(crate) struct FullAgenda {
    /// The state.
    pub(crate) agenda: Agenda,
    /// From the first event on.
    pub(crate) history: Vec<Recorded<Event>>,
}

const WEEKDAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

/// 2026-09-21T06:00Z: the clock change of 25 October lies inside the window.
pub(crate) const fn now() -> UtcMillis {
    UtcMillis(1_789_970_400_000)
}

/// A command of staff.
pub(crate) fn stamp(number: u128, now: UtcMillis) -> Stamp {
    Stamp {
        now,
        principal: Principal::Staff(StaffId(1)),
        command_id: CommandId(number),
        digest: [0; 16],
    }
}

impl FullAgenda {
    /// With so many bookings.
    pub(crate) fn with(bookings: usize) -> Self {
        let key = AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(1),
        };
        let mut full = Self {
            agenda: Agenda::new(key),
            history: Vec::new(),
        };
        full.open();
        full.book(bookings);
        full
    }

    /// Decides and applies a command; answers its last event, none when it was refused.
    pub(crate) fn run(&mut self, command: &Command, now: UtcMillis) -> Option<Event> {
        let stamp = stamp(u128::from(self.agenda.seq) + 1, now);
        let recorded = record(decide(&self.agenda, command, &stamp).ok()?, &stamp, self.agenda.seq);
        recorded.iter().for_each(|one| self.agenda.apply(one));
        self.history.extend(recorded);
        self.history.last().map(|one| one.event.clone())
    }

    fn open(&mut self) {
        let begin = now().plus_seconds(-BOOKED_OVER_SECONDS);
        self.run(&Command::SetProfile(profile()), begin).unwrap();
        for id in 1..=8 {
            self.run(&Command::SetType(kind(id)), begin).unwrap();
        }
        for rule in rules() {
            self.run(&Command::OpenHours(rule), begin).unwrap();
        }
    }

    /// A multiplicative walk through the quarters of an hour of the window: the same bookings every time.
    fn book(&mut self, bookings: usize) {
        let (mut quarter, quarters) = (1_i64, 84 * 96);
        let mut ago = BOOKED_OVER_SECONDS;
        while self.agenda.bookings.len() < bookings {
            quarter = quarter * 5 % 8_069;
            if quarter < quarters {
                let (number, nth) = (u128::try_from(quarter).unwrap(), self.agenda.bookings.len());
                let booking = Command::BookDirectly {
                    booking: BookingId(number),
                    kind: [3, 4, 6, 8, 3, 6].into_iter().cycle().nth(nth % 6).map(TypeId).unwrap(),
                    start: now().minute().plus(quarter * 15),
                    patient: PatientId(number % 200),
                    details: BlobId(number),
                    allow: Allowances::default(),
                };
                if self.run(&booking, now().plus_seconds(-ago)).is_some() {
                    ago -= BOOKED_OVER_SECONDS / i64::try_from(bookings).unwrap();
                }
            }
            assert_ne!(
                quarter,
                1,
                "the walk came round at {} bookings",
                self.agenda.bookings.len()
            );
        }
    }
}

fn kind(id: u128) -> AppointmentType {
    let minutes = [30, 45, 60, 20, 30, 40, 15, 90];
    AppointmentType {
        id: TypeId(id),
        name: format!("type {id}"),
        duration_minutes: *minutes.get(usize::try_from(id).unwrap() % minutes.len()).unwrap(),
        buffer_before_minutes: 0,
        buffer_after_minutes: u16::try_from(id % 3).unwrap() * 5,
        colour: 0,
        online: !id.is_multiple_of(4),
        minimum_notice_minutes: 120,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 1440,
        daily_cap: None,
        opens: Opens::Rolling,
    }
}

fn rules() -> Vec<OpeningRule> {
    let mut all = Vec::new();
    for weekday in WEEKDAYS {
        for (from, until, place, weeks) in [
            (480, 750, 1, WeekCycle::Every),
            (810, 1080, 1, WeekCycle::A),
            (810, 1080, 2, WeekCycle::B),
            (1080, 1170, 1, WeekCycle::Every),
        ] {
            let some = (1..=6).map(TypeId).collect::<BTreeSet<_>>();
            all.push(OpeningRule {
                id: RuleId(u128::try_from(all.len()).unwrap()),
                weekday,
                from_minute_of_day: from,
                until_minute_of_day: until,
                types: if weeks == WeekCycle::B {
                    TypeSelection::Only(some)
                } else {
                    TypeSelection::All
                },
                place: PlaceId(place),
                weeks,
                valid_from: CivilDate::new(2026, 1, 1).unwrap(),
                valid_until: None,
                release: Release::Always,
            });
        }
    }
    all
}

fn profile() -> Profile {
    Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: CivilDate::new(2026, 1, 5).unwrap(),
    }
}
