//! What the actors' tests share: a practice day, orders, a clock set by hand, and a store in memory that fails by order.

#![expect(unreachable_pub, reason = "test support, used by two test crates")]
#![expect(dead_code, reason = "each test crate uses its part")]

use cabinet_domain::agenda::SecretHash;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Allowances, Command, Principal};
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{
    AgendaId, AgendaKey, BlobId, BookingId, CommandId, HistoryId, HoldId, PatientId, PlaceId, PracticeId, RuleId, Seq,
    StaffId, TypeId,
};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::schedule::{
    AppointmentType, HolidayRegion, OpeningRule, Opens, Profile, Release, TypeSelection, WeekCycle,
};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use cabinet_domain::time::{CivilDate, UtcMillis, UtcMinute, Weekday, Zone};
use cabinet_storage::{
    AppendError, Appended, BoxFuture, Commit, Loaded, Opened, PersonRecord, StoreError, StreamStore,
};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

pub const KEY: AgendaKey = AgendaKey {
    practice: PracticeId(1),
    agenda: AgendaId(2),
};
pub const ONLINE: TypeId = TypeId(10);
pub const STAFF_ONLY: TypeId = TypeId(11);
pub const HOLD_SECONDS: i64 = 300;

/// Monday 2026-03-02, 08:00 in UTC, 09:00 in Paris.
pub fn monday() -> UtcMillis {
    let days = i64::from(CivilDate::new(2026, 3, 2).unwrap().0);
    UtcMinute(days * 1_440 + 480).millis()
}

/// The `n`th half hour of the next day's opening, which begins at 08:00 in Paris.
pub fn half_hour<N: TryInto<i64>>(n: N) -> UtcMinute {
    let n = n.try_into().ok().expect("a small number");
    monday().minute().plus(1_440 - 60 + n * 30)
}

/// So many days in minutes.
pub fn days_long(days: u128) -> i64 {
    i64::try_from(days).unwrap() * 1_440
}

/// A clock set by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(monday().0)))
    }
    pub fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::SeqCst))
    }
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

pub fn kind(id: TypeId, minutes: u16, online: bool) -> AppointmentType {
    AppointmentType {
        id,
        name: "Séance".to_owned(),
        duration_minutes: minutes,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        colour: 0x33_66_99,
        online,
        minimum_notice_minutes: 0,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 0,
        daily_cap: None,
        opens: Opens::Rolling,
    }
}

/// An order by staff; its number is `id`.
pub fn order(id: u128, command: Command) -> crate::order::Order {
    crate::order::Order {
        agenda: KEY,
        command,
        principal: Principal::Staff(StaffId(5)),
        command_id: CommandId(id),
        digest: [1; 16],
        personal: Vec::new(),
        origin: LeafOrigin::default(),
        locale: None,
    }
}

/// What opens the agenda for business: 08:00 to 20:00 every day, two types of half an hour.
pub fn opening() -> Vec<crate::order::Order> {
    let profile = Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: u32::try_from(HOLD_SECONDS).unwrap(),
        holidays: HolidayRegion::Metropole,
        open_on_holidays: true,
        week_a_monday: CivilDate::new(2026, 1, 5).unwrap(),
    };
    let days = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let rules = days.into_iter().zip(100_u128..).map(|(weekday, id)| {
        Command::OpenHours(OpeningRule {
            id: RuleId(id),
            weekday,
            from_minute_of_day: 480,
            until_minute_of_day: 1_200,
            types: TypeSelection::All,
            place: PlaceId(3),
            weeks: WeekCycle::Every,
            valid_from: CivilDate::new(2026, 1, 1).unwrap(),
            valid_until: None,
            release: Release::Always,
        })
    });
    let commands = [
        Command::SetProfile(profile),
        Command::SetType(kind(ONLINE, 30, true)),
        Command::SetType(kind(STAFF_ONLY, 30, false)),
    ];
    let commands = commands.into_iter().chain(rules);
    commands.zip(1_u128..).map(|(command, id)| order(id, command)).collect()
}

pub fn secret(n: u128) -> SecretHash {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&n.to_be_bytes());
    hash
}

pub fn person(n: u128) -> Person {
    Person {
        given_name: "Anne".to_owned(),
        family_name: format!("Essai {n}"),
        email: Some(format!("essai{n}@example.fr")),
        phone: None,
    }
}

