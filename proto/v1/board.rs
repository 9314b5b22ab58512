//! Frames of a board (`/live`): anyone, receive-only, the free slots of one agenda's online types.
//!
//! The client joins by the address: `/live?practice=<slug>&practitioner=<slug>[&history=<id>&seq=<n>]`. It sends nothing
//! but pongs. The first frame is `snapshot` or `resumed`.

use super::model::{TypeSlotChanges, TypeSlots};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A frame from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BoardFrame {
    /// Everything, at `seq` of `history`.
    Snapshot {
        /// Protocol version.
        version: u32,
        /// History id.
        history: String,
        /// Position.
        #[ts(type = "number")]
        seq: u64,
        /// The server's clock, for windows, notice and countdowns.
        #[ts(type = "number")]
        now_ms: i64,
        /// Free slots of every online type.
        types: Vec<TypeSlots>,
    },
    /// The client's position was known: missing deltas follow as `delta` frames, if any.
    Resumed {
        /// Protocol version.
        version: u32,
        /// History id.
        history: String,
        /// Position the client named.
        #[ts(type = "number")]
        seq: u64,
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
    },
    /// One change. `from` is the previous position a board was told; another one means a gap: rejoin without position.
    Delta {
        /// Position before.
        #[ts(type = "number")]
        from: u64,
        /// Position after.
        #[ts(type = "number")]
        to: u64,
        /// The server's clock when it was sent.
        #[ts(type = "number")]
        now_ms: i64,
        /// What changed.
        types: Vec<TypeSlotChanges>,
    },
    /// The board's types themselves changed (names, lengths): load the page data again.
    TypesChanged {
        /// Position before.
        #[ts(type = "number")]
        from: u64,
        /// Position after.
        #[ts(type = "number")]
        to: u64,
    },
}
