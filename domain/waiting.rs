//! The waiting list of an agenda: who waits for which type of appointment, with which wishes, and who is being offered what.
//! Skeleton only, as everywhere in the state: who somebody *is* stays in the sealed blob that the entry names.
//!
//! An offer is a hold of the agenda that the waiting person's secret owns. It begins with `SlotOffered` and ends as any hold
//! ends: booked, released, expired. So what is offered is taken for everybody else, by the same rule as any other time.
//!
//! Must not be here: who gets a freed time (`decide::offers`), names.

use crate::agenda::{Hold, SecretHash};
use crate::ids::{BlobId, BookingId, HoldId, PatientId, PlaceId, TypeId, WaitingId};
use crate::refusal::Refusal;
use crate::schedule::NOTICE_MINUTES_MAX;
use crate::schedule::validate::require;
use crate::slots::Slot;
use crate::time::{CivilDate, UtcMillis, UtcMinute, Weekday};
use crate::zone_table::ZoneTable;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries on one agenda's list.
pub const WAITING_MAX: usize = 500;
/// Days from the first to the last that somebody may wait for: a year.
pub const WAITING_DAYS_MAX: i32 = 366;
/// Offers of one agenda that may be live at a time: most of its holds stay for who comes by the page.
pub const OFFERS_LIVE_MAX: usize = 20;
/// An offer stands this long, unless the slot's own notice ends it sooner.
pub const OFFER_SECONDS: i64 = 600;
/// Less than this is no offer: nobody reads and answers it in time.
pub const OFFER_SECONDS_MIN: i64 = 120;
/// Who has let this many offers pass leaves the list: the next is better served.
pub const PASSED_MAX: usize = 3;

/// How pressing it is, as staff have set it. Ordered: the later comes first on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Priority {
    /// As everybody.
    Normal,
    /// Before everybody who is not.
    Urgent,
}

/// Which slots somebody could come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wishes {
    /// Days of the week.
    pub weekdays: BTreeSet<Weekday>,
    /// The appointment begins at this minute of the day at the earliest...
    pub from_minute_of_day: u16,
    /// ... and before this one.
    pub until_minute_of_day: u16,
    /// First day.
    pub first_day: CivilDate,
    /// Last day; after it the entry leaves the list.
    pub last_day: CivilDate,
    /// They need at least this long to come.
    pub notice_minutes: u32,
    /// Only there; none: anywhere.
    pub place: Option<PlaceId>,
}

impl Wishes {
    /// Checks every bound.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first field that breaks its bound.
    pub fn validate(&self) -> Result<(), Refusal> {
        require(!self.weekdays.is_empty(), "weekdays", "name a day")?;
        let before = self.from_minute_of_day < self.until_minute_of_day && self.until_minute_of_day <= 24 * 60;
        require(
            before,
            "until_minute_of_day",
            "lie after the beginning, on the same day",
        )?;
        let plausible = self.first_day.is_plausible() && self.last_day.is_plausible();
        require(plausible, "first_day", "be a date of this age")?;
        let days = i64::from(self.last_day.0) - i64::from(self.first_day.0);
        let near = (0..=i64::from(WAITING_DAYS_MAX)).contains(&days);
        require(near, "last_day", "lie within a year after the first day")?;
        let notice = self.notice_minutes <= NOTICE_MINUTES_MAX;
        require(notice, "notice_minutes", "be at most 400 days in minutes")
    }

    /// Whether somebody with these wishes could come to `slot`, asked at `now`.
    pub(crate) fn fit(&self, zone: &ZoneTable, slot: &Slot, now: UtcMillis) -> bool {
        let date = zone.date_of(slot.start);
        let in_time = slot.start.plus(-i64::from(self.notice_minutes)).millis() >= now;
        // As clocks show it: instants of the two edges would be wrong where a clock change skips or doubles them.
        let minute_of_day = zone.minute_of_day(slot.start);
        in_time
            && self.place.is_none_or(|place| place == slot.place)
            && (self.first_day..=self.last_day).contains(&date)
            && self.weekdays.contains(&date.weekday())
            && (i64::from(self.from_minute_of_day)..i64::from(self.until_minute_of_day)).contains(&minute_of_day)
    }
}

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaitingEntry {
    /// Its id.
    pub id: WaitingId,
    /// For which type of appointment.
    pub kind: TypeId,
    /// Who; one entry per patient and type.
    pub patient: PatientId,
    /// Sealed identity and contacts: the booking's, should it come to one.
    pub details: BlobId,
    /// Hash of the secret in the person's link. It owns the holds of their offers, and the booking that comes of one.
    pub owner: SecretHash,
    /// Version of the privacy notice shown at the form.
    pub notice_version: u32,
    /// When they could come.
    pub wishes: Wishes,
    /// Set by staff.
    pub priority: Priority,
    /// When they joined.
    pub joined_at: UtcMillis,
    /// Starts that they were offered and let pass, or declined: not offered again.
    pub passed: BTreeSet<UtcMinute>,
    /// The hold that they are being offered.
    pub offer: Option<HoldId>,
}

impl WaitingEntry {
    /// The booking that comes of an accepted offer: it has the entry's number, so that the same link leads to it.
    #[must_use]
    pub const fn booking(&self) -> BookingId {
        BookingId(self.id.0)
    }
}

/// Why somebody is no longer on the list; a booked offer speaks for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Left {
    /// They wished so.
    Patient,
    /// The practice took them off.
    Practice,
    /// They let [`PASSED_MAX`] offers pass.
    PassedTooMany,
    /// Their last day is over.
    Over,
}

/// The list.
pub type WaitingList = BTreeMap<WaitingId, WaitingEntry>;

/// Everybody in the order in which a freed time is offered: urgent ones first, then who has waited longest.
#[must_use]
pub fn in_order(list: &WaitingList) -> Vec<&WaitingEntry> {
    let mut all: Vec<&WaitingEntry> = list.values().collect();
    all.sort_unstable_by_key(|entry| (std::cmp::Reverse(entry.priority), entry.joined_at, entry.id));
    all
}

/// Where an entry stands among those who wait for the same type, from 1, and how many they are; none off the list.
#[must_use]
pub fn rank(list: &WaitingList, id: WaitingId) -> Option<(usize, usize)> {
    let kind = list.get(&id)?.kind;
    let same: Vec<&WaitingEntry> = in_order(list).into_iter().filter(|entry| entry.kind == kind).collect();
    let ahead = same.iter().position(|entry| entry.id == id)?;
    Some((ahead + 1, same.len()))
}

/// Whose offer a hold is.
#[must_use]
pub fn offered(list: &WaitingList, hold: HoldId) -> Option<&WaitingEntry> {
    list.values().find(|entry| entry.offer == Some(hold))
}

/// An offer's hold has ended without a booking: they let it pass.
pub(crate) fn pass(list: &mut WaitingList, hold: &Hold) {
    let mut all = list.values_mut();
    if let Some(entry) = all.find(|entry| entry.offer == Some(hold.id)) {
        entry.offer = None;
        entry.passed.insert(hold.span.from);
    }
}

/// An offer's hold has become a booking: they wait no longer.
pub(crate) fn booked(list: &mut WaitingList, hold: HoldId) {
    list.retain(|_, entry| entry.offer != Some(hold));
}
