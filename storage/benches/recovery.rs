//! Recovery after `kill -9`: opening, the first agenda with its first append, and rebuilding sled from the journal; then
//! `cabinet verify` on the stopped store, with its peak memory beside the journal's size.
//! Targets at a million events in a thousand agendas: served within 5 s, sled rebuilt within 30 s.
//!
//! A child process writes the store and is killed; files are read cold where the page cache may be dropped (root).
//! `CABINET_BENCH_EVENTS` and `CABINET_BENCH_AGENDAS` set the size.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures with the machine's clock, prints, and must say when it cannot start"
)]

use cabinet_domain::agenda::Booking;
use cabinet_domain::event::{CancelledBy, Recorded};
use cabinet_domain::ids::*;
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::stream::{StreamEvent, StreamKey};
use cabinet_domain::time::{Span, UtcMillis, UtcMinute};
use cabinet_domain::{Event, Principal};
use cabinet_storage::journal::RecordKey;
use cabinet_storage::verify::verify;
use cabinet_storage::{AppendError, Commit, KeySource, Storage, StorageOptions, StreamStore, Table};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The child that writes finds the store's folder here.
const WRITER: &str = "CABINET_BENCH_WRITER";
/// The child that verifies finds it here.
const VERIFIER: &str = "CABINET_BENCH_VERIFIER";
/// What opens the store.
const KEY: [u8; 32] = [9; 32];
/// Events of one commit: a batch of commands of one agenda.
const COMMIT_EVENTS: u64 = 8;
/// Events between two checkpoints: the actors' value.
const CHECKPOINT_EVENTS: u64 = 200;
/// Agendas that are written to at the same time.
const AGENDAS_AT_ONCE: usize = 128;
const AGENDAS_PER_PRACTICE: u64 = 10;
const PATIENTS_PER_AGENDA: u64 = 100;
const SERVED_TARGET: Duration = Duration::from_secs(5);
const REBUILD_TARGET: Duration = Duration::from_secs(30);

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn size() -> (u64, u64) {
    let agendas = setting("CABINET_BENCH_AGENDAS", 1_000);
    (setting("CABINET_BENCH_EVENTS", 1_000_000) / agendas, agendas)
}

fn open(data: &Path) -> Storage {
    let began = Instant::now();
    let ticks = Arc::new(move || began.elapsed());
    Storage::open(StorageOptions::new(data.to_path_buf(), KeySource::Secret(KEY), ticks)).unwrap()
}

fn agenda_key(number: u64) -> StreamKey {
    StreamKey::Agenda(AgendaKey {
        practice: PracticeId(u128::from(number / AGENDAS_PER_PRACTICE) + 1),
        agenda: AgendaId(u128::from(number) + 1),
    })
}

fn booking(agenda: u64, seq: Seq) -> Booking {
    let number = (u128::from(agenda) << 64) | u128::from(seq);
    let start = UtcMinute(29_000_000 + i64::try_from(seq).unwrap() * 15);
    Booking {
        id: BookingId(number),
        kind: TypeId(1),
        span: Span::starting(start, 15),
        occupied: Span::starting(start, 15),
        place: PlaceId(1),
        patient: PatientId((u128::from(agenda) << 64) | u128::from(seq % PATIENTS_PER_AGENDA)),
        details: BlobId(number),
        manage: None,
        notice_version: Some(1),
        online: true,
        booked_at: UtcMillis(1_790_000_000_000),
        overbooks: BTreeSet::new(),
    }
}

/// Three bookings, each with its patient's data and a row, then the cancellation of an older one.
fn commit(agenda: u64, expected: Seq, count: u64) -> Commit {
    let stream = agenda_key(agenda);
    let (mut events, mut personal, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for seq in expected + 1..=expected + count {
        let event = if seq % 4 == 0 {
            Event::BookingCancelled {
                booking: booking(agenda, seq / 2 + 1 - seq / 2 % 2).id,
                by: CancelledBy::Patient,
            }
        } else {
            let booking = booking(agenda, seq);
            personal.push(PersonalPart {
                patient: booking.patient,
                blob: booking.details,
                person: Person {
                    given_name: "Marie-Françoise".to_owned(),
                    family_name: format!("Delacroix-{seq}"),
                    email: Some(format!("marie.delacroix{seq}@example.fr")),
                    phone: None,
                },
            });
            let key = RecordKey {
                practice: stream.practice().0,
                table: Table::BookingPlace.number(),
                id: booking.id.0.to_be_bytes().to_vec(),
            };
            writes.push((key, Some(u128::from(agenda).to_be_bytes().to_vec())));
            Event::SlotBooked {
                booking,
                from_hold: None,
                outside_hours: false,
            }
        };
        events.push(Recorded {
            seq,
            at: UtcMillis(1_790_000_000_000 + i64::try_from(seq).unwrap()),
            principal: Principal::System,
            command_id: CommandId(u128::from(seq)),
            digest: [7; 16],
            last_of_command: true,
            event: StreamEvent::Agenda(event),
        });
    }
    Commit {
        stream,
        expected,
        events,
        personal,
        writes,
        origins: Vec::new(),
    }
}

/// Writes one agenda as its actor does: commits, and a checkpoint every some hundred events.
async fn write_agenda(store: Arc<dyn StreamStore>, agenda: u64, events: u64) {
    let stream = agenda_key(agenda);
    let loaded = store.load(stream).await.unwrap();
    let (mut state, mut people, mut head) = (loaded.state, loaded.people, loaded.head);
    while head < events {
        let next = commit(agenda, head, COMMIT_EVENTS.min(events - head));
        let done = loop {
            match store.append(next.clone()).await {
                Ok(done) => break done,
                // Rows come faster than sled takes them: the actors' callers are told to wait, and so are we.
                Err(AppendError::Busy) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("{error}"),
            }
        };
        next.events.iter().for_each(|event| state.apply(event));
        people.extend(done.people);
        if done.head / CHECKPOINT_EVENTS > head / CHECKPOINT_EVENTS {
            store
                .put_checkpoint(stream, state.clone(), people.clone())
                .await
                .unwrap();
        }
        head = done.head;
    }
}

/// The child: writes everything, says so, and waits to be killed.
async fn write(data: &Path) {
    let (events, agendas) = size();
    let storage = open(data);
    let mut running = JoinSet::new();
    for agenda in 0..agendas {
        if running.len() >= AGENDAS_AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(write_agenda(storage.streams(), agenda, events));
    }
    running.join_all().await;
    println!("written");
    std::thread::park();
}

fn written(data: &Path) {
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .env(WRITER, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "written\n", "the writer did not come to its end");
}

/// The child: verifies the stopped store, and prints its own peak memory in KiB.
fn verify_here(data: &Path) {
    let report = verify(data, &KeySource::Secret(KEY), None).unwrap();
    let (events, agendas) = size();
    assert!(report.events >= events * agendas, "{report:?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", peak.trim().trim_end_matches(" kB"));
}

/// Verifies in a process of its own; its peak memory in MiB.
fn verified(data: &Path) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(VERIFIER, data)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let peak_kib: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    peak_kib >> 10
}

