//! The platform's team as a guard: somebody signed in at the operators' door, with the right to what the handler does.
//!
//! Must not be here: who is signed in (`staff`), the table of rights (`cabinet_domain::rights`).

use super::agenda::state;
use super::rights::Permission;
use super::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use cabinet_domain::audit::{Actor, LeafOrigin};
use cabinet_domain::ids::StaffId;
use cabinet_domain::rights::{Action, Role, Verdict};
use cabinet_domain::time::UtcMillis;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// See and mend the platform's own state.
pub struct SeeOperations;

impl Permission for SeeOperations {
    const ACTION: Action = Action::SeeOperations;
}

/// See what the data protection officer answers for.
pub struct SeeCompliance;

impl Permission for SeeCompliance {
    const ACTION: Action = Action::SeeCompliance;
}

/// One of the team with the right `P`.
pub struct OperatorWith<P> {
    /// Who.
    pub staff: StaffOf,
    permission: PhantomData<P>,
}

impl<P> OperatorWith<P> {
    /// As the audit log knows them, and from where they act.
    #[must_use]
    pub fn who(&self, now: UtcMillis) -> (Actor, LeafOrigin) {
        (self.staff.actor(), self.staff.origin(now))
    }

    /// Their id.
    #[must_use]
    pub const fn id(&self) -> StaffId {
        self.staff.staff
    }
}

impl<P: Permission> FromRequest for OperatorWith<P> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = StaffOf::from_request(request, payload);
        let state = state(request);
        Box::pin(async move {
            let staff = signed_in.await?;
            let state = state?;
            let now = state.clock.now();
            let second_factor = (now, staff.second_factor_is_recent(now));
            let failure: Failure = match staff.practice.permits(staff.staff, P::ACTION, None, second_factor) {
                Verdict::Allow => {
                    return Ok(Self {
                        staff,
                        permission: PhantomData,
                    });
                }
                Verdict::StepUp => EdgeCode::StepUpRequired.into(),
                Verdict::Forbidden => EdgeCode::Forbidden.into(),
                Verdict::NotFound => EdgeCode::NotFound.into(),
            };
            staff.note_refusal(&state, None, &failure);
            Err(failure)
        })
    }
}

/// One of the platform's support, signed in at the operators' door. What they see of a practice, its grant says.
pub struct SupportStaff(pub StaffOf);

impl FromRequest for SupportStaff {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = StaffOf::from_request(request, payload);
        let state = state(request);
        Box::pin(async move {
            let staff = signed_in.await?;
            let state = state?;
            let role = staff.practice.role_now(staff.staff, state.clock.now());
            if staff.practice.id.is_platform() && role == Some(Role::Support) {
                return Ok(Self(staff));
            }
            let failure = EdgeCode::Forbidden.into();
            staff.note_refusal(&state, None, &failure);
            Err(failure)
        })
    }
}
