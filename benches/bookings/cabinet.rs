//! The real agendas: actors, cells, sealing, and a journal on disk or in memory; and the patients who keep them busy.

use super::figures::{Slice, grown, processor_by_thread};
use super::{Crowd, Options};
use anyhow::{Context as _, bail};
use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::{Clock as _, SystemClock, stopwatch};
use cabinet_actors::delta::{Delta, Pushed, Sink};
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::{ExecuteError, Order};
use cabinet_domain::audience::Audience;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Allowances, Canceller, Command, Principal};
use cabinet_domain::ids::{
    AgendaId, AgendaKey, BlobId, BookingId, CommandId, PatientId, PlaceId, PracticeId, RuleId, StaffId, TypeId,
};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::schedule::{
    AppointmentType, HolidayRegion, OpeningRule, Opens, Profile, Release, TypeSelection, WeekCycle,
};
use cabinet_domain::time::{CivilDate, UtcMinute, Weekday, Zone};
use cabinet_storage::{KeySource, ReadStoreKind, Storage, StorageOptions};
use futures_util::future::try_join_all;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const AGENDAS_PER_PRACTICE: u32 = 10;
/// Patients that a practitioner already knows; each has some of the bookings.
const PATIENTS_PER_AGENDA: u32 = 200;
/// Half hours a day, from 08:00 to 20:00.
const SLOTS_PER_DAY: u32 = 24;
const KIND: TypeId = TypeId(10);
/// Agendas that are filled at the same time, and orders of each that wait together.
const FILLED_AT_ONCE: u32 = 64;
const ORDERS_AT_ONCE: usize = 50;
const PAUSE: Duration = Duration::from_millis(2);

/// Which journal.
pub(crate) enum Journal<'a> {
    /// In a folder.
    File(&'a Path),
    /// In memory: nothing is durable.
    Memory,
}

/// Agendas on a store.
#[derive(Clone)]
pub(crate) struct Cabinet {
    options: Options,
    storage: Arc<Storage>,
    agendas: Agendas,
    /// 08:00 of the second day from now.
    first_slot: UtcMinute,
    /// For ids; its first half hours are long taken when patients begin.
    serial: Arc<AtomicU64>,
}

/// Counts what it hears.
#[derive(Default)]
struct Screen(AtomicU64);

impl Sink for Screen {
    fn push(&self, _: Delta) -> Pushed {
        self.0.fetch_add(1, Ordering::Relaxed);
        Pushed::Taken
    }
    fn closed(&self) {}
}

/// What one patient saw.
#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    in_burst: u64,
    busy: u64,
}

fn key(agenda: u32) -> AgendaKey {
    AgendaKey {
        practice: PracticeId(u128::from(agenda / AGENDAS_PER_PRACTICE) + 1),
        agenda: AgendaId(u128::from(agenda) + 1),
    }
}

impl Cabinet {
    /// Opens a store and fills it.
    pub(crate) async fn start(options: &Options, journal: Journal<'_>) -> anyhow::Result<Self> {
        let storage = match journal {
            Journal::Memory => Storage::memory(1)?,
            Journal::File(folder) => {
                let data = folder.join("store");
                let mut chosen = StorageOptions::new(data, KeySource::Secret([9; 32]), Arc::new(stopwatch()));
                if options.without_sled {
                    chosen.read_store = ReadStoreKind::Memory;
                }
                if let Some(wait) = options.company_microseconds {
                    chosen.company_wait_max = Duration::from_micros(wait);
                }
                Storage::open(chosen)?
            }
        };
        let storage = Arc::new(storage);
        let metrics = Metrics::new(&prometheus::Registry::new())?;
        let defaults = AgendasOptions::default();
        let agendas = Agendas::start(
            AgendasOptions {
                agenda_threads: options.agenda_threads.unwrap_or(defaults.agenda_threads),
                checkpoint_events: options.checkpoint_events.unwrap_or(defaults.checkpoint_events),
                ..defaults
            },
            storage.streams(),
            Arc::new(SystemClock),
            metrics,
            Arc::new(|_| true),
        );
        let today = SystemClock.now().minute().0 / 1_440;
        let cabinet = Self {
            options: options.clone(),
            storage,
            agendas,
            first_slot: UtcMinute((today + 2) * 1_440 + 480),
            serial: Arc::new(AtomicU64::new(1)),
        };
        let fillers = (0..FILLED_AT_ONCE).map(|first| cabinet.fill(first));
        try_join_all(fillers).await.context("failed to fill the agendas")?;
        if options.watched {
            cabinet.watch().await?;
        }
        cabinet.settle().await;
        Ok(cabinet)
    }

