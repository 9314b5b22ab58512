//! An account as bytes, and what is written down of attempts held back.

use super::AccountError;
use super::ladder::Failures;
use super::passkey_rows::Passkey;
use super::password::{Cost, Hashed};
use super::totp::Secret;
use crate::access::SessionId;
use crate::access::bytes::{Reader, Writer};
use cabinet_domain::time::UtcMillis;

const VERSION: u8 = 2;
/// Without passkeys.
const FORMER_VERSION: u8 = 1;
const FAILURES_VERSION: u8 = 1;

/// Sessions of one account; one more ends the oldest.
pub const SESSIONS_MAX: usize = 16;
/// Devices that an account knows; one more forgets the oldest.
pub const DEVICES_MAX: usize = 8;

/// An account of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountRecord {
    /// Address to sign in with, as it was written.
    pub(super) email: String,
    pub(super) password: Hashed,
    pub(super) password_since: UtcMillis,
    /// Secret of the application.
    pub(super) secret: Secret,
    /// Last step whose code was used.
    pub(super) last_step: u64,
    /// Keyed hashes of recovery codes not used yet.
    pub(super) recovery: Vec<[u8; 16]>,
    /// Sessions, oldest first; those that have ended by themselves may still be named.
    pub(super) sessions: Vec<SessionId>,
    /// Hashes of the devices that signed in, oldest first.
    pub(super) devices: Vec<[u8; 32]>,
    pub(super) made: UtcMillis,
    pub(super) signed_in: UtcMillis,
    /// The oldest first.
    pub(super) passkeys: Vec<Passkey>,
}

pub(super) fn time(bytes: [u8; 8]) -> UtcMillis {
    UtcMillis(i64::from_be_bytes(bytes))
}

impl AccountRecord {
    /// Of an account that is made now.
    pub(super) const fn begun(
        email: String,
        password: Hashed,
        (secret, last_step): (Secret, u64),
        recovery: Vec<[u8; 16]>,
        now: UtcMillis,
    ) -> Self {
        Self {
            email,
            password,
            password_since: now,
            secret,
            last_step,
            recovery,
            sessions: Vec::new(),
            devices: Vec::new(),
            made: now,
            signed_in: now,
            passkeys: Vec::new(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_version(VERSION);
        writer
            .bytes(self.email.as_bytes())
            .number(self.password.cost.memory_kib.to_be_bytes())
            .number(self.password.cost.passes.to_be_bytes())
            .number(self.password.salt)
            .number(self.password.hash)
            .number(self.password_since.0.to_be_bytes())
            .number(self.secret)
            .number(self.last_step.to_be_bytes())
            .list(&self.recovery)
            .list(&self.sessions)
            .list(&self.devices)
            .number(self.made.0.to_be_bytes())
            .number(self.signed_in.0.to_be_bytes())
            .number([u8::try_from(self.passkeys.len()).unwrap_or(u8::MAX)]);
        for passkey in &self.passkeys {
            passkey.write(&mut writer);
        }
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version @ (FORMER_VERSION | VERSION), mut reader) = Reader::open(bytes)? else {
            return None;
        };
        let mut record = Self {
            email: reader.text()?,
            password: Hashed {
                cost: Cost {
                    memory_kib: u32::from_be_bytes(reader.number()?),
                    passes: u32::from_be_bytes(reader.number()?),
                },
                salt: reader.number()?,
                hash: reader.number()?,
            },
            password_since: time(reader.number()?),
            secret: reader.number()?,
            last_step: u64::from_be_bytes(reader.number()?),
            recovery: reader.list()?,
            sessions: reader.list()?,
            devices: reader.list()?,
            made: time(reader.number()?),
            signed_in: time(reader.number()?),
            passkeys: Vec::new(),
        };
        if version == VERSION {
            let [count] = reader.number()?;
            let passkeys: Option<_> = (0..count).map(|_| Passkey::read(&mut reader)).collect();
            record.passkeys = passkeys?;
        }
        reader.end(record)
    }

    /// The passkey with this id.
    pub(super) fn passkey(&mut self, id: &[u8; 32]) -> Result<&mut Passkey, AccountError> {
        let mut passkeys = self.passkeys.iter_mut();
        passkeys
            .find(|passkey| passkey.id == *id)
            .ok_or(AccountError::WrongPasskey)
    }

    /// Adds a session; answers those that end for it.
    pub(super) fn add_session(&mut self, id: SessionId) -> Vec<SessionId> {
        self.sessions.push(id);
        let over = self.sessions.len().saturating_sub(SESSIONS_MAX);
        self.sessions.drain(..over).collect()
    }

    /// Notes a device as the one used last.
    pub(super) fn know_device(&mut self, device: [u8; 32]) {
        self.devices.retain(|known| *known != device);
        self.devices.push(device);
        let over = self.devices.len().saturating_sub(DEVICES_MAX);
        self.devices.drain(..over);
    }
}

pub(super) fn encode_failures(failures: &Failures) -> Vec<u8> {
    Writer::of_version(FAILURES_VERSION)
        .number(failures.count.to_be_bytes())
        .number(failures.last.0.to_be_bytes())
        .number(failures.until.0.to_be_bytes())
        .finish()
}

pub(super) fn decode_failures(bytes: &[u8]) -> Option<Failures> {
    let (FAILURES_VERSION, mut reader) = Reader::open(bytes)? else {
        return None;
    };
    let failures = Failures {
        count: u32::from_be_bytes(reader.number()?),
        last: time(reader.number()?),
        until: time(reader.number()?),
    };
    reader.end(failures)
}

#[cfg(test)]
mod tests {
    use super::super::passkeys::{PASSKEY_NAME_BYTES_MAX, PASSKEYS_MAX};
    use super::*;

