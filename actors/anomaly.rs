//! The supervisor of suspicious access: follows the audit log of each practice with a durable cursor (law L4), has the domain
//! judge what it says, keeps alerts, tells screens, and has the server do what the table of rules says about them.
//!
//! Alerts, habits and the cursor change in one commit: a restart neither forgets nor repeats. A log that cannot be read holds
//! alerts back and nothing else. Must not be here: the rules (`cabinet_domain::anomaly`), how alerts are shown.

mod answers;
mod effects;
mod feed;
mod follow;
mod kept;
mod locations;
mod sign_ins;

pub use self::feed::reading_note;
pub use self::kept::{AlertId, AlertRecord, Answer, alert_id};
pub use self::locations::{Locations, LocationsError};

use self::follow::Watched;
use self::sign_ins::{SignInFacts, SignIns, hash};
use crate::access::SessionId;
use crate::accounts::{Accounts, Holder};
use crate::audit::{Audit, AuditError, Viewing};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::mail::{INSTALLATION, Outbox};
use cabinet_domain::anomaly::{
    Alert, Attempt, Effect, Family, Gravity, Limits, NetworkAlert, NetworkWatch, Observed, Rule, Seen,
};
use cabinet_domain::audit::Actor;
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::mail::Letter;
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
use cabinet_storage::{AppendError, RecordStore, StoreError};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the logs are looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// Effects follow alerts about what happened this lately, in seconds; later they would meet somebody else.
const EFFECT_SECONDS: i64 = 15 * 60;
/// A network that was caught signs nobody in for a day.
pub const BLOCK_SECONDS: i64 = 24 * 3_600;
/// A member who opened too much opens nothing unexplained for so many seconds.
pub const THROTTLE_SECONDS: i64 = 5 * 60;
/// Networks that are blocked at once.
const BLOCKED_MAX: usize = 10_000;
/// A clock set back by more than so many seconds is an alert.
const CLOCK_BACK_SECONDS: i64 = 120;

/// Why alerts were not kept or shown.
#[derive(Debug, thiserror::Error)]
pub enum AnomalyError {
    /// The audit log could not be read or written.
    #[error("failed to follow the audit log")]
    Audit(#[from] AuditError),
    /// Alerts could not be written.
    #[error("failed to write alerts")]
    Write(#[from] AppendError),
    /// Alerts could not be read.
    #[error("failed to read alerts")]
    Read(#[from] StoreError),
    /// There is no such alert, or it was answered before.
    #[error("there is no such open alert")]
    NotFound,
    /// A rule that is not to be quietened.
    #[error("this cannot be answered by whom it is about")]
    NotYours,
}

impl AnomalyError {
    /// Whether nothing is wrong but the moment: the read store is still opening, or a queue is full.
    const fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Write(AppendError::Busy)
                | Self::Read(StoreError::Append(AppendError::Busy))
                | Self::Audit(
                    AuditError::Write(AppendError::Busy) | AuditError::Read(StoreError::Append(AppendError::Busy))
                )
        )
    }
}

/// A look at how much was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// By which rule.
    pub rule: Rule,
    /// How grave.
    pub gravity: Gravity,
}

struct Inner {
    records: Arc<dyn RecordStore>,
    audit: Audit,
    directory: Directory,
    outbox: Outbox,
    clock: Arc<dyn Clock>,
    limits: Limits,
    locations: Locations,
    practices: tokio::sync::Mutex<HashMap<PracticeId, Watched>>,
    /// Practices whose logs are to be looked at.
    due: Mutex<BTreeSet<PracticeId>>,
    sign_ins: Mutex<SignIns>,
    networks: Mutex<NetworkWatch>,
    /// Network alerts with the network in words, to be kept.
    caught: Mutex<Vec<(NetworkAlert, String)>>,
    /// Rules about the installation and the day on which each was last told.
    told: Mutex<BTreeMap<Rule, CivilDate>>,
    blocked: Mutex<BTreeMap<String, UtcMillis>>,
    throttled: Mutex<BTreeMap<Holder, UtcMillis>>,
    counts: Mutex<BTreeMap<Counted, u64>>,
    versions: Mutex<HashMap<PracticeId, u64>>,
    stopped: AtomicBool,
    failures: AtomicU64,
}

/// The supervisor's handle. Cheap to clone.
#[derive(Clone)]
pub struct AnomalySupervisor(Arc<Inner>);

