//! Plans and reasons to wire. Total.

use super::outward::millis;
use crate::v1::planning::{SeriesDate, Stretch, WhyReason};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audience::Sight;
use cabinet_domain::decide::Reason;
use cabinet_domain::series::PlannedDate;
use cabinet_domain::time::Span;

/// One date of a plan.
#[must_use]
pub fn series_date(agenda: &Agenda, planned: &PlannedDate, sight: Sight) -> SeriesDate {
    SeriesDate {
        start_ms: millis(planned.start),
        reasons: reasons(agenda, &planned.reasons, sight),
        alternatives_ms: planned.alternatives.iter().copied().map(millis).collect(),
    }
}

/// Reasons, as this sight may know them: the label of an absence is for who sees names.
#[must_use]
pub fn reasons(agenda: &Agenda, reasons: &[Reason], sight: Sight) -> Vec<WhyReason> {
    reasons.iter().map(|one| reason(agenda, one, sight)).collect()
}

fn stretch(span: &Span) -> Stretch {
    Stretch {
        start_ms: millis(span.from),
        end_ms: millis(span.until),
    }
}

fn reason(agenda: &Agenda, reason: &Reason, sight: Sight) -> WhyReason {
    let mut told = WhyReason {
        code: reason.code().to_owned(),
        patients_alone: reason.binds_patients_alone(),
        ..WhyReason::default()
    };
    match reason {
        Reason::TypeUnknown | Reason::NotOnline | Reason::InThePast | Reason::OffGrid => {}
        Reason::TooSoon { until: at }
        | Reason::TooFarAhead { from: at }
        | Reason::KeptBack { from: at }
        | Reason::Held { until: at } => {
            told.at_ms = Some(at.0);
        }
        Reason::CapReached { cap } => told.cap = Some(*cap),
        Reason::OutsideHours {
            openings,
            other_types,
            holiday,
        } => {
            told.openings = openings.iter().map(stretch).collect();
            (told.other_types, told.holiday) = (*other_types, *holiday);
        }
        Reason::Absent(id) => {
            let label = agenda.absences.get(id).map(|absence| absence.label.clone());
            (told.absence, told.label) = (Some(id.to_string()), label.filter(|_| sight.names()));
        }
        Reason::Taken { booking, buffer_only } => {
            (told.booking, told.buffer_only) = (Some(booking.to_string()), *buffer_only);
        }
    }
    told
}
