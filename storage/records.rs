//! The read store as its users see it: sealed values under opaque keys, with the journal position they reflect.
//! Holds only what can be rebuilt from checkpoints and journal. sled and memory implement it.

mod applier;
mod overlay;

pub use applier::{Applier, ApplierStats, ReadStoreSource, Ticks};
pub use overlay::{Batch, OVERLAY_BYTES_MAX, Overlay, OverlayStats};

use crate::journal::{Position, RecordKey, RecordWrite};
use crate::{AppendError, StoreError};
use bytes::Bytes;

/// Largest sealed value, in bytes. Well under sled's blob limit (`reference`: 4 KiB made none).
pub const VALUE_BYTES_MAX: usize = 3_500;

/// Tables of the keyspace. Append only: a number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Table {
    /// One-time sign-in links, by hash.
    SignInLink = 1,
    /// Staff sessions, by hash of the token.
    StaffSession = 2,
    /// Where a booking lives: booking id -> agenda.
    BookingPlace = 3,
    /// Which keys a patient's blobs were sealed under: patient id, key id -> nothing. Written by storage itself in the
    /// commit that first uses the key, so that forgetting a patient finds every key.
    PatientKey = 4,
    /// Accounts of staff: practice, member -> password, second factor, sessions.
    Account = 5,
    /// Whose account an e-mail address is: a keyed hash of it -> practice and member.
    AccountAddress = 6,
    /// The key of those hashes, and how long attempts on an account are held back.
    AccountGuard = 7,
    /// What the watch over suspicious access has learnt: member, piece -> habits; and how far it is.
    Watch = 8,
    /// Alerts: day (newest first), member, rule -> alert and its answer.
    Alert = 9,
    /// Mails that wait or could not be sent: time, chance -> mail; and how far the days' mails are.
    Mail = 10,
    /// Receipts of mails: time (newest first), mail -> receipt.
    MailReceipt = 11,
    /// Whose account a passkey signs in to: a hash of its id -> practice and member.
    AccountPasskey = 12,
    /// What is known of the mails about a booking: booking -> language, choice, what was sent; and the key of links.
    Correspondence = 13,
    /// Reminders to come: moment, booking, kind -> appointment.
    Reminder = 14,
    /// Calendar feeds: agenda, member -> hash of the secret, since when.
    CalendarFeed = 16,
    /// Cards of patients, by patient. Alone among tables, each row is sealed under its own patient's key.
    Patient = 15,
}

impl Table {
    /// The number on disk.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::SignInLink => 1,
            Self::StaffSession => 2,
            Self::BookingPlace => 3,
            Self::PatientKey => 4,
            Self::Account => 5,
            Self::AccountAddress => 6,
            Self::AccountGuard => 7,
            Self::Watch => 8,
            Self::Alert => 9,
            Self::Mail => 10,
            Self::MailReceipt => 11,
            Self::AccountPasskey => 12,
            Self::Correspondence => 13,
            Self::Reminder => 14,
            Self::CalendarFeed => 16,
            Self::Patient => 15,
        }
    }
}

/// A read-back record: its value and the position of its last write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Key.
    pub key: RecordKey,
    /// Position of its last write: its version.
    pub version: Position,
    /// Sealed value.
    pub value: Bytes,
}

/// An engine that holds rows. Blocking; called from storage's own threads only.
pub trait ReadStore: Send + Sync + 'static {
    /// Position up to which all journal records are applied.
    ///
    /// # Errors
    /// Any error means: move aside and rebuild.
    fn applied(&self) -> Result<Position, StoreError>;
    /// Applies the writes of records up to `position`, atomically.
    ///
    /// # Errors
    /// As above.
    fn apply(&self, position: Position, writes: &[(Position, RecordWrite)]) -> Result<(), StoreError>;
    /// One row.
    ///
    /// # Errors
    /// As above.
    fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError>;
    /// Rows of one table of one practice with id above `after`, ascending by id, at most `limit`.
    ///
    /// # Errors
    /// As above.
    fn scan(&self, practice: u128, table: u16, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError>;
    /// Makes everything applied durable.
    ///
    /// # Errors
    /// As above.
    fn flush(&self) -> Result<(), StoreError>;
}

/// What a journal asks of whoever keeps the records, so that checks and reads see every durable write at once.
/// Called by the journal's writer only (one thread), except where a method says otherwise.
pub trait RecordIndex: Send + Sync + 'static {
    /// Position of the record's last durable write; 0 when it is absent. The journal itself adds what earlier appends
    /// of the same group will write.
    ///
    /// # Errors
    /// [`AppendError::Busy`] while the read store is opening or being rebuilt and the answer is not known.
    fn version(&self, key: &RecordKey) -> Result<Position, AppendError>;
    /// Whether writes of this many bytes (keys and values) still fit the overlay. `false`: the append is refused with
    /// [`AppendError::Busy`]. What was admitted and then not written is given back by [`Self::release`].
    fn admit(&self, bytes: usize) -> bool;
    /// Gives back admitted bytes of an append that was refused after all.
    fn release(&self, bytes: usize);
    /// These writes are durable. Called once per record in the order of positions, for records without writes too,
    /// after the group's sync and before any of its acknowledgements. The bytes were admitted before.
    fn committed(&self, position: Position, writes: &[RecordWrite]);
}

/// Bytes a write takes in the overlay: id, value and a fixed share for the map around them.
#[must_use]
pub fn write_bytes(write: &RecordWrite) -> usize {
    96 + write.key.id.len() + write.value.as_ref().map_or(0, Bytes::len)
}
