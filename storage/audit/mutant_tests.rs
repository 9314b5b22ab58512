//! Logs that somebody rewrote who has the data, the keys of the data and this code, and recomputes every hash; but neither the
//! signing key nor the checkpoint that was mailed. All that touches what the mailed checkpoint covers must be found.
//!
//! `AUDIT_MUTANTS` sets how many are tried, `AUDIT_MUTANTS_SEED` with which seed; a mutant that is not found prints both.

use super::log::{Log, folder_of};
use super::note::{Checkpoint, PublicKey, Signer};
use super::verify::verify;
use crate::audit::leaves::seal_leaves;
use crate::audit::origin_of;
use crate::dice::Dice;
use crate::disk::{Disk, replace_file};
use crate::keyring::Keyring;
use crate::memory::MemoryDisk;
use crate::seal::{SealKey, SeededEntropy};
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::ids::{AgendaId, BookingId, PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const PRACTICE: u128 = 7;
const LEAVES: usize = 330;
/// What the mailed checkpoint covers: a full tile and some of the next.
const COVERED: usize = 300;
const NAME: &str = "log.example";
const KINDS: usize = 8;

struct World {
    keyring: Keyring,
    signer: Signer,
    leaves: Vec<Leaf>,
    bodies: Vec<Vec<u8>>,
    /// Genuine checkpoints by size, of which the attacker kept all.
    notes: BTreeMap<usize, String>,
}

impl World {
    fn new() -> Self {
        let (disk, entropy) = (Arc::new(MemoryDisk::new()), Arc::new(SeededEntropy::new(1)));
        let keyring = Keyring::open(disk, SealKey::self_named([1; 32]), entropy, true).unwrap();
        let leaves: Vec<Leaf> = (0..LEAVES as u128).map(leaf).collect();
        let bodies = leaves.iter().map(|leaf| sealed(&keyring, leaf)).collect();
        let mut world = Self {
            keyring,
            signer: Signer::fresh(NAME).unwrap(),
            leaves,
            bodies,
            notes: BTreeMap::new(),
        };
        for size in [0, 1, 100, 255, 256, 257, COVERED, LEAVES] {
            let (_, note) = world.written(&world.bodies[..size], &world.signer);
            world.notes.insert(size, note);
        }
        world
    }

    /// The folder that these leaves make, and a checkpoint of it.
    fn written(&self, bodies: &[Vec<u8>], signer: &Signer) -> (MemoryDisk, String) {
        let disk = MemoryDisk::new();
        let mut log = Log::begin(PRACTICE);
        for (at, body) in bodies.iter().enumerate() {
            log.add(&disk, at as u64 + 1, body).unwrap();
        }
        log.flush(&disk).unwrap();
        let frontier = &log.head().frontier;
        let note = signer.sign(&Checkpoint {
            origin: origin_of(NAME, PracticeId(PRACTICE)),
            size: frontier.size(),
            root: frontier.root(),
            at: UtcMillis(9),
        });
        (disk, note)
    }

    /// Leaves as an attacker would rather have them, different from the genuine ones below `COVERED`.
    fn rewritten(&self, kind: usize, dice: &mut Dice) -> Vec<Vec<u8>> {
        let mut bodies = self.bodies.clone();
        let at = dice.index(COVERED);
        match kind {
            0 => bodies[at] = sealed(&self.keyring, &edited(&self.leaves[at], dice)),
            1 => drop(bodies.remove(at)),
            2 => bodies.insert(at, sealed(&self.keyring, &leaf(dice.id() | 1 << 100))),
            3 => {
                let other = (at + 1 + dice.index(COVERED - 1)) % COVERED;
                bodies.swap(at, other);
            }
            // Cut off.
            4 => bodies.truncate(at),
            // A fork: the beginning is genuine, all that follows is another story of the same length.
            _ => {
                for (number, body) in bodies.iter_mut().enumerate().skip(at) {
                    *body = sealed(&self.keyring, &leaf(number as u128 | 1 << 101));
                }
            }
        }
        bodies
    }

    fn mutant(&self, kind: usize, dice: &mut Dice) -> MemoryDisk {
        match kind {
            // The whole folder as it once was, genuine to the last byte.
            6 => {
                let earlier: Vec<_> = self.notes.range(1..COVERED).collect();
                let (size, note) = earlier[dice.index(earlier.len())];
                let (disk, _) = self.written(&self.bodies[..*size], &self.signer);
                with_checkpoint(disk, note)
            }
            // Somebody clumsy: one bit, nothing recomputed.
            7 => {
                let (disk, _) = self.written(&self.bodies, &self.signer);
                let mut image = with_checkpoint(disk, &self.notes[&LEAVES]).image();
                let judged: Vec<PathBuf> = image.keys().filter(|path| !path.ends_with("head")).cloned().collect();
                let bytes = image.get_mut(&judged[dice.index(judged.len())]).unwrap();
                let at = dice.index(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
                MemoryDisk::from_image(image)
            }
            rewriting => {
                let bodies = self.rewritten(rewriting, dice);
                let forger = Signer::fresh(NAME).unwrap();
                let (disk, forged) = self.written(&bodies, &forger);
                // A signature of their own, or a genuine checkpoint of any size they kept.
                let kept: Vec<&String> = self.notes.values().chain([&forged]).collect();
                with_checkpoint(disk, kept[dice.index(kept.len())])
            }
        }
    }
}

fn with_checkpoint(disk: MemoryDisk, note: &str) -> MemoryDisk {
    replace_file(&disk, &folder_of(PRACTICE).join("checkpoint"), note.as_bytes()).unwrap();
    disk
}

fn leaf(number: u128) -> Leaf {
    Leaf {
        agenda: Some(AgendaId(1)),
        subject: Subject::Booking(BookingId(number + 1)),
        ..Leaf::done(
            UtcMillis(1_000),
            Actor::Staff(StaffId(number % 3)),
            LeafOrigin::default(),
            Act::Booked,
        )
    }
}

fn edited(leaf: &Leaf, dice: &mut Dice) -> Leaf {
    let mut leaf = leaf.clone();
    match dice.below(4) {
        0 => leaf.actor = Actor::Staff(StaffId(99)),
        1 => leaf.at = leaf.at.plus_minutes(1),
        2 => leaf.act = Act::Cancelled,
        // Even the same leaf under a fresh salt is another one.
        _ => {}
    }
    leaf
}

fn sealed(keyring: &Keyring, leaf: &Leaf) -> Vec<u8> {
    seal_leaves(keyring, PRACTICE, std::slice::from_ref(leaf))
        .unwrap()
        .0
        .body
        .to_vec()
}

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whoever_rewrites_what_the_mailed_checkpoint_covers_is_found() {
    let world = World::new();
    let key = PublicKey::parse(&world.signer.public_key()).unwrap();
    let mailed = vec![world.notes[&COVERED].clone()];
    let folder = folder_of(PRACTICE);
    let judged = |disk: &dyn Disk| verify((disk, &folder), &key, &mailed, Some((&world.keyring, PRACTICE)));
    let (genuine, _) = world.written(&world.bodies, &world.signer);
    let report = judged(&with_checkpoint(genuine, &world.notes[&LEAVES])).unwrap();
    assert_eq!((report.covered, report.opened), (COVERED as u64, LEAVES as u64));
    let (count, seed) = (asked("AUDIT_MUTANTS", 10_000), asked("AUDIT_MUTANTS_SEED", 1));
    let mut found = [0_u64; KINDS];
    for number in 0..count {
        let seed = seed.wrapping_add(number);
        let kind = usize::try_from(seed % KINDS as u64).unwrap();
        let disk = world.mutant(kind, &mut Dice::new(seed));
        assert!(
            judged(&disk).is_err(),
            "not found: AUDIT_MUTANTS=1 AUDIT_MUTANTS_SEED={seed}, kind {kind}"
        );
        found[kind] += 1;
    }
    assert!(
        count < KINDS as u64 || found.iter().all(|found| *found > 0),
        "{found:?}"
    );
}

/// What nobody can promise: leaves after the mailed checkpoint can be rewritten by whoever also has the signing key.
#[test]
fn the_window_is_what_the_mailed_checkpoint_does_not_cover() {
    let world = World::new();
    let key = PublicKey::parse(&world.signer.public_key()).unwrap();
    let mailed = vec![world.notes[&COVERED].clone()];
    let mut bodies = world.bodies.clone();
    bodies[COVERED] = sealed(&world.keyring, &leaf(1 << 90));
    let (disk, signed_by_a_thief) = world.written(&bodies, &world.signer);
    let disk = with_checkpoint(disk, &signed_by_a_thief);
    let report = verify((&disk, &folder_of(PRACTICE)), &key, &mailed, None).unwrap();
    assert_eq!(report.size - report.covered, (LEAVES - COVERED) as u64);
    // One leaf earlier, and it is found even so.
    bodies.swap(COVERED - 1, COVERED);
    let (disk, signed_by_a_thief) = world.written(&bodies, &world.signer);
    let disk = with_checkpoint(disk, &signed_by_a_thief);
    assert!(verify((&disk, &folder_of(PRACTICE)), &key, &mailed, None).is_err());
}
