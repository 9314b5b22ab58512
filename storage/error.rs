//! The one family of storage errors. Which outcome a write had is in the type (law L3).

use cabinet_domain::ids::Seq;
use std::path::PathBuf;

/// Why an append did not return a position. Every variant but `Unknown` means: nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The stream's head is not the expected one. Nothing written.
    #[error("stream head is {head}, not the expected one")]
    Conflict {
        /// The head found.
        head: Seq,
    },
    /// A record check failed. Nothing written; decide commands singly.
    #[error("a record check failed")]
    CheckFailed,
    /// The writer's fence is old. Nothing written; stop the writer.
    #[error("fenced by a newer writer ({current})")]
    Fenced {
        /// The fence in force.
        current: u64,
    },
    /// The batch is over a bound. Nothing written; decide commands singly.
    #[error("the batch is too large")]
    TooLarge,
    /// Free space is under the reserve. Nothing written; reads go on.
    #[error("storage is full")]
    StorageFull,
    /// A value could not be sealed: its key is missing or damaged. Nothing written; decide commands singly. The log says why.
    #[error("a value could not be sealed")]
    NotSealed,
    /// A bounded queue (writer queue, read-store overlay) is full. Nothing written; try again.
    #[error("storage is busy")]
    Busy,
    /// The journal has stopped (failed write or sync, shutting down), or the keyring has: may or may not be written.
    /// Stop serving the stream; reload it; resolve by command id.
    #[error("the outcome of the write is unknown")]
    Unknown,
}

/// Why storage could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused; `attempt` says what was tried.
    #[error("failed to {attempt} {path}")]
    Io {
        /// What was tried ("open", "read", "sync").
        attempt: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// Bytes on disk are not what was written there.
    #[error("corrupt: {path} at byte {offset}: {what}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The journal ends before a surviving witness, or is empty where data is expected.
    #[error("history is missing: {what}")]
    HistoryMissing {
        /// What the witness or the configuration says, and what was found.
        what: String,
    },
    /// The installation key does not open this store.
    #[error("the installation key does not open this store ({path})")]
    WrongKey {
        /// The file that did not open.
        path: PathBuf,
    },
    /// Another process has the store open.
    #[error("another process has this data directory open ({path})")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The store was written by a newer version of the product.
    #[error("{path} has format version {found}; this build knows versions up to {known}")]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// No write can start: disk full, read-only, or the journal has stopped.
    #[error("storage cannot be written: {what}")]
    Unwritable {
        /// Why.
        what: String,
    },
    /// A value does not encode or decode.
    #[error("failed to encode or decode {what}")]
    Codec {
        /// Which kind of value.
        what: &'static str,
    },
    /// The patient's or practice's key is not in the keyring.
    #[error("no such key in the keyring")]
    NoKey,
    /// The append behind this call failed.
    #[error("failed to append")]
    Append(#[from] AppendError),
}

impl StoreError {
    /// The system refused an operation on a file.
    #[must_use]
    pub fn io(attempt: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io {
            attempt,
            path: path.to_path_buf(),
            source,
        }
    }

    /// The same error; one of a newer version names the file in which the value lies.
    #[must_use]
    pub(crate) fn in_file(mut self, file: &std::path::Path) -> Self {
        if let Self::NewerFormat { path, .. } = &mut self {
            *path = file.to_path_buf();
        }
        self
    }

    /// Bytes at `offset` of a file are not what was written there.
    #[must_use]
    pub fn corrupt(path: &std::path::Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_path_buf(),
            offset,
            what: what.into(),
        }
    }
}
