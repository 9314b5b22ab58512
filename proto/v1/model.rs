//! Things both sockets and HTTP speak about.

use super::waiting::StaffWaiting;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// An appointment type as patients and staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AppointmentType {
    /// Id, 32 hexadecimal digits.
    pub id: String,
    /// Name.
    pub name: String,
    /// Length in minutes.
    pub duration_minutes: u16,
    /// Minutes kept free before.
    pub buffer_before_minutes: u16,
    /// Minutes kept free after.
    pub buffer_after_minutes: u16,
    /// `#rrggbb`.
    pub colour: String,
    /// Bookable by patients.
    pub online: bool,
    /// Least notice in minutes.
    pub minimum_notice_minutes: u32,
    /// Days ahead that can be booked.
    pub booking_window_days: u16,
    /// Patients may cancel until this many minutes before.
    pub cancellation_cutoff_minutes: u32,
    /// So many a day at most, for patients; none: no cap.
    #[serde(default)]
    pub daily_cap: Option<u16>,
    /// The weekly moment at which a week opens to patients; none: each date opens `booking_window_days` before, at midnight.
    #[serde(default)]
    pub opens: Option<WeeklyOpening>,
}

/// "Every Monday at 08:00 the week after next opens."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyOpening {
    /// `monday`..`sunday`.
    pub weekday: String,
    /// `HH:MM`.
    pub at: String,
    /// So many weeks before the week that opens, 1 to 52.
    pub weeks_ahead: u8,
}

/// Until when an opening is kept back from patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// So many days before its date, 0 (on the day itself) to 60.
    pub days_before: u16,
    /// `HH:MM`.
    pub at: String,
}

/// A free slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Slot {
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Place id.
    pub place: String,
    /// Bookable from this instant.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// Bookable until this instant, itself excluded.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Free slots of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TypeSlots {
    /// Type id.
    pub kind: String,
    /// Slots, ascending.
    pub slots: Vec<Slot>,
}

/// Changed slots of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TypeSlotChanges {
    /// Type id.
    pub kind: String,
    /// Starts no longer free.
    #[ts(type = "number[]")]
    pub removed_ms: Vec<i64>,
    /// Slots now free (or with new bounds).
    pub added: Vec<Slot>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Place {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address in one line.
    pub address: String,
}

/// A practitioner's public face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Practitioner {
    /// Agenda id.
    pub agenda: String,
    /// Address of the public page.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Profession.
    pub profession: String,
    /// `#rrggbb`.
    pub colour: String,
    /// IANA zone of the agenda.
    pub zone: String,
}

/// A person's identity and contacts. Only ever sent to staff of the practice, or by the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Person {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone, E.164.
    pub phone: Option<String>,
}

/// A booking as staff see it. Who sees times alone gets neither type nor place (empty) nor person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffBooking {
    /// Id.
    pub id: String,
    /// Type id.
    pub kind: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Place id.
    pub place: String,
    /// Who; none once the patient is erased.
    pub person: Option<Person>,
    /// Made online.
    pub online: bool,
    /// Deliberately overlaps others.
    pub overbooked: bool,
    /// Its place in a series; none: booked alone, or types are not seen.
    pub series: Option<SeriesPlace>,
    /// What was said last of it: `arrived`, `in_session`, `seen`, `excused`, `no_show`; none: nothing yet.
    pub mark: Option<String>,
}

/// A booking's place among those that were booked with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SeriesPlace {
    /// Id of the series.
    pub series: String,
    /// Which session, from 1.
    pub number: u16,
    /// How many were booked together.
    pub of: u16,
}

/// A live hold as staff see it; the type is empty for who sees times alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffHold {
    /// Id.
    pub id: String,
    /// Type id.
    pub kind: String,
    /// Start.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// End.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Free again from then.
    #[ts(type = "number")]
    pub expires_ms: i64,
}

/// An absence as staff see it; the label is empty for who does not see names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffAbsence {
    /// Id.
    pub id: String,
    /// From.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Until.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Label.
    pub label: String,
}

/// A stretch in which the agenda is open, for the background of the staff's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffOpening {
    /// From.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// Until.
    #[ts(type = "number")]
    pub end_ms: i64,
    /// Place id.
    pub place: String,
    /// Type ids accepted; none: all.
    pub types: Option<Vec<String>>,
}

/// A weekly rule on the wire, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OpeningRule {
    /// Id.
    pub id: String,
    /// `monday`..`sunday`.
    pub weekday: String,
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`, up to `24:00`.
    pub until: String,
    /// Type ids accepted; none: all.
    pub types: Option<Vec<String>>,
    /// Place id.
    pub place: String,
    /// `every`, `a` or `b`.
    pub weeks: String,
    /// First day.
    pub valid_from: String,
    /// Last day; none: until changed.
    pub valid_until: Option<String>,
    /// When patients may book in it; none: it is not kept back.
    #[serde(default)]
    pub release: Option<Release>,
}

/// An exceptional opening on the wire, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ExceptionalOpening {
    /// Id.
    pub id: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`, up to `24:00`.
    pub until: String,
    /// Type ids accepted; none: all.
    pub types: Option<Vec<String>>,
    /// Place id.
    pub place: String,
    /// When patients may book in it; none: it is not kept back.
    #[serde(default)]
    pub release: Option<Release>,
}

/// A whole agenda as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffView {
    /// Agenda id.
    pub agenda: String,
    /// IANA zone.
    pub zone: String,
    /// Step between starts, in minutes.
    pub granularity_minutes: u16,
    /// Offered types, then retired ones still in use.
    pub types: Vec<AppointmentType>,
    /// Bookings inside the covered stretch.
    pub bookings: Vec<StaffBooking>,
    /// Live holds.
    pub holds: Vec<StaffHold>,
    /// Absences.
    pub absences: Vec<StaffAbsence>,
    /// Weekly rules.
    pub rules: Vec<OpeningRule>,
    /// Exceptional openings.
    pub exceptions: Vec<ExceptionalOpening>,
    /// Openings inside the covered stretch, computed.
    pub openings: Vec<StaffOpening>,
    /// The covered stretch starts here...
    #[ts(type = "number")]
    pub covers_from_ms: i64,
    /// ... and ends here. Ask again for other weeks.
    #[ts(type = "number")]
    pub covers_until_ms: i64,
    /// Bookings and openings that start from here on are missing: on a session, `part` frames bring them. Equal to
    /// `covers_until_ms`: nothing is missing.
    #[ts(type = "number")]
    pub complete_until_ms: i64,
    /// How many minutes late the practitioner runs today; 0: not.
    pub delay_minutes: u16,
    /// Who waits for a freed time; nobody for who does not see names.
    pub waiting: Vec<StaffWaiting>,
}

/// What a view lacks of a part of its stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffPart {
    /// Bookings that start inside the part.
    pub bookings: Vec<StaffBooking>,
    /// Openings that start inside the part.
    pub openings: Vec<StaffOpening>,
    /// The view is now complete up to here.
    #[ts(type = "number")]
    pub complete_until_ms: i64,
}
