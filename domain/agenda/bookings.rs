//! The bookings of one agenda as they lie in memory: some 80 bytes each with all that finds them, instead of 290, for an
//! agenda's bookings are what it mostly consists of. In order of time; found by a digest of their id. Given out by value;
//! stored as a map of whole bookings by id.
//!
//! Must not be here: rules, who is in the way of whom.

use super::{Booking, SecretHash};
use crate::ids::{BlobId, BookingId, PatientId, PlaceId, TypeId};
use crate::time::{Span, UtcMillis, UtcMinute};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Made online by a patient.
const ONLINE: u8 = 1;
/// Its manage secret's hash lies apart.
const MANAGED: u8 = 2;
/// What it deliberately overlaps lies apart.
const OVERBOOKS: u8 = 4;

/// Where a booking lies: minute of the start of its occupied time, its id. Bytes that sort as the two do.
type Key = [u8; 20];

/// One booking without what its key says. Byte arrays, so that nothing is lost to alignment.
#[derive(Debug, Clone, Copy)]
struct Packed {
    patient: [u8; 16],
    details: [u8; 16],
    /// Milliseconds.
    booked_at: [u8; 6],
    minutes: u16,
    kind: u16,
    place: u16,
    /// 0: none.
    notice_version: u16,
    minutes_before: u8,
    minutes_after: u8,
    flags: u8,
}

/// See the head of this file.
#[derive(Debug, Clone, Default)]
pub struct Bookings {
    packed: BTreeMap<Key, Packed>,
    /// Digest of the id, then the minute of the key.
    found: BTreeSet<[u8; 8]>,
    /// The types and places that bookings name, by their number in [`Packed`].
    kinds: Vec<TypeId>,
    places: Vec<PlaceId>,
    manage: BTreeMap<BookingId, SecretHash>,
    overbooks: BTreeMap<BookingId, BTreeSet<BookingId>>,
    /// Those that do not fit: no rule makes them.
    whole: BTreeMap<BookingId, Booking>,
}

/// None for a start before 1970 or beyond four thousand million minutes.
fn minute(start: UtcMinute) -> Option<[u8; 4]> {
    u32::try_from(start.0).ok().map(u32::to_be_bytes)
}

fn joined<const N: usize>(first: [u8; 4], then: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    for (slot, byte) in bytes.iter_mut().zip(first.iter().chain(then)) {
        *slot = *byte;
    }
    bytes
}

fn key(minute: [u8; 4], id: BookingId) -> Key {
    joined(minute, &id.0.to_be_bytes())
}

/// Before every key of that minute.
fn bound(minute: UtcMinute) -> Key {
    let minute = u32::try_from(minute.0.clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX);
    key(minute.to_be_bytes(), BookingId(0))
}

/// Reads [`key`] back.
fn place(key: &Key) -> Option<([u8; 4], BookingId)> {
    let (minute, id) = key.split_first_chunk::<4>()?;
    Some((*minute, BookingId(u128::from_be_bytes(id.try_into().ok()?))))
}

