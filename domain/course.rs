//! What becomes of bookings: who came, which sessions belong together, how late the practitioner runs. Skeleton only.
//!
//! Must not be here: who is in the way of whom (`decide`), words for screens.

use crate::agenda::Booking;
use crate::ids::{BookingId, SeriesId};
use crate::time::{UtcMillis, UtcMinute};
use crate::zone_table::ZoneTable;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Least sessions of a series; one is a booking.
pub const SERIES_MIN: usize = 2;
/// Most sessions of a series, and most bookings that one act moves or cancels: a year's prescription of physiotherapy.
pub const SERIES_MAX: usize = 60;
/// Longest delay that can be announced, in minutes; beyond it bookings are moved or cancelled.
pub const DELAY_MINUTES_MAX: u16 = 240;
/// What became of a booking may be said until so many days after it.
pub const MARK_DAYS_MAX: i64 = 400;

/// What staff say of a booking: two states of the waiting room, three outcomes. None said: unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attendance {
    /// In the waiting room.
    Arrived,
    /// With the practitioner.
    InSession,
    /// Was there, and has left.
    Seen,
    /// Did not come and had said so, or had good reason.
    Excused,
    /// Did not come and had not said so (lapin).
    NoShow,
}

impl Attendance {
    /// Every one, in order of declaration.
    pub const ALL: [Self; 5] = [Self::Arrived, Self::InSession, Self::Seen, Self::Excused, Self::NoShow];

    /// Stable name: protocol word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::InSession => "in_session",
            Self::Seen => "seen",
            Self::Excused => "excused",
            Self::NoShow => "no_show",
        }
    }

    /// Whether it says what became of the appointment; the others say where somebody is just now.
    #[must_use]
    pub const fn is_outcome(self) -> bool {
        match self {
            Self::Arrived | Self::InSession => false,
            Self::Seen | Self::Excused | Self::NoShow => true,
        }
    }

    /// From when on it may be said: that somebody is there from the first minute of the day on, that nobody came from the
    /// start of the appointment on, that somebody excused themselves at any time.
    pub(crate) fn from(self, booking: &Booking, zone: &ZoneTable) -> UtcMinute {
        match self {
            Self::Arrived | Self::InSession | Self::Seen => zone.midnight(zone.date_of(booking.span.from)),
            Self::Excused => UtcMinute(0),
            Self::NoShow => booking.span.from,
        }
    }
}

/// What was said last of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// What.
    pub state: Attendance,
    /// When it was said.
    pub at: UtcMillis,
}

/// A booking's place in its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeriesPlace {
    /// Which series.
    pub series: SeriesId,
    /// Which session of it, from 1, by date when it was booked.
    pub number: u16,
    /// How many were booked together.
    pub of: u16,
}

/// How late the practitioner runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delay {
    /// Minutes; at least 1.
    pub minutes: u16,
    /// When it was announced: it is worth that day alone.
    pub at: UtcMillis,
}

/// What has become of the bookings of one agenda. Only bookings that stand are named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Course {
    /// What was said of each; unknown of the others.
    pub marks: BTreeMap<BookingId, Mark>,
    /// Those that belong to a series.
    pub series: BTreeMap<BookingId, SeriesPlace>,
    /// The last delay announced, until it is taken back.
    pub delay: Option<Delay>,
}

impl Course {
    /// The booking stands no more.
    pub(crate) fn forget(&mut self, booking: BookingId) {
        self.marks.remove(&booking);
        self.series.remove(&booking);
    }

    /// These were booked together, in order of time.
    pub(crate) fn join(&mut self, series: SeriesId, bookings: &[BookingId]) {
        let of = u16::try_from(bookings.len()).unwrap_or(u16::MAX);
        for (number, booking) in (1..=of).zip(bookings) {
            self.series.insert(*booking, SeriesPlace { series, number, of });
        }
    }

    /// Ids that are named here, some of them twice.
    pub(crate) fn named(&self) -> impl Iterator<Item = BookingId> + '_ {
        self.marks.keys().chain(self.series.keys()).copied()
    }

    /// The delay that is worth something at `now`: announced on the same civil day.
    pub(crate) fn delay_now(&self, zone: &ZoneTable, now: UtcMillis) -> Option<Delay> {
        let same_day = |at: UtcMillis| zone.date_of(at.minute()) == zone.date_of(now.minute());
        self.delay.filter(|delay| same_day(delay.at))
    }
}
