//! What is learnt of a member: devices, networks and countries they sign in from, hours at which they work, how many
//! unexplained files their busiest hours have, what they take away in a month. Bounded, so that it fits a few rows.
//!
//! Must not be here: what follows from leaving a habit (`judge`).

use super::Location;
use crate::time::{CivilDate, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Devices remembered (Okta's default).
pub(super) const DEVICES_MAX: usize = 20;
/// Networks remembered (Okta's default).
pub(super) const NETWORKS_MAX: usize = 50;
/// Countries remembered.
const COUNTRIES_MAX: usize = 10;
/// Active days whose peaks are remembered.
const PEAKS_MAX: usize = 30;
/// Months whose exports are remembered.
const MONTHS_MAX: usize = 12;
/// Days after which an hour without work is no longer the member's.
const HOUR_DAYS: i32 = 30;
/// Days with work at an hour that make it the member's: a second night is no habit yet.
const HOUR_TIMES: usize = 2;

/// Habits of one member.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Habits {
    /// First seen.
    pub(super) since: Option<UtcMillis>,
    /// First signed in.
    pub(super) signs_in_since: Option<UtcMillis>,
    pub(super) sign_ins: u32,
    devices: Vec<u64>,
    networks: Vec<u64>,
    countries: Vec<[u8; 2]>,
    /// The last sign-in from a network that stays in its place.
    pub(super) place: Option<(UtcMillis, Location)>,
    /// By hour of the day, of working days 0 to 23 and of weekends 24 to 47: the last three days on which there was work.
    hours: BTreeMap<u8, Vec<i32>>,
    /// By active day: most unexplained files within an hour.
    peaks: Vec<(i32, u32)>,
    /// By month since year 0: patients taken away.
    exported: Vec<(i32, u32)>,
}

/// What of a sign-in was never seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Novelty {
    pub(super) device: bool,
    pub(super) network: bool,
    /// The country is known, and the member was never in it.
    pub(super) country: bool,
}

/// A civil time as habits count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) date: CivilDate,
    /// 0 to 23.
    pub(super) hour: u8,
}

impl Civil {
    fn months(self) -> i32 {
        let date = self.date.to_jiff();
        i32::from(date.year()) * 12 + i32::from(date.month())
    }

    fn slot(self) -> u8 {
        use crate::time::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        match self.date.weekday() {
            Monday | Tuesday | Wednesday | Thursday | Friday => self.hour,
            Saturday | Sunday => 24 + self.hour,
        }
    }

    /// Between 22:00 and 06:00.
    pub(super) const fn is_night(self) -> bool {
        self.hour >= 22 || self.hour < 6
    }
}

/// Puts one to the end of a list that is bounded; `true` when it was not in it.
fn remember<T: PartialEq>(list: &mut Vec<T>, one: T, most: usize) -> bool {
    let before = list.len();
    list.retain(|known| *known != one);
    let is_new = list.len() == before;
    list.push(one);
    let over = list.len().saturating_sub(most);
    list.drain(..over);
    is_new
}

/// Adds to the newest entry of a list by time, or begins one.
fn add(list: &mut Vec<(i32, u32)>, when: i32, most: usize, change: impl FnOnce(u32) -> u32) {
    match list.last_mut().filter(|(last, _)| *last >= when) {
        Some((_, value)) => *value = change(*value),
        None => list.push((when, change(0))),
    }
    let over = list.len().saturating_sub(most);
    list.drain(..over);
}

impl Habits {
    /// Notes a sign-in, and says what of it was new.
    pub(super) fn sign_in(&mut self, device: u64, network: u64, location: Option<Location>) -> Novelty {
        let country = location.filter(|location| !location.roaming);
        let known_nowhere = self.countries.is_empty();
        let new_country = country
            .map(|location| location.country)
            .is_some_and(|country| remember(&mut self.countries, country, COUNTRIES_MAX));
        self.sign_ins = self.sign_ins.saturating_add(1);
        Novelty {
            device: remember(&mut self.devices, device, DEVICES_MAX),
            network: remember(&mut self.networks, network, NETWORKS_MAX),
            country: new_country && !known_nowhere,
        }
    }

    /// Whether this is an hour at which the member worked on two earlier days of the last thirty, or one beside such an hour.
    pub(super) fn works_at(&self, civil: Civil) -> bool {
        let today = civil.date.0;
        let (base, hour) = (civil.slot() / 24 * 24, civil.slot() % 24);
        let near = [
            hour.checked_sub(1),
            Some(hour),
            Some(hour + 1).filter(|hour| *hour < 24),
        ];
        let mut near = near
            .into_iter()
            .flatten()
            .filter_map(|near| self.hours.get(&(base + near)));
        near.any(|days| {
            let recent = days.iter().filter(|day| **day < today && today - **day <= HOUR_DAYS);
            recent.count() >= HOUR_TIMES
        })
    }

    pub(super) fn work(&mut self, civil: Civil) {
        let days = self.hours.entry(civil.slot()).or_default();
        remember(days, civil.date.0, HOUR_TIMES + 1);
    }

    /// Notes how many unexplained files the hour that ends now had.
    pub(super) fn hour_had(&mut self, civil: Civil, files: u32) {
        add(&mut self.peaks, civil.date.0, PEAKS_MAX, |peak| peak.max(files));
    }

    /// The member's usual peak: the 95th percentile of earlier days' busiest hours.
    pub(super) fn usual_peak(&self, civil: Civil) -> u32 {
        let earlier = self.peaks.iter().filter(|(day, _)| *day < civil.date.0);
        let mut peaks: Vec<u32> = earlier.map(|(_, peak)| *peak).collect();
        peaks.sort_unstable();
        let place = (peaks.len() * 95).div_ceil(100);
        peaks.get(place.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// Notes an export; answers this month's patients with it, and the most of an earlier month, if there was one.
    pub(super) fn export(&mut self, civil: Civil, patients: u32) -> (u32, Option<u32>) {
        let month = civil.months();
        let earlier = self.exported.iter().filter(|(known, _)| *known < month);
        let most = earlier.map(|(_, patients)| *patients).max();
        add(&mut self.exported, month, MONTHS_MAX, |sum| {
            sum.saturating_add(patients)
        });
        (self.exported.last().map_or(patients, |(_, sum)| *sum), most)
    }
}
