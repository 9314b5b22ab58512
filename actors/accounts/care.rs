//! What the owner of an account does with it once signed in: showing the second factor again, another password, new recovery
//! codes, another application, ending sessions.

use super::ladder::Subject;
use super::letters::whence;
use super::passkey_rows::Passkey;
use super::record::AccountRecord;
use super::store::{Together, ending};
use super::{AccountError, Accounts, Enrolment, Face, Holder, STEP_UP_SECONDS, SessionFace, SignedIn};
use crate::access::{Opened, Origin, SessionId, StaffSession, Strength, session_id, short};
use cabinet_domain::audit::Act;
use cabinet_domain::mail::Letter;
use cabinet_domain::password;
use cabinet_domain::time::UtcMillis;

impl Accounts {
    /// One's own account.
    ///
    /// # Errors
    /// [`AccountError::NoAccount`], or storage's.
    pub async fn face(&self, holder: Holder) -> Result<Face, AccountError> {
        let record = self.find(holder).await?.ok_or(AccountError::NoAccount)?.record;
        let mut sessions = Vec::new();
        for id in record.sessions {
            if let Some(session) = self.0.access.find(&id).await? {
                sessions.push(SessionFace {
                    id,
                    origin: session.origin,
                    since: session.since,
                    used: session.used,
                });
            }
        }
        sessions.sort_by_key(|session| std::cmp::Reverse((session.used, session.since)));
        Ok(Face {
            email: record.email,
            password_since: record.password_since,
            recovery_codes_left: record.recovery.len(),
            passkeys: record.passkeys.iter().map(Passkey::face).collect(),
            sessions,
        })
    }

    /// Until when the second factor of a session counts as recent; the past for who signed in by link.
    #[must_use]
    pub const fn stepped_up_until(session: StaffSession) -> UtcMillis {
        match session.strength {
            Strength::Link => UtcMillis(0),
            Strength::TwoFactors { shown } => shown.plus_seconds(STEP_UP_SECONDS),
        }
    }

    /// Shows the second factor again. The session gets a new token; the former is dead.
    ///
    /// # Errors
    /// [`AccountError::WrongCode`], [`AccountError::HeldBack`], [`AccountError::NoAccount`].
    pub async fn step_up(&self, token: &str, code: &str) -> Result<SignedIn, AccountError> {
        let (holder, subject) = self.owner(token).await?;
        self.attempt(std::slice::from_ref(&subject)).await?;
        let shown = Strength::TwoFactors {
            shown: self.0.clock.now(),
        };
        let changed = self.change(holder, async |record| {
            let (opened, mut writes) = self.renew(token, record, shown).await?;
            writes.extend(self.use_code(holder, record, code, &opened.record.origin).await?);
            let acts = vec![self.act_of(holder, Act::SteppedUp, Some((&opened.id, &opened.record.origin)))];
            let checks = Vec::new();
            Ok((opened, Together { checks, writes, acts }))
        });
        let opened = changed.await?;
        self.forget_failures(&[subject]).await?;
        self.renewed(token, opened, Vec::new()).await
    }

    /// Changes the password; every other session ends, this one gets a new token.
    ///
    /// # Errors
    /// [`AccountError::WrongCredentials`] for a wrong current password, [`AccountError::Weak`], [`AccountError::HeldBack`].
    pub async fn change_password(
        &self,
        token: &str,
        current: &str,
        new: &str,
        personal: &[&str],
    ) -> Result<SignedIn, AccountError> {
        let (holder, subject) = self.owner(token).await?;
        let known = self.find(holder).await?.ok_or(AccountError::NoAccount)?;
        let mut of_person = personal.to_vec();
        of_person.push(&known.record.email);
        password::check(new, &of_person).map_err(AccountError::Weak)?;
        self.attempt(std::slice::from_ref(&subject)).await?;
        if !self.0.hasher.verify(current, Some(&known.record.password)).await? {
            return Err(AccountError::WrongCredentials);
        }
        let hashed = self.0.hasher.hash(new).await?;
        let strength = self.session_of(token).await?.strength;
        let own = session_id(token);
        let changed = self.change(holder, async |record| {
            if record.password != known.record.password {
                return Err(AccountError::WrongCredentials);
            }
            record.password = hashed;
            record.password_since = self.0.clock.now();
            let others: Vec<SessionId> = record.sessions.iter().copied().filter(|id| *id != own).collect();
            record.sessions.retain(|id| *id == own);
            let (opened, mut writes) = self.renew(token, record, strength).await?;
            writes.extend(ending(&others));
            let whence = whence(&opened.record.origin, self.0.clock.now());
            writes.extend(self.letter(holder, Letter::PasswordChanged { whence }));
            let from = Some((&opened.id, &opened.record.origin));
            let acts = vec![self.act_of(holder, Act::PasswordChanged, from)];
            let checks = Vec::new();
            Ok(((opened, others), Together { checks, writes, acts }))
        });
        let (opened, others) = changed.await?;
        self.forget_failures(&[subject]).await?;
        self.renewed(token, opened, others).await
    }

