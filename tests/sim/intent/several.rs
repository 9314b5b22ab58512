//! Wishes about several bookings at once, about who came, and about how late the practitioner runs.

use super::{Look, Wish, draw};
use crate::practice::{PLAIN, personal};
use cabinet_domain::Command;
use cabinet_domain::agenda::Booking;
use cabinet_domain::command::{Allowances, SessionAt};
use cabinet_domain::course::Attendance;
use cabinet_domain::ids::{BlobId, BookingId, PatientId, SeriesId};

/// Sessions of a series, at most.
const SESSIONS: u64 = 6;
/// A day, in minutes.
const DAY_MINUTES: i64 = 1_440;

impl Look<'_> {
    pub(super) fn several(&mut self) -> Option<Wish> {
        match self.dice.below(10) {
            0..4 => self.series(),
            4 => self.move_some(),
            5 => self.cancel_some(),
            6..9 => self.mark(),
            _ => {
                let late = self.dice.below(5) * 20;
                let minutes = if self.dice.chance(100) { 241 } else { late };
                let minutes = u16::try_from(minutes).unwrap_or(0);
                Some(self.by_staff(Command::AnnounceDelay { minutes }))
            }
        }
    }

    /// Free slots apart from each other; one time in five one of them is taken.
    fn series(&mut self) -> Option<Wish> {
        let mut starts = Vec::new();
        for _ in 0..2 + self.dice.below(SESSIONS - 1) {
            starts.push(self.free(PLAIN)?.start);
        }
        if self.dice.chance(200) {
            starts.push(self.booking()?.span.from);
        }
        starts.sort_unstable();
        starts.dedup_by_key(|start| start.0 / 30);
        let id = draw(self.dice);
        let patient = PatientId(1 + u128::from(self.dice.below(200)));
        let sessions = starts.into_iter().map(|start| SessionAt {
            booking: BookingId(draw(self.dice)),
            start,
        });
        let command = Command::BookSeries {
            series: SeriesId(id),
            kind: PLAIN,
            patient,
            details: BlobId(id),
            sessions: sessions.collect(),
            allow: Allowances::default(),
        };
        Some(Wish {
            personal: vec![personal(patient, BlobId(id))],
            ..self.by_staff(command)
        })
    }

    /// Up to three bookings that stand, each once.
    fn some(&mut self) -> Option<Vec<Booking>> {
        let mut some = vec![self.booking()?];
        for _ in 0..self.dice.below(3) {
            some.extend(self.booking());
        }
        some.sort_unstable_by_key(|booking| booking.id);
        some.dedup_by_key(|booking| booking.id);
        Some(some)
    }

    fn move_some(&mut self) -> Option<Wish> {
        let by = if self.dice.chance(500) { DAY_MINUTES } else { 30 };
        let some = self.some()?;
        let moves = some.iter().map(|booking| SessionAt {
            booking: booking.id,
            start: booking.span.from.plus(by),
        });
        let command = Command::MoveBookings {
            moves: moves.collect(),
            allow: Allowances {
                overlap: self.dice.chance(300),
                outside_hours: false,
                over_cap: false,
            },
        };
        Some(self.by_staff(command))
    }

    fn cancel_some(&mut self) -> Option<Wish> {
        let bookings = self.some()?.iter().map(|booking| booking.id).collect();
        Some(self.by_staff(Command::CancelBookings { bookings }))
    }

    fn mark(&mut self) -> Option<Wish> {
        let booking = self.booking()?.id;
        let mark = Attendance::ALL.get(self.dice.index(Attendance::ALL.len() + 1)).copied();
        let mark = mark.map(|mark| {
            if self.dice.chance(400) {
                Attendance::Excused
            } else {
                mark
            }
        });
        Some(self.by_staff(Command::MarkBooking { booking, mark }))
    }
}
