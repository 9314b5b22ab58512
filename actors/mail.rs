//! The mail supervisor: sends what was written down in the outbox, in the commit of what it tells of, until somebody takes it or
//! it is a dead letter; and writes down the days' mails.
//!
//! The store is the outbox (law L4): a restart goes on from there, and losing every nudge loses nothing. A mail is sent at least
//! once; the same mail always bears the same id. Must not be here: SMTP (`gateways`), who is told of what (where it happens).

mod compose;
mod compose_patient;
mod correspondence;
mod daily;
mod discreet;
mod gathered;
mod html;
mod kept;
mod links;
mod outbox;
mod patient_desk;
mod patient_round;
#[cfg(test)]
mod patient_tests;
mod patients;
mod post;
mod reminders;
mod round;
mod tell;
mod text;

pub use self::compose_patient::shown_phone;
pub use self::correspondence::{MESSAGES_MAX, Message};
pub use self::html::escaped;
pub(crate) use self::kept::{Addressee, Write, Writes};
pub use self::kept::{Outcome, RECEIPT_DAYS, RECEIPTS_MAX, Receipt, WAITING_SEEN_MAX};
pub use self::links::{LinkError, LinkPurpose, Linked, Links};
pub use self::outbox::Outbox;
pub use self::patient_desk::{DeskError, LATE_COUNTED_MAX, Messages, PatientDesk, REMINDER_LATE_SECONDS};
pub(crate) use self::patients::{Told, language, of_commit};
pub use self::post::{Attachment, Envelope, Post, PostError};
pub use self::round::{DEAD_MAX, Listed};
pub(crate) use self::tell::of_practice_event;
pub use self::text::day_and_hour;

use self::kept::{MailId, MailRecord};
use crate::accounts::{AccountError, Accounts};
use crate::agendas::Agendas;
use crate::anomaly::{AnomalyError, AnomalySupervisor};
use crate::audit::{Audit, AuditError};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::read::ReadError;
use cabinet_domain::ids::PracticeId;
use cabinet_domain::mail::Letter;
use cabinet_domain::practice::{ContractDeadline, DocumentKind, Locale};
use cabinet_domain::time::{CivilDate, UtcMillis};
use cabinet_storage::{AppendError, RecordStore, StoreError};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the outbox is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// A stop waits so long for the mail in hand.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether a day's mail is due, in seconds.
const DAILY_SECONDS: i64 = 60;
/// How often it is looked whether a reminder is due, in seconds.
const REMINDER_SECONDS: i64 = 15;
/// The installation as a practice: its mails are about none.
pub(crate) const INSTALLATION: PracticeId = PracticeId(0);

/// The text of a document that practices accept: which, version, language.
pub type Documents = Arc<dyn Fn(DocumentKind, u32, Locale) -> Option<String> + Send + Sync>;

