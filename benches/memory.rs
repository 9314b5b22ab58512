//! Memory of a started agenda, and how long agendas take to start cold. Target: at most 64 KiB per agenda at 600 bookings;
//! 10,000 agendas started within 5 s.
//!
//! Every agenda is opened for real (checkpoint opened and decoded, tail verified, keys of blobs found) from a sealed stream in
//! memory; one stream serves them all, under each one's own key, so that the store's own size stays out of the figures.
//! What agendas hold is what the allocator gets back when they retire; beside it stands what the process grew by.
//!
//! `CABINET_BENCH_GROWTH=1` grows to 100,000 agendas of `CABINET_BENCH_BOOKINGS` bookings and writes the table and the plot
//! to `loadtests/results/`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures with the machine's clock, prints, and must say when it cannot start"
)]

#[path = "../domain/benches/full_agenda/mod.rs"]
mod full_agenda;
mod plot;

use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::Clock;
use cabinet_actors::metrics::Metrics;
use cabinet_domain::event::Event;
use cabinet_domain::ids::{AgendaId, AgendaKey, BlobId, HistoryId, PracticeId};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{
    AppendError, Appended, BoxFuture, Commit, Loaded, Opened, PersonRecord, Storage, StoreError, StreamStore,
};
use full_agenda::{BOOKINGS, FullAgenda, now};
use futures_util::StreamExt as _;
use plot::Row;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Events after the checkpoint: as many as an agenda in use has between two of them, so that its rings are full. Those that
/// opened the agenda lie before the checkpoint in any case.
const TAIL_EVENTS: usize = 300;
/// Agendas that are asked for at the same time.
const AT_ONCE: usize = 64;
const PRACTICE: PracticeId = PracticeId(1);

/// Serves every agenda of the practice from one stream.
struct Copies {
    inner: Arc<dyn StreamStore>,
    original: StreamKey,
}

impl StreamStore for Copies {
    fn load(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(async move {
            let mut loaded = self.inner.load(self.original).await?;
            for state in [&mut loaded.state, &mut loaded.tail_base] {
                if let (StreamState::Agenda(agenda), StreamKey::Agenda(key)) = (state, stream) {
                    agenda.key = key;
                }
            }
            Ok(loaded)
        })
    }

    fn open(&self, stream: StreamKey) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(async move {
            let mut opened = self.inner.open(self.original).await?;
            if let (StreamState::Agenda(agenda), StreamKey::Agenda(key)) = (&mut opened.state, stream) {
                agenda.key = key;
            }
            Ok(opened)
        })
    }

    fn look(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.load(stream)
    }

    fn append(&self, _: Commit) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async { Err(AppendError::Busy) })
    }

    fn put_checkpoint(
        &self,
        _: StreamKey,
        _: StreamState,
        _: BTreeMap<BlobId, PersonRecord>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        self.inner.streams()
    }

    fn history(&self) -> HistoryId {
        self.inner.history()
    }
}

/// The moment at which the agenda is full.
struct Still;

impl Clock for Still {
    fn now(&self) -> UtcMillis {
        now()
    }
}

fn person(number: u128) -> Person {
    Person {
        given_name: "Marie-Françoise".to_owned(),
        family_name: format!("Delacroix-{number}"),
        email: Some(format!("marie.delacroix{number}@example.fr")),
        phone: Some("+33639981234".to_owned()),
    }
}

/// A store whose only agenda has so many bookings, with a checkpoint some hundred events behind the head.
async fn written(bookings: usize) -> Copies {
    let full = FullAgenda::with(bookings);
    let storage = Storage::memory(1).unwrap();
    let inner = storage.streams();
    let key = AgendaKey {
        practice: PRACTICE,
        agenda: AgendaId(1),
    };
    let original = StreamKey::Agenda(key);
    let mut state = inner.load(original).await.unwrap().state;
    let mut people = BTreeMap::new();
    let opening = full.history.len() - bookings;
    let checkpoint_at = full.history.len().saturating_sub(TAIL_EVENTS).max(opening);
    for (recorded, expected) in full.history.into_iter().zip(0..) {
        let mut personal = Vec::new();
        if let Event::SlotBooked { booking, .. } = &recorded.event {
            personal.push(PersonalPart {
                patient: booking.patient,
                blob: booking.details,
                person: person(booking.patient.0),
            });
        }
        let recorded = recorded.with(StreamEvent::Agenda(recorded.event.clone()));
        state.apply(&recorded);
        let commit = Commit {
            stream: original,
            expected,
            events: vec![recorded],
            personal,
            writes: Vec::new(),
            origins: Vec::new(),
        };
        people.extend(inner.append(commit).await.unwrap().people);
        if expected + 1 == u64::try_from(checkpoint_at).unwrap() {
            inner
                .put_checkpoint(original, state.clone(), people.clone())
                .await
                .unwrap();
        }
    }
    Copies { inner, original }
}

