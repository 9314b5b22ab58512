//! Sets up the demo's agendas and books several weeks of appointments in them, command by command.

use super::people;
use super::practice::{self, PRACTICE, STAFF, Seed};
use anyhow::Context as _;
use cabinet_actors::agendas::{Agendas, AgendasOptions, Exists};
use cabinet_actors::clock::{Clock, SystemClock};
use cabinet_actors::directory::Directory;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::{ExecuteError, Order};
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Allowances, Command, Principal};
use cabinet_domain::course::Attendance;
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, CommandId, HoldId, PatientId, TypeId};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::schedule::AppointmentType;
use cabinet_domain::slots::slots;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Zone};
use cabinet_storage::StreamStore;
use cabinet_storage::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The demo's history begins this many days before it is first started.
pub const PAST_DAYS: i32 = 14;
/// Bookings are spread over this many days ahead.
pub const FUTURE_DAYS: i32 = 40;
const DAY_MINUTES: i64 = 1_440;

/// The machine's clock, moved: the demo's history is booked as if it were [`PAST_DAYS`] ago.
#[derive(Debug, Clone, Copy)]
pub struct PastClock;

impl Clock for PastClock {
    fn now(&self) -> UtcMillis {
        SystemClock.now().plus_seconds(-i64::from(PAST_DAYS) * 86_400)
    }
}

/// The Monday of the week that lies [`PAST_DAYS`] before `now`, in Paris.
#[must_use]
pub fn start(now: UtcMillis) -> CivilDate {
    let instant = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let today = CivilDate::from_jiff(instant.to_zoned(Zone::paris().rules()).date());
    let past = today.plus_days(-PAST_DAYS);
    past.plus_days(-i32::from(past.to_jiff().weekday().to_monday_zero_offset()))
}

/// Sets up and fills one practitioner's agenda; returns how many bookings were made. `agendas` must run on a [`PastClock`].
///
/// # Errors
/// Anything but a refusal of a single booking.
async fn fill(agendas: &Agendas, seed: &Seed) -> anyhow::Result<usize> {
    let key = key_of(seed);
    let mut booker = Booker {
        agendas,
        key,
        dice: Dice::new(u64::try_from(key.agenda.0)?),
        made: 0,
    };
    for command in &seed.setup {
        booker
            .order(command.clone(), Principal::Staff(STAFF), Vec::new())
            .await
            .context("failed to set up the demo")?;
    }
    let from = PastClock.now().minute();
    for day in 0..i64::from(PAST_DAYS + FUTURE_DAYS) {
        let span = Span::starting(from.plus(day * DAY_MINUTES), DAY_MINUTES);
        // The nearer the day, the fuller.
        let ahead = day.saturating_sub(i64::from(PAST_DAYS)).max(0);
        let percent = u64::from(seed.fill_percent).saturating_sub(u64::try_from(ahead)?) + 25;
        booker.day(seed, span, percent).await?;
    }
    Ok(booker.made)
}

/// Makes the demo's practice in an empty store: its face, its people, their weeks, their bookings. Returns how many bookings
/// were made; 0 when the store has a practice already. Call it inside an actix system, before anything else serves the store.
///
/// # Errors
/// When storage fails, or the demo's own data breaks a rule.
pub async fn make(streams: Arc<dyn StreamStore>) -> anyhow::Result<usize> {
    let clock: Arc<dyn Clock> = Arc::new(PastClock);
    let directory = Directory::load(streams.clone(), clock.clone()).await?;
    if !directory.practices().is_empty() {
        return Ok(0);
    }
    let seeds = practice::seeds(start(SystemClock.now()));
    let staff = Principal::Staff(STAFF);
    directory
        .change(PRACTICE, staff, CommandId(PRACTICE.0), practice::events(&seeds))
        .await?;
    let metrics = Metrics::new(&prometheus::Registry::new())?;
    let known = directory.clone();
    let exists: Exists = Arc::new(move |key| known.agenda_exists(key));
    let start_on = |clock| {
        let (streams, metrics, exists) = (streams.clone(), metrics.clone(), Arc::clone(&exists));
        Agendas::start(AgendasOptions::default(), streams, clock, metrics, exists)
    };
    let agendas = start_on(clock);
    let made = futures_util::future::try_join_all(seeds.iter().map(|seed| fill(&agendas, seed))).await;
    agendas.shutdown().await;
    // Only who lives now can know what became of what is past.
    let agendas = start_on(Arc::new(SystemClock));
    let told = futures_util::future::try_join_all(seeds.iter().map(|seed| tell(&agendas, seed))).await;
    agendas.shutdown().await;
    told?;
    Ok(made?.into_iter().sum())
}

