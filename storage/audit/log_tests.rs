//! A log's files: the tree they make, taking it up again after a stop or a crash, and what does not fit.

use super::*;
use crate::audit::leaves::seal_leaves;
use crate::audit::tiles::Tiles;
use crate::audit::tree::root_of;
use crate::keyring::Keyring;
use crate::memory::MemoryDisk;
use crate::seal::{SealKey, SeededEntropy};
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin};
use cabinet_domain::time::UtcMillis;

const PRACTICE: u128 = 7;

fn bodies(count: u64) -> Vec<Vec<u8>> {
    let (disk, entropy) = (Arc::new(MemoryDisk::new()), Arc::new(SeededEntropy::new(1)));
    let keyring = Keyring::open(disk, SealKey::self_named([1; 32]), entropy, true).unwrap();
    let leaf = |at| Leaf::done(UtcMillis(at), Actor::Server, LeafOrigin::default(), Act::Booked);
    let body = |number: u64| {
        let at = i64::try_from(number).unwrap();
        let leaves: Vec<Leaf> = (0..=at % 3).map(leaf).collect();
        seal_leaves(&keyring, PRACTICE, &leaves).unwrap().0.body.to_vec()
    };
    (0..count).map(body).collect()
}

fn written(disk: &dyn Disk, bodies: &[Vec<u8>], flush_every: usize) -> Log {
    let mut log = Log::open(disk, PRACTICE).unwrap().unwrap();
    for (at, body) in bodies.iter().enumerate() {
        log.add(disk, at as u64 + 1, body).unwrap();
        if at % flush_every == flush_every - 1 {
            log.flush(disk).unwrap();
        }
    }
    log.flush(disk).unwrap();
    log
}

#[test]
fn files_hold_the_tree_of_the_leaves_whenever_they_are_flushed() {
    let bodies = bodies(600);
    let mut frontier = Frontier::default();
    for body in &bodies {
        Sealed::read(body)
            .unwrap()
            .hashes()
            .for_each(|hash| frontier.push(hash));
    }
    let mut images = Vec::new();
    for flush_every in [1, 7, 1_000] {
        let disk = MemoryDisk::new();
        let log = written(&disk, &bodies, flush_every);
        let size = log.head().frontier.size();
        assert_eq!(log.head().frontier, frontier);
        let folder = folder_of(PRACTICE);
        let tiles = Tiles {
            disk: &disk,
            folder: &folder,
            size,
        };
        for size in [1, 255, 256, 257, 1_000, size] {
            let mut small = Frontier::default();
            let all = bodies
                .iter()
                .flat_map(|body| Sealed::read(body).unwrap().hashes().collect::<Vec<_>>());
            all.take(usize::try_from(size).unwrap())
                .for_each(|hash| small.push(hash));
            assert_eq!(root_of(&tiles, size).unwrap(), small.root(), "{size}");
        }
        // Nothing is left over of narrower tiles, whatever was flushed on the way.
        images.push(disk.image());
    }
    assert!(
        images
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one == other))
    );
}

#[test]
fn a_log_is_taken_up_where_it_was_left_and_passes_over_what_it_has() {
    let bodies = bodies(400);
    let (whole, parts) = (MemoryDisk::new(), MemoryDisk::new());
    written(&whole, &bodies, 1_000);
    written(&parts, &bodies[..150], 1_000);
    // Not flushed: as if the process had ended here.
    let mut lost = Log::open(&parts, PRACTICE).unwrap().unwrap();
    for (at, body) in bodies.iter().enumerate().take(390).skip(150) {
        lost.add(&parts, at as u64 + 1, body).unwrap();
    }
    written(&parts, &bodies, 1_000);
    assert_eq!(whole.image(), parts.image());
}

#[test]
fn what_does_not_fit_its_head_has_to_begin_again() {
    let bodies = bodies(400);
    let disk = MemoryDisk::new();
    let size = written(&disk, &bodies, 1_000).head().frontier.size();
    let folder = folder_of(PRACTICE);
    let image = disk.image();
    let tile = folder.join(tile_path(0, size / 256, usize::try_from(size % 256).unwrap()));
    for (path, change) in [
        (tile.clone(), false),
        (tile, true),
        (folder.join("head"), false),
        (entries_path(&folder, 0), true),
    ] {
        let mut image = image.clone();
        if change {
            image.remove(&path);
        } else if let Some(byte) = image.get_mut(&path).and_then(|bytes| bytes.last_mut()) {
            *byte ^= 1;
        }
        let disk = MemoryDisk::from_image(image);
        assert!(
            Log::open(&disk, PRACTICE).unwrap().is_none(),
            "{} {change}",
            path.display()
        );
    }
    assert!(Log::open(&disk, PRACTICE).unwrap().is_some());
    assert!(Log::open(&MemoryDisk::new(), PRACTICE).unwrap().is_some());
}
