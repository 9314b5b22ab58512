//! Making an account with a link, and choosing another password with one: the second factor is asked for either way.

use super::letters::whence;
use super::password::Hashed;
use super::record::AccountRecord;
use super::sign_in::{Visitor, subjects};
use super::store::{Together, check_email, ending, folded};
use super::totp::{self, Secret, Typed};
use super::{AccountError, Accounts, Holder, SignedIn};
use crate::access::session_id;
use crate::membership::{Membership, MembershipError};
use cabinet_domain::audit::Act;
use cabinet_domain::ids::{CommandId, PracticeId};
use cabinet_domain::mail::Letter;
use cabinet_domain::password;
use cabinet_domain::practice::{Invitation, MembershipRefusal};
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;

/// An account that was begun has to be finished within this, in seconds.
const BEGUN_SECONDS: i64 = 900;
/// Codes that may be tried to finish it.
const BEGUN_TRIES: u32 = 10;

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Of which practice.
    pub practice: PracticeId,
    /// The member; none: somebody invited, who is none yet.
    pub member: Option<Holder>,
    /// Role.
    pub role: Role,
    /// Name; none: not said yet.
    pub name: Option<String>,
    /// Whether the member has an account already.
    pub has_account: bool,
}

/// A second factor to be put into an application.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret in base 32.
    pub secret: String,
    /// The same as an address that applications open.
    pub address: String,
    /// To be finished by then.
    pub until: UtcMillis,
}

/// What waits for its first code.
#[derive(Clone)]
pub(super) struct Begun {
    pub(super) secret: Secret,
    pub(super) email: String,
    /// None: the application alone is replaced.
    pub(super) password: Option<Hashed>,
    name: Option<String>,
}

