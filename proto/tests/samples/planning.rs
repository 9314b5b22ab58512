//! Samples of what staff ask before they book.

use super::parts::{END, NOW, START, booking, id};
use super::{Samples, one};
use cabinet_proto::v1::planning::{
    SeriesBookings, SeriesDate, SeriesPlan, SeriesPlanRequest, SessionAt, Stretch, Unfilled, WhyNot, WhyReason,
};

pub(super) fn session() -> SessionAt {
    SessionAt {
        booking: id(4),
        start_ms: START,
    }
}

fn reason() -> WhyReason {
    WhyReason {
        code: "outside_hours".to_owned(),
        patients_alone: false,
        at_ms: Some(NOW),
        booking: Some(id(4)),
        buffer_only: true,
        absence: Some(id(6)),
        label: Some("Formation".to_owned()),
        openings: vec![Stretch {
            start_ms: START,
            end_ms: END,
        }],
        other_types: true,
        holiday: true,
        cap: Some(4),
    }
}

one!(
    SeriesPlanRequest,
    "http.series_plan_request",
    SeriesPlanRequest {
        kind: id(1),
        first: "2026-12-01".to_owned(),
        weekdays: vec!["tuesday".to_owned(), "thursday".to_owned()],
        every_weeks: 1,
        about: "18:00".to_owned(),
        count: 12,
    }
);
one!(
    SeriesPlan,
    "http.series_plan",
    SeriesPlan {
        dates: vec![SeriesDate {
            start_ms: START,
            reasons: vec![reason()],
            alternatives_ms: vec![END],
        }],
        now_ms: NOW,
    }
);
one!(
    SeriesBookings,
    "http.series_bookings",
    SeriesBookings {
        bookings: vec![booking(None)],
    }
);
one!(
    WhyNot,
    "http.why_not",
    WhyNot {
        reasons: vec![reason()],
        now_ms: NOW,
    }
);
one!(
    Unfilled,
    "http.unfilled",
    Unfilled {
        count: 1,
        bookings: vec![booking(None)],
    }
);
