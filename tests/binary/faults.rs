//! The disk fails under the real binary: system calls fail, are cut short or never return; the power goes. strace gives the
//! faults and the record of what reached the disk when.
//!
//! Each test takes its number of cases from the environment (`make faults`, `make power-cut`) or does a short sample, and
//! prints the seed of a case that fails; `CABINET_SEED=n CABINET_CASES=1` does that one again.

mod acknowledged;
pub(crate) mod answers;
mod inject;
mod kinds;
mod power;
mod power_cut;
mod stores;
mod strace;
mod trace;

/// The cases to do: seeds `CABINET_SEED` (0) onwards, `CABINET_CASES` of them, or the sample.
fn seeds(sample: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("CABINET_SEED").unwrap_or(0);
    first..first + number("CABINET_CASES").unwrap_or(sample)
}

/// A number that follows from the seed and from what it is for (splitmix64).
fn draw(seed: u64, purpose: u64) -> u64 {
    let mut word = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(purpose.wrapping_mul(0xD1B5_4A32_D192_ED03));
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A number from `range` that follows from seed and purpose.
fn pick(seed: u64, purpose: u64, range: std::ops::Range<u64>) -> u64 {
    range.start + draw(seed, purpose) % (range.end - range.start).max(1)
}
