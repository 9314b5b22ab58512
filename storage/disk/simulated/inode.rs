//! One simulated file: the content that readers see, and for every sector that is not durable what the stable medium
//! holds and what lay between. No names, no faults.

use super::{SECTOR_BYTES, Survival};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Intermediate contents kept per sector: enough to tear between rewrites.
const VERSIONS_MAX: usize = 4;

#[derive(Clone)]
struct Sector {
    /// Contents older than the present one, oldest first; the first is the stable one.
    older: Vec<[u8; SECTOR_BYTES]>,
    /// A failed sync marked it clean: no later sync writes it, unless it is written anew.
    adrift: bool,
}

/// Content and durability of one file.
#[derive(Clone, Default)]
pub(super) struct Inode {
    live: Arc<Vec<u8>>,
    stable_len: u64,
    len_adrift: bool,
    unsynced: BTreeMap<usize, Sector>,
}

impl Inode {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.live
    }

    pub(super) fn len(&self) -> u64 {
        self.live.len() as u64
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.live.len());
        let found = self.live.get(from..).unwrap_or_default();
        let count = found.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), found.get(..count)) {
            to.copy_from_slice(from);
        }
        count
    }

    fn sector(&self, number: usize) -> [u8; SECTOR_BYTES] {
        let mut bytes = [0; SECTOR_BYTES];
        let found = self.live.get(number * SECTOR_BYTES..).unwrap_or_default();
        for (to, from) in bytes.iter_mut().zip(found) {
            *to = *from;
        }
        bytes
    }

    /// Remembers what the sectors of a byte range hold before it changes.
    fn remember(&mut self, from: usize, to: usize) {
        for number in from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES) {
            let before = self.sector(number);
            let sector = self.unsynced.entry(number).or_insert_with(|| Sector {
                older: Vec::new(),
                adrift: false,
            });
            sector.adrift = false;
            if sector.older.len() < VERSIONS_MAX {
                sector.older.push(before);
            } else if let Some(last) = sector.older.last_mut() {
                *last = before;
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let to = from.saturating_add(bytes.len());
        if bytes.is_empty() {
            return;
        }
        self.remember(from, to);
        let live = Arc::make_mut(&mut self.live);
        if live.len() < to {
            live.resize(to, 0);
            self.len_adrift = false;
        }
        if let Some(slot) = live.get_mut(from..to) {
            slot.copy_from_slice(bytes);
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let before = self.live.len();
        if len < before {
            self.remember(len, before);
        }
        if len != before {
            Arc::make_mut(&mut self.live).resize(len, 0);
            self.len_adrift = false;
        }
    }

    pub(super) fn sync(&mut self) {
        self.unsynced.retain(|_, sector| sector.adrift);
        if !self.len_adrift {
            self.stable_len = self.len();
        }
    }

    pub(super) fn fail_sync(&mut self) {
        for sector in self.unsynced.values_mut() {
            sector.adrift = true;
        }
        self.len_adrift = self.stable_len != self.len();
    }

    pub(super) fn after_crash(&self, survival: &mut Survival) -> Self {
        let lens = [self.stable_len, self.len()];
        let len = if self.stable_len == self.len() {
            self.len()
        } else {
            lens.get(survival.choose(lens.len()))
                .copied()
                .unwrap_or(self.stable_len)
        };
        let mut live = Arc::clone(&self.live);
        if self.unsynced.is_empty() && len == self.len() {
            return Self {
                live,
                stable_len: len,
                ..Self::default()
            };
        }
        let bytes = Arc::make_mut(&mut live);
        bytes.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        for (number, sector) in &self.unsynced {
            let choice = survival.choose(sector.older.len() + 1);
            let Some(content) = sector.older.get(choice) else {
                // The newest content is there already, unless the file was shortened and its old length survived.
                continue;
            };
            let slot = bytes.get_mut(number * SECTOR_BYTES..).unwrap_or_default();
            for (to, from) in slot.iter_mut().zip(content) {
                *to = *from;
            }
        }
        Self {
            live,
            stable_len: len,
            ..Self::default()
        }
    }

    pub(super) fn flip(&mut self, offset: u64, mask: u8) -> bool {
        let Ok(offset) = usize::try_from(offset) else {
            return false;
        };
        let Some(byte) = Arc::make_mut(&mut self.live).get_mut(offset) else {
            return false;
        };
        *byte ^= mask;
        true
    }

    pub(super) fn cut(&mut self, len: u64) -> bool {
        if len > self.len() {
            return false;
        }
        self.set_len(len);
        self.unsynced
            .retain(|number, _| (*number as u64) * (SECTOR_BYTES as u64) < len);
        self.stable_len = len;
        true
    }
}
