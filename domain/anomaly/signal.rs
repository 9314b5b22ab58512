//! What the watch is told: one observation at a time, about one member of a practice, or about one network.
//!
//! Ids, times and counts; nothing that a patient said, no name. Must not be here: what follows from it.

use super::Explanation;
use crate::ids::StaffId;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Where a network lies, as far as the operator's table of addresses tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// ISO 3166-1 alpha-2.
    pub country: [u8; 2],
    /// Degrees north.
    pub latitude: f32,
    /// Degrees east.
    pub longitude: f32,
    /// A telephone's or a relay's network: where it comes out says little of where somebody is.
    pub roaming: bool,
}

/// What one opening showed. A file is a patient's, or one past week of an agenda, with all whose names stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which file: its id, or a hash of what it is.
    pub file: u64,
    /// Why it was opened, as far as the practice's own records explain it.
    pub explained: Option<Explanation>,
    /// Nothing was done in it since then; none when it is new.
    pub untouched_since: Option<UtcMillis>,
    /// Of somebody close to the member (same surname, address or telephone), of a member, or marked by the practice.
    pub close: bool,
}

/// What was changed of what protects the practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SecurityChange {
    /// A member was given a higher role or more rights.
    RightsRaised,
    /// A member's second factor was replaced, or its recovery codes.
    FactorChanged,
    /// A member's way in was made anew by somebody else.
    LinkMade,
}

/// What a member was seen to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// Signing in failed, so many times.
    SignInFailed {
        /// How often.
        count: u32,
    },
    /// Signed in with both factors.
    SignedIn {
        /// Which device, by a hash.
        device: u64,
        /// From which network, by a hash.
        network: u64,
        /// Where that lies.
        location: Option<Location>,
    },
    /// Opened files, in this order.
    Viewed {
        /// What was shown.
        files: Vec<Seen>,
        /// The first file's place in an order that a scan would follow: its number, its place in the alphabet, its date.
        place: Option<i64>,
    },
    /// Did something else: it tells when the member works.
    Worked,
    /// Took data of so many patients away.
    Exported {
        /// How many patients.
        patients: u32,
    },
    /// Changed what protects the practice.
    SecurityChanged(SecurityChange),
    /// Broke the glass.
    GlassBroken,
    /// One session was used from two networks in turns within minutes.
    SessionOnTwoNetworks,
    /// One session was used by another browser than the one that opened it.
    SessionOnTwoBrowsers,
    /// One session has so many live sockets open.
    SessionSockets {
        /// How many.
        open: u32,
    },
    /// Was refused, so many times.
    Refused {
        /// How often.
        count: u32,
        /// How many of them named something of another practice.
        foreign: u32,
    },
    /// Opened a file that nobody has a reason to open: it was laid out to be found by a thief.
    DecoyOpened,
}

/// One observation about one member.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// When it happened. Signals come about in this order: a few seconds of disorder do no harm.
    pub at: UtcMillis,
    /// Who.
    pub staff: StaffId,
    /// In which session, by the beginning of its id; zeros outside of any.
    pub session: [u8; 8],
    /// What.
    pub what: Observed,
}

/// A try to sign in, whoever it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: UtcMillis,
    /// From which network (IPv4 whole, IPv6 to 64 bits), by a hash.
    pub network: u64,
    /// The address that was tried, by a hash; known or not.
    pub account: u64,
    /// The password that was tried, by a hash that lives as long as the process.
    pub password: u64,
    /// Whether it failed.
    pub failed: bool,
}
