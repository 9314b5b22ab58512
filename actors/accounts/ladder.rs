//! Attempts held back: the more often an account, a device or a network has failed within a day, the longer the next attempt
//! waits. Nobody is locked out for good, and whoever uses a device that the account knows is not held back by strangers.
//!
//! Pure: times come in. Must not be here: what an attempt is.

use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

/// Failures are remembered this long, in seconds.
pub const WINDOW_SECONDS: i64 = 24 * 3_600;
/// Whoever is remembered at once.
pub const SUBJECTS_MAX: usize = 100_000;
/// For an account or a device: this many failures, and the next attempt waits so many seconds.
pub const RUNGS: [(u32, i64); 5] = [(7, 60), (10, 600), (15, 900), (20, 3_600), (25, 24 * 3_600)];
/// The same for a network, behind which a whole practice may sit.
pub const NETWORK_RUNGS: [(u32, i64); 4] = [(30, 60), (60, 600), (100, 3_600), (200, 24 * 3_600)];

/// Who fails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An address that was tried, known or not, by its keyed hash.
    Account([u8; 32]),
    /// A device that an account knows.
    Device([u8; 32]),
    /// A network.
    Network(String),
}

impl Subject {
    const fn rungs(&self) -> &'static [(u32, i64)] {
        match self {
            Self::Account(_) | Self::Device(_) => &RUNGS,
            Self::Network(_) => &NETWORK_RUNGS,
        }
    }
}

/// What is remembered of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) count: u32,
    pub(super) last: UtcMillis,
    /// No attempt before then.
    pub(super) until: UtcMillis,
}

/// Somebody who is held back, and why.
pub(super) type HeldSubject = (Subject, Failures);

/// All subjects.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    subjects: BTreeMap<Subject, Failures>,
}

impl Ladder {
    /// Whether anything is remembered of a subject.
    pub(super) fn knows(&self, subject: &Subject) -> bool {
        self.subjects.contains_key(subject)
    }

    /// Takes over what was written down before.
    pub(super) fn recall(&mut self, subject: Subject, failures: Failures) {
        self.make_room(failures.last);
        self.subjects.entry(subject).or_insert(failures);
    }

