//! Instants in UTC and civil dates. Instants are what is stored; civil time exists only inside rules, in the
//! practice's IANA zone (`schedule`, `slots`).
//!
//! Must not be here: reading a clock. The one clock is injected by the caller (law L6).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// A UTC instant in milliseconds since 1970-01-01T00:00Z. Stamps and deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// This instant moved later by `minutes` (saturating).
    #[must_use]
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// This instant moved later by `seconds` (saturating).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// The whole minute this instant lies in.
    #[must_use]
    pub const fn minute(self) -> UtcMinute {
        UtcMinute(self.0.div_euclid(60_000))
    }
}

/// A UTC instant in whole minutes since 1970-01-01T00:00Z: the grain of everything bookable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcMinute(pub i64);

impl UtcMinute {
    /// This instant moved by `minutes` (saturating).
    #[must_use]
    pub const fn plus(self, minutes: i64) -> Self {
        Self(self.0.saturating_add(minutes))
    }

    /// Whether the instant lies in the years 1970 to 2199: nothing else is accepted from outside.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        0 <= self.0 && self.0 < PLAUSIBLE_DAYS_UNTIL as i64 * 24 * 60
    }

    /// The same instant in milliseconds.
    #[must_use]
    pub const fn millis(self) -> UtcMillis {
        UtcMillis(self.0.saturating_mul(60_000))
    }
}

/// 2200-01-01 in days since 1970-01-01.
const PLAUSIBLE_DAYS_UNTIL: i32 = 84_006;

/// A half-open stretch of time `[from, until)` in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First minute inside.
    pub from: UtcMinute,
    /// First minute outside; later than `from` in every valid span.
    pub until: UtcMinute,
}

impl Span {
    /// The span of `minutes` that starts at `from`.
    #[must_use]
    pub const fn starting(from: UtcMinute, minutes: i64) -> Self {
        Self {
            from,
            until: from.plus(minutes),
        }
    }

    /// Whether the two share at least one minute.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.from.0 < other.until.0 && other.from.0 < self.until.0
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.from.0 <= other.from.0 && other.until.0 <= self.until.0
    }

    /// Length in minutes; zero or negative when the span is not valid.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        self.until.0.saturating_sub(self.from.0)
    }
}

/// A civil date as days since 1970-01-01 in the proleptic Gregorian calendar. In text: `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CivilDate(pub i32);

/// Why a text is not a civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY-MM-DD between 1900 and 2199")]
pub struct NotADate;

/// Days from 0001-01-01 to 1970-01-01, used to go between jiff's dates and day counts.
const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

impl CivilDate {
    /// The date `year-month-day`, or an error when there is no such day.
    ///
    /// # Errors
    /// [`NotADate`] for an impossible day or a year outside 1900..=2199.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, NotADate> {
        if !(1900..=2199).contains(&year) {
            return Err(NotADate);
        }
        jiff::civil::Date::new(year, month, day)
            .map(Self::from_jiff)
            .map_err(|_| NotADate)
    }

    /// From jiff's date.
    #[must_use]
    pub fn from_jiff(date: jiff::civil::Date) -> Self {
        let days = date.duration_since(EPOCH).as_hours() / 24;
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// As jiff's date; clamped to jiff's range.
    #[must_use]
    pub fn to_jiff(self) -> jiff::civil::Date {
        EPOCH.saturating_add(jiff::SignedDuration::from_hours(i64::from(self.0) * 24))
    }

    /// The date `days` later (saturating).
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whether the date lies in the years 1970 to 2199: nothing else is accepted from outside.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        0 <= self.0 && self.0 < PLAUSIBLE_DAYS_UNTIL
    }

    /// The date on which an instant lies in a zone.
    #[must_use]
    pub fn of(zone: &Zone, at: UtcMillis) -> Self {
        crate::zone_table::ZoneTable::of(zone).date_of(at.minute())
    }

    /// The day of the week.
    #[must_use]
    pub const fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        match (self.0.rem_euclid(7) + 3) % 7 {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}
impl fmt::Debug for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CivilDate({self})")
    }
}
impl std::str::FromStr for CivilDate {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let date: jiff::civil::Date = text.parse().map_err(|_| NotADate)?;
        if text.len() != 10 {
            return Err(NotADate);
        }
        Self::new(date.year(), date.month(), date.day())
    }
}
impl Serialize for CivilDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}
impl<'de> Deserialize<'de> for CivilDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(D::Error::custom)
        } else {
            i32::deserialize(deserializer).map(Self)
        }
    }
}

/// A day of the week; ISO 8601 order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The name of an IANA time zone known to the bundled database, such as `Europe/Paris`.
/// Resolve it with [`Zone::rules`]; an unknown name never gets in through [`Zone::new`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

/// The zone name is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}")]
pub struct UnknownZone(pub String);

impl Zone {
    /// Checks the name against the bundled IANA database.
    ///
    /// # Errors
    /// [`UnknownZone`] when the database does not have it.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        jiff::tz::TimeZone::get(name)
            .map(|_| Self(name.to_owned()))
            .map_err(|_| UnknownZone(name.to_owned()))
    }

    /// Europe/Paris, the zone of metropolitan France.
    #[must_use]
    pub fn paris() -> Self {
        Self("Europe/Paris".to_owned())
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The zone's rules. Looked up in the database once per call: keep the result over a computation.
    #[must_use]
    pub fn rules(&self) -> jiff::tz::TimeZone {
        // `new` has checked the name; a database without it can only be a different build, where UTC is the safe shift.
        jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::new(&name)
    }
}
impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}