/// Says of one practitioner's past appointments what became of them, but for the last day's: somebody always has those to do.
async fn tell(agendas: &Agendas, seed: &Seed) -> anyhow::Result<()> {
    let key = key_of(seed);
    let past = agendas.read(key, |read| {
        let over = read.agenda.bookings.values();
        let over = over.filter(|booking| booking.span.until.millis() <= read.now);
        over.map(|booking| (booking.span.from, booking.id)).collect::<Vec<_>>()
    });
    let past = past.await?;
    let last = past.iter().map(|(from, _)| from.0.div_euclid(DAY_MINUTES)).max();
    let mut booker = Booker {
        agendas,
        key,
        dice: Dice::new(u64::try_from(key.agenda.0)?.wrapping_add(1 << 32)),
        made: 0,
    };
    for (_, booking) in past
        .into_iter()
        .filter(|(from, _)| Some(from.0.div_euclid(DAY_MINUTES)) != last)
    {
        let mark = match booker.dice.below(100) {
            0..3 => Attendance::NoShow,
            3..7 => Attendance::Excused,
            _ => Attendance::Seen,
        };
        let command = Command::MarkBooking {
            booking,
            mark: Some(mark),
        };
        let told = booker.order(command, Principal::Staff(STAFF), Vec::new()).await;
        told.context("failed to say what became of the demo's past")?;
    }
    Ok(())
}

const fn key_of(seed: &Seed) -> AgendaKey {
    AgendaKey {
        practice: PRACTICE,
        agenda: seed.practitioner.agenda,
    }
}

struct Booker<'a> {
    agendas: &'a Agendas,
    key: AgendaKey,
    dice: Dice,
    made: usize,
}