/// Why the outbox could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Mails could not be read.
    #[error("failed to read mails")]
    Read(#[from] StoreError),
    /// Mails could not be written.
    #[error("failed to write mails")]
    Write(#[from] AppendError),
    /// An address could not be read.
    #[error("failed to look an address up")]
    Account(#[from] AccountError),
    /// A patient's address could not be read.
    #[error("failed to look a patient's address up")]
    Agenda(#[from] ReadError),
    /// The access log could not be read.
    #[error("failed to look at the access log")]
    Audit(#[from] AuditError),
    /// A link could not be signed.
    #[error("failed to sign a link")]
    Link(#[from] LinkError),
    /// Alerts could not be read.
    #[error("failed to look at alerts")]
    Alerts(#[from] AnomalyError),
}

impl MailError {
    const fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Write(AppendError::Busy)
                | Self::Account(AccountError::Busy)
                | Self::Read(StoreError::Append(AppendError::Busy))
                | Self::Account(AccountError::Read(StoreError::Append(AppendError::Busy)))
                | Self::Link(
                    LinkError::Write(AppendError::Busy) | LinkError::Read(StoreError::Append(AppendError::Busy))
                )
                | Self::Write(AppendError::CheckFailed)
                | Self::Audit(
                    AuditError::Write(AppendError::Busy) | AuditError::Read(StoreError::Append(AppendError::Busy))
                )
        )
    }
}

/// How mails are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOptions {
    /// From this hour on the day's mail goes out, in the practice's zone.
    pub daily_hour: u8,
}

/// What stands in one practice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Standing {
    waiting: usize,
    dead: usize,
    oldest: Option<UtcMillis>,
    /// Since when the oldest reminder waits.
    reminder: Option<UtcMillis>,
}

impl Standing {
    fn add(&mut self, record: &MailRecord) {
        if record.dead {
            self.dead += 1;
        } else {
            self.waiting += 1;
            self.oldest = Some(self.oldest.map_or(record.made, |oldest| oldest.min(record.made)));
            if matches!(record.letter, Letter::Reminded { .. }) {
                self.reminder = Some(self.reminder.map_or(record.made, |oldest| oldest.min(record.made)));
            }
        }
    }
}

/// The outside as a whole.
#[derive(Debug)]
struct Down {
    times: usize,
    until: UtcMillis,
    why: String,
}

impl Default for Down {
    fn default() -> Self {
        Self {
            times: 0,
            until: UtcMillis(0),
            why: String::new(),
        }
    }
}

/// A look at the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailStats {
    /// Mails that wait.
    pub waiting: usize,
    /// Dead letters.
    pub dead: usize,
    /// Since when the oldest waits.
    pub oldest: Option<UtcMillis>,
    /// Done with since the start, by kind and what became of them.
    pub done: BTreeMap<(&'static str, Outcome), u64>,
    /// Times that a mail was not taken since the start, by why.
    pub failures: BTreeMap<&'static str, u64>,
    /// Times that the store could not be read or written.
    pub store_failures: u64,
    /// Why nothing can be sent; none while mails go out.
    pub down: Option<String>,
    /// Since when the oldest reminder is due that was not sent.
    pub reminder_oldest: Option<UtcMillis>,
    /// When reminders were last looked at; none before the first time.
    pub reminders_looked: Option<UtcMillis>,
}

struct Inner {
    outbox: Outbox,
    records: Arc<dyn RecordStore>,
    directory: Directory,
    accounts: Accounts,
    agendas: Agendas,
    audit: Audit,
    anomalies: AnomalySupervisor,
    links: Links,
    clock: Arc<dyn Clock>,
    post: Arc<dyn Post>,
    documents: Documents,
    deadlines: Vec<ContractDeadline>,
    base: String,
    options: MailOptions,
    /// One at a time: sending, and what the operator does to the outbox.
    turn: tokio::sync::Mutex<()>,
    standing: Mutex<HashMap<PracticeId, Standing>>,
    /// Sent, but not yet noted: not to be sent again while this process lives.
    gone: Mutex<BTreeMap<MailId, String>>,
    dailies: Mutex<BTreeMap<PracticeId, CivilDate>>,
    down: Mutex<Down>,
    /// Moment of the oldest reminder that is due and could not be put into the outbox.
    reminder_oldest: Mutex<Option<UtcMillis>>,
    reminders_looked: Mutex<Option<UtcMillis>>,
    done: Mutex<BTreeMap<(&'static str, Outcome), u64>>,
    failures: Mutex<BTreeMap<&'static str, u64>>,
    store_failures: AtomicU64,
    stopped: AtomicBool,
}

/// What the supervisor looks things up in.
pub struct Sources {
    /// Mails.
    pub records: Arc<dyn RecordStore>,
    /// Names.
    pub directory: Directory,
    /// Addresses of members.
    pub accounts: Accounts,
    /// Addresses of patients.
    pub agendas: Agendas,
    /// Checkpoints.
    pub audit: Audit,
    /// Alerts.
    pub anomalies: AnomalySupervisor,
    /// Signs the links in patients' mails.
    pub links: Links,
    /// Documents.
    pub documents: Documents,
    /// By when practices have to have accepted what.
    pub deadlines: Vec<ContractDeadline>,
}

/// The mail supervisor's handle. Cheap to clone.
#[derive(Clone)]
pub struct MailSupervisor(Arc<Inner>);

impl MailSupervisor {
    /// Over an outbox. `base`: address that links begin with. [`Self::run`] has to be spawned.
    #[must_use]
    pub fn new(
        outbox: Outbox,
        sources: Sources,
        clock: Arc<dyn Clock>,
        post: Arc<dyn Post>,
        (base, options): (String, MailOptions),
    ) -> Self {
        let Sources {
            records,
            directory,
            accounts,
            agendas,
            audit,
            anomalies,
            links,
            documents,
            deadlines,
        } = sources;
        Self(Arc::new(Inner {
            outbox,
            records,
            directory,
            accounts,
            agendas,
            audit,
            anomalies,
            links,
            clock,
            post,
            documents,
            deadlines,
            base,
            options,
            turn: tokio::sync::Mutex::default(),
            standing: Mutex::default(),
            gone: Mutex::default(),
            dailies: Mutex::default(),
            down: Mutex::default(),
            reminder_oldest: Mutex::default(),
            reminders_looked: Mutex::default(),
            done: Mutex::default(),
            failures: Mutex::default(),
            store_failures: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }))
    }

    /// Sends until [`Self::stop`].
    pub async fn run(self) {
        self.look_everywhere();
        let mut dailies = UtcMillis(i64::MIN);
        let mut reminders = UtcMillis(i64::MIN);
        while !self.0.stopped.load(Ordering::SeqCst) {
            let now = self.0.clock.now();
            if now >= dailies.plus_seconds(DAILY_SECONDS) || now < dailies {
                dailies = now;
                self.write_dailies().await;
            }
            if now >= reminders.plus_seconds(REMINDER_SECONDS) || now < reminders {
                reminders = now;
                self.write_reminders().await;
            }
            self.send_due().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// After a start: mails may wait anywhere.
    fn look_everywhere(&self) {
        for practice in self.practices() {
            self.0.outbox.look_once(practice);
        }
    }

    /// One look, for tests that move the clock themselves.
    pub async fn look(&self) {
        self.look_everywhere();
        self.write_dailies().await;
        self.write_reminders().await;
        self.send_due().await;
    }

    /// Ends [`Self::run`] after the mail in hand, if that takes no longer than a stop may: else it is sent again, under its id.
    pub async fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        let _either_way = tokio::time::timeout(STOP_PATIENCE, self.0.turn.lock()).await;
        self.0.post.close();
    }

    fn practices(&self) -> Vec<PracticeId> {
        let practices = self.0.directory.practices();
        let ids = practices.iter().map(|practice| practice.id);
        std::iter::once(INSTALLATION).chain(ids).collect()
    }

    fn tell(&self, error: &MailError) {
        if error.is_busy() {
            return tracing::debug!(error = error as &dyn std::error::Error, "mails wait for the store");
        }
        self.0.store_failures.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(error = error as &dyn std::error::Error, "mails wait");
    }

    /// Writes a trial mail down.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn try_out(&self, address: &str) -> Result<(), MailError> {
        let to = Addressee::Address(address.to_owned());
        let writes = self.0.outbox.put(INSTALLATION, to, Letter::Trial);
        self.0.records.commit(Vec::new(), writes).await?;
        Ok(())
    }

    /// How the outbox stands.
    #[must_use]
    pub fn stats(&self) -> MailStats {
        let standing = self.0.standing.lock();
        let down = self.0.down.lock();
        MailStats {
            waiting: standing.values().map(|one| one.waiting).sum(),
            dead: standing.values().map(|one| one.dead).sum(),
            oldest: standing.values().filter_map(|one| one.oldest).min(),
            done: self.0.done.lock().clone(),
            failures: self.0.failures.lock().clone(),
            store_failures: self.0.store_failures.load(Ordering::Relaxed),
            down: (down.times > 0).then(|| down.why.clone()),
            reminder_oldest: standing
                .values()
                .filter_map(|one| one.reminder)
                .chain(*self.0.reminder_oldest.lock())
                .min(),
            reminders_looked: *self.0.reminders_looked.lock(),
        }
    }
}
