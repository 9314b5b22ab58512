//! Random agendas and random commands around the days that matter: clock changes and holidays, at home and overseas.
//! Everything is small numbers first, so that failures shrink well.

use super::steps::{Several, Wait, wishes};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Canceller, Command, Principal, Stamp};
use cabinet_domain::course::Attendance;
use cabinet_domain::decide::{decide, record};
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::slots::slots;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use proptest::prelude::*;

/// Days that an agenda of the tests spans.
pub(crate) const DAYS: i64 = 6;
pub(super) const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Where and around which days.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) zone: Zone,
    pub(crate) region: HolidayRegion,
    pub(crate) base: CivilDate,
}

impl Site {
    /// Midnight UTC of the base day, the zero of all offsets.
    pub(crate) fn zero(&self) -> UtcMinute {
        UtcMinute(i64::from(self.base.0) * 1440)
    }
    pub(crate) fn horizon(&self) -> Span {
        Span::starting(self.zero(), DAYS * 1440)
    }
}

pub(crate) fn site() -> impl Strategy<Value = Site> {
    use HolidayRegion as R;
    let sites = [
        ("Europe/Paris", R::Metropole, "2026-03-26"),
        ("Europe/Paris", R::Metropole, "2026-10-22"),
        ("Europe/Paris", R::AlsaceMoselle, "2027-03-25"),
        ("Europe/Paris", R::Metropole, "2027-10-28"),
        ("Europe/Paris", R::Metropole, "2026-05-11"),
        ("America/Guadeloupe", R::Guadeloupe, "2026-03-27"),
        ("America/Guadeloupe", R::Guadeloupe, "2027-05-24"),
        ("Indian/Reunion", R::Reunion, "2026-10-24"),
        ("Indian/Reunion", R::Reunion, "2026-12-18"),
        ("Pacific/Noumea", R::NouvelleCaledonie, "2027-10-30"),
        ("Pacific/Noumea", R::NouvelleCaledonie, "2026-09-22"),
    ];
    proptest::sample::select(sites.to_vec()).prop_map(|(zone, region, base)| Site {
        zone: Zone::new(zone).unwrap(),
        region,
        base: base.parse().unwrap(),
    })
}

fn selection() -> impl Strategy<Value = TypeSelection> {
    prop_oneof![
        2 => Just(TypeSelection::All),
        1 => proptest::collection::btree_set((1_u128..=3).prop_map(TypeId), 1..3).prop_map(TypeSelection::Only),
    ]
}

/// Edges of the working day, the night hours that clock changes touch, and anything else.
fn minute_of_day() -> impl Strategy<Value = u16> {
    prop_oneof![
        3 => (12_u16..40).prop_map(|half_hours| half_hours * 30),
        2 => (0_u16..18).prop_map(|tens| 60 + tens * 10),
        1 => 0_u16..=1440,
    ]
}

fn stretch() -> impl Strategy<Value = (u16, u16)> {
    (minute_of_day(), minute_of_day()).prop_map(|(one, other)| match one.cmp(&other) {
        std::cmp::Ordering::Less => (one, other),
        std::cmp::Ordering::Greater => (other, one),
        std::cmp::Ordering::Equal => (one.min(1439), one.min(1439) + 1),
    })
}

fn profile(site: Site) -> impl Strategy<Value = Profile> {
    let step = proptest::sample::select(vec![5_u16, 7, 10, 15, 20, 30, 45, 60]);
    (step, 30_u32..1200, any::<bool>(), 0_i32..4).prop_map(move |(step, ttl, open_on_holidays, weeks)| Profile {
        zone: site.zone.clone(),
        granularity_minutes: step,
        hold_ttl_seconds: ttl,
        holidays: site.region,
        open_on_holidays,
        week_a_monday: CivilDate::new(2026, 6, 1).unwrap().plus_days(weeks * 7),
    })
}

fn kind() -> impl Strategy<Value = AppointmentType> {
    let notice = proptest::sample::select(vec![0_u32, 0, 45, 1440]);
    let times = (5_u16..100, 0_u16..25, 0_u16..25);
    let rest = (proptest::bool::weighted(0.8), notice, 1_u16..15, 0_u32..2000);
    let limits = (proptest::option::weighted(0.4, 1_u16..4), opens());
    (1_u128..=3, times, rest, limits).prop_map(
        |(id, (duration, before, after), (online, notice, window, cutoff), (daily_cap, opens))| AppointmentType {
            id: TypeId(id),
            name: format!("type {id}"),
            duration_minutes: duration,
            buffer_before_minutes: before,
            buffer_after_minutes: after,
            colour: 0,
            online,
            minimum_notice_minutes: notice,
            booking_window_days: window,
            cancellation_cutoff_minutes: cutoff,
            daily_cap,
            opens,
        },
    )
}

