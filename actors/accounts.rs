//! Accounts of staff: a password and a second factor, sessions that can be seen and ended, codes for the day the telephone is
//! lost. One account belongs to one member of one practice.
//!
//! Passwords are argon2id hashes, recovery codes and addresses keyed hashes; every record lies sealed under the practice's
//! key. An account's changes are checked against its last version, so that a code is good once also for two who race.
//! Must not be here: cookies, HTTP, who may do what, which passwords are good enough (`cabinet_domain::password`).

mod care;
mod email;
mod enrol;
mod forgotten;
mod held;
mod ladder;
mod letters;
mod locked;
mod passkey_rows;
mod passkeys;
mod password;
mod record;
mod sign_in;
mod sign_up;
mod store;
mod totp;
mod unused;

pub use email::EMAIL_CODE_TRIES;
pub use enrol::{Enrolment, Opening};
pub use forgotten::{ASKED_MAX, ASKED_SECONDS};
pub use held::{Held, HeldKind};
pub use ladder::{NETWORK_RUNGS, RUNGS, SUBJECTS_MAX, WINDOW_SECONDS};
pub use passkeys::{Ceremony, PASSKEY_NAME_BYTES_MAX, PASSKEYS_MAX, PasskeyFace};
pub use password::{Cost, HASHES_AT_ONCE, HASHES_MAX};
pub use record::{DEVICES_MAX, SESSIONS_MAX};
pub use sign_in::{CHALLENGE_SECONDS, CHALLENGE_TRIES, Challenge, Visitor};
pub use sign_up::{Accepted, FIELD_BYTES_MAX, SignUp};
pub(crate) use store::folded;
pub use totp::{RECOVERY_CODES, STEP_SECONDS, STEPS_ASIDE};
pub use unused::{NOTICE_DAYS, Standing};

use self::email::NewEmail;
use self::enrol::Begun;
use self::forgotten::Asked;
use self::ladder::Ladder;
use self::passkeys::Site;
use self::password::Hasher;
use self::sign_in::Challenged;
use self::sign_up::Form;
use crate::access::{Access, AccessError, Entropy, Origin, SessionId, StaffSession};
use crate::anomaly::AnomalySupervisor;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::mail::Outbox;
use crate::waiting::{Crowded, Waiting};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::password::Weakness;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{AppendError, RecordStore, StoreError};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The second factor counts as recent for this long, in seconds.
pub const STEP_UP_SECONDS: i64 = 600;

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address or the password is wrong; which, is not said.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// The code is wrong, or was used before.
    #[error("the code is wrong or was used before")]
    WrongCode,
    /// Too many attempts have failed: none before then.
    #[error("too many attempts have failed")]
    HeldBack(UtcMillis),
    /// The passkey is unknown here, or was not shown as it has to be.
    #[error("the passkey is not one of this account")]
    WrongPasskey,
    /// No passkeys are offered here, or the account has none.
    #[error("there are no passkeys")]
    NoPasskeys,
    /// The first step was too long ago, or was tried too often: begin again.
    #[error("the first step has to be done again")]
    BeginAgain,
    /// The link is unknown, used or too old.
    #[error("the link is unknown, used or too old")]
    LinkGone,
    /// There is an account already where one would be made, or with this address.
    #[error("the address has an account")]
    AddressTaken,
    /// This installation sends no mail.
    #[error("no mail is sent")]
    NoMail,
    /// The account was not used for too long.
    #[error("the account was not used for too long")]
    Disabled,
    /// They are locked after a grave alert: an owner releases them.
    #[error("the member is locked")]
    Locked,
    /// They are locked, and the only owner: they release themselves by saying that they have seen the alert.
    #[error("the lock has to be acknowledged")]
    LockToAcknowledge,
    /// They have no account.
    #[error("there is no account")]
    NoAccount,
    /// The password is not good enough.
    #[error("the password is not good enough: {}", .0.code())]
    Weak(Weakness),
    /// A value breaks a bound: which, and the bound in words.
    #[error("{0} must {1}")]
    Invalid(&'static str, &'static str),
    /// Too much at once; nothing was done.
    #[error("busy")]
    Busy,
    /// The disk is full; nothing was done.
    #[error("the storage is full")]
    StorageFull,
    /// Storage refused the write.
    #[error("failed to write an account")]
    Write(#[source] AppendError),
    /// Storage could not be read.
    #[error("failed to read an account")]
    Read(#[from] StoreError),
}

impl From<AppendError> for AccountError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Busy => Self::Busy,
            AppendError::StorageFull => Self::StorageFull,
            error @ (AppendError::Conflict { .. }
            | AppendError::CheckFailed
            | AppendError::Fenced { .. }
            | AppendError::TooLarge
            | AppendError::NotSealed
            | AppendError::Unknown) => Self::Write(error),
        }
    }
}