/// Bytes that the allocator has given out and not got back.
fn held_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Bytes of the process in main memory.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

fn agenda(number: usize) -> AgendaKey {
    AgendaKey {
        practice: PRACTICE,
        agenda: AgendaId(u128::try_from(number).unwrap() + 2),
    }
}

fn started(store: Copies) -> Agendas {
    let options = AgendasOptions {
        agenda_threads: 2,
        tick_milliseconds: 3_600_000,
        ..AgendasOptions::default()
    };
    let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
    Agendas::start(options, Arc::new(store), Arc::new(Still), metrics, Arc::new(|_| true))
}

/// Starts these agendas by looking at each.
async fn start(agendas: &Agendas, numbers: std::ops::Range<usize>, bookings: usize) {
    futures_util::stream::iter(numbers)
        .for_each_concurrent(AT_ONCE, |number| async move {
            let found = agendas.read(agenda(number), |read| read.agenda.bookings.len()).await;
            assert_eq!(found.unwrap(), bookings);
        })
        .await;
}

/// Bytes that a copy of `part` allocates.
fn copied<T: Clone>(part: &T) -> usize {
    let region = stats_alloc::Region::new(ALLOCATOR);
    let copy = part.clone();
    let bytes = region.change().bytes_allocated;
    drop(copy);
    bytes
}

/// What one agenda's parts take: measured by copying them.
async fn parts(store: &Copies) {
    let opened = store.open(store.original).await.unwrap();
    let StreamState::Agenda(mut state) = opened.state else {
        return;
    };
    state.pack();
    let schedule = copied(&state.types) + copied(&state.rules);
    for (name, bytes) in [
        ("the state, as copied", copied(&state)),
        ("- bookings", copied(&state.bookings)),
        (
            "- remembered acceptances, without their index",
            copied(&state.remembered),
        ),
        ("- types and rules, without the plan", schedule),
    ] {
        println!("  of it {name:<45} {:>6.1} KiB", kib(bytes));
    }
    let loaded = store.look(store.original).await.unwrap();
    let sealed: usize = loaded.people.values().map(|record| record.sealed.len()).sum();
    for (name, bytes) in [
        ("people, opened and sealed", copied(&loaded.people)),
        ("people, sealed alone", sealed),
    ] {
        println!("  while somebody attends, {name:<27} {:>6.1} KiB", kib(bytes));
    }
}

fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1_024.0
}

/// Starts `count` agendas, tells what they take.
async fn measure(count: usize, bookings: usize) {
    println!("{count} agendas with {bookings} bookings each, at most {TAIL_EVENTS} events after their checkpoint");
    let store = written(bookings).await;
    parts(&store).await;
    let agendas = started(store);
    // The first one also fills what agendas share.
    start(&agendas, 0..1, bookings).await;
    let resident = resident_bytes();
    let began = Instant::now();
    start(&agendas, 1..count + 1, bookings).await;
    let took = began.elapsed();
    let (full, grown) = (held_bytes(), resident_bytes() - resident);
    agendas.shutdown().await;
    let each = (full - held_bytes()) / (count + 1);
    println!(
        "  per agenda, by the allocator              {:>9.1} KiB   target 64 KiB",
        kib(each)
    );
    println!(
        "  per agenda, by the process's resident set {:>9.1} KiB",
        kib(grown / count)
    );
    println!(
        "  started in {:.2} s, {:.0} per second",
        took.as_secs_f64(),
        count as f64 / took.as_secs_f64()
    );
}

/// Grows step by step in one process.
async fn grow(bookings: usize) {
    let agendas = started(written(bookings).await);
    start(&agendas, 0..1, bookings).await;
    let (resident, held) = (resident_bytes(), held_bytes());
    let (mut rows, mut from) = (Vec::new(), 1);
    let began = Instant::now();
    for count in [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000] {
        start(&agendas, from..count + 1, bookings).await;
        from = count + 1;
        rows.push(Row {
            agendas: count,
            seconds: began.elapsed().as_secs_f64(),
            held_mib: kib(held_bytes() - held) / 1_024.0,
            resident_mib: kib(resident_bytes() - resident) / 1_024.0,
        });
        println!("{}", rows.last().unwrap().line());
    }
    agendas.shutdown().await;
    plot::write(&rows, bookings).unwrap();
}

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn main() {
    actix_rt::System::new().block_on(async {
        if setting("CABINET_BENCH_GROWTH", 0) == 1 {
            grow(setting("CABINET_BENCH_BOOKINGS", 20)).await;
        } else {
            measure(500, BOOKINGS).await;
            measure(10_000, 60).await;
        }
    });
}