/// Weeks that open within the days of the tests, at night as well.
fn opens() -> impl Strategy<Value = Opens> {
    let weekly = (0_usize..7, minute_of_day(), 1_u8..=2).prop_map(|(weekday, minute, weeks_ahead)| Opens::Weekly {
        weekday: WEEKDAYS[weekday],
        minute_of_day: minute % 1440,
        weeks_ahead,
    });
    prop_oneof![2 => Just(Opens::Rolling), 1 => weekly]
}

fn release() -> impl Strategy<Value = Release> {
    let on_the_day = minute_of_day().prop_map(|minute| Release::OnTheDay {
        minute_of_day: minute % 1440,
    });
    let before = (1_u16..4, minute_of_day()).prop_map(|(days, minute)| Release::DaysBefore {
        days,
        minute_of_day: minute % 1440,
    });
    prop_oneof![4 => Just(Release::Always), 1 => on_the_day, 1 => before]
}

fn rule(site: Site) -> impl Strategy<Value = OpeningRule> {
    let weeks = prop_oneof![3 => Just(WeekCycle::Every), 1 => Just(WeekCycle::A), 1 => Just(WeekCycle::B)];
    let valid = (-3_i32..2, proptest::option::weighted(0.3, 2_i32..6));
    let days = (0_usize..7, weeks, valid, release());
    (1_u128..=8, stretch(), selection(), 1_u128..=2, days).prop_map(
        move |(id, (from, until), types, place, (weekday, weeks, (valid_from, valid_until), release))| OpeningRule {
            id: RuleId(id),
            weekday: WEEKDAYS[weekday],
            from_minute_of_day: from,
            until_minute_of_day: until,
            types,
            place: PlaceId(place),
            weeks,
            valid_from: site.base.plus_days(valid_from),
            valid_until: valid_until.map(|days| site.base.plus_days(days)),
            release,
        },
    )
}

fn exception(site: Site) -> impl Strategy<Value = ExceptionalOpening> {
    (1_u128..=3, 0_i32..6, stretch(), selection(), 1_u128..=2, release()).prop_map(
        move |(id, day, (from, until), types, place, release)| ExceptionalOpening {
            id: ExceptionId(id),
            date: site.base.plus_days(day),
            from_minute_of_day: from,
            until_minute_of_day: until,
            types,
            place: PlaceId(place),
            release,
        },
    )
}

fn absence(site: Site) -> impl Strategy<Value = Absence> {
    (1_u128..=3, -100_i64..DAYS * 1440, 1_i64..600).prop_map(move |(id, from, minutes)| Absence {
        id: AbsenceId(id),
        span: Span::starting(site.zero().plus(from), minutes),
        label: String::new(),
    })
}

/// Settings, types and hours.
pub(crate) fn configuration(site: Site) -> impl Strategy<Value = Vec<Command>> {
    let types = proptest::collection::vec(kind(), 3..6);
    let rules = proptest::collection::vec(rule(site.clone()), 3..12);
    let exceptions = proptest::collection::vec(exception(site.clone()), 0..3);
    let absences = proptest::collection::vec(absence(site.clone()), 0..3);
    (profile(site), types, rules, exceptions, absences).prop_map(|(profile, types, rules, exceptions, absences)| {
        let mut all = vec![Command::SetProfile(profile)];
        all.extend(types.into_iter().map(Command::SetType));
        all.extend(rules.into_iter().map(Command::OpenHours));
        all.extend(exceptions.into_iter().map(Command::OpenExceptionally));
        all.extend(absences.into_iter().map(Command::AddAbsence));
        all
    })
}

/// A start: any minute, the nth of the free slots at that time, or some minutes from the nth booking's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    Minute(i64),
    Free(usize),
    Near(usize, i64),
}

