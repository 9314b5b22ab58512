//! Mails as sealed records: those that wait or could not be sent, and receipts of all others. Addresses of members are looked up
//! when a mail is sent and are not kept with it.
//!
//! JSON: few, small, and newer builds may add fields. Must not be here: sending.

use cabinet_domain::ids::{AgendaId, BookingId, PracticeId, StaffId};
use cabinet_domain::mail::Letter;
use cabinet_domain::time::{CivilDate, UtcMillis};
use cabinet_storage::journal::{Position, RecordKey};
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use ring::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Mails that wait, of one practice, that are looked at in a turn.
pub const WAITING_SEEN_MAX: usize = 1_000;
/// Receipts of one practice: beyond, the oldest go at the next day's mail.
pub const RECEIPTS_MAX: usize = 2_000;
/// Receipts are kept so many days (regulation, retention row 15: twelve months).
pub const RECEIPT_DAYS: i64 = 365;
/// Longest word of the other side that is kept, in characters.
const SAID_CHARS_MAX: usize = 200;
/// Id of the record of the days' mails. Mails' ids are longer.
const DAILY_ROW: &[u8] = b"daily";

/// Writes of a commit.
pub(crate) type Writes = Vec<Write>;
/// One of them.
pub(crate) type Write = (RecordKey, Option<Vec<u8>>);

/// Whom a mail goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Addressee {
    /// A member, at the address of their account.
    Member(StaffId),
    /// Somebody who has no account.
    Address(String),
    /// A patient, at the address of a booking: it stays under the patient's own key (law L9).
    Patient {
        /// In which agenda.
        agenda: AgendaId,
        /// Which booking.
        booking: BookingId,
    },
}

/// Why a mail is a dead letter, or was refused for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// When.
    pub(crate) at: UtcMillis,
    /// What the other side said.
    pub(crate) why: String,
}

/// A mail that was not sent yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailRecord {
    /// To whom.
    pub(crate) to: Addressee,
    /// What.
    pub(crate) letter: Letter,
    /// Written down then.
    pub(crate) made: UtcMillis,
    /// Times that it was refused for now.
    pub(crate) tries: u32,
    /// Not tried before.
    pub(crate) next: UtcMillis,
    /// The last refusal.
    pub(crate) failed: Option<Failure>,
    /// A dead letter: tried again only when the operator says so.
    pub(crate) dead: bool,
}

impl MailRecord {
    pub(super) const fn new(to: Addressee, letter: Letter, now: UtcMillis) -> Self {
        Self {
            to,
            letter,
            made: now,
            tries: 0,
            next: now,
            failed: None,
            dead: false,
        }
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The other side took it.
    Sent,
    /// It was no longer worth sending.
    Lapsed,
    /// Whom it was for has no account.
    NoAddress,
    /// It was refused for good, and is not kept: it holds a secret, or is a patient's.
    Refused,
}

impl Outcome {
    /// Stable name: metrics label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Lapsed => "lapsed",
            Self::NoAddress => "no_address",
            Self::Refused => "refused",
        }
    }
}

/// A mail that is done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Kind of mail.
    pub kind: String,
    /// The member it was for; none: somebody who was none.
    pub to: Option<StaffId>,
    /// Written down then.
    pub made: UtcMillis,
    /// Done with then.
    pub at: UtcMillis,
    /// Times that it was refused for now before.
    pub tries: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// What the other side said to it.
    pub said: String,
}

/// How far the days' mails are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dailies {
    /// The last day that one was about.
    pub(super) day: CivilDate,
    /// Entries of the access log that it told of.
    pub(super) entries: u64,
}

/// Id of a mail: its time, its number in this process, then chance; so those written first are sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MailId([u8; 24]);

impl MailId {
    pub(super) fn new(now: UtcMillis, number: u64, drawn: &[u8; 32]) -> Self {
        let mut id = [0; 24];
        let bytes = now.0.unsigned_abs().to_be_bytes().into_iter();
        let bytes = bytes.chain(number.to_be_bytes()).chain(drawn.iter().copied());
        for (slot, byte) in id.iter_mut().zip(bytes) {
            *slot = byte;
        }
        Self(id)
    }

