//! Several appointments in one mail, written shortly: a record of the store is small.
//!
//! Must not be here: words, who is told of what.

use super::Appointment;
use crate::ids::{AgendaId, BookingId, PlaceId, Seq};
use crate::time::{Span, UtcMinute};
use serde::{Deserialize, Serialize};

/// Most appointments of one mail, so that it fits a record; more make another mail.
pub const SEVERAL_MAX: usize = 40;
/// Most places of one mail.
const PLACES_MAX: usize = 4;

/// One of them: booking, start, minutes, which of the places.
type Session = (BookingId, UtcMinute, i64, usize);

/// Appointments of one patient in one agenda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Several {
    agenda: AgendaId,
    version: Seq,
    places: Vec<PlaceId>,
    sessions: Vec<Session>,
}

impl Several {
    /// As many as are needed for these appointments, which keep their order. They get the newest version among them.
    #[must_use]
    pub fn gather(appointments: &[Appointment]) -> Vec<Self> {
        let version = appointments.iter().map(|one| one.version).max().unwrap_or_default();
        let mut all: Vec<Self> = Vec::new();
        for one in appointments {
            let fits = all.last_mut().is_some_and(|last| last.take(one));
            if !fits {
                let mut next = Self {
                    agenda: one.agenda,
                    version,
                    places: Vec::new(),
                    sessions: Vec::new(),
                };
                next.take(one);
                all.push(next);
            }
        }
        all
    }

    fn take(&mut self, one: &Appointment) -> bool {
        let known = self.places.iter().position(|place| *place == one.place);
        let full = self.sessions.len() >= SEVERAL_MAX || (known.is_none() && self.places.len() >= PLACES_MAX);
        if full || one.agenda != self.agenda {
            return false;
        }
        let place = known.unwrap_or(self.places.len());
        if known.is_none() {
            self.places.push(one.place);
        }
        let minutes = one.span.until.0 - one.span.from.0;
        self.sessions.push((one.booking, one.span.from, minutes, place));
        true
    }

    /// They, in their order.
    pub fn appointments(&self) -> impl Iterator<Item = Appointment> + '_ {
        self.sessions.iter().filter_map(|(booking, from, minutes, place)| {
            Some(Appointment {
                agenda: self.agenda,
                booking: *booking,
                span: Span {
                    from: *from,
                    until: from.plus(*minutes),
                },
                place: *self.places.get(*place)?,
                version: self.version,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appointment(number: u128, place: u128) -> Appointment {
        Appointment {
            agenda: AgendaId(1),
            booking: BookingId(u128::MAX - number),
            span: Span::starting(UtcMinute(29_923_680 + i64::try_from(number).unwrap() * 10_080), 45),
            place: PlaceId(u128::MAX - place),
            version: 9,
        }
    }

    #[test]
    fn what_is_gathered_comes_back_in_as_few_mails_as_hold_it() {
        let all: Vec<Appointment> = (0..60).map(|number| appointment(number, number % 3)).collect();
        let gathered = Several::gather(&all);
        let counts: Vec<usize> = gathered.iter().map(|one| one.appointments().count()).collect();
        assert_eq!(counts, [SEVERAL_MAX, 20]);
        let back: Vec<Appointment> = gathered.iter().flat_map(Several::appointments).collect();
        assert_eq!(back, all);
        let everywhere: Vec<Appointment> = (0..9).map(|number| appointment(number, number)).collect();
        assert_eq!(Several::gather(&everywhere).len(), 3, "places are bounded too");
        assert_eq!(Several::gather(&[]), []);
    }
}
