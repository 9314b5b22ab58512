//! One suite of promises for every backend: memory, the file journal and sled run it in their tests, later backends will.
//! Each check answers with what was not kept, so that the suite can run anywhere.

mod journal;
mod rows;

use crate::StoreError;
use crate::journal::Journal;
use crate::records::{ReadStore, RecordIndex};
use std::sync::Arc;

pub use journal::run_journal_suite;
pub use rows::run_read_store_suite;

/// A journal under test: each opening after the first is a restart with the same content.
pub trait JournalSubject {
    /// Opens it, reporting writes to `index`. The former one, if any, was closed.
    ///
    /// # Errors
    /// What the backend says; the suite then fails.
    fn open(&mut self, index: Arc<dyn RecordIndex>) -> Result<Arc<dyn Journal>, StoreError>;
}

/// A read store under test: each opening after the first finds what was flushed.
pub trait ReadStoreSubject {
    /// Opens it. The former one, if any, was dropped.
    ///
    /// # Errors
    /// What the backend says; the suite then fails.
    fn open(&mut self) -> Result<Arc<dyn ReadStore>, StoreError>;
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {what}")]
pub struct Broken {
    /// Which check.
    pub check: &'static str,
    /// What was found.
    pub what: String,
}

/// Outcome of one check.
pub(crate) type Outcome = Result<(), String>;

/// Fails the check unless the two are equal.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}, expected {expected:?}"))
}

/// Fails the check unless `kept`.
pub(crate) fn holds(what: &str, kept: bool, found: &dyn std::fmt::Debug) -> Outcome {
    if kept {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}"))
}

/// Turns an error of the backend into the check's failure.
pub(crate) fn sound<T, E: std::fmt::Debug>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error:?}"))
}