impl From<Crowded> for AccountError {
    fn from(Crowded: Crowded) -> Self {
        Self::Busy
    }
}

impl From<AccessError> for AccountError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::LinkGone => Self::LinkGone,
            AccessError::Write(error) => error.into(),
            AccessError::Read(error) => Self::Read(error),
        }
    }
}

/// By which listener somebody comes: practices' members and the platform's team have a door each, and no account opens both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The public listener.
    Practices,
    /// The operators' listener.
    Operators,
}

impl Door {
    /// Whether members of this practice come by it.
    #[must_use]
    pub fn admits(self, practice: PracticeId) -> bool {
        practice.is_platform() == (self == Self::Operators)
    }
}

/// A member of staff, as accounts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Of which practice.
    pub practice: PracticeId,
    /// Who.
    pub staff: StaffId,
}

impl From<StaffSession> for Holder {
    fn from(session: StaffSession) -> Self {
        Self {
            practice: session.practice,
            staff: session.staff,
        }
    }
}

/// Somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Token of the session, 64 hexadecimal digits.
    pub token: String,
    /// Who.
    pub session: StaffSession,
    /// Secret by which the account will know this device again, if it is to be set.
    pub device: Option<String>,
    /// Sessions that have ended for it.
    pub ended: Vec<SessionId>,
}

/// One's own account, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Address to sign in with.
    pub email: String,
    /// The password was last changed then.
    pub password_since: UtcMillis,
    /// Recovery codes not used yet.
    pub recovery_codes_left: usize,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<PasskeyFace>,
    /// Sessions that stand, the latest used first.
    pub sessions: Vec<SessionFace>,
}

/// A session, as its owner is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFace {
    /// Its id.
    pub id: SessionId,
    /// Where it came from.
    pub origin: Origin,
    /// Signed in then.
    pub since: UtcMillis,
    /// Last use that was noted.
    pub used: UtcMillis,
}

/// How accounts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountsOptions {
    /// What a guess at a password costs.
    pub cost: Cost,
    /// An account that nobody has signed in to for so many days signs nobody in.
    pub unused_days: i64,
}

struct Inner {
    audit: Audit,
    anomalies: AnomalySupervisor,
    outbox: Outbox,
    records: Arc<dyn RecordStore>,
    access: Access,
    directory: Directory,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    hasher: Hasher,
    unused_days: i64,
    ladder: Mutex<Ladder>,
    challenges: Waiting<Challenged>,
    begun: Waiting<Begun>,
    forms: Waiting<Form>,
    ceremonies: Waiting<passkeys::Asked>,
    emails: Waiting<NewEmail>,
    site: Mutex<Option<Site>>,
    asked: Mutex<Asked>,
    pepper: OnceCell<[u8; 32]>,
}

/// All accounts, as one door opens them. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>, Door);

impl Accounts {
    /// Over a record store. Sessions are those of `access`.
    #[must_use]
    pub fn new(
        records: Arc<dyn RecordStore>,
        access: Access,
        directory: Directory,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        (audit, anomalies, outbox, options): (Audit, AnomalySupervisor, Outbox, AccountsOptions),
    ) -> Self {
        let inner = Inner {
            audit,
            anomalies,
            outbox,
            records,
            access,
            directory,
            clock,
            hasher: Hasher::new(options.cost, entropy.clone()),
            unused_days: options.unused_days,
            entropy,
            ladder: Mutex::new(Ladder::default()),
            challenges: Waiting::new(),
            begun: Waiting::new(),
            forms: Waiting::new(),
            ceremonies: Waiting::new(),
            emails: Waiting::new(),
            site: Mutex::default(),
            asked: Mutex::default(),
            pepper: OnceCell::new(),
        };
        Self(Arc::new(inner), Door::Practices)
    }

    /// The same accounts at another door.
    #[must_use]
    pub fn at(&self, door: Door) -> Self {
        Self(Arc::clone(&self.0), door)
    }

    /// Whose address this is, if they belong to their practice and come by this door.
    async fn visitor_with(&self, address: &[u8; 32]) -> Result<Option<Holder>, AccountError> {
        let holder = self.holder_of(address).await?;
        Ok(holder.filter(|holder| self.1.admits(holder.practice) && self.belongs(*holder)))
    }

    /// Whether a member belongs to the practice now, locked or not.
    fn belongs(&self, holder: Holder) -> bool {
        let practice = self.0.directory.practice(holder.practice);
        practice.is_some_and(|practice| practice.belongs_now(holder.staff, self.0.clock.now()))
    }
}
