//! Everything that is done to a layered disk is done to a plain one as well: both read the same afterwards, and below
//! nothing has changed.

use super::*;
use crate::disk::replace_file;
use crate::memory::MemoryDisk;

const NAMES: [&str; 4] = ["a", "folder/b", "folder/c", "d"];

/// Seeded numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// One seeded operation; what it answered.
fn operate(disk: &dyn Disk, dice: &mut Dice) -> String {
    let [name, other] = [0, 1].map(|_| Path::new(NAMES[usize::try_from(dice.below(4)).unwrap()]));
    let (at, count) = (dice.below(20_000), usize::try_from(dice.below(9_000)).unwrap());
    let filling = vec![u8::try_from(dice.below(255) + 1).unwrap(); count];
    match dice.below(7) {
        0 => format!("{:?}", disk.remove(name).map_err(|error| error.kind())),
        1 if name != other => format!("{:?}", disk.rename(name, other).map_err(|error| error.kind())),
        2 => format!("{:?}", disk.create(name).map(|_| ()).map_err(|error| error.kind())),
        3 => format!("{:?}", replace_file(disk, name, &filling).map_err(|error| error.kind())),
        4 => format!(
            "{:?}",
            disk.open(name)
                .and_then(|file| file.set_len(at))
                .map_err(|error| error.kind())
        ),
        _ => format!(
            "{:?}",
            disk.open(name)
                .and_then(|file| file.write_all_at(&filling, at))
                .map_err(|error| error.kind())
        ),
    }
}

/// Everything a reader can see.
fn seen(disk: &dyn Disk, dice: &mut Dice) -> Vec<String> {
    let mut seen = vec![format!("{:?}", disk.list(Path::new("folder")).unwrap_or_default())];
    for name in NAMES {
        let Ok(file) = disk.open(Path::new(name)) else {
            seen.push("none".to_owned());
            continue;
        };
        let (at, count) = (dice.below(22_000), usize::try_from(dice.below(12_000)).unwrap());
        let (mut part, mut whole) = (vec![7; count], vec![7; 40_000]);
        let read = file.read_at(&mut part, at).unwrap();
        let all = file.read_at(&mut whole, 0).unwrap();
        part.truncate(read);
        whole.truncate(all);
        seen.push(format!("{} {part:?} {whole:?}", file.len().unwrap()));
    }
    seen
}

#[test]
fn a_layered_disk_reads_as_a_plain_one_and_below_nothing_changes() {
    for seed in 0..200 {
        let below = MemoryDisk::new();
        for name in &NAMES[..3] {
            let file = below.create(Path::new(name)).unwrap();
            file.write_all_at(&[u8::try_from(seed).unwrap(); 10_000], 0).unwrap();
        }
        let before = below.image();
        let plain = MemoryDisk::from_image(before.clone());
        let layered = LayeredDisk::over(Arc::new(below.clone()));
        for step in 0..30 {
            let [mut one, mut two] = [0, 1].map(|_| Dice(seed * 1_000 + step));
            assert_eq!(
                operate(&plain, &mut one),
                operate(&layered, &mut two),
                "seed {seed} step {step}"
            );
            assert!(
                seen(&plain, &mut one) == seen(&layered, &mut two),
                "seed {seed} step {step}"
            );
        }
        assert!(below.image() == before);
    }
}
