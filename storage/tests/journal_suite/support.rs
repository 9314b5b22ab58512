//! What the journal's tests share: streams, appends, a seeded workload and the check of what survived it.

use bytes::Bytes;
use cabinet_domain::ids::{AgendaId, AgendaKey, PracticeId};
use cabinet_domain::stream::StreamKey;
use cabinet_storage::dice::Dice;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::{Append, InlineJournal, Journal, JournalOptions, RecordKey, RecordWrite};
use cabinet_storage::{AppendError, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) fn stream(number: u128) -> StreamKey {
    StreamKey::Agenda(AgendaKey {
        practice: PracticeId(1),
        agenda: AgendaId(number),
    })
}

pub(crate) fn append(to: StreamKey, fence: u64, expected: u64, events: &[&'static str]) -> Append {
    Append {
        stream: Some(to),
        fence,
        expected,
        events: events
            .iter()
            .map(|event| Bytes::from_static(event.as_bytes()))
            .collect(),
        chain: [u8::try_from(expected % 200).unwrap() + 1; 32],
        checks: Vec::new(),
        writes: Vec::new(),
        jobs: Vec::new(),
    }
}

/// Small segments; each look at the clock is a millisecond later, and the witness is due after 40.
pub(crate) fn small() -> JournalOptions {
    let clock = Arc::new(AtomicU64::new(0));
    JournalOptions {
        segment_bytes: 64 * 1024,
        new_history: Some(7),
        witness_interval: Duration::from_millis(40),
        ..JournalOptions::new(Arc::new(move || {
            Duration::from_millis(clock.fetch_add(1, Ordering::Relaxed))
        }))
    }
}

pub(crate) fn try_open(disk: &SimDisk) -> Result<InlineJournal, StoreError> {
    InlineJournal::open(Arc::new(disk.clone()), small())
}

pub(crate) fn open(disk: &SimDisk) -> InlineJournal {
    try_open(disk).unwrap()
}

/// The inline journal's futures are ready at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("an inline journal never waits"),
    }
}

/// What a workload was told.
#[derive(Default)]
pub(crate) struct Told {
    /// Acknowledged, in order.
    pub(crate) acknowledged: Vec<Append>,
    /// Of unknown outcome, in order; all were in one group, which was the last.
    pub(crate) unknown: Vec<Append>,
    /// Acknowledged checkpoints: the newest per stream.
    pub(crate) checkpoints: BTreeMap<StreamKey, u64>,
}

pub(crate) fn checkpoint_text(of: StreamKey, at: u64) -> Bytes {
    Bytes::from(format!("state of {of:?} at {at}"))
}

/// Runs a workload of that many commands, in groups of one to four, until it is over or an outcome is unknown.
pub(crate) fn work(journal: &InlineJournal, commands: u64, told: &mut Told) {
    let mut dice = Dice::new(11);
    let mut heads: BTreeMap<u128, u64> = BTreeMap::new();
    let mut done = 0;
    while done < commands {
        let mut group = Vec::new();
        for _ in 0..=dice.below(4) {
            done += 1;
            let number = u128::from(dice.below(5));
            let head = heads.entry(number).or_default();
            let events = 1 + dice.below(3);
            let texts: Vec<Bytes> = (0..events)
                .map(|event| {
                    let filling = usize::try_from(dice.below(400)).unwrap();
                    Bytes::from(format!("{number}/{} {}", *head + event + 1, "x".repeat(filling)))
                })
                .collect();
            let mut one = append(stream(number), journal.fence(), *head, &[]);
            one.events = texts;
            one.writes = vec![RecordWrite {
                key: RecordKey {
                    practice: 1,
                    table: 3,
                    id: vec![u8::try_from(number).unwrap()],
                },
                value: Some(Bytes::from(done.to_le_bytes().to_vec())),
            }];
            *head += events;
            group.push(one);
        }
        let outcomes = journal.append_group(&group);
        for (one, outcome) in group.into_iter().zip(outcomes) {
            match outcome {
                Ok(_) => told.acknowledged.push(one),
                Err(AppendError::Unknown) => told.unknown.push(one),
                Err(refused) => panic!("{refused}"),
            }
        }
        if !told.unknown.is_empty() {
            return;
        }
        if dice.below(12) == 0 {
            let (number, at) = heads
                .iter()
                .next_back()
                .map(|(number, at)| (stream(*number), *at))
                .unwrap();
            if now(journal.put_checkpoint(number, at, checkpoint_text(number, at))).is_err() {
                return;
            }
            told.checkpoints.insert(number, at);
        }
    }
}

/// Reads everything back and holds it against what was told: all that was acknowledged, then a part of what was
/// unknown cut between commands, and nothing else. Returns how many commands are there.
pub(crate) fn check(journal: &InlineJournal, told: &Told) -> usize {
    let entries = now(journal.follow(0, usize::MAX)).unwrap();
    assert!(entries.iter().map(|entry| entry.position).eq(1..=journal.position()));
    let found: Vec<&Append> = entries
        .iter()
        .map(|entry| &entry.append)
        .filter(|append| append.stream.is_some())
        .collect();
    let expected: Vec<&Append> = told.acknowledged.iter().chain(&told.unknown).collect();
    assert!(
        found.len() >= told.acknowledged.len(),
        "an acknowledged append is missing"
    );
    assert!(found.len() <= expected.len(), "something was invented");
    assert!(found == expected[..found.len()], "something else is there");
    let mut streams: BTreeMap<StreamKey, Vec<(u64, Bytes)>> = BTreeMap::new();
    for append in found.iter().copied() {
        let events = streams.entry(append.stream.unwrap()).or_default();
        events.extend((append.expected + 1..).zip(append.events.iter().cloned()));
    }
    assert!(now(journal.streams()).unwrap().iter().eq(streams.keys()));
    for (key, events) in &streams {
        assert_eq!(&now(journal.read(*key, 0, usize::MAX)).unwrap(), events);
        let checkpoint = now(journal.checkpoint(*key)).unwrap();
        let at_least = told.checkpoints.get(key).copied().unwrap_or(0);
        match checkpoint {
            Some((at, text)) => {
                assert!(at >= at_least && at <= events.len() as u64);
                assert_eq!(text, checkpoint_text(*key, at));
            }
            None => assert_eq!(at_least, 0, "an acknowledged checkpoint is gone"),
        }
    }
    found.len()
}
