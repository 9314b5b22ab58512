//! Another address to sign in with: a code to the new one shows that somebody reads it, a mail to the former one says that it
//! no longer opens the account.
//!
//! Must not be here: the mails' words, whether the second factor was shown recently (the edge asks).

use super::care::end_but;
use super::letters::whence;
use super::store::{check_email, encode_holder, folded, installation_key};
use super::{AccountError, Accounts, Holder};
use crate::access::{SessionId, session_id};
use crate::code;
use crate::mail::Addressee;
use cabinet_domain::audit::Act;
use cabinet_domain::mail::{EMAIL_CODE_SECONDS, Letter};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::Table;

/// Codes that may be tried against one that was mailed.
pub const EMAIL_CODE_TRIES: u32 = 5;

/// An address that waits for its code.
#[derive(Clone)]
pub(super) struct NewEmail {
    email: String,
    code_hash: [u8; 32],
}

impl Accounts {
    /// Has a code be mailed to an address that is to become the account's. Answers until when it is good.
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::NoMail`], [`AccountError::AddressTaken`]; [`AccountError::HeldBack`] for who asks
    /// again and again.
    pub async fn begin_email(&self, token: &str, email: &str) -> Result<UtcMillis, AccountError> {
        let email = email.trim();
        check_email(email)?;
        self.mailable(email)?;
        let (holder, subject) = self.owner(token).await?;
        self.attempt(std::slice::from_ref(&subject)).await?;
        self.is_free(holder, email).await?;
        let code = code::draw(&(self.0.entropy)());
        let now = self.0.clock.now();
        let until = now.plus_seconds(EMAIL_CODE_SECONDS);
        let waiting = NewEmail {
            email: email.to_owned(),
            code_hash: code::hash(&code),
        };
        let to = Addressee::Address(email.to_owned());
        let writes = self.0.outbox.put(holder.practice, to, Letter::EmailCode { code });
        self.0
            .emails
            .put(session_id(token), waiting, (now, until), EMAIL_CODE_TRIES)?;
        self.0.records.commit(Vec::new(), writes).await?;
        Ok(until)
    }

    /// The address is the account's from now on; every other session ends. Answers those.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`]; [`AccountError::WrongCode`]; [`AccountError::AddressTaken`] when somebody else was faster.
    pub async fn finish_email(&self, token: &str, code: &str) -> Result<Vec<SessionId>, AccountError> {
        let (holder, subject) = self.owner(token).await?;
        let (own, origin) = (session_id(token), self.origin_of(token).await?);
        let waiting = self.0.emails.try_once(&own, self.0.clock.now());
        let NewEmail { email, code_hash } = waiting.ok_or(AccountError::BeginAgain)?;
        if code_hash != code::hash(code) {
            return Err(AccountError::WrongCode);
        }
        let new = installation_key(Table::AccountAddress, &self.address_hash(&email).await?);
        let changed = self.change(holder, async |record| {
            let version = self.is_free(holder, &email).await?;
            let former = std::mem::replace(&mut record.email, email.clone());
            let former_key = installation_key(Table::AccountAddress, &self.address_hash(&former).await?);
            let (ended, mut together) = end_but(record, |id| *id == own);
            let act = self.act_of(holder, Act::EmailChanged, Some((&own, &origin)));
            together.acts.push(act);
            together.checks.push((new.clone(), version));
            if former_key != new {
                together.writes.push((former_key, None));
            }
            together.writes.push((new.clone(), Some(encode_holder(holder))));
            let letter = Letter::EmailChanged {
                whence: whence(&origin, self.0.clock.now()),
            };
            let to = Addressee::Address(former);
            together.writes.extend(self.0.outbox.put(holder.practice, to, letter));
            Ok((ended, together))
        });
        let ended = changed.await?;
        self.0.emails.remove(&own);
        self.forget_failures(&[subject]).await?;
        self.0.access.drop_cached(&ended);
        Ok(ended)
    }

    /// The version of an address's row, if nobody else has it.
    async fn is_free(&self, holder: Holder, email: &str) -> Result<u64, AccountError> {
        let hash = self.address_hash(&folded(email)).await?;
        let stored = self
            .0
            .records
            .get(installation_key(Table::AccountAddress, &hash))
            .await?;
        let of = self.holder_of(&hash).await?;
        if of.is_some_and(|of| of != holder && self.belongs(of)) {
            return Err(AccountError::AddressTaken);
        }
        Ok(stored.map_or(0, |(version, _)| version))
    }
}