impl AnomalySupervisor {
    /// Over the logs of a store. [`Self::run`] has to be spawned.
    #[must_use]
    pub fn new(
        records: Arc<dyn RecordStore>,
        audit: Audit,
        (directory, outbox): (Directory, Outbox),
        clock: Arc<dyn Clock>,
        (limits, locations): (Limits, Locations),
    ) -> Self {
        Self(Arc::new(Inner {
            records,
            audit,
            directory,
            outbox,
            clock,
            networks: Mutex::new(NetworkWatch::new(limits.clone())),
            limits,
            locations,
            practices: tokio::sync::Mutex::default(),
            due: Mutex::default(),
            sign_ins: Mutex::default(),
            caught: Mutex::default(),
            told: Mutex::default(),
            blocked: Mutex::default(),
            throttled: Mutex::default(),
            counts: Mutex::default(),
            versions: Mutex::default(),
            stopped: AtomicBool::new(false),
            failures: AtomicU64::new(0),
        }))
    }

    /// Follows the logs until [`Self::stop`]. `accounts`: whose sessions are asked for the second factor or ended; `ended` is
    /// told of those, for their sockets.
    pub async fn run(self, accounts: Accounts, ended: impl Fn(&[SessionId])) {
        let mut last = self.0.clock.now();
        self.look_at_all(&accounts, &ended).await;
        while !self.0.stopped.load(Ordering::SeqCst) {
            tokio::time::sleep(PAUSE).await;
            let now = self.0.clock.now();
            if now.plus_seconds(CLOCK_BACK_SECONDS) < last {
                self.found_in_installation(Rule::ClockSetBack);
            }
            last = now;
            self.look(&accounts, &ended).await;
        }
    }

    /// The first look after a start: all logs, for what happened while nobody looked.
    pub async fn look_at_all(&self, accounts: &Accounts, ended: &impl Fn(&[SessionId])) {
        let practices = self.0.directory.practices();
        self.0.due.lock().extend(practices.iter().map(|practice| practice.id));
        self.look(accounts, ended).await;
    }

    /// One look: logs that have grown are followed, alerts kept, and done what they ask for. What fails is tried again at the
    /// next one.
    pub async fn look(&self, accounts: &Accounts, ended: &impl Fn(&[SessionId])) {
        match self.0.audit.take_grown().await {
            Ok(grown) => self.0.due.lock().extend(grown),
            Err(error) => self.tell(&error.into()),
        }
        let due = std::mem::take(&mut *self.0.due.lock());
        for practice in due {
            match self.follow(practice).await {
                Ok(risen) => self.act((accounts, ended), practice, risen).await,
                Err(error) => {
                    self.tell(&error);
                    self.0.due.lock().insert(practice);
                }
            }
        }
        match self.session_signals().await {
            Ok(risen) => {
                for (practice, alerts) in risen {
                    self.act((accounts, ended), practice, alerts).await;
                }
            }
            Err(error) => self.tell(&error),
        }
        if let Err(error) = self.keep_caught().await {
            self.tell(&error);
        }
        if let Err(error) = self.save_due(self.0.clock.now(), false).await {
            self.tell(&error);
        }
    }

