//! Rights as a guard: what a member of staff may do to one agenda now, from the practice's membership, and the proof of it
//! that reading and changing ask for. A proof is made here alone.
//!
//! Must not be here: who is signed in (`staff`), the table of rights (`cabinet_domain::rights`).

use super::agenda::{path_id, state};
use super::operator::SupportStaff;
use super::staff::StaffOf;
use crate::edge::EdgeState;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use cabinet_domain::audience::Sight;
use cabinet_domain::ids::{AgendaId, AgendaKey};
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::{Action, Verdict};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::http::StaffCommand;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// An action as a type, for a handler's signature.
pub trait Permission: 'static {
    /// Which.
    const ACTION: Action;
}

/// See when an agenda is taken; how much more of it is seen is the [`Sight`] of the proof.
pub struct SeeTimes;

impl Permission for SeeTimes {
    const ACTION: Action = Action::SeeTimes;
}

/// See types and places of an agenda too.
pub struct SeeTypes;

impl Permission for SeeTypes {
    const ACTION: Action = Action::SeeTypes;
}

/// See who a booking of an agenda is for.
pub struct SeeIdentity;

impl Permission for SeeIdentity {
    const ACTION: Action = Action::SeePatientIdentity;
}

/// Set what an agenda's types are like.
pub struct SetTypes;

impl Permission for SetTypes {
    const ACTION: Action = Action::SetTypes;
}

/// Proof that somebody may see an agenda now, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgendaPermit {
    key: AgendaKey,
    sight: Sight,
}

impl AgendaPermit {
    /// The agenda.
    #[must_use]
    pub const fn key(self) -> AgendaKey {
        self.key
    }

    /// How much of it they see.
    #[must_use]
    pub const fn sight(self) -> Sight {
        self.sight
    }
}

/// Proof that somebody may ask this of an agenda now.
pub struct CommandPermit<'a> {
    key: AgendaKey,
    command: &'a StaffCommand,
}

impl<'a> CommandPermit<'a> {
    /// The agenda.
    #[must_use]
    pub const fn key(&self) -> AgendaKey {
        self.key
    }

    /// What they may ask.
    #[must_use]
    pub const fn command(&self) -> &'a StaffCommand {
        self.command
    }
}

/// Which action a command is. Exhaustive: a new command has to be given its right.
#[must_use]
pub const fn action_of(command: &StaffCommand) -> Action {
    match command {
        StaffCommand::Book { .. } | StaffCommand::BookSeries { .. } | StaffCommand::SetWaitingUrgent { .. } => {
            Action::Book
        }
        StaffCommand::Move { .. } | StaffCommand::MoveBookings { .. } => Action::Move,
        StaffCommand::Cancel { .. } | StaffCommand::CancelBookings { .. } | StaffCommand::RemoveWaiting { .. } => {
            Action::Cancel
        }
        StaffCommand::MarkBooking { .. } => Action::MarkNoShow,
        StaffCommand::AddAbsence { .. } | StaffCommand::RemoveAbsence { .. } | StaffCommand::AnnounceDelay { .. } => {
            Action::SetAbsence
        }
        StaffCommand::SetType { .. } | StaffCommand::RetireType { .. } => Action::SetTypes,
        StaffCommand::OpenHours { .. }
        | StaffCommand::ChangeHours { .. }
        | StaffCommand::CloseHours { .. }
        | StaffCommand::OpenExceptionally { .. }
        | StaffCommand::CloseException { .. } => Action::SetOpenings,
    }
}

fn ask(staff: &StaffOf, now: UtcMillis, agenda: AgendaId, action: Action) -> Result<AgendaKey, Failure> {
    ask_of(&staff.practice, staff, (now, agenda), action)
}

fn ask_of(
    practice: &Practice,
    staff: &StaffOf,
    (now, agenda): (UtcMillis, AgendaId),
    action: Action,
) -> Result<AgendaKey, Failure> {
    let second_factor = (now, staff.second_factor_is_recent(now));
    match practice.permits(staff.staff, action, Some(agenda), second_factor) {
        Verdict::Allow => Ok(AgendaKey {
            practice: practice.id,
            agenda,
        }),
        Verdict::StepUp => Err(EdgeCode::StepUpRequired.into()),
        Verdict::Forbidden => Err(EdgeCode::Forbidden.into()),
        Verdict::NotFound => Err(EdgeCode::NotFound.into()),
    }
}

/// Whether they may do `action` to an agenda that they are then shown.
///
/// # Errors
/// `not_found` for agendas of other practices, so that their ids tell nothing; `forbidden` without the right.
pub fn permit(staff: &StaffOf, now: UtcMillis, agenda: AgendaId, action: Action) -> Result<AgendaPermit, Failure> {
    let key = ask(staff, now, agenda, action)?;
    let level = staff.practice.effective_level(staff.staff, agenda, now);
    let sight = Sight::of(level).ok_or(EdgeCode::Forbidden)?;
    Ok(AgendaPermit { key, sight })
}

/// Whether one of support may see an agenda of a practice that lets them look in, and how much of it: by its live grant alone.
///
/// # Errors
/// `not_found` without one, so that ids of practices tell nothing.
pub fn permit_under_grant(
    support: &SupportStaff,
    practice: &Practice,
    now: UtcMillis,
    agenda: AgendaId,
) -> Result<AgendaPermit, Failure> {
    let staff = &support.0;
    practice.grant_of(staff.staff, now).ok_or(EdgeCode::NotFound)?;
    let key = ask_of(practice, staff, (now, agenda), Action::SeeTimes)?;
    let level = practice.effective_level(staff.staff, agenda, now);
    let sight = Sight::of(level).ok_or(EdgeCode::NotFound)?;
    Ok(AgendaPermit { key, sight })
}

/// Whether they may ask this of an agenda.
///
/// # Errors
/// As [`permit`].
pub fn permit_command<'a>(
    staff: &StaffOf,
    now: UtcMillis,
    agenda: AgendaId,
    command: &'a StaffCommand,
) -> Result<CommandPermit<'a>, Failure> {
    let key = ask(staff, now, agenda, action_of(command))?;
    Ok(CommandPermit { key, command })
}

/// Someone signed in with the right `P` on the agenda that the path names.
pub struct AgendaOf<P> {
    /// Who.
    pub staff: StaffOf,
    /// The proof.
    pub permit: AgendaPermit,
    now: UtcMillis,
    permission: PhantomData<P>,
}

impl<P> AgendaOf<P> {
    /// Whether they may also ask this of the agenda.
    ///
    /// # Errors
    /// As [`permit`]; `read_only`.
    pub fn command<'a>(&self, state: &EdgeState, command: &'a StaffCommand) -> Result<CommandPermit<'a>, Failure> {
        let agenda = self.permit.key.agenda;
        state.refuse_when_read_only(&self.staff.practice)?;
        permit_command(&self.staff, self.now, agenda, command)
            .inspect_err(|failure| self.staff.note_refusal(state, Some(agenda), failure))
    }
}

impl<P: Permission> FromRequest for AgendaOf<P> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = StaffOf::from_request(request, payload);
        let agenda = path_id::<AgendaId>(request, "agenda");
        let state = state(request);
        Box::pin(async move {
            let staff = signed_in.await?;
            let (state, agenda) = (state?, agenda?);
            let now = state.clock.now();
            let permit = permit(&staff, now, agenda, P::ACTION);
            let permit = permit.inspect_err(|failure| staff.note_refusal(&state, Some(agenda), failure))?;
            Ok(Self {
                staff,
                permit,
                now,
                permission: PhantomData,
            })
        })
    }
}
