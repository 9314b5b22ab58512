//! Why a start cannot be had: everything that excludes it, told by the functions that decide.
//!
//! The first reason is the refusal that holding the slot would get; the others are what would stand in the way next.

use super::Scene;
use super::hold::in_time;
use super::place::{Times, in_the_way, place_on_grid, under_cap};
use crate::agenda::Agenda;
use crate::command::{Principal, Stamp};
use crate::holidays::is_public_holiday;
use crate::ids::{AbsenceId, BookingId, CommandId, TypeId};
use crate::refusal::Refusal;
use crate::slots::closes;
use crate::time::{Span, UtcMillis, UtcMinute};

/// One thing that excludes a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No such type is offered.
    TypeUnknown,
    /// Patients do not book this type themselves.
    NotOnline,
    /// It lies in the past.
    InThePast,
    /// Patients book this type until this instant only.
    TooSoon {
        /// Until when it was bookable.
        until: UtcMillis,
    },
    /// Patients book this type from this instant on only.
    TooFarAhead {
        /// From when on.
        from: UtcMillis,
    },
    /// No opening takes the whole appointment.
    OutsideHours {
        /// Openings of that day for this type, in order.
        openings: Vec<Span>,
        /// Whether openings of that day take other types alone.
        other_types: bool,
        /// Whether it is a public holiday on which the agenda is closed.
        holiday: bool,
    },
    /// The opening's starts lie elsewhere; staff may start there.
    OffGrid,
    /// An absence has part of it.
    Absent(AbsenceId),
    /// A patient is just taking part of it.
    Held {
        /// Free again then, if they do not book.
        until: UtcMillis,
    },
    /// A booking has part of it.
    Taken {
        /// Which.
        booking: BookingId,
        /// Whether only a buffer is in the way, not the appointment itself.
        buffer_only: bool,
    },
    /// The opening is kept back from patients until this instant.
    KeptBack {
        /// When it is released.
        from: UtcMillis,
    },
    /// As many of the type as its daily cap allows begin on that date.
    CapReached {
        /// How many that is.
        cap: u16,
    },
}

impl Reason {
    /// The code of the refusal that it leads to.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TypeUnknown => Refusal::TypeUnknown.code(),
            Self::NotOnline => Refusal::TypeNotOnline.code(),
            Self::InThePast => Refusal::InThePast.code(),
            Self::TooSoon { .. } => Refusal::TooSoon.code(),
            Self::TooFarAhead { .. } => "too_far_ahead",
            Self::OutsideHours { .. } => Refusal::OutsideHours.code(),
            Self::OffGrid => Refusal::OffGrid.code(),
            Self::Absent(_) => Refusal::Absent.code(),
            Self::Held { .. } | Self::Taken { .. } => Refusal::SlotTaken.code(),
            Self::KeptBack { from } => Refusal::KeptBack { bookable_from: *from }.code(),
            Self::CapReached { cap } => Refusal::CapReached { cap: *cap }.code(),
        }
    }

    /// Whether it binds patients alone: staff may book there without any allowance.
    #[must_use]
    pub const fn binds_patients_alone(&self) -> bool {
        match self {
            Self::NotOnline
            | Self::TooSoon { .. }
            | Self::TooFarAhead { .. }
            | Self::OffGrid
            | Self::KeptBack { .. } => true,
            Self::TypeUnknown
            | Self::InThePast
            | Self::OutsideHours { .. }
            | Self::Absent(_)
            | Self::Held { .. }
            | Self::Taken { .. }
            | Self::CapReached { .. } => false,
        }
    }
}

/// Everything that keeps a patient from taking `kind` at `start`, in the order in which it is looked at; empty when nothing
/// does. None while the agenda has no settings.
#[must_use]
pub fn why_not(agenda: &Agenda, kind: TypeId, start: UtcMinute, now: UtcMillis) -> Option<Vec<Reason>> {
    let stamp = Stamp {
        now,
        principal: Principal::System,
        command_id: CommandId(0),
        digest: [0; 16],
    };
    let scene = Scene {
        agenda,
        profile: agenda.profile.as_ref()?,
        plan: agenda.index.plan.as_ref()?,
        stamp: &stamp,
    };
    let Some(offered) = agenda.types.get(&kind) else {
        return Some(vec![Reason::TypeUnknown]);
    };
    let times = Times::of(offered, start);
    let mut reasons = Vec::new();
    if !offered.online {
        reasons.push(Reason::NotOnline);
    }
    match in_time(scene, offered, start) {
        Ok(()) => {}
        Err(Refusal::TooFarAhead { bookable_from }) => reasons.push(Reason::TooFarAhead { from: bookable_from }),
        Err(Refusal::TooSoon) => {
            let until = closes(offered, start);
            reasons.push(Reason::TooSoon { until });
        }
        Err(_) => reasons.push(Reason::InThePast),
    }
    match place_on_grid(scene, offered, times.span) {
        Err(Refusal::OutsideHours) => reasons.push(outside(scene, kind, times.span)),
        Err(Refusal::OffGrid) => reasons.push(Reason::OffGrid),
        Err(Refusal::KeptBack { bookable_from }) => reasons.push(Reason::KeptBack { from: bookable_from }),
        Ok(_) | Err(_) => {}
    }
    let absences = agenda.absences.values();
    let absences = absences.filter(|absence| absence.span.overlaps(times.span));
    reasons.extend(absences.map(|absence| Reason::Absent(absence.id)));
    reasons.extend(taken(scene, times));
    if let Err(Refusal::CapReached { cap }) = under_cap(scene, offered, start) {
        reasons.push(Reason::CapReached { cap });
    }
    Some(reasons)
}

fn outside(scene: Scene<'_>, kind: TypeId, span: Span) -> Reason {
    let date = scene.plan.zone.date_of(span.from);
    let mut of_type = Vec::new();
    scene.plan.openings_for_patients(date, kind, &mut of_type);
    let mut of_any = Vec::new();
    scene.plan.openings(date, None, &mut of_any);
    let mut openings: Vec<Span> = of_type.iter().map(|opening| opening.span()).collect();
    openings.sort_unstable();
    Reason::OutsideHours {
        openings,
        other_types: of_any.iter().any(|opening| opening.span().contains(span)),
        holiday: !scene.profile.open_on_holidays && is_public_holiday(scene.profile.holidays, date),
    }
}

fn taken(scene: Scene<'_>, times: Times) -> Vec<Reason> {
    let others = in_the_way(scene, times.occupied, None);
    let mut reasons: Vec<Reason> = Vec::new();
    if others.live_hold {
        let holds = scene.agenda.live_holds(scene.stamp.now);
        let near = holds.filter(|hold| hold.occupied.overlaps(times.occupied));
        reasons.extend(near.map(|hold| Reason::Held { until: hold.expires_at }));
    }
    let bookings = others.bookings.iter().filter_map(|id| scene.agenda.bookings.get(id));
    reasons.extend(bookings.map(|booking| Reason::Taken {
        booking: booking.id,
        buffer_only: !booking.span.overlaps(times.span),
    }));
    reasons
}