    /// New recovery codes; the former are void.
    ///
    /// # Errors
    /// [`AccountError::NoAccount`], or storage's.
    pub async fn renew_recovery(&self, token: &str) -> Result<Vec<String>, AccountError> {
        let (holder, _) = self.owner(token).await?;
        let (own, origin) = (session_id(token), self.origin_of(token).await?);
        let (codes, hashes) = self.draw_recovery(holder).await?;
        self.change(holder, async |record| {
            record.recovery.clone_from(&hashes);
            Ok(((), self.factor_changed(holder, (&own, &origin))))
        })
        .await?;
        Ok(codes)
    }

    /// Proposes another application; the present one stays until the new one's first code.
    ///
    /// # Errors
    /// [`AccountError::NoAccount`], [`AccountError::Busy`], or storage's.
    pub async fn begin_application(&self, token: &str) -> Result<Enrolment, AccountError> {
        let (holder, _) = self.owner(token).await?;
        let known = self.find(holder).await?.ok_or(AccountError::NoAccount)?;
        self.propose(session_id(token), &known.record.email, None, None)
    }

    /// The new application's first code: from now on it is the second factor, and every other session ends.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`], [`AccountError::WrongCode`].
    pub async fn finish_application(&self, token: &str, code: &str) -> Result<Vec<SessionId>, AccountError> {
        let (holder, _) = self.owner(token).await?;
        let (own, origin) = (session_id(token), self.origin_of(token).await?);
        let (begun, step) = self.first_code(&own, code)?;
        let ended = self.change(holder, async |record| {
            record.secret = begun.secret;
            record.last_step = step;
            Ok(self.end_others(holder, record, (&own, &origin)))
        });
        let ended = ended.await?;
        self.0.begun.remove(&own);
        self.0.access.drop_cached(&ended);
        Ok(ended)
    }

    /// Ends one session of an account, or all but `own`. Answers those that ended.
    ///
    /// # Errors
    /// [`AccountError::NoAccount`], or storage's. That there is no such session is fine.
    pub async fn end_sessions(
        &self,
        holder: Holder,
        own: SessionId,
        which: Option<SessionId>,
    ) -> Result<Vec<SessionId>, AccountError> {
        let stays = |id: &SessionId| which.map_or(*id == own, |which| *id != which);
        let ended = self.change(holder, async |record| {
            let (ended, mut together) = end_but(record, stays);
            let nowhere = Origin::default();
            let leaf = |id| self.act_of(holder, Act::SessionEnded, Some((id, &nowhere)));
            together.acts.extend(ended.iter().map(leaf));
            Ok((ended, together))
        });
        let ended = ended.await?;
        self.0.access.drop_cached(&ended);
        Ok(ended)
    }

    /// Ends a session, named by the beginning of its id. Answers those that ended; that there is no such session is fine.
    ///
    /// # Errors
    /// Storage's.
    pub(crate) async fn end_session_of(
        &self,
        holder: Holder,
        session: [u8; 8],
    ) -> Result<Vec<SessionId>, AccountError> {
        let known = self.find(holder).await?;
        let sessions = known.map(|known| known.record.sessions).unwrap_or_default();
        match sessions.into_iter().find(|id| short(id) == session) {
            Some(which) => self.end_sessions(holder, which, Some(which)).await,
            None => Ok(Vec::new()),
        }
    }

