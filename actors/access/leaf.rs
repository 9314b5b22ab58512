//! What the audit log is told of sign-ins.
//!
//! Must not be here: writing it.

use super::{Origin, SessionId};
use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin, Subject};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;

/// A session as leaves name it: the beginning of its id, which tells nothing of its token.
#[must_use]
pub fn short(id: &SessionId) -> [u8; 8] {
    id.first_chunk().copied().unwrap_or_default()
}

/// From where somebody acts.
#[must_use]
pub fn leaf_origin(role: Option<Role>, id: Option<&SessionId>, network: &str) -> LeafOrigin {
    LeafOrigin {
        role,
        session: id.map(short).unwrap_or_default(),
        network: network.to_owned(),
    }
}

/// An act of somebody on their own account or session; its device goes with it.
pub(crate) fn own(
    (practice, staff): (PracticeId, StaffId),
    act: Act,
    (role, id, origin): (Option<Role>, Option<&SessionId>, &Origin),
    now: UtcMillis,
) -> (PracticeId, Leaf) {
    let from = leaf_origin(role, id, &origin.network);
    let leaf = Leaf {
        subject: Subject::Member(staff),
        note: origin.device.clone(),
        ..Leaf::done(now, Actor::Staff(staff), from, act)
    };
    (practice, leaf)
}