    /// Lets somebody listen to every agenda.
    async fn watch(&self) -> anyhow::Result<()> {
        for agenda in 0..self.options.agendas {
            for audience in [Audience::Staff, Audience::Board] {
                let screen = Arc::new(Screen::default());
                self.agendas
                    .subscribe(key(agenda), audience, None, screen, |_| ())
                    .await?;
            }
        }
        Ok(())
    }

    async fn fill(&self, first: u32) -> anyhow::Result<()> {
        let step = usize::try_from(FILLED_AT_ONCE)?;
        for agenda in (first..self.options.agendas).step_by(step) {
            for command in opening()? {
                self.order(agenda, command, Vec::new()).await?;
            }
            let slots: Vec<u32> = (0..self.options.bookings).collect();
            for some in slots.chunks(ORDERS_AT_ONCE) {
                let orders = some.iter().map(|slot| self.book(agenda, *slot, *slot));
                try_join_all(orders).await?;
            }
        }
        Ok(())
    }

    fn id(&self) -> u128 {
        u128::from(self.serial.fetch_add(1, Ordering::Relaxed))
    }

    /// One command until it is durable; how often it was answered "busy".
    async fn order(&self, agenda: u32, command: Command, personal: Vec<PersonalPart>) -> anyhow::Result<u64> {
        let command_id = CommandId(self.id());
        let mut busy = 0;
        loop {
            let order = Order {
                agenda: key(agenda),
                command: command.clone(),
                principal: Principal::Staff(StaffId(5)),
                command_id,
                digest: command_id.0.to_be_bytes(),
                personal: personal.clone(),
                origin: LeafOrigin::default(),
                locale: None,
            };
            match self.agendas.execute(order).await {
                Ok(_) => return Ok(busy),
                Err(ExecuteError::Busy) => {
                    busy += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => bail!("{error}"),
            }
        }
    }

    /// Books a half hour for a patient of the agenda, or for one never met.
    async fn book(&self, agenda: u32, slot: u32, patient: u32) -> anyhow::Result<(BookingId, u64)> {
        let (booking, details) = (BookingId(self.id()), BlobId(self.id()));
        let patient = if self.options.strangers {
            PatientId(self.id())
        } else {
            PatientId((u128::from(agenda) << 64) | u128::from(patient % PATIENTS_PER_AGENDA))
        };
        let day = i64::from(slot / SLOTS_PER_DAY);
        let start = self.first_slot.plus(day * 1_440 + i64::from(slot % SLOTS_PER_DAY) * 30);
        let command = Command::BookDirectly {
            booking,
            kind: KIND,
            start,
            patient,
            details,
            allow: Allowances::default(),
        };
        let person = Person {
            given_name: "Marie-Françoise".to_owned(),
            family_name: format!("Delacroix-{}", patient.0 & 0xfff),
            email: Some("marie.delacroix@courriel.example".to_owned()),
            phone: Some("+33199000042".to_owned()),
        };
        let personal = vec![PersonalPart {
            patient,
            blob: details,
            person,
        }];
        let busy = self.order(agenda, command, personal).await?;
        Ok((booking, busy))
    }

    /// One patient's turn: book, cancel, book, cancel.
    async fn patient(
        self,
        number: u32,
        crowd: Crowd,
        began: Instant,
        span: Duration,
        burst: Duration,
    ) -> anyhow::Result<Seen> {
        let mut seen = Seen::default();
        let mut dice = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.serial.load(Ordering::Relaxed);
        let slot = self.options.bookings + number;
        while began.elapsed() < span {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let drawn = u32::try_from(dice >> 33)?;
            let agenda = if crowd.hot { 0 } else { drawn % self.options.agendas };
            let asked = Instant::now();
            let (booking, busy) = self.book(agenda, slot, drawn).await?;
            seen.note(asked.elapsed(), busy, began.elapsed() < burst);
            let cancel = Command::CancelBooking {
                booking,
                by: Canceller::Practice,
            };
            let asked = Instant::now();
            let busy = self.order(agenda, cancel, Vec::new()).await?;
            seen.note(asked.elapsed(), busy, began.elapsed() < burst);
        }
        Ok(seen)
    }

    /// A crowd of patients for so long, and until what they left behind is done.
    pub(crate) async fn run(&self, crowd: Crowd, span: Duration, burst: Option<Duration>) -> anyhow::Result<Slice> {
        let (before, began) = (processor_by_thread(), Instant::now());
        let journal = self.storage.stats().journal.unwrap_or_default();
        let length = burst.unwrap_or_default();
        let patients =
            (0..crowd.patients).map(|number| actix_rt::spawn(self.clone().patient(number, crowd, began, span, length)));
        let mut slice = Slice::default();
        let mut in_burst = 0;
        for patient in patients.collect::<Vec<_>>() {
            let seen = patient.await.context("a patient panicked")??;
            slice.operations += u64::try_from(seen.micros.len())?;
            slice.busy += seen.busy;
            in_burst += seen.in_burst;
            slice.micros.extend(seen.micros);
        }
        self.settle().await;
        slice.took = began.elapsed();
        slice.burst = burst.map(|length| (in_burst, length));
        slice.processor = grown(&before, processor_by_thread());
        let after = self.storage.stats().journal.unwrap_or_default();
        slice.groups = after.groups - journal.groups;
        slice.bytes = after.bytes - journal.bytes;
        Ok(slice)
    }

    /// Waits until the read store has every write.
    async fn settle(&self) {
        while self.storage.stats().overlay.records > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.agendas.shutdown().await;
        Ok(self.storage.close().await?)
    }
}

impl Seen {
    fn note(&mut self, took: Duration, busy: u64, in_burst: bool) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        self.busy += busy;
        self.in_burst += u64::from(in_burst);
    }
}

