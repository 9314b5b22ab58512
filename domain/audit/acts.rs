//! Which events are acts, and what their leaves say.

use super::{Act, Actor, Leaf, LeafOrigin, Subject};
use crate::command::Principal;
use crate::event::{Event, Recorded};
use crate::ids::PatientId;
use crate::practice::PracticeEvent;
use crate::stream::{StreamEvent, StreamKey};
use crate::time::{Span, UtcMillis};

/// What one event's leaf says beside who and when.
struct Said {
    act: Act,
    subject: Subject,
    patient: Option<PatientId>,
    span: Option<(UtcMillis, UtcMillis)>,
    note: String,
}

impl Said {
    const fn of(act: Act, subject: Subject) -> Self {
        Self {
            act,
            subject,
            patient: None,
            span: None,
            note: String::new(),
        }
    }
}

const fn millis(span: Span) -> (UtcMillis, UtcMillis) {
    (span.from.millis(), span.until.millis())
}

/// The leaf of an event that is an act; none for those that are not. `origin`: from where its sender acted.
#[must_use]
pub fn leaf_of(
    stream: StreamKey,
    recorded: &Recorded<StreamEvent>,
    origin: impl FnOnce() -> LeafOrigin,
) -> Option<Leaf> {
    let said = match &recorded.event {
        StreamEvent::Agenda(event) => of_agenda(event)?,
        StreamEvent::Practice(event) => of_practice(event),
    };
    let actor = match recorded.principal {
        Principal::Staff(staff) => Actor::Staff(staff),
        Principal::Bearer(_) => Actor::Bearer,
        Principal::System => Actor::Server,
    };
    let agenda = match stream {
        StreamKey::Agenda(key) => Some(key.agenda),
        StreamKey::Practice(_) => None,
    };
    Some(Leaf {
        agenda,
        subject: said.subject,
        patient: said.patient,
        span: said.span,
        command: recorded.command_id,
        note: said.note,
        ..Leaf::done(recorded.at, actor, origin(), said.act)
    })
}

fn of_agenda(event: &Event) -> Option<Said> {
    Some(match event {
        Event::SlotBooked { booking, .. } => Said {
            patient: Some(booking.patient),
            span: Some(millis(booking.span)),
            ..Said::of(Act::Booked, Subject::Booking(booking.id))
        },
        Event::BookingMoved { booking, span, .. } => Said {
            span: Some(millis(*span)),
            ..Said::of(Act::Moved, Subject::Booking(*booking))
        },
        Event::BookingCancelled { booking, .. } => Said::of(Act::Cancelled, Subject::Booking(*booking)),
        Event::AbsenceAdded(absence) => Said {
            span: Some(millis(absence.span)),
            ..Said::of(Act::AbsenceAdded, Subject::None)
        },
        Event::AbsenceRemoved(_) => Said::of(Act::AbsenceRemoved, Subject::None),
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_) => Said::of(Act::AgendaSet, Subject::None),
        Event::BookingMarked { booking, .. } => Said::of(Act::Marked, Subject::Booking(*booking)),
        Event::DelayAnnounced { .. } => Said::of(Act::DelayAnnounced, Subject::None),
        // Its bookings have their own.
        Event::SeriesJoined { .. } => return None,
        Event::WaitingJoined(entry) => Said {
            patient: Some(entry.patient),
            ..Said::of(Act::WaitingJoined, Subject::Waiting(entry.id))
        },
        Event::WaitingLeft { entry, .. } => Said::of(Act::WaitingLeft, Subject::Waiting(*entry)),
        Event::WaitingPrioritised { entry, .. } => Said::of(Act::WaitingPrioritised, Subject::Waiting(*entry)),
        Event::SlotOffered { entry, hold } => Said {
            span: Some(millis(hold.span)),
            ..Said::of(Act::SlotOffered, Subject::Waiting(*entry))
        },
        // A hold names nobody.
        Event::SlotHeld(_) | Event::HoldReleased(_) | Event::HoldExpired(_) => return None,
    })
}

fn of_practice(event: &PracticeEvent) -> Said {
    match event {
        PracticeEvent::FaceSet(_)
        | PracticeEvent::PlaceSet(_)
        | PracticeEvent::PractitionerSet(_)
        | PracticeEvent::NoticePublished(_) => Said::of(Act::PracticeSet, Subject::None),
        PracticeEvent::StaffSet(staff) => Said::of(Act::MemberSet, Subject::Member(staff.id)),
        PracticeEvent::MemberSet(member) => Said::of(Act::MemberSet, Subject::Member(member.id)),
        PracticeEvent::MemberRemoved(staff) => Said::of(Act::MemberRemoved, Subject::Member(*staff)),
        PracticeEvent::InvitationMade(invitation) => Said::of(Act::InvitationMade, Subject::Invitation(invitation.id)),
        PracticeEvent::InvitationUsed(id) => Said::of(Act::InvitationUsed, Subject::Invitation(*id)),
        PracticeEvent::InvitationWithdrawn(id) => Said::of(Act::InvitationWithdrawn, Subject::Invitation(*id)),
        PracticeEvent::DocumentAccepted(acceptance) => {
            Said::of(Act::DocumentAccepted, Subject::Member(acceptance.staff))
        }
        PracticeEvent::SupportGranted(grant) => Said {
            note: grant.reason.clone(),
            ..Said::of(Act::SupportGranted, Subject::Grant(grant.id))
        },
        PracticeEvent::SupportEnded(grant) => Said::of(Act::SupportEnded, Subject::Grant(*grant)),
        PracticeEvent::BreakGlassOpened(glass) => Said {
            note: glass.reason.clone(),
            ..Said::of(Act::GlassBroken, Subject::Glass(glass.id))
        },
        PracticeEvent::BreakGlassEnded(glass) => Said::of(Act::GlassEnded, Subject::Glass(*glass)),
        PracticeEvent::AccessReviewed(_) => Said::of(Act::AccessReviewed, Subject::None),
        PracticeEvent::MemberLocked(lock) => Said {
            note: lock.rule.name().to_owned(),
            ..Said::of(Act::MemberLocked, Subject::Member(lock.staff))
        },
        PracticeEvent::MemberReleased(staff) => Said::of(Act::MemberReleased, Subject::Member(*staff)),
    }
}
