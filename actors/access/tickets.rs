//! Tickets for sockets: each opens one socket of one session, once, within seconds. In memory: a restart asks for others.
//!
//! A page that is made to open a socket with a victim's cookie has none, as it can read no answer of ours.
//! Must not be here: sockets.

use super::{Access, SessionId, hash};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

/// A ticket is good for so many seconds (checklist W3).
pub const TICKET_SECONDS: i64 = 30;
/// Tickets that wait at once; beyond, the one that ends first is no longer good.
pub const TICKETS_MAX: usize = 10_000;

/// What waits, by the tickets' hashes.
#[derive(Default)]
pub(super) struct Tickets(BTreeMap<[u8; 32], (SessionId, UtcMillis)>);

impl Tickets {
    fn put(&mut self, ticket: [u8; 32], session: SessionId, (now, until): (UtcMillis, UtcMillis)) {
        if self.0.len() >= TICKETS_MAX {
            self.0.retain(|_, (_, until)| now < *until);
        }
        if self.0.len() >= TICKETS_MAX
            && let Some(first) = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| *key)
        {
            self.0.remove(&first);
        }
        self.0.insert(ticket, (session, until));
    }

    fn take(&mut self, ticket: &[u8; 32], now: UtcMillis) -> Option<SessionId> {
        let (session, until) = self.0.remove(ticket)?;
        (now < until).then_some(session)
    }
}

impl Access {
    /// A ticket for one socket of this session: 64 hexadecimal digits, and until when it is good.
    #[must_use]
    pub fn ticket(&self, session: SessionId) -> (String, UtcMillis) {
        let secret = hex::encode((self.0.entropy)());
        let now = self.0.clock.now();
        let until = now.plus_seconds(TICKET_SECONDS);
        self.0.tickets.lock().put(hash(&secret), session, (now, until));
        (secret, until)
    }

    /// Uses a ticket up, whatever comes of it. Answers whether it was this session's.
    #[must_use]
    pub fn use_ticket(&self, secret: &str, session: SessionId) -> bool {
        let now = self.0.clock.now();
        self.0.tickets.lock().take(&hash(secret), now) == Some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMillis = UtcMillis(0);
    const UNTIL: UtcMillis = UtcMillis(30_000);

    #[test]
    fn a_ticket_is_good_once_and_for_its_time() {
        let mut tickets = Tickets::default();
        tickets.put([1; 32], [7; 32], (NOW, UNTIL));
        assert_eq!(tickets.take(&[2; 32], NOW), None);
        assert_eq!(tickets.take(&[1; 32], UtcMillis(29_999)), Some([7; 32]));
        assert_eq!(tickets.take(&[1; 32], NOW), None, "used");
        tickets.put([1; 32], [7; 32], (NOW, UNTIL));
        assert_eq!(tickets.take(&[1; 32], UNTIL), None, "too old");
        assert_eq!(tickets.take(&[1; 32], NOW), None, "and gone");
    }

    #[test]
    fn a_crowd_costs_those_that_end_first_and_memory_is_bounded() {
        let mut tickets = Tickets::default();
        let key = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
            key
        };
        for number in 0..TICKETS_MAX {
            let until = UtcMillis(30_000 + i64::try_from(number).unwrap());
            tickets.put(key(number), [7; 32], (NOW, until));
        }
        tickets.put(key(TICKETS_MAX), [7; 32], (NOW, UtcMillis(60_000)));
        assert_eq!(tickets.0.len(), TICKETS_MAX);
        assert_eq!(tickets.take(&key(0), NOW), None, "the first gave way");
        assert_eq!(tickets.take(&key(1), NOW), Some([7; 32]));
        assert_eq!(tickets.take(&key(TICKETS_MAX), NOW), Some([7; 32]));
    }
}
