//! Who looks at which agenda now, and which sockets a sign-in has open. In memory only: presence is no fact.
//!
//! Must not be here: the socket. A session is known by a number and by what can be told to it.

use cabinet_actors::access::SessionId;
use cabinet_domain::ids::AgendaKey;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What a session is told. Must not block; a session that cannot take it looks by itself every second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Who looks at this topic has changed.
    Presence(AgendaKey),
    /// Its sign-in has ended.
    SignedOut,
}

/// Tells a session.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;

struct Member {
    name: String,
    looking: bool,
    tell: Tell,
}

#[derive(Default)]
struct Topic {
    version: u64,
    members: BTreeMap<u64, Member>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    /// By topic: the sessions that have joined it.
    topics: HashMap<AgendaKey, Topic>,
    /// By sign-in: its sockets.
    sessions: HashMap<SessionId, BTreeMap<u64, Tell>>,
    /// By socket: its sign-in.
    sign_ins: HashMap<u64, SessionId>,
}

/// Who looks at what. Cheap to clone, one per process.
#[derive(Clone, Default)]
pub struct Presence(Arc<Mutex<Inner>>);

impl Presence {
    /// A session has opened. Returns its number.
    #[must_use]
    pub fn open(&self, sign_in: SessionId, tell: Tell) -> u64 {
        let mut inner = self.0.lock();
        inner.next += 1;
        let id = inner.next;
        inner.sessions.entry(sign_in).or_default().insert(id, tell);
        inner.sign_ins.insert(id, sign_in);
        id
    }

    /// It has ended.
    pub fn close(&self, id: u64) {
        let topics: Vec<AgendaKey> = {
            let mut inner = self.0.lock();
            if let Some(sign_in) = inner.sign_ins.remove(&id)
                && let Some(sessions) = inner.sessions.get_mut(&sign_in)
            {
                sessions.remove(&id);
                if sessions.is_empty() {
                    inner.sessions.remove(&sign_in);
                }
            }
            let member_of = inner.topics.iter().filter(|(_, topic)| topic.members.contains_key(&id));
            member_of.map(|(key, _)| *key).collect()
        };
        for key in topics {
            self.leave(key, id);
        }
    }

    /// Sessions of one sign-in.
    #[must_use]
    pub fn sessions_of(&self, sign_in: &SessionId) -> usize {
        self.0.lock().sessions.get(sign_in).map_or(0, BTreeMap::len)
    }

    /// The sign-in of a session; none once that has ended.
    #[must_use]
    pub fn sign_in_of(&self, id: u64) -> Option<SessionId> {
        self.0.lock().sign_ins.get(&id).copied()
    }

    /// A sign-in has got another token: its sessions stay.
    pub fn renew(&self, former: &SessionId, present: SessionId) {
        let mut inner = self.0.lock();
        let sessions = inner.sessions.remove(former).unwrap_or_default();
        for id in sessions.keys() {
            inner.sign_ins.insert(*id, present);
        }
        inner.sessions.entry(present).or_default().extend(sessions);
        if inner.sessions.get(&present).is_some_and(BTreeMap::is_empty) {
            inner.sessions.remove(&present);
        }
    }

    /// A sign-in has ended: its sessions are told to close.
    pub fn sign_out(&self, sign_in: &SessionId) {
        let sessions = {
            let mut inner = self.0.lock();
            let sessions = inner.sessions.remove(sign_in).unwrap_or_default();
            for id in sessions.keys() {
                inner.sign_ins.remove(id);
            }
            sessions
        };
        for tell in sessions.values() {
            tell(Notice::SignedOut);
        }
    }

    /// The session has joined the topic and wants to know who looks at it.
    pub fn join(&self, key: AgendaKey, id: u64, name: &str, tell: Tell) {
        self.change(key, |members| {
            let looking = members.get(&id).is_some_and(|member| member.looking);
            let name = name.to_owned();
            members.insert(id, Member { name, looking, tell });
            looking
        });
    }

    /// The session's person looks at the topic. False when it has not joined it.
    #[must_use]
    pub fn look(&self, key: AgendaKey, id: u64) -> bool {
        let mut joined = false;
        self.change(key, |members| {
            let Some(member) = members.get_mut(&id) else {
                return false;
            };
            joined = true;
            !std::mem::replace(&mut member.looking, true)
        });
        joined
    }

    /// The session has left the topic.
    pub fn leave(&self, key: AgendaKey, id: u64) {
        self.change(key, |members| members.remove(&id).is_some_and(|member| member.looking));
    }

    /// The version of who looks at the topic, and their names, sorted, each once.
    #[must_use]
    pub fn looking(&self, key: AgendaKey) -> (u64, Vec<String>) {
        let inner = self.0.lock();
        let Some(topic) = inner.topics.get(&key) else {
            return (0, Vec::new());
        };
        let looking = topic.members.values().filter(|member| member.looking);
        let names: BTreeSet<String> = looking.map(|member| member.name.clone()).collect();
        (topic.version, names.into_iter().collect())
    }

    /// Changes a topic's members; if `change` says that who looks has changed, all of them are told.
    fn change(&self, key: AgendaKey, change: impl FnOnce(&mut BTreeMap<u64, Member>) -> bool) {
        let told: Vec<Tell> = {
            let mut inner = self.0.lock();
            let topic = inner.topics.entry(key).or_default();
            let changed = change(&mut topic.members);
            if changed {
                topic.version += 1;
            }
            let told = topic.members.values().map(|member| member.tell.clone()).collect();
            if topic.members.is_empty() {
                inner.topics.remove(&key);
            }
            if changed { told } else { Vec::new() }
        };
        for tell in told {
            tell(Notice::Presence(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{AgendaId, PracticeId};

    #[test]
    fn colleagues_are_told_of_who_looks_and_who_stops() {
        let key = AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(2),
        };
        let presence = Presence::default();
        let heard: Arc<Mutex<Vec<(u8, Notice)>>> = Arc::default();
        let tell = |who: u8| -> Tell {
            let heard = heard.clone();
            Arc::new(move |notice| heard.lock().push((who, notice)))
        };
        let (one, two) = (presence.open([1; 32], tell(1)), presence.open([2; 32], tell(2)));
        presence.join(key, one, "Anne", tell(1));
        presence.join(key, two, "Bruno", tell(2));
        assert!(heard.lock().is_empty(), "joining is not looking");
        assert!(presence.look(key, one));
        assert!(presence.look(key, one), "again changes nothing");
        assert_eq!(*heard.lock(), [(1, Notice::Presence(key)), (2, Notice::Presence(key))]);
        assert_eq!(presence.looking(key).1, ["Anne"]);
        heard.lock().clear();
        presence.close(one);
        assert_eq!(*heard.lock(), [(2, Notice::Presence(key))]);
        assert!(presence.looking(key).1.is_empty());
        heard.lock().clear();
        presence.renew(&[2; 32], [3; 32]);
        presence.sign_out(&[2; 32]);
        assert!(heard.lock().is_empty(), "a renewed sign-in goes on");
        assert_eq!(
            (presence.sessions_of(&[3; 32]), presence.sign_in_of(two)),
            (1, Some([3; 32]))
        );
        presence.sign_out(&[3; 32]);
        assert_eq!(presence.sign_in_of(two), None);
        assert_eq!(*heard.lock(), [(2, Notice::SignedOut)]);
        assert!(!presence.look(key, 99), "who has not joined does not look");
    }
}
