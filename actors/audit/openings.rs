//! Which session shows which agenda, as the log knows it.
//!
//! Must not be here: writing leaves.

use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin};
use cabinet_domain::ids::{AgendaKey, PracticeId};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

/// Opened again within this time, an agenda needs no other leaf.
pub const REOPEN_SECONDS: i64 = 15 * 60;
/// Openings remembered; beyond, each is a leaf of its own and its end is not noted.
const OPENINGS_MAX: usize = 20_000;

/// A screen that shows an agenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewing {
    /// Which agenda.
    pub key: AgendaKey,
    /// From when.
    pub from: UtcMillis,
    /// Until when.
    pub until: UtcMillis,
    /// Who looks.
    pub actor: Actor,
    /// From where.
    pub origin: LeafOrigin,
    /// How much of it is seen: a stable word.
    pub seen: &'static str,
}

type Key = ([u8; 8], AgendaKey);

#[derive(Debug)]
struct Opening {
    viewing: Viewing,
    screens: u32,
    /// The last screen closed, or the last leaf.
    since: UtcMillis,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Openings {
    agendas: BTreeMap<Key, Opening>,
    /// Sessions that looked through the log, and when that was noted.
    looked: BTreeMap<[u8; 8], UtcMillis>,
}

impl Openings {
    fn key(viewing: &Viewing) -> Key {
        (viewing.origin.session, viewing.key)
    }

    /// Whether it is noted that this session looks through the log.
    pub(super) fn has_looked(&mut self, session: [u8; 8], now: UtcMillis) -> bool {
        self.looked.retain(|_, noted| now < noted.plus_seconds(REOPEN_SECONDS));
        self.looked.contains_key(&session)
    }

    pub(super) fn looks(&mut self, session: [u8; 8], now: UtcMillis) {
        self.looked.insert(session, now);
    }

    /// The leaf that a viewing needs; none when an earlier one says it all: then one more screen is counted.
    pub(super) fn wanted(&mut self, viewing: &Viewing, now: UtcMillis) -> Option<Leaf> {
        let covers = |known: &Opening| {
            let recent = known.screens > 0 || now < known.since.plus_seconds(REOPEN_SECONDS);
            let known = &known.viewing;
            recent && known.from <= viewing.from && viewing.until <= known.until && known.seen == viewing.seen
        };
        if let Some(known) = self.agendas.get_mut(&Self::key(viewing))
            && covers(known)
        {
            known.screens += 1;
            return None;
        }
        Some(leaf(viewing, Act::AgendaOpened, now))
    }

    /// Its leaf is durable.
    pub(super) fn noted(&mut self, viewing: Viewing, now: UtcMillis) {
        let key = Self::key(&viewing);
        let screens = self.agendas.get(&key).map_or(0, |known| known.screens) + 1;
        if self.agendas.len() < OPENINGS_MAX || self.agendas.contains_key(&key) {
            self.agendas.insert(
                key,
                Opening {
                    viewing,
                    screens,
                    since: now,
                },
            );
        }
    }

    /// A screen was closed.
    pub(super) fn closed(&mut self, viewing: &Viewing, now: UtcMillis) {
        if let Some(known) = self.agendas.get_mut(&Self::key(viewing)) {
            known.screens = known.screens.saturating_sub(1);
            known.since = now;
        }
    }

    /// The leaves of openings that have ended long enough ago, or of all.
    pub(super) fn ended(&mut self, now: UtcMillis, all: bool) -> Vec<(PracticeId, Leaf)> {
        let mut leaves = Vec::new();
        self.agendas.retain(|(_, key), known| {
            let over = known.screens == 0 && now >= known.since.plus_seconds(REOPEN_SECONDS);
            if !over && !all {
                return true;
            }
            let at = if known.screens == 0 { known.since } else { now };
            leaves.push((key.practice, leaf(&known.viewing, Act::AgendaClosed, at)));
            false
        });
        leaves
    }
}

/// What is noted of a viewing.
pub(super) fn leaf(viewing: &Viewing, act: Act, at: UtcMillis) -> Leaf {
    Leaf {
        agenda: Some(viewing.key.agenda),
        span: Some((viewing.from, viewing.until)),
        note: viewing.seen.to_owned(),
        ..Leaf::done(at, viewing.actor, viewing.origin.clone(), act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{AgendaId, StaffId};

    fn viewing(session: u8, until: i64) -> Viewing {
        Viewing {
            key: AgendaKey {
                practice: PracticeId(1),
                agenda: AgendaId(2),
            },
            from: UtcMillis(0),
            until: UtcMillis(until),
            actor: Actor::Staff(StaffId(3)),
            origin: LeafOrigin {
                session: [session; 8],
                ..LeafOrigin::default()
            },
            seen: "full",
        }
    }

    const fn at(minutes: i64) -> UtcMillis {
        UtcMillis(0).plus_minutes(minutes)
    }

    fn open(openings: &mut Openings, viewing: &Viewing, now: UtcMillis) -> bool {
        let wanted = openings.wanted(viewing, now).is_some();
        if wanted {
            openings.noted(viewing.clone(), now);
        }
        wanted
    }

    #[test]
    fn opened_again_soon_and_for_no_more_it_needs_no_other_leaf() {
        let mut openings = Openings::default();
        assert!(open(&mut openings, &viewing(1, 100), at(0)));
        openings.closed(&viewing(1, 100), at(1));
        assert!(!open(&mut openings, &viewing(1, 90), at(15)));
        openings.closed(&viewing(1, 90), at(16));
        // Another session, more days, or later: a leaf each.
        assert!(open(&mut openings, &viewing(2, 100), at(16)));
        assert!(open(&mut openings, &viewing(1, 101), at(17)));
        openings.closed(&viewing(1, 101), at(18));
        assert!(open(&mut openings, &viewing(1, 101), at(33)));
        // Seen otherwise.
        let less = Viewing {
            seen: "times",
            ..viewing(1, 50)
        };
        assert!(open(&mut openings, &less, at(33)));
    }

    #[test]
    fn an_end_is_noted_once_it_is_sure() {
        let mut openings = Openings::default();
        open(&mut openings, &viewing(1, 100), at(0));
        open(&mut openings, &viewing(1, 100), at(1));
        openings.closed(&viewing(1, 100), at(2));
        assert_eq!(openings.ended(at(60), false), []);
        openings.closed(&viewing(1, 100), at(61));
        assert_eq!(openings.ended(at(75), false), []);
        let ended = openings.ended(at(76), false);
        assert!(
            matches!(ended.as_slice(), [(PracticeId(1), leaf)] if leaf.at == at(61) && leaf.act == Act::AgendaClosed)
        );
        assert_eq!(openings.ended(at(200), true), []);
        // At the end of the process, what is open ends too.
        open(&mut openings, &viewing(1, 100), at(200));
        assert_eq!(openings.ended(at(201), true).len(), 1);
    }
}