    pub(super) fn of(key: &RecordKey) -> Option<Self> {
        Some(Self(key.id.as_slice().try_into().ok()?))
    }

    /// As operators name a practice's mail.
    pub(super) fn text(&self, practice: PracticeId) -> String {
        format!("{:032x}-{}", practice.0, hex::encode(self.0))
    }

    /// As the world sees it: tells nothing.
    pub(super) fn opaque(&self) -> String {
        hex::encode(digest(&SHA256, &self.0).as_ref().get(..16).unwrap_or_default())
    }
}

pub(super) fn key(practice: PracticeId, table: Table, id: Vec<u8>) -> RecordKey {
    RecordKey {
        practice: practice.0,
        table: table.number(),
        id,
    }
}

pub(super) fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|_| StoreError::Codec { what: "a mail" })
}

pub(super) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    // A newer build's: left where it is.
    serde_json::from_slice(bytes).ok()
}

pub(super) fn write(practice: PracticeId, id: &MailId, record: &MailRecord) -> Result<Write, StoreError> {
    Ok((key(practice, Table::Mail, id.0.to_vec()), Some(to_bytes(record)?)))
}

pub(super) fn remove(practice: PracticeId, id: &MailId) -> Write {
    (key(practice, Table::Mail, id.0.to_vec()), None)
}

/// Mails of a practice, oldest first.
pub(super) async fn read(
    records: &dyn RecordStore,
    practice: PracticeId,
) -> Result<Vec<(MailId, MailRecord)>, StoreError> {
    let rows = records
        .scan(practice.0, Table::Mail.number(), WAITING_SEEN_MAX + 1)
        .await?;
    let mail = |(key, bytes): (RecordKey, Vec<u8>)| Some((MailId::of(&key)?, from_bytes(&bytes)?));
    Ok(rows.into_iter().filter_map(mail).collect())
}

/// The receipt of a mail that is done with.
pub(super) fn receipt(record: &MailRecord, at: UtcMillis, outcome: Outcome, said: &str) -> Receipt {
    Receipt {
        kind: record.letter.name().to_owned(),
        to: match record.to {
            Addressee::Member(staff) => Some(staff),
            Addressee::Address(_) | Addressee::Patient { .. } => None,
        },
        made: record.made,
        at,
        tries: record.tries,
        outcome,
        said: cut(said),
    }
}

pub(super) fn cut(said: &str) -> String {
    let plain = said.chars().filter(|character| !character.is_control());
    plain.take(SAID_CHARS_MAX).collect()
}

/// Newest first.
fn receipt_id(id: &MailId, at: UtcMillis) -> Vec<u8> {
    let mut bytes = (u64::MAX - at.0.unsigned_abs()).to_be_bytes().to_vec();
    bytes.extend(id.0);
    bytes
}

pub(super) fn write_receipt(practice: PracticeId, id: &MailId, receipt: &Receipt) -> Result<Write, StoreError> {
    let id = receipt_id(id, receipt.at);
    Ok((key(practice, Table::MailReceipt, id), Some(to_bytes(receipt)?)))
}

/// Receipts of a practice, newest first.
pub(super) async fn read_receipts(
    records: &dyn RecordStore,
    practice: PracticeId,
    most: usize,
) -> Result<Vec<(RecordKey, Receipt)>, StoreError> {
    let rows = records.scan(practice.0, Table::MailReceipt.number(), most).await?;
    let receipt = |(key, bytes): (RecordKey, Vec<u8>)| Some((key, from_bytes(&bytes)?));
    Ok(rows.into_iter().filter_map(receipt).collect())
}

/// How far the days' mails are, with the version for the next check.
pub(super) async fn read_dailies(
    records: &dyn RecordStore,
    practice: PracticeId,
) -> Result<(Position, Option<Dailies>), StoreError> {
    let stored = records.get(key(practice, Table::Mail, DAILY_ROW.to_vec())).await?;
    Ok(stored.map_or((0, None), |(version, bytes)| (version, from_bytes(&bytes))))
}

