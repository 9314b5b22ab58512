//! The acceptances that an agenda remembers, as they lie in memory: some 90 bytes each instead of 190. In order of sequence,
//! which is nearly always that of age; found by a digest of who asked and the number they gave.
//!
//! Must not be here: what a repeated command is answered.

use super::Remembered;
use crate::command::Principal;
use crate::ids::{CommandId, Seq, StaffId};
use crate::time::UtcMillis;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;

/// Who asked, and the number they gave.
type Name = (Principal, CommandId);

/// One acceptance. Byte arrays, so that nothing is lost to alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    sender: [u8; 33],
    command: [u8; 16],
    digest: [u8; 16],
    seq: [u8; 8],
    at: [u8; 8],
}

/// See the head of this file.
#[derive(Debug, Clone)]
pub struct Acceptances {
    known: VecDeque<Known>,
    /// Digest of the name, then the sequence.
    found: BTreeSet<[u8; 12]>,
    /// Whether those that come later are never older.
    by_age: bool,
    /// None is from before this.
    earliest: UtcMillis,
}

impl Default for Acceptances {
    fn default() -> Self {
        Self {
            known: VecDeque::new(),
            found: BTreeSet::new(),
            by_age: true,
            earliest: UtcMillis(i64::MAX),
        }
    }
}

fn sender(principal: Principal) -> [u8; 33] {
    let mut bytes = [0; 33];
    let mut fill = |kind: u8, rest: &[u8]| {
        for (slot, byte) in bytes.iter_mut().zip(std::iter::once(&kind).chain(rest)) {
            *slot = *byte;
        }
    };
    match principal {
        Principal::Staff(staff) => fill(0, &staff.0.to_be_bytes()),
        Principal::Bearer(hash) => fill(1, &hash),
        Principal::System => fill(2, &[]),
    }
    bytes
}

/// Multiplies the name's words together, eight bytes at a time. Not against who
/// chooses numbers to collide: they make their own agenda's lookups longer, by at most what is remembered.
fn digest(sender: &[u8; 33], command: &[u8; 16]) -> u32 {
    let words = sender.chunks(8).chain(command.chunks(8));
    let mixed = words.fold(0xcbf2_9ce4_8422_2325_u64, |mixed, bytes| {
        let word = bytes.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte));
        // Odd, from the golden ratio; the shift brings down what a product carries only upwards.
        let product = (mixed ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ (product >> 32)
    });
    let [.., e, f, g, h] = mixed.to_be_bytes();
    u32::from_be_bytes([e, f, g, h])
}

fn entry(digest: u32, seq: [u8; 8]) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (slot, byte) in bytes.iter_mut().zip(digest.to_be_bytes().into_iter().chain(seq)) {
        *slot = byte;
    }
    bytes
}

impl Known {
    fn of((principal, command): Name, known: Remembered) -> Self {
        Self {
            sender: sender(principal),
            command: command.0.to_be_bytes(),
            digest: known.digest,
            seq: known.seq.to_be_bytes(),
            at: known.at.0.to_be_bytes(),
        }
    }

    const fn seq(&self) -> Seq {
        u64::from_be_bytes(self.seq)
    }

    const fn at(&self) -> UtcMillis {
        UtcMillis(i64::from_be_bytes(self.at))
    }

    fn name(&self) -> Name {
        let (kind, rest) = self.sender.split_first().unwrap_or((&2, &[]));
        let principal = match kind {
            0 => {
                let id = rest.first_chunk::<16>().copied().unwrap_or_default();
                Principal::Staff(StaffId(u128::from_be_bytes(id)))
            }
            1 => Principal::Bearer(rest.try_into().unwrap_or_default()),
            _ => Principal::System,
        };
        (principal, CommandId(u128::from_be_bytes(self.command)))
    }

    const fn remembered(&self) -> Remembered {
        Remembered {
            digest: self.digest,
            seq: self.seq(),
            at: self.at(),
        }
    }

    fn digest(&self) -> u32 {
        digest(&self.sender, &self.command)
    }

    fn entry(&self) -> [u8; 12] {
        entry(self.digest(), self.seq)
    }
}

impl Acceptances {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is remembered of a command.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<Remembered> {
        self.place(name)
            .and_then(|at| self.known.get(at))
            .map(Known::remembered)
    }

