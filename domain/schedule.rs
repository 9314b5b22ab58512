//! The parts a practitioner's schedule is made of: appointment types, opening rules, exceptions, absences, holidays.
//! Data and bounds only; how they combine into slots is `slots`.

mod former;
mod release;
pub(crate) mod validate;

pub use self::former::{FormerEvent, FormerOpening, FormerRule, FormerType};
pub use self::release::{Opens, RELEASE_DAYS_MAX, Release, WEEKS_AHEAD_MAX};
pub use self::validate::COLOUR_MAX;

use crate::ids::{AbsenceId, ExceptionId, PlaceId, RuleId, TypeId};
use crate::time::{CivilDate, Span, Weekday, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Booking window when a type states none: 12 weeks, in days.
pub const BOOKING_WINDOW_DAYS_DEFAULT: u16 = 84;
/// Longest appointment, buffers excluded, in minutes.
pub const DURATION_MINUTES_MAX: u16 = 12 * 60;
/// Longest buffer on one side, in minutes.
pub const BUFFER_MINUTES_MAX: u16 = 4 * 60;
/// Longest occupied span: the longest appointment with the longest buffers, in minutes.
pub const OCCUPIED_MINUTES_MAX: i64 = DURATION_MINUTES_MAX as i64 + 2 * BUFFER_MINUTES_MAX as i64;
/// Shortest appointment, in minutes.
pub const DURATION_MINUTES_MIN: u16 = 5;
/// Longest minimum notice and longest cancellation cut-off, in minutes: the longest booking window.
pub const NOTICE_MINUTES_MAX: u32 = BOOKING_WINDOW_DAYS_MAX as u32 * 24 * 60;
/// Longest absence, in days: three years.
pub const ABSENCE_DAYS_MAX: i64 = 3 * 366;
/// Longest booking window, in days.
pub const BOOKING_WINDOW_DAYS_MAX: u16 = 400;
/// Largest daily cap: more appointments than a day has room for.
pub const DAILY_CAP_MAX: u16 = 300;
/// Most types, rules, exceptions, absences (each) that one agenda may carry.
pub const SCHEDULE_ITEMS_MAX: usize = 500;
/// Longest label (type name, absence label), in bytes of UTF-8.
pub const LABEL_BYTES_MAX: usize = 120;

/// Which public holidays close the agenda by default (Code du travail L3133-1 and local rules).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum HolidayRegion {
    Metropole,
    AlsaceMoselle,
    Guadeloupe,
    Martinique,
    Guyane,
    Reunion,
    Mayotte,
    SaintMartin,
    SaintBarthelemy,
    SaintPierreEtMiquelon,
    NouvelleCaledonie,
    PolynesieFrancaise,
}

/// Settings of one agenda as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// Zone in which the civil rules of this agenda are read.
    pub zone: Zone,
    /// Step between two possible starts inside an opening, in minutes; 5..=60.
    pub granularity_minutes: u16,
    /// How long a patient's hold lasts, in seconds; 30..=3600.
    pub hold_ttl_seconds: u32,
    /// Holidays on which weekly rules do not open. Exceptional openings always do.
    pub holidays: HolidayRegion,
    /// `true`: weekly rules open on public holidays too.
    pub open_on_holidays: bool,
    /// A Monday that begins an "A" week; weeks alternate from there in both directions.
    pub week_a_monday: CivilDate,
}

/// An appointment type (motif de consultation).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppointmentType {
    /// Its id inside the agenda.
    pub id: TypeId,
    /// Name shown to staff and patients, 1..=120 bytes.
    pub name: String,
    /// Length of the appointment itself, in minutes; 5..=720.
    pub duration_minutes: u16,
    /// Time kept free before, in minutes; 0..=240. Collides with other bookings, not with closing time.
    pub buffer_before_minutes: u16,
    /// Time kept free after, in minutes; 0..=240.
    pub buffer_after_minutes: u16,
    /// Colour on screens, 0xRRGGBB.
    pub colour: u32,
    /// Bookable by patients online; otherwise by staff only.
    pub online: bool,
    /// Patients book at least this long before the start, in minutes.
    pub minimum_notice_minutes: u32,
    /// Patients book at most this many days ahead (the day of the start minus this many days, at local midnight, opens it); 1..=400.
    pub booking_window_days: u16,
    /// Patients may cancel until this long before the start, in minutes.
    pub cancellation_cutoff_minutes: u32,
    /// Once so many bookings and holds of this type begin on one civil date, patients see none of its slots on that date;
    /// 1..=300. None: no cap.
    pub daily_cap: Option<u16>,
    /// When its dates open to patients; `booking_window_days` counts for [`Opens::Rolling`] alone.
    pub opens: Opens,
}

/// Which types an opening accepts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeSelection {
    /// Every type of the agenda, future ones included.
    All,
    /// Just these.
    Only(BTreeSet<TypeId>),
}

impl TypeSelection {
    /// Whether `kind` may be booked here.
    #[must_use]
    pub fn accepts(&self, kind: TypeId) -> bool {
        match self {
            Self::All => true,
            Self::Only(types) => types.contains(&kind),
        }
    }
}

/// In which weeks a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeekCycle {
    /// Every week.
    Every,
    /// "A" weeks, counted from [`Profile::week_a_monday`].
    A,
    /// "B" weeks.
    B,
}

/// A weekly opening (plage d'ouverture): civil times in the agenda's zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpeningRule {
    /// Its id inside the agenda.
    pub id: RuleId,
    /// Day of the week.
    pub weekday: Weekday,
    /// Civil start, minutes after midnight; 0..=1439.
    pub from_minute_of_day: u16,
    /// Civil end, minutes after midnight; later than the start, at most 1440.
    pub until_minute_of_day: u16,
    /// Types accepted.
    pub types: TypeSelection,
    /// Where.
    pub place: PlaceId,
    /// In which weeks.
    pub weeks: WeekCycle,
    /// First day on which the rule applies.
    pub valid_from: CivilDate,
    /// Last day on which the rule applies; none: until changed.
    pub valid_until: Option<CivilDate>,
    /// Until when it is kept back from patients.
    pub release: Release,
}

/// An opening on one date, whatever the weekly rules and holidays say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExceptionalOpening {
    /// Its id inside the agenda.
    pub id: ExceptionId,
    /// The date.
    pub date: CivilDate,
    /// Civil start, minutes after midnight; 0..=1439.
    pub from_minute_of_day: u16,
    /// Civil end, minutes after midnight; later than the start, at most 1440.
    pub until_minute_of_day: u16,
    /// Types accepted.
    pub types: TypeSelection,
    /// Where.
    pub place: PlaceId,
    /// Until when it is kept back from patients.
    pub release: Release,
}

/// A stretch in which nothing can be booked, whatever is open. Bookings already there stay.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Absence {
    /// Its id inside the agenda.
    pub id: AbsenceId,
    /// When.
    pub span: Span,
    /// Word shown to staff only ("Congés", "Formation"); 0..=120 bytes. Never about a patient.
    pub label: String,
}