/// Ids are random or count up: mixed, both spread.
fn digest(id: BookingId) -> [u8; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = id.0.to_be_bytes();
    let (high, low) = (
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes([i, j, k, l, m, n, o, p]),
    );
    let mixed = (high.rotate_left(32) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [a, b, c, d, ..] = mixed.to_be_bytes();
    [a, b, c, d]
}

impl Bookings {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.len() + self.whole.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.whole.is_empty()
    }

    /// Whether it is there.
    #[must_use]
    pub fn contains_key(&self, id: &BookingId) -> bool {
        self.key_of(*id).is_some() || self.whole.contains_key(id)
    }

    /// One by id.
    #[must_use]
    pub fn get(&self, id: &BookingId) -> Option<Booking> {
        let packed = self.key_of(*id).and_then(|key| self.packed.get_key_value(&key));
        match packed {
            Some((key, packed)) => self.unpacked(key, packed),
            None => self.whole.get(id).cloned(),
        }
    }

    /// All, in order of the start of their occupied time, then of id.
    pub fn values(&self) -> impl Iterator<Item = Booking> {
        let packed = self
            .packed
            .iter()
            .filter_map(|(key, packed)| self.unpacked(key, packed));
        packed.chain(self.whole.values().cloned())
    }

    /// Their ids, in order.
    pub fn keys(&self) -> impl Iterator<Item = BookingId> {
        let packed = self.packed.keys().filter_map(place).map(|(_, id)| id);
        let mut all: Vec<BookingId> = packed.chain(self.whole.keys().copied()).collect();
        all.sort_unstable();
        all.into_iter()
    }

    /// Occupied times that start from `from` on and before `until`, in order of start and id; those that do not fit are in
    /// [`Self::odd`].
    pub(crate) fn occupied(&self, from: UtcMinute, until: UtcMinute) -> impl Iterator<Item = (Span, BookingId)> {
        // A start in the last minute that fits is beyond every bound: it counts as odd.
        self.packed
            .range(bound(from)..bound(until.max(from)))
            .filter_map(|(key, packed)| {
                let (minute, id) = place(key)?;
                let minutes =
                    i64::from(packed.minutes) + i64::from(packed.minutes_before) + i64::from(packed.minutes_after);
                Some((
                    Span::starting(UtcMinute(i64::from(u32::from_be_bytes(minute))), minutes),
                    id,
                ))
            })
    }

    /// Start and type of every appointment that begins inside `span`.
    pub(crate) fn begun(&self, span: Span) -> impl Iterator<Item = (UtcMinute, TypeId)> {
        // Occupied time begins at most the longest buffer before.
        let from = span.from.plus(-i64::from(u8::MAX));
        let packed = self.packed.range(bound(from)..bound(span.until.max(from)));
        let packed = packed.filter_map(|(key, packed)| {
            let (minute, _) = place(key)?;
            let start = i64::from(u32::from_be_bytes(minute)) + i64::from(packed.minutes_before);
            Some((UtcMinute(start), *self.kinds.get(usize::from(packed.kind))?))
        });
        let whole = self.whole.values().map(|booking| (booking.span.from, booking.kind));
        packed
            .chain(whole)
            .filter(move |(start, _)| span.from <= *start && *start < span.until)
    }

    /// Bookings that do not fit.
    pub(crate) fn odd(&self) -> impl Iterator<Item = &Booking> {
        self.whole.values()
    }

    /// Whether everything is found that is there, and nothing else.
    pub(crate) fn agree(&self) -> bool {
        let wanted: BTreeSet<[u8; 8]> = self
            .packed
            .keys()
            .filter_map(place)
            .map(|(minute, id)| joined(digest(id), &minute))
            .collect();
        wanted == self.found
    }

    fn key_of(&self, id: BookingId) -> Option<Key> {
        let digest = digest(id);
        let range = joined(digest, &[0; 4])..=joined(digest, &[u8::MAX; 4]);
        self.found.range::<[u8; 8], _>(range).find_map(|found| {
            let minute = found.last_chunk::<4>()?;
            Some(key(*minute, id)).filter(|key| self.packed.contains_key(key))
        })
    }

    /// Puts one in; one with the same id goes.
    pub fn insert(&mut self, booking: Booking) {
        self.remove(&booking.id);
        if let Some((key, packed)) = self.packed_of(booking) {
            self.packed.insert(key, packed);
            self.found
                .extend(place(&key).map(|(minute, id)| joined::<8>(digest(id), &minute)));
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &BookingId) -> Option<Booking> {
        let Some(key) = self.key_of(*id) else {
            return self.whole.remove(id);
        };
        let packed = self.packed.remove(&key)?;
        let found = self.unpacked(&key, &packed);
        if packed.flags & MANAGED != 0 {
            self.manage.remove(id);
        }
        if packed.flags & OVERBOOKS != 0 {
            self.overbooks.remove(id);
        }
        let (minute, _) = place(&key)?;
        let same_minute = self::key(minute, BookingId(0))..=self::key(minute, BookingId(u128::MAX));
        let digest = digest(*id);
        let mut others = self.packed.range(same_minute).filter_map(|(key, _)| place(key));
        if !others.any(|(_, other)| self::digest(other) == digest) {
            self.found.remove(&joined::<8>(digest, &minute));
        }
        found
    }

    /// `id` deliberately overlaps `other` no more.
    pub(crate) fn forget_overbooked(&mut self, id: BookingId, other: BookingId) {
        let names = self.overbooks.contains_key(&id) || self.whole.contains_key(&id);
        if names && let Some(mut booking) = self.remove(&id) {
            booking.overbooks.remove(&other);
            self.insert(booking);
        }
    }

    /// Lays everything out tightly.
    pub(crate) fn pack(&mut self) {
        *self = self.values().collect::<Self>();
    }

    fn unpacked(&self, key: &Key, packed: &Packed) -> Option<Booking> {
        let (minute, id) = place(key)?;
        let from = UtcMinute(i64::from(u32::from_be_bytes(minute)));
        let span = Span::starting(from.plus(i64::from(packed.minutes_before)), i64::from(packed.minutes));
        let mut booked_at = [0; 8];
        for (slot, byte) in booked_at.iter_mut().skip(2).zip(packed.booked_at) {
            *slot = byte;
        }
        Some(Booking {
            id,
            kind: *self.kinds.get(usize::from(packed.kind))?,
            span,
            occupied: Span {
                from,
                until: span.until.plus(i64::from(packed.minutes_after)),
            },
            place: *self.places.get(usize::from(packed.place))?,
            patient: PatientId(u128::from_be_bytes(packed.patient)),
            details: BlobId(u128::from_be_bytes(packed.details)),
            manage: (packed.flags & MANAGED != 0)
                .then(|| self.manage.get(&id).copied())
                .flatten(),
            notice_version: (packed.notice_version != 0).then_some(u32::from(packed.notice_version)),
            online: packed.flags & ONLINE != 0,
            booked_at: UtcMillis(i64::from_be_bytes(booked_at)),
            overbooks: if packed.flags & OVERBOOKS != 0 {
                self.overbooks.get(&id).cloned().unwrap_or_default()
            } else {
                BTreeSet::new()
            },
        })
    }

    /// The booking packed; what does not fit is put apart.
    fn packed_of(&mut self, booking: Booking) -> Option<(Key, Packed)> {
        let id = booking.id;
        let fitting = self.fitting(&booking);
        let minute = minute(booking.occupied.from).filter(|minute| *minute != [u8::MAX; 4]);
        let (Some(mut packed), Some(minute)) = (fitting, minute) else {
            self.whole.insert(id, booking);
            return None;
        };
        if booking.online {
            packed.flags |= ONLINE;
        }
        if let Some(manage) = booking.manage {
            packed.flags |= MANAGED;
            self.manage.insert(id, manage);
        }
        if !booking.overbooks.is_empty() {
            packed.flags |= OVERBOOKS;
            self.overbooks.insert(id, booking.overbooks);
        }
        Some((key(minute, id), packed))
    }

    /// What has a place of its own in [`Packed`]; none when something does not fit.
    fn fitting(&mut self, booking: &Booking) -> Option<Packed> {
        let (span, occupied) = (booking.span, booking.occupied);
        let between = |from: UtcMinute, until: UtcMinute| until.0.checked_sub(from.0);
        let notice_version = match booking.notice_version {
            None => 0,
            Some(version) => u16::try_from(version).ok().filter(|version| *version > 0)?,
        };
        let (high, booked_at) = booking
            .booked_at
            .0
            .to_be_bytes()
            .split_at_checked(2)
            .map(|(high, low)| {
                (
                    u16::from_be_bytes(high.try_into().unwrap_or([1; 2])),
                    low.try_into().unwrap_or([0; 6]),
                )
            })?;
        Some(Packed {
            patient: booking.patient.0.to_be_bytes(),
            details: booking.details.0.to_be_bytes(),
            booked_at: (high == 0).then_some(booked_at)?,
            minutes: u16::try_from(between(span.from, span.until)?).ok()?,
            minutes_before: u8::try_from(between(occupied.from, span.from)?).ok()?,
            minutes_after: u8::try_from(between(span.until, occupied.until)?).ok()?,
            notice_version,
            kind: numbered(&mut self.kinds, booking.kind)?,
            place: numbered(&mut self.places, booking.place)?,
            flags: 0,
        })
    }
}

/// The number of a value in a short list; new ones are added while there are numbers.
fn numbered<T: PartialEq>(known: &mut Vec<T>, value: T) -> Option<u16> {
    let found = known.iter().position(|one| *one == value).unwrap_or_else(|| {
        known.push(value);
        known.len() - 1
    });
    u16::try_from(found).ok()
}

/// Of bookings with different ids.
impl FromIterator<Booking> for Bookings {
    fn from_iter<I: IntoIterator<Item = Booking>>(all: I) -> Self {
        let mut bookings = Self::default();
        let packed: Vec<(Key, Packed)> = all
            .into_iter()
            .filter_map(|booking| bookings.packed_of(booking))
            .collect();
        let places = packed.iter().filter_map(|(key, _)| place(key));
        bookings.found = places.map(|(minute, id)| joined(digest(id), &minute)).collect();
        bookings.packed = packed.into_iter().collect();
        bookings
    }
}

/// By what they hold: two histories may number their types differently.
impl PartialEq for Bookings {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.values().eq(other.values())
    }
}
impl Eq for Bookings {}

