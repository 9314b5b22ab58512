//! What screens of staff show beside the state itself: the stretches in which an agenda is open.
//!
//! Must not be here: free slots (`slots`), the wire.

use crate::agenda::Agenda;
use crate::ids::PlaceId;
use crate::schedule::TypeSelection;
use crate::time::Span;

/// One stretch of one date in which an agenda is open, as one rule or exception states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownOpening {
    /// When. Absences are not taken out: screens show both.
    pub span: Span,
    /// Where.
    pub place: PlaceId,
    /// Types accepted.
    pub types: TypeSelection,
}

/// The openings that have part of `covers`, by date. Empty while the agenda has no profile.
#[must_use]
pub fn shown_openings(agenda: &Agenda, covers: Span) -> Vec<ShownOpening> {
    let Some(plan) = agenda.index.plan.as_deref() else {
        return Vec::new();
    };
    let first = plan.zone.date_of(covers.from);
    let last = plan.zone.date_of(covers.until);
    let dates = (0_i32..)
        .map(|days| first.plus_days(days))
        .take_while(|date| *date <= last);
    dates
        .flat_map(|date| plan.stated(date))
        .filter(|(opening, _)| opening.span().overlaps(covers))
        .map(|(opening, types)| ShownOpening {
            span: opening.span(),
            place: opening.place,
            types: types.clone(),
        })
        .collect()
}
