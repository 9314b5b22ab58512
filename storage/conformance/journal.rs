//! The journal's promises.

use super::{Broken, JournalSubject, Outcome, holds, same, sound};
use crate::AppendError;
use crate::journal::{
    Append, EVENTS_PER_APPEND_MAX, Fence, Head, Journal, NewJob, Position, RecordCheck, RecordKey, RecordWrite,
};
use crate::memory::MemoryRows;
use crate::records::{Overlay, RecordIndex};
use bytes::Bytes;
use cabinet_domain::ids::{AgendaId, AgendaKey, PracticeId, Seq};
use cabinet_domain::stream::StreamKey;
use std::sync::Arc;

fn agenda(number: u128) -> StreamKey {
    StreamKey::Agenda(AgendaKey {
        practice: PracticeId(1),
        agenda: AgendaId(number),
    })
}

fn event(seq: Seq) -> Bytes {
    Bytes::from(format!("sealed event {seq}"))
}

fn chain(seq: Seq) -> [u8; 32] {
    crate::seal::sha256(&[&seq.to_be_bytes()])
}

fn append(stream: StreamKey, fence: Fence, expected: Seq, count: u64) -> Append {
    Append {
        stream: Some(stream),
        fence,
        expected,
        events: (expected + 1..=expected + count).map(event).collect(),
        chain: chain(expected + count),
        checks: Vec::new(),
        writes: Vec::new(),
        jobs: Vec::new(),
    }
}

fn key(id: &[u8]) -> RecordKey {
    RecordKey {
        practice: 1,
        table: 3,
        id: id.to_vec(),
    }
}