/// Patient `n` asks to hold a start.
pub fn hold(n: u128, start: UtcMinute) -> crate::order::Order {
    let command = Command::HoldSlot {
        hold: HoldId(n),
        kind: ONLINE,
        start,
        owner: secret(n),
    };
    crate::order::Order {
        principal: Principal::Bearer(secret(n)),
        ..order(n, command)
    }
}

/// Patient `n` confirms that hold.
pub fn confirm(n: u128) -> crate::order::Order {
    let command = Command::ConfirmHold {
        hold: HoldId(n),
        owner: secret(n),
        booking: BookingId(n),
        patient: PatientId(n),
        details: BlobId(n),
        notice_version: 1,
        manage: secret(n + 1_000_000),
    };
    crate::order::Order {
        principal: Principal::Bearer(secret(n)),
        personal: vec![part(n)],
        ..order(n + 500_000, command)
    }
}

pub fn part(n: u128) -> PersonalPart {
    PersonalPart {
        patient: PatientId(n),
        blob: BlobId(n),
        person: person(n),
    }
}

/// Staff book patient `n` directly.
pub fn book(n: u128, kind: TypeId, start: UtcMinute) -> crate::order::Order {
    let command = Command::BookDirectly {
        booking: BookingId(n),
        kind,
        start,
        patient: PatientId(n),
        details: BlobId(n),
        allow: Allowances::default(),
    };
    crate::order::Order {
        personal: vec![part(n)],
        ..order(n, command)
    }
}

/// What becomes of an append.
#[derive(Debug, Clone)]
pub enum Fate {
    Done,
    /// Not written, with this answer.
    Refused(AppendError),
    /// Written; the answer is lost.
    LostAnswer,
    /// The store's code panics before anything is written.
    Panics,
}

#[derive(Default)]
struct Stream {
    events: Vec<Recorded<StreamEvent>>,
    people: BTreeMap<BlobId, PersonRecord>,
    checkpoint: Option<StreamState>,
    former: Option<StreamState>,
}

/// A store in memory. Appends wait while the gate is closed.
pub struct TestStore {
    streams: Mutex<HashMap<StreamKey, Stream>>,
    fates: Mutex<VecDeque<Fate>>,
    open: tokio::sync::watch::Sender<bool>,
    /// Looks back find what is there, and then wait while this is set.
    pub looks_shut: tokio::sync::watch::Sender<bool>,
    pub looks: AtomicUsize,
    pub waiting_appends: AtomicUsize,
    pub loads: AtomicUsize,
    pub loads_at_once: AtomicUsize,
    pub loads_at_once_max: AtomicUsize,
    pub failing_loads: AtomicUsize,
    position: AtomicUsize,
}