impl Booker<'_> {
    async fn order(
        &mut self,
        command: Command,
        principal: Principal,
        personal: Vec<PersonalPart>,
    ) -> Result<(), ExecuteError> {
        let command_id = CommandId(self.dice.id());
        let digest = self.dice.id().to_be_bytes();
        let order = Order {
            agenda: self.key,
            command,
            principal,
            command_id,
            digest,
            personal,
            origin: LeafOrigin::default(),
            locale: None,
        };
        self.agendas.execute(order).await.map(|_| ())
    }

    /// Walks through a day's free starts in order, booking some.
    async fn day(&mut self, seed: &Seed, span: Span, percent: u64) -> anyhow::Result<()> {
        let kinds: Vec<TypeId> = seed.types.iter().map(|(kind, _)| kind.id).collect();
        let free: BTreeMap<TypeId, BTreeSet<UtcMinute>> = self
            .agendas
            .read(self.key, move |read| {
                let starts = |kind| {
                    slots(read.agenda, kind, span)
                        .into_iter()
                        .map(|slot| slot.start)
                        .collect()
                };
                kinds.into_iter().map(|kind| (kind, starts(kind))).collect()
            })
            .await?;
        let starts: BTreeSet<UtcMinute> = free.values().flatten().copied().collect();
        let mut next = span.from;
        for start in starts {
            if start < next {
                continue;
            }
            if self.dice.roll() % 100 >= percent {
                next = start.plus(30);
                continue;
            }
            let Some(kind) = self.choose(seed, &free, start) else {
                continue;
            };
            if self.book(kind, start).await? {
                next = start.plus(i64::from(kind.duration_minutes) + i64::from(kind.buffer_after_minutes));
            }
        }
        Ok(())
    }

    /// A type that may start now, by weight.
    fn choose<'s>(
        &mut self,
        seed: &'s Seed,
        free: &BTreeMap<TypeId, BTreeSet<UtcMinute>>,
        start: UtcMinute,
    ) -> Option<&'s AppointmentType> {
        let fits = |kind: &AppointmentType| free.get(&kind.id).is_some_and(|starts| starts.contains(&start));
        let weighted: Vec<&AppointmentType> = seed
            .types
            .iter()
            .filter(|(kind, _)| fits(kind))
            .flat_map(|(kind, weight)| (0..*weight).map(move |_| kind))
            .collect();
        self.dice.pick(&weighted).copied()
    }

    /// Books as a patient would (hold, confirm) or as staff would; a refusal is part of life.
    async fn book(&mut self, kind: &AppointmentType, start: UtcMinute) -> anyhow::Result<bool> {
        let patient = PatientId(self.dice.id());
        let details = BlobId(self.dice.id());
        let booking = BookingId(self.dice.id());
        let personal = vec![PersonalPart {
            patient,
            blob: details,
            person: people::person(&mut self.dice),
        }];
        let outcome = if kind.online && self.dice.below(3) > 0 {
            let mut owner = [0_u8; 32];
            for (byte, drawn) in owner.iter_mut().zip(self.dice.id().to_be_bytes()) {
                *byte = drawn;
            }
            let hold = HoldId(self.dice.id());
            let bearer = Principal::Bearer(owner);
            let held = self
                .order(
                    Command::HoldSlot {
                        hold,
                        kind: kind.id,
                        start,
                        owner,
                    },
                    bearer,
                    Vec::new(),
                )
                .await;
            let confirm = Command::ConfirmHold {
                hold,
                owner,
                booking,
                patient,
                details,
                notice_version: 1,
                manage: owner,
            };
            match held {
                Ok(()) => self.order(confirm, bearer, personal).await,
                Err(error) => Err(error),
            }
        } else {
            let allow = Allowances::default();
            let direct = Command::BookDirectly {
                booking,
                kind: kind.id,
                start,
                patient,
                details,
                allow,
            };
            self.order(direct, Principal::Staff(STAFF), personal).await
        };
        match outcome {
            Ok(()) => {
                self.made += 1;
                Ok(true)
            }
            Err(ExecuteError::Refused(_)) => Ok(false),
            Err(error) => Err(error).context("failed to book in the demo"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn the_demo_has_several_hundred_bookings_and_is_made_once() {
        let storage = cabinet_storage::Storage::memory(1).unwrap();
        let made = make(storage.streams()).await.unwrap();
        assert!((250..900).contains(&made), "{made}");
        assert_eq!(make(storage.streams()).await.unwrap(), 0);
    }

    #[actix_rt::test]
    async fn what_became_of_the_past_is_known_but_for_each_last_day() {
        let storage = cabinet_storage::Storage::memory(1).unwrap();
        make(storage.streams()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let options = AgendasOptions::default();
        let agendas = Agendas::start(options, storage.streams(), clock, metrics, Arc::new(|_| true));
        for seed in practice::seeds(start(SystemClock.now())) {
            let look = agendas.read(key_of(&seed), |read| {
                let past = read.agenda.bookings.values();
                let past = past.filter(|booking| booking.span.until.millis() <= read.now);
                let days = past.map(|booking| {
                    (
                        booking.span.from.0.div_euclid(DAY_MINUTES),
                        read.agenda.course.marks.contains_key(&booking.id),
                    )
                });
                days.collect::<Vec<_>>()
            });
            let days = look.await.unwrap();
            let last = days.iter().map(|(day, _)| *day).max().unwrap();
            assert!(days.len() > 20, "{}", days.len());
            assert!(days.iter().all(|(day, told)| *told == (*day != last)));
        }
        agendas.shutdown().await;
    }

    #[test]
    fn the_demo_starts_on_a_monday_at_least_two_weeks_ago() {
        let sunday_in_utc_but_monday_in_paris = UtcMillis(1_764_543_600_000);
        for now in [UtcMillis(1_764_000_000_000), sunday_in_utc_but_monday_in_paris] {
            let start = start(now);
            assert_eq!(start.weekday(), cabinet_domain::time::Weekday::Monday);
            let days = now.0 / 86_400_000 - i64::from(start.0);
            assert!((13..=21).contains(&days), "{start}");
        }
    }
}