    /// Asks a member for the second factor again before anything that needs it, in every session.
    ///
    /// # Errors
    /// Storage's.
    pub(crate) async fn forget_second_factor(&self, holder: Holder) -> Result<(), AccountError> {
        let forgotten = self.change(holder, async |record| {
            let mut writes = super::store::Writes::new();
            for id in &record.sessions {
                let Some(mut session) = self.0.access.find(id).await? else {
                    continue;
                };
                if let Strength::TwoFactors { .. } = session.who.strength {
                    session.who.strength = Strength::TwoFactors { shown: UtcMillis(0) };
                    writes.push((crate::access::Access::key(id), Some(session.encode())));
                }
            }
            let together = Together {
                writes,
                ..Together::default()
            };
            Ok((record.sessions.clone(), together))
        });
        match forgotten.await {
            Ok(sessions) => self.0.access.drop_cached(&sessions),
            Err(AccountError::NoAccount) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ends every session but this one, from which the second factor is changed in the same commit.
    pub(super) fn end_others(
        &self,
        holder: Holder,
        record: &mut AccountRecord,
        from: (&SessionId, &Origin),
    ) -> (Vec<SessionId>, Together) {
        let (ended, together) = end_but(record, |id| id == from.0);
        (ended, together.with(self.factor_changed(holder, from)))
    }

    /// The leaf and the mail of a second factor that was changed.
    fn factor_changed(&self, holder: Holder, from: (&SessionId, &Origin)) -> Together {
        let whence = whence(from.1, self.0.clock.now());
        Together {
            writes: self.letter(holder, Letter::FactorChanged { whence }),
            acts: vec![self.act_of(holder, Act::FactorChanged, Some(from))],
            ..Together::default()
        }
    }

    pub(super) async fn origin_of(&self, token: &str) -> Result<Origin, AccountError> {
        let session = self.0.access.find(&session_id(token)).await?;
        Ok(session.ok_or(AccountError::BeginAgain)?.origin)
    }

    async fn session_of(&self, token: &str) -> Result<StaffSession, AccountError> {
        let session = self.0.access.find(&session_id(token)).await?;
        Ok(session.ok_or(AccountError::BeginAgain)?.who)
    }

    /// Whose session it is, and who is held back when its codes are wrong: the session, so that nobody else is.
    pub(super) async fn owner(&self, token: &str) -> Result<(Holder, Subject), AccountError> {
        let holder = Holder::from(self.session_of(token).await?);
        Ok((holder, Subject::Device(session_id(token))))
    }

    /// The session under a new token, in an account's change.
    pub(super) async fn renew(
        &self,
        token: &str,
        record: &mut AccountRecord,
        strength: Strength,
    ) -> Result<(Opened, super::store::Writes), AccountError> {
        let id = session_id(token);
        let session = self.0.access.find(&id).await?.ok_or(AccountError::BeginAgain)?;
        let who = StaffSession {
            strength,
            ..session.who
        };
        let mut opened = self.0.access.open(who, session.origin);
        opened.record.since = session.since;
        record.sessions.retain(|known| *known != id);
        record.sessions.push(opened.id);
        let mut writes = vec![opened.write()];
        writes.extend(ending(&[id]));
        Ok((opened, writes))
    }

    pub(super) async fn renewed(
        &self,
        former: &str,
        opened: Opened,
        ended: Vec<SessionId>,
    ) -> Result<SignedIn, AccountError> {
        self.0.access.drop_cached(&[session_id(former)]);
        self.0.access.drop_cached(&ended);
        let session = opened.record.who;
        self.0.access.remember(opened.id, opened.record).await?;
        Ok(SignedIn {
            token: opened.token,
            session,
            device: None,
            ended,
        })
    }
}

/// Ends the sessions that do not stay.
pub(super) fn end_but(record: &mut AccountRecord, stays: impl Fn(&SessionId) -> bool) -> (Vec<SessionId>, Together) {
    let (stay, ended): (Vec<_>, Vec<_>) = record.sessions.iter().copied().partition(|id| stays(id));
    record.sessions = stay;
    let together = Together {
        checks: Vec::new(),
        writes: ending(&ended).collect(),
        ..Together::default()
    };
    (ended, together)
}
