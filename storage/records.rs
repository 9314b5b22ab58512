//! The read store as its users see it: sealed values under opaque keys, with the journal position they reflect.
//! Holds only what can be rebuilt from checkpoints and journal. sled and memory implement it.

use crate::StoreError;
use crate::journal::{Position, RecordKey, RecordWrite};
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
}

impl Table {
    /// The number on disk.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::SignInLink => 1,
            Self::StaffSession => 2,
            Self::BookingPlace => 3,
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
