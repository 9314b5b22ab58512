//! Passkeys as they are stored: what an account's record says of each, and a row of its own with whose it is and its public key.
//!
//! Must not be here: ceremonies with browsers (`passkeys`).

use super::passkeys::PasskeyFace;
use super::record::time;
use super::store::{decode_holder, encode_holder, installation_key};
use super::{AccountError, Accounts, Holder};
use crate::access::bytes::{Reader, Writer};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::Table;
use cabinet_storage::journal::{Position, RecordKey};
use webauthn_rs::prelude::Passkey as Credential;

const ROW_VERSION: u8 = 1;
/// Longest public key that is kept, as JSON: with an id of the longest kind (1,023 bytes) there is room to spare.
const CREDENTIAL_BYTES_MAX: usize = 3_000;

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passkey {
    /// Of the key's own id the SHA-256.
    pub(super) id: [u8; 32],
    pub(super) name: String,
    pub(super) made: UtcMillis,
    pub(super) used: Option<UtcMillis>,
}

impl Passkey {
    /// What a key is known by here.
    pub(super) fn id_of(credential_id: &[u8]) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, credential_id);
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }

    pub(super) fn face(&self) -> PasskeyFace {
        PasskeyFace {
            id: self.id,
            name: self.name.clone(),
            made: self.made,
            used: self.used,
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.id).bytes(self.name.as_bytes());
        writer.number(self.made.0.to_be_bytes());
        writer.number(self.used.map_or(i64::MIN, |used| used.0).to_be_bytes());
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            id: reader.number()?,
            name: reader.text()?,
            made: time(reader.number()?),
            used: Some(time(reader.number()?)).filter(|used| used.0 != i64::MIN),
        })
    }
}

pub(super) fn place(id: &[u8; 32]) -> RecordKey {
    installation_key(Table::AccountPasskey, id)
}

/// Whose a passkey is, and its public key with what is known of it.
pub(super) struct PasskeyRow {
    pub(super) holder: Holder,
    pub(super) credential: Credential,
}

impl PasskeyRow {
    /// In the library's JSON, which its later versions read.
    pub(super) fn encode(&self) -> Result<Vec<u8>, AccountError> {
        let credential = serde_json::to_vec(&self.credential).ok();
        let credential = credential.filter(|bytes| bytes.len() <= CREDENTIAL_BYTES_MAX);
        let mut writer = Writer::of_version(ROW_VERSION);
        writer.bytes(&encode_holder(self.holder));
        Ok(writer.bytes(&credential.ok_or(AccountError::WrongPasskey)?).finish())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (ROW_VERSION, mut reader) = Reader::open(bytes)? else {
            return None;
        };
        let holder = decode_holder(reader.bytes()?)?;
        let credential = serde_json::from_slice(reader.bytes()?).ok()?;
        reader.end(Self { holder, credential })
    }
}

impl Accounts {
    /// A passkey's row, with the version that a change is checked against.
    pub(super) async fn passkey_row(&self, id: &[u8; 32]) -> Result<(PasskeyRow, Position), AccountError> {
        let stored = self.0.records.get(place(id)).await?;
        let (version, bytes) = stored.ok_or(AccountError::WrongPasskey)?;
        let row = PasskeyRow::decode(&bytes).ok_or_else(|| {
            tracing::error!("a stored passkey cannot be read");
            AccountError::WrongPasskey
        })?;
        Ok((row, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law L12. A field more does not compile here until it is named, and fails until it is listed.
    #[test]
    fn every_stored_field_of_a_passkeys_row_is_in_the_inventory() {
        fn named(row: PasskeyRow) {
            let PasskeyRow {
                holder: _,
                credential: _,
            } = row;
        }
        let _: fn(PasskeyRow) = named;
        let listed = cabinet_domain::inventory::INVENTORY.iter();
        let listed: Vec<&str> = listed
            .filter(|entry| entry.record == "PasskeyRow")
            .map(|entry| entry.field)
            .collect();
        assert_eq!(listed, ["holder", "credential"]);
    }

    #[test]
    fn a_row_that_is_cut_or_newer_is_none() {
        for odd in [
            &[][..],
            &[ROW_VERSION],
            &[ROW_VERSION, 0, 1, 9],
            &[ROW_VERSION + 1; 80],
            &[0; 80],
        ] {
            assert!(PasskeyRow::decode(odd).is_none(), "{odd:?}");
        }
    }
}