    /// Whether it is remembered.
    #[must_use]
    pub fn contains_key(&self, name: &Name) -> bool {
        self.place(name).is_some()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Remembers one; what was known under the same name goes.
    pub fn insert(&mut self, name: Name, known: Remembered) {
        let known = Known::of(name, known);
        let digest = known.digest();
        if let Some(at) = self.place_of(digest, &known.sender, &known.command) {
            self.remove(at);
        }
        // Nearly always the newest: looking for its place would touch a dozen cold lines of memory.
        let newest = self.known.back().is_none_or(|last| last.seq() <= known.seq());
        let at = if newest {
            self.known.len()
        } else {
            self.known.partition_point(|other| other.seq() <= known.seq())
        };
        self.found.insert(entry(digest, known.seq));
        let before = at.checked_sub(1).and_then(|before| self.known.get(before));
        let in_order = before.is_none_or(|before| before.at() <= known.at())
            && self.known.get(at).is_none_or(|after| known.at() <= after.at());
        self.by_age &= in_order;
        self.earliest = self.earliest.min(known.at());
        self.known.insert(at, known);
    }

    /// Forgets, oldest first, those from before `oldest`, and what is more than `most`.
    pub(crate) fn forget(&mut self, oldest: UtcMillis, most: usize) {
        // Without this, a clock that once stepped back would have all of them walked for each that is remembered.
        if self.earliest >= oldest && self.known.len() <= most {
            return;
        }
        let before = self.known.len();
        self.earliest = UtcMillis(i64::MAX);
        while let Some((at, when)) = self.oldest() {
            if when >= oldest && self.known.len() <= most {
                self.earliest = when;
                break;
            }
            self.remove(at);
        }
        if !self.by_age && self.known.len() < before {
            self.by_age = self.known.iter().map(Known::at).is_sorted();
        }
    }

    /// Lays everything out tightly.
    pub(crate) fn pack(&mut self) {
        self.known.shrink_to_fit();
        self.found = std::mem::take(&mut self.found).into_iter().collect();
    }

    /// Whether everything is found that is there, and nothing else.
    pub(crate) fn agree(&self) -> bool {
        let all_found = self.known.iter().all(|known| self.found.contains(&known.entry()));
        let ascending = self.known.iter().map(Known::seq).is_sorted();
        let by_age = !self.by_age || self.known.iter().map(Known::at).is_sorted();
        let none_earlier = self.known.iter().all(|known| known.at() >= self.earliest);
        none_earlier && all_found && self.found.len() == self.known.len() && ascending && by_age
    }

    fn remove(&mut self, at: usize) {
        if let Some(known) = self.known.remove(at) {
            self.found.remove(&known.entry());
        }
    }

    /// Where the oldest is, and when it was accepted; of several at the same time the first by name.
    fn oldest(&self) -> Option<(usize, UtcMillis)> {
        let first = self.known.front().map(Known::at);
        let all = self.known.iter().enumerate();
        let candidates = all.take_while(|(_, known)| !self.by_age || Some(known.at()) == first);
        candidates
            .min_by_key(|(_, known)| (known.at(), known.name()))
            .map(|(at, known)| (at, known.at()))
    }

    fn place(&self, (principal, command): &Name) -> Option<usize> {
        let (sender, command) = (sender(*principal), command.0.to_be_bytes());
        self.place_of(digest(&sender, &command), &sender, &command)
    }

    fn place_of(&self, digest: u32, sender: &[u8; 33], command: &[u8; 16]) -> Option<usize> {
        let range = entry(digest, [0; 8])..=entry(digest, [u8::MAX; 8]);
        self.found.range(range).find_map(|found| {
            let seq = found.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq))?;
            let from = self.known.partition_point(|known| known.seq() < seq);
            let same_seq = self.known.iter().enumerate().skip(from);
            same_seq
                .take_while(|(_, known)| known.seq() == seq)
                .find(|(_, known)| known.sender == *sender && known.command == *command)
                .map(|(at, _)| at)
        })
    }

    /// All, in order of name.
    fn sorted(&self) -> Vec<(Name, Remembered)> {
        let all = self.known.iter().map(|known| (known.name(), known.remembered()));
        let mut all: Vec<(Name, Remembered)> = all.collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }
}

impl FromIterator<(Name, Remembered)> for Acceptances {
    fn from_iter<I: IntoIterator<Item = (Name, Remembered)>>(all: I) -> Self {
        let mut all: Vec<(Name, Remembered)> = all.into_iter().collect();
        all.sort_by_key(|(_, known)| known.seq);
        let mut acceptances = Self::default();
        acceptances.known.reserve_exact(all.len());
        for (name, known) in all {
            acceptances.insert(name, known);
        }
        acceptances.pack();
        acceptances
    }
}

/// By what they hold.
impl PartialEq for Acceptances {
    fn eq(&self, other: &Self) -> bool {
        self.known == other.known || self.sorted() == other.sorted()
    }
}
impl Eq for Acceptances {}

impl Serialize for Acceptances {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.sorted())
    }
}

impl<'de> Deserialize<'de> for Acceptances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Acceptances;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of acceptances by sender and number")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Acceptances, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = map.next_entry::<Name, Remembered>()? {
                    all.push(one);
                }
                Ok(all.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn name() -> impl Strategy<Value = Name> {
        let principal = prop_oneof![
            (0_u128..3).prop_map(|id| Principal::Staff(StaffId(id))),
            (0_u8..3).prop_map(|byte| Principal::Bearer([byte; 32])),
            Just(Principal::System),
        ];
        (principal, (0_u128..6).prop_map(CommandId))
    }

    proptest! {
        /// Whatever is remembered, with the clock going back too, they are what a map with a list by age is.
        #[test]
        fn packed_acceptances_are_a_map(steps in prop::collection::vec((name(), 0_i64..50, 1_usize..8), 1..60)) {
            let (mut packed, mut naive) = (Acceptances::default(), BTreeMap::new());
            for ((name, at, most), seq) in steps.into_iter().zip(1_u64..) {
                let known = Remembered { digest: [1; 16], seq, at: UtcMillis(at) };
                packed.insert(name, known);
                naive.insert(name, known);
                let oldest = UtcMillis(at - 20);
                packed.forget(oldest, most);
                while let Some((when, first)) = naive.iter().map(|(name, known)| (known.at, *name)).min() {
                    if when >= oldest && naive.len() <= most {
                        break;
                    }
                    naive.remove(&first);
                }
                prop_assert!(packed.agree());
                let all: Vec<_> = naive.iter().map(|(name, known)| (*name, *known)).collect();
                prop_assert_eq!(packed.sorted(), all.clone());
                prop_assert_eq!(&all.iter().copied().collect::<Acceptances>(), &packed);
                prop_assert!(all.iter().all(|(name, known)| packed.get(name) == Some(*known)));
            }
        }
    }
}
