//! Samples of what staff ask of an agenda, and of what they are told of it.

use super::parts::{END, START, absence, booking, exception, hold, id, kind, person, rule};
use super::{Samples, planning, waiting};
use cabinet_proto::v1::http::{Allowances, StaffCommand};
use cabinet_proto::v1::session::StaffChange;

impl Samples for StaffChange {
    const NAME: &'static str = "change";
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            (
                "booking_set",
                Self::BookingSet {
                    booking: booking(Some(person())),
                },
            ),
            (
                "booking_moved",
                Self::BookingMoved {
                    id: id(4),
                    start_ms: START,
                    end_ms: END,
                    place: id(2),
                    overbooked: true,
                },
            ),
            ("booking_gone", Self::BookingGone { id: id(4) }),
            ("hold_set", Self::HoldSet { hold: hold() }),
            ("hold_gone", Self::HoldGone { id: id(5) }),
            ("absence_set", Self::AbsenceSet { absence: absence() }),
            ("absence_gone", Self::AbsenceGone { id: id(6) }),
            (
                "series_set",
                Self::SeriesSet {
                    series: id(12),
                    bookings: vec![id(4), id(13)],
                },
            ),
            (
                "mark_set",
                Self::MarkSet {
                    id: id(4),
                    mark: Some("no_show".to_owned()),
                },
            ),
            ("delay_set", Self::DelaySet { minutes: 25 }),
            (
                "waiting_set",
                Self::WaitingSet {
                    entry: waiting::entry(),
                },
            ),
            ("waiting_gone", Self::WaitingGone { id: id(80) }),
            (
                "waiting_urgent",
                Self::WaitingUrgent {
                    id: id(80),
                    urgent: true,
                },
            ),
            (
                "waiting_offered",
                Self::WaitingOffered {
                    id: id(80),
                    hold: id(5),
                },
            ),
        ]
    }
}

fn allow() -> Allowances {
    Allowances {
        overlap: true,
        outside_hours: false,
        over_cap: true,
    }
}

impl Samples for StaffCommand {
    const NAME: &'static str = "command";
    fn samples() -> Vec<(&'static str, Self)> {
        let allow = allow();
        vec![
            (
                "book",
                Self::Book {
                    booking: id(4),
                    kind: id(1),
                    start_ms: START,
                    person: person(),
                    patient: None,
                    allow,
                },
            ),
            (
                "move",
                Self::Move {
                    booking: id(4),
                    start_ms: START,
                    allow,
                },
            ),
            ("cancel", Self::Cancel { booking: id(4) }),
            ("add_absence", Self::AddAbsence { absence: absence() }),
            ("remove_absence", Self::RemoveAbsence { id: id(6) }),
            ("set_type", Self::SetType { kind: kind() }),
            ("retire_type", Self::RetireType { id: id(1) }),
            ("open_hours", Self::OpenHours { rule: rule() }),
            ("change_hours", Self::ChangeHours { rule: rule() }),
            ("close_hours", Self::CloseHours { id: id(7) }),
            ("open_exceptionally", Self::OpenExceptionally { opening: exception() }),
            ("close_exception", Self::CloseException { id: id(8) }),
            (
                "book_series",
                Self::BookSeries {
                    series: id(12),
                    kind: id(1),
                    sessions: vec![planning::session()],
                    person: person(),
                    patient: Some(id(90)),
                    allow,
                },
            ),
            (
                "move_bookings",
                Self::MoveBookings {
                    moves: vec![planning::session()],
                    allow,
                },
            ),
            ("cancel_bookings", Self::CancelBookings { bookings: vec![id(4)] }),
            (
                "mark_booking",
                Self::MarkBooking {
                    booking: id(4),
                    mark: Some("seen".to_owned()),
                },
            ),
            ("announce_delay", Self::AnnounceDelay { minutes: 25 }),
            ("remove_waiting", Self::RemoveWaiting { entry: id(80) }),
            (
                "set_waiting_urgent",
                Self::SetWaitingUrgent {
                    entry: id(80),
                    urgent: false,
                },
            ),
        ]
    }
}