fn records(fence: Fence, checks: &[(&[u8], Position)], writes: &[(&[u8], Option<&'static [u8]>)]) -> Append {
    let check = |(id, version): &(&[u8], Position)| RecordCheck {
        key: key(id),
        version: *version,
    };
    let write = |(id, value): &(&[u8], Option<&'static [u8]>)| RecordWrite {
        key: key(id),
        value: value.map(Bytes::from_static),
    };
    Append {
        stream: None,
        fence,
        expected: 0,
        events: Vec::new(),
        chain: [0; 32],
        checks: checks.iter().map(check).collect(),
        writes: writes.iter().map(write).collect(),
        jobs: Vec::new(),
    }
}

fn memory_index() -> Arc<dyn RecordIndex> {
    Arc::new(Overlay::at_once(Arc::new(MemoryRows::new())))
}

fn started(subject: &mut dyn JournalSubject) -> Result<Arc<dyn Journal>, String> {
    sound("open", subject.open(memory_index()))
}

/// Runs every check on a fresh subject each.
///
/// # Errors
/// The first promise that is not kept.
pub async fn run_journal_suite<S: JournalSubject>(mut make: impl FnMut() -> S) -> Result<(), Broken> {
    macro_rules! run {
        ($($check:ident),+ $(,)?) => {$(
            let outcome = $check(&mut make()).await;
            outcome.map_err(|what| Broken { check: stringify!($check), what })?;
        )+};
    }
    run!(
        a_new_journal_is_empty,
        positions_are_dense_and_reads_are_exact,
        a_wrong_head_is_a_conflict_and_writes_nothing,
        of_two_writers_one_wins,
        an_old_fence_is_refused_for_good,
        checks_bind_the_whole_append,
        bounds_hold_at_the_bound,
        a_full_overlay_is_busy_and_writes_nothing,
        followers_see_everything_in_order,
        the_newest_checkpoint_is_kept,
        a_restart_keeps_everything_and_raises_the_fence,
        closing_is_final_and_idempotent,
    );
    Ok(())
}

async fn a_new_journal_is_empty(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let head = sound("head", journal.head(agenda(1)).await)?;
    same("head", &(head.seq, head.chain), &(0, [0; 32]))?;
    same(
        "events",
        &sound("read", journal.read(agenda(1), 0, 10).await)?,
        &Vec::new(),
    )?;
    let later = sound("follow", journal.follow(journal.position(), 10).await)?;
    same("entries", &later, &Vec::new())?;
    same("streams", &sound("streams", journal.streams().await)?, &Vec::new())?;
    let checkpoint = sound("checkpoint", journal.checkpoint(agenda(1)).await)?;
    same("checkpoint", &checkpoint, &None)?;
    sound("close", journal.close().await)
}

async fn positions_are_dense_and_reads_are_exact(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    let commits = [(1, 0, 2), (2, 0, 1), (1, 2, 3), (2, 1, 1)];
    // A backend may keep records of its own before: positions are dense, not the first one's number.
    for (position, (stream, expected, count)) in (journal.position() + 1..).zip(commits) {
        let done = journal.append(append(agenda(stream), fence, expected, count)).await;
        same("position of an append", &sound("append", done)?, &position)?;
        same("position", &journal.position(), &position)?;
    }
    let all = sound("read", journal.read(agenda(1), 0, 100).await)?;
    same("all events", &all, &(1..=5).map(|seq| (seq, event(seq))).collect())?;
    let page = sound("read", journal.read(agenda(1), 2, 2).await)?;
    same("a page", &page, &vec![(3, event(3)), (4, event(4))])?;
    same(
        "past the head",
        &sound("read", journal.read(agenda(1), 5, 9).await)?,
        &Vec::new(),
    )?;
    let head = sound("head", journal.head(agenda(1)).await)?;
    same("head", &(head.seq, head.chain), &(5, chain(5)))?;
    let streams = sound("streams", journal.streams().await)?;
    same("streams", &streams, &vec![agenda(1), agenda(2)])?;
    sound("close", journal.close().await)
}

async fn a_wrong_head_is_a_conflict_and_writes_nothing(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    let written = sound("append", journal.append(append(agenda(1), fence, 0, 2)).await)?;
    for expected in [0, 1, 3] {
        let refused = journal.append(append(agenda(1), fence, expected, 1)).await;
        holds(
            "conflict",
            matches!(refused, Err(AppendError::Conflict { head: 2 })),
            &refused,
        )?;
    }
    same("position", &journal.position(), &written)?;
    sound("append", journal.append(append(agenda(1), fence, 2, 1)).await)?;
    sound("close", journal.close().await)
}

async fn of_two_writers_one_wins(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    for round in 0..20 {
        let write = || journal.append(append(agenda(1), fence, round, 1));
        let (one, two) = tokio::join!(write(), write());
        let won = [&one, &two].iter().filter(|answer| answer.is_ok()).count();
        same("winners", &won, &1)?;
        let lost = if one.is_ok() { two } else { one };
        let head = round + 1;
        holds(
            "loser",
            matches!(lost, Err(AppendError::Conflict { head: at }) if at == head),
            &lost,
        )?;
    }
    sound("close", journal.close().await)
}

async fn an_old_fence_is_refused_for_good(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    sound("append", journal.append(append(agenda(1), fence, 0, 1)).await)?;
    let head = sound("claim", journal.claim(agenda(1), fence + 1).await)?;
    let expected = Head {
        seq: 1,
        chain: chain(1),
        fence: fence + 1,
    };
    same("claimed head", &head, &expected)?;
    let refused = journal.append(append(agenda(1), fence, 1, 1)).await;
    let fenced = matches!(refused, Err(AppendError::Fenced { current }) if current == fence + 1);
    holds("old fence", fenced, &refused)?;
    let behind = journal.claim(agenda(1), fence).await;
    holds("claim with an old fence", behind.is_err(), &behind)?;
    sound("new fence", journal.append(append(agenda(1), fence + 1, 1, 1)).await)?;
    sound("another stream", journal.append(append(agenda(2), fence, 0, 1)).await)?;
    sound("close", journal.close().await)
}

async fn checks_bind_the_whole_append(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    let first = records(fence, &[(b"a", 0)], &[(b"a", Some(b"one"))]);
    let version = sound("absent", journal.append(first.clone()).await)?;
    let again = journal.append(first).await;
    holds("present", matches!(again, Err(AppendError::CheckFailed)), &again)?;
    let mut with_events = append(agenda(1), fence, 0, 1);
    with_events.checks = records(fence, &[(b"a", version + 7)], &[]).checks;
    let refused = journal.append(with_events.clone()).await;
    holds(
        "wrong version",
        matches!(refused, Err(AppendError::CheckFailed)),
        &refused,
    )?;
    let head = sound("head", journal.head(agenda(1)).await)?;
    same("nothing written", &(head.seq, journal.position()), &(0, version))?;
    with_events.checks = records(fence, &[(b"a", version)], &[]).checks;
    sound("right version", journal.append(with_events).await)?;
    sound(
        "delete",
        journal
            .append(records(fence, &[(b"a", version)], &[(b"a", None)]))
            .await,
    )?;
    let reborn = records(fence, &[(b"a", 0)], &[(b"a", Some(b"two"))]);
    sound("absent after deletion", journal.append(reborn).await)?;
    let both = || journal.append(records(fence, &[(b"b", 0)], &[(b"b", Some(b"once"))]));
    let (one, two) = tokio::join!(both(), both());
    holds("one of two creates", one.is_ok() != two.is_ok(), &(one, two))?;
    sound("close", journal.close().await)
}

async fn bounds_hold_at_the_bound(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    let most = u64::try_from(EVENTS_PER_APPEND_MAX).unwrap_or(u64::MAX);
    let refused = journal.append(append(agenda(1), fence, 0, most + 1)).await;
    holds(
        "one event too many",
        matches!(refused, Err(AppendError::TooLarge)),
        &refused,
    )?;
    let written = sound("most events", journal.append(append(agenda(1), fence, 0, most)).await)?;
    let mut large = append(agenda(2), fence, 0, 1);
    large.events = vec![Bytes::from(vec![7; crate::journal::APPEND_BYTES_MAX + 1])];
    let refused = journal.append(large).await;
    holds(
        "one byte too many",
        matches!(refused, Err(AppendError::TooLarge)),
        &refused,
    )?;
    same("position", &journal.position(), &written)?;
    sound("close", journal.close().await)
}

async fn a_full_overlay_is_busy_and_writes_nothing(subject: &mut dyn JournalSubject) -> Outcome {
    let overlay = Arc::new(Overlay::new(250));
    let journal = sound("open", subject.open(overlay.clone()))?;
    let fence = journal.fence();
    let write = |id: &'static [u8]| records(fence, &[], &[(id, Some(b"value"))]);
    for id in [b"a", b"b"] {
        sound("fits", journal.append(write(id)).await)?;
    }
    let refused = journal.append(write(b"c")).await;
    holds("full", matches!(refused, Err(AppendError::Busy)), &refused)?;
    let unknown = journal.append(records(fence, &[(b"z", 0)], &[])).await;
    holds(
        "check without a read store",
        matches!(unknown, Err(AppendError::Busy)),
        &unknown,
    )?;
    let room = journal.append(append(agenda(1), fence, 0, 1)).await;
    let last = sound("events need no room", room)?;
    overlay.applied(last);
    let next = sound("room again", journal.append(write(b"c")).await)?;
    same("position", &next, &(last + 1))?;
    sound("close", journal.close().await)
}

async fn followers_see_everything_in_order(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    let mut rich = append(agenda(1), fence, 0, 2);
    rich.writes = records(fence, &[], &[(b"a", Some(b"value")), (b"b", None)]).writes;
    rich.jobs = vec![NewJob {
        kind: 4,
        dedup: 99,
        body: Bytes::from_static(b"sealed body"),
    }];
    let base = journal.position();
    let mut appended = vec![rich, append(agenda(2), fence, 0, 1)];
    appended.push(records(fence, &[], &[(b"a", None)]));
    for append in &appended {
        sound("append", journal.append(append.clone()).await)?;
    }
    let (mut after, mut seen) = (base, Vec::new());
    loop {
        let page = sound("follow", journal.follow(after, 2).await)?;
        holds("page", page.len() <= 2, &page.len())?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.position;
        seen.extend(page);
    }
    let positions: Vec<Position> = seen.iter().map(|entry| entry.position).collect();
    same("positions", &positions, &(base + 1..=base + 3).collect())?;
    for (entry, expected) in seen.iter().zip(&appended) {
        same("stream", &entry.append.stream, &expected.stream)?;
        same("events", &entry.append.events, &expected.events)?;
        same("writes", &entry.append.writes, &expected.writes)?;
        same("jobs", &entry.append.jobs, &expected.jobs)?;
    }
    sound("close", journal.close().await)
}

async fn the_newest_checkpoint_is_kept(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    sound("append", journal.append(append(agenda(1), fence, 0, 9)).await)?;
    for (at, body) in [(3, &b"three"[..]), (9, b"nine")] {
        let kept = journal.put_checkpoint(agenda(1), at, Bytes::from_static(body)).await;
        sound("put", kept)?;
        let found = sound("get", journal.checkpoint(agenda(1)).await)?;
        same("checkpoint", &found, &Some((at, Bytes::from_static(body))))?;
    }
    same(
        "other stream",
        &sound("get", journal.checkpoint(agenda(2)).await)?,
        &None,
    )?;
    sound("close", journal.close().await)?;
    drop(journal);
    let journal = started(subject)?;
    let found = sound("get", journal.checkpoint(agenda(1)).await)?;
    same("after a restart", &found, &Some((9, Bytes::from_static(b"nine"))))?;
    sound("close", journal.close().await)
}

async fn a_restart_keeps_everything_and_raises_the_fence(subject: &mut dyn JournalSubject) -> Outcome {
    let first = started(subject)?;
    let (fence, history) = (first.fence(), first.history());
    sound("append", first.append(append(agenda(1), fence, 0, 3)).await)?;
    sound("append", first.append(append(agenda(2), fence, 0, 1)).await)?;
    let before = sound("follow", first.follow(0, 10).await)?;
    sound("close", first.close().await)?;
    drop(first);
    let second = started(subject)?;
    holds("fence", second.fence() > fence, &second.fence())?;
    same("history", &second.history(), &history)?;
    let position = second.position();
    holds(
        "position",
        before.last().is_some_and(|last| position >= last.position),
        &position,
    )?;
    let again = sound("follow", second.follow(0, before.len()).await)?;
    same("entries", &again, &before)?;
    let head = sound("claim", second.claim(agenda(1), second.fence()).await)?;
    same("head", &(head.seq, head.chain), &(3, chain(3)))?;
    let late = second.append(append(agenda(1), fence, 3, 1)).await;
    holds(
        "fence of the former start",
        matches!(late, Err(AppendError::Fenced { .. })),
        &late,
    )?;
    let next = sound("go on", second.append(append(agenda(1), second.fence(), 3, 1)).await)?;
    same("next position", &next, &(position + 1))?;
    sound("close", second.close().await)
}

async fn closing_is_final_and_idempotent(subject: &mut dyn JournalSubject) -> Outcome {
    let journal = started(subject)?;
    let fence = journal.fence();
    sound("append", journal.append(append(agenda(1), fence, 0, 1)).await)?;
    sound("close", journal.close().await)?;
    sound("close again", journal.close().await)?;
    let refused = journal.append(append(agenda(1), fence, 1, 1)).await;
    holds("append after close", refused.is_err(), &refused)
}