impl Accounts {
    /// What a link opens.
    ///
    /// # Errors
    /// [`AccountError::LinkGone`] when it is unknown, used, withdrawn or too old, all alike.
    pub async fn opening(&self, link: &str) -> Result<Opening, AccountError> {
        match self.0.access.link(link).await {
            Ok(link) if !self.1.admits(link.practice) => Err(AccountError::LinkGone),
            Ok(link) => {
                let holder = Holder {
                    practice: link.practice,
                    staff: link.staff,
                };
                let practice = self.0.directory.practice(link.practice);
                let practice = practice.ok_or(AccountError::LinkGone)?;
                // Also of who is locked: the only owner may have forgotten their password too.
                let member = practice.members.get(&link.staff);
                let member = member.filter(|member| member.is_valid(self.0.clock.now()));
                let role = member.map(|member| member.role);
                Ok(Opening {
                    practice: link.practice,
                    member: Some(holder),
                    role: role.ok_or(AccountError::LinkGone)?,
                    name: practice.staff.get(&link.staff).map(|staff| staff.name.clone()),
                    has_account: self.exists(holder).await?,
                })
            }
            Err(crate::access::AccessError::LinkGone) => {
                let (practice, invitation) = self.invitation(link).ok_or(AccountError::LinkGone)?;
                Ok(Opening {
                    practice,
                    member: None,
                    role: invitation.role,
                    name: None,
                    has_account: false,
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn invitation(&self, link: &str) -> Option<(PracticeId, Invitation)> {
        let hash = session_id(link);
        let now = self.0.clock.now();
        self.0.directory.practices().iter().find_map(|practice| {
            let mut invitations = practice.invitations.values();
            let found = invitations.find(|invitation| invitation.link_hash == hash && now < invitation.expires_at);
            Some((practice.id, found?.clone()))
        })
    }

    fn judge(&self, practice: PracticeId, password: &str, (email, name): (&str, &str)) -> Result<(), AccountError> {
        let practice = self.0.directory.practice(practice);
        let practice = practice.and_then(|practice| practice.face.as_ref().map(|face| face.name.clone()));
        let personal = [email, name, practice.as_deref().unwrap_or_default()];
        password::check(password, &personal).map_err(AccountError::Weak)
    }

    /// Begins an account: judges address and password, draws a second factor.
    ///
    /// # Errors
    /// [`AccountError::LinkGone`], [`AccountError::Invalid`], [`AccountError::Weak`], [`AccountError::AddressTaken`] for an
    /// address of somebody else or a member who has an account.
    pub async fn begin_activation(
        &self,
        link: &str,
        name: Option<&str>,
        (email, password): (&str, &str),
    ) -> Result<Enrolment, AccountError> {
        let opening = self.opening(link).await?;
        if opening.has_account {
            return Err(AccountError::AddressTaken);
        }
        let email = email.trim();
        check_email(email)?;
        let name = opening.name.as_deref().or(name.map(str::trim)).unwrap_or_default();
        if name.is_empty() || name.len() > 120 || name.chars().any(char::is_control) {
            return Err(AccountError::Invalid("name", "be 1 to 120 bytes"));
        }
        self.judge(opening.practice, password, (email, name))?;
        let former = self.holder_of(&self.address_hash(email).await?).await?;
        if former.is_some_and(|former| self.belongs(former)) {
            return Err(AccountError::AddressTaken);
        }
        let hashed = self.0.hasher.hash(password).await?;
        let name = opening.member.is_none().then(|| name.to_owned());
        self.propose(session_id(link), email, Some(hashed), name)
    }

    /// Draws a second factor that waits for its first code under `key`.
    pub(super) fn propose(
        &self,
        key: [u8; 32],
        email: &str,
        password: Option<Hashed>,
        name: Option<String>,
    ) -> Result<Enrolment, AccountError> {
        let secret: Secret = (self.0.entropy)().first_chunk().copied().unwrap_or_default();
        let now = self.0.clock.now();
        let until = now.plus_seconds(BEGUN_SECONDS);
        let email = email.to_owned();
        let enrolment = Enrolment {
            secret: totp::in_letters(&secret),
            address: totp::address(&secret, &email),
            until,
        };
        let begun = Begun {
            secret,
            email,
            password,
            name,
        };
        self.0.begun.put(key, begun, (now, until), BEGUN_TRIES)?;
        Ok(enrolment)
    }

    /// What waits under `key`, and the step of its first code.
    pub(super) fn first_code(&self, key: &[u8; 32], code: &str) -> Result<(Begun, u64), AccountError> {
        let now = self.0.clock.now();
        let begun = self.0.begun.try_once(key, now).ok_or(AccountError::BeginAgain)?;
        let Some(Typed::Digits(digits)) = totp::typed(code) else {
            return Err(AccountError::WrongCode);
        };
        let step = totp::matching_step(&begun.secret, digits, now, 0).ok_or(AccountError::WrongCode)?;
        Ok((begun, step))
    }

    /// Finishes an account with the application's first code: the link is used up, its holder signed in. Answers the recovery
    /// codes, which nobody can show again.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`] when it was begun too long ago; [`AccountError::WrongCode`]; [`AccountError::LinkGone`];
    /// [`AccountError::AddressTaken`].
    pub async fn finish_activation(
        &self,
        membership: &Membership,
        link: &str,
        code: &str,
        visitor: &Visitor,
    ) -> Result<(SignedIn, Vec<String>), AccountError> {
        let key = session_id(link);
        let (begun, last_step) = self.first_code(&key, code)?;
        let password = begun.password.ok_or(AccountError::BeginAgain)?;
        let former = self.holder_of(&self.address_hash(&begun.email).await?).await?;
        if former.is_some_and(|former| self.belongs(former)) {
            return Err(AccountError::AddressTaken);
        }
        let (holder, mut together) = self.holder_by(membership, link, begun.name.as_deref()).await?;
        let (codes, recovery) = self.draw_recovery(holder).await?;
        let now = self.0.clock.now();
        let mut record = AccountRecord::begun(begun.email, password, (begun.secret, last_step), recovery, now);
        let (admitted, more) = self.admit(holder, &mut record, visitor);
        together.writes.extend(more.writes);
        together.acts.extend(more.acts);
        self.make(holder, &record, together).await?;
        self.0.begun.remove(&key);
        Ok((self.admitted(admitted).await?, codes))
    }

    /// Who an account is made for: the link's member, or whoever becomes one by an invitation.
    async fn holder_by(
        &self,
        membership: &Membership,
        link: &str,
        name: Option<&str>,
    ) -> Result<(Holder, Together), AccountError> {
        let Some(name) = name else {
            let link = self.0.access.link(link).await?;
            let holder = Holder {
                practice: link.practice,
                staff: link.staff,
            };
            let together = Together {
                checks: vec![(link.key.clone(), link.version)],
                writes: vec![(link.key, None)],
                ..Together::default()
            };
            return Ok((holder, together));
        };
        // The same link is the same command: who repeats it after a lost answer finds it used.
        let number = session_id(link).first_chunk().copied().unwrap_or_default();
        let command_id = CommandId(u128::from_be_bytes(number));
        let joined = membership.join(link, command_id, name).await;
        let (practice, staff) = joined.map_err(|error| match error {
            MembershipError::Refused(MembershipRefusal::Invalid { field, must }) => AccountError::Invalid(field, must),
            MembershipError::Directory(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an invitation could not be used"
                );
                AccountError::Busy
            }
            MembershipError::Refused(_)
            | MembershipError::NotFound
            | MembershipError::Forbidden
            | MembershipError::StepUp => AccountError::LinkGone,
        })?;
        Ok((Holder { practice, staff }, Together::default()))
    }

    /// Chooses another password with a link and the second factor; every session ends, one begins.
    ///
    /// # Errors
    /// [`AccountError::LinkGone`]; [`AccountError::Weak`]; [`AccountError::WrongCode`], which leaves the link as it is;
    /// [`AccountError::HeldBack`].
    pub async fn reset(
        &self,
        link: &str,
        password: &str,
        code: &str,
        visitor: &Visitor,
    ) -> Result<SignedIn, AccountError> {
        let opening = self.opening(link).await?;
        let holder = opening.member.ok_or(AccountError::LinkGone)?;
        let known = self.find(holder).await?.ok_or(AccountError::NoAccount)?;
        let email = known.record.email.clone();
        self.judge(
            holder.practice,
            password,
            (&email, opening.name.as_deref().unwrap_or_default()),
        )?;
        let subjects = subjects(self.address_hash(&folded(&email)).await?, Some(&known), visitor);
        self.attempt(&subjects).await?;
        let hashed = self.0.hasher.hash(password).await?;
        let changed = self.change(holder, async |record| {
            let link = self.0.access.link(link).await?;
            let told = self.use_code(holder, record, code, &visitor.origin).await?;
            // The link and the factor say as much as an acknowledgement.
            let releases = self.judge_lock(holder, true)?;
            record.password = hashed;
            record.password_since = self.0.clock.now();
            let ended = std::mem::take(&mut record.sessions);
            let (admitted, mut together) = self.admit(holder, record, visitor);
            together.checks.push((link.key.clone(), link.version));
            together.writes.push((link.key, None));
            together.writes.extend(ending(&ended));
            together.writes.extend(told);
            let whence = whence(&visitor.origin, self.0.clock.now());
            let letter = Letter::PasswordChanged { whence };
            together.writes.extend(self.letter(holder, letter));
            let from = Some((&admitted.opened.id, &visitor.origin));
            together.acts.insert(0, self.act_of(holder, Act::PasswordChanged, from));
            Ok(((admitted, ended, releases), together))
        });
        let (admitted, ended, releases) = changed.await?;
        if releases {
            self.release_themselves(holder, &visitor.origin).await?;
        }
        self.forget_failures(&subjects).await?;
        self.0.access.drop_cached(&ended);
        let mut signed_in = self.admitted(admitted).await?;
        signed_in.ended.extend(ended);
        Ok(signed_in)
    }
}
