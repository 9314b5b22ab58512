//! The bounds of what a schedule is made of, checked before anything is decided. One function per type; each names the
//! first field that breaks its bound, in the order of the fields.

use super::{
    ABSENCE_DAYS_MAX, Absence, AppointmentType, BOOKING_WINDOW_DAYS_MAX, BUFFER_MINUTES_MAX, DAILY_CAP_MAX,
    DURATION_MINUTES_MAX, DURATION_MINUTES_MIN, ExceptionalOpening, LABEL_BYTES_MAX, NOTICE_MINUTES_MAX, OpeningRule,
    Profile, SCHEDULE_ITEMS_MAX, TypeSelection,
};
use crate::refusal::Refusal;
use crate::time::{CivilDate, Span, Weekday};

/// Largest colour, 0xRRGGBB.
pub const COLOUR_MAX: u32 = 0x00FF_FFFF;
const DAY_MINUTES: u16 = 24 * 60;

/// Refuses the field unless `holds`.
pub(crate) const fn require(holds: bool, field: &'static str, must: &'static str) -> Result<(), Refusal> {
    if holds {
        return Ok(());
    }
    Err(Refusal::Invalid { field, must })
}

impl Profile {
    /// Checks every bound.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        let granularity = (5..=60).contains(&self.granularity_minutes);
        require(granularity, "granularity_minutes", "be 5 to 60 minutes")?;
        let ttl = (30..=3600).contains(&self.hold_ttl_seconds);
        require(ttl, "hold_ttl_seconds", "be 30 to 3600 seconds")?;
        date("week_a_monday", self.week_a_monday)?;
        let monday = self.week_a_monday.weekday() == Weekday::Monday;
        require(monday, "week_a_monday", "be a Monday")
    }
}

impl AppointmentType {
    /// Checks every bound.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        let named = !self.name.trim().is_empty() && self.name.len() <= LABEL_BYTES_MAX;
        require(named, "name", "be 1 to 120 bytes")?;
        let duration = (DURATION_MINUTES_MIN..=DURATION_MINUTES_MAX).contains(&self.duration_minutes);
        require(duration, "duration_minutes", "be 5 to 720 minutes")?;
        let before = self.buffer_before_minutes <= BUFFER_MINUTES_MAX;
        require(before, "buffer_before_minutes", "be at most 240 minutes")?;
        let after = self.buffer_after_minutes <= BUFFER_MINUTES_MAX;
        require(after, "buffer_after_minutes", "be at most 240 minutes")?;
        require(self.colour <= COLOUR_MAX, "colour", "be 0xRRGGBB")?;
        let notice = self.minimum_notice_minutes <= NOTICE_MINUTES_MAX;
        require(notice, "minimum_notice_minutes", "be at most 400 days in minutes")?;
        let window = (1..=BOOKING_WINDOW_DAYS_MAX).contains(&self.booking_window_days);
        require(window, "booking_window_days", "be 1 to 400 days")?;
        let cutoff = self.cancellation_cutoff_minutes <= NOTICE_MINUTES_MAX;
        require(cutoff, "cancellation_cutoff_minutes", "be at most 400 days in minutes")?;
        let cap = self.daily_cap.is_none_or(|cap| (1..=DAILY_CAP_MAX).contains(&cap));
        require(cap, "daily_cap", "be 1 to 300 a day")?;
        self.opens.validate()
    }
}

impl OpeningRule {
    /// Checks every bound. Whether the named types exist is for `decide`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        minutes_of_day(self.from_minute_of_day, self.until_minute_of_day)?;
        selection(&self.types)?;
        date("valid_from", self.valid_from)?;
        if let Some(last) = self.valid_until {
            date("valid_until", last)?;
            require(self.valid_from <= last, "valid_until", "not be before valid_from")?;
        }
        self.release.validate()
    }
}

impl ExceptionalOpening {
    /// Checks every bound. Whether the named types exist is for `decide`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        date("date", self.date)?;
        minutes_of_day(self.from_minute_of_day, self.until_minute_of_day)?;
        selection(&self.types)?;
        self.release.validate()
    }
}

impl Absence {
    /// Checks every bound.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        let Span { from, until } = self.span;
        let plausible = from.is_plausible() && until.is_plausible();
        require(plausible, "span", "lie between 1970 and 2199")?;
        require(from < until, "span", "end after it starts")?;
        let short = self.span.minutes() <= ABSENCE_DAYS_MAX * i64::from(DAY_MINUTES);
        require(short, "span", "last at most three years")?;
        require(self.label.len() <= LABEL_BYTES_MAX, "label", "be at most 120 bytes")
    }
}

fn minutes_of_day(from: u16, until: u16) -> Result<(), Refusal> {
    require(from < DAY_MINUTES, "from_minute_of_day", "be 0 to 1439")?;
    let ordered = from < until && until <= DAY_MINUTES;
    require(ordered, "until_minute_of_day", "be after the start and at most 1440")
}

fn selection(types: &TypeSelection) -> Result<(), Refusal> {
    match types {
        TypeSelection::All => Ok(()),
        TypeSelection::Only(named) => {
            let fits = !named.is_empty() && named.len() <= SCHEDULE_ITEMS_MAX;
            require(fits, "types", "name 1 to 500 types")
        }
    }
}

fn date(field: &'static str, date: CivilDate) -> Result<(), Refusal> {
    require(date.is_plausible(), field, "lie between 1970 and 2199")
}
