//! The fuzz driver: seeded mutation of known inputs, on stable Rust. A failing input is named by seed and number and
//! printed, so that it can be replayed and kept in `tests/fuzz/corpus/`. Also compiled into the storage crate's tests.
//!
//! `CABINET_FUZZ_FACTOR` multiplies the number of inputs (`make fuzz`), `CABINET_FUZZ_SEED` replaces the seed.
//! Must not be here: what is fuzzed.

use tokio::time::Instant;

/// Longest input.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// How much the process may grow while one target is fuzzed.
const GROWTH_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// What decoders look at with care.
const TOKENS: [&[u8]; 16] = [
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x80",
    b"\r\n",
    b"\"",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"-1",
    b"1e999",
    b"null",
    b"18446744073709551616",
    b"\xed\xa0\x80",
];

/// Draws (xorshift64*).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        let mut draw = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        draw.next();
        draw
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `bound`; 0 when the bound is.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(1).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }
}

/// Says which input was at work if the target panics.
struct AtWork<'a> {
    target: &'a str,
    seed: u64,
    number: u64,
    input: &'a [u8],
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let hex: String = self.input.iter().map(|byte| format!("{byte:02x}")).collect();
            println!(
                "{}: input {} of CABINET_FUZZ_SEED={} failed: {hex}",
                self.target, self.number, self.seed
            );
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Bytes of this process that lie in memory (proc(5), statm, second field).
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4_096
}

fn mutate(draw: &mut Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds.get(draw.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..draw.below(6) {
        let at = draw.below(input.len() + 1);
        match draw.below(8) {
            0 => input.truncate(at),
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << draw.below(8);
                }
            }
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = draw.next().to_le_bytes()[0];
                }
            }
            3 => input.insert(at, draw.next().to_le_bytes()[0]),
            4 => {
                let token = TOKENS[draw.below(TOKENS.len())];
                input.splice(at..at, token.iter().copied());
            }
            5 => {
                let end = at + draw.below(input.len() - at + 1);
                input.drain(at..end);
            }
            6 => {
                let end = at + draw.below(input.len() - at + 1);
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            _ => {
                let other = &seeds[draw.below(seeds.len())];
                let from = draw.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

/// The kept inputs of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = ["tests/fuzz/corpus", "../tests/fuzz/corpus"].map(|path| root.join(path).join(target));
    let files = folder
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten();
    let mut kept: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    kept.sort();
    kept.iter()
        .map(|path| std::fs::read(path).expect("a kept input"))
        .collect()
}

/// Takes what a reader made of an input, so that the work is not optimised away.
pub(crate) fn tried<T>(outcome: T) {
    drop(std::hint::black_box(Some(outcome)));
}

/// Runs `check` on the kept inputs and `seeds` as they are, then on `inputs` mutations of them.
pub(crate) fn fuzz(target: &str, seeds: &[Vec<u8>], inputs: u64, mut check: impl FnMut(&[u8], &mut Draw)) {
    let mut seeds = seeds.to_vec();
    seeds.extend(corpus(target));
    assert!(!seeds.is_empty(), "{target}: nothing to start from");
    let seed = setting("CABINET_FUZZ_SEED").unwrap_or(1);
    let inputs = inputs * setting("CABINET_FUZZ_FACTOR").unwrap_or(1).max(1);
    let (began, before) = (Instant::now(), resident_bytes());
    let unchanged = u64::try_from(seeds.len()).unwrap_or(0);
    for number in 0..unchanged + inputs {
        let mut draw = Draw::new(seed.wrapping_add(number.wrapping_mul(0x0100_0000_01b3)));
        let known = usize::try_from(number)
            .ok()
            .and_then(|number| seeds.get(number))
            .cloned();
        let input = known.unwrap_or_else(|| mutate(&mut draw, &seeds));
        let at_work = AtWork {
            target,
            seed,
            number,
            input: &input,
        };
        check(at_work.input, &mut draw);
    }
    let grown = resident_bytes().saturating_sub(before);
    println!(
        "{target}: {} inputs in {:.1} s, seed {seed}, memory grew by {} KiB",
        unchanged + inputs,
        began.elapsed().as_secs_f64(),
        grown / 1_024
    );
    assert!(grown < GROWTH_BYTES_MAX, "{target}: memory grew by {grown} bytes");
}
