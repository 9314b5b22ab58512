//! The read store's promises.

use super::{Broken, Outcome, ReadStoreSubject, same, sound};
use crate::journal::{Position, RecordKey, RecordWrite};
use crate::records::{ReadStore, VALUE_BYTES_MAX};
use bytes::Bytes;

type Check<S> = (&'static str, fn(&mut S) -> Outcome);

/// Runs every check on a fresh subject each.
///
/// # Errors
/// The first promise that is not kept.
pub fn run_read_store_suite<S: ReadStoreSubject>(mut make: impl FnMut() -> S) -> Result<(), Broken> {
    let checks: [Check<S>; 4] = [
        ("rows come back with their versions", rows_come_back),
        ("scans stay inside their table and their page", scans_stay_inside),
        ("the last write of a batch counts", the_last_write_counts),
        ("what was flushed is there again", flushed_is_there_again),
    ];
    for (check, run) in checks {
        run(&mut make()).map_err(|what| Broken { check, what })?;
    }
    Ok(())
}

fn key(practice: u128, table: u16, id: &[u8]) -> RecordKey {
    RecordKey {
        practice,
        table,
        id: id.to_vec(),
    }
}

fn write(key: RecordKey, value: Option<&[u8]>) -> RecordWrite {
    RecordWrite {
        key,
        value: value.map(Bytes::copy_from_slice),
    }
}

fn found(store: &dyn ReadStore, key: &RecordKey) -> Result<Option<(Position, Bytes)>, String> {
    let row = sound("get", store.get(key))?;
    Ok(row.map(|row| (row.version, row.value)))
}

fn rows_come_back<S: ReadStoreSubject>(subject: &mut S) -> Outcome {
    let store = sound("open", subject.open())?;
    same("applied", &sound("applied", store.applied())?, &0)?;
    let (small, large) = (key(1, 2, b"a"), key(1, 2, &[255; 64]));
    let value = vec![9; VALUE_BYTES_MAX];
    let writes = [
        (3, write(small.clone(), Some(b""))),
        (4, write(large.clone(), Some(&value))),
    ];
    sound("apply", store.apply(5, &writes))?;
    same("applied", &sound("applied", store.applied())?, &5)?;
    same("small", &found(store.as_ref(), &small)?, &Some((3, Bytes::new())))?;
    same("large", &found(store.as_ref(), &large)?, &Some((4, Bytes::from(value))))?;
    same("absent", &found(store.as_ref(), &key(1, 2, b"b"))?, &None)?;
    sound("delete", store.apply(6, &[(6, write(small.clone(), None))]))?;
    same("deleted", &found(store.as_ref(), &small)?, &None)?;
    sound("nothing", store.apply(9, &[]))?;
    same("applied", &sound("applied", store.applied())?, &9)
}

fn scans_stay_inside<S: ReadStoreSubject>(subject: &mut S) -> Outcome {
    let store = sound("open", subject.open())?;
    let ids: [&[u8]; 4] = [&[0], &[0, 0], &[1], &[255, 255]];
    let mut writes = Vec::new();
    for (practice, table) in [(1, 2), (1, 3), (2, 2), (u128::MAX, u16::MAX)] {
        writes.extend(ids.iter().map(|id| (1, write(key(practice, table, id), Some(b"x")))));
    }
    sound("apply", store.apply(1, &writes))?;
    for (practice, table) in [(1, 2), (1, 3), (2, 2), (u128::MAX, u16::MAX)] {
        let all = sound("scan", store.scan(practice, table, None, 100))?;
        let names: Vec<Vec<u8>> = all.into_iter().map(|row| row.key.id).collect();
        same("ids", &names, &ids.iter().map(|id| id.to_vec()).collect())?;
        let page = sound("scan", store.scan(practice, table, Some(&[0]), 2))?;
        let names: Vec<Vec<u8>> = page.into_iter().map(|row| row.key.id).collect();
        same("page", &names, &vec![vec![0, 0], vec![1]])?;
    }
    same("empty table", &sound("scan", store.scan(1, 9, None, 10))?, &Vec::new())
}

fn the_last_write_counts<S: ReadStoreSubject>(subject: &mut S) -> Outcome {
    let store = sound("open", subject.open())?;
    let (one, two) = (key(1, 2, b"one"), key(1, 2, b"two"));
    let writes = [
        (1, write(one.clone(), Some(b"old"))),
        (2, write(one.clone(), None)),
        (3, write(one.clone(), Some(b"new"))),
        (3, write(two.clone(), Some(b"gone"))),
        (4, write(two.clone(), None)),
    ];
    sound("apply", store.apply(4, &writes))?;
    same(
        "one",
        &found(store.as_ref(), &one)?,
        &Some((3, Bytes::from_static(b"new"))),
    )?;
    same("two", &found(store.as_ref(), &two)?, &None)?;
    // The same again, as after a restart that has lost the newest position.
    sound("apply again", store.apply(4, &writes))?;
    same(
        "one",
        &found(store.as_ref(), &one)?,
        &Some((3, Bytes::from_static(b"new"))),
    )
}

fn flushed_is_there_again<S: ReadStoreSubject>(subject: &mut S) -> Outcome {
    let store = sound("open", subject.open())?;
    for id in 0..200_u8 {
        let position = u64::from(id) + 1;
        sound(
            "apply",
            store.apply(position, &[(position, write(key(1, 2, &[id]), Some(&[id; 100])))]),
        )?;
    }
    sound("flush", store.flush())?;
    drop(store);
    let store = sound("open again", subject.open())?;
    same("applied", &sound("applied", store.applied())?, &200)?;
    let rows = sound("scan", store.scan(1, 2, None, 1_000))?;
    same("rows", &rows.len(), &200)?;
    let intact = rows
        .iter()
        .all(|row| row.key.id.first().is_some_and(|id| row.value == vec![*id; 100]));
    same("values", &intact, &true)
}
