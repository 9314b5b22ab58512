//! Time and people of a trial, and a sheet to write signals on.
//!
//! Must not be here: who does what.

use cabinet_domain::anomaly::{Attempt, Explanation, Link, Location, Observed, Seen, Signal, explanation};
use cabinet_domain::ids::StaffId;
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};

/// The practice's members: three practitioners, the first of them the owner; two secretaries; a replacement.
pub(super) const OWNER: StaffId = StaffId(1);
pub(super) const SECOND: StaffId = StaffId(2);
pub(super) const THIRD: StaffId = StaffId(3);
pub(super) const MORNING: StaffId = StaffId(11);
pub(super) const AFTERNOON: StaffId = StaffId(12);
pub(super) const REPLACEMENT: StaffId = StaffId(21);

/// The practice's own network.
pub(super) const PRACTICE_NETWORK: u64 = 100;
pub(super) const LYON: Location = place(*b"FR", 45.76, 4.84);
pub(super) const NICE: Location = place(*b"FR", 43.70, 7.27);
pub(super) const PARIS: Location = place(*b"FR", 48.85, 2.35);
pub(super) const BARCELONA: Location = place(*b"ES", 41.39, 2.17);
pub(super) const SINGAPORE: Location = place(*b"SG", 1.35, 103.82);
pub(super) const BUCHAREST: Location = place(*b"RO", 44.43, 26.10);
/// A telephone's network: it comes out in Paris wherever one is.
pub(super) const MOBILE: Location = Location { roaming: true, ..PARIS };

const fn place(country: [u8; 2], latitude: f32, longitude: f32) -> Location {
    Location {
        country,
        latitude,
        longitude,
        roaming: false,
    }
}

/// A member's number: they are few.
pub(super) fn number(staff: StaffId) -> u64 {
    u64::try_from(staff.0).unwrap_or(0)
}

/// The device a member works at.
pub(super) fn desk(staff: StaffId) -> u64 {
    1_000 + number(staff)
}

/// The telephone they carry.
pub(super) fn telephone(staff: StaffId) -> u64 {
    2_000 + number(staff)
}

/// Where they live.
pub(super) fn home(staff: StaffId) -> u64 {
    3_000 + number(staff)
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// About a member.
    Member(Signal),
    /// A try to sign in.
    Attempt(Attempt),
}

impl What {
    /// When a member did it.
    pub(super) const fn at(&self) -> Option<UtcMillis> {
        match self {
            Self::Member(signal) => Some(signal.at),
            Self::Attempt(_) => None,
        }
    }
}

/// When the watch hears of it: what is refused is written in batches, ten seconds later at most.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    pub(super) arrives: UtcMillis,
    pub(super) what: What,
}

/// A day, as the clock on the wall has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: CivilDate,
    midnight: UtcMillis,
}

impl Day {
    pub(super) fn of(date: CivilDate, zone: &Zone) -> Self {
        let noon_less = |hours: i64| UtcMillis((i64::from(date.0) * 24 - hours) * 3_600_000);
        let begins =
            |at: &UtcMillis| CivilDate::of(zone, *at) == date && CivilDate::of(zone, at.plus_seconds(-1)) != date;
        // France is one or two hours ahead.
        let midnight = [2, 1].into_iter().map(noon_less).find(begins);
        Self {
            date,
            midnight: midnight.unwrap_or_else(|| noon_less(1)),
        }
    }

    /// So many minutes and seconds after midnight; a change of the clock that night moves it by an hour.
    pub(super) const fn at(self, minute: i64, second: i64) -> UtcMillis {
        self.midnight.plus_seconds(minute * 60 + second)
    }
}

/// Signals as they are written down, in any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet(pub(super) Vec<Timed>);

impl Sheet {
    pub(super) fn says(&mut self, staff: StaffId, at: UtcMillis, what: Observed) {
        self.late(staff, at, 0, what);
    }

    /// Written `seconds` after it happened.
    pub(super) fn late(&mut self, staff: StaffId, at: UtcMillis, seconds: i64, what: Observed) {
        let session = number(staff).to_be_bytes();
        self.0.push(Timed {
            arrives: at.plus_seconds(seconds),
            what: What::Member(Signal {
                at,
                staff,
                session,
                what,
            }),
        });
    }

    pub(super) fn works(&mut self, staff: StaffId, at: UtcMillis) {
        self.says(staff, at, Observed::Worked);
    }

    pub(super) fn sees(&mut self, staff: StaffId, at: UtcMillis, seen: Seen) {
        let place = i64::try_from(seen.file).ok();
        self.says(
            staff,
            at,
            Observed::Viewed {
                files: vec![seen],
                place,
            },
        );
    }

    pub(super) fn signs_in(&mut self, staff: StaffId, at: UtcMillis, from: (u64, u64, Option<Location>)) {
        let (device, network, location) = from;
        self.tries(at, (network, number(staff), 0), false);
        self.says(
            staff,
            at.plus_seconds(5),
            Observed::SignedIn {
                device,
                network,
                location,
            },
        );
    }

    /// A wrong password for an account there is.
    pub(super) fn fails(&mut self, staff: StaffId, at: UtcMillis, (network, password): (u64, u64)) {
        self.tries(at, (network, number(staff), password), true);
        self.late(staff, at, 8, Observed::SignInFailed { count: 1 });
    }

    pub(super) fn tries(&mut self, at: UtcMillis, (network, account, password): (u64, u64, u64), failed: bool) {
        self.0.push(Timed {
            arrives: at,
            what: What::Attempt(Attempt {
                at,
                network,
                account,
                password,
                failed,
            }),
        });
    }
}

/// A file and what the practice's records say of it and a member.
pub(super) fn seen(file: u64, link: &Link, at: UtcMillis, untouched_since: Option<UtcMillis>) -> Seen {
    let explained: Option<Explanation> = explanation(link, at);
    Seen {
        file,
        explained,
        untouched_since,
        close: false,
    }
}
