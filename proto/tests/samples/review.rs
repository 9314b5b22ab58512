//! Samples of the bodies about the review of who has access.

use super::parts::{NOW, id, membership};
use super::{Samples, one};
use cabinet_proto::v1::members::InvitationFace;
use cabinet_proto::v1::review::{AccessReview, AccessState, ExceptionalAccess, ReviewFace, ReviewedMember};

fn text(text: &str) -> String {
    text.to_owned()
}

one!(
    AccessReview,
    "review.list",
    AccessReview {
        last: Some(ReviewFace {
            by: text("Anne"),
            at_ms: NOW,
        }),
        due_ms: NOW,
        due: true,
        members: vec![ReviewedMember {
            id: id(50),
            name: text("Anne"),
            membership: membership(),
            state: AccessState::Active,
            last_sign_in_ms: Some(NOW),
            factors: vec![text("application"), text("passkey")],
        }],
        invitations: vec![InvitationFace {
            id: id(61),
            membership: membership(),
            invited_by: text("Anne"),
            expires_ms: NOW,
        }],
        exceptional: vec![ExceptionalAccess {
            kind: text("support"),
            who: text("Sam Oury"),
            granted_by: Some(text("Anne")),
            level: text("times"),
            agenda: None,
            reason: text("L'agenda reste vide"),
            from_ms: NOW,
            until_ms: NOW,
        }],
        now_ms: NOW,
    }
);
