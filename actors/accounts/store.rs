//! Reading and writing accounts.

use super::ladder::{Failures, Subject};
use super::letters::whence;
use super::passkey_rows::place;
use super::record::{AccountRecord, decode_failures, encode_failures};
use super::totp::{self, Typed};
use super::{AccountError, Accounts, Holder};
use crate::access::{self, Origin, SessionId};
pub(super) use crate::mail::Writes;
use cabinet_domain::audit::{Act, Leaf};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::mail::Letter;
use cabinet_storage::journal::{Position, RecordKey};
use cabinet_storage::{AppendError, Table};
use ring::hmac;

/// Tries of a change that others come before.
const TRIES: usize = 8;
/// Accounts of one practice that are looked through.
const PRACTICE_ACCOUNTS_MAX: usize = 1_000;
/// Longest address (RFC 5321 section 4.5.3.1.3, less the brackets), in bytes.
const EMAIL_BYTES_MAX: usize = 254;

/// What goes into the commit of an account's change.
#[derive(Default)]
pub(super) struct Together {
    pub(super) checks: Vec<(RecordKey, Position)>,
    pub(super) writes: Writes,
    /// Leaves of the audit log.
    pub(super) acts: Vec<(PracticeId, Leaf)>,
}

impl Together {
    /// This and more.
    pub(super) fn with(mut self, more: Self) -> Self {
        self.checks.extend(more.checks);
        self.writes.extend(more.writes);
        self.acts.extend(more.acts);
        self
    }
}

/// An account with the version that a change is checked against.
pub(super) struct Known {
    pub(super) record: AccountRecord,
    pub(super) version: Position,
}

fn account_key(holder: Holder) -> RecordKey {
    RecordKey {
        practice: holder.practice.0,
        table: Table::Account.number(),
        id: holder.staff.0.to_be_bytes().to_vec(),
    }
}

pub(super) fn installation_key(table: Table, id: &[u8]) -> RecordKey {
    RecordKey {
        practice: 0,
        table: table.number(),
        id: id.to_vec(),
    }
}

pub(super) fn encode_holder(holder: Holder) -> Vec<u8> {
    let mut bytes = holder.practice.0.to_be_bytes().to_vec();
    bytes.extend(holder.staff.0.to_be_bytes());
    bytes
}

pub(super) fn decode_holder(bytes: &[u8]) -> Option<Holder> {
    let (practice, rest) = bytes.split_first_chunk::<16>()?;
    let staff: [u8; 16] = rest.try_into().ok()?;
    Some(Holder {
        practice: PracticeId(u128::from_be_bytes(*practice)),
        staff: StaffId(u128::from_be_bytes(staff)),
    })
}

/// An address as it is compared: without the spaces around it, in small letters.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks an address's shape, not whether anybody reads it.
pub(super) fn check_email(email: &str) -> Result<(), AccountError> {
    let shaped = email.split_once('@').is_some_and(|(name, domain)| {
        let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        !name.is_empty() && domain.contains('.') && !domain.contains('@') && domain.split('.').all(label)
    });
    let plain = !email
        .chars()
        .any(|character| character.is_whitespace() || character.is_control());
    if shaped && plain && email.len() <= EMAIL_BYTES_MAX {
        Ok(())
    } else {
        Err(AccountError::Invalid("email", "be an e-mail address"))
    }
}

impl Accounts {
    /// The key under which addresses and recovery codes are hashed: drawn once, kept sealed.
    async fn pepper(&self) -> Result<[u8; 32], AccountError> {
        let made = self.0.pepper.get_or_try_init(|| async {
            let key = installation_key(Table::AccountGuard, b"pepper");
            if let Some((_, bytes)) = self.0.records.get(key.clone()).await? {
                return bytes.try_into().map_err(|_| AccountError::Busy);
            }
            let drawn = (self.0.entropy)();
            let write = vec![(key.clone(), Some(drawn.to_vec()))];
            match self.0.records.commit(vec![(key, 0)], write).await {
                Ok(_) => Ok(drawn),
                // Somebody else has just drawn it: the next try reads theirs.
                Err(AppendError::CheckFailed) => Err(AccountError::Busy),
                Err(error) => Err(error.into()),
            }
        });
        made.await.copied()
    }