/// Open for business: every day from 08:00 to 20:00 in half hours.
fn opening() -> anyhow::Result<Vec<Command>> {
    let profile = Profile {
        zone: Zone::new("Etc/UTC").context("no zone")?,
        granularity_minutes: 30,
        hold_ttl_seconds: 600,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: true,
        week_a_monday: CivilDate::new(2025, 12, 29)?,
    };
    let kind = AppointmentType {
        id: KIND,
        name: "Séance de rééducation".to_owned(),
        duration_minutes: 30,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        colour: 0x33_66_99,
        online: true,
        minimum_notice_minutes: 0,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 0,
        daily_cap: None,
        opens: Opens::Rolling,
    };
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let days = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];
    let mut commands = vec![Command::SetProfile(profile), Command::SetType(kind)];
    for (weekday, id) in days.into_iter().zip(1..) {
        commands.push(Command::OpenHours(OpeningRule {
            id: RuleId(id),
            weekday,
            from_minute_of_day: 480,
            until_minute_of_day: 1_200,
            types: TypeSelection::All,
            place: PlaceId(3),
            weeks: WeekCycle::Every,
            valid_from: CivilDate::new(2026, 1, 1)?,
            valid_until: None,
            release: Release::Always,
        }));
    }
    Ok(commands)
}