impl Serialize for Bookings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut all: Vec<Booking> = self.values().collect();
        all.sort_unstable_by_key(|booking| booking.id);
        let mut map = serializer.serialize_map(Some(all.len()))?;
        for booking in all {
            map.serialize_entry(&booking.id, &booking)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Bookings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Bookings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of bookings by id")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bookings, A::Error> {
                let mut all = Vec::new();
                while let Some((id, booking)) = map.next_entry::<BookingId, Booking>()? {
                    all.push(Booking { id, ..booking });
                }
                Ok(all.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_booking() -> impl Strategy<Value = Booking> {
        let time = prop_oneof![
            -10_000_i64..10_000,
            Just(i64::MIN),
            Just(i64::MAX),
            29_000_000_i64..31_000_000
        ];
        let ids = (0_u128..4, 0_u128..3, 0_u128..3, any::<u128>(), any::<u128>());
        let times = (time, 0_i64..2_000, -3_i64..300, -3_i64..300);
        let rest = (
            prop::option::of(any::<[u8; 32]>()),
            prop::option::of(prop_oneof![0_u32..4, any::<u32>()]),
            any::<bool>(),
            prop_oneof![Just(1_790_000_000_000_i64), any::<i64>()],
            prop::collection::btree_set((0_u128..4).prop_map(BookingId), 0..3),
        );
        (ids, times, rest).prop_map(
            |((id, kind, place, patient, details), (from, minutes, before, after), rest)| {
                let span = Span::starting(UtcMinute(from), minutes);
                let (manage, notice_version, online, booked_at, overbooks) = rest;
                Booking {
                    id: BookingId(id),
                    kind: TypeId(kind),
                    span,
                    occupied: Span {
                        from: span.from.plus(-before),
                        until: span.until.plus(after),
                    },
                    place: PlaceId(place),
                    patient: PatientId(patient),
                    details: BlobId(details),
                    manage,
                    notice_version,
                    online,
                    booked_at: UtcMillis(booked_at),
                    overbooks,
                }
            },
        )
    }

    proptest! {
        /// Whatever is put in and taken out, they are what a map of whole bookings is.
        #[test]
        fn packed_bookings_are_a_map_of_bookings(steps in prop::collection::vec((any_booking(), any::<bool>()), 1..40)) {
            let (mut packed, mut naive) = (Bookings::default(), BTreeMap::new());
            for (booking, goes) in steps {
                if goes {
                    prop_assert_eq!(packed.remove(&booking.id), naive.remove(&booking.id));
                } else {
                    packed.insert(booking.clone());
                    naive.insert(booking.id, booking);
                }
                let mut all: Vec<Booking> = packed.values().collect();
                all.sort_unstable_by_key(|booking| booking.id);
                prop_assert!(all.into_iter().eq(naive.values().cloned()));
                prop_assert!(packed.keys().eq(naive.keys().copied()));
                prop_assert!(packed.agree());
                prop_assert!(naive.values().all(|booking| packed.get(&booking.id).as_ref() == Some(booking)));
                prop_assert_eq!(packed.len(), naive.len());
                let mut tight = packed.clone();
                tight.pack();
                prop_assert_eq!(&tight, &packed);
                let apart = packed.manage.len() + packed.overbooks.len() + packed.whole.len();
                prop_assert!(apart <= 2 * naive.len(), "what is taken out leaves nothing behind");
            }
        }
    }
}