    pub(super) async fn keyed(&self, purpose: &[u8], text: &str) -> Result<[u8; 32], AccountError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.pepper().await?);
        let mut context = hmac::Context::with_key(&key);
        context.update(purpose);
        context.update(&[0]);
        context.update(text.as_bytes());
        let tag = context.sign();
        Ok(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// The leaf of what a member does with their account, from this session or from nowhere known.
    pub(super) fn act_of(
        &self,
        holder: Holder,
        act: Act,
        session: Option<(&SessionId, &Origin)>,
    ) -> (PracticeId, Leaf) {
        let now = self.0.clock.now();
        let practice = self.0.directory.practice(holder.practice);
        let role = practice.and_then(|practice| practice.role_now(holder.staff, now));
        let nowhere = Origin::default();
        let (id, origin) = session.map_or((None, &nowhere), |(id, origin)| (Some(id), origin));
        access::own((holder.practice, holder.staff), act, (role, id, origin), now)
    }

    /// What an address is known by.
    pub(super) async fn address_hash(&self, email: &str) -> Result<[u8; 32], AccountError> {
        self.keyed(b"address", &folded(email)).await
    }

    pub(super) async fn recovery_hash(&self, holder: Holder, code: &str) -> Result<[u8; 16], AccountError> {
        let of = format!("{:032x}{:032x}{code}", holder.practice.0, holder.staff.0);
        let hash = self.keyed(b"recovery", &of).await?;
        Ok(hash.first_chunk().copied().unwrap_or_default())
    }

    /// Whose the address is.
    pub(super) async fn holder_of(&self, address: &[u8; 32]) -> Result<Option<Holder>, AccountError> {
        let key = installation_key(Table::AccountAddress, address);
        let stored = self.0.records.get(key).await?;
        Ok(stored.and_then(|(_, bytes)| decode_holder(&bytes)))
    }

    pub(super) async fn find(&self, holder: Holder) -> Result<Option<Known>, AccountError> {
        let stored = self.0.records.get(account_key(holder)).await?;
        Ok(stored.and_then(|(version, bytes)| {
            let record = AccountRecord::decode(&bytes)?;
            Some(Known { record, version })
        }))
    }

    /// Whether the member has an account.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn exists(&self, holder: Holder) -> Result<bool, AccountError> {
        Ok(self.find(holder).await?.is_some())
    }

    /// Accounts of a practice's members; at most a thousand are looked through.
    pub(super) async fn records_in(&self, practice: PracticeId) -> Result<Vec<(StaffId, AccountRecord)>, AccountError> {
        let table = Table::Account.number();
        let rows = self.0.records.scan(practice.0, table, PRACTICE_ACCOUNTS_MAX).await?;
        let account = |(key, bytes): (RecordKey, Vec<u8>)| {
            let staff = StaffId(u128::from_be_bytes(key.id.try_into().ok()?));
            Some((staff, AccountRecord::decode(&bytes)?))
        };
        Ok(rows.into_iter().filter_map(account).collect())
    }

    /// Changes an account: `change` sees it as it is, and may add checks and writes to the same commit. Tried again when
    /// others came before.
    pub(super) async fn change<T>(
        &self,
        holder: Holder,
        mut change: impl AsyncFnMut(&mut AccountRecord) -> Result<(T, Together), AccountError>,
    ) -> Result<T, AccountError> {
        for _ in 0..TRIES {
            let mut known = self.find(holder).await?.ok_or(AccountError::NoAccount)?;
            let (outcome, mut together) = change(&mut known.record).await?;
            let key = account_key(holder);
            together.writes.push((key.clone(), Some(known.record.encode())));
            together.checks.push((key, known.version));
            let Together { checks, writes, acts } = together;
            match self.0.records.commit_acts(checks, writes, acts).await {
                Ok(_) => return Ok(outcome),
                Err(AppendError::CheckFailed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountError::Busy)
    }

    /// Makes an account, with these checks and writes in the same commit. An address whose former holder belongs to no
    /// practice any more is free.
    pub(super) async fn make(
        &self,
        holder: Holder,
        record: &AccountRecord,
        together: Together,
    ) -> Result<(), AccountError> {
        let Together {
            mut checks,
            mut writes,
            mut acts,
        } = together;
        let address = installation_key(Table::AccountAddress, &self.address_hash(&record.email).await?);
        let stored = self.0.records.get(address.clone()).await?;
        let (version, former) = stored.map_or((0, None), |(version, bytes)| (version, decode_holder(&bytes)));
        if let Some(former) = former {
            if former == holder || self.belongs(former) {
                return Err(AccountError::AddressTaken);
            }
            writes.push((account_key(former), None));
        }
        checks.push((address.clone(), version));
        checks.push((account_key(holder), 0));
        writes.push((address, Some(encode_holder(holder))));
        writes.push((account_key(holder), Some(record.encode())));
        acts.insert(0, self.act_of(holder, Act::AccountMade, None));
        match self.0.records.commit_acts(checks, writes, acts).await {
            Ok(_) => Ok(()),
            Err(AppendError::CheckFailed) => Err(AccountError::LinkGone),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an account with its address and sessions: of somebody who has left. Answers the sessions that ended.
    ///
    /// # Errors
    /// When it could not be written; that there is no account is fine.
    pub async fn delete(&self, holder: Holder) -> Result<Vec<SessionId>, AccountError> {
        for _ in 0..TRIES {
            let Some(known) = self.find(holder).await? else {
                return Ok(Vec::new());
            };
            let address = self.address_hash(&known.record.email).await?;
            let mut writes = vec![
                (account_key(holder), None),
                (installation_key(Table::AccountAddress, &address), None),
            ];
            writes.extend(ending(&known.record.sessions));
            let passkeys = known.record.passkeys.iter();
            writes.extend(passkeys.map(|passkey| (place(&passkey.id), None)));
            let checks = vec![(account_key(holder), known.version)];
            let acts = vec![self.act_of(holder, Act::AccountRemoved, None)];
            match self.0.records.commit_acts(checks, writes, acts).await {
                Ok(_) => {
                    self.0.access.drop_cached(&known.record.sessions);
                    return Ok(known.record.sessions);
                }
                Err(AppendError::CheckFailed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountError::Busy)
    }

    /// Uses a code up: of the application, or a recovery code. The change is the caller's to commit, with the writes that this
    /// answers: whoever owns the account is told that a recovery code was used.
    pub(super) async fn use_code(
        &self,
        holder: Holder,
        record: &mut AccountRecord,
        code: &str,
        origin: &Origin,
    ) -> Result<Writes, AccountError> {
        match totp::typed(code).ok_or(AccountError::WrongCode)? {
            Typed::Digits(digits) => {
                let step = totp::matching_step(&record.secret, digits, self.0.clock.now(), record.last_step);
                record.last_step = step.ok_or(AccountError::WrongCode)?;
                Ok(Writes::new())
            }
            Typed::Recovery(text) => {
                let hash = self.recovery_hash(holder, &text).await?;
                let before = record.recovery.len();
                record.recovery.retain(|known| *known != hash);
                if record.recovery.len() == before {
                    return Err(AccountError::WrongCode);
                }
                let left = u8::try_from(record.recovery.len()).unwrap_or(u8::MAX);
                let whence = whence(origin, self.0.clock.now());
                Ok(self.letter(holder, Letter::RecoveryCodeUsed { whence, left }))
            }
        }
    }

    /// Fresh recovery codes with their hashes.
    pub(super) async fn draw_recovery(&self, holder: Holder) -> Result<(Vec<String>, Vec<[u8; 16]>), AccountError> {
        let mut codes = Vec::new();
        let mut hashes = Vec::new();
        for _ in 0..totp::RECOVERY_CODES {
            let code = totp::recovery_code(&(self.0.entropy)());
            hashes.push(self.recovery_hash(holder, &code.replace('-', "")).await?);
            codes.push(code);
        }
        Ok((codes, hashes))
    }

    /// Counts an attempt; see [`super::ladder::Ladder::attempt`]. What an account had come to before a restart is read first.
    pub(super) async fn attempt(&self, subjects: &[Subject]) -> Result<(), AccountError> {
        for subject in subjects {
            let Some(key) = written_down(subject) else { continue };
            if self.0.ladder.lock().knows(subject) {
                continue;
            }
            let stored = self.0.records.get(key).await?;
            if let Some(failures) = stored.and_then(|(_, bytes)| decode_failures(&bytes)) {
                self.0.ladder.lock().recall(subject.clone(), failures);
            }
        }
        let outcome = self.0.ladder.lock().attempt(subjects, self.0.clock.now());
        let reached = outcome.map_err(AccountError::HeldBack)?;
        let write = |(subject, failures): &(Subject, Failures)| {
            let key = written_down(subject)?;
            Some((key, Some(encode_failures(failures))))
        };
        let writes: Writes = reached.iter().filter_map(write).collect();
        if !writes.is_empty() {
            self.0.records.commit(Vec::new(), writes).await?;
        }
        Ok(())
    }

    /// The owner has shown who they are.
    pub(super) async fn forget_failures(&self, subjects: &[Subject]) -> Result<(), AccountError> {
        let now = self.0.clock.now();
        for subject in subjects {
            match written_down(subject) {
                None => self.0.ladder.lock().excuse(std::slice::from_ref(subject), now),
                Some(key) => {
                    self.0.ladder.lock().forget(subject);
                    if self.0.records.get(key.clone()).await?.is_some() {
                        self.0.records.commit(Vec::new(), vec![(key, None)]).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where a subject's rungs are written down: accounts' alone, so that a flood of networks is not a flood of writes.
fn written_down(subject: &Subject) -> Option<RecordKey> {
    match subject {
        Subject::Account(hash) | Subject::Device(hash) => Some(installation_key(Table::AccountGuard, hash)),
        Subject::Network(_) => None,
    }
}

/// The writes that end sessions.
pub(super) fn ending(sessions: &[SessionId]) -> impl Iterator<Item = (RecordKey, Option<Vec<u8>>)> {
    sessions.iter().map(|id| (crate::access::Access::key(id), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_by_their_shape() {
        for good in ["a@b.fr", "claire.morel+kine@cabinet-lyon.example", "é@exemple.fr"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        let long = format!("{}@b.fr", "x".repeat(EMAIL_BYTES_MAX - 4));
        for bad in [
            "", "a", "a@b", "@b.fr", "a@.fr", "a@b..fr", "a@-b.fr", "a b@c.fr", "a@b@c.fr", "a@b.fr\n", &long,
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
        assert!(check_email(&long[1..]).is_ok(), "at the bound");
        assert_eq!(folded("  Claire@Exemple.FR "), "claire@exemple.fr");
    }
}