fn drop_page_cache() -> bool {
    let synced = Command::new("sync").status().is_ok_and(|status| status.success());
    synced && std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// Reads every segment once, in order.
fn read_raw(data: &Path) -> (u64, Duration) {
    let began = Instant::now();
    let mut files: Vec<PathBuf> = std::fs::read_dir(data.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut buffer = vec![0; 1024 * 1024];
    let mut bytes = 0;
    for path in files {
        let mut file = std::fs::File::open(path).unwrap();
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            bytes += u64::try_from(read).unwrap();
        }
    }
    (bytes, began.elapsed())
}

async fn rows_ready(storage: &Storage) {
    loop {
        let stats = storage.stats();
        let applied = stats.read_store.map_or(0, |rows| rows.applied);
        if stats.overlay.ready && applied >= stats.position {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn line(what: &str, took: Duration, target: Option<Duration>) {
    let target = target.map_or_else(String::new, |target| {
        let word = if took <= target { "met" } else { "MISSED" };
        format!("   target {:>4.1} s: {word}", target.as_secs_f64())
    });
    println!("  {what:<58} {:>9.3} s{target}", took.as_secs_f64());
}

async fn measure(data: &Path) {
    let (events, agendas) = size();
    println!("recovery: {} events in {agendas} agendas", events * agendas);
    let began = Instant::now();
    written(data);
    line("writing them through StreamStore, then kill -9", began.elapsed(), None);
    if !drop_page_cache() {
        println!("  the page cache cannot be dropped here: files are read warm");
    }
    let (bytes, raw) = read_raw(data);
    line(
        &format!("raw: reading the journal's {} MiB in order", bytes >> 20),
        raw,
        None,
    );
    drop_page_cache();
    let began = Instant::now();
    let storage = open(data);
    line("open", began.elapsed(), None);
    let loading = Instant::now();
    let loaded = storage.streams().load(agenda_key(agendas / 2)).await.unwrap();
    assert_eq!(loaded.head, events);
    line("first load of an agenda", loading.elapsed(), None);
    let mut next = commit(agendas / 2, events, 1);
    // A row's check waits for the rows; the agenda itself is served before.
    next.writes.clear();
    let appending = Instant::now();
    storage.streams().append(next).await.unwrap();
    line("first append acknowledged", appending.elapsed(), None);
    line("served: all three together", began.elapsed(), Some(SERVED_TARGET));
    rows_ready(&storage).await;
    line("rows ready since the opening began", began.elapsed(), None);
    println!(
        "  records read by opening: {}",
        storage.stats().journal.unwrap().scanned_at_open
    );
    storage.close().await.unwrap();
    drop(storage);
    std::fs::remove_dir_all(data.join("sled")).unwrap();
    drop_page_cache();
    let began = Instant::now();
    let storage = open(data);
    rows_ready(&storage).await;
    line(
        "sled rebuilt from nothing, opening included",
        began.elapsed(),
        Some(REBUILD_TARGET),
    );
    assert_eq!(storage.stats().read_store.unwrap().rebuilds, 1);
    storage.close().await.unwrap();
    drop(storage);
    drop_page_cache();
    let began = Instant::now();
    let peak_mib = verified(data);
    line("verify, in a process of its own", began.elapsed(), None);
    println!(
        "  peak memory of verify: {peak_mib} MiB; the journal: {} MiB",
        bytes >> 20
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Some(data) = std::env::var_os(WRITER) {
        runtime.block_on(write(Path::new(&data)));
        return;
    }
    if let Some(data) = std::env::var_os(VERIFIER) {
        verify_here(Path::new(&data));
        return;
    }
    let root = tempfile::tempdir().unwrap();
    runtime.block_on(measure(&root.path().join("data")));
}