impl Start {
    pub(crate) fn resolve(self, agenda: &Agenda, site: &Site, kind: TypeId) -> UtcMinute {
        match self {
            Self::Minute(offset) => site.zero().plus(offset),
            Self::Free(nth) => {
                let free = slots(agenda, kind, site.horizon());
                let slot = free.get(nth % free.len().max(1));
                slot.map_or(site.zero(), |slot| slot.start)
            }
            Self::Near(nth, minutes) => {
                let booking = agenda.bookings.values().nth(nth % agenda.bookings.len().max(1));
                booking.map_or(site.zero(), |booking| booking.span.from).plus(minutes)
            }
        }
    }
}

pub(crate) fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        1 => (0..DAYS * 1440).prop_map(Start::Minute),
        1 => (0..DAYS * 288).prop_map(|fives| Start::Minute(fives * 5)),
        3 => (0_usize..2000).prop_map(Start::Free),
        1 => (0_usize..12, -40_i64..40).prop_map(|(nth, minutes)| Start::Near(nth, minutes)),
    ]
}

/// A step of a random story; numbers name holds and bookings.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Configure(Command),
    Hold(u8, u8, Start),
    Release(u8),
    Confirm(u8, u8),
    Book(u8, u8, Start, Allowances),
    Move(u8, Start, Allowances),
    Cancel(u8, bool),
    Expire(u8),
    Several(Several),
    Wait(Wait),
}

pub(crate) fn step(site: Site) -> impl Strategy<Value = Step> {
    let wishes = wishes(&site);
    let allow = || {
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(overlap, outside_hours, over_cap)| Allowances {
            overlap,
            outside_hours,
            over_cap,
        })
    };
    let change = prop_oneof![
        profile(site.clone()).prop_map(Command::SetProfile),
        kind().prop_map(Command::SetType),
        (1_u128..=3).prop_map(|id| Command::RetireType(TypeId(id))),
        rule(site.clone()).prop_map(Command::OpenHours),
        rule(site.clone()).prop_map(Command::ChangeHours),
        (1_u128..=8).prop_map(|id| Command::CloseHours(RuleId(id))),
        exception(site.clone()).prop_map(Command::OpenExceptionally),
        (1_u128..=3).prop_map(|id| Command::CloseException(ExceptionId(id))),
        absence(site).prop_map(Command::AddAbsence),
        (1_u128..=3).prop_map(|id| Command::RemoveAbsence(AbsenceId(id))),
    ];
    prop_oneof![
        2 => change.prop_map(Step::Configure),
        4 => (0_u8..6, 1_u8..=3, start()).prop_map(|(hold, kind, start)| Step::Hold(hold, kind, start)),
        1 => (0_u8..6).prop_map(Step::Release),
        3 => (0_u8..6, 0_u8..12).prop_map(|(hold, booking)| Step::Confirm(hold, booking)),
        4 => (0_u8..12, 1_u8..=3, start(), allow()).prop_map(|(id, kind, start, allow)| Step::Book(id, kind, start, allow)),
        3 => (0_u8..12, start(), allow()).prop_map(|(id, start, allow)| Step::Move(id, start, allow)),
        2 => (0_u8..12, any::<bool>()).prop_map(|(id, patient)| Step::Cancel(id, patient)),
        1 => (0_u8..6).prop_map(Step::Expire),
        2 => (0_u8..12, proptest::collection::vec(start(), 2..5), allow())
            .prop_map(|(first, starts, allow)| Step::Several(Several::Series(first, starts, allow))),
        2 => (proptest::collection::vec((0_u8..12, start()), 1..5), -3_i64..4, allow())
            .prop_map(|(moves, days, allow)| Step::Several(Several::MoveSome(moves, days * 720, allow))),
        1 => proptest::collection::vec(0_u8..12, 1..3).prop_map(|one| Step::Several(Several::CancelSome(one))),
        2 => (0_u8..12, proptest::option::weighted(0.8, proptest::sample::select(Attendance::ALL.to_vec())))
            .prop_map(|(id, mark)| Step::Several(Several::Mark(id, mark))),
        1 => (0_u16..250).prop_map(|one| Step::Several(Several::Delay(one))),
        3 => (0_u8..6, 1_u8..=3, wishes).prop_map(|(entry, kind, wishes)| Step::Wait(Wait::Join(entry, kind, wishes))),
        1 => (0_u8..6, any::<bool>()).prop_map(|(entry, patient)| Step::Wait(Wait::Leave(entry, patient))),
        1 => (0_u8..6, any::<bool>()).prop_map(|(entry, urgent)| Step::Wait(Wait::Urgent(entry, urgent))),
        2 => (0_u8..6).prop_map(|one| Step::Wait(Wait::Accept(one))),
        1 => (0_u8..6).prop_map(|one| Step::Wait(Wait::Decline(one))),
        2 => (0_u8..6).prop_map(|one| Step::Wait(Wait::LetPass(one))),
    ]
}

