//! Signing in: the password, then the second factor. Whatever is wrong with the first step gets the same answer after the
//! same work.

use super::ladder::Subject;
use super::letters::whence;
use super::record::AccountRecord;
use super::store::{Known, Together, ending};
use super::{AccountError, Accounts, Holder, SignedIn};
use crate::access::{Opened, Origin, SessionId, StaffSession, Strength, leaf_origin, session_id, short};
use cabinet_domain::audit::Act;
use cabinet_domain::mail::Letter;
use cabinet_domain::time::UtcMillis;

/// A right password waits this long for the second factor, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// Codes that may be tried after one right password.
pub const CHALLENGE_TRIES: u32 = 5;

/// The password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// To be sent back with the code.
    pub secret: String,
    /// Good until then.
    pub until: UtcMillis,
}

/// Who comes, as far as the request tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Address, or network where addresses are many: IPv4 whole, IPv6 to 64 bits.
    pub network: String,
    /// As it will be shown to the account's owner.
    pub origin: Origin,
    /// Secret that an account gave this device before.
    pub device: Option<String>,
}

/// What waits for the second factor.
#[derive(Clone)]
pub(super) struct Challenged {
    holder: Holder,
    subjects: Vec<Subject>,
}

/// A session about to be committed with its account's change.
pub(super) struct Admitted {
    pub(super) opened: Opened,
    device: Option<String>,
    ended: Vec<SessionId>,
}

impl Accounts {
    /// First step: the password.
    ///
    /// # Errors
    /// [`AccountError::WrongCredentials`] for a wrong password and an unknown address alike; [`AccountError::HeldBack`];
    /// [`AccountError::Busy`] when too many sign in at once.
    pub async fn begin_sign_in(
        &self,
        email: &str,
        password: &str,
        visitor: &Visitor,
    ) -> Result<Challenge, AccountError> {
        let address = self.address_hash(email).await?;
        let holder = self.visitor_with(&address).await?;
        let known = match holder {
            Some(holder) => self.find(holder).await?.map(|known| (holder, known)),
            None => None,
        };
        let subjects = subjects(address, known.as_ref().map(|(_, known)| known), visitor);
        if matches!(subjects.first(), Some(Subject::Account(_)))
            && let Some(until) = self.0.anomalies.blocked_until(&visitor.network)
        {
            return Err(AccountError::HeldBack(until));
        }
        self.attempt(&subjects).await?;
        let hashed = known.as_ref().map(|(_, known)| &known.record.password);
        let judged = self.0.hasher.verify(password, hashed).await;
        if matches!(judged, Err(_) | Ok(true)) {
            // Not judged, or right: neither counts.
            self.0.ladder.lock().excuse(&subjects, self.0.clock.now());
        }
        let right = judged?;
        self.0.anomalies.attempt(&visitor.network, &address, password, !right);
        if let (false, Some((holder, _))) = (right, &known) {
            self.denied(*holder, visitor);
        }
        let (true, Some((holder, known))) = (right, known) else {
            return Err(AccountError::WrongCredentials);
        };
        if self.0.hasher.is_outdated(&known.record.password) {
            self.hash_anew(holder, &known, password).await?;
        }
        let secret = hex::encode((self.0.entropy)());
        let now = self.0.clock.now();
        let until = now.plus_seconds(CHALLENGE_SECONDS);
        let challenged = Challenged { holder, subjects };
        let key = session_id(&secret);
        self.0.challenges.put(key, challenged, (now, until), CHALLENGE_TRIES)?;
        Ok(Challenge { secret, until })
    }

    /// A password that was hashed at another cost is hashed at the present one, unless it was changed meanwhile.
    async fn hash_anew(&self, holder: Holder, known: &Known, password: &str) -> Result<(), AccountError> {
        let hashed = self.0.hasher.hash(password).await?;
        self.change(holder, async |record| {
            if record.password == known.record.password {
                record.password = hashed;
            }
            Ok(((), Together::default()))
        })
        .await
    }

