//! Where mails are written down: in the commit of what they tell of, so that a mail is sent of what is durable and of nothing
//! else (laws L2 and L4).
//!
//! Must not be here: sending.

use super::INSTALLATION;
use super::kept::{self, Addressee, MailId, MailRecord, Writes};
use crate::access::Entropy;
use crate::clock::Clock;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::mail::Letter;
use cabinet_domain::time::UtcMillis;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A practice is looked at for so many seconds after a mail was written down: its commit may take a moment.
const WATCHED_SECONDS: i64 = 120;
/// No mail waits longer for its next try, in seconds.
const DELAY_SECONDS_MAX: i64 = 25 * 3_600;

struct Inner {
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    /// Address of whoever operates the installation.
    operator: Option<String>,
    /// Mails written down since the start.
    written: AtomicU64,
    /// Practices in which mails may wait: when to look next, and until when to look although none was found.
    due: Mutex<BTreeMap<PracticeId, Due>>,
}

/// When a practice is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) next: UtcMillis,
    pub(super) until: UtcMillis,
}

/// The outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Option<Arc<Inner>>);

impl Outbox {
    /// An open outbox. `operator`: address of whoever operates the installation.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Entropy, operator: Option<String>) -> Self {
        Self(Some(Arc::new(Inner {
            clock,
            entropy,
            operator,
            written: AtomicU64::new(0),
            due: Mutex::default(),
        })))
    }

    /// Of an installation that sends no mail: nothing is written down, nothing piles up.
    #[must_use]
    pub const fn closed() -> Self {
        Self(None)
    }

    /// Whether mails are sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// The write of a mail, for the commit of what it tells of.
    pub(crate) fn put(&self, practice: PracticeId, to: Addressee, letter: Letter) -> Writes {
        let Some(inner) = &self.0 else { return Vec::new() };
        let now = inner.clock.now();
        let record = MailRecord::new(to, letter, now);
        let number = inner.written.fetch_add(1, Ordering::Relaxed);
        let id = MailId::new(now, number, &(inner.entropy)());
        self.look_for(practice, WATCHED_SECONDS);
        match kept::write(practice, &id, &record) {
            Ok(write) => vec![write],
            Err(error) => {
                // Only a value that JSON cannot hold, which no letter has.
                tracing::error!(%error, kind = record.letter.name(), "a mail could not be written down");
                Vec::new()
            }
        }
    }

    /// One mail to each of them.
    pub(crate) fn put_all(
        &self,
        practice: PracticeId,
        to: impl IntoIterator<Item = Addressee>,
        letter: &Letter,
    ) -> Writes {
        let each = |to| self.put(practice, to, letter.clone());
        to.into_iter().flat_map(each).collect()
    }

    /// A mail to whoever operates the installation, if they have an address.
    pub(crate) fn put_to_operator(&self, letter: Letter) -> Writes {
        let operator = self.0.as_ref().and_then(|inner| inner.operator.clone());
        let write = |address| self.put(INSTALLATION, Addressee::Address(address), letter);
        operator.map(write).unwrap_or_default()
    }

    /// Has a practice be looked at, once.
    pub(super) fn look_once(&self, practice: PracticeId) {
        self.look_for(practice, 0);
    }

    fn look_for(&self, practice: PracticeId, seconds: i64) {
        let Some(inner) = &self.0 else { return };
        let now = inner.clock.now();
        let due = Due {
            next: now,
            until: now.plus_seconds(seconds),
        };
        let mut known = inner.due.lock();
        let due = known.get(&practice).map_or(due, |known| Due {
            next: due.next,
            until: due.until.max(known.until),
        });
        known.insert(practice, due);
    }

    /// Practices to be looked at now.
    pub(super) fn due(&self, now: UtcMillis) -> Vec<(PracticeId, Due)> {
        let Some(inner) = &self.0 else { return Vec::new() };
        let due = inner.due.lock();
        // What lies further ahead than any delay was noted before the clock was set back.
        let now_due = due
            .iter()
            .filter(|(_, due)| due.next <= now || now.plus_seconds(DELAY_SECONDS_MAX) < due.next);
        now_due.map(|(practice, due)| (*practice, *due)).collect()
    }

    /// Notes when to look again, unless a mail was written down since `seen`. While a practice is watched that is in a second,
    /// whatever else waits there: the mail that it is watched for may be committed only now.
    pub(super) fn looked(&self, practice: PracticeId, seen: Due, next: Option<UtcMillis>) {
        let Some(inner) = &self.0 else { return };
        let mut due = inner.due.lock();
        if due.get(&practice).is_some_and(|known| *known != seen) {
            return;
        }
        let now = inner.clock.now();
        match next {
            Some(next) => {
                let watched = now < seen.until;
                let next = if watched { next.min(now.plus_seconds(1)) } else { next };
                due.insert(practice, Due { next, ..seen });
            }
            None if now < seen.until => {}
            None => {
                due.remove(&practice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicI64;

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> UtcMillis {
            UtcMillis(self.0.load(Ordering::SeqCst))
        }
    }

    const PRACTICE: PracticeId = PracticeId(1);

    fn outbox() -> (Outbox, Arc<Hand>) {
        let hand = Arc::new(Hand(AtomicI64::new(1_000_000)));
        (Outbox::new(hand.clone(), Arc::new(|| [7; 32]), None), hand)
    }

    fn pass(hand: &Hand, seconds: i64) {
        hand.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    fn due(outbox: &Outbox, hand: &Hand) -> Option<Due> {
        outbox.due(hand.now()).first().map(|(_, due)| *due)
    }

    /// A mail whose commit came after the look waited as long as the one that was refused for now before it.
    #[test]
    fn a_practice_is_looked_at_each_second_while_a_commit_may_be_under_way_whatever_waits_there() {
        let (outbox, hand) = outbox();
        outbox.put(
            PRACTICE,
            Addressee::Member(cabinet_domain::ids::StaffId(1)),
            Letter::Trial,
        );
        let refused_until = hand.now().plus_seconds(12 * 3_600);
        for _ in 0..WATCHED_SECONDS {
            let seen = due(&outbox, &hand).expect("looked at each second");
            outbox.looked(PRACTICE, seen, Some(refused_until));
            pass(&hand, 1);
        }
        let seen = due(&outbox, &hand).unwrap();
        outbox.looked(PRACTICE, seen, Some(refused_until));
        pass(&hand, 2);
        assert_eq!(due(&outbox, &hand), None, "then no more until the other is due");
        pass(&hand, 12 * 3_600);
        assert!(due(&outbox, &hand).is_some());
    }

    #[test]
    fn a_look_at_all_is_one_look_and_a_clock_set_back_keeps_nothing_waiting() {
        let (outbox, hand) = outbox();
        outbox.look_once(PRACTICE);
        let seen = due(&outbox, &hand).unwrap();
        outbox.looked(PRACTICE, seen, None);
        assert_eq!(due(&outbox, &hand), None);
        // A mail written down meanwhile is not forgotten by the end of a look.
        outbox.look_once(PRACTICE);
        let seen = due(&outbox, &hand).unwrap();
        pass(&hand, 1);
        outbox.put(PRACTICE, Addressee::Address("a@b.fr".to_owned()), Letter::Trial);
        outbox.looked(PRACTICE, seen, None);
        assert!(due(&outbox, &hand).is_some());
        pass(&hand, -30 * 24 * 3_600);
        assert!(due(&outbox, &hand).is_some());
        assert!(
            Outbox::closed()
                .put(PRACTICE, Addressee::Address(String::new()), Letter::Trial)
                .is_empty()
        );
    }
}
