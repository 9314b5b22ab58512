//! Leaves sealed and opened: what is changed on the way is found, what is forgotten leaves its hashes.

use super::*;
use crate::memory::MemoryDisk;
use crate::seal::{SealKey, SeededEntropy};
use cabinet_domain::audit::{Act, Actor, LeafOrigin};
use cabinet_domain::ids::StaffId;
use std::sync::Arc;

const PRACTICE: u128 = 7;

fn keyring() -> Keyring {
    let (disk, entropy) = (Arc::new(MemoryDisk::new()), Arc::new(SeededEntropy::new(1)));
    Keyring::open(disk, SealKey::self_named([1; 32]), entropy, true).unwrap()
}

fn leaf(at: i64) -> Leaf {
    Leaf::done(
        UtcMillis(at),
        Actor::Staff(StaffId(5)),
        LeafOrigin::default(),
        Act::SignedIn,
    )
}

#[test]
fn leaves_open_as_they_were_and_not_in_another_practice() {
    let keyring = keyring();
    let (leaves, other) = ([leaf(1), leaf(2)], 8);
    let (job, month) = seal_leaves(&keyring, PRACTICE, &leaves).unwrap();
    assert_eq!(month.map(|(month, _)| month), Some(month_subject(UtcMillis(1))));
    let sealed = Sealed::read(&job.body).unwrap();
    let opened = sealed.open(&keyring, PRACTICE).unwrap();
    let read: Vec<Leaf> = opened
        .iter()
        .map(|one| match one {
            Shown::Whole { leaf, .. } => Leaf::clone(leaf),
            Shown::Newer | Shown::Expired => panic!("{one:?}"),
        })
        .collect();
    assert_eq!(read, leaves);
    keyring.practice_or_new(other).unwrap();
    assert!(sealed.open(&keyring, other).is_err());
}

#[test]
fn every_changed_byte_is_found() {
    let keyring = keyring();
    let (job, _) = seal_leaves(&keyring, PRACTICE, &[leaf(1), leaf(2)]).unwrap();
    for at in 0..job.body.len() {
        let mut bytes = job.body.to_vec();
        bytes[at] ^= 1;
        let found = Sealed::read(&bytes).map(|sealed| sealed.open(&keyring, PRACTICE));
        assert!(!matches!(found, Some(Ok(_))), "byte {at}");
    }
}

#[test]
fn a_forgotten_month_leaves_its_hashes() {
    let keyring = keyring();
    let (january, february) = (leaf(0), leaf(32 * MILLIS_PER_DAY));
    let (job, month) = seal_leaves(&keyring, PRACTICE, std::slice::from_ref(&january)).unwrap();
    let (later, _) = seal_leaves(&keyring, PRACTICE, std::slice::from_ref(&february)).unwrap();
    let (month, key) = month.unwrap();
    keyring.forget(PRACTICE, month.0, &[key]).unwrap();
    let sealed = Sealed::read(&job.body).unwrap();
    assert_eq!(sealed.open(&keyring, PRACTICE), Ok(vec![Shown::Expired]));
    assert_eq!(sealed.hashes().count(), 1);
    let opened = Sealed::read(&later.body).unwrap().open(&keyring, PRACTICE).unwrap();
    assert!(matches!(opened.first(), Some(Shown::Whole { .. })));
}

#[test]
fn months_begin_on_their_first_day() {
    for (days, month) in [
        (0, 1970 * 12),
        (30, 1970 * 12),
        (31, 1970 * 12 + 1),
        (-1, 1970 * 12 - 1),
        (20_784, 2026 * 12 + 10),
    ] {
        assert_eq!(
            month_subject(UtcMillis(days * MILLIS_PER_DAY)),
            subject_of_month(month),
            "{days}"
        );
    }
}