    fn passkey() -> Passkey {
        Passkey {
            id: [9; 32],
            name: "x".repeat(PASSKEY_NAME_BYTES_MAX),
            made: UtcMillis(9),
            used: Some(UtcMillis(10)),
        }
    }

    /// The largest account that bounds allow.
    fn account() -> AccountRecord {
        AccountRecord {
            email: "x".repeat(254),
            password: Hashed {
                cost: Cost::default(),
                salt: [1; 16],
                hash: [2; 32],
            },
            password_since: UtcMillis(-1),
            secret: [3; 20],
            last_step: u64::MAX,
            recovery: vec![[4; 16]; super::super::totp::RECOVERY_CODES],
            sessions: (0..SESSIONS_MAX)
                .map(|number| [u8::try_from(number).unwrap(); 32])
                .collect(),
            devices: vec![[6; 32]; DEVICES_MAX],
            made: UtcMillis(7),
            signed_in: UtcMillis(8),
            passkeys: vec![passkey(); PASSKEYS_MAX],
        }
    }

    #[test]
    fn the_largest_account_round_trips_and_fits_and_a_cut_one_is_none() {
        let bytes = account().encode();
        assert!(bytes.len() < 2_900, "{}", bytes.len());
        assert_eq!(AccountRecord::decode(&bytes), Some(account()));
        for length in 0..bytes.len() {
            assert_eq!(AccountRecord::decode(&bytes[..length]), None, "{length}");
        }
        let mut newer = bytes;
        newer[0] += 1;
        assert_eq!(AccountRecord::decode(&newer), None);
    }

    #[test]
    fn accounts_of_the_former_version_are_read() {
        let mut account = account();
        account.passkeys.clear();
        let mut former = account.encode();
        former[0] = FORMER_VERSION;
        assert_eq!(former.pop(), Some(0), "the number of passkeys");
        assert_eq!(AccountRecord::decode(&former), Some(account));
    }

    /// Law L12. A field more does not compile here until it is named, and fails until it is listed.
    #[test]
    fn every_stored_field_of_an_account_is_in_the_inventory() {
        let AccountRecord {
            email: _,
            password: _,
            password_since: _,
            secret: _,
            last_step: _,
            recovery: _,
            sessions: _,
            devices: _,
            made: _,
            signed_in: _,
            passkeys: _,
        } = account();
        let fields = [
            "email",
            "password",
            "password_since",
            "secret",
            "last_step",
            "recovery",
            "sessions",
            "devices",
            "made",
            "signed_in",
            "passkeys",
        ];
        let listed = cabinet_domain::inventory::INVENTORY.iter();
        let listed: Vec<&str> = listed
            .filter(|entry| entry.record == "AccountRecord")
            .map(|entry| entry.field)
            .collect();
        assert_eq!(listed, fields);
    }

    #[test]
    fn one_session_or_device_too_many_ends_the_oldest() {
        let mut account = account();
        assert_eq!(account.add_session([99; 32]), [[0; 32]]);
        assert_eq!(account.sessions.len(), SESSIONS_MAX);
        assert_eq!(account.sessions.last(), Some(&[99; 32]));
        account.know_device([98; 32]);
        account.know_device([98; 32]);
        let known = account.devices.iter().filter(|device| **device == [98; 32]);
        assert_eq!((account.devices.len(), known.count()), (DEVICES_MAX, 1));
    }

    #[test]
    fn failures_round_trip() {
        let failures = Failures {
            count: 7,
            last: UtcMillis(1),
            until: UtcMillis(2),
        };
        assert_eq!(decode_failures(&encode_failures(&failures)), Some(failures));
        assert_eq!(decode_failures(&[FAILURES_VERSION]), None);
    }
}
