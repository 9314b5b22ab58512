//! What only the moment of a request knows: the whole network of a sign-in and where it lies, tries by whoever, and sessions
//! that are used from two places. In memory alone: it never waits for a disk, and what a stop loses is a second of it.
//!
//! Must not be here: judging.

use crate::access::SessionId;
use crate::access::short;
use cabinet_domain::anomaly::{Location, Observed, Signal};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use std::collections::{BTreeMap, VecDeque};

/// Sign-ins remembered until their leaf is read.
const FACTS_MAX: usize = 10_000;
/// Sessions whose use is compared.
const SESSIONS_MAX: usize = 20_000;
/// Signals that wait for the next look; more are dropped.
const SIGNALS_MAX: usize = 10_000;
/// A session seen on two networks in turns within this time, in seconds, is in two places.
const TURNS_SECONDS: i64 = 5 * 60;

/// A text as a number, the same for as long as the store lives. Kept sealed: whoever opens it could try all networks.
pub(super) fn hash(text: &str) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    // 48 bits: few enough digits in a member's record, and enough to keep some hundred devices and networks apart.
    u64::from_be_bytes(first) >> 16
}

/// What was known of a sign-in beside its leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SignInFacts {
    pub(super) device: u64,
    pub(super) network: u64,
    pub(super) location: Option<Location>,
}

/// Where a session was used.
#[derive(Debug, Clone)]
struct Use {
    network: u64,
    device: u64,
    /// The network before, and when it was left.
    former: Option<(u64, UtcMillis)>,
    told: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    facts: BTreeMap<[u8; 8], SignInFacts>,
    order: VecDeque<[u8; 8]>,
    uses: BTreeMap<SessionId, Use>,
    signals: Vec<(PracticeId, Signal)>,
}

impl SignIns {
    pub(super) fn note(&mut self, session: [u8; 8], facts: SignInFacts) {
        self.facts.insert(session, facts);
        self.order.push_back(session);
        while self.order.len() > FACTS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.facts.remove(&oldest);
            }
        }
    }

    pub(super) fn facts(&self, session: [u8; 8]) -> Option<SignInFacts> {
        self.facts.get(&session).copied()
    }

    /// A session is used from here. One change of network is a telephone that leaves the house; there and back again within
    /// minutes, or another browser, is somebody else.
    pub(super) fn used(
        &mut self,
        (practice, staff): (PracticeId, StaffId),
        session: SessionId,
        (network, device): (&str, &str),
        now: UtcMillis,
    ) {
        let (network, device) = (hash(network), hash(device));
        if self.uses.len() >= SESSIONS_MAX && !self.uses.contains_key(&session) {
            // Any of them: ids are hashes.
            self.uses.pop_first();
        }
        let known = self.uses.entry(session).or_insert(Use {
            network,
            device,
            former: None,
            told: false,
        });
        let mut what = None;
        if known.network != network {
            let back = known
                .former
                .is_some_and(|(former, left)| former == network && now < left.plus_seconds(TURNS_SECONDS));
            known.former = Some((known.network, now));
            known.network = network;
            what = (back && !known.told).then_some(Observed::SessionOnTwoNetworks);
        }
        if known.device != device && !known.told {
            what = Some(Observed::SessionOnTwoBrowsers);
        }
        if let Some(what) = what {
            known.told = true;
            self.push(
                practice,
                Signal {
                    at: now,
                    staff,
                    session: short(&session),
                    what,
                },
            );
        }
    }

    pub(super) fn push(&mut self, practice: PracticeId, signal: Signal) {
        if self.signals.len() < SIGNALS_MAX {
            self.signals.push((practice, signal));
        }
    }

    pub(super) fn take_signals(&mut self) -> Vec<(PracticeId, Signal)> {
        std::mem::take(&mut self.signals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: (PracticeId, StaffId) = (PracticeId(1), StaffId(2));

    fn signals(uses: &[(i64, &str, &str)]) -> Vec<Observed> {
        let mut sign_ins = SignIns::default();
        for (second, network, device) in uses {
            sign_ins.used(WHO, [7; 32], (network, device), UtcMillis(second * 1_000));
        }
        let taken = sign_ins.take_signals();
        taken.into_iter().map(|(_, signal)| signal.what).collect()
    }

    #[test]
    fn a_session_in_two_places_is_told_and_one_that_moves_is_not() {
        let (home, street) = ("192.0.*", "198.51.*");
        assert_eq!(signals(&[(0, home, "a"), (60, home, "a"), (120, street, "a")]), []);
        assert_eq!(
            signals(&[(0, home, "a"), (60, street, "a"), (360, home, "a")]),
            [],
            "back after five minutes: the telephone came home"
        );
        let twice = [(0, home, "a"), (60, street, "a"), (359, home, "a"), (360, street, "a")];
        assert_eq!(signals(&twice), [Observed::SessionOnTwoNetworks], "once");
        assert_eq!(
            signals(&[(0, home, "a"), (1, home, "b")]),
            [Observed::SessionOnTwoBrowsers]
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut sign_ins = SignIns::default();
        let facts = SignInFacts {
            device: 1,
            network: 2,
            location: None,
        };
        for number in 0..=FACTS_MAX as u64 {
            sign_ins.note(number.to_be_bytes(), facts);
        }
        assert_eq!((sign_ins.facts([0; 8]), sign_ins.facts.len()), (None, FACTS_MAX));
    }
}