    /// Second step: a code of the application, or a recovery code.
    ///
    /// # Errors
    /// [`AccountError::WrongCode`]; [`AccountError::BeginAgain`] when the first step is too long ago or was tried too often;
    /// [`AccountError::HeldBack`]; [`AccountError::Disabled`], [`AccountError::Locked`] and [`AccountError::LockToAcknowledge`], which
    /// only who has shown both factors is told. `acknowledged`: the only owner has seen why they are locked.
    pub async fn finish_sign_in(
        &self,
        challenge: &str,
        (code, acknowledged): (&str, bool),
        visitor: &Visitor,
    ) -> Result<SignedIn, AccountError> {
        let key = session_id(challenge);
        let waiting = self.0.challenges.try_once(&key, self.0.clock.now());
        let Challenged { holder, subjects } = waiting.ok_or(AccountError::BeginAgain)?;
        self.attempt(&subjects).await?;
        if !self.belongs(holder) {
            return Err(AccountError::BeginAgain);
        }
        let changed = self.change(holder, async |record| {
            let told = self.use_code(holder, record, code, &visitor.origin).await?;
            if self.is_disabled(record) {
                return Err(AccountError::Disabled);
            }
            let releases = self.judge_lock(holder, acknowledged)?;
            let (admitted, mut together) = self.admit(holder, record, visitor);
            together.writes.extend(told);
            Ok(((admitted, releases), together))
        });
        let changed = changed.await;
        if matches!(
            changed,
            Err(AccountError::WrongCode | AccountError::Disabled | AccountError::Locked)
        ) {
            self.denied(holder, visitor);
        }
        if matches!(changed, Err(AccountError::NoAccount)) {
            // Deleted between the steps.
            return Err(AccountError::BeginAgain);
        }
        let (admitted, releases) = changed?;
        if releases {
            self.release_themselves(holder, &visitor.origin).await?;
        }
        self.0.challenges.remove(&key);
        self.forget_failures(&subjects).await?;
        self.admitted(admitted).await
    }

    /// Opens a session in an account's change.
    pub(super) fn admit(&self, holder: Holder, record: &mut AccountRecord, visitor: &Visitor) -> (Admitted, Together) {
        let now = self.0.clock.now();
        let who = StaffSession {
            practice: holder.practice,
            staff: holder.staff,
            strength: Strength::TwoFactors { shown: now },
        };
        let opened = self.0.access.open(who, visitor.origin.clone());
        let known = visitor.device.as_ref().map(|device| session_id(device));
        let known = known.filter(|device| record.devices.contains(device));
        // An account's first device is the one it was made on.
        let new_device = known.is_none() && !record.devices.is_empty();
        let device = known.is_none().then(|| hex::encode((self.0.entropy)()));
        let hash = device.as_ref().map(|device| session_id(device)).or(known);
        if let Some(hash) = hash {
            record.know_device(hash);
            let device = hex::encode(hash);
            self.0.anomalies.signed_in(short(&opened.id), &device, &visitor.network);
        }
        record.signed_in = now;
        let ended = record.add_session(opened.id);
        let mut writes = vec![opened.write()];
        writes.extend(ending(&ended));
        if new_device {
            let whence = whence(&visitor.origin, now);
            writes.extend(self.letter(holder, Letter::NewDevice { whence }));
        }
        let acts = vec![self.act_of(holder, Act::SignedIn, Some((&opened.id, &visitor.origin)))];
        let admitted = Admitted { opened, device, ended };
        let checks = Vec::new();
        (admitted, Together { checks, writes, acts })
    }

    /// Has the audit log count a sign-in that failed. Not written at once: that would tell by its time that there is an account.
    pub(super) fn denied(&self, holder: Holder, visitor: &Visitor) {
        let (practice, leaf) = self.act_of(holder, Act::SignedIn, None);
        let origin = leaf_origin(None, None, &visitor.origin.network);
        self.0
            .audit
            .refused(practice, (leaf.actor, origin), Act::SignedIn, None);
    }

    pub(super) async fn admitted(&self, admitted: Admitted) -> Result<SignedIn, AccountError> {
        let Admitted { opened, device, ended } = admitted;
        self.0.access.drop_cached(&ended);
        let session = opened.record.who;
        self.0.access.remember(opened.id, opened.record).await?;
        Ok(SignedIn {
            token: opened.token,
            session,
            device,
            ended,
        })
    }
}

/// Who is held back when it fails: a device that the account knows answers for itself alone.
pub(super) fn subjects(address: [u8; 32], known: Option<&Known>, visitor: &Visitor) -> Vec<Subject> {
    let device = visitor.device.as_ref().map(|device| session_id(device));
    let is_known = |device: &[u8; 32]| known.is_some_and(|known| known.record.devices.contains(device));
    match device.filter(is_known) {
        Some(device) => vec![Subject::Device(device)],
        None => vec![Subject::Account(address), Subject::Network(visitor.network.clone())],
    }
}