    /// Tells of a failure. What is busy is tried again and no failure; what does not open or does not fit is an alert.
    fn tell(&self, error: &AnomalyError) {
        if error.is_busy() {
            return tracing::debug!(error = error as &dyn std::error::Error, "the watch waits for the store");
        }
        self.0.failures.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "the watch over the audit log lags behind"
        );
        match error {
            AnomalyError::Audit(AuditError::Read(StoreError::Corrupt { .. })) => {
                self.found_in_installation(Rule::AuditFault);
            }
            AnomalyError::Read(StoreError::Corrupt { .. }) => {
                self.found_in_installation(Rule::SealBroken);
            }
            AnomalyError::Audit(_)
            | AnomalyError::Write(_)
            | AnomalyError::Read(_)
            | AnomalyError::NotFound
            | AnomalyError::NotYours => {}
        }
    }

    /// Keeps what was learnt, and ends [`Self::run`].
    pub async fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        if let Err(error) = self.save_due(self.0.clock.now(), true).await {
            self.tell(&error);
        }
    }

    /// Judges a try to sign in. `password`: what was tried; only a hash of it is remembered, in memory.
    pub(crate) fn attempt(&self, network: &str, account: &[u8; 32], password: &str, failed: bool) {
        let attempt = Attempt {
            at: self.0.clock.now(),
            network: hash(network),
            account: account.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)),
            password: hash(&format!("{}\0{password}", hex::encode(account))),
            failed,
        };
        let alerts = self.0.networks.lock().observe(&attempt);
        for alert in alerts {
            if alert.rule.effects().contains(&Effect::BlockNetwork) {
                let mut blocked = self.0.blocked.lock();
                blocked.retain(|_, until| alert.at < *until);
                if blocked.len() < BLOCKED_MAX {
                    blocked.insert(network.to_owned(), alert.at.plus_seconds(BLOCK_SECONDS));
                }
            }
            self.0.caught.lock().push((alert, network.to_owned()));
        }
    }

    /// Until when a network may sign nobody in whose device is not known.
    pub(crate) fn blocked_until(&self, network: &str) -> Option<UtcMillis> {
        let until = self.0.blocked.lock().get(network).copied();
        until.filter(|until| self.0.clock.now() < *until)
    }

    /// Notes what only this moment knows of a sign-in: its device by the secret that the account gave it, its whole network.
    pub(crate) fn signed_in(&self, session: [u8; 8], device: &str, network: &str) {
        let facts = SignInFacts {
            device: hash(device),
            network: hash(network),
            location: self.0.locations.find(network),
        };
        self.0.sign_ins.lock().note(session, facts);
    }

    /// Notes from where a session is used.
    pub fn used(&self, holder: Holder, session: SessionId, network: &str, device: &str) {
        let now = self.0.clock.now();
        let who = (holder.practice, holder.staff);
        self.0.sign_ins.lock().used(who, session, (network, device), now);
    }

    /// Whether this may not be opened for now: by somebody who has opened too much, nothing more that is not explained. What is
    /// the day's work stays open.
    #[must_use]
    pub fn holds_back(&self, viewing: &Viewing) -> bool {
        let Actor::Staff(staff) = viewing.actor else {
            return false;
        };
        let practice = viewing.key.practice;
        let now = self.0.clock.now();
        let until = self.0.throttled.lock().get(&Holder { practice, staff }).copied();
        if until.is_none_or(|until| now >= until) {
            return false;
        }
        let Some(practice) = self.0.directory.practice(practice) else {
            return false;
        };
        let span = (viewing.from, viewing.until);
        let opening = feed::opening(&practice, staff, (viewing.key.agenda, span, viewing.seen), now);
        let unexplained = |file: &Seen| file.explained.is_none();
        matches!(opening, Observed::Viewed { files, .. } if files.iter().any(unexplained))
    }

    /// An alert about the installation itself, once a day.
    fn found_in_installation(&self, rule: Rule) {
        let at = self.0.clock.now();
        let today = CivilDate::of(&Zone::paris(), at);
        if self.0.told.lock().insert(rule, today) == Some(today) {
            return;
        }
        let alert = NetworkAlert {
            rule,
            gravity: Gravity::Critical,
            network: 0,
            at,
        };
        self.0.caught.lock().push((alert, String::new()));
    }

    /// Writes alerts about networks and the installation.
    async fn keep_caught(&self) -> Result<(), AnomalyError> {
        let caught = self.0.caught.lock().clone();
        if caught.is_empty() {
            return Ok(());
        }
        let mut writes = Vec::new();
        for (place, (found, detail)) in caught.iter().enumerate() {
            let alert = Alert {
                rule: found.rule,
                // Nobody: the place among those of this turn keeps several of one day apart.
                staff: StaffId(u128::from(found.at.0.unsigned_abs()) << 16 | place as u128),
                day: CivilDate::of(&Zone::paris(), found.at),
                gravity: found.gravity,
                first: found.at,
                last: found.at,
                count: 1,
                session: [0; 8],
                supported_by: Vec::new(),
            };
            let record = AlertRecord {
                alert,
                detail: detail.clone(),
                answer: None,
            };
            writes.push(kept::write_alert(INSTALLATION, &record)?);
            let letter = Letter::InstallationAlert {
                rule: found.rule,
                at: found.at,
            };
            writes.extend(self.0.outbox.put_to_operator(letter));
            if found.rule.family() == Family::Integrity {
                writes.extend(self.officer_mails(None, found.rule, found.at));
            }
        }
        self.0.records.commit(Vec::new(), writes).await?;
        self.0.caught.lock().drain(..caught.len());
        for (found, _) in &caught {
            self.count(found.rule, found.gravity);
        }
        self.changed(INSTALLATION);
        Ok(())
    }

    fn count(&self, rule: Rule, gravity: Gravity) {
        *self.0.counts.lock().entry(Counted { rule, gravity }).or_default() += 1;
    }

    fn changed(&self, practice: PracticeId) {
        *self.0.versions.lock().entry(practice).or_default() += 1;
    }

    /// Changes whenever alerts of this practice have changed.
    #[must_use]
    pub fn version(&self, practice: PracticeId) -> u64 {
        self.0.versions.lock().get(&practice).copied().unwrap_or(0)
    }

    /// Alerts raised since the start, by rule and gravity.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Counted, u64> {
        self.0.counts.lock().clone()
    }

    /// Times that something could not be read or written.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }
}
