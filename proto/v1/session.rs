//! Frames of a session (`/ws`): a known member of staff, two-way.

use super::http::StaffCommand;
use super::model::{StaffAbsence, StaffBooking, StaffHold, StaffPart, StaffView};
use super::problem::Problem;
use super::waiting::StaffWaiting;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A frame from the client. `ref` comes back in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is parsed, handled and gone, and most are commands"
)]
pub enum ClientFrame {
    /// Subscribe to an agenda; with `history` and `seq`, resume.
    Join {
        /// Comes back in the answer.
        r#ref: u32,
        /// Agenda id.
        topic: String,
        /// History id of the position.
        history: Option<String>,
        /// Position.
        #[ts(type = "number | null")]
        seq: Option<u64>,
        /// Start of the stretch of bookings wanted.
        #[ts(type = "number")]
        from_ms: i64,
        /// End of it; at most 400 days later.
        #[ts(type = "number")]
        until_ms: i64,
    },
    /// Unsubscribe.
    Leave {
        /// Comes back in the answer.
        r#ref: u32,
        /// Agenda id.
        topic: String,
    },
    /// Ask one agenda for something.
    Command {
        /// Comes back in the answer.
        r#ref: u32,
        /// Agenda id.
        topic: String,
        /// The sender's number for the command, 32 hexadecimal digits: repeat it to repeat the command harmlessly.
        command_id: String,
        /// What.
        command: StaffCommand,
    },
    /// "I am looking at this": shown to colleagues on the same topic.
    Presence {
        /// Comes back in the answer.
        r#ref: u32,
        /// Agenda id.
        topic: String,
    },
}

/// A frame from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ServerFrame {
    /// First frame: who and which version.
    Welcome {
        /// Protocol version.
        version: u32,
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
        /// Name of the member of staff.
        staff: String,
    },
    /// Answer to `join`: everything, at `seq` of `history`.
    Snapshot {
        /// The join's.
        r#ref: u32,
        /// Agenda id.
        topic: String,
        /// History id.
        history: String,
        /// Position.
        #[ts(type = "number")]
        seq: u64,
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
        /// The agenda.
        view: Box<StaffView>,
    },
    /// More of the stretch that a join asked for, as it is at `seq`. Insert or replace by id.
    Part {
        /// Agenda id.
        topic: String,
        /// Position: every delta up to it has been sent before.
        #[ts(type = "number")]
        seq: u64,
        /// What the view lacked.
        part: StaffPart,
    },
    /// Answer to `join` with a known position: missing deltas follow.
    Resumed {
        /// The join's.
        r#ref: u32,
        /// Agenda id.
        topic: String,
        /// History id.
        history: String,
        /// Position the client named.
        #[ts(type = "number")]
        seq: u64,
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
    },
    /// Changes from position `from` to `to`.
    Delta {
        /// Agenda id.
        topic: String,
        /// Position before.
        #[ts(type = "number")]
        from: u64,
        /// Position after.
        #[ts(type = "number")]
        to: u64,
        /// The server's clock when it was sent.
        #[ts(type = "number")]
        now_ms: i64,
        /// In order.
        changes: Vec<StaffChange>,
    },
    /// Who belongs to the practice, or how it looks, has changed: ask `/staff/me` again, and join what one may see now.
    PracticeChanged {
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
    },
    /// An alert of suspicious access is new or has become graver: ask `/staff/alerts` again. Told to those who see all.
    AlertsChanged {
        /// The server's clock.
        #[ts(type = "number")]
        now_ms: i64,
    },
    /// The topic has changed in a way deltas do not carry (settings, rules), or the session fell behind: join again.
    Resync {
        /// Agenda id.
        topic: String,
    },
    /// A command was accepted (or had been, when repeated).
    Accepted {
        /// The command's.
        r#ref: u32,
        /// Sequence of its last event.
        #[ts(type = "number")]
        seq: u64,
    },
    /// A command was refused, or a frame was not understood.
    Refused {
        /// The frame's, when it could be read.
        r#ref: Option<u32>,
        /// Why.
        problem: Problem,
    },
    /// Answer to `leave` and `presence`.
    Done {
        /// The frame's.
        r#ref: u32,
    },
    /// Who is looking at a topic now.
    Present {
        /// Agenda id.
        topic: String,
        /// Names, sorted.
        staff: Vec<String>,
    },
}

impl ServerFrame {
    /// As it is sent.
    ///
    /// # Errors
    /// None known: plain data with string keys.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// One change of an agenda as staff see it. `set` inserts or replaces by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum StaffChange {
    /// A booking is new, moved or changed.
    BookingSet {
        /// The booking.
        booking: StaffBooking,
    },
    /// A booking has another time; everything else of it stays. Unknown to the receiver: outside the stretch it asked for
    /// before the move; join again when the new time lies inside.
    BookingMoved {
        /// Its id.
        id: String,
        /// New start.
        #[ts(type = "number")]
        start_ms: i64,
        /// New end.
        #[ts(type = "number")]
        end_ms: i64,
        /// New place id.
        place: String,
        /// Whether it now deliberately overlaps others.
        overbooked: bool,
    },
    /// A booking no longer stands.
    BookingGone {
        /// Its id.
        id: String,
    },
    /// A slot is held.
    HoldSet {
        /// The hold.
        hold: StaffHold,
    },
    /// A hold has ended.
    HoldGone {
        /// Its id.
        id: String,
    },
    /// An absence is new.
    AbsenceSet {
        /// The absence.
        absence: StaffAbsence,
    },
    /// An absence is gone.
    AbsenceGone {
        /// Its id.
        id: String,
    },
    /// Bookings just set belong together.
    SeriesSet {
        /// Id of the series.
        series: String,
        /// Booking ids in order of time: the first is number 1.
        bookings: Vec<String>,
    },
    /// What is said of a booking has changed.
    MarkSet {
        /// Booking id.
        id: String,
        /// `arrived`, `in_session`, `seen`, `excused`, `no_show`; none: nothing any more.
        mark: Option<String>,
    },
    /// The practitioner runs late by so many minutes; 0: no longer.
    DelaySet {
        /// Minutes.
        minutes: u16,
    },
    /// Somebody waits.
    WaitingSet {
        /// Who, for what.
        entry: StaffWaiting,
    },
    /// Somebody waits no longer. Who was booked is gone by the `booking_set` with the entry's id.
    WaitingGone {
        /// The entry's id.
        id: String,
    },
    /// Somebody who waits is pressing, or no more.
    WaitingUrgent {
        /// The entry's id.
        id: String,
        /// Whether they come before the others.
        urgent: bool,
    },
    /// Somebody who waits is being offered a hold. When that ends without a booking, they have let it pass.
    WaitingOffered {
        /// The entry's id.
        id: String,
        /// The hold's.
        hold: String,
    },
}
