//! Everything that touches the disk: the journal (the truth), checkpoints, the keyring, sealing, and the read store
//! (sled, rebuildable). Two layers, each behind traits:
//!
//! - below, opaque bytes: [`Disk`](disk::Disk), [`Journal`](journal::Journal), [`ReadStore`](records::ReadStore);
//! - above, the domain's types: [`StreamStore`] and [`RecordStore`], which seal, encode and chain. Actors see only these.
//!
//! Deliberately absent: actix, the wire protocol, any rule about bookings. No type of an engine leaves its folder.

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a helper of tests prints its counts")]
#[path = "../tests/fuzz/driver.rs"]
mod fuzz_driver;

pub mod audit;
mod codec;
pub mod conformance;
pub mod dice;
pub mod disk;
pub mod error;
pub mod faulty;
pub mod journal;
pub mod keyring;
pub mod memory;
pub mod open;
pub mod records;
pub mod seal;
pub mod sled;
pub mod store;
pub mod verify;

pub use error::{AppendError, StoreError};
pub use open::{KeySource, ReadStoreKind, Storage, StorageOptions, StorageStats};
pub use records::Table;
pub use store::{Appended, Commit, Loaded, Opened, PersonRecord, RecordStore, StreamStore};

/// A boxed future, so that the traits stay object safe.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// A boxed future of a result.
pub type Answer<'a, T, E = StoreError> = BoxFuture<'a, Result<T, E>>;
