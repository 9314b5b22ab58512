//! The bookings of one agenda as they lie in memory: some 70 bytes each instead of 220, for an agenda's bookings are what it
//! mostly consists of. Given out by value; stored as a map of whole bookings.
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
/// It does not fit and lies apart as a whole: no rule makes such a booking.
const WHOLE: u8 = 8;

/// One booking without its id. Byte arrays, so that nothing is lost to alignment.
#[derive(Debug, Clone, Copy)]
struct Packed {
    patient: [u8; 16],
    details: [u8; 16],
    /// Milliseconds.
    booked_at: [u8; 6],
    /// Minute of the start of the appointment.
    start: [u8; 4],
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
    packed: BTreeMap<BookingId, Packed>,
    /// The types and places that bookings name, by their number in [`Packed`].
    kinds: Vec<TypeId>,
    places: Vec<PlaceId>,
    manage: BTreeMap<BookingId, SecretHash>,
    overbooks: BTreeMap<BookingId, BTreeSet<BookingId>>,
    whole: BTreeMap<BookingId, Booking>,
}

impl Bookings {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Whether it is there.
    #[must_use]
    pub fn contains_key(&self, id: &BookingId) -> bool {
        self.packed.contains_key(id)
    }

    /// One by id.
    #[must_use]
    pub fn get(&self, id: &BookingId) -> Option<Booking> {
        self.packed.get(id).and_then(|packed| self.unpacked(*id, packed))
    }

    /// All, in order of id.
    pub fn values(&self) -> impl Iterator<Item = Booking> {
        self.packed
            .iter()
            .filter_map(|(id, packed)| self.unpacked(*id, packed))
    }

    /// Their ids, in order.
    pub fn keys(&self) -> impl Iterator<Item = BookingId> {
        self.packed.keys().copied()
    }

    /// Puts one in; one with the same id goes.
    pub fn insert(&mut self, booking: Booking) {
        self.remove(&booking.id);
        let packed = self.packed_of(booking);
        self.packed.extend(packed);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &BookingId) -> Option<Booking> {
        let found = self.get(id)?;
        if let Some(packed) = self.packed.remove(id) {
            if packed.flags & MANAGED != 0 {
                self.manage.remove(id);
            }
            if packed.flags & OVERBOOKS != 0 {
                self.overbooks.remove(id);
            }
            if packed.flags & WHOLE != 0 {
                self.whole.remove(id);
            }
        }
        Some(found)
    }

    /// `id` deliberately overlaps `other` no more.
    pub(crate) fn forget_overbooked(&mut self, id: BookingId, other: BookingId) {
        let names = self.packed.get(&id).is_some_and(|packed| packed.flags & (OVERBOOKS | WHOLE) != 0);
        if names && let Some(mut booking) = self.remove(&id) {
            booking.overbooks.remove(&other);
            self.insert(booking);
        }
    }

    /// Lays everything out tightly.
    pub(crate) fn pack(&mut self) {
        *self = self.values().collect();
    }

    fn unpacked(&self, id: BookingId, packed: &Packed) -> Option<Booking> {
        if packed.flags & WHOLE != 0 {
            return self.whole.get(&id).cloned();
        }
        let from = UtcMinute(i64::from(u32::from_be_bytes(packed.start)));
        let span = Span::starting(from, i64::from(packed.minutes));
        let mut booked_at = [0; 8];
        for (slot, byte) in booked_at.iter_mut().skip(2).zip(packed.booked_at) {
            *slot = byte;
        }
        Some(Booking {
            id,
            kind: *self.kinds.get(usize::from(packed.kind))?,
            span,
            occupied: Span {
                from: span.from.plus(-i64::from(packed.minutes_before)),
                until: span.until.plus(i64::from(packed.minutes_after)),
            },
            place: *self.places.get(usize::from(packed.place))?,
            patient: PatientId(u128::from_be_bytes(packed.patient)),
            details: BlobId(u128::from_be_bytes(packed.details)),
            manage: (packed.flags & MANAGED != 0).then(|| self.manage.get(&id).copied()).flatten(),
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
    fn packed_of(&mut self, booking: Booking) -> Option<(BookingId, Packed)> {
        let id = booking.id;
        let whole = Packed {
            patient: [0; 16],
            details: [0; 16],
            booked_at: [0; 6],
            start: [0; 4],
            minutes: 0,
            kind: 0,
            place: 0,
            notice_version: 0,
            minutes_before: 0,
            minutes_after: 0,
            flags: WHOLE,
        };
        let Some(mut packed) = self.fitting(&booking) else {
            self.whole.insert(id, booking);
            return Some((id, whole));
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
        Some((id, packed))
    }

    /// What has a place of its own in [`Packed`]; none when something does not fit.
    fn fitting(&mut self, booking: &Booking) -> Option<Packed> {
        let (span, occupied) = (booking.span, booking.occupied);
        let between = |from: UtcMinute, until: UtcMinute| until.0.checked_sub(from.0);
        let notice_version = match booking.notice_version {
            None => 0,
            Some(version) => u16::try_from(version).ok().filter(|version| *version > 0)?,
        };
        let (high, booked_at) = booking.booked_at.0.to_be_bytes().split_at_checked(2).map(|(high, low)| {
            (u16::from_be_bytes(high.try_into().unwrap_or([1; 2])), low.try_into().unwrap_or([0; 6]))
        })?;
        Some(Packed {
            patient: booking.patient.0.to_be_bytes(),
            details: booking.details.0.to_be_bytes(),
            booked_at: (high == 0).then_some(booked_at)?,
            start: u32::try_from(span.from.0).ok()?.to_be_bytes(),
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

impl FromIterator<Booking> for Bookings {
    fn from_iter<I: IntoIterator<Item = Booking>>(all: I) -> Self {
        let mut bookings = Self::default();
        let packed: Vec<(BookingId, Packed)> = all
            .into_iter()
            .filter_map(|booking| bookings.packed_of(booking))
            .collect();
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
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for booking in self.values() {
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
        let time = prop_oneof![-10_000_i64..10_000, Just(i64::MIN), Just(i64::MAX), 29_000_000_i64..31_000_000];
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
                prop_assert!(packed.values().eq(naive.values().cloned()));
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