impl Step {
    pub(crate) fn command(&self, agenda: &Agenda, site: &Site) -> Command {
        match self.clone() {
            Self::Configure(command) => command,
            Self::Hold(hold, kind, start) => {
                let kind = TypeId(u128::from(kind));
                Command::HoldSlot {
                    hold: HoldId(u128::from(hold)),
                    kind,
                    start: start.resolve(agenda, site, kind),
                    owner: [hold; 32],
                }
            }
            Self::Release(hold) => Command::ReleaseHold {
                hold: HoldId(u128::from(hold)),
                owner: [hold; 32],
            },
            Self::Confirm(hold, booking) => Command::ConfirmHold {
                hold: HoldId(u128::from(hold)),
                owner: [hold; 32],
                booking: BookingId(u128::from(booking)),
                patient: PatientId(1),
                details: BlobId(1),
                notice_version: 1,
                manage: [booking; 32],
            },
            Self::Book(id, kind, start, allow) => {
                let kind = TypeId(u128::from(kind));
                Command::BookDirectly {
                    booking: BookingId(u128::from(id)),
                    kind,
                    start: start.resolve(agenda, site, kind),
                    patient: PatientId(1),
                    details: BlobId(1),
                    allow,
                }
            }
            Self::Move(id, start, allow) => {
                let booking = BookingId(u128::from(id));
                let kind = agenda.bookings.get(&booking).map_or(TypeId(1), |booking| booking.kind);
                let start = start.resolve(agenda, site, kind);
                Command::MoveBooking { booking, start, allow }
            }
            Self::Cancel(id, patient) => {
                let booking = BookingId(u128::from(id));
                let by = if patient {
                    Canceller::Patient([id; 32])
                } else {
                    Canceller::Practice
                };
                Command::CancelBooking { booking, by }
            }
            Self::Expire(hold) => Command::ExpireHold(HoldId(u128::from(hold))),
            Self::Several(several) => several.command(agenda, site),
            Self::Wait(wait) => wait.command(agenda),
        }
    }
}

/// An agenda under test and everything that happened to it.
pub(crate) struct Play {
    pub(crate) agenda: Agenda,
    pub(crate) history: Vec<Recorded<Event>>,
    commands: u128,
}

impl Play {
    pub(crate) fn new() -> Self {
        let key = AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(1),
        };
        Self {
            agenda: Agenda::new(key),
            history: Vec::new(),
            commands: 0,
        }
    }

    /// Decides and, if accepted, applies; `each` sees every event between its two states.
    pub(crate) fn run(
        &mut self,
        command: &Command,
        now: UtcMillis,
        mut each: impl FnMut(&Agenda, &Agenda, &Event),
    ) -> bool {
        self.commands += 1;
        let principal = match self.commands % 3 {
            0 => Principal::System,
            1 => Principal::Staff(StaffId(1)),
            _ => Principal::Bearer([1; 32]),
        };
        let stamp = Stamp {
            now,
            principal,
            command_id: CommandId(self.commands),
            digest: [0; 16],
        };
        let Ok(events) = decide(&self.agenda, command, &stamp) else {
            return false;
        };
        assert!(!events.is_empty(), "an accepted command gives at least one event");
        for recorded in record(events, &stamp, self.agenda.seq) {
            let before = self.agenda.clone();
            self.agenda.apply(&recorded);
            each(&before, &self.agenda, &recorded.event);
            self.history.push(recorded);
        }
        true
    }
}

/// A state with these events.
pub(crate) fn applied(before: &Agenda, events: &[Event], now: UtcMillis) -> Agenda {
    let stamp = Stamp {
        now,
        principal: Principal::System,
        command_id: CommandId(0),
        digest: [0; 16],
    };
    let mut after = before.clone();
    for recorded in record(events.to_vec(), &stamp, before.seq) {
        after.apply(&recorded);
    }
    after
}

/// Whom an event offers which start, and until when.
pub(crate) fn offer(event: &Event) -> Option<(WaitingId, UtcMinute, UtcMillis)> {
    if let Event::SlotOffered { entry, hold } = event {
        return Some((*entry, hold.span.from, hold.expires_at));
    }
    None
}