    /// Counts an attempt of all these as failed, before it is judged, so that many at once are no way around; answers those
    /// that have come to a rung by it, to be written down.
    ///
    /// # Errors
    /// Until when one of them has to wait; nothing is counted then.
    pub(super) fn attempt(
        &mut self,
        subjects: &[Subject],
        now: UtcMillis,
    ) -> Result<Vec<(Subject, Failures)>, UtcMillis> {
        let untils = subjects.iter().filter_map(|subject| self.subjects.get(subject));
        let until = untils.map(|failures| failures.until).max();
        if let Some(until) = until.filter(|until| now < *until) {
            return Err(until);
        }
        self.make_room(now);
        let mut reached = Vec::new();
        for subject in subjects {
            let entry = self.subjects.entry(subject.clone());
            let failures = entry.or_insert(Failures {
                count: 0,
                last: now,
                until: now,
            });
            if now >= failures.last.plus_seconds(WINDOW_SECONDS) {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            let rungs = subject.rungs();
            let highest = rungs.last().copied();
            let at = rungs.iter().copied().find(|(count, _)| *count == failures.count);
            let above = highest.filter(|(count, _)| failures.count > *count);
            if let Some((_, seconds)) = at.or(above) {
                failures.until = now.plus_seconds(seconds);
                reached.push((subject.clone(), *failures));
            }
        }
        Ok(reached)
    }

    /// An attempt was right after all, as far as it went: it does not count.
    pub(super) fn excuse(&mut self, subjects: &[Subject], now: UtcMillis) {
        for subject in subjects {
            if let Some(failures) = self.subjects.get_mut(subject) {
                failures.count = failures.count.saturating_sub(1);
                failures.until = now;
            }
        }
    }

    /// The owner has shown who they are: the account or device starts anew.
    pub(super) fn forget(&mut self, subject: &Subject) {
        self.subjects.remove(subject);
    }

    /// Who is held back now, the longest first; at most `most`.
    pub(super) fn held(&self, now: UtcMillis, most: usize) -> Vec<HeldSubject> {
        let held = self.subjects.iter().filter(|(_, failures)| now < failures.until);
        let mut held: Vec<HeldSubject> = held.map(|(subject, failures)| (subject.clone(), *failures)).collect();
        held.sort_by_key(|(_, failures)| std::cmp::Reverse(failures.until));
        held.truncate(most);
        held
    }

    /// Keeps the bound: first by what is a day old, else by whoever failed longest ago.
    fn make_room(&mut self, now: UtcMillis) {
        if self.subjects.len() < SUBJECTS_MAX {
            return;
        }
        self.subjects
            .retain(|_, failures| now < failures.last.plus_seconds(WINDOW_SECONDS));
        while self.subjects.len() >= SUBJECTS_MAX {
            let oldest = self.subjects.iter().min_by_key(|(_, failures)| failures.last);
            let Some(oldest) = oldest.map(|(subject, _)| subject.clone()) else {
                return;
            };
            self.subjects.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Subject = Subject::Account([1; 32]);

    fn at(seconds: i64) -> UtcMillis {
        UtcMillis(seconds * 1_000)
    }

    #[test]
    fn each_rung_holds_back_as_long_as_it_says() {
        let mut ladder = Ladder::default();
        let mut now = 0;
        for count in 1..=30_u32 {
            let reached = ladder.attempt(&[ACCOUNT], at(now)).unwrap();
            let rung = RUNGS.iter().find(|(rung, _)| *rung == count);
            let wait = if count > 25 {
                Some(24 * 3_600)
            } else {
                rung.map(|(_, wait)| *wait)
            };
            assert_eq!(reached.is_empty(), wait.is_none(), "{count}");
            if let Some(wait) = wait {
                assert_eq!(ladder.attempt(&[ACCOUNT], at(now + wait - 1)), Err(at(now + wait)));
                now += wait;
                if count >= 25 {
                    // A day later the count begins anew.
                    assert!(ladder.attempt(&[ACCOUNT], at(now)).unwrap().is_empty());
                    return;
                }
            } else {
                now += 1;
            }
        }
    }

    #[test]
    fn what_was_right_does_not_count_and_the_owner_starts_anew() {
        let mut ladder = Ladder::default();
        for _ in 0..100 {
            assert!(ladder.attempt(&[ACCOUNT], at(0)).is_ok());
            ladder.excuse(&[ACCOUNT], at(0));
        }
        for _ in 0..6 {
            assert!(ladder.attempt(&[ACCOUNT], at(0)).unwrap().is_empty());
        }
        ladder.forget(&ACCOUNT);
        assert!(ladder.attempt(&[ACCOUNT], at(0)).unwrap().is_empty());
    }

    #[test]
    fn one_subject_that_waits_holds_the_attempt_back_and_nothing_is_counted() {
        let mut ladder = Ladder::default();
        let network = Subject::Network("192.0.2.1".to_owned());
        for _ in 0..7 {
            assert!(ladder.attempt(&[ACCOUNT], at(0)).is_ok());
        }
        for _ in 0..100 {
            assert_eq!(ladder.attempt(&[network.clone(), ACCOUNT], at(1)), Err(at(60)));
        }
        assert!(!ladder.knows(&network));
    }

    #[test]
    fn memory_is_bounded_and_the_latest_stay() {
        let mut ladder = Ladder::default();
        let of = |number: usize| Subject::Network(number.to_string());
        for number in 0..SUBJECTS_MAX {
            let late = if number == 5 { 0 } else { 1 };
            assert!(ladder.attempt(&[of(number)], at(late)).is_ok());
        }
        assert!(ladder.attempt(&[of(SUBJECTS_MAX)], at(2)).is_ok());
        assert_eq!(ladder.subjects.len(), SUBJECTS_MAX);
        assert!(!ladder.knows(&of(5)), "who failed longest ago goes");
        assert!(ladder.attempt(&[of(SUBJECTS_MAX + 1)], at(2 + WINDOW_SECONDS)).is_ok());
        assert_eq!(ladder.subjects.len(), 1, "what is a day old goes first");
    }
}
