//! What waits in memory between two requests of somebody: a second factor to be shown, an account to be finished. Bounded in
//! number and in time; a restart of the server asks them to begin again.

use cabinet_domain::time::UtcMillis;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Things that may wait at once, of one kind.
pub const WAITING_MAX: usize = 10_000;

/// Too many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

struct Entry<T> {
    until: UtcMillis,
    tries_left: u32,
    value: T,
}

/// Values under the hash of a secret, each for a while and for so many tries.
pub(crate) struct Waiting<T> {
    entries: Mutex<BTreeMap<[u8; 32], Entry<T>>>,
}

impl<T: Clone> Waiting<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Mutex::new(BTreeMap::new()),
        }
    }

    /// Lets a value wait, in the place of one that waits under the same key.
    pub(crate) fn put(
        &self,
        key: [u8; 32],
        value: T,
        (now, until): (UtcMillis, UtcMillis),
        tries: u32,
    ) -> Result<(), Crowded> {
        let mut entries = self.entries.lock();
        if entries.len() >= WAITING_MAX {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() >= WAITING_MAX && !entries.contains_key(&key) {
            return Err(Crowded);
        }
        let entry = Entry {
            until,
            tries_left: tries,
            value,
        };
        entries.insert(key, entry);
        Ok(())
    }

    /// Lets a value wait that anybody may ask for: when there are too many, the one that would end first goes, so that a crowd
    /// shortens everybody's time and shuts nobody out.
    pub(crate) fn put_over_the_oldest(
        &self,
        key: [u8; 32],
        value: T,
        (now, until): (UtcMillis, UtcMillis),
        tries: u32,
    ) {
        let mut entries = self.entries.lock();
        if entries.len() >= WAITING_MAX && !entries.contains_key(&key) {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() >= WAITING_MAX && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| *key);
            oldest.and_then(|oldest| entries.remove(&oldest));
        }
        let entry = Entry {
            until,
            tries_left: tries,
            value,
        };
        entries.insert(key, entry);
    }

    /// The value, for one try; none when it is unknown, too old or tried too often.
    pub(crate) fn try_once(&self, key: &[u8; 32], now: UtcMillis) -> Option<T> {
        let mut entries = self.entries.lock();
        let entry = entries.get_mut(key)?;
        if now >= entry.until || entry.tries_left == 0 {
            entries.remove(key);
            return None;
        }
        entry.tries_left -= 1;
        Some(entry.value.clone())
    }

    /// Whether something waits under a key.
    pub(crate) fn stands(&self, key: &[u8; 32], now: UtcMillis) -> bool {
        self.entries.lock().get(key).is_some_and(|entry| now < entry.until)
    }

    /// It has served.
    pub(crate) fn remove(&self, key: &[u8; 32]) {
        self.entries.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMillis = UtcMillis(0);
    const UNTIL: UtcMillis = UtcMillis(10);

    #[test]
    fn what_waits_is_there_for_its_time_and_its_tries() {
        let waiting = Waiting::new();
        waiting.put([1; 32], 'a', (NOW, UNTIL), 2).unwrap();
        assert_eq!(waiting.try_once(&[2; 32], NOW), None);
        assert_eq!(waiting.try_once(&[1; 32], UtcMillis(9)), Some('a'));
        assert!(waiting.stands(&[1; 32], UtcMillis(9)) && !waiting.stands(&[1; 32], UNTIL));
        assert_eq!(waiting.try_once(&[1; 32], NOW), Some('a'));
        assert_eq!(waiting.try_once(&[1; 32], NOW), None, "tried too often");
        waiting.put([1; 32], 'b', (NOW, UNTIL), 2).unwrap();
        assert_eq!(waiting.try_once(&[1; 32], UNTIL), None, "too old");
        waiting.put([1; 32], 'c', (NOW, UNTIL), 2).unwrap();
        waiting.remove(&[1; 32]);
        assert_eq!(waiting.try_once(&[1; 32], NOW), None, "served");
    }

    #[test]
    fn a_crowd_is_told_busy_until_the_old_are_gone() {
        let waiting = Waiting::new();
        for number in 0..WAITING_MAX {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
            waiting.put(key, (), (NOW, UNTIL), 1).unwrap();
        }
        assert!(matches!(waiting.put([9; 32], (), (NOW, UNTIL), 1), Err(Crowded)));
        assert!(
            waiting.put([0; 32], (), (NOW, UNTIL), 1).is_ok(),
            "in the place of itself"
        );
        waiting.put_over_the_oldest([0; 32], (), (NOW, UtcMillis(9)), 1);
        waiting.put_over_the_oldest([9; 32], (), (NOW, UNTIL), 1);
        assert_eq!(waiting.try_once(&[9; 32], NOW), Some(()), "shuts nobody out");
        assert_eq!(waiting.try_once(&[0; 32], NOW), None, "it would have ended first");
        assert_eq!(waiting.entries.lock().len(), WAITING_MAX);
        assert!(waiting.put([8; 32], (), (UNTIL, UtcMillis(20)), 1).is_ok());
    }
}
