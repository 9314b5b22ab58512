//! Steps about several bookings at once, about attendance, and about the waiting list.

use super::world::{Site, Start, WEEKDAYS};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Command, Leaver, SessionAt};
use cabinet_domain::course::Attendance;
use cabinet_domain::ids::*;
use cabinet_domain::time::{UtcMinute, Weekday};
use cabinet_domain::waiting::{Priority, Wishes};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Mostly open-minded; days within the stretch that the tests look at.
pub(super) fn wishes(site: &Site) -> impl Strategy<Value = Wishes> + use<> {
    let base = site.base;
    let weekdays = prop_oneof![
        3 => Just(WEEKDAYS.iter().copied().collect::<BTreeSet<Weekday>>()),
        1 => proptest::collection::btree_set(proptest::sample::select(WEEKDAYS.to_vec()), 1..4),
    ];
    let minutes = prop_oneof![3 => Just((0_u16, 1440_u16)), 1 => (0_u16..720, 721_u16..=1440)];
    let place = proptest::option::weighted(0.2, (1_u128..=2).prop_map(PlaceId));
    (
        weekdays,
        minutes,
        0_i32..3,
        3_i32..5,
        prop_oneof![3 => Just(0_u32), 1 => 0_u32..3000],
        place,
    )
        .prop_map(
            move |(weekdays, (from, until), first, last, notice_minutes, place)| Wishes {
                weekdays,
                from_minute_of_day: from,
                until_minute_of_day: until,
                first_day: base.plus_days(first),
                last_day: base.plus_days(last),
                notice_minutes,
                place,
            },
        )
}

/// A step about several bookings at once, or about what becomes of bookings.
#[derive(Debug, Clone)]
pub(crate) enum Several {
    Series(u8, Vec<Start>, Allowances),
    MoveSome(Vec<(u8, Start)>, i64, Allowances),
    CancelSome(Vec<u8>),
    Mark(u8, Option<Attendance>),
    Delay(u16),
}

/// A step about the waiting list.
#[derive(Debug, Clone)]
pub(crate) enum Wait {
    Join(u8, u8, Wishes),
    Leave(u8, bool),
    Urgent(u8, bool),
    Accept(u8),
    Decline(u8),
    LetPass(u8),
}

impl Several {
    pub(super) fn command(self, agenda: &Agenda, site: &Site) -> Command {
        match self {
            Self::Series(first, starts, allow) => {
                let kind = TypeId(1);
                let resolve = |start: &Start| start.resolve(agenda, site, kind);
                let mut starts: Vec<UtcMinute> = starts.iter().map(resolve).collect();
                starts.sort_unstable();
                starts.dedup();
                let sessions = starts
                    .into_iter()
                    .zip(u128::from(first)..)
                    .map(|(start, id)| SessionAt {
                        booking: BookingId(id),
                        start,
                    });
                Command::BookSeries {
                    series: SeriesId(u128::from(first)),
                    kind,
                    patient: PatientId(1),
                    details: BlobId(1),
                    sessions: sessions.collect(),
                    allow,
                }
            }
            Self::MoveSome(moves, shift, allow) => {
                // All by the same time, or each to its own start.
                let moves = moves.into_iter().map(|(id, start)| {
                    let booking = BookingId(u128::from(id));
                    let stands = agenda.bookings.get(&booking);
                    let start = match stands {
                        Some(booking) if shift != 0 => booking.span.from.plus(shift),
                        Some(_) | None => start.resolve(agenda, site, TypeId(1)),
                    };
                    SessionAt { booking, start }
                });
                Command::MoveBookings {
                    moves: moves.collect(),
                    allow,
                }
            }
            Self::CancelSome(ids) => Command::CancelBookings {
                bookings: ids.into_iter().map(|id| BookingId(u128::from(id))).collect(),
            },
            Self::Mark(id, mark) => Command::MarkBooking {
                booking: BookingId(u128::from(id)),
                mark,
            },
            Self::Delay(minutes) => Command::AnnounceDelay { minutes },
        }
    }
}

impl Wait {
    pub(super) fn command(self, agenda: &Agenda) -> Command {
        match self {
            Self::Join(entry, kind, wishes) => Command::JoinWaitingList {
                entry: waiting(entry),
                kind: TypeId(u128::from(kind)),
                patient: PatientId(10 + u128::from(entry)),
                details: BlobId(10 + u128::from(entry)),
                owner: [100 + entry; 32],
                notice_version: 1,
                wishes,
            },
            Self::Leave(entry, patient) => Command::LeaveWaitingList {
                entry: waiting(entry),
                by: if patient {
                    Leaver::Patient([100 + entry; 32])
                } else {
                    Leaver::Practice
                },
            },
            Self::Urgent(entry, urgent) => Command::SetWaitingPriority {
                entry: waiting(entry),
                priority: if urgent { Priority::Urgent } else { Priority::Normal },
            },
            Self::Accept(entry) => Command::AcceptOffer {
                entry: an_offered(agenda, entry),
                owner: [100 + u8::try_from(an_offered(agenda, entry).0 >> 32).unwrap() - 1; 32],
            },
            Self::Decline(entry) => Command::DeclineOffer {
                entry: an_offered(agenda, entry),
                owner: [100 + u8::try_from(an_offered(agenda, entry).0 >> 32).unwrap() - 1; 32],
            },
            Self::LetPass(entry) => {
                let entry = agenda.waiting.get(&an_offered(agenda, entry));
                Command::ExpireHold(entry.and_then(|entry| entry.offer).unwrap_or(HoldId(0)))
            }
        }
    }
}

/// Far from one another, so that no offer's hold has the number of another.
fn waiting(entry: u8) -> WaitingId {
    WaitingId((u128::from(entry) + 1) << 32)
}

/// One who is being offered something, or just anyone.
fn an_offered(agenda: &Agenda, nth: u8) -> WaitingId {
    let offered: Vec<WaitingId> = agenda
        .waiting
        .values()
        .filter(|entry| entry.offer.is_some())
        .map(|entry| entry.id)
        .collect();
    let one = offered.get(usize::from(nth) % offered.len().max(1));
    one.copied().unwrap_or_else(|| waiting(nth))
}