impl TestStore {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            streams: Mutex::default(),
            fates: Mutex::default(),
            open: tokio::sync::watch::Sender::new(true),
            looks_shut: tokio::sync::watch::Sender::new(false),
            looks: AtomicUsize::new(0),
            waiting_appends: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            loads_at_once: AtomicUsize::new(0),
            loads_at_once_max: AtomicUsize::new(0),
            failing_loads: AtomicUsize::new(0),
            position: AtomicUsize::new(0),
        })
    }

    pub fn fate(&self, fate: Fate) {
        self.fates.lock().push_back(fate);
    }

    /// Opens or closes the gate before appends and loads.
    pub fn gate(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub fn events(&self, stream: StreamKey) -> Vec<Recorded<StreamEvent>> {
        let streams = self.streams.lock();
        streams
            .get(&stream)
            .map_or_else(Vec::new, |stream| stream.events.clone())
    }

    pub fn checkpoint_seq(&self, stream: StreamKey) -> Option<Seq> {
        match self.streams.lock().get(&stream)?.checkpoint.as_ref()? {
            StreamState::Agenda(agenda) => Some(agenda.seq),
            StreamState::Practice(practice) => Some(practice.seq),
        }
    }

    pub fn append_now(&self, commit: Commit) -> Result<Appended, AppendError> {
        let fate = self.fates.lock().pop_front().unwrap_or(Fate::Done);
        match &fate {
            Fate::Refused(error) => return Err(error.clone()),
            Fate::Panics => panic!("a planned panic in the store"),
            Fate::Done | Fate::LostAnswer => {}
        }
        let mut streams = self.streams.lock();
        let stream = streams.entry(commit.stream).or_default();
        let head = stream.events.len() as u64;
        if head != commit.expected {
            return Err(AppendError::Conflict { head });
        }
        for (event, seq) in commit.events.iter().zip(head + 1..) {
            assert_eq!(event.seq, seq, "events are numbered densely");
        }
        assert!(commit.events.last().unwrap().last_of_command, "whole commands only");
        stream.events.extend(commit.events);
        let people: Vec<(BlobId, PersonRecord)> = commit.personal.into_iter().map(sealed).collect();
        stream.people.extend(people.iter().cloned());
        let head = stream.events.len() as u64;
        if matches!(fate, Fate::LostAnswer) {
            return Err(AppendError::Unknown);
        }
        let position = self.position.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        Ok(Appended { head, position, people })
    }

    pub fn load_now(&self, key: StreamKey) -> Loaded {
        self.load_from(key, |stream| stream.checkpoint.clone())
    }

    /// From the checkpoint before the newest one.
    pub fn look_now(&self, key: StreamKey) -> Loaded {
        self.load_from(key, |stream| stream.former.clone())
    }

    fn load_from(&self, key: StreamKey, checkpoint: impl Fn(&Stream) -> Option<StreamState>) -> Loaded {
        let mut streams = self.streams.lock();
        let stream = streams.entry(key).or_default();
        let tail_base = checkpoint(stream).unwrap_or_else(|| StreamState::empty(key));
        let base = match &tail_base {
            StreamState::Agenda(agenda) => agenda.seq,
            StreamState::Practice(practice) => practice.seq,
        };
        let tail: Vec<_> = stream.events.iter().filter(|event| event.seq > base).cloned().collect();
        let mut state = tail_base.clone();
        for event in &tail {
            state.apply(event);
        }
        Loaded {
            state,
            tail_base,
            tail,
            people: stream.people.clone(),
            head: stream.events.len() as u64,
            history: HistoryId(77),
        }
    }

    pub fn open_now(&self, key: StreamKey) -> Opened {
        let loaded = self.load_now(key);
        let checkpoint = match &loaded.tail_base {
            StreamState::Agenda(agenda) => agenda.seq,
            StreamState::Practice(practice) => practice.seq,
        };
        Opened {
            state: loaded.state,
            checkpoint,
            history: loaded.history,
        }
    }

    async fn pass_gate(&self) {
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

fn sealed(part: PersonalPart) -> (BlobId, PersonRecord) {
    let record = PersonRecord {
        patient: part.patient,
        sealed: part.blob.0.to_be_bytes().to_vec().into(),
        person: Some(Arc::new(part.person)),
    };
    (part.blob, record)
}

impl StreamStore for TestStore {
    fn load(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(async move {
            let now = self.loads_at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.loads_at_once_max.fetch_max(now, Ordering::SeqCst);
            self.pass_gate().await;
            self.loads_at_once.fetch_sub(1, Ordering::SeqCst);
            if self.failing_loads.load(Ordering::SeqCst) > 0 {
                self.failing_loads.fetch_sub(1, Ordering::SeqCst);
                return Err(StoreError::NoKey);
            }
            self.loads.fetch_add(1, Ordering::SeqCst);
            Ok(self.load_now(stream))
        })
    }

    fn open(&self, stream: StreamKey) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(async move {
            self.load(stream).await?;
            Ok(self.open_now(stream))
        })
    }

    fn look(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(async move {
            let looked = self.look_now(stream);
            self.looks.fetch_add(1, Ordering::SeqCst);
            self.looks_shut.subscribe().wait_for(|shut| !*shut).await.unwrap();
            self.pass_gate().await;
            Ok(looked)
        })
    }

    fn append(&self, commit: Commit) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.waiting_appends.fetch_add(1, Ordering::SeqCst);
            self.pass_gate().await;
            self.waiting_appends.fetch_sub(1, Ordering::SeqCst);
            self.append_now(commit)
        })
    }

    fn put_checkpoint(
        &self,
        stream: StreamKey,
        state: StreamState,
        _people: BTreeMap<BlobId, PersonRecord>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut streams = self.streams.lock();
            let kept = streams.entry(stream).or_default();
            kept.former = kept.checkpoint.replace(state);
            Ok(())
        })
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        Box::pin(async move {
            let streams = self.streams.lock();
            let named = streams.iter().filter(|(_, stream)| !stream.events.is_empty());
            Ok(named.map(|(key, _)| *key).collect())
        })
    }

    fn history(&self) -> HistoryId {
        HistoryId(77)
    }
}
