//! What one command has done to bookings, put together: a patient gets one mail of it, and not one for each.
//!
//! Bookings are one patient's when they name the same sealed blob: those of a series do. Must not be here: addresses, writing.

use cabinet_domain::event::CancelledBy;
use cabinet_domain::ids::BlobId;
use cabinet_domain::mail::{Appointment, Letter, Several};

/// What was done to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Booked,
    Moved,
    Cancelled(CancelledBy),
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Gathered(Vec<(What, BlobId, Vec<Appointment>)>);

impl Gathered {
    pub(super) fn add(&mut self, what: What, details: BlobId, appointment: Appointment) {
        let known = self
            .0
            .iter_mut()
            .find(|(one, blob, _)| (*one, *blob) == (what, details));
        match known {
            Some((_, _, all)) => all.push(appointment),
            None => self.0.push((what, details, vec![appointment])),
        }
    }

    /// The letters, each with the blob that says to whom.
    pub(super) fn letters(self) -> impl Iterator<Item = (BlobId, Letter)> {
        let of = |(what, details, mut all): (What, BlobId, Vec<Appointment>)| {
            all.sort_by_key(|one| one.span.from);
            let letters = match all.as_slice() {
                [one] => vec![alone(what, one)],
                all => together(what, all),
            };
            letters.into_iter().map(move |letter| (details, letter))
        };
        self.0.into_iter().flat_map(of)
    }
}

fn alone(what: What, appointment: &Appointment) -> Letter {
    let appointment = appointment.clone();
    match what {
        What::Booked => Letter::Booked { appointment },
        What::Moved => Letter::Moved { appointment },
        What::Cancelled(by) => Letter::Cancelled { appointment, by },
    }
}

fn together(what: What, all: &[Appointment]) -> Vec<Letter> {
    let letter: fn(Several) -> Letter = match what {
        What::Booked => |several| Letter::SeriesBooked { several },
        What::Moved => |several| Letter::SeveralMoved { several },
        What::Cancelled(CancelledBy::Practice) => |several| Letter::SeveralCancelled { several },
        // A patient cancels one at a time.
        What::Cancelled(CancelledBy::Patient) => return all.iter().map(|one| alone(what, one)).collect(),
    };
    Several::gather(all).into_iter().map(letter).collect()
}
