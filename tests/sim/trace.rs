//! What happened in a seed, line by line: the last lines for a report, and a hash of all of them, so that two runs of a
//! seed can be held against each other.

use std::collections::VecDeque;

/// Lines kept for the report of a failure.
const LINES_KEPT: usize = 60;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: u64,
    kept: VecDeque<String>,
    kept_max: usize,
}

impl Trace {
    /// Keeps the last lines, or with `whole` all of them.
    #[must_use]
    pub(crate) fn new(whole: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            lines: 0,
            kept: VecDeque::new(),
            kept_max: if whole { usize::MAX } else { LINES_KEPT },
        }
    }

    /// Adds a line.
    pub(crate) fn say(&mut self, line: String) {
        self.stir(line.as_bytes());
        self.lines += 1;
        if self.kept.len() >= self.kept_max {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }

    /// Lets bytes that are no line count in the hash (FNV-1a).
    pub(crate) fn stir(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Hash of everything so far.
    #[must_use]
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines kept, oldest first, numbered from the seed's beginning.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let first = self.lines - u64::try_from(self.kept.len()).unwrap_or(0);
        (first + 1..)
            .zip(&self.kept)
            .map(|(number, line)| format!("{number:>6} {line}"))
    }
}