/// Writes how far the days' mails are, with what goes out, if nobody else has.
pub(super) async fn write_dailies(
    records: &dyn RecordStore,
    practice: PracticeId,
    (version, dailies): (Position, Dailies),
    mut together: Writes,
) -> Result<(), AppendError> {
    let key = key(practice, Table::Mail, DAILY_ROW.to_vec());
    let bytes = to_bytes(&dailies).map_err(|_| AppendError::TooLarge)?;
    together.push((key.clone(), Some(bytes)));
    match records.commit(vec![(key, version)], together).await {
        Ok(_) | Err(AppendError::CheckFailed) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::anomaly::Rule;
    use cabinet_domain::ids::PlaceId;
    use cabinet_domain::inventory::INVENTORY;
    use cabinet_domain::mail::{Appointment, Daily, Several};
    use cabinet_domain::time::{Span, UtcMinute};
    use cabinet_storage::records::VALUE_BYTES_MAX;
    use std::collections::BTreeSet;

    fn record(letter: Letter) -> MailRecord {
        MailRecord {
            failed: Some(Failure {
                at: UtcMillis(1),
                why: "é".repeat(SAID_CHARS_MAX),
            }),
            ..MailRecord::new(Addressee::Address("x".repeat(254)), letter, UtcMillis(i64::MAX))
        }
    }

    fn fields(record: &impl Serialize) -> BTreeSet<String> {
        let object = serde_json::to_value(record).unwrap();
        object.as_object().unwrap().keys().cloned().collect()
    }

    fn listed(record: &str) -> BTreeSet<String> {
        let entries = INVENTORY.iter().filter(|entry| entry.record == record);
        entries.map(|entry| entry.field.to_owned()).collect()
    }

    /// Law L12.
    #[test]
    fn every_stored_field_of_a_mail_is_in_the_inventory() {
        let record = record(Letter::Trial);
        assert_eq!(fields(&record), listed("MailRecord"));
        let receipt = receipt(&record, UtcMillis(2), Outcome::Sent, "250 OK");
        assert_eq!(fields(&receipt), listed("Receipt"));
    }

    #[test]
    fn the_largest_mail_fits_a_record() {
        let daily = Daily {
            day: CivilDate(20_000),
            alerts: Rule::ALL.iter().map(|rule| (*rule, u32::MAX)).collect(),
            open: u32::MAX,
            entries: u64::MAX,
            checkpoint: Some("x".repeat(600)),
            covered: u64::MAX,
        };
        let id = MailId::new(UtcMillis(1), 2, &[3; 32]);
        let (_, bytes) = write(PracticeId(1), &id, &record(Letter::Daily { daily })).unwrap();
        let bytes = bytes.unwrap();
        assert!(bytes.len() < VALUE_BYTES_MAX - 500, "{}", bytes.len());
        let appointment = |number: u128| Appointment {
            agenda: AgendaId(u128::MAX),
            booking: BookingId(u128::MAX - number),
            span: Span::starting(UtcMinute(99_999_999), 480),
            place: PlaceId(number % 4),
            version: u64::MAX,
        };
        let all: Vec<Appointment> = (0..100).map(appointment).collect();
        for several in Several::gather(&all) {
            let letter = Letter::SeveralCancelled { several };
            let (_, bytes) = write(PracticeId(1), &id, &record(letter)).unwrap();
            let bytes = bytes.unwrap();
            assert!(bytes.len() < VALUE_BYTES_MAX, "{}", bytes.len());
        }
        let said = cut(&"é\r\n".repeat(300));
        assert_eq!(said, "é".repeat(SAID_CHARS_MAX), "on one line, and cut");
    }

    #[test]
    fn mails_are_read_in_the_order_in_which_they_were_written_and_receipts_newest_first() {
        let id = |at, number| MailId::new(UtcMillis(at), number, &[9; 32]);
        assert!(id(1, 7) < id(2, 0) && id(2, 0) < id(2, 1));
        assert!(receipt_id(&id(1, 0), UtcMillis(9)) < receipt_id(&id(1, 0), UtcMillis(8)));
        assert!(
            !id(1, 2).text(PracticeId(1)).contains(&id(1, 2).opaque()),
            "the world learns nothing"
        );
    }
}
